"""What a list has to say of itself to be exported."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, Protocol

import msgspec
from sqlalchemy import Connection

from app.domain.batches import FileFormat
from app.domain.exports import ExportColumn, ExportFormat, ExportKind
from app.files.cells import format_number
from app.files.formats import CSV_TYPE, FORMATS, XLSX_TYPE
from app.services.context import Caller
from app.store.looking.ids_in_order import Reached

MEDIA_TYPES = {
    ExportFormat.XLSX: XLSX_TYPE,
    ExportFormat.CSV: CSV_TYPE,
    ExportFormat.NDJSON: "application/x-ndjson",
    ExportFormat.XML: FORMATS[FileFormat.XML].media_type,
    ExportFormat.JSON: FORMATS[FileFormat.JSON].media_type,
}


class ExportPiece(msgspec.Struct, frozen=True):
    """Some rows of a list, and how far it is read with them."""

    rows: Sequence[Any]
    reached: Reached


class DocumentWriter(Protocol):
    """Writes one document: what each of its functions returns comes after what was returned before."""

    def begin(self) -> bytes:
        """Return what stands before the records."""
        ...

    def add(self, rows: Any) -> bytes:
        """Return records."""
        ...

    def end(self) -> bytes:
        """Return what stands after them."""
        ...


class ReportedDocuments(Protocol):
    """A list whose rows are the records of a PARS document."""

    def read(self, connection: Connection, reached: Reached) -> ExportPiece:
        """Return the next rows; there may be none before the end."""
        ...

    def writer(self, format: ExportFormat, made_at: datetime) -> DocumentWriter:
        """Return what writes them in XML or JSON."""
        ...


class ExportSource(ABC):
    """The rows that a query of a list finds, read some at a time.

    What reads is given a connection and runs within a short transaction; what follows it does not need one.
    """

    columns: Sequence[ExportColumn]
    """The columns of the table."""
    reported: ReportedDocuments | None = None
    """The same as a PARS document; None for a list that has none."""

    @abstractmethod
    def count(self, connection: Connection, most: int) -> int:
        """Count the rows of the table, up to one more than `most`."""

    @abstractmethod
    def read_rows(self, connection: Connection, reached: Reached) -> ExportPiece:
        """Return the next rows for a table; there may be none before the end."""

    @abstractmethod
    def finish_rows(self, rows: Sequence[Any]) -> Sequence[Sequence[Any]]:
        """Return rows as they are written: texts, empty where there is nothing, in the order of the columns."""

    @abstractmethod
    def read_documents(self, connection: Connection, reached: Reached) -> ExportPiece:
        """Return the next rows for documents; there may be none before the end."""

    @abstractmethod
    def write_documents(self, rows: Sequence[Any]) -> bytes:
        """Return lines of JSON, each as the list answers it."""


def cell_of(value: Any) -> str:
    """Return a value as a cell of an exported table: empty for None, `Yes` or `No`, instants in UTC to the second."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%S}Z"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | float):
        return format_number(value)
    return str(value) if isinstance(value, str) else "; ".join(value)


class ExportList(msgspec.Struct, frozen=True, kw_only=True):
    """A list that can be exported. To add one: one entry in `exports.LISTS`, and its query in `schemas`."""

    kind: ExportKind
    scope: str
    """The scope of the list, which its exports need as well."""
    sheet: str
    """The name of the sheet, and the beginning of the file's name."""
    open: Callable[[Connection, Caller, Any], ExportSource]
    """Return what a query finds; raises `ParameterInvalid` for an unknown order."""
