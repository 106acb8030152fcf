"""Undoing an upload: the completions that it added are withdrawn, as anybody withdraws them, and their boards are told.

What it changed of older records stays, and so do completions that were corrected or added to since: which of the two
reports is right, only their sender knows. Both are told by their rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection

from app.core.errors import Conflict
from app.domain.audit import BatchAudit
from app.domain.batches import Batch, BatchKind, RowOutcome
from app.services.batches import lifecycle
from app.services.batches.lookup import get
from app.services.completions.records import withdraw as withdraw_completion
from app.services.context import Caller, Work, read_async, transact_async
from app.services.held.changes import set_aside
from app.store import batch_rows
from app.store.batch_rows import AddedRow

AT_ONCE = 200
"""Records withdrawn in one transaction, so that single reports need not wait for all of them."""
MOST_LISTED = 500
"""Rows that are listed; all are counted."""
_STAYING = (RowOutcome.JOINED, RowOutcome.UPDATED, RowOutcome.DELETED)


class Undoing(msgspec.Struct, frozen=True, kw_only=True):
    """What goes, or went, when an upload is undone, and what stays."""

    batch: Batch
    dry_run: bool
    completions: int
    """Completions that are withdrawn."""
    held_records: int
    """Held records that are set aside."""
    rows: Sequence[AddedRow]
    """The first of those completions."""
    changed_since: Sequence[AddedRow]
    """Completions that stay because they were corrected or added to since; the first of them."""
    changed: int
    staying: int
    """Rows that joined, changed or deleted an older record: what they did stays."""


async def withdraw(caller: Caller, batch_id: str, *, dry_run: bool) -> Undoing:
    """Withdraw what an upload has added, or only list it.

    Each transaction is durable by itself: repeated after a failure, the rest is withdrawn; what was withdrawn before is
    left out. Raises `NotFound`, and `Conflict` for a batch that runs, or that added no completions.
    """
    undoing = await read_async(caller, _look, batch_id, dry_run)
    if dry_run:
        return undoing
    completions = held = 0
    after = -1
    while True:
        done = await transact_async(caller, _withdraw_some, batch_id, after)
        completions, held = completions + done.completions, held + done.held
        if done.last is None:
            break
        after = done.last
    if completions or held:
        await transact_async(caller, _note, batch_id, completions + held)
    return msgspec.structs.replace(undoing, completions=completions, held_records=held)


def _look(connection: Connection, caller: Caller, batch_id: str, dry_run: bool) -> Undoing:
    batch = get(connection, caller, batch_id)
    _require_undoable(batch)
    going: list[AddedRow] = []
    changed: list[AddedRow] = []
    count = changes = held = 0
    after: int | None = -1
    while after is not None:
        added = batch_rows.standing_after(connection, batch_id, after, AT_ONCE)
        for row in added.rows:
            if row.changed_since:
                changes += 1
                changed += [row] if len(changed) < MOST_LISTED else []
            else:
                count += 1
                going += [row] if len(going) < MOST_LISTED else []
        held += len(added.held_ids)
        after = added.last
    return Undoing(
        batch=batch,
        dry_run=dry_run,
        completions=count,
        held_records=held,
        rows=going,
        changed_since=changed,
        changed=changes,
        staying=sum(batch.counts.get(outcome.value, 0) for outcome in _STAYING),
    )


def _require_undoable(batch: Batch) -> None:
    if batch.kind is not BatchKind.LEARNER_COMPLETIONS:
        raise Conflict("Only files of completions are undone: delete activities one by one; the rest stored nothing.")
    if batch.dry_run:
        raise Conflict("This was a check only: nothing was stored that could be undone.")
    if not batch.finished:
        raise Conflict("The batch is still being processed. Cancel it first, then undo what it added.")


class _Done(msgspec.Struct, frozen=True, kw_only=True):
    completions: int
    held: int
    last: int | None


def _withdraw_some(work: Work, batch_id: str, after: int) -> _Done:
    # Locked: a retry may not add records while others of the batch are withdrawn.
    _require_undoable(lifecycle.lock(work, batch_id))
    added = batch_rows.standing_after(work.connection, batch_id, after, AT_ONCE)
    going = [row.completion_id for row in added.rows if not row.changed_since]
    for completion_id in going:
        withdraw_completion(work, completion_id)
    for held_id in added.held_ids:
        set_aside(work, held_id)
    return _Done(completions=len(going), held=len(added.held_ids), last=added.last)


def _note(work: Work, batch_id: str, rows: int) -> None:
    work.audit("withdraw", batch_id, BatchAudit(rows=rows))
