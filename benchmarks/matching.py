"""Matching thousands of learners at once, against a join of the same keys in SQL."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial

from sqlalchemy import Connection

from app.domain.identity.candidates import Wanted
from app.domain.identity.learners import Person
from app.domain.identity.matches import Result
from app.domain.reports import CmePart, CompletionReport
from app.matching.exact import collect_keys, find_learner
from app.store.registry import learners
from app.store.sql.key_sets import select_by_keys
from benchmarks.table import Row, at_most, middle
from benchmarks.world.installation import World, world

ROUNDS = 3
PHYSICIANS = 100_000
ASKED = 5_000


def rows(database: str) -> Iterator[Row]:
    """Match by licence and by name with birth date."""
    with world(database, PHYSICIANS) as installed:
        for how, by_license in (("licence, name, birth date", True), ("name, birth date, state", False)):
            reports = list(_reports(installed, by_license=by_license))
            floor, ours = [], []
            for _ in range(ROUNDS):
                floor.append(_timed(installed, partial(_join, reports)))
                ours.append(_timed(installed, partial(_match, installed, reports)))
            yield at_most(
                f"{ASKED} learners of {PHYSICIANS} matched by {how}, {database}",
                "the same names joined in SQL",
                middle(ours),
                middle(floor),
                6,
            )


def _reports(installed: World, *, by_license: bool) -> Iterator[CompletionReport]:
    now = installed.service.clock()
    for row in installed.learners[:ASKED]:
        held = row.licenses[0]
        yield CompletionReport(
            provider_id="",
            activity_id=None,
            completed_on=None,
            permission=True,
            person=Person(first_name=row.first_name, last_name=row.last_name, birth_date=row.birth_date),
            cme=(CmePart(state=held.board, license_id=held.number if by_license else None, credits=1),),
            received_at=now,
        )


def _match(installed: World, reports: list[CompletionReport], connection: Connection) -> None:
    catalogue = installed.service.catalogue
    wanted = Wanted()
    for report in reports:
        wanted.add(collect_keys(report, catalogue))
    found = learners.load_candidates(connection, wanted)
    answers = [find_learner(report, found, catalogue).result for report in reports]
    assert answers.count(Result.ONE) > 0.9 * len(answers)


def _join(reports: list[CompletionReport], connection: Connection) -> None:
    keys = [(*report.person.name, str(report.person.birth_date)) for report in reports]
    on = "learner_names n ON n.last_key = k.last AND n.first_key = k.first AND n.birth_date = k.birth"
    assert select_by_keys(connection, "n.learner_id", ("last", "first", "birth"), keys, on)


def _timed(installed: World, verb: Callable[[Connection], None]) -> float:
    begun = time.perf_counter()
    installed.service.database.read(verb)
    return (time.perf_counter() - begun) * 1000
