"""Workbooks of Excel 97 to 2003: numbers with their formats, errors and all else as in others; far cells fenced."""

from __future__ import annotations

import struct
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.domain.batches import BatchKind, FileFault, FileFaultCode, FileFormat, FileHead
from app.files.parsing import old_workbook as reader
from app.files.parsing.books import read_book
from app.files.parsing.limits import LIMITS
from app.files.parsing.parser_client import open_file, start_python
from app.files.writing.sheet_cells import serial_of
from tests.builders.headings import REQUIRED
from tests.builders.old_workbooks import compound, formula, number, old_workbook, record, short_numbers, truth
from tests.builders.workbook_parts import package, sheet
from tests.harness.properties import examples
from tests.unit.files.test_open_documents import in_workbook, meanings, values
from tests.unit.files.test_open_documents import read_workbook as read_new_workbook

FILES = Path(__file__).resolve().parents[2] / "files"
COMPLETIONS = BatchKind.LEARNER_COMPLETIONS
HEADINGS = list(REQUIRED)


def read(content: bytes) -> tuple[FileHead, dict[int, Any]]:
    """Read a workbook in this process; raises `FileFault`."""
    parsed = read_book(lambda: reader.OldWorkbook(content, LIMITS), COMPLETIONS, LIMITS)
    return parsed.head, dict(parsed.records)


def rows_of(*rows: list[Any], **options: Any) -> dict[int, Any]:
    return read(old_workbook([HEADINGS, *rows], **options))[1]


def refused(content: bytes) -> FileFault:
    """Read a workbook in a child, as batches do."""
    with pytest.raises(FileFault) as raised, open_file([content], COMPLETIONS) as file:
        list(file.pieces())
    return raised.value


def test_rows_are_read_as_those_of_a_workbook() -> None:
    head, rows = read(old_workbook([["Guidance"], HEADINGS, ["Add", "0012", "É 😀", 2.25, 777, True], [], ["Add"]]))
    assert (head.format, head.sheet, head.heading_row) == (FileFormat.XLSX, "Learners", 2)
    assert rows == {3: ["Add", "0012", "É 😀", 2.25, 777, True], 5: ["Add"]}


def test_a_number_is_what_its_format_shows() -> None:
    formats = ["0%", "00000", "h:mm", "mm/dd/yyyy", '"$"0.00', "0.00"]
    cells = [(2, 1), (777, 2), (0.25, 3), (44241, 4), (2.5, 5), (2.5, 6)]
    assert rows_of(cells, formats=formats)[2] == [
        {"v": 2, "f": "0%"},
        {"v": 777, "f": "00000"},
        {"v": 0.25, "f": "h:mm"},
        {"d": "2021-02-14", "f": "mm/dd/yyyy"},
        {"v": 2.5, "f": '"$"0.00'},
        2.5,
    ]


def test_a_workbook_may_count_from_1904() -> None:
    rows = rows_of(["Add", "1", 44_241, (42_779, 1)], formats=["mm/dd/yyyy"], before=record(0x22, b"\x01\x00"))
    assert rows[2][2:] == [44_241 + 1_462, {"d": "2021-02-14", "f": "mm/dd/yyyy"}]


def test_numbers_of_four_bytes_are_read() -> None:
    whole, hundredth, negative = 12 << 2 | 2, 225 << 2 | 3, (-3 << 2 | 2) & 0xFFFF_FFFF
    half = struct.unpack("<II", struct.pack("<d", 0.5))[1]
    more = short_numbers(1, 0, [(0, whole), (0, hundredth), (0, negative), (0, half)])
    assert rows_of(more=more)[2] == [12, 2.25, -3, 0.5]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (truth(1, 0, 1), True),
        (truth(1, 0, 42, is_error=True), "#N/A"),
        (truth(1, 0, 7, is_error=True), "#DIV/0!"),
        (formula(1, 0, struct.pack("<d", 2.5)), 2.5),
        (formula(1, 0, b"\x01\x00\x01\x00\x00\x00\xff\xff"), True),
        (formula(1, 0, b"\x02\x00\x17\x00\x00\x00\xff\xff"), "#REF!"),
        (formula(1, 0, struct.pack("<d", 0), flags=3), "="),
        (formula(1, 0, struct.pack("<d", 0)), 0),
        (
            formula(1, 0, b"\x00\x00\x00\x00\x00\x00\xff\xff") + record(0x207, struct.pack("<HB", 2, 0) + b"ab"),
            "ab",
        ),
    ],
)
def test_results_and_errors_are_told(written: bytes, expected: Any) -> None:
    assert rows_of(more=written)[2] == [expected]


def test_merged_cells_have_the_value_that_is_seen() -> None:
    rows = rows_of(["a", "TN"], ["b", "never seen"], ["m", "hidden"], merged=[(1, 2, 1, 1), (3, 3, 0, 1)])
    assert rows == {2: ["a", "TN"], 3: ["b", "TN"], 4: [{"m": "A4:B4", "c": "m"}, {"m": "A4:B4"}]}


def test_hidden_sheets_are_not_read() -> None:
    content = old_workbook([HEADINGS, ["Add"]], states={"Old": 1, "Older": 2, "New": 0})
    assert (read(content)[0].sheet, read(content)[1]) == ("New", {2: ["Add"]})


def test_cells_out_of_order_find_their_rows() -> None:
    more = number(3, 1, 7) + number(2, 0, 5)
    assert rows_of(["Add"], more=more) == {2: ["Add"], 3: [5], 4: [None, 7]}


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        (old_workbook([HEADINGS, ["Add"]], more=number(65_535, 255, 1)), "too-large", "far from all others"),
        (old_workbook(states={"a": 0, "b": 1}, more=number(65_535, 60, 1)), "too-large", "far from all others"),
        (old_workbook([HEADINGS], before=record(0x2F, b"\x00" * 6)), "unreadable", "password"),
        (old_workbook([HEADINGS], version=0x500), "unreadable", "Excel 95"),
        (compound(b"", "EncryptedPackage"), "unreadable", "password"),
        (compound(b"", "WordDocument"), "unreadable", "text document"),
        (compound(b"", "Other"), "unreadable", "not a workbook"),
        (old_workbook([HEADINGS], more=number(1, 0, 1) * 2), "unreadable", "damaged"),
        (old_workbook([HEADINGS], more=number(1, 0, 1, style=9)), "unreadable", "damaged"),
        (old_workbook([HEADINGS])[:2_000], "unreadable", "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "unreadable", "damaged"),
        (old_workbook([]), "no-rows", "no rows"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_a_word(content: bytes, code: str, says: str) -> None:
    fault = refused(content)
    assert fault.code == code
    assert says in fault.detail


def test_a_far_cell_that_reaches_the_library_ends_the_child_and_nothing_else() -> None:
    """The fence's reason: without it the library takes gigabytes, and its process is ended by its limits."""
    content = old_workbook(states=dict.fromkeys("abcdefgh", 0), more=number(65_535, 255, 1))
    # In a child with the limits of batches; this process goes on.

    script = (
        "import resource, sys, io; resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30));"
        "import python_calamine; python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read()))"
    )
    with start_python(["-c", script], [content], LIMITS) as pipes, pytest.raises(FileFault) as raised:
        pipes.receive()
    assert raised.value.code == "parser-failed"
    assert read_new_workbook(package(sheet('<row r="2"><c r="A2"><v>1</v></c></row>')))[1] == {2: [1]}


def test_two_readings_that_differ_are_refused() -> None:
    assert reader.OldWorkbook(old_workbook([HEADINGS, [1]]), LIMITS)._settled(1, 1.0, 2) == 1
    with pytest.raises(FileFault, match="two ways"):
        reader.OldWorkbook(old_workbook([HEADINGS, [1]]), LIMITS)._settled(1, 2.0, 2)


def old_cells(rows: list[list[tuple[str, Any]]]) -> tuple[list[list[Any]], list[str]]:
    """Return cells as the builder takes them, days as serial numbers, and their formats."""

    formats: list[str] = []
    written: list[list[Any]] = []
    for cells in rows:
        written.append([])
        for code, value in cells:
            if code and code not in formats:
                formats.append(code)
            plain = float(serial_of(value.isoformat()) or 0) if hasattr(value, "isoformat") else value
            written[-1].append((plain, formats.index(code) + 1) if code else plain)
    return written, formats


@examples(40)
@given(st.lists(st.lists(values, min_size=1, max_size=6), min_size=1, max_size=3))
@example([[("0%", 2), ("00000", 777), ("h:mm", 0.25), ("", "x")]])
def test_it_reads_as_the_new_workbook_of_the_same_cells(rows: list[list[tuple[str, Any]]]) -> None:
    cells, formats = old_cells(rows)
    ours = rows_of(*cells, formats=formats)
    theirs = read_new_workbook(in_workbook(rows))[1]
    assert {place: list(map(meanings, found)) for place, found in ours.items()} == {
        place: list(map(meanings, found)) for place, found in theirs.items()
    }


CONTENT = old_workbook([HEADINGS, ["Add", "1", 7, True]], merged=[(1, 2, 1, 1)])


@examples(150)
@given(st.data())
def test_any_damage_is_read_or_refused(data: st.DataObject) -> None:
    content = bytearray(CONTENT)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] = data.draw(st.integers(0, 255))
    # Anything else that it raises fails the test.
    with suppress(FileFault):
        read(bytes(content))


@pytest.mark.parametrize("ending", ["ods", "xls"])
def test_what_libreoffice_saves_says_the_same_in_every_format(ending: str) -> None:
    found = []
    for name in (f"shown.{ending}", "shown.xlsx"):
        with open_file([(FILES / name).read_bytes()], COMPLETIONS) as file:
            rows = {row.number: list(map(meanings, row.raw)) for piece in file.pieces() for row in piece}
            found.append((file.head.sheet, tuple(file.head.headings), rows))
    assert found[0] == found[1]


def test_a_workbook_of_very_many_sheets_is_told_so() -> None:
    fault = refused(old_workbook([REQUIRED], states={str(place): 0 for place in range(501)}))
    assert (fault.code, "sheets" in fault.detail) == (FileFaultCode.TOO_LARGE, True)
