"""Keeping what was decided: completions with their versions, the ledger, board events and audit rows, set by set."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from app.domain.activities import Activity
from app.domain.amounts import in_quarters
from app.domain.credits import CME, Completion, CreditStatus, Delivery, held_quarters
from app.services.context import Work
from app.store import completions
from app.store.completions import Change, LedgerDelta


def keep(changes: Sequence[tuple[Work, Change]], known: Mapping[str, Activity], *, verb: str) -> None:
    """Write changes of completions, each under the work of its caller, all in one transaction.

    `known` holds the activities whose maxima bind what is added.
    """
    if not changes:
        return
    connection = changes[0][0].connection
    totals: defaultdict[tuple[str, str, str], int] = defaultdict(int)
    for work, each in changes:
        after = each.completion
        held, had = held_quarters(after.credits), held_quarters(each.before.credits) if each.before else {}
        for target in held.keys() | had.keys():
            totals[after.activity_id, after.subject, target] += held.get(target, 0) - had.get(target, 0)
        _tell(work, each, verb)
    completions.save(
        connection, [each for _, each in changes], [_version(work, each.completion, verb) for work, each in changes]
    )
    completions.change_ledger(
        connection,
        [
            LedgerDelta(
                activity_id=activity_id,
                subject=subject,
                target=target,
                quarters=quarters,
                maximum=_maximum(known.get(activity_id), target),
            )
            for (activity_id, subject, target), quarters in totals.items()
        ],
    )


def _tell(work: Work, change: Change, verb: str) -> None:
    """Put a change before the boards concerned, and note it."""
    after = change.completion
    for credit in change.added:
        if credit.delivery is Delivery.BOARD:
            work.tell_board("credit.reported", credit, after)
    for credit in change.restated:
        if credit.delivery is Delivery.BOARD and credit.status is CreditStatus.WITHDRAWN:
            work.tell_board("credit.withdrawn", credit, after)
    work.audit(
        verb,
        "completion",
        after.completion_id,
        version=after.version,
        activity_id=after.activity_id,
        boards=[credit.board for credit in (*change.added, *change.restated)],
        reported=[credit.credit_id for credit in change.added],
        corrected=[],
        withdrawn=[each.credit_id for each in change.restated if each.status is CreditStatus.WITHDRAWN],
    )


def _version(work: Work, after: Completion, verb: str) -> dict[str, Any]:
    return {
        "completion_id": after.completion_id,
        "version": after.version,
        "commit_id": work.commit_id,
        "verb": verb,
        "at": work.now,
        "client_id": work.caller.client.client_id,
        "document": completions.version_document(after),
    }


def _maximum(activity: Activity | None, target: str) -> int:
    """Return the most quarters a learner may hold of a target, or a number beyond all when nothing binds."""
    if activity is None or not activity.maximum_checked:
        return completions.NO_MAXIMUM
    maximum = activity.maximum(None if target == CME else target)
    return completions.NO_MAXIMUM if maximum is None else int(in_quarters(maximum))


def withdrawn(completion: Completion, at: datetime) -> Change:
    """Return the change that takes a completion back with all its credits."""
    restated = tuple(
        replace(credit, status=CreditStatus.WITHDRAWN, status_at=at, status_reason=None)
        for credit in completion.credits
        if credit.status is not CreditStatus.WITHDRAWN
    )
    after = replace(
        completion,
        credits=tuple(next((r for r in restated if r.credit_id == c.credit_id), c) for c in completion.credits),
        version=completion.version + 1,
        updated_at=at,
        withdrawn_at=at,
    )
    return Change(completion=after, before=completion, restated=restated)
