from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

import pytest

from app.rules.catalogue import load_catalogue
from benchmarks.identity import doors, memory
from benchmarks.identity.doors import Answers
from benchmarks.identity.population import physicians
from benchmarks.identity.resolvable import Everybody
from benchmarks.identity.slips import Known
from benchmarks.identity.synthetic import Case, Counts, ask, cases_of, count, opened

PHYSICIANS, REPORTS, SEED = 8_000, 2_000, 1
"""A seed on which weights may be fitted; those that are reported begin at 101."""


class Asked(NamedTuple):
    people: list[Known]
    cases: list[Case]
    answers: Answers
    exact: Answers


@pytest.fixture(scope="module")
def asked() -> Asked:
    """The answers of the service's own door."""
    with opened(PHYSICIANS, SEED) as (world, people):
        known = doors.holders(world, zip([person.id for person in people], world.learners, strict=True))
        cases = cases_of(people, SEED, REPORTS, 1.0)
        return Asked(people, cases, *ask(world, cases, known))


@pytest.fixture(scope="module")
def counted(asked: Asked) -> Counts:
    return count(asked.cases, asked.answers, asked.exact, Everybody(asked.people))


def test_without_a_database_the_answers_are_the_same(asked: Asked):
    catalogue = load_catalogue()
    reports = [doors.report_of(case.asked, "", datetime.now(UTC)) for case in asked.cases]
    registry = [(person.id, row) for person, row in physicians(catalogue, PHYSICIANS, SEED)]
    matches, exact, _ = memory.match(registry, reports, catalogue)
    ids = [case.id for case in asked.cases]
    for answers, theirs in (
        (memory.answers_of(ids, matches), asked.answers),
        (memory.answers_of(ids, exact), asked.exact),
    ):
        assert answers.found == theirs.found
        assert answers.results == theirs.results


def test_nobody_of_the_registry_is_found_for_somebody_else_of_it(counted: Counts):
    assert counted.wrong == ()
    assert counted.wrong_exactly == 0


def test_nearly_all_who_could_be_meant_are_found(counted: Counts):
    assert counted.present > 1_700
    assert counted.resolvable > 0.9 * counted.present
    assert counted.resolved >= 0.97 * counted.resolvable
    assert counted.found > counted.exact


def test_a_date_with_a_slip_finds_nobody(counted: Counts):
    slipped = [
        counted.by_slip[slip] for slip in ("digit of the date", "month and day exchanged") if slip in counted.by_slip
    ]
    assert sum(reports for reports, *_ in slipped) > 10
    assert sum(resolved for _, _, resolved, _ in slipped) == 0


def test_a_wrong_number_finds_nobody(counted: Counts):
    assert (
        sum(
            found
            for slip, (_, _, _, found) in counted.by_slip.items()
            if slip in ("digit of the number", "number of somebody else", "number of a namesake")
        )
        == 0
    )
