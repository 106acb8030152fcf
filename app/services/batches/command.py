"""A batch from the command line: a local file goes through the same steps as an upload."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from hashlib import file_digest
from pathlib import Path

from app.core.errors import OperatorFault
from app.domain.batches import Batch, BatchKind
from app.services.batches import lifecycle, lookup, uploads
from app.services.batches.lifecycle import NewBatch
from app.services.batches.steps import Pace, apply_some, read_one
from app.services.context import Service, operator, transact
from app.store import clients

PIECE = 1_048_576
PAUSE = 0.2
"""Seconds between two looks at a batch on which another process works."""


def run_batch(
    service: Service, path: Path, provider_id: str, kind: BatchKind, *, dry_run: bool, report: Callable[[Batch], None]
) -> Batch:
    """Take a file in and process it, reporting progress; return the finished batch. Raises `OperatorFault`."""
    if not service.database.read(lambda connection: clients.provider_exists(connection, provider_id)):
        raise OperatorFault(f"There is no provider {provider_id}.")
    try:
        with path.open("rb") as file:
            digest = file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise OperatorFault(f"{path} cannot be read: {error.strerror}.") from None
    size = path.stat().st_size
    if not size:
        raise OperatorFault(f"{path} is empty.")
    upload_id = uploads.store_upload(service, provider_id, _pieces(path), size, digest)
    given = NewBatch(
        upload_id=upload_id,
        kind=kind,
        filename=path.name,
        size=size,
        digest=digest,
        permission_attested=kind is BatchKind.LEARNER_COMPLETIONS,
        dry_run=dry_run,
    )
    caller = operator(service, provider_id)
    batch_id = transact(caller, lifecycle.create, given).batch_id
    pace = Pace(on_sqlite=service.database.on_sqlite)
    while True:
        if not read_one(service, batch_id) and not apply_some(service, pace, batch_id):
            time.sleep(PAUSE)
        batch = service.database.read(lambda connection: lookup.get(connection, caller, batch_id))
        report(batch)
        if batch.finished:
            return batch


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece
