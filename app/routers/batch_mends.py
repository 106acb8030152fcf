"""`/v1/batches/{batch_id}/rows/{row}`, `…/mends` and `…/withdraw`: rejected records mended, and uploads undone."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from app.core.errors import Conflict, FileRemoved, PreconditionFailed, PreconditionRequired
from app.core.http.routing import StrictRoute
from app.domain.batch_mends import MendedRow
from app.domain.batches import BatchKind
from app.routers.answers import send
from app.routers.batches import BatchId, answer_of
from app.routers.callers import BatchesKeeper, BatchesMender
from app.routers.conditions import IfMatch
from app.routers.openapi import problems
from app.schemas.batch_mends import ChecksIn, MendIn, ReportIn, SetAsideIn, UndoingOut
from app.schemas.batches import BatchOut, BatchRowOut, CheckedRowsOut
from app.services.batches import lookup, mend_reports, mending, undoing
from app.services.context import Caller, Work, transact_async

router = APIRouter(prefix="/v1/batches", tags=["Batches"], route_class=StrictRoute)
RowNumber = Annotated[int, Path(ge=1, le=2_147_483_647, description="The row's number, as the list of rows has it.")]


@router.put(
    "/{batch_id}/rows/{row}/mend",
    response_model=BatchRowOut,
    responses=problems(Conflict, FileRemoved, PreconditionFailed, PreconditionRequired),
)
async def mend_batch_row(
    caller: BatchesKeeper, batch_id: BatchId, row: RowNumber, body: MendIn, if_match: IfMatch = None
) -> BatchRowOut:
    """Keep what was typed into a rejected row, in place of what was typed before. Nothing is judged or reported yet.

    `If-Match` names the version of the row's `mend`, so that the later of two who mend one row is told, and nothing of
    the earlier is lost.
    """

    def edit(work: Work) -> tuple[BatchKind, MendedRow]:
        mended = mending.edit(work, batch_id, row, if_match, body.cells)
        return lookup.get(work.connection, caller, batch_id).kind, mended

    return BatchRowOut.of_mended(*await transact_async(caller, edit))


@router.post("/{batch_id}/mends:check", response_model=CheckedRowsOut, responses=problems(Conflict, FileRemoved))
async def check_batch_mends(caller: BatchesKeeper, batch_id: BatchId, body: ChecksIn) -> CheckedRowsOut:
    """Judge rejected rows with their changes, as a dry run of a file of these rows would: nothing is reported.

    What was found stands in the rows until they are changed again. Birth dates that lead to nobody are counted, as by
    any other door. At most 500 rows at a time.
    """
    checked = await mending.check(caller, batch_id, body.rows)
    return CheckedRowsOut(data=[BatchRowOut.of_mended(checked.batch.kind, row) for row in checked.rows])


@router.post(
    "/{batch_id}/mends",
    status_code=202,
    response_model=BatchOut,
    responses=problems(Conflict, FileRemoved)
    | {200: {"model": BatchOut, "description": "Done within the time that `Prefer: wait` named"}},
)
async def report_batch_mends(caller: BatchesMender, batch_id: BatchId, body: ReportIn) -> Response:
    """Report the rows that are ready: they become a file, and that a batch of its own whose `mends` names this one.

    A row is ready once a check since its last change found nothing that refuses it. The rows of this batch stay what
    they were, each with the place where it was reported. At most 5,000 rows at a time.
    """
    answer = await mend_reports.report(
        caller, batch_id, body.rows, answer_of, permission_attested=body.permission_attested
    )
    return send(caller, answer)


@router.post("/{batch_id}/rows/{row}/set-aside", response_model=BatchRowOut, responses=problems(Conflict))
async def set_batch_row_aside(
    caller: BatchesKeeper, batch_id: BatchId, row: RowNumber, body: SetAsideIn
) -> BatchRowOut:
    """Take a rejected row off what waits to be mended. It stays where it is, and can be taken up again."""
    return BatchRowOut.of_mended(*await _set_aside(caller, batch_id, row, body))


@router.delete("/{batch_id}/rows/{row}/set-aside", response_model=BatchRowOut, responses=problems(Conflict))
async def take_batch_row_up(caller: BatchesKeeper, batch_id: BatchId, row: RowNumber) -> BatchRowOut:
    """Take a row up again that was set aside: it waits to be mended as before."""
    return BatchRowOut.of_mended(*await _set_aside(caller, batch_id, row, None))


@router.post("/{batch_id}/withdraw", response_model=UndoingOut, responses=problems(Conflict))
async def withdraw_batch(
    caller: BatchesKeeper,
    batch_id: BatchId,
    dry_run: Annotated[bool, Query(description="Only list what would go, and what would stay.")] = False,
) -> UndoingOut:
    """Undo an upload: withdraw the completions that it added, and set aside its held records. The boards are told.

    Completions that were corrected or added to since stay, and so does what its rows changed of older ones. They go in
    several transactions: sent again after a failure, the request continues with the rest.
    """
    undone = await undoing.withdraw(caller, batch_id, dry_run=dry_run)
    return UndoingOut(
        batch_id=batch_id,
        dry_run=dry_run,
        completions=undone.completions,
        held_records=undone.held_records,
        rows=UndoingOut.rows_of([(row.number, row.completion_id) for row in undone.rows]),
        changed=undone.changed,
        changed_since=UndoingOut.rows_of([(row.number, row.completion_id) for row in undone.changed_since]),
        staying=undone.staying,
    )


async def _set_aside(caller: Caller, batch_id: str, row: int, body: SetAsideIn | None) -> tuple[BatchKind, MendedRow]:
    def change(work: Work) -> tuple[BatchKind, MendedRow]:
        changed = mending.set_aside(work, batch_id, row, body.reason if body is not None else None)
        return lookup.get(work.connection, caller, batch_id).kind, changed

    return await transact_async(caller, change)
