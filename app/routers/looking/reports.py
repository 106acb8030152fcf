"""`/v1/reports`: answers to a provider's standing questions."""

from __future__ import annotations

from operator import itemgetter
from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.core.http.routing import StrictRoute
from app.domain.looking.standing_reports import REPORTS
from app.routers.callers import ActivitiesReader, AnyClient, CompletionsReader, OperatorReader
from app.routers.paging import open_page
from app.schemas.looking.reports import (
    AttendanceQuery,
    NotYetAcceptedPage,
    NotYetAcceptedQuery,
    RemsReportOut,
    RemsReportQuery,
    ReportedActivityOut,
    ReportedActivityPage,
    ReportLineOut,
    ReportLinePage,
    ReportListingOut,
    ReportListOut,
    ReportQuery,
    ReportYearQuery,
    UnacceptedGroupOut,
    YearTotalsOut,
)
from app.services.context import Caller, read_async
from app.services.looking import rems_report, reports
from app.services.looking.reports import WhichActivities

router = APIRouter(prefix="/v1/reports", tags=["Reports"], route_class=StrictRoute)
PATH = "/v1/reports"


@router.get("", response_model=ReportListOut)
async def list_reports(caller: AnyClient) -> ReportListOut:
    """List the reports that the client may read: what each answers, and which filters it takes."""
    readable = [report for report in REPORTS if report.scope in caller.client.scopes]
    return ReportListOut(data=[ReportListingOut.of(report) for report in readable])


@router.get("/not-yet-accepted", response_model=NotYetAcceptedPage)
async def report_not_yet_accepted(
    caller: CompletionsReader, query: Annotated[NotYetAcceptedQuery, Query()], response: Response
) -> NotYetAcceptedPage:
    """List credit that its board has not accepted yet, and why, by the day of completion.

    Rejected credit that was reported again is left out. `include=groups` counts all of it by board and reason.
    """
    asked = await open_page(caller, query, f"{PATH}/not-yet-accepted")
    lines, groups = await read_async(
        caller, reports.not_yet_accepted, asked.query, after=asked.after, limit=asked.limit
    )
    page = asked.page(lines, response, itemgetter(0))
    return NotYetAcceptedPage(
        data=[ReportLineOut.of(line, line.why_not_accepted) for _, line in page.rows],
        next_cursor=page.cursor,
        groups=groups and [UnacceptedGroupOut.model_validate(group, from_attributes=True) for group in groups],
    )


@router.get("/reported-late", response_model=ReportLinePage)
async def report_reported_late(
    caller: CompletionsReader, query: Annotated[ReportQuery, Query()], response: Response
) -> ReportLinePage:
    """List credit that was reported more than 30 days after its completion, by the day of completion.

    Days are counted in UTC from the completion to the first submission of the record, as by the rule
    `reported-within-30-days`. Withdrawn credit is left out.
    """
    asked = await open_page(caller, query, f"{PATH}/reported-late")
    lines = await read_async(caller, reports.reported_late, asked.query, after=asked.after, limit=asked.limit)
    page = asked.page(lines, response, itemgetter(0))
    return ReportLinePage(
        data=[ReportLineOut.of(line, line.why_late) for _, line in page.rows], next_cursor=page.cursor
    )


@router.get("/nothing-reported", response_model=ReportedActivityPage)
async def report_nothing_reported(
    caller: CompletionsReader, query: Annotated[ReportQuery, Query()], response: Response
) -> ReportedActivityPage:
    """List activities that have begun and for which nobody is reported, by the day on which they end."""
    return await _list_activities(caller, reports.unreported_activities, query, "nothing-reported", response)


@router.get("/before-closing", response_model=ReportedActivityPage)
async def report_before_closing(
    caller: ActivitiesReader, query: Annotated[ReportQuery, Query()], response: Response
) -> ReportedActivityPage:
    """List activities that have ended and are not closed, and what they lack; with nothing missing, close them."""
    return await _list_activities(caller, reports.activities_to_close, query, "before-closing", response)


@router.get("/attendance", response_model=ReportedActivityPage)
async def report_attendance(
    caller: CompletionsReader, query: Annotated[AttendanceQuery, Query()], response: Response
) -> ReportedActivityPage:
    """List activities for which physicians were counted, with the persons that are reported, by the day of their end.

    `missed=true` lists those that ended 20 days ago or earlier and had more physicians than persons are reported.
    """
    return await _list_activities(caller, reports.counted_activities, query, "attendance", response)


@router.get("/year-totals", response_model=YearTotalsOut)
async def report_year_totals(caller: CompletionsReader, query: Annotated[ReportYearQuery, Query()]) -> YearTotalsOut:
    """Read the totals of the credit that was completed in a year, by board and format.

    It reads every record of the provider in that year: ask for it once, not for every page that shows a figure of it.
    """
    return YearTotalsOut.of(query.year, await read_async(caller, reports.year_totals, query))


@router.get("/rems", response_model=RemsReportOut)
async def report_rems(caller: CompletionsReader, query: Annotated[RemsReportQuery, Query()]) -> RemsReportOut:
    """Count who took part in risk-mitigation education in a year, by their answers, so that few cannot be told.

    A person is your own id of them, and is counted by the answers of their newest completion of the year; a completion
    by its own. Every figure is rounded down to a multiple of five, the totals as well, and null where fewer than five
    are counted: no count that is not shown follows from those that are.
    """
    return RemsReportOut.of(query, await read_async(caller, rems_report.count, query))


@router.get("/rems-of-all", response_model=RemsReportOut)
async def report_rems_of_all(caller: OperatorReader, query: Annotated[RemsReportQuery, Query()]) -> RemsReportOut:
    """Count the same over all providers, for a REMS programme that asks the accreditor. A person is a provider's."""
    return RemsReportOut.of(query, await read_async(caller, rems_report.count_all, query))


async def _list_activities(
    caller: Caller,
    which: WhichActivities,
    query: ReportQuery,
    name: str,
    response: Response,
) -> ReportedActivityPage:
    asked = await open_page(caller, query, f"{PATH}/{name}")
    found = await read_async(caller, reports.activities, asked.query, which, after=asked.after, limit=asked.limit)
    page = asked.page(found, response, itemgetter(0))
    today, closing = caller.service.clock().date(), reports.yearly_closing(caller)
    return ReportedActivityPage(
        data=[ReportedActivityOut.of(reported, today, closing) for _, reported in page.rows], next_cursor=page.cursor
    )
