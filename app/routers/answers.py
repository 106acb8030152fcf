"""Answers: with their version as `ETag`, as the caller prefers them, and given again under an idempotency key."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import Response

from app.routers.description.responses import Responses
from app.services.context import Caller, Work, transact_async
from app.services.idempotency import Answer, once
from app.services.preconditions import is_known

MINIMAL: Responses = {204: {"description": "Done; `Prefer: return=minimal` asked for no more"}}
ACCEPTED = 202
"""Nothing has been done yet: whoever prefers no more than that it was done must be told."""
NOT_MODIFIED: Responses = {304: {"description": "What `If-None-Match` names still stands"}}


async def send_once(caller: Caller, produce: Callable[[Work], Answer]) -> Response:
    """Do the work of a request once under its idempotency key, in one transaction, and answer after the commit."""
    return send(caller, await transact_async(caller, once, produce))


def send(caller: Caller, answer: Answer) -> Response:
    """Send an answer, with or without its body as the caller prefers, marked when it is a replay."""
    headers = answer.headers | ({"Idempotency-Replayed": "true"} if answer.replayed else {})
    if caller.prefers.minimal and "ETag" in headers and answer.status != ACCEPTED:
        headers["Preference-Applied"] = "return=minimal"
        # 204, not 201: readers of JSON, generated clients among them, fail on a 201 without a body.
        return Response(status_code=204, headers=headers)
    return Response(answer.body, answer.status, headers=headers, media_type="application/json")


def send_resource(
    show: Callable[[], str | bytes], version: int, if_none_match: str | None, *, of_person: bool = True
) -> Response:
    """Send a resource, as `show` writes it, with its version as `ETag`; 304 when `If-None-Match` names that version.

    One that tells of a person is kept in no cache: whoever asks again with its version has kept it on purpose.
    """
    # Else in a private cache only, revalidated with the ETag every time.
    headers = {"ETag": f'"{version}"', "Cache-Control": "no-store" if of_person else "private, no-cache"}
    if is_known(if_none_match, version):
        return Response(status_code=304, headers=headers)
    return Response(show(), headers=headers, media_type="application/json")
