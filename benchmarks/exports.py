"""Exports of very many completions over HTTP, against the database's own dump of the same columns.

On PostgreSQL that is COPY to a file, on SQLite a bare cursor whose rows nobody looks at, and beside it one whose rows
`csv.writer` writes to a file: the least that a program of Python does to write anything. Rates are rows for each second
of processor time, of the server and of the database, for other programs may run beside; the best of several turns.
`PARS_BENCH_EXPORTED` is the number of completions.
"""

from __future__ import annotations

import csv
import http.client
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial

import psycopg

from benchmarks.probes import processor_time
from benchmarks.table import Row, at_least, at_most, shown
from benchmarks.world.installation import PROVIDER, World, served, world
from benchmarks.world.many_completions import ManyCompletions

PHYSICIANS = 20_000
ROUNDS = 4
GOALS = {"sqlite": 0.75, "postgresql": 0.25}
FLOORS = {"sqlite": "a bare cursor", "postgresql": "COPY to a file"}
WRITTEN = "a cursor and csv.writer"
TABLES, DOCUMENTS = ("csv", "ndjson"), ("xml", "json")
"""PARS documents have three and four times as many bytes of a record as a table."""
MOST_GROWTH = {"xlsx": 40, "xml": 40, "json": 40}
"""MB that a process may grow by while it writes an export of any length."""


def rows(database: str) -> Iterator[Row]:
    """Measure a small export: the ratio, not the length, is of interest."""
    yield from measured(database, int(os.environ.get("PARS_BENCH_EXPORTED", "100000")))


def large_rows(database: str) -> Iterator[Row]:
    """Measure an export of a million."""
    yield from measured(database, int(os.environ.get("PARS_BENCH_EXPORTED", "1000000")))


def measured(database: str, count: int) -> Iterator[Row]:
    """Export all completions in each format, and dump them, in turns."""
    with world(database, PHYSICIANS) as installed:
        ManyCompletions(installed, count).fill()
        sql = _dump_sql(database)
        with served("app.main:create_app", installed.environment) as port:
            ways: dict[str, Callable[[], int]] = {
                format: partial(_download, installed, port, format) for format in (*TABLES, *DOCUMENTS, "xlsx")
            }
            ways[FLOORS[database]] = partial(_cursor if database == "sqlite" else _copy, installed, sql)
            if database == "sqlite":
                ways[WRITTEN] = partial(_written, installed, sql)
            floors = {FLOORS[database], WRITTEN}
            best, grown = dict.fromkeys(ways, 0.0), dict.fromkeys(MOST_GROWTH, 0.0)
            for _ in range(ROUNDS):
                for way, read in ways.items():
                    before = _resident(port)
                    best[way] = max(best[way], _rate(installed, None if way in floors else port, read))
                    if way in grown:
                        grown[way] = max(grown[way], _resident(port) - before)
        yield from _compared(database, count, best)
        for format, most in MOST_GROWTH.items():
            yield at_most(f"memory of the server, {count} as {format}", f"{most} MB", grown[format], most, 1, "MB")


def _compared(database: str, count: int, best: dict[str, float]) -> Iterator[Row]:
    floor = FLOORS[database]
    # A bare cursor writes nothing; what writes is held against what writes, too.
    written = WRITTEN if database == "sqlite" else floor
    for format in (*TABLES, *DOCUMENTS):
        name = f"export of {count} completions as {format}, {database}"
        if format in TABLES and written != floor:
            yield at_least(name, floor, best[format], best[floor], GOALS[database])
        yield at_least(name, written, best[format], best[written], GOALS[database])
    yield shown(f"export of {count} completions as xlsx, {database}", floor, best["xlsx"], best[floor])
    if database == "sqlite":
        yield shown(f"{WRITTEN}, {count} completions", floor, best[WRITTEN], best[floor])


def _rate(installed: World, port: int | None, read: Callable[[], int]) -> float:
    """Return rows for each second of processor time: of the server at a port, else of this process."""
    begun = _spent(installed, port)
    return read() / (_spent(installed, port) - begun)


def _spent(installed: World, port: int | None) -> float:
    own = processor_time.seconds(installed)
    # Who reads a download is no part of its server.
    return own if port is None else own - time.process_time() + _figure(port, "process_cpu_seconds_total")


def _download(installed: World, port: int, format: str) -> int:
    """Read an export and drop it; return how many rows it has."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    path = f"/v1/learner-completions:export?format={format}"
    connection.request("GET", path, headers={"Authorization": f"Bearer {installed.key}"})
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    lines = 0
    while piece := answer.read(1_048_576):
        lines += piece.count(b"\n")
    connection.close()
    return lines if format != "xlsx" else _credits(installed)


def _resident(port: int) -> float:
    """Return the memory of the server in MB, as it says itself."""
    return _figure(port, "process_resident_memory_bytes") / 2**20


def _figure(port: int, name: str) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    (line,) = (line for line in text.splitlines() if line.startswith(f"{name} "))
    return float(line.split()[1])


def _credits(installed: World) -> int:
    from app.store.sql.statements import fetch_value

    sql = "SELECT count(*) FROM completions WHERE withdrawn_at IS NULL AND provider_id = :provider"
    return int(installed.service.database.read(lambda connection: fetch_value(connection, sql, {"provider": PROVIDER})))


_COLUMNS = (
    "x.board, c.first_name, c.last_name, c.birth_date, x.reported_id, a.title, c.activity_id, a.internal_id, a.format, "
    "c.completed_on, c.submitted_at, x.quarters, {types}, x.status, x.status_reason, x.status_text, x.status_at, "
    "x.kind, x.delivery, c.entry_method, {references}, c.npi, l.link, c.occasion, c.completion_id, x.credit_id"
)
_JOINS = (
    "completions c JOIN activities a ON a.activity_id = c.activity_id "
    "LEFT JOIN learner_links l ON l.provider_id = c.provider_id AND l.learner_id = c.learner_id "
    "LEFT JOIN credits x ON x.completion_id = c.completion_id"
)
_WHERE = f"WHERE c.provider_id = '{PROVIDER}' AND c.withdrawn_at IS NULL ORDER BY c.completion_id DESC"


def _dump_sql(database: str) -> str:
    """Return the query of the same columns, as each database answers it fastest."""
    if database == "sqlite":
        types = "(SELECT group_concat(quarters || ' ' || credit_type) FROM credit_types WHERE credit_id = x.credit_id)"
        references = "(SELECT group_concat(client_reference) FROM credit_references WHERE credit_id = x.credit_id)"
        return f"SELECT {_COLUMNS.format(types=types, references=references)} FROM {_JOINS} {_WHERE}"
    types = "SELECT credit_id, string_agg(quarters || ' ' || credit_type, '; ') AS all_of FROM credit_types GROUP BY 1"
    references = "SELECT credit_id, string_agg(client_reference, '; ') AS all_of FROM credit_references GROUP BY 1"
    return (
        f"SELECT {_COLUMNS.format(types='t.all_of', references='r.all_of')} FROM {_JOINS} "
        f"LEFT JOIN ({types}) t ON t.credit_id = x.credit_id LEFT JOIN ({references}) r ON r.credit_id = x.credit_id "
        f"{_WHERE}"
    )


def _cursor(installed: World, sql: str) -> int:
    with _opened(installed) as connection:
        return sum(1 for _ in connection.execute(sql))


def _written(installed: World, sql: str) -> int:
    with (
        _opened(installed) as connection,
        tempfile.TemporaryFile("w", encoding="utf-8", newline="") as file,
    ):
        csv.writer(file).writerows(connection.execute(sql))
    return _credits(installed)


def _opened(installed: World) -> closing[sqlite3.Connection]:
    connection = sqlite3.connect(str(installed.service.database.url.database))
    connection.execute("PRAGMA mmap_size=268435456")
    return closing(connection)


def _copy(installed: World, sql: str) -> int:
    address = installed.service.settings.database_url.replace("postgresql+psycopg", "postgresql")
    with (
        psycopg.connect(address) as connection,
        tempfile.TemporaryFile() as file,
        connection.cursor().copy(f"COPY ({sql}) TO STDOUT (FORMAT csv)") as copied,
    ):
        lines = 0
        for piece in copied:
            file.write(piece)
            lines += bytes(piece).count(b"\n")
        return lines
