"""Queries over many records."""
