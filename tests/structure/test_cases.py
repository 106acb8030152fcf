"""A test that goes through a table forgets no case and hides no fault behind another."""

from __future__ import annotations

import pytest

from tests.harness.cases import for_all


def test_every_case_is_run_and_every_fault_is_listed() -> None:
    run: list[tuple[int, str]] = []

    @for_all("number, text", [(1, "a"), (2, "b"), (3, "c"), (4, "d")], name_of=lambda case: f"case {case[0]}")
    def even(number: int, text: str) -> None:
        run.append((number, text))
        assert number % 2 == 0, f"{text} is odd"

    with pytest.raises(AssertionError) as failed:
        even()
    assert run == [(1, "a"), (2, "b"), (3, "c"), (4, "d")]
    said = str(failed.value)
    assert said.startswith("2 of 4 cases fail")
    assert "case 1: a is odd" in said and "case 3: c is odd" in said and "case 2" not in said


def test_a_fault_that_is_no_assertion_names_its_case() -> None:
    @for_all("number", [1, 0])
    def divided(number: int) -> None:
        assert 1 / number

    with pytest.raises(ZeroDivisionError) as failed:
        divided()
    assert failed.value.__notes__ == ["in the case 0"]


def test_a_table_without_cases_proves_nothing() -> None:
    @for_all("number", [])
    def nothing(number: int) -> None: ...

    with pytest.raises(AssertionError, match="no case"):
        nothing()


@for_all("number", [1, 2])
def test_other_arguments_are_fixtures(number: int, tmp_path: object) -> None:
    assert tmp_path
