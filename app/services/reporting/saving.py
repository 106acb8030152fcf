"""Save: completions with their versions, the ledger, board events and audit rows, set by set."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import UNSET, Raw

from app.domain.activities import Activity
from app.domain.amounts import in_quarters
from app.domain.audit import CompletionAudit
from app.domain.completion_changes import Change, LedgerDelta
from app.domain.credits import CME, CreditStatus, Delivery, held_quarters
from app.services.context import Work
from app.services.reporting.learner_ids import LearnerIdRow, in_one_order
from app.store import completion_versions, completion_writes
from app.store.completion_versions import VERSIONS, version_text
from app.store.completion_writes import Written
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
    totals: defaultdict[tuple[str, str, str], int] = defaultdict(int)
    written: list[Written] = []
    for work, change in changes:
        for completion, sign in change.before_and_after():
            for target, quarters in held_quarters(completion.credits).items():
                totals[*completion.pair, target] += sign * quarters
        _tell_boards(work, change)
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


def _tell_boards(work: Work, change: Change) -> None:
    """Put a change before the boards concerned."""
    after = change.completion
    withdrawn = [credit for credit in change.restated if credit.status is CreditStatus.WITHDRAWN]
    for event, credits, shown in (
        # Withdrawn credit is shown as it was: it may have been another person's.
        ("credit.withdrawn", withdrawn, change.before or after),
        ("credit.corrected", change.corrected, after),
        ("credit.reported", change.added, after),
    ):
        for credit in credits:
            if credit.delivery is Delivery.BOARD:
                work.add_board_event(event, credit, shown)


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
            reported=[credit.credit_id for credit in change.added],
            corrected=[credit.credit_id for credit in change.corrected],
            withdrawn=[c.credit_id for c in change.restated if c.status is CreditStatus.WITHDRAWN],
            moved_from=before.activity_id if before and before.activity_id != after.activity_id else UNSET,
            decided=[c.credit_id for c in change.restated if c.status is not CreditStatus.WITHDRAWN],
            provider_id=after.provider_id,
            digest=digest,
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
