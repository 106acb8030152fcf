"""Add learners: one record typed in, checked, reported, and undone."""

from __future__ import annotations

import json
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from app.console.drawn_forms import DrawnForm, Said, said_of_findings, said_of_problem
from app.console.forms import Typed
from app.console.frame import Flash, go_to, page
from app.console.once import SENT_BEFORE, keyed
from app.console.pages.completion_fields import (
    FORM,
    RecordRows,
    first_fields,
    in_words_of_pages,
    kept_fields,
    read_record,
    rows_of,
)
from app.console.pages.match_marks import Mark, mark_of
from app.console.pages.sittings import (
    JustReported,
    Reported,
    Sitting,
    boards_told,
    describe,
    just_reported,
    name_of,
    open_sitting,
    reported_of,
)
from app.console.routes import PageRoute, Sent, SentFields, value_of
from app.console.visitors import Reporter, Visitor
from app.console.words import day
from app.core.errors import IdempotencyMismatch, InvalidRequest, NotFound, PreconditionFailed
from app.domain.activities import Activity, ActivityStatus
from app.domain.batches import EntryMethod
from app.domain.reports import CompletionReport
from app.services.activities import lookup
from app.services.completions import records
from app.services.context import Work, read_by_key_async, read_one_async, transact_async
from app.services.idempotency import Answer, once
from app.services.reporting import pipeline

router = APIRouter(
    prefix="/p/{provider_id}/activities/{activity_id}/add", route_class=PageRoute, include_in_schema=False
)
Text = Annotated[str, Query(max_length=8_000)]


class EntryView(msgspec.Struct, frozen=True, kw_only=True):
    """What the form of one record shows."""

    form: DrawnForm
    activity: Activity
    base: str
    """The address of the activity."""
    action: str
    rows: RecordRows
    marks: dict[str, Mark]
    days: tuple[tuple[str, str], ...] = ()
    agreed: bool = False
    sitting: str = ""
    reported: tuple[JustReported, ...] = ()
    told: tuple[tuple[str, str], ...] = ()
    """What was said of the last record, each with the address of an earlier record in its way."""
    checked: str = ""
    """What a check found; empty where none was asked for."""
    draft: bool = False
    version: str = ""
    heading: str = "Add learners"
    record: str = ""
    """The address of the record that is corrected."""
    differences: tuple[tuple[str, str, str], ...] = ()
    rejected: tuple[str, ...] = ()
    """What boards said of the record."""
    named_by_id: bool = False
    with_npi: bool = False
    """Whether the NPI has a field: of a record that was reported with one."""
    permission: str = "true"
    """What the tick of a record that is corrected says."""


class MarkView(msgspec.Struct, frozen=True):
    """What the part of a page shows that is one match mark."""

    mark: Mark
    form: DrawnForm
    action: str


class SentRecord(msgspec.Struct, frozen=True):
    """A form of one record that was sent: by whom, and for which activity."""

    request: Request
    visitor: Visitor
    activity: Activity
    sent: Sent


async def _record_sent(
    request: Request, visitor: Reporter, provider_id: str, activity_id: str, sent: Sent
) -> SentRecord:
    return SentRecord(request, visitor, await read_one_async(visitor.caller, lookup.find, activity_id), sent)


Given = Annotated[SentRecord, Depends(_record_sent)]


@router.get("")
async def show_add(
    request: Request,
    visitor: Reporter,
    provider_id: str,
    activity_id: str,
    f: Text = "",
    completed_on: Text = "",
    credits: Text = "",
) -> Response:
    """Show the form for the next learner of a sitting; `f` is the sitting, sealed."""
    activity = await read_one_async(visitor.caller, lookup.find, activity_id)
    sitting = open_sitting(visitor, f, activity_id)
    fields = dict(sitting.fields or first_fields(activity))
    fields |= {"/completed_on": [completed_on]} if completed_on else {}
    fields |= {"/cme/0/credits": [credits]} if credits else {}
    return await _show(request, visitor, activity, sitting, DrawnForm(fields, takes=True), {}, 200)


@router.post("")
async def report(given: Given) -> Response:
    """Report the record of a form once, or only check it."""
    request, visitor, activity, sent = given.request, given.visitor, given.activity, given.sent
    activity_id = activity.activity_id
    sitting = open_sitting(visitor, value_of(sent, "sitting"), activity_id)
    if "take" in sent or value_of(sent, "do") == "check":
        return await _check(given, sitting)
    typed = read_record(sent, activity_id)
    caller = keyed(visitor, sent, "report", typed.body)
    try:
        one = report_of(visitor, typed)

        def produce(work: Work) -> Answer:
            submitted = pipeline.report(work, one)
            assert submitted.completion is not None
            told = [
                (f"{said.text} {said.hint}", said.record_address)
                for said in said_of_findings(submitted.findings, visitor.home)
            ]
            kept = Reported(submitted.completion.completion_id, submitted.completion.version, submitted.outcome)
            return Answer(status=201, body=json.dumps(msgspec.to_builtins(kept) | {"told": told}))

        answer = await transact_async(caller, once, produce)
    except IdempotencyMismatch as problem:
        form = DrawnForm(typed.fields, [SENT_BEFORE], takes=True)
        return await _show(request, visitor, activity, sitting, form, sent, problem.status)
    except InvalidRequest as problem:
        form = DrawnForm(typed.fields, said_of_problem(problem, typed.fields, visitor.home), takes=True)
        return await _show(request, visitor, activity, sitting, form, sent, problem.status)
    done, told = reported_of(answer.body)
    after = sitting.after(done, kept_fields(typed.fields), told, visitor.service.clock())
    base = f"{visitor.home}/activities/{activity_id}"
    if value_of(sent, "do") == "finish":
        stands = await read_by_key_async(visitor.caller, records.get, done.completion_id)
        text = " ".join([f"{describe(stands)}. Reported.", *(text for text, _ in told)])
        record = f"{visitor.home}/completions/{done.completion_id}"
        return go_to(request, base, Flash(text=text[:1_500], kind="warn" if told else "ok", link=record))
    return go_to(request, f"{base}/add?f={after.sealed(visitor, activity_id)}")


@router.post("/match")
async def match(given: Given) -> Response:
    """Answer a script with the mark of the target that the form names."""
    pointer = value_of(given.sent, "target")
    if pointer.rpartition("/")[0] not in ("/cme", "/moc") or not pointer.rpartition("/")[2].isdecimal():
        raise NotFound
    # A record that is corrected, which says its version, is part of what is held already.
    adds_to = given.activity if "version" not in given.sent else None
    mark = await mark_of(given.visitor, given.sent, given.sent, pointer, ask=True, adds_to=adds_to)
    action = f"{given.visitor.home}/activities/{given.activity.activity_id}/add"
    view = MarkView(mark, DrawnForm(), action)
    return page(given.request, given.visitor, "pages/reporting/mark.html", view)


@router.post("/undo")
async def undo(given: Given) -> Response:
    """Withdraw a record that was just reported, if nobody changed it since."""
    visitor, sent, activity_id = given.visitor, given.sent, given.activity.activity_id
    sitting = open_sitting(visitor, value_of(sent, "sitting"), activity_id)
    completion_id, version = value_of(sent, "completion_id"), value_of(sent, "version")
    where = f"{visitor.home}/activities/{activity_id}/add?f={sitting.sealed(visitor, activity_id)}"
    try:
        stands = await read_by_key_async(visitor.caller, records.get, completion_id)
        await transact_async(visitor.caller, records.withdraw, completion_id, f'"{version}"')
    except NotFound:
        return go_to(given.request, where, Flash(text="This record was withdrawn before.", kind="warn"))
    except PreconditionFailed:
        record = f"{visitor.home}/completions/{completion_id}"
        text = "This record was changed since, so it was not withdrawn."
        return go_to(given.request, where, Flash(text=text, kind="warn", link=record))
    text = f"The record of {name_of(stands)} was withdrawn. {boards_told(stands)}"
    return go_to(given.request, where, Flash(text=text.strip()))


def report_of(visitor: Visitor, typed: Typed) -> CompletionReport:
    """Return what was typed as a report; raises `InvalidRequest` with every fault of its form."""
    body = FORM.validated(typed)
    return body.as_report(visitor.caller.provider_id, visitor.service.clock(), EntryMethod.FORM)


def taken(sent: SentFields) -> SentFields:
    """Return a form with the value of the finding's offer that was clicked."""
    pointer, _, offered = value_of(sent, "take").partition(" ")
    return sent | {pointer: [offered]} if pointer.startswith("/") and offered else sent


async def _check(given: SentRecord, sitting: Sitting) -> Response:
    """Judge a record as if it were reported, and store nothing."""
    visitor, activity = given.visitor, given.activity
    typed = read_record(taken(given.sent), activity.activity_id)
    said: list[Said] = []
    checked = "Nothing is in its way. Nothing was stored yet."
    try:
        judged = await records.preview(visitor.caller, report_of(visitor, typed))
        said = said_of_findings(judged.findings, visitor.home)
    except InvalidRequest as problem:
        said = said_of_problem(problem, typed.fields, visitor.home)
    if any(one.severity == "no" for one in said):
        checked = ""
    form = DrawnForm(typed.fields, said, takes=True)
    return await _show(given.request, visitor, activity, sitting, form, given.sent, 200, checked=checked, ask=True)


async def marks_of(
    visitor: Visitor,
    sent: SentFields,
    form: DrawnForm,
    rows: RecordRows,
    *,
    ask: bool,
    adds_to: Activity | None = None,
) -> dict[str, Mark]:
    """Return the marks of the targets of a form, by pointer."""
    fields = {name: list(values) for name, values in form.fields.items()}
    pointers = [*rows.states, "/cme/0", *(board.pointer for board in rows.boards)]
    return {pointer: await mark_of(visitor, sent, fields, pointer, ask=ask, adds_to=adds_to) for pointer in pointers}


async def _show(
    request: Request,
    visitor: Visitor,
    activity: Activity,
    sitting: Sitting,
    form: DrawnForm,
    sent: SentFields,
    status: int,
    *,
    checked: str = "",
    ask: bool = False,
) -> Response:
    form.said = in_words_of_pages(form.said)
    rows = rows_of(form, activity, visitor.service.catalogue)
    base = f"{visitor.home}/activities/{activity.activity_id}"
    today = visitor.service.clock().date()
    view = EntryView(
        form=form,
        activity=activity,
        base=base,
        action=f"{base}/add",
        rows=rows,
        marks=await marks_of(visitor, sent, form, rows, ask=ask, adds_to=activity),
        days=((day(today), "Today"),),
        agreed=sitting.agreed,
        sitting=sitting.sealed(visitor, activity.activity_id),
        reported=await just_reported(visitor, sitting),
        told=sitting.told if not sent else (),
        checked=checked,
        draft=activity.status(today) is ActivityStatus.DRAFT,
    )
    return page(request, visitor, "pages/reporting/add.html", view, status)
