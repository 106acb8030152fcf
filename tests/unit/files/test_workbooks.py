"""Workbooks: whatever wrote them, cells come out as they were sent."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from hypothesis import example, given
from hypothesis import strategies as st
from lxml import etree

from app.domain.batches import BatchKind, FileFault, FileFaultCode, FileFormat
from app.files.parsing.limits import LIMITS
from app.files.parsing.parser_client import open_file
from app.files.parsing.sheet import SharedStrings, SheetCells
from tests.builders.headings import REQUIRED
from tests.builders.workbook_parts import (
    MAIN,
    STRICT_MAIN,
    STRICT_RELATIONS,
    cells,
    package,
    read,
    sheet,
    strings,
    styles,
)

FILES = Path(__file__).resolve().parents[2] / "files"


def refused(content: bytes, kind: BatchKind = BatchKind.LEARNER_COMPLETIONS) -> FileFault:
    with pytest.raises(FileFault) as raised:
        read(content, kind)
    return raised.value


# Cells


@pytest.mark.parametrize(
    ("cell", "meant"),
    [
        ('<c r="A2"><v>200912095</v></c>', 200912095),
        ('<c r="A2"><v>1.234567893E9</v></c>', 1234567893),
        ('<c r="A2"><v>2.25</v></c>', 2.25),
        ('<c r="A2"><v>2.0</v></c>', 2),
        ('<c r="A2"><v>123456789012345678</v></c>', 123456789012345678),
        ('<c r="A2"><v>12345678901234567890</v></c>', 1.2345678901234567e19),
        ('<c r="A2"><v>1e999</v></c>', "1e999"),
        ('<c r="A2"><v>1_000</v></c>', "1_000"),
        ('<c r="A2"><v>NaN</v></c>', "NaN"),
        ('<c r="A2" t="n"><v> 7 </v></c>', 7),
        ('<c r="A2" t="b"><v>1</v></c>', True),
        ('<c r="A2" t="b"><v>0</v></c>', False),
        ('<c r="A2" t="e"><v>#N/A</v></c>', "#N/A"),
        ('<c r="A2" t="str"><f>B2&amp;"x"</f><v>ax</v></c>', "ax"),
        ('<c r="A2"><f>1+1</f><v>2</v></c>', 2),
        ('<c r="A2"><f t="shared" si="0"/><v>3</v></c>', 3),
        ('<c r="A2"><f>SUM(B2:C2)</f></c>', "=SUM(B2:C2)"),
        ('<c r="A2" t="d"><v>2021-02-14T00:00:00Z</v></c>', {"d": "2021-02-14T00:00:00", "f": "yyyy-mm-dd"}),
        ('<c r="A2" t="d"><v>soon</v></c>', "soon"),
        ('<c r="A2" t="inlineStr"><is><t xml:space="preserve"> O&amp;P </t></is></c>', " O&P "),
        ('<c r="A2" t="inlineStr"><is><t>00123</t></is></c>', "00123"),
        ('<c r="A2" t="inlineStr"><is><r><t>Jo</t></r><r><t>hn</t></r></is></c>', "John"),
        ('<c t="inlineStr" r="A2"><is><t>a_x000D_b_x005F_x000D_</t></is></c>', "a\rb_x000D_"),
        ('<c r="A2" t="inlineStr"><is><t>_x0000_ _xD83D__xDE00_ _xD800_</t></is></c>', "\ufffd 😀 \ufffd"),
        ('<c r="A2" t="inlineStr"><is><t><![CDATA[a<b]]></t></is></c>', "a<b"),
        ('<c r="A2"><!-- remark --><v>5</v></c>', 5),
        ("<c><v>5</v></c>", 5),
    ],
)
def test_a_cell_is_read_as_it_was_sent(cell: str, meant: object) -> None:
    (found,) = cells(f'<row r="2">{cell}</row>')
    assert found == meant
    assert type(found) is type(meant)


def test_shared_strings_are_read_with_their_runs_and_without_reading_aids() -> None:
    table = strings(
        "Add",
        "<r><t>Pa</t></r><r><rPr><b/></rPr><t>tient</t></r>",
        "<t>東京</t><rPh sb='0' eb='2'><t>トウキョウ</t></rPh>",
        "<t/>",
        "",
    )
    row = "".join(f'<c r="{letter}2" t="s"><v>{n}</v></c>' for n, letter in enumerate("ABCDE"))
    assert cells(f'<row r="2">{row}</row>', parts={"sharedStrings.xml": table}) == ["Add", "Patient", "東京"]


def test_cells_without_places_follow_each_other_even_empty_ones() -> None:
    row = '<row><c/><c><v>1</v></c><c r="E2"/><c><v>2</v></c><c r="H2"><v>3</v></c></row>'
    assert cells(row) == [None, 1, None, None, None, 2, None, 3]


def test_rows_without_numbers_follow_each_other() -> None:
    content = package(
        sheet("<row><c><v>1</v></c></row><row/><row r='9'><c><v>2</v></c></row><row><c><v>3</v></c></row>")
    )
    assert read(content)[1] == {2: [1], 9: [2], 10: [3]}


def test_blank_rows_are_not_read_and_hidden_ones_are() -> None:
    rows = (
        '<row r="2"/><row r="3"><c r="A3" s="0"/></row><row r="4"><c r="A4" t="inlineStr"><is><t> \u00a0 </t></is></c>'
        "</row>"
        '<row r="5" hidden="1"><c r="B5"><v>1</v></c></row>'
    )
    assert read(package(sheet(rows)))[1] == {5: [None, 1]}


@pytest.mark.parametrize(
    "rows",
    [
        '<row r="5"><c r="A5"><v>1</v></c></row><row r="5"><c r="A5"><v>2</v></c></row>',
        '<row r="5"><c r="A5"><v>1</v></c></row><row r="3"><c r="A3"><v>2</v></c></row>',
        '<row r="2"><c r="A2"><v>1</v></c><c r="A2"><v>2</v></c></row>',
        '<row r="x"><c r="A2"><v>1</v></c></row>',
        '<row r="2"><c r="A2" t="s"><v>7</v></c></row>',
        '<row r="2"><c r="A2" t="s"><v>-1</v></c></row>',
        '<row r="2"><c r="A2" t="s"><v>x</v></c></row>',
    ],
)
def test_rows_and_cells_that_contradict_each_other_are_damage(rows: str) -> None:
    assert refused(package(sheet(rows), parts={"sharedStrings.xml": strings("a")})).code is FileFaultCode.UNREADABLE


# Dates


def test_a_cell_with_a_date_format_is_a_date_and_keeps_its_format() -> None:
    row = '<row r="2">' + "".join(f'<c r="{c}2" s="{n}"><v>44241</v></c>' for n, c in enumerate("ABCDE")) + "</row>"
    dxfs = '<dxfs><dxf><numFmt numFmtId="165" formatCode="0.00"/></dxf></dxfs>'
    found = cells(row, parts={"styles.xml": styles(0, "mmm-yy", 14, "h:mm", 18, extra=dxfs)})
    assert found == [44241, {"d": "2021-02-14", "f": "mmm-yy"}, {"d": "2021-02-14", "f": "mm/dd/yyyy"},
                     {"v": 44241, "f": "h:mm"}, {"v": 44241, "f": "h:mm AM/PM"}]  # fmt: skip


def test_a_workbook_may_count_from_1904_and_numbers_beyond_all_days_stay_numbers() -> None:
    row = '<row r="2"><c r="A2" s="0"><v>42779</v></c><c r="B2" s="0"><v>99999999</v></c></row>'
    found = cells(row, parts={"styles.xml": styles(14)}, properties='<workbookPr date1904="1"/>')
    assert found == [{"d": "2021-02-14", "f": "mm/dd/yyyy"}, 99999999]


# Two ways of reading a row


_VALUES = st.one_of(
    st.integers(-(10**9), 10**18).map(lambda n: f"<v>{n}</v>"),
    st.floats(allow_nan=False).map(lambda n: f"<v>{n}</v>"),
    st.sampled_from(["", "<v/>", "<v>0</v>", "<v>1</v>", "<f>A1</f><v>1</v>", "<f>A1</f>", "<is><t>x</t></is>",
                     "<is><t/></is>", "<is><t xml:space='preserve'> a </t></is>", "<is><r><t>a</t></r></is>",
                     "<v>a&amp;b</v>"]),
)  # fmt: skip
_CELLS = st.lists(
    st.tuples(
        _VALUES,
        st.sampled_from(["", "s", "n", "b", "e", "str", "inlineStr", "d"]),
        st.sampled_from(["", "0", "1", "9"]),
        st.integers(0, 2),
    ),
    max_size=8,
)


@given(_CELLS)
@example([("<v/>", "inlineStr", "", 0)])
def test_both_ways_of_reading_a_row_mean_the_same(described: list[tuple[str, str, str, int]]) -> None:
    text, column = "", 1
    for value, kind, style, gap in described:
        column += gap
        attributes = (f' s="{style}"' if style else "") + (f' t="{kind}"' if kind else "")
        text += f'<c r="{openpyxl.utils.get_column_letter(column)}2"{attributes}>{value}</c>'
        column += 1
    row = etree.fromstring(f'<row xmlns="{MAIN}" r="2">{text}</row>')

    def reader() -> SheetCells:
        return SheetCells(SharedStrings(["a", ""], LIMITS), ["", "mm/dd/yyyy"], from_1904=False, limits=LIMITS)

    assert outcome(reader().of_row, row) == outcome(reader().of_elements, row)


def outcome(reading: Any, row: Any) -> Any:
    try:
        return reading(row, 2)
    except (FileFault, ValueError, IndexError) as error:
        return type(error)


# Sheets, parts and their names


def other(text: str = "note") -> str:
    cell = f'<c r="A1" t="inlineStr"><is><t>{text}</t></is></c>'
    return f'<worksheet xmlns="{MAIN}"><sheetData><row r="1">{cell}</row></sheetData></worksheet>'


def test_the_data_are_on_the_visible_sheet_that_has_the_headings() -> None:
    row = '<row r="2"><c r="A2"><v>{}</v></c></row>'
    book = {"Read me": other(), "Old": sheet(row.format(1)), "Data": sheet(row.format(2)), "Copy": sheet(row.format(3))}
    head, rows = read(package(book, states={"Old": "hidden", "Copy": "veryHidden"}))
    assert head.sheet == "Data"
    assert rows == {2: [2]}
    assert refused(package({"Data": other(), "Old": sheet("")}, states={"Old": "veryHidden"})).code == "heading-missing"


def test_the_guidance_row_is_kept_and_headings_may_stand_below_it() -> None:
    lines = [*([f"guidance {n}"] for n in range(9)), list(REQUIRED), ["Add"]]
    head, rows = read(written_by_openpyxl(lines))
    assert head.heading_row == 10
    assert [line.raw for line in head.above] == [[f"guidance {n}"] for n in range(9)]
    assert rows == {11: ["Add"]}
    assert refused(written_by_openpyxl([["x"], *lines])).code is FileFaultCode.HEADING_MISSING


def test_missing_headings_are_named_with_the_row_where_they_were_looked_for() -> None:
    fault = refused(written_by_openpyxl([["guidance"], [heading for heading in REQUIRED if heading != "Last Name"]]))
    assert (fault.code, fault.row, fault.column) == ("heading-missing", 2, "Last Name")
    assert "“Last Name”" in fault.detail


@pytest.mark.parametrize("kind", [BatchKind.ACTIVITIES, BatchKind.LEARNER_VALIDATIONS])
def test_a_file_of_another_kind_is_told_as_what_it_looks_like(kind: BatchKind) -> None:
    fault = refused(written_by_openpyxl([list(REQUIRED)]), kind)
    assert fault.code is FileFaultCode.KIND_UNKNOWN
    assert "learner completions" in fault.detail
    assert fault.looks_like is BatchKind.LEARNER_COMPLETIONS


def test_a_sheet_without_rows_has_none() -> None:
    assert refused(package(f'<worksheet xmlns="{MAIN}"><sheetData/></worksheet>')).code is FileFaultCode.NO_ROWS


ONE = '<row r="2"><c r="A2"><v>7</v></c></row>'


@pytest.mark.parametrize(
    "content",
    [
        package(sheet(ONE, main=STRICT_MAIN), main=STRICT_MAIN, relations=STRICT_RELATIONS),
        package(sheet(ONE), target="/xl/worksheets/{name}.xml"),
        package(sheet(ONE), target="../xl/worksheets/{name}.xml"),
        package(sheet(ONE), target="Worksheets/{name}.XML"),
        package(sheet(ONE), folder="Xl"),
        package(sheet(ONE), folder="content"),
        package(sheet(ONE), parts={"theme.xml": "<x/>"}),
        package(sheet(ONE).replace("<", "<x:").replace("<x:/", "</x:").replace("xmlns=", "xmlns:x=")),
        package(sheet(ONE, before="<sheetPr/><cols><col min='1' max='9'/></cols>", after="<mergeCells/>")),
    ],
    ids=[
        "strict",
        "absolute",
        "upwards",
        "case of names",
        "case of folder",
        "folder",
        "other part",
        "prefix",
        "around",
    ],
)
def test_what_programs_write_differently_reads_the_same(content: bytes) -> None:
    head, rows = read(content)
    assert head.headings == REQUIRED
    assert rows == {2: [7]}


# Programs


LINES: list[list[Any]] = [
    ["Month and day only"],
    [*REQUIRED, "Licensing ID", "Number of CME Credits"],
    ["Add", 200912095, datetime.fromisoformat("2021-02-14"), "José", "O'Brien & Søn", "03/17", "00123", 2.25],
    ["Add", "200912095", datetime.fromisoformat("2021-02-14T09:30"), "=1+1", "-x", "3/7", 1234567893, 1],
]
DATE = {"d": "2021-02-14", "f": "mm/dd/yyyy"}


def written_by_openpyxl(lines: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    for line in lines:
        book.active.append(line)
        for cell in book.active[book.active.max_row]:
            if isinstance(cell.value, datetime):
                cell.number_format = "mm/dd/yyyy"
            if isinstance(cell.value, str):
                cell.data_type = "s"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def written_by_xlsxwriter(lines: list[list[Any]], **options: Any) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, options)
    page, day = book.add_worksheet("Learners"), book.add_format({"num_format": "mm/dd/yyyy"})
    for number, line in enumerate(lines):
        for place, cell in enumerate(line):
            if isinstance(cell, datetime):
                page.write_datetime(number, place, cell, day)
            elif isinstance(cell, str):
                page.write_string(number, place, cell)
            else:
                page.write_number(number, place, cell)
    book.close()
    return out.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        written_by_openpyxl(LINES),
        written_by_xlsxwriter(LINES),
        written_by_xlsxwriter(LINES, constant_memory=True),
        written_by_xlsxwriter(LINES, date_1904=True),
    ],
    ids=["openpyxl", "xlsxwriter", "in little memory", "from 1904"],
)
def test_programs_agree(content: bytes) -> None:
    head, rows = read(content)
    assert head.headings == (*REQUIRED, "Licensing ID", "Number of CME Credits")
    assert rows == {
        3: ["Add", 200912095, DATE, "José", "O'Brien & Søn", "03/17", "00123", 2.25],
        4: ["Add", "200912095", {"d": "2021-02-14T09:30:00", "f": "mm/dd/yyyy"}, "=1+1", "-x", "3/7", 1234567893, 1],
    }


AS_TYPED = ["Add", 200912095, DATE, "José", "O'Brien & Søn", {"d": "2021-03-17", "f": "mmm\\-yy"}, "Tennessee", "00123",
            2.25, "ABIM", 999999, 2.25, "Medical Knowledge", 2.25]  # fmt: skip
BELOW = ["Add", "200912095", "2/14/2021", " Ann ", "Lee\nSmith", "03/17", "TN", 1234567893, 1, None, None, "#DIV/0!",
         "x", True]  # fmt: skip


def test_what_libreoffice_saved_is_read() -> None:
    head, rows = read((FILES / "libreoffice.xlsx").read_bytes())
    assert (head.sheet, head.heading_row, len(head.headings)) == ("Learners", 2, 14)
    assert rows == {3: AS_TYPED, 4: BELOW}


@pytest.mark.parametrize("name", ["libreoffice.ods", "libreoffice.xls"])
def test_what_it_saves_otherwise_says_the_same(name: str) -> None:
    with open_file([(FILES / name).read_bytes()], BatchKind.LEARNER_COMPLETIONS) as file:
        rows = [row for piece in file.pieces() for row in piece]
    assert (file.head.format, file.head.sheet, file.head.heading_row) == (FileFormat.XLSX, "Learners", 2)
    assert {row.number: list(map(_without_form, row.raw)) for row in rows} == {
        3: list(map(_without_form, AS_TYPED)),
        4: list(map(_without_form, BELOW)),
    }


def _without_form(cell: Any) -> Any:
    """A date's format is written differently from program to program; what it shows is the same."""
    return cell["d"] if isinstance(cell, dict) and "d" in cell else cell


def test_text_that_it_saved_says_the_same_as_far_as_text_can() -> None:
    with open_file([(FILES / "libreoffice.txt").read_bytes()], BatchKind.LEARNER_COMPLETIONS) as file:
        rows = [row.raw for piece in file.pieces() for row in piece]
    shown = {"d": "02/14/2021", "f": "Mar-21"}
    assert rows == [
        [str(cell) if not isinstance(cell, dict) else shown["d" if cell is DATE else "f"] for cell in AS_TYPED],
        [None if cell is None else "TRUE" if cell is True else str(cell) for cell in BELOW],
    ]
