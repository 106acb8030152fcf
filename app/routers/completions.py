"""`/v1/learner-completions`."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Response
from msgspec.structs import replace
from pydantic import AfterValidator

from app.core.errors import Conflict, ErrorItem, InvalidRequest, ParameterInvalid, Problem
from app.core.http.routing import StrictRoute
from app.domain.batches import EntryMethod, OnUnmatched
from app.domain.credits import Outcome
from app.domain.parsing import is_error_or_lost, own_id_or_none, plain_text, read_activity_id
from app.domain.reports import CompletionReport
from app.routers.answers import MINIMAL, NOT_MODIFIED, send, send_once, send_resource
from app.routers.callers import CompletionsEditor, CompletionsReader, CompletionsReporter, CompletionsWriter
from app.routers.conditions import IfMatch, IfNoneMatch
from app.routers.description.responses import Responses
from app.routers.openapi import problems
from app.schemas.base import KEEPABLE, encode_json
from app.schemas.completion_answers import (
    HELD,
    BulkIn,
    BulkOut,
    CompletionHistoryOut,
    CompletionVersionOut,
    PreviewOut,
    bulk_body,
)
from app.schemas.completion_bodies import CompletionDetailOut, CompletionPatch
from app.schemas.completion_records import ReportedCompletionOut
from app.schemas.completions import CompletionIn
from app.schemas.held import HeldCompletionOut
from app.services.completions import records
from app.services.context import RECORDS_AS_ONE, Caller, Work, read_async, read_by_key_async, transact_async
from app.services.idempotency import Answer
from app.services.reporting import bulk, group, pipeline
from app.services.reporting.pipeline import Submitted
from app.services.sandbox.trouble import simulate_trouble

router = APIRouter(prefix="/v1/learner-completions", tags=["Learner completions"], route_class=StrictRoute)
PATH = "/v1/learner-completions"
ClientReference = Annotated[
    str, Path(max_length=300, pattern=KEEPABLE, description="Your own key of the record; may hold slashes.")
]
WhenUnmatched = Annotated[
    OnUnmatched, Query(description="What becomes of a record of which only the physician is not found.")
]
WAITS: Responses = {HELD: {"model": HeldCompletionOut, "description": "Held: it waits for its physician to be found"}}
_STATUSES = {Outcome.CREATED: 201, Outcome.HELD: HELD}
CompletionId = Annotated[str, Path(max_length=64, description="The completion's id."), AfterValidator(plain_text)]


def read_report(caller: Caller, body: CompletionIn) -> CompletionReport:
    """Return a body of this API as a report."""
    return body.as_report(caller.provider_id, caller.service.clock(), EntryMethod.API)


class NewReport(msgspec.Struct, frozen=True, kw_only=True):
    """A report that was sent, and its caller."""

    caller: Caller
    report: CompletionReport


class Correction(NewReport, frozen=True, kw_only=True):
    """A report that corrects a completion in place, if its version is the one that was seen."""

    completion_id: str
    if_match: str | None


class Patch(msgspec.Struct, frozen=True, kw_only=True):
    """A patch of a completion, if its version is the one that was seen, and its caller."""

    caller: Caller
    completion_id: str
    patch: CompletionPatch
    if_match: str | None


class NamedReport(NewReport, frozen=True, kw_only=True):
    """A report under a client reference."""

    if_match: str | None


# Each dependency takes all that its route takes: every fault of the request is listed, each once, before any trouble.
async def _new_report(
    caller: CompletionsReporter, body: CompletionIn, on_unmatched: WhenUnmatched = OnUnmatched.REJECT
) -> NewReport:
    await simulate_trouble(caller, read_activity_id(body.activity_id))
    return NewReport(caller=caller, report=_held_or_not(read_report(caller, body), on_unmatched))


def _held_or_not(report: CompletionReport, on_unmatched: OnUnmatched) -> CompletionReport:
    return replace(report, hold=True) if on_unmatched is OnUnmatched.HOLD else report


async def _correction(
    caller: CompletionsEditor, completion_id: CompletionId, body: CompletionIn, if_match: IfMatch = None
) -> Correction:
    await simulate_trouble(caller, read_activity_id(body.activity_id))
    return Correction(caller=caller, report=read_report(caller, body), completion_id=completion_id, if_match=if_match)


async def _patch(
    caller: CompletionsEditor, completion_id: CompletionId, body: CompletionPatch, if_match: IfMatch = None
) -> Patch:
    await simulate_trouble(caller, read_activity_id(body.activity_id))
    return Patch(caller=caller, completion_id=completion_id, patch=body, if_match=if_match)


async def _named(
    caller: CompletionsEditor,
    reference: ClientReference,
    body: CompletionIn,
    if_match: IfMatch = None,
    on_unmatched: WhenUnmatched = OnUnmatched.REJECT,
) -> NamedReport:
    named = own_id_or_none(reference)
    if named is None:
        raise ParameterInvalid.of("reference", "The reference is blank.", "Put your own key of the record there.")
    if is_error_or_lost(named):
        # Bytes that are no UTF-8 have become one and the same character: two references would be one.
        raise ParameterInvalid.of(
            "reference",
            "The reference is an error of a spreadsheet, or has lost a letter: other records may have the same.",
            "Send the key by which you know the record; its letters are percent-encoded as UTF-8, as %C3%A9 for é.",
        )
    report = _held_or_not(read_report(caller, body), on_unmatched)
    if report.client_reference is not None and plain_text(report.client_reference) != plain_text(named):
        item = ErrorItem(
            code="format",
            pointer="/client_reference",
            detail="The body has another client reference than the address.",
            hint="Leave it out of the body, or send the reference of the address; client_references may hold others.",
        )
        raise InvalidRequest(errors=[item])
    await simulate_trouble(caller, read_activity_id(body.activity_id))
    return NamedReport(caller=caller, report=replace(report, client_reference=named), if_match=if_match)


@router.post(
    "",
    status_code=201,
    response_model=ReportedCompletionOut,
    responses=MINIMAL
    | {200: {"model": ReportedCompletionOut, "description": "Joined to, or unchanged in, what stands"}}
    | WAITS,
)
async def report_completion(new: Annotated[NewReport, Depends(_new_report)]) -> Response:
    """Report that a learner completed an activity: CME, MOC/CC, REMS, or all in one record.

    With `on_unmatched=hold`, a record of which only the physician is not found is kept without credit for 60 days and
    judged again whenever the registry changes. Sent again meanwhile, it is the same held record.
    """
    caller, report = new.caller, new.report
    if caller.idempotency_key is None:
        return send(caller, answer_of(caller, await group.report(caller, report)))
    return await send_once(caller, lambda work: answer_of(caller, pipeline.report(work, report)))


def answer_of(caller: Caller, submitted: Submitted, *, located: bool = True) -> Answer:
    """Return the answer to a report that stands or is held, with its address unless it was sent there."""
    completion = submitted.completion
    if submitted.held is not None:
        held = submitted.held
        headers = {"ETag": f'"{held.version}"', "Location": f"/v1/held-records/{held.held_id}"}
        return Answer(status=HELD, body=encode_json(_reported(caller, submitted)).decode(), headers=headers)
    assert completion is not None
    headers = {"ETag": f'"{completion.version}"'}
    if located:
        headers["Location"] = f"{PATH}/{completion.completion_id}"
    return Answer(status=_status(submitted), body=encode_json(_reported(caller, submitted)).decode(), headers=headers)


def _reported(caller: Caller, submitted: Submitted) -> dict[str, object]:
    if submitted.held is not None:
        return HeldCompletionOut.fields_after(submitted.held, caller.service.settings.support_contact)
    assert submitted.completion is not None
    return ReportedCompletionOut.fields_after(submitted.completion, submitted.outcome, submitted.findings)


def _status(submitted: Submitted) -> int:
    return _STATUSES.get(submitted.outcome, 200)


@router.post(":preview", response_model=PreviewOut)
async def preview_completion(caller: CompletionsWriter, body: CompletionIn) -> PreviewOut:
    """Judge a report as if it were sent now, with every finding, and store nothing."""
    preview = await records.preview(caller, read_report(caller, body))
    return PreviewOut.of(preview.outcome, preview.completion, preview.standing, preview.findings)


@router.post(
    ":bulk",
    status_code=207,
    response_model=BulkOut,
    response_model_exclude_unset=True,
)
async def report_completions(
    caller: CompletionsReporter, body: BulkIn, on_unmatched: WhenUnmatched = OnUnmatched.REJECT
) -> Response:
    """Report up to 500 completions in their order; each is answered by itself, and judged after those before it.

    With `on_unmatched=hold`, the status of an item that waits for its match is 202.
    """
    caller.charge(len(body.items), RECORDS_AS_ONE, pointer="/items")
    return await send_once(caller, lambda work: _report_bulk(work, body, on_unmatched))


def _report_bulk(work: Work, body: BulkIn, on_unmatched: OnUnmatched) -> Answer:
    """Report the items of a bulk request, and return the answer that holds theirs."""
    provider_id = work.caller.provider_id
    items = [
        item
        if isinstance(item, Problem)
        else _held_or_not(item.as_report(provider_id, work.now, EntryMethod.API), on_unmatched)
        for item in body.read()
    ]
    done = bulk.report_each(work, items)
    results = [
        (result.status, result) if isinstance(result, Problem) else (_status(result), _reported(work.caller, result))
        for result in done.results
    ]
    return Answer(status=207, body=bulk_body(results, done.counts, work.caller.request_id or ""))


@router.put(
    "/by-reference/{reference:path}",
    response_model=ReportedCompletionOut,
    responses=problems(Conflict) | MINIMAL | {201: {"model": ReportedCompletionOut, "description": "Created"}} | WAITS,
)
async def put_completion(given: Annotated[NamedReport, Depends(_named)]) -> Response:
    """Report a completion under your own reference, or correct the one that bears it. Sent again, it changes nothing.

    The reference is put on the record as a whole, so each credit of the body can be found by it. Credit that bears it
    and is left out is withdrawn; credit that was reported under another reference stays as it is. With
    `on_unmatched=hold`, a record that nothing stands under yet may wait for its match, and takes the place of one that
    waits under the reference.
    """
    caller = given.caller
    put = await transact_async(caller, records.put_by_reference, given.if_match, given.report)
    return send(caller, answer_of(caller, put))


@router.get("/{completion_id}", response_model=CompletionDetailOut, responses=NOT_MODIFIED)
async def get_completion(
    caller: CompletionsReader, completion_id: CompletionId, if_none_match: IfNoneMatch = None
) -> Response:
    """Read one completion as it stands, with the status of each credit, and `report`, the body that PUT takes back."""
    found = await read_by_key_async(caller, records.get, completion_id)
    return send_resource(lambda: encode_json(CompletionDetailOut.fields_of(found)), found.version, if_none_match)


@router.put("/{completion_id}", response_model=ReportedCompletionOut, responses=problems(428) | MINIMAL)
async def correct_completion(given: Annotated[Correction, Depends(_correction)]) -> Response:
    """Correct a completion in place: it becomes what the body says.

    A credit keeps its id when learner and board stay; its board is told and decides anew. Credit that the body leaves
    out is withdrawn.
    """
    corrected = await transact_async(given.caller, records.correct, given.completion_id, given.if_match, given.report)
    return send(given.caller, answer_of(given.caller, corrected, located=False))


@router.patch("/{completion_id}", response_model=ReportedCompletionOut, responses=problems(428) | MINIMAL)
async def change_completion(given: Annotated[Patch, Depends(_patch)]) -> Response:
    """Change members of a completion's `report`, as a JSON Merge Patch; it is judged as the correction that results.

    Only boards whose credit changes are told. Findings point into the `report` as patched. The body may be declared as
    `application/merge-patch+json`.
    """
    changed = await transact_async(given.caller, records.patch, given.completion_id, given.if_match, given.patch.onto)
    return send(given.caller, answer_of(given.caller, changed, located=False))


@router.get("/{completion_id}/history", response_model=CompletionHistoryOut)
async def get_completion_history(caller: CompletionsReader, completion_id: CompletionId) -> CompletionHistoryOut:
    """Read every version of a completion, newest first; a withdrawn one has its history too."""
    versions = await read_async(caller, records.history, completion_id)
    return CompletionHistoryOut(
        data=[
            CompletionVersionOut.of(version.verb, version.at, version.client_id, version.board, version.completion)
            for version in versions
        ]
    )


@router.delete("/{completion_id}", status_code=204, response_class=Response)
async def withdraw_completion(caller: CompletionsWriter, completion_id: CompletionId, if_match: IfMatch = None) -> None:
    """Withdraw a completion with all its credits. The boards that have them are told."""
    await transact_async(caller, records.withdraw, completion_id, if_match)
