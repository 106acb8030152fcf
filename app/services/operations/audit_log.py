"""The audit log and its seals, for the operator who reads them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Connection

from app.core.errors import Forbidden
from app.domain.audit import AuditFilter, LoggedEntry, SealOverLog
from app.services.context import Caller
from app.services.operations.seal_checks import head_text
from app.store.access import audit_log, providers


def _refuse_sandbox(caller: Caller) -> None:
    """Raise `Forbidden` for a test client: the log is of what real clients did."""
    if caller.client.test:
        raise Forbidden("A key of the sandbox reads no audit log.")


def page(
    connection: Connection, caller: Caller, *, wanted: AuditFilter, after: Sequence[Any] | None, limit: int
) -> list[LoggedEntry]:
    """Return the next entries that fit, newest first; `after` is moment (ISO), commit and item of another.

    Each entry has the id that the provider had then; wanted are those under any id that it ever had.
    """
    _refuse_sandbox(caller)
    place = None
    if after is not None:
        at, commit_id, item = after
        place = (datetime.fromisoformat(at), commit_id, item)
    wanted = replace(wanted, provider_ids=providers.same_ids(connection, wanted.provider_ids))
    return audit_log.page(connection, wanted, place, limit)


def seals(connection: Connection, caller: Caller, *, before: int | None, limit: int) -> list[tuple[SealOverLog, str]]:
    """Return seals before a number, newest first, each with the line by which it is kept elsewhere."""
    _refuse_sandbox(caller)
    return [(seal, head_text(seal)) for seal in audit_log.seals(connection, before, limit)]
