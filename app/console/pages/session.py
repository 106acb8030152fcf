"""The session sheet: many names, one date. Report sends the good, and leaves the rest on the page."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.console.drawn_forms import DrawnForm, Said, said_of_findings, said_of_problem
from app.console.forms import Typed
from app.console.frame import Flash, go_to, page
from app.console.once import SENT_BEFORE, keyed
from app.console.pages.completion_fields import FORM, RecordRows, first_fields, in_words_of_pages, read_record, rows_of
from app.console.pages.sheet_rows import (
    MOST_ROWS,
    Pasted,
    SheetRow,
    body_for,
    find_pasted,
    load_roster,
    rows_of_sheet,
    same_as_last_session,
)
from app.console.routes import PageRoute, Sent, SentFields, value_of
from app.console.visitors import Reporter, Visitor
from app.console.words import amount, counted, day
from app.core.errors import IdempotencyMismatch, InvalidRequest, Problem
from app.domain.activities import Activity
from app.domain.amounts import in_credits
from app.domain.batches import EntryMethod
from app.domain.credits import Outcome
from app.domain.looking.known_learners import KnownLearner, UsualCredit
from app.domain.reports import CompletionReport
from app.services.activities import lookup
from app.services.completions import records
from app.services.context import RECORDS_AS_ONE, Work, read_async, read_one_async, transact_async
from app.services.idempotency import Answer, once
from app.services.looking import known_learners
from app.services.reporting import bulk
from app.services.reporting.pipeline import Submitted

router = APIRouter(
    prefix="/p/{provider_id}/activities/{activity_id}/session", route_class=PageRoute, include_in_schema=False
)
_NO_AMOUNT = 1_000
Findings = Mapping[str, Sequence[Said]]
"""What is said of learners, by id."""


class SheetView(msgspec.Struct, frozen=True, kw_only=True):
    """What the session sheet shows."""

    form: DrawnForm
    activity: Activity
    base: str
    parts: RecordRows
    rows: tuple[SheetRow, ...]
    ticked: int
    usual: UsualCredit | None
    """Of what the credits are filled with; None where they were typed."""
    known: bool
    """Whether the page knows who is ticked; else the browser remembers."""
    words: str = ""
    pasted: Pasted | None = None
    checked: str = ""
    reported: str = ""
    goes_along: str = ""
    """The query that fills day and credits into the form of one record."""
    more: bool = False
    """Whether there are more learners than are shown."""


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """A sheet that was sent: its day and credit, and who is ticked."""

    request: Request
    visitor: Visitor
    activity: Activity
    sent: SentFields
    typed: Typed
    ticked: tuple[str, ...]
    roster: Mapping[str, KnownLearner]
    usual: UsualCredit | None


@router.get("")
async def show_sheet(
    request: Request,
    visitor: Reporter,
    provider_id: str,
    activity_id: str,
    done: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    """Show the learners that the provider knows, those of the series first; nobody is ticked."""
    activity = await read_one_async(visitor.caller, lookup.find, activity_id)
    roster = await load_roster(visitor, activity_id, (), "")
    usual = await read_async(visitor.caller, known_learners.usual_credit, activity)
    filled = first_fields(activity) | ({"/cme/0/credits": [_amount_of(usual)]} if usual is not None else {})
    sheet = Sheet(
        request=request, visitor=visitor, activity=activity, sent={}, ticked=(), roster=roster, usual=usual,
        typed=Typed(filled, {}),
    )  # fmt: skip
    return _show(sheet, [], {}, 200, known=bool(done))


@router.post("")
async def take_sheet(request: Request, visitor: Reporter, provider_id: str, activity_id: str, sent: Sent) -> Response:
    """Do what the pressed button says: find, tick, check or report."""
    activity = await read_one_async(visitor.caller, lookup.find, activity_id)
    ticked = tuple(dict.fromkeys(sent.get("learner", ())))
    words = value_of(sent, "words")
    roster = await load_roster(visitor, activity_id, ticked, words)
    sheet = Sheet(
        request=request, visitor=visitor, activity=activity, sent=sent, roster=roster,
        usual=await read_async(visitor.caller, known_learners.usual_credit, activity),
        typed=read_record(sent, activity_id), ticked=tuple(id for id in ticked if id in roster),
    )  # fmt: skip
    do = value_of(sent, "do")
    if do == "last":
        both = tuple(dict.fromkeys((*sheet.ticked, *same_as_last_session(roster))))
        return _show(msgspec.structs.replace(sheet, ticked=both), [], {}, 200)
    if do == "paste":
        return await _paste(sheet)
    if do == "find" or (do == "enter" and words):
        return _show(sheet, [], {}, 200)
    try:
        reports = _reports_of(sheet)
    except InvalidRequest as problem:
        return _show(sheet, said_of_problem(problem, sheet.typed.fields, sheet.visitor.home), {}, problem.status)
    visitor.caller.charge(len(reports), RECORDS_AS_ONE)
    return await _report(sheet, reports) if do == "report" else await _check(sheet, reports)


async def _paste(sheet: Sheet) -> Response:
    """Tick whom pasted names mean; say who is not known."""
    activity_id = sheet.activity.activity_id
    pasted = await find_pasted(sheet.visitor, activity_id, sheet.roster, value_of(sheet.sent, "names"))
    ticked = tuple(dict.fromkeys((*sheet.ticked, *pasted.found)))
    roster = await load_roster(sheet.visitor, activity_id, ticked, "")
    return _show(msgspec.structs.replace(sheet, ticked=ticked, roster=roster), [], {}, 200, pasted=pasted)


def _reports_of(sheet: Sheet) -> list[CompletionReport]:
    """Return the records of those who are ticked; raises `InvalidRequest` where there is nothing to judge."""
    FORM.validated(sheet.typed)
    if not sheet.ticked:
        raise InvalidRequest("Nobody is ticked. Tick who took part.")
    if len(sheet.ticked) > MOST_ROWS:
        raise InvalidRequest(f"{len(sheet.ticked)} learners are ticked. Report at most {MOST_ROWS} at once.")
    visitor = sheet.visitor
    provider_id, now, catalogue = visitor.caller.provider_id, visitor.service.clock(), visitor.service.catalogue
    bodies = [body_for(sheet.roster[learner_id], sheet.typed.body, catalogue) for learner_id in sheet.ticked]
    return [FORM.validated(Typed({}, body)).as_report(provider_id, now, EntryMethod.FORM) for body in bodies]


async def _check(sheet: Sheet, reports: list[CompletionReport]) -> Response:
    """Judge all who are ticked, each as if those before were stored; nothing is reported."""
    judged = await records.preview_each(sheet.visitor.caller, reports)
    said = {
        learner_id: said_of_findings(result.findings, sheet.visitor.home)
        for learner_id, result in zip(sheet.ticked, judged, strict=True)
    }
    refused = [learner_id for learner_id, lines in said.items() if _refuses(lines)]
    good = len(sheet.ticked) - len(refused)
    checked = f"{counted(good, 'learner')} ready, {len(refused)} with faults. Nothing was reported yet."
    shared, of_rows = _apart(said)
    return _show(sheet, shared, of_rows, 200, checked=checked)


async def _report(sheet: Sheet, reports: list[CompletionReport]) -> Response:
    """Report all who are ticked, once for each form: the good are stored, the others stay on the page."""
    visitor = sheet.visitor
    caller = keyed(visitor, sheet.sent, "session", [sheet.typed.body, list(sheet.ticked)])

    def produce(work: Work) -> Answer:
        done = bulk.report_each(work, reports)
        results = [_told(result, visitor.home) for result in done.results]
        return Answer(status=207, body=json.dumps(dict(zip(sheet.ticked, results, strict=True))))

    try:
        answer = await transact_async(caller, once, produce)
    except IdempotencyMismatch as problem:
        return _show(sheet, [SENT_BEFORE], {}, problem.status)
    results: dict[str, dict[str, Any]] = json.loads(answer.body)
    outcomes = Counter(result["outcome"] for result in results.values())
    refused = tuple(learner_id for learner_id, result in results.items() if result["outcome"] == Outcome.REJECTED)
    before = outcomes[Outcome.UNCHANGED]
    text = f"{counted(len(results) - len(refused) - before, 'learner')} reported."
    text += f" {counted(before, 'learner')} had been reported before." if before else ""
    warned = Counter(line["text"] for result in results.values() for line in result["said"] if line["warns"])
    text += "".join(f" {counted(number, 'record')}: {said}" for said, number in warned.most_common(3))
    if not refused:
        where = f"{visitor.home}/activities/{sheet.activity.activity_id}/session?done=1"
        return go_to(sheet.request, where, Flash(text=text[:1_500], kind="warn" if warned else "ok"))
    said = {learner_id: [_said(line) for line in results[learner_id]["said"]] for learner_id in refused}
    shared, of_rows = _apart(said)
    rest = msgspec.structs.replace(sheet, ticked=refused)
    return _show(rest, shared, of_rows, 422, reported=f"{text} {counted(len(refused), 'learner')} not reported.")


def _told(result: Submitted | Problem, home: str) -> dict[str, Any]:
    """Return the result of one learner as it is kept under the form's key."""
    if isinstance(result, Problem):
        return {"outcome": Outcome.REJECTED.value, "said": [_kept(said) for said in said_of_problem(result, home=home)]}
    return {"outcome": result.outcome.value, "said": [_kept(said) for said in said_of_findings(result.findings, home)]}


def _kept(said: Said) -> dict[str, Any]:
    return {
        "pointer": said.pointer, "warns": said.severity == "warn", "text": said.text, "hint": said.hint,
        "rule": said.rule_address, "record": said.record_address,
    }  # fmt: skip


def _said(kept: dict[str, Any]) -> Said:
    return Said(
        pointer=kept["pointer"], severity="warn" if kept["warns"] else "no", text=kept["text"], hint=kept["hint"],
        rule_address=kept["rule"], record_address=kept.get("record", ""),
    )  # fmt: skip


def _refuses(lines: Sequence[Said]) -> bool:
    return any(line.severity == "no" for line in lines)


def _apart(said: Findings) -> tuple[list[Said], Findings]:
    """Return what is said of every row, once, and what is said of each beside it."""
    counts = Counter((line.pointer, line.text) for lines in said.values() for line in dict.fromkeys(lines))
    everywhere = {place for place, number in counts.items() if number == len(said) > 1}
    first = next(iter(said.values()), ())
    shared = [line for line in first if (line.pointer, line.text) in everywhere]
    rows = {
        learner_id: [line for line in lines if (line.pointer, line.text) not in everywhere]
        for learner_id, lines in said.items()
    }
    return shared, rows


def _amount_of(usual: UsualCredit) -> str:
    return amount(in_credits(usual.quarters))


def _query_of(body: dict[str, Any]) -> str:
    """Return day and credits as a query; what is neither may be somebody's name or number in the wrong field."""
    given: dict[str, str] = {}
    first = (body.get("cme") or [None])[0]
    credits = first.get("credits") if isinstance(first, dict) else None
    if isinstance(credits, int | float) and 0 < credits < _NO_AMOUNT:
        given["credits"] = amount(credits)
    with suppress(ValueError):
        given["completed_on"] = day(date.fromisoformat(str(body.get("completed_on"))))
    return f"?{urlencode(given)}" if given else ""


def _show(
    sheet: Sheet,
    said: list[Said],
    of_rows: Findings,
    status: int,
    *,
    known: bool = True,
    pasted: Pasted | None = None,
    checked: str = "",
    reported: str = "",
) -> Response:
    form = DrawnForm(sheet.typed.fields, in_words_of_pages(said))
    view = SheetView(
        form=form,
        activity=sheet.activity,
        base=f"{sheet.visitor.home}/activities/{sheet.activity.activity_id}",
        parts=rows_of(form, sheet.activity, sheet.visitor.service.catalogue),
        rows=rows_of_sheet(sheet.roster, sheet.ticked, of_rows),
        ticked=len(sheet.ticked),
        usual=sheet.usual if sheet.usual and form.value("/cme/0/credits") == _amount_of(sheet.usual) else None,
        known=known,
        words=value_of(sheet.sent, "words"),
        pasted=pasted,
        checked=checked,
        reported=reported,
        goes_along=_query_of(sheet.typed.body),
        more=len(sheet.roster) >= MOST_ROWS,
    )
    return page(sheet.request, sheet.visitor, "pages/reporting/session.html", view, status)
