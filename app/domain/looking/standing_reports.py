"""Reports that answer standing questions of a provider: their names, and what their rows hold."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from datetime import date, datetime

import msgspec

from app.domain.activities import RegisteredActivity
from app.domain.amounts import in_credits
from app.domain.credits import CreditKind, CreditStatus, Delivery
from app.domain.looking.attention import REPORTED_AFTER_END, reason_in_words

UNACCEPTED = (CreditStatus.PENDING, CreditStatus.REJECTED)
"""Statuses of credit that its board has not accepted."""


class ReportRows(enum.StrEnum):
    """What the rows of a report are."""

    LINES = "lines"
    """Credit lines: one credit for one board."""
    ACTIVITIES = "activities"
    """Activities."""
    TOTALS = "totals"
    """Totals: one object, without pages."""
    COUNTS = "counts"
    """Figures in steps, of which none can be told of a few people: one object, without pages."""


class StandingReport(msgspec.Struct, frozen=True, kw_only=True):
    """A report as it is listed."""

    name: str
    question: str
    rows: ReportRows
    parameters: tuple[str, ...]
    scope: str
    """What a client needs to read it."""


_FILTERS = ("year", "board", "activity_format")
REPORTS = (
    StandingReport(
        name="not-yet-accepted", rows=ReportRows.LINES, parameters=(*_FILTERS, "status", "include"),
        question="Which credit has its board not accepted yet, and why?", scope="completions:read",
    ),
    StandingReport(
        name="reported-late", rows=ReportRows.LINES, parameters=_FILTERS,
        question="Which credit was reported more than 30 days after its completion?", scope="completions:read",
    ),
    StandingReport(
        name="nothing-reported", rows=ReportRows.ACTIVITIES, parameters=_FILTERS,
        question="For which activities that have begun is nobody reported?", scope="completions:read",
    ),
    StandingReport(
        name="year-totals", rows=ReportRows.TOTALS, parameters=_FILTERS,
        question="How much credit was completed in a year, by board and format?", scope="completions:read",
    ),
    StandingReport(
        name="before-closing", rows=ReportRows.ACTIVITIES, parameters=_FILTERS,
        question="Which activities have ended and are not closed, and what do they lack?", scope="activities:read",
    ),
    StandingReport(
        name="attendance", rows=ReportRows.ACTIVITIES, parameters=(*_FILTERS, "missed"),
        question="How many persons are reported, against the physicians that were counted?", scope="completions:read",
    ),
    StandingReport(
        name="rems", rows=ReportRows.COUNTS, parameters=("year", "rems_type", "activity_id"),
        question="Who took part in risk-mitigation education (REMS) in a year, by their answers?",
        scope="completions:read",
    ),
)  # fmt: skip


class ReportFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What a report is narrowed to; `boards` and `formats` are codes, None for all of them."""

    provider_id: str
    year: int | None
    boards: Sequence[str] | None
    formats: Sequence[str] | None

    @property
    def first_day(self) -> date:
        """The first day of the year; without one, of time."""
        return date.min if self.year is None else date(self.year, 1, 1)

    @property
    def last_day(self) -> date:
        """The last day of the year; without one, of time."""
        return date.max if self.year is None else date(self.year, 12, 31)


class ReportLine(msgspec.Struct, frozen=True, kw_only=True):
    """A credit line: one credit for one board, with its learner as the provider reported them."""

    credit_id: str
    completion_id: str
    activity_id: str
    title: str
    activity_format: str
    kind: CreditKind
    board: str
    first_name: str | None
    last_name: str | None
    """None of somebody who was erased."""
    learner_id: str | None
    number_reported: str | None
    """The learner's number with the board, as the sender wrote it."""
    completed_on: date
    submitted_at: datetime
    quarters: int
    status: CreditStatus
    delivery: Delivery
    status_reason: str | None
    status_text: str | None
    status_at: datetime

    @property
    def days_to_report(self) -> int:
        """Days from the completion to the submission, as `reported-within-30-days` counts them."""
        return (self.submitted_at.date() - self.completed_on).days

    @property
    def why_not_accepted(self) -> str:
        """Why it is not accepted yet, as a sentence."""
        if self.status is not CreditStatus.REJECTED:
            return f"{self.board} has not answered yet."
        words = f' "{self.status_text}"' if self.status_text else ""
        return f"{self.board} rejected it: {reason_in_words(self.status_reason)}.{words}"

    @property
    def why_late(self) -> str:
        """How late it was reported, as a sentence."""
        return f"Reported {self.days_to_report} days after the completion."


class UnacceptedGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Credit lines of one board that are not accepted, for one reason."""

    board: str
    status: CreditStatus
    status_reason: str | None
    lines: int
    persons: int


class ReportedActivity(msgspec.Struct, frozen=True, kw_only=True):
    """An activity with how many persons are reported for it."""

    stored: RegisteredActivity
    persons: int

    @property
    def physicians_counted(self) -> int | None:
        """How many physicians took part by the provider's count."""
        counts = self.stored.activity.details.get("learner_counts") or {}
        return counts.get("physicians")

    @property
    def others_counted(self) -> int | None:
        """How many others took part by the provider's count."""
        counts = self.stored.activity.details.get("learner_counts") or {}
        return counts.get("others")

    @property
    def missing_before_closing(self) -> list[str]:
        """The fields without which it cannot be closed, as dotted paths."""
        activity = self.stored.activity
        return [*activity.missing_to_activate(), *activity.missing_to_close()]

    def missed(self, today: date) -> bool:
        """Whether it ended 20 days ago or earlier, and had more physicians than persons are reported."""
        end, counted = self.stored.activity.end_date, self.physicians_counted
        return isinstance(end, date) and end <= today - REPORTED_AFTER_END and (counted or 0) > self.persons


class GroupTotals(msgspec.Struct, frozen=True, kw_only=True):
    """Totals of one board and format."""

    board: str
    activity_format: str
    lines_accepted: int
    lines_pending: int
    lines_rejected: int
    """Rejected credit that nothing has taken the place of: it counts nowhere else."""
    persons: int
    activities: int
    quarters: int

    @property
    def lines(self) -> int:
        """Lines that count: accepted or pending."""
        return self.lines_accepted + self.lines_pending

    @property
    def credits(self) -> float:
        """The sum of what counts."""
        return in_credits(self.quarters)


class YearTotals(msgspec.Struct, frozen=True, kw_only=True):
    """Totals of a year. No credits: CME that went to two boards would count twice."""

    groups: Sequence[GroupTotals]
    persons: int
    activities: int

    @property
    def lines(self) -> int:
        """Lines that count."""
        return sum(group.lines for group in self.groups)

    @property
    def lines_rejected(self) -> int:
        """Lines that are rejected."""
        return sum(group.lines_rejected for group in self.groups)
