"""Reports that answer a provider's standing questions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from app.domain.looking.attention import Moments
from app.domain.looking.standing_reports import UNACCEPTED, ReportFilter, UnacceptedGroup, YearTotals
from app.schemas.looking.reports import AttendanceQuery, NotYetAcceptedQuery, ReportQuery, ReportYearQuery
from app.services.context import Caller
from app.services.lists import board_codes, format_codes
from app.store.looking import report_activities, report_lines
from app.store.looking.report_activities import ActivityRow
from app.store.looking.report_lines import LineRow


def _narrowed(caller: Caller, query: ReportQuery | ReportYearQuery) -> ReportFilter:
    """Return what is reported on: boards and formats by code or name, of which an unknown one fits nothing."""
    return ReportFilter(
        provider_id=caller.provider_id,
        year=query.year,
        boards=sorted(board_codes(caller.service.catalogue, query.board)) if query.board else None,
        formats=format_codes(query.activity_format) if query.activity_format else None,
    )


def not_yet_accepted(
    connection: Connection,
    caller: Caller,
    query: NotYetAcceptedQuery,
    *,
    after: Any,
    limit: int,
) -> tuple[list[LineRow], Sequence[UnacceptedGroup] | None]:
    """Return lines that are pending or rejected; and all of them by board and reason, if asked for."""
    wanted, statuses = _narrowed(caller, query), query.status or UNACCEPTED
    lines = report_lines.not_yet_accepted(connection, wanted, statuses, after, limit)
    return lines, report_lines.unaccepted_groups(connection, wanted, statuses) if query.include else None


def reported_late(
    connection: Connection, caller: Caller, query: ReportQuery, *, after: Any, limit: int
) -> list[LineRow]:
    """Return lines that were reported more than 30 days after their completion."""
    return report_lines.reported_late(connection, _narrowed(caller, query), after, limit)


def year_totals(connection: Connection, caller: Caller, query: ReportYearQuery) -> YearTotals:
    """Return the totals of a year by board and format."""
    return report_lines.year_totals(connection, _narrowed(caller, query))


def nothing_reported(
    connection: Connection, caller: Caller, query: ReportQuery, *, after: Any, limit: int
) -> list[ActivityRow]:
    """Return activities that have begun and have nothing reported."""
    moments = Moments(now=caller.service.clock())
    return report_activities.nothing_reported(connection, _narrowed(caller, query), moments, after, limit)


def before_closing(
    connection: Connection, caller: Caller, query: ReportQuery, *, after: Any, limit: int
) -> list[ActivityRow]:
    """Return activities that have ended and are not closed."""
    moments = Moments(now=caller.service.clock())
    return report_activities.before_closing(connection, _narrowed(caller, query), moments, after, limit)


def attendance(
    connection: Connection, caller: Caller, query: AttendanceQuery, *, after: Any, limit: int
) -> list[ActivityRow]:
    """Return activities with a counted attendance, beside the persons that are reported."""
    moments = Moments(now=caller.service.clock())
    wanted = _narrowed(caller, query)
    return report_activities.attendance(connection, wanted, moments, after, limit, missed=query.missed)
