"""Idempotency keys: a request sent again with its key gets the one true answer, and nothing happens twice.

The key is taken in the transaction of the work itself. Whoever comes second waits for the first: if
that one committed, its answer is given again; if it failed, the key is free and the work is done now.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy.exc import OperationalError

from app.core.errors import Contended, IdempotencyInProgress, IdempotencyMismatch
from app.services.context import Work
from app.store import clients

KEPT = timedelta(days=30)
_LOCK_NOT_AVAILABLE = "55P03"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer as it is sent: status, body, and headers of its own."""

    status: int
    body: str
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    replayed: bool = False


def once(work: Work, produce: Callable[[Work], Answer]) -> Answer:
    """Do the work under the caller's idempotency key, or give the answer it had before.

    Raises `IdempotencyMismatch` when the key belongs to another request, `IdempotencyInProgress` when
    the first is still running after the wait.
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
            raise Contended("the answer was forgotten between two statements")
        fingerprint, before = kept
        if fingerprint != caller.fingerprint:
            raise IdempotencyMismatch
        return Answer(status=before["status"], body=before["body"], headers=before["headers"], replayed=True)
    answer = produce(work)
    clients.keep_answer(work.connection, row, {"status": answer.status, "body": answer.body, "headers": answer.headers})
    return answer
