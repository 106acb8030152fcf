"""Rows of a board's roster, from workbooks and tab-delimited text."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.batches import BatchKind, RawRow
from app.domain.identity.rosters import RosterRow
from app.files.headings import Layout
from app.files.mapping.column_converters import ColumnConverters
from app.files.mapping.locations import ColumnLocations, Location
from app.files.mapping.records import RosterRecord
from app.schemas.rosters import RosterIn

_PLAIN = ("first_name", "middle_name", "last_name", "suffix", "date_of_birth", "start_date", "end_date", "email")


class RosterRows:
    """Maps the rows of one file."""

    def __init__(self, layout: Layout, headings: Sequence[str]) -> None:
        converters = ColumnConverters(layout, RosterIn)
        self._converters = converters
        self._locations = ColumnLocations(layout, headings, BatchKind.ROSTER)
        self._plain = [converters.at(f"/{name}") for name in _PLAIN]
        self._others = converters.at("/other_last_names")
        self._board_id, self._npi = converters.id_at("/board_id"), converters.id_at("/npi")

    def locate(self, pointer: str, record: RosterRecord | None = None) -> Location:
        """Return the column of what a pointer names."""
        return self._locations.find(pointer)

    def read(self, raw: RawRow) -> RosterRecord:
        """Return what a row says of a person."""
        assert isinstance(raw.raw, list)
        values, findings = self._converters.convert(raw.raw)
        if findings:
            return RosterRecord(number=raw.number, row=None, findings=findings)
        first_name, middle_name, last_name, suffix, birth_date, start, end, email = (values[at] for at in self._plain)
        board_id, was_number = values[self._board_id]
        npi, _ = values[self._npi]
        return RosterRecord(
            number=raw.number,
            row=RosterRow(
                first_name=first_name,
                middle_name=middle_name,
                last_name=last_name,
                suffix=suffix,
                other_last_names=tuple(values[self._others] or ()),
                birth_date=birth_date,
                board_id=board_id,
                id_was_number=was_number,
                npi=npi,
                email=email,
                start_date=start,
                end_date=end,
            ),
        )
