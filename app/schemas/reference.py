"""Boards and rules out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal

from pydantic import Field

from app.domain.boards import Board, BoardKind, Need, Span
from app.domain.rules import RuleFacts
from app.schemas.base import Out


class SpanOut(Out):
    """Days from one through another; null leaves that side open."""

    since: date | None
    until: date | None

    @classmethod
    def of(cls, span: Span) -> SpanOut:
        """Show a span."""
        return cls(since=span.since, until=span.until)


class CreditTypeOut(Out):
    """A board's credit type."""

    name: str
    aliases: list[str]
    completions: SpanOut = Field(description="Completion dates for which it can be earned.")


class BoardOut(Out):
    """A board, with the facts by which records for it are judged."""

    code: str
    name: str
    kind: Literal["certifying", "licensing"]
    state: str | None = Field(description="Two letters; of licensing boards.")
    aliases: list[str]
    participates: bool = Field(description="Whether it is sent credit for completions of today.")
    participation: list[SpanOut]
    decides: bool = Field(description="Whether it answers accepted or rejected.")
    board_id_required: bool
    birth_date_required: bool
    one_record_per_day: bool
    completions: SpanOut = Field(description="Completion dates that it takes.")
    activities: SpanOut = Field(description="Activity start dates that it takes.")
    credit_types: list[CreditTypeOut] = Field(description="Empty where any registered type is taken.")
    special_credits: list[str]
    source: str

    @classmethod
    def of(cls, board: Board, today: date) -> BoardOut:
        """Show a board as of a day."""
        certifying = board.kind is BoardKind.CERTIFYING
        return cls(
            code=board.code,
            name=board.name,
            kind=board.kind.value,
            state=board.state,
            aliases=list(board.aliases),
            participates=board.completions.covers(today) if certifying else board.participates(today),
            participation=[SpanOut.of(span) for span in ((board.completions,) if certifying else board.participation)],
            decides=board.decides,
            board_id_required=certifying and board.board_id is Need.REQUIRED,
            birth_date_required=board.birth_date is Need.REQUIRED,
            one_record_per_day=board.once_per_day,
            completions=SpanOut.of(board.completions),
            activities=SpanOut.of(board.activities),
            credit_types=[
                CreditTypeOut(name=each.name, aliases=list(each.aliases), completions=SpanOut.of(each.completions))
                for each in board.credit_types
            ],
            special_credits=list(board.special_credits),
            source=board.source,
        )


class BoardList(Out):
    """All boards."""

    data: list[BoardOut]


class RuleOut(Out):
    """A reporting rule."""

    id: str
    severity: Literal["reject", "warning"]
    statement: str
    scope: list[str]
    boards: list[str] = Field(description="Boards it is about; empty for all.")
    source: str
    since: date

    @classmethod
    def of(cls, told: Sequence[RuleFacts]) -> RuleOut:
        """Show a rule in all its parts."""
        first = told[0]
        return cls(
            id=first.id,
            severity=first.severity.value,
            statement=" ".join(dict.fromkeys(each.statement for each in told)),
            scope=[scope.value for each in told for scope in each.scopes],
            boards=sorted({board for each in told for board in each.boards}),
            source="; ".join(dict.fromkeys(each.source for each in told)),
            since=min(each.since for each in told),
        )


class RuleList(Out):
    """All rules."""

    data: list[RuleOut]
