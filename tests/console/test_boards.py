"""A board's side: its feed by day, decisions on screen and by the day's file, and its roster."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from app.services.context import Service
from tests.harness.api import Api, settle
from tests.harness.console.stronger import sign_in_board
from tests.harness.console.windows import SAME_SITE, Window, sign_in

HERE = "/b/ABA"
DAY = f"{HERE}/days/2021-12-20"


def ticked(window: Window) -> dict[str, Any]:
    """Return the form of the day with its one credit ticked."""
    window.open(DAY)
    (credit,) = window.tree.xpath("//input[@name='credit']/@value")
    return window.fields(DAY) | {"credit": [credit]}


def test_days_are_listed_with_their_file_and_how_far_the_feed_was_read(board: Window) -> None:
    board.open(HERE)
    assert board.heading == "Credits by day"
    assert "0 of" in board.text
    assert board.tree.xpath(f"//a[@href='{DAY}']")
    file = board.browser.get(f"{DAY}/file/csv")
    assert file.headers["content-disposition"] == 'attachment; filename="ABA_2021-12-20.csv"'
    assert board.browser.get(f"{DAY}/file/xlsx").content.startswith(b"PK")
    assert "0 of" not in board.open(HERE).text


def test_a_credit_is_accepted_on_screen(board: Window, service: Service) -> None:
    board.send(DAY, ticked(board) | {"decision": "accepted"})
    assert "1 decided." in board.text
    assert "Accepted" in board.tree.xpath("string(//table)")
    board.send(DAY, ticked(board) | {"decision": "accepted"})
    assert "1 decided so before." in board.text
    settle(service)


def test_decisions_sent_twice_by_one_form_undo_nothing_that_was_decided_since(board: Window, service: Service) -> None:
    first = ticked(board) | {"decision": "accepted"}
    board.send(DAY, first)
    board.send(DAY, ticked(board) | {"decision": "rejected", "reason_code": "duplicate"})
    board.send(DAY, first)
    assert "This form was sent before, and nothing was done now. Then: 1 decided." in board.text
    assert "Rejected" in board.open(DAY).tree.xpath("string(//table)")
    # Another decision by the same form is another form.
    board.send(DAY, first | {"decision": "rejected", "reason_code": "over-limit"})
    board.send(DAY, ticked(board) | {"decision": "accepted"})
    assert "Accepted" in board.open(DAY).tree.xpath("string(//table)")
    settle(service)


def test_a_credit_is_rejected_with_the_boards_reason(board: Window, service: Service, api: Api) -> None:
    given = {"decision": "rejected", "reason_code": "name-differs", "reason": "We have her as Becky."}
    board.send(DAY, ticked(board) | given)
    assert "1 decided." in board.text
    assert "Rejected" in board.tree.xpath("string(//table)")
    ids = [completion["completion_id"] for completion in api.completions()]
    records = json.dumps([api.get(f"/v1/learner-completions/{id}").json for id in ids])
    assert "name-differs" in records
    assert "We have her as Becky." in records
    settle(service)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"decision": "rejected"}, "A rejection has a reason"),
        ({"decision": "rejected", "reason_code": "other"}, "Say in words"),
        ({}, "Choose whether to accept or to reject"),
    ],
)
def test_a_decision_that_lacks_something_comes_back(board: Window, given: dict[str, str], said: str) -> None:
    form = ticked(board)
    board.send(DAY, form | {"reason": ""} | given)
    assert board.status == 422
    assert said in board.text
    assert board.fields(DAY)["credit"] == form["credit"]


def test_nothing_ticked_is_told(board: Window) -> None:
    board.open(DAY).submit(DAY, decision="accepted", reason="kept")
    assert board.status == 422
    assert "No credit is ticked" in board.text
    assert board.fields(DAY)["reason"] == ["kept"]


def test_the_days_file_comes_back_with_decisions(board: Window, service: Service) -> None:
    rows = list(csv.reader(io.StringIO(board.browser.get(f"{DAY}/file/csv").content.decode("utf-8-sig"))))
    place = rows[0].index("decision")
    rows[1][place] = "accepted"
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    form = board.open(HERE).fields(f"{HERE}/decisions")
    send_file(board, f"{HERE}/decisions", form, "ABA.csv", text.getvalue().encode())
    assert "1 decided." in board.text
    settle(service)


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04 no workbook", b"credit_id,position\n1,2\n", b"credit_id,decision\n"]
)
def test_a_file_that_holds_no_decision_is_told(board: Window, content: bytes) -> None:
    form = board.open(HERE).fields(f"{HERE}/decisions")
    send_file(board, f"{HERE}/decisions", form, "x.csv", content)
    assert board.status in (400, 422)
    assert "Nothing was decided" in board.text


def test_a_file_without_the_sessions_token_decides_nothing(board: Window) -> None:
    for token in ({}, {"token": "0" * 64}):
        send_file(board, f"{HERE}/decisions", token, "x.csv", b"credit_id,decision\n")
        assert board.status == 403
        send_file(board, f"{HERE}/roster", token, "x.csv", b"x")
        assert board.status == 403


def send_file(window: Window, path: str, fields: dict[str, Any], name: str, content: bytes) -> None:
    answer = window.browser.post(path, data=fields, files={"file": (name, content)}, headers=SAME_SITE)
    window.shown = answer
    window._follow()


def test_a_roster_arrives_and_is_listed(board: Window, service: Service) -> None:
    assert "No roster was sent yet" in board.open(f"{HERE}/roster").text
    form = board.fields(f"{HERE}/roster")
    send_file(board, f"{HERE}/roster", form, "roster.txt", b"First Name\tLast Name\tBoard ID\nRebecca\tTest\t1\n")
    assert "roster.txt has arrived" in board.text
    assert "Waits" in board.text
    form = board.fields(f"{HERE}/roster")
    send_file(board, f"{HERE}/roster", form, "empty.txt", b"")
    assert board.status == 422
    assert "The file is empty. Check that it was saved" in board.text
    (way,) = board.open(f"{HERE}/roster").tree.xpath("//a[contains(@href, '/files/original')]/@href")
    assert board.browser.get(way).content.startswith(b"First Name")


ROSTER = b"First Name\tLast Name\tBoard ID\nRebecca\tTest\t1\n"


@pytest.mark.parametrize(
    ("files", "at", "said"),
    [
        ([], "f-file", "No file was chosen. Choose the roster."),
        ([("file", ("", b""))], "f-file", "No file was chosen. Choose the roster."),
        ([("file", ("a.txt", b""))], "f-file", "The file is empty. Check that it was saved"),
        ([("file", ("a.txt", ROSTER)), ("file", ("b.txt", ROSTER))], "f-file", "There is more than one file."),
        ([("file", ("a.txt", ROSTER)), ("other", ("b.txt", b"x"))], "", "Only the part `file` may be a file."),
    ],
)
def test_what_is_wrong_with_a_roster_is_told_as_what_it_is(board: Window, files: list[Any], at: str, said: str) -> None:
    form = board.open(f"{HERE}/roster").fields(f"{HERE}/roster")
    given = [(name, (None, value)) for name, values in form.items() for value in values]
    given.append(("dry_run", (None, "true")))
    board.shown = board.browser.post(f"{HERE}/roster", files=given + files, headers=SAME_SITE)
    assert board.status == 422
    assert said in board.text
    assert board.text.count("No file was chosen") == (2 if "No file" in said else 0)
    assert bool(board.tree.xpath(f"//input[@id='{at}'][@aria-invalid]")) is bool(at)
    # What was ticked stays.
    assert board.fields(f"{HERE}/roster")["dry_run"] == ["true"]
    assert "No roster was sent yet" in board.text


@pytest.mark.parametrize("path", ["", "/days/2021-12-20", "/roster", "/days/2021-12-20/file/csv"])
def test_another_boards_pages_look_absent(window: Window, service: Service, path: str) -> None:
    sign_in_board(window, service, "ABIM")
    assert window.open(HERE + path).status == 404
    assert window.open(f"/b/NONE{path}").status == 404
    sign_in(window, service, "clerk@example.org")
    assert window.open(HERE + path).status == 404


def test_a_board_that_does_not_decide_is_offered_no_decision(api: Api, window: Window, service: Service) -> None:
    sign_in_board(window, service, "TN-M")
    window.open("/b/TN-M")
    assert window.status == 200
    assert "does not decide" in window.text or "Decide by a file" in window.text


@pytest.mark.parametrize("position", ["²", "9" * 5_000, "-1", "x", ""])
def test_a_position_that_is_none_decides_nothing(board: Window, position: str) -> None:
    form = ticked(board)
    (credit,) = form["credit"]
    board.send(DAY, form | {"credit": f"{credit.partition('@')[0]}@{position}", "decision": "accepted"})
    assert "1 changed since" in board.text
    assert "Pending" in board.tree.xpath("string(//table)")


@pytest.mark.parametrize("path", ["days/9999-12-31", "days/0001-01-01", "?until=9999-12-31", "?until=0001-01-01"])
def test_the_first_and_the_last_day_of_all_are_days(board: Window, path: str) -> None:
    assert board.open(f"{HERE}/{path}".replace("/?", "?")).status in (200, 422)
    for format in ("csv", "xlsx"):
        assert board.open(f"{HERE}/days/9999-12-31/file/{format}").status == 200
