"""`/v1/activities`."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Response
from msgspec.structs import replace
from pydantic import AfterValidator

from app.core.errors import (
    ActivityChangeCoversCredits,
    ActivityHasCompletions,
    Conflict,
    ErrorItem,
    Forbidden,
    InternalIdReused,
    InternalIdTaken,
    InvalidRequest,
    ParameterInvalid,
)
from app.core.http.routing import StrictRoute
from app.domain.activities import RegisteredActivity
from app.domain.clients import Role
from app.domain.parsing import own_id_or_none, plain_or_none, plain_text
from app.routers.answers import MINIMAL, NOT_MODIFIED, send, send_once, send_resource
from app.routers.callers import (
    ActivitiesEditor,
    ActivitiesReader,
    ActivitiesRegistrar,
    ActivitiesRemover,
    CompletionsWriter,
)
from app.routers.conditions import IfMatch, IfNoneMatch
from app.routers.openapi import problems
from app.schemas.activities import ActivityIn, ActivityOut, ActivityPatch, WithdrawnOut
from app.schemas.base import KEEPABLE
from app.services.activities import changes, lookup, registration, withdrawal
from app.services.context import Caller, Work, read_one_async, transact_async
from app.services.idempotency import Answer

router = APIRouter(prefix="/v1/activities", tags=["Activities"], route_class=StrictRoute)
PATH = "/v1/activities"
ActivityId = Annotated[
    str, Path(max_length=64, description="The activity's nine-digit id."), AfterValidator(plain_text)
]


@router.post("", status_code=201, response_model=ActivityOut, responses=problems(Conflict, InternalIdTaken) | MINIMAL)
async def register_activity(caller: ActivitiesRegistrar, body: ActivityIn) -> Response:
    """Register an activity. `missing` lists the fields that it still needs before learners can be reported."""
    _refuse_given_id(caller, body)

    def produce(work: Work) -> Answer:
        registered = registration.register(work, body.as_activity(caller.provider_id))
        return answer_of(registered, work.now.date(), 201, located=True)

    return await send_once(caller, produce)


@router.get("/{activity_id}", response_model=ActivityOut, responses=NOT_MODIFIED)
async def get_activity(
    caller: ActivitiesReader, activity_id: ActivityId, if_none_match: IfNoneMatch = None
) -> Response:
    """Read one activity, with its status and what it lacks for the next one."""
    found = await read_one_async(caller, lookup.get, activity_id)
    today = caller.service.clock().date()
    # The status changes with the date too: then the same version is shown otherwise than the caller knows it.
    known = if_none_match if found.reads_alike(today) else None
    return send_resource(ActivityOut.of(found, today).model_dump_json, found.version, known, of_person=False)


@router.put(
    "/by-internal-id/{internal_id:path}",
    response_model=ActivityOut,
    responses=problems(Conflict, InternalIdReused, ActivityChangeCoversCredits)
    | MINIMAL
    | {201: {"model": ActivityOut, "description": "Registered"}},
)
async def put_activity(
    caller: ActivitiesEditor,
    internal_id: Annotated[
        str, Path(max_length=200, pattern=KEEPABLE, description="The provider's own id; may hold slashes.")
    ],
    body: ActivityIn,
    if_match: IfMatch = None,
) -> Response:
    """Register an activity under your own id, or update it. Sent again, it never makes a second one."""
    _refuse_given_id(caller, body)
    given = body.as_activity(caller.provider_id)
    named = own_id_or_none(internal_id)
    if named is None:
        hint = "Put your own id for the activity at the end of the address."
        raise ParameterInvalid.of("internal_id", "The internal id is blank.", hint)
    if given.internal_id is not None and plain_or_none(given.internal_id) != plain_or_none(named):
        detail = "The body has another internal id than the address."
        hint = "Leave it out of the body: the address says it. PATCH by activity id gives an activity another one."
        raise InvalidRequest(errors=[ErrorItem(code="format", pointer="/internal_id", detail=detail, hint=hint)])
    given = replace(given, internal_id=named)
    put, created = await transact_async(caller, changes.put, given, if_match)
    return send(caller, answer_of(put, caller.service.clock().date(), 201 if created else 200, located=True))


@router.patch(
    "/{activity_id}",
    response_model=ActivityOut,
    responses=problems(Conflict, InternalIdTaken, ActivityChangeCoversCredits, 428) | MINIMAL,
)
async def change_activity(
    caller: ActivitiesEditor, activity_id: ActivityId, body: ActivityPatch, if_match: IfMatch = None
) -> Response:
    """Change fields of an activity. It must still cover the credit that was reported; extending is always allowed."""
    return _send(caller, await transact_async(caller, changes.change, activity_id, if_match, body.onto))


@router.delete(
    "/{activity_id}",
    status_code=204,
    response_class=Response,
    responses=problems(Conflict, ActivityHasCompletions),
)
async def delete_activity(caller: ActivitiesRemover, activity_id: ActivityId, if_match: IfMatch = None) -> None:
    """Delete an activity that has no completions."""
    await transact_async(caller, changes.delete, activity_id, if_match)


@router.post("/{activity_id}/close", response_model=ActivityOut, responses=problems(Conflict) | MINIMAL)
async def close_activity(caller: ActivitiesEditor, activity_id: ActivityId) -> Response:
    """Close an activity that has ended and lacks nothing. Learners can still be reported, with a warning."""
    return _send(caller, await transact_async(caller, changes.close, activity_id))


@router.post("/{activity_id}/reopen", response_model=ActivityOut, responses=problems(Conflict) | MINIMAL)
async def reopen_activity(caller: ActivitiesEditor, activity_id: ActivityId) -> Response:
    """Open a closed activity again."""
    return _send(caller, await transact_async(caller, changes.reopen, activity_id))


@router.post("/{activity_id}/withdraw-learners", response_model=WithdrawnOut)
async def withdraw_learners(caller: CompletionsWriter, activity_id: ActivityId) -> WithdrawnOut:
    """Withdraw every completion of an activity, so that it can be deleted. The boards that have them are told.

    Completions are withdrawn in several transactions: sent again after a failure, the request continues with the rest.
    """
    return WithdrawnOut(activity_id=activity_id, withdrawn=await withdrawal.withdraw_all(caller, activity_id))


def _refuse_given_id(caller: Caller, body: ActivityIn) -> None:
    if body.activity_id and caller.client.role is not Role.OPERATOR:
        raise Forbidden("Only an operator may give activity ids, when migrating.")


def _send(caller: Caller, activity: RegisteredActivity) -> Response:
    return send(caller, answer_of(activity, caller.service.clock().date(), 200))


def answer_of(activity: RegisteredActivity, today: date, status: int, *, located: bool = False) -> Answer:
    """Return the answer with an activity as it stands today, and with its address where it may be new."""
    out = ActivityOut.of(activity, today)
    headers = {"ETag": f'"{out.version}"'}
    if located:
        headers["Location"] = f"{PATH}/{out.activity_id}"
    return Answer(status=status, body=out.model_dump_json(), headers=headers)
