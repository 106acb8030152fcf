"""What written files show: errors beside the rows, cells at fault, columns of ours; and what can be converted."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from io import BytesIO

import pytest
from lxml import etree

from app.core.csv_text import escape_formula, unescape_formula
from app.domain.batches import FileFormat, RawRow
from app.files import result_files
from app.files.result_files import NotWritable, written_format
from app.files.writing import sheet_writer
from app.files.writing.result_rows import AnnotatedRow
from app.files.writing.sheet_cells import serial_of
from tests.builders.headings import WITH_DEPARTMENT
from tests.builders.written_files import (
    LINE,
    RECORD,
    ROOT,
    a_head,
    a_note,
    a_result,
    a_row_of_cells,
    a_written,
    below,
    lines_of,
    records_of,
    sheet_of,
    table_of,
    whole,
)

TABLES = (FileFormat.XLSX, FileFormat.TAB)
RED, YELLOW = "FFFFC7CE", "FFFFF2A8"
A_WARNING = a_note(
    code="license-unusual", detail="This licence looks short.", hint="Look at it.", index=7, rejects=False
)


@pytest.mark.parametrize("format", TABLES)
def test_every_finding_stands_beside_its_row_refusals_first(format: FileFormat) -> None:
    notes = (A_WARNING, a_note(), a_note(code="amount-valid", detail="0.3 is no step of 0.25.", hint="", index=8))
    [row] = below(table_of(whole(result_files.write_rejected(a_head(format), [a_written(None, *notes)])), format))
    assert row["Error Codes"].replace("\n", ", ") == "activity-known, amount-valid, license-unusual (warning)"
    assert "ACCME Activity ID: No activity of yours has this id." in row["Errors"]
    assert "Licensing ID: This licence looks short. (warning)" in row["Errors"]
    assert row["What to do"].split("\n" if format is FileFormat.XLSX else ". ")[0].startswith("Check its nine digits")


def test_cells_at_fault_are_coloured_and_say_why() -> None:
    sheet = sheet_of(whole(result_files.write_rejected(a_head(), [a_written(None, a_note(), A_WARNING)])))
    assert sheet["B3"].fill.fgColor.rgb == RED
    assert sheet["B3"].comment.text == "No activity of yours has this id. Check its nine digits."
    assert sheet["H3"].fill.fgColor.rgb == YELLOW
    assert sheet["C3"].fill.fgColor.rgb == "00000000"
    assert sheet["K2"].comment.text.startswith("What is wrong with each row")


def test_a_missing_cell_is_coloured_and_keeps_what_is_typed_into_it_as_text() -> None:
    sheet = sheet_of(
        whole(result_files.write_rejected(a_head(), [a_written(a_row_of_cells(id=None), a_note(index=7))]))
    )
    assert (sheet["H3"].value, sheet["H3"].fill.fgColor.rgb, sheet["H3"].number_format) == (None, RED, "@")


def test_a_cell_that_is_refused_and_warned_of_is_red_and_says_both() -> None:
    notes = (a_note(detail="Unusual.", hint="", rejects=False), a_note())
    sheet = sheet_of(whole(result_files.write_rejected(a_head(), [a_written(None, *notes)])))
    assert sheet["B3"].fill.fgColor.rgb == RED
    assert sheet["B3"].comment.text.splitlines()[0] == "Unusual."


def test_comments_are_bounded_and_colours_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet_writer, "MOST_COMMENTS", 3)
    sheet = sheet_of(whole(result_files.write_rejected(a_head(), [a_written() for _ in range(5)])))
    assert [bool(sheet[f"B{row}"].comment) for row in range(3, 8)] == [True, True, True, False, False]
    assert all(sheet[f"B{row}"].fill.fgColor.rgb == RED for row in range(3, 8))


def test_a_sheet_looks_as_it_was_sent() -> None:
    head = a_head(sheet="Spring [2021]")
    sheet = sheet_of(whole(result_files.write_rejected(head, [a_written()])))
    assert (sheet.title, sheet.freeze_panes) == ("Spring  2021", "A3")
    assert sheet["A1"].value == "Keep this row."
    assert sorted(str(range) for range in sheet.merged_cells.ranges) == ["A1:E1", "F1:J1"]
    assert tuple(cell.value for cell in sheet[2])[: len(WITH_DEPARTMENT)] == WITH_DEPARTMENT


def test_no_text_of_a_workbook_is_a_formula_and_dates_keep_their_format() -> None:
    cells = a_row_of_cells(first="=HYPERLINK(1)", date={"d": "2029-02-01", "f": "mmm-yy"})
    sheet = sheet_of(whole(result_files.write_rejected(a_head(), [a_written(cells)])))
    assert (sheet["D3"].data_type, sheet["D3"].value) == ("s", "=HYPERLINK(1)")
    assert (sheet["F3"].is_date, sheet["F3"].number_format) == (True, "mmm-yy")


@pytest.mark.parametrize(
    ("day", "serial"),
    [
        ("1899-12-30", None), ("1900-01-01", "1"), ("1900-02-28", "59"), ("1900-02-29", "60"), ("1900-03-01", "61"),
        ("2021-02-14", "44241"), ("2021-02-14T12:00:00", "44241.5"), ("soon", None),
    ],
)  # fmt: skip
def test_days_are_counted_as_workbooks_count_them(day: str, serial: str | None) -> None:
    assert serial_of(day) == serial


def test_a_text_that_no_cell_can_hold_is_cut_between_characters() -> None:
    raw = a_row_of_cells(first="x" + "😀" * 20_000)
    sheet = sheet_of(whole(result_files.write_rejected(a_head(), [a_written(raw)])))
    assert sheet["D3"].value == "x" + "😀" * 16_383


@pytest.mark.parametrize("format", TABLES)
def test_cells_beyond_the_headings_are_kept_after_ours(format: FileFormat) -> None:
    raw = [*a_row_of_cells(), "beyond"]
    [row] = table_of(whole(result_files.write_rejected(a_head(format), [a_written(raw)])), format)[
        a_head(format).heading_row :
    ]
    assert row[len(WITH_DEPARTMENT) + 2] == "activity-known"
    assert row[len(WITH_DEPARTMENT) + 3] == "beyond"


@pytest.mark.parametrize("format", TABLES)
def test_a_successful_file_has_warnings_and_no_old_errors(format: FileFormat) -> None:
    headings = (*WITH_DEPARTMENT[:3], "Error Codes", "Errors", "What to do", *WITH_DEPARTMENT[3:], "Notes")
    cells = a_row_of_cells()
    raw = [*cells[:3], "old", "old", "old", *cells[3:], "my own note"]
    warned = AnnotatedRow(number=3, raw=raw, notes=(a_note(index=13, rejects=False), a_note(index=1, rejects=False)))
    rows = table_of(whole(result_files.write_successful(a_head(format, headings=headings), [warned])), format)
    start = next(place for place, row in enumerate(rows) if row[0] == "Record Action")
    assert rows[start] == [*WITH_DEPARTMENT, "Notes", "Notes"]
    assert rows[start + 1][-2] == "my own note"
    assert "ACCME Activity ID: No activity of yours has this id. Check its nine digits." in rows[start + 1][-1]


@pytest.mark.parametrize("format", TABLES)
def test_answers_to_validations_stand_beside_the_rows(format: FileFormat) -> None:
    answers = [a_result(), a_result(result="none", learner_id="", boards=(), what_to_do="Check the state.")]
    one, none = below(table_of(whole(result_files.write_results(a_head(format), answers)), format))
    assert (one["Result"], one["Learner Link"], one["Boards"]) == ("One learner was matched", "lrn_1", "ABIM, TN-M")
    assert (none["Result"], none["What to do"]) == ("No learner was matched", "Check the state.")


def test_a_records_errors_stand_before_it_and_leave_the_document_well_formed() -> None:
    note = a_note(detail="A -- is none --", place="Activity/Module/ModuleName", index=None)
    data = whole(
        result_files.write_rejected(a_head(FileFormat.XML), [a_written(RECORD, note), a_written(RECORD, note)])
    )
    assert records_of(data) == [RECORD, RECORD]
    document = etree.fromstring(data)
    assert [document.tag, document[0].tag, document[0].get("DateTimeCreated")] == [ROOT["n"], ROOT["c"][0]["n"], "2021"]
    comments = [node.text or "" for node in document.iter() if node.tag is etree.Comment]
    assert "Activity/Module/ModuleName: A - - is none - - [activity-known]" in comments[0]


def test_a_lines_errors_are_a_member_that_is_not_repeated() -> None:
    head = a_head(FileFormat.NDJSON)
    once = whole(result_files.write_rejected(head, [a_written(LINE, a_note(index=None, place="/activity_id"))]))
    assert once.decode().startswith(LINE[:-1])
    [body] = lines_of(once)
    assert [error["pointer"] for error in body["_errors"]] == ["/activity_id"]
    [twice] = lines_of(whole(result_files.write_rejected(head, [a_written(once.decode(), a_note(code="other"))])))
    assert [error["code"] for error in twice["_errors"]] == ["other"]
    assert {key for key in twice if not key.startswith("_")} == {"activity_id", "cme", "learner"}


@pytest.mark.parametrize("line", ["{not json", "[1]", '{"a": ' + "9" * 5_000 + "}"])
def test_a_line_that_can_take_no_member_is_kept_as_text(line: str) -> None:
    [body] = lines_of(whole(result_files.write_rejected(a_head(FileFormat.NDJSON), [a_written(line)])))
    assert (body["_line"], body["_errors"][0]["code"]) == (line, "activity-known")


@pytest.mark.parametrize(
    ("sent", "asked"),
    [(FileFormat.XLSX, FileFormat.XML), (FileFormat.TAB, FileFormat.NDJSON), (FileFormat.XML, FileFormat.NDJSON)],
)
def test_what_makes_no_sense_is_refused_before_the_first_byte(sent: FileFormat, asked: FileFormat) -> None:
    with pytest.raises(NotWritable, match=f"sent as {sent}"):
        result_files.write_rejected(a_head(sent), [a_written()], asked)


def test_a_workbook_of_more_rows_than_it_holds_is_refused() -> None:
    assert written_format(a_head(), None, rows=100_000) is FileFormat.XLSX
    with pytest.raises(NotWritable, match="ask for tab"):
        written_format(a_head(), None, rows=1_048_576)


def test_a_workbook_as_text_has_what_would_have_been_typed() -> None:
    cells = a_row_of_cells(
        accme=201759558, completion={"d": "2021-02-14T09:30:00", "f": "m/d/yyyy"}, first="\x01-\n", number=2.0,
        date={"d": "2029-02-01", "f": "[$-409]mmm\\-yy;@"},
    )  # fmt: skip
    [row] = below(
        table_of(whole(result_files.write_rejected(a_head(), [a_written(cells)], FileFormat.TAB)), FileFormat.TAB)
    )
    assert [row[name] for name in WITH_DEPARTMENT[1:4]] == ["201759558", "02/14/2021", "-\n"]
    assert (row["Date of Birth"], row["Number of CME Credits"]) == ("02/29", "2")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_text_is_utf_8_with_a_mark_unless_it_was_sent_without(encoding: str) -> None:
    data = whole(
        result_files.write_rejected(a_head(FileFormat.TAB, encoding=encoding), [a_written(a_row_of_cells(first="Zoë"))])
    )
    assert data.startswith(b"\xef\xbb\xbf") == (encoding != "utf-8")
    assert "Zoë" in data.decode("utf-8-sig")


def test_rows_above_the_headings_of_a_text_keep_their_lines() -> None:
    above = (RawRow(number=2, raw=["Second line"]),)
    head = a_head(FileFormat.TAB, above=above, heading_row=4)
    lines = whole(result_files.write_rejected(head, [a_written()])).decode("utf-8-sig").split("\r\n")
    assert [line[:13] for line in lines[:4]] == ["", "Second line", "", "Record Action"]


@pytest.mark.parametrize(("format", "raw"), [(FileFormat.XML, RECORD), (FileFormat.NDJSON, LINE)])
def test_records_without_columns_become_a_table_for_reading(format: FileFormat, raw: str) -> None:
    note = a_note(index=None, place="/activity_id")
    data = whole(result_files.write_rejected(a_head(format), [a_written(raw, note, number=7)], FileFormat.XLSX))
    [row] = below(table_of(data, FileFormat.XLSX), "Record")
    assert (row["Record"], row["Learner"], row["Activity"]) == (7, "Zoë", "201759558")
    assert row["Errors"] == "/activity_id: No activity of yours has this id."
    assert "201759558" in row["Record as sent"]


@pytest.mark.parametrize("text", ["=1", "'=1", "''=1", "'", "O'Brien", "-", "\t", "", "'x"])
def test_text_made_safe_comes_back_and_is_safe(text: str) -> None:
    assert unescape_formula(escape_formula(text)) == text
    assert not escape_formula(text).startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


def test_rows_are_taken_as_they_are_written() -> None:
    taken = 0

    def rows() -> Iterator[AnnotatedRow]:
        nonlocal taken
        for _ in range(3_000):
            taken += 1
            yield a_written()

    pieces = result_files.write_rejected(a_head(), rows())
    while sum(map(len, [next(pieces)])) < 1_000:
        pass
    assert 0 < taken < 3_000


def test_a_workbook_is_a_sound_archive_that_is_the_same_each_time() -> None:
    data = whole(result_files.write_rejected(a_head(), [a_written()]))
    with zipfile.ZipFile(BytesIO(data)) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            etree.fromstring(archive.read(name))
    assert whole(result_files.write_rejected(a_head(), [a_written()])) == data
