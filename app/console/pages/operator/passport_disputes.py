"""Physicians' disputes that the operator decides: no answer came in time, or the answer will not do."""

from __future__ import annotations

from typing import cast, get_args
from urllib.parse import quote

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from app.console.dispute_words import DisputeRow, DisputeView, view_of
from app.console.drawn_forms import DrawnForm, Said, said_of_problem
from app.console.frame import Flash, go_to, page
from app.console.once import submit_once
from app.console.routes import PageRoute, Sent, value_of
from app.console.visitors import Operator, Visitor
from app.core.errors import Conflict, InvalidRequest
from app.domain.passport.disputes import DisputeStatus
from app.services.context import read_async
from app.services.passport import answering
from app.services.passport.answering import Decision

router = APIRouter(prefix="/operator/passport/disputes", route_class=PageRoute, include_in_schema=False)
_HOME = "/operator/passport/disputes"


class DecidingView(msgspec.Struct, frozen=True, kw_only=True):
    """What waits for the operator, and what else there is."""

    referred: tuple[DisputeRow, ...]
    others: tuple[DisputeRow, ...]
    """The newest that providers have, or that have ended."""


class DecisionView(msgspec.Struct, frozen=True, kw_only=True):
    """What the page of one dispute shows."""

    form: DrawnForm
    dispute: DisputeView
    to_decide: bool
    provider_id: str


@router.get("")
async def show_disputes_to_decide(request: Request, visitor: Operator) -> Response:
    """List disputes to decide, the oldest first, and the newest others."""
    view = DecidingView(
        referred=tuple(map(DisputeRow.of, await read_async(visitor.caller, answering.list_referred))),
        others=tuple(map(DisputeRow.of, await read_async(visitor.caller, answering.list_others))),
    )
    return page(request, visitor, "pages/operator/passport_disputes.html", view)


@router.get("/{dispute_id}")
async def show_dispute_to_decide(request: Request, visitor: Operator, dispute_id: str) -> Response:
    """Show a dispute, and what can be decided."""
    return await _show(request, visitor, dispute_id, DrawnForm(), 200)


@router.post("/{dispute_id}/decide")
async def decide_dispute(request: Request, visitor: Operator, dispute_id: str, sent: Sent) -> Response:
    """Decide a dispute: all are told."""
    decision, message = value_of(sent, "decision"), value_of(sent, "/message")
    if decision not in get_args(Decision):
        said = Said(pointer="", text="Nothing was decided.", hint="Press one of the buttons.")
        return await _show(request, visitor, dispute_id, DrawnForm(sent, [said]), 422)
    try:
        await submit_once(request, visitor, sent, answering.decide, dispute_id, cast("Decision", decision), message)
    except InvalidRequest as refusal:
        return await _show(request, visitor, dispute_id, DrawnForm(sent, said_of_problem(refusal, sent)), 422)
    except Conflict as refusal:
        flash = Flash(text=refusal.detail or "Nothing was decided.", kind="warn")
        return go_to(request, f"{_HOME}/{quote(dispute_id)}", flash)
    return go_to(request, _HOME, Flash(text="It is decided. The physician and the provider are told."))


async def _show(request: Request, visitor: Visitor, dispute_id: str, form: DrawnForm, status: int) -> Response:
    case = await read_async(visitor.caller, answering.look, dispute_id)
    view = DecisionView(
        form=form,
        dispute=view_of(case, visitor.time_zone),
        to_decide=case.dispute.status is DisputeStatus.REFERRED,
        provider_id=case.dispute.provider_id,
    )
    return page(request, visitor, "pages/operator/passport_dispute.html", view, status)
