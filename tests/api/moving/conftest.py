"""A second installation, into which the records of the first are imported."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.services.context import Service
from tests.harness.clock import ManualClock
from tests.harness.databases import DatabasePool, database_address
from tests.harness.moving.installations import installation


@pytest.fixture
def other(request: pytest.FixtureRequest, service: Service, tmp_path: Path, clock: ManualClock) -> Iterator[Service]:
    """Another installation on a database of the same kind, with the demo world and none of the first one's records."""
    if service.database.on_sqlite:
        template: Path = request.getfixturevalue("sqlite_template")
        shutil.copy(template, tmp_path / "other.db")
        with installation(f"sqlite:///{tmp_path}/other.db", tmp_path / "other", clock) as opened:
            yield opened
        return
    server: str = request.getfixturevalue("postgres")
    databases: DatabasePool = request.getfixturevalue("postgres_databases")
    name = databases.take()
    with installation(database_address(server, name), tmp_path / "other", clock) as opened:
        yield opened
    databases.give_back(name)
