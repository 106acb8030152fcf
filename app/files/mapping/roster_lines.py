"""Lines of JSON of a board's roster: one person each."""

from __future__ import annotations

from app.domain.batches import RawRow
from app.files.mapping.line_bodies import LineLocations, read_body
from app.files.mapping.records import RosterRecord
from app.schemas.rosters import RosterIn


class RosterLines(LineLocations):
    """Maps the lines of one file."""

    def read(self, raw: RawRow) -> RosterRecord:
        """Return what a line says of a person."""
        assert isinstance(raw.raw, str)
        body, findings = read_body(raw.raw, RosterIn)
        return RosterRecord(number=raw.number, row=None if body is None else body.as_row(), findings=findings)
