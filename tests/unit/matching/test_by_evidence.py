"""The second stage: who is meant by data that were written otherwise, and when nobody can be told."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.domain.identity.candidates import Candidates
from app.domain.identity.learners import Learner
from app.domain.identity.matches import Match, Result
from app.domain.identity.validations import ValidationRequest
from app.domain.parsing import MonthDay
from app.domain.reports import CompletionReport
from app.matching.by_evidence import find_by_evidence, index_forms, needs_evidence
from app.matching.exact import collect_keys, find_learner
from app.matching.validation import evidence_of, those_who_fit
from app.matching.validation_by_evidence import decide_by_evidence
from tests.builders.judging import BOARD_IDS, CATALOGUE, OTHER_NPI, a_cme, a_learner, a_moc, a_person, a_report

SEVERAL, NOBODY = "several", "nobody"


def match(report: CompletionReport, *people: Learner) -> Match:
    """Look for the physician of a report among people on file, in both stages."""
    candidates, wanted = Candidates.of(people), collect_keys(report, CATALOGUE)
    found = find_learner(report, candidates, CATALOGUE, wanted)
    if not needs_evidence(report, found):
        return found
    exact = candidates.under(wanted, report).values()
    return find_by_evidence(report, found, exact, index_forms(people, CATALOGUE), candidates, CATALOGUE)


def meant(report: CompletionReport, *people: Learner) -> str:
    """Return the id of who is meant, or that several are, or nobody."""
    found = match(report, *people)
    if found.learner is not None:
        return found.learner.physician_id
    return SEVERAL if found.result is Result.SEVERAL else NOBODY


def on_file(first: str, last: str, physician_id: str = "meant", **fields: Any) -> Learner:
    """Somebody born on 1 February and licensed in Tennessee, without other numbers."""
    defaults: dict[str, Any] = {"npi": None, "licenses": {"TN-M": "1234"}, "certifications": {}}
    return a_learner(physician_id, first_name=first, last_name=last, **(defaults | fields))


def reported(first: str, last: str, state: str | None = "TN", license_id: str | None = None, **person: Any) -> Any:
    return a_report(
        a_cme(state=state, license_id=license_id), person=a_person(first_name=first, last_name=last, **person)
    )


@pytest.mark.parametrize(
    ("known", "typed"),
    [
        (("Rebecca", "Test"), ("Rebecca", "Test MD")),
        (("Rebecca", "Test"), ("Dr. Rebecca", "Test, M.D., PhD")),
        (("Rebecca", "Test"), ("Rebecca", "Test DO, FACP")),
        (("José", "Muñoz"), ("Jose", "Munoz")),
        (("Anh", "Nguyễn"), ("Anh", "Nguyen")),
        (("Sean", "O'Brien"), ("Sean", "OBrien")),
        (("Sean", "O'Brien"), ("Sean", "O Brien")),
        (("Vincent", "van Gogh"), ("Vincent", "Van Gogh")),
        (("Vincent", "van Gogh"), ("Vincent", "Gogh")),
        (("Jörg", "Müller"), ("Joerg", "Mueller")),
        (("Jörg", "Müller"), ("Jorg", "Muller")),
        (("Joerg", "Mueller"), ("Jörg", "Müller")),
        (("Ana", "Ortiz Rivera"), ("Ana", "Ortiz")),
        (("Ana", "Ortiz-Rivera"), ("Ana", "Ortiz Rivera")),
        (("Ana", "Ortiz"), ("Ana", "Ortiz Rivera")),
        (("Иван", "Кузнецов"), ("Ivan", "Kuznecov")),
        (("William", "Ostrowski"), ("Bill", "Ostrowski")),
        (("José", "Quintanilla"), ("Pepe", "Quintanilla")),
        (("Rebecca", "Quillfeather"), ("R.", "Quillfeather")),
        (("Rebecca", "Quillfeather"), ("Rebeca", "Quillfeather")),
        (("Rebecca", "Quillfeather"), ("Rebecca", "Quilfeather")),
        (("Rebecca", "Quillfeather"), ("Rebecca", "Quillfaether")),
        (("Rebecca", "Quillfeather"), ("Quillfeather", "Rebecca")),
        (("Rebecca", "Quillfeather"), ("Rebecca Ann", "Quillfeather")),
        (("Mary-Ann", "Quillfeather"), ("Maryann", "Quillfeather")),
        (("Mary Ann", "Quillfeather"), ("Mary", "Quillfeather")),
        (("John", "Smith"), ("John", "Smith Jr.")),
        (("Yo", "Ma"), ("Yo", "Ma MD")),
        (("Thi", "Do"), ("Thi", "Do")),
        (("Christopher", "Null"), ("Christopher", "Null")),
        (("FNU", "Madonna"), ("-", "Madonna")),
        (("X", "Quillfeather"), ("X", "Quillfeather")),
    ],
)
def test_who_is_written_otherwise_is_found(known: tuple[str, str], typed: tuple[str, str]) -> None:
    assert meant(reported(*typed), on_file(*known)) == "meant"


@pytest.mark.parametrize(
    "typed",
    [
        {"birth_date": MonthDay(2, 2)},
        {"birth_date": MonthDay(1, 2)},
        {"birth_date": MonthDay(2, 11)},
        {"state": "ME"},
        {"license_id": "1235"},
        {"license_id": "01234"},
        {"npi": OTHER_NPI},
        {"first": "Walter"},
        {"last": "Nobody"},
    ],
)
def test_a_field_that_contradicts_beats_every_score(typed: dict[str, Any]) -> None:
    """Beside a slip that alone would be tolerated."""
    known = on_file("Rebecca", "Quillfeather")
    for last in ("Quillfeather", "Quilfeather"):
        assert meant(reported(**({"first": "Rebecca", "last": last} | typed)), known) == NOBODY


def test_twins_are_never_taken_for_each_other() -> None:
    ann = on_file("Anna", "Quillfeather", "ann")
    eva = on_file("Eva", "Quillfeather", "eva", licenses={"TN-M": "1235"})
    assert meant(reported("Anna", "Quillfeather"), ann, eva) == "ann"
    assert meant(reported("Eva", "Quillfeather MD"), ann, eva) == "eva"
    assert meant(reported("Eve", "Quillfeather"), ann) == NOBODY
    # The number of one beside the name of the other.
    assert meant(reported("Anna", "Quillfeather", license_id="1235"), ann, eva) == NOBODY
    assert meant(reported("Hannah", "Quillfeather"), ann, eva) in ("ann", NOBODY)


@pytest.mark.parametrize(
    ("known", "typed"),
    [("Marilyn", "Carolyn"), ("John", "Joan"), ("Danielle", "Daniel"), ("William", "Lillian"), ("Brian", "Brianna")],
)
def test_a_first_name_that_many_bear_is_no_slip_of_another_unless_a_number_agrees(known: str, typed: str) -> None:
    twin = on_file(known, "Quillfeather")
    assert meant(reported(typed, "Quillfeather"), twin) == NOBODY
    assert meant(reported(typed, "Quillfeather", license_id="1234"), twin) == "meant"


def test_a_common_middle_name_alone_finds_nobody() -> None:
    assert meant(reported("Jennifer", "Brown"), on_file("Makenzie", "Brown", middle_name="Jennifer")) == NOBODY
    assert meant(reported("M. Jennifer", "Brown"), on_file("Makenzie", "Brown", middle_name="Jennifer")) == "meant"


def test_the_licence_of_a_twin_finds_nobody_though_the_first_name_is_neithers() -> None:
    anna = on_file("Anna", "Quillfeather", "anna")
    eva = on_file("Eva", "Quillfeather", "eva", licenses={"TN-M": "1235"})
    assert meant(reported("Ewa", "Quillfeather", license_id="1234"), anna, eva) == NOBODY
    assert meant(reported("Ewa", "Quillfeather", license_id="1234"), anna) == "anna"


def test_the_licence_of_one_beside_the_name_of_another_who_is_on_file_finds_nobody() -> None:
    marilyn = on_file("Marilyn", "Quillfeather", "marilyn")
    carolyn = on_file("Carolyn", "Quillfeather", "carolyn", licenses={"TN-M": "1235"})
    elsewhere = on_file("Carolyn", "Quillfeather", "elsewhere", licenses={"ME-M": "1"})
    typed = reported("Carolyn", "Quillfeather", license_id="1234")
    assert meant(typed, marilyn, carolyn) == NOBODY
    assert meant(typed, marilyn, elsewhere) == meant(typed, marilyn) == "marilyn"


def test_father_and_son_of_one_name_and_office_are_told_apart_by_suffix_date_or_number() -> None:
    father = on_file("John", "Quillfeather", "father", birth_date="03/03")
    son = on_file("John", "Quillfeather", "son", suffix="Jr", licenses={"TN-M": "77"})
    assert meant(reported("John", "Quillfeather", birth_date=MonthDay(3, 3)), father, son) == "father"
    assert meant(reported("John", "Quillfeather Jr"), father, son) == "son"
    assert meant(reported("John", "Quillfeather III"), father, son) == NOBODY
    twin_dates = on_file("John", "Quillfeather", "father", suffix="Sr")
    assert meant(reported("John", "Quillfeather Sr"), twin_dates, son) == "father"
    assert meant(reported("John", "Quillfeather"), twin_dates, son) == SEVERAL
    assert meant(reported("John", "Quillfeather", license_id="77"), twin_dates, son) == "son"


def test_two_of_one_name_and_birthday_are_told_apart_by_state_or_number() -> None:
    here = on_file("Maria", "Garcia", "here")
    there = on_file("Maria", "Garcia", "there", licenses={"ME-M": "9"})
    beside = on_file("Maria", "Garcia", "beside", licenses={"TN-M": "8"})
    assert meant(reported("Maria", "Garcia MD"), here, there) == "here"
    assert meant(reported("Maria", "Garcia MD"), here, there, beside) == SEVERAL
    assert meant(reported("Maria", "Garcia MD", license_id="8"), here, there, beside) == "beside"


def test_a_licence_issued_again_finds_neither_the_former_holder_nor_a_stranger() -> None:
    former = on_file("Walter", "Oldman", "former", birth_date="05/05")
    holder = on_file("Rebecca", "Quillfeather", "holder")
    assert meant(reported("Rebeca", "Quillfeather", license_id="1234"), former, holder) == "holder"
    assert meant(reported("Somebody", "Else", license_id="1234"), former) == NOBODY


def test_the_number_of_a_namesake_finds_nobody() -> None:
    meant_one = on_file("John", "Smith", "true")
    namesake = on_file("John", "Smith", "namesake", birth_date="09/09", licenses={"TN-M": "99"})
    undated = on_file("John", "Smith", "undated", birth_date=None, licenses={"TN-M": "98"})
    assert meant(reported("John", "Smith", license_id="99"), meant_one, namesake) == NOBODY
    assert meant(reported("John", "Smith", license_id="98"), meant_one, undated) == NOBODY
    assert meant(reported("Jon", "Smith", license_id="98"), meant_one, undated) == NOBODY


def test_somebody_without_a_birth_date_is_found_by_a_number_and_their_name_only() -> None:
    undated = on_file("Rebecca", "Quillfeather", birth_date=None)
    assert meant(reported("Rebecca", "Quillfeather"), undated) == NOBODY
    assert meant(reported("Rebecca", "Quillfeather", license_id="1234"), undated) == "meant"
    assert meant(reported("Becky", "Quillfeather MD", license_id="1234"), undated) == "meant"
    assert meant(reported("Rebecca", "Quilfeather", license_id="1234"), undated) == NOBODY


def test_a_married_name_is_found_by_the_licence() -> None:
    known = on_file("Rebecca", "Quillfeather")
    assert meant(reported("Rebecca", "Zimmerman", license_id="1234"), known) == "meant"
    assert meant(reported("Rebecca", "Zimmerman"), known) == NOBODY
    assert meant(reported("Walter", "Zimmerman", license_id="1234"), known) == NOBODY


def test_a_slip_that_is_a_name_of_somebody_else_on_file_finds_them() -> None:
    smith, smyth = on_file("John", "Smith", "smith"), on_file("John", "Smyth", "smyth", licenses={"TN-M": "5"})
    assert meant(reported("John", "Smyth"), smith, smyth) == "smyth"
    assert meant(reported("John", "Smith MD"), smith, smyth) == "smith"


def test_who_fits_better_but_contradicts_stops_who_fits_worse() -> None:
    elsewhere = on_file("Rebecca", "Quillfeather", "elsewhere", licenses={"ME-M": "1"})
    near = on_file("Rebecca", "Quilfeather", "near")
    assert meant(reported("Rebecca", "Quillfeather MD"), near) == "near"
    assert meant(reported("Rebecca", "Quillfeather MD"), near, elsewhere) != "elsewhere"


def test_middle_names_that_differ_are_two_people_unless_a_number_agrees() -> None:
    known = on_file("John", "Quillfeather", middle_name="Albert")
    assert meant(reported("John A.", "Quillfeather"), known) == "meant"
    assert meant(reported("John B.", "Quillfeather"), known) == NOBODY
    assert meant(reported("John B.", "Quillfeather", license_id="1234"), known) == "meant"
    assert meant(reported("Albert", "Quillfeather"), known) == "meant"


def test_all_slips_together_are_bounded() -> None:
    known = on_file("Rebecca", "Ortiz Quillfeather")
    assert meant(reported("Becky", "Quillfeather"), known) == "meant"
    assert meant(reported("Quilfeather", "Rebca"), known) == NOBODY


def test_a_part_for_a_board_that_does_not_certify_them_is_told_as_that() -> None:
    known = on_file("Rebecca", "Quillfeather", certifications={"ABIM": BOARD_IDS["ABIM"]})
    found = match(
        a_report(a_moc("ABIM"), a_cme(), person=a_person(first_name="Rebeca", last_name="Quillfeather")), known
    )
    assert found.learner is known
    assert [held.board for held in found.moc if held is not None] == ["ABIM"]
    other = match(
        a_report(a_moc("ABS", board_id=None), a_cme(), person=a_person(first_name="Rebeca", last_name="Quillfeather")),
        known,
    )
    assert (other.learner, other.moc) == (known, (None,))


def test_a_thousand_combining_marks_are_one_letter_more_or_less() -> None:
    known = on_file("Rebecca", "Quillfeather")
    assert meant(reported("Rebecca", "Quillfeather" + "\u0301" * 1_000), known) == "meant"


def test_the_explanation_holds_levels_and_ids_and_no_value() -> None:
    found = match(reported("Rebeca", "Quillfeather", license_id="1234"), on_file("Rebecca", "Quillfeather"))
    assert found.explain is not None
    explanation = found.explain()
    (candidate,) = explanation["candidates"]
    assert candidate["physician_id"] == "meant"
    assert (candidate["given"], candidate["surname"], candidate["birth_date"]) == ("near", "same", "same")
    assert candidate["numbers_agree"] == ["license"]
    text = str(explanation).lower()
    assert not any(value in text for value in ("rebec", "quill", "1234", "02/01"))


NAMES = [
    ("Rebecca", "Quillfeather"), ("Becky", "Quillfeather"), ("R", "Quilfeather"), ("John", "Smith"), ("Jon", "Smith"),
    ("Smith", "John"), ("Ana", "Ortiz Rivera"), ("Ana", "Ortiz"), ("Jörg", "Müller"), ("Joerg", "Mueller"),
    ("FNU", "Madonna"),
]  # fmt: skip
DATES = ["02/01", "03/01", None]


@some.composite
def registries(draw: some.DrawFn) -> list[Learner]:
    return [
        on_file(
            *draw(some.sampled_from(NAMES)),
            f"p{place}",
            birth_date=draw(some.sampled_from(DATES)),
            middle_name=draw(some.sampled_from(["", "Ann", "B"])),
            suffix=draw(some.sampled_from(["", "", "Jr"])),
            licenses={board: f"{place}{board}" for board in draw(some.sets(some.sampled_from(["TN-M", "ME-M"])))},
        )
        for place in range(draw(some.integers(1, 5)))
    ]


@given(people=registries(), typed=some.sampled_from(NAMES), born=some.sampled_from([MonthDay(2, 1), MonthDay(3, 1)]))
def test_a_number_more_that_is_true_finds_no_less_and_nobody_else(
    people: list[Learner], typed: tuple[str, str], born: MonthDay
) -> None:
    found = meant(reported(*typed, birth_date=born), *people)
    for person in people:
        if person.physician_id == found:
            (held,) = person.licensed_by(["TN-M"])
            assert meant(reported(*typed, birth_date=born, license_id=held.number), *people) == found


@given(people=registries(), typed=some.sampled_from(NAMES), order=some.randoms())
def test_the_order_of_candidates_never_matters(people: list[Learner], typed: tuple[str, str], order: Any) -> None:
    shuffled = list(people)
    order.shuffle(shuffled)
    assert meant(reported(*typed), *people) == meant(reported(*typed), *shuffled)


@given(people=registries(), typed=some.sampled_from(NAMES))
def test_somebody_far_away_changes_no_answer(people: list[Learner], typed: tuple[str, str]) -> None:
    stranger = on_file("Oluwaseun", "Adeyemi-Bright", "stranger", birth_date="11/30", licenses={"CA-M": "Z1"})
    assert meant(reported(*typed), *people) == meant(reported(*typed), *people, stranger)


@given(people=registries(), typed=some.sampled_from(NAMES))
def test_whom_the_first_stage_finds_the_second_finds_too(people: list[Learner], typed: tuple[str, str]) -> None:
    report = reported(*typed)
    candidates, wanted = Candidates.of(people), collect_keys(report, CATALOGUE)
    found = find_learner(report, candidates, CATALOGUE, wanted)
    if found.learner is None:
        return
    exact = candidates.under(wanted, report).values()
    again = find_by_evidence(report, found, exact, index_forms(people, CATALOGUE), candidates, CATALOGUE)
    assert again.learner in (None, found.learner)


@given(
    people=registries(),
    typed=some.sampled_from(NAMES),
    state=some.sampled_from(["TN", "ME"]),
    number=some.sampled_from([None, "0TN-M", "1TN-M", "0ME-M"]),
)
def test_a_report_and_a_validation_of_the_same_fields_agree(
    people: list[Learner], typed: tuple[str, str], state: str, number: str | None
) -> None:
    first, last = typed
    request = ValidationRequest(
        first_name=first, last_name=last, birth_date=MonthDay(2, 1), state=state, license_id=number
    )
    evidence = evidence_of(request, CATALOGUE)
    fitting = those_who_fit(people, evidence)
    if fitting:
        validated = fitting[0].physician_id if len(fitting) == 1 else SEVERAL
    else:
        forms = index_forms(people, CATALOGUE)
        found = decide_by_evidence(request, evidence, Candidates.of(people), forms, CATALOGUE)
        validated = (
            found.learner.physician_id
            if found.learner is not None
            else {Result.SEVERAL: SEVERAL}.get(found.result, NOBODY)
        )
    assert meant(reported(first, last, state=state, license_id=number), *people) == validated
