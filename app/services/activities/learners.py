"""The learners of one activity, all at once."""

from __future__ import annotations

from app.core.errors import Contended
from app.services.activities.records import get
from app.services.context import Caller, Work, read_async, transact_async
from app.services.reporting.changes import build_withdrawal
from app.services.reporting.saving import save_changes
from app.store import completions

AT_ONCE = 200
"""Completions withdrawn in one transaction, so that single reports need not wait for all of them."""


async def withdraw_all(caller: Caller, activity_id: str) -> int:
    """Withdraw every completion that stands for an activity; return how many it was.

    Each piece is durable by itself: sent again after a failure, it goes on. Raises `NotFound`.
    """
    await read_async(caller, get, activity_id)
    count = 0
    while piece := await transact_async(caller, _withdraw_some, activity_id):
        count += piece
    return count


def _withdraw_some(work: Work, activity_id: str) -> int:
    first = completions.ids_of_activity(work.connection, activity_id, AT_ONCE)
    pairs = set(completions.pairs_of(work.connection, first).values())
    completions.lock_pairs(work.connection, pairs)
    standing = completions.standing(work.connection, pairs)
    found = [each for held in standing.values() for each in held if each.completion_id in first]
    if len(found) != len(first):
        raise Contended("a completion was withdrawn or moved before it was locked")
    save_changes([(work, build_withdrawal(each, work.now)) for each in found], {}, verb="withdraw")
    return len(found)
