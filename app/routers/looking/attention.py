"""`/v1/attention`."""

from __future__ import annotations

from fastapi import APIRouter

from app.core.http.routing import StrictRoute
from app.routers.callers import CompletionsReader
from app.schemas.looking.attention import AttentionEntryOut, AttentionOut, RejectedGroupOut
from app.services.context import read_async
from app.services.looking import attention
from app.services.looking.attention import AttentionEntry

router = APIRouter(prefix="/v1/attention", tags=["Attention"], route_class=StrictRoute)


@router.get("", response_model=AttentionOut)
async def get_attention(caller: CompletionsReader) -> AttentionOut:
    """Read what waits for somebody at the provider: how much, since when, in a sentence, and where it is listed.

    A vendor reads the same counts of many providers with `GET /v1/providers?include=overview`.
    """
    found = await read_async(caller, attention.look)
    return AttentionOut(provider_id=caller.provider_id, data=[_answer_of(entry) for entry in found])


def _answer_of(entry: AttentionEntry) -> AttentionEntryOut:
    groups = sorted(entry.rejected, key=lambda group: (-group.count, group.board, group.reason or ""))
    return AttentionEntryOut(
        kind=entry.kind,
        count=entry.waiting.count,
        count_capped=entry.waiting.capped,
        oldest_at=entry.waiting.oldest_at,
        sentence=entry.sentence,
        where=entry.where,
        rejected=[RejectedGroupOut(board=group.board, reason=group.reason, count=group.count) for group in groups],
    )
