"""One record of a physician: what it says, what became of it, and the ways to say that it is wrong or not permitted."""

from __future__ import annotations

from datetime import date

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from app.console.dispute_words import CHOICES, DisputeView, view_of
from app.console.drawn_forms import DrawnForm, said_of_problem
from app.console.frame import Flash, go_to, page
from app.console.once import submit_once
from app.console.pages.passport.confirming import lead_to_confirming
from app.console.pages.passport.my_credits import MyCredit, show_credit
from app.console.record_words import RecordStep, steps_of
from app.console.routes import PageRoute, Sent, value_of
from app.console.visitors import Physician, Visitor
from app.console.words import day, instant
from app.core.errors import Conflict, Forbidden, InvalidRequest
from app.services.context import read_async
from app.services.passport import disputes, my_records, permission
from app.services.passport.my_records import MyRecordDetail

router = APIRouter(prefix="/passport/credits", route_class=PageRoute, include_in_schema=False)


class MyRecordView(msgspec.Struct, frozen=True, kw_only=True):
    """What the page of one record shows."""

    completion_id: str
    provider_id: str
    provider: str
    activity: str
    completed_on: date
    withdrawn: str
    facts: tuple[tuple[str, str], ...]
    credits: tuple[MyCredit, ...]
    steps: tuple[RecordStep, ...]
    disputes: tuple[DisputeView, ...]
    disputed: bool
    """Whether one about what it says is open, which is told more."""
    unpermitted: tuple[tuple[str, bool], ...]
    """(permission, whether it is of the provider altogether) that was withdrawn."""


class SayView(msgspec.Struct, frozen=True, kw_only=True):
    """What the pages show by which a physician says something of a record."""

    form: DrawnForm
    completion_id: str
    activity: str
    provider: str
    completed_on: date
    choices: tuple[tuple[str, str], ...] = CHOICES


@router.get("/{completion_id}")
async def show_my_record(request: Request, visitor: Physician, completion_id: str) -> Response:
    """Show one record of the physician."""
    found = await _find(visitor, completion_id)
    if found is None:
        return lead_to_confirming(request)
    record, zone = found.record, visitor.time_zone
    withdrawn = record.withdrawn_at
    said = tuple(view_of(case, zone) for case in found.disputes)
    view = MyRecordView(
        completion_id=record.completion_id,
        provider_id=record.provider_id,
        provider=found.provider,
        activity=found.activity,
        completed_on=record.completed_on,
        withdrawn=instant(withdrawn, zone) if withdrawn is not None else "",
        facts=(
            ("Activity", found.activity),
            ("Completed", day(record.completed_on)),
            ("Reported by", found.provider),
            ("Reported", instant(record.submitted_at, zone)),
            ("Reported as", " ".join(filter(None, (record.first_name, record.last_name))) or "Without a name"),
        ),
        credits=tuple(
            show_credit(credit, withdrawn=withdrawn is not None, several=len(record.credits) > 1)
            for credit in record.credits
        ),
        steps=tuple(steps_of(found.versions, {}, zone)),
        disputed=any(one.is_open and not one.about_permission for one in said),
        disputes=said,
        unpermitted=tuple((one.permission_id, one.completion_id is None) for one in found.unpermitted),
    )
    return page(request, visitor, "pages/passport/record.html", view)


@router.get("/{completion_id}/dispute")
async def show_disputing(request: Request, visitor: Physician, completion_id: str) -> Response:
    """Ask what is wrong with a record."""
    return await _ask(request, visitor, completion_id, "say", DrawnForm(), 200)


@router.post("/{completion_id}/dispute")
async def dispute_record(request: Request, visitor: Physician, completion_id: str, sent: Sent) -> Response:
    """Say what is wrong with a record: its provider is told, and answers."""
    kind, message = value_of(sent, "/kind"), value_of(sent, "/message")
    try:
        await submit_once(request, visitor, sent, disputes.open_dispute, completion_id, kind, message)
    except InvalidRequest as refusal:
        form = DrawnForm(sent, said_of_problem(refusal, sent))
        return await _ask(request, visitor, completion_id, "say", form, 422)
    except Conflict as refusal:
        return go_to(request, _address(completion_id), Flash(text=refusal.detail or "Nothing was sent.", kind="warn"))
    text = "The provider was told, and has 30 days to answer. You are mailed what comes of it."
    return go_to(request, _address(completion_id), Flash(text=text))


@router.get("/{completion_id}/permission")
async def show_withdrawing(request: Request, visitor: Physician, completion_id: str) -> Response:
    """Say what it means to withdraw the permission to report a record, before it is."""
    return await _ask(request, visitor, completion_id, "withdraw_permission", DrawnForm(), 200)


@router.post("/{completion_id}/permission")
async def withdraw_permission(request: Request, visitor: Physician, completion_id: str, sent: Sent) -> Response:
    """Withdraw the permission to report a record."""
    message = value_of(sent, "/message")
    try:
        await submit_once(request, visitor, sent, permission.withdraw_for_record, completion_id, message)
    except InvalidRequest as refusal:
        form = DrawnForm(sent, said_of_problem(refusal, sent))
        return await _ask(request, visitor, completion_id, "withdraw_permission", form, 422)
    except Conflict as refusal:
        return go_to(request, _address(completion_id), Flash(text=refusal.detail or "Nothing was sent.", kind="warn"))
    text = "The permission is withdrawn. The provider was asked to withdraw the record, and cannot report it again."
    return go_to(request, _address(completion_id), Flash(text=text))


async def _ask(
    request: Request, visitor: Visitor, completion_id: str, template: str, form: DrawnForm, status: int
) -> Response:
    found = await _find(visitor, completion_id)
    if found is None:
        return lead_to_confirming(request)
    if found.record.withdrawn_at is not None:
        text = "This record was withdrawn already: it counts for nothing."
        return go_to(request, _address(completion_id), Flash(text=text, kind="warn"))
    view = SayView(
        form=form,
        completion_id=found.record.completion_id,
        activity=found.activity,
        provider=found.provider,
        completed_on=found.record.completed_on,
    )
    return page(request, visitor, f"pages/passport/{template}.html", view, status)


async def _find(visitor: Visitor, completion_id: str) -> MyRecordDetail | None:
    """Return a record of the physician; None while the account is not confirmed."""
    try:
        return await read_async(visitor.caller, my_records.get, completion_id)
    except Forbidden:
        return None


def _address(completion_id: str) -> str:
    return f"/passport/credits/{completion_id}"
