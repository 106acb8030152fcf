"""Routers about who may do what, and what was done."""
