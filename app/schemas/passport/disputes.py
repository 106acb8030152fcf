"""Physicians' disputes as their provider sees them, and its answer."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from pydantic import Field

from app.domain.passport.disputes import DisputeKind, DisputeStatus, DisputeVerb, Party, ProviderCase
from app.schemas.base import Description, Example, Out, Requests, Strict


class DisputeStepOut(Out):
    """One step of a dispute."""

    example: ClassVar[Example] = {
        "verb": "open", "party": "physician", "at": "2021-12-20T15:00:00Z", "message": "I was not there that day.",
    }  # fmt: skip

    verb: DisputeVerb
    party: Party = Field(description="Whose step it was; `service` where a time was over, or the record has changed.")
    at: datetime
    message: str | None = Field(description="What was said; null where nothing was.")


class DisputeOut(Out):
    """What a physician says of a record, and what became of it."""

    example: ClassVar[Example] = {
        "kind": "not-me", "status": "open", "record_version": 1, "record_changed": False,
        "opened_at": "2021-12-20T15:00:00Z", "answer_by": "2022-01-19T15:00:00Z", "answered_at": None,
        "closed_at": None,
    }  # fmt: skip

    dispute_id: str
    kind: DisputeKind = Field(description="`permission`: it is no longer permitted, and has to be withdrawn.")
    status: DisputeStatus
    completion_id: str | None = Field(
        description="Null where permission was withdrawn for all that the provider reports of the physician."
    )
    activity_id: str | None = Field(description="The activity of the completion when the dispute was opened.")
    learner_id: str | None = Field(description="The physician, as the provider may name them; null once erased.")
    record_version: int | None = Field(description="The version of the completion that it is about.")
    record_changed: bool = Field(description="Whether somebody corrected or withdrew something of it since.")
    opened_at: datetime
    answer_by: datetime = Field(description="Until when the provider answers; after that the operator decides.")
    answered_at: datetime | None
    closed_at: datetime | None
    steps: list[DisputeStepOut] = Field(description="The oldest first.")

    @classmethod
    def of(cls, found: ProviderCase) -> DisputeOut:
        """Show a dispute."""
        dispute = found.case.dispute
        return cls(
            dispute_id=dispute.dispute_id,
            kind=dispute.kind,
            status=dispute.status,
            completion_id=dispute.completion_id,
            activity_id=dispute.activity_id,
            learner_id=found.learner_id,
            record_version=dispute.record_version,
            record_changed=found.case.changed,
            opened_at=dispute.opened_at,
            answer_by=dispute.answer_by,
            answered_at=dispute.answered_at,
            closed_at=dispute.closed_at,
            steps=[
                DisputeStepOut(verb=step.verb, party=step.party, at=step.at, message=step.message)
                for step in found.case.steps
            ],
        )


class DisputePage(Out):
    """A page of disputes, the newest first."""

    data: list[DisputeOut]
    next_cursor: str | None = Field(description="Send it as `cursor` for the next page; null on the last page.")


class DisputeAnswerIn(Strict):
    """A provider's answer to a dispute."""

    requests: ClassVar[Requests] = {
        "message": ("What was found", {"message": "You signed the sheet of that day: page 2, line 14."}),
    }

    message: Description = Field(description="What was found, and what was changed; the physician reads it.")
