"""Learner validations: what is asked, and what is answered."""

from __future__ import annotations

from typing import Any, Literal

from msgspec.structs import replace
from pydantic import ConfigDict, Field
from typing_extensions import TypeAliasType

from app.domain.identity.matches import Result
from app.domain.identity.validations import ValidationAnswer, ValidationRequest
from app.domain.parsing import plain_or_none, read_license_id, read_month_day, read_npi, text_or_none
from app.schemas.base import Name, Out, Strict, Word

ValidationResult = TypeAliasType("ValidationResult", Literal[Result.ONE, Result.SEVERAL, Result.NONE])
"""Results that are answered: a request with too little to look for anybody is refused."""

EXAMPLE: dict[str, Any] = {
    "first_name": "Rebecca",
    "last_name": "Test",
    "date_of_birth": "02/01",
    "state": "TN",
    "license_id": "444444",
}


class KnownLearner(Strict):
    """What is known of somebody who is looked for: both names, and as much of the rest as there is."""

    first_name: Name | None = Field(None, description='As on the licence; "-" for a person with one name. Required.')
    last_name: Name | None = Field(None, description="As on the licence. Required.")
    date_of_birth: Word | None = Field(None, description="Month and day, MM/DD. A year is dropped and never stored.")
    state: Name | None = Field(None, description="State of licence: two letters, full name, or a board code.")
    license_id: Name | None = Field(None, description="Licence number or NPI; without a state, of any state.")
    board: Name | None = Field(None, description="Code or name of a certifying board.")
    board_id: Name | None = Field(None, description="The learner's id with that board; without a board, with any.")
    npi: Word | None = Field(None, description="National Provider Identifier.")

    def as_request(self) -> ValidationRequest:
        """Return what was sent, as the rules read it; blank text counts as absent."""
        return ValidationRequest(
            first_name=text_or_none(self.first_name),
            last_name=text_or_none(self.last_name),
            birth_date=read_month_day(self.date_of_birth),
            state=plain_or_none(self.state),
            license_id=read_license_id(self.license_id),
            board=plain_or_none(self.board),
            board_id=read_license_id(self.board_id),
            npi=read_npi(self.npi),
        )


class ValidationIn(KnownLearner):
    """A learner to look up: both names, and as much of the rest as is known."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    medical_school: Name | None = Field(None, description="The school's full name.")

    def as_request(self) -> ValidationRequest:
        """Return what was sent, as the rules read it; blank text counts as absent."""
        return replace(super().as_request(), medical_school=text_or_none(self.medical_school))


class ValidationOut(Out):
    """How many learners match everything that was given."""

    result: ValidationResult
    learner_id: str | None = Field(
        description="When one matches: the opaque id that can be sent in completions in place of identity data."
    )
    matched_boards: list[str] = Field(
        description="When one matches: codes of the boards named by state or board that are on file for the learner.",
        examples=[["TN-M"]],
    )
    hint: str = Field(description="What to do next.")

    @classmethod
    def of(cls, validated: ValidationAnswer) -> ValidationOut:
        """Show an answer."""
        return cls.model_validate(
            {
                "result": validated.result,
                "learner_id": validated.learner_id,
                "matched_boards": list(validated.matched_boards),
                "hint": validated.hint,
            }
        )
