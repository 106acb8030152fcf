"""What finding people costs whose data are not exactly as on file: both stages of matching against the exact one alone.

`python -m benchmarks identity [sqlite|postgresql]` measures it among `PARS_BENCH_PHYSICIANS` physicians, 100,000 unless
told otherwise (a million by `make bench-large`): 10,000 reports with slips, as many that are exactly as on file, then
100,000 at once, and one by one.
Processor time is compared, that of PostgreSQL included, so that other work on the machine does not count.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from app.core.gc_tuning import tune_garbage_collector
from app.domain.identity.matches import Match, Result
from app.domain.reports import CompletionReport
from app.services.context import Work, operator, transact
from benchmarks.identity import doors
from benchmarks.identity.synthetic import cases_of, opened
from benchmarks.probes import processor_time
from benchmarks.table import Row, at_most, middle, shown
from benchmarks.world.installation import PROVIDER, World

PHYSICIANS = int(os.environ.get("PARS_BENCH_PHYSICIANS", "100000"))
SEED = 1
ROUNDS = 3
TOGETHER, AT_ONCE = 10_000, 100_000
SINGLE = 500
BOTH_STAGES, FIRST_STAGE = 2.5, 1.1
"""How many times as long as exact matching alone both stages may take, and the first where it decides."""

Matching = Callable[[Work, Sequence[CompletionReport]], list[Match]]


def rows(database: str) -> Iterator[Row]:
    """Measure together, at once, and single."""
    with opened(PHYSICIANS, SEED, database) as (installed, people):
        asked = [case.asked for case in cases_of(people, SEED, AT_ONCE, 1.0)]
        now = installed.service.clock()
        # As a server does when it has started: the people of this process are no part of the service.
        tune_garbage_collector()
        slips = [doors.report_of(one, installed.activity_id, now) for one in asked]
        exact = _decided_exactly(installed, slips)
        for title, reports, goal in (
            (f"{TOGETHER} reports with slips", slips[:TOGETHER], BOTH_STAGES),
            (f"{TOGETHER} reports as on file", exact[:TOGETHER], FIRST_STAGE),
        ):
            ours, alone = _in_turn(installed, reports)
            named = f"{title} among {len(people)}, {database}"
            yield at_most(named, "exact matching alone", ours, alone, goal)
            yield shown("  of these each", "exact matching alone", ours * 1_000 / len(reports),
                alone * 1_000 / len(reports), "us")  # fmt: skip
        took = _timed(installed, doors.match_each, slips)
        yield shown(f"{AT_ONCE} at once with slips among {len(people)}, {database}", "", took, None, "ms")
        yield from _single(installed, database, slips, exact)


def _decided_exactly(installed: World, reports: Sequence[CompletionReport]) -> list[CompletionReport]:
    """Return the reports whose physician exact matching finds."""
    matches = transact(operator(installed.service, PROVIDER), doors.match_exactly, reports)
    return [one for one, match in zip(reports, matches, strict=True) if match.result is Result.ONE]


def _in_turn(installed: World, reports: Sequence[CompletionReport]) -> tuple[float, float]:
    """Return the milliseconds of matching as shipped, and of exact matching, taken in turn."""
    ours, alone = [], []
    for _ in range(ROUNDS):
        alone.append(_timed(installed, doors.match_exactly, reports))
        ours.append(_timed(installed, doors.match_each, reports))
    return middle(ours), middle(alone)


def _single(
    installed: World, database: str, slips: Sequence[CompletionReport], exact: Sequence[CompletionReport]
) -> Iterator[Row]:
    """Yield what one report takes by itself: found at once, found by evidence, and missed."""
    matches = transact(operator(installed.service, PROVIDER), doors.match_each, slips[:TOGETHER])
    found_exactly = {id(one) for one in exact}
    kinds: dict[str, list[CompletionReport]] = {"as on file": list(exact), "with a slip": [], "of nobody": []}
    for one, match in zip(slips[:TOGETHER], matches, strict=True):
        if id(one) not in found_exactly:
            kinds["with a slip" if match.result is Result.ONE else "of nobody"].append(one)
    for kind, reports in kinds.items():
        if not reports:
            continue
        taken = [reports[place % len(reports)] for place in range(SINGLE)]
        each = partial(_timed_one_by_one, installed, doors.match_each, taken)
        alone = partial(_timed_one_by_one, installed, doors.match_exactly, taken)
        ours, exactly = zip(*[(each(), alone()) for _ in range(ROUNDS)], strict=True)
        yield shown(f"one report {kind}, {database}", "exact matching alone", middle(ours), middle(exactly), "ms")


def _timed(installed: World, matching: Matching, reports: Sequence[CompletionReport]) -> float:
    """Return the milliseconds of processor time of matching reports in groups, as batches do."""
    caller = operator(installed.service, PROVIDER)
    begun = processor_time.seconds(installed)
    for start in range(0, len(reports), doors.AT_ONCE):
        transact(caller, matching, reports[start : start + doors.AT_ONCE])
    return (processor_time.seconds(installed) - begun) * 1_000


def _timed_one_by_one(installed: World, matching: Matching, reports: Sequence[CompletionReport]) -> float:
    """Return the milliseconds of a report in the middle, each matched by itself in one transaction for all."""
    times: list[float] = []

    def match(work: Work) -> None:
        for one in reports:
            begun = time.perf_counter()
            matching(work, [one])
            times.append((time.perf_counter() - begun) * 1_000)

    transact(operator(installed.service, PROVIDER), match)
    return middle(times)
