"""The sandbox: test learners, test activities, and cases with their answers."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, WithJsonSchema
from typing_extensions import TypeAliasType

from app.domain.credits import CreditStatus, Delivery, Outcome
from app.domain.sandbox import MagicActivity, MagicLearner, Row, Sandbox
from app.schemas.base import Example, Out

CaseOutcome = TypeAliasType("CaseOutcome", Literal[Outcome.CREATED, Outcome.JOINED, Outcome.UNCHANGED])
"""Outcomes of the cases that are accepted."""
ExpectedCreditStatus = TypeAliasType(
    "ExpectedCreditStatus", Literal[CreditStatus.PENDING, CreditStatus.ACCEPTED, CreditStatus.REJECTED]
)
"""Statuses of a credit that was just reported or decided."""
_Report = Annotated[dict[str, Any], WithJsonSchema({"$ref": "#/components/schemas/CompletionIn"})]


class LearnerNumberOut(Out):
    """A learner's number with a board."""

    board: str
    number: str


class MagicLearnerOut(Out):
    """A test learner, who does not exist, and the decision of boards on their credit."""

    example: ClassVar[Example] = {
        "name": "one", "says": "fits exactly one", "first_name": "Olive", "last_names": ["Only"], "npi": None,
        "licenses": [{"board": "CA-M", "number": "S100001"}],
        "certifications": [{"board": "ABIM", "number": "900101"}], "credit_status": "accepted",
        "credit_status_reason": None,
    }  # fmt: skip

    name: str
    says: str
    first_name: str
    last_names: list[str]
    date_of_birth: str
    npi: str | None
    licenses: list[LearnerNumberOut]
    certifications: list[LearnerNumberOut]
    credit_status: ExpectedCreditStatus
    credit_status_reason: str | None

    @classmethod
    def of(cls, learner: MagicLearner) -> MagicLearnerOut:
        """Show a magic learner."""
        row = learner.row
        return cls(
            name=learner.name,
            says=learner.says,
            first_name=row.first_name,
            last_names=[row.last_name, *row.other_last_names],
            date_of_birth=str(row.birth_date),
            npi=row.npi,
            licenses=[LearnerNumberOut(board=held.board, number=held.number) for held in row.licenses],
            certifications=[LearnerNumberOut(board=held.board, number=held.number) for held in row.certifications],
            credit_status=learner.status,
            credit_status_reason=learner.reason,
        )


class MagicActivityOut(Out):
    """A test activity, which every provider of the sandbox has."""

    example: ClassVar[Example] = {
        "internal_id": "magic-open", "activity_id": "299990001", "title": "Open course", "says": "takes everything",
    }  # fmt: skip

    internal_id: str
    activity_id: str = Field(description="Its id in the shared sandbox; the sandbox of a provider has another.")
    title: str
    says: str

    @classmethod
    def of(cls, activity: MagicActivity) -> MagicActivityOut:
        """Show a magic activity."""
        return cls(
            internal_id=activity.internal_id,
            activity_id=activity.activity_id,
            title=activity.fields["title"],
            says=activity.says,
        )


class ExpectedCreditOut(Out):
    """One credit of an answer."""

    board: str
    status: ExpectedCreditStatus
    status_reason: str | None
    delivery: Delivery


class SandboxCaseOut(Out):
    """A request to `POST /v1/learner-completions`, and the answer to it."""

    example: ClassVar[Example] = {
        "section": "What becomes of a record",
        "says": "CME for one state",
        "before": [],
        "send": {
            "activity_id": "299990001",
            "completed_on": "2025-06-02",
            "permission": True,
            "learner": {"first_name": "Olive", "last_name": "Only", "date_of_birth": "02/01"},
            "cme": [{"state": "CA", "credits": 1}],
        },
        "status": 201,
        "code": None,
        "rejects": [],
        "warns": [],
        "credits": [{"board": "CA-M", "status": "accepted", "status_reason": None, "delivery": "board"}],
        "retry_after": None,
    }

    section: str
    says: str
    before: list[_Report] = Field(description="Bodies to send first; they are accepted.")
    send: dict[str, Any] = Field(description="The body, for the shared sandbox; some bodies are unreadable on purpose.")
    status: int
    code: str | None = Field(description="The problem's code.")
    outcome: CaseOutcome | None = Field(description="The outcome when it is sent for the first time.")
    rejects: list[str] = Field(description="Codes of the faults: rules, or faults of form.")
    warns: list[str] = Field(description="Rules that warn within 30 days of the completion.")
    credits: list[ExpectedCreditOut]
    retry_after: int | None = Field(description="Seconds.")

    @classmethod
    def of(cls, row: Row) -> SandboxCaseOut:
        """Show a row of the table."""
        return cls.model_validate(
            {
                "section": row.section,
                "says": row.says,
                "before": [dict(body) for body in row.before],
                "send": dict(row.send),
                "status": row.status,
                "code": row.code,
                "outcome": row.outcome,
                "rejects": list(row.rejects),
                "warns": list(row.warns),
                "credits": [
                    ExpectedCreditOut.model_validate(
                        {
                            "board": credit.board,
                            "status": credit.status,
                            "status_reason": credit.reason,
                            "delivery": credit.delivery,
                        }
                    )
                    for credit in row.credits
                ],
                "retry_after": row.retry_after,
            }
        )


class SandboxOut(Out):
    """The sandbox, on which test clients can rely."""

    example: ClassVar[Example] = {"provider_id": "9999999"}

    provider_id: str = Field(
        description="The provider of the shared sandbox; test clients without a provider act for it."
    )
    learners: list[MagicLearnerOut]
    activities: list[MagicActivityOut]
    cases: list[SandboxCaseOut]

    @classmethod
    def of(cls, sandbox: Sandbox) -> SandboxOut:
        """Show the sandbox."""
        return cls(
            provider_id=sandbox.provider_id,
            learners=[MagicLearnerOut.of(learner) for learner in sandbox.learners],
            activities=[MagicActivityOut.of(activity) for activity in sandbox.activities],
            cases=[SandboxCaseOut.of(row) for row in sandbox.rows],
        )
