"""What is said of the sandbox is what it does: the page, the JSON and the commands come from one file."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.sandbox.fixtures import sandbox
from app.sandbox.page import BEGIN, END, replace_tables, write_tables
from app.services.context import Service
from app.services.demo import world
from app.store.sql import statements
from tests.harness.api import settle
from tests.harness.clock import ManualClock
from tests.harness.commands import run_command
from tests.harness.databases import SECRET

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "sandbox.md"


def test_the_page_has_the_tables_of_the_file() -> None:
    between = PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    assert between.strip() == write_tables(sandbox()).strip(), "run `pars sandbox --page docs/sandbox.md`"


def test_every_case_has_a_line_of_its_own_on_the_page() -> None:
    lines = write_tables(sandbox()).splitlines()
    cases = [line for line in lines if any(line.startswith(f"| {row.says} |") for row in sandbox().rows)]
    assert len(set(cases)) == len(sandbox().rows)


def test_a_page_without_a_place_for_the_tables_stays_as_it_is(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"{BEGIN} and no end", encoding="utf-8")
    with pytest.raises(ValueError, match="no place"):
        replace_tables(page, "tables")
    assert page.read_text(encoding="utf-8") == f"{BEGIN} and no end"
    page.write_text(f"before {BEGIN} old {END} after", encoding="utf-8")
    replace_tables(page, "new")
    assert page.read_text(encoding="utf-8") == f"before {BEGIN}\n\nnew\n{END} after"


def test_everybody_may_read_what_the_sandbox_does(http: TestClient) -> None:
    told = http.get("/v1/sandbox").json()
    assert told["provider_id"] == "9999999"
    assert [case["send"] for case in told["cases"]] == [row.send for row in sandbox().rows]
    assert [case["credits"] for case in told["cases"]] == [
        [{"board": c.board, "status": c.status, "status_reason": c.reason, "delivery": c.delivery} for c in row.credits]
        for row in sandbox().rows
    ]
    assert {learner["name"] for learner in told["learners"]} == {learner.name for learner in sandbox().learners}
    assert {activity["internal_id"] for activity in told["activities"]} == {
        activity.internal_id for activity in sandbox().activities
    }
    refused = {
        learner["credit_status_reason"] for learner in told["learners"] if learner["credit_status"] == "rejected"
    }
    assert len(refused) == 8


def test_loading_the_demo_world_again_changes_nothing_of_the_sandbox(service: Service, clock: ManualClock) -> None:
    clock.now = datetime(2025, 6, 20, 12, tzinfo=UTC)

    def held() -> list[object]:
        queries = (
            "SELECT * FROM learners WHERE sandbox <> '' ORDER BY learner_id",
            "SELECT * FROM activities WHERE provider_id = '9999999' ORDER BY activity_id",
            "SELECT * FROM providers ORDER BY provider_id",
        )
        return service.database.read(lambda connection: [statements.fetch(connection, query) for query in queries])

    before = held()
    world.load(service)
    assert held() == before
    settle(service)


def pars(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "PARS_DATABASE_URL": f"sqlite:///{folder}/pars.db",
        "PARS_DATA_DIR": str(folder),
        "PARS_SECRET_KEY": SECRET,
    }
    return run_command(*arguments, environment=environment)


def test_test_clients_are_made_in_an_installation_without_anything(tmp_path: Path) -> None:
    shared = pars(tmp_path, "client", "create", "LMS", "--test", "--json")
    assert shared.returncode == 0, shared.stderr
    assert json.loads(shared.stdout)["api_key"].startswith("pars_test_")
    own = pars(tmp_path, "client", "create", "LMS", "--provider", "0008001", "--test", "--json")
    vendor = json.loads(pars(tmp_path, "client", "create", "LMS", "--vendor", "--test", "--json").stdout)
    granted = pars(tmp_path, "grant", vendor["client_id"], "0008001")
    assert (own.returncode, granted.returncode) == (0, 0), own.stderr + granted.stderr
    board = pars(tmp_path, "client", "create", "LMS", "--board", "ABA", "--test")
    assert (board.returncode, board.stdout) == (1, "")
    assert "no test client" in board.stderr
    nobody = pars(tmp_path, "client", "create", "LMS")
    assert nobody.returncode == 1
    checked = pars(tmp_path, "check")
    assert checked.returncode == 0, checked.stdout
    assert pars(tmp_path, "sandbox").stdout.strip() == write_tables(sandbox()).strip()
