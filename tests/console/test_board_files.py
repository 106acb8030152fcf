"""Files of boards as large as the API takes them: stored as they arrive, in flat memory, and counted once."""

from __future__ import annotations

import csv
import io
import tracemalloc
from collections.abc import Iterator
from typing import Any

import openpyxl
import pytest
from fastapi.testclient import TestClient

from app.core.errors import Unreadable
from app.services.boards import decision_workbooks
from app.services.boards.decision_workbooks import read_decisions_file
from app.services.context import Service
from app.store.sql.statements import fetch, fetch_value
from tests.harness.api import settle
from tests.harness.console.windows import SAME_SITE, Window

HERE = "/b/ABA"
ROSTER, DECISIONS, DAY = f"{HERE}/roster", f"{HERE}/decisions", f"{HERE}/days/2021-12-20"
MEBIBYTE = 1_048_576
HEADINGS = b"First Name\tLast Name\tBoard ID\n"


def send_file(window: Window, path: str, fields: dict[str, Any], name: str, content: bytes) -> Window:
    window.shown = window.browser.post(path, data=fields, files={"file": (name, content)}, headers=SAME_SITE)
    return window._follow()


def days_rows(board: Window) -> tuple[list[str], list[str]]:
    """Return the heading of the day's file and the row of the one credit."""
    text = board.browser.get(f"{DAY}/file/csv").content.decode("utf-8-sig")
    heading, row = csv.reader(io.StringIO(text))
    return heading, row


def table_of(heading: list[str], rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([heading, *rows])
    return text.getvalue().encode()


def decided(heading: list[str], row: list[str], verdict: str, padding: int) -> list[list[str]]:
    """Return many rows without a decision, as long as rows of a day are, and the one that has it at the end."""
    place = heading.index("decision")
    undecided = [*row[:place], "", *row[place + 1 :]]
    return [*[undecided] * padding, [*row[:place], verdict, *row[place + 1 :]]]


def left_over(service: Service) -> list[Any]:
    """Return what is stored of files that became no batch."""
    query = (
        "SELECT u.upload_id FROM uploads u LEFT JOIN batches b ON b.upload_id = u.upload_id WHERE b.batch_id IS NULL"
    )
    return service.database.read(lambda connection: fetch(connection, query))


def batches(service: Service) -> int:
    return int(service.database.read(lambda c: fetch_value(c, "SELECT count(*) FROM batches WHERE kind = 'roster'")))


def test_a_roster_of_some_megabytes_arrives_and_a_form_sent_twice_counts_once(board: Window, service: Service) -> None:
    form = board.open(ROSTER).fields(ROSTER)
    content = HEADINGS + b"Rebecca\tTest\t1\n" * 200_000
    for _ in range(2):
        send_file(board, ROSTER, form, "roster.txt", content)
        assert "roster.txt has arrived" in board.text
        assert "sent before" not in board.text
    assert batches(service) == 1
    (way,) = board.open(ROSTER).tree.xpath("//a[contains(@href, '/files/original')]/@href")
    assert board.browser.get(way).content == content
    # Another form with the same file is another roster, which does no harm.
    send_file(board, ROSTER, board.open(ROSTER).fields(ROSTER), "roster.txt", content)
    assert "It was sent before" in board.text
    assert batches(service) == 2
    assert left_over(service) == []


def test_another_roster_by_the_form_of_one_that_arrived_arrives_as_well(board: Window, service: Service) -> None:
    form = board.open(ROSTER).fields(ROSTER)
    for name, content in (("one.txt", b"Rebecca\tTest\t1\n"), ("other.txt", b"Ann\tTwice\t2\n")):
        send_file(board, ROSTER, form, name, HEADINGS + content)
        assert f"{name} has arrived" in board.text
    assert (batches(service), left_over(service)) == (2, [])


def test_nothing_is_kept_of_a_roster_that_is_refused(board: Window, service: Service) -> None:
    content = HEADINGS + b"Rebecca\tTest\t1\n" * 100_000
    for token in ({}, {"token": "0" * 64}):
        assert send_file(board, ROSTER, token, "roster.txt", content).status == 403
        assert send_file(board, DECISIONS, token, "ABA.csv", content).status == 403
    assert (batches(service), left_over(service)) == (0, [])


def multipart(fields: dict[str, Any], pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the body of a form with a file, never whole."""
    for name, values in fields.items():
        for value in values:
            yield f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    yield b'--edge\r\nContent-Disposition: form-data; name="file"; filename="roster.txt"\r\n\r\n'
    yield from pieces
    yield b"\r\n--edge--\r\n"


def post_in_pieces(window: Window, path: str, body: Iterator[bytes]) -> int:
    """Post a body piece by piece to the running application; return the status of the answer."""
    client: TestClient = window.browser
    assert client.portal is not None
    cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    headers = {
        "host": "testserver", "cookie": cookies, "content-type": "multipart/form-data; boundary=edge",
        **{name.lower(): value for name, value in SAME_SITE.items()},
    }  # fmt: skip
    scope = {
        "type": "http", "http_version": "1.1", "method": "POST", "path": path, "raw_path": path.encode(),
        "query_string": b"", "root_path": "", "scheme": "https", "server": ("testserver", 443), "client": ("here", 1),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip
    answers: list[Any] = []

    async def receive() -> dict[str, Any]:
        piece = next(body, None)
        return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

    async def send(message: Any) -> None:
        answers.append(message)

    client.portal.call(client.app, scope, receive, send)
    return int(answers[0]["status"])


def test_a_large_roster_is_never_held_in_memory(board: Window, service: Service) -> None:
    form = board.open(ROSTER).fields(ROSTER)
    lines = b"Rebecca\tTest\t1\n" * 4_096
    pieces = 400
    tracemalloc.start()
    try:
        status = post_in_pieces(board, ROSTER, multipart(form, iter([HEADINGS, *[lines] * pieces])))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert status == 303
    assert batches(service) == 1
    assert len(lines) * pieces > 23 * MEBIBYTE
    assert peak < 8 * MEBIBYTE, f"{peak:,} bytes"


def test_a_days_file_of_some_megabytes_comes_back_with_its_decisions(board: Window, service: Service) -> None:
    heading, row = days_rows(board)
    content = table_of(heading, decided(heading, row, "accepted", 20_000))
    assert len(content) > 3 * MEBIBYTE
    send_file(board, DECISIONS, board.open(HERE).fields(DECISIONS), "ABA.csv", content)
    assert "1 decided." in board.text
    assert left_over(service) == []
    settle(service)


def test_a_days_workbook_of_some_megabytes_comes_back_with_its_decisions(board: Window, service: Service) -> None:
    heading, row = days_rows(board)
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    places = [heading.index(name) for name in ("credit_id", "position", "decision", "provider_name")]
    for number, cells in enumerate([heading, *decided(heading, row, "accepted", 25_000)]):
        *kept, last = [cells[place] for place in places]
        sheet.append(
            [
                *kept,
                last
                if not number
                else f"{number * 7919:x} {number * 104_729:x} {number * 1_299_709:x} {number**3:x} {number**4:x}",
            ]
        )
    file = io.BytesIO()
    book.save(file)
    assert len(file.getvalue()) > MEBIBYTE
    send_file(board, DECISIONS, board.open(HERE).fields(DECISIONS), "ABA.xlsx", file.getvalue())
    assert "1 decided." in board.text
    assert left_over(service) == []
    settle(service)


def test_a_days_file_sent_twice_by_one_form_undoes_nothing_that_was_decided_since(
    board: Window, service: Service
) -> None:
    heading, row = days_rows(board)
    form = board.open(HERE).fields(DECISIONS)
    accepted = table_of(heading, decided(heading, row, "accepted", 0))
    send_file(board, DECISIONS, form, "ABA.csv", accepted)
    board.open(DAY)
    ticked = board.tree.xpath("//input[@name='credit']/@value")
    board.send(DAY, board.fields(DAY) | {"decision": "rejected", "reason_code": "duplicate", "credit": ticked})
    assert "1 decided." in board.text
    send_file(board, DECISIONS, form, "ABA.csv", accepted)
    assert "1 decided." in board.text
    assert "Rejected" in board.open(DAY).tree.xpath("string(//table)")
    # Another file by the same form is another form.
    other = table_of(heading, decided(heading, row, "accepted", 1))
    send_file(board, DECISIONS, form, "ABA.csv", other)
    assert "Accepted" in board.open(DAY).tree.xpath("string(//table)")
    settle(service)


def test_more_decisions_than_are_taken_at_a_time_are_told(board: Window) -> None:
    heading, row = days_rows(board)
    _, many = decided(heading, row, "accepted", 1)
    send_file(board, DECISIONS, board.open(HERE).fields(DECISIONS), "ABA.csv", table_of(heading, [many] * 5_001))
    assert board.status == 422
    assert "The file has 5,001 decisions, and 5,000 are taken at a time." in board.text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("cut", [1, 7, 4_096])
def test_a_file_says_the_same_however_it_is_cut_into_pieces(encoding: str, cut: int) -> None:
    text = 'sep=;\r\ncredit_id;position;decision;reason\r\na;1;rejected;"Müller;\r\nsays so"\r\nb;2;;\r\n'
    content = text.encode(encoding)
    rows, found = read_decisions_file(lambda: (content[at : at + cut] for at in range(0, len(content), cut)), 9)
    assert rows == [{"credit_id": "a", "position": 1, "decision": "rejected", "reason": "Müller;\r\nsays so"}]
    assert found == 1


HEADING = b"credit_id,position,decision,reason\n"
LAST = b"b,2,accepted,\n"


@pytest.mark.parametrize(
    ("pieces", "found"),
    [
        ([HEADING, *[b"a,1,,\n" * 10_000] * 8, LAST], 1),
        ([HEADING, LAST, *[b"a,1,accepted,\n" * 10_000] * 3], 30_001),
        ([HEADING, LAST, *[b",,x\n" * 10_000] * 3], 30_001),
    ],
    ids=["without a decision", "more than are taken", "of nothing"],
)
def test_a_file_of_very_many_rows_takes_no_memory(pieces: list[bytes], found: int) -> None:
    tracemalloc.start()
    try:
        rows, counted = read_decisions_file(lambda: pieces, 2)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert {"credit_id": "b", "position": 2, "decision": "accepted"} in rows
    assert (len(rows), counted) == (min(found, 2), found)
    assert peak < 4 * MEBIBYTE, f"{peak:,} bytes"


@pytest.mark.parametrize(
    ("pieces", "said"),
    [
        ([b"credit_id,decision\n", *[b"x" * MEBIBYTE] * 6], "row of the table is too long"),
        # Quoted line breaks: every line is short, and the row never ends.
        ([HEADING, b'a,1,"', *[b'",bb,"\n' * 10_000] * 15], "row of the table is too long"),
        ([HEADING, *[b"a,1,,\n" * 10_000] * 6], "more than 50,000 lines"),
    ],
    ids=["a line", "a row", "a table"],
)
def test_what_has_no_end_is_refused_before_it_takes_memory(
    monkeypatch: pytest.MonkeyPatch, pieces: list[bytes], said: str
) -> None:
    # A tenth of what is taken: were the lines kept, they would take more than the bound all the same.
    assert decision_workbooks._MOST_LINES == 500_000
    monkeypatch.setattr(decision_workbooks, "_MOST_LINES", 50_000)
    tracemalloc.start()
    try:
        with pytest.raises(Unreadable, match=said):
            read_decisions_file(lambda: pieces, 5_000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 * MEBIBYTE, f"{peak:,} bytes"
