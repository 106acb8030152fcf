"""The days that a physician's page covers, as they are typed: in its address, or in a form."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Query

from app.console.drawn_forms import Said
from app.domain.parsing import read_written_day
from app.domain.passport.own_periods import OwnPeriod
from app.domain.passport.transcripts import TranscriptPeriod

From = Annotated[str, Query(alias="from", max_length=40)]
To = Annotated[str, Query(max_length=40)]


def read_period(first: str, last: str) -> tuple[TranscriptPeriod, list[Said]]:
    """Return the period that was typed, and what is wrong with it; what cannot be read narrows nothing."""
    said, days = [], {}
    for name, text in (("from", first), ("to", last)):
        days[name], wrong = read_day(name, text)
        said += wrong
    if days["from"] and days["to"] and days["to"] < days["from"]:
        said.append(Said(pointer="to", text="The last day is before the first."))
        return TranscriptPeriod(), said
    return TranscriptPeriod(first=days["from"], last=days["to"]), said


def period_query(period: TranscriptPeriod) -> str:
    """Return a period as it stands in an address, with its question mark; empty for all."""
    given = {"from": period.first, "to": period.last}
    days = {name: f"{day:%m/%d/%Y}" for name, day in given.items() if day is not None}
    return f"?{urlencode(days)}" if days else ""


def saved_links(path: str, saved: Iterable[OwnPeriod]) -> tuple[tuple[str, str], ...]:
    """Return (address, name) of a page for each period that was saved: its days stand in the address, its name not."""
    return tuple((path + period_query(one.period), one.name) for one in saved)


def read_day(pointer: str, text: str) -> tuple[date | None, list[Said]]:
    """Return the day that was typed into a field, None where it is empty or cannot be read; and what is wrong."""
    read = read_written_day(text) if text.strip() else None
    if read is None or isinstance(read, date):
        return read, []
    return None, [Said(pointer=pointer, text="Not a day.", hint="Write it as 12/01/2021.")]
