"""`make drill-formats`: 10,000 records in every format, by one worker and by two, have the expected outcomes.

Each file is processed by worker processes on PostgreSQL; then every outcome and every credit that stands is compared.
`python -m benchmarks.drills.formats 2000` sets the number of records.
"""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

from app.core.logging import configure_logging
from app.domain.batches import BatchKind, BatchOwner
from app.services.activities import withdrawal as activity_learners
from app.services.batches import lifecycle, lookup, uploads
from app.services.batches.lifecycle import NewBatch
from app.services.context import operator, transact
from app.services.demo import world as demo
from app.services.operations import checks
from app.services.operations.sealing import seal_next
from app.services.registry import imports
from app.store.sql import statements
from benchmarks.world.installation import ROOT, World, world
from benchmarks.world.same_records import FORMATS, GRAND_ROUNDS, RIVALS, Record, alone, physicians, rivals

PROVIDER = "0008001"
SECONDS = 600
_STANDING = (
    "SELECT c.last_name, c.first_name, c.birth_date, x.reported_id, c.completed_on, c.occasion, x.board, x.quarters "
    "FROM completions c JOIN credits x ON x.completion_id = c.completion_id "
    "WHERE c.activity_id = :activity AND c.withdrawn_at IS NULL AND x.status <> 'withdrawn' ORDER BY 1, 2, 3, 4, 5, 7"
)


def main() -> None:
    """Process every format with one worker and with two; every run must end as the first one."""
    configure_logging()
    many = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    learners = physicians(many)
    with world("postgresql", 0) as installed:
        demo.load(installed.service)
        assert not imports.import_rows(installed.service, enumerate(learners, 1)).refused
        single = [(record, "rejected" if rules else "added") for record, rules in alone(learners)]
        competing = rivals(learners[: many // len(RIVALS)])
        for name, told in (("that do not compete", single), ("that compete", competing)):
            _compare(installed, name, told, shuffled=told is single)


def _compare(installed: World, name: str, told: Sequence[tuple[Record, str]], *, shuffled: bool) -> None:
    stands: list[Any] = []
    for workers in (1, 2):
        for number, format in enumerate(FORMATS):
            given = random.Random(number + workers).sample(told, len(told)) if shuffled else told
            begun = time.monotonic()
            with _run_workers(installed, workers):
                found = _outcomes(installed, format, [record for record, _ in given])
            assert found == [outcome for _, outcome in given], f"{format}, {workers} workers"
            stands.append(_standing(installed))
            assert stands[-1] == stands[0], f"{format}, {workers} workers"
            took = time.monotonic() - begun
            print(f"{len(told)} records {name}, {format}, {workers} workers: as expected, {took:.1f} s", flush=True)
            _verify_and_clear(installed)


@contextmanager
def _run_workers(installed: World, workers: int) -> Iterator[None]:
    command = [sys.executable, "-m", "app", "worker"]
    with (installed.service.settings.data_dir / "workers.log").open("ab") as log:
        started = [
            subprocess.Popen(command, env=installed.environment, cwd=ROOT, stdout=log, stderr=log)
            for _ in range(workers)
        ]
    try:
        yield
    finally:
        for worker in started:
            worker.terminate()
        for worker in started:
            assert worker.wait(60) == 0, "a worker did not end by itself"


def _outcomes(installed: World, format: str, records: Sequence[Record]) -> list[str]:
    """Return the outcomes of records in a file, in its order."""
    service = installed.service
    content = FORMATS[format](records)
    digest = sha256(content).hexdigest()
    given = NewBatch(
        upload_id=uploads.store_upload(service, BatchOwner(provider_id=PROVIDER), [content], len(content), digest),
        kind=BatchKind.LEARNER_COMPLETIONS,
        filename=f"drill.{format}",
        size=len(content),
        digest=digest,
        permission_attested=True,
        dry_run=False,
    )
    caller = operator(service, PROVIDER)
    batch_id = transact(caller, lifecycle.create, given).batch_id
    until = time.monotonic() + SECONDS
    while not service.database.read(lambda connection: lookup.get(connection, caller, batch_id)).finished:
        assert time.monotonic() < until, "the file is not worked through"
        time.sleep(0.1)
    _, rows = service.database.read(
        lambda connection: lookup.rows(connection, caller, batch_id, after=-1, limit=len(records) + 1, outcomes=())
    )
    return [str(row.outcome) for row in rows]


def _standing(installed: World) -> list[Any]:
    return installed.service.database.read(
        lambda connection: statements.fetch(connection, _STANDING, {"activity": GRAND_ROUNDS})
    )


def _verify_and_clear(installed: World) -> None:
    """Assert that every invariant holds, and withdraw everybody for the next run."""
    service = installed.service
    while service.database.write(lambda connection: seal_next(connection, service)):
        pass
    faults = checks.find_faults(service)
    assert not faults, faults
    asyncio.run(activity_learners.withdraw_all(operator(service, PROVIDER), GRAND_ROUNDS))


if __name__ == "__main__":
    main()
