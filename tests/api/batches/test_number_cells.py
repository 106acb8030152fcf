"""Licences and board ids from number cells: leading zeros may be lost there, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from app.domain.credits import Outcome
from app.domain.identity.learners import Learner
from app.services.context import Service
from app.services.registry import imports
from tests.builders.judging import NPI, Verdict, a_cme, a_learner, a_moc, a_person, a_report, judged
from tests.harness.api import settle
from tests.harness.submissions import submit


def _holder(license_id: str = "007", board_id: str = "000123", physician_id: str = "learner-1", **more: Any) -> Learner:
    held: Mapping[str, Any] = {"licenses": {"TN-M": license_id}, "certifications": {"ABIM": board_id}, "npi": None}
    return a_learner(physician_id, **{**held, **more})


def _by_licence(given: str, *learners: Learner, was_number: bool = True) -> Verdict:
    return judged(a_report(a_cme(license_id=given, license_was_number=was_number)), learners=learners)


def _by_board(given: str, *learners: Learner, was_number: bool = True) -> Verdict:
    part = a_moc("ABIM", board_id=given, id_was_number=was_number)
    return judged(a_report(part), learners=learners)


def _who(verdict: Verdict) -> str | None:
    return verdict.match.learner.physician_id if verdict.match.learner else None


def test_a_number_cell_finds_the_number_with_its_leading_zeros() -> None:
    assert _by_licence("7", _holder()).findings == ()
    assert _by_board("123", _holder()).findings == ()
    assert _by_licence("007", _holder()).findings == ()


def test_a_text_cell_does_not() -> None:
    assert _by_licence("7", _holder(), was_number=False).rejects == {"licence-unknown", "learner-unmatched"}
    assert _by_board("123", _holder(), was_number=False).rejects == {"learner-unmatched"}


def test_a_number_cell_has_lost_nothing_but_zeros_in_front() -> None:
    assert _by_licence("70", _holder()).rejects == {"licence-unknown", "learner-unmatched"}
    assert _by_licence("7", _holder("A007")).rejects == {"licence-unknown", "learner-unmatched"}
    assert _by_board("123", _holder(board_id="001230")).rejects == {"learner-unmatched"}


def test_names_and_birth_date_decide_between_7_and_007() -> None:
    other = _holder("7", "123", "learner-2", first_name="Robert", birth_date="03/03")
    assert _who(_by_licence("7", _holder(), other)) == "learner-1"
    assert _who(_by_board("123", _holder(), other)) == "learner-1"
    robert = a_person(first_name="Robert", birth_date=None)
    assert judged(a_report(person=robert), learners=[_holder(), other]).rejects == {"birth-date-required"}


def test_namesakes_with_7_and_007_are_ambiguous_to_a_number_cell_and_told_apart_by_text() -> None:
    people = (_holder(), _holder("7", "123", "learner-2"))
    assert _by_licence("7", *people).rejects == {"learner-ambiguous"}
    assert _by_board("123", *people).rejects == {"learner-ambiguous"}
    assert _who(_by_licence("7", *people, was_number=False)) == "learner-2"
    assert _who(_by_licence("007", *people, was_number=False)) == "learner-1"
    assert _who(_by_board("000123", *people, was_number=False)) == "learner-1"


def test_of_one_learner_with_both_the_number_as_it_was_given_is_taken() -> None:
    both = a_learner(licenses={"TN-O": "007", "TN-M": "07"})
    assert _by_licence("7", both).boards == ("TN-M",)
    assert _by_licence("007", both).boards == ("TN-O",)


def test_an_npi_in_a_number_cell_is_an_npi() -> None:
    assert _by_licence(NPI, a_learner()).findings == ()


def test_abim_ids_from_number_cells_are_not_called_short_for_their_zeros() -> None:
    assert _by_board("123", _holder()).warns == set()
    assert _by_board("123", _holder(board_id="123"), was_number=False).warns == {"abim-six-digits"}


@pytest.mark.parametrize("was_number", [True, False])
def test_numbers_are_looked_up_with_and_without_leading_zeros_on_both_databases(
    service: Service, was_number: bool
) -> None:
    rows = [
        {"first_name": first, "last_name": "Zero", "date_of_birth": "05/05", "licenses": licence, "certifications": aba}
        for first, licence, aba in (("Nora", "TN-M:00088", "ABA:000991"), ("Noah", "TN-M:77", "ABA:991"))
    ]
    imports.import_rows(service, enumerate((imports.read_row(row, service.catalogue) for row in rows), 1))
    # ABA asks for no birth date: nothing but the number leads to her. Of a stranger, it is told whether it is on file.
    nora = a_person(first_name="Nora", last_name="Zero", birth_date=None)
    stranger = a_person(first_name="Else", last_name="Where")
    by_board, by_licence = submit(
        service,
        a_report(a_moc("ABA", board_id="991", id_was_number=was_number), person=nora),
        a_report(a_cme(license_id="88", license_was_number=was_number), person=stranger),
    )
    unknown = set() if was_number else {"licence-unknown"}
    assert (by_board.outcome is Outcome.CREATED) is was_number
    assert {finding.rule for finding in by_licence.findings} == unknown | {"learner-unmatched"}
    settle(service)
