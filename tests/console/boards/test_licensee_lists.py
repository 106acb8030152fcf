"""A board's staff look a list of licensees up: sent as a file, answered in files, by their own board alone."""

from __future__ import annotations

import csv
import io
from typing import Any

import openpyxl
import pytest

from app.services.context import Service
from tests.builders.sent_files import workbook
from tests.harness.console.windows import SAME_SITE, Window
from tests.harness.inbox import stored
from tests.harness.uploads import work_through

HERE = "/b/ABA/licensees/lists"
HEADINGS = ["First Name", "Last Name", "Board ID", "Department"]
TINA = {"First Name": "Tina", "Last Name": "Karacme", "Board ID": "35867909", "Department": "East"}
NOBODY = {"First Name": "Nobody", "Last Name": "Atall", "Board ID": "1", "Department": "West"}
NUMBERLESS = {"First Name": "Tina", "Last Name": "Karacme"}


def as_csv(*rows: dict[str, str]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, HEADINGS)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def send_list(board: Window, content: bytes, name: str = "licensees.csv", **fields: str) -> Window:
    given: dict[str, Any] = board.open(HERE).fields(HERE) | {name: [text] for name, text in fields.items()}
    board.shown = board.browser.post(HERE, data=given, files={"file": (name, content)}, headers=SAME_SITE)
    return board._follow()


def files_of(board: Window, which: str) -> list[bytes]:
    """Return the files of the newest lists that the page leads to."""
    ways = board.open(HERE).tree.xpath(f"//a[contains(@href, '/files/{which}')]/@href")
    return [board.browser.get(way).content for way in ways]


def cells(board: Window) -> list[str]:
    """Return the cells of the newest list."""
    return [" ".join(cell.text_content().split()) for cell in board.open(HERE).tree.xpath("(//tbody/tr)[1]/td")]


def test_a_list_is_sent_worked_through_and_answered(board: Window, service: Service) -> None:
    assert "No list was sent yet" in board.open(HERE).text
    assert board.open("/b/ABA/licensees").tree.xpath(f"//a[@href='{HERE}']")
    send_list(board, as_csv(TINA, NOBODY, NUMBERLESS))
    assert "licensees.csv has arrived" in board.text
    assert cells(board)[2:] == ["All", "Waits", "0", "0", "–none", "–none"]
    assert board.tree.xpath(f"//*[@id='lists'][@hx-get='{HERE}/progress']")
    work_through(service)
    assert cells(board)[2:5] == ["All", "Done", "3"]
    assert cells(board)[5:] == [
        "1",
        "1 rejected rows of licensees.csv",
        "Totals of licensees.csv Activities of licensees.csv",
    ]
    assert not board.tree.xpath("//*[@id='lists'][@hx-get]")
    (totals,) = files_of(board, "successful")
    tina, nobody = csv.DictReader(io.StringIO(totals.decode("utf-8-sig"), newline=""))
    assert (tina["Found"], tina["Name on File"], tina["Department"]) == ("Yes", "Tina Karacme", "East")
    assert nobody["Found"] == "No"
    (details,) = files_of(board, "details")
    assert "Grand Rounds Anesthesia" in details.decode("utf-8-sig")
    (rejected,) = files_of(board, "rejected")
    assert "Names alone tell nobody" in rejected.decode("utf-8-sig")
    assert board.browser.get(f"{HERE}/progress").status_code == 200


def test_a_workbook_is_answered_as_one_file_of_two_sheets(board: Window, service: Service) -> None:
    send_list(board, workbook([TINA, NOBODY], HEADINGS), "licensees.xlsx", completed_from="12/02/2021")
    work_through(service)
    assert cells(board)[2] == "From 12/02/2021"
    assert files_of(board, "details") == []
    (answered,) = files_of(board, "successful")
    totals, details = openpyxl.load_workbook(io.BytesIO(answered)).worksheets
    assert totals["A2"].value == "First Name"
    assert details.max_row == 1, "nothing was completed in those days"
    assert stored(service, "SELECT completed_from, completed_to FROM batches WHERE kind = 'transcripts'")[0][1] is None


@pytest.mark.parametrize(
    ("fields", "content", "said"),
    [
        ({"completed_from": "yesterday"}, as_csv(TINA), "Not a date."),
        (
            {"completed_from": "12/31/2021", "completed_to": "01/01/2021"},
            as_csv(TINA),
            "The last day is before the first.",
        ),
        ({}, b"", "The file is empty."),
    ],
)
def test_what_is_wrong_with_the_form_is_told_at_its_field(
    board: Window, service: Service, fields: dict[str, str], content: bytes, said: str
) -> None:
    send_list(board, content, **fields)
    assert board.status == 422
    assert said in board.text
    assert "YYYY" not in board.text.replace("MM/DD/YYYY", "")
    assert stored(service, "SELECT count(*) FROM batches WHERE kind = 'transcripts'") == [(0,)]


def test_a_list_of_another_board_is_not_there(board: Window, service: Service) -> None:
    send_list(board, as_csv(TINA))
    work_through(service)
    (way,) = board.open(HERE).tree.xpath("//a[contains(@href, '/files/successful')]/@href")
    service.database.write(
        lambda connection: connection.exec_driver_sql("UPDATE batches SET board = 'ABO' WHERE kind = 'transcripts'")
    )
    assert board.browser.get(way).status_code == 404
    assert "No list was sent yet" in board.open(HERE).text


def test_a_form_without_its_token_sends_nothing(board: Window, service: Service) -> None:
    board.open(HERE)
    answer = board.browser.post(HERE, data={}, files={"file": ("a.csv", as_csv(TINA))}, headers=SAME_SITE)
    assert answer.status_code == 403
    assert stored(service, "SELECT count(*) FROM batches WHERE kind = 'transcripts'") == [(0,)]
    assert stored(
        service,
        "SELECT count(*) FROM uploads u WHERE NOT EXISTS (SELECT 1 FROM batches b WHERE b.upload_id = u.upload_id)",
    ) == [(0,)]
