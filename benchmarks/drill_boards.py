"""`make drill-boards`: five simulated boards read and decide while everything around them fails; nothing may be lost.

A server is loaded with reports, corrections and withdrawals. Servers and boards are killed at random, answers get lost,
and one board is dead for the middle of the run. Then everything drains, and what each board has noted in its own file
is the credit that stands, each decided on; a feed read from zero gives the same; positions have no gaps; every
invariant holds. `python -m benchmarks.drill_boards 300 --seed 7 --database sqlite` says how long it fails, from which
seed, and where.
"""

from __future__ import annotations

import argparse
import random
import re
import secrets
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from app.core.logging import configure_logging
from app.schemas.activities import ActivityIn
from app.services.activities import registration
from app.services.context import operator, transact
from app.services.operations import checks
from app.simulator.board import FEED
from app.simulator.view import View
from app.store.sql import statements
from benchmarks.changing import CARRIED, DECIDING, TYPES, Load
from benchmarks.world import PROVIDER, ROOT, World, free_port, wait_for, world

BOARDS = (*DECIDING, *CARRIED)
DEAD = "ABA"
"""The board that is away from a fifth to three fifths of the run."""
PHYSICIANS = 2_000
DRAIN_SECONDS = 90


def main() -> None:
    """Run the drill on each database, two minutes of failures unless told otherwise."""
    configure_logging()
    parser = argparse.ArgumentParser()
    parser.add_argument("seconds", type=float, nargs="?", default=120, help="How long things fail.")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--database", action="append", choices=["sqlite", "postgresql"])
    given = parser.parse_args()
    seed = secrets.randbelow(1_000_000) if given.seed is None else given.seed
    for database in given.database or ["sqlite", "postgresql"]:
        print(f"{database}: {given.seconds:.0f} s from seed {seed}", flush=True)
        with world(database, PHYSICIANS) as installed:
            drill(database, installed, given.seconds, seed)


def drill(database: str, installed: World, seconds: float, seed: int) -> None:
    """Load, kill, drain and prove on one installation."""
    stage = Stage(installed=installed, chance=random.Random(seed), port=free_port(), roster=_roster(installed))
    with stage.running():
        load = Load(installed, stage.port, _activity(installed), seed)
        stage.fail_for(seconds)
        load.stop()
        print(f"{database}: {dict(load.answers)}; killed {dict(stage.kills)}", flush=True)
        stage.drain()
        print(f"{database}: decisions {dict(stage.decisions())}, answers that were lost {stage.lost()}", flush=True)
        counts = [_prove(stage, each) for each in BOARDS]
    faults = checks.find_faults(installed.service)
    assert not faults, faults
    assert stage.kills["server"] and sum(stage.kills.values()) > stage.kills["server"], "nothing was killed"
    print(f"{database}: {'; '.join(counts)}; every invariant holds", flush=True)


@dataclass(kw_only=True)
class Stage:
    """The processes of a run: one server, and a board each."""

    installed: World
    chance: random.Random
    port: int
    roster: Path
    kills: Counter[str] = field(default_factory=Counter)
    server: subprocess.Popen[bytes] | None = None
    boards: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Start the server and every board; end whatever runs in the end."""
        try:
            self.serve()
            for code in BOARDS:
                self.board(code)
            yield
        finally:
            for each in [*self.boards.values(), self.server]:
                if each is not None:
                    each.kill()
                    each.wait()

    def serve(self) -> None:
        """Start the server and wait until it listens."""
        self.server = self._started("server", "serve", "--port", str(self.port))
        wait_for(self.port, self.server)

    def board(self, code: str, *more: str) -> subprocess.Popen[bytes]:
        """Start a board, its line bad and its hands slow."""
        flaky = ("--flaky", "0.1", "--slow", "0.3", "--seed", str(self.chance.randrange(1_000_000)))
        command = ("demo", "board", code, "--url", self.url, "--roster", str(self.roster), *(more or flaky))
        self.boards[code] = self._started(code, *command)
        return self.boards[code]

    @property
    def url(self) -> str:
        """Where the server listens."""
        return f"http://127.0.0.1:{self.port}"

    def _started(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        with (self.installed.service.settings.data_dir / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "app", *command],
                env=self.installed.environment,
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )

    def fail_for(self, seconds: float) -> None:
        """Kill the server or a board every few seconds, and keep one board away for the middle of the time."""
        begun = time.monotonic()
        while (passed := time.monotonic() - begun) < seconds:
            time.sleep(min(self.chance.uniform(1, 4), seconds - passed))
            away = 0.2 < passed / seconds < 0.6
            if away and DEAD in self.boards:
                self._kill(DEAD)
                print(f"{DEAD} is away", flush=True)
            elif not away and DEAD not in self.boards:
                self.board(DEAD)
                print(f"{DEAD} is back", flush=True)
            if self.chance.random() < 0.2:
                name = "server"
                assert self.server is not None
                self._ended(self.server, name)
                time.sleep(self.chance.uniform(0, 1))
                self.serve()
            else:
                name = self.chance.choice(list(self.boards))
                self._kill(name)
                self.board(name)

    def _kill(self, code: str) -> None:
        self._ended(self.boards.pop(code), code)

    def _ended(self, process: subprocess.Popen[bytes], name: str) -> None:
        assert process.poll() is None, f"{name} ended by itself with {process.returncode}: {self.last_words(name)}"
        process.kill()
        process.wait()
        self.kills[name] += 1

    def last_words(self, name: str) -> str:
        """Return the end of what a process has printed."""
        return self._printed(name)[-2_000:]

    def decisions(self) -> Counter[str]:
        """Count what decisions were answered, by what the boards have printed; none may be unknown."""
        found: Counter[str] = Counter()
        for code in DECIDING:
            for count, result in re.findall(r", (\d+) (applied|unchanged|stale|unknown)", self._printed(code)):
                found[result] += int(count)
        assert found["applied"] and not found["unknown"], found
        return found

    def lost(self) -> int:
        """Count the answers that were lost, by what the boards have printed."""
        found = sum(self._printed(code).count("does not answer") for code in BOARDS)
        assert found, "no answer was lost"
        return found

    def _printed(self, name: str) -> str:
        path = self.installed.service.settings.data_dir / f"{name}.log"
        return path.read_text(encoding="utf-8", errors="replace")

    def drain(self) -> None:
        """Let every board read and decide until nothing waits any more."""
        for code in list(self.boards):
            self._kill(code)
        until = time.monotonic() + DRAIN_SECONDS
        while True:
            for each in [self.board(code, "--once") for code in BOARDS]:
                assert each.wait(DRAIN_SECONDS) == 0, [self.last_words(code) for code in BOARDS]
            if self._is_drained():
                break
            assert time.monotonic() < until, "something waits for ever"
            time.sleep(1)
        self.boards.clear()

    def _is_drained(self) -> bool:
        waiting = rows(
            self.installed,
            "SELECT board FROM credits WHERE delivery = 'board' AND status = 'pending' "
            "UNION ALL SELECT :unsealed FROM unsealed",
            unsealed=DEAD,
        )
        return not {board for (board,) in waiting} & set(BOARDS)


def _activity(installed: World) -> str:
    """Register an activity for points of every board that decides; return its id."""
    given = ActivityIn.model_validate(
        {
            "title": "Drilled", "format": "regularly-scheduled-series", "start_date": "2026-01-01",
            "end_date": "2026-10-31", "ama_pra_credits": 1000, "delivery_methods": ["online"],
            "description": "A series.", "providership": "direct", "listing": {"public": False},
            "moc": [
                {"board": board, "points": 1000, "credit_types": [name], "credit_claim_date": "2026-10-31",
                 "content_outline": ["1.1.1"], "practice_areas": ["Surgery"], "attested": True}
                for board, name in TYPES.items()
            ],
        }
    )  # fmt: skip
    service = installed.service
    return transact(
        operator(service, PROVIDER), registration.register, given.as_activity(PROVIDER)
    ).activity.activity_id


def _roster(installed: World) -> Path:
    """Write whom the boards do not know: one in ten of those who are certified."""
    numbers: dict[str, list[str]] = {code: [] for code in DECIDING}
    for each in installed.learners:
        for held in each.certifications:
            if held.board in numbers:
                numbers[held.board].append(held.number)
    path = installed.service.settings.data_dir / "roster.toml"
    tables = []
    for code, known in numbers.items():
        learners = ", ".join(f'{{ told = "{number}" }}' for number in known[::10])
        tables.append(f"[{code}]\nlearners = [{learners}]")
    path.write_text("\n".join(tables), encoding="utf-8")
    return path


def rows(installed: World, query: str, **given: Any) -> list[statements.Row]:
    """Read rows from the database itself."""
    return installed.service.database.read(lambda connection: statements.fetch(connection, query, given))


def _prove(stage: Stage, board: str) -> str:
    """Show that a board's file is what stands; return what was counted."""
    installed = stage.installed
    folder = installed.service.settings.data_dir
    view = View.from_json((folder / f"demo-board-{board}.json").read_text(encoding="utf-8"))
    replayed = _replayed(stage, board, (folder / f"demo-board-{board}-key").read_text(encoding="ascii").strip())
    noted, standing = _as_noted(view, decides=board in DECIDING), _standing(installed, board)
    assert noted == standing, {key: (noted.get(key), standing.get(key)) for key in {*noted, *standing}
                               if noted.get(key) != standing.get(key)}  # fmt: skip
    assert _facts(replayed) == _facts(view), "a feed read from zero tells something else"
    ((first, last, count),) = rows(
        installed, "SELECT min(position), max(position), count(*) FROM feed WHERE board = :board", board=board
    )
    assert (first, last) == (1, count) and view.position == last, (first, last, count, view.position)
    rejected = sum(each[-1] == "rejected" for each in standing.values())
    return f"{board} {count} events, {len(standing)} credits, {rejected} rejected"


def _replayed(stage: Stage, board: str, key: str) -> View:
    view = View()
    with httpx.Client(base_url=stage.url, headers={"Authorization": f"Bearer {key}"}, timeout=30) as client:
        while True:
            after = {"after": view.cursor} if view.cursor else {}
            page = client.get(FEED, params={"limit": "500", **after}).raise_for_status().json()
            for event in page["data"]:
                view.apply(event)
            view.cursor = page["next_cursor"]
            if not page["data"]:
                return view


def _facts(view: View) -> dict[str, tuple[Any, ...]]:
    """Return what a view tells of each credit: number, name, day, amount and types."""
    return {
        each.credit_id: (
            each.learner_board_id, each.first_name, each.last_name, each.completed_on, each.credits, each.credit_types
        )
        for each in view.held.values()
    }  # fmt: skip


def _as_noted(view: View, *, decides: bool) -> dict[str, tuple[Any, ...]]:
    """Return the same with what the board has decided; what is read by a board that does not decide is accepted."""
    facts = _facts(view)
    noted = {}
    for each in view.held.values():
        status = ("rejected" if each.refused else "accepted") if each.decided or not decides else "undecided"
        noted[each.credit_id] = (*facts[each.credit_id], status)
    return noted


def _standing(installed: World, board: str) -> dict[str, tuple[Any, ...]]:
    """Return the same from the records themselves."""
    types: dict[str, list[tuple[str, float]]] = {}
    for credit_id, name, quarters in rows(installed, "SELECT credit_id, credit_type, quarters FROM credit_types"):
        types.setdefault(credit_id, []).append((name, quarters / 4))
    found = rows(
        installed,
        "SELECT x.credit_id, x.registry_id, c.first_name, c.last_name, c.completed_on, x.quarters, x.status "
        "FROM credits x JOIN completions c ON c.completion_id = x.completion_id "
        "WHERE x.board = :board AND x.delivery = 'board' AND x.status <> 'withdrawn'",
        board=board,
    )
    return {row[0]: (*row[1:4], str(row[4]), row[5] / 4, tuple(sorted(types.get(row[0], []))), row[6]) for row in found}


if __name__ == "__main__":
    main()
