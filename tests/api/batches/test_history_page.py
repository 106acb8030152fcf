"""The slides' history page, with workbooks that a spreadsheet program has saved in between."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.main import create_app
from app.services.operations.startup import open_service
from app.worker import Worker
from tests.external.spreadsheets import kept, live_through
from tests.harness.api import Api, api_of, settle
from tests.harness.databases import settings_for
from tests.harness.wire import Wire

DATABASES = ["sqlite"]


@pytest.fixture
def clerk(database_url: str, tmp_path: Path) -> Iterator[Api]:
    """A provider's client of a real server, whose clock is the world's; every invariant holds in the end."""
    service = open_service(settings_for(database_url, tmp_path / "data"))
    wire = Wire(create_app(service, background=lambda service, *_: Worker(service)))
    with httpx.Client(base_url=f"http://127.0.0.1:{wire.port}", timeout=90, trust_env=False) as http:
        yield api_of(http, service, "Western Regional", providers=["0008001"])
    wire.close()
    settle(service)
    service.database.close()


def test_a_rejected_file_saved_by_libreoffice_is_mended_and_uploaded_as_it_is(clerk: Api) -> None:
    live_through(clerk, kept)
