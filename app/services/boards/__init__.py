"""Boards: their feeds, daily files, decisions, and reports on them."""
