"""An identifier alone never makes two people one: names and birth date have to allow it."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.identity.learners import IdentifierKind, Learner
from app.domain.parsing import luhn_sum
from app.matching.joining import TABLE, BirthLevel, Joining, NameLevel
from app.services.context import Service
from app.store.sql import statements
from tests.builders.bodies import a_completion, points, tina
from tests.builders.people import import_people, physicians_on_file
from tests.harness.api import Api, settle
from tests.harness.databases import ON_SQLITE
from tests.harness.properties import examples

NPI, OTHER_NPI = "1000000004", "1003000126"
ALMA = {
    "first_name": "Alma", "last_name": "Castellan", "date_of_birth": "02/11", "npi": NPI, "licenses": "TN-M:910011",
}  # fmt: skip
MARRIED = ALMA | {"last_name": "Castellan-Reyes"}
BRUNO = {
    "first_name": "Bruno", "last_name": "Destry", "date_of_birth": "09/23", "npi": NPI, "licenses": "TN-M:910012",
}  # fmt: skip
CARLA = {
    "first_name": "Carla", "last_name": "Ewert", "date_of_birth": "12/30", "npi": NPI, "licenses": "TN-M:910013",
}  # fmt: skip
GIVEN_NAMES = {
    NameLevel.SAME: ("Alma", "Castellan"),
    NameLevel.RELATED: ("Alma", "Castellan-Reyes"),
    NameLevel.NICKNAME: ("Bob", "Castellan"),
    NameLevel.GIVEN: ("Alma", "Reyes"),
    NameLevel.SURNAME: ("Bruno", "Castellan"),
    NameLevel.DIFFERENT: ("Bruno", "Destry"),
}
GIVEN_DATES = {BirthLevel.SAME: "02/11", BirthLevel.ABSENT: "", BirthLevel.DIFFERENT: "11/02"}
NUMBERS = {"npi": NPI, "licenses": "TN-M:910011", "certifications": "ABIM:810011"}
COLUMNS: dict[tuple[str, ...], int] = {("npi",): 0, ("licenses",): 1, ("certifications",): 1, ("npi", "licenses"): 2}
"""The column of the table by what is in common."""


def whose(service: Service, last_name_key: str) -> list[Learner]:
    return [who for who in physicians_on_file(service).values() if last_name_key in {last for last, _ in who.names}]


def of(person: dict[str, str], **more: Any) -> dict[str, Any]:
    return a_completion(
        first_name=person["first_name"], last_name=person["last_name"], born=person["date_of_birth"],
        license_id=person["licenses"].partition(":")[2], **more,
    )  # fmt: skip


def test_the_members_of_a_group_stay_apart_under_its_npi(service: Service, api: Api) -> None:
    counts = import_people(service, ALMA, MARRIED, BRUNO, CARLA)
    assert (counts.added, counts.updated, counts.unchanged) == (1, 1, 0)
    reason = "the NPI belongs to a physician on file who has other names and another birth date"
    assert counts.refused == [(3, reason), (4, reason)]
    (alma,) = whose(service, "castellan")
    assert (alma.birth_date, alma.npi, len(alma.licenses)) == ("02/11", NPI, 1)
    assert alma.names == {("castellan", "alma"), ("castellanreyes", "alma")}
    assert [(conflict.line, conflict.kinds, conflict.physician_ids) for conflict in counts.conflicts] == [
        (line, (IdentifierKind.NPI,), (alma.physician_id,)) for line in (3, 4)
    ]
    assert whose(service, "destry") == whose(service, "ewert") == []
    assert api.report(of(ALMA)).json["outcome"] == "created"
    crossed = of(ALMA, completed_on="2021-12-11") | {"cme": [{"state": "TN", "license_id": "910012", "credits": 1}]}
    crossed["learner"]["date_of_birth"] = CARLA["date_of_birth"]
    assert "learner-unmatched" in api.report(crossed).codes
    assert "learner-unmatched" in api.report(of(BRUNO)).codes
    settle(service)


def test_a_licence_number_beside_another_name_and_no_birth_date_renames_nobody(service: Service) -> None:
    before = physicians_on_file(service)
    counts = import_people(service, {"first_name": "Otto", "last_name": "Other", "licenses": "TN-M:444444"})
    assert (counts.added, counts.updated, len(counts.conflicts)) == (0, 0, 1)
    assert counts.refused == [(1, "a licence belongs to a physician on file who has other names")]
    assert physicians_on_file(service) == before


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("numbers", COLUMNS)
@pytest.mark.parametrize(("names", "birth"), list(TABLE))
@ON_SQLITE
def test_an_import_does_as_the_table_says(
    service: Service, names: NameLevel, birth: BirthLevel, numbers: tuple[str, ...], turned: bool
) -> None:
    first_name, last_name = GIVEN_NAMES[names]
    held = {name: NUMBERS[name] for name in numbers}
    known_as = "Robert" if names is NameLevel.NICKNAME else "Alma"
    one = {"first_name": known_as, "last_name": "Castellan", "date_of_birth": "02/11"} | held
    other = {"first_name": first_name, "last_name": last_name, "date_of_birth": GIVEN_DATES[birth]} | held
    known = set(physicians_on_file(service))
    counts = import_people(service, *((other, one) if turned else (one, other)))
    on_file = [who for physician_id, who in physicians_on_file(service).items() if physician_id not in known]
    expected = TABLE[names, birth][COLUMNS[numbers]]
    assert (len(on_file), len(counts.conflicts), len(counts.pairs)) == {
        Joining.JOINED: (1, 0, 0), Joining.PAIR: (2, 0, 1), Joining.CONFLICT: (1, 1, 0),
    }[expected]  # fmt: skip
    assert [who.npi for who in on_file if who.npi] == [NPI] * ("npi" in held)
    assert sum(len(who.licenses) + len(who.certifications) for who in on_file) == len(set(numbers) - {"npi"})
    if expected is Joining.JOINED:
        assert (on_file[0].names >= {("castellan", known_as.lower())}, on_file[0].birth_date) == (True, "02/11")


def test_an_npi_on_file_is_not_replaced_by_another_one(service: Service) -> None:
    import_people(service, ALMA)
    counts = import_people(service, ALMA | {"npi": OTHER_NPI})
    assert counts.refused == [(1, "a licence belongs to a physician on file who has another NPI")]
    assert [who.npi for who in whose(service, "castellan")] == [NPI]


def test_a_line_with_identifiers_of_two_who_are_one_person_changes_neither_and_makes_them_a_pair(
    service: Service,
) -> None:
    import_people(service, ALMA | {"licenses": ""}, BRUNO | {"npi": ""})
    undated = {"first_name": "Alma", "last_name": "Castellan", "licenses": "TN-M:910011"}
    import_people(service, undated)
    before = physicians_on_file(service)
    counts = import_people(service, ALMA)
    assert (counts.added, counts.updated, len(counts.conflicts), len(counts.pairs)) == (0, 0, 1, 1)
    assert {*counts.pairs[0].physician_ids} == {who.physician_id for who in whose(service, "castellan")}
    assert {*counts.pairs[0].evidence.split()} == {"npi", "license"}
    mixed = import_people(service, ALMA | {"licenses": "TN-M:910012"})
    assert [conflict.kinds for conflict in mixed.conflicts] == [(IdentifierKind.LICENSE,)]
    assert physicians_on_file(service) == before


def test_a_disputed_npi_finds_its_holder_beside_the_birth_date_only(service: Service, api: Api) -> None:
    aba = ALMA | {"certifications": "ABA:77001"}
    import_people(service, aba)

    def by_npi(born: str | None, day: str) -> set[str]:
        person = {"first_name": "Alma", "last_name": "Castellan", "born": born}
        body = a_completion(completed_on=day, credits=None, moc=[points(board_id="77001")], **person)
        body["learner"]["npi"] = NPI
        return api.report(body).codes

    def validated(**more: str) -> str:
        body = {"first_name": "Alma", "last_name": "Castellan", "npi": NPI} | more
        return str(api.post("/v1/learner-validations", body).json["result"])

    assert by_npi(None, "2021-12-01") == set()
    assert validated() == validated(medical_school="Anywhere") == "one"
    import_people(service, BRUNO)
    assert "learner-unmatched" in by_npi(None, "2021-12-02")
    assert validated() == validated(medical_school="Anywhere") == "none"
    assert by_npi("02/11", "2021-12-03") == set()
    assert validated(date_of_birth="02/11") == validated(date_of_birth="02/11", medical_school="Anywhere") == "one"
    assert validated(date_of_birth="02/12") == "none"
    settle(service)


PHYSICIANS_OF_THE_SLIDES = (
    {"first_name": "Rebecca", "last_name": "Test", "date_of_birth": "02/01", "licenses": "TN-M:444444"},
    {"first_name": "Tina", "last_name": "Karacme", "date_of_birth": "11/24", "certifications": "ABA:35867909"},
)
lines_about_them = st.lists(
    st.fixed_dictionaries(
        {
            "first_name": st.sampled_from(["Rebecca", "Tina", "R", "Otto"]),
            "last_name": st.sampled_from(["Test", "Karacme", "Test-Other", "Other"]),
            "date_of_birth": st.sampled_from(["", "02/01", "11/24", "01/01"]),
            "npi": st.sampled_from(["", NPI, OTHER_NPI]),
            "licenses": st.sampled_from(["", "TN-M:444444", "ME-M:MD9988", "TN-M:444444@2000-01-01..2010-12-31"]),
            "certifications": st.sampled_from(["", "ABA:35867909"]),
        }
    ),
    min_size=1,
    max_size=6,
)


@examples(20)
@given(lines_about_them)
def test_whatever_is_imported_credit_that_stands_keeps_its_physician(
    service: Service, api: Api, lines: list[dict[str, str]]
) -> None:
    reported = [(body, api.report(body).json) for body in (of(PHYSICIANS_OF_THE_SLIDES[0]), tina())]
    before, ids = stands(service), linked(service)
    birth_dates = {id: person.birth_date for id, person in physicians_on_file(service).items() if person.birth_date}
    import_people(service, *lines)
    assert stands(service) == before
    assert linked(service) == ids
    after = physicians_on_file(service)
    assert birth_dates.items() <= {id: person.birth_date for id, person in after.items()}.items()
    for body, first in reported:
        again = api.report(body | {"learner": {"learner_id": first["learner"]["learner_id"]}}).json
        assert (again["outcome"], again["completion_id"]) == ("unchanged", first["completion_id"])


def stands(service: Service) -> list[Any]:
    query = (
        "SELECT c.completion_id, c.learner_id, c.subject, c.version, x.credit_id, x.board, x.subject, x.status, "
        "x.quarters FROM completions c JOIN credits x ON x.completion_id = c.completion_id ORDER BY 1, 5"
    )
    return service.database.read(lambda connection: statements.fetch(connection, query, {}))


def linked(service: Service) -> list[Any]:
    query = "SELECT provider_id, learner_id, link FROM learner_links ORDER BY 1, 2"
    return service.database.read(lambda connection: statements.fetch(connection, query, {}))


PEOPLE = [
    (first, last, born)
    for first, born in (("Alma", "02/11"), ("Bruno", "09/23"), ("Carla", "12/30"), ("Dina", "02/11"))
    for last in ("Castellan", "Destry")
]
some_lines = st.lists(
    st.tuples(
        st.sampled_from(PEOPLE),
        st.sampled_from(["", "-Reyes"]),
        st.booleans(),
        st.sampled_from([None, 0, 1]),
        st.sampled_from([None, 0, 1]),
    ),
    min_size=2,
    max_size=8,
)
turns = itertools.count(1)
"""Every example has names and numbers of its own: what the ones before have left does not matter."""


def an_npi(number: int) -> str:
    digits = f"1{number:08d}"
    return digits + str(-luhn_sum(f"80840{digits}0") % 10)


def test_a_line_without_identifiers_that_says_nothing_new_of_several_adds_nobody_later(service: Service) -> None:
    rows = [
        {"first_name": "Alma", "last_name": "Castellan", "date_of_birth": "02/11", "licenses": licenses}
        for licenses in ("TN-M:A1", "", "TN-M:A2")
    ]
    first = import_people(service, *rows)
    again = import_people(service, *rows)
    assert (first.added, again.added, again.pairs, again.refused) == (2, 0, [], [])


@examples(25)
@given(lines=some_lines)
@ON_SQLITE
def test_in_any_order_lines_that_share_identifiers_make_nobody_one_whom_names_and_dates_tell_apart(
    service: Service, lines: list[Any]
) -> None:
    turn = next(turns)
    tag = "zq" + "".join("abcdefghij"[int(digit)] for digit in str(turn))
    rows = [
        {
            "first_name": first, "last_name": last + tag + more, "date_of_birth": born if dated else "",
            "npi": "" if npi is None else an_npi(10 * turn + npi),
            "licenses": "" if held is None else f"TN-M:T{turn}{held}",
        }
        for (first, last, born), more, dated, npi, held in lines
    ]  # fmt: skip
    counts = import_people(service, *rows)
    refused = {line for line, _ in counts.refused}
    on_file = [
        who
        for who in physicians_on_file(service).values()
        if any(last.endswith((tag, f"{tag}reyes")) for last, _ in who.names)
    ]
    births = {first.lower(): born for first, _, born in PEOPLE}
    for who in on_file:
        (first,) = {first for _, first in who.names}
        assert who.birth_date in (None, births[first])
    for line, row in enumerate(rows, 1):
        if line not in refused:
            name = (row["last_name"].lower().replace("-", ""), row["first_name"].lower())
            assert any(name in who.names and row["date_of_birth"] in ("", who.birth_date) for who in on_file)
    numbers = [number for who in on_file for number in (who.npi, *(held.number for held in who.licenses)) if number]
    assert len(numbers) == len(set(numbers))
    # A line refused for its names or date is placed later where lines after it have told more of who holds its number.
    for _ in rows:
        again = import_people(service, *rows)
        still = {line for line, _ in again.refused}
        assert again.added <= len(refused - still)
        if still == refused:
            assert again.pairs == []
            break
        refused = still
    else:
        pytest.fail("an import that is repeated never comes to rest")
