"""A board's lists of licensees: looked up, and their files written, against plain SQL that reads the same rows.

`PARS_BENCH_ROWS` says how many licensees a list has; 10,000 unless told otherwise. There are twice as many physicians,
with twelve completions each. Times are of the processor; the statements of each step are counted, and the memory that
writing takes at its height.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from app.core.gc_tuning import tune_garbage_collector
from app.domain.batches import Batch, BatchKind, BatchStatus, FileFormat, RowOutcome
from app.domain.columns import columns_of
from app.domain.identity.comparison_keys import short_id_key
from app.services.batches import lookup
from app.services.batches.downloads import BatchFile
from app.services.context import Caller, operator
from app.services.passport import licensee_files
from app.services.registry.generating.physicians import synthetic_physicians
from app.store.sql.key_sets import select_by_keys
from app.store.sql.statements import BEFORE_STATEMENT
from benchmarks import batches
from benchmarks.probes import processor_time
from benchmarks.table import Row, at_most, middle, shown
from benchmarks.world import completion_files
from benchmarks.world.installation import World, world_of
from benchmarks.world.many_completions import ManyCompletions

ROWS = int(os.environ.get("PARS_BENCH_ROWS", "10000"))
COMPLETIONS = 12
BOARD = "TN-M"
ROUNDS = 3
AT_ONCE = 5_000
GOALS = {"number": 60, "birth date": 200, "file": 25}
FLOOR = "plain SQL that reads the same rows"
MEBIBYTE = 1_048_576
_CREDITS = (
    "completions c ON c.learner_id = k.id AND c.withdrawn_at IS NULL "
    "JOIN credits x ON x.completion_id = c.completion_id JOIN activities a ON a.activity_id = c.activity_id "
    "LEFT JOIN credit_types t ON t.credit_id = x.credit_id"
)
_SELECTED = (
    "c.learner_id, c.completion_id, c.completed_on, a.title, c.provider_id, x.credit_id, x.board, x.kind, x.status, "
    "x.delivery, x.status_at, x.quarters, t.credit_type, t.quarters"
)


def rows(database: str) -> Iterator[Row]:
    """Measure a list by number and one by birth date, then each file that answers it."""
    tune_garbage_collector()
    made = partial(synthetic_physicians, 2 * ROWS, 1, certifying=["ABIM", "ABA"], reserved=frozenset())
    with world_of(database, lambda _: made(licensing=[BOARD])) as installed:
        ManyCompletions(installed, 2 * ROWS * COMPLETIONS).fill()
        numbers = [row.licenses[0] for row in installed.learners[:ROWS]]
        keys = [(held.board, short_id_key(held.key), held.key) for held in numbers]
        held = "licenses h ON h.board = k.board AND h.short_key = k.short AND h.id_key = k.exact"
        floor = middle(
            _seconds(installed, lambda: _joined(installed, ("board", "short", "exact"), keys, held))
            for _ in range(ROUNDS)
        )
        batch = None
        for how in ("number", "birth date"):
            taken, counted = [], 0
            for _ in range(ROUNDS):
                batch = completion_files.upload(
                    installed, written(installed, how), caller=_board(installed), kind=BatchKind.TRANSCRIPTS
                )
                with _Statements() as statements:
                    taken.append(_seconds(installed, lambda: batches.work_through(installed)))
                counted = statements.count
                _require_found(installed, batch)
            name = f"{ROWS} licensees looked up by {how}, {database}, {counted} statements"
            yield at_most(name, "their numbers joined in SQL", middle(taken), floor, GOALS[how], "s")
        assert batch is not None
        yield from _files(installed, database, batch)


def _files(installed: World, database: str, batch: Batch) -> Iterator[Row]:
    ids = [(id,) for id in _ids(installed, batch)]
    floor = middle(
        _seconds(installed, lambda: _joined(installed, ("id",), ids, _CREDITS, _SELECTED)) for _ in range(ROUNDS)
    )
    for name, which, format in (
        ("totals as text", BatchFile.SUCCESSFUL, FileFormat.TAB),
        ("activities as text", BatchFile.DETAILS, FileFormat.TAB),
        ("both as a workbook", BatchFile.SUCCESSFUL, FileFormat.XLSX),
    ):
        taken, counted = [], 0
        before = _reset_memory()
        for _ in range(ROUNDS):
            with _Statements() as statements:
                taken.append(_seconds(installed, partial(_download, installed, batch, which, format)))
            counted = statements.count
        grown = (_peak() - before) / MEBIBYTE
        size = _download(installed, batch, which, format) / MEBIBYTE
        shown_as = f"{name} of {ROWS} licensees, {database}, {size:.1f} MiB, {counted} statements"
        yield at_most(shown_as, FLOOR, middle(taken), floor, GOALS["file"], "s")
        yield shown(f"  memory at its height, {database}", "before it", grown, None, "MiB")


def written(installed: World, how: str) -> bytes:
    """Return a tab-delimited list of the first half of the physicians."""
    headings = [column.heading for column in columns_of(BatchKind.TRANSCRIPTS)]
    cells = [
        [row.first_name, row.last_name, "", "", row.licenses[0].number]
        if how == "number"
        else [row.first_name, row.last_name, str(row.birth_date), "", row.licenses[0].number]
        for row in installed.learners[:ROWS]
    ]
    return "\r\n".join("\t".join(line) for line in (headings, *cells)).encode()


def _board(installed: World) -> Caller:
    return operator(installed.service, board=BOARD)


def _joined(
    installed: World, columns: tuple[str, ...], keys: list[tuple[str, ...]], on: str, select: str = "h.learner_id"
) -> None:
    def read(connection: Connection) -> int:
        return sum(
            len(select_by_keys(connection, select, columns, keys[start : start + AT_ONCE], on))
            for start in range(0, len(keys), AT_ONCE)
        )

    assert installed.service.database.read(read) >= len(keys)


def _ids(installed: World, batch: Batch) -> list[str]:
    found = installed.service.database.read(
        lambda connection: lookup.rows(
            connection, _board(installed), batch.batch_id, after=None, limit=ROWS, outcomes=[]
        )
    )
    return [result.record_id for result in found.results if result.record_id is not None]


def _require_found(installed: World, batch: Batch) -> None:
    done = installed.service.database.read(lambda connection: lookup.get(connection, _board(installed), batch.batch_id))
    assert done.status is BatchStatus.COMPLETED, done.file_error
    assert done.counts[RowOutcome.ONE.value] > 0.9 * done.records, done.counts


def _download(installed: World, batch: Batch, which: BatchFile, format: FileFormat) -> int:
    found = installed.service.database.read(
        lambda connection: licensee_files.open_file(connection, _board(installed), batch.batch_id, which, format)
    )
    return sum(map(len, found.pieces))


def _seconds(installed: World, verb: Callable[[], object]) -> float:
    """Return the seconds of the processor that something takes: another's work on the machine changes them less."""
    begun = processor_time.seconds(installed)
    verb()
    return processor_time.seconds(installed) - begun


class _Statements:
    """Counts the statements that are run while it is open."""

    def __init__(self) -> None:
        self.count = 0

    def __enter__(self) -> _Statements:
        BEFORE_STATEMENT.append(self._counted)
        return self

    def __exit__(self, *_: object) -> None:
        BEFORE_STATEMENT.remove(self._counted)

    def _counted(self, _: str) -> None:
        self.count += 1


def _reset_memory() -> int:
    """Forget the height that this process's memory had; return what it has now, in bytes."""
    Path("/proc/self/clear_refs").write_text("5")
    return _peak()


def _peak() -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (height,) = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return int(height) * 1_024
