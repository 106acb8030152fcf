"""What the rule `permission-withdrawn` costs: reports that ask for withdrawals beside the same that do not, in turns.

`PARS_BENCH_ROWS` is the number of records of a file; 20,000 by default. Times are of the processor on SQLite, where the
database is in the process, and of the clock on PostgreSQL.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from unittest.mock import patch

from app.core.clock import new_id
from app.domain.batches import EntryMethod
from app.domain.passport.disputes import WithdrawnPermission
from app.schemas.completions import CompletionIn
from app.services.access import clients
from app.services.context import Work, operator, transact
from app.services.reporting import pipeline
from app.store.passport import permissions
from app.store.sql.statements import fetch_column
from benchmarks.batches import work_through
from benchmarks.table import Row, at_most, middle
from benchmarks.world import completion_files
from benchmarks.world.installation import PROVIDER, World, world

ROWS = int(os.environ.get("PARS_BENCH_ROWS", "20000"))
REPORTS = 2_000
"""Single reports that ask, and as many that do not."""
ROUNDS = 3
LEARNERS = 20_000
WITHDRAWN = 1_000
GOAL = 1.02
SILENT = "the same without asking"
ELSEWHERE = "0000002"
"""The provider that may no longer report a thousand physicians."""


def rows(database: str) -> Iterator[Row]:
    """Measure single reports and files while nobody has withdrawn anything, then while a thousand have."""
    with world(database, LEARNERS) as installed:
        seconds = time.process_time if database == "sqlite" else time.perf_counter
        for standing in (0, WITHDRAWN):
            if standing:
                transact(operator(installed.service), _withdraw, standing)
            said = f"{standing or 'nobody'} withdrew, {database}"
            yield at_most(f"a report, {said}", SILENT, *_reports(installed, seconds, standing), GOAL)
            yield at_most(f"a file of {ROWS}, {said}", SILENT, *_files(installed, seconds), GOAL)


@contextmanager
def _asking(asks: bool) -> Iterator[None]:
    """Leave the pipeline as it is, or have it ask for no withdrawal."""
    if asks:
        yield
        return
    with (
        patch.object(permissions, "unpermitted", lambda *_: frozenset()),
        patch.object(permissions, "any_stands", lambda _: False),
        patch.object(permissions, "ANY_STANDS", "1 = 0"),
    ):
        yield


def _reports(installed: World, seconds: Callable[[], float], standing: int) -> tuple[float, float]:
    """Report singly, in turns; return the median of those that ask and of the others, in milliseconds."""
    caller = completion_files.reporter(installed)
    taken: dict[bool, list[float]] = {True: [], False: []}
    for number, sent in enumerate(installed.bodies(2 * REPORTS, "2026-07-01" if standing else "2026-06-01")):
        asks = number % 2 == 0
        report = CompletionIn.model_validate_json(sent).as_report(PROVIDER, installed.service.clock(), EntryMethod.API)
        with _asking(asks):
            begun = seconds()
            transact(caller, pipeline.report, report)
            taken[asks].append(seconds() - begun)
    return middle(taken[True]) * 1_000, middle(taken[False]) * 1_000


def _files(installed: World, seconds: Callable[[], float]) -> tuple[float, float]:
    """Work through files of other activities, in turns; return the median of each kind, in milliseconds."""
    taken: dict[bool, list[float]] = {True: [], False: []}
    for number in range(2 * ROUNDS):
        asks = number % 2 == 0
        made = list(completion_files.records(installed, ROWS))
        completion_files.upload(installed, completion_files.file_of("tab", made))
        with _asking(asks):
            begun = seconds()
            work_through(installed)
            taken[asks].append(seconds() - begun)
    return middle(taken[True]) * 1_000, middle(taken[False]) * 1_000


def _withdraw(work: Work, physicians: int) -> None:
    """Withdraw from another provider the permission of a number of physicians."""
    client_id = clients.create(work, "elsewhere", role="provider", provider_ids=[ELSEWHERE]).client_id
    ids = fetch_column(
        work.connection, "SELECT learner_id FROM learners ORDER BY learner_id LIMIT :most", {"most": physicians}
    )
    for learner_id in ids:
        permissions.add(
            work.connection,
            WithdrawnPermission(
                permission_id=new_id(), learner_id=learner_id, provider_id=ELSEWHERE, completion_id=None,
                activity_id=None, completed_on=None, client_id=client_id, withdrawn_at=work.now, given_back_at=None,
            ),
        )  # fmt: skip
