"""Retention: what is stored beside the records goes after the time that a setting names, some at a time.

Each piece is a transaction of its own: whoever is stopped goes on where it was, and nothing waits for long. What was
removed is counted in the audit log.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection

from app.core.progress import report_progress
from app.domain.audit import HeldAudit, RetentionAudit
from app.domain.held import HeldStatus, document_of_report
from app.domain.identity.erasure import blank_report
from app.services.access.removal import remove_original, remove_records
from app.services.context import Service, Work, operator, transact
from app.store import batches
from app.store.access import erasure as blanking
from app.store.access import retention as stored
from app.store.held import records as held_records

BATCHES_AT_ONCE = 5
"""Files of a quarter of a gigabyte are removed beside reports that wait for the same writer."""
HELD_AT_ONCE = 50
ROWS_AT_ONCE = 5_000
"""Answers, deliveries or explanations; there may be one for every record."""
DAY_SECONDS = 86_400
_LINKS_KEPT = timedelta(days=1)
"""How long a link that no longer works says so."""
_PEOPLE_KEPT = timedelta(days=30)
"""How long it is known whose an expired session was, so that a form sent then can go on, and which mails were sent."""


class Removed(msgspec.Struct, frozen=True, kw_only=True):
    """How much went, or would go."""

    originals: int = 0
    """Files of batches as uploaded."""
    records: int = 0
    """Batches whose records as sent went."""
    held_records: int = 0
    """Of which whom they were about went."""
    answers: int = 0
    """Kept under idempotency keys."""
    deliveries: int = 0
    explanations: int = 0
    downloads: int = 0
    """Links to exports."""
    sign_in_links: int = 0
    sessions: int = 0
    mails: int = 0
    """To people."""
    dispute_words: int = 0
    """What was said in disputes that have ended."""

    @property
    def anything(self) -> bool:
        """Whether anything went."""
        return any(getattr(self, name) for name in self.__struct_fields__)


def limits(service: Service) -> dict[str, datetime | None]:
    """Return by the fields of `Removed` the moment before which things go; None for what is kept for ever."""
    settings = service.settings
    days = {
        "originals": settings.keep_originals_days,
        "records": settings.keep_records_days,
        "held_records": settings.keep_held_days,
        "answers": settings.keep_answers_days,
        "deliveries": settings.keep_deliveries_days,
        "explanations": settings.keep_explanations_days,
        "dispute_words": settings.keep_held_days,
    }
    now = service.clock()
    before = {what: now - timedelta(days=kept) if kept else None for what, kept in days.items()}
    return before | {
        "downloads": now - _LINKS_KEPT,
        "sign_in_links": now - _LINKS_KEPT,
        "sessions": now - _PEOPLE_KEPT,
        "mails": now - _PEOPLE_KEPT,
    }


def look(service: Service) -> Removed:
    """Return how much would go now."""

    def count(connection: Connection) -> Removed:
        counts: dict[str, int] = {}
        for what, before in limits(service).items():
            if before is None:
                continue
            if what in _COLUMNS:
                counts[what] = stored.count_batches(connection, _COLUMNS[what], before)
            elif what == "held_records":
                counts[what] = stored.count_held(connection, before)
            elif what == "dispute_words":
                counts[what] = stored.count_words(connection, before)
            else:
                counts[what] = stored.count_rest(connection, what, before)
        return Removed(**counts)

    return service.database.read(count)


_COLUMNS = {"originals": "original_removed_at", "records": "records_removed_at"}


def run(service: Service, stopped: Callable[[], bool] = lambda: False) -> Removed:
    """Remove everything whose time is over; return how much went. `stopped` ends it between two pieces."""
    total = Removed()
    for what, before in limits(service).items():
        if before is None:
            continue
        while not stopped():
            count, more = transact(operator(service), _remove_some, what, before)
            total = replace(total, **{what: getattr(total, what) + count})
            report_progress("removing what is kept no longer", sum(getattr(total, n) for n in total.__struct_fields__))
            if not more:
                break
    return total


def _remove_some(work: Work, what: str, before: datetime) -> tuple[int, bool]:
    """Remove the next of one kind; return how many, and whether there may be more."""
    blanking.overwrite_deleted(work.connection)
    if what in _COLUMNS:
        due = stored.batches_due(work.connection, _COLUMNS[what], before, BATCHES_AT_ONCE)
        count, more = sum(_remove_of(work, what, batch_id) for batch_id in due), len(due) == BATCHES_AT_ONCE
    elif what == "held_records":
        due = stored.held_due(work.connection, before, HELD_AT_ONCE)
        count, more = sum(_blank_held(work, held_id) for held_id in due), len(due) == HELD_AT_ONCE
    elif what == "dispute_words":
        count = stored.forget_words(work.connection, before, ROWS_AT_ONCE)
        more = count == ROWS_AT_ONCE
    else:
        count = stored.drop_rest(work.connection, what, before, ROWS_AT_ONCE)
        more = count == ROWS_AT_ONCE
    if count:
        gone = replace(Removed(), **{what: count})
        work.audit("remove", work.commit_id, msgspec.convert(gone, RetentionAudit, from_attributes=True))
    return count, more and count > 0


def _remove_of(work: Work, what: str, batch_id: str) -> bool:
    # Locked, and looked at again: it may be retried by now, or a record of it wait anew.
    batch = batches.lock_one(work.connection, batch_id)
    if batch is None or not batch.finished or stored.has_waiting(work.connection, batch_id):
        return False
    remove = remove_original if what == "originals" else remove_records
    return remove(work.connection, batch, work.now)


def _blank_held(work: Work, held_id: str) -> bool:
    """Take out of a held record that has ended whom it was about."""
    held = held_records.lock_one(work.connection, held_id)
    if held is None or held.status is HeldStatus.WAITING:
        return False
    document = document_of_report(blank_report(held.report))
    blanking.blank_held(work.connection, held_id, document, held.version + 1, work.now)
    work.audit("erase", held_id, HeldAudit(activity_id=held.activity_id, provider_id=held.provider_id))
    return True


class DailyRetention:
    """Runs once a day in each worker; what another has removed is not there any more."""

    def __init__(self) -> None:
        self._due = 0.0

    def __call__(self, service: Service) -> bool:
        """Remove what is due, once a day."""
        if time.monotonic() >= self._due:
            run(service)
            self._due = time.monotonic() + DAY_SECONDS
        return False
