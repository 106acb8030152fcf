"""Request bodies in CSV: a table with a heading, read as the JSON objects that its rows stand for."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from functools import partial
from itertools import chain, islice
from typing import Any

import msgspec

from app.core.csv_text import unescape_formula
from app.core.errors import ErrorItem, InvalidRequest, Unreadable, UnsupportedMediaType
from app.core.http.request_heads import UTF_8, charset_of
from app.core.http.routing import ReadBody, StrictRoute

CSV = "text/csv"
ReadText = Callable[[bytes], str]
"""Returns the text of a table; raises `Problem`."""
OpenPieces = Callable[[], Iterable[bytes]]
"""Reads the bytes of a file from its beginning, piece by piece."""
_ARCHIVES = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_CHARSETS = frozenset({"utf-16", "utf-16le", "utf-16be", "windows-1252", "cp1252", "iso-8859-1", "latin-1", "latin1"})
"""Charsets other than UTF-8 that a table may be declared in."""


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
    normalise: Callable[[str], str]
    """Returns the normal form of a cell, in which it is read."""
    most: int
    """Rows that the list may have: of a body with more, one further row is read, for which the list is refused."""

    def name_of(self, heading: str) -> str:
        """Return the column that a heading means, in any case and with blanks or hyphens in it; else as it was sent."""
        key = _BETWEEN_WORDS.sub("", self.normalise(heading).lower())
        known = (name for name in self.known | self.ignored if _BETWEEN_WORDS.sub("", name) == key)
        return next(known, heading.strip())


def read_csv_body(table: CsvTable, body: bytes, content_type: str) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of a body as objects without their empty cells; raises `Problem`."""
    return read_table(table, _decode(body, charset_of(content_type)))


def _decode(body: bytes, charset: str) -> str:
    """Return the text of a table: in the charset named, else in UTF-8, in UTF-16, or as Windows writes it.

    Raises `Unreadable`, `UnsupportedMediaType`.
    """
    if body.startswith(_ARCHIVES):
        raise Unreadable("This is a workbook, not CSV. Send it with the Content-Type of its format, or save it as CSV.")
    if charset not in UTF_8 | _CHARSETS and not body.isascii():
        raise UnsupportedMediaType("The Content-Type names an unsupported charset. Save the table as CSV in UTF-8.")
    for encoding in _encodings(body, charset):
        try:
            return body.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _not_text()


def _encodings(first: bytes, charset: str) -> tuple[str, ...]:
    """Return the encodings that a table may have, by its first bytes and the charset that was named."""
    if charset in _CHARSETS:
        return (charset,)
    if first.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return ()
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return ("utf-16",)
    return ("utf-8-sig",) if charset else ("utf-8-sig", "cp1252")


def _not_text() -> Unreadable:
    return Unreadable("The table is not text in UTF-8, UTF-16 or Windows-1252. Save it as CSV in UTF-8.")


def _too_long() -> Unreadable:
    return Unreadable("A row of the table is too long. Save it again as CSV.")


def first_bytes(open_pieces: OpenPieces) -> bytes:
    """Return the first bytes of a file, enough to tell what it is; fewer of a shorter one."""
    found = b""
    for piece in open_pieces():
        found += piece
        if len(found) >= _TELLING:
            break
    return found


def decode_lines(open_pieces: OpenPieces) -> Iterator[str]:
    """Return the lines of a table whose bytes are read piece by piece; raises `Unreadable`.

    They are read once for each encoding that is tried, and once more.
    """
    for encoding in _encodings(first_bytes(open_pieces), ""):
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            for piece in open_pieces():
                decoder.decode(piece)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return _lines(open_pieces(), encoding)
    raise _not_text()


def _lines(pieces: Iterable[bytes], encoding: str) -> Iterator[str]:
    """Yield the lines of a text that can be decoded, each with the line feed at its end."""
    kept = ""
    for text in codecs.iterdecode(pieces, encoding):
        *lines, kept = (kept + text).split("\n")
        if len(kept) > _LONGEST_ROW:
            raise _too_long()
        yield from (f"{line}\n" for line in lines)
    if kept:
        yield kept


def read_table(table: CsvTable, text: str) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of a table as the list that a JSON body has; raises `Problem`."""
    return read_lines(table, io.StringIO(text))


def read_lines(table: CsvTable, text: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of a table, given line by line, as the list that a JSON body has; raises `Problem`."""
    return {table.list_name: list(islice(iter_rows(table, text), table.most + 1))}


def iter_rows(table: CsvTable, text: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table, given line by line, as the objects of its list; raises `Problem`."""
    bound = _RowBound(text)
    rest = iter(bound)
    first = next(rest, "")
    named = _SEPARATOR.match(first)
    separator = named[1] if named is not None else _find_separator(table, first)
    above = 0 if named is None else 1
    lines = csv.reader(rest if named is not None else chain([first], rest), strict=True, delimiter=separator)
    try:
        heading = [table.name_of(name) for name in next(lines, [])[:_MOST_COLUMNS]]
        if len(set(heading)) < len(heading) or "" in heading:
            raise InvalidRequest("The first line must name each column once.", errors=[_FIRST_LINE])
        taken = table.known | table.ignored
        if unknown := [number for number, name in enumerate(heading, 1) if name not in taken]:
            raise InvalidRequest(errors=[_unknown_column(number, table) for number in unknown[:_MAX_UNKNOWN]])
        for cells in lines:
            bound.begin_row()
            if not any(cells):
                continue
            row = _object(table, heading, cells, lines.line_num + above)
            if table.required in row or table.required not in heading:
                yield row
    except csv.Error as error:
        cause = next(
            (cause for sign, cause in _CAUSES if sign in str(error)), "its cells are not written as CSV has it"
        )
        raise Unreadable(f"The table cannot be read at line {lines.line_num + above}: {cause}.") from None


class _RowBound:
    """Lines of a table, of which those of one row are not too long together: a quoted cell may go on for ever."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = lines
        self._length = 0

    def begin_row(self) -> None:
        """Count anew: what was yielded is read."""
        self._length = 0

    def __iter__(self) -> Iterator[str]:
        """Yield the lines; raises `Unreadable`."""
        for line in self._lines:
            self._length += len(line)
            if self._length > _LONGEST_ROW:
                raise _too_long()
            yield line


def _find_separator(table: CsvTable, text: str) -> str:
    """Return what separates the cells of the first line, by which most of its cells are columns; else the comma."""
    first = text[:_LONGEST_HEADING].splitlines()[:1]
    taken = table.known | table.ignored
    counts = {
        separator: sum(
            table.name_of(name) in taken for cells in csv.reader(first, delimiter=separator) for name in cells
        )
        for separator in _SEPARATORS
    }
    return max(_SEPARATORS, key=lambda separator: counts[separator])


def _unknown_column(number: int, table: CsvTable) -> ErrorItem:
    # By its number: where the heading is missing, the first line has somebody's name.
    return ErrorItem(
        code="field-unknown",
        pointer="",
        detail=f"Column {number} of the first line is not known.",
        hint=f"Columns are {', '.join(sorted(table.known))}; commas, semicolons or tabs separate them.",
    )


def _object(table: CsvTable, heading: list[str], cells: list[str], line: int) -> dict[str, Any]:
    if any(cells[len(heading) :]):
        raise Unreadable(f"Line {line} has more cells than the first line has columns.")
    return {
        name: _value(table, name, cell)
        for name, cell in zip(heading, (unescape_formula(cell.strip()) for cell in cells), strict=False)
        if name not in table.ignored and table.normalise(cell)
    }


def _value(table: CsvTable, name: str, cell: str) -> str | int:
    plain = table.normalise(cell) if name in table.integers else ""
    return int(plain.partition(".")[0]) if _INTEGER.fullmatch(plain) else cell


_INTEGER = re.compile(r"[0-9]{1,18}(\.0{1,9})?")
_SEPARATORS = (",", ";", "\t")
_SEPARATOR = re.compile(r"\A\ufeff?sep=([,;\t])\r?\n", re.IGNORECASE)
"""The line with which spreadsheets name the separator."""
_CAUSES = (
    ("unexpected end", "a cell begins with a quote that nothing closes"),
    ("expected after", "a cell goes on after the quote that closes it; a quote within a cell is written twice"),
    ("larger than", "a cell is too long"),
    ("NUL", "it has a zero byte"),
    ("new-line", "it has a line break of its own kind; save it again as CSV"),
)
"""Words of the parser, each with what they are a sign of."""
_TELLING = 8
"""Bytes: no mark of an encoding or of a workbook is longer."""
_LONGEST_ROW = 262_144
"""Characters of a row, line breaks within its cells and all: twice as many as the parser takes of one cell."""
_MOST_COLUMNS = 1_000
"""Columns that are looked at: more than any table has, so that of so many one is unknown or stands twice."""
_LONGEST_HEADING = 10_000
"""Characters of the first line that are looked at for its separator."""
_BETWEEN_WORDS = re.compile(r"[\s_-]+")
_MAX_UNKNOWN = 20
"""At most so many unknown columns are listed: a table of another kind has many."""
_FIRST_LINE = ErrorItem(
    code="format",
    pointer="",
    detail="A column is named twice, or not at all.",
    hint="Name each column once in the first line, and leave no column without a name.",
)


def csv_route(table: CsvTable, workbooks: Mapping[str, ReadText] | None = None) -> type[StrictRoute]:
    """Return the class of routes whose body is JSON or such a table.

    `workbooks` has what turns a workbook into the text of a table, by the media types of workbooks.
    """
    texts = workbooks or {}

    class CsvRoute(StrictRoute):
        """A route that takes JSON or CSV."""

        media_types = ("application/json", CSV, *texts)

        def reader_of(self, content_type: str) -> ReadBody | None:
            """Return what reads a body of a media type."""
            media_type = content_type.partition(";")[0].strip().lower()
            if media_type == CSV:
                return partial(read_csv_body, table)
            if media_type in texts:
                return lambda body, _: read_table(table, texts[media_type](body))
            return super().reader_of(content_type)

        def reads_slowly(self, content_type: str) -> bool:
            """Whether reading takes so long that others must not wait for it."""
            return content_type.partition(";")[0].strip().lower() in texts

    return CsvRoute
