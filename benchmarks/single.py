"""Single completions over HTTP, against the same endpoint without a database, in the same process and run."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.probes import load
from benchmarks.table import Row, at_least, at_most, middle
from benchmarks.world.installation import served, world

ROUNDS = 3
REQUESTS = 1_500
SHARE = {"sqlite": 0.25, "postgresql": 0.20}


def rows(database: str) -> Iterator[Row]:
    """Measure 8 and 32 connections, alternating with the floor, over several rounds."""
    with world(database, 5_000) as installed, served("benchmarks.floors.endpoint:app", installed.environment) as port:
        bodies = iter(installed.bodies(2 * REQUESTS * (ROUNDS + 1)))
        for connections in (8, 32):
            floors: list[load.Load] = []
            ours: list[load.Load] = []
            for _ in range(ROUNDS):
                piece = [next(bodies) for _ in range(REQUESTS)]
                floors.append(load.run(port, "/floor/learner-completions", installed.key, piece, connections))
                ours.append(load.run(port, "/v1/learner-completions", installed.key, piece, connections))
                assert ours[-1].statuses == {"201": REQUESTS}, ours[-1].statuses
            yield at_least(
                f"single completion, {connections} connections, {database}",
                "same endpoint, no database",
                middle(load_run.per_second for load_run in ours),
                middle(load_run.per_second for load_run in floors),
                SHARE[database],
            )
            yield at_most(
                f"  its p99, {connections} connections, {database}",
                "its own p50",
                middle(load_run.p99 for load_run in ours),
                middle(load_run.p50 for load_run in ours),
                3,
            )
