"""Standing reports as their pages list them."""

from __future__ import annotations

from app.console.lists.filters import FilterKind, ListColumn, ListFilter, ListSpec
from app.core.http.pagination import FilterQuery
from app.domain.exports import ExportKind
from app.schemas.looking.reports import (
    AttendanceQuery,
    NotYetAcceptedQuery,
    RemsReportQuery,
    ReportQuery,
    ReportYearQuery,
)

_USUAL = (
    ListFilter(name="year", label="Year", kind=FilterKind.TEXT),
    ListFilter(name="board", label="Board", kind=FilterKind.SEVERAL),
    ListFilter(name="activity_format", label="Activity format", kind=FilterKind.SEVERAL),
)
_STATUS = ListFilter(name="status", label="Status", kind=FilterKind.SEVERAL)
_MISSED = ListFilter(name="missed", label="With persons missed", kind=FilterKind.ONE)


def _columns(*headings: str) -> tuple[ListColumn, ...]:
    """Return columns in a fixed order; `#` before a heading is of numbers."""
    return tuple(
        ListColumn(heading=heading.removeprefix("#"), classes="num" if heading.startswith("#") else "")
        for heading in headings
    )


_LINES = _columns("Board", "Name", "Learner's id", "Activity", "Completed", "#Credits", "Why")
_ACTIVITIES = _columns("Activity", "Dates", "#Counted", "#Reported")


def _report(
    kind: ExportKind,
    query: type[FilterQuery],
    columns: tuple[ListColumn, ...],
    *more: ListFilter,
    one: str = "activity",
) -> ListSpec:
    many = "activities" if one == "activity" else f"{one}s"
    return ListSpec(query=query, filters=(*more, *_USUAL), columns=columns, export=kind, one=one, many=many)


REPORT_LISTS: dict[str, ListSpec] = {
    "not-yet-accepted": _report(ExportKind.NOT_YET_ACCEPTED, NotYetAcceptedQuery, _LINES, _STATUS, one="line"),
    "reported-late": _report(ExportKind.REPORTED_LATE, ReportQuery, _LINES, one="line"),
    "nothing-reported": _report(ExportKind.NOTHING_REPORTED, ReportQuery, _ACTIVITIES[:2]),
    "before-closing": _report(
        ExportKind.BEFORE_CLOSING, ReportQuery, (*_ACTIVITIES[:2], *_columns("Close by", "Still missing"))
    ),
    "attendance": _report(ExportKind.ATTENDANCE, AttendanceQuery, _ACTIVITIES, _MISSED),
    "year-totals": _report(
        ExportKind.YEAR_TOTALS,
        ReportYearQuery,
        _columns(
            "Board", "Activity format", "#Accepted", "#Pending", "#Rejected", "#People", "#Activities", "#Credits"
        ),
        one="group",
    ),
    "rems": ListSpec(
        query=RemsReportQuery,
        filters=(
            ListFilter(name="year", label="Year", kind=FilterKind.TEXT),
            ListFilter(name="rems_type", label="REMS programme", kind=FilterKind.SELECT),
            ListFilter(name="activity_id", label="Activity", kind=FilterKind.HIDDEN),
        ),
        columns=_columns("Answer", "#People", "#Completions"),
        export=ExportKind.REMS,
        one="possible answer",
        many="possible answers",
    ),
}
"""The lists of the reports, by name."""
