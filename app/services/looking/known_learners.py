"""The roster of a provider: the learners it has reported."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection

from app.domain.activities import Activity
from app.domain.amounts import in_credits, in_quarters
from app.domain.credits import CME
from app.domain.looking.known_learners import KnownLearner, UsualCredit
from app.services.context import Caller
from app.services.lists import Listed
from app.store.looking import known_learners


def page(
    connection: Connection, caller: Caller, *, q: str | None, series: str | None, after: Any, limit: int
) -> Listed[KnownLearner]:
    """Return the learners that the provider has reported, by name; with a series, those of it first."""
    words = list(dict.fromkeys((q or "").split()))
    rows = known_learners.page(connection, caller.provider_id, words, series, after, limit)
    return Listed(rows=rows, total=None)


def named(
    connection: Connection, caller: Caller, learner_ids: Sequence[str], series: str | None = None
) -> dict[str, KnownLearner]:
    """Return some of the learners that the provider has reported, by id; those of others are left out."""
    found = known_learners.named(connection, caller.provider_id, learner_ids, series)
    return {learner.learner_id: learner for learner in found}


def usual_credit(connection: Connection, caller: Caller, activity: Activity) -> UsualCredit | None:
    """Return what most learners were given at the last session of an activity.

    Before any, it is the registered credit of an activity of one day; None where that says nothing of one session.
    """
    last = known_learners.usual_credit(connection, caller.provider_id, activity.activity_id)
    one_day = isinstance(activity.end_date, date) and activity.start_date == activity.end_date
    if last is None and activity.ama_pra_credits and one_day:
        return UsualCredit(quarters=in_quarters(activity.ama_pra_credits))
    return last


def left_in_activity(
    connection: Connection, caller: Caller, learner_id: str, activity: Activity, board: str | None
) -> float | None:
    """Return what a learner can still be credited with of CME, or of a board, in an activity of the provider.

    None where no maximum binds, or where the provider has reported nothing of the learner there.
    """
    maximum = activity.maximum(board) if activity.maximum_checked else None
    if maximum is None:
        return None
    held = known_learners.held_in_activity(connection, caller.provider_id, learner_id, activity.activity_id)
    quarters = held.get(board or CME, 0)
    return in_credits(max(0, in_quarters(maximum) - quarters)) if quarters else None
