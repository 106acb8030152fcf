"""Save: completions with their versions, the ledger, board events and audit rows, set by set."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import UNSET, Raw
from sqlalchemy import Connection

from app.domain.activities import Activity
from app.domain.amounts import in_quarters
from app.domain.audit import CompletionAudit
from app.domain.completion_changes import Change, LedgerDelta
from app.domain.credits import CME, Credit, CreditStatus, Delivery, held_quarters
from app.domain.moving.telling import CORRECTED, REPORTED, WITHDRAWN, events_of_change
from app.services.context import Work
from app.services.reporting.learner_ids import LearnerIdRow, in_one_order
from app.store import completion_versions, completion_writes
from app.store.completion_versions import VERSIONS, version_text
from app.store.completion_writes import Written
from app.store.moving import imported
from app.store.states import canonical


def save_changes(
    changes: Sequence[tuple[Work, Change]],
    activities: Mapping[str, Activity],
    *,
    verb: str,
    new_learner_ids: Sequence[LearnerIdRow] = (),
) -> None:
    """Write changes of completions, each under the work of its caller, all in one transaction.

    `activities` holds by id those whose maxima bind what is added; `verb` is what the audit log and the versions call
    a change that neither corrects nor withdraws; `new_learner_ids` are stored with them.
    """
    if not changes:
        return
    connection = changes[0][0].connection
    untold = _untold(connection, [change for _, change in changes])
    totals: defaultdict[tuple[str, str, str], int] = defaultdict(int)
    written: list[Written] = []
    for work, change in changes:
        for completion, sign in change.before_and_after():
            for target, quarters in held_quarters(completion.credits).items():
                totals[*completion.pair, target] += sign * quarters
        _tell_boards(work, change, untold)
        row, digest = _version_row(work, change, verb)
        _audit(work, change, verb, digest)
        written.append(Written(change=change, version=row))
    completion_writes.save(connection, written, in_one_order(new_learner_ids))
    completion_writes.change_ledger(
        connection,
        [
            LedgerDelta(
                activity_id=activity_id,
                subject=subject,
                target=target,
                quarters=quarters,
                maximum=maximum_quarters(activities.get(activity_id), target),
            )
            for (activity_id, subject, target), quarters in totals.items()
        ],
    )


def maximum_quarters(activity: Activity | None, target: str) -> int:
    """Return the most quarters a learner may hold of a target, or a number beyond all when nothing binds."""
    if activity is None or not activity.maximum_checked:
        return completion_writes.NO_MAXIMUM
    maximum = activity.maximum(None if target == CME else target)
    return completion_writes.NO_MAXIMUM if maximum is None else int(in_quarters(maximum))


def _untold(connection: Connection, changes: Sequence[Change]) -> set[str]:
    """Return the credits among those that boards are to be told of now which they never heard of from here."""
    ids = {
        credit.credit_id
        for change in changes
        for credit in (*change.corrected, *_withdrawn(change))
        if credit.delivery is Delivery.BOARD
    }
    return imported.find_untold(connection, ids) if ids else set()


def _withdrawn(change: Change) -> list[Credit]:
    return [credit for credit in change.restated if credit.status is CreditStatus.WITHDRAWN]


def _tell_boards(work: Work, change: Change, untold: set[str]) -> None:
    """Put a change before the boards concerned.

    Of `untold` credit it hears first that it was reported, with the whole record; where that is withdrawn, it is told
    of it as it stood, and that it is gone.
    """
    after = change.completion
    before = change.before or after
    for event, credits, shown in (
        # Withdrawn credit is shown as it was: it may have been another person's.
        (WITHDRAWN, _withdrawn(change), before),
        (CORRECTED, change.corrected, after),
        (REPORTED, (*change.added, *change.told), after),
    ):
        for credit in credits:
            if credit.delivery is Delivery.BOARD and credit.credit_id not in change.imported:
                for told in events_of_change(event, credit.credit_id, untold):
                    work.add_board_event(told, credit, shown)


def _audit(work: Work, change: Change, verb: str, digest: str) -> None:
    """Note a change in the audit log."""
    after, before = change.completion, change.before
    work.audit(
        _verb_of(change, verb),
        after.completion_id,
        CompletionAudit(
            version=after.version,
            activity_id=after.activity_id,
            boards=[credit.board for credit in (*change.added, *change.restated, *change.corrected)],
            reported=[
                credit.credit_id for credit in (*change.added, *change.told) if credit.credit_id not in change.imported
            ],
            corrected=[credit.credit_id for credit in change.corrected],
            withdrawn=[c.credit_id for c in change.restated if c.status is CreditStatus.WITHDRAWN],
            moved_from=before.activity_id if before and before.activity_id != after.activity_id else UNSET,
            decided=[c.credit_id for c in change.restated if c.status is not CreditStatus.WITHDRAWN],
            provider_id=after.provider_id,
            digest=digest,
            imported=sorted(change.imported) if change.imported else UNSET,
        ),
    )


def _verb_of(change: Change, verb: str) -> str:
    if change.corrected_whole or change.only_named:
        return "correct"
    return "withdraw" if change.withdrawn_boards else verb


def _version_row(work: Work, change: Change, verb: str) -> tuple[dict[str, Any], str]:
    """Return the row of a version, its document written as it is digested, and the digest."""
    after = change.completion
    row = {
        "completion_id": after.completion_id,
        "version": after.version,
        "commit_id": work.commit_id,
        "verb": _verb_of(change, verb),
        "at": work.now,
        "client_id": work.caller.client.client_id,
        "document": Raw(canonical(completion_versions.document_of(after))),
    }
    return row, work.service.keyring.record_digest(VERSIONS, version_text(row))
