"""Held records: what waits for its physician, how long still, and what somebody can do about it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Query, Request
from pydantic import AfterValidator
from starlette.responses import Response

from app.console.drawn_forms import DrawnForm, Said, said_of_findings, said_of_problem
from app.console.forms import BodyForm
from app.console.frame import Flash, go_to, page
from app.console.once import NOTHING_AGAIN, submit_once
from app.console.routes import PageRoute, Sent, value_of
from app.console.visitors import Reporter, Visitor
from app.core.errors import Conflict, InvalidRequest, PreconditionFailed
from app.domain.held import HeldFilter, HeldReason, HeldRecord, HeldStatus, HelpRequest, HelpStatus
from app.domain.parsing import plain_text
from app.schemas.completions import CompletionIn
from app.schemas.held import HelpQuestionIn, body_of_report
from app.services.context import read_async, read_by_key_async, transact_async
from app.services.held import changes, lookup
from app.services.held.lookup import HeldDetail

router = APIRouter(prefix="/p/{provider_id}/held", route_class=PageRoute, include_in_schema=False)
HeldId = Annotated[str, Path(max_length=64), AfterValidator(plain_text)]
Which = Annotated[str, Query(max_length=20)]
Before = Annotated[str | None, Query(max_length=64)]
FORM = BodyForm(CompletionIn, days=["/completed_on", "/cme/*/credit_claim_date", "/moc/*/credit_claim_date"])
QUESTION = BodyForm(HelpQuestionIn)
ROWS = 50
ANY = "any"
_SHOWN = {HeldStatus.WAITING: "held", HeldStatus.ACCEPTED: "accepted", HeldStatus.REFUSED: "refused",
          HeldStatus.SET_ASIDE: "set-aside"}  # fmt: skip
"""The states of records, as tags say them."""
_REASONS = {
    HeldReason.MATCHED: "The learner was matched, and the record counts as if it had been reported then.",
    HeldReason.LINKED: "The operator said who is meant.",
    HeldReason.CORRECTED: "It was corrected, and accepted.",
    HeldReason.EXPIRED: "Nobody was matched in 60 days.",
    HeldReason.RULES: "Another rule refuses it now that it was judged again.",
    HeldReason.BY_SENDER: "It was set aside by hand.",
    HeldReason.SUPERSEDED: "A later record with its reference took its place.",
}


class HeldRow(msgspec.Struct, frozen=True, kw_only=True):
    """A held record as a row shows it."""

    held_id: str
    name: str
    activity_id: str
    completed_on: date | None
    targets: str
    days_left: int
    """Days until it is refused; counts only while it waits."""
    status: str
    help: str
    """What became of the question to the operator; empty where nobody asked."""


class HeldView(msgspec.Struct, frozen=True, kw_only=True):
    """The list of held records."""

    address: str
    which: str
    choices: tuple[tuple[str, str], ...]
    rows: tuple[HeldRow, ...]
    older: str


class HeldRecordView(msgspec.Struct, frozen=True, kw_only=True):
    """One held record: what was sent, why it waits, what became of it."""

    address: str
    held_id: str
    activity_id: str
    completed_on: date | None
    version: int
    status: str
    waits: bool
    can_wait_again: bool
    days_left: int
    submitted_at: datetime
    zone: str
    reason: str
    completion_id: str
    batch_id: str
    name: str
    findings: tuple[Said, ...]
    form: DrawnForm
    """The record as the form that corrects it."""
    kept: tuple[tuple[str, str], ...]
    """Fields of the form that are handed on as they are."""
    shown: tuple[tuple[str, str], ...]
    """(pointer, label) of the fields that say who it is."""
    question: DrawnForm
    help: HelpRequest | None
    help_open: bool
    support: str


@router.get("")
async def list_held(
    request: Request, visitor: Reporter, provider_id: str, status: Which = "waiting", before: Before = None
) -> Response:
    """List held records, the newest first: those that wait unless others are asked for."""
    statuses = [status] if status in set(HeldStatus) else []
    found = await read_async(
        visitor.caller, lookup.page, HeldFilter(statuses=statuses), before=before, limit=ROWS + 1
    )  # fmt: skip
    now = visitor.service.clock()
    rows = tuple(_row_of(detail, now) for detail in found[:ROWS])
    address = f"{visitor.home}/held"
    which = status if statuses else ANY
    view = HeldView(
        address=address,
        which=which,
        choices=(("waiting", "Waiting"), ("accepted", "Accepted"), ("refused", "Refused"),
                 ("set-aside", "Set aside"), (ANY, "All")),
        rows=rows,
        older=f"{address}?status={which}&before={rows[-1].held_id}" if len(found) > ROWS else "",
    )  # fmt: skip
    return page(request, visitor, "pages/held/list.html", view)


@router.get("/{held_id}")
async def show_held(request: Request, visitor: Reporter, provider_id: str, held_id: HeldId) -> Response:
    """Show one held record."""
    detail = await read_by_key_async(visitor.caller, lookup.get, held_id)
    return _show(request, visitor, detail)


@router.post("/{held_id}/correct")
async def correct_held(request: Request, visitor: Reporter, provider_id: str, held_id: HeldId, sent: Sent) -> Response:
    """Correct a record and judge it at once: accepted, or waiting on."""
    caller, typed = visitor.caller, FORM.read(sent)
    before = await read_by_key_async(caller, lookup.get, held_id)
    try:
        report = FORM.validated(typed).as_report(
            caller.provider_id, visitor.service.clock(), before.held.report.entry_method
        )
        version = value_of(sent, "version")
        detail = await transact_async(caller, changes.correct, held_id, f'"{version}"' if version else None, report)
    except PreconditionFailed:
        text = "Somebody else changed this record meanwhile."
        said = Said(pointer="", text=text, hint="Look at it below. Saved again, yours takes its place.")
        return _show(request, visitor, before, DrawnForm(typed.fields, [said]), status=412)
    except (InvalidRequest, Conflict) as refusal:
        said_of = said_of_problem(refusal, typed.fields) or [Said(pointer="", text=refusal.detail)]
        return _show(request, visitor, before, DrawnForm(typed.fields, said_of), status=refusal.status)
    return _go_back(request, visitor, detail, "It was corrected, and waits on: still nobody was matched.")


@router.post("/{held_id}/judge")
async def judge_held(request: Request, visitor: Reporter, provider_id: str, held_id: HeldId, sent: Sent) -> Response:
    """Judge a record now; one that was set aside waits again."""
    done = await submit_once(request, visitor, sent, changes.judge_now, held_id)
    if done.result is None:
        return go_to(request, f"{visitor.home}/held/{held_id}", NOTHING_AGAIN)
    return _go_back(request, visitor, done.result, "It was judged again, and waits on: nobody was matched.")


@router.post("/{held_id}/ask")
async def ask_about_held(
    request: Request, visitor: Reporter, provider_id: str, held_id: HeldId, sent: Sent
) -> Response:
    """Ask the operator for help."""
    typed = QUESTION.read(sent)
    try:
        message = QUESTION.validated(typed).message
    except InvalidRequest as refusal:
        detail = await read_by_key_async(visitor.caller, lookup.get, held_id)
        question = DrawnForm(typed.fields, said_of_problem(refusal, typed.fields), prefix="ask")
        return _show(request, visitor, detail, question=question, status=422)
    await transact_async(visitor.caller, changes.ask, held_id, message)
    flash = Flash(text="The operator was asked, and sees the record as it was sent. The answer will stand here.")
    return go_to(request, f"{visitor.home}/held/{held_id}", flash)


@router.post("/{held_id}/set-aside")
async def set_held_aside(
    request: Request, visitor: Reporter, provider_id: str, held_id: HeldId, sent: Sent
) -> Response:
    """Set a record aside: it is judged no more."""
    done = await submit_once(request, visitor, sent, changes.set_aside, held_id)
    if done.again:
        return go_to(request, f"{visitor.home}/held/{held_id}", NOTHING_AGAIN)
    flash = Flash(
        text="The record was set aside: nothing of it is credited.", link=f"{visitor.home}/held/{held_id}",
        link_text="Let it wait again",
    )  # fmt: skip
    return go_to(request, f"{visitor.home}/held", flash)


def _go_back(request: Request, visitor: Visitor, detail: HeldDetail, waiting: str) -> Response:
    held = detail.held
    flash = Flash(text=waiting, kind="warn")
    if held.status is HeldStatus.ACCEPTED:
        flash = Flash(
            text="The learner was matched: the record counts.",
            link=f"{visitor.home}/completions/{held.completion_id}",
            link_text="See the record",
        )
    elif held.status is not HeldStatus.WAITING:
        flash = Flash(text=_REASONS[held.reason] if held.reason is not None else "It waits no more.", kind="no")
    return go_to(request, f"{visitor.home}/held/{held.held_id}", flash)


def _days_left(held: HeldRecord, now: datetime) -> int:
    return max(0, (held.expires_at - now).days)


def _name_of(held: HeldRecord) -> str:
    person = held.report.person
    return " ".join(filter(None, (person.first_name, person.last_name))) or person.learner_id or "Nobody named"


def _day_of(held: HeldRecord) -> date | None:
    day = held.report.completed_on
    return day if isinstance(day, date) else None


def _row_of(detail: HeldDetail, now: datetime) -> HeldRow:
    held = detail.held
    targets = [cme.state for cme in held.report.cme] + [moc.board for moc in held.report.moc]
    return HeldRow(
        held_id=held.held_id,
        name=_name_of(held),
        activity_id=held.activity_id,
        completed_on=_day_of(held),
        targets=", ".join(filter(None, targets)),
        days_left=_days_left(held, now),
        status=_SHOWN[held.status],
        help="" if detail.help is None else _HELP[detail.help.status],
    )


_HELP = {HelpStatus.OPEN: "Asked", HelpStatus.ANSWERED: "Answered", HelpStatus.CLOSED: "Closed"}


def _fields_of_person(body: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the fields that say who it is: what a miss may come of."""
    fields = [
        ("/learner/first_name", "First name"), ("/learner/last_name", "Last name"),
        ("/learner/date_of_birth", "Birth month and day"), ("/learner/npi", "NPI"),
    ]  # fmt: skip
    for place, cme in enumerate(body.get("cme", ())):
        fields.append((f"/cme/{place}/state", f"State of licence, {cme.get('state', 'none')}"))
        fields.append((f"/cme/{place}/license_id", f"Licence number, {cme.get('state', 'no state')}"))
    fields += [
        (f"/moc/{place}/board_id", f"Board ID, {moc.get('board', 'no board')}")
        for place, moc in enumerate(body.get("moc", ()))
    ]
    return fields


def _show(
    request: Request,
    visitor: Visitor,
    detail: HeldDetail,
    form: DrawnForm | None = None,
    *,
    question: DrawnForm | None = None,
    status: int = 200,
) -> Response:
    held, now = detail.held, visitor.service.clock()
    body = body_of_report(held.report)
    fields = FORM.write(body)
    shown = _fields_of_person(body)
    drawn = {pointer for pointer, _ in shown}
    sent = form.fields if form is not None else fields
    view = HeldRecordView(
        address=visitor.home,
        held_id=held.held_id,
        activity_id=held.activity_id,
        completed_on=_day_of(held),
        version=held.version,
        status=_SHOWN[held.status],
        waits=held.status is HeldStatus.WAITING,
        can_wait_again=held.reason is HeldReason.BY_SENDER and held.expires_at > now,
        days_left=_days_left(held, now),
        submitted_at=held.submitted_at,
        zone=visitor.time_zone,
        reason=_REASONS[held.reason] if held.reason is not None else "",
        completion_id=held.completion_id or "",
        batch_id=held.batch_id or "",
        name=_name_of(held),
        findings=tuple(said_of_findings(held.findings, visitor.home)),
        form=form or DrawnForm(fields),
        kept=tuple((name, text) for name, texts in sent.items() if name not in drawn for text in texts),
        shown=tuple(shown),
        question=question or DrawnForm(prefix="ask"),
        help=detail.help,
        help_open=detail.help is not None and detail.help.status is HelpStatus.OPEN,
        support=visitor.service.settings.support_contact,
    )
    return page(request, visitor, "pages/held/show.html", view, status)
