"""Pydantic in and out, one file a noun. Schemas only read; judgement is the rules'."""
