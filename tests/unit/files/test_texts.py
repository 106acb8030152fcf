"""Tab-delimited text, XML and lines of JSON: recognised by what is in them, and read as they were sent."""

from __future__ import annotations

import codecs
import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.csv_text import escape_formula
from app.domain.batches import BatchKind, FileFault, FileFaultCode, FileFormat, FileHead
from app.files.formats import all_readers
from app.files.parsing.limits import LIMITS, Limits
from app.files.parsing.recognition import Beginning, Parsed, Reader, recognise
from app.files.parsing.sources import IncomingFile
from app.files.parsing.tab import split
from tests.builders.headings import REQUIRED

HEADINGS = "\t".join(REQUIRED)
COMPLETIONS = BatchKind.LEARNER_COMPLETIONS


class Dripping:
    """A pipe that gives some bytes at a time."""

    def __init__(self, content: bytes, step: int) -> None:
        self._content, self._step, self._at = content, step, 0

    def read(self, size: int, /) -> bytes:
        self._at += min(size, self._step)
        return self._content[self._at - min(size, self._step) : self._at]


def read(
    content: bytes, kind: BatchKind = COMPLETIONS, limits: Limits = LIMITS, step: int = 1 << 16
) -> tuple[FileHead, dict[int, Any]]:
    """Read a text in this process; raises `FileFault`."""
    source = IncomingFile(Dripping(content, step), limits)
    parsed = recognise(source.first, all_readers()).parse(source, kind, limits)
    return parsed.head, dict(parsed.records)


def refused(content: bytes, kind: BatchKind = COMPLETIONS, limits: Limits = LIMITS) -> FileFault:
    with pytest.raises(FileFault) as raised:
        read(content, kind, limits)
    return raised.value


def tab(*lines: str, end: str = "\r\n") -> str:
    return end.join([HEADINGS, *lines, ""])


# Encodings


@pytest.mark.parametrize("step", [1, 2, 3, 7, 65_536])
@pytest.mark.parametrize(
    ("encoding", "bom"),
    [
        ("utf-8", b""),
        ("utf-8", codecs.BOM_UTF8),
        ("utf-16-le", codecs.BOM_UTF16_LE),
        ("utf-16-be", codecs.BOM_UTF16_BE),
        ("utf-16-le", b""),
        ("utf-16-be", b""),
        ("utf-32-le", codecs.BOM_UTF32_LE),
        ("cp1252", b""),
    ],
)
def test_every_usual_encoding_is_read_whatever_the_pieces_it_comes_in(encoding: str, bom: bytes, step: int) -> None:
    content = bom + tab("Add\t1\t\tJosé\tSøn", "Add\t2\t\tÅsa\tœ").encode(encoding)
    assert read(content, step=step)[1] == {2: ["Add", "1", None, "José", "Søn"], 3: ["Add", "2", None, "Åsa", "œ"]}


def test_windows_text_whose_first_accent_comes_late_is_windows_text() -> None:
    lines = [f"Add\t{n}" for n in range(20_000)]
    content = tab(*lines, "Add\t\t\tJosé").encode("cp1252")
    assert read(content)[1][20_002] == ["Add", None, None, "José"]


def test_text_that_is_partly_utf_8_is_refused_with_its_row_instead_of_garbling_names() -> None:
    content = tab("Add\t\t\tJosé").encode() + tab("Add\t\t\tJosé").encode("cp1252")
    fault = refused(content)
    assert (fault.code, fault.row) == (FileFaultCode.UNREADABLE, 4)


@pytest.mark.parametrize(
    ("content", "row"),
    [
        (codecs.BOM_UTF8 + tab("Add").encode() + b"\xff\xfe", 3),
        (codecs.BOM_UTF16_LE + tab("Add").encode("utf-16-le") + b"\x00\xd8\x00\x00", 3),
        (codecs.BOM_UTF16_LE + tab("Add").encode("utf-16-le") + b"A", 3),
        (tab("Add", "b\x00c").encode(), 3),
    ],
)
def test_bytes_that_are_no_text_are_refused_with_their_row(content: bytes, row: int) -> None:
    fault = refused(content)
    assert fault.code is FileFaultCode.UNREADABLE
    assert fault.row is not None and abs(fault.row - row) <= 2


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b" \r\n\r\n", "empty"),
        (codecs.BOM_UTF8, "empty"),
        (b"%PDF-1.7\n", "PDF"),
        (b"\x1f\x8b\x08\x00", "compressed"),
        (b"\x89PNG\r\n\x1a\n", "picture"),
        (bytes(range(256)) * 9, "not text"),
        (b"{\x01\x02", "not text"),
    ],
)
def test_what_is_none_of_the_formats_is_told_with_what_to_do(content: bytes, says: str) -> None:
    fault = refused(content)
    assert fault.code is FileFaultCode.UNREADABLE
    assert says in fault.detail


# Tab-delimited rows


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize("step", [1, 65_536])
def test_any_end_of_line_ends_a_line(end: str, step: int) -> None:
    content = tab("Add\t1\t\t\t\t\t\t\t", "", "\t\t \t", "Add\t2", end=end).encode()
    assert read(content, step=step)[1] == {2: ["Add", "1"], 5: ["Add", "2"]}


def test_the_last_line_needs_no_end() -> None:
    assert read(tab("Add\t1").encode().rstrip())[1] == {2: ["Add", "1"]}


def cells(text: str) -> list[tuple[int, list[str]]]:
    return [(number, found) for number, _, found in split(iter(list(enumerate(text.split("\n"), 1))), 32_767)]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ('"a ""b"""\tc', [(1, ['a "b"', "c"])]),
        ('x\t"a\nb"\ty', [(1, ["x", "a\nb", "y"])]),
        ('x\t"a\n\nb"\ty\t"c\nd"\nz', [(1, ["x", "a\n\nb", "y", "c\nd"]), (5, ["z"])]),
        ('"a\tb"\tc', [(1, ["a\tb", "c"])]),
        ('5" disk\tab"c', [(1, ['5" disk', 'ab"c'])]),
        ('""\t"x"', [(1, ["", "x"])]),
        # A quote that is not rightly closed is only a quote, and swallows nothing.
        ('"Smith\tJohn\nAdd\tJo', [(1, ['"Smith', "John"]), (2, ["Add", "Jo"])]),
        ('"Smith\tJohn\nAdd\t"Jo"', [(1, ['"Smith', "John"]), (2, ["Add", "Jo"])]),
        ('"Smith\tJohn\t"Al"\tz', [(1, ['"Smith', "John", "Al", "z"])]),
        ('x\t"abc\n"Add"\ty', [(1, ["x", '"abc']), (2, ["Add", "y"])]),
        ('x\t"abc\nAdd\ty"', [(1, ["x", '"abc']), (2, ["Add", 'y"'])]),
        ('x\t"open\nq\nr', [(1, ["x", '"open']), (2, ["q"]), (3, ["r"])]),
        ('"a"b\tc', [(1, ['"a"b', "c"])]),
        ('"""', [(1, ['"""'])]),
    ],
)
def test_quotes_are_read_as_spreadsheets_write_them(text: str, rows: list[tuple[int, list[str]]]) -> None:
    assert cells(text) == rows


_TEXTS = st.text(alphabet="ab\"'\n =-é", max_size=8)


@given(st.lists(st.lists(_TEXTS, min_size=2, max_size=5), max_size=6))
def test_what_a_csv_writer_writes_comes_back(rows: list[list[str]]) -> None:
    out = io.StringIO()
    csv.writer(out, delimiter="\t", lineterminator="\n").writerows(rows)
    assert [found for _, found in cells(out.getvalue())][:-1] == rows


@given(st.lists(_TEXTS.filter(lambda text: not text.startswith("'")), min_size=1, max_size=6))
def test_text_made_safe_for_spreadsheets_comes_back_unchanged(row: list[str]) -> None:
    out = io.StringIO()
    csv.writer(out, delimiter="\t", lineterminator="\n").writerow(["Add", *map(escape_formula, row), "end"])
    assert read((HEADINGS + "\n" + out.getvalue()).encode())[1] == {2: ["Add", *(cell or None for cell in row), "end"]}


@given(st.text(alphabet='a"\t\n', max_size=60))
def test_no_line_is_lost_whatever_the_quotes(text: str) -> None:
    found = cells(text)
    numbers = [number for number, _ in found]
    assert numbers == sorted(set(numbers))
    following = [*numbers[1:], text.count("\n") + 2]
    for (number, row), after in zip(found, following, strict=True):
        assert sum(cell.count("\n") for cell in row) == after - number - 1


def test_tables_of_text_have_guidance_too_and_missing_headings_are_named() -> None:
    head, rows = read(f"guidance\n\n{HEADINGS}\nAdd".encode())
    assert (head.heading_row, head.encoding) == (3, "utf-8")
    assert rows == {4: ["Add"]}
    assert refused(b"First Name\tLast Name\tNPI\nA\tB\n").code is FileFaultCode.KIND_UNKNOWN
    assert refused(b"a,b,c\n1,2,3\n").code is FileFaultCode.HEADING_MISSING


@pytest.mark.parametrize(
    ("line", "limits"),
    [
        ("x" * 40_000, LIMITS),
        ("\t" * 2_000 + "x", LIMITS),
        ("\t" * 200 + "x", LIMITS),
        ("x" * 200, Limits(record=100)),
        ("a\nb\nc", Limits(rows=2)),
    ],
)
def test_more_than_is_taken_is_told_with_its_row(line: str, limits: Limits) -> None:
    fault = refused(tab(line).encode(), limits=limits)
    assert fault.code is FileFaultCode.TOO_LARGE
    assert fault.row is not None


# Lines of JSON


def test_lines_of_json_are_kept_as_sent_and_one_that_is_none_is_a_record_too() -> None:
    head, rows = read(b'{"a": "\\u0000"}\r\n\r\n  \nno json\n{"b": [1]}')
    assert head.format is FileFormat.NDJSON
    assert rows == {1: '{"a": "\\u0000"}', 4: "no json", 5: '{"b": [1]}'}


def test_a_json_list_is_told_how_to_be_lines() -> None:
    fault = refused(b' [{"a": 1}]')
    assert fault.code is FileFaultCode.KIND_UNKNOWN
    assert "one object a line" in fault.detail


# Documents


def document(*reports: str, root: str = "ACCMELearnerReports", before: str = "") -> bytes:
    inner = "".join(f"<ActivityReport>{report}</ActivityReport>" for report in reports)
    return f'{before}<{root}><ActivityReports DateTimeCreated="2021">{inner}</ActivityReports></{root}>'.encode()


def test_each_report_of_a_document_is_a_record_and_what_is_around_is_kept() -> None:
    head, rows = read(document("<Member a='1'>x</Member>", " <!-- --><B><C/></B>"))
    assert head.root == {
        "n": "ACCMELearnerReports",
        "c": [{"n": "ActivityReports", "a": {"DateTimeCreated": "2021"}}],
    }
    assert rows == {
        1: {"n": "ActivityReport", "c": [{"n": "Member", "a": {"a": "1"}, "t": "x"}]},
        2: {"n": "ActivityReport", "c": [{"n": "B", "c": [{"n": "C"}]}]},
    }


def test_names_are_matched_without_their_namespaces_and_kept_with_them() -> None:
    content = (
        b'<p:ActivityReports xmlns:p="urn:x"><p:ActivityReport><p:A>1</p:A></p:ActivityReport></p:ActivityReports>'
    )
    assert read(content)[1] == {1: {"n": "{urn:x}ActivityReport", "c": [{"n": "{urn:x}A", "t": "1"}]}}


def test_activities_have_documents_too() -> None:
    content = b"<ACCMEActivities><MedicalEducationMetrics/><MedicalEducationMetrics/></ACCMEActivities>"
    assert list(read(content, BatchKind.ACTIVITIES)[1]) == [1, 2]
    for kind in (BatchKind.LEARNER_COMPLETIONS, BatchKind.LEARNER_VALIDATIONS):
        fault = refused(content, kind)
        assert (fault.code, fault.looks_like) == (FileFaultCode.KIND_UNKNOWN, BatchKind.ACTIVITIES)
    for other in (b"<html/>", b"<Other/>"):
        fault = refused(other)
        assert (fault.code, fault.looks_like) == (FileFaultCode.KIND_UNKNOWN, None)
    assert refused(b"<ACCMEActivities/>", BatchKind.ACTIVITIES).code is FileFaultCode.NO_ROWS


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "windows-1252", "iso-8859-1"])
def test_documents_say_how_they_are_encoded(encoding: str) -> None:
    content = document("<A>José</A>", before=f'<?xml version="1.0" encoding="{encoding}"?>').decode().encode(encoding)
    assert read(content)[1][1]["c"] == [{"n": "A", "t": "José"}]


ENTITY = '<!DOCTYPE x [<!ENTITY a "b">]>'
DEEP = "<a>" * 100 + "</a>" * 100


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (document("&a;", before=ENTITY), "unreadable"),
        (document("x", before='<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">'), "unreadable"),
        (document("x", before="<!DOCTYPE x>"), "unreadable"),
        (document("x", before="<!DOCTYPE x>").decode().encode("utf-16"), "unreadable"),
        (document("&nbsp;"), "unreadable"),
        (document("&#xD800;"), "unreadable"),
        (document("&#0;"), "unreadable"),
        (document("x")[:-5], "unreadable"),
        (document("x") + b"<y/>", "unreadable"),
        (document("<ActivityReport/>"), "unreadable"),
        (document(DEEP), "too-deep"),
        (document("<a>" * 5_000 + "</a>" * 5_000), "too-deep"),
        (document("x" * 11_000_000), "too-large"),
        (document("<a/>" * 2_000_000), "too-large"),
        (document("x", root="Unknown"), "kind-unknown"),
        (b"<?xml version='1.0' encoding='no-such'?><ActivityReports/>", "unreadable"),
        (b"<!--" + b"x" * 100_000 + b"--><ActivityReports/>", "unreadable"),
    ],
)
def test_hostile_documents_are_refused(content: bytes, code: str) -> None:
    assert refused(content).code == code


def test_a_fault_never_holds_what_the_file_holds() -> None:
    for content in (document("<SECRET>x</OTHER>"), document("&SECRET;"), b"SECRET\tSECRET\n", b"<SECRET/>"):
        assert "SECRET" not in refused(content).detail


def test_every_report_counts_also_in_a_wrapper_that_nobody_knows() -> None:
    content = (
        document("x")
        .replace(b"<ActivityReport>", b"<Page><ActivityReport>")
        .replace(b"</ActivityReport>", b"</ActivityReport></Page>")
    )
    assert len(read(content)[1]) == 1


class Semicolons:
    """A reader of another text that would count as tab-delimited."""

    NEEDS_SEEKING = False

    def recognise(self, beginning: Beginning) -> bool:
        return ";" in beginning.line

    def parse(self, source: IncomingFile, kind: BatchKind, limits: Limits) -> Parsed:
        return Parsed(head=FileHead(format=FileFormat.TAB), records=iter(()))


def test_readers_are_asked_in_turn_so_that_several_may_give_one_format() -> None:
    semicolons: Reader = Semicolons()
    readers = [semicolons, *all_readers()]
    assert recognise(b"Record Action;First Name\n", readers) is semicolons
    assert recognise(b"Record Action\tFirst Name\n", readers) is readers[-1]
    assert recognise(b"{}\n", readers) is not semicolons
    with pytest.raises(FileFault):
        recognise(b"%PDF-1.7; this is what a reader of text is never asked", readers)
