"""Accounts in CME Passport that the operator confirms, and those that two people claim."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from app.console.frame import Flash, go_to, page
from app.console.routes import PageRoute, Sent, value_of
from app.console.visitors import Operator
from app.core.errors import Conflict, NotFound
from app.services.context import read_async, transact_async
from app.services.passport import accounts
from app.services.passport.accounts import AskedAccount, OpenAccount

router = APIRouter(prefix="/operator/passport", route_class=PageRoute, include_in_schema=False)
_HOME = "/operator/passport"


class PassportWorkView(msgspec.Struct, frozen=True, kw_only=True):
    """What waits for the operator in CME Passport."""

    unconfirmed: tuple[OpenAccount, ...]
    asked: tuple[AskedAccount, ...]
    zone: str


@router.get("")
async def show_passport_work(request: Request, visitor: Operator) -> Response:
    """List accounts to confirm, and claims to decide."""
    view = PassportWorkView(
        unconfirmed=tuple(await read_async(visitor.caller, accounts.list_unconfirmed)),
        asked=tuple(await read_async(visitor.caller, accounts.list_asked)),
        zone=visitor.time_zone,
    )
    return page(request, visitor, "pages/operator/passport.html", view)


@router.post("/accounts/{client_id}/confirm")
async def confirm_account(request: Request, visitor: Operator, client_id: str) -> Response:
    """Confirm that an account is the physician's."""
    try:
        await transact_async(visitor.caller, accounts.confirm, client_id)
    except (Conflict, NotFound) as refusal:
        return go_to(request, _HOME, Flash(text=refusal.detail or "There is no such account.", kind="warn"))
    return go_to(request, _HOME, Flash(text="The account is confirmed, and its holder is told."))


@router.post("/claims/{claim_id}")
async def decide_claim(request: Request, visitor: Operator, claim_id: str, sent: Sent) -> Response:
    """Leave an account with its holder, or close it for whoever asked."""
    give = value_of(sent, "decision") == "give"
    try:
        await transact_async(visitor.caller, accounts.decide, claim_id, give=give)
    except (Conflict, NotFound) as refusal:
        return go_to(request, _HOME, Flash(text=refusal.detail or "There is no such claim.", kind="warn"))
    done = "The account is closed: whoever asked opens their own." if give else "The account stays with its holder."
    return go_to(request, _HOME, Flash(text=f"{done} Both are told."))
