"""Exports: whole lists as files, with their formats and columns."""

from __future__ import annotations

import enum

import msgspec

MOST_SHEET_ROWS = 1_048_575
"""Rows of a sheet below its headings."""


class ExportFormat(enum.StrEnum):
    """How a list is written."""

    XLSX = "xlsx"
    """A workbook."""
    CSV = "csv"
    """Text with commas, in UTF-8 with a byte order mark."""
    NDJSON = "ndjson"
    """One document of the API a line."""
    XML = "xml"
    """A PARS document, of completions or activities only."""
    JSON = "json"
    """The same document in JSON."""

    @property
    def is_document(self) -> bool:
        """Whether it is a PARS document."""
        return self in (ExportFormat.XML, ExportFormat.JSON)


class ExportKind(enum.StrEnum):
    """Which list."""

    LEARNER_COMPLETIONS = "learner-completions"
    """Learner completions: a row for each credit, or a document for each completion."""
    ACTIVITIES = "activities"
    """Activities, in the columns of their template."""
    ACTIVITY_SUMMARIES = "activity-summaries"
    """Activities with the counts of their credit lines."""
    CREDIT_LINES = "credit-lines"
    """Credit lines: a row, or a document, for each."""
    NOT_YET_ACCEPTED = "not-yet-accepted"
    """The report of credit that its board has not accepted yet."""
    REPORTED_LATE = "reported-late"
    """The report of credit that was reported late."""
    NOTHING_REPORTED = "nothing-reported"
    """The report of activities for which nobody is reported."""
    BEFORE_CLOSING = "before-closing"
    """The report of activities that have ended and are not closed."""
    ATTENDANCE = "attendance"
    """The report of persons reported against physicians counted."""
    YEAR_TOTALS = "year-totals"
    """The totals of a year by board and format."""
    REMS = "rems"
    """The report for a REMS programme: who took part in a year, by their answers."""


REPORTED = (ExportKind.LEARNER_COMPLETIONS, ExportKind.ACTIVITIES)
"""Lists whose rows are the records of PARS documents."""


class CellKind(enum.Enum):
    """What the cells of a column are in a workbook."""

    TEXT = "text"
    DAY = "day"
    """Given as YYYY-MM-DD."""
    INSTANT = "instant"
    """Given as RFC 3339 in UTC, to the second."""
    NUMBER = "number"
    """Given as text with a point."""


class ExportColumn(msgspec.Struct, frozen=True, kw_only=True):
    """A column of an exported table."""

    heading: str
    kind: CellKind = CellKind.TEXT
    width: int = 14
    """Characters, in a workbook."""
    written_by_people: bool = False
    """Whether its text may be anything, even what a spreadsheet takes for a formula."""
