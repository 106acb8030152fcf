"""Learner validations: one at a time over HTTP, and files of them, among as many physicians as there are."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice

from sqlalchemy import Connection

from app.domain.identity import Result
from app.domain.validations import ValidationRequest
from app.domain.words import short_id_key
from app.services import validations
from app.services.context import Work, operator
from app.store import dialect
from benchmarks import load
from benchmarks.table import Row, at_most, middle
from benchmarks.world import PROVIDER, World, served, world

ROUNDS = 3
REQUESTS = 1_500
CONNECTIONS = 8
ASKED = 100_000
AT_ONCE = 5_000


def rows(database: str, physicians: int = 200_000) -> Iterator[Row]:
    """Measure single validations against a request that touches nothing, then files against the bare join."""
    with world(database, physicians) as installed:
        yield from _single(installed, database, physicians)
        yield from _files(installed, database, physicians)


def _single(installed: World, database: str, physicians: int) -> Iterator[Row]:
    with served("benchmarks.floor:app", installed.environment) as port:
        for how in ("name and birth date", "name, birth date, state, licence", "name alone", "a miss"):
            bodies = iter([json.dumps(each).encode() for each in _bodies(installed, how)])
            floors: list[load.Load] = []
            ours: list[load.Load] = []
            for _ in range(ROUNDS):
                floors.append(load.run(port, "/floor/nothing", installed.key, [b"{}"] * REQUESTS, CONNECTIONS))
                piece = list(islice(bodies, REQUESTS))
                # Whom the provider meets first is kept, which costs a commit, once in a lifetime: not what is measured.
                load.run(port, "/v1/learner-validations", installed.key, piece, CONNECTIONS)
                ours.append(load.run(port, "/v1/learner-validations", installed.key, piece, CONNECTIONS))
                assert ours[-1].statuses == {"200": REQUESTS}, ours[-1].statuses
            yield at_most(
                f"p99 of one among {physicians} by {how}, {database}",
                "authenticated, touching nothing",
                middle(each.p99 for each in ours),
                middle(each.p99 for each in floors),
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


def _files(installed: World, database: str, physicians: int) -> Iterator[Row]:
    numbers = [
        (held.board, short_id_key(held.key), held.key)
        for row in installed.learners[:ASKED]
        for held in row.licenses[:1]
    ]
    for how in ("licence", "licence and board id", "name, birth date and state"):
        requests = list(_requests(installed, how))
        floor, first, again = [], [], []
        for _ in range(ROUNDS):
            floor.append(_timed(installed, partial(_joined, numbers)))
            took = _timed(installed, partial(_validated, installed, requests), writing=True)
            (again if first else first).append(took)
        operation = f"{len(requests)} validations among {physicians} by {how}, {database}"
        yield at_most(operation, "the same rows joined by exact id in SQL", middle(again), middle(floor), 6)
    yield at_most(f"  the first time, links kept, {database}", "the same", first[0], middle(floor), 6)


def _requests(installed: World, how: str) -> Iterator[ValidationRequest]:
    for row in installed.learners[:ASKED]:
        held = row.licenses[0]
        certified = row.certifications[:1] if how == "licence and board id" else ()
        yield ValidationRequest(
            first_name=row.first_name,
            last_name=row.last_name,
            birth_date=row.birth_date,
            state=held.board,
            license_id=held.number if how.startswith("licence") else None,
            board=certified[0].board if certified else None,
            board_id=certified[0].number if certified else None,
        )


def _validated(installed: World, requests: list[ValidationRequest], connection: Connection) -> None:
    work = Work(connection=connection, caller=operator(installed.service, PROVIDER), now=installed.service.clock())
    fitting = 0
    for start in range(0, len(requests), AT_ONCE):
        piece = requests[start : start + AT_ONCE]
        fitting += sum(each.result is Result.ONE for each in validations.validate_each([work] * len(piece), piece))
    work.record()
    assert fitting > 0.9 * len(requests)


def _joined(numbers: list[tuple[str, str, str]], connection: Connection) -> None:
    on = "licenses h ON h.board = k.board AND h.short_key = k.short AND h.id_key = k.exact"
    found = sum(
        len(
            dialect.by_keys(
                connection, "h.learner_id", ("board", "short", "exact"), numbers[start : start + AT_ONCE], on
            )
        )
        for start in range(0, len(numbers), AT_ONCE)
    )
    assert found >= len(numbers)


def _timed(installed: World, verb: Callable[[Connection], None], *, writing: bool = False) -> float:
    database = installed.service.database
    begun = time.perf_counter()
    (database.write if writing else database.read)(verb)
    return (time.perf_counter() - begun) * 1000
