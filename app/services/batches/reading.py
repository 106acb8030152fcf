"""Reading a batch: its file is parsed in a child process, and its records are kept piece by piece as sent.

Whoever reads holds a claim with a fencing number, and writes only under it: a reader that was taken for dead and comes
back writes nothing. Nothing is applied before the whole file was read, so a file that is refused applied nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

from msgspec.structs import replace
from sqlalchemy import Connection

from app.core.logging import error_fields, log
from app.domain.batches import Batch, BatchKind, BatchStatus, FileFault, FileFaultCode, RawRow
from app.files.parsing.limits import MEBIBYTE
from app.files.parsing.parser_client import OpenFile, open_file
from app.services.batches.ends import note_end
from app.services.batches.uploads import content
from app.services.context import Service, Work, operator, transact
from app.store import batch_rows, batches

CLAIM = timedelta(seconds=45)
"""How long a reader that says nothing is believed to live."""
RENEWED_EVERY = CLAIM.total_seconds() / 4
"""Seconds between two signs of life: a large file has to arrive at its parser before there is anything to keep."""
LONGEST = 2 * 3_600
"""Seconds after which a reader gives no more signs of life, so that one that hangs is followed by another."""
TRIES = 3
"""How often reading a file is begun before it is refused as one that the parser cannot survive."""
AT_ONCE = 20
"""Pieces kept in one transaction, unless they are long."""
MOST = 8 * MEBIBYTE
"""Bytes of records, as the parser tells them, from which on no further piece is waited for."""
MOST_REHEARSED = 2_000
"""Activities of one dry run: they are judged in one transaction, and where there is one writer all others wait."""

T = TypeVar("T")


class Lost(Exception):
    """The claim is another's by now, or the batch was cancelled: whatever was meant to be written is not."""


def read_next(service: Service, batch_id: str | None = None) -> Batch | None:
    """Read the next file that waits, or a certain one; return its batch as it stands then, None when none waits."""
    if not service.database.read(batches.any_unfinished):
        return None
    claimed = _claimed(service, batch_id)
    if claimed is None:
        return None
    try:
        if claimed.attempts > TRIES:
            detail = "Reading this file failed repeatedly. Save it anew, or send its records as tab-delimited text."
            raise FileFault(FileFaultCode.PARSER_FAILED, detail)
        if claimed.status is BatchStatus.APPLYING:
            # A rehearsal whose worker is gone: its records are read already.
            return claimed
        with held(service, claimed):
            return _read(service, claimed)
    except FileFault as fault:
        return _refused(service, claimed, fault)
    except Lost:
        log.warning("a reader lost its claim", batch_id=claimed.batch_id)
        return claimed


def _claimed(service: Service, batch_id: str | None) -> Batch | None:
    # Asked for now: while this waits for the writer, whoever holds a claim may not be able to renew it.
    asked_at = service.clock()

    def write(connection: Connection) -> Batch | None:
        return batches.claim_to_read(connection, asked_at, service.clock() + CLAIM, batch_id)

    return service.database.write(write)


@contextmanager
def held(service: Service, batch: Batch) -> Iterator[None]:
    """Renew a claim for as long as the block lasts, whatever it waits for."""
    done = threading.Event()

    def renew() -> None:
        until = time.monotonic() + LONGEST
        while not done.wait(RENEWED_EVERY) and time.monotonic() < until:
            try:
                if not service.database.write(partial(_renewed, service, batch)):
                    return
            except Exception as error:
                # The database is away for a moment; the claim may last until it is back.
                log.warning("a claim could not be renewed", batch_id=batch.batch_id, **error_fields(error))

    thread = threading.Thread(target=renew, name="claim", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _renewed(service: Service, batch: Batch, connection: Connection) -> bool:
    return batches.keep_claim(connection, batch.batch_id, batch.fence, service.clock() + CLAIM)


def under_claim(service: Service, batch: Batch, write: Callable[[Connection], T]) -> T:
    """Write under a claim, which lasts on; raises `Lost`, and writes nothing, when it is another's by now."""

    def written(connection: Connection) -> T:
        if not _renewed(service, batch, connection):
            raise Lost
        return write(connection)

    return service.database.write(written)


def _read(service: Service, batch: Batch) -> Batch:
    number = records = 0
    under_claim(service, batch, lambda connection: batches.drop_pieces(connection, batch.batch_id))
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
    if batch.dry_run and batch.kind is BatchKind.ACTIVITIES and records > MOST_REHEARSED:
        raise FileFault(FileFaultCode.TOO_LARGE, f"A dry run takes {MOST_REHEARSED:,} activities. Split the file.")
    _saved(service, batch, values)
    return replace(batch, head=file.head, records=records, status=BatchStatus.APPLYING)


def _some(file: OpenFile) -> Iterator[list[list[RawRow]]]:
    some: list[list[RawRow]] = []
    before = file.bytes_received
    for piece in file.pieces():
        some.append(piece)
        if len(some) == AT_ONCE or file.bytes_received - before >= MOST:
            yield some
            some, before = [], file.bytes_received
    if some:
        yield some


def _kept(service: Service, batch: Batch, number: int, pieces: Sequence[Sequence[RawRow]]) -> int:
    """Keep pieces under the claim; return the number of the next one."""
    # Packed before: where there is one writer, others wait for it.
    packed = [batches.packed(each) for each in pieces]
    under_claim(service, batch, lambda connection: batches.add_pieces(connection, batch.batch_id, number, packed))
    return number + len(pieces)


def _saved(service: Service, batch: Batch, values: dict[str, Any]) -> None:
    def write(connection: Connection) -> None:
        batches.save(connection, batch, values, service.clock(), fence=batch.fence)

    under_claim(service, batch, write)


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
    values: dict[str, Any] = {"status": BatchStatus.FAILED.value, "finished_at": work.now, "file_error": error}
    values |= {"head": None, "records": 0, "applied": 0, "counts": {}, "warnings": {}}
    if batches.keep_claim(work.connection, batch.batch_id, batch.fence, work.now + CLAIM):
        batches.save(work.connection, batch, values, work.now, fence=batch.fence)
        batches.drop_pieces(work.connection, batch.batch_id)
        batch_rows.drop(work.connection, batch.batch_id)
        note_end(work, batch, BatchStatus.FAILED)
