"""Learner validations one at a time over HTTP; `validation_files` has those from files.

`PARS_BENCH_PHYSICIANS` says among how many physicians; 200,000 unless told otherwise.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from itertools import islice

from benchmarks.probes import load
from benchmarks.table import Row, at_most, middle
from benchmarks.world.installation import World, served, world

PHYSICIANS = int(os.environ.get("PARS_BENCH_PHYSICIANS", "200000"))
ROUNDS = 3
REQUESTS = 1_500
CONNECTIONS = 8


def rows(database: str) -> Iterator[Row]:
    """Measure the slowest hundredth of single validations; `http_calls` has their rate."""
    with world(database, PHYSICIANS) as installed:
        yield from _single(installed, database)


def _single(installed: World, database: str) -> Iterator[Row]:
    with served("app.server:process", installed.environment) as port:
        for how in ("name and birth date", "name, birth date, state, licence", "name alone", "a miss"):
            bodies = iter([json.dumps(body).encode() for body in _bodies(installed, how)])
            ours: list[load.Load] = []
            for _ in range(ROUNDS):
                piece = list(islice(bodies, REQUESTS))
                # The first validation of a person is stored, which costs a commit once; that is not measured.
                load.run(port, "/v1/learner-validations", installed.key, piece, CONNECTIONS)
                ours.append(load.run(port, "/v1/learner-validations", installed.key, piece, CONNECTIONS))
                assert ours[-1].statuses == {"200": REQUESTS}, ours[-1].statuses
            yield at_most(
                f"p99 of one among {PHYSICIANS} by {how}, {database}",
                "its own p50",
                middle(load_run.p99 for load_run in ours),
                middle(load_run.p50 for load_run in ours),
                3,
            )


def _bodies(installed: World, how: str) -> Iterator[dict[str, str | None]]:
    for row in installed.learners:
        body: dict[str, str | None] = {"first_name": row.first_name, "last_name": row.last_name}
        if how != "name alone":
            body["date_of_birth"] = str(row.birth_date)
        if how == "name, birth date, state, licence":
            body |= {"state": row.licenses[0].board, "license_id": row.licenses[0].number}
        if how == "a miss":
            body["license_id"] = "nobody's"
        yield body
