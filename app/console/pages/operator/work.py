"""What waits for the operator: questions about records, overdue boards, who may be one person, CME Passport."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from app.console.frame import go_to, page
from app.console.routes import PageRoute
from app.console.visitors import Operator
from app.domain.feeds import BoardReport
from app.domain.held import HelpStatus
from app.domain.passport.operator_work import PassportWaiting
from app.services.boards import reports
from app.services.context import read_async
from app.services.held import help_requests
from app.services.passport import answering
from app.services.registry import pair_review

router = APIRouter(prefix="/operator", route_class=PageRoute, include_in_schema=False)
MOST = 100


class WorkView(msgspec.Struct, frozen=True, kw_only=True):
    """What waits."""

    questions: int
    more_questions: bool
    overdue: tuple[BoardReport, ...]
    pairs: int
    more_pairs: bool
    passport: PassportWaiting
    """Claims to physicians' accounts, and disputes about what was reported for them."""


@router.get("")
async def show_work(request: Request, visitor: Operator) -> Response:
    """Show what waits for the operator."""
    caller = visitor.caller
    asked = await read_async(
        caller, help_requests.page, statuses=[HelpStatus.OPEN.value], provider_ids=[], after=None, limit=MOST + 1
    )
    overdue = await read_async(caller, reports.report_boards, overdue=True)
    pairs = await read_async(caller, pair_review.count_open, MOST + 1)
    view = WorkView(
        questions=min(len(asked), MOST), more_questions=len(asked) > MOST, overdue=tuple(overdue),
        pairs=min(pairs, MOST), more_pairs=pairs > MOST,
        passport=await read_async(caller, answering.waiting_for_operator),
    )  # fmt: skip
    return page(request, visitor, "pages/operator/work.html", view)


@router.get("/work")
async def lead_to_work(request: Request, visitor: Operator) -> Response:
    """Lead to what waits."""
    return go_to(request, "/operator")
