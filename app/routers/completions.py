"""`/v1/learner-completions`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response

from app.core.errors import Problem
from app.core.http.routing import StrictRoute
from app.domain.credits import Outcome
from app.domain.parsing import text_or_none
from app.domain.reports import EntryMethod
from app.routers.depends import (
    MINIMAL,
    NOT_MODIFIED,
    CompletionsEditor,
    CompletionsReader,
    CompletionsReporter,
    CompletionsWriter,
    IfMatch,
    IfNoneMatch,
    answered,
    send,
    shown,
)
from app.routers.openapi import problems
from app.schemas.completion_answers import BulkIn, BulkOut, HistoryOut, PreviewOut, VersionOut, bulk_body
from app.schemas.completions import CompletionIn, CompletionOut, ReportedCompletionOut
from app.services.completions import records
from app.services.context import Work, read_async, transact_async
from app.services.idempotency import Answer
from app.services.reporting import bulk, group, pipeline
from app.services.reporting.pipeline import Submitted
from app.services.sandbox import providers

router = APIRouter(prefix="/v1/learner-completions", tags=["Learner completions"], route_class=StrictRoute)
PATH = "/v1/learner-completions"
CompletionId = Annotated[str, Path(max_length=64, description="The completion's id.")]


@router.post(
    "",
    status_code=201,
    response_model=ReportedCompletionOut,
    responses=problems(429)
    | MINIMAL
    | {200: {"model": ReportedCompletionOut, "description": "Joined to, or unchanged in, what stands"}},
)
async def report_completion(caller: CompletionsReporter, body: CompletionIn) -> Response:
    """Report that a learner completed an activity: CME, MOC/CC, REMS, or all in one record."""
    await providers.rehearse(caller, text_or_none(body.activity_id))
    one = body.as_report(caller.provider_id, caller.service.clock(), EntryMethod.API)
    if caller.idempotency_key is None:
        return send(caller, _told(await group.report(caller, one)))
    return await answered(caller, lambda work: _told(pipeline.report(work, one)))


def _told(submitted: Submitted, *, put: bool = False) -> Answer:
    """Return the answer to a report that was accepted; one that was put has the address that it was sent to."""
    told = _reported(submitted)
    headers = {"ETag": f'"{told.version}"'}
    if not put:
        headers["Location"] = f"{PATH}/{told.completion_id}"
    return Answer(status=_status(submitted), body=told.model_dump_json(), headers=headers)


def _reported(submitted: Submitted) -> ReportedCompletionOut:
    assert submitted.completion is not None
    return ReportedCompletionOut.after(submitted.completion, submitted.outcome, submitted.findings)


def _status(submitted: Submitted) -> int:
    return 201 if submitted.outcome is Outcome.CREATED else 200


@router.post(":preview", response_model=PreviewOut)
async def preview_completion(caller: CompletionsWriter, body: CompletionIn) -> PreviewOut:
    """Tell what would become of a report, with every finding, and store nothing."""
    one = body.as_report(caller.provider_id, caller.service.clock(), EntryMethod.API)
    told = await read_async(caller, pipeline.preview, one)
    return PreviewOut.of(told.outcome, told.completion, told.standing, told.findings)


@router.post(
    ":bulk",
    status_code=207,
    response_model=BulkOut,
    response_model_exclude_unset=True,
)
async def report_completions(caller: CompletionsReporter, body: BulkIn) -> Response:
    """Report up to 500 completions in their order; each is answered by itself, and sees those before it."""
    return await answered(caller, lambda work: _each_told(work, body))


def _each_told(work: Work, body: BulkIn) -> Answer:
    """Return the answers to the items of a bulk request."""
    provider_id = work.caller.provider_id
    items = [
        each if isinstance(each, Problem) else each.as_report(provider_id, work.now, EntryMethod.API)
        for each in body.read()
    ]
    done = bulk.report_each(work, items)
    results = [
        (each.status, each) if isinstance(each, Problem) else (_status(each), _reported(each)) for each in done.results
    ]
    return Answer(status=207, body=bulk_body(results, done.counts, work.caller.request_id or ""))


@router.get("/{completion_id}", response_model=CompletionOut, responses=NOT_MODIFIED)
async def get_completion(
    caller: CompletionsReader, completion_id: CompletionId, if_none_match: IfNoneMatch = None
) -> Response:
    """Read one completion as it stands, with the status of each credit."""
    found = await read_async(caller, records.get, completion_id)
    return shown(CompletionOut.of(found), found.version, if_none_match)


@router.put("/{completion_id}", response_model=ReportedCompletionOut, responses=problems(428, 429) | MINIMAL)
async def correct_completion(
    caller: CompletionsEditor, completion_id: CompletionId, body: CompletionIn, if_match: IfMatch = None
) -> Response:
    """Correct a completion in place: it becomes what the body says.

    A credit keeps its id when learner and board stay; its board is told and decides anew. What the body leaves out is
    withdrawn.
    """
    await providers.rehearse(caller, text_or_none(body.activity_id))
    one = body.as_report(caller.provider_id, caller.service.clock(), EntryMethod.API)
    corrected = await transact_async(caller, records.correct, completion_id, if_match, one)
    return send(caller, _told(corrected, put=True))


@router.get("/{completion_id}/history", response_model=HistoryOut)
async def get_completion_history(caller: CompletionsReader, completion_id: CompletionId) -> HistoryOut:
    """Read every version of a completion, newest first; also of one that was withdrawn."""
    found = await read_async(caller, records.history, completion_id)
    return HistoryOut(
        data=[VersionOut.of(each.verb, each.at, each.client_id, each.board, each.completion) for each in found]
    )


@router.delete("/{completion_id}", status_code=204, response_class=Response)
async def withdraw_completion(caller: CompletionsWriter, completion_id: CompletionId, if_match: IfMatch = None) -> None:
    """Withdraw a completion with all its credits. The boards that have them are told."""
    await transact_async(caller, records.withdraw, completion_id, if_match)
