"""What physicians say of a provider's records: the list, and one with what was said, what changed, and the answer."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.console.dispute_words import DisputeRow, DisputeView, view_of
from app.console.drawn_forms import DrawnForm, said_of_problem
from app.console.frame import Flash, go_to, page
from app.console.once import submit_once
from app.console.routes import PageRoute, Sent, value_of
from app.console.visitors import Reader, Reporter, Visitor
from app.core.errors import Conflict, InvalidRequest
from app.domain.passport.disputes import DisputeStatus
from app.services.context import read_async
from app.services.passport import answering

router = APIRouter(prefix="/p/{provider_id}/disputes", route_class=PageRoute, include_in_schema=False)
_A_PAGE = 50
Typed = Annotated[str, Query(max_length=64)]


class DisputesView(msgspec.Struct, frozen=True, kw_only=True):
    """What the list shows."""

    address: str
    which: str
    rows: tuple[DisputeRow, ...]
    older: str
    """The address of the next page; empty on the last."""
    choices: tuple[tuple[str, str], ...] = (("open", "Open"), ("ended", "Ended"))


class AnswerView(msgspec.Struct, frozen=True, kw_only=True):
    """What the page of one dispute shows."""

    form: DrawnForm
    base: str
    dispute: DisputeView
    learner_id: str
    """By which the provider's records of the physician are listed; empty where it knows none."""
    may_answer: bool
    may_report: bool


@router.get("")
async def show_disputes(
    request: Request, visitor: Reader, provider_id: str, status: Typed = "open", before: Typed = ""
) -> Response:
    """List what physicians say of the provider's records, the newest first: what is open, or what has ended."""
    ended = status == "ended"
    statuses = [one.value for one in DisputeStatus if one.is_open is not ended]
    found = await read_async(
        visitor.caller, answering.page, statuses=statuses, before=before or None, limit=_A_PAGE + 1
    )
    shown, address = found[:_A_PAGE], f"{visitor.home}/disputes"
    which = "ended" if ended else "open"
    last = shown[-1].case.dispute.dispute_id if len(found) > _A_PAGE else ""
    view = DisputesView(
        address=address,
        which=which,
        rows=tuple(DisputeRow.of(one.case) for one in shown),
        older=f"{address}?status={which}&before={last}" if last else "",
    )
    return page(request, visitor, "pages/disputes/list.html", view)


@router.get("/{dispute_id}")
async def show_dispute(request: Request, visitor: Reader, provider_id: str, dispute_id: str) -> Response:
    """Show one dispute, and how to answer it."""
    return await _show(request, visitor, dispute_id, DrawnForm(), 200)


@router.post("/{dispute_id}/answer")
async def answer_dispute(
    request: Request, visitor: Reporter, provider_id: str, dispute_id: str, sent: Sent
) -> Response:
    """Answer a dispute in words."""
    address = f"{visitor.home}/disputes/{quote(dispute_id)}"
    try:
        await submit_once(request, visitor, sent, answering.answer, dispute_id, value_of(sent, "/message"))
    except InvalidRequest as refusal:
        return await _show(request, visitor, dispute_id, DrawnForm(sent, said_of_problem(refusal, sent)), 422)
    except Conflict as refusal:
        return go_to(request, address, Flash(text=refusal.detail or "Nothing was sent.", kind="warn"))
    return go_to(request, address, Flash(text="Your answer is sent. The physician is told."))


async def _show(request: Request, visitor: Visitor, dispute_id: str, form: DrawnForm, status: int) -> Response:
    found = await read_async(visitor.caller, answering.get, dispute_id)
    may_report = "reporter" in visitor.roles
    answered = found.case.dispute.status is DisputeStatus.ANSWERED
    view = AnswerView(
        form=form,
        base=visitor.home,
        dispute=view_of(found.case, visitor.time_zone),
        learner_id=found.learner_id or "",
        may_answer=may_report and found.case.dispute.status.is_open and not answered,
        may_report=may_report,
    )
    return page(request, visitor, "pages/disputes/show.html", view, status)
