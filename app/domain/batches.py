"""Batches: one uploaded file of records, what becomes of each of its rows, and of the file as a whole."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, NotRequired, TypeAlias, TypedDict

import msgspec

from app.domain.findings import Severity


class BatchKind(enum.StrEnum):
    """What the rows of a file are."""

    LEARNER_COMPLETIONS = "learner-completions"
    """Completions to add, update or delete; the template with REMS columns as well."""
    ACTIVITIES = "activities"
    """Activities to register, update or delete."""
    LEARNER_VALIDATIONS = "learner-validations"
    """Learners to look for."""


class OnUnmatched(enum.StrEnum):
    """What becomes of records whose physician is not found."""

    REJECT = "reject"
    """They are refused."""


class FileFormat(enum.StrEnum):
    """What a file is, found from its content and never from its name."""

    XLSX = "xlsx"
    """A workbook; its data are on the first sheet that has the headings."""
    TAB = "tab"
    """Tab-delimited text with the headings in one of its first rows."""
    XML = "xml"
    """A document of one element a record."""
    NDJSON = "ndjson"
    """One JSON object a line, in the shape of the API's bodies."""


class RowOutcome(enum.StrEnum):
    """What became of a row. Each row has one; those of validations are the answers."""

    ADDED = "added"
    """A new record."""
    JOINED = "joined"
    """Credit was added to a completion that stands."""
    UPDATED = "updated"
    """A record was corrected in place."""
    DELETED = "deleted"
    """A record, or a part of it, was withdrawn."""
    UNCHANGED = "unchanged"
    """It stood so before, or was withdrawn before; nothing was written."""
    REJECTED = "rejected"
    """Refused, with every finding."""
    HELD = "held"
    """Kept until its physician is found."""
    ONE = "one"
    """One learner was matched."""
    SEVERAL = "more_than_one"
    """More than one learner was matched."""
    NONE = "none"
    """No learner was matched."""


class FileFaultCode(enum.StrEnum):
    """Why a file is refused as a whole; nothing of it was applied."""

    UNREADABLE = "unreadable"
    """It is damaged, encrypted, or none of the formats."""
    KIND_UNKNOWN = "kind-unknown"
    """Its content is not of the kind that was named."""
    TOO_LARGE = "too-large"
    """It unpacks to more bytes, rows, columns or entries than are taken."""
    TOO_DEEP = "too-deep"
    """Its elements are nested too deeply."""
    HEADING_MISSING = "heading-missing"
    """A required heading is missing, or it cannot be told which headings, or which sheet, is meant."""
    NO_ROWS = "no-rows"
    """It has no records."""
    PARSER_FAILED = "parser-failed"
    """Reading it failed repeatedly, or took too much time or memory."""


class FileFault(Exception):
    """A file that is refused as a whole. `detail` never holds what a cell holds."""

    def __init__(self, code: FileFaultCode, detail: str, *, row: int | None = None, column: str | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.row = row
        self.column = column


class DateCell(TypedDict):
    """A cell that the workbook shows as a date. Kept as JSON, so it is a plain dictionary."""

    d: str
    """ISO date, with the time where there is one: `2021-02-14`, `2021-02-14T09:30:00`."""
    f: str
    """The number format by which it is shown, for example `mm/dd/yyyy` or `mmm-yy`."""


class Element(TypedDict):
    """An XML element as it was sent, without comments and processing instructions."""

    n: str
    """Its name, in Clark's notation where it has a namespace: `{uri}local`."""
    a: NotRequired[dict[str, str]]
    t: NotRequired[str]
    """Its own text, where it has any."""
    c: NotRequired[list[Element]]


Cell: TypeAlias = str | int | float | bool | DateCell | None
"""A cell as it was sent: text as text, a number as a number; a formula is its cached value."""
Raw: TypeAlias = list[Cell] | Element | str
"""A record as it was sent: the cells of a row in the file's columns, an element, or a line of JSON."""


class RawRow(NamedTuple):
    """A record as it was sent, with its number."""

    number: int
    """Row of the sheet or line of the text, from 1; of XML the place of its element, from 1."""
    raw: Raw


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a file before its rows, and kept with the batch: enough to write its rows back."""

    format: FileFormat
    sheet: str = ""
    """Name of the sheet, of a workbook."""
    above: Sequence[RawRow] = ()
    """Rows above the headings, such as the guidance row."""
    heading_row: int = 0
    """Number of the row of headings; 0 where the format has none."""
    headings: Sequence[str] = ()
    """Headings as sent, blank ones included, one a column."""
    root: Element | None = None
    """Of XML: the elements around the records, without these."""
    encoding: str = ""
    """Of text: how it was encoded."""

    @property
    def has_columns(self) -> bool:
        """Whether the records are rows of cells below headings."""
        return self.heading_row > 0

    def as_document(self) -> dict[str, Any]:
        """Return it as it is kept."""
        return {
            "format": self.format.value,
            "sheet": self.sheet,
            "above": [[each.number, each.raw] for each in self.above],
            "heading_row": self.heading_row,
            "headings": list(self.headings),
            "root": self.root,
            "encoding": self.encoding,
        }

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Head:
        """Read it as it was kept."""
        return cls(
            format=FileFormat(document["format"]),
            sheet=document["sheet"],
            above=tuple(RawRow(number=number, raw=raw) for number, raw in document["above"]),
            heading_row=document["heading_row"],
            headings=tuple(document["headings"]),
            root=document["root"],
            encoding=document["encoding"],
        )


class BatchStatus(enum.StrEnum):
    """Where a batch stands."""

    QUEUED = "queued"
    """It waits to be read."""
    READING = "reading"
    """Its records are being read; nothing is applied before the whole file is."""
    APPLYING = "applying"
    """Its records take effect, in their order."""
    COMPLETED = "completed"
    """Every record has its outcome."""
    FAILED = "failed"
    """The file was refused as a whole; nothing of it was applied."""
    CANCELLED = "cancelled"
    """It was stopped; what was applied before stands."""


UNFINISHED = (BatchStatus.QUEUED, BatchStatus.READING, BatchStatus.APPLYING)


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """One uploaded file and how far it has come."""

    batch_id: str
    provider_id: str
    client_id: str
    upload_id: str
    request_id: str | None
    kind: BatchKind
    filename: str
    digest: str
    """SHA-256 of the content."""
    permission_attested: bool
    dry_run: bool
    """Whether its records are judged without being stored."""
    status: BatchStatus
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None
    version: int
    head: Head | None
    """What stands before the records; None until it was read."""
    file_error: Mapping[str, Any] | None
    piece_rows: int
    """Records in each stored piece but the last."""
    records: int
    """Records read from the file."""
    applied: int
    """So many of these, in their order, have been gone through."""
    counts: Mapping[str, int]
    """Records by outcome, and under `warned` those with a warning."""
    warnings: Mapping[str, int]
    """Records for each rule that warned."""
    seen_before: str | None
    """An earlier batch of the same bytes."""
    attempts: int
    fence: int

    @property
    def finished(self) -> bool:
        """Whether nothing more happens to it by itself."""
        return self.status not in UNFINISHED


class RowFinding(msgspec.Struct, frozen=True, kw_only=True):
    """A finding about a record of a file, with the place in the file that it is about."""

    rule: str
    severity: Severity
    detail: str
    hint: str
    pointer: str
    column: str | None = None
    """The heading as sent, or the path of the element; None where it is about the whole record."""
    index: int | None = None
    """The column's place in the file, from 0."""


class RowResult(msgspec.Struct, frozen=True):
    """What became of one record of a file."""

    place: int
    """Among the records read, from 0."""
    number: int
    """Row of the sheet, line of the text, or place of the element, from 1."""
    outcome: RowOutcome
    record_id: str | None = None
    """The completion or activity; None where there is none."""
    findings: Sequence[RowFinding] = ()
    answer: Mapping[str, Any] | None = None
    """Of a validation, what was matched."""
