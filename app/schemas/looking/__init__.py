"""Queries and answers for looking at what stands."""
