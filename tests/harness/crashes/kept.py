"""An installation that is closed, kept as a copy, and put back to it: what a backup and its restore do."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fastapi.testclient import TestClient
from sqlalchemy.engine import make_url

from app.main import create_app
from app.services.context import Service
from app.services.operations.startup import open_service
from tests.harness.clock import ManualClock
from tests.harness.contract import as_described
from tests.harness.databases import execute, settings_for


class KeptInstallation:
    """An installation that is closed, kept as a copy, and put back to it."""

    def __init__(self, url: str, folder: Path, server: str | None) -> None:
        self._url, self._folder, self._server = url, folder, server
        self._name = str(make_url(url).database)
        self._copies: set[str] = set()
        self._clock = ManualClock()

    @contextmanager
    def running(self) -> Iterator[tuple[Service, TestClient]]:
        service = open_service(settings_for(self._url, self._folder), at=self._clock)
        with TestClient(create_app(service), raise_server_exceptions=False) as http:
            http.event_hooks = {"response": [as_described]}
            yield service, http
        service.database.close()

    def keep(self, copy: str = "kept") -> None:
        """Keep a copy of it as it is now, in place of an earlier one of that name."""
        if self._server is None:
            shutil.copy(self._name, f"{self._name}_{copy}")
            return
        self.forget(copy)
        execute(self._server, f"CREATE DATABASE {self._name}_{copy} TEMPLATE {self._name}")
        self._copies.add(copy)

    def put_back(self, copy: str = "kept") -> None:
        """Put it back to a copy."""
        if self._server is None:
            shutil.copy(f"{self._name}_{copy}", self._name)
            assert not list(Path(self._name).parent.glob(f"{Path(self._name).name}-*")), "closed, it is one file"
            return
        execute(self._server, f"DROP DATABASE {self._name} WITH (FORCE)")
        execute(self._server, f"CREATE DATABASE {self._name} TEMPLATE {self._name}_{copy}")

    def forget(self, *copies: str) -> None:
        """Drop copies, all of them where none is named."""
        for copy in copies or tuple(self._copies):
            if self._server is not None:
                execute(self._server, f"DROP DATABASE IF EXISTS {self._name}_{copy} WITH (FORCE)")
            self._copies.discard(copy)
