"""Single reports over HTTP, each durable, against what is not the service's own.

Four peers, each loaded in turn with the service, in the same run:

    plain FastAPI    the same Pydantic model, and nothing else: no key, no database
    a commit         one row of 1 KB made durable in SQLite, with nothing around it
    pgbench          the statements of the same reports, sent by PostgreSQL's own load generator
    Ralph            an open learning record store, with storage that keeps nothing
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from itertools import cycle, islice
from pathlib import Path

import psycopg

from benchmarks import ralph
from benchmarks.floors import frameworks, recorded_reports
from benchmarks.http_calls import REQUESTS, ROUNDS
from benchmarks.probes import durable_commit, load, pgbench
from benchmarks.probes.load import Load, posts
from benchmarks.table import Row, at_least, at_most, middle, shown
from benchmarks.world.installation import World, served, served_plainly, world

PATH = "/v1/learner-completions"
PHYSICIANS = 10_000
SHARE = {"sqlite": {8: 0.22, 32: 0.30}, "postgresql": {8: 0.14, 32: 0.25}}
OF_PGBENCH = {8: 0.18, 32: 0.25}
SLOWEST = 3
"""The slowest hundredth, against the report in the middle."""
ALONE = 4
"""One connection's report, against a plain request and one commit."""
TURNS = {8: 64, 32: 24}
"""Transactions of each of pgbench's clients a round."""


def rows(database: str) -> Iterator[Row]:
    """Measure reports at 1, 8 and 32 connections."""
    with ExitStack() as stack:
        installed = stack.enter_context(world(database, PHYSICIANS))
        peer = _pgbench(installed) if database == "postgresql" else None
        ours = stack.enter_context(served("app.server:process", installed.environment))
        plain = stack.enter_context(served_plainly("benchmarks.floors.frameworks:fastapi"))
        reports = _Reports(installed, database, ours, plain)
        yield from reports.alone()
        for connections in (8, 32):
            yield from reports.together(connections, peer)
        yield from ralph.rows(installed, database, ours, reports.take)


class _Reports:
    """Reports that are sent, none of them twice."""

    def __init__(self, installed: World, database: str, ours: int, plain: int) -> None:
        self.installed = installed
        self.database = database
        self.ours, self.plain = ours, plain
        self._bodies = iter(installed.bodies(ROUNDS * (4 * REQUESTS + ralph.BULKS * ralph.TOGETHER)))

    def take(self, count: int) -> list[bytes]:
        """Return bodies that were not sent yet."""
        taken = list(islice(self._bodies, count))
        assert len(taken) == count
        return taken

    def alone(self) -> Iterator[Row]:
        """Yield what one connection sees, which waits for a commit of its own every time."""
        commits: list[float] = []
        folder = Path(self.installed.service.settings.data_dir)

        def commit_and_report() -> Load:
            commits.append(durable_commit.milliseconds(folder))
            return self._report(REQUESTS // 4, 1)

        measured = load.alternately(ROUNDS, {"plain": self._post(REQUESTS // 4, 1), "ours": commit_and_report})
        ours, plain = measured["ours"], measured["plain"]
        yield shown(f"report, 1 c., {self.database}", "plain FastAPI", ours.per_second, plain.per_second)
        if self.database == "sqlite":
            least = plain.p50 + middle(commits)
            yield at_most(
                "  its p50, 1 c., sqlite", f"p50 plain {plain.p50:.2f} + commit {middle(commits):.2f}",
                ours.p50, least, ALONE,
            )  # fmt: skip

    def together(self, connections: int, peer: Callable[[int], float] | None) -> Iterator[Row]:
        """Yield what several connections reach together."""
        rates: list[float] = []

        def report() -> Load:
            if peer is not None:
                rates.append(peer(connections))
            return self._report(REQUESTS, connections)

        measured = load.alternately(ROUNDS, {"plain": self._post(REQUESTS, connections), "ours": report})
        ours, plain = measured["ours"], measured["plain"]
        assert set(ours.statuses) == {"201"}, ours.statuses
        named = f"{connections} c., {self.database}"
        goal = SHARE[self.database][connections]
        yield at_least(f"report, {named}", "plain FastAPI", ours.per_second, plain.per_second, goal)
        yield at_most(f"  its p99, {named}", "its own p50", ours.p99, ours.p50, SLOWEST)
        if rates:
            goal = OF_PGBENCH[connections]
            yield at_least(f"  the same, {named}", "pgbench, same statements", ours.per_second, middle(rates), goal)

    def _report(self, count: int, connections: int) -> Load:
        return load.run(self.ours, PATH, self.installed.key, self.take(count), connections)

    def _post(self, count: int, connections: int) -> Callable[[], Load]:
        bodies = list(islice(cycle(self.installed.bodies(REQUESTS)), count))
        return partial(load.send, self.plain, "none", posts(frameworks.PATH, bodies), connections)


def _pgbench(installed: World) -> Callable[[int], float] | None:
    """Return what runs a round of pgbench with so many connections, and its rate; None where there is no pgbench."""
    program = pgbench.find_pgbench()
    if program is None:
        print("skipped: the rows against pgbench, for there is no pgbench here", flush=True)
        return None
    url = installed.service.database.url
    needed = ROUNDS * sum(clients * turns for clients, turns in TURNS.items())
    runs = recorded_reports.record(installed, installed.bodies(2 * needed, "2026-05-01"), needed)
    with psycopg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False)) as connection:
        script = recorded_reports.write_script(connection, runs)
    used = 0

    def run_round(connections: int) -> float:
        nonlocal used
        turns, first = TURNS[connections], used
        used += connections * turns
        return pgbench.transactions_per_second(program, url, script, connections, turns, first)

    return run_round
