"""Batches: an uploaded file of records, the outcome of each of its rows, and that of the file as a whole."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, NotRequired, TypeAlias, TypedDict, final

import msgspec

from app.domain.findings import Severity


class BatchKind(enum.StrEnum):
    """The kind of records in a file."""

    LEARNER_COMPLETIONS = "learner-completions"
    """Completions to add, update or delete, also with REMS columns."""
    ACTIVITIES = "activities"
    """Activities to register, update or delete."""
    LEARNER_VALIDATIONS = "learner-validations"
    """Learners to look for."""
    ROSTER = "roster"
    """A board's own diplomates or licensees, from the board's client."""
    TRANSCRIPTS = "transcripts"
    """Diplomates or licensees whose transcripts a board asks for."""


OF_BOARDS = frozenset((BatchKind.ROSTER, BatchKind.TRANSCRIPTS))
"""The kinds that boards upload, and nobody else."""
ANSWERED = frozenset((BatchKind.LEARNER_VALIDATIONS, BatchKind.TRANSCRIPTS))
"""The kinds whose records ask, and are answered in a file."""


class BatchOwner(msgspec.Struct, frozen=True, kw_only=True):
    """Whose batches: a provider's, or a board's; neither means those of every board, which an operator sees."""

    provider_id: str | None = None
    board: str | None = None


class OnUnmatched(enum.StrEnum):
    """The treatment of records whose physician is not found."""

    REJECT = "reject"
    """They are refused."""
    HOLD = "hold"
    """They wait for a match, without credit, for up to 60 days."""


class FileFormat(enum.StrEnum):
    """The format of a file, found from its content and never from its name."""

    XLSX = "xlsx"
    """A workbook, also an .ods or .xls; the records are on the visible sheet that has the headings."""
    TAB = "tab"
    """Text with the headings in one of its first rows, and tabs between its cells; commas or semicolons (CSV) too."""
    XML = "xml"
    """A document with one element a record."""
    NDJSON = "ndjson"
    """One JSON object a line, in the shape of the API's bodies."""
    JSON = "json"
    """The document that XML has, in JSON: one object a record, in one list."""


class EntryMethod(enum.StrEnum):
    """How a completion came in."""

    API = "api"
    """A JSON request."""
    FORM = "form"
    """The web page."""
    EXCEL = "excel"
    """A row of a spreadsheet."""
    TAB = "tab"
    """A row of tab-delimited text."""
    XML = "xml"
    """An element of an XML document."""
    NDJSON = "ndjson"
    """A line of a JSON file."""
    JSON = "json"
    """A record of a JSON document."""


class RowOutcome(enum.StrEnum):
    """The outcome of a row, one for each. Of validations and transcripts it is the answer."""

    ADDED = "added"
    """A new record."""
    JOINED = "joined"
    """Credit was added to a completion on file."""
    UPDATED = "updated"
    """A record was corrected in place."""
    DELETED = "deleted"
    """A record, or a part of it, was withdrawn."""
    UNCHANGED = "unchanged"
    """It was on file as it is, or withdrawn already; nothing was written."""
    REJECTED = "rejected"
    """Refused, with every finding."""
    HELD = "held"
    """Kept until its physician is found."""
    ONE = "one"
    """One learner was matched; of transcripts, a licensee was found."""
    SEVERAL = "more_than_one"
    """More than one learner was matched."""
    NONE = "none"
    """No learner was matched; of transcripts, nobody was found whom the board sees."""


class FileFaultCode(enum.StrEnum):
    """Why a file is refused as a whole; nothing of it was applied."""

    UNREADABLE = "unreadable"
    """It is damaged, encrypted, or none of the formats."""
    KIND_UNKNOWN = "kind-unknown"
    """Its records are of another kind than was named."""
    TOO_LARGE = "too-large"
    """It unpacks to more bytes, rows, columns or parts than are accepted."""
    TOO_DEEP = "too-deep"
    """Its elements are nested too deeply."""
    HEADING_MISSING = "heading-missing"
    """A required heading is missing, or it is ambiguous which headings, or which sheet, are meant."""
    HEADING_UNKNOWN = "heading-unknown"
    """A roster has a column that a board does not give: nothing else than its columns is taken in."""
    NO_ROWS = "no-rows"
    """It has no records."""
    PARSER_FAILED = "parser-failed"
    """Parsing it failed repeatedly, or took too much time or memory."""


class FileFault(Exception):
    """A file that is refused as a whole. `detail` never holds what a cell holds."""

    def __init__(
        self,
        code: FileFaultCode,
        detail: str,
        *,
        row: int | None = None,
        column: str | None = None,
        looks_like: BatchKind | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.row = row
        self.column = column
        self.looks_like = looks_like
        """The kind of records that it has, where that is clear from its headings or its root."""


@final
class DateCell(TypedDict):
    """A cell that the workbook shows as a date; a plain dictionary, because it is kept as JSON."""

    d: str
    """ISO date, with the time where there is one: `2021-02-14`, `2021-02-14T09:30:00`."""
    f: str
    """Its number format, for example `mm/dd/yyyy` or `mmm-yy`."""


@final
class NumberCell(TypedDict):
    """A number that the workbook shows otherwise than by its digits: 0.25 as 6:00, 777 as 00777."""

    v: int | float
    """The number."""
    f: str
    """Its number format, for example `h:mm` or `00000`."""


@final
class MergedCell(TypedDict):
    """A cell of an area that is merged over several columns of a row: which of them its value is for is not clear."""

    m: str
    """The area, as `G4:H4`."""
    c: NotRequired[Cell]
    """The value that is shown, in the first of its cells in the row."""


class Element(TypedDict):
    """An XML element as it was sent, without comments and processing instructions."""

    n: str
    """Its name, in Clark's notation where it has a namespace: `{uri}local`."""
    a: NotRequired[dict[str, str]]
    t: NotRequired[str]
    """Its own text, where it has any."""
    c: NotRequired[list[Element]]


Cell: TypeAlias = str | int | float | bool | DateCell | NumberCell | MergedCell | None
"""A cell as it was sent: text as text, a number as a number, a formula as its cached value."""
Raw: TypeAlias = list[Cell] | Element | str
"""A record as it was sent: the cells of a row in the file's columns, an element, or a line of JSON."""


class RawRow(msgspec.Struct, frozen=True, kw_only=True):
    """A record as it was sent, with its number."""

    number: int
    """Row of the sheet, line of the text, or place of the element in the document, from 1."""
    raw: Raw


class FileHead(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a file before its records. It is kept with the batch, so that its rows can be written back."""

    format: FileFormat
    sheet: str = ""
    """Name of a workbook's sheet."""
    above: Sequence[RawRow] = ()
    """Rows above the headings, such as the guidance row."""
    heading_row: int = 0
    """Number of the row of headings; 0 where the format has none."""
    headings: Sequence[str] = ()
    """Headings as sent, blank ones included, one a column."""
    root: Element | None = None
    """The elements around the records of an XML document, without the records."""
    encoding: str = ""
    """The encoding of a text file."""
    separator: str = "\t"
    """What separates the cells of a text: a tab, a comma or a semicolon."""

    @property
    def has_columns(self) -> bool:
        """Whether the records are rows of cells below headings."""
        return self.heading_row > 0

    def as_document(self) -> dict[str, Any]:
        """Return the document by which it is kept."""
        return {
            "format": self.format.value,
            "sheet": self.sheet,
            "above": [[row.number, row.raw] for row in self.above],
            "heading_row": self.heading_row,
            "headings": list(self.headings),
            "root": self.root,
            "encoding": self.encoding,
            "separator": self.separator,
        }

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> FileHead:
        """Read it from the document by which it is kept."""
        return cls(
            format=FileFormat(document["format"]),
            sheet=document["sheet"],
            above=tuple(RawRow(number=number, raw=raw) for number, raw in document["above"]),
            heading_row=document["heading_row"],
            headings=tuple(document["headings"]),
            root=document["root"],
            encoding=document["encoding"],
            # Heads that were kept before texts with commas were read have none.
            separator=document.get("separator", "\t"),
        )


class BatchStatus(enum.StrEnum):
    """The state of a batch."""

    QUEUED = "queued"
    """It waits to be read."""
    READING = "reading"
    """It is being read; nothing is applied before the whole file was read."""
    APPLYING = "applying"
    """Its records take effect, in their order."""
    COMPLETED = "completed"
    """Every record has its outcome."""
    FAILED = "failed"
    """The file was refused as a whole; nothing of it was applied."""
    CANCELLED = "cancelled"
    """It was stopped; records that were applied before stay."""


UNFINISHED = (BatchStatus.QUEUED, BatchStatus.READING, BatchStatus.APPLYING)


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """One uploaded file and how far it has come."""

    batch_id: str
    provider_id: str | None
    """None for a board's."""
    board: str | None
    """The board that uploaded it; None for a provider's batch."""
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
    on_unmatched: OnUnmatched
    status: BatchStatus
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None
    version: int
    head: FileHead | None
    """The head of the file; None until it was read."""
    file_error: Mapping[str, Any] | None
    piece_rows: int
    """Records in every stored piece but the last."""
    records: int
    """Records read from the file."""
    applied: int
    """How many of these, in their order, have an outcome."""
    counts: Mapping[str, int]
    """Records by outcome, and under `warned` those with a warning."""
    warnings: Mapping[str, int]
    """Number of records that each rule warned of."""
    seen_before: str | None
    """Id of an earlier batch of the same bytes."""
    attempts: int
    fence: int
    original_removed_at: datetime | None = None
    """Since when the file as uploaded is gone."""
    records_removed_at: datetime | None = None
    """Since when the records as sent are gone."""
    mends: str | None = None
    """The batch whose rejected records it reports again."""
    completed_from: date | None = None
    completed_to: date | None = None
    """Days of completion that its transcripts cover, where a row says nothing else; None for an open side."""

    @property
    def owner(self) -> BatchOwner:
        """Whose it is."""
        return BatchOwner(provider_id=self.provider_id, board=self.board)

    @property
    def looks_like(self) -> BatchKind | None:
        """The kind of a file that was refused because another one was named; None where it is not clear."""
        found = (self.file_error or {}).get("looks_like")
        return BatchKind(found) if found is not None else None

    @property
    def finished(self) -> bool:
        """Whether nothing more happens to it by itself."""
        return self.status not in UNFINISHED

    @property
    def searchable(self) -> bool:
        """Whether its records are kept, so that it can be told whom its file is about."""
        return self.records > 0 and self.records_removed_at is None


class RowSuggestion(msgspec.Struct, frozen=True):
    """A value that would satisfy a rule in a record of a file, with the place in the file where it would stand."""

    pointer: str
    value: str | float
    column: str | None
    """The heading as sent, or the path of the element; None where the file has no place for it."""
    index: int | None
    """The column's place in the file, from 0."""


class RowFinding(msgspec.Struct, frozen=True, kw_only=True):
    """A finding about a record of a file, with the place in the file that it is about."""

    rule: str
    severity: Severity
    detail: str
    hint: str
    pointer: str
    column: str | None = None
    """The heading as sent, or the path of the element; None for the whole record."""
    index: int | None = None
    """The column's place in the file, from 0."""
    completion_id: str | None = None
    """The completion that stands in the way, if one does."""
    suggestions: tuple[RowSuggestion, ...] = ()


class RowResult(msgspec.Struct, frozen=True):
    """The outcome of one record of a file."""

    place: int
    """Among the records read, from 0."""
    number: int
    """Row of the sheet, line of the text, or place of the element, from 1."""
    outcome: RowOutcome
    record_id: str | None = None
    """The completion, activity or licensee; None where there is none."""
    findings: Sequence[RowFinding] = ()
    answer: Mapping[str, Any] | None = None
    """The answer to a validation: what was matched. Of a transcript, the days that it covers."""
