"""Bodies that may be a table instead: CSV with a heading, read as the JSON that it stands for."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Set
from typing import Any

from starlette.requests import Request

from app.core.csv_text import unescape_formula
from app.core.errors import ErrorItem, InvalidRequest, Unreadable
from app.core.http.problems import Raised
from app.core.http.routing import StrictRequest, StrictRoute

CSV = "text/csv"


class CsvRequest(StrictRequest):
    """A request whose body is a table; its rows become the objects of one list."""

    list_name: str
    known: frozenset[str]
    whole: frozenset[str]
    ignored: frozenset[str]
    needed: str

    async def json(self) -> Any:
        """Return the rows as objects: empty cells are left out, columns of whole numbers are read as such."""
        try:
            text = (await self.body()).decode("utf-8-sig")
        except UnicodeDecodeError:
            raise Raised(Unreadable("The table is no UTF-8.")) from None
        lines = csv.reader(io.StringIO(text), strict=True)
        try:
            heading = [name.strip() for name in next(lines, [])]
            if len(set(heading)) < len(heading) or "" in heading:
                raise Raised(InvalidRequest("The first line must name each column once.", errors=[_FIRST_LINE]))
            if unknown := [place for place, name in enumerate(heading, 1) if name not in self.known | self.ignored]:
                raise Raised(InvalidRequest(errors=[self._unknown(place) for place in unknown[:_MOST_TOLD]]))
            rows = [self._row(heading, cells, lines.line_num) for cells in lines if any(cells)]
            return {self.list_name: [row for row in rows if self.needed in row or self.needed not in heading]}
        except csv.Error as error:
            raise Raised(Unreadable(f"The table cannot be read at line {lines.line_num}: {error}.")) from None

    def _unknown(self, place: int) -> ErrorItem:
        # By its place: where the heading is missing, the first line has somebody's name.
        return ErrorItem(
            code="field-unknown",
            pointer="",
            detail=f"Column {place} of the first line is not known.",
            hint=f"Columns are {', '.join(sorted(self.known))}.",
        )

    def _row(self, heading: list[str], cells: list[str], line: int) -> dict[str, Any]:
        if len(cells) > len(heading):
            raise Raised(Unreadable(f"Line {line} has more cells than the first line has columns."))
        return {
            name: int(cell.partition(".")[0]) if name in self.whole and _WHOLE.fullmatch(cell) else cell
            for name, cell in zip(heading, (unescape_formula(cell.strip()) for cell in cells), strict=False)
            if cell and name not in self.ignored
        }


_WHOLE = re.compile(r"[0-9]{1,18}(\.0{1,9})?")
_MOST_TOLD = 20
"""Columns that are told as unknown at most: a table of another kind has many."""
_FIRST_LINE = ErrorItem(code="format", pointer="", detail="A column is named twice, or not at all.")


def tabular(list_name: str, *, known: Set[str], whole: Set[str], ignored: Set[str], needed: str) -> type[StrictRoute]:
    """Return the class of routes whose body may be CSV: its rows are the objects of the list, in their order.

    The objects' fields are the known columns; any others are refused by their place. Columns of whole numbers are read
    as such, ignored ones not at all; where the needed column is empty, a row says nothing.
    """

    class TabularRequest(CsvRequest):
        def __init__(self, request: Request) -> None:
            headers = [(name, value) for name, value in request.scope["headers"] if name != b"content-type"]
            scope = {**request.scope, "headers": [*headers, (b"content-type", b"application/json")]}
            super().__init__(scope, request.receive)
            self.list_name, self.needed = list_name, needed
            self.known, self.whole, self.ignored = frozenset(known), frozenset(whole), frozenset(ignored)

    class TabularRoute(StrictRoute):
        """A route that takes JSON or CSV."""

        media_types = ("application/json", CSV)

        def reader_of(self, content_type: str) -> Callable[[Request], Request] | None:
            """Return what reads a body of a media type."""
            if content_type.partition(";")[0].strip().lower() == CSV:
                return TabularRequest
            return super().reader_of(content_type)

    return TabularRoute
