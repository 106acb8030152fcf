"""Credit amounts. Stored and summed as integer quarters, so that no sum is ever off by a float."""

from __future__ import annotations

from functools import lru_cache

QUARTER_TOLERANCE = 0.001
"""An amount this close to a quarter counts as that quarter: spreadsheet formulas leave such remainders."""

AMOUNT_LIMIT = 1_000_000
"""Larger numbers are refused as unreadable: no real credit amount comes near."""


@lru_cache(maxsize=4_096)
def in_quarters(credits: float) -> float:
    """Return the amount in quarters of a credit: an `int` on the grid, a `float` off it."""
    exact = credits * 4
    nearest = round(exact)
    if abs(exact - nearest) <= QUARTER_TOLERANCE * 4 + 1e-9:
        return nearest
    return exact


def on_grid(credits: float) -> bool:
    """Return True if an amount of credits is a multiple of 0.25."""
    return isinstance(in_quarters(credits), int)


def in_credits(quarters: float) -> float | int:
    """Return quarters as credits: 2 rather than 2.0 for whole amounts."""
    credits = quarters / 4
    return int(credits) if credits == int(credits) else credits


def format_quarters(quarters: float) -> str:
    """Return quarters as credits in text: `2.25`, `52`."""
    return str(in_credits(quarters))
