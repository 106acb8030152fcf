"""Batches as their provider sees them: one, a page of them, and the outcomes of their records."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec
from sqlalchemy import Connection

from app.core.errors import Forbidden, NotFound
from app.domain.batches import Batch, BatchKind, RowOutcome, RowResult
from app.domain.held import HeldRecord
from app.domain.looking.attention import Moments
from app.services.context import OPERATOR, Caller, read_async
from app.store import batch_rows, batches
from app.store.held import records

READS_TRANSCRIPTS = "transcripts:read"
POLL_SECONDS = 0.05
"""The first pause while a batch is waited for; pauses grow to ten times that."""


def get(connection: Connection, caller: Caller, batch_id: str) -> Batch:
    """Return one batch of the provider or board; raises `NotFound` for any other."""
    batch = batches.one(connection, caller.batch_owner, batch_id)
    if batch is None:
        raise NotFound("There is no such batch.")
    require_scope(caller, batch.kind)
    return batch


def require_scope(caller: Caller, kind: BatchKind) -> None:
    """Raise `Forbidden` for a list of licensees where the caller may not read transcripts: its answers are some.

    The operator's own commands have no scopes, and need none.
    """
    of_command = caller.client.client_id == OPERATOR.client_id
    if kind is BatchKind.TRANSCRIPTS and not of_command and READS_TRANSCRIPTS not in caller.client.scopes:
        detail = f"The client lacks the scope {READS_TRANSCRIPTS}. Scopes are given when a client is made, or changed."
        raise Forbidden(detail)


def page(
    connection: Connection,
    caller: Caller,
    *,
    before: str | None,
    limit: int,
    kinds: Sequence[str],
    statuses: Sequence[str],
    to_fix: bool | None,
) -> list[Batch]:
    """Return the batches of the provider or board, newest first."""
    recent = Moments(now=caller.service.clock()).recent
    return batches.page(
        connection, caller.batch_owner, before=before, limit=limit, kinds=kinds, statuses=statuses,
        to_fix=None if to_fix is None else (to_fix, recent),
    )  # fmt: skip


async def wait_for(caller: Caller, batch_id: str, seconds: float) -> Batch:
    """Return a batch once it has finished, or as it stands after so many seconds; raises `NotFound`."""
    return await _wait(caller, batch_id, seconds, lambda batch: batch.finished)


async def wait_for_change(caller: Caller, batch_id: str, seen: int, seconds: float) -> Batch:
    """Return a batch once it has another version than was seen, or has finished, or after so many seconds."""
    return await _wait(caller, batch_id, seconds, lambda batch: batch.finished or batch.version != seen)


async def _wait(caller: Caller, batch_id: str, seconds: float, done: Callable[[Batch], bool]) -> Batch:
    until = asyncio.get_running_loop().time() + seconds
    pause = POLL_SECONDS
    while True:
        batch = await read_async(caller, get, batch_id)
        left = until - asyncio.get_running_loop().time()
        if done(batch) or left <= 0:
            return batch
        await asyncio.sleep(min(pause, left))
        pause = min(pause * 1.2, POLL_SECONDS * 10)


class BatchRows(msgspec.Struct, frozen=True, kw_only=True):
    """Results of records of a batch, and what became of those that were held."""

    batch: Batch
    results: list[RowResult]
    held: Mapping[str, HeldRecord]
    """By their ids."""


def rows(
    connection: Connection, caller: Caller, batch_id: str, *, after: int | None, limit: int, outcomes: Sequence[str]
) -> BatchRows:
    """Return the results of a batch's records after a place, in order; raises `NotFound`."""
    batch = get(connection, caller, batch_id)
    results = batch_rows.after(connection, batch_id, -1 if after is None else after, limit, outcomes)
    return BatchRows(batch=batch, results=results, held=held_of(connection, results))


def held_of(connection: Connection, results: Iterable[RowResult]) -> dict[str, HeldRecord]:
    """Return the held records of some results, by their ids; a dry run has none."""
    ids = {result.record_id for result in results if result.outcome is RowOutcome.HELD and result.record_id}
    return records.by_ids(connection, ids)
