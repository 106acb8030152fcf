"""A board's side: its feed by day, its decisions, its roster, and its licensees' transcripts."""

from __future__ import annotations

from app.console.pages.boards import feed, licensee_lists, licensees, roster

ROUTERS = (feed.router, roster.router, licensee_lists.router, licensees.router)
"""The pages of a board's staff."""
