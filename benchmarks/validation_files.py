"""Files of learner validations, from the upload to the last answer, against the same rows joined by exact id in SQL.

`PARS_BENCH_ROWS` says how many validations a file has; 100,000 unless told otherwise. There are twice as many
physicians. Beside the seconds stand those of the processor, which another's work on the same machine changes less.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from sqlalchemy import Connection

from app.core.gc_tuning import tune_garbage_collector
from app.domain.batches import Batch, BatchKind, BatchStatus, RowOutcome
from app.domain.columns import columns_of
from app.domain.identity.comparison_keys import short_id_key
from app.domain.identity.learners import RegistryRow
from app.domain.identity.validations import ValidationRequest
from app.files.formats import FORMATS
from app.files.parsing.parser_client import open_file
from app.services.context import Work, transact
from app.services.registry import validations
from app.store.sql.key_sets import select_by_keys
from benchmarks import batches
from benchmarks.probes import processor_time
from benchmarks.table import Row, at_most, middle
from benchmarks.world import completion_files
from benchmarks.world.installation import World, world

ROWS = int(os.environ.get("PARS_BENCH_ROWS", "100000"))
ROUNDS = 3
AT_ONCE = 5_000
GOAL = 6
WAYS = ("licence", "licence and board id", "name, birth date and state")
Spent = tuple[float, float]
"""Seconds by the clock, and of the processor."""


def rows(database: str) -> Iterator[Row]:
    """Measure files by what their rows give, first with people new to the provider, then with the same again."""
    tune_garbage_collector()
    with world(database, 2 * ROWS) as installed:
        for how in WAYS:
            yield from _measured(installed, database, how)


def _measured(installed: World, database: str, how: str) -> Iterator[Row]:
    content = written(installed.learners, ROWS, how)
    held = [row.licenses[0] for row in installed.learners[:ROWS]]
    numbers = [(number.board, short_id_key(number.key), number.key) for number in held]
    floor: list[Spent] = []
    ours: list[Spent] = []
    for _ in range(ROUNDS):
        floor.append(_spent(installed, partial(_joined, installed, numbers)))
        batch = completion_files.upload(installed, content, kind=BatchKind.LEARNER_VALIDATIONS)
        ours.append(_spent(installed, partial(batches.work_through, installed)))
        answered(installed, batch)
    against = "the same rows joined by exact id in SQL"
    for place, unit in enumerate(("", ", processor")):
        yield at_most(
            f"{ROWS} validations by {how}, {database}{unit}", against, middle(times[place] for times in ours),
            middle(times[place] for times in floor), GOAL, "s",
        )  # fmt: skip
    if how == WAYS[0]:
        yield at_most(
            f"  nobody met before, {database}", against, ours[0][0], middle(times[0] for times in floor), GOAL, "s"
        )
    requests = _requests(installed, content)
    looked_up = [_spent(installed, partial(_looked_up, installed, requests)) for _ in range(ROUNDS)]
    yield at_most(
        f"  of it found and answered, {database}, processor", against, middle(times[1] for times in looked_up),
        middle(times[1] for times in floor), GOAL, "s",
    )  # fmt: skip


def written(learners: Sequence[RegistryRow], count: int, how: str) -> bytes:
    """Return a tab-delimited file of validations, cycling through the learners."""
    headings = [column.heading for column in columns_of(BatchKind.LEARNER_VALIDATIONS)]
    lines = ["\t".join(headings)]
    lines += ["\t".join(_cells(learners[place % len(learners)], how)) for place in range(count)]
    return "\r\n".join(lines).encode()


def _cells(row: RegistryRow, how: str) -> list[str]:
    held = row.licenses[0]
    number = held.number if how.startswith("licence") else ""
    certified = row.certifications[:1] if how == "licence and board id" else ()
    board, board_id = (certified[0].board, certified[0].number) if certified else ("", "")
    return [row.first_name, row.last_name, str(row.birth_date), held.board, number, board, board_id, "", ""]


def _joined(installed: World, numbers: Sequence[tuple[str, str, str]]) -> None:
    on = "licenses h ON h.board = k.board AND h.short_key = k.short AND h.id_key = k.exact"

    def read(connection: Connection) -> int:
        return sum(
            len(select_by_keys(connection, "h.learner_id", ("board", "short", "exact"), some, on))
            for some in (numbers[start : start + AT_ONCE] for start in range(0, len(numbers), AT_ONCE))
        )

    assert installed.service.database.read(read) >= len(numbers)


def _requests(installed: World, content: bytes) -> list[ValidationRequest]:
    """Return the keys that the rows of a file are looked up by."""
    with open_file([content], BatchKind.LEARNER_VALIDATIONS) as file:
        reader = FORMATS[file.head.format].validations(file.head)
        return [asked for piece in file.pieces() for row in piece if (asked := reader.read(row).request) is not None]


def _looked_up(installed: World, requests: Sequence[ValidationRequest]) -> None:
    caller = completion_files.reporter(installed)
    for start in range(0, len(requests), AT_ONCE):
        some = requests[start : start + AT_ONCE]
        transact(caller, _validated, some)


def _validated(work: Work, requests: Sequence[ValidationRequest]) -> None:
    validations.validate_each([work] * len(requests), requests)


def answered(installed: World, batch: Batch) -> None:
    """Assert that the file was processed, and that nearly everybody in it was found."""
    done = batches.seen(installed, batch)
    assert done.status is BatchStatus.COMPLETED, done.file_error
    assert done.counts[RowOutcome.ONE.value] > 0.9 * done.records, done.counts


def _spent(installed: World, verb: Callable[[], None]) -> Spent:
    begun, spent = time.perf_counter(), processor_time.seconds(installed)
    verb()
    return time.perf_counter() - begun, processor_time.seconds(installed) - spent
