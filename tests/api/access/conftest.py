"""The world of the matrix, built once for each database: its records are read, or refused."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.access import world as worlds
from tests.harness.access.world import World
from tests.harness.databases import DatabasePool, database_address


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A client of every kind, and a record of every kind of each owner."""
    folder = tmp_path_factory.mktemp("matrix")
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        shutil.copy(template, folder / "pars.db")
        with worlds.opened(f"sqlite:///{folder}/pars.db", folder / "data") as opened:
            yield opened
        return
    server: str = request.getfixturevalue("postgres")
    databases: DatabasePool = request.getfixturevalue("postgres_databases")
    name = databases.take()
    with worlds.opened(database_address(server, name), folder / "data") as opened:
        yield opened
    databases.give_back(name)
