"""Moments to come, as they are typed at a terminal."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta

from app.cli.support import fail
from app.core.clock import now

_FROM_NOW = re.compile(r"([1-9][0-9]{0,4})([dh])")
_FORMS = "Write a last day (2030-12-31), a moment (2030-12-31T18:00:00Z), or a time from now (90d, 12h)."


def read_expiry(text: str | None) -> datetime | None:
    """Return the moment that a text names, a day's end in UTC; None for None. Ends the command for any other text."""
    if text is None:
        return None
    found = _FROM_NOW.fullmatch(text)
    if found is not None:
        number = int(found[1])
        return now() + (timedelta(days=number) if found[2] == "d" else timedelta(hours=number))
    try:
        if len(text) == len("2030-12-31"):
            return datetime.combine(date.fromisoformat(text), time(), UTC) + timedelta(days=1)
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        fail(f"{text!r} is no moment. {_FORMS}")
    if moment.tzinfo is None:
        fail(f"{text!r} has no time zone. {_FORMS}")
    return moment.astimezone(UTC)
