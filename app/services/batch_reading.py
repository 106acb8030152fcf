"""Reading a batch: its file is parsed in a child process, and its records are kept piece by piece as sent.

Whoever reads holds a claim with a fencing number, and writes only under it: a reader that was taken for dead and comes
back writes nothing. Nothing is applied before the whole file was read, so a file that is refused applied nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Connection

from app.core.logging import log
from app.domain.batches import Batch, BatchStatus, FileFault, FileFaultCode, RawRow
from app.formats.reading import OpenFile, open_file
from app.services.batch_ends import note_end
from app.services.context import Service, Work, operator, transact
from app.services.uploads import content
from app.store import batches

CLAIM = timedelta(seconds=45)
"""How long a reader that says nothing is believed to live."""
TRIES = 3
"""How often reading a file is begun before it is refused as one that the parser cannot survive."""
AT_ONCE = 20
"""Pieces kept in one transaction."""


class Lost(Exception):
    """The claim is another's by now, or the batch was cancelled: whatever was meant to be written is not."""


def read_next(service: Service, batch_id: str | None = None) -> Batch | None:
    """Read the next file that waits, or a certain one; return its batch as it stands then, None when none waits."""
    if not service.database.read(batches.any_unfinished):
        return None
    claimed = service.database.write(lambda connection: _claimed(connection, service.clock(), batch_id))
    if claimed is None:
        return None
    if claimed.status is BatchStatus.APPLYING:
        # A rehearsal whose worker is gone: its records are read already.
        return claimed
    try:
        if claimed.attempts > TRIES:
            detail = "Reading this file failed repeatedly. Save it anew, or send its records as tab-delimited text."
            raise FileFault(FileFaultCode.PARSER_FAILED, detail)
        return _read(service, claimed)
    except FileFault as fault:
        return _refused(service, claimed, fault)
    except Lost:
        log.warning("a reader lost its claim", batch_id=claimed.batch_id)
        return claimed


def _claimed(connection: Connection, now: datetime, batch_id: str | None) -> Batch | None:
    return batches.claim_to_read(connection, now, now + CLAIM, batch_id)


def _read(service: Service, batch: Batch) -> Batch:
    number = records = 0
    service.database.write(lambda connection: batches.drop_pieces(connection, batch.batch_id))
    with open_file(content(service, batch.upload_id), batch.kind, piece_rows=batch.piece_rows) as file:
        for pieces in _some(file):
            number = _kept(service, batch, number, pieces)
            records += sum(map(len, pieces))
        values = {
            "head": file.head.as_document(),
            "records": records,
            "status": BatchStatus.APPLYING.value,
            "claimed_until": service.clock() + CLAIM if batch.dry_run else None,
            "attempts": 0,
            # Whose records have not begun yet is served first.
            "turn_at": None,
        }
    if not records:
        raise FileFault(
            FileFaultCode.NO_ROWS, "The file has headings but no records. Fill in rows, and upload it again."
        )
    _saved(service, batch, values)
    return replace(batch, head=file.head, records=records, status=BatchStatus.APPLYING)


def _some(file: OpenFile) -> Iterator[list[list[RawRow]]]:
    pieces = iter(file.pieces())
    while some := list(islice(pieces, AT_ONCE)):
        yield some


def _kept(service: Service, batch: Batch, number: int, pieces: Sequence[Sequence[RawRow]]) -> int:
    """Keep pieces under the claim; return the number of the next one."""

    def write(connection: Connection) -> None:
        if not batches.keep_claim(connection, batch.batch_id, batch.fence, service.clock() + CLAIM):
            raise Lost
        batches.add_pieces(connection, batch.batch_id, number, pieces)

    service.database.write(write)
    return number + len(pieces)


def _saved(service: Service, batch: Batch, values: dict[str, Any]) -> None:
    def write(connection: Connection) -> None:
        if not batches.keep_claim(connection, batch.batch_id, batch.fence, service.clock() + CLAIM):
            raise Lost
        batches.save(connection, batch, values, service.clock(), fence=batch.fence)

    service.database.write(write)


def _refused(service: Service, batch: Batch, fault: FileFault) -> Batch:
    """Refuse a file as a whole, or let it be read again when it may have been the parser's bad luck."""
    if fault.code is FileFaultCode.PARSER_FAILED and batch.attempts < TRIES:
        log.warning("parser failed", batch_id=batch.batch_id, attempt=batch.attempts)
        _try_later(service, batch)
        return replace(batch, status=BatchStatus.QUEUED)
    error = {"code": fault.code.value, "detail": fault.detail, "row": fault.row, "column": fault.column}
    transact(operator(service, batch.provider_id), _fail, batch, error)
    return replace(batch, status=BatchStatus.FAILED, file_error=error)


def _try_later(service: Service, batch: Batch) -> None:
    values = {"status": BatchStatus.QUEUED.value, "claimed_until": None}

    def write(connection: Connection) -> None:
        batches.save(connection, batch, values, service.clock(), fence=batch.fence)

    service.database.write(write)


def _fail(work: Work, batch: Batch, error: dict[str, Any]) -> None:
    values = {"status": BatchStatus.FAILED.value, "finished_at": work.now, "file_error": error}
    if batches.keep_claim(work.connection, batch.batch_id, batch.fence, work.now + CLAIM):
        batches.save(work.connection, batch, values, work.now, fence=batch.fence)
        batches.drop_pieces(work.connection, batch.batch_id)
        note_end(work, batch, BatchStatus.FAILED)
