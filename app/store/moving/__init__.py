"""Queries of records that are taken over from another system."""
