"""Learner completions as they stand: read, withdrawn."""

from __future__ import annotations

from sqlalchemy import Connection

from app.core.errors import NotFound, PreconditionFailed
from app.domain.credits import Completion
from app.services.context import Caller, Work
from app.services.keeping import keep, withdrawn
from app.services.preconditions import matches
from app.store import completions


def get(connection: Connection, caller: Caller, completion_id: str) -> Completion:
    """Return one completion of the provider; raises `NotFound` for any other."""
    found = completions.of_provider(connection, caller.provider_id, completion_id)
    if found is None:
        raise NotFound("There is no such completion.")
    return found


def withdraw(work: Work, completion_id: str, if_match: str | None = None) -> None:
    """Take a completion back with all its credits.

    Raises `NotFound` when there is none, or no more, and `PreconditionFailed` when it has another version than asked.
    """
    caller = work.caller
    found = completions.of_provider(work.connection, caller.provider_id, completion_id)
    if found is not None:
        completions.lock_pairs(work.connection, [(found.activity_id, found.subject)])
        found = completions.of_provider(work.connection, caller.provider_id, completion_id, for_update=True)
    if found is None:
        raise NotFound("There is no such completion.")
    if if_match is not None and not matches(if_match, found.version):
        raise PreconditionFailed
    keep([(work, withdrawn(found, work.now))], {}, verb="withdraw")
