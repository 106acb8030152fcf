"""The commands of the service as processes of their own, beside a test that talks to them."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.harness.commands import SECONDS, Command, run_command, start_command
from tests.harness.databases import SECRET


@dataclass
class Process:
    """A command that runs, and what it has printed."""

    running: Command
    log: Path

    @property
    def printed(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def signal(self, number: signal.Signals) -> None:
        self.running.send_signal(number)

    def ended(self) -> int:
        """Wait until it has ended; return its exit code, which is negative for a signal."""
        return self.running.wait()


@dataclass
class Installation:
    """A database and a folder in which commands can be run."""

    url: str
    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    _started: list[Process] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        given = {"PARS_DATABASE_URL": self.url, "PARS_DATA_DIR": str(self.folder), "PARS_SECRET_KEY": SECRET}
        return os.environ | given | self.settings

    def run(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command to its end; `stdin` is what somebody types."""
        return run_command(*arguments, environment=self.environment, stdin=stdin)

    def start(self, *arguments: str, until: str, module: str = "app") -> Process:
        """Start a command, and wait until it has printed a text."""
        log = self.folder / f"{arguments[0]}-{len(self._started)}.log"
        with log.open("wb") as out:
            running = start_command(
                *arguments, environment=self.environment, stdout=out.fileno(), stderr=out.fileno(), module=module
            )
        process = Process(running, log)
        self._started.append(process)

        def said() -> bool:
            assert running.poll() is None, process.printed
            return until in process.printed

        eventually(said)
        return process

    def worker(self) -> Process:
        return self.start("worker", until="working")

    def stopping_worker(self, point: str) -> Process:
        """Start a worker that stops at a point of `tests.harness.stopping_worker`."""
        return self.start(point, until="working", module="tests.harness.stopping_worker")

    def serve(self, port: int, *arguments: str) -> Process:
        """Start a server, and wait until it answers."""
        process = self.start("serve", "--port", str(port), *arguments, until="")

        def answers() -> bool:
            assert process.running.poll() is None, process.printed
            return is_ready(port)

        eventually(answers)
        return process

    def end(self) -> None:
        """End whatever still runs."""
        for process in self._started:
            if process.running.poll() is None:
                process.signal(signal.SIGCONT)
                process.running.terminate()
                try:
                    process.running.wait()
                except subprocess.TimeoutExpired:
                    process.running.kill()
                    process.running.wait()


@contextmanager
def installation(url: str, folder: Path, **settings: str) -> Iterator[Installation]:
    """Give an installation in which commands can be started; they are ended with it."""
    folder.mkdir(0o700, exist_ok=True)
    opened = Installation(url, folder, settings)
    try:
        yield opened
    finally:
        opened.end()


def free_port() -> int:
    """Return a port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_ready(port: int) -> bool:
    """Whether a service on this host answers that it is ready; a client of `httpx` for each question takes longer."""
    asking = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        asking.request("GET", "/readyz")
        return asking.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        asking.close()


def eventually(holds: Callable[[], bool]) -> None:
    """Wait until something holds; what takes long is asked for less often, for each question costs what it asks."""
    until = time.monotonic() + SECONDS
    pause = 0.02
    while not holds():
        assert time.monotonic() < until, "it never came to be"
        time.sleep(pause)
        pause = min(pause * 1.2, 0.15)
