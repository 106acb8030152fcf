"""Reference data: boards, rules, formats and lists of accepted values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, ClassVar

from pydantic import Field
from typing_extensions import TypeAliasType

from app.domain.boards import Board, BoardKind, FactChange, Need, Span
from app.domain.choices import Degree
from app.domain.findings import Severity
from app.domain.formats import ActivityFormat, Bound
from app.domain.rems import Answers
from app.domain.rules import RuleFacts
from app.schemas.base import Example, Out

SpanBound = TypeAliasType("SpanBound", Bound)
"""The public name of `Bound`."""


class SpanOut(Out):
    """Days from `since` through `until`, both included; null leaves that end open."""

    example: ClassVar[Example] = {"since": None, "until": None}

    since: date | None
    until: date | None

    @classmethod
    def of(cls, span: Span) -> SpanOut:
        """Show a span."""
        return cls(since=span.since, until=span.until)


class CreditTypeOut(Out):
    """A board's credit type."""

    example: ClassVar[Example] = {"name": "Lifelong Learning", "aliases": []}

    name: str
    aliases: list[str]
    completions: SpanOut = Field(description="Completion dates for which it can be earned.")


class BoardChangeOut(Out):
    """Facts of a board that change from a day on."""

    since: date
    source: str
    facts: dict[str, Any]

    @classmethod
    def of(cls, change: FactChange) -> BoardChangeOut:
        """Show a change, sets as sorted lists."""
        facts = {name: sorted(value) if isinstance(value, frozenset) else value for name, value in change.facts}
        return cls(since=change.since, source=change.source, facts=facts)


class BoardOut(Out):
    """A board, with the facts by which the rules judge its records."""

    example: ClassVar[Example] = {
        "name": "American Board of Anesthesiology", "state": None, "aliases": [], "special_credits": [],
        "changes": [], "source": "slides, Reporting Learners",
    }  # fmt: skip

    code: str
    name: str
    kind: BoardKind
    state: str | None = Field(description="Two letters; null for certifying boards.")
    aliases: list[str]
    participates: bool = Field(description="Whether credit for completions of today is sent to it.")
    participation: list[SpanOut]
    decides: bool = Field(description="Whether it accepts or rejects credit itself.")
    board_id_required: bool
    birth_date_required: bool
    one_record_per_day: bool
    completions: SpanOut = Field(description="Completion dates that it accepts.")
    activities: SpanOut = Field(description="Activity start dates that it accepts.")
    credit_types: list[CreditTypeOut] = Field(description="Empty where every registered type is accepted.")
    special_credits: list[str]
    changes: list[BoardChangeOut] = Field(description="Facts that change for completions from a day on.")
    source: str

    @classmethod
    def of(cls, kept: Board, today: date) -> BoardOut:
        """Show a board as of a day."""
        board = kept.on(today)
        certifying = board.kind is BoardKind.CERTIFYING
        return cls(
            code=board.code,
            name=board.name,
            kind=board.kind,
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
                CreditTypeOut(name=known.name, aliases=list(known.aliases), completions=SpanOut.of(known.completions))
                for known in board.credit_types
            ],
            special_credits=list(board.special_credits),
            changes=[BoardChangeOut.of(change) for change in board.changes],
            source=board.source,
        )


class BoardList(Out):
    """All boards."""

    data: list[BoardOut]


class RuleOut(Out):
    """A reporting rule."""

    example: ClassVar[Example] = {
        "id": "credit-quarter", "statement": "Credits are reported in steps of 0.25.", "scope": ["all", "activity"],
        "boards": [], "source": "slides", "since": "2021-01-01",
    }  # fmt: skip

    id: str
    severity: Severity
    statement: str
    scope: list[str]
    boards: list[str] = Field(description="Boards to which it applies; empty for all.")
    source: str
    since: date

    @classmethod
    def of(cls, parts: Sequence[RuleFacts]) -> RuleOut:
        """Show a rule; functions that share its id are its parts."""
        first = parts[0]
        return cls(
            id=first.id,
            severity=first.severity,
            statement=" ".join(dict.fromkeys(part.statement for part in parts)),
            scope=[scope.value for part in parts for scope in part.scopes],
            boards=sorted({board for part in parts for board in part.boards}),
            source="; ".join(dict.fromkeys(part.source for part in parts)),
            since=min(part.since for part in parts),
        )


class RuleList(Out):
    """All rules."""

    data: list[RuleOut]


class ActivityFormatOut(Out):
    """An activity format."""

    example: ClassVar[Example] = {
        "code": "live-course", "name": "Live course", "other_names": ["Course"], "span_months": None,
        "span_bound": None, "source": "slides",
    }  # fmt: skip

    code: str
    name: str
    other_names: list[str]
    maximum_checked: bool = Field(description="Whether the activity's maximum limits the credit of learners.")
    span_months: int | None = Field(
        description="Longest duration in months, the anniversary included; null for no limit."
    )
    span_bound: SpanBound | None = Field(description="Whether a longer activity is refused or warned about.")
    source: str

    @classmethod
    def of(cls, known: ActivityFormat) -> ActivityFormatOut:
        """Show a format."""
        return cls(
            code=known.code,
            name=known.name,
            other_names=list(known.other_names),
            maximum_checked=known.maximum_checked,
            span_months=known.span_months,
            span_bound=known.span_bound,
            source=known.source,
        )


class ActivityFormatList(Out):
    """All activity formats."""

    data: list[ActivityFormatOut]


class LicensingStateOut(Out):
    """A place that licenses physicians."""

    example: ClassVar[Example] = {"code": "TN", "name": "Tennessee", "boards": ["TN-M", "TN-O"]}

    code: str
    name: str
    boards: list[str] = Field(description="Codes of its licensing boards.")


class StateList(Out):
    """All states, the District of Columbia and the territories."""

    data: list[LicensingStateOut]


class PracticeAreaOut(Out):
    """A practice area that REMS reports accept."""

    example: ClassVar[Example] = {"name": "Anesthesiology", "aliases": [], "source": "slides"}

    name: str
    aliases: list[str] = Field(description="Others that mean the same.")
    source: str


class PracticeAreaList(Out):
    """All practice areas."""

    data: list[PracticeAreaOut]


class RemsAnswerOut(Out):
    """An accepted answer."""

    example: ClassVar[Example] = {"name": "6-10", "aliases": ["6-10 years"]}

    name: str
    aliases: list[str] = Field(description="Others that mean the same; records are stored with the name.")


class RemsAnswersOut(Out):
    """The lists of answers for REMS, in the order of the accreditor's template."""

    types: list[RemsAnswerOut] = Field(description="Programmes that activities belong to.")
    professions: list[RemsAnswerOut]
    dea_registrations: list[RemsAnswerOut]
    practice_areas: list[RemsAnswerOut]
    times_in_practice: list[RemsAnswerOut]

    @classmethod
    def of(cls, lists: Mapping[str, Answers]) -> RemsAnswersOut:
        """Show the lists."""
        return cls.model_validate(
            {
                kind: [{"name": name, "aliases": list(others)} for name, others in answers.items()]
                for kind, answers in lists.items()
            }
        )


class MedicalSchoolOut(Out):
    """A medical school."""

    example: ClassVar[Example] = {"name": "Vanderbilt University School of Medicine", "source": "AAMC"}

    name: str
    state: str
    degree: Degree
    source: str


class MedicalSchoolList(Out):
    """All medical schools."""

    data: list[MedicalSchoolOut]
