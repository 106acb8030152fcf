"""Lines of JSON with learner validations: the body of the API."""

from __future__ import annotations

from app.domain.batches import RawRow
from app.files.mapping.line_bodies import LineLocations, read_body
from app.files.mapping.records import ValidationRecord
from app.schemas.validations import ValidationIn


class ValidationLines(LineLocations):
    """Maps the lines of one file."""

    def read(self, raw: RawRow) -> ValidationRecord:
        """Return what a line asks for."""
        assert isinstance(raw.raw, str)
        body, findings = read_body(raw.raw, ValidationIn)
        return ValidationRecord(
            number=raw.number, request=None if body is None else body.as_request(), findings=findings
        )
