"""`make drill-canary`: a physician with unmistakable data goes through a real server that is killed again and again.

On each database a server and, on PostgreSQL, a worker run with every place to leave traces under watch: what they
print, their temporary folder, their working folder, cores, PostgreSQL's own log. The canary goes through every door,
as in the suite, and through the pages of a clerk, an operator and a board; meanwhile the processes are ended by
SIGABRT and SIGSEGV, which would write cores, and by SIGKILL. Then she is erased. Exits with 1 when her data is found
anywhere, or anything in the database can only be about her after the erasure.
"""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

from app.services.access import clients
from app.services.context import Service, operator, transact
from app.services.demo import world as demo
from app.services.held import changes
from app.services.operations import checks
from app.services.operations.startup import open_service
from app.store.sql import statements
from benchmarks.world.installation import ROOT, SECRET, free_port, postgres
from tests.harness.api import Answer, Api
from tests.harness.canary import FILED, NPI, found_in, rows_that_mean_her, stored_of_her
from tests.harness.canary_story import tell, what_was_said
from tests.harness.console.canary_pages import sessions_of, tell_pages

ROUNDS = 3
_ENDS = (signal.SIGABRT, signal.SIGSEGV, signal.SIGKILL)


def main() -> None:
    """Run on both databases; exit with 1 when anything is found."""
    # Whoever lets cores be written must find none either.
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    faults = [fault for database in ("sqlite", "postgresql") for fault in _drill(database)]
    for fault in faults:
        print(fault, flush=True)
    sys.exit(bool(faults))


def _drill(database: str) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="pars-canary-") as place, _database(database, Path(place)) as url:
        folder = Path(place)
        watched = {name: folder / name for name in ("temporary", "working", "printed", "data")}
        for made in watched.values():
            made.mkdir(exist_ok=True)
        environment = os.environ | {
            "PARS_DATABASE_URL": url, "PARS_DATA_DIR": str(watched["data"]), "PARS_SECRET_KEY": SECRET,
            "TMPDIR": str(watched["temporary"]), "PARS_LOG_FORMAT": "json", "PYTHONPATH": str(ROOT),
            "PYTHONASYNCIODEBUG": "1", "PYTHONDEVMODE": "1",
        }  # fmt: skip
        runner = _Runner(environment, watched["working"], watched["printed"], worker=database == "postgresql")
        roster = watched["data"].parent / "hers.ndjson"
        roster.write_text(json.dumps(FILED))
        with _service(environment) as service:
            demo.load(service, physicians=20)
            keys = [_client(service, *given) for given in (("provider", None), ("operator", None), ("board", "ABA"))]
            runner.command("registry", "import", str(roster))
            said = _story(runner, keys, sessions_of(service))
            _end_what_waits(service, runner)
            print(f"{database}: {said} answers, processes ended {runner.ended} times", flush=True)
            if said < 200 * ROUNDS:
                yield f"{database}: too little was tried"
            yield from runner.told
            runner.command("registry", "import", str(watched["data"] / "nothing-of-the-sort"))
            runner.command("learner", "explain", NPI)
            before = set(stored_of_her(service))
            erased = runner.command("learner", "erase", NPI, "--unread", "--yes")
            roster.unlink()
            if erased != 0:
                yield f"{database}: the erasure failed: {runner.said()}"
            if "completion_versions" not in before:
                yield f"{database}: nothing of hers was stored"
            yield from (f"{database}: after the erasure, {row}" for row in rows_that_mean_her(service))
            yield from (f"{database}: {fault}" for fault in checks.find_faults(service))
        for path in sorted(Path(place).rglob("*")):
            own = path.name.startswith("pars.db") or "/pg/base" in str(path) or "/pg/pg_wal" in str(path)
            if own or not path.is_file():
                continue
            with suppress(OSError):
                if path.name.startswith("core"):
                    yield f"{database}: a core, {path.name}"
                if found := found_in(path.read_bytes()):
                    yield f"{database}: {path.relative_to(place)} holds {found}"


def _end_what_waits(service: Service, runner: _Runner) -> None:
    """Let files under way end, and set aside what waits for a match: an erasure is refused while any does."""
    with runner.serving():
        for _ in range(600):
            if not _rows(service, "SELECT batch_id FROM batches WHERE finished_at IS NULL"):
                break
            time.sleep(0.2)
    for held_id, provider_id in _rows(
        service, "SELECT held_id, provider_id FROM held_records WHERE status = 'waiting'"
    ):
        transact(operator(service, provider_id), changes.set_aside, held_id)


def _rows(service: Service, query: str) -> list[Any]:
    return service.database.read(lambda connection: list(statements.fetch(connection, query)))


@contextmanager
def _database(database: str, folder: Path) -> Iterator[str]:
    if database == "sqlite":
        yield f"sqlite:///{folder}/pars.db"
        return
    with postgres(folder) as url:
        yield url


@contextmanager
def _service(environment: dict[str, str]) -> Iterator[Service]:
    from app.core.config import Settings

    settings = Settings(
        database_url=environment["PARS_DATABASE_URL"], data_dir=Path(environment["PARS_DATA_DIR"]), secret_key=SECRET
    )
    service = open_service(settings)
    try:
        yield service
    finally:
        service.database.close()


def _client(service: Service, role: str, board: str | None) -> tuple[str, str]:
    providers = ["0008001"] if role == "provider" else []
    made = transact(operator(service), clients.create, role, role=role, provider_ids=providers, board=board)
    return made.api_key, made.client_id


def _story(runner: _Runner, keys: list[tuple[str, str]], sessions: dict[str, str]) -> int:
    answers = 0

    def wait() -> None:
        time.sleep(1.5)

    for number in range(ROUNDS):
        with runner.serving() as port, httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
            patient: Any = _Patient(http)
            api, overseer, board = (Api(patient, key, id) for key, id in keys)
            stop = threading.Event()
            killer = threading.Thread(target=runner.end_again_and_again, args=(stop, number))
            if number:
                killer.start()
            try:
                answers += _told(runner, tell, api, overseer, board, wait, killed=bool(number))
                answers += _told(runner, tell_pages, patient, sessions, wait, killed=bool(number))
            finally:
                stop.set()
                if number:
                    killer.join()
            if found := found_in(http.get("/metrics").text):
                runner.told.append(f"/metrics holds {found}")
    return answers


def _told(runner: _Runner, story: Callable[..., list[Answer]], *given: Any, killed: bool) -> int:
    """Let a story be told, and note what of her its answers hold; return how many there were."""
    try:
        said = story(*given)
    except (AssertionError, KeyError, IndexError, StopIteration, ValueError):
        # An answer that the rest of the story needs was an error: the process was ended in the middle of it.
        if not killed:
            raise
        return 100
    for answer in said:
        if found := found_in(what_was_said(answer)):
            runner.told.append(f"{answer.response.request.url.path} {answer.status} holds {found}")
    return len(said)


class _Patient:
    """A client that sends again when the server was ended meanwhile."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def request(self, *arguments: object, **given: object) -> httpx.Response:
        for _ in range(600):
            with suppress(httpx.TransportError):
                return self._http.request(*arguments, **given)  # type: ignore[arg-type]
            time.sleep(0.3)
        raise RuntimeError("the server did not come back")


class _Runner:
    """Starts the processes, ends them, and starts them again."""

    def __init__(self, environment: dict[str, str], working: Path, printed: Path, *, worker: bool) -> None:
        self.environment, self.working, self.printed = environment, working, printed
        self.ended = 0
        self.told: list[str] = []
        self._commands = [["serve", "--port", "0"]] + ([["worker"]] if worker else [])
        self._running: list[subprocess.Popen[bytes]] = []
        self._numbers = iter(range(10_000))

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        with (self.printed / f"{next(self._numbers)}-{arguments[0]}").open("wb") as out:
            command = [sys.executable, "-m", "app", *arguments]
            return subprocess.Popen(command, env=self.environment, cwd=self.working, stdout=out, stderr=out)

    def command(self, *arguments: str) -> int:
        """Run a command to its end."""
        return self._start(*arguments).wait(300)

    def said(self) -> str:
        """Return what the last process has printed so far."""
        last = max(self.printed.iterdir(), key=lambda path: int(path.name.partition("-")[0]))
        return last.read_text(encoding="utf-8")[:500]

    @contextmanager
    def serving(self) -> Iterator[int]:
        """Serve on a port, with a worker beside it on PostgreSQL."""
        port = free_port()
        self._commands[0][2] = str(port)
        self._running = [self._start(*command) for command in self._commands]
        try:
            self._wait(port)
            yield port
        finally:
            for process in self._running:
                process.terminate()
            for process in self._running:
                process.wait(60)

    def _wait(self, port: int) -> None:
        for _ in range(900):
            with suppress(httpx.TransportError):
                if httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200:
                    return
            time.sleep(0.2)
        raise RuntimeError("the server did not start")

    def end_again_and_again(self, stop: threading.Event, seed: int) -> None:
        """End one of the processes now and then, each time otherwise, and start it again."""
        chosen = random.Random(seed)
        while not stop.wait(chosen.uniform(3, 6)):
            place = chosen.randrange(len(self._running))
            self._running[place].send_signal(_ENDS[self.ended % len(_ENDS)])
            self._running[place].wait(60)
            self.ended += 1
            self._running[place] = self._start(*self._commands[place])
            # On a busy machine it would else be ended before it has begun.
            self._wait(int(self._commands[0][2]))


if __name__ == "__main__":
    main()
