"""What one durable commit of a small row costs SQLite in a folder, without anything around it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from benchmarks.table import middle

COMMITS = 200


def milliseconds(folder: Path) -> float:
    """Return the median of some commits of 1 KB each, to a file with the durability of the service's own."""
    path = folder / "commits.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("CREATE TABLE IF NOT EXISTS kept (number INTEGER PRIMARY KEY, document TEXT)")
        return middle(_times(connection))


def _times(connection: sqlite3.Connection) -> Iterator[float]:
    for _ in range(COMMITS):
        begun = time.perf_counter()
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO kept (document) VALUES (?)", ["x" * 1_024])
        connection.execute("COMMIT")
        yield (time.perf_counter() - begun) * 1000
