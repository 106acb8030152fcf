"""Files of learner validations: rows and lines as what is asked for. Documents have no form for them."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter

from pydantic import ValidationError

from app.domain.batches import BatchKind, RawRow
from app.domain.validations import ValidationRequest
from app.files.headings import Layout
from app.files.mapping.column_converters import ColumnReaders
from app.files.mapping.line_bodies import LinePlaces, read_line
from app.files.mapping.locations import ColumnPlaces, Place, ValidationRecord
from app.schemas.faults import findings_of
from app.schemas.validations import ValidationIn

_FIELDS = tuple(ValidationIn.model_fields)
"""In the order in which a request has them."""
_IDS = frozenset({"license_id", "board_id", "npi"})


class ValidationRows:
    """Reads the rows of one file."""

    def __init__(self, layout: Layout, headings: Sequence[str]) -> None:
        readers = ColumnReaders(layout, ValidationIn)
        self._readers = readers
        self._places = ColumnPlaces(layout, headings, BatchKind.LEARNER_VALIDATIONS)
        self._given = itemgetter(
            *(readers.id_at(f"/{name}") if name in _IDS else readers.at(f"/{name}") for name in _FIELDS)
        )

    def place(self, pointer: str, record: ValidationRecord | None = None) -> Place:
        """Return the column of what a pointer names."""
        return self._places.of(pointer)

    def read(self, raw: RawRow) -> ValidationRecord:
        """Return what a row asks for."""
        assert isinstance(raw.raw, list)
        values, findings = self._readers.read(raw.raw)
        if findings:
            return ValidationRecord(number=raw.number, request=None, findings=findings)
        first_name, last_name, birth_date, state, (license_id, _), board, (board_id, _), (npi, _), school = self._given(
            values
        )
        return ValidationRecord(
            raw.number,
            ValidationRequest(
                first_name=first_name,
                last_name=last_name,
                birth_date=birth_date,
                state=state,
                license_id=license_id,
                board=board,
                board_id=board_id,
                npi=npi,
                medical_school=school,
            ),
        )


class ValidationLines(LinePlaces):
    """Reads the lines of one file."""

    def read(self, raw: RawRow) -> ValidationRecord:
        """Return what a line asks for."""
        assert isinstance(raw.raw, str)
        given, findings = read_line(raw.raw)
        if given is None:
            return ValidationRecord(number=raw.number, request=None, findings=findings)
        try:
            body = ValidationIn.model_validate(given)
        except ValidationError as error:
            return ValidationRecord(number=raw.number, request=None, findings=findings_of(error))
        return ValidationRecord(number=raw.number, request=body.as_request())
