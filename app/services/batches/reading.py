"""Reading a batch: a child process parses its file, and its records are stored in pieces as sent.

The reader holds a claim and writes only under it. Nothing is applied before the whole file has been read, so a refused
file has applied nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Connection

from app.core.logging import log
from app.core.progress import report_progress
from app.domain.batches import Batch, BatchKind, BatchStatus, FileFault, FileFaultCode, RawRow
from app.files.headings import KIND_NAMES
from app.files.mapping.line_kinds import kind_of_lines
from app.files.parsing.limits import MEBIBYTE
from app.files.parsing.parser_client import OpenFile, open_file
from app.services.batches.claims import CLAIM, ClaimLost, claim_next, renewing_claim, write_under_claim
from app.services.batches.lifecycle import audit_end
from app.services.batches.uploads import read_upload
from app.services.context import Service, Work, operator, transact
from app.store import batch_mends, batch_rows, batches

TRIES = 3
"""How often reading a file is begun before it is refused as one that the parser cannot survive."""
AT_ONCE = 20
"""Pieces stored in one transaction, unless they are long."""
MOST = 8 * MEBIBYTE
"""Bytes of records, as the parser sends them, beyond which no further piece is waited for."""
MOST_DRY_RUN_ACTIVITIES = 2_000
"""They are judged in one transaction, and where there is one writer all others wait for it."""


def read_next(service: Service, batch_id: str | None = None) -> Batch | None:
    """Read the next queued file, or a certain one; return its batch as it stands then, None when none is queued."""
    if not service.database.read(batches.any_unfinished):
        return None
    claimed = claim_next(service, batch_id)
    if claimed is None:
        return None
    try:
        if claimed.attempts > TRIES:
            detail = "Reading this file failed repeatedly. Save it anew, or send its records as tab-delimited text."
            raise FileFault(FileFaultCode.PARSER_FAILED, detail)
        if claimed.status is BatchStatus.APPLYING:
            # A dry run whose worker died: its records are read already.
            return claimed
        with renewing_claim(service, claimed):
            return _read(service, claimed)
    except FileFault as fault:
        return _refuse(service, claimed, fault)
    except ClaimLost:
        log.warning("a reader lost its claim", batch_id=claimed.batch_id)
        return claimed


def _read(service: Service, batch: Batch) -> Batch:
    number = records = 0
    write_under_claim(service, batch, lambda connection: batches.drop_pieces(connection, batch.batch_id))
    with open_file(read_upload(service, batch.upload_id), batch.kind, piece_rows=batch.piece_rows) as file:
        for pieces in _group_pieces(file):
            if not records:
                _refuse_another_kind(pieces[0], batch.kind)
            number = _store(service, batch, number, pieces)
            records += sum(map(len, pieces))
            report_progress("reading", records, unit="records")
        values = {
            "head": file.head.as_document(),
            "records": records,
            "status": BatchStatus.APPLYING.value,
            "claimed_until": service.clock() + CLAIM if batch.dry_run else None,
            "attempts": 0,
            # A batch none of whose records has been applied is served first.
            "turn_at": None,
        }
    if not records:
        raise FileFault(
            FileFaultCode.NO_ROWS, "The file has headings but no records. Fill in rows, and upload it again."
        )
    if batch.dry_run and batch.kind is BatchKind.ACTIVITIES and records > MOST_DRY_RUN_ACTIVITIES:
        detail = f"A dry run takes {MOST_DRY_RUN_ACTIVITIES:,} activities. Split the file."
        raise FileFault(FileFaultCode.TOO_LARGE, detail)
    _save(service, batch, values)
    return replace(batch, head=file.head, records=records, status=BatchStatus.APPLYING)


def _refuse_another_kind(rows: Sequence[RawRow], kind: BatchKind) -> None:
    """Refuse a file whose lines are of another kind; tables and documents are told by their parser."""
    other = kind_of_lines(rows, kind)
    if other is not None:
        detail = f"The lines are {KIND_NAMES[other]}, not {KIND_NAMES[kind]}. Upload the file as {KIND_NAMES[other]}."
        raise FileFault(FileFaultCode.KIND_UNKNOWN, detail, row=rows[0].number, looks_like=other)


def _group_pieces(file: OpenFile) -> Iterator[list[list[RawRow]]]:
    """Yield the pieces of a file in groups that are each stored in one transaction."""
    group: list[list[RawRow]] = []
    before = file.bytes_received
    for piece in file.pieces():
        group.append(piece)
        if len(group) == AT_ONCE or file.bytes_received - before >= MOST:
            yield group
            group, before = [], file.bytes_received
    if group:
        yield group


def _store(service: Service, batch: Batch, number: int, pieces: Sequence[Sequence[RawRow]]) -> int:
    """Store pieces under the claim; return the number of the next one."""
    # Packed outside the transaction: where there is one writer, others wait for it.
    packed = [batches.pack(piece) for piece in pieces]
    write_under_claim(service, batch, lambda connection: batches.add_pieces(connection, batch.batch_id, number, packed))
    return number + len(pieces)


def _save(service: Service, batch: Batch, values: dict[str, Any]) -> None:
    def write(connection: Connection) -> None:
        batches.save(connection, batch, values, service.clock(), fence=batch.fence)

    write_under_claim(service, batch, write)


def _refuse(service: Service, batch: Batch, fault: FileFault) -> Batch:
    """Refuse a file as a whole, or queue it again when the parser failed and may succeed next time."""
    if fault.code is FileFaultCode.PARSER_FAILED and batch.attempts < TRIES:
        log.warning("parser failed", batch_id=batch.batch_id, attempt=batch.attempts)
        _queue_again(service, batch)
        return replace(batch, status=BatchStatus.QUEUED)
    error = {
        "code": fault.code.value,
        "detail": fault.detail,
        "row": fault.row,
        "column": fault.column,
        "looks_like": fault.looks_like.value if fault.looks_like is not None else None,
    }
    transact(operator(service, batch.provider_id), _fail, batch, error)
    return replace(batch, status=BatchStatus.FAILED, file_error=error)


def _queue_again(service: Service, batch: Batch) -> None:
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
        batch_mends.reopen(work.connection, batch.batch_id, work.now)
        audit_end(work, batch, BatchStatus.FAILED)
