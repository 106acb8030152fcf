"""What the operator sees of all boards: how far each has read, and which owe an answer."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.cli.boards import HEADING, row_of
from app.cli.main import commands
from app.cli.output import plain_table
from app.services.boards import reports
from app.services.context import Service, operator
from app.store.sql import statements
from tests.builders.bodies import a_completion, tina
from tests.harness.api import Api, api_of, settle
from tests.harness.board_views import decide
from tests.harness.clock import ManualClock
from tests.harness.refusals import assert_problem

REPORT = "/v1/reports/boards"
FEED = "/v1/board-feed"


@pytest.fixture
def operator_api(api: Api, service: Service) -> Api:
    return api_of(api.http, service, "operator", role="operator")


def rows_of(operator_api: Api, service: Service, **filters: Any) -> dict[str, Any]:
    settle(service)
    answer = operator_api.get(REPORT, **filters)
    assert answer.status == 200, answer.json
    return {board["board"]: board for board in answer.json["data"]}


def test_every_board_with_a_feed_is_one_row_and_says_what_its_summary_says(
    api: Api, operator_api: Api, service: Service
) -> None:
    api.report(tina("2021-12-01"))
    decide(service, api.report(tina("2021-12-02")).json["credits"][0]["credit_id"], "rejected")
    decide(service, api.report(tina("2021-12-03")).json["credits"][0]["credit_id"], "accepted")
    api.delete(f"/v1/learner-completions/{api.report(tina('2021-12-04')).json['completion_id']}")
    rows = rows_of(operator_api, service)
    fed = service.database.read(lambda c: statements.fetch(c, "SELECT DISTINCT board FROM feed ORDER BY board"))
    assert list(rows) == [board for (board,) in fed]
    assert len(rows) > 1
    for board, row in rows.items():
        summary = api_of(api.http, service, board, role="board", board=board).get(f"{FEED}/summary").json
        assert {name: row[name] for name in summary} == summary
    assert min(rows["ABA"][name] for name in ("pending", "accepted", "rejected", "withdrawn")) > 0


def test_it_shows_how_far_a_board_has_read_and_when(
    api: Api, operator_api: Api, service: Service, clock: ManualClock
) -> None:
    api.report(a_completion())
    before = rows_of(operator_api, service)["TN-M"]
    assert (before["carried"], before["read_at"]) == (0, None)
    tennessee = api_of(api.http, service, "TN", role="board", board="TN-M")
    cursor = tennessee.get(FEED, limit=500).json["next_cursor"]
    clock.now += timedelta(hours=2)
    tennessee.get(FEED, after=cursor)
    after = rows_of(operator_api, service)["TN-M"]
    assert after["carried"] == after["last_position"] == before["last_position"] > 0
    assert after["read_at"] == "2021-12-20T17:00:00Z"


def test_a_board_that_decides_owes_an_answer_after_24_hours_and_no_other_does(
    api: Api, operator_api: Api, service: Service, clock: ManualClock
) -> None:
    for row in rows_of(operator_api, service).values():
        if row["decides"]:
            answer_all(service, row["board"])
    api.report(tina())
    api.report(a_completion())
    waiting = rows_of(operator_api, service)["ABA"]
    assert (waiting["pending"], waiting["overdue"], waiting["oldest_pending_at"]) == (1, 0, "2021-12-20T15:00:00Z")
    clock.now += timedelta(hours=24)
    assert rows_of(operator_api, service, overdue="true") == {}
    clock.now += timedelta(seconds=1)
    late = rows_of(operator_api, service, overdue="true")
    assert [(board, row["overdue"]) for board, row in late.items()] == [("ABA", 1)]
    others = rows_of(operator_api, service, overdue="false")
    assert others["TN-M"]["pending"] > 0
    assert others.keys() | late.keys() == rows_of(operator_api, service).keys()
    assert "ABA" not in others
    answer_all(service, "ABA")
    assert rows_of(operator_api, service)["ABA"]["oldest_pending_at"] is None
    assert rows_of(operator_api, service, overdue="true") == {}


def answer_all(service: Service, board: str) -> None:
    """Let a board accept everything that waits for it."""
    settle(service)
    waiting = service.database.read(
        lambda connection: statements.fetch(
            connection,
            "SELECT credit_id FROM credits WHERE board = :board AND status = 'pending' ORDER BY credit_id",
            {"board": board},
        )
    )
    for (credit_id,) in waiting:
        decide(service, credit_id, "accepted")


def test_credit_of_the_sandbox_is_nobodys(api: Api, operator_api: Api, service: Service, clock: ManualClock) -> None:
    clock.now += timedelta(days=1_300)
    before = rows_of(operator_api, service)
    tester = api_of(api.http, service, "tester", test=True)
    olive: dict[str, Any] = {"first_name": "Olive", "last_name": "Only", "born": "02/01", "state": "CA"}
    reported = tester.report(a_completion("299990001", "2025-06-02", license_id=None, credits=1, **olive))
    assert reported.json["credits"][0]["delivery"] == "board", reported.json
    assert rows_of(operator_api, service) == before


def test_one_statement_reads_all_boards(service: Service) -> None:
    settle(service)
    seen: list[str] = []
    statements.BEFORE_STATEMENT.append(seen.append)
    try:
        assert service.database.read(lambda c: reports.report_boards(c, operator(service)))
    finally:
        statements.BEFORE_STATEMENT.remove(seen.append)
    assert len(seen) == 1


def test_a_filter_that_is_none_is_refused(operator_api: Api) -> None:
    assert_problem(operator_api.get(REPORT, overdue="perhaps"), 422, "parameter-invalid")
    assert_problem(operator_api.get(REPORT, board="ABA"), 422, "parameter-unknown")


def test_the_command_prints_the_same_table(
    api: Api, service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database_url: str
) -> None:
    api.report(tina())
    settle(service)
    found = service.database.read(lambda c: reports.report_boards(c, operator(service)))
    shown = plain_table(HEADING, [row_of(board) for board in found]).splitlines()
    heading, *lines = shown
    assert heading.split()[:4] == ["board", "decides", "last", "carried"]
    aba = next(line.split() for line in lines if line.startswith("ABA "))
    assert aba[1] == "yes" and aba[4] == "-" and aba[-1] == "2021-12-20T15:00:00Z"
    assert len({line.index(word) for line in lines for word in ("  yes", "  no") if word in line}) == 1
    monkeypatch.setenv("PARS_DATABASE_URL", database_url)
    monkeypatch.setenv("PARS_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("PARS_SECRET_KEY", "a secret for tests that is long enough")
    told = CliRunner().invoke(commands, ["boards", "--overdue"])
    assert told.exit_code == 0, told.output
    # By the clock of the machine all that waits has waited too long; boards that do not decide owe nothing.
    assert {line.split()[1] for line in told.output.splitlines()[1:]} == {"yes"}
