"""`/v1/reports`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from app.core.http.routing import StrictRoute
from app.routers.callers import OperatorReader
from app.schemas.board_reports import BoardReportsOut
from app.services.boards import reports
from app.services.context import read_async

router = APIRouter(prefix="/v1/reports", tags=["Reports"], route_class=StrictRoute)


@router.get("/boards", response_model=BoardReportsOut)
async def report_boards(
    caller: OperatorReader,
    overdue: Annotated[
        bool | None, Query(description="True for boards that owe an answer, false for those that owe none.")
    ] = None,
) -> BoardReportsOut:
    """See how every board with a feed reads and answers, and which of them owe an answer."""
    return BoardReportsOut.of(await read_async(caller, reports.report_boards, overdue=overdue))
