"""Ralph beside the service: single statements and bulk, stored nowhere, against reports and bulk that are durable.

Ralph (https://github.com/openfun/ralph) is a learning record store on FastAPI and Pydantic. Its statements are smaller
than a report, and it is spared here the search for a statement of the same id and the storing.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from benchmarks.http_calls import REQUESTS, ROUNDS
from benchmarks.probes import load
from benchmarks.probes.load import Load, posts
from benchmarks.table import Row, at_least, shown
from benchmarks.world.installation import ROOT, World, process_on_port

ENVIRONMENT = ROOT / ".venv-ralph"
STATEMENTS = "/xAPI/statements"
AUTHORIZATION = f"Basic {base64.b64encode(b'bench:bench').decode()}"
CONNECTIONS = (8, 32)
TIMES = 2
"""How many times as many reports as Ralph takes single statements."""
TOGETHER = 50
"""Statements, and completions, of one bulk request."""
BULKS = 20


def rows(installed: World, database: str, ours: int, take: Callable[[int], list[bytes]]) -> Iterator[Row]:
    """Measure both; `take` gives so many bodies of new reports."""
    if not (ENVIRONMENT / ".installed").exists():
        print("skipped: the rows against Ralph, for it is not installed here (make .venv-ralph/.installed)", flush=True)
        return
    command = [str(ENVIRONMENT / "bin" / "python"), "benchmarks/floors/ralph_server.py"]
    with process_on_port(command, dict(os.environ)) as port:
        report = partial(load.run, ours, "/v1/learner-completions", installed.key)
        for connections in CONNECTIONS:
            statements = posts(STATEMENTS, [_statement(number) for number in range(REQUESTS // 2)])
            measured = load.alternately(
                ROUNDS,
                {
                    "Ralph": partial(load.send, port, AUTHORIZATION, statements, connections),
                    "ours": lambda connections=connections: report(take(REQUESTS // 2), connections),
                },
            )
            yield at_least(
                f"report, {connections} c., {database}", "Ralph storing nothing, single",
                measured["ours"].per_second, measured["Ralph"].per_second, TIMES,
            )  # fmt: skip
        yield _bulk(installed, database, ours, port, take)


def _bulk(installed: World, database: str, ours: int, port: int, take: Callable[[int], list[bytes]]) -> Row:
    def reported() -> Load:
        bodies = [b'{"items":[' + b",".join(take(TOGETHER)) + b"]}" for _ in range(BULKS)]
        return load.run(ours, "/v1/learner-completions:bulk", installed.key, bodies, 2)

    stated = posts(STATEMENTS, _bulks())
    measured = load.alternately(ROUNDS, {"Ralph": partial(load.send, port, AUTHORIZATION, stated, 2), "ours": reported})
    return shown(
        f"bulk of {TOGETHER}, records, 2 c., {database}", "Ralph storing nothing, bulk",
        measured["ours"].per_second * TOGETHER, measured["Ralph"].per_second * TOGETHER,
    )  # fmt: skip


def _bulks() -> Sequence[bytes]:
    return [b"[" + b",".join(_statement(number) for number in range(TOGETHER)) + b"]" for _ in range(BULKS)]


def _statement(number: int) -> bytes:
    statement = {
        "actor": {"mbox": f"mailto:learner-{number}@example.org", "name": f"Learner {number}"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/completed", "display": {"en-US": "completed"}},
        "object": {"id": "https://example.org/activities/649069826", "definition": {"name": {"en-US": "Measured"}}},
        "result": {"completion": True, "success": True, "extensions": {"https://example.org/credits": 1}},
        "timestamp": "2026-06-01T00:00:00Z",
    }
    return json.dumps(statement).encode()
