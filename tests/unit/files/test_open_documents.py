"""OpenDocument sheets: read by the rules of other workbooks, as their program showed them, and never guessed."""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress
from datetime import date
from typing import Any
from xml.sax.saxutils import escape

import openpyxl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.domain.batches import BatchKind, FileFault, FileFaultCode, FileFormat, FileHead
from app.files.cells import CellFault, read_amount, read_birth_date, read_day, read_id, read_text, read_yes_no
from app.files.formats import all_readers
from app.files.parsing.books import read_book
from app.files.parsing.limits import LIMITS, Limits
from app.files.parsing.open_document import OpenDocument
from app.files.parsing.parser_client import open_file
from app.files.parsing.recognition import recognise
from tests.builders.headings import REQUIRED
from tests.builders.open_documents import cell, document, number_cell, number_style, row, table, text_cell
from tests.builders.workbook_parts import read as read_workbook
from tests.harness.properties import examples

HEADING_ROW = row(map(text_cell, REQUIRED))
COMPLETIONS = BatchKind.LEARNER_COMPLETIONS


def read(content: bytes, limits: Limits = LIMITS) -> tuple[FileHead, dict[int, Any]]:
    """Read a document in this process; raises `FileFault`."""
    parsed = read_book(lambda: OpenDocument(io.BytesIO(content), limits), COMPLETIONS, limits)
    return parsed.head, dict(parsed.records)


def rows_of(*rows: str, columns: str = "", **options: Any) -> dict[int, Any]:
    return read(document(tables=table([HEADING_ROW, *rows], columns=columns), **options))[1]


def cell_of(written: str, styles: str = "") -> Any:
    """Return the one cell of a row."""
    found = rows_of(row([written]), styles=styles)
    return found[2][0] if found else None


def refused(content: bytes, limits: Limits = LIMITS) -> FileFault:
    with pytest.raises(FileFault) as raised:
        read(content, limits)
    return raised.value


def test_a_sheet_is_read_as_a_workbook() -> None:
    head, rows = read(document([[text_cell("Guidance")], list(map(text_cell, REQUIRED)), [text_cell("Add")]]))
    assert (head.format, head.sheet, head.heading_row, rows) == (FileFormat.XLSX, "Learners", 2, {3: ["Add"]})


REMARK = "<office:annotation><text:p>remark</text:p></office:annotation>"
NUMBER = '<number:number number:decimal-places="{}" number:min-integer-digits="{}"/>'


@pytest.mark.parametrize(
    ("written", "styles", "expected"),
    [
        (text_cell("0012"), "", "0012"),
        (text_cell("two\nlines"), "", "two\nlines"),
        (cell("string", '<text:span>a</text:span><text:s text:c="2"/>b<text:tab/>c<text:line-break/>d'), "",
         "a  b\tc\nd"),
        (cell("string", "", office_string_value="kept"), "", "kept"),
        (cell("string", "", office_string_value=""), "", None),
        (cell(None, "untyped"), "", "untyped"),
        (number_cell(777), "", 777),
        (number_cell(2.25), "", 2.25),
        (number_cell(1234567893), "", 1234567893),
        (number_cell(777, "00777", table_style_name="ceN"), number_style("N", NUMBER.format(0, 5)),
         {"v": 777, "f": "00000"}),
        (number_cell(2, "2.00", table_style_name="ceN"), number_style("N", NUMBER.format(2, 1)), 2),
        (
            number_cell(2, "200%", "percentage", table_style_name="ceN"),
            number_style("N", NUMBER.format(0, 1) + "<number:text>%</number:text>", "percentage"),
            {"v": 2, "f": "0%"},
        ),
        (number_cell(2, "200%", "percentage"), "", {"v": 2, "f": "0%"}),
        (number_cell(2.5, "2.50 €", "currency"), "", {"v": 2.5, "f": "[$¤]0.00"}),
        (cell("boolean", "TRUE", office_boolean_value="true"), "", True),
        (number_cell(1, "TRUE"), "", True),
        (number_cell(0, "#DIV/0!"), "", "#DIV/0!"),
        (number_cell(2, "two"), "", {"v": 2, "f": '"two"'}),
        (cell("string", "#N/A", table_formula="of:=NA()", calcext_value_type="error"), "", "#N/A"),
        (cell("string", "Err:502", table_formula="of:=X()", calcext_value_type="error"), "", "#VALUE!"),
        (cell("string", "", table_formula="of:=X()", calcext_value_type="error"), "", "#VALUE!"),
        (cell(None, "", table_formula="of:=A1+1"), "", "=A1+1"),
        (cell("date", "02/14/2021", office_date_value="2021-02-14"), "", {"d": "2021-02-14", "f": "yyyy-mm-dd"}),
        (
            cell("date", "x", office_date_value="2021-02-14T09:30:00"),
            "",
            {"d": "2021-02-14T09:30:00", "f": "yyyy-mm-dd"},
        ),
        (cell("date", "31 Nov", office_date_value="2021-11-31"), "", "31 Nov"),
        (cell("time", "6:00", office_time_value="PT06H00M00S"), "", {"v": 0.25, "f": "[h]:mm:ss"}),
        (
            cell("date", "Feb-29", office_date_value="2029-02-01", table_style_name="ceD"),
            number_style(
                "D",
                '<number:month number:textual="true"/><number:text>-</number:text><number:year/>',
                "date",
            ),
            {"d": "2029-02-01", "f": "mmm-yy"},
        ),
        (text_cell("x").replace("<text:p>", f"{REMARK}<text:p>"), "", "x"),
    ],
)  # fmt: skip
def test_a_cell_says_what_its_program_showed(written: str, styles: str, expected: Any) -> None:
    assert cell_of(written, styles) == expected


EMBEDDED = '<number:embedded-text number:position="3">-</number:embedded-text>'


@pytest.mark.parametrize(
    ("content", "kind", "attributes", "code"),
    [
        (
            '<number:hours/><number:text>:</number:text><number:minutes number:style="long"/>', "time",
            ' number:truncate-on-overflow="false"', "[h]:mm",
        ),
        ('<number:currency-symbol>$</number:currency-symbol>' + NUMBER.format(2, 1), "currency", "", "$0.00"),
        (NUMBER.format(0, 1) + '<number:text> "h"</number:text>', "number", "", '0" "\\""h"\\"'),
        (NUMBER.format(0, 1).replace("/>", ' number:grouping="true"/>'), "number", "", "#,##0"),
        ('<number:fraction number:denominator-value="2" number:min-integer-digits="0"/>', "number", "", "# ?/2"),
        (NUMBER.format(2, 1).replace(":number ", ":scientific-number "), "number", "", "0.00E+00"),
        (NUMBER.format(0, 9).replace("/>", f">{EMBEDDED}</number:number>"), "number", "", "000000-000"),
    ],
)  # fmt: skip
def test_number_styles_become_the_codes_of_workbooks(content: str, kind: str, attributes: str, code: str) -> None:
    styles = number_style("N", content, kind, attributes)
    with_style = OpenDocument(io.BytesIO(document([[text_cell("x")]], styles=styles)), LIMITS)
    assert with_style._styles.code_of("ceN") == code


def test_a_style_may_take_its_number_style_from_another_and_lead_on_by_its_sign() -> None:
    styles = (
        number_style("P", NUMBER.format(0, 5))
        + number_style(
            "N",
            '<number:text>none</number:text><style:map style:condition="value()&gt;=0" style:apply-style-name="P"/>',
        )
        + '<style:style style:name="child" style:family="table-cell" style:parent-style-name="ceN"/>'
    )
    assert cell_of(number_cell(777, table_style_name="child"), styles) == {"v": 777, "f": '00000;"none"'}


def test_a_cell_without_a_style_has_that_of_its_row_or_column() -> None:
    styles = number_style("N", NUMBER.format(0, 5))
    columns = (
        "<table:table-column/>"
        '<table:table-column table:number-columns-repeated="2" table:default-cell-style-name="ceN"/>'
    )
    padded = {"v": 7, "f": "00000"}
    assert rows_of(row([number_cell(7), number_cell(7)]), columns=columns, styles=styles)[2] == [7, padded]
    assert rows_of(row([number_cell(7)], default_cell_style_name="ceN"), styles=styles)[2] == [padded]


def test_what_repeats_is_read_as_often() -> None:
    blank = '<table:table-cell table:number-columns-repeated="2"/>'
    rows = rows_of(
        row([text_cell("a"), blank, text_cell("b", table_number_columns_repeated=2)], number_rows_repeated=2),
        row(['<table:table-cell table:number-columns-repeated="16384"/>'], number_rows_repeated=1_000_000),
    )
    assert rows == {2: ["a", None, None, "b", "b"], 3: ["a", None, None, "b", "b"]}
    after = rows_of(row(["<table:table-cell/>"], number_rows_repeated=7), row([text_cell("a")]))
    assert after == {9: ["a"]}


def test_merged_cells_have_the_value_that_is_seen() -> None:
    down = text_cell("TN", table_number_rows_spanned=2, table_number_columns_spanned=1)
    over = text_cell("m", table_number_rows_spanned=1, table_number_columns_spanned=2)
    hidden = (
        '<table:covered-table-cell office:value-type="string"><text:p>never seen</text:p></table:covered-table-cell>'
    )
    rows = rows_of(row([text_cell("a"), down]), row([text_cell("b"), hidden]), row([over, hidden]), row([hidden]))
    assert rows == {2: ["a", "TN"], 3: ["b", "TN"], 4: [{"m": "A4:B4", "c": "m"}, {"m": "A4:B4"}]}


def test_hidden_sheets_and_tables_within_cells_are_not_read() -> None:
    properties = '<style:table-properties table:display="false"/>'
    styles = f'<style:style style:name="gone" style:family="table">{properties}</style:style>'
    inner = f"<table:table-cell><text:p>x</text:p>{table([HEADING_ROW, row([text_cell('inner')])])}</table:table-cell>"
    tables = (
        table([HEADING_ROW, row([text_cell("hidden")])], "Old", "gone")
        + table([row([inner])], "Notes")
        + table([HEADING_ROW, row([text_cell("seen")])], "New")
    )
    head, rows = read(document(tables=tables, styles=styles))
    assert (head.sheet, rows) == ("New", {2: ["seen"]})


def test_bare_numbers_of_days_are_counted_from_the_day_that_the_document_says() -> None:
    settings = '<table:calculation-settings><table:null-date table:date-value="{}"/></table:calculation-settings>'
    cells = [text_cell("Add"), text_cell("1"), number_cell(44_000)]
    assert rows_of(row(cells), settings=settings.format("1904-01-01"))[2][2] == 44_000 + 1_462
    content = document(tables=table([HEADING_ROW, row(cells)]), settings=settings.format("1900-01-01"))
    assert refused(content).code is FileFaultCode.UNREADABLE


def repeated(times: int) -> bytes:
    return document(tables=table([HEADING_ROW, row([text_cell("x")], number_rows_repeated=times)]))


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        (document(parts={"META-INF/manifest.xml": "<m><manifest:encryption-data/></m>"}), "unreadable", "password"),
        (document(parts={"content.xml": "<broken"}), "unreadable", "damaged"),
        (document(parts={"content.xml": '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'}), "unreadable", "document type"),
        (document([[cell("string", "x", table_number_columns_repeated=0)]]), "unreadable", "damaged"),
        (document([[text_cell("x", table_number_columns_repeated=1_001)]]), "too-large", "columns"),
        (repeated(1_048_575), "too-large", "very many rows"),
        (repeated(9_999_999), "too-large", "more rows"),
        (document([[text_cell("x" * 32_768)]]), "too-large", "characters"),
        (document(), "no-rows", "no rows"),
    ],
)  # fmt: skip
def test_what_hurts_or_cannot_be_read_is_refused_with_a_word(content: bytes, code: str, says: str) -> None:
    with pytest.raises(FileFault) as raised, open_file([content], COMPLETIONS) as file:
        list(file.pieces())
    assert raised.value.code == code
    assert says in raised.value.detail


def test_a_document_is_found_by_its_content() -> None:
    readers = all_readers()
    found = {recognise(content[:65_536], readers) for content in (document(), _without_mimetype())}
    assert {getattr(reader, "__name__", "") for reader in found} == {"app.files.parsing.open_document"}


def _without_mimetype() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(document())) as given, zipfile.ZipFile(out, "w") as made:
        for name in ("META-INF/manifest.xml", "content.xml"):
            made.writestr(name, given.read(name))
    return out.getvalue()


def test_a_text_document_is_told_as_having_no_sheet() -> None:
    content = document(mimetype="application/vnd.oasis.opendocument.text", parts={"content.xml": "<office/>"})
    assert refused(content).code is FileFaultCode.UNREADABLE


FORMATS = {
    "": "", "0%": "percentage", "00000": "", "0.00": "", "h:mm": "time", "mm/dd/yyyy": "date", "mmm-yy": "date",
}  # fmt: skip
STYLES = {
    "0%": number_style("S1", NUMBER.format(0, 1) + "<number:text>%</number:text>", "percentage"),
    "00000": number_style("S2", NUMBER.format(0, 5)),
    "0.00": number_style("S3", NUMBER.format(2, 1)),
    "h:mm": number_style(
        "S4", '<number:hours/><number:text>:</number:text><number:minutes number:style="long"/>', "time"
    ),
    "mm/dd/yyyy": number_style(
        "S5",
        '<number:month number:style="long"/><number:text>/</number:text><number:day number:style="long"/>'
        '<number:text>/</number:text><number:year number:style="long"/>',
        "date",
    ),
    "mmm-yy": number_style(
        "S6", '<number:month number:textual="true"/><number:text>-</number:text><number:year/>', "date"
    ),
}
NAMES = {code: f"ceS{place}" for place, code in enumerate(STYLES, 1)}
shown_numbers = st.tuples(
    st.sampled_from(["", "0%", "00000", "0.00"]), st.integers(0, 10**12) | st.integers(0, 400).map(lambda n: n / 4)
)
days = st.tuples(st.sampled_from(["mm/dd/yyyy", "mmm-yy"]), st.dates().filter(lambda day: day.year > 1904))
times = st.tuples(st.just("h:mm"), st.integers(0, 23).map(lambda hour: hour / 24))
strings = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp", "Zs")), min_size=1, max_size=9)
values = st.one_of(shown_numbers, days, times, st.tuples(st.just(""), st.booleans() | strings))


def in_document(code: str, value: Any) -> str:
    style = {"table_style_name": NAMES[code]} if code else {}
    if isinstance(value, bool):
        return cell("boolean", str(value).upper(), office_boolean_value=str(value).lower())
    if isinstance(value, str):
        # A line that begins like markup is taken for markup.
        return text_cell(
            "\n".join(f"<text:span>{escape(line)}</text:span>" for line in value.split("\n")) if value else ""
        )
    if code == "h:mm":
        return cell("time", "?", office_time_value=f"PT{round(value * 24):02d}H00M00S", **style)
    if not isinstance(value, int | float):
        return cell("date", "?", office_date_value=value.isoformat(), **style)
    return number_cell(value, "", "percentage" if code == "0%" else "float", **style)


def in_workbook(rows: list[list[tuple[str, Any]]]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(list(REQUIRED))
    for number, cells in enumerate(rows, 2):
        for column, (code, value) in enumerate(cells, 1):
            written = sheet.cell(number, column)
            written.value = value
            if isinstance(value, str):
                written.data_type = "s"
            written.number_format = code or "General"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def meanings(found: Any) -> list[Any]:
    """Return what a cell means in a column of each kind."""
    if isinstance(found, dict) and "m" in found:
        return [found]
    meant: list[Any] = []
    for reading in (read_amount, read_day, read_birth_date, read_id, read_text, read_yes_no):
        try:
            meant.append(reading(found))
        except CellFault as fault:
            meant.append((fault.code, fault.detail))
    return meant


@examples(40)
@given(st.lists(st.lists(values, min_size=1, max_size=6), min_size=1, max_size=3))
@example([[("", "<")]])
@example([[("0%", 2), ("00000", 777), ("mmm-yy", date(2029, 2, 1)), ("h:mm", 0.25)]])
def test_a_document_reads_as_the_workbook_of_the_same_cells(rows: list[list[tuple[str, Any]]]) -> None:
    tables = table([HEADING_ROW, *(row(in_document(*value) for value in cells) for cells in rows)])
    ours = read(document(tables=tables, styles="".join(STYLES.values())))[1]
    theirs = read_workbook(in_workbook(rows))[1]
    assert {number: list(map(meanings, cells)) for number, cells in ours.items()} == {
        number: list(map(meanings, cells)) for number, cells in theirs.items()
    }


CONTENT = document([list(map(text_cell, REQUIRED)), [text_cell("Add"), number_cell(7)]])


@examples(150)
@given(st.data())
def test_any_damage_is_read_or_refused(data: st.DataObject) -> None:
    with zipfile.ZipFile(io.BytesIO(CONTENT)) as given_parts:
        content = bytearray(given_parts.read("content.xml"))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=6))
    # Anything else that it raises fails the test.
    with suppress(FileFault):
        read(document(parts={"content.xml": bytes(content)}))


@pytest.mark.parametrize("kind", ["float", "currency", "percentage"])
def test_a_number_without_its_value_is_what_was_seen(kind: str) -> None:
    assert cell_of(cell(kind, "hello")) == "hello"
    assert cell_of(cell(kind)) is None


@pytest.mark.parametrize(
    "written",
    [cell("date", "x" * 40_000, office_date_value="?"), cell("time", "x" * 40_000), cell(None, "x" * 40_000)],
)
def test_what_is_seen_of_a_cell_is_as_long_as_a_text_may_be(written: str) -> None:
    assert refused(document(tables=table([HEADING_ROW, row([written])]))).code is FileFaultCode.TOO_LARGE


def test_a_moment_that_no_clock_shows_is_what_was_seen() -> None:
    assert cell_of(cell("date", "noon", office_date_value="2024-01-01T99:99:99")) == "noon"
    assert cell_of(cell("date", "noon", office_date_value="2024-01-01T\u0661\u0662:00:00")) == "noon"


def test_a_document_of_very_many_sheets_is_told_so() -> None:
    fault = refused(document(tables="".join(table([HEADING_ROW], name=str(place)) for place in range(501))))
    assert fault.code is FileFaultCode.TOO_LARGE
    assert "sheets" in fault.detail
