"""The query of credit lines: the filters of completions, each of which has to fit the line itself."""

from __future__ import annotations

from typing import Annotated, ClassVar

from app.core.http.pagination import FacetedQuery, sort_field
from app.schemas.queries import CompletionFilters

_LINE_SORTS = (
    "completed_on", "submitted_at", "updated_at", "last_name", "first_name", "date_of_birth", "activity_id", "board",
    "learner_board_id", "credits", "status",
)  # fmt: skip


class CreditLineQuery(CompletionFilters, FacetedQuery):
    """Which credit lines to list. Repeated parameters mean any of their values; different ones must all fit a line."""

    sort_names: ClassVar[tuple[str, ...]] = _LINE_SORTS
    sort: Annotated[
        str | None,
        sort_field(
            _LINE_SORTS,
            default="newest first",
            note=" `last_name` alone is followed by `first_name`; names are ordered as they are compared: "
            "without case, accents and punctuation. What has no value comes before everything that has one.",
        ),
    ] = None
