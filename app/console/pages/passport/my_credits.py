"""A physician's credits: totals by board, and every record with where it stands."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.console.drawn_forms import DrawnForm
from app.console.frame import page
from app.console.lists.line_list import rejected_in_words
from app.console.pages.passport.confirming import lead_to_confirming
from app.console.pages.passport.periods import From, To, period_query, read_period, saved_links
from app.console.routes import PageRoute
from app.console.visitors import Physician
from app.console.words import day
from app.core.errors import Forbidden
from app.domain.amounts import format_quarters
from app.domain.credits import Credit, CreditKind, CreditStatus, Delivery
from app.domain.passport.credit_filters import CreditFilter, totals_by_year
from app.domain.passport.transcripts import RowFlag, Transcript
from app.services.context import read_async, transact_async
from app.services.passport import my_credits, own_periods
from app.services.passport.my_credits import CreditRecord

router = APIRouter(prefix="/passport/credits", route_class=PageRoute, include_in_schema=False)


_STATES = (
    (CreditStatus.PENDING.value, "With the board"),
    (CreditStatus.ACCEPTED.value, "Accepted"),
    (CreditStatus.REJECTED.value, "Rejected"),
    (CreditStatus.WITHDRAWN.value, "Withdrawn"),
)
_Choice = Annotated[str, Query(max_length=40)]


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
    fresh: str
    """`New` or `Changed` since the last visit; empty for neither."""
    disputed: bool
    unpermitted: bool
    """Whether permission was withdrawn, and the record stands."""


class CreditsView(msgspec.Struct, frozen=True, kw_only=True):
    """What the page of credits shows."""

    form: DrawnForm
    name: str
    figures: tuple[tuple[str, str, str, str], ...]
    """(board, total, of what, address)."""
    years: tuple[tuple[int, tuple[str, ...]], ...]
    """(year, totals) with a total for each of `columns`."""
    columns: tuple[str, ...]
    records: tuple[MyRecord, ...]
    periods: tuple[tuple[str, str], ...]
    """(address, name) of periods that were saved."""
    save: str
    """The address at which the period is saved; empty where none is chosen."""
    boards: tuple[tuple[str, str], ...]
    providers: tuple[tuple[str, str], ...]
    narrowed: bool
    """Whether anything is left out."""
    fresh: bool
    """Whether anything is new since the last visit."""
    states: tuple[tuple[str, str], ...] = _STATES

    @property
    def headings(self) -> list[str | tuple[str, str]]:
        """The headings of the table by year."""
        return ["Year", *((column, "num") for column in self.columns)]


@router.get("")
async def show_credits(
    request: Request,
    visitor: Physician,
    first: From = "",
    to: To = "",
    board: _Choice = "",
    provider: _Choice = "",
    state: _Choice = "",
) -> Response:
    """Show what was reported for the physician; who is not confirmed is led to what confirms."""
    period, said = read_period(first, to)
    try:
        whole = await read_async(visitor.caller, my_credits.look, period)
        saved = await read_async(visitor.caller, own_periods.list_mine)
        since = await transact_async(visitor.caller, own_periods.look)
    except Forbidden:
        return lead_to_confirming(request)
    found = my_credits.narrow(
        visitor.service.catalogue, whole, CreditFilter(board=board, provider_id=provider, status=state)
    )
    records = tuple(_record(record, since) for record in found.records)
    columns, years = _years(found.transcript)
    view = CreditsView(
        form=DrawnForm({"from": [first], "to": [to], "board": [board], "provider": [provider], "state": [state]}, said),
        name=found.transcript.name,
        figures=_figures(found.transcript),
        years=years,
        columns=columns,
        records=records,
        periods=saved_links("/passport/credits", saved),
        save=f"/passport/periods{query}" if (query := period_query(period)) and not said else "",
        boards=tuple((code, code) for code in _boards(whole.records)),
        providers=tuple(sorted(_providers(whole.records).items(), key=lambda pair: pair[1])),
        narrowed=bool(first or to or board or provider or state),
        fresh=any(record.fresh for record in records),
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


def _boards(records: Iterable[CreditRecord]) -> list[str]:
    return sorted({credit.board for record in records for credit in record.completion.credits})


def _providers(records: Iterable[CreditRecord]) -> dict[str, str]:
    return {record.completion.provider_id: record.provider for record in records}


def _years(transcript: Transcript) -> tuple[tuple[str, ...], tuple[tuple[int, tuple[str, ...]], ...]]:
    """Return what the columns of the table by year are of, and its rows."""
    found = totals_by_year(transcript.rows)
    boards = sorted({board for _, totals in found for board, quarters in totals.boards.items() if quarters})
    if not boards:
        return (), ()
    rows = []
    for year, totals in found:
        amounts = [totals.ama_pra, *(totals.boards.get(board, 0) for board in boards)]
        rows.append((year, tuple(format_quarters(quarters) if quarters else "" for quarters in amounts)))
    return ("AMA PRA", *boards), tuple(rows)


def _fresh(record: CreditRecord, since: datetime | None) -> str:
    """Return how a record is new since a moment: that it is, or that something of it changed."""
    if since is None or record.completion.updated_at <= since:
        return ""
    return "New" if record.completion.submitted_at > since else "Changed"


def _record(record: CreditRecord, since: datetime | None) -> MyRecord:
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
        fresh=_fresh(record, since),
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
