"""Rows of learner validations, from workbooks and tab-delimited text, as what is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter

from app.domain.batches import BatchKind, RawRow
from app.domain.identity.validations import ValidationRequest
from app.files.headings import Layout
from app.files.mapping.column_converters import ColumnConverters
from app.files.mapping.locations import ColumnLocations, Location
from app.files.mapping.records import ValidationRecord
from app.schemas.validations import ValidationIn

_FIELDS = tuple(ValidationIn.model_fields)
"""In the order in which a request has them."""
_IDS = frozenset({"license_id", "board_id", "npi"})


class ValidationRows:
    """Maps the rows of one file."""

    def __init__(self, layout: Layout, headings: Sequence[str]) -> None:
        converters = ColumnConverters(layout, ValidationIn)
        self._converters = converters
        self._locations = ColumnLocations(layout, headings, BatchKind.LEARNER_VALIDATIONS)
        self._given = itemgetter(
            *(converters.id_at(f"/{name}") if name in _IDS else converters.at(f"/{name}") for name in _FIELDS)
        )

    def locate(self, pointer: str, record: ValidationRecord | None = None) -> Location:
        """Return the column of what a pointer names."""
        return self._locations.find(pointer)

    def read(self, raw: RawRow) -> ValidationRecord:
        """Return what a row asks for."""
        assert isinstance(raw.raw, list)
        values, findings = self._converters.convert(raw.raw)
        if findings:
            return ValidationRecord(number=raw.number, request=None, findings=findings)
        first_name, last_name, birth_date, state, (license_id, _), board, (board_id, _), (npi, _), school = self._given(
            values
        )
        return ValidationRecord(
            number=raw.number,
            request=ValidationRequest(
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
