"""A database without a schema, one of each kind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.database.transactions import Database
from tests.harness.databases import database_address, execute


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path}/empty.db")
    else:
        server: str = request.getfixturevalue("postgres")
        execute(server, "CREATE DATABASE empty")
        database = Database(database_address(server, "empty").replace("postgresql://", "postgresql+psycopg://"))
    yield database
    database.close()
    if request.param == "postgresql":
        execute(server, "DROP DATABASE empty")
