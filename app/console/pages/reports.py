"""Reports: a provider's standing questions, each with its answer as a table, and as a chart where that says more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.console.activity_words import dates_in_words, format_in_words, missing_in_words
from app.console.charts import Chart, Ranks, rank
from app.console.frame import page
from app.console.lists.addresses import ListRequest, ReportAddress, read_request
from app.console.lists.filters import options_of
from app.console.lists.line_list import FORMATS, STATUSES, board_names
from app.console.lists.listings import Listing, Options, Rows, draw_list, read_rows
from app.console.lists.report_lists import REPORT_LISTS
from app.console.rems_words import RemsFigures
from app.console.report_charts import draw_answer_times, draw_punctuality
from app.console.routes import PageRoute
from app.console.visitors import Reader
from app.core.errors import NotFound
from app.domain.amounts import in_credits
from app.domain.looking.attention import reason_in_words
from app.domain.looking.rems_counts import RemsCounts
from app.domain.looking.standing_reports import (
    REPORTS,
    ReportedActivity,
    ReportLine,
    ReportRows,
    StandingReport,
    UnacceptedGroup,
    YearTotals,
)
from app.domain.looking.yearly_closing import YearlyClosing, close_by
from app.domain.rems import REMS_TYPES
from app.schemas.looking.line_queries import CreditLineQuery
from app.schemas.looking.reports import NotYetAcceptedQuery, RemsReportQuery, ReportQuery, ReportYearQuery
from app.services.context import Caller, read_async
from app.services.lists import Listed
from app.services.looking import attention, chart_figures, credit_lines, rems_report, reports

router = APIRouter(prefix="/p/{provider_id}/reports", route_class=PageRoute, include_in_schema=False)
TITLES = {
    "not-yet-accepted": "Not yet accepted",
    "reported-late": "Reported late",
    "nothing-reported": "Nothing reported",
    "year-totals": "Totals of a year",
    "before-closing": "Before closing",
    "attendance": "Attendance",
    "rems": "REMS programmes",
}
_WHICH = {
    "nothing-reported": reports.unreported_activities,
    "before-closing": reports.activities_to_close,
    "attendance": reports.counted_activities,
}


class ReportsView(msgspec.Struct, frozen=True, kw_only=True):
    """The reports that there are."""

    base: str
    reports: tuple[tuple[str, str, str], ...]
    """(name, title, question)."""


class LineCells(msgspec.Struct, frozen=True, kw_only=True):
    """A credit line of a report."""

    line: ReportLine
    name: str
    credits: float
    why: str


class ActivityCells(msgspec.Struct, frozen=True, kw_only=True):
    """An activity of a report."""

    activity_id: str
    title: str
    about: str
    dates: str
    counted: int | None
    persons: int
    missing: str
    close_by: date | None
    closing_passed: bool


class ReportView(msgspec.Struct, frozen=True, kw_only=True):
    """A report with its rows, which are of one kind."""

    base: str
    name: str
    title: str
    question: str
    list: Listing
    lines: tuple[LineCells, ...] = ()
    activities: tuple[ActivityCells, ...] = ()
    totals: YearTotals | None = None
    counts: RemsFigures | None = None
    formats: dict[str, str] = {}
    ranks: Ranks | None = None
    chart: Chart | None = None
    may_report: bool = False


@router.get("")
async def show_reports(request: Request, visitor: Reader, provider_id: str) -> Response:
    """List the standing questions."""
    readable = [report for report in REPORTS if report.scope in visitor.caller.client.scopes]
    view = ReportsView(
        base=f"{visitor.home}/reports",
        reports=tuple((report.name, TITLES[report.name], report.question) for report in readable),
    )
    return page(request, visitor, "pages/reports/all.html", view)


@router.get("/{name}")
async def show_report(
    request: Request, visitor: Reader, provider_id: str, name: str, address: Annotated[ReportAddress, Query()]
) -> Response:
    """Answer a standing question, under its filters."""
    caller = visitor.caller
    report = next((one for one in REPORTS if one.name == name and one.scope in caller.client.scopes), None)
    if report is None:
        raise NotFound("There is no such report.")
    base, given = visitor.home, address.given()
    if report.rows in (ReportRows.TOTALS, ReportRows.COUNTS):
        given.setdefault("year", [str(caller.service.clock().year)])
    if "rems_type" in given:
        # A programme that is chosen takes the place of the activity that a link named.
        given.pop("activity_id", None)
    path, spec = f"{base}/reports/{name}", REPORT_LISTS[name]
    asked = read_request(caller.service.keyring, caller.provider_id, path, spec, given)
    read = await _read(caller, report, asked)
    options = await _options(caller, asked)
    # Totals are one object, the last row of which is the year.
    rows = Rows(rows=read.totals.groups) if read.totals is not None else read.page
    rows = Rows(rows=[row for one in read.counts.lists for row in one.rows]) if read.counts is not None else rows
    view = ReportView(
        base=base,
        name=name,
        title=TITLES[name],
        question=report.question,
        list=draw_list(asked, rows, TITLES[name], options, f"{base}/downloads"),
        lines=tuple(_line_cells(name, line) for line in read.page.rows) if report.rows is ReportRows.LINES else (),
        activities=_activities(caller, read.page.rows) if report.rows is ReportRows.ACTIVITIES else (),
        totals=read.totals,
        counts=RemsFigures.of(read.counts) if read.counts is not None else None,
        formats=FORMATS,
        ranks=_ranks(base, asked, read),
        chart=await _chart(caller, name, asked),
        may_report="reporter" in visitor.roles,
    )
    return page(request, visitor, "pages/reports/one.html", view, 422 if asked.said else 200)


class _Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a report found."""

    page: Rows[Any] = Rows(rows=())
    totals: YearTotals | None = None
    counts: RemsCounts | None = None
    rejected: Sequence[tuple[str, str | None, int]] = ()
    """(board, reason, lines) of what boards rejected."""


async def _read(caller: Caller, report: StandingReport, asked: ListRequest) -> _Answer:
    if report.rows is ReportRows.TOTALS:
        if not isinstance(asked.query, ReportYearQuery):
            return _Answer()
        return _Answer(totals=await read_async(caller, reports.year_totals, asked.query))
    if report.rows is ReportRows.COUNTS:
        if not isinstance(asked.query, RemsReportQuery):
            return _Answer()
        return _Answer(counts=await read_async(caller, rems_report.count, asked.query))

    async def read(query: Any, after: Any, limit: int) -> Listed[Any]:
        if report.name in _WHICH:
            found = await read_async(caller, reports.activities, query, _WHICH[report.name], after=after, limit=limit)
            return Listed(rows=found, total=None)
        if isinstance(query, NotYetAcceptedQuery):
            lines, _ = await read_async(caller, reports.not_yet_accepted, query, after=after, limit=limit)
            return Listed(rows=lines, total=None)
        assert isinstance(query, ReportQuery)
        late = await read_async(caller, reports.reported_late, query, after=after, limit=limit)
        return Listed(rows=late, total=None)

    page = await read_rows(caller, asked, read)
    return _Answer(page=page, rejected=await _rejected(caller, asked) if page.rows else ())


async def _rejected(caller: Caller, asked: ListRequest) -> Sequence[tuple[str, str | None, int]]:
    """Return what boards rejected, by board and reason: of all years from what Home counts, else of the year."""
    if not isinstance(asked.query, NotYetAcceptedQuery):
        return ()
    if not asked.filters_on:
        entries = await read_async(caller, attention.look)
        return [(group.board, group.reason, group.count) for entry in entries for group in entry.rejected]
    if asked.query.year is None:
        return ()
    grouped = asked.query.model_copy(update={"include": ["groups"]})
    _, groups = await read_async(caller, reports.not_yet_accepted, grouped, after=None, limit=1)
    return [(group.board, group.status_reason, group.lines) for group in groups or () if _is_rejected(group)]


def _is_rejected(group: UnacceptedGroup) -> bool:
    return group.status.value == "rejected"


async def _options(caller: Caller, asked: ListRequest) -> Options:
    """Return what the filters offer: the boards and formats that the provider has lines of."""
    lines = await read_async(caller, credit_lines.facets, CreditLineQuery())
    boards, words = board_names(caller.service.catalogue), {**FORMATS}
    if lines is not None:
        counted = {str(facet): counts for facet, counts in lines.items()}
        boards = {code: name for code, name in boards.items() if counted["board"].get(code)} or boards
    return {
        "board": options_of(boards, None, asked.given.get("board", ())),
        "activity_format": options_of(words),
        "rems_type": options_of({name: name for name in REMS_TYPES}, None, asked.given.get("rems_type", ())),
        "status": options_of({status: word for status, word in STATUSES.items() if status != "accepted"}),
    }


async def _chart(caller: Caller, name: str, asked: ListRequest) -> Chart | None:
    """Return the chart of a report that is not narrowed, but by year: how punctual records are, how fast boards."""
    if name == "reported-late" and isinstance(asked.query, ReportQuery) and not asked.filters_on.keys() - {"year"}:
        return draw_punctuality(await read_async(caller, chart_figures.punctuality, asked.query.year))
    if name == "not-yet-accepted" and not asked.filters_on.keys() - {"status"}:
        return draw_answer_times(await read_async(caller, chart_figures.answer_times))
    return None


def _ranks(base: str, asked: ListRequest, answer: _Answer) -> Ranks | None:
    """Return the bars beside a table: rejections by reason, or what was completed by board."""
    if answer.rejected:
        reasons: dict[str, tuple[int, set[str]]] = {}
        for board, reason, lines in answer.rejected:
            words = reason_in_words(reason)
            count, boards = reasons.get(words, (0, set()))
            reasons[words] = count + lines, boards | {board}
        bars = [
            (words[0].upper() + words[1:], count, _lines_at(base, boards, status="rejected"))
            for words, (count, boards) in reasons.items()
        ]
        return rank("reasons", "Why boards rejected credit", bars, across="Reason")
    if answer.totals is not None and isinstance(asked.query, ReportYearQuery):
        year, by_board = asked.query.year, dict[str, int]()
        for group in answer.totals.groups:
            by_board[group.board] = by_board.get(group.board, 0) + group.lines
        days = {"completed_from": f"01/01/{year}", "completed_to": f"12/31/{year}"}
        found = [(board, lines, _lines_at(base, {board}, **days)) for board, lines in by_board.items() if lines]
        heading = f"Lines of {year} by board, accepted or pending"
        return rank("boards", heading, found, across="Board") if found else None
    return None


def _lines_at(base: str, boards: set[str], **filters: str) -> str:
    return f"{base}/learners?{urlencode([*(('board', board) for board in sorted(boards)), *filters.items()])}"


def _line_cells(name: str, line: ReportLine) -> LineCells:
    return LineCells(
        line=line,
        name=" ".join(filter(None, (line.first_name, line.last_name))),
        credits=in_credits(line.quarters),
        why=line.why_late if name == "reported-late" else line.why_not_accepted,
    )


def _activities(caller: Caller, rows: Sequence[ReportedActivity]) -> tuple[ActivityCells, ...]:
    closing, today = reports.yearly_closing(caller), caller.service.clock().date()
    return tuple(_activity_cells(row, closing, today) for row in rows)


def _activity_cells(reported: ReportedActivity, closing: YearlyClosing | None, today: date) -> ActivityCells:
    activity = reported.stored.activity
    by = close_by(closing, activity.end_date)
    about = " · ".join(filter(None, (format_in_words(activity), activity.activity_id, activity.internal_id)))
    return ActivityCells(
        activity_id=activity.activity_id,
        title=activity.title or activity.activity_id,
        about=about,
        dates=dates_in_words(activity),
        counted=reported.physicians_counted,
        persons=reported.persons,
        missing=missing_in_words(activity, reported.missing_before_closing),
        close_by=by,
        closing_passed=by is not None and by < today,
    )
