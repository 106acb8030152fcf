"""Boards with a feed: how far each has read, what it has decided, and which owe an answer."""

from __future__ import annotations

from datetime import datetime

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from app.console.charts import Chart
from app.console.frame import page
from app.console.report_charts import draw_feed_ages
from app.console.routes import PageRoute
from app.console.visitors import Operator, Visitor
from app.domain.feeds import BoardReport
from app.services.boards import reports
from app.services.context import read_async

router = APIRouter(prefix="/operator", route_class=PageRoute, include_in_schema=False)


class BoardsView(msgspec.Struct, frozen=True, kw_only=True):
    """Reports on boards."""

    boards: tuple[tuple[BoardReport, str], ...]
    """(report, the board's name)."""
    overdue_only: bool
    zone: str
    now: datetime
    chart: Chart | None


@router.get("/boards")
async def list_boards(request: Request, visitor: Operator) -> Response:
    """List every board with a feed."""
    return await _show(request, visitor, overdue_only=False)


@router.get("/overdue")
async def list_overdue(request: Request, visitor: Operator) -> Response:
    """List the boards that owe an answer."""
    return await _show(request, visitor, overdue_only=True)


async def _show(request: Request, visitor: Visitor, *, overdue_only: bool) -> Response:
    found = await read_async(visitor.caller, reports.report_boards, overdue=True if overdue_only else None)
    known = visitor.service.catalogue.boards
    named = [(report, known[report.board].name if report.board in known else report.board) for report in found]
    now, chart = visitor.service.clock(), None
    if not overdue_only:
        unread = await read_async(visitor.caller, reports.unread_since)
        chart = draw_feed_ages([(report.board, unread.get(report.board)) for report in found], now)
    view = BoardsView(
        boards=tuple(named), overdue_only=overdue_only, zone=visitor.time_zone, now=now, chart=chart
    )  # fmt: skip
    return page(request, visitor, "pages/operator/boards.html", view)
