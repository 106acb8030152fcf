"""A record that takes the place of a rejected one brings the name under which it was reported."""

from __future__ import annotations

from typing import Any

import pytest

from app.services.context import Service
from tests.builders.bodies import a_completion, tina
from tests.builders.people import import_tina
from tests.harness.api import Answer, Api, api_of, settle
from tests.harness.board_views import decide

COMPLETIONS = "/v1/learner-completions"
KARACME = {"first_name": "Tina", "last_name": "Karacme", "date_of_birth": "11/24"}
CARMEL = KARACME | {"last_name": "Carmel"}


@pytest.fixture(autouse=True)
def registry_knows_both_names(service: Service) -> None:
    import_tina(service)


def events(api: Api, service: Service, board: str) -> list[tuple[str, str, str]]:
    """Return what a board was told: event, credit, last name."""
    settle(service)
    reader = api_of(api.http, service, board, role="board", board=board)
    told = reader.get("/v1/board-feed", limit=500).json["data"]
    return [
        (credit["event"], credit["credit_id"], credit["learner"]["last_name"])
        for credit in told
        if credit["learner"]["first_name"] == "Tina" and credit["completed_on"] == "2021-12-01"
    ]


def both(**more: Any) -> dict[str, Any]:
    """Tina's ABA points and her CME in Tennessee."""
    return tina() | {"cme": [{"state": "TN", "credits": 1}]} | more


def names(api: Api, completion_id: str) -> list[str]:
    """Return the last name in each version, newest first."""
    history = api.get(f"{COMPLETIONS}/{completion_id}/history").json["data"]
    return [version["completion"]["learner"]["last_name"] for version in history]


def test_the_board_that_rejected_is_told_the_new_name_and_no_other_board_anything(api: Api, service: Service) -> None:
    first = api.report(both()).json
    cme, moc = (credit["credit_id"] for credit in first["credits"])
    decide(service, cme, "accepted")
    decide(service, moc, "rejected")
    again = api.report(both(learner=CARMEL))
    assert (again.json["outcome"], again.json["completion_id"]) == ("joined", first["completion_id"])
    assert again.json["learner"] | CARMEL == again.json["learner"]
    new = again.json["credits"][2]["credit_id"]
    assert events(api, service, "ABA") == [("credit.reported", moc, "Karacme"), ("credit.reported", new, "Carmel")]
    assert events(api, service, "TN-M") == [("credit.reported", cme, "Karacme")]
    statuses = {credit["credit_id"]: credit["status"] for credit in again.json["credits"]}
    assert statuses == {cme: "accepted", moc: "rejected", new: "pending"}
    assert names(api, first["completion_id"]) == ["Carmel", "Karacme", "Karacme", "Karacme"]
    assert [completion["completion_id"] for completion in api.completions(last_name="Carmel")] == [
        first["completion_id"]
    ]
    assert api.completions(last_name="Karacme", activity_id=first["activity_id"], completed_from="2021-12-01") == []


def test_sent_once_more_under_either_name_nothing_changes(api: Api, service: Service) -> None:
    first = api.report(tina()).json
    decide(service, first["credits"][0]["credit_id"], "rejected")
    again = api.report(tina(learner=CARMEL)).json
    for learner in (CARMEL, KARACME):
        sent = api.report(tina(learner=learner)).json
        assert (sent["outcome"], sent["version"], sent["learner"]["last_name"]) == (
            "unchanged", again["version"], "Carmel",
        )  # fmt: skip
    settle(service)


def test_what_joins_beside_credit_that_holds_brings_no_name(api: Api, service: Service) -> None:
    first = api.report(tina()).json
    joined = api.report(both(learner=CARMEL)).json
    assert (joined["outcome"], joined["learner"]["last_name"]) == ("joined", "Karacme")
    decide(service, first["credits"][0]["credit_id"], "rejected")
    cme = a_completion(completed_on="2021-12-01", state="TN", license_id="777001", credits=1)
    assert api.report(cme | {"learner": CARMEL}).json["learner"]["last_name"] == "Karacme"
    settle(service)


def test_where_nothing_holds_any_more_another_board_brings_the_name_too(api: Api, service: Service) -> None:
    first = api.report(tina()).json
    decide(service, first["credits"][0]["credit_id"], "rejected")
    joined = api.report(both(learner=CARMEL, moc=[])).json
    assert (joined["outcome"], joined["completion_id"]) == ("joined", first["completion_id"])
    assert events(api, service, "TN-M") == [("credit.reported", joined["credits"][1]["credit_id"], "Carmel")]
    assert [name for _, _, name in events(api, service, "ABA")] == ["Karacme"]


def test_what_the_new_record_leaves_out_stays(api: Api, service: Service) -> None:
    first = api.report(tina()).json
    decide(service, first["credits"][0]["credit_id"], "rejected")
    again = api.report(tina(learner=CARMEL | {"date_of_birth": None})).json
    assert (again["learner"]["last_name"], again["learner"]["date_of_birth"]) == ("Carmel", "11/24")
    decide(service, again["credits"][1]["credit_id"], "rejected")
    by_id = api.report(tina(learner={"learner_id": first["learner"]["learner_id"]})).json
    assert (by_id["outcome"], by_id["learner"]["last_name"]) == ("joined", "Carmel")
    assert [name for _, _, name in events(api, service, "ABA")] == ["Karacme", "Carmel", "Carmel"]


def test_records_of_one_request_that_rename_and_join_in_turn_all_take_effect(api: Api, service: Service) -> None:
    first = api.report(tina()).json
    decide(service, first["credits"][0]["credit_id"], "rejected")
    other = a_completion(completed_on="2021-12-05")
    answer = api.post(
        f"{COMPLETIONS}:bulk",
        {"items": [other, tina(learner=CARMEL), both(learner=KARACME), tina("2021-12-07"), both(learner=CARMEL)]},
    )
    assert [item["status"] for item in answer.json["items"]] == [201, 200, 200, 201, 200]
    told = [item["completion"] for item in answer.json["items"]]
    assert [result["outcome"] for result in told] == ["created", "joined", "joined", "created", "unchanged"]
    assert [record["version"] for record in told[1:3]] == [3, 4]
    assert told[4]["learner"]["last_name"] == "Carmel"
    assert names(api, first["completion_id"]) == ["Carmel", "Carmel", "Karacme", "Karacme"]
    settle(service)


def test_a_preview_shows_what_would_join_and_renames_nothing(api: Api, service: Service) -> None:
    first = api.report(tina()).json
    decide(service, first["credits"][0]["credit_id"], "rejected")
    assert api.post(f"{COMPLETIONS}:preview", tina(learner=CARMEL)).json["outcome"] == "joined"
    assert api.get(f"{COMPLETIONS}/{first['completion_id']}").json["learner"]["last_name"] == "Karacme"
    settle(service)


def test_a_correction_afterwards_under_the_new_name_tells_nobody_anew(api: Api, service: Service) -> None:
    first = api.report(both()).json
    cme, moc = (credit["credit_id"] for credit in first["credits"])
    decide(service, cme, "accepted")
    decide(service, moc, "rejected")
    api.report(both(learner=CARMEL))
    path = f"{COMPLETIONS}/{first['completion_id']}"
    answer: Answer = api.send("PUT", path, headers={"If-Match": "*"}, json=both(learner=CARMEL))
    assert answer.json["outcome"] == "unchanged", answer.json
    assert [event for event, _, _ in events(api, service, "TN-M")] == ["credit.reported"]
