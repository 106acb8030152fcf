"""Shares: the links by which a physician shows a transcript, made, listed with their views, and ended."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

import msgspec
from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from app.console.drawn_forms import DrawnForm, Said, said_of_problem
from app.console.frame import Flash, go_to, page, whole_address
from app.console.once import submit_once
from app.console.pages.passport.confirming import lead_to_confirming
from app.console.pages.passport.periods import From, To, read_day, read_period, saved_links
from app.console.qr_codes import qr_of
from app.console.routes import PageRoute, Sent, SentFields, value_of
from app.console.visitors import Physician, Visitor
from app.core.errors import Conflict, Forbidden, InvalidRequest
from app.domain.passport.shares import Share
from app.services.context import read_async, transact_async
from app.services.passport import own_periods, shares
from app.services.passport.shares import MyShare, ShareRequest

router = APIRouter(prefix="/passport/shares", route_class=PageRoute, include_in_schema=False)
_DAYS = ("7", "30", "90")
_A_DATE = "date"


class SharesView(msgspec.Struct, frozen=True, kw_only=True):
    """What the list of links shows."""

    shares: tuple[MyShare, ...]
    zone: str


class NewShareView(msgspec.Struct, frozen=True, kw_only=True):
    """The form of a new link."""

    form: DrawnForm
    periods: tuple[tuple[str, str], ...]
    """(address, name) of periods that were saved."""
    kinds: tuple[tuple[str, str, str], ...] = (
        (
            "fixed",
            "The transcript as it stands now",
            "Published under a code; later changes are told beside it.",
        ),
        ("following", "The transcript as it stands whenever it is opened", "Without a code."),
    )
    ends: tuple[tuple[str, str], ...] = (
        *((days, f"{days} days") for days in _DAYS),
        (_A_DATE, "A day"),
    )


class MadeShareView(msgspec.Struct, frozen=True, kw_only=True):
    """A link, this once."""

    share: Share
    link: str
    path: str
    qr: str
    mail: str
    """The address that opens a mail with the link."""


@router.get("")
async def list_shares(request: Request, visitor: Physician) -> Response:
    """List the links with the days on which each was opened."""
    try:
        found = await read_async(visitor.caller, shares.list_mine)
    except Forbidden:
        return lead_to_confirming(request)
    view = SharesView(shares=tuple(found), zone=visitor.time_zone)
    return page(request, visitor, "pages/passport/shares.html", view)


@router.get("/new")
async def show_new_share(request: Request, visitor: Physician, first: From = "", to: To = "") -> Response:
    """Ask for whom a link is, what it shows, and until when."""
    form = DrawnForm({"from": [first], "to": [to], "what": ["fixed"], "until": ["30"]})
    return await _ask(request, visitor, form, 200)


@router.post("/new")
async def make_share(request: Request, visitor: Physician, sent: Sent) -> Response:
    """Make a link, and show it, this once."""
    asked, said = _read(sent)
    if said:
        return await _ask(request, visitor, DrawnForm(sent, said), 422)
    try:
        prepared = await shares.prepare(visitor.caller, asked)
        done = await submit_once(request, visitor, sent, shares.create, asked, prepared)
    except InvalidRequest as refusal:
        return await _ask(request, visitor, DrawnForm(sent, said_of_problem(refusal, sent)), 422)
    except Conflict as refusal:
        return await _ask(request, visitor, DrawnForm(sent, [Said(pointer="", text=refusal.detail)]), refusal.status)
    except Forbidden:
        return lead_to_confirming(request)
    if done.result is None:
        text = "This form has made a link already, which was shown once. End it and make another if it is lost."
        return go_to(request, "/passport/shares", Flash(text=text, kind="warn"))
    path = f"/s/{done.result.token}"
    link = whole_address(request, path)
    view = MadeShareView(
        share=done.result.share, link=link, path=path, qr=qr_of(link, "QR code of the link"),
        mail=f"mailto:?subject={quote('My CME transcript')}&body={quote(link)}",
    )  # fmt: skip
    return page(request, visitor, "pages/passport/share_made.html", view)


@router.post("/{share_id}/end")
async def end_share(request: Request, visitor: Physician, share_id: Annotated[str, Path(max_length=64)]) -> Response:
    """End a link at once."""
    await transact_async(visitor.caller, shares.end, share_id)
    return go_to(request, "/passport/shares", Flash(text="The link has ended: it shows nothing any longer."))


async def _ask(request: Request, visitor: Visitor, form: DrawnForm, status: int) -> Response:
    try:
        saved = await read_async(visitor.caller, own_periods.list_mine)
    except Forbidden:
        return lead_to_confirming(request)
    view = NewShareView(form=form, periods=saved_links("/passport/shares/new", saved))
    return page(request, visitor, "pages/passport/share_new.html", view, status)


def _read(sent: SentFields) -> tuple[ShareRequest, list[Said]]:
    """Return what a form asks for, and what cannot be read of it."""
    period, said = read_period(value_of(sent, "from"), value_of(sent, "to"))
    what, until = value_of(sent, "what"), value_of(sent, "until")
    if what not in ("fixed", "following"):
        said.append(Said(pointer="what", text="Choose what the link shows."))
    last_day = None
    if until == _A_DATE:
        last_day, wrong = read_day("/last_day", value_of(sent, "/last_day"))
        said += wrong
    elif until not in _DAYS:
        said.append(Said(pointer="until", text="Choose until when it works."))
    asked = ShareRequest(
        receiver=value_of(sent, "/receiver"),
        period=period,
        fixed=what == "fixed",
        last_day=last_day,
        days=int(until) if until in _DAYS else None,
        mails_views=value_of(sent, "mails_views") == "true",
    )
    return asked, said
