"""A physician's dispute, followed, settled or passed on; and permission, withdrawn and given back in the settings."""

from __future__ import annotations

from urllib.parse import quote

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from app.console.dispute_words import DisputeView, view_of
from app.console.drawn_forms import DrawnForm, said_of_problem
from app.console.frame import Flash, go_to, page
from app.console.once import submit_once
from app.console.pages.passport.confirming import lead_to_confirming
from app.console.routes import PageRoute, Sent, value_of
from app.console.visitors import Physician, Visitor
from app.core.errors import Conflict, Forbidden, InvalidRequest, NotFound
from app.domain.passport.disputes import DisputeStatus
from app.services.context import read_async
from app.services.passport import disputes, permission
from app.services.passport.permission import ProviderPermission

router = APIRouter(prefix="/passport", route_class=PageRoute, include_in_schema=False)


class MyDisputeView(msgspec.Struct, frozen=True, kw_only=True):
    """What the page of a dispute shows."""

    form: DrawnForm
    dispute: DisputeView
    about: str
    answered: bool
    permission_id: str
    """What can be given back; empty where it is no such dispute, or has ended."""


class PermissionView(msgspec.Struct, frozen=True, kw_only=True):
    """What the page shows by which a provider's permission is withdrawn."""

    form: DrawnForm
    address: str
    name: str
    records: int


@router.get("/disputes/{dispute_id}")
async def show_my_dispute(request: Request, visitor: Physician, dispute_id: str) -> Response:
    """Show where a dispute stands."""
    return await _show(request, visitor, dispute_id, DrawnForm(), 200)


@router.post("/disputes/{dispute_id}/settle")
async def settle_dispute(request: Request, visitor: Physician, dispute_id: str, sent: Sent) -> Response:
    """Say that the record is right now, or take the dispute back."""
    try:
        await submit_once(request, visitor, sent, disputes.settle, dispute_id)
    except Conflict as refusal:
        return _back(request, dispute_id, Flash(text=refusal.detail or "This has ended.", kind="warn"))
    return _back(request, dispute_id, Flash(text="This has ended: nothing is asked of the provider any longer."))


@router.post("/disputes/{dispute_id}/refer")
async def refer_dispute(request: Request, visitor: Physician, dispute_id: str, sent: Sent) -> Response:
    """Ask the operator to decide."""
    try:
        await submit_once(request, visitor, sent, disputes.refer, dispute_id, value_of(sent, "/message"))
    except InvalidRequest as refusal:
        return await _show(request, visitor, dispute_id, DrawnForm(sent, said_of_problem(refusal, sent)), 422)
    except Conflict as refusal:
        return _back(request, dispute_id, Flash(text=refusal.detail or "This has ended.", kind="warn"))
    return _back(request, dispute_id, Flash(text="The operator decides now. You are mailed what was decided."))


@router.get("/settings/permission/{reporter_id}")
async def show_withdrawal_of_provider(request: Request, visitor: Physician, reporter_id: str) -> Response:
    """Say what it means to withdraw a provider's permission, before it is."""
    return await _ask(request, visitor, reporter_id, DrawnForm(), 200)


@router.post("/settings/permission/{reporter_id}")
async def withdraw_from_provider(request: Request, visitor: Physician, reporter_id: str, sent: Sent) -> Response:
    """Withdraw a provider's permission altogether."""
    message = value_of(sent, "/message")
    try:
        await submit_once(request, visitor, sent, permission.withdraw_for_provider, reporter_id, message)
    except InvalidRequest as refusal:
        return await _ask(request, visitor, reporter_id, DrawnForm(sent, said_of_problem(refusal, sent)), 422)
    text = "The permission is withdrawn. The provider was asked to withdraw what stands, and cannot report you again."
    return go_to(request, "/passport/settings", Flash(text=text))


@router.post("/settings/permission/{permission_id}/give-back")
async def give_permission_back(request: Request, visitor: Physician, permission_id: str, sent: Sent) -> Response:
    """Give a permission back."""
    await submit_once(request, visitor, sent, permission.give_back, permission_id)
    text = "The permission is given back: the provider may report again, and is asked for nothing."
    return go_to(request, "/passport/settings", Flash(text=text))


async def _show(request: Request, visitor: Visitor, dispute_id: str, form: DrawnForm, status: int) -> Response:
    try:
        case = await read_async(visitor.caller, disputes.own, dispute_id)
    except Forbidden:
        return lead_to_confirming(request)
    view = MyDisputeView(
        form=form,
        dispute=view_of(case, visitor.time_zone, shows_changes=case.own),
        about=case.activity or case.provider,
        answered=case.dispute.status is DisputeStatus.ANSWERED,
        permission_id=(case.dispute.permission_id or "") if case.dispute.status.is_open else "",
    )
    return page(request, visitor, "pages/passport/dispute.html", view, status)


async def _ask(request: Request, visitor: Visitor, reporter_id: str, form: DrawnForm, status: int) -> Response:
    try:
        found = await read_async(visitor.caller, permission.overview)
    except Forbidden:
        return lead_to_confirming(request)
    one = next((one for one in found if one.provider_id == reporter_id and _may_withdraw(one)), None)
    if one is None:
        raise NotFound("This provider has reported nothing of yours, or may report nothing already.")
    view = PermissionView(
        form=form,
        address=f"/passport/settings/permission/{quote(one.provider_id)}",
        name=one.name,
        records=one.records,
    )
    return page(request, visitor, "pages/passport/withdraw_provider.html", view, status)


def _may_withdraw(one: ProviderPermission) -> bool:
    return one.withdrawn is None and one.records > 0


def _back(request: Request, dispute_id: str, flash: Flash) -> Response:
    return go_to(request, f"/passport/disputes/{quote(dispute_id)}", flash)
