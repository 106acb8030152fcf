"""Lines of JSON of those whose transcripts a board asks for: the body of `POST /v1/transcripts:search`."""

from __future__ import annotations

from app.domain.batches import RawRow
from app.files.mapping.line_bodies import LineLocations, read_body
from app.files.mapping.records import LicenseeRecord
from app.schemas.passport.transcripts import TranscriptSearchIn


class LicenseeLines(LineLocations):
    """Maps the lines of one file."""

    def read(self, raw: RawRow) -> LicenseeRecord:
        """Return whose transcript a line asks for, and of which days."""
        assert isinstance(raw.raw, str)
        body, findings = read_body(raw.raw, TranscriptSearchIn)
        return LicenseeRecord(
            number=raw.number, question=None if body is None else body.as_question(), findings=findings
        )
