"""Text with commas or semicolons between its cells: read as the same between tabs, and written back as it came."""

from __future__ import annotations

import codecs
import csv
import io
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.domain.batches import Cell, FileFault, FileFaultCode, FileFormat, FileHead
from app.files import result_files
from tests.builders.headings import ONE_BOARD, REQUIRED
from tests.builders.sent_files import ROW
from tests.builders.written_files import a_note, a_written, whole
from tests.harness.properties import examples
from tests.unit.files.test_texts import read, refused

SEPARATORS = (",", ";")
separated = pytest.mark.parametrize("mark", SEPARATORS, ids=["commas", "semicolons"])


def text_of(rows: list[list[str]], mark: str, **options: Any) -> str:
    """Write rows as the standard library does."""
    out = io.StringIO()
    csv.writer(out, delimiter=mark, **options).writerows(rows)
    return out.getvalue()


def cells_of(rows: list[list[str]], mark: str, **options: Any) -> dict[int, Any]:
    return read(text_of([list(REQUIRED), *rows], mark, **options).encode())[1]


@separated
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
def test_a_row_reads_as_the_same_cells_between_tabs(mark: str, quoting: int) -> None:
    rows = [list(REQUIRED), ["Add", "201759558", "12/12/2021", "Zoë, Jr.", 'O"Neil; x', "02/01"]]
    head, found = read(text_of(rows, mark, quoting=quoting).encode())
    assert found == {2: rows[1]}
    assert (head.format, head.separator, head.heading_row, head.headings) == (FileFormat.TAB, mark, 1, tuple(REQUIRED))
    assert read(text_of(rows, "\t", quoting=quoting).encode())[1] == found


@separated
@pytest.mark.parametrize(
    ("encoding", "bom"),
    [("utf-8", b""), ("utf-8", codecs.BOM_UTF8), ("utf-16-le", codecs.BOM_UTF16_LE), ("cp1252", b"")],
)
def test_the_usual_encodings_are_read(mark: str, encoding: str, bom: bytes) -> None:
    content = text_of([list(REQUIRED), ["Add", "1", "", "José"]], mark).encode(encoding)
    assert read(bom + content)[1] == {2: ["Add", "1", None, "José"]}


@separated
@pytest.mark.parametrize("name", ["sep={}", '"sep={}"', "sep={};;;", "SEP={}"])
def test_the_line_that_names_the_separator_is_no_row(mark: str, name: str) -> None:
    content = f"{name.format(mark)}\r\n{text_of([list(REQUIRED), ['Add']], mark)}"
    head, rows = read(codecs.BOM_UTF8 + content.encode())
    assert (head.above, head.heading_row, rows) == ((), 2, {3: ["Add"]})


@separated
def test_a_cell_may_have_line_breaks_and_separators_at_once(mark: str) -> None:
    text = f"two lines{mark} and\none{mark} more"
    assert cells_of([["Add", "1", "2", text], ["Add", "2"]], mark) == {2: ["Add", "1", "2", text], 4: ["Add", "2"]}


@separated
def test_blanks_around_quotes_are_no_part_of_a_cell(mark: str) -> None:
    line = mark.join(["Add", ' "Smith, Jr; x" ', "3"])
    assert read(f"{mark.join(REQUIRED)}\n{line}\n".encode())[1] == {2: ["Add", "Smith, Jr; x", "3"]}


@separated
def test_a_quote_that_is_not_closed_is_only_a_quote(mark: str) -> None:
    lines = [mark.join(REQUIRED), mark.join(["Add", '"1', "2"]), mark.join(["Add", 'a "b" c', "3"])]
    assert read("\n".join(lines).encode())[1] == {2: ["Add", '"1', "2"], 3: ["Add", 'a "b" c', "3"]}


@separated
@pytest.mark.parametrize(
    "rows",
    [
        [["Add", "1", "2", "3", "4", '"5'], ["Add", "1", "2", "3", "4", '5"']],
        [["Add", "1", '"2', "3", "4", "5"], ["Add", '1"', "2", "3", "4", "5"]],
    ],
    ids=["whole", "part"],
)
def test_a_file_in_which_a_quote_would_swallow_a_row_is_refused(mark: str, rows: list[list[str]]) -> None:
    fault = refused("\n".join(mark.join(row) for row in [REQUIRED, *rows]).encode())
    assert (fault.code, fault.row) == (FileFaultCode.UNREADABLE, 2)
    assert "quotation mark" in fault.detail


def test_commas_in_the_cells_of_a_text_with_tabs_or_semicolons_part_nothing() -> None:
    for mark in ("\t", ";"):
        rows = [["Smith, John, 3, 4, 5, 6, 7"], list(REQUIRED), ["Add", "1,5"]]
        head, found = read("\n".join(mark.join(row) for row in rows).encode())
        assert (head.separator, head.heading_row, found) == (mark, 2, {3: ["Add", "1,5"]})


def test_the_headings_are_found_below_a_row_of_guidance_that_has_commas() -> None:
    guidance = ["To report, fill in; then send", "Month, day", ""]
    head, found = read(text_of([guidance, list(REQUIRED), ["Add"]], ",").encode())
    assert (head.heading_row, found) == (2, {3: ["Add"]})


@separated
def test_a_missing_heading_is_named(mark: str) -> None:
    fault = refused(mark.join(REQUIRED[:-1]).encode())
    assert (fault.code, fault.column) == (FileFaultCode.HEADING_MISSING, REQUIRED[-1])


def test_a_comma_in_an_amount_is_a_part_of_its_cell_between_semicolons() -> None:
    row = [str(ROW.get(name, "")) for name in ONE_BOARD[:9]]
    row[-1] = "1,25"
    head, found = read(f"{';'.join(ONE_BOARD[:9])}\n{';'.join(row)}\n".encode())
    assert (head.separator, found[2][-1]) == (";", "1,25")


def a_csv_head(mark: str, **fields: Any) -> FileHead:
    head = FileHead(
        format=FileFormat.TAB, headings=tuple(REQUIRED), heading_row=1, encoding="utf-8-sig", separator=mark
    )
    return FileHead.of_document(head.as_document() | fields)


@separated
def test_answers_have_the_separator_of_the_file_that_was_sent(mark: str) -> None:
    head = a_csv_head(mark)
    row: list[Cell] = ["Add", f"a{mark}b", 'c "d"', "e\nf", "=1", None]
    data = whole(result_files.write_rejected(head, [a_written(row, a_note(index=1))])).decode("utf-8-sig")
    lines = list(csv.reader(io.StringIO(data, newline=""), delimiter=mark))
    assert lines[0][-3:] == ["Errors", "What to do", "Error Codes"]
    assert lines[1][:6] == ["Add", f"a{mark}b", 'c "d"', "e\nf", "'=1", ""]
    assert read(data.encode())[1][2][:6] == row
    assert result_files.media_type(head.format, head).startswith("text/csv")
    assert FileHead.of_document(head.as_document()) == head


def test_a_head_that_was_kept_without_a_separator_has_tabs() -> None:
    document = a_csv_head(",").as_document()
    del document["separator"]
    assert FileHead.of_document(document).separator == "\t"


texts = st.text(
    st.one_of(st.sampled_from(",;\t\"'\n =+-"), st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp"))), max_size=9
)


@examples(60)
@given(st.sampled_from(SEPARATORS), st.lists(st.lists(texts, min_size=5, max_size=5), min_size=1, max_size=5))
@example(",", [['"', '""', '"a', 'b"', "\n,\n"]])
@example(";", [['a"', ' "', '" "', ";;", "x\ny"]])
def test_what_is_written_reads_as_the_text_with_tabs_of_the_same_cells(mark: str, rows: list[list[str]]) -> None:
    sent: list[list[Cell]] = [["Add", *(cell.replace("\t", " ") or None for cell in row)] for row in rows]
    read_back = []
    for separator in (mark, "\t"):
        head = a_csv_head(separator)
        data = whole(result_files.write_rejected(head, [a_written(row, a_note(index=None)) for row in sent]))
        read_back.append([cells[:6] for cells in read(data)[1].values()])
    assert read_back[0] == read_back[1] or any("\n" in (cell or "") for row in rows for cell in row)
    assert [_stripped(cells) for cells in read_back[0]] == [_stripped(row) for row in sent]


def _stripped(row: list[Cell]) -> list[Cell]:
    cells = list(row[:6])
    while cells and cells[-1] is None:
        cells.pop()
    return cells


@examples(150)
@given(st.binary(max_size=300), st.sampled_from(SEPARATORS))
@example(b'"\n' * 60, ",")
@example(b'"' * 301, ";")
def test_any_bytes_are_read_or_refused(content: bytes, mark: str) -> None:
    # Anything else that it raises fails the test.
    with suppress(FileFault):
        read(mark.join(REQUIRED).encode() + b"\n" + content)
