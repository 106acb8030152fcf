"""Credit lines as a file: a row, or a document, for each line of the list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from app.schemas.looking.line_queries import CreditLineQuery
from app.services.completions.lists import filter_of
from app.services.context import Caller
from app.services.looking.completion_documents import write_lines
from app.services.looking.completion_export import CompletionSource
from app.services.looking.lists import ExportPiece
from app.store.looking import line_exports as stored
from app.store.looking.ids_in_order import Reached

AT_ONCE = 2_000
"""Lines of a piece."""


class LineSource(CompletionSource):
    """The credit lines that a query finds, in the columns of completions' credits."""

    def count(self, connection: Connection, most: int) -> int:
        """Count the lines, up to one more than `most`."""
        return stored.count(connection, self.wanted, most)

    def read_rows(self, connection: Connection, reached: Reached) -> ExportPiece:
        """Return the next rows of the table."""
        return ExportPiece(*stored.read_table(connection, self.wanted, reached, AT_ONCE))

    def read_documents(self, connection: Connection, reached: Reached) -> ExportPiece:
        """Return the next rows of documents."""
        return ExportPiece(*stored.read_documents(connection, self.wanted, reached, AT_ONCE))

    def write_documents(self, rows: Sequence[Sequence[Any]]) -> bytes:
        """Return a line of JSON for each credit line."""
        return write_lines(rows)


def open_lines(connection: Connection, caller: Caller, query: CreditLineQuery) -> LineSource:
    """Return the credit lines of the provider that a query finds."""
    return LineSource(filter_of(connection, caller, query))
