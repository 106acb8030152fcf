"""Validation in memory: "one" is right whatever the lookups may return, and true evidence never loses anybody."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.domain.identity.comparison_keys import id_key, school_key
from app.domain.identity.learners import Holding, Learner
from app.domain.identity.matches import Result
from app.domain.identity.validations import Lookup, LookupKey, LookupResults, ValidationRequest
from app.domain.parsing import MonthDay, month_day
from app.matching.validation import (
    Evidence,
    ValidationMatch,
    decide,
    evidence_of,
    lookups_of,
    matched_boards,
    those_who_fit,
)
from app.rules.validations import judge_validation
from tests.builders.judging import CATALOGUE, NPI, OTHER_NPI, a_learner

BOTH_NUMBERS = (NPI, OTHER_NPI)
SCHOOLS = (None, "Duke & Sons", "Meharry")


def looked_up(people: Sequence[Learner], lookups: Sequence[Lookup]) -> LookupResults:
    """Find learners as the registry's indexes do, one by one."""
    ids = [
        [person.physician_id for person in people if _under(person, lookup, people)][: lookup.most + 1]
        for lookup in lookups
    ]
    return LookupResults(ids=ids, learners={person.physician_id: person for person in people})


def _under(person: Learner, lookup: Lookup, people: Sequence[Learner]) -> bool:
    born = person.birth_date or ""
    name = (lookup.last, lookup.first)
    if name not in person.names or not _certified(person, lookup):
        return False
    if not born and any(name in other.names and other.birth_date == lookup.unless_born for other in people):
        return False
    within = lookup.born_from <= born <= lookup.born_to
    if lookup.by is LookupKey.NAME:
        return within
    if lookup.by is LookupKey.NPI:
        return (within or not born) and person.npi == lookup.number
    licensed = lookup.by in (LookupKey.LICENSE, LookupKey.NAME_LICENSED)
    direct = lookup.by in (LookupKey.LICENSE, LookupKey.CERTIFICATION)
    holds = any(
        lookup.board in ("", held.board) and lookup.number in ("", held.key)
        for held in (person.licenses if licensed else person.certifications)
    )
    return (within or (direct and not born)) and holds


def _certified(person: Learner, lookup: Lookup) -> bool:
    return not (lookup.certifying or lookup.certified) or any(
        lookup.certifying in ("", held.board) and lookup.certified in ("", held.key) for held in person.certifications
    )


def answer(request: ValidationRequest, people: Sequence[Learner], most: int | None = None) -> ValidationMatch:
    """Decide a validation; with `most`, as if a lookup could return no more than so many."""
    assert judge_validation(request, CATALOGUE) == ()
    evidence = evidence_of(request, CATALOGUE)
    lookups = [replace(lookup, most=min(most or lookup.most, lookup.most)) for lookup in lookups_of(evidence)]
    return decide(evidence, lookups, looked_up(people, lookups))


def a_request(**fields: object) -> ValidationRequest:
    return ValidationRequest(**({"first_name": "Rebecca", "last_name": "Test"} | fields))  # type: ignore[arg-type]


def result(*people: Learner, **fields: object) -> Result:
    return answer(a_request(**fields), people)[0]


def person_of(number: int, npi: str | None, draw: st.DrawFn) -> Learner:
    numbers = st.sampled_from(["1", "01", "2", NPI])
    return Learner(
        physician_id=f"learner-{number}",
        names=draw(
            st.sampled_from([frozenset({("test", "rebecca")}), frozenset({("test", "rebecca"), ("old", "rebecca")})])
        ),
        birth_date=draw(st.sampled_from([None, "02/01", "03/01"])),
        npi=npi,
        licenses=tuple(
            Holding(board=board, number=draw(numbers))
            for board in draw(st.sets(st.sampled_from(["TN-M", "TN-O", "ME-M"])))
        ),
        certifications=tuple(
            Holding(board=board, number=draw(numbers)) for board in draw(st.sets(st.sampled_from(["ABIM", "ABA"])))
        ),
        medical_school=draw(st.sampled_from(SCHOOLS)),
    )


@st.composite
def registries(draw: st.DrawFn) -> list[Learner]:
    """Up to six people of one name, sharing dates, numbers and schools; no two of them an NPI."""
    npis = draw(st.permutations([*BOTH_NUMBERS, None, None, None, None]))
    return [person_of(place, npis[place], draw) for place in range(draw(st.integers(0, 6)))]


OPTIONAL = {
    "last_name": st.sampled_from(["Test", "Old", "T'est"]),
    "birth_date": st.sampled_from([MonthDay(2, 1), MonthDay(3, 1), MonthDay(4, 1)]),
    "state": st.sampled_from(["TN", "Maine", "TN-O", "CA"]),
    "license_id": st.sampled_from(["1", "0-1", "2", NPI, OTHER_NPI, "-"]),
    "board": st.sampled_from(["ABIM", "aba", "ABP"]),
    "board_id": st.sampled_from(["1", "01", NPI, "."]),
    "npi": st.sampled_from(BOTH_NUMBERS),
    "medical_school": st.sampled_from(["DUKE and SONS", "Meharry", "Elsewhere", "-"]),
}
requests = st.fixed_dictionaries({}, optional=OPTIONAL)  # type: ignore[arg-type]


def expected_of(fitting: Sequence[Learner], evidence: Evidence) -> ValidationMatch:
    """Return what comparing everybody would decide."""
    if len(fitting) != 1:
        return ValidationMatch(Result.SEVERAL if fitting else Result.NONE)
    return ValidationMatch(Result.ONE, fitting[0].physician_id, matched_boards(fitting[0], evidence))


@given(registries(), requests)
def test_the_answer_counts_those_whom_everything_fits(people: list[Learner], fields: dict[str, object]) -> None:
    request = a_request(**fields)
    evidence = evidence_of(request, CATALOGUE)
    fitting = those_who_fit(people, evidence)
    assert answer(request, people) == expected_of(fitting, evidence)


SHARED = ("birth_date", "state", "board", "medical_school")
shared = st.fixed_dictionaries({}, optional={name: OPTIONAL[name] for name in SHARED})  # type: ignore[arg-type]


@given(registries(), requests | shared, st.integers(1, 3))
def test_however_few_a_lookup_may_return_one_is_the_only_one(
    people: list[Learner], fields: dict[str, object], most: int
) -> None:
    request = a_request(**fields)
    evidence = evidence_of(request, CATALOGUE)
    fitting = those_who_fit(people, evidence)
    said, physician_id, _ = answer(request, people, most)
    if said is Result.ONE:
        assert [learner.physician_id for learner in fitting] == [physician_id]
    elif said is Result.NONE:
        assert fitting == []


def told_of(person: Learner, draw: st.DrawFn) -> dict[str, object]:
    """Draw some of what is on file for somebody, as a sender gives it."""
    true: dict[str, object] = {}
    if person.birth_date:
        true["birth_date"] = month_day(*(int(part) for part in person.birth_date.split("/")))
    if person.npi:
        true["npi"] = person.npi
    if person.medical_school:
        true["medical_school"] = person.medical_school.upper()
    for held in person.licenses[:1]:
        true |= {"state": held.board, "license_id": person.npi if person.npi and draw(st.booleans()) else held.number}
    for held in person.certifications[:1]:
        true |= {"board": held.board, "board_id": held.number}
    kept = draw(st.sets(st.sampled_from(sorted(true)))) if true else set()
    return {name: true[name] for name in kept}


@given(st.data(), registries().filter(bool), st.integers(1, 3))
def test_more_of_what_is_true_never_turns_one_into_none(data: st.DataObject, people: list[Learner], most: int) -> None:
    person = data.draw(st.sampled_from(people))
    draw = data.draw
    less = told_of(person, draw)
    more = less | told_of(person, draw)
    assert answer(a_request(**more), people, most)[0] is not Result.NONE
    if answer(a_request(**less), people)[0] is Result.ONE:
        assert answer(a_request(**more), people)[:2] == (Result.ONE, person.physician_id)


@given(registries(), requests)
def test_no_board_is_told_that_was_not_named(people: list[Learner], fields: dict[str, object]) -> None:
    request = a_request(**fields)
    evidence = evidence_of(request, CATALOGUE)
    _, physician_id, boards = answer(request, people)
    if physician_id is not None:
        (learner,) = [person for person in people if person.physician_id == physician_id]
        named = {board.code for board in CATALOGUE.licensing(request.state)} if request.state else set()
        named |= {evidence.certifying} if evidence.certifying else set()
        assert set(boards) <= named & {held.board for held in (*learner.licenses, *learner.certifications)}
        assert bool(boards) == bool(named)


TWO = (
    a_learner(),
    a_learner("learner-2", npi=None, birth_date="03/01", licenses={"CA-M": "444444"}, certifications={}),
)


def test_names_alone_are_enough_to_ask() -> None:
    assert result(TWO[0]) is Result.ONE
    assert result(*TWO) is Result.SEVERAL
    assert result(*TWO, first_name="Rebeka") is Result.NONE


@pytest.mark.parametrize(
    "fields",
    [
        {"birth_date": MonthDay(2, 1)}, {"state": "tennessee"}, {"state": "TN", "license_id": "444-444"},
        {"license_id": "md 9977"}, {"license_id": NPI}, {"state": "ME", "license_id": NPI}, {"npi": NPI},
        {"board": "American Board of Surgery"}, {"board": "ABIM", "board_id": "100002"}, {"board_id": "100002"},
    ],
)  # fmt: skip
def test_every_kind_of_evidence_tells_namesakes_apart(fields: dict[str, object]) -> None:
    assert answer(a_request(**fields), TWO)[:2] == (Result.ONE, TWO[0].physician_id)


@pytest.mark.parametrize(
    "fields",
    [
        {"birth_date": MonthDay(2, 2)}, {"state": "NY"}, {"state": "ME", "license_id": "444444"},
        {"license_id": "555555"}, {"license_id": OTHER_NPI}, {"state": "NY", "license_id": NPI}, {"npi": OTHER_NPI},
        {"board": "ABIM", "board_id": "100001"}, {"board_id": "999999"}, {"license_id": "-"}, {"board_id": "."},
        {"state": "TN", "license_id": "0444444"},
    ],
)  # fmt: skip
def test_whatever_does_not_fit_is_a_miss(fields: dict[str, object]) -> None:
    assert answer(a_request(**fields), TWO) == (Result.NONE, None, ())


def test_beyond_what_a_lookup_returns_there_may_be_another() -> None:
    crowd = [
        replace(a_learner(f"learner-{n}"), medical_school=school) for n, school in enumerate(("Yale", "Duke", "Duke"))
    ]
    assert answer(a_request(medical_school="Duke"), crowd, most=1) == ValidationMatch(Result.SEVERAL)
    assert answer(a_request(medical_school="Yale"), crowd) == ValidationMatch(Result.ONE, "learner-0")
    assert answer(a_request(medical_school="Meharry"), crowd) == ValidationMatch(Result.NONE)


def test_evidence_must_fit_one_person_not_each_its_own() -> None:
    assert result(*TWO, birth_date=MonthDay(2, 1), state="CA") is Result.NONE
    assert result(*TWO, birth_date=MonthDay(3, 1), npi=NPI) is Result.NONE


def test_a_licence_without_a_state_fits_those_of_any_state() -> None:
    assert result(*TWO, license_id="444444") is Result.SEVERAL
    assert result(*TWO, license_id="444444", birth_date=MonthDay(3, 1)) is Result.ONE


def test_somebody_of_one_name_is_found_beside_a_placeholder() -> None:
    mononym = a_learner(first_name="FNU", last_name="Suharto")
    assert result(mononym, first_name="-", last_name="Suharto") is Result.ONE
    assert result(mononym, first_name="Suharto", last_name="LNU") is Result.ONE
    assert result(mononym, first_name="-", last_name="-") is Result.NONE


def test_what_is_not_on_file_contradicts_nothing_but_a_number_must_be_on_file() -> None:
    bare = a_learner(birth_date=None, npi=None)
    assert result(bare, medical_school="Elsewhere") is Result.ONE
    assert result(bare, npi=NPI) is Result.NONE


@pytest.mark.parametrize(
    ("on_file", "given", "same"),
    [
        ("Duke University School of Medicine", "DUKE UNIVERSITY - SCHOOL OF MEDICINE", True),
        ("College of Physicians & Surgeons", "College of Physicians and Surgeons", True),
        ("Université Libre", "universite libre", True),
        ("東京大学", "京都大学", False),
        ("Duke University", "Drew University", False),
    ],
)
def test_schools_are_compared_as_names_are(on_file: str, given: str, same: bool) -> None:
    assert (school_key(on_file) == school_key(given)) is same
    assert school_key(given)


def test_a_state_with_two_boards_names_the_one_that_licensed() -> None:
    osteopath = a_learner(licenses={"TN-O": "1", "ME-M": "1"})
    evidence = evidence_of(a_request(state="TN"), CATALOGUE)
    assert matched_boards(osteopath, evidence) == ("TN-O",)
    unnamed = evidence_of(a_request(license_id="1"), CATALOGUE)
    assert matched_boards(osteopath, unnamed) == ()
    assert id_key("1") == unnamed.license_key
