"""Rows of those whose transcripts a board asks for, from workbooks and delimited text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from app.domain.batches import BatchKind, RawRow
from app.domain.findings import Finding
from app.domain.identity.validations import ValidationRequest
from app.domain.parsing import Unparsed, describe_day
from app.domain.passport.licensees import LicenseeQuestion
from app.domain.passport.transcripts import TranscriptPeriod
from app.files.headings import Layout
from app.files.mapping.column_converters import ColumnConverters
from app.files.mapping.locations import ColumnLocations, Location
from app.files.mapping.records import LicenseeRecord
from app.files.mapping.refusals import refusal
from app.schemas.passport.transcripts import TranscriptSearchIn

_PLAIN = ("first_name", "last_name", "date_of_birth", "state", "board")
_IDS = ("license_id", "board_id", "npi")
_DAYS = ("completed_from", "completed_to")


class LicenseeRows:
    """Maps the rows of one file."""

    def __init__(self, layout: Layout, headings: Sequence[str]) -> None:
        converters = ColumnConverters(layout, TranscriptSearchIn)
        self._converters = converters
        self._locations = ColumnLocations(layout, headings, BatchKind.TRANSCRIPTS)
        self._plain = [converters.at(f"/{name}") for name in _PLAIN]
        self._ids = [converters.id_at(f"/{name}") for name in _IDS]
        self._days = [converters.at(f"/{name}") for name in _DAYS]

    def locate(self, pointer: str, record: LicenseeRecord | None = None) -> Location:
        """Return the column of what a pointer names."""
        return self._locations.find(pointer)

    def read(self, raw: RawRow) -> LicenseeRecord:
        """Return whose transcript a row asks for, and of which days."""
        assert isinstance(raw.raw, list)
        values, findings = self._converters.convert(raw.raw)
        days = [values[at] for at in self._days]
        findings = (*findings, *_unread_days(days))
        if findings:
            return LicenseeRecord(number=raw.number, question=None, findings=findings)
        first_name, last_name, birth_date, state, board = (values[at] for at in self._plain)
        (license_id, _), (board_id, _), (npi, _) = (values[at] for at in self._ids)
        first, last = days
        return LicenseeRecord(
            number=raw.number,
            question=LicenseeQuestion(
                known=ValidationRequest(
                    first_name=first_name,
                    last_name=last_name,
                    birth_date=birth_date,
                    state=state,
                    license_id=license_id,
                    board=board,
                    board_id=board_id,
                    npi=npi,
                ),
                completed=TranscriptPeriod(first=first, last=last),
            ),
        )


def _unread_days(days: Sequence[date | Unparsed | Any]) -> tuple[Finding, ...]:
    return tuple(
        refusal("format", f"/{name}", describe_day(day.text), "Give MM/DD/YYYY, or leave it empty.")
        for name, day in zip(_DAYS, days, strict=True)
        if isinstance(day, Unparsed)
    )
