"""Recovery of a webhook endpoint: everything since a moment is queued again, piece by piece, whatever became of it.

How far that has come stands in the endpoint's row, so a worker that dies leaves nothing out, and the next one goes on.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace
from sqlalchemy import Connection

from app.core.errors import Conflict, ErrorItem, InvalidRequest
from app.domain.events import Event
from app.domain.webhooks import Endpoint, EndpointStatus
from app.services.context import Service, Work, operator, transact
from app.services.events.endpoints import lock, save
from app.services.events.outbox import enqueue_again, enqueue_feed_available
from app.store import deliveries, events, webhooks
from app.store.access import providers

AT_ONCE = 500
"""Events looked at in one transaction; no more are queued while so many deliveries wait for the endpoint."""
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATE = timedelta(hours=1)
"""Longer than any transaction: no event stands in the order before one that happened so much earlier."""


def recover(work: Work, endpoint_id: str, since: datetime) -> Endpoint:
    """Have everything since a moment sent to an endpoint again; return the endpoint.

    Where that is under way since an earlier moment, it begins again from there: nothing asked for is left out.
    A board's endpoint is sent one `feed.available`, which stands for everything in its feed.

    Raises `NotFound`, `InvalidRequest` for a moment to come, `Conflict` while the endpoint is disabled.
    """
    endpoint = lock(work, endpoint_id)
    if since > work.now:
        hint = "Give the moment from which events were lost."
        fault = ErrorItem(code="format", pointer="/since", detail="This moment is still to come.", hint=hint)
        raise InvalidRequest(errors=[fault])
    if endpoint.status is EndpointStatus.DISABLED:
        raise Conflict("The endpoint is disabled; enable it first.")
    if endpoint.board is not None:
        enqueue_feed_available(work.connection, endpoint, work.now)
        return save(work, endpoint, "recover")
    since = max(min(since, endpoint.recovers_since or since), _EARLIEST)
    until, _ = events.last(work.connection)
    after = find_last_before(work.connection, since - LATE, until)
    recovering = replace(endpoint, recovers_since=since, recovers_after=after, recovers_until=until)
    return save(work, recovering, "recover")


def find_last_before(connection: Connection, moment: datetime, last: int) -> int:
    """Return a position up to `last` after which everything stands that happened `LATE` after a moment; 0 for all.

    Positions are in the order in which transactions ended, so moments along them rise but for those of transactions
    that took long. Halving finds a place where they pass the moment.
    """
    before, not_before = 0, last + 1
    while not_before - before > 1:
        middle = (before + not_before) // 2
        at = events.moment_at(connection, middle)
        if at is not None and at < moment:
            before = middle
        else:
            not_before = middle
    return before


def recover_next(service: Service) -> bool:
    """Queue the next events of an endpoint for which some are to be queued again; return whether there was one."""
    if service.database.read(lambda connection: webhooks.find_recovering(connection, deliveries.OPEN, AT_ONCE)) is None:
        return False
    return transact(operator(service), _queue_piece)


def _queue_piece(work: Work) -> bool:
    endpoint = webhooks.find_recovering(work.connection, deliveries.OPEN, AT_ONCE, for_update=True)
    if endpoint is None:
        return False
    found, end = _events_to_look_at(work.connection, endpoint)
    since = endpoint.recovers_since
    assert since is not None
    roots = providers.roots_of(work.connection, {event.data["provider_id"] for event in found})
    wanted = [
        (roots.get(event.data["provider_id"], event.data["provider_id"]), event)
        for event in found
        if event.at >= since and endpoint.wants(event.type)
    ]
    enqueue_again(work.connection, endpoint, wanted, work.now)
    if end is None:
        ended = {"recovers_since": None, "recovers_after": None, "recovers_until": None}
        webhooks.save(work.connection, replace(endpoint, **ended, version=endpoint.version + 1, updated_at=work.now))
    else:
        webhooks.save(work.connection, replace(endpoint, recovers_after=end))
    return True


def _events_to_look_at(connection: Connection, endpoint: Endpoint) -> tuple[list[Event], int | None]:
    """Return the next events of an endpoint's providers, and the position to go on after; None when these are the last.

    Of an endpoint for all providers, they are those of the providers that its client may act for now.
    """
    after, until = endpoint.recovers_after, endpoint.recovers_until
    assert after is not None and until is not None
    if endpoint.provider_id is None:
        found, everything = events.after_granted(connection, endpoint.client_id, after, until, AT_ONCE)
        return found, None if everything else found[-1].position
    ids = [endpoint.provider_id, *providers.former_ids(connection, endpoint.provider_id)]
    read = events.after(connection, ids, after, AT_ONCE)
    found = [event for event in read if event.position <= until]
    return found, found[-1].position if len(found) == AT_ONCE else None
