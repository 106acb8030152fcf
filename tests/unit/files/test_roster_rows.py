"""Rows of a roster say the same in every format, and what is written of them is read back the same."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.domain.batches import BatchKind, FileFormat, FileHead, RawRow
from app.domain.columns import ROSTER
from app.domain.identity.rosters import RosterRow
from app.domain.parsing import MonthDay
from app.files import result_files
from app.files.formats import FORMATS
from app.files.parsing.parser_client import open_file
from app.files.writing.result_rows import AnnotatedRow, Note
from app.rules.rosters import judge_roster_row
from tests.builders.written_files import whole
from tests.harness.properties import examples

HEADINGS = tuple(column.heading for column in ROSTER)
TODAY = date(2021, 12, 20)
NAME = st.from_regex(r"[A-Z][a-zéñ'-]{1,12}[a-z]", fullmatch=True)
DAYS = st.dates(date(1950, 1, 1), date(2021, 12, 1))
ROWS = st.builds(
    RosterRow,
    first_name=NAME,
    middle_name=st.none() | NAME,
    last_name=NAME,
    suffix=st.none() | st.sampled_from(["Jr.", "III", "sr"]),
    other_last_names=st.lists(NAME, max_size=3).map(tuple),
    birth_date=st.none() | st.dates().map(lambda day: MonthDay(day.month, day.day)),
    board_id=st.from_regex(r"0{0,3}[1-9A-Z][0-9]{1,8}", fullmatch=True),
    npi=st.none() | st.just("1234567893"),
    email=st.none() | st.just("ada@physicians.example"),
    start_date=st.none() | DAYS,
    end_date=st.none() | DAYS,
)


def cells_of(row: RosterRow) -> list[Any]:
    """Return a row as a person types it."""

    def day(given: Any) -> str | None:
        return f"{given:%m/%d/%Y}" if given else None

    return [
        row.first_name, row.middle_name, row.last_name, row.suffix, "; ".join(row.other_last_names) or None,
        str(row.birth_date) if row.birth_date else None, row.board_id, row.npi, row.email,
        day(row.start_date), day(row.end_date),
    ]  # fmt: skip


def line_of(row: RosterRow) -> str:
    """Return a row as a line of JSON."""
    given = {
        "first_name": row.first_name, "middle_name": row.middle_name, "last_name": row.last_name, "suffix": row.suffix,
        "other_last_names": list(row.other_last_names), "date_of_birth": row.birth_date and str(row.birth_date),
        "board_id": row.board_id, "npi": row.npi, "email": row.email,
        "start_date": row.start_date and str(row.start_date), "end_date": row.end_date and str(row.end_date),
    }  # fmt: skip
    return json.dumps(given)


@given(ROWS)
def test_a_row_says_the_same_in_every_format(row: RosterRow) -> None:
    for format in (FileFormat.XLSX, FileFormat.TAB):
        mapper = FORMATS[format].rosters(FileHead(format=format, headings=HEADINGS, heading_row=1))
        assert mapper.read(RawRow(number=2, raw=cells_of(row))).row == row
    lines = FORMATS[FileFormat.NDJSON].rosters(FileHead(format=FileFormat.NDJSON))
    assert lines.read(RawRow(number=1, raw=line_of(row))).row == row


@examples(15)
@given(st.lists(ROWS, min_size=1, max_size=4))
def test_what_is_written_of_a_roster_is_read_back_the_same(rows: list[RosterRow]) -> None:
    for format in (FileFormat.XLSX, FileFormat.TAB, FileFormat.NDJSON):
        table = format is not FileFormat.NDJSON
        head = FileHead(
            format=format,
            sheet="Roster" if format is FileFormat.XLSX else "",
            headings=HEADINGS if table else (),
            heading_row=1 if table else 0,
            encoding="" if format is FileFormat.XLSX else "utf-8-sig",
        )
        note = Note(code="roster-conflict", detail="The row contradicts.", hint="Check it.")
        written = whole(
            result_files.write_rejected(
                head,
                [
                    AnnotatedRow(number=n, raw=cells_of(row) if table else line_of(row), notes=(note,))
                    for n, row in enumerate(rows, 2)
                ],
            )
        )
        with open_file([written], BatchKind.ROSTER) as file:
            raws = [raw for piece in file.pieces() for raw in piece]
            mapper = FORMATS[format].rosters(file.head)
            assert [mapper.read(raw).row for raw in raws] == rows


@given(ROWS)
def test_the_rules_find_nothing_in_an_ordinary_row(row: RosterRow) -> None:
    start, end = row.start_date, row.end_date
    backwards = isinstance(start, date) and isinstance(end, date) and end < start
    rules = {finding.rule for finding in judge_roster_row(row, TODAY)}
    assert rules - {"roster-name", "name-legible"} == ({"roster-dates"} if backwards else set())
