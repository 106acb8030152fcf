"""Run by test_import_crash: an import, killed at one statement after another and run again after each."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import event

from app.domain.batches import BatchKind
from app.services.context import Service
from app.services.moving import files
from app.services.moving.files import ImportWanted, MovedCounts, import_file
from app.store.sql import statements
from tests.builders.past_records import TINA, a_past_completion, a_past_credit, past_points
from tests.harness.crashes.of_reporting import opened, sealed
from tests.harness.moving.installations import PROVIDER, ndjson

DAYS = ("2021-12-01", "2021-12-02", "2021-12-03", "2021-12-04", "2021-12-05")
RECORDS = [
    a_past_completion(place, a_past_credit(place), completed_on=day, submitted_at="2021-12-10")
    if place % 2
    else a_past_completion(
        place, past_points(place, status="rejected"), learner=TINA, completed_on=day, submitted_at="2021-12-10"
    )
    for place, day in enumerate(DAYS, 1)
]
MOST_STATEMENTS = 400


def run(service: Service, file: Path) -> dict[str, int]:
    """Import the file, two records in a transaction; return the counts."""
    files.AT_ONCE = {True: 2, False: 2}
    counts = MovedCounts()
    import_file(service, file, ImportWanted(kind=BatchKind.LEARNER_COMPLETIONS, provider_id=PROVIDER), counts)
    return {name: count for name, count in counts.as_document().items() if count}


@contextmanager
def at_last(url: str, folder: str) -> Iterator[Service]:
    """Open the installation, and prove every invariant in the end."""
    service = opened(url, folder)
    sealed(service)
    yield service
    sealed(service)
    service.database.close()


def dying(url: str, folder: str, file: Path, die_at: int) -> None:
    """Import, and die before statement number `die_at`, counting COMMIT as one."""
    service = opened(url, folder)
    seen = 0

    def count(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    statements.BEFORE_STATEMENT.append(count)
    event.listen(service.database.engine, "commit", count)
    run(service, file)
    service.database.close()


def main() -> None:
    """Print a line for each kill: how the run ended, and what the database has by then; then what a last run does."""
    url, folder, step = sys.argv[1:]
    file = Path(folder) / "past.ndjson"
    file.write_bytes(ndjson(RECORDS))
    for die_at in range(1, MOST_STATEMENTS, int(step)):
        child = os.fork()
        if child == 0:
            dying(url, folder, file, die_at)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        with at_last(url, folder) as service:
            stands = service.database.read(
                lambda connection: statements.fetch_value(connection, "SELECT count(*) FROM imported_credits")
            )
        print(json.dumps({"killed": os.WIFSIGNALED(status), "stands": stands}), flush=True)
        if not os.WIFSIGNALED(status):
            break
    with at_last(url, folder) as service:
        print(json.dumps(run(service, file)), flush=True)


if __name__ == "__main__":
    main()
