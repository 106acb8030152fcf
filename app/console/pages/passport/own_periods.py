"""Saved periods: the physician names one, and finds it again at credits, transcript and shares."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from app.console.drawn_forms import DrawnForm, Said, said_of_problem
from app.console.frame import Flash, go_to, page
from app.console.once import submit_once
from app.console.pages.passport.confirming import lead_to_confirming
from app.console.pages.passport.periods import From, To, period_query, read_period
from app.console.routes import PageRoute, Sent, value_of
from app.console.visitors import Physician, Visitor
from app.console.words import day
from app.core.errors import Conflict, Forbidden, InvalidRequest
from app.domain.passport.own_periods import OwnPeriod
from app.services.context import read_async, transact_async
from app.services.passport import own_periods

router = APIRouter(prefix="/passport/periods", route_class=PageRoute, include_in_schema=False)


class SavedPeriod(msgspec.Struct, frozen=True, kw_only=True):
    """A period of the list."""

    period_id: str
    name: str
    days: str
    credits: str
    """The address of its credit."""


class PeriodsView(msgspec.Struct, frozen=True, kw_only=True):
    """What the page of periods shows."""

    form: DrawnForm
    periods: tuple[SavedPeriod, ...]


@router.get("")
async def show_periods(request: Request, visitor: Physician, first: From = "", to: To = "") -> Response:
    """List the periods that were saved, and ask for another."""
    return await _show(request, visitor, DrawnForm({"from": [first], "to": [to]}), 200)


@router.post("")
async def save_period(request: Request, visitor: Physician, sent: Sent) -> Response:
    """Save a period under a name."""
    period, said = read_period(value_of(sent, "from"), value_of(sent, "to"))
    if said:
        return await _show(request, visitor, DrawnForm(sent, said), 422)
    try:
        await submit_once(request, visitor, sent, own_periods.save, value_of(sent, "/name"), period)
    except InvalidRequest as refusal:
        # The days stand in addresses, too, where their names are no pointers.
        said = [
            msgspec.structs.replace(line, pointer="from" if line.pointer == "/from" else line.pointer)
            for line in said_of_problem(refusal, sent)
        ]
        return await _show(request, visitor, DrawnForm(sent, said), 422)
    except Conflict as refusal:
        return await _show(request, visitor, DrawnForm(sent, [Said(pointer="", text=refusal.detail)]), refusal.status)
    except Forbidden:
        return lead_to_confirming(request)
    return go_to(request, "/passport/periods", Flash(text="The period was saved."))


@router.post("/{period_id}/remove")
async def remove_period(
    request: Request, visitor: Physician, period_id: Annotated[str, Path(max_length=64)]
) -> Response:
    """Remove a period; what was published or shared of it stays."""
    try:
        await transact_async(visitor.caller, own_periods.remove, period_id)
    except Forbidden:
        return lead_to_confirming(request)
    return go_to(request, "/passport/periods", Flash(text="The period was removed."))


async def _show(request: Request, visitor: Visitor, form: DrawnForm, status: int) -> Response:
    try:
        found = await read_async(visitor.caller, own_periods.list_mine)
    except Forbidden:
        return lead_to_confirming(request)
    view = PeriodsView(form=form, periods=tuple(map(_saved, found)))
    return page(request, visitor, "pages/passport/periods.html", view, status)


def _saved(one: OwnPeriod) -> SavedPeriod:
    first = day(one.period.first) if one.period.first is not None else "Beginning"
    last = day(one.period.last) if one.period.last is not None else "today"
    return SavedPeriod(
        period_id=one.period_id,
        name=one.name,
        days=f"{first} – {last}",
        credits=f"/passport/credits{period_query(one.period)}",
    )
