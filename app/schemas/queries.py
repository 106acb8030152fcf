"""Parameters of lists: text with bounds, and days or instants."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from app.domain.parsing import read_date

Text = Annotated[str, Field(max_length=200)]
Texts = Annotated[list[Text], Field(max_length=100)]
References = Annotated[list[Annotated[str, Field(max_length=300)]], Field(max_length=100)]

_INSTANT = re.compile(r"\A\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)\Z", re.ASCII)


def _day_or_instant(value: Any) -> Any:
    """Read a date, or an instant of RFC 3339 with its offset."""
    if not isinstance(value, str):
        return value
    day = read_date(value)
    if isinstance(day, date):
        return day
    try:
        if _INSTANT.match(value):
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ValueError("a date is written YYYY-MM-DD, an instant YYYY-MM-DDThh:mm:ssZ")


DayOrInstant = Annotated[date | datetime, BeforeValidator(_day_or_instant)]
"""A date, meaning the whole day in UTC, or an instant."""


def since(what: str) -> Any:
    """Describe the lower end of a span of instants."""
    return Field(description=f"{what} at or after this instant; a date means from its beginning in UTC.")


def until(what: str) -> Any:
    """Describe the upper end of a span of instants."""
    return Field(description=f"{what} at or before this instant; a date means until its end in UTC.")
