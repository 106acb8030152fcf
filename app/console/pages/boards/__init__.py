"""A board's side: its feed by day, its decisions, its roster, and its licensees' transcripts."""

from __future__ import annotations

from app.console.pages.boards import feed, licensees, roster

ROUTERS = (feed.router, roster.router, licensees.router)
"""The pages of a board's staff."""
