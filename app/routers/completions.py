"""`/v1/learner-completions`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response

from app.core.routing import StrictRoute
from app.domain.credits import Outcome
from app.domain.readings import text_or_none
from app.domain.reports import EntryMethod
from app.routers.depends import CompletionsReader, CompletionsReporter, CompletionsWriter, IfMatch, answered, send
from app.routers.openapi import problems
from app.schemas.completions import CompletionIn, CompletionOut, ReportedOut
from app.services import completions, reporting, sandbox, submitter
from app.services.context import read_async, transact_async
from app.services.idempotency import Answer
from app.services.reporting import Submitted

router = APIRouter(prefix="/v1/learner-completions", tags=["Learner completions"], route_class=StrictRoute)
PATH = "/v1/learner-completions"
CompletionId = Annotated[str, Path(max_length=64, description="The completion's id.")]


@router.post(
    "",
    status_code=201,
    response_model=ReportedOut,
    responses=problems(409, 413, 415, 429)
    | {200: {"model": ReportedOut, "description": "Joined to, or unchanged in, what stands"}},
)
async def report_completion(caller: CompletionsReporter, body: CompletionIn) -> Response:
    """Report that a learner completed an activity: CME, MOC/CC, REMS, or all in one record."""
    await sandbox.rehearse(caller, text_or_none(body.activity_id))
    one = body.as_report(caller.provider_id, caller.service.clock(), EntryMethod.API)
    if caller.idempotency_key is None:
        return send(_told(await submitter.report(caller, one)))
    return await answered(caller, lambda work: _told(reporting.report(work, one)))


def _told(submitted: Submitted) -> Answer:
    """Return the answer to a report that was accepted."""
    assert submitted.completion is not None
    shown = ReportedOut.after(submitted.completion, submitted.outcome, submitted.findings)
    return Answer(
        status=201 if submitted.outcome is Outcome.CREATED else 200,
        body=shown.model_dump_json(),
        headers={"Location": f"{PATH}/{shown.completion_id}", "ETag": f'"{shown.version}"'},
    )


@router.get("/{completion_id}", response_model=CompletionOut, responses=problems(404))
async def get_completion(caller: CompletionsReader, completion_id: CompletionId, response: Response) -> CompletionOut:
    """Read one completion as it stands, with the status of each credit."""
    found = await read_async(caller, completions.get, completion_id)
    response.headers["ETag"] = f'"{found.version}"'
    return CompletionOut.of(found)


@router.delete("/{completion_id}", status_code=204, responses=problems(404, 412))
async def withdraw_completion(caller: CompletionsWriter, completion_id: CompletionId, if_match: IfMatch = None) -> None:
    """Withdraw a completion with all its credits. The boards that have them are told."""
    await transact_async(caller, completions.withdraw, completion_id, if_match)
