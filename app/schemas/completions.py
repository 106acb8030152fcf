"""Learner completions: what providers send."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field

from app.core.whole_numbers import Whole
from app.domain import reports
from app.domain.batches import EntryMethod
from app.domain.identity.learners import Person
from app.domain.parsing import (
    own_id_or_none,
    plain_or_none,
    read_activity_id,
    read_date,
    read_license_id,
    read_month_day,
    read_npi,
    text_or_none,
)
from app.domain.rems import time_in_practice
from app.domain.reports import (
    LAST_OCCASION,
    MOST_BOARDS,
    MOST_REFERENCES,
    MOST_STATES,
    MOST_TYPES,
    CompletionReport,
)
from app.schemas.base import Amount, Name, Reference, Requests, Strict, Word
from app.schemas.only_answered import OF_COMPLETION, OnlyAnswered

REBECCA: dict[str, Any] = {
    "activity_id": "201759558",
    "completed_on": "2021-12-12",
    "permission": True,
    "learner": {"first_name": "Rebecca", "last_name": "Test", "date_of_birth": "02/01"},
    "cme": [{"state": "TN", "license_id": "444444", "credits": 2, "client_reference": "ccid:example.org:abc-1"}],
}
TINA: dict[str, Any] = {
    "activity_id": "201759558",
    "completed_on": "2021-12-01",
    "permission": True,
    "learner": {"first_name": "Tina", "last_name": "Karacme", "date_of_birth": "11/24"},
    "moc": [
        {
            "board": "ABA",
            "board_id": "35867909",
            "total_credits": 0.25,
            "credit_types": [{"type": "Lifelong Learning", "credits": 0.25}],
        }
    ],
}
JOHN: dict[str, Any] = {
    "activity_id": "200912095",
    "completed_on": "2021-02-14",
    "permission": True,
    "learner": {"first_name": "John", "last_name": "Smith", "date_of_birth": "03/17"},
    "cme": [{"state": "TN", "license_id": "12345", "credits": 2.25}],
    "moc": [
        {
            "board": "ABIM",
            "board_id": "999999",
            "total_credits": 2.25,
            "credit_types": [
                {"type": "Medical Knowledge", "credits": 2.25},
                {"type": "Patient Safety", "credits": 2.25},
            ],
        }
    ],
}

References = Annotated[list[Reference], Field(max_length=MOST_REFERENCES)]
_ALL = "Your own keys {of}, where there are several; a correction that gives them, even none, gives all."


class LearnerIn(Strict):
    """Who completed the activity."""

    first_name: Name | None = Field(None, description="As on the licence.")
    last_name: Name | None = Field(None, description="As on the licence.")
    date_of_birth: Word | None = Field(None, description="Month and day, MM/DD. A year is dropped and never stored.")
    npi: Word | None = Field(None, description="National Provider Identifier.")
    learner_id: Word | None = Field(None, description="The opaque id of an earlier answer; replaces all of the above.")


class TypeAmountIn(Strict):
    """A credit type with its amount."""

    type: Name | None = Field(None, description="The board's credit type, or one of its other names.")
    credits: Amount | None = Field(None, description="In steps of 0.25; types are not additive.")
    client_reference: Reference | None = Field(None, description="Your own key for this type's credit.")


class CmeIn(Strict):
    """CME credit for one state of licensure."""

    state: Name | None = Field(None, description="State of licence: two letters, full name, or a board code.")
    license_id: Name | None = Field(
        None, description="Licence number or NPI; needed only where the learner would not be unique without it."
    )
    credits: Amount | None = Field(None, description="AMA PRA Category 1 credits, in steps of 0.25.")
    special_credits: Annotated[list[TypeAmountIn], Field(max_length=MOST_TYPES)] | None = Field(
        None, description="Parts of the CME credit that the state requires, such as Controlled Substance."
    )
    client_reference: Reference | None = Field(None, description="Your own key for this credit.")
    client_references: References | None = Field(None, description=_ALL.format(of="for this credit"))


class MocIn(Strict):
    """MOC/CC points for one certifying board."""

    board: Name | None = Field(None, description="Code or name of the certifying board.")
    board_id: Name | None = Field(None, description="The learner's id with that board.")
    total_credits: Amount | None = Field(
        None, description="Total points; if left out, the largest credit type is the total."
    )
    credit_types: Annotated[list[TypeAmountIn], Field(max_length=MOST_TYPES)] | None = Field(
        None, description="Credit types, at least one; none above the total."
    )
    client_reference: Reference | None = Field(None, description="Your own key for this credit.")
    client_references: References | None = Field(None, description=_ALL.format(of="for this credit"))


class RemsIn(Strict):
    """Participation in risk-mitigation education."""

    local_id: Reference | None = Field(None, description="Your own id for the person.")
    profession: Name | None = Field(None, description="One of the listed professions.")
    state: Name | None = Field(None, description="State of primary practice.")
    dea_registration: Name | None = Field(None, description="Individual, Institutional or None.")
    practice_area: Name | None = Field(None, description="One of the listed practice areas.")
    surgical_procedures: bool | None = Field(None, description="Whether surgical procedures are performed.")
    time_in_practice: Name | None = Field(None, description="One of the listed spans.")


class CompletionIn(Strict):
    """One learner completing one activity on one date, with every credit to report for it."""

    model_config = ConfigDict(json_schema_extra={"examples": [REBECCA]})
    requests: ClassVar[Requests] = {
        "points": ("Points of a certifying board", TINA),
        "credit_and_points": ("CME and points in one record", JOHN),
    }
    only_answered: ClassVar[OnlyAnswered] = OF_COMPLETION

    activity_id: Word | None = Field(None, description="The nine-digit activity id.")
    completed_on: Word | None = Field(None, description="YYYY-MM-DD.")
    permission: bool | None = Field(None, description="Whether the learner permitted the reporting; must be true.")
    learner: LearnerIn | None = None
    cme: Annotated[list[CmeIn], Field(max_length=MOST_STATES)] | None = None
    moc: Annotated[list[MocIn], Field(max_length=MOST_BOARDS)] | None = None
    rems: RemsIn | None = None
    occasion: Annotated[int, Field(ge=1, le=LAST_OCCASION), Whole] | None = Field(
        None, description="Distinguishes several completions of one day; if left out, the service determines it."
    )
    client_reference: Reference | None = Field(
        None, description="Your own key for the whole record; each of its credits can be found by it."
    )
    client_references: References | None = Field(None, description=_ALL.format(of="for the whole record"))

    def as_report(self, provider_id: str, received_at: datetime, entry_method: EntryMethod) -> CompletionReport:
        """Return what was sent, as the rules read it; blank text counts as absent."""
        learner = self.learner or LearnerIn()
        return CompletionReport(
            provider_id=provider_id,
            activity_id=read_activity_id(self.activity_id),
            completed_on=read_date(self.completed_on),
            permission=self.permission,
            person=Person(
                first_name=text_or_none(learner.first_name),
                last_name=text_or_none(learner.last_name),
                birth_date=read_month_day(learner.date_of_birth),
                npi=read_npi(learner.npi),
                learner_id=plain_or_none(learner.learner_id),
            ),
            cme=tuple(
                reports.CmePart(
                    state=plain_or_none(cme.state),
                    license_id=read_license_id(cme.license_id),
                    credits=cme.credits,
                    special_credits=_types(cme.special_credits),
                    client_reference=own_id_or_none(cme.client_reference),
                    client_references=_references(cme.client_references),
                )
                for cme in self.cme or ()
            ),
            moc=tuple(
                reports.MocPart(
                    board=plain_or_none(moc.board),
                    board_id=read_license_id(moc.board_id),
                    total_credits=moc.total_credits,
                    credit_types=_types(moc.credit_types),
                    client_reference=own_id_or_none(moc.client_reference),
                    client_references=_references(moc.client_references),
                )
                for moc in self.moc or ()
            ),
            rems=_rems(self.rems),
            occasion=self.occasion,
            client_reference=own_id_or_none(self.client_reference),
            client_references=_references(self.client_references),
            entry_method=entry_method,
            received_at=received_at,
        )


def _references(given: list[str] | None) -> tuple[str, ...] | None:
    if given is None:
        return None
    return tuple([reference for reference in map(own_id_or_none, given) if reference is not None])


def _types(given: list[TypeAmountIn] | None) -> tuple[reports.TypeAmount, ...]:
    return tuple(
        reports.TypeAmount(
            type=plain_or_none(amount.type),
            credits=amount.credits,
            client_reference=own_id_or_none(amount.client_reference),
        )
        for amount in given or ()
    )


def _rems(given: RemsIn | None) -> reports.RemsPart | None:
    if given is None:
        return None
    return reports.RemsPart(
        local_id=own_id_or_none(given.local_id),
        profession=text_or_none(given.profession),
        state=text_or_none(given.state),
        dea_registration=text_or_none(given.dea_registration),
        practice_area=text_or_none(given.practice_area),
        surgical_procedures=given.surgical_procedures,
        time_in_practice=time_in_practice(text_or_none(given.time_in_practice)),
    )
