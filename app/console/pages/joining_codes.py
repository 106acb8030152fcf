"""Joining codes: a provider says to a physician whom it knows that an account in CME Passport is theirs."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from app.console.frame import Flash, go_to, page, whole_address
from app.console.once import submit_once
from app.console.routes import PageRoute, Sent
from app.console.visitors import Reporter
from app.services.passport import accounts

router = APIRouter(prefix="/p/{provider_id}/completions", route_class=PageRoute, include_in_schema=False)


class JoiningCodeView(msgspec.Struct, frozen=True, kw_only=True):
    """What the page shows that a new code is on, this once."""

    code: str
    back: str
    address: str
    """Where the physician types it."""


@router.post("/{completion_id}/joining-code")
async def make_joining_code(
    request: Request, visitor: Reporter, provider_id: str, completion_id: str, sent: Sent
) -> Response:
    """Make a code for the physician of a record, and show it, this once."""
    back = f"{visitor.home}/completions/{completion_id}"
    done = await submit_once(request, visitor, sent, accounts.make_code, completion_id)
    if done.result is None:
        text = "This form has made a code already, which was shown once. Make another if it is lost."
        return go_to(request, back, Flash(text=text, kind="warn"))
    view = JoiningCodeView(code=done.result, back=back, address=whole_address(request, "/passport/join"))
    return page(request, visitor, "pages/completions/joining_code.html", view)
