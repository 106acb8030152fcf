"""Request bodies in CSV: a table with a heading, read as the JSON objects that its rows stand for."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Set
from functools import partial
from typing import Any

import msgspec
from starlette.requests import Request

from app.core.csv_text import unescape_formula
from app.core.errors import ErrorItem, InvalidRequest, Unreadable, UnsupportedMediaType
from app.core.http.problems import WrappedProblem
from app.core.http.request_heads import UTF_8, charset_of
from app.core.http.routing import StrictRequest, StrictRoute

CSV = "text/csv"


class CsvTable(msgspec.Struct, frozen=True, kw_only=True):
    """How the table of a body is read: its rows become the objects of one list, in their order."""

    list_name: str
    """The field of the JSON body that the list is."""
    known: Set[str]
    """Columns that become fields. Any column that is neither known nor ignored is refused."""
    integers: Set[str]
    """Known columns that hold integers."""
    ignored: Set[str]
    """Columns that are accepted and not read."""
    required: str
    """A row whose cell in this column is empty is left out."""


class CsvRequest(StrictRequest):
    """A request whose body is a table."""

    def __init__(self, request: Request, table: CsvTable) -> None:
        headers = [(name, value) for name, value in request.scope["headers"] if name != b"content-type"]
        is_utf_8 = charset_of(request.headers.get("content-type", "")) in UTF_8
        declared = b"application/json" if is_utf_8 else b"application/json; charset=unknown"
        scope = {**request.scope, "headers": [*headers, (b"content-type", declared)]}
        super().__init__(scope, request.receive)
        self.table = table

    async def json(self) -> Any:
        """Return the rows as objects without their empty cells; raises `WrappedProblem`."""
        table = self.table
        try:
            text = (await self.text_body()).decode("utf-8-sig")
        except UnicodeDecodeError:
            raise WrappedProblem(Unreadable("The table is not UTF-8.")) from None
        except UnsupportedMediaType as problem:
            raise WrappedProblem(problem) from None
        lines = csv.reader(io.StringIO(text), strict=True)
        try:
            heading = [name.strip() for name in next(lines, [])]
            if len(set(heading)) < len(heading) or "" in heading:
                raise WrappedProblem(InvalidRequest("The first line must name each column once.", errors=[_FIRST_LINE]))
            taken = table.known | table.ignored
            if unknown := [number for number, name in enumerate(heading, 1) if name not in taken]:
                items = [_unknown_column(number, table) for number in unknown[:_MAX_UNKNOWN]]
                raise WrappedProblem(InvalidRequest(errors=items))
            rows = [_object(table, heading, cells, lines.line_num) for cells in lines if any(cells)]
            complete = [row for row in rows if table.required in row or table.required not in heading]
            return {table.list_name: complete}
        except csv.Error as error:
            raise WrappedProblem(Unreadable(f"The table cannot be read at line {lines.line_num}: {error}.")) from None


def _unknown_column(number: int, table: CsvTable) -> ErrorItem:
    # By its number: where the heading is missing, the first line has somebody's name.
    return ErrorItem(
        code="field-unknown",
        pointer="",
        detail=f"Column {number} of the first line is not known.",
        hint=f"Columns are {', '.join(sorted(table.known))}.",
    )


def _object(table: CsvTable, heading: list[str], cells: list[str], line: int) -> dict[str, Any]:
    if len(cells) > len(heading):
        raise WrappedProblem(Unreadable(f"Line {line} has more cells than the first line has columns."))
    return {
        name: int(cell.partition(".")[0]) if name in table.integers and _INTEGER.fullmatch(cell) else cell
        for name, cell in zip(heading, (unescape_formula(cell.strip()) for cell in cells), strict=False)
        if cell and name not in table.ignored
    }


_INTEGER = re.compile(r"[0-9]{1,18}(\.0{1,9})?")
_MAX_UNKNOWN = 20
"""At most so many unknown columns are listed: a table of another kind has many."""
_FIRST_LINE = ErrorItem(code="format", pointer="", detail="A column is named twice, or not at all.")


def csv_route(table: CsvTable) -> type[StrictRoute]:
    """Return the class of routes whose body is JSON or such a table."""

    class CsvRoute(StrictRoute):
        """A route that takes JSON or CSV."""

        media_types = ("application/json", CSV)

        def reader_of(self, content_type: str) -> Callable[[Request], Request] | None:
            """Return what reads a body of a media type."""
            if content_type.partition(";")[0].strip().lower() == CSV:
                return partial(CsvRequest, table=table)
            return super().reader_of(content_type)

    return CsvRoute
