"""Reports that answer a provider's standing questions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection

from app.domain.looking.attention import Moments
from app.domain.looking.standing_reports import UNACCEPTED, ReportFilter, UnacceptedGroup, YearTotals
from app.domain.looking.yearly_closing import YearlyClosing, read_yearly_closing
from app.schemas.looking.reports import AttendanceQuery, NotYetAcceptedQuery, ReportQuery, ReportYearQuery
from app.services.context import Caller
from app.services.lists import board_codes, format_codes
from app.store.looking import report_activities, report_lines
from app.store.looking.report_activities import ActivityRow, ReportedActivities
from app.store.looking.report_lines import LineRow, ReportedLines


def filter_of(caller: Caller, query: ReportQuery | ReportYearQuery) -> ReportFilter:
    """Return what is reported on: boards and formats by code or name, of which an unknown one fits nothing."""
    return ReportFilter(
        provider_id=caller.provider_id,
        year=query.year,
        boards=sorted(board_codes(caller.service.catalogue, query.board)) if query.board else None,
        formats=format_codes(query.activity_format) if query.activity_format else None,
    )


def yearly_closing(caller: Caller) -> YearlyClosing | None:
    """Return the day of the accreditor's yearly closing; None where the installation has none."""
    return read_yearly_closing(caller.service.settings.yearly_closing)


def unaccepted_lines(caller: Caller, query: NotYetAcceptedQuery) -> ReportedLines:
    """Return which lines are pending or rejected."""
    return report_lines.not_yet_accepted(filter_of(caller, query), query.status or UNACCEPTED)


def late_lines(connection: Connection, caller: Caller, query: ReportQuery) -> ReportedLines:
    """Return which lines were reported more than 30 days after their completion."""
    return report_lines.reported_late(connection, filter_of(caller, query))


def unreported_activities(connection: Connection, caller: Caller, query: ReportQuery) -> ReportedActivities:
    """Return which activities have begun and have nothing reported."""
    return report_activities.nothing_reported(Moments(now=caller.service.clock()))


def activities_to_close(connection: Connection, caller: Caller, query: ReportQuery) -> ReportedActivities:
    """Return which activities have ended and are not closed."""
    return report_activities.before_closing(Moments(now=caller.service.clock()))


def counted_activities(connection: Connection, caller: Caller, query: AttendanceQuery) -> ReportedActivities:
    """Return which activities have a counted attendance."""
    return report_activities.attendance(connection, Moments(now=caller.service.clock()), missed=query.missed)


def not_yet_accepted(
    connection: Connection,
    caller: Caller,
    query: NotYetAcceptedQuery,
    *,
    after: Any,
    limit: int,
) -> tuple[list[LineRow], Sequence[UnacceptedGroup] | None]:
    """Return lines that are pending or rejected; and all of them by board and reason, if asked for."""
    lines = report_lines.page(connection, unaccepted_lines(caller, query), after, limit)
    if not query.include:
        return lines, None
    return lines, report_lines.unaccepted_groups(connection, filter_of(caller, query), query.status or UNACCEPTED)


def reported_late(
    connection: Connection, caller: Caller, query: ReportQuery, *, after: Any, limit: int
) -> list[LineRow]:
    """Return lines that were reported more than 30 days after their completion."""
    return report_lines.page(connection, late_lines(connection, caller, query), after, limit)


def year_totals(connection: Connection, caller: Caller, query: ReportYearQuery) -> YearTotals:
    """Return the totals of a year by board and format."""
    return report_lines.year_totals(connection, filter_of(caller, query))


WhichActivities = Callable[[Connection, Caller, Any], ReportedActivities]
"""Returns which activities stand in a report, for its query."""


def activities(
    connection: Connection, caller: Caller, query: ReportQuery, which: WhichActivities, *, after: Any, limit: int
) -> list[ActivityRow]:
    """Return activities of a report by the day on which they end."""
    return report_activities.page(connection, filter_of(caller, query), which(connection, caller, query), after, limit)
