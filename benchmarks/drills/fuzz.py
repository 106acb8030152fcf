"""`make drill-fuzz`: schemathesis against a running server, on SQLite and on PostgreSQL; nothing may be found.

`python -m benchmarks.drills.fuzz 25000 --seed 7 --database sqlite` sets the least number of cases, the seed and the
database. The seed is printed, and repeats the same requests. Schemathesis reads the OpenAPI document of the application
as the judge of its answers, so that a new operation is tried without a change here; it runs in `.venv-fuzz`, apart from
the project.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import time
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from app.core.errors import every_problem
from app.core.logging import configure_logging
from app.domain.boards import BoardKind
from app.domain.formats import ACTIVITY_FORMATS
from app.domain.identity.learners import RegistryRow
from app.main import create_app
from app.routers.description.generators import closed
from app.sandbox.fixtures import sandbox
from app.schemas.activities import ActivityIn
from app.schemas.queries import ActivityQuery, CompletionQuery
from app.services import reference
from app.services.access import clients
from app.services.access.scopes import ROLE_SCOPES
from app.services.activities import registration
from app.services.batches import lifecycle
from app.services.context import operator, transact
from app.services.demo import world as demo
from app.services.operations import checks
from app.services.registry import imports
from app.services.sandbox import providers as sandboxes
from app.store import activities as stored
from benchmarks.world.completion_files import reporter, upload
from benchmarks.world.identity_cases import identity_cases
from benchmarks.world.installation import ROOT, World, free_port, wait_for, world
from benchmarks.world.receiver import webhook_receiver

ENGINE = ROOT / ".venv-fuzz" / "bin" / "schemathesis"
SETTINGS = ROOT / "benchmarks" / "fuzz" / "schemathesis.toml"
PHYSICIANS = 300
EXAMPLES = 25
"""Cases of one operation a round; a round takes a minute or two."""
SEQUENCES = 60
"""Seconds in which a round sends requests in sequences, following links."""
PHASES = ("examples,coverage", "stateful", "fuzzing", "stateful")
"""Of a round each, for one party after the other. The first has few choices left to a seed."""


def main() -> None:
    """Send at least the given number of cases to each database; exit 1 when anything was found."""
    configure_logging()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the server and the databases end with this
    parser = argparse.ArgumentParser()
    parser.add_argument("cases", type=int, nargs="?", default=25_000)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--database", action="append", choices=["sqlite", "postgresql"])
    parser.add_argument("--minutes", type=float, default=30, help="Longest run on one database.")
    given = parser.parse_args()
    seed = secrets.randbelow(1_000_000) if given.seed is None else given.seed
    found = []
    for database in given.database or ["sqlite", "postgresql"]:
        print(f"{database}: at least {given.cases} cases from seed {seed}", flush=True)
        found += [f"{database}: {finding}" for finding in drill(database, given.cases, seed, given.minutes * 60)]
    print("\n".join(found) or "nothing was found")
    sys.exit(1 if found else 0)


def drill(database: str, cases: int, seed: int, seconds: float) -> list[str]:
    """Run rounds until there were enough cases; return the findings, printed as they come."""
    until = time.monotonic() + seconds
    found: list[str] = []
    counts = Counts()
    with world(database, PHYSICIANS) as installed, webhook_receiver() as addresses:
        folder = installed.service.settings.data_dir
        parties = [party | {"addresses": addresses} for party in _parties(installed)]
        with _serving(installed, folder / "server.log") as port:
            for number in range(cases):
                if counts.cases >= cases:
                    break
                left = until - time.monotonic()
                if left <= 0:
                    found.append(f"time is up after {counts.cases} cases")
                    break
                name = f"{database}-{seed + number}"
                phase = PHASES[number % len(PHASES)]
                # The next round of the same party sees at its start whatever this one deletes or changes.
                party = parties[number // len(PHASES) % len(parties)]
                (folder / "fuzz.json").write_text(json.dumps(party), encoding="utf-8")
                (folder / "openapi.json").write_text(json.dumps(party["openapi"]), encoding="utf-8")
                found += _round(folder, port, seed + number, counts, phase=phase, name=name, seconds=left)
                print(f"{database}: seed {seed + number}, {counts.cases} cases so far", flush=True)
        found += _after(installed, folder / "server.log", parties[0]["learners"])
    found += _table(database, counts, parties[0]["openapi"])
    return found


@dataclass
class Counts:
    """Numbers of answers by operation, kind of request, phase and status; and why valid requests were refused."""

    answers: Counter[tuple[str, str, str, int]] = field(default_factory=Counter)
    refusals: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def cases(self) -> int:
        """Number of requests that were sent."""
        return self.answers.total()

    def add(self, written: Path) -> bool:
        """Add the counts of a round; return False when it counted nothing."""
        if not written.exists():
            return False
        answers, refusals = json.loads(written.read_text(encoding="utf-8"))
        self.answers.update({tuple(key): count for *key, count in answers})
        self.refusals.update({tuple(key): count for *key, count in refusals})
        return bool(answers)


def _round(folder: Path, port: int, seed: int, counts: Counts, *, phase: str, name: str, seconds: float) -> list[str]:
    """Run schemathesis once, with one kind of phase."""
    written = folder / "counts.json"
    written.unlink(missing_ok=True)
    command = [
        str(ENGINE), "--config-file", str(SETTINGS), "--no-color", "run", str(folder / "openapi.json"),
        "--url", f"http://127.0.0.1:{port}",
        "--phases", phase, "--checks", "all", "--seed", str(seed), "--max-examples", str(EXAMPLES),
        "--warnings", "off",
    ]  # fmt: skip
    if phase == "stateful":
        # A sequence ends where the world is another than when it began; new ones begin until the time is over.
        command += ["--max-time", str(SEQUENCES)]
    environment = {
        **os.environ,
        "PARS_FUZZ_WORLD": str(folder / "fuzz.json"),
        "PARS_FUZZ_COUNTS": str(written),
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    try:
        run = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired as ended:
        counts.add(written)
        said = (ended.stdout or b"").decode() + (ended.stderr or b"").decode()
        return [f"seed {seed}: not done in {seconds:.0f} s; see above, and {_kept(name, said)}"]
    if counts.add(written) and run.returncode == 0:
        return []
    log = _kept(name, run.stdout + run.stderr)
    return [f"seed {seed}: schemathesis ended with {run.returncode}; see above, and {log}"]


def _kept(name: str, said: str) -> Path:
    """Print what a round said, and keep it in a file; return its path."""
    log = ROOT / "var" / f"fuzz-{name}.txt"
    log.parent.mkdir(exist_ok=True)
    log.write_text(said, encoding="utf-8")
    print("\n".join(line[:1_000] for line in said.splitlines()), flush=True)
    return log.relative_to(ROOT)


@contextmanager
def _serving(installed: World, log: Path) -> Iterator[int]:
    """Serve the installation in a process of its own, its log in a file."""
    port = free_port()
    with log.open("wb") as kept:
        command = [sys.executable, "-m", "app", "serve", "--port", str(port)]
        # Webhooks go to a receiver on this machine, not to the owner of a generated name.
        environment = installed.environment | {"PARS_WEBHOOK_ALLOW_PRIVATE": "true"}
        server = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=kept, stderr=kept)
        try:
            wait_for(port, server)
            yield port
        finally:
            server.terminate()
            server.wait(30)


def _parties(installed: World) -> Iterator[dict[str, Any]]:
    """Fill the installation with the demo world and more, and yield what each party of callers knows of it.

    The parties: a provider; its test client, in the sandbox; an operator who names the provider.
    """
    service = installed.service
    demo.load(service)
    given = tomllib.loads(demo.WORLD.read_text(encoding="utf-8"))
    certifying = [board for board in service.catalogue.boards.values() if board.kind is BoardKind.CERTIFYING]
    taught = [
        {"code": board.code, "credit_types": [t.name for t in board.credit_types][:1] or ["CME"]}
        for board in certifying
    ]
    document = closed(create_app(service).openapi())
    own = [activity for activity in given["activities"] if activity["provider"] == demo.PROVIDER]
    people = [*(imports.read_row(learner, service.catalogue) for learner in given["learners"]), *installed.learners]
    live = [*own, *(_registered(installed, demo.PROVIDER, board) for board in taught)]
    provider = _key(installed, "provider", provider_ids=[demo.PROVIDER])
    board = _key(installed, "board", board=certifying[0].code)
    operating = _key(installed, "operator", provider_ids=[demo.PROVIDER])
    test = _key(installed, "provider", provider_ids=[demo.PROVIDER], test=True)
    vendor = _key(installed, "vendor")
    magic = sandbox()
    sandboxed = transact(operator(service), sandboxes.of_provider, demo.PROVIDER)
    standing, troubled = _magic_activities(installed, sandboxed)
    rehearsed = [*standing, *(_registered(installed, sandboxed, board) for board in taught)]
    cases = identity_cases(installed, demo.PROVIDER, own[0]["activity_id"], own[0]["end_date"])
    for keys, named, of, activities_known, learners, untried in (
        # The first key with the scopes is used: the operator's only where no other has them.
        ([provider, board, operating], None, demo.PROVIDER, live, people, []),
        ([test], None, sandboxed, rehearsed, [learner.row for learner in magic.learners], troubled),
        ([operating], demo.PROVIDER, demo.PROVIDER, live, people, []),
    ):
        yield {
            "keys": keys,
            "provider": named,
            "learners": [_person_fields(row) for row in learners],
            "activities": [{"moc": [], **activity} for activity in activities_known],
            # Whoever narrows or revokes the party's own clients is refused everywhere from then on.
            "untried": [*untried, *(key["client_id"] for key in (provider, board, operating, test))],
            # Names of the sandbox's people say what they do, as "Olive Only", and may stand in any sentence.
            "plain": [name for row in learners for name in (row.first_name, row.last_name)] if untried else [],
            "boards": taught,
            "values": _values(installed, activities_known, learners)
            | (cases if of == demo.PROVIDER else {})
            | {"vendor_id": [vendor["client_id"]]}
            | {"/v1/batches/{batch_id}/cancel batch_id": _cancelled_batches(installed, of)},
            "openapi": document,
        }


def _registered(installed: World, provider_id: str, board: dict[str, Any]) -> dict[str, Any]:
    body = _course(board)
    activity = ActivityIn.model_validate(body).as_activity(provider_id)
    registered = transact(operator(installed.service, provider_id), registration.register, activity)
    return body | {"activity_id": registered.activity.activity_id}


def _magic_activities(installed: World, provider_id: str) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the activities of a sandbox, and the ids of those whose reports fail or take long on purpose."""
    caller = operator(installed.service, provider_id)
    standing, troubled = [], []
    for activity in sandbox().activities:
        activity_id = transact(
            caller, lambda work, name=activity.internal_id: stored.id_of_internal(work.connection, provider_id, name)
        )
        if activity.trouble is None:
            standing.append({"activity_id": activity_id, "ama_pra_credits": None} | dict(activity.fields))
        else:
            troubled.append(str(activity_id))
    return standing, troubled


def _course(board: dict[str, Any]) -> dict[str, Any]:
    """Return the body of an activity with points of a board."""
    return {
        "title": f"A course for {board['code']}", "format": "enduring-material", "internal_id": f"fuzz-{board['code']}",
        "start_date": "2024-01-01", "end_date": "2025-12-31", "ama_pra_credits": 1_000, "delivery_methods": ["online"],
        "description": "A course.", "providership": "direct", "listing": {"public": False},
        "moc": [{"board": board["code"], "points": 1_000, "credit_types": board["credit_types"],
                 "practice_areas": ["Internal Medicine"], "attested": True}],
    }  # fmt: skip


def _key(installed: World, role: str, **more: Any) -> dict[str, Any]:
    """Create a client, and return its id, key and secret with the scopes for which a party uses it."""
    made = transact(operator(installed.service), clients.create, f"fuzz {role}", role=role, **more)
    # An operator has every scope, but no board whose feed it could read.
    own = [scope for scope in ROLE_SCOPES[role] if scope != "board:feed" or "board" in more]
    return {"key": made.api_key, "client_id": made.client_id, "client_secret": made.client_secret, "scopes": own}


def _cancelled_batches(installed: World, provider_id: str) -> list[str]:
    """Create cancelled batches: any other would be finished before a request could cancel it."""
    caller = replace(reporter(installed), provider=provider_id)
    made = [upload(installed, b"First Name\tLast Name", caller=caller).batch_id for _ in range(20)]
    for batch_id in made:
        transact(caller, lifecycle.cancel, batch_id)
    return made


def _person_fields(row: RegistryRow) -> dict[str, Any]:
    return {
        "first_name": row.first_name,
        "last_name": row.last_name,
        "date_of_birth": str(row.birth_date) if row.birth_date else None,
        "npi": row.npi,
        "medical_school": row.medical_school,
        "licenses": [(held.board, held.number) for held in row.licenses],
        "certifications": [(held.board, held.number) for held in row.certifications],
    }


def _values(
    installed: World, bodies: Iterable[dict[str, Any]], learners: Sequence[RegistryRow]
) -> dict[str, list[str]]:
    """Return real values of parameters, by name, or by path and name where the name is ambiguous."""
    rules = sorted(reference.rules())
    boards = installed.service.catalogue.boards
    codes = sorted(boards)
    shown = learners[:20]
    return {
        "activity_id": [body["activity_id"] for body in bodies],
        "internal_id": [body["internal_id"] for body in bodies if body.get("internal_id")],
        "board": codes,
        "state": sorted({number.board for row in shown for number in row.licenses}),
        "credit_type": sorted({credit_type.name for board in boards.values() for credit_type in board.credit_types}),
        "activity_format": [format.code for format in ACTIVITY_FORMATS],
        "client_reference": [f"ref-{number}" for number in range(1, 501)],
        "/v1/boards/{code} code": codes,
        "/problems/{code} code": [kind.code for kind in every_problem()] + rules,
        "/v1/activities q": ["course", "A course", *(body["activity_id"] for body in bodies)],
        "/v1/activities sort": list(_orders(ActivityQuery.sort_names)),
        "/v1/learner-completions q": [name for row in shown for name in (row.first_name, row.last_name)],
        "/v1/learner-completions sort": list(_orders(CompletionQuery.sort_names)),
        "rule_id": rules,
        "first_name": [row.first_name for row in shown],
        "last_name": [row.last_name for row in shown],
    }


def _orders(keys: Iterable[str]) -> Iterator[str]:
    """Yield every sort order of one key and of two."""
    signed = [sign + key for key in keys for sign in ("", "-")]
    yield from signed
    yield from (f"{one},{two}" for one in signed for two in signed if one.lstrip("-") != two.lstrip("-"))


def _after(installed: World, log: Path, learners: Iterable[dict[str, Any]]) -> list[str]:
    """Check the invariants, and that the log has neither a failure nor a licence number."""
    found = [f"invariant broken: {fault}" for fault in checks.find_faults(installed.service)]
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    failed = [line for line in lines if "request failed" in line or "Traceback" in line]
    found += [f"{len(failed)} failures in the log, the first: {failed[0][:500]}"] if failed else []
    numbers = {number for learner in learners for _, number in (*learner["licenses"], *learner["certifications"])}
    people = re.compile(
        rf"(?<![\w-])(?:{'|'.join(re.escape(number) for number in numbers if len(number) >= 6)})(?![\w-])"
    )
    leaks = [line for line in lines if people.search(line)]
    found += [f"{len(leaks)} lines of the log hold a licence number, the first: {leaks[0][:200]}"] if leaks else []
    return found


def _table(database: str, counts: Counts, document: dict[str, Any]) -> list[str]:
    """Print the answers of each operation; return what no run may show."""
    valid: dict[str, Counter[int]] = defaultdict(Counter)
    every: dict[str, Counter[int]] = defaultdict(Counter)
    phases = Counter[str]()
    for (label, mode, phase, status), count in counts.answers.items():
        every[label][status] += count
        phases[phase] += count
        if mode == "valid":
            valid[label][status] += count
    found = [f"{label} answered {s}" for label, seen in every.items() for s in sorted(seen) if s >= 500]
    print(f"\n{database}: {'operation':<55} cases   2xx, of valid cases")
    for label in (f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item):
        seen, share = every[label], _good(valid[label]) / max(1, valid[label].total())
        print(f"{database}: {label:<55} {seen.total():>5} {_good(seen):>5} {share:>6.0%}  {dict(sorted(seen.items()))}")
        why = {code: count for (of, code), count in counts.refusals.most_common() if of == label}
        if why:
            print(f"{database}:     valid ones refused for {dict(list(why.items())[:8])}")
        if not _good(seen):
            found.append(f"{label} was never answered 2xx: benchmarks/fuzz/values.py needs real values for it")
    answers = sum(every.values(), Counter[int]())
    print(f"{database}: {counts.cases} cases {dict(phases)}")
    print(f"{database}: {_good(answers)} answered 2xx, {dict(sorted(answers.items()))}\n", flush=True)
    return found


def _good(statuses: Counter[int]) -> int:
    return sum(count for status, count in statuses.items() if 200 <= status < 300)


if __name__ == "__main__":
    main()
