"""Judging again: held records after every change of the registry, in the order of their first submission.

All of them go through the one pipeline, under the rights that their senders have now. One process at a time has the
turn: two records that compete for the last credit of a maximum are decided as if the first had been reported first.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection

from app.core.errors import Unavailable
from app.core.logging import error_fields, log
from app.domain.held import HeldReason, HeldRecord, HeldStatus, can_wait
from app.services.context import Service, Work, operator, save_commits
from app.services.reporting import pipeline
from app.services.reporting.holding import ACCEPTED, save_ends
from app.services.reporting.pipeline import Submitted
from app.services.reporting.senders import sender_work
from app.store.held import records
from app.store.held.records import Place
from app.store.registry import generation as registry

AT_ONCE = {True: 100, False: 500}
"""Records in one transaction, on SQLite (True), where single reports wait for it, and on PostgreSQL."""
QUIET_SECONDS = 1.0
"""The registry is left alone for so long before records are judged again: an import has many transactions."""
LONGEST_SECONDS = 30.0
"""Records are judged again so long after a change, however many follow."""


class JudgedPiece(msgspec.Struct, frozen=True, kw_only=True):
    """Some records that were judged again."""

    count: int
    last: Place | None
    """Where the last of them stands; None where there was none."""


def judge_again(
    judged: Sequence[tuple[Work, HeldRecord]],
    generation: int,
    *,
    reason: HeldReason = HeldReason.MATCHED,
    linked_to: str | None = None,
) -> list[HeldRecord]:
    """Judge locked records, each under its own work, and write what becomes of them; return them as they stand then.

    `generation` was read before anybody was looked up. `linked_to` is the provider's id of the physician whom the
    operator says they mean, and `reason` why they are accepted if they are.
    """
    if not judged:
        return []
    reports = [
        replace(held.report, received_at=held.submitted_at, held_id=held.held_id, linked_to=linked_to)
        for _, held in judged
    ]
    results = pipeline.submit([work for work, _ in judged], reports)
    after = [
        (work, _after(work, held, result, generation, reason))
        for (work, held), result in zip(judged, results, strict=True)
    ]
    save_ends([(work, held) for work, held in after if held.status is not HeldStatus.WAITING])
    _save_waiting(judged, after, generation)
    return [held for _, held in after]


def _after(work: Work, held: HeldRecord, result: Submitted, generation: int, reason: HeldReason) -> HeldRecord:
    if result.outcome in ACCEPTED and result.completion is not None:
        completion_id = result.completion.completion_id
        return held.ended(HeldStatus.ACCEPTED, reason, work.now, completion_id=completion_id, findings=result.findings)
    if can_wait(held.report, result.findings):
        return held.judged(result.findings, generation, work.now)
    return held.ended(HeldStatus.REFUSED, HeldReason.RULES, work.now, findings=result.findings)


def _save_waiting(
    before: Sequence[tuple[Work, HeldRecord]], after: Sequence[tuple[Work, HeldRecord]], generation: int
) -> None:
    """Write the records that wait on, but for those that one of the others has set aside."""
    connection, now = after[0][0].connection, after[0][0].now
    waiting = {held.held_id: held for _, held in after if held.status is HeldStatus.WAITING}
    if not waiting:
        return
    still = records.waiting_of(connection, list(waiting))
    changed = {held.held_id for _, held in before if waiting.get(held.held_id, held).version != held.version} & still
    records.save(connection, [waiting[held_id] for held_id in sorted(changed)])
    if unchanged := sorted(still - changed):
        records.mark_judged(connection, unchanged, generation, now)


def judge_next(service: Service, at_once: int, after: Place | None = None) -> JudgedPiece:
    """Judge the next records that are due, after a place, in one transaction.

    A record on which the service itself fails must not stop the others: the same records are judged again in halves,
    down to that record, which then waits for the next change of the registry.
    """
    try:
        return service.database.write(partial(_judge_due, service, at_once, after), background=True)
    except Unavailable:
        raise
    except Exception as error:
        log.error("held records could not be judged", records=at_once, **error_fields(error))
        if at_once > 1:
            return judge_next(service, at_once // 2, after)
        return service.database.write(partial(_pass_one, service, after), background=True)


def _judge_due(service: Service, at_once: int, after: Place | None, connection: Connection) -> JudgedPiece:
    if not records.take_turn(connection):
        return JudgedPiece(count=0, last=None)
    generation = registry.current(connection)
    due = records.lock_due(connection, generation, at_once, after)
    if not due:
        return JudgedPiece(count=0, last=None)
    works: dict[tuple[str, str], Work | None] = {}
    for sender in {(held.client_id, held.provider_id) for held in due}:
        works[sender] = sender_work(service, connection, *sender)
    entitled = [(work, held) for held in due if (work := works[held.client_id, held.provider_id]) is not None]
    judge_again(entitled, generation)
    # Who may not report now has to wait: the grant may be given again.
    others = [held.held_id for held in due if works[held.client_id, held.provider_id] is None]
    if others:
        records.mark_judged(connection, others, generation, service.clock())
    save_commits([work for work in works.values() if work is not None])
    return JudgedPiece(count=len(due), last=(due[-1].submitted_at, due[-1].held_id))


def _pass_one(service: Service, after: Place | None, connection: Connection) -> JudgedPiece:
    """Pass the record that is next, on which the service fails."""
    last = records.pass_next(connection, registry.current(connection), service.clock(), after)
    return JudgedPiece(count=int(last is not None), last=last)


def expire_next(service: Service, at_once: int) -> int:
    """Refuse the records whose time is over; return how many there were."""
    return service.database.write(partial(_expire, service, at_once), background=True)


def _expire(service: Service, at_once: int, connection: Connection) -> int:
    now = service.clock()
    expired = records.lock_expired(connection, now, at_once)
    works = {
        provider_id: Work(connection=connection, caller=operator(service, provider_id), now=now)
        for provider_id in {held.provider_id for held in expired}
    }
    save_ends([(works[held.provider_id], held.ended(HeldStatus.REFUSED, HeldReason.EXPIRED, now)) for held in expired])
    save_commits(list(works.values()))
    return len(expired)


def judge_all_due(service: Service) -> int:
    """Judge everything that is due now, and refuse what has waited long enough; return how many records there were."""
    count, place = 0, None
    at_once = AT_ONCE[service.database.on_sqlite]
    while (piece := judge_next(service, at_once, place)).count:
        count, place = count + piece.count, piece.last
    while expired := expire_next(service, at_once):
        count += expired
    return count


class HeldJudge:
    """Judges what is due once the registry has come to rest, piece by piece."""

    def __init__(self) -> None:
        self._generation: int | None = None
        self._changed_at = 0.0
        self._due_since: float | None = None
        self._after: Place | None = None

    def __call__(self, service: Service) -> bool:
        """Judge the next piece, or refuse what has waited long enough; return whether there may be more."""
        due = service.database.read(lambda connection: records.find_due(connection, service.clock()))
        at_once = AT_ONCE[service.database.on_sqlite]
        if due.expired and expire_next(service, at_once):
            return True
        if self._after is None and not self._is_time(due.generation):
            return False
        piece = judge_next(service, at_once, self._after)
        self._after = piece.last
        if piece.last is None:
            # The round is over. What came due before its end waits until the registry has come to rest again.
            self._due_since = None
        return piece.count > 0

    def _is_time(self, generation: int | None) -> bool:
        now = time.monotonic()
        if generation is None:
            self._due_since = None
            return False
        if self._due_since is None:
            self._due_since = now
        if generation != self._generation:
            self._generation, self._changed_at = generation, now
        return now - self._changed_at >= QUIET_SECONDS or now - self._due_since >= LONGEST_SECONDS
