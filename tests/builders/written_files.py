"""Builders of files to write, and independent readers of what was written: openpyxl, csv, lxml and json."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import openpyxl
from lxml import etree

from app.core.csv_text import unescape_formula
from app.domain.batches import BatchKind, Cell, Element, FileFormat, FileHead, Raw, RawRow
from app.files.document_members import ADDED
from app.files.parsing.parser_client import open_file
from app.files.writing.result_rows import AnnotatedRow, AnsweredRow, Note
from tests.builders.headings import WITH_DEPARTMENT

RECORD: Element = {
    "n": "{http://ns.medbiq.org/activityreport/v1/}ActivityReport",
    "c": [
        {
            "n": "{http://ns.medbiq.org/member/v1/}Member",
            "c": [{"n": "{http://ns.medbiq.org/name/v1/}GivenName", "t": "Zoë"}],
        },
        {
            "n": "{http://ns.medbiq.org/activityreport/v1/}ModuleName",
            "a": {"moduleID": "201759558", "{urn:x}note": 'a "b" & <c>'},
            "t": "R&D",
        },
    ],
}
ROOT: Element = {
    "n": "ACCMELearnerReports",
    "c": [{"n": "{http://ns.medbiq.org/activityreport/v1/}ActivityReports", "a": {"DateTimeCreated": "2021"}}],
}
JSON_ROOT: Element = {
    "n": "ACCMELearnerReports",
    "c": [{"n": "ActivityReports", "a": {"DateTimeCreated": "2021"}, "c": [{"n": "ActivityReport"}]}],
}
JSON_RECORD = """{
  "Member": {"Name": {"GivenName": "Zoë", "FamilyName": "Test"}},
  "Activity": {"Module": {"ModuleName": {"value": "R&D", "moduleID": "201759558"}, "CreditCertificate": [
    {"UniqueID": {"value": "0012345", "domain": "TN"}, "CreditReceived": {"numberOfCredits": 2.250}}]}}
}"""
LINE = '{"activity_id": "201759558", "cme": [{"state": "TN", "credits": 2.250}], "learner": {"first_name": "Zoë"}}'


def a_head(format: FileFormat = FileFormat.XLSX, **fields: Any) -> FileHead:
    """A file of learners of that format, with its headings in the second row of a sheet."""
    defaults: dict[FileFormat, dict[str, Any]] = {
        FileFormat.XLSX: {
            "sheet": "Learners", "headings": WITH_DEPARTMENT, "heading_row": 2,
            "above": (RawRow(number=1, raw=["Keep this row.", None, None, None, None, "Month and day"]),),
        },
        FileFormat.TAB: {"headings": WITH_DEPARTMENT, "heading_row": 1, "encoding": "utf-8-sig"},
        FileFormat.XML: {"root": ROOT},
        FileFormat.NDJSON: {"encoding": "utf-8"},
        FileFormat.JSON: {"encoding": "utf-8", "root": JSON_ROOT},
    }  # fmt: skip
    return FileHead(format=format, **(defaults[format] | fields))


def a_row_of_cells(**cells: Cell) -> list[Cell]:
    """A row of CME; cells by the first word of their heading in lower case."""
    given: Mapping[str, Cell] = {
        "record": "Add", "accme": "201759558", "completion": "02/14/2021", "first": "Rebecca", "last": "Test",
        "date": "02/01", "licensing": "Tennessee", "id": "0012345", "number": 2.25, "department": "ICU",
    } | cells  # fmt: skip
    return list(given.values())


def a_raw(format: FileFormat = FileFormat.XLSX) -> Raw:
    """A record of that format; of text every cell is a text."""
    if format is FileFormat.TAB:
        return a_row_of_cells(number="2.25")
    documents: dict[FileFormat, Raw] = {
        FileFormat.XML: RECORD,
        FileFormat.NDJSON: LINE,
        FileFormat.JSON: JSON_RECORD,
    }
    return documents.get(format) or a_row_of_cells()


def a_note(**fields: Any) -> Note:
    """A refusal of the activity's id."""
    defaults: dict[str, Any] = {
        "code": "activity-known", "detail": "No activity of yours has this id.", "hint": "Check its nine digits.",
        "index": 1,
    }  # fmt: skip
    return Note(**(defaults | fields))


def a_written(raw: Raw | None = None, *notes: Note, number: int = 3) -> AnnotatedRow:
    """A row with one refusal unless told otherwise."""
    return AnnotatedRow(number=number, raw=a_row_of_cells() if raw is None else raw, notes=notes or (a_note(),))


def a_result(raw: Raw | None = None, **fields: Any) -> AnsweredRow:
    """A row of a validation that matched one learner."""
    defaults: dict[str, Any] = {"result": "one", "learner_id": "lrn_1", "boards": ("ABIM", "TN-M")}
    return AnsweredRow(number=3, raw=a_row_of_cells() if raw is None else raw, **(defaults | fields))


def whole(pieces: Iterable[bytes]) -> bytes:
    """Join what was written."""
    return b"".join(pieces)


def sheet_of(data: bytes) -> Any:
    """Open a workbook's first sheet."""
    return openpyxl.load_workbook(io.BytesIO(data)).worksheets[0]


def unescaped(text: str) -> str:
    """Return a text of a cell with the characters that XML cannot hold, which openpyxl leaves as they are written."""
    found = re.sub("_x([0-9A-Fa-f]{4})_", lambda match: chr(int(match[1], 16)), text)
    return found.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def cells_of(data: bytes) -> list[list[Any]]:
    """Read every row of a workbook's first sheet."""
    rows = sheet_of(data).iter_rows(values_only=True)
    return [[unescaped(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]


def _of_tab(data: bytes) -> list[list[Any]]:
    lines = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), dialect="excel-tab")
    return [[unescape_formula(cell) or None for cell in line] for line in lines]


def table_of(data: bytes, format: FileFormat) -> list[list[Any]]:
    """Read every row of a table, by means that are not ours."""
    return cells_of(data) if format is FileFormat.XLSX else _of_tab(data)


def below(rows: Sequence[list[Any]], heading: str = "Record Action") -> list[dict[str, Any]]:
    """Return rows below the headings by these; of a heading that stands twice the last."""
    start = next(place for place, row in enumerate(rows) if row and row[0] == heading)
    return [dict(zip(rows[start], row, strict=False)) for row in rows[start + 1 :]]


def element_of(node: Any) -> Element:
    """Return a parsed element as it is kept."""
    element: Element = {"n": node.tag}
    if node.attrib:
        element["a"] = dict(node.attrib)
    if (node.text or "").strip():
        element["t"] = node.text
    if children := [element_of(child) for child in node if isinstance(child.tag, str)]:
        element["c"] = children
    return element


def records_of(data: bytes) -> list[Element]:
    """Read the records of a document."""
    return [element_of(node) for node in etree.fromstring(data).iter("{*}ActivityReport")]


def lines_of(data: bytes) -> list[dict[str, Any]]:
    """Read NDJSON."""
    return [json.loads(line) for line in data.decode().splitlines()]


def json_records_of(data: bytes) -> list[dict[str, Any]]:
    """Read the records of a JSON document of completions."""
    found: list[dict[str, Any]] = json.loads(data)["ACCMELearnerReports"]["ActivityReports"]["ActivityReport"]
    return found


def raws_of(data: bytes, head: FileHead) -> list[Raw]:
    """Read records as they were sent by means that are not ours, without what was added to them."""
    if head.format is FileFormat.XML:
        return list(records_of(data))
    if head.format is FileFormat.NDJSON:
        return [json.dumps({k: v for k, v in line.items() if not k.startswith("_")}) for line in lines_of(data)]
    if head.format is FileFormat.JSON:
        return [json.dumps({k: v for k, v in body.items() if k not in ADDED}) for body in json_records_of(data)]
    width = len(head.headings)
    return [_trimmed(row[:width]) for row in table_of(data, head.format)[head.heading_row :]]


def raws_by_service(data: bytes, head: FileHead) -> list[Raw]:
    """Read records as they were sent by the project's own reader, without what was added to them."""
    width = len(head.headings)
    with open_file([data], BatchKind.LEARNER_COMPLETIONS) as file:
        raws = [row.raw for piece in file.pieces() for row in piece]
        assert (file.head.sheet, file.head.heading_row) == (head.sheet, head.heading_row)
    if head.format is FileFormat.NDJSON:
        bodies = [json.loads(raw) for raw in raws if isinstance(raw, str)]
        return [json.dumps({k: v for k, v in body.items() if not k.startswith("_")}) for body in bodies]
    if head.format is FileFormat.JSON:
        bodies = [json.loads(raw) for raw in raws if isinstance(raw, str)]
        return [json.dumps({k: v for k, v in body.items() if k not in ADDED}) for body in bodies]
    return [_trimmed(raw[:width]) if isinstance(raw, list) else raw for raw in raws]


Reader = Callable[[bytes, FileHead], list[Raw]]
READERS: dict[str, Reader] = {"others": raws_of, "ours": raws_by_service}
"""Who reads what was written: libraries that are not ours, and the project's own reader."""


def plain_raw(raw: Raw) -> Raw:
    """Return a record as every reader gives it: no empty cells at the end, dates as they are, JSON parsed."""
    if isinstance(raw, str):
        return json.dumps(json.loads(raw))
    return _trimmed(raw) if isinstance(raw, list) else raw


def _trimmed(cells: Sequence[Any]) -> list[Any]:
    """Return cells as text, number, truth or `MM/DD/YYYY`, without empty ones at the end."""
    plain = [_plain(cell) for cell in cells]
    while plain and plain[-1] is None:
        plain.pop()
    return plain


def _plain(cell: Any) -> Any:
    if isinstance(cell, dict) and "d" in cell:
        cell = datetime.fromisoformat(cell["d"])
    return f"{cell:%m/%d/%Y}" if isinstance(cell, datetime) else cell if cell != "" else None
