"""What stands beside a corrected credit, and which board of a state a record means once the registry has changed."""

from __future__ import annotations

from typing import Any

import pytest

from app.services.context import Service
from app.services.registry import imports
from tests.builders.bodies import a_completion, tina
from tests.harness.api import Answer, Api, settle
from tests.harness.board_views import decide, live, replayed

COMPLETIONS = "/v1/learner-completions"


def put(api: Api, completion_id: str, body: Any) -> Answer:
    return api.send("PUT", f"{COMPLETIONS}/{completion_id}", headers={"If-Match": "*"}, json=body)


def boards_know_what_stands(service: Service) -> bool:
    settle(service)
    return replayed(service) == live(service)


@pytest.mark.parametrize(
    ("correction", "statuses"),
    [
        (tina("2021-12-02"), ["withdrawn", "pending"]),
        (tina(total=0.5), ["rejected", "pending"]),
        (tina(occasion=2), ["rejected", "pending"]),
    ],
)
def test_what_was_rejected_and_reported_again_never_tells_another_day_than_its_board_knows(
    api: Api, service: Service, correction: Any, statuses: list[str]
) -> None:
    first = api.report(tina()).json
    decide(service, first["credits"][0]["credit_id"], "rejected")
    again = api.report(tina()).json
    assert (again["outcome"], again["completion_id"]) == ("joined", first["completion_id"])
    corrected = put(api, first["completion_id"], correction).json
    assert [credit["status"] for credit in corrected["credits"]] == statuses
    assert boards_know_what_stands(service)
    assert api.delete(f"{COMPLETIONS}/{first['completion_id']}").status == 204
    assert boards_know_what_stands(service)


MAINE = {"first_name": "Mo", "last_name": "Maine", "date_of_birth": "04/15"}


def licensed(service: Service, licenses: str) -> None:
    row = imports.read_row(MAINE | {"licenses": licenses}, service.catalogue)
    imports.import_rows(service, [(1, row)])


def of_maine(state: str = "ME", **fields: Any) -> dict[str, Any]:
    who: dict[str, Any] = {"first_name": "Mo", "last_name": "Maine", "born": "04/15", "license_id": None}
    return a_completion(state=state, **who, **fields)


def boards_of(answer: Answer) -> list[str]:
    return [credit["board"] for credit in answer.json["credits"] if credit["status"] != "withdrawn"]


def test_a_state_is_not_reported_twice_because_another_of_its_boards_has_licensed_the_learner(
    api: Api, service: Service
) -> None:
    licensed(service, "ME-O:77")
    first = api.report(of_maine()).json
    licensed(service, "ME-O:77;ME-M:88")
    again = api.report(of_maine())
    assert (again.json["outcome"], boards_of(again)) == ("unchanged", ["ME-O"])
    corrected = put(api, first["completion_id"], of_maine(credits=3, completed_on="2021-12-01"))
    assert [credit["credit_id"] for credit in corrected.json["credits"]] == [first["credits"][0]["credit_id"]]
    assert boards_of(api.report(of_maine(completed_on="2021-12-02"))) == ["ME-M"]
    assert boards_know_what_stands(service)


def test_a_board_of_a_state_that_is_named_is_the_one_that_is_meant(api: Api, service: Service) -> None:
    licensed(service, "ME-O:77;ME-M:88")
    first = api.report(of_maine("ME-O"))
    assert boards_of(first) == ["ME-O"]
    assert boards_of(put(api, first.json["completion_id"], of_maine("ME-M"))) == ["ME-M"]
    both = of_maine("ME-O")
    both["cme"].append({"state": "ME", "credits": 2})
    assert sorted(boards_of(put(api, first.json["completion_id"], both))) == ["ME-M", "ME-O"]
    assert boards_of(put(api, first.json["completion_id"], of_maine("ME-O"))) == ["ME-O"]
    assert sorted(boards_of(put(api, first.json["completion_id"], both))) == ["ME-M", "ME-O"]
    assert boards_know_what_stands(service)


def test_a_credit_that_its_board_rejected_goes_to_the_board_of_the_state_that_licenses_now(
    api: Api, service: Service
) -> None:
    licensed(service, "ME-O:77")
    first = api.report(of_maine()).json
    licensed(service, "ME-O:77;ME-M:88")
    decide(service, first["credits"][0]["credit_id"], "rejected")
    assert api.report(of_maine()).json["credits"][1]["board"] == "ME-M"
    assert boards_know_what_stands(service)


def test_credit_taken_back_while_its_completion_moves_is_told_of_the_activity_it_stood_in(
    api: Api, service: Service
) -> None:
    one, two = (api.register(title=title).json["activity_id"] for title in ("One", "Two"))
    both = a_completion(one, cme=[{"state": "TN", "credits": 2}, {"state": "ME", "credits": 2}])
    first = api.report(both).json
    put(api, first["completion_id"], a_completion(two))
    settle(service)
    told = [event for event in api.get("/v1/events").json["data"] if event["type"] != "completion.reported"]
    boards = {credit["credit_id"]: credit["board"] for credit in first["credits"]}
    assert [(event["type"], boards[event["data"]["credit_id"]], event["data"]["activity_id"]) for event in told] == [
        ("credit.withdrawn", "ME-M", one),
        ("credit.corrected", "TN-M", two),
    ]
