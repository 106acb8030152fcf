"""Mapping: rows, elements and lines of files become the same values as the bodies of requests."""
