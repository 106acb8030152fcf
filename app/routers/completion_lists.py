"""`/v1/learner-completions`: the list."""

from __future__ import annotations

from operator import itemgetter
from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.core.http.routing import StrictRoute
from app.routers.callers import CompletionsReader
from app.routers.paging import open_page
from app.schemas.completion_records import CompletionOut, CompletionPage
from app.schemas.queries import CompletionQuery
from app.services.completions import lists
from app.services.context import read_async

router = APIRouter(prefix="/v1/learner-completions", tags=["Learner completions"], route_class=StrictRoute)
PATH = "/v1/learner-completions"


@router.get("", response_model=CompletionPage)
async def list_completions(
    caller: CompletionsReader, query: Annotated[CompletionQuery, Query()], response: Response
) -> CompletionPage:
    """List the provider's completions, newest first unless `sort` says otherwise.

    A completion that exists while all pages are read, and whose sort keys do not change, is on exactly one of them.
    """
    wanted = await open_page(caller, query, PATH)
    listed = await read_async(caller, lists.page, wanted.query, after=wanted.after, limit=wanted.limit)
    page = wanted.page(listed.rows, response, itemgetter(0))
    return CompletionPage(
        data=[CompletionOut.of(completion) for _, completion in page.rows],
        next_cursor=page.cursor,
        total=listed.total and listed.total.count,
        total_capped=listed.total and listed.total.capped,
    )
