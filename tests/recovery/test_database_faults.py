"""A database that is full or goes away in the middle of a file: the file ends as if nothing had happened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection

from app.core.config import Settings
from app.core.errors import ConfigurationError, InstallationFault, Problem, Unavailable
from app.services.context import Service
from app.services.operations.refusals import faults_explained
from app.services.operations.startup import open_service
from app.store.sql import statements
from tests.builders.bodies import GRAND_ROUNDS
from tests.builders.sent_files import row, tab_text
from tests.harness.api import Api, settle
from tests.harness.databases import ON_POSTGRESQL, ON_SQLITE
from tests.harness.uploads import rows_of, upload, work_through, worked

ROWS = [row(Completion_Date=f"11/{day:02}/2021", Number_of_CME_Credits=1) for day in range(1, 31)]
NO_LIMIT = 1_073_741_823


def pages(connection: Connection) -> int:
    return int(connection.exec_driver_sql("PRAGMA page_count").scalar_one())


def limited(service: Service, most: int | None) -> None:
    """Let the file have so many pages and no more, as on a disk that is full."""

    def limit(connection: Connection) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count={most if most is not None else NO_LIMIT}")

    service.database.write(limit)


@ON_SQLITE
def test_a_file_goes_on_when_a_full_disk_has_room_again(api: Api, service: Service) -> None:
    batch_id = upload(api, tab_text(ROWS)).json["batch_id"]
    failed = 0
    for further in range(1, 400, 3):
        limited(service, service.database.read(pages) + further)
        try:
            work_through(service, 5)
            break
        except Unavailable:
            failed += 1
            batch = api.get(f"/v1/batches/{batch_id}").json
            # What is told as added stands, and nothing else does.
            assert len(api.completions(activity_id=GRAND_ROUNDS, limit=500)) == batch["counts"]["added"]
    limited(service, None)
    work_through(service)
    assert failed, "the disk was full at least once"
    batch = api.get(f"/v1/batches/{batch_id}").json
    assert (batch["status"], batch["counts"]["added"], batch["counts"]["rejected"]) == ("completed", len(ROWS), 0)
    settle(service)


@ON_SQLITE
def test_a_command_on_a_full_disk_tells_its_operator_that_it_is_full(service: Service) -> None:
    def fill(connection: Connection) -> None:
        connection.exec_driver_sql("CREATE TABLE fill AS SELECT zeroblob(1000000)")

    limited(service, service.database.read(pages))
    with pytest.raises(InstallationFault, match="the disk is full"), faults_explained(service.settings):
        service.database.write(fill)
    limited(service, None)


@ON_POSTGRESQL
def test_a_command_that_waits_for_a_lock_in_vain_tells_its_operator_so(service: Service) -> None:
    def wait(connection: Connection) -> None:
        connection.exec_driver_sql("SET LOCAL lock_timeout = '10ms'")
        connection.exec_driver_sql("LOCK TABLE clients")

    with service.database.engine.connect() as other:
        other.exec_driver_sql("LOCK TABLE clients")
        with pytest.raises(InstallationFault, match="holds a lock"), faults_explained(service.settings):
            service.database.write(wait)


@contextmanager
def cut_off_at(service: Service, number: int) -> Iterator[None]:
    """End every connection of the database's server before a statement, as a restart does."""
    count = 0

    def cut(_: str) -> None:
        nonlocal count
        count += 1
        if count == number:
            address = service.settings.database_url
            with psycopg.connect(address, autocommit=True) as other:
                other.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )

    statements.BEFORE_STATEMENT.append(cut)
    try:
        yield
    finally:
        statements.BEFORE_STATEMENT.remove(cut)


@ON_POSTGRESQL
def test_a_file_goes_on_when_the_database_comes_back(api: Api, service: Service) -> None:
    expected = worked(api, service, tab_text(ROWS))
    api.post(f"/v1/activities/{GRAND_ROUNDS}/withdraw-learners", None)
    for number in (3, 9, 20, 41, 60):
        batch_id = upload(api, tab_text(ROWS)).json["batch_id"]
        with cut_off_at(service, number):
            try:
                work_through(service, 10)
            except Problem:
                # The loop of a worker tries again after a pause.
                pass
        work_through(service, 10)
        batch = api.get(f"/v1/batches/{batch_id}").json
        assert (batch["status"], batch["counts"]) == ("completed", expected["counts"]), number
        assert [row["outcome"] for row in rows_of(api, batch)] == ["added"] * len(ROWS)
        api.post(f"/v1/activities/{GRAND_ROUNDS}/withdraw-learners", None)
    settle(service)


def test_a_database_without_its_secret_gets_no_other_one(tmp_path: Path) -> None:
    """With another one, no key of a client and no cursor would be valid, and every seal would look forged."""
    settings = Settings(database_url=f"sqlite:///{tmp_path}/pars.db", data_dir=tmp_path)
    open_service(settings).database.close()
    kept = (tmp_path / "secret-key").rename(tmp_path / "elsewhere")
    with pytest.raises(ConfigurationError, match="secret-key is not there: put"):
        open_service(settings)
    assert not (tmp_path / "secret-key").exists()
    kept.rename(tmp_path / "secret-key")
    open_service(settings).database.close()
