"""The files that answer a board's list of licensees: written when they are asked for, of what is true then.

What is kept of a list is who was found, by their id: no name, no total. Whoever is no longer on file with the board,
or was erased, is absent from the file as if they had never been found. Rows are read some at a time, in the same
statements however many there are, and a file of any length takes the same memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice

from sqlalchemy import Connection

from app.domain.batches import Batch, FileFormat, FileHead, RowOutcome, RowResult
from app.domain.passport.transcripts import Transcript, TranscriptPeriod
from app.files.formats import FORMATS
from app.files.licensee_answers import LicenseeAnswer, head_of_details
from app.files.result_files import NotWritable, write_details, write_transcripts
from app.services.batches import downloads
from app.services.batches.downloads import BatchFile, Download, results_of
from app.services.context import Caller, Service
from app.services.passport import my_credits
from app.services.registry.own_data import has_on_file
from app.store import batch_rows, completions
from app.store.registry import physicians

AT_ONCE = 100
"""Licensees whose records are read together."""
_ANY_NUMBER = 2**31
_ANSWERED = (RowOutcome.ONE.value, RowOutcome.NONE.value)


def open_file(
    connection: Connection, caller: Caller, batch_id: str, which: BatchFile, asked: FileFormat | None
) -> Download:
    """Return a file of any batch; raises what `downloads.open_download` does."""
    return downloads.open_download(connection, caller, batch_id, which, asked, _pieces)


def _pieces(
    connection: Connection, service: Service, batch: Batch, head: FileHead, which: BatchFile, format: FileFormat
) -> Iterator[bytes]:
    _require_room(connection, batch, head, format)
    answers = partial(_answers, service, batch)
    if which is BatchFile.DETAILS:
        return write_details(head, answers, format)
    return write_transcripts(head, answers, service.catalogue.boards[batch.board or ""], format)


def _require_room(connection: Connection, batch: Batch, head: FileHead, format: FileFormat) -> None:
    """Raise `NotWritable` where a workbook may not hold a row for each credit; text holds any number."""
    entry, columns = FORMATS[format], len(head_of_details(head).headings)
    if not entry.is_table or entry.holds(_ANY_NUMBER, columns):
        return
    credits, place = 0, -1
    while ids := batch_rows.record_ids_after(connection, batch.batch_id, place, downloads.AT_ONCE):
        place = ids[-1][0]
        credits += completions.count_credits(connection, [id for _, id in ids])
    if not entry.holds(credits, columns):
        raise NotWritable(f"{credits:,} credits may be more than a workbook can hold: ask for tab.")


def _answers(service: Service, batch: Batch) -> Iterator[LicenseeAnswer]:
    """Yield the rows that were answered in their order, each with the transcript of who was found."""
    rows = results_of(service, batch, _ANSWERED)
    while some := list(islice(rows, AT_ONCE)):
        results = [result for _, result in some]
        transcripts = service.database.read(partial(_transcripts_of, service=service, batch=batch, results=results))
        for (sent, _), transcript in zip(some, transcripts, strict=True):
            yield LicenseeAnswer(sent=sent, transcript=transcript)


def _transcripts_of(
    connection: Connection, service: Service, batch: Batch, results: Sequence[RowResult]
) -> list[Transcript | None]:
    """Return the transcript of each row, None where nobody was found, or nobody whom the board sees any more."""
    ids = {result.record_id for result in results if result.record_id is not None}
    roots = physicians.roots_of(connection, ids)
    seen = {
        id: physician
        for id, physician in physicians.load(connection, roots.values()).items()
        if has_on_file(physician, batch.board or "")
    }
    periods = [TranscriptPeriod.of_document(result.answer or {}) for result in results]
    records = my_credits.records_of_each(connection, list(seen.values()), TranscriptPeriod.around(periods))
    transcripts: list[Transcript | None] = []
    for result, period in zip(results, periods, strict=True):
        physician = seen.get(roots.get(result.record_id or "", ""))
        if physician is None:
            transcripts.append(None)
            continue
        own = [one for one in records[physician.physician_id] if period.covers(one.completion.completed_on)]
        transcripts.append(my_credits.transcript_of(service.catalogue, physician, own, period))
    return transcripts
