"""The application of the demo with the pages of tests, and a client that asks as a browser does."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.main import answer_for, create_app
from app.services.context import Service
from app.services.operations.startup import open_service
from tests.builders.bodies import tina
from tests.harness.api import Api, settle
from tests.harness.console import pages, role_pages
from tests.harness.console.stronger import sign_in_board
from tests.harness.console.windows import Window
from tests.harness.databases import settings_for
from tests.harness.running.client import QuickClient


@pytest.fixture(scope="session")
def running_console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """The application of the demo in its event loop, once for all tests of this process."""
    folder = tmp_path_factory.mktemp("console")
    nowhere = open_service(settings_for(f"sqlite:///{folder}/empty.db", folder), migrate=False)
    app = create_app(nowhere, demo=True)
    app.include_router(pages.router)
    with TestClient(app) as client:
        yield client
    nowhere.database.close()


@pytest.fixture(scope="session")
def running_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """The application as it is installed, in its event loop, with a page of tests for each role."""
    folder = tmp_path_factory.mktemp("site")
    nowhere = open_service(settings_for(f"sqlite:///{folder}/empty.db", folder), migrate=False)
    app = create_app(nowhere)
    app.include_router(role_pages.router)
    with TestClient(app) as client:
        yield client
    nowhere.database.close()


@pytest.fixture
def open_window(running_site: TestClient, service: Service) -> Callable[[], Window]:
    """Opens a window of another browser at each call, on the test's installation."""
    app = running_site.app
    assert isinstance(app, FastAPI)
    answer_for(app, service)

    def open_one() -> Window:
        return Window(_browser_of(running_site))

    return open_one


@pytest.fixture
def window(open_window: Callable[[], Window]) -> Window:
    """A window of a browser in which nobody is signed in."""
    return open_window()


def _browser_of(running: TestClient) -> TestClient:
    return QuickClient(running, base_url="https://testserver", headers=dict(pages.BROWSER), follow_redirects=False)


@pytest.fixture
def browser(running_console: TestClient, service: Service) -> TestClient:
    """A browser without script, on the test's installation: it keeps cookies, and follows nothing by itself."""
    app = running_console.app
    assert isinstance(app, FastAPI)
    answer_for(app, service)
    return _browser_of(running_console)


@pytest.fixture
def board(api: Api, window: Window, service: Service) -> Window:
    """The window of ABA's staff, with one credit that waits for them."""
    assert api.report(tina()).status == 201
    settle(service)
    sign_in_board(window, service)
    return window
