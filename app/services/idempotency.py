"""Idempotency keys: a request sent again with its key gets the same answer, and nothing happens twice.

The key is claimed in the transaction of the work itself. A second request waits for the first: if that one committed,
its answer is given again; if it failed, the key is free and the work is done now.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from sqlalchemy.exc import OperationalError

from app.core.errors import (
    CompletionRejected,
    Contended,
    Forbidden,
    IdempotencyInProgress,
    IdempotencyMismatch,
    Unauthenticated,
)
from app.services.context import Work
from app.store import clients

_LOCK_NOT_AVAILABLE = "55P03"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a request."""

    status: int
    body: str
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    """Headers beside those of every JSON answer."""
    replayed: bool = False
    """Whether it was given before under the same key."""


def once(work: Work, produce: Callable[[Work], Answer]) -> Answer:
    """Do the work under the caller's idempotency key, or return the answer stored under it.

    Raises `IdempotencyMismatch` when the key belongs to another request, `IdempotencyInProgress` when the first
    request is still running after the lock timeout, `Unauthenticated` or `Forbidden` when there is an answer, and the
    caller has lost the right to it.
    """
    caller = work.caller
    if caller.idempotency_key is None:
        return produce(work)
    row: dict[str, Any] = {
        "client_id": caller.client.client_id,
        "provider_id": caller.provider or "",
        "key": caller.idempotency_key,
        "fingerprint": caller.fingerprint,
        "at": work.now,
    }
    try:
        claimed = clients.claim_key(work.connection, row)
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
            raise IdempotencyInProgress(headers={"Retry-After": "5"}) from error
        raise
    if not claimed:
        kept = clients.find_answer(work.connection, row["client_id"], row["provider_id"], row["key"])
        if kept is None:
            raise Contended("the stored answer was deleted between two statements")
        fingerprint, stored = kept
        _require_right_still(work)
        if fingerprint != caller.fingerprint:
            raise IdempotencyMismatch
        return Answer(status=stored["status"], body=stored["body"], headers=stored["headers"], replayed=True)
    try:
        answer = produce(work)
    except CompletionRejected:
        # What the refusal cost may be committed; the key is free, as after any that failed.
        clients.release_key(work.connection, row)
        raise
    clients.keep_answer(work.connection, row, {"status": answer.status, "body": answer.body, "headers": answer.headers})
    return answer


def _require_right_still(work: Work) -> None:
    """Raise `Unauthenticated` or `Forbidden` where the caller's right ended after it was let in.

    A file may take minutes to arrive, and a client that was read counts for a moment as it was: nothing that is stored
    is shown by what was true then.
    """
    caller = work.caller
    client = clients.by_id(work.connection, caller.client.client_id)
    if client is None:
        raise Unauthenticated("The client was revoked while the request was under way.")
    if caller.scope is not None and caller.scope not in client.scopes:
        raise Forbidden(f"The client lost the scope {caller.scope} while the request was under way.")
    provider_id = caller.provider
    if provider_id is not None and clients.provider_acted_for(work.connection, client, provider_id) != provider_id:
        raise Forbidden("The client lost the right to act for this provider while the request was under way.")
