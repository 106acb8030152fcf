"""What a transcript says, in words: a transcript becomes the texts that its template lays out."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import msgspec
import segno

from app.documents.fonts import FontSet
from app.documents.letters import DAGGER, ZERO_WIDTH, Letters
from app.domain.amounts import format_quarters
from app.domain.boards import BoardKind
from app.domain.credits import CreditKind, CreditStatus, Delivery
from app.domain.passport.transcripts import (
    RowFlag,
    Transcript,
    TranscriptCredit,
    TranscriptLine,
    TranscriptPeriod,
    TranscriptRow,
)

TITLE = "Accredited Continuing Education Transcript"
AMA_PRA_CREDITS = "AMA PRA Category 1 Credits\u2122"
_ONE_AMA_PRA_CREDIT = "AMA PRA Category 1 Credit\u2122"
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+", re.ASCII)
_LINE = 50
"""Letters of a word that a whole line has room for in the largest type."""
_COLUMN = 20
"""Letters that a line of a column holds, when they are wide ones."""
_MOST_WHOLE = 40
"""Lines of a row that fit on a page for certain."""
_FOOTER = 80
"""Letters of a name that fit beside code and page number."""
_ONE = 4
"""Quarters of one credit."""
_FLAGS = {
    RowFlag.DISPUTED: "Disputed by the physician; not yet decided.",
    RowFlag.PERMISSION_WITHDRAWN: "The physician has withdrawn the permission to report this.",
}
_COUNTED_ONCE = f"Credit of one activity reported to several states counts once in the total {AMA_PRA_CREDITS}."
_RECORDED_HERE = "Recorded here: the board takes no reports from this service; this transcript is its source."
_IN_LATIN_LETTERS = (
    f"{DAGGER} Set in Latin letters, because the fonts of this document lack some letters of the original."
)


class Publication(msgspec.Struct, frozen=True, kw_only=True):
    """Who issues a transcript, when, and where it can be checked: what is printed and is no part of its content."""

    service_name: str
    address: Sequence[str] = ()
    """Lines of the service's postal address, telephone and so on."""
    contact: str = ""
    published_on: date
    code: str | None = None
    """The verification code; None for a copy that was not published."""
    verify_url: str = ""
    """Address of the page that takes codes, without one at its end: `https://cme.example.org/verify`."""


def texts_of(transcript: Transcript, publication: Publication, fonts: FontSet, *, plain: bool) -> dict[str, Any]:
    """Return the texts of a transcript by their places in the template; `plain` is explained at `Letters`."""
    letters = Letters(fonts, plain=plain)
    name = letters.set(transcript.name, transcript.latin_name, longest=_LINE)
    service = letters.set(publication.service_name, longest=_LINE)
    texts: dict[str, Any] = {
        "families": fonts.families,
        "title": TITLE,
        "statement": f"The activities and credit below were reported to {service} by the accredited CME providers and "
        "represent primary source verification of the education that the physician completed.",
        "name": name,
        "period": f"Transcript dates: {_period(transcript.period)}",
        "lines_heading": "Licenses and certifications",
        "lines_header": ["Board", "Number", "Credit", "Total"],
        "lines": [_line(line, letters) for line in transcript.lines],
        "ama_pra_label": f"Total {AMA_PRA_CREDITS}",
        "ama_pra_total": _total(transcript.ama_pra_quarters),
        "rows_heading": "Completed activities",
        "rows_header": ["Completion date", "Activity and provider", "Credits earned", "At the board"],
        "rows": [_row(row, letters) for row in transcript.rows],
        "no_lines": "None on file.",
        "no_rows": "No credit was reported for these dates.",
        "service": service,
        **_issue(publication, letters),
    }
    short = name.replace(ZERO_WIDTH, "")
    short = short if len(short) <= _FOOTER else f"{short[:_FOOTER].rstrip()} \u2026"
    texts["footer"] = " \u00b7 ".join(filter(None, [short, publication.code]))
    of_states = sum(line.quarters for line in transcript.lines if line.kind is BoardKind.LICENSING)
    kept_here = any(credit.delivery is Delivery.TRANSCRIPT_ONLY for row in transcript.rows for credit in row.credits)
    notes = {
        _COUNTED_ONCE: of_states > transcript.ama_pra_quarters,
        _RECORDED_HERE: kept_here,
        _IN_LATIN_LETTERS: letters.changed,
    }
    texts["notes"] = [note for note, needed in notes.items() if needed]
    return texts


def _issue(publication: Publication, letters: Letters) -> dict[str, Any]:
    """Return the texts of the block at the end: who issued it, when, and how it is checked."""
    day, code = publication.published_on, publication.code
    url, contact = publication.verify_url.rstrip("/"), letters.set(publication.contact, longest=_LINE)
    printed = [publication.service_name, *publication.address, publication.contact, url]
    return {
        "whole": sum(map(_lines_in, printed)) <= _MOST_WHOLE,
        "standing": "OFFICIAL TRANSCRIPT" if code else "NOT PUBLISHED: A COPY FOR READING",
        "address": [letters.set(line, longest=_LINE) for line in publication.address if line.strip()],
        "published": {
            "year": day.year,
            "month": day.month,
            "day": day.day,
            "text": f"{'Published' if code else 'As of'} {_day(day)}",
        },
        "code": {
            "label": "Verification code:",
            "code": code,
            "where": {
                "text": "Whether this transcript is genuine, and still true:",
                **_link(letters.set(url, longest=_LINE), f"{url}/{code}"),
            }
            if url
            else None,
        }
        if code
        else None,
        "qr": {"svg": _qr_code(f"{url}/{code}"), "alt": f"QR code of {url}/{code}"} if code and url else None,
        "contact": {"label": "QUESTIONS?", "text": "Contact", **_link(contact, f"mailto:{contact}")}
        if contact and _MAIL.fullmatch(contact)
        else {"label": "QUESTIONS?", "text": f"Contact {contact}", "link": None}
        if contact
        else None,
    }


def _line(line: TranscriptLine, letters: Letters) -> dict[str, Any]:
    credits = AMA_PRA_CREDITS if line.kind is BoardKind.LICENSING else f"{letters.set(line.board)} MOC/CC Points"
    return {
        "board": f"{letters.set(line.board_name)} ({letters.set(line.board)})",
        "numbers": [letters.set(number) for number in line.numbers] or ["none on file"],
        "total_of": f"Total {credits}",
        "total": _total(line.quarters),
    }


def _row(row: TranscriptRow, letters: Letters) -> dict[str, Any]:
    groups = list(_printed_together(row.credits))
    # CME of several amounts: each says whose it is, for only the largest that stands is counted.
    apart = sum(group[0].kind is CreditKind.CME for group in groups) > 1
    credits = [_credit(group, letters, apart=apart) for group in groups]
    notes = [_FLAGS[flag] for flag in row.flags]
    states = [_state(credit, letters) for credit in row.credits]
    activity, provider = letters.set(row.activity), letters.set(row.provider)
    beside = _lines_in(activity) + _lines_in(provider) + sum(map(_lines_in, notes))
    return {
        "date": _day(row.completed_on),
        "activity": activity,
        "provider": provider,
        "notes": notes,
        "credits": credits,
        "states": states,
        # A row is kept on one page, unless it is too long for that.
        "whole": max(beside, 2 * sum(1 + len(credit["parts"]) for credit in credits), 2 * len(states)) <= _MOST_WHOLE,
    }


def _lines_in(text: str) -> int:
    """Return how many lines a text takes in a column, or more."""
    return 1 + len(text) // _COLUMN


def _printed_together(credits: Sequence[TranscriptCredit]) -> Iterator[Sequence[TranscriptCredit]]:
    """Yield the credits of a row as they are printed: CME of one amount that went to several states stands once."""
    same_amount: dict[tuple[object, ...], list[TranscriptCredit]] = {}
    for credit in credits:
        once = credit.kind is CreditKind.CME and credit.status.holds
        key = (credit.quarters, credit.credit_types) if once else (id(credit),)
        same_amount.setdefault(key, []).append(credit)
    yield from same_amount.values()


def _credit(group: Sequence[TranscriptCredit], letters: Letters, *, apart: bool) -> dict[str, Any]:
    credit = group[0]
    if credit.kind is CreditKind.CME:
        unit = _ONE_AMA_PRA_CREDIT if credit.quarters <= _ONE else AMA_PRA_CREDITS
        if apart:
            unit = f"{unit} for {', '.join(letters.set(given.board) for given in group)}"
    else:
        unit = f"{letters.set(credit.board)} {'Point' if credit.quarters <= _ONE else 'Points'}"
    counted = "" if credit.status.holds else " (not counted)"
    return {
        "amount": f"{format_quarters(credit.quarters)} {unit}{counted}",
        "parts": [f"{format_quarters(quarters)} {letters.set(name)}" for name, quarters in credit.credit_types],
    }


def _state(credit: TranscriptCredit, letters: Letters) -> str:
    since = f" {_day(credit.status_on)}" if credit.status_on else ""
    return f"{letters.set(credit.board)}: {_standing(credit)}{since}"


def _standing(credit: TranscriptCredit) -> str:
    """Return how a credit stands with its board; a licensing board only receives, as far as physicians are told."""
    if credit.delivery is Delivery.TRANSCRIPT_ONLY and credit.status.holds:
        return "recorded here"
    if credit.status is CreditStatus.ACCEPTED:
        return "received" if credit.kind is CreditKind.CME else "accepted"
    return {
        CreditStatus.PENDING: "pending",
        CreditStatus.REJECTED: "rejected",
        CreditStatus.WITHDRAWN: "withdrawn",
    }[credit.status]


def _period(period: TranscriptPeriod) -> str:
    if period.first and period.last:
        return f"{_day(period.first)} \u2013 {_day(period.last)}"
    if period.first:
        return f"from {_day(period.first)}"
    return f"until {_day(period.last)}" if period.last else "all"


def _day(day: date) -> str:
    return f"{day:%m/%d/%Y}"


def _total(quarters: int) -> str:
    return f"{quarters / 4:,.2f}"


def _link(shown: str, target: str) -> dict[str, str]:
    return {"link": target, "shown": shown}


def _qr_code(text: str) -> str:
    file = io.BytesIO()
    segno.make(text, micro=False, error="m").save(file, kind="svg", border=0, xmldecl=False, svgns=True)
    return file.getvalue().decode()
