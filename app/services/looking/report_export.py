"""Reports as files: their rows in pieces, as those of lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Connection

from app.domain.exports import CellKind, ExportColumn
from app.domain.looking.standing_reports import ReportedActivity, ReportFilter, ReportLine, YearTotals
from app.domain.looking.yearly_closing import YearlyClosing
from app.schemas.looking.reports import (
    NotYetAcceptedQuery,
    ReportedActivityOut,
    ReportLineOut,
    ReportQuery,
    ReportYearQuery,
    YearTotalsOut,
)
from app.services.context import Caller
from app.services.looking import reports
from app.services.looking.lists import ExportPiece, ExportSource, cell_of
from app.services.looking.reports import WhichActivities
from app.store.looking import report_activities, report_lines
from app.store.looking.ids_in_order import Reached
from app.store.looking.report_activities import ReportedActivities
from app.store.looking.report_lines import ReportedLines

AT_ONCE = 1_000
"""Records, or activities, of a piece."""
_NUMBER, _DAY, _INSTANT = CellKind.NUMBER, CellKind.DAY, CellKind.INSTANT
_TITLE = ExportColumn(heading="Activity Title", width=44, written_by_people=True)
_ACTIVITY_ID = ExportColumn(heading="ACCME Activity ID", width=12)
_FORMAT = ExportColumn(heading="Activity Format", width=26)

Columns = dict[str, ExportColumn]
"""The columns of a report, by the names that its answers have for them."""
LINES: Columns = {
    "board": ExportColumn(heading="Board", width=9),
    "first_name": ExportColumn(heading="First Name", width=16, written_by_people=True),
    "last_name": ExportColumn(heading="Last Name", width=18, written_by_people=True),
    "learner_board_id": ExportColumn(heading="Learner ID", width=13, written_by_people=True),
    "why": ExportColumn(heading="Why", width=44, written_by_people=True),
    "title": _TITLE,
    "activity_id": _ACTIVITY_ID,
    "activity_format": _FORMAT,
    "completed_on": ExportColumn(heading="Completion Date", kind=_DAY, width=13),
    "submitted_at": ExportColumn(heading="Submitted (UTC)", kind=_INSTANT, width=18),
    "days_to_report": ExportColumn(heading="Days to Report", kind=_NUMBER, width=9),
    "credits": ExportColumn(heading="Credits Awarded", kind=_NUMBER, width=10),
    "status": ExportColumn(heading="Status", width=11),
    "status_reason": ExportColumn(heading="Reason", width=18),
    "status_text": ExportColumn(heading="Board's Words", width=34, written_by_people=True),
    "status_at": ExportColumn(heading="Status Since (UTC)", kind=_INSTANT, width=20),
    "kind": ExportColumn(heading="Kind", width=7),
    "delivery": ExportColumn(heading="Delivery", width=15),
    "learner_id": ExportColumn(heading="Learner Link", width=38),
    "completion_id": ExportColumn(heading="Completion ID", width=38),
    "credit_id": ExportColumn(heading="Credit ID", width=38),
}
ACTIVITIES: Columns = {
    "title": _TITLE,
    "activity_id": _ACTIVITY_ID,
    "internal_id": ExportColumn(heading="Provider Activity ID", width=16, written_by_people=True),
    "activity_format": _FORMAT,
    "start_date": ExportColumn(heading="Start Date", kind=_DAY, width=12),
    "end_date": ExportColumn(heading="End Date", kind=_DAY, width=12),
    "status": ExportColumn(heading="Activity Status", width=15),
    "missing": ExportColumn(heading="Still Missing", width=40),
    "physicians_counted": ExportColumn(heading="Physicians Counted", kind=_NUMBER, width=11),
    "others_counted": ExportColumn(heading="Others Counted", kind=_NUMBER, width=10),
    "persons_reported": ExportColumn(heading="Persons Reported", kind=_NUMBER, width=10),
    "missed": ExportColumn(heading="Persons Missed", width=9),
    "close_by": ExportColumn(heading="Close By", kind=_DAY, width=12),
}
TOTALS: Columns = {
    "board": ExportColumn(heading="Board", width=9),
    "activity_format": _FORMAT,
    "lines": ExportColumn(heading="Lines", kind=_NUMBER, width=10),
    "lines_accepted": ExportColumn(heading="Lines Accepted", kind=_NUMBER, width=10),
    "lines_pending": ExportColumn(heading="Lines Pending", kind=_NUMBER, width=10),
    "lines_rejected": ExportColumn(heading="Lines Rejected", kind=_NUMBER, width=10),
    "persons": ExportColumn(heading="Persons", kind=_NUMBER, width=10),
    "activities": ExportColumn(heading="Activities", kind=_NUMBER, width=10),
    "credits": ExportColumn(heading="Credits", kind=_NUMBER, width=10),
}
_MOST_GROUPS = 10_000
"""More than there are boards and formats together."""


def _documents(shown: Sequence[BaseModel]) -> bytes:
    return b"".join(f"{one.model_dump_json()}\n".encode() for one in shown)


def _rows(columns: Columns, shown: Sequence[BaseModel]) -> list[list[str]]:
    return [[cell_of(getattr(one, name)) for name in columns] for one in shown]


class LineReport(ExportSource):
    """A report of credit lines."""

    columns = tuple(LINES.values())

    def __init__(self, which: Callable[[Connection], ReportedLines], why: Callable[[ReportLine], str]) -> None:
        """Write the lines that are reported, with the reason why each is."""
        self._which = which
        self._why = why

    def count(self, connection: Connection, most: int) -> int:
        """Count the lines, up to one more than `most`."""
        return report_lines.count(connection, self._which(connection), most)

    def read_rows(self, connection: Connection, reached: Reached) -> ExportPiece:
        """Return the lines of the next records."""
        return ExportPiece(*report_lines.read_next(connection, self._which(connection), reached, AT_ONCE))

    def finish_rows(self, rows: Sequence[ReportLine]) -> Sequence[Sequence[str]]:
        """Return lines as cells."""
        return _rows(LINES, self._shown(rows))

    def read_documents(self, connection: Connection, reached: Reached) -> ExportPiece:
        """Return the lines of the next records."""
        return self.read_rows(connection, reached)

    def write_documents(self, rows: Sequence[ReportLine]) -> bytes:
        """Return a line of JSON for each credit line."""
        return _documents(self._shown(rows))

    def _shown(self, rows: Sequence[ReportLine]) -> list[ReportLineOut]:
        return [ReportLineOut.of(line, self._why(line)) for line in rows]


class ActivityReport(ExportSource):
    """A report of activities: a provider has thousands, so their places are looked up with every piece."""

    columns = tuple(ACTIVITIES.values())

    def __init__(
        self,
        wanted: ReportFilter,
        which: Callable[[Connection], ReportedActivities],
        today: date,
        closing: YearlyClosing | None,
    ) -> None:
        """Write the activities that are reported, with their status on a day."""
        self._closing = closing
        self._wanted = wanted
        self._which = which
        self._today = today

    def count(self, connection: Connection, most: int) -> int:
        """Count the activities, up to one more than `most`."""
        return report_activities.count(connection, self._wanted, self._which(connection), most)

    def read_rows(self, connection: Connection, reached: Reached) -> ExportPiece:
        """Return the next activities."""
        found = report_activities.page(connection, self._wanted, self._which(connection), reached.after, AT_ONCE)
        places = [place for place, _ in found]
        last = places[-1] if places else reached.after
        return ExportPiece([row for _, row in found], Reached(after=last, ended=len(found) < AT_ONCE))

    def finish_rows(self, rows: Sequence[ReportedActivity]) -> Sequence[Sequence[str]]:
        """Return activities as cells."""
        return _rows(ACTIVITIES, self._shown(rows))

    def read_documents(self, connection: Connection, reached: Reached) -> ExportPiece:
        """Return the next activities."""
        return self.read_rows(connection, reached)

    def write_documents(self, rows: Sequence[ReportedActivity]) -> bytes:
        """Return a line of JSON for each activity."""
        return _documents(self._shown(rows))

    def _shown(self, rows: Sequence[ReportedActivity]) -> list[ReportedActivityOut]:
        return [ReportedActivityOut.of(row, self._today, self._closing) for row in rows]


class TotalsReport(ExportSource):
    """The totals of a year: a row for each board and format, and one without them for the whole year."""

    columns = tuple(TOTALS.values())

    def __init__(self, caller: Caller, query: ReportYearQuery) -> None:
        self._caller = caller
        self._query = query

    def count(self, connection: Connection, most: int) -> int:
        """Return more rows than there are, for counting them takes as long as reading them."""
        return min(_MOST_GROUPS, most)

    def read_rows(self, connection: Connection, reached: Reached) -> ExportPiece:
        """Return all totals."""
        return ExportPiece([reports.year_totals(connection, self._caller, self._query)], Reached(ended=True))

    def finish_rows(self, rows: Sequence[YearTotals]) -> Sequence[Sequence[str]]:
        """Return the totals as cells, those of the year last."""
        (totals,) = rows
        shown = YearTotalsOut.of(self._query.year, totals)
        of_year: dict[str, Any] = {
            **dict.fromkeys(TOTALS),
            **shown.model_dump(exclude={"year", "groups"}),
            "lines_accepted": sum(group.lines_accepted for group in totals.groups),
            "lines_pending": sum(group.lines_pending for group in totals.groups),
        }
        return [*_rows(TOTALS, shown.groups), [cell_of(value) for value in of_year.values()]]

    def read_documents(self, connection: Connection, reached: Reached) -> ExportPiece:
        """Return all totals."""
        return self.read_rows(connection, reached)

    def write_documents(self, rows: Sequence[YearTotals]) -> bytes:
        """Return one line of JSON, with all groups."""
        return _documents([YearTotalsOut.of(self._query.year, totals) for totals in rows])


def open_not_yet_accepted(connection: Connection, caller: Caller, query: NotYetAcceptedQuery) -> LineReport:
    """Return the credit lines that are pending or rejected."""
    return LineReport(lambda _: reports.unaccepted_lines(caller, query), lambda line: line.why_not_accepted)


def open_reported_late(connection: Connection, caller: Caller, query: ReportQuery) -> LineReport:
    """Return the credit lines that were reported late."""
    return LineReport(lambda found: reports.late_lines(found, caller, query), lambda line: line.why_late)


def opens_activities(which: WhichActivities) -> Callable[[Connection, Caller, ReportQuery], ActivityReport]:
    """Return what opens a report of activities."""

    def open_activities(connection: Connection, caller: Caller, query: ReportQuery) -> ActivityReport:
        wanted, today = reports.filter_of(caller, query), caller.service.clock().date()
        closing = reports.yearly_closing(caller)
        return ActivityReport(wanted, lambda found: which(found, caller, query), today, closing)

    return open_activities


def open_year_totals(connection: Connection, caller: Caller, query: ReportYearQuery) -> TotalsReport:
    """Return the totals of a year."""
    return TotalsReport(caller, query)
