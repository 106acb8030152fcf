"""`/v1/activity-summaries`, and the summary of one activity."""

from __future__ import annotations

from operator import itemgetter
from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.core.http.routing import StrictRoute
from app.routers.activities import ActivityId
from app.routers.callers import CompletionsReader
from app.routers.paging import open_page
from app.schemas.looking.summaries import ActivitySummaryByBoardOut, ActivitySummaryOut, ActivitySummaryPage
from app.schemas.looking.summary_queries import SummaryQuery
from app.services.context import read_async
from app.services.looking import summaries, summary_facets

router = APIRouter(tags=["Activities"], route_class=StrictRoute)
PATH = "/v1/activity-summaries"


@router.get(PATH, response_model=ActivitySummaryPage)
async def list_activity_summaries(
    caller: CompletionsReader, query: Annotated[SummaryQuery, Query()], response: Response
) -> ActivitySummaryPage:
    """Sum up the provider's activities: their credit lines by status, those with most accepted lines first.

    A credit line is one credit for one board. Filters of activities choose activities. Filters of lines (board, kind,
    status, entry method, credit type, and days of completion and submission) choose activities with such a line, and
    nothing but such lines is then counted. What is counted is what stands at the moment of the request.
    """
    wanted = await open_page(caller, query, PATH)
    listed = await read_async(caller, summaries.page, wanted.query, after=wanted.after, limit=wanted.limit)
    page = wanted.page(listed.rows, response, itemgetter(0))
    asked = wanted.query.faceted
    counted = await read_async(caller, summary_facets.facets, wanted.query) if asked else None
    today = caller.service.clock().date()
    return ActivitySummaryPage(
        data=[ActivitySummaryOut.of(summary, today) for _, summary in page.rows],
        next_cursor=page.cursor,
        total=listed.total and listed.total.count,
        total_capped=listed.total and listed.total.capped,
        facets=ActivitySummaryPage.facets_of(counted),
        facets_capped=counted is None if asked else None,
    )


@router.get("/v1/activities/{activity_id}/summary", response_model=ActivitySummaryByBoardOut)
async def get_activity_summary(caller: CompletionsReader, activity_id: ActivityId) -> ActivitySummaryByBoardOut:
    """Sum up one activity: its credit lines by status, together and by board."""
    summary, boards = await read_async(caller, summaries.of_activity, activity_id)
    return ActivitySummaryByBoardOut.by_boards(summary, boards, caller.service.clock().date())
