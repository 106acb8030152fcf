"""Two sources that seem to describe one person are kept as a pair; a licence issued again describes two."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from app.domain.boards import Span
from app.domain.identity.learners import PairStatus
from app.services.context import Service
from app.store.sql import statements
from tests.builders.bodies import a_completion
from tests.builders.people import import_people, physicians_on_file
from tests.harness.api import Api, settle

ROBERT = {"first_name": "Robert", "last_name": "Twin", "date_of_birth": "05/06", "licenses": "TN-M:R1"}
BOB = ROBERT | {"first_name": "Bob"}


def pairs_on_file(service: Service) -> list[Any]:
    query = "SELECT learner_id, other_id, evidence, name_level, birth_level, source, status FROM registry_pairs"
    return [tuple(row) for row in service.database.read(lambda connection: statements.fetch(connection, query, {}))]


def named(service: Service, last_key: str) -> list[Any]:
    return [who for who in physicians_on_file(service).values() if last_key in {last for last, _ in who.names}]


def test_a_pair_is_kept_once_with_what_it_has_in_common_and_no_values(service: Service) -> None:
    counts = import_people(service, ROBERT, BOB, source="board.csv")
    assert (counts.added, counts.refused) == (2, [])
    (pair,) = counts.pairs
    assert (pair.line, pair.evidence, pair.names, pair.birth_date) == (2, "license", "nickname", "same")
    both = tuple(sorted(pair.physician_ids))
    assert pairs_on_file(service) == [(*both, "license", "nickname", "same", "board.csv", PairStatus.OPEN)]
    assert {who.physician_id for who in named(service, "twin")} == set(both)
    again = import_people(service, ROBERT, BOB, source="another.csv")
    assert (again.added, again.updated, again.unchanged, again.pairs) == (0, 0, 2, [])
    assert len(pairs_on_file(service)) == 1


def test_who_is_kept_beside_somebody_takes_what_is_their_own_and_not_what_the_other_holds(service: Service) -> None:
    import_people(service, ROBERT, BOB)
    more = import_people(service, BOB | {"licenses": "TN-M:R1;ME-M:R2", "npi": "1000000004"})
    assert (more.updated, more.refused) == (1, [])
    held = {frozenset(who.names): [holding.number for holding in who.licenses] for who in named(service, "twin")}
    assert held == {frozenset({("twin", "robert")}): ["R1"], frozenset({("twin", "bob")}): ["R2"]}


def test_what_was_decided_of_a_pair_outlives_imports(service: Service) -> None:
    import_people(service, ROBERT, BOB)
    service.database.write(
        lambda connection: statements.execute(connection, "UPDATE registry_pairs SET status = 'never'", {})
    )
    counts = import_people(service, BOB, ROBERT)
    assert (counts.added, counts.pairs) == (0, [])
    assert [status for *_, status in pairs_on_file(service)] == [PairStatus.NEVER]


def test_two_records_of_one_name_and_birth_date_without_a_number_in_common_are_a_pair(service: Service) -> None:
    certified = ROBERT | {"licenses": "", "certifications": "ABIM:77"}
    counts = import_people(service, ROBERT, certified)
    assert [(pair.evidence, pair.names, pair.birth_date) for pair in counts.pairs] == [
        ("names birth_date", "same", "same")
    ]
    assert len(pairs_on_file(service)) == 1
    assert import_people(service, certified, ROBERT).unchanged == 2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"npi": "1000000004"}, {"npi": "1003000126", "licenses": "TN-M:R2"}),
        ({"certifications": "ABIM:1"}, {"certifications": "ABIM:2", "licenses": "TN-M:R2"}),
        ({}, {"date_of_birth": "05/07", "licenses": "TN-M:R2"}),
        ({"date_of_birth": ""}, {"licenses": "ME-M:R2"}),
    ],
)
def test_namesakes_whom_something_tells_apart_are_no_pair(
    service: Service, one: dict[str, str], other: dict[str, str]
) -> None:
    counts = import_people(service, ROBERT | one, ROBERT | other)
    assert (counts.added, counts.pairs) == (2, [])


@pytest.mark.parametrize("turned", [False, True])
def test_the_only_namesake_of_a_board_is_a_pair_where_a_birth_date_is_missing(service: Service, turned: bool) -> None:
    rows = [ROBERT | {"date_of_birth": ""}, ROBERT | {"licenses": "TN-M:R2"}]
    counts = import_people(service, *(rows[::-1] if turned else rows))
    assert [(pair.evidence, pair.birth_date) for pair in counts.pairs] == [("names state", "absent")]
    third = import_people(service, ROBERT | {"licenses": "TN-M:R3", "date_of_birth": "05/08"})
    assert len(third.pairs) == 1


def test_a_report_that_fits_both_of_a_pair_is_ambiguous(service: Service, api: Api) -> None:
    import_people(service, ROBERT, ROBERT | {"licenses": "", "certifications": "ABIM:77"})
    import_people(service, ROBERT | {"licenses": "TN-M:R2", "certifications": "ABIM:77"})
    body = a_completion(first_name="Robert", last_name="Twin", born="05/06", license_id=None)
    assert api.report(body).codes == {"learner-ambiguous"}
    settle(service)


FORMER = ROBERT | {"licenses": "TN-M:R1@2001-01-01..2021-06-30"}
LATTER = {
    "first_name": "Zoe", "last_name": "Latter", "date_of_birth": "07/08", "licenses": "TN-M:R1@2021-07-01..",
}  # fmt: skip


def dates_of(service: Service, last_key: str) -> list[Span | None]:
    (who,) = named(service, last_key)
    return [held.dates for held in who.licenses]


def test_a_licence_issued_again_is_two_physicians_in_its_time(service: Service, api: Api) -> None:
    assert len(import_people(service, ROBERT, LATTER).conflicts) == 1
    counts = import_people(service, FORMER, LATTER)
    assert (counts.added, counts.updated, counts.refused) == (1, 1, [])
    assert import_people(service, FORMER, LATTER).unchanged == 2
    for undated in (ROBERT, LATTER | {"licenses": "TN-M:R1"}):
        assert import_people(service, undated).unchanged == 1
    for person, day, codes in (
        (FORMER, "2021-06-30", set()),
        (FORMER, "2021-07-01", {"learner-unmatched"}),
        (LATTER, "2021-06-30", {"learner-unmatched"}),
        (LATTER, "2021-07-01", set()),
    ):
        body = a_completion(
            completed_on=day, first_name=person["first_name"], last_name=person["last_name"],
            born=person["date_of_birth"], license_id="R1",
        )  # fmt: skip
        assert api.report(body).codes == codes
    settle(service)


@pytest.mark.parametrize("licenses", ["TN-M:R1@2021-06-30..", "TN-M:R1@2010-01-01..2012-12-31", "TN-M:R1@..2030-01-01"])
def test_a_licence_is_held_by_one_physician_at_a_time(service: Service, licenses: str) -> None:
    import_people(service, FORMER)
    before = physicians_on_file(service)
    assert len(import_people(service, LATTER | {"licenses": licenses}).conflicts) == 1
    assert physicians_on_file(service) == before
    import_people(service, LATTER)
    assert len(import_people(service, FORMER | {"licenses": "TN-M:R1@2001-01-01..2022-12-31"}).conflicts) == 1
    assert dates_of(service, "twin") == [Span(since=date(2001, 1, 1), until=date(2021, 6, 30))]


@pytest.mark.parametrize(
    ("licenses", "since", "until"),
    [
        ("TN-M:R1", "2001-01-01", "2010-12-31"),
        ("TN-M:R1@..2012-12-31", "2001-01-01", "2012-12-31"),
        ("TN-M:R1@2002-02-02..", "2002-02-02", "2010-12-31"),
        ("TN-M:R1@2015-01-01..2020-12-31", "2001-01-01", "2020-12-31"),
        ("TN-M:R1@2015-01-01..", "2001-01-01", None),
        ("TN-M:R1@1990-01-01..1995-12-31", "1990-01-01", "2010-12-31"),
    ],
)
def test_dates_of_a_licence_are_corrected_and_renewed(
    service: Service, licenses: str, since: str, until: str | None
) -> None:
    import_people(service, ROBERT | {"licenses": "TN-M:R1@2001-01-01..2010-12-31"})
    import_people(service, ROBERT | {"licenses": licenses})
    (dates,) = dates_of(service, "twin")
    assert dates is not None
    assert (str(dates.since), dates.until and str(dates.until)) == (since, until)
