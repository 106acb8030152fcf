"""An activity as an entry of a calendar (RFC 5545)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from app.domain.passport.links import web_link
from app.domain.passport.search import PublicActivity

_OCTETS = 75
"""Octets of a line, without its end."""


def calendar_of(listed: PublicActivity, host: str) -> bytes:
    """Return the file with one activity: its days, as a whole, which keep nobody from other things.

    `host` names this installation.
    """
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//PARS//CME Passport//EN", "CALSCALE:GREGORIAN",
        *_entry(listed, host), "END:VCALENDAR",
    ]  # fmt: skip
    return b"".join(_folded(line) for line in lines)


def _entry(listed: PublicActivity, host: str) -> Iterator[str]:
    activity = listed.activity
    yield "BEGIN:VEVENT"
    yield f"UID:{_escaped(activity.activity_id)}@{_escaped(host)}"
    yield f"DTSTAMP:{listed.updated_at:%Y%m%dT%H%M%SZ}"
    if isinstance(activity.start_date, date) and isinstance(activity.end_date, date):
        yield f"DTSTART;VALUE=DATE:{_day(activity.start_date)}"
        if activity.end_date < date.max:
            # The day after the last one.
            yield f"DTEND;VALUE=DATE:{_day(activity.end_date + timedelta(days=1))}"
    yield f"SUMMARY:{_escaped(activity.title or '')}"
    place = ", ".join(part for part in (activity.city, activity.state, activity.country) if part)
    if place:
        yield f"LOCATION:{_escaped(place)}"
    told = "\n".join(part for part in (listed.provider_name, activity.description) if part)
    yield f"DESCRIPTION:{_escaped(told)}"
    link = web_link(activity.listing.get("url"))
    if link is not None:
        yield f"URL:{link.address}"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _day(day: date) -> str:
    return f"{day.year:04}{day.month:02}{day.day:02}"


def _escaped(text: str) -> str:
    """Return a text as a value of the calendar: no line break of it begins another property."""
    plain = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return "\\n".join(plain.splitlines())


def _folded(line: str) -> bytes:
    """Return a line with its end, folded between letters into lines of 75 octets at most."""
    pieces: list[bytes] = []
    piece = b""
    for letter in line:
        octets = letter.encode()
        # Every line but the first begins with a blank.
        if len(piece) + len(octets) > _OCTETS - bool(pieces):
            pieces.append(piece)
            piece = b""
        piece += octets
    return b"\r\n ".join([*pieces, piece]) + b"\r\n"
