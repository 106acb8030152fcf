"""Exports: a list as a file, read some rows at a time and written as they come.

No transaction stays open between two pieces, so nobody waits for a slow reader, and a file of any length takes the same
memory. The order of the list says where the next piece begins: a row that exists all the while, and whose keys of the
order do not change, is in the file exactly once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection

from app.core.errors import CutOff, Forbidden, ParameterInvalid
from app.core.http.pagination import FilterQuery, SortedQuery
from app.domain.exports import MOST_SHEET_ROWS, ExportFormat, ExportKind
from app.files.writing.export_text import CsvExport
from app.files.writing.export_workbook import WorkbookExport
from app.services.access.authentication import standing_client
from app.services.context import Caller, read_async
from app.services.looking import reports
from app.services.looking.activity_export import open_activities
from app.services.looking.completion_export import open_completions
from app.services.looking.line_export import open_lines
from app.services.looking.lists import MEDIA_TYPES, DocumentWriter, ExportList, ExportPiece, ExportSource
from app.services.looking.rems_export import open_rems
from app.services.looking.report_export import (
    open_not_yet_accepted,
    open_reported_late,
    open_year_totals,
    opens_activities,
)
from app.services.looking.slots import SLOTS, ExportSlot
from app.services.looking.summary_export import open_summaries
from app.store import clients
from app.store.looking.ids_in_order import BEGINNING, Reached

LISTS = {
    found.kind: found
    for found in (
        ExportList(
            kind=ExportKind.LEARNER_COMPLETIONS,
            scope="completions:read",
            sheet="Learners",
            open=open_completions,
        ),
        ExportList(
            kind=ExportKind.ACTIVITIES,
            scope="activities:read",
            sheet="Activities",
            open=open_activities,
        ),
        ExportList(
            kind=ExportKind.ACTIVITY_SUMMARIES,
            scope="completions:read",
            sheet="Learner_Summary",
            open=open_summaries,
        ),
        ExportList(
            kind=ExportKind.CREDIT_LINES,
            scope="completions:read",
            sheet="Credit_Lines",
            open=open_lines,
        ),
        ExportList(
            kind=ExportKind.NOT_YET_ACCEPTED,
            scope="completions:read",
            sheet="Not_Yet_Accepted",
            open=open_not_yet_accepted,
        ),
        ExportList(
            kind=ExportKind.REPORTED_LATE,
            scope="completions:read",
            sheet="Reported_Late",
            open=open_reported_late,
        ),
        ExportList(
            kind=ExportKind.NOTHING_REPORTED,
            scope="completions:read",
            sheet="Nothing_Reported",
            open=opens_activities(reports.unreported_activities),
        ),
        ExportList(
            kind=ExportKind.BEFORE_CLOSING,
            scope="activities:read",
            sheet="Before_Closing",
            open=opens_activities(reports.activities_to_close),
        ),
        ExportList(
            kind=ExportKind.ATTENDANCE,
            scope="completions:read",
            sheet="Attendance",
            open=opens_activities(reports.counted_activities),
        ),
        ExportList(
            kind=ExportKind.YEAR_TOTALS,
            scope="completions:read",
            sheet="Year_Totals",
            open=open_year_totals,
        ),
        ExportList(
            kind=ExportKind.REMS,
            scope="completions:read",
            sheet="REMS",
            open=open_rems,
        ),
    )
}
_WRITERS = ThreadPoolExecutor(2, "exports")
"""Threads of their own: rows by the thousand take some hundredths of a second, in which the loop serves others."""


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is about to be written."""

    name: str
    media_type: str
    scope: str
    """What a client needs for as long as it is written."""
    source: ExportSource
    format: ExportFormat
    sheet: str
    rows: int
    """The most rows that a workbook has; 0 for other formats."""
    made_at: datetime


class _LinesWriter:
    """Writes documents, a line for each."""

    def __init__(self, source: ExportSource) -> None:
        self.add = source.write_documents

    def begin(self) -> bytes:
        return b""

    def end(self) -> bytes:
        return b""


def open_export(
    connection: Connection, caller: Caller, kind: ExportKind, format: ExportFormat, query: FilterQuery
) -> Export:
    """Return an export that can begin; raises `ParameterInvalid` for what no workbook can hold, or an unknown order.

    Its name says which list and when, and nothing of the filters.
    """
    wanted = LISTS[kind]
    if wanted.scope not in caller.client.scopes:
        raise Forbidden(f"The client lacks the scope {wanted.scope}, which this list needs.")
    if isinstance(query, SortedQuery):
        query.order()  # an unknown order is refused before anything is read
    source = wanted.open(connection, caller, query)
    if format.is_document and source.reported is None:
        raise ParameterInvalid.of(
            "format",
            "This list is no PARS document: completions and activities are.",
            "Ask for xlsx, csv or ndjson, or for the completions or activities themselves.",
        )
    rows = 0
    if format is ExportFormat.XLSX:
        rows = source.count(connection, MOST_SHEET_ROWS)
        if rows > MOST_SHEET_ROWS:
            raise ParameterInvalid.of(
                "format",
                f"There are more than {MOST_SHEET_ROWS:,} rows, which is as many as the sheet of a workbook can hold.",
                "Ask for format=csv or format=ndjson, which have no such limit, or narrow the list by its filters.",
            )
    return Export(
        name=f"{wanted.sheet}_{caller.service.clock():%Y_%m_%d_%H_%M_%S}.{format}",
        media_type=MEDIA_TYPES[format],
        scope=wanted.scope,
        source=source,
        format=format,
        sheet=wanted.sheet,
        rows=rows,
        made_at=caller.service.clock(),
    )


def take_slot(caller: Caller) -> ExportSlot:
    """Return the right to write an export; raises `RateLimited`, `Unavailable`."""
    return SLOTS.take(caller.client.client_id, caller.client.organisation_id)


async def write(caller: Caller, export: Export, slot: ExportSlot) -> AsyncIterator[bytes]:
    """Yield the bytes of an export. One piece is read ahead while another is written and sent, and no more.

    Raises `CutOff` when the right to it is gone: what was read before that is all that is sent.
    """
    loop = asyncio.get_running_loop()
    writer = _writer_of(export)
    read = _reader_of(export)

    def read_piece(connection: Connection, reached: Reached) -> ExportPiece:
        piece = read(connection, reached)
        # Afterwards: rows that went with a merge of providers, while they were read, must not be missing in silence.
        _refuse_ended(connection, caller, export.scope)
        return piece

    async def read_after(reached: Reached) -> ExportPiece:
        return await read_async(caller, lambda connection, _: read_piece(connection, reached))

    with slot:
        reading = asyncio.ensure_future(read_after(BEGINNING))
        try:
            if begun := writer.begin():
                yield begun
            total = 0
            while True:
                piece = await reading
                if not piece.reached.at_end:
                    reading = asyncio.ensure_future(read_after(piece.reached))
                written, rows = await loop.run_in_executor(_WRITERS, _add, export, writer, piece.rows)
                total += rows
                if export.format is ExportFormat.XLSX and total > MOST_SHEET_ROWS:
                    raise CutOff("More rows were added than a workbook can hold.")
                if written:
                    yield written
                if piece.reached.at_end:
                    break
            if ended := await loop.run_in_executor(_WRITERS, writer.end):
                yield ended
        finally:
            reading.cancel()


def _refuse_ended(connection: Connection, caller: Caller, scope: str) -> None:
    """Raise `CutOff` for a caller whose key, client, grant or scope is gone, or whose provider was merged."""
    asked = caller.client
    key_id = asked.credential.key_id if asked.credential is not None else None
    client = standing_client(connection, asked.client_id, key_id, caller.service.clock())
    if (
        client is None
        or scope not in client.scopes
        or clients.provider_acted_for(connection, client, caller.provider_id) != caller.provider
    ):
        raise CutOff("The right to it is gone, or its provider was merged into another.")


def _reader_of(export: Export) -> Callable[[Connection, Reached], ExportPiece]:
    if export.format.is_document and export.source.reported is not None:
        return export.source.reported.read
    return export.source.read_documents if export.format is ExportFormat.NDJSON else export.source.read_rows


def _writer_of(export: Export) -> DocumentWriter:
    if export.format.is_document and export.source.reported is not None:
        return export.source.reported.writer(export.format, export.made_at)
    if export.format is ExportFormat.NDJSON:
        return _LinesWriter(export.source)
    if export.format is ExportFormat.CSV:
        return CsvExport(export.source.columns)
    return WorkbookExport(export.source.columns, export.sheet, export.rows)


def _add(export: Export, writer: DocumentWriter, rows: Any) -> tuple[bytes, int]:
    is_table = export.format in (ExportFormat.XLSX, ExportFormat.CSV)
    finished = export.source.finish_rows(rows) if is_table else rows
    return writer.add(finished), len(finished)
