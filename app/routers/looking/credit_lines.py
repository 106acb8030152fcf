"""`/v1/credit-lines`."""

from __future__ import annotations

from operator import itemgetter
from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.core.http.routing import StrictRoute
from app.routers.callers import CompletionsReader
from app.routers.paging import open_page
from app.schemas.looking.credit_lines import CreditLineOut, CreditLinePage
from app.schemas.looking.line_queries import CreditLineQuery
from app.services.context import read_async
from app.services.looking import credit_lines

router = APIRouter(prefix="/v1/credit-lines", tags=["Learner completions"], route_class=StrictRoute)
PATH = "/v1/credit-lines"


@router.get("", response_model=CreditLinePage)
async def list_credit_lines(
    caller: CompletionsReader, query: Annotated[CreditLineQuery, Query()], response: Response
) -> CreditLinePage:
    """List credit line by line: each credit of the provider's standing completions, by the filters of completions.

    Every filter holds for the line itself: of a completion with credit of two boards, `board` keeps one line. Withdrawn
    credit of a completion that stands is listed only where `status` names it. A line that exists while all pages are
    read, and whose sort keys do not change, is on exactly one of them.
    """
    wanted = await open_page(caller, query, PATH)
    listed = await read_async(caller, credit_lines.page, wanted.query, after=wanted.after, limit=wanted.limit)
    page = wanted.page(listed.rows, response, itemgetter(0))
    asked = wanted.query.faceted
    counted = await read_async(caller, credit_lines.facets, wanted.query) if asked else None
    return CreditLinePage(
        data=[CreditLineOut.of(line) for _, line in page.rows],
        next_cursor=page.cursor,
        total=listed.total and listed.total.count,
        total_capped=listed.total and listed.total.capped,
        facets=CreditLinePage.facets_of(counted),
        facets_capped=counted is None if asked else None,
    )
