"""One record: its facts, its credits and what became of them; and the page that withdraws records."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from app.console.frame import Flash, go_to, page
from app.console.lists.addresses import MOST_TICKED, Ticked
from app.console.lists.line_list import ENTRY_METHODS, rejected_in_words
from app.console.record_words import (
    RecordStep,
    boards_told,
    credit_in_words,
    learner_in_words,
    steps_of,
    told_in_words,
)
from app.console.routes import PageRoute, Sent
from app.console.visitors import Reader, Reporter, Visitor
from app.console.words import counted, day, instant
from app.core.errors import NotFound, PreconditionFailed
from app.domain.amounts import format_quarters, in_credits
from app.domain.credits import Completion, Credit, CreditKind, CreditStatus, Delivery
from app.services.activities import lookup
from app.services.completions import records
from app.services.context import read_async, read_one_async, transact_async
from app.services.people import client_names

router = APIRouter(prefix="/p/{provider_id}/completions", route_class=PageRoute, include_in_schema=False)


class CreditCells(msgspec.Struct, frozen=True, kw_only=True):
    """A credit of a record."""

    board: str
    board_name: str
    number: str
    credits: float
    types: tuple[str, ...]
    status: str
    says: str
    since: str
    sent: str

    @classmethod
    def of(cls, credit: Credit, visitor: Visitor) -> CreditCells:
        """Show a credit."""
        board = visitor.service.catalogue.board(credit.board)
        types = tuple(f"{format_quarters(quarters)} {name}" for name, quarters in credit.credit_types)
        return cls(
            board=credit.board,
            board_name=board.name if board is not None else "",
            number=credit.number_reported or "",
            credits=in_credits(credit.quarters),
            types=("AMA PRA Category 1", *types) if credit.kind is CreditKind.CME else types,
            status=credit.status.value,
            says=rejected_in_words(credit.status, credit.status_reason, credit.status_text),
            since=instant(credit.status_at, visitor.time_zone),
            sent="" if credit.delivery is Delivery.BOARD else "On the transcript only: the board takes no reports",
        )


class RecordView(msgspec.Struct, frozen=True, kw_only=True):
    """What the page of one record shows."""

    base: str
    completion_id: str
    learner: str
    title: str
    activity_id: str
    completed_on: date
    facts: tuple[tuple[str, str], ...]
    credits: tuple[CreditCells, ...]
    rems: tuple[tuple[str, str], ...]
    steps: tuple[RecordStep, ...]
    rejected: tuple[str, ...]
    withdrawn: str
    learner_id: str
    may_report: bool


class GoingRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A record that is about to be withdrawn."""

    completion_id: str
    version: int
    learner: str
    title: str
    completed_on: date
    credits: tuple[str, ...]
    told: tuple[str, ...]


class WithdrawView(msgspec.Struct, frozen=True, kw_only=True):
    """What the page shows that withdraws records."""

    base: str
    records: tuple[GoingRecord, ...]
    told: str
    back: str
    changed: bool = False
    """Whether somebody changed one since the page was drawn."""


@router.get("/withdraw")
async def show_withdrawal(
    request: Request,
    visitor: Reporter,
    provider_id: str,
    completion: Ticked = [],  # noqa: B006
) -> Response:
    """Show what goes when the ticked records are withdrawn, and who is told."""
    found = await read_async(visitor.caller, records.standing, completion)
    if not found:
        flash = Flash(text="Tick the records first that you want to withdraw.", kind="warn")
        return go_to(request, f"{visitor.home}/learners", flash)
    return await _show_withdrawal(request, visitor, found)


@router.post("/withdraw")
async def withdraw(request: Request, visitor: Reporter, provider_id: str, sent: Sent) -> Response:
    """Withdraw records as they were seen, all or none; what was withdrawn before stays so."""
    versions = {id: int(version) for id, version in _pairs(sent.get("seen", ()))}
    try:
        gone = await transact_async(visitor.caller, records.withdraw_several, versions)
    except PreconditionFailed:
        found = await read_async(visitor.caller, records.standing, versions)
        return await _show_withdrawal(request, visitor, found, changed=True)
    if not gone:
        return go_to(request, _back(visitor, ()), Flash(text="That had been withdrawn before.", kind="warn"))
    text = f"{counted(len(gone), 'record')} {'was' if len(gone) == 1 else 'were'} withdrawn."
    return go_to(request, _back(visitor, gone), Flash(text=f"{text} {told_in_words(boards_told(gone))}"))


@router.get("/{completion_id}/withdraw")
async def show_withdrawal_of_one(request: Request, visitor: Reporter, provider_id: str, completion_id: str) -> Response:
    """Show what goes when a record is withdrawn, and who is told."""
    found = await read_async(visitor.caller, records.standing, [completion_id])
    if not found:
        raise NotFound("There is no such completion.")
    return await _show_withdrawal(request, visitor, found)


@router.get("/{completion_id}")
async def show_record(request: Request, visitor: Reader, provider_id: str, completion_id: str) -> Response:
    """Show one record with its credits, what became of them, and every version of it."""
    caller = visitor.caller
    versions = await read_async(caller, records.history, completion_id)
    completion = versions[0].completion
    title = await _title_of(visitor, completion.activity_id)
    clients = {version.client_id for version in versions if version.client_id is not None}
    names = await read_async(caller, client_names.names_of, clients)
    zone = visitor.time_zone
    credits = [CreditCells.of(credit, visitor) for credit in completion.credits]
    withdrawn = completion.withdrawn_at
    view = RecordView(
        base=visitor.home,
        completion_id=completion.completion_id,
        learner=learner_in_words(completion),
        title=title,
        activity_id=completion.activity_id,
        completed_on=completion.completed_on,
        facts=_facts(completion, names.get(completion.client_id, ""), zone),
        credits=tuple(credits),
        rems=_rems(completion),
        steps=tuple(steps_of(versions, names, zone)),
        rejected=tuple(f"{cell.board}: {cell.says}" for cell in credits if cell.status == CreditStatus.REJECTED.value),
        withdrawn=instant(withdrawn, zone) if withdrawn is not None else "",
        learner_id=completion.learner_id or "",
        may_report="reporter" in visitor.roles and withdrawn is None,
    )
    return page(request, visitor, "pages/completions/record.html", view)


async def _show_withdrawal(
    request: Request, visitor: Visitor, found: Sequence[Completion], *, changed: bool = False
) -> Response:
    titles = {id: await _title_of(visitor, id) for id in {one.activity_id for one in found}}
    view = WithdrawView(
        base=visitor.home,
        records=tuple(
            GoingRecord(
                completion_id=one.completion_id,
                version=one.version,
                learner=learner_in_words(one),
                title=titles[one.activity_id],
                completed_on=one.completed_on,
                credits=tuple(credit_in_words(c) for c in one.credits if c.status is not CreditStatus.WITHDRAWN),
                told=tuple(boards_told([one])),
            )
            for one in found
        ),
        told=told_in_words(boards_told(found)),
        back=_back(visitor, found),
        changed=changed,
    )
    return page(request, visitor, "pages/completions/withdraw.html", view, 412 if changed else 200)


async def _title_of(visitor: Visitor, activity_id: str) -> str:
    """Return the title of an activity; its id where it is gone, though records of it were."""
    try:
        activity = await read_one_async(visitor.caller, lookup.find, activity_id)
    except NotFound:
        return activity_id
    return activity.title or activity_id


def _back(visitor: Visitor, found: Sequence[Completion]) -> str:
    """Return where somebody goes on: the learners of the activity that records are of, if it is one."""
    base, activities = visitor.home, {one.activity_id for one in found}
    return f"{base}/activities/{activities.pop()}/learners" if len(activities) == 1 else f"{base}/learners"


def _pairs(seen: Sequence[str]) -> list[tuple[str, str]]:
    """Return (completion, version) of what a form says was seen; what is no such pair is left out."""
    split = [text.partition(":") for text in seen[:MOST_TICKED]]
    return [(id, version) for id, _, version in split if version.isdecimal() and len(version) < 10]


def _facts(completion: Completion, client: str, zone: str) -> tuple[tuple[str, str], ...]:
    facts = (
        ("Completed", day(completion.completed_on)),
        ("Birth month and day", completion.birth_date or ""),
        ("NPI", completion.npi or ""),
        ("Submitted", instant(completion.submitted_at, zone)),
        ("Came in", ENTRY_METHODS.get(completion.entry_method, completion.entry_method)),
        ("By", client),
        ("Your references", ", ".join(completion.client_references)),
        ("Record", completion.completion_id),
    )
    return tuple((term, text) for term, text in facts if text)


def _rems(completion: Completion) -> tuple[tuple[str, str], ...]:
    fields = completion.rems_fields or {}
    words = {True: "Yes", False: "No"}
    return tuple(
        (name.replace("_", " ").capitalize(), words.get(value, str(value)))
        for name, value in fields.items()
        if value is not None
    )
