"""The contract of every format: what is written is read back the same, by others and by us, round after round."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lxml import etree

from app.domain.batches import Cell, FileFormat, FileHead, Raw
from app.files import result_files
from app.files.result_files import file_name
from tests.builders.written_files import (
    READERS,
    a_head,
    a_note,
    a_raw,
    a_result,
    a_row_of_cells,
    a_written,
    plain_raw,
    records_of,
    table_of,
    whole,
)
from tests.harness.properties import examples

TABLES = (FileFormat.XLSX, FileFormat.TAB)
reader = pytest.mark.parametrize("read", READERS.values(), ids=READERS.keys())
every_format = pytest.mark.parametrize("format", FileFormat)


def contents() -> Iterator[Raw]:
    """Rows that are hard to write: formulas, white space, escapes, characters outside of everything."""
    for text in (
        "=1+1",
        "+1",
        "-",
        "@x",
        "'=x",
        "''",
        "'",
        " both ",
        '"',
        'a "b"',
        "_x0041_",
        "_x005F_x0041_",
        "&<>",
        "é😀",
    ):
        yield a_row_of_cells(first=text)
    yield a_row_of_cells(first="two\nlines", last="tab\there", id="007")
    yield a_row_of_cells(first=None, number=None, department=None)


@reader
@every_format
def test_rejected_rows_are_read_back_as_they_were_sent(read: Any, format: FileFormat) -> None:
    head, raws = a_head(format), [a_raw(format)] * 3
    data = whole(result_files.write_rejected(head, [a_written(raw, number=9 + n) for n, raw in enumerate(raws)]))
    assert read(data, head) == [plain_raw(raw) for raw in raws]


@reader
@every_format
def test_successful_rows_are_read_back_as_they_were_sent(read: Any, format: FileFormat) -> None:
    head, raw = a_head(format), a_raw(format)
    data = whole(result_files.write_successful(head, [a_written(raw, a_note(rejects=False))]))
    assert read(data, head) == [plain_raw(raw)]


@reader
@every_format
def test_answers_leave_the_rows_as_they_were_sent(read: Any, format: FileFormat) -> None:
    head, raw = a_head(format), a_raw(format)
    assert read(whole(result_files.write_results(head, [a_result(raw)])), head) == [plain_raw(raw)]


@reader
@pytest.mark.parametrize("format", TABLES)
def test_texts_that_are_hard_to_write_come_back(read: Any, format: FileFormat) -> None:
    raws = list(contents())
    if format is FileFormat.TAB:
        raws = [
            [str(cell) if isinstance(cell, float) else cell for cell in raw] for raw in raws if isinstance(raw, list)
        ]
    data = whole(result_files.write_rejected(a_head(format), [a_written(raw) for raw in raws]))
    assert read(data, a_head(format)) == [plain_raw(raw) for raw in raws]


@pytest.mark.parametrize("shown", [(0.25, "h:mm"), (777, "00000"), (77, '"MD"0000'), (0.25, "0%"), (1.5, "[h]:mm:ss")])
def test_a_number_keeps_the_format_that_says_what_is_seen(shown: tuple[float, str]) -> None:
    cell: Cell = {"v": shown[0], "f": shown[1]}
    raw = a_row_of_cells(number=cell)
    data = whole(result_files.write_rejected(a_head(), [a_written(raw)]))
    assert READERS["ours"](data, a_head()) == [raw]


@reader
def test_cells_of_a_workbook_keep_their_types(read: Any) -> None:
    day: Cell = {"d": "2021-02-14", "f": "m/d/yyyy"}
    cells = ["0012", 12, 2.25, 1.234567893e9, 0.1 + 0.2, True, False, day, "2021-02-14", 10**14]
    [back] = read(whole(result_files.write_rejected(a_head(), [a_written(cells)])), a_head())
    assert back == plain_raw(cells)
    assert [type(cell) for cell in back[:3]] == [str, int, float]
    assert [type(cell) for cell in back[5:7]] == [bool, bool]


characters = st.characters(exclude_categories=("Cs",))
escapes = st.from_regex(r"\A_x[0-9A-Fa-f]{4}_\Z")
texts = st.lists(st.one_of(st.text(characters, max_size=12), escapes, st.sampled_from("=+-@'\"\t\n ")), max_size=4)


@examples(25)
@given(st.lists(texts.map("".join), min_size=1, max_size=12))
@example(["x" * 32_767])
def test_any_text_of_a_workbook_comes_back(given_texts: list[str]) -> None:
    raws = [a_row_of_cells(first=text) for text in given_texts]
    data = whole(result_files.write_rejected(a_head(), [a_written(raw) for raw in raws]))
    # Half of a pair of surrogates is the one thing that no reader gives back.
    for read in (READERS["others"],):
        assert read(data, a_head()) == [plain_raw(raw) for raw in raws]


@examples(40)
@given(st.lists(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20), min_size=1, max_size=12))
def test_any_text_of_a_tab_delimited_file_comes_back(given_texts: list[str]) -> None:
    head = a_head(FileFormat.TAB)
    raws: list[Raw] = [a_row_of_cells(first=text, number="2.25") for text in given_texts]
    data = whole(result_files.write_rejected(head, [a_written(raw) for raw in raws]))
    assert READERS["others"](data, head) == [plain_raw(raw) for raw in raws]


guarded = st.builds(
    lambda blank, sign, rest: f"{blank}{sign}{rest}",
    st.sampled_from(["", "\u00a0", "\u200b", "\u2007 ", "\u3000", "\ufeff", "'", "''\u200b"]),
    st.sampled_from("=+-@＝＋－＠"),
    st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=6),
)


@examples(40)
@given(st.lists(guarded, min_size=1, max_size=8), st.sampled_from(TABLES))
@example(["\x0b=1+1", "\x0c＝1"], FileFormat.XLSX)
def test_text_that_may_be_a_formula_comes_back_in_every_table(given_texts: list[str], format: FileFormat) -> None:
    head = a_head(format)
    raws: list[Raw] = [a_row_of_cells(first=text, number="2.25") for text in given_texts]
    data = whole(result_files.write_rejected(head, [a_written(raw) for raw in raws]))
    for read in READERS.values():
        assert read(data, head) == [plain_raw(raw) for raw in raws]


names = st.builds(
    lambda uri, name: f"{{{uri}}}{name}" if uri else name,
    st.sampled_from(["", "urn:a", "http://x.example/?a=1&b=2", "http://ns.medbiq.org/name/v1/"]),
    st.sampled_from(["Name", "x-1", "Ünïcode"]),
)
xml_texts = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), max_size=8)
inner = st.recursive(
    st.builds(
        lambda n, t, a: {"n": n, "t": f"x{t}", "a": a or {"b": ""}}, names, xml_texts, st.dictionaries(names, xml_texts)
    ),
    lambda inside: st.builds(lambda n, c: {"n": n, "c": c}, names, st.lists(inside, min_size=1, max_size=3)),
    max_leaves=6,
)


@examples(25)
@given(st.lists(st.builds(lambda c: {"n": "ActivityReport", "t": "mixed", "c": [c]}, inner), min_size=1, max_size=3))
def test_any_record_of_a_document_comes_back(raws: list[Any]) -> None:
    data = whole(result_files.write_rejected(a_head(FileFormat.XML), [a_written(raw) for raw in raws]))
    assert records_of(data) == raws


cells = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), texts.map("".join),
    st.builds(lambda d, f: {"d": d.isoformat(), "f": f}, st.datetimes(), st.text(max_size=4)),
    st.builds(lambda v, f: {"v": v, "f": f}, st.integers(), st.text(max_size=4)),
    st.builds(lambda c: {"m": "A1:B1", "c": c}, st.integers()), st.just({"m": "A1:B1"}),
)  # fmt: skip


@examples(25)
@given(
    st.lists(st.lists(cells, max_size=14), max_size=4),
    st.sampled_from(TABLES),
    st.lists(texts.map("".join), max_size=9),
)
def test_whatever_was_sent_can_be_written(raws: list[Any], format: FileFormat, headings: list[str]) -> None:
    head = a_head(headings=("Record Action", *headings))
    rows = [a_written(raw, a_note(index=len(headings))) for raw in raws]
    data = whole(result_files.write_rejected(head, rows, format))
    if format is FileFormat.XLSX:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            sheet = etree.fromstring(archive.read("xl/worksheets/sheet1.xml"))
        assert len(list(sheet.iter("{*}row"))) == 2 + len(raws)
    else:
        # Rows of nothing at all but what is said of them are rows as well.
        assert len(table_of(data, format)) == 2 + len(raws)


@reader
@pytest.mark.parametrize("format", TABLES)
def test_columns_of_the_last_round_are_replaced_and_not_repeated(read: Any, format: FileFormat) -> None:
    first = a_head(format)
    once = FileHead(
        **{name: getattr(first, name) for name in ("format", "sheet", "above", "heading_row", "encoding")},
        headings=(*first.headings, "Errors", "What to do", "Error Codes"),
    )
    row = [*a_row_of_cells(), "old-code", "old error", "old hint"]
    [back] = read(whole(result_files.write_rejected(once, [a_written(row)])), once)
    assert back[len(first.headings) :][2] == "activity-known"
    assert len(back) == len(once.headings)


@pytest.mark.parametrize("format", TABLES)
def test_an_unfixed_file_is_written_the_same_in_the_next_round(format: FileFormat) -> None:
    head = a_head(format)
    data = whole(result_files.write_rejected(head, [a_written()]))
    again = FileHead(
        **{name: getattr(head, name) for name in ("format", "sheet", "above", "heading_row", "encoding")},
        headings=(*head.headings, "Errors", "What to do", "Error Codes"),
    )
    [back] = READERS["others"](data, again)
    if format is FileFormat.XLSX:
        assert isinstance(back, list)
    assert whole(result_files.write_rejected(again, [a_written(back)])) == data


def test_files_bear_the_instant_of_completion_in_utc() -> None:
    from datetime import datetime, timedelta, timezone

    done = datetime(2021, 11, 15, 12, 58, 5, tzinfo=timezone(timedelta(hours=-6)))
    assert file_name("Rejection", done, FileFormat.XLSX, a_head()) == "Rejection_2021_11_15_18_58_05.xlsx"
    assert file_name("Successful", done, FileFormat.TAB, a_head(FileFormat.TAB)) == "Successful_2021_11_15_18_58_05.tsv"
