"""Queries of exports: those of the lists, without pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, create_model

from app.core.http.pagination import SortedQuery
from app.domain.exports import ExportFormat
from app.schemas.queries import ActivityQuery, CompletionQuery

Format = Annotated[ExportFormat, Field(description="How the list is written.")]


def without_pages(query: type[SortedQuery], name: str, **more: Any) -> type[BaseModel]:
    """Return the model of a list's filters and order, and of further fields: nothing that says which page."""
    fields: dict[str, Any] = {
        field: (info.annotation, info) for field, info in query.model_fields.items() if field not in query.page_fields
    }
    made: type[BaseModel] = create_model(
        name, __config__=ConfigDict(extra="forbid"), __doc__=query.__doc__, __module__=__name__, **more, **fields
    )
    return made


if TYPE_CHECKING:

    class CompletionExportQuery(CompletionQuery):
        """Which completions to export."""

        format: ExportFormat

    class ActivityExportQuery(ActivityQuery):
        """Which activities to export."""

        format: ExportFormat

else:
    CompletionExportQuery = without_pages(CompletionQuery, "CompletionExportQuery", format=(Format, ...))
    ActivityExportQuery = without_pages(ActivityQuery, "ActivityExportQuery", format=(Format, ...))
