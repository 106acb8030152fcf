"""`/v1/reports/…:export`: reports as files, whole, in the columns of the lists where they are the same."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse

from app.core.errors import RateLimited
from app.core.http.routing import StrictRoute
from app.domain.exports import ExportKind
from app.routers.callers import ActivitiesReader, CompletionsReader, OperatorReader
from app.routers.looking.exports import FILE, export_list
from app.routers.openapi import problems
from app.schemas.looking.exports import (
    AttendanceExportQuery,
    NotYetAcceptedExportQuery,
    RemsExportQuery,
    ReportExportQuery,
    YearTotalsExportQuery,
)
from app.schemas.looking.reports import RemsReportQuery
from app.services.context import read_async
from app.services.looking.rems_export import write_all_providers

router = APIRouter(
    prefix="/v1/reports",
    tags=["Reports"],
    route_class=StrictRoute,
    responses=FILE | problems(RateLimited),
    default_response_class=StreamingResponse,
)


@router.get("/not-yet-accepted:export")
async def export_not_yet_accepted(
    caller: CompletionsReader, query: Annotated[NotYetAcceptedExportQuery, Query()], request: Request
) -> Response:
    """Download the credit that its board has not accepted yet, and why, in the order of the report."""
    return await export_list(caller, ExportKind.NOT_YET_ACCEPTED, query, request)


@router.get("/reported-late:export")
async def export_reported_late(
    caller: CompletionsReader, query: Annotated[ReportExportQuery, Query()], request: Request
) -> Response:
    """Download the credit that was reported more than 30 days after its completion, in the order of the report."""
    return await export_list(caller, ExportKind.REPORTED_LATE, query, request)


@router.get("/nothing-reported:export")
async def export_nothing_reported(
    caller: CompletionsReader, query: Annotated[ReportExportQuery, Query()], request: Request
) -> Response:
    """Download the activities that have begun and for which nobody is reported, in the order of the report."""
    return await export_list(caller, ExportKind.NOTHING_REPORTED, query, request)


@router.get("/before-closing:export")
async def export_before_closing(
    caller: ActivitiesReader, query: Annotated[ReportExportQuery, Query()], request: Request
) -> Response:
    """Download the activities that have ended and are not closed, with what they lack, in the order of the report."""
    return await export_list(caller, ExportKind.BEFORE_CLOSING, query, request)


@router.get("/attendance:export")
async def export_attendance(
    caller: CompletionsReader, query: Annotated[AttendanceExportQuery, Query()], request: Request
) -> Response:
    """Download the persons reported beside the physicians counted, by activity, in the order of the report."""
    return await export_list(caller, ExportKind.ATTENDANCE, query, request)


@router.get("/year-totals:export")
async def export_year_totals(
    caller: CompletionsReader, query: Annotated[YearTotalsExportQuery, Query()], request: Request
) -> Response:
    """Download the totals of a year by board and format.

    The last row, without board and format, is the whole year: a person or an activity counts once in it, so that
    groups do not add up to it. `ndjson` has one line: the totals as the report answers them.
    """
    return await export_list(caller, ExportKind.YEAR_TOTALS, query, request)


@router.get("/rems:export")
async def export_rems(
    caller: CompletionsReader, query: Annotated[RemsExportQuery, Query()], request: Request
) -> Response:
    """Download who took part in risk-mitigation education in a year, by their answers, in the figures of the report.

    The first row is all records; then each answer of each list has a row. `ndjson` has one line: the report as it is
    answered.
    """
    return await export_list(caller, ExportKind.REMS, query, request)


@router.get("/rems-of-all:export", response_class=Response)
async def export_rems_of_all(caller: OperatorReader, query: Annotated[RemsExportQuery, Query()]) -> Response:
    """Download the same over all providers, as one small file."""
    asked = RemsReportQuery.model_validate(query.model_dump(mode="json", exclude={"format"}, exclude_defaults=True))
    made = await read_async(caller, write_all_providers, asked, query.format)
    headers = {"Content-Disposition": f'attachment; filename="{made.name}"', "Cache-Control": "no-store"}
    return Response(made.content, headers=headers, media_type=made.media_type)
