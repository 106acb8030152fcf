"""A physician's credits: totals by board, and every record with where it stands."""

from __future__ import annotations

from datetime import date

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from app.console.drawn_forms import DrawnForm
from app.console.frame import page
from app.console.lists.line_list import rejected_in_words
from app.console.pages.passport.confirming import lead_to_confirming
from app.console.pages.passport.periods import From, To, read_period
from app.console.routes import PageRoute
from app.console.visitors import Physician
from app.console.words import day
from app.core.errors import Forbidden
from app.domain.amounts import format_quarters
from app.domain.credits import Credit, CreditKind, CreditStatus, Delivery
from app.domain.passport.transcripts import RowFlag, Transcript
from app.services.context import read_async
from app.services.passport import my_credits
from app.services.passport.my_credits import CreditRecord

router = APIRouter(prefix="/passport/credits", route_class=PageRoute, include_in_schema=False)


class MyCredit(msgspec.Struct, frozen=True, kw_only=True):
    """A credit of a record, for one board."""

    amount: str
    """With its board, such as `0.25 ABA`."""
    types: str
    status: str
    says: str
    since: str


class MyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A record of the list."""

    completion_id: str
    completed_on: date
    activity: str
    provider: str
    credits: tuple[MyCredit, ...]
    disputed: bool
    unpermitted: bool
    """Whether permission was withdrawn, and the record stands."""


class CreditsView(msgspec.Struct, frozen=True, kw_only=True):
    """What the page of credits shows."""

    form: DrawnForm
    name: str
    figures: tuple[tuple[str, str, str, str], ...]
    """(board, total, of what, address)."""
    records: tuple[MyRecord, ...]
    narrowed: bool
    """Whether a period is chosen."""


@router.get("")
async def show_credits(request: Request, visitor: Physician, first: From = "", to: To = "") -> Response:
    """Show what was reported for the physician; who is not confirmed is led to what confirms."""
    period, said = read_period(first, to)
    try:
        found = await read_async(visitor.caller, my_credits.look, period)
    except Forbidden:
        return lead_to_confirming(request)
    form = DrawnForm({"from": [first], "to": [to]}, said)
    view = CreditsView(
        form=form,
        name=found.transcript.name,
        figures=_figures(found.transcript),
        records=tuple(_record(record) for record in found.records),
        narrowed=bool(first or to),
    )
    return page(request, visitor, "pages/passport/credits.html", view, 422 if said else 200)


def _figures(transcript: Transcript) -> tuple[tuple[str, str, str, str], ...]:
    """Return the total of each board: they are never added to each other."""
    lines = [
        (line.board, format_quarters(line.quarters), line.board_name, "") for line in transcript.lines if line.quarters
    ]
    if transcript.ama_pra_quarters:
        lines.insert(0, ("AMA PRA Category 1", format_quarters(transcript.ama_pra_quarters), "CME, each once", ""))
    return tuple(lines)


def _record(record: CreditRecord) -> MyRecord:
    withdrawn = record.completion.withdrawn_at is not None
    return MyRecord(
        completion_id=record.completion.completion_id,
        completed_on=record.completion.completed_on,
        activity=record.activity,
        provider=record.provider,
        credits=tuple(
            show_credit(credit, withdrawn=withdrawn, several=len(record.completion.credits) > 1)
            for credit in record.completion.credits
        ),
        disputed=RowFlag.DISPUTED in record.flags,
        unpermitted=RowFlag.PERMISSION_WITHDRAWN in record.flags,
    )


def show_credit(credit: Credit, *, withdrawn: bool, several: bool) -> MyCredit:
    """Show a credit of a record, which may have been withdrawn, and may have others beside it."""
    status = CreditStatus.WITHDRAWN if withdrawn else credit.status
    what = f"AMA PRA for {credit.board}" if credit.kind is CreditKind.CME else credit.board
    return MyCredit(
        amount=f"{format_quarters(credit.quarters)} {what}",
        types=", ".join(name for name, _ in credit.credit_types),
        status=status.value,
        # Several credits of one record stand beside each other: each says whose it is.
        says=f"{credit.board}: {_says(credit, status)}" if several else _says(credit, status),
        since=day(credit.status_at.date()),
    )


def _says(credit: Credit, status: CreditStatus) -> str:
    """Return where a credit stands at its board, in words."""
    if status is CreditStatus.REJECTED:
        return rejected_in_words(status, credit.status_reason, credit.status_text)
    if status is CreditStatus.WITHDRAWN:
        return "Withdrawn by the provider"
    if credit.delivery is Delivery.TRANSCRIPT_ONLY:
        return "Recorded here"
    return "Accepted" if status is CreditStatus.ACCEPTED else "With the board"
