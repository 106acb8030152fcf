"""Queries of exports: those of the lists, without pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, create_model

from app.core.http.pagination import FilterQuery
from app.domain.exports import ExportFormat, ExportKind
from app.schemas.looking.line_queries import CreditLineQuery
from app.schemas.looking.reports import (
    AttendanceQuery,
    NotYetAcceptedQuery,
    RemsReportQuery,
    ReportQuery,
    ReportYearQuery,
)
from app.schemas.looking.summary_queries import SummaryQuery
from app.schemas.queries import ActivityQuery, CompletionQuery

QUERIES: dict[ExportKind, type[FilterQuery]] = {
    ExportKind.LEARNER_COMPLETIONS: CompletionQuery,
    ExportKind.ACTIVITIES: ActivityQuery,
    ExportKind.ACTIVITY_SUMMARIES: SummaryQuery,
    ExportKind.CREDIT_LINES: CreditLineQuery,
    ExportKind.NOT_YET_ACCEPTED: NotYetAcceptedQuery,
    ExportKind.REPORTED_LATE: ReportQuery,
    ExportKind.NOTHING_REPORTED: ReportQuery,
    ExportKind.BEFORE_CLOSING: ReportQuery,
    ExportKind.ATTENDANCE: AttendanceQuery,
    ExportKind.YEAR_TOTALS: ReportYearQuery,
    ExportKind.REMS: RemsReportQuery,
}
"""The query of each list."""
_Format = Annotated[ExportFormat, Field(description="How the list is written.")]


def without_pages(query: type[FilterQuery], name: str, **more: Any) -> type[BaseModel]:
    """Return the model of a list's filters and order, and of further fields: nothing that says which page."""
    fields: dict[str, Any] = {
        field: (info.annotation, info) for field, info in query.model_fields.items() if field not in query.page_fields
    }
    made: type[BaseModel] = create_model(
        name, __config__=ConfigDict(extra="forbid"), __doc__=query.__doc__, __module__=__name__, **more, **fields
    )
    return made


def _export_of(kind: ExportKind, name: str) -> type[BaseModel]:
    return without_pages(QUERIES[kind], name, format=(_Format, ...))


class ExportQuery(BaseModel):
    """What every export is asked for, beside the filters of its list."""

    format: ExportFormat


if TYPE_CHECKING:
    CompletionExportQuery = ExportQuery
    ActivityExportQuery = ExportQuery
    SummaryExportQuery = ExportQuery
    CreditLineExportQuery = ExportQuery
    NotYetAcceptedExportQuery = ExportQuery
    ReportExportQuery = ExportQuery
    AttendanceExportQuery = ExportQuery
    YearTotalsExportQuery = ExportQuery
    RemsExportQuery = ExportQuery
else:
    CompletionExportQuery = _export_of(ExportKind.LEARNER_COMPLETIONS, "CompletionExportQuery")
    ActivityExportQuery = _export_of(ExportKind.ACTIVITIES, "ActivityExportQuery")
    SummaryExportQuery = _export_of(ExportKind.ACTIVITY_SUMMARIES, "SummaryExportQuery")
    CreditLineExportQuery = _export_of(ExportKind.CREDIT_LINES, "CreditLineExportQuery")
    NotYetAcceptedExportQuery = _export_of(ExportKind.NOT_YET_ACCEPTED, "NotYetAcceptedExportQuery")
    ReportExportQuery = _export_of(ExportKind.REPORTED_LATE, "ReportExportQuery")
    AttendanceExportQuery = _export_of(ExportKind.ATTENDANCE, "AttendanceExportQuery")
    YearTotalsExportQuery = _export_of(ExportKind.YEAR_TOTALS, "YearTotalsExportQuery")
    RemsExportQuery = _export_of(ExportKind.REMS, "RemsExportQuery")
