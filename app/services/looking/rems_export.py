"""The report for a REMS programme as a file: the whole first, then a row for each answer of each list."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
from sqlalchemy import Connection

from app.core.errors import ParameterInvalid
from app.domain.exports import CellKind, ExportColumn, ExportFormat
from app.domain.looking.rems_counts import RemsCounts
from app.files.writing.export_text import CsvExport
from app.files.writing.export_workbook import WorkbookExport
from app.schemas.looking.reports import RemsReportOut, RemsReportQuery
from app.services.context import Caller
from app.services.looking import rems_report
from app.services.looking.lists import MEDIA_TYPES, ExportPiece, ExportSource, cell_of
from app.store.looking.ids_in_order import BEGINNING, Reached

LABELS = {
    "profession": "Profession",
    "practice_area": "Practice Area",
    "dea_registration": "DEA Registration",
    "surgical_procedures": "Performs Surgical Procedures",
    "time_in_practice": "Time in Practice",
}
"""The lists by the headings of their columns in files of learners."""
_COLUMNS = (
    ExportColumn(heading="Question", width=30),
    ExportColumn(heading="Answer", width=40),
    ExportColumn(heading="Persons (steps of 5, blank below 5)", kind=CellKind.NUMBER, width=18),
    ExportColumn(heading="Completions (steps of 5, blank below 5)", kind=CellKind.NUMBER, width=18),
)
_ALL = "REMS_of_all_providers"
_MOST_ROWS = 1_000
"""More than there are answers in all lists."""


class RemsExport(ExportSource):
    """What is shown of some records."""

    columns = _COLUMNS

    def __init__(self, read: Callable[[Connection], RemsCounts], query: RemsReportQuery) -> None:
        """Write what is read, under the query that asked for it."""
        self._read = read
        self._query = query

    def count(self, connection: Connection, most: int) -> int:
        """Return more rows than there are, for counting them takes as long as reading them."""
        return min(_MOST_ROWS, most)

    def read_rows(self, connection: Connection, reached: Reached) -> ExportPiece:
        """Return all figures."""
        return ExportPiece([self._read(connection)], Reached(ended=True))

    def finish_rows(self, rows: Sequence[RemsCounts]) -> Sequence[Sequence[str]]:
        """Return the figures as cells, those of all records first."""
        (counts,) = rows
        everybody = ["All", "", cell_of(counts.persons), cell_of(counts.completions)]
        return [
            everybody,
            *(
                [LABELS[one.field], row.answer, cell_of(row.persons), cell_of(row.completions)]
                for one in counts.lists
                for row in one.rows
            ),
        ]

    def read_documents(self, connection: Connection, reached: Reached) -> ExportPiece:
        """Return all figures."""
        return self.read_rows(connection, reached)

    def write_documents(self, rows: Sequence[RemsCounts]) -> bytes:
        """Return one line of JSON: the report as it is answered."""
        (counts,) = rows
        return f"{RemsReportOut.of(self._query, counts).model_dump_json()}\n".encode()


def open_rems(connection: Connection, caller: Caller, query: RemsReportQuery) -> RemsExport:
    """Return the report of a provider."""
    return RemsExport(lambda found: rems_report.count(found, caller, query), query)


class RemsFile(msgspec.Struct, frozen=True, kw_only=True):
    """The report of all providers as a file."""

    name: str
    media_type: str
    content: bytes


def write_all_providers(
    connection: Connection, caller: Caller, query: RemsReportQuery, format: ExportFormat
) -> RemsFile:
    """Return the report of all providers as a file: it is small, and of no provider whose right to it could end."""
    if format.is_document:
        raise ParameterInvalid.of("format", "This report is no PARS document.", "Ask for xlsx, csv or ndjson.")
    source = RemsExport(lambda found: rems_report.count_all(found, caller, query), query)
    rows = source.read_rows(connection, BEGINNING).rows
    if format is ExportFormat.NDJSON:
        content = source.write_documents(rows)
    else:
        csv = format is ExportFormat.CSV
        writer = CsvExport(_COLUMNS) if csv else WorkbookExport(_COLUMNS, _ALL, _MOST_ROWS)
        content = b"".join((writer.begin(), writer.add(source.finish_rows(rows)), writer.end()))
    name = f"{_ALL}_{caller.service.clock():%Y_%m_%d_%H_%M_%S}.{format}"
    return RemsFile(name=name, media_type=MEDIA_TYPES[format], content=content)
