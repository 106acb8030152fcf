"""Queries and answers of what is read over many records."""
