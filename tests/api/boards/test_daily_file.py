"""The daily file of a board's feed, and the same file coming back with decisions."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.csv_text import escape_formula, unescape_formula
from app.services.boards import daily_file, decisions, feed
from app.services.context import Service
from tests.builders.bodies import a_completion, tina
from tests.harness.api import Api, api_of, settle
from tests.harness.clock import ManualClock
from tests.harness.refusals import assert_problem

FEED = "/v1/board-feed"
DAY = "2021-12-20"


@pytest.fixture
def aba(api: Api, service: Service) -> Api:
    return api_of(api.http, service, "ABA", role="board", board="ABA")


def rows_of(board: Api, service: Service, day: str = DAY) -> list[dict[str, str]]:
    settle(service)
    answer = board.get(f"{FEED}/file", date=day)
    assert answer.status == 200, answer.response.text
    assert answer.response.headers["content-disposition"] == f'attachment; filename="ABA_{day}.csv"'
    return list(csv.DictReader(io.StringIO(answer.response.content.decode("utf-8-sig"))))


def test_the_file_holds_the_days_events_and_comes_back_with_decisions(api: Api, aba: Api, service: Service) -> None:
    first = api.report(tina("2021-12-01")).json
    second = api.report(tina("2021-12-02", total=0.5)).json
    rows = rows_of(aba, service)
    mine = [
        row for row in rows if row["credit_id"] in (first["credits"][0]["credit_id"], second["credits"][0]["credit_id"])
    ]
    assert [line["event"] for line in mine] == ["credit.reported"] * 2
    assert (mine[1]["credits"], mine[1]["credit_types"]) == ("0.5", "Lifelong Learning: 0.5")
    assert (mine[0]["last_name"], mine[0]["date_of_birth"], mine[0]["decision"]) == ("Karacme", "11/24", "")
    mine[1].update(decision="rejected", reason_code="name-differs", reason="=known otherwise")
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(mine[0]))
    writer.writeheader()
    writer.writerows(rows)
    answer = aba.send(
        "POST",
        f"{FEED}/decisions",
        headers={"Content-Type": "text/csv; charset=utf-8"},
        content=out.getvalue().encode(),
    )
    assert answer.json["summary"] == {"applied": 1, "unchanged": 0, "stale": 0, "unknown": 0}
    after = api.get(f"/v1/learner-completions/{second['completion_id']}").json["credits"][0]
    assert (after["status"], after["status_reason"], after["status_text"]) == (
        "rejected", "name-differs", "=known otherwise",
    )  # fmt: skip


def test_a_day_without_events_is_a_heading_alone(aba: Api, service: Service) -> None:
    assert rows_of(aba, service, "2020-01-01") == []


def test_a_long_day_is_written_in_pieces(api: Api, aba: Api, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "DAY_EVENTS_AT_ONCE", 3)
    for day in range(1, 9):
        assert api.report(tina(f"2021-11-0{day}")).status == 201
    rows = rows_of(aba, service)
    assert len(rows) == 8
    assert [int(row["position"]) for row in rows] == sorted(int(row["position"]) for row in rows)


def test_the_workbook_holds_text_as_text(api: Api, aba: Api, service: Service) -> None:
    activity = api.register(
        title='=HYPERLINK("https://example.org")',
        moc=[{"board": "ABA", "points": 1, "credit_types": ["Lifelong Learning"], "content_outline": ["1.1"]}],
    ).json["activity_id"]
    api.report(tina("2021-06-01", 1) | {"activity_id": activity})
    settle(service)
    answer = aba.get(f"{FEED}/file", date=DAY, format="xlsx")
    assert answer.response.headers["content-type"] == daily_file.XLSX
    sheet: Any = openpyxl.load_workbook(io.BytesIO(answer.response.content)).worksheets[0]
    heading, *rows = sheet.iter_rows()
    columns = [cell.value for cell in heading]
    titles = [row[columns.index("Activity title")] for row in rows]
    assert [(cell.value, cell.data_type) for cell in titles][-1] == ('=HYPERLINK("https://example.org")', "s")
    assert rows[-1][columns.index("Credits")].value == 1
    assert rows[-1][columns.index("Activity ID")].data_type == "s"


def test_formulas_in_the_csv_are_text_and_come_back_as_they_were(api: Api, aba: Api, service: Service) -> None:
    title = "=1+1"
    activity = api.register(
        title=title,
        moc=[{"board": "ABA", "points": 1, "credit_types": ["Lifelong Learning"], "content_outline": ["1.1"]}],
    ).json["activity_id"]
    api.report(tina("2021-06-01", 1) | {"activity_id": activity})
    assert rows_of(aba, service)[-1]["activity_title"] == "'=1+1"


@given(st.text())
def test_safe_text_comes_back_as_it_was(text: str) -> None:
    assert unescape_formula(escape_formula(text)) == text or text.startswith("'")
    assert not escape_formula(text).startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


def test_files_of_days_in_a_row_count_as_read(api: Api, service: Service, clock: ManualClock) -> None:
    tennessee = api_of(api.http, service, "TN", role="board", board="TN-M")
    clock.now += timedelta(days=1)
    reported = api.report(a_completion()).json
    settle(service)
    days = list(dict.fromkeys(event["occurred_at"][:10] for event in tennessee.get(FEED, limit=500).json["data"]))
    assert len(days) > 1
    tennessee.get(f"{FEED}/file", date=days[-1])
    assert tennessee.get(f"{FEED}/summary").json["carried"] == 0
    for day in days:
        tennessee.get(f"{FEED}/file", date=day)
    summary = tennessee.get(f"{FEED}/summary").json
    assert summary["carried"] == summary["last_position"] > 0
    while decisions.settle_next(service):
        pass
    after = api.get(f"/v1/learner-completions/{reported['completion_id']}").json
    assert after["credits"][0]["status"] == "accepted"


def test_a_day_that_is_none_and_a_format_that_is_none_are_refused(aba: Api, api: Api) -> None:
    assert_problem(aba.get(f"{FEED}/file", date="soon"), 422, "parameter-invalid")
    assert_problem(aba.get(f"{FEED}/file"), 422, "parameter-invalid")
    assert_problem(aba.get(f"{FEED}/file", date=DAY, format="pdf"), 422, "parameter-invalid")
    assert_problem(api.get(f"{FEED}/file", date=DAY), 403, "forbidden")
