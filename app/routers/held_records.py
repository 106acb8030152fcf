"""`/v1/held-records`: records that wait for their physician to be found."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import AfterValidator, Field

from app.core.errors import CompletionRejected, Conflict
from app.core.http.pagination import PageQuery
from app.core.http.routing import StrictRoute
from app.domain.batches import EntryMethod
from app.domain.held import HeldFilter, HeldStatus
from app.domain.parsing import plain_text
from app.routers.answers import NOT_MODIFIED, send, send_resource
from app.routers.callers import CompletionsReader, CompletionsWriter
from app.routers.conditions import IfMatch, IfNoneMatch
from app.routers.openapi import problems
from app.routers.paging import open_page
from app.schemas.base import encode_json
from app.schemas.completions import CompletionIn
from app.schemas.held import HeldRecordOut, HeldRecordPage, HelpQuestionIn
from app.schemas.queries import References, Texts
from app.services.context import Caller, read_async, read_by_key_async, transact_async
from app.services.held import changes, lookup
from app.services.held.lookup import HeldDetail
from app.services.idempotency import Answer

router = APIRouter(prefix="/v1/held-records", tags=["Held records"], route_class=StrictRoute)
PATH = "/v1/held-records"
HeldId = Annotated[str, Path(max_length=64, description="The held record's id."), AfterValidator(plain_text)]


class HeldQuery(PageQuery):
    """Filters of the list of held records."""

    status: Annotated[list[HeldStatus], Field(max_length=10, description="Only records that stand so.")] = []
    activity_id: Annotated[Texts, Field(description="Only records of these activities.")] = []
    client_reference: Annotated[References, Field(description="Only records with one of these keys of yours.")] = []
    batch_id: Annotated[Texts, Field(description="Only records that came in these batches.")] = []

    def wanted(self) -> HeldFilter:
        """Return what is listed."""
        return HeldFilter(
            statuses=self.status,
            activity_ids=self.activity_id,
            references=list(map(plain_text, self.client_reference)),
            batch_ids=self.batch_id,
        )


def _fields_of(caller: Caller, detail: HeldDetail) -> dict[str, object]:
    return HeldRecordOut.fields_with(detail.held, detail.help, caller.service.settings.support_contact)


def answer_of(caller: Caller, detail: HeldDetail) -> Answer:
    """Return the answer that shows a held record."""
    body = encode_json(_fields_of(caller, detail)).decode()
    return Answer(status=200, body=body, headers={"ETag": f'"{detail.held.version}"'})


@router.get("", response_model=HeldRecordPage, response_model_exclude_unset=True)
async def list_held_records(
    caller: CompletionsReader, query: Annotated[HeldQuery, Query()], response: Response
) -> HeldRecordPage:
    """List the provider's held records, newest first; `status=waiting` for those that wait."""
    asked = await open_page(caller, query, PATH)
    found = await read_async(caller, lookup.page, asked.query.wanted(), before=asked.after, limit=asked.limit)
    page = asked.page(found, response, lambda detail: detail.held.held_id)
    return HeldRecordPage.model_validate(
        {"data": [_fields_of(caller, detail) for detail in page.rows], "next_cursor": page.cursor}
    )


@router.get("/{held_id}", response_model=HeldRecordOut, responses=NOT_MODIFIED)
async def get_held_record(caller: CompletionsReader, held_id: HeldId, if_none_match: IfNoneMatch = None) -> Response:
    """Read one held record: what was sent, why nobody was matched, what to do, and what became of it."""
    found = await read_by_key_async(caller, lookup.get, held_id)
    return send_resource(lambda: encode_json(_fields_of(caller, found)), found.held.version, if_none_match)


@router.put("/{held_id}", response_model=HeldRecordOut, responses=problems(Conflict, CompletionRejected, 428))
async def correct_held_record(
    caller: CompletionsWriter, held_id: HeldId, body: CompletionIn, if_match: IfMatch = None
) -> Response:
    """Correct a record that waits. It is judged at once: accepted, or waiting on.

    Where another rule refuses it, the answer has every finding, and the record waits on as it was.
    """
    report = body.as_report(caller.provider_id, caller.service.clock(), EntryMethod.API)
    return send(caller, answer_of(caller, await transact_async(caller, changes.correct, held_id, if_match, report)))


@router.post("/{held_id}/judge", response_model=HeldRecordOut, responses=problems(Conflict))
async def judge_held_record(caller: CompletionsWriter, held_id: HeldId) -> Response:
    """Judge a record now. One that was set aside by hand waits again.

    Every change of the registry does so by itself, within a minute.
    """
    return send(caller, answer_of(caller, await transact_async(caller, changes.judge_now, held_id)))


@router.post("/{held_id}/ask", response_model=HeldRecordOut, responses=problems(Conflict))
async def ask_for_help(caller: CompletionsWriter, held_id: HeldId, body: HelpQuestionIn) -> Response:
    """Ask the operator for help with a record that waits. `help.answered` tells of the answer, which stands here then.

    The operator sees the record as it was sent. Asked again before the answer, the message is replaced.
    """
    return send(caller, answer_of(caller, await transact_async(caller, changes.ask, held_id, body.message)))


@router.post("/{held_id}/set-aside", response_model=HeldRecordOut, responses=problems(Conflict))
async def set_held_record_aside(caller: CompletionsWriter, held_id: HeldId) -> Response:
    """Set a record aside: it is judged no more, and refused when it is sent again."""
    return send(caller, answer_of(caller, await transact_async(caller, changes.set_aside, held_id)))
