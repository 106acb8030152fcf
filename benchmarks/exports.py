"""Exports of very many completions over HTTP, against the database's own dump of the same columns.

On PostgreSQL that is COPY to a file, on SQLite a bare cursor whose rows nobody looks at. `PARS_BENCH_EXPORTED` is the
number of completions.
"""

from __future__ import annotations

import http.client
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial

import psycopg

from benchmarks.table import Row, at_least, at_most, middle, shown
from benchmarks.world.installation import PROVIDER, World, served, world
from benchmarks.world.many_completions import ManyCompletions

PHYSICIANS = 20_000
ROUNDS = 3
GOALS = {"sqlite": 0.75, "postgresql": 0.25}
FLOORS = {"sqlite": "a bare cursor", "postgresql": "COPY to a file"}
DOCUMENTS = ("xml", "json")
"""PARS documents, which have five times as many bytes of a record as a table."""
MOST_GROWTH = 40
"""MB that a process may grow by while it writes an export of any length."""


def rows(database: str) -> Iterator[Row]:
    """Measure a small export: the ratio, not the length, is of interest."""
    yield from measured(database, int(os.environ.get("PARS_BENCH_EXPORTED", "100000")))


def large_rows(database: str) -> Iterator[Row]:
    """Measure an export of a million."""
    yield from measured(database, int(os.environ.get("PARS_BENCH_EXPORTED", "1000000")))


def measured(database: str, count: int) -> Iterator[Row]:
    """Export all completions in each format, and dump them."""
    with world(database, PHYSICIANS) as installed:
        ManyCompletions(installed, count).fill()
        dump = _cursor if database == "sqlite" else _copy
        sql = _dump_sql(database)
        with served("app.main:create_app", installed.environment) as port:
            floor, ours = [], {"csv": [], "ndjson": [], "xml": [], "json": []}
            for _ in range(ROUNDS):
                floor.append(_rate(partial(dump, installed, sql)))
                for format, rates in ours.items():
                    rates.append(_rate(partial(_download, installed, port, format)))
            before = _resident(port)
            workbook = _rate(partial(_download, installed, port, "xlsx"))
            grown = _resident(port) - before
        for format, rates in ours.items():
            name = f"export of {count} completions as {format}, {database}"
            if format in DOCUMENTS:
                yield shown(name, FLOORS[database], middle(rates), middle(floor))
            else:
                yield at_least(name, FLOORS[database], middle(rates), middle(floor), GOALS[database])
        yield shown(f"export of {count} completions as xlsx, {database}", FLOORS[database], workbook, middle(floor))
        yield at_most(f"memory of the server, {count} as xlsx", f"{MOST_GROWTH} MB", grown, MOST_GROWTH, 1, "MB")


def _rate(read: Callable[[], int]) -> float:
    """Return rows a second."""
    begun = time.perf_counter()
    return read() / (time.perf_counter() - begun)


def _download(installed: World, port: int, format: str) -> int:
    """Read an export and drop it; return how many lines it has, or bytes by which its rows are known."""
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
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    (line,) = (line for line in text.splitlines() if line.startswith("process_resident_memory_bytes "))
    return float(line.split()[1]) / 2**20


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
    connection = sqlite3.connect(str(installed.service.database.url.database))
    connection.execute("PRAGMA mmap_size=268435456")
    try:
        return sum(1 for _ in connection.execute(sql))
    finally:
        connection.close()


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
