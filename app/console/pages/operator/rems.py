"""What a REMS programme asks the accreditor for: who took part in a year, over all providers."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.console.frame import file_headers, page
from app.console.lists.addresses import DownloadAddress, ListAddress, ListRequest, ReportAddress, read_request
from app.console.lists.filters import options_of
from app.console.lists.listings import Listing, Rows, draw_list
from app.console.lists.report_lists import REPORT_LISTS
from app.console.rems_words import RemsFigures
from app.console.routes import PageRoute
from app.console.visitors import Operator, Visitor
from app.core.errors import ParameterInvalid
from app.domain.exports import ExportFormat
from app.domain.rems import REMS_TYPES
from app.schemas.looking.reports import RemsReportQuery
from app.services.context import read_async
from app.services.looking import rems_report
from app.services.looking.rems_export import write_all_providers

router = APIRouter(prefix="/operator", route_class=PageRoute, include_in_schema=False)
_PATH, _FOLDER = "/operator/rems", "/operator/downloads"
_TITLE = "REMS programmes, all providers"


class RemsView(msgspec.Struct, frozen=True, kw_only=True):
    """The report over all providers."""

    title: str
    list: Listing
    counts: RemsFigures | None


@router.get("/rems")
async def show_rems(request: Request, visitor: Operator, address: Annotated[ReportAddress, Query()]) -> Response:
    """Show who took part in a year, this one unless another is named."""
    asked = _asked(visitor, address)
    counts, rows = None, Rows[object](rows=())
    if isinstance(asked.query, RemsReportQuery):
        found = await read_async(visitor.caller, rems_report.count_all, asked.query)
        counts, rows = RemsFigures.of(found), Rows(rows=[row for one in found.lists for row in one.rows])
    types = options_of({name: name for name in REMS_TYPES}, None, asked.given.get("rems_type", ()))
    view = RemsView(
        title=_TITLE, list=draw_list(asked, rows, _TITLE, {"rems_type": types}, _FOLDER), counts=counts
    )  # fmt: skip
    return page(request, visitor, "pages/operator/rems.html", view, 422 if asked.said else 200)


@router.get("/downloads/rems")
async def download_rems(visitor: Operator, address: Annotated[DownloadAddress, Query()]) -> Response:
    """Send the report as a file."""
    asked = _asked(visitor, address)
    format = next(iter(address.given().get("format", ())), ExportFormat.XLSX.value)
    if format not in {one.value for one in ExportFormat}:
        raise ParameterInvalid.of("format", "There is no such format.", f"It is one of: {', '.join(ExportFormat)}.")
    if not isinstance(asked.query, RemsReportQuery):
        raise ParameterInvalid.of(asked.said[0].pointer, asked.said[0].text, asked.said[0].hint)
    made = await read_async(visitor.caller, write_all_providers, asked.query, ExportFormat(format))
    return Response(made.content, headers=file_headers(made.name), media_type=made.media_type)


def _asked(visitor: Visitor, address: ListAddress) -> ListRequest:
    given = address.given()
    given.setdefault("year", [str(visitor.service.clock().year)])
    given.pop("activity_id", None)
    return read_request(visitor.service.keyring, "", _PATH, REPORT_LISTS["rems"], given)
