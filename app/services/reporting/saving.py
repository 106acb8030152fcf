"""Keeping what was decided: completions with their versions, the ledger, board events and audit rows, set by set."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from app.domain.activities import Activity
from app.domain.amounts import in_quarters
from app.domain.audit import CompletionAudit
from app.domain.completion_changes import Change, LedgerDelta
from app.domain.credits import CME, Completion, Credit, CreditStatus, Delivery, held_quarters
from app.domain.decisions import withdraw_credit
from app.services.context import Work
from app.store import completion_versions, completion_writes
from app.store.completion_writes import Written


def keep(changes: Sequence[tuple[Work, Change]], known: Mapping[str, Activity], *, verb: str) -> None:
    """Write changes of completions, each under the work of its caller, all in one transaction.

    `known` holds the activities whose maxima bind what is added.
    """
    if not changes:
        return
    connection = changes[0][0].connection
    totals: defaultdict[tuple[str, str, str], int] = defaultdict(int)
    for work, each in changes:
        for completion, sign in each.before_and_after():
            for target, quarters in held_quarters(completion.credits).items():
                totals[*completion.pair, target] += sign * quarters
        _tell(work, each, verb)
    completion_writes.save(
        connection, [Written(change=each, version=_version(work, each, verb)) for work, each in changes]
    )
    completion_writes.change_ledger(
        connection,
        [
            LedgerDelta(
                activity_id=activity_id,
                subject=subject,
                target=target,
                quarters=quarters,
                maximum=maximum_quarters(known.get(activity_id), target),
            )
            for (activity_id, subject, target), quarters in totals.items()
        ],
    )


def _tell(work: Work, change: Change, verb: str) -> None:
    """Put a change before the boards concerned, and note it."""
    after, before = change.completion, change.before
    withdrawn = [credit for credit in change.restated if credit.status is CreditStatus.WITHDRAWN]
    decided = [credit for credit in change.restated if credit.status is not CreditStatus.WITHDRAWN]
    for event, credits, told in (
        # What is taken back is told as it stood: it may have been somebody else's.
        ("credit.withdrawn", withdrawn, before or after),
        ("credit.corrected", change.corrected, after),
        ("credit.reported", change.added, after),
    ):
        for credit in credits:
            if credit.delivery is Delivery.BOARD:
                work.add_board_event(event, credit, told)
    moved_from = before.activity_id if before is not None and before.activity_id != after.activity_id else UNSET
    work.audit(
        _verb(change, verb),
        after.completion_id,
        CompletionAudit(
            version=after.version,
            activity_id=after.activity_id,
            boards=[credit.board for credit in (*change.added, *change.restated, *change.corrected)],
            reported=[credit.credit_id for credit in change.added],
            corrected=[credit.credit_id for credit in change.corrected],
            withdrawn=[credit.credit_id for credit in withdrawn],
            moved_from=moved_from,
            decided=[credit.credit_id for credit in decided],
            provider_id=after.provider_id,
        ),
    )


def _verb(change: Change, verb: str) -> str:
    if change.corrected_whole:
        return "correct"
    return "withdraw" if change.withdrawn_boards else verb


def _version(work: Work, change: Change, verb: str) -> dict[str, Any]:
    after = change.completion
    return {
        "completion_id": after.completion_id,
        "version": after.version,
        "commit_id": work.commit_id,
        "verb": _verb(change, verb),
        "at": work.now,
        "client_id": work.caller.client.client_id,
        "document": completion_versions.document_of(after),
    }


def maximum_quarters(activity: Activity | None, target: str) -> int:
    """Return the most quarters a learner may hold of a target, or a number beyond all when nothing binds."""
    if activity is None or not activity.maximum_checked:
        return completion_writes.NO_MAXIMUM
    maximum = activity.maximum(None if target == CME else target)
    return completion_writes.NO_MAXIMUM if maximum is None else int(in_quarters(maximum))


def withdrawn(completion: Completion, at: datetime) -> Change:
    """Return the change that takes a completion back with all its credits."""
    restated = [withdraw_credit(each, at) for each in completion.credits if each.status is not CreditStatus.WITHDRAWN]
    change = restating(completion, restated, at)
    return replace(change, completion=replace(change.completion, withdrawn_at=at))


def partly_withdrawn(completion: Completion, boards: Collection[str], at: datetime, *, with_rems: bool) -> Change:
    """Return the change that takes back a completion's credit for some boards; with the last of it, the completion.

    Participation in risk-mitigation education stands on its own, unless `with_rems` takes it back with the credit.
    """
    standing = [each for each in completion.credits if each.status is not CreditStatus.WITHDRAWN]
    taken = [each for each in standing if each.board in boards]
    if len(taken) == len(standing) and (completion.rems is None or with_rems):
        return withdrawn(completion, at)
    return restating(completion, [withdraw_credit(each, at) for each in taken], at)


def restating(completion: Completion, restated: Sequence[Credit], at: datetime) -> Change:
    """Return the change that gives some credits of a completion another status."""
    now = {each.credit_id: each for each in restated}
    after = replace(
        completion,
        credits=tuple(now.get(each.credit_id, each) for each in completion.credits),
        version=completion.version + 1,
        updated_at=at,
    )
    return Change(completion=after, before=completion, restated=tuple(restated))
