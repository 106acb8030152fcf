"""A board's credits by day: read on screen or as a file, and decided on screen or by the file that comes back."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request
from pydantic import ValidationError
from starlette.responses import Response, StreamingResponse

from app.console.drawn_forms import DrawnForm, Said, said_of_problem
from app.console.frame import Flash, go_to, page
from app.console.once import keyed, one_form, without_own_fields
from app.console.pages.boards.files import incoming, read_file
from app.console.routes import PageRoute, Sent, value_of
from app.console.visitors import BoardStaff, Visitor
from app.core.errors import InvalidRequest, ParameterInvalid, Problem
from app.core.http.csv_bodies import CSV
from app.core.http.problems import error_items
from app.domain.decisions import Decision, DecisionResult, Refusal, Verdict
from app.domain.feeds import DailyFileFormat, FeedEvent, FeedEventKind, FeedSummary
from app.schemas.base import Day
from app.schemas.board_feed import MOST_DECISIONS, DecisionsIn
from app.schemas.decision_tables import DECISIONS
from app.services.batches.uploads import read_upload
from app.services.boards import daily_file, feed
from app.services.boards import decisions as board_decisions
from app.services.boards.daily_file import XLSX
from app.services.boards.decision_workbooks import MOST_BYTES, read_decisions_file
from app.services.context import DECISIONS_AS_ONE, Service, read_async

router = APIRouter(prefix="/b/{code}", route_class=PageRoute, include_in_schema=False)
Until = Annotated[Day | None, Query()]
After = Annotated[int, Query(ge=0, le=2**31 - 1)]
DAYS = 14
REASONS = (
    (Refusal.ID_UNKNOWN.value, "Nobody has this id"),
    (Refusal.NAME_DIFFERS.value, "The name differs"),
    (Refusal.BIRTH_DATE_DIFFERS.value, "The birth date differs"),
    (Refusal.NOT_CERTIFIED.value, "Not certified or licensed by us"),
    (Refusal.DUPLICATE.value, "We have this credit already"),
    (Refusal.OVER_LIMIT.value, "Above what counts"),
    (Refusal.NOT_ELIGIBLE.value, "The learner cannot earn this credit"),
    (Refusal.OTHER.value, "Something else, said in words"),
)
_KINDS = {
    FeedEventKind.REPORTED.value: "Reported",
    FeedEventKind.CORRECTED.value: "Corrected",
    FeedEventKind.WITHDRAWN.value: "Withdrawn",
}
_RESULTS = {
    DecisionResult.APPLIED: "decided",
    DecisionResult.UNCHANGED: "decided so before",
    DecisionResult.STALE: "changed since: look at its newest row, and decide again",
    DecisionResult.UNKNOWN: "not known here",
}


class FeedDaysView(msgspec.Struct, frozen=True, kw_only=True):
    """The days of a feed, and how far it was read."""

    address: str
    name: str
    decides: bool
    summary: FeedSummary
    days: tuple[tuple[date, int], ...]
    earlier: str
    later: str
    form: DrawnForm


class FeedRow(msgspec.Struct, frozen=True, kw_only=True):
    """An event of a day."""

    event: FeedEvent
    what: str
    credits: float
    types: str
    status: str
    """How the credit stands now; empty once it is gone."""
    decidable: bool

    @property
    def value(self) -> str:
        """What a tick sends: which credit, as it stood at which position."""
        return f"{self.event.credit_id}@{self.event.position}"

    @property
    def learner(self) -> str:
        """What the learner is called."""
        return " ".join(filter(None, (self.event.first_name, self.event.last_name)))


class FeedDayView(msgspec.Struct, frozen=True, kw_only=True):
    """The events of a day."""

    address: str
    day: date
    rows: tuple[FeedRow, ...]
    older: str
    form: DrawnForm
    reasons: tuple[tuple[str, str], ...] = REASONS
    decides: bool
    ticked: int


@router.get("")
async def show_days(request: Request, visitor: BoardStaff, code: str, until: Until = None) -> Response:
    """Show how credit stands, how far the feed was read, and its days."""
    return await _show_days(request, visitor, DrawnForm(), until)


@router.get("/days/{day}")
async def show_day(request: Request, visitor: BoardStaff, code: str, day: Day, after: After = 0) -> Response:
    """Show the events of a day, with what can be decided."""
    return await _show_day(request, visitor, day, DrawnForm(), after=after)


@router.get("/days/{day}/file/{format}")
async def download_day(request: Request, visitor: BoardStaff, code: str, day: Day, format: DailyFileFormat) -> Response:
    """Download the events of a day; what was downloaded counts as read."""
    caller = visitor.caller
    name = f"{feed.board_of(caller).code}_{day}.{format.value}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    if format is DailyFileFormat.XLSX and request.method != "HEAD":
        book = await daily_file.make_workbook(caller, day)
        return StreamingResponse(daily_file.send_workbook(caller, book), headers=headers, media_type=XLSX)
    media_type = XLSX if format is DailyFileFormat.XLSX else CSV
    return StreamingResponse(daily_file.write_csv(caller, day), headers=headers, media_type=media_type)


@router.post("/days/{day}")
async def decide_day(request: Request, visitor: BoardStaff, code: str, day: Day, sent: Sent) -> Response:
    """Accept or reject the credits that are ticked."""
    decisions, said = _read_decisions(sent)
    if said:
        return await _show_day(request, visitor, day, DrawnForm(sent, said), status=422)
    visitor.caller.charge(len(decisions), DECISIONS_AS_ONE, pointer="/credit")
    caller = one_form(keyed(visitor, sent, request.url.path, without_own_fields(sent)))
    results, again = await board_decisions.decide_once(caller, decisions)
    return go_to(request, f"{visitor.home}/days/{day}", _say_results(results, again=again))


@router.post("/decisions")
async def upload_decisions(request: Request, visitor: BoardStaff, code: str) -> Response:
    """Take back a day's file with the decisions filled in."""
    upload = incoming(visitor)
    try:
        form, caller = await read_file(request, visitor, upload)
        try:
            upload.require_fit()
            body = await asyncio.to_thread(_decisions_of, visitor.service, upload.upload_id, form.size)
            caller.charge(len(body.decisions), DECISIONS_AS_ONE, pointer="/file")
        except Problem as refusal:
            if refusal.status >= 429:
                raise
            said = said_of_problem(refusal) if refusal.errors else [Said(pointer="file", text=refusal.detail)]
            return await _show_days(request, visitor, DrawnForm({}, said), None, refusal.status)
    finally:
        await upload.drop()
    given = [decision.as_decision() for decision in body.decisions]
    results, again = await board_decisions.decide_once(caller, given)
    return go_to(request, visitor.home, _say_results(results, again=again))


def _decisions_of(service: Service, upload_id: str, size: int) -> DecisionsIn:
    """Read a daily file that came back, from its upload; raises `Problem`."""
    if not size:
        raise InvalidRequest("There is no file. Choose the day's file with your decisions.")
    if size > MOST_BYTES:
        raise InvalidRequest(f"The file has more than {MOST_BYTES >> 20} MB. Send its rows in parts.")
    rows, found = read_decisions_file(lambda: read_upload(service, upload_id), MOST_DECISIONS)
    if not rows:
        raise InvalidRequest("No row of the file has a decision. Write accepted or rejected in the column decision.")
    if found > MOST_DECISIONS:
        most = f"{MOST_DECISIONS:,}"
        raise InvalidRequest(f"The file has {found:,} decisions, and {most} are taken at a time. Send it in parts.")
    try:
        return DecisionsIn.model_validate({DECISIONS.list_name: rows})
    except ValidationError as error:
        raise InvalidRequest(errors=error_items(error.errors(include_url=False), DecisionsIn)) from None


def _read_decisions(sent: Sent) -> tuple[list[Decision], list[Said]]:
    """Return the decisions of a form, and what is wrong with it."""
    said = []
    verdict = value_of(sent, "decision")
    if verdict not in set(Verdict):
        said.append(Said(pointer="decision", text="Choose whether to accept or to reject."))
    chosen = [text.partition("@") for text in sent.get("credit", [])]
    if not chosen:
        said.append(Said(pointer="credit", text="No credit is ticked.", hint="Tick those that you decide on."))
    reason_code, reason = value_of(sent, "reason_code"), value_of(sent, "reason")
    if verdict == Verdict.REJECTED:
        if reason_code not in set(Refusal):
            text = "A rejection has a reason: the provider sees it beside the credit."
            said.append(Said(pointer="reason_code", text=text))
        elif reason_code == Refusal.OTHER and not reason:
            said.append(Said(pointer="reason", text="Say in words why it is rejected."))
    if len(reason) > 1_000:
        said.append(Said(pointer="reason", text="The reason has more than 1,000 characters."))
    if said:
        return [], said
    rejected = verdict == Verdict.REJECTED
    return [
        Decision(
            credit_id=credit_id,
            position=int(position) if position.isdecimal() and len(position) < 10 else 0,
            verdict=Verdict(verdict),
            reason_code=Refusal(reason_code) if rejected else None,
            reason=reason or None if rejected else None,
        )
        for credit_id, _, position in chosen
    ], []


def _say_results(results: Sequence[DecisionResult], *, again: bool) -> Flash:
    counts = Counter(results)
    text = "; ".join(f"{counts[result]:,} {words}" for result, words in _RESULTS.items() if counts[result])
    late = counts[DecisionResult.STALE] or counts[DecisionResult.UNKNOWN]
    if again:
        return Flash(text=f"This form was sent before, and nothing was done now. Then: {text}.", kind="warn")
    return Flash(text=f"{text[:1].upper()}{text[1:]}.", kind="warn" if late else "ok")


async def _show_days(
    request: Request, visitor: Visitor, form: DrawnForm, until: date | None, status: int = 200
) -> Response:
    caller, today = visitor.caller, visitor.service.clock().date()
    # A small board may hear nothing for months: its days begin with the last on which there was something.
    newest = min(until or await read_async(caller, feed.last_day) or today, today)
    if newest < date(2000, 1, 1):
        raise ParameterInvalid.of("until", "There was no feed at that time.", "Choose a later day.")
    summary = await read_async(caller, feed.summary)
    days = await read_async(caller, feed.count_days, newest, DAYS)
    address = visitor.home
    later = min(today, newest + timedelta(days=DAYS))
    view = FeedDaysView(
        address=address,
        name=summary.board.name,
        decides=summary.board.decides,
        summary=summary,
        days=tuple(days),
        earlier=f"{address}?until={newest - timedelta(days=DAYS)}",
        later=f"{address}?until={later}" if newest < today else "",
        form=form,
    )
    return page(request, visitor, "pages/boards/days.html", view, status)


async def _show_day(
    request: Request, visitor: Visitor, day: date, form: DrawnForm, *, after: int = 0, status: int = 200
) -> Response:
    caller = visitor.caller
    found = await read_async(caller, feed.read_day_as_it_stands, day, after)
    decides = feed.board_of(caller).decides
    address = f"{visitor.home}/days/{day}"
    view = FeedDayView(
        address=address,
        day=day,
        rows=tuple(_row_of(event, standing, last=last) for event, standing, last in found),
        older=f"{address}?after={found[-1][0].position}" if len(found) == feed.DAY_EVENTS_AT_ONCE else "",
        form=form,
        decides=decides,
        ticked=len(form.fields.get("credit", ())),
    )
    return page(request, visitor, "pages/boards/day.html", view, status)


def _row_of(event: FeedEvent, standing: str | None, *, last: bool) -> FeedRow:
    withdrawn = event.event == FeedEventKind.WITHDRAWN
    return FeedRow(
        event=event,
        what=_KINDS.get(event.event, event.event),
        credits=event.quarters / 4,
        types=", ".join(f"{quarters / 4:g} {name}" for name, quarters in event.credit_types),
        status=standing or "",
        decidable=last and not withdrawn and standing is not None,
    )
