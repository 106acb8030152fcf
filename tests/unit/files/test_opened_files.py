"""What a clerk sees who opens a file that came back: whose the rows are, and what is wrong, without hunting."""

from __future__ import annotations

import pytest

from app.domain.batches import FileFormat, FileHead
from app.domain.columns import ACTIVITIES, VALIDATIONS
from app.files import result_files
from app.files.writing.result_rows import AnnotatedRow, AnsweredRow
from tests.builders.headings import ONE_BOARD
from tests.builders.written_files import sheet_of, whole

WIDE = (*ONE_BOARD, *(f"Additional Credit Type {number}" for number in range(2, 28)))


def seen(headings: tuple[str, ...], heading_row: int = 2) -> tuple[object, ...]:
    """What stands still, and which cell is the first beside it."""
    head = FileHead(format=FileFormat.XLSX, headings=headings, heading_row=heading_row)
    row = AnnotatedRow(number=heading_row + 1, raw=["Add"])
    pane = sheet_of(whole(result_files.write_rejected(head, [row]))).sheet_view.pane
    assert pane is not None
    return pane.xSplit, pane.ySplit, pane.topLeftCell, pane.activePane


def test_a_wide_rejected_file_opens_on_the_errors_beside_the_names() -> None:
    assert seen(WIDE) == (5, 2, "AQ3", "bottomRight")
    assert seen(tuple(column.heading for column in ACTIVITIES)) == (4, 2, "AU3", "bottomRight")


def test_a_rejected_file_that_came_back_opens_on_the_columns_that_it_had() -> None:
    assert seen((*WIDE, "Error Codes", "Errors", "What to do", "Mine")) == (5, 2, "AQ3", "bottomRight")


@pytest.mark.parametrize(
    "headings",
    [
        ("Record Action", "First Name", "Last Name", "Licensing State"),
        (*(f"Remark of {number}" for number in range(40)), "First Name", "Last Name"),
        tuple(f"Remark of {number}" for number in range(40)),
        ("Error Codes", "Errors", "What to do", *WIDE),
    ],
    ids=["narrow", "names far off", "no names", "errors in front"],
)
def test_otherwise_it_opens_at_its_beginning(headings: tuple[str, ...]) -> None:
    split, rows, first, pane = seen(headings)
    assert (split or None, rows, first, pane) == (None, 2, "A3", "bottomLeft")


def test_headings_far_down_do_not_stand_still_over_the_whole_screen() -> None:
    split, rows, first, pane = seen(WIDE, heading_row=60)
    assert (split, rows or None, first, pane) == (5, None, "AQ60", "topRight")
    head = FileHead(format=FileFormat.XLSX, headings=("Record Action",), heading_row=60)
    view = sheet_of(whole(result_files.write_rejected(head, [AnnotatedRow(number=61, raw=["Add"])]))).sheet_view
    assert view.pane is None


def test_answers_to_validations_stand_beside_what_was_asked() -> None:
    head = FileHead(format=FileFormat.XLSX, headings=tuple(column.heading for column in VALIDATIONS), heading_row=1)
    row = AnsweredRow(number=2, raw=["Rebecca", "Test"], result="one")
    pane = sheet_of(whole(result_files.write_results(head, [row]))).sheet_view.pane
    assert pane is not None
    assert (pane.ySplit, pane.topLeftCell) == (1, "A2")
