"""An activity typed in: registered, edited, and copied for another year."""

from __future__ import annotations

import json
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from app.console.drawn_forms import DrawnForm, Said, said_of_findings, said_of_problem
from app.console.forms import Typed
from app.console.frame import Flash, go_to, page
from app.console.once import SENT_BEFORE, keyed
from app.console.pages.activity_fields import (
    CHOICES,
    NEW,
    PATCH,
    ActivityChoices,
    BoardRow,
    OutcomeRow,
    board_rows,
    differences,
    fields_of,
    missing_of,
    missing_to_activate,
    outcome_rows,
    patch_of,
    read_activity,
)
from app.console.pages.in_the_way import InTheWay, name_completions
from app.console.pages.joint_fields import JointFields, joint_fields
from app.console.routes import PageRoute, Sent, value_of
from app.console.visitors import Reporter, Visitor
from app.core.errors import (
    ActivityChangeCoversCredits,
    Conflict,
    IdempotencyMismatch,
    InternalIdTaken,
    InvalidRequest,
    PreconditionFailed,
    Problem,
)
from app.domain.activities import RegisteredActivity
from app.services.activities import changes, lookup, registration
from app.services.context import Work, read_one_async, transact_async
from app.services.idempotency import Answer, once

router = APIRouter(prefix="/p/{provider_id}/activities", route_class=PageRoute, include_in_schema=False)
_REFUSALS = (InvalidRequest, Conflict)
_NOT_COPIED = ("/start_date", "/end_date", "/internal_id", "/learner_counts/", "/measured_outcomes/",
               "/commercial_support/", "none-of-")  # fmt: skip
"""Beginnings of fields that are of one year alone."""
_OF_ONE_YEAR = ("/credit_claim_date", "/attested", "/live_date", "_activity_number")


class ActivityFormView(msgspec.Struct, frozen=True, kw_only=True):
    """What the form of an activity shows."""

    form: DrawnForm
    heading: str
    base: str
    action: str
    boards: tuple[BoardRow, ...]
    outcomes: tuple[OutcomeRow, ...]
    missing: tuple[tuple[str, str], ...]
    title: str = ""
    version: str = ""
    copied: str = ""
    """The activity that was copied."""
    differences: tuple[tuple[str, str, str], ...] = ()
    in_the_way: InTheWay | None = None
    choices: ActivityChoices = CHOICES
    joint: JointFields | None
    """Of jointly accredited providers."""


class ShownForm(msgspec.Struct, frozen=True, kw_only=True):
    """Where a form of an activity stands, and what it is called."""

    heading: str
    action: str
    title: str = ""
    version: str = ""
    copied: str = ""


class SentActivity(msgspec.Struct, frozen=True):
    """A form of an activity that was sent, by whom and for which page."""

    request: Request
    visitor: Visitor
    sent: Sent


async def _activity_sent(request: Request, visitor: Reporter, provider_id: str, sent: Sent) -> SentActivity:
    return SentActivity(request, visitor, sent)


Given = Annotated[SentActivity, Depends(_activity_sent)]


@router.get("/new")
async def show_new(request: Request, visitor: Reporter, provider_id: str) -> Response:
    """Show the form of a new activity."""
    return await _show(request, visitor, Typed({}, {}), [], _new_form(visitor), 200)


@router.post("/new")
async def register(given: Given) -> Response:
    """Register an activity, once for each form."""
    request, visitor, sent = given.request, given.visitor, given.sent
    typed = read_activity(NEW, sent)
    caller = keyed(visitor, sent, "register", typed.body)
    try:
        activity = NEW.validated(typed).as_activity(visitor.caller.provider_id)
        activity = msgspec.structs.replace(activity, activity_id="")

        def produce(work: Work) -> Answer:
            registered = registration.register(work, activity)
            return Answer(status=201, body=json.dumps({"activity_id": registered.activity.activity_id}))

        answer = await transact_async(caller, once, produce)
    except IdempotencyMismatch as mismatch:
        return await _show(request, visitor, typed, [SENT_BEFORE], _new_form(visitor), mismatch.status)
    except _REFUSALS as problem:
        return await _show(request, visitor, typed, _said(problem, typed), _new_form(visitor), problem.status)
    activity_id = json.loads(answer.body)["activity_id"]
    text = f"{activity.title} was registered."
    return go_to(request, f"{visitor.home}/activities/{activity_id}", Flash(text=text))


@router.get("/{activity_id}/edit")
async def show_edit(request: Request, visitor: Reporter, provider_id: str, activity_id: str) -> Response:
    """Show the form of an activity as it stands."""
    shown = await read_one_async(visitor.caller, lookup.get, activity_id)
    typed = Typed(fields_of(shown, visitor.service.clock().date()), {})
    missing = missing_to_activate(shown.activity)
    said = said_of_findings(shown.findings)
    return await _show(request, visitor, typed, said, _edit_form(visitor, shown, shown.version), 200, missing=missing)


@router.post("/{activity_id}/edit")
async def edit(given: Given, activity_id: str) -> Response:
    """Change an activity, if it has still the version that the form was drawn from."""
    request, visitor, sent = given.request, given.visitor, given.sent
    typed = read_activity(PATCH, sent)
    seen = value_of(sent, "version")
    shown = await read_one_async(visitor.caller, lookup.get, activity_id)
    form = _edit_form(visitor, shown, int(seen) if seen.isdecimal() and len(seen) < 10 else 0)
    try:
        change = patch_of(typed)
        changed = await transact_async(visitor.caller, changes.change, activity_id, f'"{seen}"', change.onto)
    except PreconditionFailed as problem:
        form = _edit_form(visitor, shown, shown.version)
        theirs = fields_of(shown, visitor.service.clock().date())
        return await _show(request, visitor, typed, [], form, problem.status, differ=differences(theirs, typed.fields))
    except ActivityChangeCoversCredits as problem:
        ids = problem.extra["completions"]
        in_the_way = await name_completions(visitor, ids, problem.extra["count"])
        return await _show(request, visitor, typed, _said(problem, typed), form, problem.status, in_the_way=in_the_way)
    except _REFUSALS as problem:
        return await _show(request, visitor, typed, _said(problem, typed), form, problem.status)
    same = changed.version == shown.version
    text = "Nothing was different: nothing was changed." if same else f"{changed.activity.title} was changed."
    return go_to(request, f"{visitor.home}/activities/{activity_id}", Flash(text=text))


@router.get("/{activity_id}/copy")
async def show_copy(request: Request, visitor: Reporter, provider_id: str, activity_id: str) -> Response:
    """Show the form of a new activity like another; dates and the provider's own id are asked for anew."""
    shown = await read_one_async(visitor.caller, lookup.get, activity_id)
    fields = {
        name: values
        for name, values in fields_of(shown, visitor.service.clock().date()).items()
        if not name.startswith(_NOT_COPIED) and not name.endswith(_OF_ONE_YEAR)
    }
    title = shown.activity.title or ""
    form = ShownForm(
        heading=f"Copy of {title}",
        action=f"{visitor.home}/activities/new",
        copied=f"{title} ({shown.activity.activity_id})",
    )
    typed = Typed(fields, NEW.read(fields).body)
    return await _show(request, visitor, typed, [], form, 200, missing=missing_to_activate(shown.activity))


def _new_form(visitor: Visitor) -> ShownForm:
    return ShownForm(heading="New activity", action=f"{visitor.home}/activities/new")


def _edit_form(visitor: Visitor, shown: RegisteredActivity, version: int) -> ShownForm:
    title = shown.activity.title or ""
    return ShownForm(
        heading=f"Edit {title}",
        action=f"{visitor.home}/activities/{shown.activity.activity_id}/edit",
        title=title,
        version=str(version),
    )


def _said(problem: Problem, typed: Typed) -> list[Said]:
    if isinstance(problem, InternalIdTaken):
        hint = "Give it another id, or edit the one that has it."
        return [Said(pointer="/internal_id", text=problem.detail, hint=hint)]
    return said_of_problem(problem, typed.fields)


async def _show(
    request: Request,
    visitor: Visitor,
    typed: Typed,
    said: list[Said],
    shown: ShownForm,
    status: int,
    *,
    missing: list[tuple[str, str]] | None = None,
    differ: tuple[tuple[str, str, str], ...] = (),
    in_the_way: InTheWay | None = None,
) -> Response:
    form = DrawnForm(typed.fields, said)
    lacks = missing if missing is not None else missing_of(typed, visitor.caller.provider_id)
    view = ActivityFormView(
        form=form,
        heading=shown.heading,
        base=f"{visitor.home}/activities",
        action=shown.action,
        boards=board_rows(form, visitor.service.catalogue),
        outcomes=outcome_rows(form),
        missing=tuple((words, form.id(pointer)) for words, pointer in lacks),
        title=shown.title,
        version=shown.version,
        copied=shown.copied,
        differences=differ,
        in_the_way=in_the_way,
        joint=await joint_fields(visitor, form, typed.fields),
    )
    return page(request, visitor, "pages/activities/form.html", view, status)
