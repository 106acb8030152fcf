"""Reports that answer standing questions: their queries and answers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field
from typing_extensions import TypeAliasType

from app.core.http.pagination import FilterQuery, PageQuery
from app.core.whole_numbers import Whole
from app.domain.activities import ActivityStatus
from app.domain.amounts import in_credits
from app.domain.credits import CreditKind, CreditStatus, Delivery
from app.domain.looking import standing_reports as domain
from app.domain.looking.rems_counts import STEP, RemsCounts
from app.domain.looking.standing_reports import ReportedActivity, ReportLine, ReportRows, StandingReport
from app.domain.looking.yearly_closing import YearlyClosing, close_by
from app.schemas.base import Example, Out
from app.schemas.queries import Text, Texts

_Board = Annotated[Texts, Field(description="Code or name of a board: of the credit; of activities, one it is for.")]
_Format = Annotated[Texts, Field(description="Code or name of the activity's format.")]
_FIRST, _LAST = 1900, 9998
Unaccepted = TypeAliasType("Unaccepted", Literal[CreditStatus.PENDING, CreditStatus.REJECTED])
"""Statuses of credit that its board has not accepted."""


class ReportQuery(PageQuery):
    """What a report with pages is narrowed to."""

    year: Annotated[
        int | None,
        Field(
            ge=_FIRST,
            le=_LAST,
            description="Credit that was completed in this year; activities that took place in it, if only in part. "
            "Without it: of all years.",
        ),
        Whole,
    ] = None
    board: _Board = []
    activity_format: _Format = []


class NotYetAcceptedQuery(ReportQuery):
    """A report's filters, the status to list, and whether to count all lines by board and reason."""

    page_fields: ClassVar[frozenset[str]] = frozenset({"limit", "cursor", "include"})

    status: Annotated[
        list[Unaccepted], Field(max_length=10, description="Only credit that stands so. Without it: both.")
    ] = []
    include: Annotated[
        list[Literal["groups"]],
        Field(max_length=10, description="`groups` counts all lines by board and reason, those of all pages."),
    ] = []


class AttendanceQuery(ReportQuery):
    """A report's filters, and whether to list only activities with persons missed, or only the others."""

    missed: Annotated[
        bool | None,
        Field(
            description="`true`: only activities that ended 20 days ago or earlier, with more physicians counted than "
            "persons reported: those that `GET /v1/attention` counts. `false`: only the others."
        ),
    ] = None


class ReportYearQuery(FilterQuery):
    """What the totals of a year are narrowed to."""

    year: Annotated[int, Field(ge=_FIRST, le=_LAST, description="Year of the completions.", examples=[2021]), Whole]
    board: _Board = []
    activity_format: _Format = []


class RemsReportQuery(FilterQuery):
    """Which records of REMS education are counted: those of a year, all or those of one programme or activity."""

    year: Annotated[int, Field(ge=_FIRST, le=_LAST, description="Year of the completions.", examples=[2021]), Whole]
    rems_type: Annotated[
        Text | None,
        Field(description="Only activities of this programme, by any of its names; not together with `activity_id`."),
    ] = None
    activity_id: Annotated[Text | None, Field(description="Only this activity; not together with `rems_type`.")] = None


class ReportListingOut(Out):
    """A report that can be read."""

    example: ClassVar[Example] = {
        "name": "before-closing", "rows": "activities", "parameters": ["year", "board", "activity_format"],
        "question": "Which activities have ended and are not closed, and what do they lack?",
        "where": "/v1/reports/before-closing", "export": "/v1/reports/before-closing:export",
    }  # fmt: skip

    name: str
    question: str = Field(description="What it answers.")
    rows: ReportRows
    parameters: list[str] = Field(description="Names of the filters that it takes, beside `limit` and `cursor`.")
    where: str = Field(description="Its address.")
    export: str = Field(description="Where it is a file: `format=xlsx`, `csv` or `ndjson`.")

    @classmethod
    def of(cls, report: StandingReport) -> Self:
        """Show a report."""
        return cls(
            name=report.name, question=report.question, rows=report.rows, parameters=list(report.parameters),
            where=f"/v1/reports/{report.name}", export=f"/v1/reports/{report.name}:export",
        )  # fmt: skip


class ReportListOut(Out):
    """The reports that the client has the scopes to read."""

    data: list[ReportListingOut]


class ReportLineOut(Out):
    """A credit line: one credit for one board, with its learner as the provider reported them."""

    example: ClassVar[Example] = {
        "kind": "moc", "board": "ABA", "first_name": "Tina", "last_name": "Karacme", "learner_board_id": "35867909",
        "completed_on": "2021-12-01", "submitted_at": "2021-12-14T15:00:00Z", "days_to_report": 13, "credits": 0.25,
        "status": "rejected", "delivery": "board", "status_reason": "name-differs", "status_text": None,
        "status_at": "2021-12-15T06:00:00Z", "why": "ABA rejected it: the name differs.",
        "activity_format": "regularly-scheduled-series",
    }  # fmt: skip

    credit_id: str
    completion_id: str
    activity_id: str
    title: str
    activity_format: str
    kind: CreditKind
    board: str
    first_name: str | None
    last_name: str | None
    learner_id: str | None
    learner_board_id: str | None = Field(description="The learner's number with the board, as reported.")
    completed_on: date
    submitted_at: datetime
    days_to_report: int = Field(
        description="From the completion to the submission; `reported-late` has those above 30."
    )
    credits: float
    status: CreditStatus
    delivery: Delivery
    status_reason: str | None
    status_text: str | None = Field(description="The board's comment in its own words.")
    status_at: datetime
    why: str = Field(description="Why it stands in this report, as a sentence.")

    @classmethod
    def of(cls, line: ReportLine, why: str) -> Self:
        """Show a line, with the reason why it is shown."""
        return cls(
            credit_id=line.credit_id, completion_id=line.completion_id, activity_id=line.activity_id, title=line.title,
            activity_format=line.activity_format, kind=line.kind, board=line.board, first_name=line.first_name,
            last_name=line.last_name, learner_id=line.learner_id, learner_board_id=line.number_reported,
            completed_on=line.completed_on, submitted_at=line.submitted_at, days_to_report=line.days_to_report,
            credits=in_credits(line.quarters), status=line.status, delivery=line.delivery,
            status_reason=line.status_reason, status_text=line.status_text, status_at=line.status_at, why=why,
        )  # fmt: skip


class UnacceptedGroupOut(Out):
    """Credit of one board that is not accepted, for one reason."""

    example: ClassVar[Example] = {
        "board": "ABIM", "status": "rejected", "status_reason": "name-differs", "lines": 9, "persons": 7,
    }  # fmt: skip

    board: str
    status: Unaccepted
    status_reason: str | None
    lines: int
    persons: int


class ReportLinePage(Out):
    """A page of credit lines, by the day of completion."""

    data: list[ReportLineOut]
    next_cursor: str | None


class NotYetAcceptedPage(ReportLinePage):
    """The same, with all lines by board and reason."""

    groups: list[UnacceptedGroupOut] | None = Field(description="Null unless `include=groups` asks for them.")


class ReportedActivityOut(Out):
    """An activity, by what it has and lacks."""

    example: ClassVar[Example] = {
        "internal_id": "Ex2-1", "title": "Grand Rounds Anesthesia", "activity_format": "regularly-scheduled-series",
        "start_date": "2021-01-17", "end_date": "2021-12-17", "status": "ready-to-close",
        "missing": ["measured_outcomes", "moc.0.attested"], "physicians_counted": 120, "others_counted": 14,
        "persons_reported": 118, "missed": True, "close_by": "2022-03-31",
    }  # fmt: skip

    activity_id: str
    internal_id: str | None
    title: str
    activity_format: str
    start_date: date
    end_date: date
    status: ActivityStatus
    missing: list[str] = Field(description="Fields without which it cannot be closed, as dotted paths.")
    physicians_counted: int | None = Field(description="`learner_counts.physicians`, as the provider entered it.")
    others_counted: int | None = Field(description="`learner_counts.others`, as the provider entered it.")
    persons_reported: int = Field(description="Persons with a record that stands.")
    missed: bool = Field(
        description="Whether it ended 20 days ago or earlier, with more physicians counted than persons reported."
    )

    close_by: date | None = Field(
        description="By when it is to be closed, as the accreditor closes the year in which it ended; null where the "
        "installation knows no such day."
    )

    @classmethod
    def of(cls, reported: ReportedActivity, today: date, closing: YearlyClosing | None) -> Self:
        """Show an activity, with its status today."""
        activity = reported.stored.activity
        return cls.model_validate(
            {
                "activity_id": activity.activity_id,
                "internal_id": activity.internal_id,
                "title": activity.title,
                "activity_format": activity.format,
                "start_date": activity.start_date,
                "end_date": activity.end_date,
                "status": activity.status(today),
                "missing": reported.missing_before_closing,
                "physicians_counted": reported.physicians_counted,
                "others_counted": reported.others_counted,
                "persons_reported": reported.persons,
                "missed": reported.missed(today),
                "close_by": close_by(closing, activity.end_date),
            }
        )


class ReportedActivityPage(Out):
    """A page of activities, by the day on which they end."""

    data: list[ReportedActivityOut]
    next_cursor: str | None


class GroupTotalsOut(Out):
    """Totals of one board and format."""

    example: ClassVar[Example] = {
        "board": "TN-M", "activity_format": "live-course", "lines": 310, "lines_accepted": 300, "lines_pending": 10,
        "lines_rejected": 2, "persons": 84, "activities": 12, "credits": 407.25,
    }  # fmt: skip

    board: str
    activity_format: str
    lines: int = Field(description="Credit that counts: accepted, or pending.")
    lines_accepted: int
    lines_pending: int
    lines_rejected: int = Field(description="Rejected, with nothing in its place; counted nowhere else.")
    persons: int
    activities: int
    credits: float


class YearTotalsOut(Out):
    """Totals of the credit that was completed in a year."""

    example: ClassVar[Example] = {"year": 2021, "lines": 310, "lines_rejected": 2, "persons": 84, "activities": 12}

    year: int
    lines: int = Field(description="Credit that counts: accepted, or pending.")
    lines_rejected: int
    persons: int = Field(description="Persons with credit that counts, each once, whichever boards it is for.")
    activities: int = Field(description="Activities with credit that counts.")
    groups: list[GroupTotalsOut] = Field(description="The same by board and format, and the sum of credits.")

    @classmethod
    def of(cls, year: int, totals: domain.YearTotals) -> Self:
        """Show the totals of a year."""
        names = (
            "board", "activity_format", "lines", "lines_accepted", "lines_pending", "lines_rejected", "persons",
            "activities", "credits",
        )  # fmt: skip
        return cls(
            year=year,
            lines=totals.lines,
            lines_rejected=totals.lines_rejected,
            persons=totals.persons,
            activities=totals.activities,
            groups=[
                GroupTotalsOut.model_validate({name: getattr(group, name) for name in names}) for group in totals.groups
            ],
        )


class AnswerCountOut(Out):
    """The figures of one answer, in steps of five; null where fewer than five are counted."""

    example: ClassVar[Example] = {"answer": "Pharmacist", "persons": 15, "completions": 20}

    answer: str
    persons: int | None = Field(description="Whose newest completion has this answer: each person is in one row.")
    completions: int | None = Field(description="With this answer.")


class RemsReportOut(Out):
    """Learners of REMS education in a year, by their answers. Every figure is rounded down to a multiple of five."""

    example: ClassVar[Example] = {
        "year": 2021, "rems_type": "Opioid Analgesic", "activity_id": None, "step": 5, "persons": 120,
        "completions": 135,
    }  # fmt: skip

    year: int
    rems_type: str | None
    activity_id: str | None
    step: int = Field(description="20 stands for 20 to 24 where it is 5, null for 0 to 4.")
    persons: int | None = Field(description="Persons by your own ids of them, each once; null below the step.")
    completions: int | None = Field(description="Records that stand; null below the step.")
    profession: list[AnswerCountOut]
    practice_area: list[AnswerCountOut] = Field(description="`N/A or not given` also counts what is not on the list.")
    dea_registration: list[AnswerCountOut] = Field(description="`Not given` also counts what is not on the list.")
    surgical_procedures: list[AnswerCountOut]
    time_in_practice: list[AnswerCountOut] = Field(description="`Not given` also counts what is not on the list.")

    @classmethod
    def of(cls, query: RemsReportQuery, counts: RemsCounts) -> Self:
        """Show what is shown of the records that a query asks for."""
        return cls.model_validate(
            {
                "year": query.year,
                "rems_type": query.rems_type,
                "activity_id": query.activity_id,
                "step": STEP,
                "persons": counts.persons,
                "completions": counts.completions,
                **{
                    one.field: [
                        {"answer": row.answer, "persons": row.persons, "completions": row.completions}
                        for row in one.rows
                    ]
                    for one in counts.lists
                },
            }
        )
