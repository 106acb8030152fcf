"""The history of uploads as pages show it: each file with who sent it, and where its rejected rows went on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import Connection

from app.domain.batches import Batch
from app.services.batches import lookup
from app.services.context import Caller
from app.store import batch_mends
from app.store.people.persons import client_names


class Uploads(msgspec.Struct, frozen=True, kw_only=True):
    """Some uploads, newest first."""

    batches: Sequence[Batch]
    mended_in: Mapping[str, Sequence[str]]
    """By the id of an upload, those that reported its rejected rows again, oldest first."""
    names: Mapping[str, str]
    """Who sent them, by the ids of clients."""
    states: Mapping[str, int]
    """How many rejected rows stand where, of a single upload."""


def page(
    connection: Connection,
    caller: Caller,
    *,
    before: str | None,
    limit: int,
    kinds: Sequence[str] = (),
    statuses: Sequence[str] = (),
    to_fix: bool | None = None,
) -> Uploads:
    """Return the uploads of the provider before one of them."""
    found = lookup.page(connection, caller, before=before, limit=limit, kinds=kinds, statuses=statuses, to_fix=to_fix)
    return _with_names(connection, found, {})


def one(connection: Connection, caller: Caller, batch_id: str) -> Uploads:
    """Return one upload with the states of its rejected rows; raises `NotFound`."""
    batch = lookup.get(connection, caller, batch_id)
    return _with_names(connection, [batch], batch_mends.count_states(connection, batch_id))


def _with_names(connection: Connection, found: Sequence[Batch], states: Mapping[str, int]) -> Uploads:
    return Uploads(
        batches=found,
        mended_in=batch_mends.ids_mending(connection, [batch.batch_id for batch in found]),
        names=client_names(connection, sorted({batch.client_id for batch in found})),
        states=states,
    )
