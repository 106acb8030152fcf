"""What boards are sent, and what they decide."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field
from pydantic_core import to_json

from app.domain import decisions
from app.domain.credits import CreditKind
from app.domain.decisions import DecisionResult, Refusal, Verdict
from app.domain.feeds import FeedEvent, FeedEventKind, FeedSummary
from app.domain.parsing import text_or_none
from app.schemas.base import KEEPABLE, Example, OneOf, Out, Strict, Whole, Word
from app.schemas.completions import TypeAmountOut

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
    """The learner, as reported; what was reported by an opaque id only, as the registry has it."""

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
    """One event: a credit as it is to stand with the board, or to stand no more."""

    example: ClassVar[Example] = {
        "kind": "moc", "learner_board_id": "35867909", "completed_on": "2021-12-01", "credits": 0.25,
        "credit_types": [{"type": "Lifelong Learning", "credits": 0.25}],
    }  # fmt: skip

    position: int = Field(description="From 1, without gaps. Decisions name it.")
    event: FeedEventKind
    occurred_at: datetime
    credit_id: str = Field(description="The same through corrections.")
    kind: CreditKind
    learner_board_id: str | None = Field(description="The board's number of the learner.")
    learner: FeedLearnerOut
    activity: FeedActivityOut
    completed_on: date
    credits: float
    credit_types: list[TypeAmountOut] = Field(description="Of CME, its special credits.")
    provider: FeedProviderOut


class FeedPage(Out):
    """Events in the order of their positions."""

    data: list[FeedEventOut]
    next_cursor: str = Field(description="Give it as `after` to go on from here, now or later.")


def written_page(events: Iterable[FeedEvent], cursor: str) -> bytes:
    """Write a `FeedPage`: all at once, for a model of each event would cost more than everything else of the answer."""
    return to_json({"data": [_event(each) for each in events], "next_cursor": cursor})


def _event(told: FeedEvent) -> dict[str, Any]:
    return {
        "position": told.position,
        "event": told.event,
        "occurred_at": told.at,
        "credit_id": told.credit_id,
        "kind": told.kind,
        "learner_board_id": told.learner_board_id,
        "learner": {
            "first_name": told.first_name,
            "last_name": told.last_name,
            "date_of_birth": told.birth_date,
        },
        "activity": {
            "activity_id": told.activity_id,
            "title": told.title,
            "format": told.format,
            "start_date": told.start_date,
            "end_date": told.end_date,
        },
        "completed_on": told.completed_on,
        "credits": told.quarters / 4,
        "credit_types": [{"type": name, "credits": quarters / 4} for name, quarters in told.credit_types],
        "provider": {"provider_id": told.provider_id, "name": told.provider_name},
    }


class DecisionIn(Strict):
    """What the board decides on one credit."""

    credit_id: Word
    position: Annotated[int, Field(ge=1, le=2**31 - 1), Whole] = Field(
        description="The last position at which the feed told of the credit: what is decided on."
    )
    decision: OneOf[Verdict]
    reason_code: OneOf[Refusal] | None = Field(None, description="Why it is rejected; `other` unless told.")
    reason: Annotated[str, Field(max_length=1_000, pattern=KEEPABLE)] | None = Field(
        None, description="The same in words, for the provider."
    )

    def as_decision(self) -> decisions.Decision:
        """Hand on what was given."""
        return decisions.Decision(
            credit_id=self.credit_id,
            position=self.position,
            verdict=self.decision,
            reason_code=self.reason_code,
            reason=text_or_none(self.reason),
        )


class DecisionsIn(Strict):
    """What the board decides, in the order in which it did. As CSV: a column for each field of a decision."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    decisions: Annotated[list[DecisionIn], Field(min_length=1, max_length=MOST_DECISIONS)]


class DecidedOut(Out):
    """What became of one decision."""

    credit_id: str
    position: int
    result: DecisionResult = Field(
        description="`stale`: corrected, withdrawn or superseded since that position; read on, and decide anew. "
        "`unknown`: the board was never sent this credit."
    )


class DecisionsOut(Out):
    """What became of each decision, in their order, and how many of each there were."""

    data: list[DecidedOut]
    summary: DecisionsSummaryOut
    next_cursor: str | None = Field(
        description="Keep it in place of the one that was given as `after`. Null where none was."
    )

    @classmethod
    def of(cls, given: list[DecisionIn], answers: list[DecisionResult], cursor: str | None) -> DecisionsOut:
        """Show answers beside what they answer."""
        return cls(
            data=[
                DecidedOut(credit_id=each.credit_id, position=each.position, result=answer)
                for each, answer in zip(given, answers, strict=True)
            ],
            summary=DecisionsSummaryOut.model_validate({each.value: answers.count(each) for each in DecisionResult}),
            next_cursor=cursor,
        )


class DecisionsSummaryOut(Out):
    """How many decisions had which result."""

    applied: int
    unchanged: int
    stale: int
    unknown: int


class FeedSummaryOut(Out):
    """How a board's credit stands."""

    board: str
    decides: bool = Field(description="Whether the board answers; for one that does not, what it was sent is accepted.")
    last_position: int = Field(description="The last position of the feed.")
    carried: int = Field(description="Up to here the board has shown to hold what it was sent.")
    pending: int
    accepted: int
    rejected: int
    withdrawn: int
    overdue: int = Field(description="Credits that have waited for an answer for more than 24 hours.")

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
