"""Single completions while the sealer works off a backlog, and how soon their own events are in a feed then."""

from __future__ import annotations

import time
from collections.abc import Iterator

from sqlalchemy import Connection

from app.store.sql import statements
from app.worker import seal
from benchmarks import load
from benchmarks.feed_crowd import FeedCrowd
from benchmarks.table import Row, at_most, middle
from benchmarks.world import World, served, world

BACKLOG = 100_000
ROUNDS = 3
REQUESTS = 1_000
CONNECTIONS = 8
PATH = "/v1/learner-completions"
P99 = 5
SECONDS = 2
SERVER = "app.server:process"


def rows(database: str) -> Iterator[Row]:
    """Measure single completions beside a worker with nothing to do, then beside one with a backlog."""
    with world(database, 5_000) as installed:
        crowd = FeedCrowd.of(installed)
        bodies = iter(installed.bodies(2 * REQUESTS * ROUNDS))
        alone, beside, late_alone, late = [], [], [], []
        for _ in range(ROUNDS):
            while seal(installed.service):
                pass
            piece = [next(bodies) for _ in range(REQUESTS)]
            with served(SERVER, installed.environment) as port:
                alone.append(load.run(port, PATH, installed.key, piece, CONNECTIONS))
                late_alone.append(_until_published(installed))
            while seal(installed.service):
                pass
            crowd.multiply(BACKLOG, together=False)
            piece = [next(bodies) for _ in range(REQUESTS)]
            with served(SERVER, installed.environment) as port:
                beside.append(load.run(port, PATH, installed.key, piece, CONNECTIONS))
                late.append(_until_published(installed))
        yield at_most(
            f"single completions, p99 beside a backlog, {database}", "p99 without it",
            middle(each.p99 for each in beside), middle(each.p99 for each in alone), P99,
        )  # fmt: skip
        yield at_most(f"  an event in its feed, {database}", "2 s", middle(late_alone), SECONDS, 1, "s")
        yield at_most(f"  behind what is left of {BACKLOG} others, {database}", "2 s", middle(late), SECONDS, 1, "s")


def _until_published(installed: World) -> float:
    """Return how many seconds it takes until what was committed last is sealed."""
    begun = time.perf_counter()
    last = installed.service.database.read(_last)
    while last is not None and (first := installed.service.database.read(_first)) is not None and first <= last:
        time.sleep(0.01)
    return time.perf_counter() - begun


def _last(connection: Connection) -> int | None:
    found: int | None = statements.fetch(connection, "SELECT max(position) FROM unsealed")[0][0]
    return found


def _first(connection: Connection) -> int | None:
    found: int | None = statements.fetch(connection, "SELECT min(position) FROM unsealed")[0][0]
    return found
