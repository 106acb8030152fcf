"""The daily file as a workbook: made for people, and taken back with their decisions, whatever program saved it."""

from __future__ import annotations

import asyncio
import io
import threading
from datetime import date
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from msgspec.structs import replace
from starlette.responses import StreamingResponse

from app.services.boards import daily_file
from app.services.boards.daily_workbook import XLSX
from app.services.context import OPERATOR, Caller, Service
from tests.builders.bodies import tina
from tests.builders.open_documents import document, text_cell
from tests.builders.workbook_parts import zipped
from tests.harness.api import Answer, Api, api_of, settle
from tests.harness.refusals import assert_problem

DATABASES = ["sqlite"]

FEED = "/v1/board-feed"
DAY = "2021-12-20"
ODS = "application/vnd.oasis.opendocument.spreadsheet"


@pytest.fixture
def aba(api: Api, service: Service) -> Api:
    return api_of(api.http, service, "ABA", role="board", board="ABA")


@pytest.fixture
def book(api: Api, aba: Api, service: Service) -> Any:
    """The workbook of a day on which two credits were reported."""
    api.report(tina("2021-12-01"))
    api.report(tina("2021-12-02", total=0.5))
    settle(service)
    return openpyxl.load_workbook(io.BytesIO(aba.get(f"{FEED}/file", date=DAY, format="xlsx").response.content))


def columns_of(sheet: Any) -> dict[str, int]:
    return {cell.value: cell.column for cell in sheet[1]}


def saved(book: Any) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def send(board: Api, content: bytes, media_type: str = XLSX) -> Answer:
    return board.send("POST", f"{FEED}/decisions", headers={"Content-Type": media_type}, content=content)


def test_the_workbook_is_made_to_be_read_and_filled_in(book: Any) -> None:
    sheet = book.worksheets[0]
    columns = columns_of(sheet)
    assert list(columns)[:4] == ["Last name", "First name", "Date of birth", "Learner board ID"]
    assert sheet.freeze_panes == "C2"
    assert sheet.auto_filter.ref.startswith("A1:")
    assert sheet.column_dimensions["H"].width > 40
    assert sheet.print_title_rows == "$1:$1"
    offered = {str(rule.sqref): rule.formula1 for rule in sheet.data_validations.dataValidation}
    assert sorted(formula.split(",")[0] for formula in offered.values()) == ['"accepted', '"id-unknown']
    row = sheet.max_row
    assert sheet.cell(row, columns["Completed on"]).value.isoformat()[:10] == "2021-12-02"
    assert sheet.cell(row, columns["Event"]).value == "Reported"
    assert sheet.cell(row, columns["Credits"]).value == 0.5
    assert sheet.cell(row, columns["Decision"]).number_format == "@"


def test_it_comes_back_with_decisions(api: Api, aba: Api, book: Any) -> None:
    sheet = book.worksheets[0]
    columns = columns_of(sheet)
    row = sheet.max_row
    sheet.cell(row, columns["Decision"]).value = "Rejected"
    sheet.cell(row, columns["Reason code"]).value = "name-differs"
    sheet.cell(row, columns["Reason"]).value = "=known otherwise"
    sheet.cell(row, columns["Reason"]).data_type = "s"
    sheet.cell(row - 1, columns["Decision"]).value = "accepted"
    answer = send(aba, saved(book))
    assert answer.status == 200, answer.json
    assert answer.json["summary"] == {"applied": 2, "unchanged": 0, "stale": 0, "unknown": 0}
    (refused,) = api.completions(status="rejected")
    assert [(c["status_reason"], c["status_text"]) for c in refused["credits"]] == [
        ("name-differs", "=known otherwise")
    ]
    assert send(aba, saved(book)).json["summary"]["unchanged"] == 2


def test_a_document_of_another_program_is_taken_as_well(aba: Api, book: Any) -> None:
    sheet = book.worksheets[0]
    columns = columns_of(sheet)
    row = sheet.max_row
    headings = ["Credit ID", "Position", "Decision"]
    cells = [sheet.cell(row, columns[name]).value or "accepted" for name in headings]
    content = document([[text_cell(name) for name in headings], [text_cell(str(cell)) for cell in cells]])
    assert send(aba, content, ODS).json["summary"]["applied"] == 1


def test_a_workbook_without_the_headings_is_refused_with_what_to_do(aba: Api) -> None:
    book = openpyxl.Workbook()
    book.active.append(["Something", "else"])
    answer = send(aba, saved(book))
    assert_problem(answer, 400)
    assert "headings" in answer.json["detail"]


@pytest.mark.parametrize(
    "content", [b"PK\x03\x04nothing", b"\xd0\xcf\x11\xe0" + b"\x00" * 600, b"no workbook", b"<a/>"]
)
def test_what_is_no_workbook_is_refused(aba: Api, content: bytes) -> None:
    assert_problem(send(aba, content), 400)
    assert aba.get(FEED).status == 200


def test_a_workbook_that_is_called_csv_is_told_as_one(aba: Api, book: Any) -> None:
    answer = send(aba, saved(book), "text/csv")
    assert_problem(answer, 400)
    assert "workbook" in answer.json["detail"]


def test_a_zip_is_told_as_one(aba: Api) -> None:
    answer = send(aba, zipped({"feed.xlsx": b"PK"}))
    assert_problem(answer, 400)
    assert "“feed.xlsx”" in answer.json["detail"]


def test_a_day_counts_as_read_once_its_workbook_was_sent(api: Api, aba: Api, service: Service) -> None:
    api.report(tina("2021-12-01"))
    settle(service)
    board = Caller(service=service, client=replace(OPERATOR, board="ABA"), provider=None)

    async def download(*, whole: bool) -> bytes:
        made = await daily_file.make_workbook(board, date.fromisoformat(DAY))
        pieces = daily_file.send_workbook(board, made)
        sent = await anext(pieces)
        if whole:
            sent += b"".join([piece async for piece in pieces])
        await pieces.aclose()
        return sent

    for earlier in sorted({event["occurred_at"][:10] for event in aba.get(FEED, limit=500).json["data"]} - {DAY}):
        aba.get(f"{FEED}/file", date=earlier, format="xlsx")
    before = aba.get(f"{FEED}/summary").json
    asyncio.run(download(whole=False))
    assert aba.get(f"{FEED}/summary").json == before
    asyncio.run(download(whole=True))
    after = aba.get(f"{FEED}/summary").json
    assert after["carried"] == after["last_position"] > before["carried"]


def test_a_workbook_whose_reader_hangs_up_is_not_read(api: Api, aba: Api, service: Service) -> None:
    api.report(tina("2021-12-01"))
    settle(service)
    board = Caller(service=service, client=replace(OPERATOR, board="ABA"), provider=None)
    before = aba.get(f"{FEED}/summary").json

    async def hang_up() -> None:
        gone, resumed = asyncio.Event(), asyncio.Event()

        async def receive() -> dict[str, Any]:
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            # As the server does: it holds a sender up while nobody reads, and takes everything once nobody is there.
            if message["type"] == "http.response.body" and not gone.is_set():
                asyncio.get_running_loop().call_soon(resumed.set)
                asyncio.get_running_loop().call_soon(gone.set)
                await resumed.wait()

        made = daily_file.FinishedWorkbook(content=b"x" * 200_000, positions=(1, before["last_position"]))
        scope = {"type": "http", "method": "GET", "asgi": {"spec_version": "2.3"}}
        await StreamingResponse(daily_file.send_workbook(board, made))(scope, receive, send)

    asyncio.run(hang_up())
    assert aba.get(f"{FEED}/summary").json == before


def test_a_workbook_is_written_beside_the_loop(aba: Api, book: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[str] = []
    close = xlsxwriter.Workbook.close

    def watched(workbook: Any) -> None:
        threads.append(threading.current_thread().name)
        close(workbook)

    monkeypatch.setattr(xlsxwriter.Workbook, "close", watched)
    answer = aba.get(f"{FEED}/file", date=DAY, format="xlsx").response
    assert [name.startswith("daily workbooks") for name in threads] == [True]
    assert answer.headers["content-length"] == str(len(answer.content))


def test_a_day_of_too_many_events_is_told_to_come_as_csv(aba: Api, book: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daily_file, "MOST_ROWS", 1)
    refused = aba.get(f"{FEED}/file", date=DAY, format="xlsx")
    assert_problem(refused, 422, "parameter-invalid")
    assert (refused.json["errors"][0]["parameter"], "csv" in refused.json["errors"][0]["hint"]) == ("format", True)
    assert aba.get(f"{FEED}/file", date=DAY).status == 200
