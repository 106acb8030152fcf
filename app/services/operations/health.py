"""Health: whether this process can answer requests, and how long work has waited for a worker."""

from __future__ import annotations

import asyncio
from datetime import datetime

from prometheus_client import Gauge
from sqlalchemy import Connection

from app.core.errors import Unavailable
from app.core.threads import dead_threads
from app.domain.identity.budgets import BudgetKind
from app.services.context import Service
from app.store import backlog, schema
from app.store.registry import budgets

ANSWER_SECONDS = 5.0
"""How long the database may take to answer before the process counts as not ready."""
_UP = Gauge("pars_database_up", "1 when the database answered for these metrics, else 0.")
_SPENT = Gauge(
    "pars_identity_budgets_spent", "Budgets against guessing birth dates that are spent, not yet released.", ["kind"]
)
_WAITING = Gauge("pars_oldest_waiting_seconds", "Age of the oldest piece of work that waits for a worker.", ["work"])


async def check_ready(service: Service) -> None:
    """Raise `Unavailable` unless every thread lives, and the database answers and has this version's schema."""
    dead = dead_threads()
    if dead:
        raise Unavailable(f"Stopped, and being started again: {', '.join(sorted(set(dead)))}.")
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await service.database.read_async(_check_schema)
    except TimeoutError:
        raise Unavailable("The database does not answer.") from None


def _check_schema(connection: Connection) -> None:
    if schema.current(connection) != schema.head():
        raise Unavailable("The database schema is not the one that this version needs.")


async def measure_backlog(service: Service) -> None:
    """Set the metrics of what waits in the database, for this worker or another; they are missing without an answer."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            ages, spent = await service.database.read_async(lambda connection: _measure(connection, service.clock()))
    except Exception:
        # Whatever it is, the metrics of the process itself are told.
        _UP.set(0)
        _WAITING.clear()
        _SPENT.clear()
        return
    _UP.set(1)
    for work, seconds in ages.items():
        _WAITING.labels(work).set(seconds)
    for kind in BudgetKind:
        _SPENT.labels(kind.value).set(spent.get(kind, 0))


def _measure(connection: Connection, now: datetime) -> tuple[dict[str, float], dict[str, int]]:
    return _ages(connection, now), budgets.count_spent(connection)


def _ages(connection: Connection, now: datetime) -> dict[str, float]:
    """Return how long the oldest piece of each kind of work has waited, in seconds, 0 where none waits."""
    oldest = backlog.oldest(connection)
    return {work: max((now - at).total_seconds(), 0.0) if at is not None else 0.0 for work, at in oldest.items()}
