"""A board's side: its feed by day, its decisions, and its roster."""

from __future__ import annotations

from app.console.pages.boards import feed, roster

ROUTERS = (feed.router, roster.router)
"""The pages of a board's staff."""
