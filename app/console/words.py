"""How values are written on pages: dates, amounts, counts and instants, the same everywhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

UTC = "UTC"


def day(given: date) -> str:
    """Return a date as the field writes it: `12/01/2021`."""
    return f"{given:%m/%d/%Y}"


def instant(given: datetime, zone: str = UTC) -> str:
    """Return an instant with its zone: `12/01/2021, 9:14 AM EST`."""
    there = given.astimezone(ZoneInfo(zone))
    return f"{there:%m/%d/%Y}, {there.hour % 12 or 12}:{there:%M %p} {there.tzname()}"


def amount(given: float | Decimal | int) -> str:
    """Return an amount of credits without needless zeros: `1.25`, `2`, `9,207.25`."""
    text = f"{given:,.2f}"
    return text.rstrip("0").rstrip(".")


def count(given: int) -> str:
    """Return a count with its thousands told apart: `3,481`."""
    return f"{given:,}"


def counted(given: int, one: str, many: str | None = None) -> str:
    """Return a count with its noun: `1 row`, `7 rows`."""
    return f"{given:,} {one if given == 1 else many or f'{one}s'}"


def size(octets: int) -> str:
    """Return the size of a file: `812 bytes`, `45 KB`, `1.4 MB`."""
    if octets < 1_000:
        return counted(octets, "byte")
    return f"{octets / 1_000:.0f} KB" if octets < 1_000_000 else f"{octets / 1_000_000:.1f} MB"


FILTERS: dict[str, Callable[..., Any]] = {
    "day": day,
    "instant": instant,
    "amount": amount,
    "count": count,
    "counted": counted,
    "size": size,
}
"""The filters of templates."""
