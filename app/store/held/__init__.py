"""Queries of held records, and of requests for help with them."""
