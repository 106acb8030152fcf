"""A board's feed: publishing what was committed, and reading it over HTTP, against a plain dump of the same rows.

`PARS_BENCH_COMPLETIONS` says how many events; 100,000 unless told otherwise.
"""

from __future__ import annotations

import csv
import http.client
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from app.services.access import clients
from app.services.context import operator, transact
from app.store.sql import statements
from app.worker import seal
from benchmarks.feed_crowd import BOARD, TEMPLATES, FeedCrowd
from benchmarks.table import Row, at_least, middle
from benchmarks.world import World, served, world

EVENTS = int(os.environ.get("PARS_BENCH_COMPLETIONS", "100000"))
ROUNDS = 3
PUBLISHING = 0.10
READING = 0.25
PATH = "/v1/board-feed"

DOCUMENT = {"sqlite": "json_extract(v.document, '$.{}')", "postgresql": "v.document ->> '{}'"}


def dumped(database: str, after: int) -> str:
    """Return the query of what a board is told from a position on, every column as it is stored."""
    activity, learner = (DOCUMENT[database].format(name) for name in ("activity_id", "learner_id"))
    return (
        "SELECT f.position, f.event_id, e.event, e.credit_id, e.at, v.document, a.activity_id, a.title, a.format, "
        "a.start_date, a.end_date, p.provider_id, p.name, l.first_name, l.last_name, l.birth_date FROM feed f "
        "JOIN board_events e ON e.event_id = f.event_id "
        "JOIN completion_versions v ON v.completion_id = e.completion_id AND v.version = e.version "
        f"JOIN activities a ON a.activity_id = {activity} JOIN providers p ON p.provider_id = a.provider_id "
        f"LEFT JOIN learners l ON l.learner_id = {learner} "
        f"WHERE f.board = '{BOARD}' AND f.position > {after} ORDER BY f.position"
    )


def rows(database: str) -> Iterator[Row]:
    """Measure publishing, with one event to a commit and with many, then reading from the first event to the last."""
    with world(database, 5_000) as installed:
        crowd = FeedCrowd.of(installed)
        while seal(installed.service):
            pass
        part = max(EVENTS // (2 * ROUNDS), TEMPLATES)
        for together, shape in ((False, "one a commit"), (True, "a file's")):
            ours, floor = [], []
            for _ in range(ROUNDS):
                known = _last(installed)
                crowd.multiply(part, together=together)
                ours.append(_published(installed, known))
                floor.append(_dump(installed, known))
            yield at_least(
                f"board feed: publishing, {shape}, {database}", "dump of the same rows", middle(ours), middle(floor),
                PUBLISHING,
            )  # fmt: skip
        with served("app.main:create_app", installed.environment) as port:
            key = transact(operator(installed.service), clients.create, BOARD, role="board", board=BOARD).api_key
            ours, floor = [], []
            for _ in range(ROUNDS):
                ours.append(_read(installed, port, key))
                floor.append(_dump(installed, 0))
        yield at_least(
            f"board feed: reading {_last(installed)}, {database}", "dump of the same rows", middle(ours),
            middle(floor), READING,
        )  # fmt: skip


def _last(installed: World) -> int:
    found = installed.service.database.read(
        lambda connection: statements.fetch(connection, "SELECT max(position) FROM feed WHERE board = :b", {"b": BOARD})
    )
    return int(found[0][0] or 0)


def _published(installed: World, known: int) -> float:
    """Let the sealer work until nothing is left; return events a second."""
    begun = time.perf_counter()
    while seal(installed.service):
        pass
    taken = time.perf_counter() - begun
    return (_last(installed) - known) / taken


def _dump(installed: World, after: int) -> float:
    """Let the database write the rows into a file by itself; return rows a second."""
    url = installed.service.database.url
    count = _last(installed) - after
    file = Path(installed.service.settings.data_dir) / "dump.csv"
    if installed.service.database.on_sqlite:
        begun = time.perf_counter()
        with file.open("w", newline="") as out:
            connection = sqlite3.connect(str(url.database))
            csv.writer(out).writerows(connection.execute(dumped("sqlite", after)))
            connection.close()
    else:
        import psycopg

        with psycopg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False)) as connection:
            # Where the server itself may write.
            ((folder,),) = connection.execute("SHOW data_directory").fetchall()
            begun = time.perf_counter()
            connection.execute(f"COPY ({dumped('postgresql', after)}) TO '{folder}/dump.csv' CSV")
    taken = time.perf_counter() - begun
    return count / taken


def _read(installed: World, port: int, key: str) -> float:
    """Read the feed page by page as its board does; return events a second."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    expected = _last(installed)
    last, cursor = 0, None
    begun = time.perf_counter()
    while last < expected:
        after = f"&after={cursor}" if cursor else ""
        connection.request("GET", f"{PATH}?limit=500{after}", headers={"Authorization": f"Bearer {key}"})
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200, body
        cursor = body.rpartition(b'"next_cursor":"')[2].partition(b'"')[0].decode()
        last = int(body.rpartition(b'{"position":')[2].partition(b",")[0])
    return expected / (time.perf_counter() - begun)
