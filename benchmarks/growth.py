"""Growth: how long one report and the first page take among many completions, against a hundred thousand."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator

import msgspec

from benchmarks.table import Row, at_most, middle
from benchmarks.world.installation import World, served, world
from benchmarks.world.many_completions import ManyCompletions

FEW = 100_000
PHYSICIANS = 20_000
ROUNDS = 300
GOAL = 1.3
PATH = "/v1/learner-completions"


class Latencies(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds, in the middle of many."""

    report: float
    page: float


def among_few(database: str) -> Latencies:
    """Return the latencies among a hundred thousand completions."""
    with world(database, PHYSICIANS) as installed:
        ManyCompletions(installed, FEW).fill()
        with served("app.main:create_app", installed.environment) as port:
            return latencies(port, installed)


def latencies(port: int, installed: World) -> Latencies:
    """Report records one by one, and ask for the first page after each."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    head = {"Authorization": f"Bearer {installed.key}", "Content-Type": "application/json"}

    def timed(method: str, body: bytes | None, status: int) -> float:
        begun = time.perf_counter()
        connection.request(method, PATH, body, head)
        answer = connection.getresponse()
        read = answer.read()
        taken = (time.perf_counter() - begun) * 1_000
        assert answer.status == status, read
        json.loads(read)
        return taken

    reports: list[float] = []
    pages: list[float] = []
    for body in installed.bodies(ROUNDS):
        reports.append(timed("POST", body, 201))
        pages.append(timed("GET", None, 200))
    connection.close()
    return Latencies(report=middle(reports), page=middle(pages))


def compared(few: Latencies, many: Latencies, count: int) -> Iterator[Row]:
    """Yield how much longer things take among many completions."""
    yield at_most(f"one report among {count:,}", f"among {FEW:,}", many.report, few.report, GOAL)
    yield at_most(f"the first page among {count:,}", f"among {FEW:,}", many.page, few.page, GOAL)
