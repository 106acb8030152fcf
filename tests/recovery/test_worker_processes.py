"""Workers as processes of their own, on PostgreSQL: stopped, killed or ended, they lose nothing and double nothing."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from msgspec.structs import replace

from app.domain.identity.learners import Holding, RegistryRow
from app.services.context import Service
from app.services.operations.startup import open_service
from app.services.registry import imports
from app.services.registry.generating.physicians import synthetic_physicians
from app.store.sql import statements
from tests.builders.sent_files import tab_text
from tests.harness import stopping_worker
from tests.harness.api import Api, api_of, settle
from tests.harness.databases import ON_POSTGRESQL, settings_for
from tests.harness.processes import Installation, eventually, free_port, installation
from tests.harness.uploads import rows_of, upload

ROWS = 600
REJECTED_EACH = 10
PLACE = 300
"""The record at which a worker is held up."""
STOPPED = re.compile(r"^stopped (\d+) (.+)$", re.MULTILINE)
"""What a worker prints before it stops: the database's process that serves it, and the state of that."""


@dataclass(frozen=True)
class Site:
    """An installation with physicians, where a server listens, and a provider's client of it."""

    service: Service
    installed: Installation
    api: Api
    url: str

    def batch(self, batch_id: str) -> Any:
        return self.api.get(f"/v1/batches/{batch_id}").json

    def rows(self, query: str) -> list[Any]:
        return self.service.database.read(lambda connection: statements.fetch(connection, query, {}))

    @contextmanager
    def held_up(self) -> Iterator[None]:
        """Let nobody get past one record for as long as this lasts; begins with nobody there."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(
                "CREATE OR REPLACE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NEW; END $$"
            )
            connection.execute(
                "CREATE OR REPLACE TRIGGER wait BEFORE INSERT ON batch_rows FOR EACH ROW "
                f"WHEN (NEW.place = {PLACE}) EXECUTE FUNCTION wait()"
            )
            connection.execute("SELECT pg_advisory_lock(1)")
            yield

    def serves(self, backend: int) -> bool:
        """Return True while a process of the database serves its client."""
        return bool(self.rows(f"SELECT 1 FROM pg_stat_activity WHERE pid = {backend}"))

    def somebody_waits(self) -> bool:
        return bool(self.rows("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"))


@pytest.fixture
def physicians() -> list[RegistryRow]:
    made = synthetic_physicians(ROWS, 1, licensing=["TN-M"], certifying=["ABIM"], reserved=frozenset())
    return [
        replace(physician, npi=None, certifications=(), licenses=(Holding(board="TN-M", number=f"P{place:05}"),))
        for place, physician in enumerate(made)
    ]


@pytest.fixture
def content(physicians: list[RegistryRow]) -> bytes:
    """A row for each physician; every tenth is refused."""
    return tab_text(
        {
            "Record Action": "Add",
            "ACCME Activity ID": "201759558",
            "Completion Date": "12/12/2021",
            "First Name": physician.first_name,
            "Last Name": physician.last_name,
            "Date of Birth": str(physician.birth_date),
            "Licensing State": "Tennessee",
            "Licensing ID": physician.licenses[0].number,
            "Number of CME Credits": 1 if place % REJECTED_EACH else 0.3,
        }
        for place, physician in enumerate(physicians)
    )


@contextmanager
def site(database_url: str, folder: Path, physicians: list[RegistryRow], *arguments: str) -> Iterator[Site]:
    service = open_service(settings_for(database_url, folder / "data"))
    counts = imports.import_rows(service, enumerate(physicians, 1))
    assert not counts.refused
    port = free_port()
    with (
        installation(database_url, folder / "data", PARS_STALL_LIMIT="2", PARS_POOL_SIZE="6") as installed,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as http,
    ):
        installed.serve(port, *arguments)
        api = api_of(http, service, "Western Regional", providers=["0008001"])
        yield Site(service, installed, api, database_url)
    service.database.close()


@pytest.fixture
def served(database_url: str, tmp_path: Path, physicians: list[RegistryRow]) -> Iterator[Site]:
    with site(database_url, tmp_path, physicians, "--no-worker") as opened:
        yield opened


def finished(site: Site, batch_id: str) -> Any:
    eventually(lambda: site.batch(batch_id)["status"] not in ("queued", "reading", "applying"))
    return site.batch(batch_id)


def worked_through(site: Site, batch_id: str) -> None:
    """Show that a batch is as it would be had nothing happened to it."""
    batch = finished(site, batch_id)
    rejected = ROWS // REJECTED_EACH
    assert batch["status"] == "completed"
    counts = {name: count for name, count in batch["counts"].items() if count and name != "warned"}
    assert counts == {"read": ROWS, "added": ROWS - rejected, "rejected": rejected}
    assert [row["row"] for row in rows_of(site.api, batch, outcome="rejected")] == list(range(2, ROWS + 2, 10))
    ((rows, completions, learners),) = site.rows(
        "SELECT (SELECT count(*) FROM batch_rows), count(*), count(DISTINCT subject) FROM completions "
        "WHERE batch_id IS NOT NULL"
    )
    assert (rows, completions, learners) == (ROWS, ROWS - rejected, ROWS - rejected)
    settle(site.service)


def test_a_worker_of_its_own_is_refused_on_sqlite(tmp_path: Path) -> None:
    with installation(f"sqlite:///{tmp_path}/pars.db", tmp_path) as installed:
        refused = installed.run("worker")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == "pars: On SQLite the server does the work; separate workers need PostgreSQL.\n"


@ON_POSTGRESQL
def test_a_server_without_a_worker_leaves_a_file_to_two_workers(served: Site, content: bytes) -> None:
    batch_id = upload(served.api, content, name="learners.txt").json["batch_id"]
    assert served.batch(batch_id)["status"] == "queued"
    workers = [served.installed.worker() for _ in range(2)]
    worked_through(served, batch_id)
    for worker in workers:
        worker.signal(signal.SIGTERM)
        assert (worker.ended(), worker.printed) == (0, "working\n")


@ON_POSTGRESQL
def test_a_worker_killed_in_the_middle_leaves_the_rest_to_another(served: Site, content: bytes) -> None:
    with served.held_up():
        first = served.installed.worker()
        batch_id = upload(served.api, content, name="learners.txt").json["batch_id"]
        eventually(served.somebody_waits)
        first.signal(signal.SIGKILL)
        assert first.ended() == -signal.SIGKILL
        half = served.batch(batch_id)
        assert (half["status"], 0 < half["counts"]["read"] <= PLACE) == ("applying", True)
        served.installed.worker()
    worked_through(served, batch_id)


@ON_POSTGRESQL
@pytest.mark.parametrize(
    ("point", "state"),
    [(stopping_worker.BETWEEN_STATEMENTS, "idle in transaction"), (stopping_worker.WITHIN_A_STATEMENT, "active")],
)
def test_a_worker_that_stands_still_loses_its_hold_and_does_no_harm_when_it_goes_on(
    served: Site, content: bytes, point: str, state: str
) -> None:
    first = served.installed.stopping_worker(point)
    batch_id = upload(served.api, content, name="learners.txt").json["batch_id"]
    eventually(lambda: STOPPED.search(first.printed) is not None)
    backend, seen = STOPPED.findall(first.printed)[0]
    assert (seen, served.batch(batch_id)["status"]) == (state, "applying")
    second = served.installed.worker()
    worked_through(served, batch_id)
    assert not served.serves(backend)
    # Only the first is left: it finds its transaction undone, and works on what comes next.
    second.signal(signal.SIGTERM)
    assert second.ended() == 0
    first.signal(signal.SIGCONT)
    again = upload(served.api, content, name="learners.txt").json["batch_id"]
    assert finished(served, again)["counts"]["unchanged"] == ROWS - ROWS // REJECTED_EACH
    assert served.batch(batch_id)["counts"]["added"] == ROWS - ROWS // REJECTED_EACH
    first.signal(signal.SIGTERM)
    assert first.ended() == 0
    assert "a piece failed" not in first.printed


@ON_POSTGRESQL
def test_a_worker_asked_to_end_finishes_its_piece_and_leaves_the_rest(served: Site, content: bytes) -> None:
    with served.held_up():
        first = served.installed.worker()
        batch_id = upload(served.api, content, name="learners.txt").json["batch_id"]
        eventually(served.somebody_waits)
        first.signal(signal.SIGTERM)
    assert first.ended() == 0
    read = served.batch(batch_id)["counts"]["read"]
    assert PLACE < read < ROWS
    served.installed.worker()
    worked_through(served, batch_id)


@ON_POSTGRESQL
def test_two_serving_processes_work_on_files_themselves(
    database_url: str, tmp_path: Path, physicians: list[RegistryRow], content: bytes
) -> None:
    with site(database_url, tmp_path, physicians, "--workers", "2") as opened:
        worked_through(opened, upload(opened.api, content, name="learners.txt").json["batch_id"])
