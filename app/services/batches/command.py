"""A batch from the command line: a local file goes through the same steps as an upload."""

from __future__ import annotations

import time
from collections.abc import Iterator
from hashlib import file_digest
from pathlib import Path

from app.core.errors import OperatorFault
from app.core.private_files import write_private_pieces
from app.core.progress import report_progress
from app.domain.batches import Batch, BatchKind, BatchOwner, OnUnmatched
from app.services.batches import lifecycle, lookup, uploads
from app.services.batches.downloads import BatchFile, open_download
from app.services.batches.lifecycle import NewBatch
from app.services.batches.steps import Pace, apply_some, read_one
from app.services.context import Caller, Service, operator, transact
from app.store.access import providers

PIECE = 1_048_576
PAUSE = 0.2
"""Seconds between two looks at a batch on which another process works."""


def run_batch(
    service: Service,
    path: Path,
    owner: BatchOwner,
    kind: BatchKind,
    *,
    dry_run: bool,
    on_unmatched: OnUnmatched = OnUnmatched.REJECT,
) -> Batch:
    """Take a file in and process it; return the finished batch. Raises `OperatorFault`.

    A `KeyboardInterrupt` says what becomes of the batch.
    """
    owner = _known(service, owner)
    try:
        with path.open("rb") as file:
            digest = file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise OperatorFault(f"{path} cannot be read: {error.strerror}.") from None
    size = path.stat().st_size
    if not size:
        raise OperatorFault(f"{path} is empty.")
    upload_id = uploads.store_upload(service, owner, _pieces(path, size), size, digest)
    given = NewBatch(
        upload_id=upload_id,
        kind=kind,
        filename=path.name,
        size=size,
        digest=digest,
        permission_attested=kind is BatchKind.LEARNER_COMPLETIONS,
        dry_run=dry_run,
        on_unmatched=on_unmatched,
    )
    caller = _operator(service, owner)
    batch_id = transact(caller, lifecycle.create, given).batch_id
    try:
        return _process(service, caller, batch_id)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"A server or worker finishes the batch {batch_id}; what took effect stays.") from None


def _known(service: Service, owner: BatchOwner) -> BatchOwner:
    """Return the owner by the ids on file; raises `OperatorFault` for one that does not exist."""
    if owner.board is not None:
        board = service.catalogue.board(owner.board)
        if board is None:
            raise OperatorFault(f"There is no board {owner.board}.")
        return BatchOwner(board=board.code)
    provider_id = owner.provider_id or ""
    root = service.database.read(lambda connection: providers.root_of(connection, provider_id))
    if root is None:
        raise OperatorFault(f"There is no provider {provider_id}.")
    return BatchOwner(provider_id=root)


def _operator(service: Service, owner: BatchOwner) -> Caller:
    return operator(service, owner.provider_id, board=owner.board)


def save_rejected(service: Service, batch: Batch, path: Path) -> str:
    """Write the rejected records of a finished batch to a file that only its owner can read; return its media type."""
    caller = _operator(service, batch.owner)
    download = service.database.read(
        lambda connection: open_download(connection, caller, batch.batch_id, BatchFile.REJECTED, None)
    )
    if path.exists() and not path.is_file():
        with path.open("wb") as device:
            device.writelines(download.pieces)
    else:
        write_private_pieces(path, download.pieces)
    return download.media_type


def _process(service: Service, caller: Caller, batch_id: str) -> Batch:
    pace = Pace(on_sqlite=service.database.on_sqlite)
    while True:
        if not read_one(service, batch_id) and not apply_some(service, pace, batch_id):
            time.sleep(PAUSE)
        batch = service.database.read(lambda connection: lookup.get(connection, caller, batch_id))
        if batch.records:
            report_progress("processing", batch.applied, batch.records, unit="records")
        if batch.finished:
            return batch


def _pieces(path: Path, size: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            report_progress("taking in", -(-file.tell() // PIECE), -(-size // PIECE), unit="MB")
            yield piece
