"""Pydantic in and out, one file a noun. Schemas read and write; the rules judge."""
