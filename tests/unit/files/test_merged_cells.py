"""Merged cells: each has the value that the sheet shows, what lies hidden below never counts, the rest is told."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.domain.batches import BatchKind, Cell, FileFault, FileFormat, FileHead, RawRow
from app.files import result_files
from app.files.formats import FORMATS
from app.files.headings import layout
from app.files.mapping.column_converters import ColumnConverters
from app.files.parsing.limits import LIMITS
from app.files.parsing.merged_cells import MergedAreas, find_merged_areas
from app.files.parsing.package import Package
from app.schemas.completions import CompletionIn
from tests.builders.headings import REQUIRED
from tests.builders.workbook_parts import MAIN, package, read, sheet
from tests.builders.written_files import a_written, whole
from tests.harness.properties import examples

HEADINGS = (*REQUIRED, "Licensing State", "Licensing ID", "Number of CME Credits", "Remarks")
"""A to J: state in G, licence in H, credits in I, and a column that is not known."""


def book(rows: Sequence[Sequence[Any]], *merged: str, headings: Sequence[Any] = HEADINGS, hidden: Any = None) -> bytes:
    """Return a workbook with areas merged; `hidden` stays in every cell that they cover, as programs may leave it."""
    written = openpyxl.Workbook()
    page = written.active
    for line in (headings, *rows):
        page.append(list(line))
    for area in merged:
        page.merged_cells.add(area)
    for area in page.merged_cells.ranges if hidden is not None else ():
        for place in list(area.cells)[1:]:
            page.cell(*place).value = hidden
    out = io.BytesIO()
    written.save(out)
    return out.getvalue()


def a_row(first: str, *more: Any) -> list[Any]:
    return ["Add", "201759558", "12/12/2021", first, "Test", "02/01", *more]


def told(row: Sequence[Cell]) -> list[tuple[str, str]]:
    """Return pointer and sentence of what mapping a row finds."""
    converters = ColumnConverters(layout(HEADINGS, BatchKind.LEARNER_COMPLETIONS), CompletionIn)
    return [(finding.pointer, finding.detail) for finding in converters.convert(row)[1]]


@pytest.mark.parametrize("hidden", [None, 9])
def test_cells_that_are_merged_downwards_have_the_value_that_is_shown(hidden: Any) -> None:
    content = book(
        [a_row("Ann", "TN", "1", 2), a_row("Bea", None, "2"), a_row("Cleo")], "G2:G4", "I2:I3", hidden=hidden
    )
    rows = read(content)[1]
    assert [row[6:] for row in rows.values()] == [["TN", "1", 2], ["TN", "2", 2], ["TN"]]


def test_a_value_hidden_below_a_blank_area_never_counts() -> None:
    rows = read(book([a_row("Ann", None, "1", None), a_row("Bea", None, "2", None)], "I2:I3", hidden=5))[1]
    assert [row[6:] for row in rows.values()] == [[None, "1"], [None, "2"]]


def test_a_row_that_has_only_merged_cells_is_no_record() -> None:
    every = [f"{letter}2:{letter}3" for letter in "ABCDEFGHI"]
    content = book([a_row("Ann", "TN", "1", 2), [], a_row("Bea", "TN", "2", 2)], *every, hidden="x")
    assert list(read(content)[1]) == [2, 4]


def test_dates_and_numbers_are_given_to_every_row_as_they_are() -> None:
    content = package(
        sheet(
            '<row r="2"><c r="A2"><v>2.25</v></c><c r="B2"><v>1</v></c></row><row r="4"><c r="B4"><v>2</v></c></row>',
            after='<mergeCells count="1"><mergeCell ref="A2:A5"/></mergeCells>',
        )
    )
    assert read(content)[1] == {2: [2.25, 1], 4: [2.25, 2]}


def test_cells_merged_over_several_columns_refuse_the_row_and_are_told() -> None:
    rows = read(book([a_row("Ann", "TN", "1", 2), a_row("Bea", "TN")], "G3:I3"))[1]
    assert told(rows[2]) == []
    assert [pointer for pointer, _ in told(rows[3])] == ["/cme/0/state", "/cme/0/license_id", "/cme/0/credits"]
    assert all("G3:I3 are merged" in detail for _, detail in told(rows[3]))


def test_an_area_over_rows_and_columns_refuses_each_of_its_rows() -> None:
    rows = read(book([a_row("Ann", "TN"), a_row("Bea")], "G2:H3", hidden=7))[1]
    assert [len(told(row)) for row in rows.values()] == [2, 2]


def test_a_blank_area_over_several_columns_is_blank() -> None:
    rows = read(book([a_row("Ann", None, None, 2)], "G2:H2", hidden=7))[1]
    assert rows[2][6:] == [None, None, 2]


def test_a_known_column_may_be_merged_with_unknown_ones_behind_it() -> None:
    rows = read(book([a_row("Ann", "TN", "1", 2)], "I1:J1", "I2:J2"))[1]
    assert rows[2][6:] == ["TN", "1", 2]


def test_a_title_across_the_sheet_and_headings_over_two_rows_are_read() -> None:
    written = openpyxl.Workbook()
    page = written.active
    page.append(["Grand rounds"])
    page.append([*REQUIRED, "CME"])
    page.append([None] * 6 + ["Licensing State", "Number of CME Credits"])
    page.append([*a_row("Ann"), "TN", 2])
    page.merged_cells.add("A1:XFD1")
    page.merge_cells("G2:H2")
    for letter in "ABCDEF":
        page.merge_cells(f"{letter}2:{letter}3")
    out = io.BytesIO()
    written.save(out)
    head, rows = read(out.getvalue())
    assert head.headings == (*REQUIRED, "Licensing State", "Number of CME Credits")
    assert head.above[0].raw == ["Grand rounds"]
    assert list(rows.values()) == [[*a_row("Ann"), "TN", 2]]


def test_headings_that_are_merged_over_two_rows_make_no_record_of_the_second() -> None:
    areas = [f"{letter}1:{letter}2" for letter in "ABCDEFGHIJ"]
    assert list(read(book([[], a_row("Ann", "TN", "1", 2)], *areas))[1]) == [3]


def test_values_below_a_heading_that_is_merged_over_several_columns_are_refused() -> None:
    content = book([a_row("Ann", "TN", "ME")], "G1:H1")
    with pytest.raises(FileFault) as raised:
        dict(read(content)[1])
    assert (raised.value.code, raised.value.row, raised.value.column) == ("heading-missing", 2, "Licensing State")


def test_a_huge_area_costs_nothing_and_shows_its_one_value() -> None:
    rows = read(book([a_row("Ann", "TN", "1", 2), a_row("Bea", "TN", "2", 2)], "A3:XFD1048576"))[1]
    assert list(rows) == [2, 3]
    assert len(rows[3]) <= len(HEADINGS)
    assert told(rows[3])


@pytest.mark.parametrize(
    ("areas", "code"),
    [
        ('<mergeCells count="99999999"><mergeCell ref="A2:A3"/></mergeCells>', None),
        ('<mergeCells><mergeCell ref="$a$2:$A$3"/></mergeCells>', None),
        ('<mergeCells><mergeCell ref="A3:A2"/><mergeCell ref="A2:A3"/></mergeCells>', None),
        ("<mergeCells><mergeCell ref='A2:A3'></mergeCell></mergeCells>", None),
        ('<mergeCells><!-- <mergeCell ref="B2:B3"/> --><mergeCell ref="A2:A3"/></mergeCells>', None),
        ('<mergeCells><mergeCell ref="A2:A3"/><mergeCell ref="A3:B3"/></mergeCells>', "unreadable"),
        ('<mergeCells><mergeCell ref="A2:B9"/><mergeCell ref="A5:A6"/></mergeCells>', "unreadable"),
        ('<mergeCells><mergeCell ref="A2:A3"/><mergeCell ref="A900:C900"/><mergeCell ref="B900:D900"/></mergeCells>',
         "unreadable"),
        ('<mergeCells><mergeCell ref="A2:ZZZ3"/></mergeCells>', "unreadable"),
        ('<mergeCells><mergeCell ref="A0:A3"/></mergeCells>', "unreadable"),
        ('<mergeCells><mergeCell ref="A2:A9999999"/></mergeCells>', "unreadable"),
        ('<mergeCells><mergeCell ref="x"/></mergeCells>', "unreadable"),
        ("<mergeCells><mergeCell/></mergeCells>", "unreadable"),
        ('<mergeCells><mergeCell ref="A2:A3"/>', "unreadable"),
    ],
)  # fmt: skip
def test_areas_are_what_they_say_or_the_file_is_refused(areas: str, code: str | None) -> None:
    rows = '<row r="2"><c r="A2"><v>1</v></c></row><row r="3"><c r="B3"><v>2</v></c></row>'
    content = package(sheet(rows, after=areas))
    if code is None:
        assert read(content)[1] == {2: [1], 3: [1, 2]}
        return
    with pytest.raises(FileFault) as raised:
        read(content)
    assert raised.value.code.value == code


def test_more_areas_than_are_taken_are_refused() -> None:
    areas = "".join(f'<mergeCell ref="A{row}:A{row + 1}"/>' for row in range(2, 42, 2))
    with pytest.raises(FileFault) as raised:
        read(package(sheet("<row/>", after=f"<mergeCells>{areas}</mergeCells>")), limits=replace(LIMITS, merged=19))
    assert raised.value.code.value == "too-large"


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1"])
@pytest.mark.parametrize("prefix", ["", "x:"])
def test_areas_are_found_in_every_encoding_and_with_every_prefix(encoding: str, prefix: str) -> None:
    rows = '<row r="2"><c r="A2"><v>1</v></c></row><row r="3"><c r="B3"><v>2</v></c></row>'
    text = sheet(rows, after='<mergeCells count="1"><mergeCell ref="A2:A3"/></mergeCells>')
    if prefix:
        text = text.replace("<", f"<{prefix}").replace(f"<{prefix}/", f"</{prefix}").replace("xmlns=", "xmlns:x=")
    declared = f'<?xml version="1.0" encoding="{encoding}"?>{text}'
    good = package(sheet(rows))
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(good)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, declared.encode(encoding) if name.endswith("sheet1.xml") else old.read(name))
    assert read(out.getvalue())[1] == {2: [1], 3: [1, 2]}


@pytest.mark.parametrize("padding", [0, 1_048_320, 1_048_560, 1_048_576, 1_048_570, 3_000_000])
def test_areas_are_found_wherever_a_part_is_cut_into_pieces(padding: int) -> None:
    text = (
        f'<worksheet xmlns="{MAIN}"><sheetData/><a>mergeCells{" " * padding}</a>'
        f'<mergeCells count="1"><mergeCell ref="B7:B9"/></mergeCells></worksheet>'
    )
    for shift in range(0, 40, 3):
        parts = Package(io.BytesIO(package(text.replace("<a>", f"<a>{'x' * shift}"))), LIMITS)
        assert find_merged_areas(parts, "xl/worksheets/sheet1.xml", LIMITS)


def test_a_refused_row_comes_back_merged_and_is_refused_again() -> None:
    content = book([a_row("Ann", "TN", "1", 2), a_row("Bea", "TN")], "G3:H3")
    head, rows = read(content)
    back = whole(result_files.write_rejected(head, [a_written(list(rows[3]), number=3)]))
    read_again = read(back)[1]
    assert told(read_again[2][:10])[:2] == [
        (pointer, detail.replace("G3:H3", "G2:H2")) for pointer, detail in told(rows[3])
    ]
    text = whole(result_files.write_rejected(head, [a_written(list(rows[3]), number=3)], FileFormat.TAB)).decode(
        "utf-8-sig"
    )
    assert text.split("\r\n")[1].startswith("Add\t201759558\t12/12/2021\tBea\tTest\t02/01\tTN\tTN\t")


values = st.one_of(st.none(), st.integers(0, 9), st.sampled_from(["TN", "x"]))


@examples(100)
@given(st.lists(st.lists(values, min_size=4, max_size=4), min_size=2, max_size=9), st.data())
def test_a_merged_sheet_reads_as_one_in_which_every_cell_was_typed(rows: list[list[Any]], data: Any) -> None:
    areas = []
    for column in range(3):
        start = data.draw(st.integers(2, 1 + len(rows)))
        end = data.draw(st.integers(start, 1 + len(rows)))
        if end > start:
            areas.append((start, column, end, column))
    typed = [[*row[:3], "own"] for row in rows]
    sent = [(number, list(row)) for number, row in enumerate(typed, 2)]
    for start, column, end, _ in areas:
        for place in range(start - 2, end - 1):
            typed[place][column] = typed[start - 2][column]
    assert [row for _, row in MergedAreas(areas, LIMITS).fill(iter(sent))] == typed


def test_rows_of_every_kind_refuse_what_is_merged_over_their_columns() -> None:
    for kind, headings in (
        (BatchKind.ACTIVITIES, ("Record Action", "Activity Title", "Activity Format", "Start Date", "End Date")),
        (BatchKind.LEARNER_VALIDATIONS, ("First Name", "Last Name", "NPI")),
    ):
        head = FileHead(format=FileFormat.XLSX, headings=headings, heading_row=1)
        entry = FORMATS[FileFormat.XLSX]
        mapper: Any = entry.activities(head, "0008001") if kind is BatchKind.ACTIVITIES else entry.validations(head)
        record = mapper.read(RawRow(number=2, raw=[None, {"m": "B2:C2", "c": "x"}, {"m": "B2:C2"}]))
        assert record.unreadable and all("B2:C2" in finding.detail for finding in record.findings)
