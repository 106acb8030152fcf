"""Starting the server: one process on SQLite, any number on PostgreSQL."""

from __future__ import annotations

import fcntl
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from sqlalchemy.engine import make_url
from uvicorn.supervisors import Multiprocess

from app.core.config import Settings
from app.core.errors import ConfigurationError
from app.core.gc_tuning import tune_garbage_collector
from app.core.http.serving import ServingConfig
from app.main import create_app
from app.services.demo import world
from app.services.operations.startup import open_service
from app.worker import Worker

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def serve(settings: Settings, *, host: str, port: int, demo_world: bool, workers: int, with_worker: bool) -> None:
    """Serve until stopped; raises `ConfigurationError` when the settings do not allow it."""
    if settings.on_sqlite and (workers > 1 or not with_worker):
        raise ConfigurationError("On SQLite one process serves and works; several need PostgreSQL (PARS_DATABASE_URL).")
    if demo_world and "webhook_allow_private" not in settings.model_fields_set:
        # A webhook receiver for the demo runs on the same machine.
        settings = settings.model_copy(update={"webhook_allow_private": True})
        os.environ["PARS_WEBHOOK_ALLOW_PRIVATE"] = "true"
    with _only_server(settings):
        service = open_service(settings)
        lines = []
        if demo_world:
            key = world.load(service).read_text(encoding="ascii").strip()
            lines = [*_lines_to_try(f"http://{host}:{port}", key), ""]
        if workers > 1:
            service.database.close()
            os.environ["PARS_SERVE_WORKER"] = "1" if with_worker else "0"
            print("\n".join(lines), flush=True)
            config = ServingConfig("app.server:process", settings, host=host, port=port, workers=workers)
            Multiprocess(config, sockets=[config.bind_socket()]).run()
            return
        app = create_app(service, background=Worker if with_worker else None)
        config = ServingConfig(app, settings, host=host, port=port)
        server = _AnnouncingServer(config, [f"serving on http://{host}:{port}", "", *lines])
        try:
            server.run()
        finally:
            service.database.close()
        if not server.started:
            sys.exit(1)


def work(settings: Settings, *, threads: int) -> None:
    """Run the worker until a signal stops it; raises `ConfigurationError` on SQLite, which has one process."""
    if settings.on_sqlite:
        raise ConfigurationError("On SQLite the server does the work; separate workers need PostgreSQL.")
    # Blocked before any thread starts: every thread inherits the mask, and only this one waits for the signals.
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)
    service = open_service(settings)
    worker = Worker(service, appliers=threads)
    tune_garbage_collector()
    print("working", flush=True)
    try:
        signal.sigwait(_STOP_SIGNALS)
    finally:
        worker.stop()
        service.database.close()


def process() -> object:
    """Build the application of one of several serving processes (uvicorn's factory)."""
    from app.core.logging import configure_logging

    configure_logging()
    return create_app(background=Worker if os.environ.get("PARS_SERVE_WORKER") != "0" else None)


class _AnnouncingServer(uvicorn.Server):
    """A server that prints lines once it answers requests."""

    def __init__(self, config: uvicorn.Config, lines: list[str]) -> None:
        super().__init__(config)
        self._lines = lines

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        """Start to answer requests, then print the lines."""
        await super().startup(sockets)  # type: ignore[arg-type]
        if self.started:
            print("\n".join(self._lines), flush=True)


@contextmanager
def _only_server(settings: Settings) -> Iterator[None]:
    """Refuse a second serving process on one SQLite file, whose single writer makes it fast and safe.

    Raises `ConfigurationError`.
    """
    path = make_url(settings.sqlalchemy_url).database if settings.on_sqlite else None
    if not path:
        yield
        return
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with Path(f"{path}.serving").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigurationError(
                "Another process serves this SQLite file; several processes need PostgreSQL (PARS_DATABASE_URL)."
            ) from None
        yield


def _lines_to_try(address: str, key: str) -> list[str]:
    """Return commands to try in a terminal: a report that is accepted, one that is rejected, a list."""
    head = f"curl -s {address}/v1/learner-completions -H 'Authorization: Bearer {key}'"
    accepted = (
        '{"activity_id":"201759558","completed_on":"2021-12-12","permission":true,'
        '"learner":{"first_name":"Rebecca","last_name":"Test","date_of_birth":"02/01"},'
        '"cme":[{"state":"TN","license_id":"444444","credits":2}]}'
    )
    refused = (
        '{"activity_id":"201759558","completed_on":"2022-12-12","permission":false,'
        '"learner":{"first_name":"Rebecca","date_of_birth":"13/45"},'
        '"cme":[{"state":"TN","credits":60.3}],"moc":[{"board":"ABIM","total_credits":2,"credit_types":[]}]}'
    )
    return [
        f"demo key: {key}",
        "",
        "# report a completion: accepted",
        f"{head} -H 'Content-Type: application/json' -d '{accepted}'",
        "",
        "# report a faulty one: refused, with every finding",
        f"{head} -H 'Content-Type: application/json' -d '{refused}'",
        "",
        "# list the activity's learners",
        f"{head} -G -d activity_id=201759558",
    ]
