"""`/v1/learner-completions`: the list."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import Field

from app.core.pagination import PageQuery, next_cursor, next_link, page_of, turn
from app.core.routing import StrictRoute
from app.routers.depends import CompletionsReader
from app.routers.openapi import problems
from app.schemas.base import Day
from app.schemas.completions import CompletionOut, CompletionPage
from app.services import completion_lists
from app.services.completion_lists import Filter
from app.services.context import read_async

router = APIRouter(prefix="/v1/learner-completions", tags=["Learner completions"], route_class=StrictRoute)
PATH = "/v1/learner-completions"
Texts = Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=100)]


class CompletionQuery(PageQuery):
    """Which completions to list. Repeated parameters mean any of their values."""

    activity_id: Texts = []
    first_name: Annotated[str | None, Field(max_length=200)] = None
    last_name: Annotated[str | None, Field(max_length=200)] = None
    board: Annotated[Texts, Field(description="Code or name of a board.")] = []
    kind: list[Literal["cme", "moc"]] = []
    status: list[Literal["pending", "accepted", "rejected", "withdrawn"]] = []
    learner_id: Annotated[str | None, Field(max_length=64)] = None
    client_reference: Annotated[str | None, Field(max_length=300)] = None
    completed_from: Day | None = None
    completed_to: Day | None = None
    submitted_from: Day | None = None
    submitted_to: Day | None = None


@router.get("", response_model=CompletionPage, responses=problems())
async def list_completions(
    caller: CompletionsReader, query: Annotated[CompletionQuery, Query()], response: Response
) -> CompletionPage:
    """List the provider's completions, newest first."""
    keyring, bound_to = caller.service.keyring, caller.bound_to(PATH)
    turned = turn(keyring, query, bound_to)
    wanted = Filter(**turned.query.model_dump(exclude={"limit", "cursor"}))
    found = await read_async(caller, completion_lists.page, wanted, before=turned.after, limit=query.size + 1)
    page = page_of(found, query.size, lambda each: each.completion_id)
    cursor = next_cursor(keyring, turned, page, bound_to)
    response.headers.update(next_link(PATH, query.limit, cursor))
    return CompletionPage(data=[CompletionOut.of(each) for each in page.rows], next_cursor=cursor)
