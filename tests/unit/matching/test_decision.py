"""Every rule that stops a find stops it alone, whatever the score: none stands in for another."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from app.domain.identity.learners import Learner
from app.domain.identity.matches import Result
from app.matching import weights_v1 as weights
from app.matching.decision import Query, Stop, Weighed, decide, stop_of, weigh
from app.matching.evidence import FieldAgreement, NameAgreement, NamesCompared, Numbers
from app.matching.names import parse_name
from tests.builders.judging import a_learner

NAMES = NamesCompared(
    surname=NameAgreement.SAME,
    surname_form="quillfeather",
    typed_surname="",
    given=NameAgreement.SAME,
    given_form="rebecca",
    typed_given="",
    middle=FieldAgreement.SAME,
    suffix=FieldAgreement.SAME,
    swapped=False,
)
OTHER, SURNAME, GIVEN = NameAgreement.DIFFERENT, "surname", "given"
NO_DATE, GIVEN_ONLY = FieldAgreement.ABSENT, FieldAgreement.NOT_ON_FILE
NUMBER = {"agree": ("license",)}


def weighed(**fields: Any) -> Weighed:
    """Somebody of whom everything agrees but an identifier, with a score beyond every bound."""
    known: dict[str, Any] = {
        "learner": a_learner("meant"),
        "names": NAMES,
        "birth_date": FieldAgreement.SAME,
        "numbers": Numbers(state=FieldAgreement.SAME),
        "score": 1_000.0,
        "slips": 0.0,
    }
    return Weighed(**known | fields)


def stopped(names: dict[str, Any] | None = None, numbers: dict[str, Any] | None = None, **fields: Any) -> Stop | None:
    held = replace(Numbers(state=FieldAgreement.SAME), **numbers or {})
    return stop_of(weighed(names=replace(NAMES, **names or {}), numbers=held, **fields))


def test_who_agrees_in_everything_is_not_stopped() -> None:
    assert stopped() is None
    assert stopped(numbers=NUMBER) is None


@pytest.mark.parametrize("numbers", [{}, NUMBER])
@pytest.mark.parametrize(
    ("names", "contradiction", "fields", "stop"),
    [
        ({}, {"differ": ("npi",)}, {}, Stop.NUMBER),
        ({}, {"school": FieldAgreement.DIFFERENT}, {}, Stop.NUMBER),
        ({}, {"state": FieldAgreement.DIFFERENT}, {}, Stop.STATE),
        ({}, {}, {"birth_date": FieldAgreement.DIFFERENT}, Stop.BIRTH_DATE),
        ({"suffix": FieldAgreement.DIFFERENT}, {}, {}, Stop.SUFFIX),
        ({SURNAME: OTHER, GIVEN: OTHER}, {}, {}, Stop.NAMES),
        ({SURNAME: NameAgreement.ABSENT, GIVEN: NameAgreement.ABSENT}, {}, {}, Stop.NAMES),
        ({}, {}, {"slips": weights.MOST_SLIPS_WITH_NUMBER + weights.MOST_SLIPS}, Stop.SLIPS),
        ({}, {}, {"score": weights.LEAST_SCORE - 0.01}, Stop.SCORE),
    ],
)
def test_a_contradiction_stops_with_a_number_and_without(
    numbers: dict[str, Any], names: dict[str, Any], contradiction: dict[str, Any], fields: dict[str, Any], stop: Stop
) -> None:
    assert stopped(names, numbers | contradiction, **fields) is stop


@pytest.mark.parametrize(
    ("names", "numbers", "fields", "stop"),
    [
        ({}, {}, {"birth_date": GIVEN_ONLY}, Stop.NO_BIRTH_DATE),
        ({"middle": FieldAgreement.DIFFERENT}, {}, {}, Stop.MIDDLE),
        ({GIVEN: OTHER}, {}, {}, Stop.NAMES),
        ({GIVEN: NameAgreement.ABSENT}, {}, {}, Stop.NAMES),
        ({SURNAME: OTHER}, {}, {}, None),
        ({SURNAME: OTHER, "swapped": True}, {}, {}, Stop.NAMES),
        ({SURNAME: OTHER, GIVEN: NameAgreement.NEAR}, {}, {}, Stop.NAMES),
        ({SURNAME: OTHER}, {}, {"birth_date": NO_DATE}, Stop.NAMES),
        ({SURNAME: OTHER}, {"state": FieldAgreement.ABSENT}, {}, Stop.NAMES),
        ({}, {}, {"slips": weights.MOST_SLIPS}, None),
        ({}, {}, {"slips": weights.MOST_SLIPS + 0.01}, Stop.SLIPS),
    ],
)
def test_without_a_number_names_and_date_have_to_agree(
    names: dict[str, Any], numbers: dict[str, Any], fields: dict[str, Any], stop: Stop | None
) -> None:
    assert stopped(names, numbers, **fields) is stop


@pytest.mark.parametrize(
    ("names", "fields", "stop"),
    [
        ({"middle": FieldAgreement.DIFFERENT}, {}, None),
        ({SURNAME: OTHER}, {}, None),
        ({GIVEN: OTHER}, {}, None),
        ({}, {"birth_date": GIVEN_ONLY}, None),
        ({SURNAME: NameAgreement.PART, GIVEN: NameAgreement.NICKNAME}, {"birth_date": GIVEN_ONLY}, None),
        ({SURNAME: NameAgreement.NEAR}, {"birth_date": GIVEN_ONLY}, Stop.NO_BIRTH_DATE),
        ({GIVEN: NameAgreement.INITIAL}, {"birth_date": GIVEN_ONLY}, Stop.NO_BIRTH_DATE),
        ({SURNAME: OTHER}, {"birth_date": NO_DATE}, Stop.NAMES),
        ({GIVEN: OTHER}, {"birth_date": NO_DATE}, Stop.NAMES),
        ({SURNAME: NameAgreement.NEAR}, {"birth_date": NO_DATE}, None),
        ({}, {"slips": weights.MOST_SLIPS_WITH_NUMBER}, None),
        ({}, {"slips": weights.MOST_SLIPS_WITH_NUMBER + 0.01}, Stop.SLIPS),
    ],
)
def test_a_number_bears_more(names: dict[str, Any], fields: dict[str, Any], stop: Stop | None) -> None:
    assert stopped(names, NUMBER, **fields) is stop


def asked(*people: Learner, born: str | None = "02/01", holder: str = "", **numbers: Any) -> Any:
    """Decide who of some people is Rebecca Quillfeather, where one of them holds the licence that was given."""

    def compare(learner: Learner) -> Numbers:
        agree = ("license",) if learner.physician_id == holder else ()
        return Numbers(**{"agree": agree, "state": FieldAgreement.SAME, "states": ("TN",)} | numbers)

    return decide(Query(name=parse_name("Rebecca", "Quillfeather"), birth_date=born, compare_numbers=compare), people)


def named(physician_id: str, first: str, last: str, born: str | None = "02/01") -> Learner:
    return a_learner(physician_id, first_name=first, last_name=last, birth_date=born)


TRUE = named("true", "Rebecca", "Quillfeather")


def test_who_holds_the_number_under_another_name_is_no_find_beside_who_has_the_name_and_date() -> None:
    twin = named("twin", "Walter", "Quillfeather")
    assert asked(twin, holder="twin").result is Result.ONE
    found = asked(TRUE, twin, holder="twin")
    assert (found.result, found.stop, found.best.learner) == (Result.NONE, Stop.RIVAL, twin)


def test_who_holds_the_number_and_has_no_birth_date_on_file_is_no_find_beside_who_has_it() -> None:
    undated = named("undated", "Rebecca", "Quillfeather", None)
    assert asked(undated, holder="undated").result is Result.ONE
    assert asked(TRUE, undated, holder="undated").stop is Stop.RIVAL


def test_only_somebody_with_the_names_and_the_date_is_a_rival() -> None:
    undated = named("undated", "Rebecca", "Quillfeather", None)
    for other in (
        named("elsewhere", "Rebecca", "Quillfeather", "03/04"),
        named("walter", "Walter", "Quillfeather"),
        named("zimmerman", "Rebecca", "Zimmerman"),
    ):
        assert asked(other, undated, holder="undated").learner is undated


def test_who_holds_the_number_and_has_the_names_and_the_date_has_no_rival() -> None:
    near = named("near", "Rebecca", "Quilfeather")
    assert asked(TRUE, near, holder="near").learner is near


def test_where_no_date_was_given_the_holder_of_the_number_has_no_rival() -> None:
    near = named("near", "Rebecca", "Quilfeather")
    assert asked(TRUE, near, born=None, holder="near").learner is near


def test_two_who_fit_alike_are_several_and_the_order_is_that_of_their_scores() -> None:
    found = asked(named("b", "Rebecca", "Quillfeather"), named("a", "Rebecca", "Quillfeather"))
    assert (found.result, found.stop) == (Result.SEVERAL, Stop.LEAD)
    assert [candidate.learner.physician_id for candidate in found.ranked] == ["a", "b"]
    assert asked(named("far", "Walter", "Zimmerman"), TRUE).learner is TRUE


def score(born: str | None = "02/01", on_file: str | None = "02/01", **numbers: Any) -> Weighed:
    query = Query(
        name=parse_name("Rebecca", "Quillfeather"), birth_date=born, compare_numbers=lambda _: Numbers(**numbers)
    )
    return weigh(query, named("true", "Rebecca", "Quillfeather", on_file))


@pytest.mark.parametrize(
    ("more", "less"),
    [
        ({}, {"on_file": "03/04"}),
        ({}, {"born": None}),
        ({"agree": ("npi",)}, {}),
        ({"agree": ("npi", "license")}, {"agree": ("npi",)}),
        ({}, {"differ": ("npi",)}),
        ({"state": FieldAgreement.SAME, "states": ("TN",)}, {}),
        ({}, {"state": FieldAgreement.DIFFERENT, "states": ("TN",)}),
        ({"certified": FieldAgreement.SAME}, {}),
        ({"school": FieldAgreement.SAME}, {}),
    ],
)
def test_each_field_that_agrees_weighs_more_than_one_that_does_not(more: dict[str, Any], less: dict[str, Any]) -> None:
    assert score(**more).score > score(**less).score


def test_a_missing_date_and_a_missing_state_count_as_slips_and_a_number_makes_up_for_the_state() -> None:
    state: dict[str, Any] = {"state": FieldAgreement.SAME, "states": ("TN",)}
    assert score(**state).slips == 0
    assert score(born=None, **state).slips == weights.SLIP_NO_DATE
    assert score().slips == weights.SLIP_NO_STATE
    assert score(agree=("npi",)).slips == 0


def test_whoever_was_found_without_a_number_has_no_rival() -> None:
    """A rule against the number of a namesake: a married name that everything else bears out is not stopped by it."""
    married = named("married", "Rebecca", "Zimmerman")

    def compare(learner: Learner) -> Numbers:
        return Numbers(
            differ=("npi", "license") if learner is TRUE else (),
            state=FieldAgreement.SAME,
            states=("TN",),
            certified=FieldAgreement.SAME,
            school=FieldAgreement.SAME,
        )

    query = Query(name=parse_name("Rebecca", "Quillfeather"), birth_date="02/01", compare_numbers=compare)
    assert decide(query, [TRUE, married]).learner is married


@pytest.mark.parametrize(
    ("given", "against", "stop"),
    [
        ("Becky", {}, Stop.RIVAL),
        ("Rebecca", {}, None),
        ("Becky", {"differ": ("npi",)}, None),
        ("Becky", {"school": FieldAgreement.DIFFERENT}, None),
    ],
)
def test_a_nickname_in_the_state_is_not_taken_for_who_has_the_very_name_and_date_elsewhere(
    given: str, against: dict[str, Any], stop: Stop | None
) -> None:
    here = named("here", given, "Quillfeather")

    def compare(learner: Learner) -> Numbers:
        if learner is here:
            return Numbers(state=FieldAgreement.SAME, states=("MO",))
        return replace(Numbers(state=FieldAgreement.DIFFERENT), **against)

    query = Query(name=parse_name("Rebecca", "Quillfeather"), birth_date="02/01", compare_numbers=compare)
    found = decide(query, [TRUE, here])
    assert found.stop is stop
    assert (found.learner is here) is (stop is None)


@pytest.mark.parametrize(
    ("typed", "middle", "state", "stop"),
    [
        ("Stephen", "Trey Stephen", FieldAgreement.SAME, Stop.RIVAL),
        ("Stephen", "Trey Stephen", FieldAgreement.DIFFERENT, None),
        ("Stephen", "Trey Alexander", FieldAgreement.SAME, None),
        ("Steven", "Trey Stephen", FieldAgreement.SAME, None),
    ],
)
def test_who_is_spelled_otherwise_is_no_find_beside_who_may_go_by_the_name_typed(
    typed: str, middle: str, state: FieldAgreement, stop: Stop | None
) -> None:
    spelled, called = named("spelled", "Steven", "Quillfeather"), named("called", middle, "Quillfeather")

    def compare(learner: Learner) -> Numbers:
        return Numbers(state=FieldAgreement.SAME if learner is spelled else state, states=("NY",))

    query = Query(name=parse_name(typed, "Quillfeather"), birth_date="02/01", compare_numbers=compare)
    found = decide(query, [called, spelled])
    assert found.best is not None and found.best.learner is spelled
    assert found.stop is stop


@pytest.mark.parametrize(
    ("typed", "on_file", "against", "stop"),
    [
        ("Rebecca", "Becky", {}, Stop.RIVAL),
        ("Rebecca", "Walter Rebecca", {}, Stop.RIVAL),
        ("Rebecca", "Rebecca", {}, None),
        ("Rebecca", "Becky", {"state": FieldAgreement.DIFFERENT}, None),
        ("Rebecca", "Becky", {"certified": FieldAgreement.DIFFERENT}, None),
        ("Rebecca", "Becky", {"school": FieldAgreement.DIFFERENT}, None),
        ("Rebecca", "Becky", {"differ": ("npi",)}, None),
    ],
)
def test_who_is_spelled_otherwise_is_no_find_beside_who_has_the_name_typed_and_no_date_on_file(
    typed: str, on_file: str, against: dict[str, Any], stop: Stop | None
) -> None:
    spelled = named("spelled", on_file, "Quillfeather")
    undated = named("undated", "Rebecca", "Quillfeather", None)

    def compare(learner: Learner) -> Numbers:
        told: dict[str, Any] = {"state": FieldAgreement.SAME, "states": ("NY",)}
        return Numbers(**told | ({} if learner is spelled else against))

    query = Query(name=parse_name(typed, "Quillfeather"), birth_date="02/01", compare_numbers=compare)
    found = decide(query, [spelled], [undated])
    assert found.best is not None and found.best.learner is spelled
    assert found.stop is stop
    assert (found.learner is spelled) is (stop is None)
    assert [one.learner for one in found.ranked] == ([spelled, undated] if stop is not None else [spelled])


@pytest.mark.parametrize(
    ("last_name", "first_name", "stop"),
    [
        ("Quillfeeather", "Rebecca", Stop.RIVAL),
        ("Zimmerman", "Rebecca", Stop.RIVAL),
        ("Quillfeather", "Becky", Stop.RIVAL),
        ("Quillfeather", "Walter Rebecca", Stop.RIVAL),
        ("Quillfeather", "Rebecca", None),
    ],
)
def test_who_is_written_otherwise_is_no_find_beside_who_has_the_name_typed_and_another_date(
    last_name: str, first_name: str, stop: Stop | None
) -> None:
    mistyped, namesake = named("mistyped", first_name, last_name), named("namesake", "Rebecca", "Quillfeather", "01/02")

    def compare(_: Learner) -> Numbers:
        return Numbers(
            state=FieldAgreement.SAME, states=("UT",), certified=FieldAgreement.SAME, school=FieldAgreement.SAME
        )

    query = Query(name=parse_name("Rebecca", "Quillfeather"), birth_date="02/01", compare_numbers=compare)
    assert decide(query, [mistyped]).learner is mistyped
    found = decide(query, [mistyped], [namesake])
    assert (found.stop, found.learner is mistyped) == (stop, stop is None)


def test_who_has_the_suffix_or_another_middle_name_is_told_from_who_has_no_date_on_file() -> None:
    spelled = named("spelled", "Becky", "Quillfeather")

    def compare(_: Learner) -> Numbers:
        return Numbers(state=FieldAgreement.SAME, states=("NY",))

    for other in (
        named("son", "Rebecca", "Quillfeather Jr", None),
        named("other", "Rebecca Zoe", "Quillfeather", None),
    ):
        query = Query(name=parse_name("Rebecca Ann", "Quillfeather Sr"), birth_date="02/01", compare_numbers=compare)
        assert decide(query, [spelled], [other]).learner is spelled


def test_a_number_that_agrees_has_no_rival_without_a_date() -> None:
    near, undated = named("near", "Rebecca", "Quilfeather"), named("undated", "Rebecca", "Quillfeather", None)
    query = Query(
        name=parse_name("Rebecca", "Quillfeather"),
        birth_date="02/01",
        compare_numbers=lambda learner: Numbers(agree=("license",) if learner is near else ()),
    )
    assert decide(query, [near], [undated]).learner is near
