"""`/v1/learner-completions/{completion_id}/match`: how its physician was found, for the operator."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from app.core.http.routing import StrictRoute
from app.routers.callers import OperatorReader
from app.schemas.match_explanations import MatchExplanationOut
from app.services.context import read_async
from app.services.registry import explaining

router = APIRouter(prefix="/v1/learner-completions", tags=["Physicians"], route_class=StrictRoute)


@router.get("/{completion_id}/match", response_model=MatchExplanationOut)
async def explain_match(
    caller: OperatorReader, completion_id: Annotated[str, Path(max_length=64, description="The completion's id.")]
) -> MatchExplanationOut:
    """Explain how the physician of a completion was found, of any provider; a record that waits has its own id."""
    return MatchExplanationOut.of(await read_async(caller, explaining.explain, completion_id))
