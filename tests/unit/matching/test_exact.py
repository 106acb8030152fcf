"""Who is meant: exactly one learner, the same one for every part, by what was given and nothing else."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace

from app.domain.boards import Span
from app.domain.identity.learners import Holding
from app.domain.identity.matches import Result
from app.domain.parsing import MonthDay
from app.domain.reports import CmePart, CompletionReport, MocPart
from tests.builders.judging import (
    BOARD_IDS,
    LINK,
    NPI,
    OTHER_NPI,
    Verdict,
    a_cme,
    a_learner,
    a_moc,
    a_person,
    a_rems,
    a_report,
    judged,
)

REBECCA = a_learner()
NAMESAKE = a_learner(
    "learner-2", npi=None, licenses={"TN-M": "555555", "CA-M": "C1"}, certifications={"ABIM": "222222"}
)
UNMATCHED, AMBIGUOUS = {"learner-unmatched"}, {"learner-ambiguous"}


def _said_by(person: dict[str, object], *parts: CmePart | MocPart, **given: object) -> Verdict:
    return judged(a_report(*parts, person=a_person(**person)), **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "person",
    [
        {"first_name": "REBECCA", "last_name": "test"},
        {"first_name": " Rebecca ", "last_name": "T'est"},
        {"first_name": "Rébecca", "last_name": "Tëst"},
        {"first_name": "Re-becca", "last_name": "Te st."},
    ],
)
def test_names_are_compared_without_case_accents_spaces_and_punctuation(person: dict[str, object]) -> None:
    assert _said_by(person).findings == ()


@pytest.mark.parametrize(
    "person",
    [
        {"first_name": "Rebeca"},
        {"last_name": "Tests"},
        {"first_name": "Test", "last_name": "Rebecca"},
        {"birth_date": MonthDay(2, 2)},
        {"birth_date": MonthDay(1, 2)},
    ],
)
def test_a_name_or_birth_date_that_does_not_fit_is_a_miss(person: dict[str, object]) -> None:
    assert _said_by(person).rejects == UNMATCHED


def test_another_last_name_on_file_fits() -> None:
    learner = a_learner(other_last_names=["Karacme"])
    assert _said_by({"last_name": "Karacme"}, learners=[learner]).findings == ()


@pytest.mark.parametrize("placeholder", ["FNU", "fnu", "LNU", "NMN", "-", ".", "F.N.U."])
@pytest.mark.parametrize(("first", "last"), [("Suharto", None), (None, "Suharto")])
def test_a_learner_of_one_name_gives_it_beside_a_placeholder(
    placeholder: str, first: str | None, last: str | None
) -> None:
    learner = a_learner(first_name="FNU", last_name="Suharto")
    person = {"first_name": first or placeholder, "last_name": last or placeholder}
    assert _said_by(person, learners=[learner]).findings == ()
    assert _said_by(person, learners=[REBECCA]).rejects == UNMATCHED


def test_a_placeholder_is_no_name_of_somebody_who_has_two() -> None:
    assert _said_by({"first_name": "FNU"}).rejects == UNMATCHED
    assert _said_by({"first_name": "FNU", "last_name": "LNU"}).rejects == UNMATCHED


def test_two_namesakes_of_one_state_are_told_apart_by_licence_board_id_or_npi() -> None:
    both = [REBECCA, NAMESAKE]
    assert judged(learners=both).rejects == AMBIGUOUS
    by_licence = judged(a_report(a_cme(license_id="555555")), learners=both)
    by_board = judged(a_report(a_cme(), a_moc(board_id="222222")), learners=both)
    by_npi = _said_by({"npi": NPI}, learners=both)
    found = [verdict.match.learner and verdict.match.learner.physician_id for verdict in (by_licence, by_board, by_npi)]
    assert found == ["learner-2", "learner-2", "learner-1"]
    assert by_licence.rejects == by_board.rejects == by_npi.rejects == set()


def test_two_namesakes_are_told_apart_by_the_state_where_only_one_is_licensed() -> None:
    verdict = judged(a_report(a_cme("CA")), learners=[REBECCA, NAMESAKE])
    assert verdict.match.learner is NAMESAKE


def test_different_people_for_different_parts_are_nobody() -> None:
    verdict = judged(a_report(a_cme("CA"), a_moc("ABA")), learners=[REBECCA, NAMESAKE])
    assert verdict.rejects
    assert verdict.rejects <= {"learner-unmatched", "certified-by-board"}
    crossed = judged(a_report(a_cme(license_id="444444"), a_moc(board_id="222222")), learners=[REBECCA, NAMESAKE])
    assert crossed.rejects == UNMATCHED


def test_nobody_lacks_a_certification_that_a_namesake_of_the_same_birth_date_has() -> None:
    licensed = a_learner("learner-5", npi=None, licenses={"CA-M": "5"}, certifications={})
    certified = a_learner("learner-6", npi=None, licenses={}, certifications={"ABIM": "600600"})
    report = a_report(a_cme("CA", license_id="5"), a_moc(board_id="600600"))
    assert judged(report, learners=[licensed]).rejects == {"certified-by-board"}
    for both in ([licensed, certified], [certified, licensed]):
        verdict = judged(report, learners=both)
        assert (verdict.rejects, verdict.pointers("learner-unmatched")) == (UNMATCHED, ["/learner"])


def test_what_tells_namesakes_apart_is_what_was_not_given() -> None:
    twin = a_learner("learner-4", npi=None)

    def hint_of(*parts: CmePart | MocPart) -> str:
        verdict = judged(a_report(*parts), learners=[REBECCA, twin])
        (told,) = [finding.hint for finding in verdict.findings if finding.rule == "learner-ambiguous"]
        return told

    number = a_learner().licenses[0].number
    assert "the licence number or the NPI" in hint_of(a_cme(license_id=None))
    assert "the licence number" not in hint_of(a_cme(license_id=number))
    assert "the board ID" in hint_of(a_cme(license_id=number), a_moc(board_id=None, board="ABS"))


def test_a_part_that_does_not_fit_is_pointed_at() -> None:
    verdict = judged(a_report(a_cme(), a_moc(board_id="999")))
    assert (verdict.rejects, verdict.pointers("learner-unmatched")) == (UNMATCHED, ["/moc/0"])
    nobody = _said_by({"last_name": "Other"}, a_cme(), a_moc())
    assert nobody.pointers("learner-unmatched") == ["/learner"]


def test_the_hint_of_a_miss_says_whom_to_ask_and_names_nobody() -> None:
    verdict = _said_by({"last_name": "Other"})
    assert "help@example.org" in verdict.hint("learner-unmatched")
    assert "state of licence, not of practice" in verdict.hint("learner-unmatched")
    assert "Rebecca" not in str([(finding.detail, finding.hint) for finding in verdict.findings])


@pytest.mark.parametrize("given", ["md9977", "MD-99 77", " MD.9977 "])
def test_a_licence_is_compared_without_case_spaces_and_punctuation(given: str) -> None:
    assert judged(a_report(a_cme("ME", license_id=given))).findings == ()


def test_leading_zeros_of_a_licence_are_kept() -> None:
    learner = a_learner(licenses={"TN-M": "00123"})
    assert judged(a_report(a_cme(license_id="00123")), learners=[learner]).findings == ()
    for other in ("123", "0123", "000123"):
        verdict = judged(a_report(a_cme(license_id=other)), learners=[learner])
        assert verdict.rejects == UNMATCHED | {"licence-unknown"}


def test_a_licence_that_is_somebody_elses_is_known_but_not_the_learners() -> None:
    other = a_learner("learner-3", first_name="Joe", npi=None, licenses={"TN-M": "777777"})
    verdict = judged(a_report(a_cme(license_id="777777")), learners=[REBECCA, other])
    assert verdict.rejects == UNMATCHED


def test_a_licence_of_another_state_is_unknown_in_this_one() -> None:
    verdict = judged(a_report(a_cme("TN", license_id="MD9977")))
    assert verdict.rejects == UNMATCHED | {"licence-unknown"}


def test_a_lapsed_licence_or_certificate_cannot_make_a_miss() -> None:
    # What matching sees of a certificate is who gave it and its number; of a licence also dates, where any are on file.
    assert set(Holding.__struct_fields__) == {"board", "number", "known_key", "self_reported", "dates"}
    lapsed = a_learner(licenses={"TN-M": "444444"}, dates=Span(until=date(2015, 12, 31)))
    for license_id in (None, "444444"):
        verdict = judged(a_report(a_cme("TN", license_id=license_id)), learners=[lapsed])
        assert (verdict.findings, verdict.boards) == ((), ("TN-M",))


FORMER = a_learner(
    "former", first_name="Rebecca", npi=None, licenses={"TN-M": "444444"}, dates=Span(until=date(2021, 6, 30))
)
LATTER = a_learner(
    "latter", first_name="Joe", npi=None, licenses={"TN-M": "444444"}, dates=Span(since=date(2021, 7, 1))
)


@pytest.mark.parametrize(
    ("first_name", "day", "found"),
    [
        ("Rebecca", date(2021, 6, 30), True),
        ("Rebecca", date(2021, 7, 1), False),
        ("Joe", date(2021, 6, 30), False),
        ("Joe", date(2021, 7, 1), True),
    ],
)
def test_a_licence_number_issued_again_is_whose_it_was_on_the_day(first_name: str, day: date, found: bool) -> None:
    report = a_report(a_cme("TN", license_id="444444"), person=a_person(first_name=first_name), completed_on=day)
    assert judged(report, learners=[FORMER, LATTER]).rejects == (set() if found else UNMATCHED)


def test_of_two_licences_in_a_state_the_one_of_the_day_is_credited() -> None:
    both = replace(
        a_learner(licenses={}),
        licenses=(
            Holding(board="TN-M", number="1", dates=Span(until=date(2021, 6, 30))),
            Holding(board="TN-M", number="2", dates=Span(since=date(2021, 7, 1))),
        ),
    )
    for day, number in ((date(2021, 6, 30), "1"), (date(2021, 7, 1), "2")):
        match = judged(a_report(a_cme("TN"), completed_on=day), learners=[both]).match
        assert [held.number for held in match.cme[0]] == [number]


@pytest.mark.parametrize("as_license", [False, True])
def test_a_disputed_npi_finds_its_holder_beside_the_birth_date_only(as_license: bool) -> None:
    part = a_cme("TN", license_id=NPI) if as_license else a_cme("TN")
    person = {} if as_license else {"npi": NPI}
    for learner, found in (
        (REBECCA, True),
        (replace(REBECCA, npi_disputed=True), True),
        (replace(REBECCA, birth_date=None), True),
        (replace(REBECCA, birth_date=None, npi_disputed=True), False),
    ):
        rejects = judged(a_report(part, person=a_person(**person)), learners=[learner]).rejects
        assert rejects == (set() if found else UNMATCHED)
    undated = a_report(a_moc("ABA"), person=a_person(npi=NPI, birth_date=None))
    assert judged(undated, learners=[REBECCA]).rejects == set()
    assert judged(undated, learners=[replace(REBECCA, npi_disputed=True)]).rejects == UNMATCHED


@pytest.mark.parametrize("state", ["ME", "Maine", "ME-O"])
def test_a_maine_osteopath_is_credited_with_the_osteopathic_board(state: str) -> None:
    osteopath = a_learner(licenses={"ME-O": "DO123"})
    verdict = judged(a_report(a_cme(state)), learners=[osteopath])
    assert (verdict.findings, verdict.boards) == ((), ("ME-O",))
    by_number = judged(a_report(a_cme(state, license_id="do123")), learners=[osteopath])
    assert (by_number.findings, by_number.boards) == ((), ("ME-O",))


def test_the_licence_number_decides_between_a_states_two_boards() -> None:
    both = a_learner(licenses={"ME-M": "MD1", "ME-O": "DO1"})
    assert judged(a_report(a_cme("ME", license_id="DO1")), learners=[both]).boards == ("ME-O",)
    assert judged(a_report(a_cme("ME", license_id="MD1")), learners=[both]).boards == ("ME-M",)
    assert judged(a_report(a_cme("ME")), learners=[both]).boards == ("ME-M",)


def test_a_state_without_a_licence_of_the_learner_is_a_miss() -> None:
    assert judged(a_report(a_cme("CA"))).rejects == UNMATCHED


def test_cme_for_several_states_goes_to_the_board_of_each() -> None:
    verdict = judged(a_report(a_cme("NC"), a_cme("Maine"), a_cme("TN", license_id="444444")))
    assert (verdict.findings, verdict.boards) == ((), ("ZZNC", "ME-M", "TN-M"))
    one_wrong = judged(a_report(a_cme("NC"), a_cme("CA")))
    assert (one_wrong.rejects, one_wrong.pointers("learner-unmatched")) == (UNMATCHED, ["/cme/1"])


def test_an_npi_and_no_state_stands_for_every_licence() -> None:
    verdict = _said_by({"npi": NPI}, a_cme(None))
    assert verdict.findings == ()
    assert set(verdict.boards) == {"TN-M", "ME-M", "ZZNC"}


def test_an_npi_in_the_licence_column_with_a_state_stands_for_the_licence_there() -> None:
    verdict = judged(a_report(a_cme("ME", license_id=NPI)))
    assert (verdict.findings, verdict.boards) == ((), ("ME-M",))


def test_an_npi_in_the_licence_column_without_a_state_stands_for_every_licence() -> None:
    verdict = judged(a_report(a_cme(None, license_id=NPI)))
    assert verdict.findings == ()
    assert set(verdict.boards) == {"TN-M", "ME-M", "ZZNC"}


def test_a_licence_that_looks_like_an_npi_is_tried_as_both() -> None:
    learner = a_learner(npi=None, licenses={"TN-M": OTHER_NPI})
    verdict = judged(a_report(a_cme(license_id=OTHER_NPI)), learners=[learner])
    assert (verdict.findings, verdict.boards) == ((), ("TN-M",))


def test_an_npi_of_somebody_else_in_the_licence_column_is_a_miss() -> None:
    other = a_learner("learner-3", first_name="Joe", npi=OTHER_NPI, licenses={"TN-M": "777777"})
    verdict = judged(a_report(a_cme(license_id=OTHER_NPI)), learners=[REBECCA, other])
    assert verdict.rejects == UNMATCHED
    assert _said_by({"npi": OTHER_NPI}, learners=[REBECCA, other]).rejects == UNMATCHED


def test_an_npi_that_nobody_has_is_told() -> None:
    verdict = _said_by({"npi": OTHER_NPI})
    assert verdict.rejects == UNMATCHED | {"npi-unknown"}
    assert verdict.pointers("npi-unknown") == ["/learner/npi"]


def test_a_board_id_is_compared_without_case_spaces_and_punctuation() -> None:
    learner = a_learner(certifications={"ABO": "A-0012"})
    assert judged(a_report(a_moc("ABO", board_id="a 0012")), learners=[learner]).findings == ()
    assert judged(a_report(a_moc("ABO", board_id="A12")), learners=[learner]).rejects == UNMATCHED


def test_abs_finds_its_diplomate_by_name_and_birth_date_alone() -> None:
    assert judged(a_report(a_moc("ABS", board_id=None))).findings == ()


def test_abs_is_not_reported_for_a_namesake_without_certification() -> None:
    both = [REBECCA, NAMESAKE]
    verdict = judged(a_report(a_moc("ABS", board_id=None)), learners=both)
    assert (verdict.rejects, verdict.match.learner) == (set(), REBECCA)
    alone = judged(a_report(a_moc("ABS", board_id=None)), learners=[NAMESAKE])
    assert alone.rejects == {"certified-by-board"}


def test_two_diplomates_of_one_name_and_birth_date_are_ambiguous_without_a_board_id() -> None:
    twin = a_learner("learner-4", npi=None, certifications={"ABS": "900900"})
    assert judged(a_report(a_moc("ABS", board_id=None)), learners=[REBECCA, twin]).rejects == AMBIGUOUS
    assert judged(a_report(a_moc("ABS", board_id="900900")), learners=[REBECCA, twin]).match.learner is twin


@pytest.mark.parametrize("board", ["ABA", "ABP"])
def test_without_a_birth_date_the_board_id_and_the_name_decide(board: str) -> None:
    twin = a_learner("learner-4", npi=None, birth_date="07/07", certifications={board: "900900"})
    both = [REBECCA, twin]
    assert _said_by({"birth_date": None}, a_moc(board), learners=both).match.learner is REBECCA
    assert _said_by({"birth_date": None}, a_moc(board, board_id="900900"), learners=both).match.learner is twin
    assert _said_by({"birth_date": None, "last_name": "Other"}, a_moc(board)).rejects == UNMATCHED


def test_a_birth_date_that_is_not_asked_for_must_fit_when_given() -> None:
    assert _said_by({"birth_date": MonthDay(7, 7)}, a_moc("ABA")).rejects == UNMATCHED


BARE = {"first_name": None, "last_name": None, "birth_date": None, "learner_id": LINK}


@pytest.mark.parametrize(
    "beside",
    [
        {},
        {"first_name": "Rebecca", "last_name": "Test"},
        {"last_name": "Test"},
        {"first_name": "Rebecca"},
        {"birth_date": MonthDay(2, 1)},
        {"npi": NPI},
    ],
)
def test_what_is_sent_beside_a_learner_id_may_agree(beside: dict[str, object]) -> None:
    assert _said_by(BARE | beside).rejects == set()


@pytest.mark.parametrize(
    "beside",
    [
        {"first_name": "Tina", "last_name": "Karacme"},
        {"last_name": "Karacme"},
        {"birth_date": MonthDay(11, 24)},
    ],
)
def test_what_is_sent_beside_a_learner_id_must_not_contradict(beside: dict[str, object]) -> None:
    assert _said_by(BARE | beside).rejects == UNMATCHED


@pytest.mark.parametrize("part", [a_cme("ME", license_id="MD1"), a_moc(board_id="1"), a_cme("CA")])
def test_a_number_or_state_beside_a_learner_id_must_not_contradict(part: CmePart | MocPart) -> None:
    assert UNMATCHED <= _said_by(BARE, part).rejects <= UNMATCHED | {"licence-unknown"}


def test_a_licence_beside_a_learner_id_that_is_the_learners_is_no_contradiction() -> None:
    assert _said_by(BARE, a_cme("TN", license_id="444444")).rejects == set()
    without_state = _said_by(BARE, a_cme(None, license_id="444444"))
    assert "licence-unknown" not in without_state.rejects
    assert without_state.rejects == set()


def test_an_unknown_learner_id_is_a_miss_even_beside_a_right_name() -> None:
    assert _said_by({"learner_id": "lrn_nobody"}).rejects == UNMATCHED


@pytest.mark.parametrize("report", [a_report(a_rems()), a_report(cme=())])
def test_nobody_is_looked_for_where_neither_cme_nor_points_are_reported(report: CompletionReport) -> None:
    assert judged(report).match.result is Result.NOT_ASKED


def test_certified_by_another_board_is_not_certified_by_this_one() -> None:
    learner = a_learner(certifications={"ABIM": BOARD_IDS["ABIM"]})
    verdict = judged(a_report(a_moc("ABIM"), a_moc("ABO", board_id="100003")), learners=[learner])
    assert (verdict.rejects, verdict.pointers("certified-by-board")) == ({"certified-by-board"}, ["/moc/1/board"])
