"""Lines of JSON of a board's roster: one person each."""

from __future__ import annotations

from pydantic import ValidationError

from app.domain.batches import RawRow
from app.files.mapping.line_bodies import LineLocations, read_line
from app.files.mapping.records import RosterRecord
from app.schemas.faults import findings_of
from app.schemas.rosters import RosterIn


class RosterLines(LineLocations):
    """Maps the lines of one file."""

    def read(self, raw: RawRow) -> RosterRecord:
        """Return what a line says of a person."""
        assert isinstance(raw.raw, str)
        given, findings = read_line(raw.raw)
        if given is None:
            return RosterRecord(number=raw.number, row=None, findings=findings)
        try:
            body = RosterIn.model_validate(given)
        except ValidationError as error:
            return RosterRecord(number=raw.number, row=None, findings=findings_of(error, RosterIn))
        return RosterRecord(number=raw.number, row=body.as_row())
