"""Lines of JSON with learner validations: the body of the API."""

from __future__ import annotations

from pydantic import ValidationError

from app.domain.batches import RawRow
from app.files.mapping.line_bodies import LineLocations, read_line
from app.files.mapping.records import ValidationRecord
from app.schemas.faults import findings_of
from app.schemas.validations import ValidationIn


class ValidationLines(LineLocations):
    """Maps the lines of one file."""

    def read(self, raw: RawRow) -> ValidationRecord:
        """Return what a line asks for."""
        assert isinstance(raw.raw, str)
        given, findings = read_line(raw.raw)
        if given is None:
            return ValidationRecord(number=raw.number, request=None, findings=findings)
        try:
            body = ValidationIn.model_validate(given)
        except ValidationError as error:
            return ValidationRecord(number=raw.number, request=None, findings=findings_of(error, ValidationIn))
        return ValidationRecord(number=raw.number, request=body.as_request())
