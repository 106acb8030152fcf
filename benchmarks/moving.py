"""Completions of another system imported, against loading every row of theirs in bulk; the memory of the command.

`PARS_BENCH_ROWS` is the number of records of a file; 100,000 by default, 7 % of them to be refused. On SQLite the
seconds are those of the processor, in this process: there the database is part of it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from app.core.clock import new_id
from app.domain.batches import BatchKind
from app.services.moving.files import ImportWanted, MovedCounts, import_file
from app.store.sql import statements
from benchmarks.floors import bulk_load
from benchmarks.floors.bulk_load import Table
from benchmarks.table import Row, at_most, shown
from benchmarks.world import completion_files
from benchmarks.world.completion_files import SentRecord
from benchmarks.world.installation import PROVIDER, ROOT, World, world

ROWS = int(os.environ.get("PARS_BENCH_ROWS", "100000"))
LEARNERS = min(20_000, ROWS)
REMEMBERED = min(ROWS, 20_000)
"""Records of the file whose import's memory is looked at, and of half of it."""
AGAIN, MEMORY = 1.0, 1.2
WRITTEN = (
    "learner_links", "completions", "credits", "credit_types", "ledger", "commits", "completion_versions", "audit",
    "imported_credits",
)  # fmt: skip
"""The tables that an import adds rows to, in an order that their references allow; all but two were empty before."""
_AUDITED = ("commits", "audit")


def rows(database: str) -> Iterator[Row]:
    """Measure a file that is new, the same once more, and half of it beside all of it."""
    with world(database, LEARNERS) as installed:
        folder = Path(installed.service.settings.data_dir)
        lines = [_line(record) for record in completion_files.records(installed, ROWS)]
        file = folder / "past.ndjson"
        file.write_text("".join(lines), encoding="utf-8")
        since = installed.service.database.read(
            lambda c: statements.fetch_value(c, "SELECT max(commit_id) FROM commits")
        )
        copy = bulk_load.snapshot(installed)
        ours, counts = _imported(installed, file)
        added = counts.as_document()["added"]
        floor = bulk_load.load_rows(installed, copy, _rows_of(installed, since))
        named = f"{ROWS:,} completions imported, {added:,} taken over, {database}"
        yield shown(named, "every row of theirs loaded in bulk", ours, floor, "s")
        again, _ = _imported(installed, file)
        yield at_most(f"  the same once more, {database}", "the first time", again, ours, AGAIN, "s")
    with world(database, LEARNERS) as installed:
        folder = Path(installed.service.settings.data_dir)
        lines = [_line(record) for record in completion_files.records(installed, REMEMBERED)]
        half, whole = (
            _peak(installed, folder / f"{name}.ndjson", lines, part) for name, part in (("half", 2), ("whole", 1))
        )
        yield at_most(f"  memory of all of it, {database}", "half of it", whole, half, MEMORY, "MB")


def _line(record: SentRecord) -> str:
    amount = float(record.credits) if record.credits else None
    month, day, year = record.completed_on.split("/")
    completed_on = f"{year}-{month}-{day}"
    credits = [_credit(record.state, record.license_id, amount, [])]
    if record.board_id is not None:
        types: list[dict[str, object]] = [{"type": name, "credits": amount or 2} for name in completion_files.TYPES]
        credits.append(_credit(completion_files.BOARD, record.board_id, amount or 2, types))
    line = {
        "completion_id": new_id(), "activity_id": record.activity_id, "completed_on": completed_on,
        "occasion": 1, "submitted_at": f"{completed_on}T23:00:00Z", "entry_method": "api",
        "learner": {"first_name": record.row.first_name, "last_name": record.row.last_name,
                    "date_of_birth": record.birth_date},
        "credits": credits,
    }  # fmt: skip
    return f"{json.dumps(line)}\n"


def _credit(board: str, number: str, amount: float | None, types: list[dict[str, object]]) -> dict[str, object]:
    return {
        "credit_id": new_id(), "board": board, "learner_board_id": number, "credits": amount, "credit_types": types,
        "status": "accepted",
    }  # fmt: skip


def _imported(installed: World, file: Path) -> tuple[float, MovedCounts]:
    counts = MovedCounts()
    clock = bulk_load.clock_of(installed)
    begun = clock()
    import_file(installed.service, file, ImportWanted(kind=BatchKind.LEARNER_COMPLETIONS, provider_id=PROVIDER), counts)
    return clock() - begun, counts


def _rows_of(installed: World, since: str) -> list[Table]:
    later = dict.fromkeys(_AUDITED, "WHERE commit_id > :since")
    return bulk_load.rows_where(installed, {name: later.get(name, "") for name in WRITTEN}, {"since": since})


def _peak(installed: World, file: Path, lines: list[str], part: int) -> float:
    """Return the peak of a command that imports a part of the records, in MB."""
    file.write_text("".join(lines[: len(lines) // part]), encoding="utf-8")
    program = (
        "import re, sys\n"
        "from app.cli.main import commands\n"
        "try:\n    commands(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        # What it was forked from counts as its own elsewhere.
        "print(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1])\n"
    )
    words = ["import", "completions", str(file), "--provider", PROVIDER]
    done = subprocess.run(
        [sys.executable, "-c", program, *words], env=installed.environment, cwd=ROOT, capture_output=True, check=True
    )
    return int(done.stdout.splitlines()[-1]) / 1024
