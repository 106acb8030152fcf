"""Rows of text with completions, as the export of completions writes them: a row for each credit.

The rows of one completion stand together and have its id; a row without one is a record of its own.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import IO

from app.core.csv_text import unescape_formula
from app.domain.batches import Cell, EntryMethod, FileFault, FileFaultCode, FileFormat, FileHead, RawRow
from app.domain.findings import Finding
from app.domain.identity.comparison_keys import code_key
from app.domain.identity.learners import Person
from app.domain.moving.records import PastCompletion, PastCredit
from app.domain.parsing import (
    Unparsed,
    own_id_or_none,
    plain_or_none,
    read_activity_id,
    read_license_id,
    read_month_day,
    read_npi,
    read_written_day,
    text_or_none,
)
from app.domain.reports import LAST_OCCASION, Amount, CompletionReport, TypeAmount
from app.files.cells import read_amount
from app.files.mapping.locations import NOWHERE, Location
from app.files.mapping.records import Upload
from app.files.mapping.refusals import NO_OCCASION, refusal
from app.files.moving.completion_lines import named_as_there
from app.files.moving.values import Reading, split_id

HEADINGS = (
    "Board", "First Name", "Last Name", "Date of Birth", "Learner ID", "ACCME Activity ID", "Provider Activity ID",
    "Completion Date", "Submitted (UTC)", "Credits Awarded", "Credit Types", "Status", "Reason", "Board's Words",
    "Status Since (UTC)", "Delivery", "Reported By", "References", "NPI", "Learner Link", "Occasion", "Completion ID",
    "Credit ID",
)  # fmt: skip
"""The columns that are read, by their headings in exports; others are passed over."""
_REQUIRED = ("Board", "Last Name", "Completion Date", "Credits Awarded")
_TYPE = re.compile(r"(?:^|; )(\d+(?:\.\d+)?) ")
"""Before each type of a credit: `0.25 Lifelong Learning; 2 Patient Safety`."""
_PLACES = {
    "/activity_id": "ACCME Activity ID", "/completed_on": "Completion Date", "/submitted_at": "Submitted (UTC)",
    "/learner/first_name": "First Name", "/learner/last_name": "Last Name", "/learner/date_of_birth": "Date of Birth",
    "/learner/npi": "NPI", "/occasion": "Occasion", "/completion_id": "Completion ID", "/entry_method": "Reported By",
    "state": "Board", "board": "Board", "license_id": "Learner ID", "board_id": "Learner ID",
    "credits": "Credits Awarded", "total_credits": "Credits Awarded", "credit_types": "Credit Types",
    "special_credits": "Credit Types", "status": "Status", "status_at": "Status Since (UTC)", "delivery": "Delivery",
    "credit_id": "Credit ID",
}  # fmt: skip
"""Columns by the pointers of a record, and by the members of a credit."""
_IN_OTHER = "The rows of a completion say different things of it."


def read_rows(file: IO[bytes]) -> tuple[FileHead, Iterator[RawRow]]:
    """Return the head and the rows of a text with commas; raises `FileFault`, also from the rows."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    reader = csv.reader(text, strict=True)
    with_faults = _rows(reader)
    number, headings = next(with_faults, (1, []))
    head = FileHead(format=FileFormat.TAB, heading_row=number, headings=headings, encoding="utf-8-sig", separator=",")
    known = {code_key(name) for name in headings}
    missing = [name for name in _REQUIRED if code_key(name) not in known]
    if missing:
        detail = f"The first line has no heading {missing[0]}: the columns are those of the export of completions."
        raise FileFault(FileFaultCode.HEADING_MISSING, detail, row=1, column=missing[0])
    return head, (RawRow(number=number, raw=list(cells)) for number, cells in with_faults if any(cells))


def _rows(reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (csv.Error, UnicodeDecodeError):
            detail = "It is no text with commas in UTF-8 from here on."
            raise FileFault(FileFaultCode.UNREADABLE, detail, row=number) from None
        yield number, cells


class PastCompletionRows:
    """Maps the rows of one file."""

    def __init__(self, head: FileHead, upload: Upload) -> None:
        places = {code_key(name): place for place, name in reversed(list(enumerate(head.headings)))}
        self._upload = upload
        self._headings = head.headings
        self._at = {name: places[code_key(name)] for name in HEADINGS if code_key(name) in places}

    def key(self, row: RawRow) -> str | None:
        """Return the id of the completion that a row is a credit of; None for a row by itself."""
        return self._text(row, "Completion ID")

    def locate(self, pointer: str, rows: Sequence[RawRow]) -> Location:
        """Return the column of what a pointer names."""
        parts = pointer.split("/")
        heading = _PLACES.get(parts[3] if len(parts) > 3 and parts[1] == "credits" else pointer)
        place = self._at.get(heading or "")
        return NOWHERE if place is None else Location(column=self._headings[place], index=place)

    def read(self, rows: Sequence[RawRow]) -> PastCompletion:
        """Return what the rows of one completion say."""
        reading = Reading()
        first = rows[0]
        shared = [self._shared(row) for row in rows]
        if any(other != shared[0] for other in shared):
            reading.findings.append(refusal("format", "", _IN_OTHER, "Only the columns of a credit may differ."))
        submitted = reading.moment(self._text(first, "Submitted (UTC)"), "/submitted_at")
        completion_id, key = split_id(self._text(first, "Completion ID"))
        credits = tuple(self._credit(place, row, reading) for place, row in enumerate(rows) if self._has_credit(row))
        report = self._report(first, submitted or self._upload.received_at, reading)
        return PastCompletion(
            report=named_as_there(report, key),
            submitted=submitted is not None,
            completion_id=completion_id,
            credits=credits,
            findings=tuple(reading.findings) if credits else (*reading.findings, _NO_CREDIT),
            entry_said=self._text(first, "Reported By") is not None,
            without_rems=True,
        )

    def _text(self, row: RawRow, name: str) -> str | None:
        place = self._at.get(name)
        cells: Sequence[Cell] = row.raw if isinstance(row.raw, list) else ()
        cell = cells[place] if place is not None and place < len(cells) else None
        return text_or_none(unescape_formula(cell)) if isinstance(cell, str) else None

    def _shared(self, row: RawRow) -> tuple[str | None, ...]:
        names = ("First Name", "Last Name", "Date of Birth", "NPI", "ACCME Activity ID", "Completion Date", "Occasion")
        return tuple(self._text(row, name) for name in (*names, "Submitted (UTC)"))

    def _has_credit(self, row: RawRow) -> bool:
        return any(self._text(row, name) is not None for name in ("Board", "Credits Awarded", "Credit ID"))

    def _report(self, row: RawRow, submitted: datetime, reading: Reading) -> CompletionReport:
        activity_id = read_activity_id(self._text(row, "ACCME Activity ID")) or own_id_or_none(
            self._text(row, "Provider Activity ID")
        )
        day = self._text(row, "Completion Date")
        return CompletionReport(
            provider_id=self._upload.provider_id,
            activity_id=activity_id,
            completed_on=read_written_day(day) if day is not None else None,
            permission=True,
            person=Person(
                first_name=self._text(row, "First Name"),
                last_name=self._text(row, "Last Name"),
                birth_date=read_month_day(self._text(row, "Date of Birth")),
                npi=read_npi(self._text(row, "NPI")),
                learner_id=plain_or_none(self._text(row, "Learner Link")),
            ),
            occasion=self._occasion(row, reading),
            entry_method=reading.entry_method(self._text(row, "Reported By"), "/entry_method", EntryMethod.TAB),
            received_at=submitted,
        )

    def _occasion(self, row: RawRow, reading: Reading) -> int | None:
        text = self._text(row, "Occasion")
        if text is None:
            return None
        if text.isascii() and text.isdecimal() and 1 <= int(text) <= LAST_OCCASION:
            return int(text)
        reading.findings.append(NO_OCCASION)
        return None

    def _credit(self, place: int, row: RawRow, reading: Reading) -> PastCredit:
        pointer = f"/credits/{place}"
        credit_id, key = split_id(self._text(row, "Credit ID"))
        references = [text for text in (self._text(row, "References") or "").split("; ") if text]
        return PastCredit(
            pointer=pointer,
            board=plain_or_none(self._text(row, "Board")),
            number=read_license_id(self._text(row, "Learner ID")),
            credits=_amount(self._text(row, "Credits Awarded")),
            types=_types(self._text(row, "Credit Types"), f"{pointer}/credit_types", reading.findings),
            references=tuple([*references, key] if key is not None and key not in references else references),
            credit_id=credit_id,
            status=reading.status(self._text(row, "Status"), f"{pointer}/status"),
            delivery=reading.delivery(self._text(row, "Delivery"), f"{pointer}/delivery"),
            reason=plain_or_none(self._text(row, "Reason")),
            text=self._text(row, "Board's Words"),
            status_at=reading.moment(self._text(row, "Status Since (UTC)"), f"{pointer}/status_at"),
        )


_NO_CREDIT = refusal(
    "target-required",
    "",
    "The row has no credit. Answers for REMS have no columns here.",
    "Import it from lines of JSON, which have all of a record.",
)


def _amount(text: str | None) -> Amount:
    return read_amount(text) if text is not None else None


def _types(text: str | None, pointer: str, findings: list[Finding]) -> tuple[TypeAmount, ...]:
    """Read `0.25 Lifelong Learning; 2 Patient Safety`."""
    if text is None:
        return ()
    places = [*_TYPE.finditer(text)]
    if not places or places[0].start():
        hint = "Write each with its credits, as 0.25 Lifelong Learning; 2 Patient Safety."
        findings.append(refusal("format", pointer, "Not credit types with their credits.", hint))
        return ()
    ends = [place.start() for place in places[1:]] + [len(text)]
    found = []
    for place, end in zip(places, ends, strict=True):
        credits = read_amount(place[1])
        found.append(TypeAmount(type=text[place.end() : end].strip(), credits=credits))
        if isinstance(credits, Unparsed):
            findings.append(refusal("amount-valid", pointer, "Not an amount of credits.", "Give it in steps of 0.25."))
    return tuple(found)
