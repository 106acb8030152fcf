"""Withdrawing every completion of an activity."""

from __future__ import annotations

from app.core.errors import Contended
from app.services.activities.lookup import get
from app.services.context import Caller, Work, read_async, transact_async
from app.services.reporting.changes import build_withdrawal
from app.services.reporting.saving import save_changes
from app.store import completions

AT_ONCE = 200
"""Completions withdrawn in one transaction, so that single reports need not wait for all of them."""


async def withdraw_all(caller: Caller, activity_id: str) -> int:
    """Withdraw all completions of an activity; return how many there were.

    Each transaction is durable by itself: repeated after a failure, the rest is withdrawn. Raises `NotFound`.
    """
    await read_async(caller, get, activity_id)
    count = 0
    while withdrawn := await transact_async(caller, _withdraw_some, activity_id):
        count += withdrawn
    return count


def _withdraw_some(work: Work, activity_id: str) -> int:
    first = completions.ids_of_activity(work.connection, activity_id, AT_ONCE)
    pairs = set(completions.pairs_of(work.connection, first).values())
    completions.lock_pairs(work.connection, pairs)
    standing = completions.load_standing(work.connection, pairs)
    found = [completion for some in standing.values() for completion in some if completion.completion_id in first]
    if len(found) != len(first):
        raise Contended("a completion was withdrawn or moved before it was locked")
    save_changes([(work, build_withdrawal(completion, work.now)) for completion in found], {}, verb="withdraw")
    return len(found)
