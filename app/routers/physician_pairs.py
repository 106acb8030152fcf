"""`/v1/physician-pairs`: physicians on file who seem to be one person, for the operator to decide."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from app.core.errors import Conflict, NotFound
from app.core.http.pagination import PageQuery, place_after
from app.core.http.routing import StrictRoute
from app.domain.identity.learners import PairStatus
from app.routers.callers import OperatorActor, OperatorReader
from app.routers.openapi import problems
from app.routers.paging import open_page
from app.schemas.physician_merges import JoinIn, MergeOut, PhysicianPairOut, PhysicianPairPage
from app.services.context import read_async, transact_async
from app.services.registry import pair_review

PATH = "/v1/physician-pairs"
router = APIRouter(prefix=PATH, tags=["Physicians"], route_class=StrictRoute)
PairId = Annotated[str, Path(max_length=160, description="The pair's id.")]


class PairQuery(PageQuery):
    """Filters of the list of pairs."""

    status: Annotated[PairStatus, Field(description="Pairs that wait, or what was decided.")] = PairStatus.OPEN


@router.get("", response_model=PhysicianPairPage)
async def list_physician_pairs(
    caller: OperatorReader, query: Annotated[PairQuery, Query()], response: Response
) -> PhysicianPairPage:
    """List pairs with both sides, how their fields compare, and what is credited to each; the longest known first."""
    asked = await open_page(caller, query, PATH)
    after = place_after(asked.after, 3)
    found = await read_async(caller, pair_review.page, status=asked.query.status, after=after, limit=asked.limit)
    page = asked.page(found, response, pair_review.place_of)
    return PhysicianPairPage.of(page.rows, page.cursor)


@router.get("/{pair_id}", response_model=PhysicianPairOut)
async def get_physician_pair(caller: OperatorReader, pair_id: PairId) -> PhysicianPairOut:
    """Read one pair."""
    return PhysicianPairOut.of(await read_async(caller, pair_review.get, pair_id))


@router.post("/{pair_id}/join", response_model=MergeOut, responses=problems(Conflict, NotFound))
async def join_physician_pair(caller: OperatorActor, pair_id: PairId, body: JoinIn) -> MergeOut:
    """Decide that two are one person: the lesser is merged into the other, and can be unmerged."""
    plan = await transact_async(caller, pair_review.join, pair_id, body.into, frozenset(body.overrule))
    return MergeOut.of(plan)


@router.post("/{pair_id}/never", response_model=PhysicianPairOut, responses=problems(Conflict, NotFound))
async def part_physician_pair(caller: OperatorActor, pair_id: PairId) -> PhysicianPairOut:
    """Decide that two are never one person. No import offers them again, and a merge has to overrule it."""
    return PhysicianPairOut.of(await transact_async(caller, pair_review.decide_never, pair_id))


@router.post("/{pair_id}/later", response_model=PhysicianPairOut, responses=problems(Conflict, NotFound))
async def postpone_physician_pair(caller: OperatorActor, pair_id: PairId) -> PhysicianPairOut:
    """Put a pair behind the others that wait."""
    return PhysicianPairOut.of(await transact_async(caller, pair_review.put_off, pair_id))


@router.post("/{pair_id}/reopen", response_model=PhysicianPairOut, responses=problems(Conflict, NotFound))
async def reopen_physician_pair(caller: OperatorActor, pair_id: PairId) -> PhysicianPairOut:
    """Let a pair wait again that was decided never to be one."""
    return PhysicianPairOut.of(await transact_async(caller, pair_review.reopen, pair_id))
