"""`/v1/learners`: a provider's own roster."""

from __future__ import annotations

from operator import itemgetter
from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.core.http.routing import StrictRoute
from app.routers.callers import CompletionsReader
from app.routers.paging import open_page
from app.schemas.looking.known_learners import KnownLearnerOut, KnownLearnerPage, LearnerQuery
from app.services.context import read_async
from app.services.looking import known_learners

router = APIRouter(prefix="/v1/learners", tags=["Learners"], route_class=StrictRoute)
PATH = "/v1/learners"


@router.get("", response_model=KnownLearnerPage)
async def list_learners(
    caller: CompletionsReader, query: Annotated[LearnerQuery, Query()], response: Response
) -> KnownLearnerPage:
    """List the learners that the provider has reported, by name, as it last named them.

    Nothing here is the registry's, or another provider's. Who was reported by `learner_id` alone, and never by name, is
    left out, and so are those whose records were all withdrawn. Somebody who is reported while pages are read moves to
    where their newest name stands.
    """
    asked = await open_page(caller, query, PATH)
    listed = await read_async(
        caller, known_learners.page, q=asked.query.q, series=asked.query.series, after=asked.after, limit=asked.limit
    )
    page = asked.page(listed.rows, response, itemgetter(0))
    return KnownLearnerPage(data=[KnownLearnerOut.of(learner) for _, learner in page.rows], next_cursor=page.cursor)
