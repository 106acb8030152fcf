"""`/v1/disputes`: what physicians say of a provider's records, and the provider's answers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import AfterValidator, Field

from app.core.errors import Conflict
from app.core.http.pagination import PageQuery
from app.core.http.routing import StrictRoute
from app.domain.parsing import plain_text
from app.domain.passport.disputes import DisputeStatus
from app.routers.callers import CompletionsReader, CompletionsWriter
from app.routers.openapi import problems
from app.routers.paging import open_page
from app.schemas.passport.disputes import DisputeAnswerIn, DisputeOut, DisputePage
from app.services.context import read_async, transact_async
from app.services.passport import answering

router = APIRouter(prefix="/v1/disputes", tags=["Disputes"], route_class=StrictRoute)
PATH = "/v1/disputes"
DisputeId = Annotated[str, Path(max_length=64, description="The dispute's id."), AfterValidator(plain_text)]


class DisputeQuery(PageQuery):
    """Filters of the list of disputes."""

    status: Annotated[list[DisputeStatus], Field(max_length=10, description="Only disputes that stand so.")] = []


@router.get("", response_model=DisputePage, response_model_exclude_unset=True)
async def list_disputes(
    caller: CompletionsReader, query: Annotated[DisputeQuery, Query()], response: Response
) -> DisputePage:
    """List what physicians say of the provider's records, the newest first; `status=open` for those to be answered."""
    asked = await open_page(caller, query, PATH)
    statuses = [status.value for status in asked.query.status]
    found = await read_async(caller, answering.page, statuses=statuses, before=asked.after, limit=asked.limit)
    page = asked.page(found, response, lambda one: one.case.dispute.dispute_id)
    return DisputePage(data=[DisputeOut.of(one) for one in page.rows], next_cursor=page.cursor)


@router.get("/{dispute_id}", response_model=DisputeOut)
async def get_dispute(caller: CompletionsReader, dispute_id: DisputeId) -> DisputeOut:
    """Read one dispute: what was said, until when it is answered, and whether the record was changed since."""
    return DisputeOut.of(await read_async(caller, answering.get, dispute_id))


@router.post("/{dispute_id}/answer", response_model=DisputeOut, responses=problems(Conflict))
async def answer_dispute(caller: CompletionsWriter, dispute_id: DisputeId, body: DisputeAnswerIn) -> DisputeOut:
    """Answer a dispute in words; the physician reads it, and asks the operator to decide if it will not do.

    A record is corrected or withdrawn as always: withdrawn, its dispute ends by itself, within moments.
    """
    return DisputeOut.of(await transact_async(caller, answering.answer, dispute_id, body.message))
