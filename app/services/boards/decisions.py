"""Boards' decisions on credit, and credit accepted because its board does not decide."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import partial

import msgspec
from msgspec.structs import replace

from app.core.clock import new_id
from app.core.errors import Contended
from app.domain.credits import Completion, Credit, CreditStatus, held_quarters
from app.domain.decisions import (
    Decision,
    DecisionResult,
    SentCredit,
    accept_on_delivery,
    apply_decision,
    matches_decision,
)
from app.services.boards.feed import board_of
from app.services.boards.feed_cursors import FeedCursor, open_cursor, refuse_diverged, seal_cursor
from app.services.context import Caller, Service, Work, operator, transact, transact_async
from app.services.idempotency import Answer, once
from app.services.reporting.changes import build_status_change
from app.services.reporting.saving import maximum_quarters, save_changes
from app.store import activities, completions, feed

AT_ONCE = 250
"""Credits decided on, or accepted on delivery, in one transaction, so that single reports need not wait for many."""


class DecisionReply(msgspec.Struct, frozen=True, kw_only=True):
    """The result of each decision, in their order, and the cursor to keep."""

    results: list[DecisionResult]
    cursor: str | None
    """The cursor that was given, now with the last decision; None where none was given."""


async def decide(caller: Caller, decisions: Sequence[Decision], *, after: str | None) -> DecisionReply:
    """Apply a board's decisions in their order, each with its own result; sent again they are `unchanged`.

    `after` is the cursor up to which the board has read; raises `ParameterInvalid` and `CursorDiverged` as
    `feed.read` does.
    """
    board_of(caller)
    cursor = None if after is None else open_cursor(caller, after)
    results: list[DecisionResult] = []
    for start in range(0, len(decisions), AT_ONCE):
        # The cursor of each transaction holds the last decision of the one before it.
        some, cursor = await transact_async(caller, _decide_after, decisions[start : start + AT_ONCE], cursor)
        results += some
    return DecisionReply(results=results, cursor=None if cursor is None else seal_cursor(caller, cursor))


async def decide_once(caller: Caller, decisions: Sequence[Decision]) -> tuple[list[DecisionResult], bool]:
    """Do as `decide`, each transaction once under the caller's idempotency key.

    Return the results, and whether all are those of an earlier time. Without the key a form that is sent again would
    undo what was decided on these credits since.
    """
    board_of(caller)
    results: list[DecisionResult] = []
    again = bool(decisions)
    for start in range(0, len(decisions), AT_ONCE):
        key = f"{caller.idempotency_key} {start}" if caller.idempotency_key is not None else None
        some = decisions[start : start + AT_ONCE]
        answer = await transact_async(replace(caller, idempotency_key=key), once, partial(_answer_each, some))
        results += msgspec.json.decode(answer.body, type=list[DecisionResult])
        again = again and answer.replayed
    return results, again


def _answer_each(decisions: Sequence[Decision], work: Work) -> Answer:
    return Answer(status=200, body=msgspec.json.encode(decide_each(work, decisions)).decode())


def _decide_after(
    work: Work, decisions: Sequence[Decision], cursor: FeedCursor | None
) -> tuple[list[DecisionResult], FeedCursor | None]:
    if cursor is None:
        return decide_each(work, decisions), None
    board = board_of(work.caller).code
    refuse_diverged(work.connection, board, cursor)
    results = decide_each(work, decisions)
    return results, replace(cursor, decision_id=feed.last_decision(work.connection, board))


def decide_each(work: Work, decisions: Sequence[Decision]) -> list[DecisionResult]:
    """Apply decisions of the caller's board in the transaction of `work`; return the result of each."""
    board = board_of(work.caller).code
    sent, changes = _lock_credits(work, board, {decision.credit_id for decision in decisions})
    results, rows = [], []
    for decision in decisions:
        result = _decide(work, decision, sent.get(decision.credit_id), changes)
        results.append(result)
        if result is DecisionResult.APPLIED:
            rows.append(_decision_row(work, board, decision))
    changes.save()
    feed.add_decisions(work.connection, board, rows)
    return results


def _lock_credits(work: Work, board: str, credit_ids: set[str]) -> tuple[dict[str, SentCredit], _StatusChanges]:
    """Lock the completions of some credits; return the last event about each credit, and the completions."""
    sent = feed.last_sent(work.connection, board, credit_ids)
    changes = _StatusChanges.load(work, {credit.completion_id for credit in sent.values()})
    # Read again: while the lock was waited for, a correction may have put a newer event in the feed.
    return feed.last_sent(work.connection, board, credit_ids), changes


def _decide(work: Work, decision: Decision, sent: SentCredit | None, changes: _StatusChanges) -> DecisionResult:
    if sent is None:
        return DecisionResult.UNKNOWN
    completion, credit = changes.find(sent)
    if completion is None or credit is None or sent.withdrawn or decision.position != sent.position:
        return DecisionResult.STALE
    if matches_decision(credit, decision):
        return DecisionResult.UNCHANGED
    after = apply_decision(credit, decision, work.now)
    if after.holds and not credit.holds and not changes.has_room(completion, after):
        # Another credit has taken its place meanwhile: this one can no longer stand.
        return DecisionResult.STALE
    changes.set_credit(completion, after)
    return DecisionResult.APPLIED


def _decision_row(work: Work, board: str, decision: Decision) -> dict[str, object]:
    _, reason_code, _ = decision.resulting_status
    return {
        "decision_id": new_id(),
        "commit_id": work.commit_id,
        "board": board,
        "credit_id": decision.credit_id,
        "position": decision.position,
        "decision": decision.verdict,
        "reason_code": reason_code,
        "reason": decision.reason,
        "at": work.now,
    }


def settle_next(service: Service) -> int:
    """Accept the next credits that a board which does not decide has read; return how many positions were passed."""
    for board, settled, read_position in service.database.read(feed.find_unsettled):
        passed = transact(operator(service), _settle, board, settled, read_position)
        if passed:
            return passed
    return 0


def _settle(work: Work, board: str, settled: int, read_position: int) -> int:
    if work.service.catalogue.boards[board].decides:
        feed.settle(work.connection, board, read_position)
        return read_position - settled
    following = feed.credits_between(work.connection, board, settled, AT_ONCE)
    events = [(position, credit_id) for position, credit_id in following if position <= read_position]
    sent, changes = _lock_credits(work, board, {credit_id for _, credit_id in events})
    for position, credit_id in events:
        completion, credit = changes.find(sent[credit_id])
        # A credit with a later event is accepted once the board has read that one.
        if completion is None or credit is None or sent[credit_id].position != position:
            continue
        if credit.status is CreditStatus.PENDING:
            changes.set_credit(completion, accept_on_delivery(credit, work.now))
    changes.save()
    last_position, _ = events[-1]
    feed.settle(work.connection, board, last_position)
    return len(events)


class _StatusChanges:
    """Locked completions, and the statuses that their credits are given in this transaction."""

    def __init__(
        self, work: Work, found: dict[str, Completion], beside: dict[tuple[str, str], list[Completion]]
    ) -> None:
        self._work = work
        self._before = found
        self._now = dict(found)
        self._beside = beside
        self._changed: defaultdict[str, dict[str, Credit]] = defaultdict(dict)

    @classmethod
    def load(cls, work: Work, completion_ids: set[str]) -> _StatusChanges:
        """Lock and load completions, with all others of the same learners in the same activities."""
        before = completions.pairs_of(work.connection, completion_ids)
        pairs = set(before.values())
        completions.lock_pairs(work.connection, pairs)
        beside = completions.load_standing(work.connection, pairs)
        found = {completion.completion_id: completion for standing in beside.values() for completion in standing}
        if not before.keys() <= found.keys():
            raise Contended("a completion was withdrawn or moved before it was locked")
        return cls(work, found, beside)

    def find(self, sent: SentCredit) -> tuple[Completion | None, Credit | None]:
        """Return a credit with its completion, None for what was withdrawn."""
        completion = self._now.get(sent.completion_id)
        credits = completion.credits if completion is not None else ()
        credit = next((credit for credit in credits if credit.credit_id == sent.credit_id), None)
        return completion, credit if credit is not None and credit.status is not CreditStatus.WITHDRAWN else None

    def has_room(self, completion: Completion, after: Credit) -> bool:
        """Whether a rejected credit could count again: its board, its day and the maximum must be free."""
        if completion.holding(after.board) is not None:
            return False
        others = [self._now[other.completion_id] for other in self._beside[completion.pair]]
        same_day = (other.holding(after.board) for other in others if other.completed_on == completion.completed_on)
        if after.once_per_day and any(same_day):
            return False
        reportable = activities.load_reportable(
            self._work.connection, {(completion.provider_id, completion.activity_id)}
        ).activities
        afterwards = [
            build_status_change(other, [after], self._work.now).completion if other is completion else other
            for other in others
        ]
        total = sum(held_quarters(other.credits).get(after.target, 0) for other in afterwards)
        return total <= maximum_quarters(reportable.get(completion.activity_id), after.target)

    def set_credit(self, completion: Completion, credit: Credit) -> None:
        """Put a credit with its new status in the place of the one that its completion has."""
        changed = self._changed[completion.completion_id]
        changed[credit.credit_id] = credit
        before = self._before[completion.completion_id]
        self._now[completion.completion_id] = build_status_change(
            before, list(changed.values()), self._work.now
        ).completion

    def save(self) -> None:
        """Write what has changed."""
        changes = [
            (self._work, build_status_change(self._before[completion_id], list(changed.values()), self._work.now))
            for completion_id, changed in self._changed.items()
        ]
        save_changes(changes, {}, verb="decide")
