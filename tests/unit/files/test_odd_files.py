"""Files as programs and people make them beside the usual way: read as meant, or refused with a sentence that helps."""

from __future__ import annotations

import codecs
import io
from collections.abc import Sequence

import openpyxl
import pytest

from app.domain.batches import BatchKind, Cell, FileFault, FileFormat, FileHead, RawRow
from app.files.parsing.parser_client import open_file
from app.files.result_files import write_rejected
from app.files.writing.result_rows import AnnotatedRow
from tests.builders.headings import REQUIRED
from tests.builders.workbook_parts import HEADING_ROW, MAIN, cells, package, read, sheet

ROW = ["Add", "201759558", "12/12/2021", "Rebecca", "Test", "02/01"]
TABLE = "\r\n".join("\t".join(line) for line in (REQUIRED, ROW))


def opened(content: bytes, kind: BatchKind = BatchKind.LEARNER_COMPLETIONS) -> tuple[FileHead, list[RawRow]]:
    with open_file([content], kind) as file:
        rows = [row for piece in file.pieces() for row in piece]
        return file.head, rows


def refused(content: bytes, kind: BatchKind = BatchKind.LEARNER_COMPLETIONS) -> FileFault:
    with pytest.raises(FileFault) as raised:
        opened(content, kind)
    return raised.value


# Workbooks


@pytest.mark.parametrize("value", ["<v/>", "<v></v>", ""])
@pytest.mark.parametrize("cell", ['<c r="A2"><f>B2&amp;"x"</f>{}</c>', '<c r="A2" s="0"><f>B2&amp;"x"</f>{}</c>'])
def test_a_formula_that_was_never_worked_out_is_told_as_one(cell: str, value: str) -> None:
    assert cells(f'<row r="2">{cell.format(value)}</row>') == ['=B2&"x"']


def test_a_formula_whose_result_is_an_empty_text_is_empty() -> None:
    assert cells('<row r="2"><c r="A2" t="str"><f>IF(1,"")</f><v></v></c><c r="B2"><v>1</v></c></row>') == [None, 1]


def test_as_many_columns_are_read_as_the_limit_says() -> None:
    book = openpyxl.Workbook()
    book.active.append([*REQUIRED, *(f"Remark {number}" for number in range(994))])
    book.active.append(list(range(1_000)))
    out = io.BytesIO()
    book.save(out)
    assert read(out.getvalue())[1] == {2: list(range(1_000))}
    book.active.cell(2, 1_001).value = 1
    out = io.BytesIO()
    book.save(out)
    with pytest.raises(FileFault, match="first 1,000 columns"):
        read(out.getvalue())


def data(value: int | None = None) -> str:
    """A sheet with the headings, and a row of one cell."""
    return sheet("" if value is None else f'<row r="2"><c r="A2"><v>{value}</v></c></row>')


def test_a_sheet_with_headings_only_does_not_hide_the_records_of_another() -> None:
    head, rows = read(package({"Template": data(), "January": data(1), "Empty": data()}))
    assert (head.sheet, rows) == ("January", {2: [1]})


def test_two_sheets_with_records_are_refused_so_that_neither_is_left_out_in_silence() -> None:
    with pytest.raises(FileFault) as raised:
        read(package({"January": data(1), "Notes": data(), "February": data(2)}))
    assert raised.value.code == "heading-missing"
    assert "“January” and “February”" in raised.value.detail
    assert read(package({"January": data(1), "February": data(2)}, states={"January": "hidden"}))[1] == {2: [2]}


def test_records_of_another_kind_on_a_second_sheet_are_none_of_this_file() -> None:
    names = '<c t="inlineStr"><is><t>First Name</t></is></c><c t="inlineStr"><is><t>Last Name</t></is></c>'
    row = "<row><c><v>1</v></c></row>"
    validations = f'<worksheet xmlns="{MAIN}"><sheetData><row>{names}</row>{row}</sheetData></worksheet>'
    learners = f'<worksheet xmlns="{MAIN}"><sheetData>{HEADING_ROW}{row}</sheetData></worksheet>'
    book = package({"Learners": learners, "Asked": validations})
    assert read(book, BatchKind.LEARNER_VALIDATIONS)[0].sheet == "Asked"
    assert read(book)[0].sheet == "Learners"


def test_a_wide_sheet_beside_the_data_does_no_harm() -> None:
    wide = f'<worksheet xmlns="{MAIN}"><sheetData><row r="1"><c r="ZZZ1"><v>1</v></c></row></sheetData></worksheet>'
    assert read(package({"January": data(1), "Pivot": wide}))[1] == {2: [1]}


def test_records_of_a_second_sheet_are_not_left_out_for_a_cell_far_away() -> None:
    far = sheet('<row r="2"><c r="A2"><v>1</v></c></row><row r="3"><c r="ZZZ3"><v>1</v></c></row>')
    with pytest.raises(FileFault, match="first 1,000 columns"):
        read(package({"January": data(1), "February": far}))


def test_records_of_a_second_sheet_are_not_left_out_for_a_heading_that_was_misspelt() -> None:
    misspelt = data(2).replace(REQUIRED[-1], "Birthdya")
    with pytest.raises(FileFault) as raised:
        read(package({"January": data(1), "February": misspelt}))
    assert (raised.value.code, raised.value.column) == ("heading-missing", REQUIRED[-1])
    assert "“February”" in raised.value.detail
    assert read(package({"January": data(1), "February": data().replace(REQUIRED[-1], "Birthdya")}))[1] == {2: [1]}


# Texts


@pytest.mark.parametrize(("mark", "name"), [("|", "bars"), ("    ", "spaces")])
@pytest.mark.parametrize("quoted", [True, False])
def test_cells_separated_by_something_else_are_refused_with_its_name(mark: str, name: str, quoted: bool) -> None:
    lines = (REQUIRED, ROW)
    text = "\n".join(mark.join(f'"{cell}"' if quoted else cell for cell in line) for line in lines)
    fault = refused(text.encode())
    assert (fault.code, fault.row, fault.column) == ("heading-missing", 1, None)
    assert f"separated by {name}, not by tabs, commas or semicolons" in fault.detail
    assert ".xlsx" in fault.detail


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"<html><body><table><tr><td>Record Action</td></tr></table></body></html>", "web page"),
        (b"\n<!DOCTYPE html>\n<html lang=en><meta charset=utf-8><table>", "web page"),
        (b"<HTML xmlns:x='urn:x'><HEAD><META http-equiv=x></HEAD>", "web page"),
        (b"<table><tr><td>x</td></tr></table>", "web page"),
        (b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>', "Excel 2003"),
        (b'<office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"/>', "OpenDocument"),
        (b"MIME-Version: 1.0\nContent-Type: multipart/related\n\n", "web archive"),
        (b"ID;PWXL;N;E\nC;Y1;X1;K1\nE\n", "SYLK"),
        (b'TABLE\r\n0,1\r\n"EXCEL"\r\n', "DIF"),
    ],
)
def test_a_sheet_in_a_format_of_another_kind_is_told_how_to_be_saved(content: bytes, says: str) -> None:
    fault = refused(content)
    assert fault.code in ("unreadable", "kind-unknown")
    assert says in fault.detail
    assert ".xlsx" in fault.detail


def test_commas_in_a_sentence_above_the_headings_part_no_cells() -> None:
    lines = [["Give First Name, Last Name, Date of Birth"], REQUIRED[:-1], ROW[:-1]]
    fault = refused("\n".join("\t".join(line) for line in lines).encode())
    assert fault.detail.startswith("Missing heading: “Date of Birth”")


def test_json_over_several_lines_is_told_how_to_be_lines() -> None:
    fault = refused(b'\xef\xbb\xbf{\r\n  "activity_id": "201759558"\r\n}\r\n')
    assert fault.code == "kind-unknown"
    assert "one line" in fault.detail


def test_a_stray_control_character_spoils_its_cell_and_not_the_file() -> None:
    head, rows = opened(f"{TABLE}\tbeside\x01the\x1fcolumns\r\n".encode())
    assert [row.raw for row in rows] == [[*ROW, "beside\x01the\x1fcolumns"]]
    again = b"".join(write_rejected(head, [AnnotatedRow(number=2, raw=rows[0].raw)]))
    sent, back = (row.raw for row in (rows[0], opened(again)[1][0]))
    assert isinstance(sent, list) and isinstance(back, list)
    assert back[-1] == sent[-1]
    assert refused(b"\x02\x03binary\n" + TABLE.encode()).code == "unreadable"


def test_a_stray_control_character_in_a_line_of_json_spoils_that_line_alone() -> None:
    assert [row.raw for row in opened(b'{"a": "b\x01"}\n{}\n')[1]] == ['{"a": "b\x01"}', "{}"]


@pytest.mark.parametrize("end", ["\x1a", "\r\n\x1a", "\r\n"])
def test_the_mark_with_which_old_programs_end_a_text_is_no_part_of_it(end: str) -> None:
    assert [row.raw for row in opened(f"{TABLE}{end}".encode())[1]] == [ROW]


def test_text_of_a_macintosh_is_known_by_the_ends_of_its_lines() -> None:
    named = TABLE.replace("Rebecca", "José").replace("Test", "Núñez")
    head, (row,) = opened(named.replace("\r\n", "\r").encode("mac_roman"))
    assert head.encoding == "mac_roman"
    assert row.raw[3:5] == ["José", "Núñez"]
    for ends in ("\r", "\n", "\r\n"):
        head, (row,) = opened(named.replace("\r\n", ends).encode("cp1252"))
        assert (head.encoding, row.raw[3:5]) == ("cp1252", ["José", "Núñez"])


@pytest.mark.parametrize(
    ("first_name", "encoding", "known_as"),
    [
        ("Óscar Núñez", "mac_roman", "mac_roman"),
        ("D’Angelo Núñez", "mac_roman", "mac_roman"),
        ("D’Angelo Núñez", "cp1252", ""),
        ("McÉlroy", "mac_roman", ""),
        ("McÉlroy", "cp1252", ""),
        ("Ángela", "cp1252", "cp1252"),
        ("Élan", "cp1252", ""),
        ("Ángela", "mac_roman", ""),
        ("O’Brien", "mac_roman", ""),
    ],
)
def test_letters_that_may_be_others_are_refused_rather_than_stored(
    first_name: str, encoding: str, known_as: str
) -> None:
    content = TABLE.replace("Rebecca", first_name).replace("\r\n", "\r").encode(encoding)
    if known_as:
        head, (row,) = opened(content)
        assert (head.encoding, row.raw[3]) == (known_as, first_name)
        return
    fault = refused(content)
    assert (fault.code, fault.row) == ("unreadable", 2)
    assert "UTF-8" in fault.detail


def as_text(row: Sequence[Cell]) -> list[RawRow]:
    """What is read of the rejected file of a workbook's row, once it was had as text."""
    head = FileHead(format=FileFormat.XLSX, headings=(*REQUIRED, "Remark"), heading_row=1)
    written = write_rejected(head, [AnnotatedRow(number=2, raw=list(row))], FileFormat.TAB)
    return opened(b"".join(written))[1]


@pytest.mark.parametrize("remark", ["a\tb\nc", 'a\t"b"\n"c"\td', "\n\t\n", 'say "x\ty"\r\nand "z"'])
def test_a_remark_with_tabs_and_line_breaks_stays_one_cell(remark: str) -> None:
    (row,) = as_text([*ROW, remark])
    assert isinstance(row.raw, list)
    assert row.raw[:6] == ROW
    assert "".join(str(row.raw[6] or "").split()) == "".join(remark.split())


# Documents

REPORTS = "<ACCMELearnerReports><ActivityReport/></ACCMELearnerReports>"


@pytest.mark.parametrize(
    "content",
    [
        f'\r\n \t<?xml version="1.0" encoding="utf-8"?>{REPORTS}'.encode(),
        codecs.BOM_UTF8 + f'\n<?xml version="1.0"?>{REPORTS}'.encode(),
        f'<?xml version="1.0" encoding="utf-16"?>{REPORTS}'.encode(),
        codecs.BOM_UTF8 + f"<?xml version='1.0' encoding='UTF-16' ?>{REPORTS}".encode(),
        f'<?xml version="1.0" encoding="utf-16"?>{REPORTS}'.encode("utf-16"),
        f"{REPORTS}\x1a".encode(),
        f"{REPORTS}\r\n{' ' * 65_536}\x1a".encode(),
    ],
    ids=[
        "blank before",
        "mark and blank before",
        "not in utf-16",
        "mark, not in utf-16",
        "in utf-16",
        "end of file",
        "end of file in a later piece",
    ],
)
def test_a_document_whose_declaration_is_not_quite_right_is_read(content: bytes) -> None:
    assert len(opened(content)[1]) == 1


def test_letters_of_a_document_that_names_the_wrong_encoding_are_right() -> None:
    report = "<ActivityReport><GivenName>José</GivenName></ActivityReport>"
    content = f'<?xml version="1.0" encoding="utf-16"?><ActivityReports>{report}</ActivityReports>'
    ((_, element),) = ((row.number, row.raw) for row in opened(content.encode())[1])
    assert isinstance(element, dict)
    assert element["c"][0]["t"] == "José"


@pytest.mark.parametrize("before", ["", " ", "\t", "\x0b", "\x0c"])
def test_json_over_several_lines_is_told_as_such_whatever_blank_comes_first(before: str) -> None:
    fault = refused(f'{before}{{\n  "activity_id": "201759558"\n}}\n'.encode())
    assert (fault.code.value, "one line (NDJSON)" in fault.detail) == ("kind-unknown", True)
