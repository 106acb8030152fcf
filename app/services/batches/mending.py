"""Mending: rejected records of a file are changed one by one, and checked; `mend_reports` reports them again.

The first batch stays what it was. What was typed is kept on the server as it is typed, so that no closed tab loses it;
a check stores what it said of a record, and nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection

from app.core.errors import Conflict, ErrorItem, FileRemoved, InvalidRequest, NotFound
from app.core.strict_json import pointer_of
from app.domain.audit import BatchAudit
from app.domain.batch_mends import CellValue, Mend, MendedRow, MendedRows, MendState, SetAsideReason, as_posted, shown
from app.domain.batches import Batch, BatchStatus, FileHead, RawRow, RowOutcome, RowResult
from app.files.cells import UNKEEPABLE
from app.files.record_fields import UnknownField, fields_of, typed_as, with_cells
from app.services.batches import dry_runs, lifecycle
from app.services.batches.lookup import get, held_of
from app.services.context import RECORDS_AS_ONE, Caller, Work, read_async, transact_async
from app.services.preconditions import must_match
from app.services.reporting.dry_run_state import DryRunState
from app.store import batch_mends, batch_rows, batches

MOST_CHECKED = 500
"""Records that are checked at once: as many as a bulk request may hold."""
LONGEST_VALUE = 10_000
"""Characters that may be typed in place of one cell."""
_REJECTED = (RowOutcome.REJECTED.value,)
Numbers = Sequence[int]
"""Numbers of records: rows of the sheet, lines of the text, places of elements, from 1."""


def rows(
    connection: Connection, caller: Caller, batch_id: str, *, after: int | None, limit: int, outcomes: Sequence[str]
) -> MendedRows:
    """Return records of a batch after a place, in order, as sent and as they were changed; raises `NotFound`."""
    batch = get(connection, caller, batch_id)
    results = batch_rows.after(connection, batch_id, -1 if after is None else after, limit, outcomes)
    return MendedRows(batch=batch, rows=with_records(connection, batch, results), held=held_of(connection, results))


def one(connection: Connection, caller: Caller, batch_id: str, number: int) -> MendedRow:
    """Return one record of a batch by its number; raises `NotFound`."""
    batch = get(connection, caller, batch_id)
    result = batch_mends.row_numbered(connection, batch_id, number)
    if result is None:
        raise NotFound("The batch has no such row.")
    (row,) = with_records(connection, batch, [result])
    return row


def states(connection: Connection, caller: Caller, batch_id: str) -> dict[str, int]:
    """Return how many rejected records of a batch stand where, by the names of `MendState`."""
    get(connection, caller, batch_id)
    return batch_mends.count_states(connection, batch_id)


def with_records(connection: Connection, batch: Batch, results: Sequence[RowResult]) -> list[MendedRow]:
    """Return results of a batch with their records as sent and as they were changed."""
    raws: dict[int, RawRow] = {}
    for number in sorted({result.place // batch.piece_rows for result in results}):
        # One piece at a time: each may hold many records beside those that are asked for.
        wanted = {result.place for result in results}
        raws |= {place: raw for place, raw in batches.of_pieces(connection, batch, [number]) if place in wanted}
    mends = batch_mends.of_places(connection, batch.batch_id, [result.place for result in results])
    reported = batch_mends.reported_rows(connection, list(mends.values()))
    return [
        MendedRow(
            result=result,
            raw=raws.get(result.place),
            fields=fields_of(batch.head, raws[result.place].raw) if batch.head and result.place in raws else (),
            mend=mends.get(result.place),
            reported=reported.get(result.place),
        )
        for result in results
    ]


def edit(work: Work, batch_id: str, number: int, if_match: str | None, texts: Mapping[str, str]) -> MendedRow:
    """Keep what was typed into a rejected record, in place of what was typed before; the record is not checked.

    A value that stands there as sent is no change. Raises `NotFound`, `Conflict` for a record that is not to be
    mended, `PreconditionFailed` where somebody else changed it meanwhile, `InvalidRequest` for a field it has not.
    """
    batch, row = _lock_row(work, batch_id, number)
    must_match(if_match, row.version)
    _require_open(row)
    if batch.head is None or row.raw is None:
        raise FileRemoved("The records of this file as they were sent were removed: mend your own copy.")
    changed = _changed(row, texts)
    _require_values(changed)
    try:
        with_cells(batch.head, row.raw.raw, changed)
    except UnknownField as unknown:
        detail = f"The row has no field {unknown.field[:100]}."
        hint = "Name fields as `GET …/rows?include=record` lists them; what is not listed is changed in the file."
        raise InvalidRequest(errors=[_cell_fault("field-unknown", unknown.field, detail, hint)]) from None
    if row.mend is None or changed != row.mend.cells:
        values = {"cells": changed, "outcome": None, "findings": None, **_touched(work)}
        batch_mends.save(work.connection, batch_id, row.result.place, row.mend, values)
    return one(work.connection, work.caller, batch_id, number)


def set_aside(work: Work, batch_id: str, number: int, reason: SetAsideReason | None) -> MendedRow:
    """Take a rejected record off what waits to be mended, with a reason; None takes it up again. Nothing is deleted.

    Raises `NotFound`, and `Conflict` for a record that was not rejected, or was reported again.
    """
    _, row = _lock_row(work, batch_id, number)
    if row.state is MendState.REPORTED:
        raise _reported_already(row)
    if reason is (row.mend.set_aside if row.mend is not None else None):
        return row
    batch_mends.save(work.connection, batch_id, row.result.place, row.mend, {"set_aside": reason, **_touched(work)})
    work.audit("take-up" if reason is None else "set-aside", batch_id, BatchAudit(rows=1))
    return one(work.connection, work.caller, batch_id, number)


def _changed(row: MendedRow, texts: Mapping[str, str]) -> dict[str, CellValue]:
    """Return what was typed as values, without those that stand there as sent."""
    fields = {field.field: field for field in row.fields}
    typed = {name: typed_as(text, name, fields.get(name)) for name, text in texts.items()}
    return {name: value for name, value in typed.items() if name not in fields or fields[name].value != value}


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody typed into one row of a page, by the version that the page was drawn of."""

    number: int
    version: int
    texts: Mapping[str, str]
    """What stands in the fields that the page shows."""


def edit_many(work: Work, batch_id: str, edits: Sequence[Edit]) -> list[int]:
    """Keep what was typed into several rows; return the numbers of those that somebody else changed meanwhile.

    Of these nothing is kept. A row in which nothing was typed is left alone, whatever became of it meanwhile.
    """
    lifecycle.lock(work, batch_id)
    stale = []
    for given in edits:
        row = one(work.connection, work.caller, batch_id, given.number)
        before = row.mend.cells if row.mend is not None else {}
        standing = {field.field: field.value for field in row.fields} | dict(before)
        typed = {name: text for name, text in given.texts.items() if text != as_posted(standing.get(name))}
        texts = {name: shown(value) for name, value in before.items()} | typed
        if _changed(row, texts) == before:
            continue
        if row.version != given.version or row.state in (MendState.REPORTED, MendState.SET_ASIDE):
            stale.append(given.number)
            continue
        edit(work, batch_id, given.number, f'"{row.version}"', texts)
    return stale


class _ToCheck(msgspec.Struct, frozen=True, kw_only=True):
    batch: Batch
    rows: Sequence[MendedRow]


async def check(caller: Caller, batch_id: str, numbers: Numbers | None) -> MendedRows:
    """Judge rejected records as they were changed, by the file's own reader, as a dry run of them together would.

    Without `numbers`, those that were changed and not checked since. Nothing is stored but what was said of each
    record; birth dates that lead to nobody are counted. Raises `NotFound`, `Conflict`, `InvalidRequest`.
    """
    asked = await read_async(caller, _to_check, batch_id, numbers)
    if not asked.rows:
        return MendedRows(batch=asked.batch, rows=())
    caller.charge(len(asked.rows), RECORDS_AS_ONE, pointer="/rows")
    # Judged in the name of who asks: their budget is spent, and their right to the provider counts.
    as_sent_now = replace(
        asked.batch, client_id=caller.client.client_id, request_id=caller.request_id, created_at=caller.service.clock()
    )
    results = await asyncio.to_thread(
        dry_runs.judge_rows, caller.service, as_sent_now, _edited(asked.batch, asked.rows), DryRunState()
    )
    await transact_async(caller, _save_checks, asked, results)
    places = [row.result.place for row in asked.rows]
    checked = await read_async(caller, _of_places, batch_id, places)
    return MendedRows(batch=asked.batch, rows=checked)


def _to_check(connection: Connection, caller: Caller, batch_id: str, numbers: Numbers | None) -> _ToCheck:
    batch = get(connection, caller, batch_id)
    require_mendable(batch)
    if numbers is None:
        unchecked = [
            place
            for place, mend in batch_mends.of_batch(connection, batch_id).items()
            if mend.cells and mend.outcome is None and mend.state is MendState.OPEN
        ]
        found = _of_places(connection, caller, batch_id, unchecked[:MOST_CHECKED])
        return _ToCheck(batch=batch, rows=[row for row in found if row.result.outcome is RowOutcome.REJECTED])
    results = []
    for index, number in enumerate(numbers):
        result = batch_mends.row_numbered(connection, batch_id, number)
        if result is None or result.outcome is not RowOutcome.REJECTED:
            detail = f"The batch has no rejected row {number}."
            hint = "Name rows as `GET …/rows?outcome=rejected` lists them."
            raise InvalidRequest(errors=[ErrorItem(code="format", pointer=f"/rows/{index}", detail=detail, hint=hint)])
        results.append(result)
    ordered = sorted({result.place: result for result in results}.values(), key=lambda result: result.place)
    found = with_records(connection, batch, ordered)
    for row in found:
        _require_open(row)
    return _ToCheck(batch=batch, rows=found)


def _of_places(connection: Connection, caller: Caller, batch_id: str, places: Sequence[int]) -> list[MendedRow]:
    batch = get(connection, caller, batch_id)
    results = batch_rows.of_places(connection, batch_id, places)
    return with_records(connection, batch, results)


def _edited(batch: Batch, some: Sequence[MendedRow]) -> list[tuple[int, RawRow]]:
    assert batch.head is not None
    return [(row.result.place, edited_raw(batch.head, row)) for row in some]


def edited_raw(head: FileHead, row: MendedRow) -> RawRow:
    """Return a record with what was changed in it; raises `FileRemoved` once it is gone."""
    if row.raw is None:
        raise FileRemoved("The records of this file as they were sent were removed: mend your own copy.")
    cells = row.mend.cells if row.mend is not None else {}
    return replace(row.raw, raw=with_cells(head, row.raw.raw, cells))


def _save_checks(work: Work, asked: _ToCheck, results: Sequence[RowResult]) -> None:
    """Store what a check said of those records that nobody changed while it ran."""
    batch_id = asked.batch.batch_id
    lifecycle.lock(work, batch_id)
    places = [result.place for result in results]
    current = batch_mends.of_places(work.connection, batch_id, places)
    before = {row.result.place: row.mend for row in asked.rows}
    for result in results:
        mend = current.get(result.place)
        if _version_of(mend) == _version_of(before[result.place]):
            batch_mends.save_check(work.connection, batch_id, result, mend, _touched(work))


def _version_of(mend: Mend | None) -> int:
    return mend.version if mend is not None else 1


def _lock_row(work: Work, batch_id: str, number: int) -> tuple[Batch, MendedRow]:
    """Return a batch, locked until the transaction ends, and a rejected record of it; raises `NotFound`, `Conflict`."""
    batch = lifecycle.lock(work, batch_id)
    require_mendable(batch)
    row = one(work.connection, work.caller, batch_id, number)
    if row.result.outcome is not RowOutcome.REJECTED:
        raise Conflict("The row was not rejected: there is nothing to mend. Correct the record that it became.")
    return batch, row


def require_mendable(batch: Batch) -> None:
    """Raise `Conflict` for a batch whose rejected records cannot be mended, or not yet."""
    if batch.dry_run:
        raise Conflict("This was a check only. Upload the file; what is rejected then is mended there.")
    if not batch.finished:
        raise Conflict("The batch is still being processed. Wait until it has finished.")
    if batch.status is BatchStatus.FAILED or batch.head is None:
        raise Conflict("The file was refused as a whole: correct it, and upload it again.")


def _require_open(row: MendedRow) -> None:
    if row.state is MendState.REPORTED:
        raise _reported_already(row)
    if row.state is MendState.SET_ASIDE:
        raise Conflict("The row was set aside. Take it up again first.")


def _reported_already(row: MendedRow) -> Conflict:
    batch_id = row.reported.batch_id if row.reported is not None else ""
    return Conflict(f"The row was reported again in the batch {batch_id}: what is wrong there is mended there.")


def _require_values(cells: Mapping[str, CellValue]) -> None:
    """Raise `InvalidRequest` for texts that are too long, and for those that not every file and database can hold."""
    faults = []
    for name, value in cells.items():
        if isinstance(value, str) and len(value) > LONGEST_VALUE:
            detail = f"The value has more than {LONGEST_VALUE:,} characters."
            faults.append(_cell_fault("too-long", name, detail, "Shorten it."))
        elif isinstance(value, str) and UNKEEPABLE.search(value):
            detail = "The text has a character that cannot be kept."
            faults.append(_cell_fault("format", name, detail, "Type it again."))
    if faults:
        raise InvalidRequest(errors=faults)


def _cell_fault(code: str, name: str, detail: str, hint: str) -> ErrorItem:
    return ErrorItem(code=code, pointer=pointer_of(("cells", name)), detail=detail, hint=hint)


def _touched(work: Work) -> dict[str, object]:
    return {"client_id": work.caller.client.client_id, "updated_at": work.now}
