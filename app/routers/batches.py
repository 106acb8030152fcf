"""`/v1/batches`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from app.core.errors import Conflict
from app.core.http.pagination import PageQuery
from app.core.http.routing import StrictRoute
from app.domain.batches import Batch, BatchKind, BatchStatus, RowOutcome
from app.domain.clients import Role
from app.routers.answers import send
from app.routers.callers import BatchesKeeper, BatchesReader, BatchesUploader, BatchesWaiter
from app.routers.openapi import form, problems
from app.routers.paging import open_page
from app.schemas.batch_form import BatchForm
from app.schemas.batches import BatchOut, BatchPage, RowPage
from app.services.batches import intake, lifecycle, lookup, mending
from app.services.context import BYTES_AS_ONE, Caller, read_async, transact_async
from app.services.idempotency import Answer

router = APIRouter(prefix="/v1/batches", tags=["Batches"], route_class=StrictRoute)
PATH = "/v1/batches"
BatchId = Annotated[str, Path(max_length=64, description="The batch's id.")]


@router.post(
    "",
    status_code=202,
    response_model=BatchOut,
    responses={200: {"model": BatchOut, "description": "Done within the time that `Prefer: wait` named"}},
    openapi_extra=form(BatchForm),
)
async def upload_batch(caller: BatchesUploader, request: Request) -> Response:
    """Upload a file of records: a spreadsheet, tab-delimited text, XML, JSON or NDJSON.

    It is processed at once; `Prefer: wait=20` waits for it. Every row has its outcome; rejected rows come back in a
    file that can be corrected and uploaded as it is. Uploading the same file again never doubles anything.
    """
    content_type = request.headers.get("content-type", "")
    body: AsyncIterator[bytes] = request.stream()
    if (declared := request.headers.get("content-length", "")).isdigit():
        caller.charge(int(declared), BYTES_AS_ONE, header="Content-Length")
    else:
        body = counted_on_arrival(caller, body)
    request_line = f"{request.method} {request.url.path}?{request.url.query}"
    return send(caller, await intake.accept_upload(caller, request_line, content_type, body, answer_of))


async def counted_on_arrival(caller: Caller, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield a body that did not say its length, and count it once it has come to its end, or to ours."""
    size = 0
    try:
        async for piece in body:
            size += len(piece)
            yield piece
    finally:
        caller.charge_arrived(size, BYTES_AS_ONE)


def answer_of(batch: Batch) -> Answer:
    """Return the answer to an upload: 200 once nothing more happens to its batch, 202 before."""
    status, location = 200 if batch.finished else 202, {"Location": f"{PATH}/{batch.batch_id}"}
    return Answer(status=status, body=BatchOut.of(batch).model_dump_json(), headers=location)


class BatchQuery(PageQuery):
    """Filters of the list of batches."""

    kind: Annotated[list[BatchKind], Field(max_length=10)] = []
    status: Annotated[list[BatchStatus], Field(max_length=10)] = []
    to_fix: Annotated[
        bool | None,
        Field(
            description="`true`: only files of the last 30 days with rejected rows, dry runs left out, whose rows "
            "`GET /v1/attention` counts; `false`: only the others."
        ),
    ] = None


@router.get("", response_model=BatchPage)
async def list_batches(caller: BatchesReader, query: Annotated[BatchQuery, Query()], response: Response) -> BatchPage:
    """List the batches of the provider, or of the board, newest first.

    An operator who names no provider is shown those of boards.
    """
    asked = await open_page(caller, query, PATH)
    wanted = asked.query
    found = await read_async(
        caller, lookup.page, before=asked.after, limit=asked.limit, kinds=wanted.kind, statuses=wanted.status,
        to_fix=wanted.to_fix,
    )  # fmt: skip
    page = asked.page(found, response, lambda batch: batch.batch_id)
    return BatchPage(data=[BatchOut.of(batch) for batch in page.rows], next_cursor=page.cursor)


@router.get("/{batch_id}", response_model=BatchOut)
async def get_batch(caller: BatchesWaiter, batch_id: BatchId) -> BatchOut:
    """Read one batch. `Prefer: wait=20` waits until nothing more happens to it, for so many seconds at most."""
    return BatchOut.of(await lookup.wait_for(caller, batch_id, caller.prefers.wait))


class RowQuery(PageQuery):
    """Filters of the list of records."""

    outcome: Annotated[list[RowOutcome], Field(max_length=10, description="Only records with this outcome.")] = []
    include: Annotated[
        Literal["record"] | None,
        Field(description="`record`: with the values of each record as they were sent, and as they were mended."),
    ] = None


@router.get("/{batch_id}/rows", response_model=RowPage)
async def list_batch_rows(
    caller: BatchesReader, batch_id: BatchId, query: Annotated[RowQuery, Query()], response: Response
) -> RowPage:
    """List the outcome of each record of a batch, in their order, with every finding.

    With `include=record`, each has its values as they were sent, and a rejected one where its mending stands; its
    findings are then those of the last check.
    """
    asked = await open_page(caller, query, f"{PATH}/{batch_id}/rows")
    for_operator = caller.client.role is Role.OPERATOR
    if asked.query.include is not None:
        mended = await read_async(
            caller, mending.rows, batch_id, after=asked.after, limit=asked.limit, outcomes=asked.query.outcome
        )
        shown = asked.page(mended.rows, response, lambda row: row.result.place)
        response.headers["Cache-Control"] = "no-store"
        return RowPage.of_mended(mended, shown.rows, mended.held, shown.cursor, for_operator=for_operator)
    found = await read_async(
        caller, lookup.rows, batch_id, after=asked.after, limit=asked.limit, outcomes=asked.query.outcome
    )
    page = asked.page(found.results, response, lambda row: row.place)
    return RowPage.of(found.batch, page.rows, found.held, page.cursor, for_operator=for_operator)


@router.post("/{batch_id}/cancel", response_model=BatchOut, responses=problems(Conflict))
async def cancel_batch(caller: BatchesKeeper, batch_id: BatchId) -> BatchOut:
    """Stop a batch. Records applied before stay applied; the rest is not applied unless the batch is retried."""
    return BatchOut.of(await transact_async(caller, lifecycle.cancel, batch_id))


@router.post("/{batch_id}/retry", response_model=BatchOut, responses=problems(Conflict))
async def retry_batch(caller: BatchesKeeper, batch_id: BatchId) -> BatchOut:
    """Judge the rejected records again with today's data, such as a licence that is new in the registry.

    A cancelled batch continues; a file on which the parser failed is read again.
    """
    return BatchOut.of(await transact_async(caller, lifecycle.retry, batch_id))
