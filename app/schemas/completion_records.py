"""Learner completions as they are shown: the record, its credits, and pages of them."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar, Literal

from msgspec.structs import asdict
from pydantic import Field
from typing_extensions import TypeAliasType

from app.domain import credits as domain
from app.domain.amounts import in_credits
from app.domain.batches import EntryMethod
from app.domain.credits import Completion, Credit, CreditKind, CreditStatus, Delivery
from app.domain.findings import Finding
from app.schemas.base import Example, Out
from app.schemas.problems import FindingOut

Outcome = TypeAliasType(
    "Outcome",
    Literal[
        domain.Outcome.CREATED,
        domain.Outcome.JOINED,
        domain.Outcome.UPDATED,
        domain.Outcome.UNCHANGED,
    ],
)
"""Outcomes of a report that was accepted."""


class TypeAmountOut(Out):
    """A credit type with its amount."""

    type: str
    credits: float


class CreditOut(Out):
    """One credit: CME for one licensing board, or points for one certifying board."""

    example: ClassVar[Example] = {
        "learner_board_id": "444444", "credits": 2, "credit_types": [], "status_reason": None, "status_text": None,
    }  # fmt: skip

    credit_id: str
    kind: CreditKind
    board: str = Field(examples=["TN-M"])
    learner_board_id: str | None = Field(description="The learner's number with the board, as reported.")
    credits: float
    credit_types: list[TypeAmountOut] = Field(description="For CME, its special credits.")
    client_references: list[str]
    status: CreditStatus
    delivery: Delivery
    status_reason: str | None = Field(description="Code of the board's reason, when it rejected the credit.")
    status_text: str | None = Field(description="The board's comment in its own words.")
    status_at: datetime

    @staticmethod
    def fields_of(credit: Credit) -> dict[str, object]:
        """Return the fields of a credit as they are shown."""
        return {
            "credit_id": credit.credit_id,
            "kind": credit.kind,
            "board": credit.board,
            "learner_board_id": credit.number_reported,
            "credits": float(in_credits(credit.quarters)),
            "credit_types": [
                {"type": name, "credits": float(in_credits(quarters))} for name, quarters in credit.credit_types
            ],
            "client_references": credit.client_references,
            "status": credit.status,
            "delivery": credit.delivery,
            "status_reason": credit.status_reason,
            "status_text": credit.status_text,
            "status_at": credit.status_at,
        }


class LearnerOut(Out):
    """The learner as reported, with the opaque id that can replace the other fields from now on."""

    example: ClassVar[Example] = {"npi": None}

    first_name: str | None
    last_name: str | None
    date_of_birth: str | None
    npi: str | None
    learner_id: str | None


class RemsParticipationOut(Out):
    """Participation in risk-mitigation education, as reported."""

    local_id: str | None
    profession: str | None
    state: str | None
    dea_registration: str | None
    practice_area: str | None
    surgical_procedures: bool | None
    time_in_practice: str | None


class CompletionOut(Out):
    """A completion, in its current state."""

    example: ClassVar[Example] = {"rems": None}

    completion_id: str
    activity_id: str
    provider_id: str
    completed_on: date
    occasion: int
    submitted_at: datetime
    entry_method: EntryMethod
    learner: LearnerOut
    credits: list[CreditOut]
    rems: RemsParticipationOut | None
    version: int

    @staticmethod
    def fields_of(completion: Completion) -> dict[str, object]:
        """Return the fields of a completion as they are shown."""
        rems = completion.rems
        return {
            "completion_id": completion.completion_id,
            "activity_id": completion.activity_id,
            "provider_id": completion.provider_id,
            "completed_on": completion.completed_on,
            "occasion": completion.occasion,
            "submitted_at": completion.submitted_at,
            "entry_method": completion.entry_method,
            "learner": {
                "first_name": completion.first_name,
                "last_name": completion.last_name,
                "date_of_birth": completion.birth_date,
                "npi": completion.npi,
                "learner_id": completion.learner_id,
            },
            "credits": [CreditOut.fields_of(credit) for credit in completion.credits],
            "rems": asdict(rems) if rems is not None else None,
            "version": completion.version,
        }

    @classmethod
    def of(cls, completion: Completion) -> CompletionOut:
        """Show a completion."""
        return cls.model_validate(cls.fields_of(completion))


class ReportedCompletionOut(CompletionOut):
    """A completion after a report, with the outcome of the report."""

    example: ClassVar[Example] = {"rems": None, "findings": []}

    outcome: Outcome
    findings: list[FindingOut]

    @classmethod
    def fields_after(
        cls, completion: Completion, outcome: domain.Outcome, findings: tuple[Finding, ...]
    ) -> dict[str, object]:
        """Return the fields of a completion with the outcome of the report and its warnings, as they are shown."""
        shown = [FindingOut.fields_of(finding) for finding in findings]
        return cls.fields_of(completion) | {"outcome": outcome, "findings": shown}


class CompletionPage(Out):
    """A page of completions."""

    data: list[CompletionOut]
    next_cursor: str | None = Field(description="Send it as `cursor` for the next page; null on the last page.")
    total: int | None = Field(description="Number of rows on all pages, with `include=total`.")
    total_capped: bool | None = Field(description="Whether there are more than `total`; counting stops there.")
