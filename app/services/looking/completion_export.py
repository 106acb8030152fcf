"""Completions as a file: a row for each credit, or a document for each completion."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection

from app.schemas.queries import CompletionQuery
from app.services.completions.lists import filter_of
from app.services.context import Caller
from app.services.looking.completion_documents import read_references, say_types, write_documents
from app.services.looking.lists import ExportPiece, ExportSource
from app.services.looking.reported_completions import ReportedCompletions
from app.store.completion_lists import CompletionFilter
from app.store.looking import completion_exports as stored
from app.store.looking.completion_exports import LINE_COLUMNS, REFERENCES_PLACE, TYPES_PLACE
from app.store.looking.ids_in_order import Reached

AT_ONCE = 2_000
"""Completions of a piece."""


class CompletionSource(ExportSource):
    """The completions that a query finds."""

    columns = tuple(line.column for line in LINE_COLUMNS)

    def __init__(self, wanted: CompletionFilter, reported: ReportedCompletions | None = None) -> None:
        self.wanted = wanted
        self.reported = reported
        self._say_types = lru_cache(maxsize=1_024)(say_types)

    def count(self, connection: Connection, most: int) -> int:
        """Count the rows of the table, up to one more than `most`."""
        return stored.count_lines(connection, self.wanted, most)

    def read_rows(self, connection: Connection, reached: Reached) -> ExportPiece:
        """Return the next rows of the table."""
        rows, further = stored.read_lines(connection, self.wanted, reached, AT_ONCE)
        return ExportPiece(rows, further)

    def finish_rows(self, rows: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
        """Return rows with the types and references of each credit in words."""
        finished: list[Sequence[Any]] = []
        for row in rows:
            cells = [cell or "" for cell in row]
            del cells[-1:]
            if cells[TYPES_PLACE]:
                cells[TYPES_PLACE] = self._say_types(cells[TYPES_PLACE])
            if cells[REFERENCES_PLACE]:
                cells[REFERENCES_PLACE] = "; ".join(read_references(cells[REFERENCES_PLACE]))
            finished.append(cells)
        return finished

    def read_documents(self, connection: Connection, reached: Reached) -> ExportPiece:
        """Return the next rows of documents."""
        rows, further = stored.read_records(connection, self.wanted, reached, AT_ONCE)
        return ExportPiece(rows, further)

    def write_documents(self, rows: Sequence[Sequence[Any]]) -> bytes:
        """Return a line of JSON for each completion."""
        return write_documents(rows)


def open_completions(connection: Connection, caller: Caller, query: CompletionQuery) -> CompletionSource:
    """Return the completions of the provider that a query finds."""
    wanted = filter_of(connection, caller, query)
    return CompletionSource(wanted, ReportedCompletions(wanted, caller.service.catalogue))
