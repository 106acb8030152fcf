"""Headings: found whatever their order and spelling; a board's columns and types are never another board's."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.batches import BatchKind
from app.domain.columns import (
    ACTIVITIES,
    LEARNERS,
    NOTES,
    REJECTION,
    VALIDATION_RESULTS,
    VALIDATIONS,
    Group,
    columns_of,
)
from app.files.headings import Layout, column_named, layout

COMPLETIONS = BatchKind.LEARNER_COMPLETIONS
FIRST = [column.heading for column in LEARNERS[:9]]
BOARD = ["Certifying Board", "Certifying Board ID", "Total Board Credits"]
TYPE = ["Credit Type", "Credits Awarded for Credit Type"]
MORE = ["Additional Credit Type", "Credits Awarded for Additional Credit Type"]


def laid(*headings: str) -> Layout:
    found = layout(headings, COMPLETIONS)
    assert not found.unclear
    return found


def pointers(*headings: str) -> list[str | None]:
    found = laid(*headings)
    return [found.pointers.get(index) for index in range(len(headings))]


def test_the_template_of_the_slides_is_laid_out() -> None:
    found = laid(*FIRST, *BOARD, *TYPE, *MORE, *MORE)
    assert not found.missing
    assert found.pointers[6] == "/cme/0/state"
    assert found.pointers[9] == "/moc/0/board"
    assert found.pointers[12] == "/moc/0/credit_types/0/type"
    assert found.pointers[17] == "/moc/0/credit_types/2/credits"
    assert found.pointers[14] == "/moc/0/credit_types/1/type"
    assert "/moc/1/board" not in found.pointers.values()


def test_a_second_board_has_its_own_types() -> None:
    found = laid(*BOARD, *TYPE, *MORE, *BOARD, *TYPE)
    assert found.pointers[7 + 0] == "/moc/1/board"
    assert found.pointers[10] == "/moc/1/credit_types/0/type"
    assert found.pointers[11] == "/moc/1/credit_types/0/credits"


@pytest.mark.parametrize(
    "second", ["{}", "{} 2", "{}2", "{}.1", "{}_1", "{} (2)", "{} #2", "{}\n2", "{}...10"],
)  # fmt: skip
def test_tools_rename_what_repeats(second: str) -> None:
    headings = (*BOARD, *TYPE, *(second.format(heading) for heading in (*BOARD, *TYPE)))
    assert pointers(*headings)[5:] == [
        "/moc/1/board",
        "/moc/1/board_id",
        "/moc/1/total_credits",
        "/moc/1/credit_types/0/type",
        "/moc/1/credit_types/0/credits",
    ]


def test_pandas_numbers_additional_types_over_all_boards() -> None:
    headings = (*BOARD, *TYPE, *MORE, *(f"{heading}.1" for heading in (*BOARD, *TYPE, *MORE)))
    assert pointers(*headings)[-2:] == ["/moc/1/credit_types/1/type", "/moc/1/credit_types/1/credits"]


def test_boards_side_by_side_take_their_types_in_turn() -> None:
    assert pointers(*BOARD, *BOARD, *TYPE, *MORE, *TYPE)[6:] == [
        "/moc/0/credit_types/0/type",
        "/moc/0/credit_types/0/credits",
        "/moc/0/credit_types/1/type",
        "/moc/0/credit_types/1/credits",
        "/moc/1/credit_types/0/type",
        "/moc/1/credit_types/0/credits",
    ]


def test_numbers_outrank_the_order_where_each_heading_has_one() -> None:
    assert pointers("Certifying Board 2", "Certifying Board 1", "Certifying Board ID 1", "Certifying Board ID 2") == [
        "/moc/1/board", "/moc/0/board", "/moc/0/board_id", "/moc/1/board_id",
    ]  # fmt: skip


def test_a_total_of_the_second_board_alone_is_not_the_first_board_s() -> None:
    assert pointers("Certifying Board", *TYPE, *BOARD, *TYPE)[5] == "/moc/1/total_credits"


@pytest.mark.parametrize(
    "headings",
    [
        (*BOARD, *BOARD, *TYPE),  # of which board is the type?
        ("Certifying Board", "Certifying Board", "Total Board Credits", "Total Board Credits", "Certifying Board ID"),
        (*BOARD, *BOARD, *TYPE, *BOARD, *TYPE),
        (*TYPE, *BOARD, *TYPE, *BOARD),
        (*BOARD, *TYPE, "Additional Credit Type", *BOARD, *TYPE),  # a type without a column for its credits
        ("Total Board Credits", "Certifying Board", *BOARD, "Total Board Credits"),
    ],
)
def test_what_cannot_be_told_apart_is_unclear_and_attributed_to_nobody(headings: tuple[str, ...]) -> None:
    found = layout(headings, COMPLETIONS)
    assert "board" in found.unclear or "types" in found.unclear
    assert not found.pointers


def test_a_second_state_is_not_silently_left_out() -> None:
    found = layout([*FIRST, "Licensing State 2"], COMPLETIONS)
    assert "Licensing State" in found.unclear
    assert "a row of its own" in found.unclear


@pytest.mark.parametrize(
    "written",
    ["Date of Birth", " date of  birth ", "DATE OF\nBIRTH", "Date\u00a0of Birth*", "Date of Birth *", "Date_of_Birth",
     "Date of Birth (MM/DD)", "DOB", "Date of Birth:", "DateOfBirth", "\ufeffDate of Birth"],
)  # fmt: skip
def test_a_heading_is_known_by_its_letters(written: str) -> None:
    column = column_named(written, COMPLETIONS)
    assert column is not None
    assert column.pointer == "/learner/date_of_birth"


@pytest.mark.parametrize("written", ["", " ", "Date", "Birth", "Errors", "Notes", "2", ".1", "*", "Board 2"])
def test_other_headings_are_not_guessed_at(written: str) -> None:
    assert column_named(written, COMPLETIONS) is None


@pytest.mark.parametrize("kind", BatchKind)
def test_columns_that_we_add_to_files_are_never_read(kind: BatchKind) -> None:
    for result in (*REJECTION, NOTES, *VALIDATION_RESULTS):
        if (result, kind) != ("Learner Link", COMPLETIONS):
            assert column_named(result, kind) is None


def test_learner_links_in_a_file_of_completions_stand_in_place_of_names_and_birth_date() -> None:
    assert [column.heading for column in layout(["Learner Link"], COMPLETIONS).missing] == FIRST[:3]
    assert [column.heading for column in layout(["Learner Link"], BatchKind.LEARNER_VALIDATIONS).missing] == [
        "First Name", "Last Name",
    ]  # fmt: skip


def test_missing_required_columns_are_named_in_order() -> None:
    assert [column.heading for column in layout(["Last Name"], BatchKind.LEARNER_VALIDATIONS).missing] == ["First Name"]
    assert [column.heading for column in layout([], COMPLETIONS).missing] == FIRST[:6]


def test_boards_of_activities_repeat_without_end() -> None:
    board = [column.heading for column in ACTIVITIES if column.group is Group.BOARD]
    found = layout(board * 12, BatchKind.ACTIVITIES)
    assert found.pointers[len(board) * 12 - 1] == "/moc/11/attested"


@given(st.permutations(range(len(FIRST))), st.integers(min_value=0, max_value=5), st.integers(min_value=0, max_value=4))
def test_any_order_of_single_columns_and_any_number_of_groups(order: list[int], boards: int, more: int) -> None:
    headings = [*(FIRST[place] for place in order), *(BOARD + TYPE + MORE * more) * boards]
    found = layout(headings, COMPLETIONS)
    assert not found.unclear and not found.missing
    assert len(set(found.pointers.values())) == len(found.pointers) == len(headings)
    for board in range(boards):
        mine = [index for index, where in found.pointers.items() if where.startswith(f"/moc/{board}/")]
        assert all(after == before + 1 for before, after in pairwise(mine))
        assert len(mine) == 5 + 2 * more


@given(st.lists(st.sampled_from([*BOARD, *TYPE, *MORE, *FIRST, "Other", "", "Credit Type.1"]), max_size=16))
def test_no_two_columns_go_to_one_place(headings: list[str]) -> None:
    found = layout(headings, COMPLETIONS)
    assert len(set(found.pointers.values())) == len(found.pointers)
    assert all((column is None) == (index not in found.pointers) for index, column in enumerate(found.columns))


@given(st.lists(st.text(max_size=40), max_size=12), st.sampled_from(list(BatchKind)))
def test_any_text_may_stand_as_a_heading(headings: list[str], kind: BatchKind) -> None:
    assert len(layout(headings, kind).columns) == len(headings)


def test_every_heading_of_the_table_is_known_by_each_of_its_names() -> None:
    for kind in BatchKind:
        for column in columns_of(kind):
            for name in (column.heading, *column.other_headings):
                found = column_named(name, kind)
                assert found is not None and found.pointer == column.pointer
    assert len(VALIDATIONS) == layout([column.heading for column in VALIDATIONS], BatchKind.LEARNER_VALIDATIONS).known
