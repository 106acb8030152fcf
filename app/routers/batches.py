"""`/v1/batches`."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from app.core.errors import Conflict
from app.core.multipart import Form
from app.core.pagination import PageQuery
from app.core.routing import StrictRoute
from app.domain.batches import Batch
from app.routers.depends import BatchesClient, BatchesUploader, BatchesWaiter, send
from app.routers.openapi import problems
from app.routers.paging import open_page
from app.schemas.batches import (
    FORM,
    BatchIn,
    BatchOut,
    BatchPage,
    KindName,
    OutcomeName,
    RowPage,
    StatusName,
    read_form,
)
from app.services import batches, uploads
from app.services.batches import NewBatch
from app.services.context import Caller, Work, read_async, transact_async
from app.services.idempotency import Answer, once

router = APIRouter(prefix="/v1/batches", tags=["Batches"], route_class=StrictRoute)
PATH = "/v1/batches"
BatchId = Annotated[str, Path(max_length=64, description="The batch's id.")]


@router.post(
    "",
    status_code=202,
    response_model=BatchOut,
    responses={200: {"model": BatchOut, "description": "Done within the time that `Prefer: wait` named"}},
    openapi_extra={"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": FORM}}}},
)
async def upload_batch(caller: BatchesUploader, request: Request) -> Response:
    """Upload a file of records: a spreadsheet, tab-delimited text, XML or NDJSON.

    It is worked on at once; `Prefer: wait=20` waits for it. Every row has its outcome; refused rows come back in
    a file that can be mended and uploaded as it is. Uploading the same again never doubles anything.
    """
    arriving, form = await uploads.arrive(caller, request.headers.get("content-type", ""), request.stream())
    try:
        given = read_form(form)
        named = replace(caller, fingerprint=_fingerprint(request, form))
        answer = await transact_async(named, once, lambda work: _made(work, arriving.upload_id, form, given))
    except BaseException:
        await arriving.drop()
        raise
    if answer.replayed:
        await arriving.drop()
    return await _once_done(caller, answer)


def _fingerprint(request: Request, form: Form) -> str:
    """Return a digest of what makes an upload the same one: its fields and its file's digest."""
    head = f"{request.method} {request.url.path}?{request.url.query}\n{sorted(form.fields.items())}\n{form.digest}"
    return sha256(head.encode()).hexdigest()


def _made(work: Work, upload_id: str, form: Form, given: BatchIn) -> Answer:
    made = batches.create(
        work,
        NewBatch(
            upload_id=upload_id,
            kind=given.kind,
            filename=given.filename,
            size=form.size,
            digest=form.digest,
            permission_attested=given.permission_attested,
            dry_run=given.dry_run,
        ),
    )
    return _told(made, 202)


def _told(batch: Batch, status: int) -> Answer:
    location = {"Location": f"{PATH}/{batch.batch_id}"}
    return Answer(status=status, body=BatchOut.of(batch).model_dump_json(), headers=location)


async def _once_done(caller: Caller, answer: Answer) -> Response:
    """Wait for a batch that was made if that is preferred; it is answered 200 when it is done."""
    if caller.prefers.wait:
        batch_id = answer.headers["Location"].rpartition("/")[2]
        batch = await batches.wait_for(caller, batch_id, caller.prefers.wait)
        told = _told(batch, 200 if batch.finished else 202)
        answer = replace(told, replayed=answer.replayed)
    return send(caller, answer)


class BatchQuery(PageQuery):
    """Which batches to list."""

    kind: Annotated[list[KindName], Field(max_length=10)] = []
    status: Annotated[list[StatusName], Field(max_length=10)] = []


@router.get("", response_model=BatchPage)
async def list_batches(caller: BatchesClient, query: Annotated[BatchQuery, Query()], response: Response) -> BatchPage:
    """List the provider's batches, newest first."""
    asked = open_page(caller, query, PATH)
    kinds, statuses = asked.query.kind, asked.query.status
    found = await read_async(
        caller, batches.page, before=asked.after, limit=asked.limit, kinds=kinds, statuses=statuses
    )
    page = asked.page(found, response, lambda each: each.batch_id)
    return BatchPage(data=[BatchOut.of(each) for each in page.rows], next_cursor=page.cursor)


@router.get("/{batch_id}", response_model=BatchOut)
async def get_batch(caller: BatchesWaiter, batch_id: BatchId) -> BatchOut:
    """Read one batch. `Prefer: wait=20` waits until nothing more happens to it, for so many seconds at most."""
    return BatchOut.of(await batches.wait_for(caller, batch_id, caller.prefers.wait))


class RowQuery(PageQuery):
    """Which records to list."""

    outcome: Annotated[list[OutcomeName], Field(max_length=10, description="Only records with this outcome.")] = []


@router.get("/{batch_id}/rows", response_model=RowPage)
async def list_batch_rows(
    caller: BatchesClient, batch_id: BatchId, query: Annotated[RowQuery, Query()], response: Response
) -> RowPage:
    """List what became of each record of a batch, in their order, with every finding."""
    asked = open_page(caller, query, f"{PATH}/{batch_id}/rows")
    batch = await read_async(caller, batches.get, batch_id)
    after = asked.after if asked.after is not None else -1
    found = await read_async(
        caller, batches.rows, batch_id, after=after, limit=asked.limit, outcomes=asked.query.outcome
    )
    page = asked.page(found, response, lambda each: each.place)
    return RowPage.of(batch, page.rows, page.cursor)


@router.post("/{batch_id}/cancel", response_model=BatchOut, responses=problems(Conflict))
async def cancel_batch(caller: BatchesClient, batch_id: BatchId) -> BatchOut:
    """Stop a batch. What was applied before stands; the rest is not applied unless it is retried."""
    return BatchOut.of(await transact_async(caller, batches.cancel, batch_id))


@router.post("/{batch_id}/retry", response_model=BatchOut, responses=problems(Conflict))
async def retry_batch(caller: BatchesClient, batch_id: BatchId) -> BatchOut:
    """Judge the refused records again, as the world is now: after the registry has learnt of a licence, say.

    A batch that was cancelled goes on; a file that the parser failed on is read again.
    """
    return BatchOut.of(await transact_async(caller, batches.retry, batch_id))
