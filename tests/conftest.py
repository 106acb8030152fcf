"""Two databases, one suite: SQLite in a file, and a real PostgreSQL that starts here and ends with the run."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.core.gc_tuning import tune_garbage_collector
from app.main import answer_for, create_app
from app.services.context import Service
from app.services.operations.startup import open_service
from tests.harness.api import Api, api_of, settle
from tests.harness.board_views import live, replayed
from tests.harness.clock import ManualClock
from tests.harness.contract import as_described
from tests.harness.databases import (
    DatabasePool,
    database_address,
    execute,
    load_demo_world,
    postgres_server,
    quick_folder,
    settings_for,
    split_by_turns,
)
from tests.harness.inbox import Inbox, inbox
from tests.harness.parsers import forked_parsers
from tests.harness.properties import use_profile
from tests.harness.running.client import QuickClient
from tests.harness.running.collecting import import_from_another_place
from tests.harness.running.keys import quick_keys
from tests.harness.wire import Wire

use_profile()
# Where `tmp_path` lies: nothing of a test has to survive a power cut.
os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(quick_folder()))


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a PostgreSQL server of this run, without a database name."""
    with postgres_server(f"pars-pg-{tmp_path_factory.getbasetemp().parent.name}-{os.getpid()}") as server:
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the demo world, to be copied for each test."""
    folder = tmp_path_factory.mktemp("template")
    load_demo_world(f"sqlite:///{folder}/world.db", folder)
    return folder / "world.db"


@pytest.fixture(scope="session")
def postgres_databases(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DatabasePool]:
    """PostgreSQL databases with the demo world, one for each test."""
    execute(postgres, "CREATE DATABASE world")
    load_demo_world(database_address(postgres, "world"), tmp_path_factory.mktemp("world"))
    pool = DatabasePool(postgres, "world")
    yield pool
    pool.close()


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Iterator[None]:
    """Free nothing while tests are collected: nearly all stays, and to look through it took a third of the time."""
    gc.disable()
    try:
        import_from_another_place(session.config)
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish() -> None:
    """Look no more through what stays for the whole run, such as thousands of tests: a fifth of the time went there."""
    tune_garbage_collector()


def pytest_sessionfinish() -> None:
    """End without looking through all that there is once more: it goes with the process, which takes seconds less."""
    gc.freeze()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a run say on which databases tests run that could run on both."""
    parser.addoption("--databases", choices=("both", "turns"), default="both", help="each test on both, or by turns")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run each test on one database where that was asked for."""
    if config.getoption("databases") == "turns":
        items[:], left_out = split_by_turns(items)
        config.hook.pytest_deselected(items=left_out)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what needs a database on both, unless its module or the test itself says that one tells all."""
    marks = metafunc.definition.iter_markers("parametrize")
    if "database_url" in metafunc.fixturenames and not any(mark.args[0] == "database_url" for mark in marks):
        databases = getattr(metafunc.module, "DATABASES", ["sqlite", "postgresql"])
        metafunc.parametrize("database_url", databases, indirect=True)


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Address of a database of the test's own, holding the demo world, on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        shutil.copy(template, tmp_path / "pars.db")
        yield f"sqlite:///{tmp_path}/pars.db"
        return
    server: str = request.getfixturevalue("postgres")
    databases: DatabasePool = request.getfixturevalue("postgres_databases")
    name = databases.take()
    yield database_address(server, name)
    databases.give_back(name)


@pytest.fixture(scope="session", autouse=True)
def quick_parsers() -> Iterator[None]:
    """Parsers of files start a hundred times as fast as the service's own, and do the same."""
    with forked_parsers():
        yield


@pytest.fixture(scope="session", autouse=True)
def kept_keys() -> Iterator[None]:
    """Keys of RSA are made a few times, and then given again."""
    with quick_keys():
        yield


@pytest.fixture
def box() -> Iterator[Inbox]:
    """A receiver of webhooks on the local host."""
    with inbox() as opened:
        yield opened


@pytest.fixture
def clock() -> ManualClock:
    """The service's clock: stands at 2021-12-20 until a test moves it."""
    return ManualClock()


@pytest.fixture
def service(database_url: str, tmp_path: Path, clock: ManualClock) -> Iterator[Service]:
    """An installation that holds the demo world."""
    # Its schema is its template's.
    running = open_service(settings_for(database_url, tmp_path / "data"), at=clock, migrate=False)
    yield running
    running.database.close()


@pytest.fixture
def proven(service: Service) -> Iterator[None]:
    """Prove every invariant, and every feed, after a test."""
    yield
    settle(service)
    assert replayed(service) == live(service)


@pytest.fixture(scope="session")
def running_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """The application in its event loop, once for all tests of this process: building it takes longer than most."""
    folder = tmp_path_factory.mktemp("application")
    nowhere = open_service(settings_for(f"sqlite:///{folder}/empty.db", folder), migrate=False)
    with TestClient(create_app(nowhere)) as client:
        yield client
    nowhere.database.close()


@pytest.fixture
def app(running_app: TestClient, service: Service) -> FastAPI:
    """The application, answering for the test's installation."""
    app = running_app.app
    assert isinstance(app, FastAPI)
    answer_for(app, service)
    return app


@pytest.fixture
def http(app: FastAPI, running_app: TestClient) -> TestClient:
    """A client of the application without a key."""
    client = QuickClient(running_app)
    client.event_hooks = {"response": [as_described]}
    return client


@pytest.fixture
def wire(app: FastAPI) -> Iterator[Wire]:
    """The application behind a server on a port of its own."""
    server = Wire(app, started=True)
    yield server
    server.close()


@pytest.fixture
def api(http: TestClient, service: Service) -> Api:
    """Western Regional Medical Center's own client."""
    return api_of(http, service, "Western Regional", providers=["0008001"])
