"""The feed of a board, and the decisions of the board."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field
from pydantic_core import to_json

from app.core.whole_numbers import Whole
from app.domain import decisions
from app.domain.credits import CreditKind
from app.domain.decisions import DecisionResult, Refusal, Verdict
from app.domain.feeds import FeedEvent, FeedEventKind, FeedSummary
from app.domain.parsing import plain_text, text_or_none
from app.schemas.base import KEEPABLE, AnyCase, Example, OneOf, Out, Strict, Word
from app.schemas.completion_records import TypeAmountOut

MOST_DECISIONS = 5_000

EXAMPLE: dict[str, Any] = {
    "decisions": [
        {"credit_id": "017de0b2-4c30-7b5e-9a61-5f0d2c7be402", "position": 1, "decision": "accepted"},
        {
            "credit_id": "017de0b2-4c30-7b5e-9a61-5f0d2c7be405",
            "position": 2,
            "decision": "rejected",
            "reason_code": "id-unknown",
            "reason": "No diplomate has this id.",
        },
    ]
}


class FeedLearnerOut(Out):
    """The learner as reported; where only an opaque id was reported, as in the registry."""

    example: ClassVar[Example] = {"first_name": "Tina", "last_name": "Karacme", "date_of_birth": "11/24"}

    first_name: str | None
    last_name: str | None
    date_of_birth: str | None = Field(description="MM/DD.")


class FeedActivityOut(Out):
    """The activity that was completed."""

    example: ClassVar[Example] = {
        "format": "regularly-scheduled-series", "start_date": "2021-01-17", "end_date": "2021-12-17",
    }  # fmt: skip

    activity_id: str
    title: str
    format: str
    start_date: date
    end_date: date


class FeedProviderOut(Out):
    """The provider that reported it."""

    example: ClassVar[Example] = {"name": "Western Regional Medical Center"}

    provider_id: str
    name: str


class FeedEventOut(Out):
    """One event: a credit as reported or corrected, or a credit that was withdrawn."""

    example: ClassVar[Example] = {
        "kind": "moc", "learner_board_id": "35867909", "completed_on": "2021-12-01", "credits": 0.25,
        "credit_types": [{"type": "Lifelong Learning", "credits": 0.25}],
    }  # fmt: skip

    position: int = Field(description="From 1, without gaps. Decisions name it.")
    event: FeedEventKind
    occurred_at: datetime
    credit_id: str = Field(description="Unchanged by corrections.")
    kind: CreditKind
    learner_board_id: str | None = Field(description="The learner's number with the board.")
    learner: FeedLearnerOut
    activity: FeedActivityOut
    completed_on: date
    credits: float
    credit_types: list[TypeAmountOut] = Field(description="For CME, its special credits.")
    provider: FeedProviderOut


class FeedPage(Out):
    """Events, by position."""

    data: list[FeedEventOut]
    next_cursor: str = Field(description="Send it as `after` to continue from here, now or later.")


def page_json(events: Iterable[FeedEvent], cursor: str) -> bytes:
    """Return a `FeedPage` as JSON, without models: one per event would cost more than the rest of the answer."""
    return to_json({"data": [_event(event) for event in events], "next_cursor": cursor})


def _event(event: FeedEvent) -> dict[str, Any]:
    return {
        "position": event.position,
        "event": event.event,
        "occurred_at": event.at,
        "credit_id": event.credit_id,
        "kind": event.kind,
        "learner_board_id": event.learner_board_id,
        "learner": {
            "first_name": event.first_name,
            "last_name": event.last_name,
            "date_of_birth": event.birth_date,
        },
        "activity": {
            "activity_id": event.activity_id,
            "title": event.title,
            "format": event.format,
            "start_date": event.start_date,
            "end_date": event.end_date,
        },
        "completed_on": event.completed_on,
        "credits": event.quarters / 4,
        "credit_types": [{"type": name, "credits": quarters / 4} for name, quarters in event.credit_types],
        "provider": {"provider_id": event.provider_id, "name": event.provider_name},
    }


class DecisionIn(Strict):
    """A board's decision on one credit."""

    credit_id: Word
    position: Annotated[int, Field(ge=1, le=2**31 - 1), Whole] = Field(
        description="The last position of the credit in the feed: what the board decides on."
    )
    decision: Annotated[OneOf[Verdict], AnyCase]
    reason_code: Annotated[OneOf[Refusal] | None, AnyCase] = Field(
        None, description="Why it is rejected; `other` if left out."
    )
    reason: Annotated[str, Field(max_length=1_000, pattern=KEEPABLE)] | None = Field(
        None, description="The reason in words, for the provider."
    )

    def as_decision(self) -> decisions.Decision:
        """Return the decision, as the services take it."""
        return decisions.Decision(
            credit_id=plain_text(self.credit_id).lower(),
            position=self.position,
            verdict=self.decision,
            reason_code=self.reason_code,
            reason=text_or_none(self.reason),
        )


class DecisionsIn(Strict):
    """Decisions of a board, in order. As CSV: a column for each field of a decision."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    decisions: Annotated[list[DecisionIn], Field(min_length=1, max_length=MOST_DECISIONS)]


class DecidedOut(Out):
    """The result of one decision."""

    credit_id: str
    position: int
    result: DecisionResult = Field(
        description="`stale`: corrected, withdrawn or superseded since that position; read on and decide again. "
        "`unknown`: the board was never sent this credit."
    )


class DecisionsOut(Out):
    """The result of every decision, in order, and the number of each result."""

    data: list[DecidedOut]
    summary: DecisionsSummaryOut
    next_cursor: str | None = Field(
        description="Replaces the cursor that was sent as `after`; null when none was sent."
    )

    @classmethod
    def of(cls, given: list[DecisionIn], answers: list[DecisionResult], cursor: str | None) -> DecisionsOut:
        """Show every decision with its result."""
        counts = {result.value: answers.count(result) for result in DecisionResult}
        return cls(
            data=[
                DecidedOut(credit_id=decision.credit_id, position=decision.position, result=answer)
                for decision, answer in zip(given, answers, strict=True)
            ],
            summary=DecisionsSummaryOut.model_validate(counts),
            next_cursor=cursor,
        )


class DecisionsSummaryOut(Out):
    """Number of decisions by result."""

    applied: int
    unchanged: int
    stale: int
    unknown: int


class FeedSummaryOut(Out):
    """The state of a board's credit."""

    board: str
    decides: bool = Field(description="Whether the board decides; credit sent to a board that does not is accepted.")
    last_position: int = Field(description="The last position of the feed.")
    carried: int = Field(description="The last position that the board has shown to have received.")
    pending: int
    accepted: int
    rejected: int
    withdrawn: int
    overdue: int = Field(description="Credits without a decision for more than 24 hours.")

    @classmethod
    def of(cls, summary: FeedSummary) -> FeedSummaryOut:
        """Show a summary."""
        names = ("pending", "accepted", "rejected", "withdrawn", "overdue")
        counts = {name: summary.counts.get(name, 0) for name in names}
        if not summary.board.decides:
            counts["overdue"] = 0
        return cls.model_validate(
            {
                "board": summary.board.code,
                "decides": summary.board.decides,
                "last_position": summary.last_position,
                "carried": summary.carried,
                **counts,
            }
        )
