"""Boards: what each is sent, in order, and what it decides.

A feed has positions from 1 without gaps. The cursor is position and event together, and the last decision that stood:
where another event stands at the position, or the decision is not on record, the database was put back to an earlier
state, and the board reads and decides anew from the start.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection

from app.core.clock import new_id
from app.core.errors import CursorDiverged, Forbidden, ParameterInvalid
from app.domain.boards import Board
from app.domain.credits import Completion, Credit, CreditStatus, held_quarters
from app.domain.decisions import Answered, Decision, Sent, carried, decided, stands_so
from app.domain.feeds import Summary, Told
from app.services.context import Caller, Service, Work, operator, read_async, transact, transact_async
from app.services.reporting.saving import keep, maximum_quarters, restating
from app.store import activities, completions, feed

ANSWER_WITHIN = timedelta(hours=24)
"""A board that decides and has not answered for so long is shown to the operator."""
AT_ONCE = 250
"""Decisions, or carried credits, in one transaction, so that single reports need not wait for many."""
_PATH = "/v1/board-feed"


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a feed, and where the next one begins."""

    events: list[Told]
    cursor: str


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What became of each decision, and where to go on."""

    answers: list[Answered]
    cursor: str | None
    """The one that was given, with what is decided now; None where none was given."""


class _Cursor(msgspec.Struct, frozen=True, kw_only=True):
    """Up to where a board has read, and the last of its decisions then: "" where there was none."""

    position: int = 0
    event_id: str = ""
    decision_id: str = ""


def board_of(caller: Caller) -> Board:
    """Return the board that a client is of; raises `Forbidden` for others."""
    if caller.client.board is None:
        raise Forbidden("Only a board's own client has a feed.")
    return caller.service.catalogue.boards[caller.client.board]


async def read(caller: Caller, *, after: str | None, limit: int) -> Piece:
    """Return what the board is told after a cursor, from the beginning without one.

    That it asks for what comes after a position shows that it holds what came before. Raises `ParameterInvalid` for a
    cursor that is not the board's, `CursorDiverged` for one that no longer fits.
    """
    board = board_of(caller)
    cursor = _Cursor() if after is None else _opened(caller, after)
    rows, known, decision_id = await read_async(caller, _piece, board.code, cursor, limit)
    if cursor.position > known:
        await transact_async(caller, _mark_read, board.code, cursor.position)
    if rows:
        cursor = replace(cursor, position=rows[-1].position, event_id=rows[-1].event_id)
    return Piece(events=rows, cursor=_sealed(caller, replace(cursor, decision_id=decision_id)))


def _sealed(caller: Caller, cursor: _Cursor) -> str:
    held = [cursor.position, cursor.event_id, cursor.decision_id]
    return caller.service.keyring.seal("cursor", json.dumps(held).encode(), caller.bound_to(_PATH))


def _opened(caller: Caller, after: str) -> _Cursor:
    opened = caller.service.keyring.unseal("cursor", after, caller.bound_to(_PATH))
    if opened is None:
        raise ParameterInvalid.of("after", "This cursor does not belong to this feed.")
    # Cursors from before decisions were told in them hold two values.
    position, event_id, *decision = json.loads(opened)
    return _Cursor(position=position, event_id=event_id, decision_id=decision[0] if decision else "")


def _hold(connection: Connection, board: str, cursor: _Cursor) -> None:
    """Raise `CursorDiverged` unless all stands that stood when a cursor was given."""
    if cursor.position and feed.at(connection, board, cursor.position) != cursor.event_id:
        raise CursorDiverged
    if cursor.decision_id and not feed.has_decided(connection, board, cursor.decision_id):
        raise CursorDiverged


def _piece(
    connection: Connection, caller: Caller, board: str, cursor: _Cursor, limit: int
) -> tuple[list[Told], int, str]:
    _hold(connection, board, cursor)
    rows = feed.after(connection, board, cursor.position, limit)
    return rows, feed.carried(connection, board), feed.last_decision(connection, board)


def _mark_read(work: Work, board: str, position: int) -> None:
    feed.mark_read(work.connection, board, position, work.now)


def of_day(connection: Connection, caller: Caller, day: date, after_position: int) -> list[Told]:
    """Return what the board was told on a day (UTC), in order, a piece at a time."""
    since = datetime.combine(day, time.min, UTC)
    board = board_of(caller).code
    return feed.between(connection, board, since, since + timedelta(days=1), after_position, AT_ONCE)


def carried_by_file(work: Work, first: int, last: int) -> None:
    """Note that a file has carried a span of positions, where nothing before it is missing."""
    board = board_of(work.caller).code
    if feed.carried(work.connection, board) >= first - 1:
        feed.mark_read(work.connection, board, last, work.now)


def summary(connection: Connection, caller: Caller) -> Summary:
    """Return how the credit of the caller's board stands."""
    board = board_of(caller)
    return Summary(
        board=board,
        last_position=feed.last_position(connection, board.code),
        carried=feed.carried(connection, board.code),
        counts=feed.counts(connection, board.code, caller.service.clock() - ANSWER_WITHIN),
    )


async def decide(caller: Caller, given: Sequence[Decision], *, after: str | None) -> Reply:
    """Take in decisions in their order, each answered by itself; sent again they are `unchanged`.

    With the cursor up to which the board has read, raises `ParameterInvalid` and `CursorDiverged` as `read` does.
    """
    board_of(caller)
    cursor = None if after is None else _opened(caller, after)
    answers: list[Answered] = []
    for start in range(0, len(given), AT_ONCE):
        # Each piece asks for what the piece before it has decided.
        piece, cursor = await transact_async(caller, _decide_after, given[start : start + AT_ONCE], cursor)
        answers += piece
    return Reply(answers=answers, cursor=None if cursor is None else _sealed(caller, cursor))


def _decide_after(
    work: Work, given: Sequence[Decision], cursor: _Cursor | None
) -> tuple[list[Answered], _Cursor | None]:
    if cursor is None:
        return decide_each(work, given), None
    board = board_of(work.caller).code
    _hold(work.connection, board, cursor)
    answers = decide_each(work, given)
    return answers, replace(cursor, decision_id=feed.last_decision(work.connection, board))


def decide_each(work: Work, given: Sequence[Decision]) -> list[Answered]:
    """Take in decisions of the caller's board, in one transaction."""
    board = board_of(work.caller).code
    sent, standing = _locked(work, board, {each.credit_id for each in given})
    answers, kept = [], []
    for each in given:
        answer = _answer(work, each, sent.get(each.credit_id), standing)
        answers.append(answer)
        if answer is Answered.APPLIED:
            kept.append(_kept(work, board, each))
    standing.keep("decide")
    feed.add_decisions(work.connection, board, kept)
    return answers


def _locked(work: Work, board: str, credit_ids: set[str]) -> tuple[dict[str, Sent], _Standing]:
    """Lock the records of some credits, and return where these stand in the feed and what they are."""
    sent = feed.sent(work.connection, board, credit_ids)
    standing = _Standing.of(work, {each.completion_id for each in sent.values()})
    # Asked again: a correction may have been waited for, and the feed tells of another credit than was decided on.
    return feed.sent(work.connection, board, credit_ids), standing


def _answer(work: Work, decision: Decision, sent: Sent | None, standing: _Standing) -> Answered:
    if sent is None:
        return Answered.UNKNOWN
    completion, credit = standing.find(sent)
    if completion is None or credit is None or sent.withdrawn or decision.position != sent.position:
        return Answered.STALE
    if stands_so(credit, decision):
        return Answered.UNCHANGED
    after = decided(credit, decision, work.now)
    if after.holds and not credit.holds and not standing.has_room(completion, after):
        # Another credit has taken its place meanwhile: this one can no longer stand.
        return Answered.STALE
    standing.restate(completion, after)
    return Answered.APPLIED


def _kept(work: Work, board: str, decision: Decision) -> dict[str, object]:
    return {
        "decision_id": new_id(),
        "commit_id": work.commit_id,
        "board": board,
        "credit_id": decision.credit_id,
        "position": decision.position,
        "decision": decision.verdict,
        "reason_code": decision.as_told[1],
        "reason": decision.reason,
        "at": work.now,
    }


def settle_next(service: Service) -> int:
    """Accept the next credits that have reached a board which does not decide; return how many events were passed."""
    for board, settled, read_to in service.database.read(feed.unsettled):
        passed = transact(operator(service), _settle, board, settled, read_to)
        if passed:
            return passed
    return 0


def _settle(work: Work, board: str, settled: int, read_to: int) -> int:
    if work.service.catalogue.boards[board].decides:
        feed.settle(work.connection, board, read_to)
        return read_to - settled
    found = [each for each in feed.credits_between(work.connection, board, settled, AT_ONCE) if each[0] <= read_to]
    sent, standing = _locked(work, board, {credit_id for _, credit_id in found})
    for position, credit_id in found:
        completion, credit = standing.find(sent[credit_id])
        # What was told anew since has not been carried yet.
        if completion is None or credit is None or sent[credit_id].position != position:
            continue
        if credit.status is CreditStatus.PENDING:
            standing.restate(completion, carried(credit, work.now))
    standing.keep("decide")
    feed.settle(work.connection, board, found[-1][0])
    return len(found)


class _Standing:
    """The completions whose credits are decided on, locked, as they become."""

    def __init__(
        self, work: Work, found: dict[str, Completion], beside: dict[tuple[str, str], list[Completion]]
    ) -> None:
        self._work = work
        self._before = found
        self._now = dict(found)
        self._beside = beside
        self._restated: defaultdict[str, dict[str, Credit]] = defaultdict(dict)

    @classmethod
    def of(cls, work: Work, completion_ids: set[str]) -> _Standing:
        """Lock and load completions, with all that stands beside them."""
        pairs = set(completions.pairs_of(work.connection, completion_ids).values())
        completions.lock_pairs(work.connection, pairs)
        beside = completions.standing(work.connection, pairs)
        found = {each.completion_id: each for held in beside.values() for each in held}
        return cls(work, found, beside)

    def find(self, sent: Sent) -> tuple[Completion | None, Credit | None]:
        """Return a credit with its completion, None for what was withdrawn."""
        completion = self._now.get(sent.completion_id)
        credits = completion.credits if completion is not None else ()
        credit = next((each for each in credits if each.credit_id == sent.credit_id), None)
        return completion, credit if credit is not None and credit.status is not CreditStatus.WITHDRAWN else None

    def has_room(self, completion: Completion, after: Credit) -> bool:
        """Tell whether a credit that held nothing could hold again: its board, its day, and the maximum."""
        if completion.holding(after.board) is not None:
            return False
        others = [self._now[each.completion_id] for each in self._beside[completion.pair]]
        same_day = (each.holding(after.board) for each in others if each.completed_on == completion.completed_on)
        if after.once_per_day and any(same_day):
            return False
        known = activities.reportable(self._work.connection, {(completion.provider_id, completion.activity_id)})
        become = [
            restating(each, [after], self._work.now).completion if each is completion else each for each in others
        ]
        total = sum(held_quarters(each.credits).get(after.target, 0) for each in become)
        return total <= maximum_quarters(known.get(completion.activity_id), after.target)

    def restate(self, completion: Completion, credit: Credit) -> None:
        """Let a credit have another status."""
        self._restated[completion.completion_id][credit.credit_id] = credit
        held = self._restated[completion.completion_id]
        before = self._before[completion.completion_id]
        self._now[completion.completion_id] = restating(before, list(held.values()), self._work.now).completion

    def keep(self, verb: str) -> None:
        """Write what has changed."""
        changes = [
            (self._work, restating(self._before[completion_id], list(held.values()), self._work.now))
            for completion_id, held in self._restated.items()
        ]
        keep(changes, {}, verb=verb)
