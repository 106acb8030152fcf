"""The application of the demo with the pages of tests, and a client that asks as a browser does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.main import answer_for, create_app
from app.services.context import Service
from app.services.operations.startup import open_service
from tests.harness.console import pages
from tests.harness.databases import settings_for


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


@pytest.fixture
def browser(running_console: TestClient, service: Service) -> TestClient:
    """A browser without script, on the test's installation: it keeps cookies, and follows nothing by itself."""
    app = running_console.app
    assert isinstance(app, FastAPI)
    answer_for(app, service)
    client = TestClient(
        app, base_url="https://testserver", headers=pages.BROWSER, raise_server_exceptions=False, follow_redirects=False
    )
    client.portal = running_console.portal
    return client
