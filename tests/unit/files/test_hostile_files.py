"""Files that are made to hurt: each is refused with its code, and the next file is read as if nothing had been."""

from __future__ import annotations

import io
import struct
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator
from time import process_time
from typing import Any

import pytest

from app.domain.batches import BatchKind, FileFault
from app.files.headings import column_named
from app.files.parsing.limits import LIMITS
from app.files.parsing.parser_client import open_file
from tests.builders.headings import REQUIRED
from tests.builders.workbook_parts import HEADING_ROW, MAIN, package, read, sheet, strings, zipped
from tests.harness.cases import for_all

MEBIBYTE = 1 << 20
ONE = '<row r="2"><c r="A2"><v>7</v></c></row>'
GOOD = package(sheet(ONE))
ATTRIBUTES = b" ".join(b"a%d='1'" % number for number in range(1_000))


def code_of(chunks: Iterable[bytes], kind: BatchKind = BatchKind.LEARNER_COMPLETIONS) -> str:
    """Read a file in a child; return its code, or how many records it has."""
    try:
        with open_file(chunks, kind) as file:
            return str(sum(len(piece) for piece in file.pieces()))
    except FileFault as fault:
        return fault.code.value


def with_sheet(pieces: Iterable[bytes], *, level: int = 1) -> bytes:
    """Return a workbook whose sheet is written piece by piece."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(GOOD)) as good,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as made,
    ):
        for name in good.namelist():
            if not name.endswith("sheet1.xml"):
                made.writestr(name, good.read(name))
        with made.open("xl/worksheets/sheet1.xml", "w") as part:
            for piece in pieces:
                part.write(piece)
    return out.getvalue()


def opening() -> bytes:
    return f'<worksheet xmlns="{MAIN}"><sheetData>{HEADING_ROW}'.encode()


def zeros() -> Iterator[bytes]:
    yield opening()
    for _ in range(128):
        yield b"\x00" * MEBIBYTE


def spaces() -> Iterator[bytes]:
    yield opening()
    for _ in range(256):
        yield b" " * MEBIBYTE


def empty_rows() -> Iterator[bytes]:
    yield opening()
    for start in range(2, 200_002, 10_000):
        yield "".join(f'<row r="{number}"/>' for number in range(start, start + 10_000)).encode()
    yield b"</sheetData></worksheet>"


def cells_without_end() -> Iterator[bytes]:
    yield opening() + b'<row r="2">'
    for _ in range(200):
        yield b"<c><v>1</v></c>" * 10_000
    yield b"</row></sheetData></worksheet>"


def elements_without_end() -> Iterator[bytes]:
    yield f'<worksheet xmlns="{MAIN}">'.encode()
    for _ in range(200):
        yield b"<a/>" * 100_000


def many_parts() -> bytes:
    return zipped({f"xl/{number}": "" for number in range(70_000)})


def patched(content: bytes, part: str, offset: int, size: int) -> bytes:
    """Return an archive whose list says another size of a part than it has."""
    at = content.rfind(part.encode()) - 46
    assert content[at : at + 4] == b"PK\x01\x02"
    return content[: at + offset] + struct.pack("<L", size) + content[at + offset + 4 :]


def overlapping() -> bytes:
    """Return an archive several of whose parts are the same bytes."""
    at = GOOD.rfind(b"xl/worksheets/sheet1.xml") - 46
    first = GOOD.find(b"PK\x01\x02")
    assert first < at
    return GOOD[: at + 42] + GOOD[first + 42 : first + 46] + GOOD[at + 46 :]


def open_quotes() -> bytes:
    return ("\t".join(REQUIRED) + "\n" + '"a\n' * 300_000).encode()


FAR = '<row r="2"><c r="XFD1048576"><v>1</v></c></row>'
WIDE = f'<row r="2">{"".join(f"<c><v>{n}</v></c>" for n in range(20_000))}</row>'
LAUGHS = (
    '<!DOCTYPE w [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    + "]>"
)


def far_in_each_row() -> Iterator[bytes]:
    yield opening()
    for start in range(2, 300_002, 10_000):
        yield "".join(f'<row r="{n}"><c r="ALL{n}"><v>1</v></c></row>' for n in range(start, start + 10_000)).encode()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (lambda: with_sheet(zeros()), "unreadable"),
        (lambda: with_sheet(spaces(), level=9), "too-large"),
        (lambda: with_sheet(empty_rows()), "0"),
        (lambda: with_sheet(cells_without_end()), "too-large"),
        (lambda: with_sheet(elements_without_end()), "too-large"),
        (lambda: with_sheet(far_in_each_row()), "too-large"),
        (lambda: package(sheet(FAR)), "too-large"),
        (lambda: package(sheet(FAR.replace("XFD1048576", "ZZZZZZ1"))), "too-large"),
        (lambda: package(sheet(WIDE)), "too-large"),
        (lambda: package(sheet('<row r="1048577"><c><v>1</v></c></row>')), "too-large"),
        (lambda: package(sheet(f'<row r="{"9" * 5_000}"><c><v>1</v></c></row>')), "unreadable"),
        (lambda: package(sheet(f"<row r='2'><c><v>{'9' * 5_000}</v></c></row>")), "1"),
        (lambda: package(sheet(f"<row r='2'><c t='str'><v>{'x' * 40_000}</v></c></row>")), "too-large"),
        (lambda: package(sheet(f"<row r='2'><c t='str'><v>{'x' * 10_500_000}</v></c></row>")), "too-large"),
        (lambda: package(sheet(ONE), parts={"sharedStrings.xml": strings("x" * 40_000)}), "too-large"),
        (lambda: package(sheet(f"<row r='2'>{'<c>' * 5_000}{'</c>' * 5_000}</row>")), "too-deep"),
        (lambda: package(LAUGHS + sheet("<row><c t='str'><v>&i;</v></c></row>")), "unreadable"),
        (lambda: package('<!DOCTYPE w SYSTEM "file:///etc/passwd">' + sheet(ONE)), "unreadable"),
        (lambda: package(sheet(ONE), parts={"styles.xml": LAUGHS + "<styleSheet/>"}), "unreadable"),
        (lambda: package(sheet(ONE), parts={"sharedStrings.xml": "<sst>" * 3_000}), "too-deep"),
        (many_parts, "too-large"),
        (overlapping, "unreadable"),
        (lambda: patched(GOOD, "xl/worksheets/sheet1.xml", 24, 2**31), "too-large"),
        (lambda: patched(GOOD, "xl/worksheets/sheet1.xml", 24, 1), "unreadable"),
        (lambda: patched(GOOD, "xl/worksheets/sheet1.xml", 16, 12345), "unreadable"),
        (lambda: patched(GOOD, "xl/worksheets/sheet1.xml", 42, 2**31), "unreadable"),
        (lambda: GOOD[: len(GOOD) // 2], "unreadable"),
        (lambda: GOOD[:-1], "unreadable"),
        (lambda: GOOD[:100], "unreadable"),
        (lambda: b"PK\x03\x04" + b"\x00" * 1_000, "unreadable"),
        (lambda: b"PK\x05\x06" + b"\x00" * 18, "unreadable"),
        (lambda: zipped({"a.zip": zipped({"b.zip": GOOD})}), "unreadable"),
        (lambda: zipped({"book.xlsx": GOOD}), "unreadable"),
        (lambda: zipped({"mimetype": "application/vnd.oasis", "content.xml": "<x/>"}), "unreadable"),
        (lambda: zipped({"../../../tmp/x": "x", "/etc/passwd": "x", "..\\x": "x"}), "unreadable"),
        (lambda: package(sheet(ONE), target="../../../../etc/passwd"), "unreadable"),
        (lambda: package(sheet(ONE), target="file:///etc/passwd"), "unreadable"),
        (lambda: b'"' * 3_000_000, "too-large"),
        (lambda: b'"a\n' * 500_000, "heading-missing"),
        (open_quotes, "300000"),
        (lambda: b"\t" * 3_000_000, "unreadable"),
        (lambda: b"x" * 10_500_000, "too-large"),
        (lambda: b"x" + b"\n" * 1_000_000 + b"x", "heading-missing"),
        (lambda: b"{" * 1_000_000, "1"),
        (lambda: b"<ActivityReports " + ATTRIBUTES + b"><ActivityReport/></ActivityReports>", "too-large"),
        (lambda: b"<ActivityReports><ActivityReport " + ATTRIBUTES + b"/></ActivityReports>", "too-large"),
    ],
)  # fmt: skip
def test_a_file_that_is_made_to_hurt_is_refused(content: Callable[[], bytes], code: str) -> None:
    assert code_of([content()]) == code
    assert LIMITS.seconds < 30


def test_the_next_file_is_read() -> None:
    assert [code_of([content]) for content in (many_parts(), GOOD, GOOD[:100], GOOD)][1::2] == ["1", "1"]


GOOD_SHEET = "xl/worksheets/sheet1.xml"


def beside(*files: tuple[str, str | bytes]) -> bytes:
    """Return the good workbook with more parts, under names that `zipfile` would not have changed."""
    out = io.BytesIO(GOOD)
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, content in files:
            info = zipfile.ZipInfo("x")
            info.filename = info.orig_filename = name
            archive.writestr(info, content)
    return out.getvalue()


def header_patched(offset: int, value: bytes) -> bytes:
    """Return the good workbook whose header before its sheet says something else than the list at the end."""
    at = GOOD.find(GOOD_SHEET.encode()) - 30
    assert GOOD[at : at + 4] == b"PK\x03\x04"
    return GOOD[: at + offset] + value + GOOD[at + offset + len(value) :]


def encrypted() -> bytes:
    """Return the good workbook with one part said to be encrypted, in both places."""
    content = bytearray(GOOD)
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(mark)
        content[at + offset] |= 1
    return bytes(content)


def moved(gap: bytes) -> bytes:
    """Return the good workbook behind something else, with every place in it moved along."""
    out = io.BytesIO(gap)
    out.seek(0, 2)
    with zipfile.ZipFile(io.BytesIO(GOOD)) as good, zipfile.ZipFile(out, "a") as archive:
        for name in good.namelist():
            archive.writestr(name, good.read(name))
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (lambda: beside(("../../tmp/pars-traversal", "x")), "a path to another folder"),
        (lambda: beside(("xl/../../x", "x")), "a path to another folder"),
        (lambda: beside(("/etc/passwd", "x")), "a path to another folder"),
        (lambda: beside(("C:/x", "x")), "a path to another folder"),
        (lambda: beside(("xl\\..\\x", "x")), "a path to another folder"),
        (lambda: beside(("xl\\x.xml", "x")), "a path to another folder"),
        (lambda: beside(("xl/./x", "x")), "a path to another folder"),
        (lambda: beside(("xl/x\x01", "x")), "a path to another folder"),
        (lambda: beside(("inner.zip", "x")), "another archive within it"),
        (lambda: beside(("xl/media/image1.png", GOOD)), "another archive within it"),
        (lambda: beside(("xl/embeddings/book.xlsx", GOOD)), "another archive within it"),
        (lambda: beside((GOOD_SHEET, sheet(ONE))), "two parts of one name"),
        (lambda: beside((GOOD_SHEET.upper(), sheet(ONE))), "two parts of one name"),
        (lambda: header_patched(22, struct.pack("<L", 5)), "two sizes"),
        (lambda: header_patched(18, struct.pack("<L", 5)), "two sizes"),
        (lambda: header_patched(14, b"abcd"), "two sizes"),
        (lambda: header_patched(30, b"yl"), "damaged"),
        (lambda: header_patched(8, struct.pack("<H", 0)), "two sizes"),
        (encrypted, "protected by a password"),
        (lambda: GOOD + b"<script>", "before or behind"),
        (lambda: GOOD + bytes(64), "before or behind"),
        (lambda: GOOD + GOOD, "before or behind"),
        (lambda: GOOD + b"PK\x05\x06", "incomplete"),
        (lambda: b"PK\x03\x04" + bytes(60) + GOOD, "before or behind"),
        (lambda: moved(b"PK\x03\x04 something else"), "before or behind"),
        (lambda: b"MZ" + GOOD, "none of the formats"),
    ],
)  # fmt: skip
def test_an_archive_that_has_two_faces_is_refused_and_told(content: Callable[[], bytes], says: str) -> None:
    with pytest.raises(FileFault) as raised, open_file([content()], BatchKind.LEARNER_COMPLETIONS):
        pass
    assert raised.value.code.value == "unreadable" or says == "none of the formats"
    assert says in raised.value.detail or says == "none of the formats"


def streamed(*, large: bool) -> bytes:
    """Return the good workbook written into a pipe, with sizes behind each part, perhaps as for more than 4 GiB."""

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.held = b""

        def writable(self) -> bool:
            return True

        def write(self, piece: Any, /) -> int:
            self.held += bytes(piece)
            return len(piece)

    pipe = Pipe()
    with zipfile.ZipFile(io.BytesIO(GOOD)) as good, zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as made:
        for name in good.namelist():
            with made.open(zipfile.ZipInfo(name), "w", force_zip64=large) as part:
                part.write(good.read(name))
    return pipe.held


def with_large_directory() -> bytes:
    """Return the good workbook whose end says that numbers stand elsewhere, as of an archive beyond 4 GiB."""
    at = GOOD.rfind(b"PK\x05\x06")
    entries, size, begin = struct.unpack_from("<HLL", GOOD, at + 10)
    record = struct.pack("<4sQHHLLQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, entries, entries, size, begin)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, at, 1)
    end = struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFF_FFFF, 0xFFFF_FFFF, 0)
    return GOOD[:at] + record + locator + end


@pytest.mark.parametrize(
    "content",
    [
        lambda: streamed(large=False),
        lambda: streamed(large=True),
        with_large_directory,
        lambda: beside(("xl/media/", "")),
    ],
)
def test_what_programs_write_into_pipes_or_for_large_files_is_read(content: Callable[[], bytes]) -> None:
    assert code_of([content()]) == "1"


def many_merged() -> Iterator[bytes]:
    yield opening() + b'<row r="2"><c r="A2"><v>7</v></c></row></sheetData><mergeCells>'
    for start in range(2, 700_002, 10_000):
        yield "".join(f'<mergeCell ref="C{n}:D{n}"/>' for n in range(start, start + 10_000)).encode()
    yield b"</mergeCells></worksheet>"


def merged_without_end() -> Iterator[bytes]:
    yield opening() + b"</sheetData><mergeCells>"
    for _ in range(64):
        yield b"<mergeCell " + b" " * MEBIBYTE


@pytest.mark.parametrize("pieces", [many_merged, merged_without_end])
def test_merged_cells_are_bounded(pieces: Callable[[], Iterator[bytes]]) -> None:
    assert code_of([with_sheet(pieces(), level=9)]) == "too-large"


def test_an_archive_may_have_a_remark_behind() -> None:
    out = io.BytesIO(GOOD)
    with zipfile.ZipFile(out, "a") as archive:
        archive.comment = b"made by hand"
    assert code_of([out.getvalue()]) == "1"


@for_all("seed", range(300))
def test_a_workbook_with_a_byte_changed_is_read_rightly_or_refused(seed: int) -> None:
    at, value = (seed * 7_919) % len(GOOD), (seed * 31) % 256
    try:
        head, rows = read(GOOD[:at] + bytes([value]) + GOOD[at + 1 :], limits=LIMITS)
    except FileFault:
        return
    assert head.headings == REQUIRED and rows == {2: [7]}


def test_headings_of_blanks_take_no_time_to_speak_of() -> None:
    began = process_time()
    for number in range(200):
        assert column_named(f"{number}a{' ' * 190}b", BatchKind.LEARNER_COMPLETIONS) is None
    assert process_time() - began < 1
