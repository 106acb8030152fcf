"""`/v1/learner-completions`: the list."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from app.core.http.pagination import SortedQuery, sort_keys, sort_pattern, sorting
from app.core.http.routing import StrictRoute
from app.domain.credits import CreditKind, CreditStatus
from app.domain.reports import EntryMethod
from app.routers.callers import CompletionsReader
from app.routers.paging import open_page
from app.schemas.base import Day
from app.schemas.completions import CompletionOut, CompletionPage
from app.schemas.queries import DayOrInstant, References, Text, Texts, since, until
from app.services.completions import lists
from app.services.completions.lists import SORTS, Filter
from app.services.context import read_async

router = APIRouter(prefix="/v1/learner-completions", tags=["Learner completions"], route_class=StrictRoute)
PATH = "/v1/learner-completions"
_ONE_CREDIT = (
    "With `board`, `kind`, `status`, `credit_type`, `state` and `client_reference`, of one and the same credit."
)


class CompletionQuery(SortedQuery):
    """Which completions to list. Repeated parameters mean any of their values; different ones must all fit."""

    q: Annotated[
        Text | None,
        Field(
            description="Words, separated by white space; each must fit somewhere in the completion. A word fits when "
            "the first or last name begins with it (case, accents and punctuation aside; a name of several words "
            "is compared as one), or when it is exactly the activity id, the completion id, the `learner_board_id` "
            "or a `client_reference` of one of its credits."
        ),
    ] = None
    activity_id: Texts = []
    first_name: Annotated[Texts, Field(description="The whole name; case, accents and punctuation aside.")] = []
    last_name: Annotated[Texts, Field(description="The whole name; case, accents and punctuation aside.")] = []
    board: Annotated[Texts, Field(description=f"Code or name of a board. {_ONE_CREDIT}")] = []
    kind: list[CreditKind] = []
    status: list[CreditStatus] = []
    completed_from: Day | None = None
    completed_to: Day | None = None
    submitted_from: Annotated[DayOrInstant | None, since("Submitted")] = None
    submitted_to: Annotated[DayOrInstant | None, until("Submitted")] = None
    updated_from: Annotated[DayOrInstant | None, since("Changed")] = None
    activity_format: Annotated[Texts, Field(description="Code or name of the activity's format.")] = []
    mips: Annotated[bool | None, Field(description="Whether the activity is flagged for MIPS.")] = None
    rems: Annotated[bool | None, Field(description="Whether the activity belongs to a REMS programme.")] = None
    credit_type: Annotated[
        Texts, Field(description="A credit type or special credit, by any of the names its board takes.")
    ] = []
    entry_method: list[EntryMethod] = []
    state: Annotated[
        Texts, Field(description="State of the licensing board: two letters, full name, or a board's code.")
    ] = []
    learner_id: Texts = []
    client_reference: References = []
    batch_id: Texts = []
    sort: Annotated[
        str | None,
        Field(
            max_length=200,
            description=sorting(SORTS, "newest first") + " `last_name` alone is followed by `first_name`; names are "
            "ordered as they are compared, without case, accents and punctuation.",
            json_schema_extra=sort_pattern(SORTS),
        ),
    ] = None


@router.get("", response_model=CompletionPage)
async def list_completions(
    caller: CompletionsReader, query: Annotated[CompletionQuery, Query()], response: Response
) -> CompletionPage:
    """List the provider's completions, newest first unless `sort` says otherwise.

    A completion that stands from the first page to the last, and whose sort keys stay, is on exactly one of them.
    """
    asked = open_page(caller, query, PATH)
    keys = sort_keys(asked.query.sort, SORTS)
    narrowed = Filter(**asked.query.model_dump(exclude={*CompletionQuery.page_fields, "sort"}))
    counted = "total" in query.include
    found = await read_async(caller, lists.page, narrowed, keys, after=asked.after, limit=asked.limit, counted=counted)
    page = asked.page(found.rows, response, lambda each: each[0])
    return CompletionPage(
        data=[CompletionOut.of(each) for _, each in page.rows],
        next_cursor=page.cursor,
        total=found.total and found.total.count,
        total_capped=found.total and found.total.capped,
    )
