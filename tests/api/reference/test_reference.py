"""Boards, rules and lists as integrators read them, all of them made from what the service itself uses."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.core.errors import every_problem
from app.main import create_app
from app.rules.catalogue import read_catalogue
from app.rules.enforced_elsewhere import ENFORCED_ELSEWHERE
from app.rules.engine import ACTIVITY_RULES, COMPLETION_RULES, ROSTER_RULES
from app.services.context import Service
from app.services.operations.startup import open_service, stored_board_files
from tests.builders.bodies import COURSE, a_completion, john, points
from tests.harness.api import Api, api_of
from tests.harness.clock import ManualClock
from tests.harness.databases import settings_for

DATABASES = ["sqlite"]

NEW_BOARD = """
code = "ABPN"
name = "American Board of Psychiatry and Neurology"
kind = "certifying"
decides = true
source = "a test"

[[credit_types]]
name = "Self-Assessment"

[[examples]]
says = "a self-assessment counts"
report = { completed_on = 2022-05-01, total = 1, types = { "Self-Assessment" = 1 } }
expect = []
"""


def test_every_rule_is_told_with_what_it_says_and_where_it_comes_from(http: TestClient) -> None:
    listed = {operation["id"]: operation for operation in http.get("/v1/rules").json()["data"]}
    assert (
        listed.keys()
        == COMPLETION_RULES.keys() | ACTIVITY_RULES.keys() | ROSTER_RULES.keys() | ENFORCED_ELSEWHERE.keys()
    )
    for rule_id, finding in listed.items():
        assert finding["severity"] in ("reject", "warning")
        assert finding["statement"]
        assert finding["source"]
        assert http.get(f"/v1/rules/{rule_id}").json() == finding
    assert listed["one-record-per-day"]["boards"] == ["ABA", "ABP"]
    assert set(listed["credit-quarter"]["scope"]) == {"all", "activity"}


def test_every_code_of_a_problem_or_finding_has_a_page(http: TestClient) -> None:
    codes = {kind.code for kind in every_problem()} | {rule["id"] for rule in http.get("/v1/rules").json()["data"]}
    for code in codes | {"field-unknown", "field-repeated", "type", "format", "too-long"}:
        page = http.get(f"/problems/{code}", headers={"Accept": "text/html"})
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8"), code
        assert f"<code>{code}</code>" in page.text
        told = http.get(f"/problems/{code}").json()
        assert (told["code"], bool(told["title"] and (told["explanation"] or told["rule_url"]))) == (code, True)
    assert http.get("/problems/no-such-code").json()["code"] == "not-found"


def test_boards_tell_their_facts(http: TestClient) -> None:
    boards = {board["code"]: board for board in http.get("/v1/boards").json()["data"]}
    assert (boards["ABS"]["board_id_required"], boards["ABA"]["birth_date_required"]) == (False, False)
    assert [boards[code]["one_record_per_day"] for code in ("ABA", "ABP", "ABIM")] == [True, True, False]
    assert (boards["ZZNC"]["state"], boards["ZZNC"]["special_credits"]) == ("NC", ["Controlled Substance"])
    assert boards["CA-M"]["participates"]
    assert not boards["TX-M"]["participates"]
    assert http.get("/v1/boards/abpath").json() == boards["ABPath"]
    assert http.get("/v1/boards/American Board of Pathology").json() == boards["ABPath"]
    assert http.get("/v1/boards/nobody").status_code == 404


@pytest.mark.parametrize(
    ("path", "count", "shown"),
    [
        ("activity-formats", 11, {"code": "enduring-material", "span_months": 36, "maximum_checked": True}),
        ("states", 56, {"code": "ME", "name": "Maine", "boards": ["ME-M", "ME-O"]}),
        ("practice-areas", 24, {"name": "Pain"}),
        ("medical-schools", 150, {"name": "Stanford University School of Medicine", "state": "CA", "degree": "MD"}),
    ],
)
def test_lists_of_accepted_values_are_open_to_everybody(
    http: TestClient, path: str, count: int, shown: dict[str, object]
) -> None:
    rows = http.get(f"/v1/{path}").json()["data"]
    assert len(rows) >= count
    assert any(shown.items() <= row.items() for row in rows)


@pytest.fixture
def with_a_new_board(database_url: str, tmp_path: Path, clock: ManualClock) -> Service:
    overlay = tmp_path / "own" / "catalogue"
    overlay.mkdir(parents=True)
    (overlay / "ABPN.toml").write_text(NEW_BOARD, encoding="utf-8")
    return open_service(settings_for(database_url, tmp_path / "own"), at=clock)


def test_a_board_added_as_one_file_is_everywhere(with_a_new_board: Service) -> None:
    service = with_a_new_board
    with TestClient(create_app(service)) as http:
        assert http.get("/v1/boards/ABPN").json()["name"] == "American Board of Psychiatry and Neurology"
        assert "ABPN" in http.get("/openapi.json").text
        api = api_of(http, service, providers=["0008001"])
        registered = api.register(moc=[{"board": "abpn", "credit_types": ["Self-Assessment"]}])
        assert registered.json["moc"][0]["board"] == "ABPN"
        body = a_completion(registered.json["activity_id"], "2021-06-01", credits=None)
        refused = api.report(body | {"moc": [points("ABPN", "1", 1, Self_Assessment=2)]})
        assert refused.codes == {"credit-type-within-total", "certified-by-board"}
        assert api.report(body | {"moc": [points("ABPN", None, 1, Other=1)]}).codes >= {
            "board-id-required", "credit-type-registered"
        }  # fmt: skip
    service.database.close()


def test_the_facts_of_a_decision_can_be_read_again_after_they_changed(
    api: Api, service: Service, tmp_path: Path
) -> None:
    """John's points were given when his board asked for its id; later facts do not touch what was decided."""
    digest = service.catalogue.digest
    assert api.report(john()).status == 201
    overlay = tmp_path / "data" / "catalogue"
    overlay.mkdir(parents=True)
    text = service.catalogue.files["0/ABIM.toml"]
    (overlay / "ABIM.toml").write_text(text.replace('board_id = "required"', 'board_id = "optional"'), encoding="utf-8")
    url = str(service.settings.database_url)
    later = open_service(settings_for(url, tmp_path / "data"), at=service.clock)
    assert later.catalogue.digest != digest
    with TestClient(create_app(later)) as http:
        without_id = john() | {"moc": [points("ABIM", None, 2.25, Medical_Knowledge=2.25, Patient_Safety=2.25)]}
        assert "board-id-required" in api.report(without_id | {"completed_on": "2021-02-15"}).codes
        now = api_of(http, later, providers=["0008001"])
        assert "board-id-required" not in now.report(without_id | {"completed_on": "2021-02-15"}).codes
    files = later.database.read(lambda connection: stored_board_files(connection, digest))
    later.database.close()
    assert files is not None
    assert read_catalogue(files).digest == digest
    assert read_catalogue(files).boards == service.catalogue.boards
    (kept,) = api.completions(activity_id=COURSE)
    assert kept["version"] == 1
