"""Clients and what they may do, and for whom."""
