"""`/v1/help-requests`: the operator's queue."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import AfterValidator, Field

from app.core.errors import CompletionRejected, Conflict
from app.core.http.pagination import PageQuery
from app.core.http.routing import StrictRoute
from app.domain.held import HelpStatus
from app.domain.parsing import plain_text
from app.routers.callers import OperatorEditor, OperatorReader
from app.routers.openapi import problems
from app.routers.paging import open_page
from app.schemas.held import HelpAnswerIn, HelpRequestOut, HelpRequestPage
from app.schemas.queries import Texts
from app.services.context import Caller, read_async, transact_async
from app.services.held import help_requests
from app.services.held.help_requests import HelpCase

router = APIRouter(prefix="/v1/help-requests", tags=["Held records"], route_class=StrictRoute)
PATH = "/v1/help-requests"
HelpId = Annotated[str, Path(max_length=64, description="The request's id."), AfterValidator(plain_text)]


class HelpQuery(PageQuery):
    """Filters of the operator's queue."""

    status: Annotated[list[HelpStatus], Field(max_length=10, description="Only requests that stand so.")] = []
    provider_id: Annotated[Texts, Field(description="Of these providers, under any id that they ever had.")] = []


def _fields_of(caller: Caller, case: HelpCase) -> dict[str, object]:
    support = caller.service.settings.support_contact
    return HelpRequestOut.fields_with(case.request, case.held, support, case.explanation)


@router.get("", response_model=HelpRequestPage, response_model_exclude_unset=True)
async def list_help_requests(
    caller: OperatorReader, query: Annotated[HelpQuery, Query()], response: Response
) -> HelpRequestPage:
    """List the requests for help with held records, the oldest first; `status=open` for those to be answered."""
    asked = await open_page(caller, query, PATH)
    statuses, providers = asked.query.status, asked.query.provider_id
    found = await read_async(
        caller, help_requests.page, statuses=statuses, provider_ids=providers, after=asked.after, limit=asked.limit
    )
    page = asked.page(found, response, lambda case: case.request.help_id)
    return HelpRequestPage.model_validate(
        {"data": [_fields_of(caller, case) for case in page.rows], "next_cursor": page.cursor}
    )


@router.get("/{help_id}", response_model=HelpRequestOut, response_model_exclude_unset=True)
async def get_help_request(caller: OperatorReader, help_id: HelpId) -> HelpRequestOut:
    """Read one request for help, with the record that was sent, and how candidates compare with it now.

    Candidates are told by their ids and by how each field compares, never by a value of the registry.
    """
    return HelpRequestOut.model_validate(_fields_of(caller, await read_async(caller, help_requests.get, help_id)))


@router.post(
    "/{help_id}/answer",
    response_model=HelpRequestOut,
    response_model_exclude_unset=True,
    responses=problems(Conflict, CompletionRejected),
)
async def answer_help_request(caller: OperatorEditor, help_id: HelpId, body: HelpAnswerIn) -> HelpRequestOut:
    """Answer a request: say who is meant, add a name or a licence to a physician on file, or answer in words.

    Whom the operator names gets the credit if every other rule allows it; where one does not, the answer has the
    findings, and nothing has changed. After a name or a licence is added, the record is judged again.
    """
    answered = await transact_async(
        caller, help_requests.answer, help_id, help_requests.HelpAnswer(**body.model_dump())
    )
    return HelpRequestOut.model_validate(_fields_of(caller, answered))
