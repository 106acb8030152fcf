"""Calls over HTTP, against the same calls to plain FastAPI and Starlette applications in the same run.

The plain applications (`floors.frameworks`) have the same models and nothing else: no key, no database. So a ratio of a
call that reads the database says what the whole service costs, not what its HTTP layer does; that is what the call that
does nothing shows, and the report of which only one durable row is stored. Pages and validations read
from several tables: 0.15 of an application that reads nothing is shown as a mark, and is not known to be all that
can be had.

`PARS_BENCH_REQUESTS` and `PARS_BENCH_ROUNDS` set how many requests a round, and how many rounds; for `single` as well.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from itertools import cycle, islice

from benchmarks.floors import endpoint, frameworks
from benchmarks.probes import load, machine
from benchmarks.probes.load import Load, gets, posts
from benchmarks.table import Row, at_least, shown
from benchmarks.world.installation import World, served, served_plainly, world

ROUNDS = int(os.environ.get("PARS_BENCH_ROUNDS", "4"))
REQUESTS = int(os.environ.get("PARS_BENCH_REQUESTS", "1500"))
PHYSICIANS = 5_000
LISTED = 100
"""Completions reported before pages of fifty are read."""
NOTHING_GOAL = 1.2
READ_GOAL = {"sqlite": 0.5, "postgresql": 0.35}
MARK = 0.15
STUBBED_GOAL = {8: 0.6, 32: 0.8}


def rows(database: str) -> Iterator[Row]:
    """Measure calls that do nothing, read by id, read a page, validate, and store one row."""
    with ExitStack() as stack:
        installed = stack.enter_context(world(database, PHYSICIANS))
        endpoint.make_table(installed.service.database)
        ours = stack.enter_context(served("benchmarks.floors.endpoint:app", installed.environment))
        fastapi = stack.enter_context(served_plainly("benchmarks.floors.frameworks:fastapi"))
        starlette = stack.enter_context(served_plainly("benchmarks.floors.frameworks:starlette"))
        calls = _Calls(installed, database, ours, fastapi, starlette)
        yield from calls.calibration()
        yield from calls.nothing()
        yield from calls.stubbed_reports()
        yield from calls.reads_by_id()
        yield from calls.validations()
        yield from calls.pages()


class _Calls:
    """The three servers, and the same requests for each."""

    def __init__(self, installed: World, database: str, ours: int, fastapi: int, starlette: int) -> None:
        self.installed = installed
        self.database = database
        self.ours, self.fastapi, self.starlette = ours, fastapi, starlette
        self.bodies = installed.bodies(REQUESTS)
        self.plain_reports = posts(frameworks.PATH, self.bodies)

    def calibration(self) -> Iterator[Row]:
        """Yield how fast this machine is, in absolute numbers."""
        yield shown("calibration: a fixed amount of Python", "", machine.milliseconds(), None, "ms")
        measured = load.alternately(ROUNDS, {"plain": self._plain(self.fastapi, self.plain_reports, 8)})
        yield shown("calibration: plain FastAPI POST, 8 connections", "", measured["plain"].per_second, None)

    def nothing(self) -> Iterator[Row]:
        """Yield the authenticated call that does nothing, against reading a report's body and no more."""
        for connections in (1, 8, 32):
            requests = posts(endpoint.NOTHING, [b"{}"])
            goal = NOTHING_GOAL if connections == 8 else None
            yield from self._rows("authenticated, does nothing", requests, self.plain_reports, connections, goal)

    def stubbed_reports(self) -> Iterator[Row]:
        """Yield the report with judging and storing replaced by one durable row."""
        for connections in (1, 8, 32):
            requests = posts(endpoint.STUBBED, self.bodies)
            goal = STUBBED_GOAL.get(connections) if self.database == "sqlite" else None
            yield from self._rows("report, one durable row stored", requests, self.plain_reports, connections, goal)

    def reads_by_id(self) -> Iterator[Row]:
        """Yield the GET of an activity by its id, against the GET of a completion from no database."""
        own = gets([f"/v1/activities/{self.installed.activity_id}"])
        plain = gets([f"{frameworks.PATH}/{'0' * 36}"])
        for connections in (1, 8, 32):
            goal = READ_GOAL[self.database] if connections > 1 else None
            yield from self._rows("GET of an activity by id", own, plain, connections, goal)

    def validations(self) -> Iterator[Row]:
        """Yield the validation of a learner by name and birth date; each was asked for once before."""
        asked = [
            json.dumps(
                {"first_name": row.first_name, "last_name": row.last_name, "date_of_birth": str(row.birth_date)}
            ).encode()
            for row in self.installed.learners[:REQUESTS]
        ]
        own = posts("/v1/learner-validations", asked)
        load.send(self.ours, f"Bearer {self.installed.key}", own, 8)
        yield from self._rows("validation", own, posts(frameworks.VALIDATIONS, asked), 8, MARK)

    def pages(self) -> Iterator[Row]:
        """Yield a page of fifty completions."""
        reports = posts("/v1/learner-completions", self.installed.bodies(LISTED))
        load.send(self.ours, f"Bearer {self.installed.key}", reports, 8)
        own, plain = gets(["/v1/learner-completions"]), gets([frameworks.PATH])
        yield from self._rows("page of fifty completions", own, plain, 8, MARK, count=REQUESTS // 5)

    def _rows(
        self,
        name: str,
        own: list[bytes],
        plain: list[bytes],
        connections: int,
        goal: float | None,
        count: int = REQUESTS,
    ) -> Iterator[Row]:
        own, plain = (list(islice(cycle(requests), count)) for requests in (own, plain))
        measured = load.alternately(
            ROUNDS,
            {
                "FastAPI": self._plain(self.fastapi, plain, connections),
                "ours": partial(load.send, self.ours, f"Bearer {self.installed.key}", own, connections),
                "Starlette": self._plain(self.starlette, plain, connections),
            },
        )
        named = f"{name}, {connections} c., {self.database}"
        rate, floor = measured["ours"].per_second, measured["FastAPI"].per_second
        if goal is None:
            yield shown(named, "plain FastAPI", rate, floor)
        else:
            yield at_least(named, "plain FastAPI", rate, floor, goal)
        yield shown("  the same", "plain Starlette", rate, measured["Starlette"].per_second)

    def _plain(self, port: int, requests: list[bytes], connections: int) -> Callable[[], Load]:
        return partial(load.send, port, "none", requests, connections)
