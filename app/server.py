"""Starting the server: one process on SQLite, any number on PostgreSQL."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import uvicorn
from uvicorn.supervisors import Multiprocess

from app.core.config import Settings
from app.core.errors import ConfigurationError
from app.core.gc_tuning import tune_garbage_collector
from app.core.http.listening import at_loopback, bind_sockets, port_of, refusal_of
from app.core.http.serving import ServingConfig
from app.core.logging import configure_logging, drain_logs, queue_standard_streams
from app.core.private_files import make_file
from app.core.threads import end_within
from app.core.traces import forbid_cores
from app.main import StartBackground, create_app
from app.services.access.key_uses import FLUSH_SECONDS, KeyUses
from app.services.context import Service
from app.services.demo import upcoming, world
from app.services.operations.refusals import faults_explained
from app.services.operations.startup import open_service, warn_of_open_files
from app.services.passport.live_index import REFRESH_SECONDS, LiveIndex
from app.worker import STOP_SECONDS, Loop, Worker

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_END_SECONDS = STOP_SECONDS + 10
"""Seconds after the last request in which a stopping process has ended, whatever still waits in it."""
_NOTING_SECONDS = 1.0
"""How long a stopping process waits for uses of keys that are being written: losing them harms nobody."""
_PRIVATE = 0o077
"""The umask of a process that keeps running: nothing that it makes is for anybody else."""


def serve(settings: Settings, *, host: str, port: int, demo_world: bool, workers: int, with_worker: bool) -> None:
    """Serve until stopped; raises `ConfigurationError` when the settings do not allow it."""
    if settings.on_sqlite and (workers > 1 or not with_worker):
        raise ConfigurationError("On SQLite one process serves and works; several need PostgreSQL (PARS_DATABASE_URL).")
    if demo_world and "webhook_allow_private" not in settings.model_fields_set:
        # A webhook receiver for the demo runs on the same machine.
        settings = settings.model_copy(update={"webhook_allow_private": True})
        os.environ["PARS_WEBHOOK_ALLOW_PRIVATE"] = "true"
    sockets = bind_sockets(host, port)
    port = port_of(sockets)
    if demo_world and not at_loopback(sockets):
        raise ConfigurationError(
            f"--demo lets everybody in with one click, so it is served on a loopback address only, and {host} is none: "
            "leave --host out, or say --host 127.0.0.1."
        )
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    if demo_world and not settings.public_url:
        # What mails and transcripts of the demo lead to is where it is served.
        settings = settings.model_copy(update={"public_url": address})
        os.environ["PARS_PUBLIC_URL"] = address
    _keep_running()
    with faults_explained(settings), _only_server(settings):
        service = open_service(settings, inspect=True)
        warn_of_open_files(settings)
        lines = []
        if demo_world:
            key = world.load(service).read_text(encoding="ascii").strip()
            upcoming.load(service)
            lines = [*_lines_to_try(address, key), ""]
        if workers > 1:
            service.database.close()
            os.environ["PARS_SERVE_WORKER"] = "1" if with_worker else "0"
            print("\n".join([f"{workers} processes serve on {address}", "", *lines]), flush=True)
            os.environ["PARS_SERVE_DEMO"] = "1" if demo_world else "0"
            config = ServingConfig("app.server:process", settings, host=host, port=port, workers=workers)
            Multiprocess(config, sockets=sockets).run()
            return
        app = create_app(service, background=_background(with_worker), demo=demo_world)
        config = ServingConfig(app, settings, host=host, port=port)
        server = _AnnouncingServer(config, [*_banner(address), "", *lines])
        try:
            server.run(sockets)
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
    _keep_running()
    service = open_service(settings)
    warn_of_open_files(settings)
    worker = Worker(service, appliers=threads)
    tune_garbage_collector()
    print("working", flush=True)
    try:
        signal.sigwait(_STOP_SIGNALS)
    finally:
        end_within(_END_SECONDS)
        worker.stop()
        service.database.close()


def process() -> object:
    """Build the application of one of several serving processes (uvicorn's factory)."""
    configure_logging()
    _keep_running()
    with_worker = os.environ.get("PARS_SERVE_WORKER") != "0"
    return create_app(background=_background(with_worker), demo=os.environ.get("PARS_SERVE_DEMO") == "1")


def _keep_running() -> None:
    """Prepare a process that keeps running: what it prints holds nothing up, what it makes is its owner's alone.

    What it holds in memory is written to no core.
    """
    queue_standard_streams()
    os.umask(_PRIVATE)
    forbid_cores()


class _Background:
    """What runs beside the serving of requests, and ends with it: the worker if there is one, and what requests share.

    That is the uses of keys, which are written, and the list of activities, which is kept up to date.
    """

    def __init__(self, service: Service, uses: KeyUses, live: LiveIndex, *, with_worker: bool) -> None:
        self._service = service
        self._uses = uses
        self._noting = Loop(service, "noting uses of keys", uses.flush, FLUSH_SECONDS)
        self._listing = Loop(service, "listing activities", live.follow, REFRESH_SECONDS)
        self._worker = Worker(service) if with_worker else None

    def stop(self) -> None:
        """Stop the worker; from here on the end of the process waits for nothing that may never come."""
        end_within(_END_SECONDS)
        self._noting.ask_to_stop()
        self._listing.ask_to_stop()
        if self._worker is not None:
            self._worker.stop()
        self._listing.wait(_NOTING_SECONDS)
        if self._noting.wait(_NOTING_SECONDS):
            with suppress(Exception):
                self._uses.flush(self._service)
        # The server ends the process by the signal it was sent, and nothing runs after that.
        drain_logs()


def _background(with_worker: bool) -> StartBackground:
    return lambda service, uses, live: _Background(service, uses, live, with_worker=with_worker)


class _AnnouncingServer(uvicorn.Server):
    """A server that prints lines once it answers requests."""

    def __init__(self, config: uvicorn.Config, lines: list[str]) -> None:
        super().__init__(config)
        self._lines = lines

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to answer requests, then print the lines. Raises `ConfigurationError`."""
        try:
            await super().startup(sockets)
        except OSError as error:
            # Two that started at the same moment have both bound it; one of them listens.
            await self.lifespan.shutdown()
            raise refusal_of(error, self.config.host, self.config.port) from None
        if self.started:
            print("\n".join(self._lines), flush=True)


@contextmanager
def _only_server(settings: Settings) -> Iterator[None]:
    """Refuse a second serving process on one SQLite file, whose single writer makes it fast and safe.

    The lock is on the file itself, so that it holds whatever name the file is found by. Raises `ConfigurationError`.
    """
    path = settings.sqlite_file
    if path is None:
        yield
        return
    make_file(path)
    # Elsewhere than on Linux, locks of this kind and those that SQLite takes on its file exclude each other.
    locked = path if sys.platform == "linux" else path.with_name(f"{path.name}.serving")
    # Open until the process ends: closing any descriptor of the file would end SQLite's own locks on it.
    descriptor = os.open(locked, os.O_RDONLY if locked == path else os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise ConfigurationError(
            "Another process serves this SQLite file; several processes need PostgreSQL (PARS_DATABASE_URL)."
        ) from None
    yield


def _banner(address: str) -> list[str]:
    return [f"serving on {address}", f"description, to read and to try out: {address}/docs"]


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
