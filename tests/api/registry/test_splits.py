"""Somebody on file who is two people: the operator says of every credit whose it is, and nothing is lost."""

from __future__ import annotations

from typing import Any

import pytest

from app.services.context import Service
from tests.builders.bodies import points
from tests.builders.merging import ann, merge
from tests.builders.people import import_people, physicians_on_file
from tests.harness.api import Answer, Api, api_of

pytestmark = pytest.mark.usefixtures("proven")
PATH = "/v1/physicians"
COMPLETIONS = "/v1/learner-completions"
BOTH = {
    "first_name": "Ann", "last_name": "Twice", "other_last_names": "Thrice", "date_of_birth": "05/06",
    "licenses": "TN-M:A1;ME-M:A2", "certifications": "ABA:35860002", "npi": "1000000012",
}  # fmt: skip
LEAVES = {"first_name": "Ann", "last_name": "Thrice", "date_of_birth": "06/07"}
WITH_MAINE: dict[str, Any] = {
    "physician": LEAVES, "names": [{"first_name": "Ann", "last_name": "Thrice"}],
    "licenses": [{"board": "ME-M", "license_id": "A2"}],
}  # fmt: skip


@pytest.fixture
def operator(http: Any, service: Service) -> Api:
    return api_of(http, service, "operator", role="operator")


@pytest.fixture
def both(service: Service) -> str:
    import_people(service, BOTH)
    return next(id for id, who in physicians_on_file(service).items() if ("twice", "ann") in who.names)


def maine(completed_on: str = "2021-12-11", **more: Any) -> dict[str, Any]:
    return ann(completed_on, state="ME", license_id="A2", **more)


def split(api: Api, physician_id: str, **fields: Any) -> Answer:
    return api.post(f"{PATH}/{physician_id}/split", WITH_MAINE | fields)


def test_every_credit_must_be_assigned(operator: Api, api: Api, both: str) -> None:
    mine, hers = api.report(ann()).json, api.report(maine()).json
    refused = split(operator, both, goes=[hers["completion_id"]])
    assert refused.status == 422
    assert [error["detail"] for error in refused.json["errors"]] == [
        f"It is not said whose credit {mine['credits'][0]['credit_id']} for TN-M is."
    ]
    assert split(operator, both, goes=["x"], stays=[mine["completion_id"]]).status == 422
    assert len(operator.get(f"{PATH}/{both}/credits").json["data"]) == 2


def test_a_completion_that_goes_keeps_its_id_and_its_credit(operator: Api, api: Api, both: str) -> None:
    mine, hers = api.report(ann()).json, api.report(maine()).json
    done = split(operator, both, goes=[hers["completion_id"]], stays=[mine["completion_id"]])
    assert (done.status, done.json["moved"], done.json["parted"]) == (200, 1, 0), done.json
    leaves = done.json["leaves"]
    assert [held["license_id"] for held in leaves["licenses"]] == ["A2"]
    assert [name["last_name"] for name in done.json["stays"]["other_names"]] == []
    assert (
        operator.get(f"{PATH}/{leaves['physician_id']}/credits").json["data"][0]["completion_id"]
        == (hers["completion_id"])
    )
    after = api.get(f"{COMPLETIONS}/{hers['completion_id']}").json
    assert after["credits"] == hers["credits"]
    assert after["learner"]["learner_id"] != hers["learner"]["learner_id"]
    assert api.get(f"{COMPLETIONS}/{mine['completion_id']}").json["learner"] == mine["learner"]
    again = maine("2021-12-10", last_name="Thrice", born="06/07")
    assert api.report(again).json["learner"]["learner_id"] == after["learner"]["learner_id"]


def test_of_one_record_each_credit_may_go_its_way(operator: Api, api: Api, both: str) -> None:
    body = ann() | {
        "cme": [{"state": "TN", "license_id": "A1", "credits": 2}, {"state": "ME", "license_id": "A2", "credits": 2}]
    }
    whole = api.report(body).json
    by_board = {credit["board"]: credit["credit_id"] for credit in whole["credits"]}
    done = split(operator, both, goes=[by_board["ME-M"]], stays=[by_board["TN-M"]])
    assert (done.status, done.json["moved"], done.json["parted"]) == (200, 0, 1), done.json
    held = {(c["board"], c["status"]) for c in api.get(f"{COMPLETIONS}/{whole['completion_id']}").json["credits"]}
    assert held == {("TN-M", "pending"), ("ME-M", "withdrawn")}
    (new,) = operator.get(f"{PATH}/{done.json['leaves']['physician_id']}/credits").json["data"]
    assert [(credit["board"], credit["credits"], credit["status"]) for credit in new["credits"]] == [
        ("ME-M", 2, "pending")
    ]


def test_sent_again_with_its_key_it_is_split_once(operator: Api, both: str, service: Service) -> None:
    first, again = (
        operator.post(f"{PATH}/{both}/split", {"physician": LEAVES}, Idempotency_Key="k-1").json for _ in range(2)
    )
    assert first == again
    assert sum(("thrice", "ann") in who.names for who in physicians_on_file(service).values()) == 2


def test_the_credit_that_is_to_be_assigned_is_listed_page_by_page(operator: Api, api: Api, both: str) -> None:
    ids = [api.report(ann(f"2021-12-0{day}")).json["completion_id"] for day in (3, 1, 2)]
    seen: list[str] = []
    cursor: dict[str, Any] = {}
    while True:
        page = operator.get(f"{PATH}/{both}/credits", limit=2, **cursor).json
        seen += [row["completion_id"] for row in page["data"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert seen == [ids[1], ids[2], ids[0]]


def test_credit_goes_to_nobody_without_a_number_of_its_board(operator: Api, api: Api, both: str) -> None:
    points_of = api.report(ann(credits=None, moc=[points("ABA", "35860002", 1)])).json
    refused = split(operator, both, goes=[points_of["completion_id"]])
    assert (refused.status, refused.json["errors"][0]["pointer"]) == (409, "/goes")


def test_who_stays_keeps_a_name_and_only_what_is_on_file_goes(operator: Api, both: str) -> None:
    every = [{"first_name": "Ann", "last_name": "Twice"}, {"first_name": "Ann", "last_name": "Thrice"}]
    refused = split(operator, both, names=every, licenses=[{"board": "TN-M", "license_id": "ZZ"}])
    assert [error["pointer"] for error in refused.json["errors"]] == ["/names", "/licenses/0"]


def test_merged_back_it_is_as_before(operator: Api, api: Api, service: Service, both: str) -> None:
    mine, hers = api.report(ann()).json, api.report(maine()).json
    before = [api.get(f"{COMPLETIONS}/{one['completion_id']}").json["credits"] for one in (mine, hers)]
    done = split(operator, both, goes=[hers["completion_id"]], stays=[mine["completion_id"]], npi=True)
    merge(service, done.json["leaves"]["physician_id"], both, overrule={"date_of_birth"})
    assert [api.get(f"{COMPLETIONS}/{one['completion_id']}").json["credits"] for one in (mine, hers)] == before
    assert physicians_on_file(service)[both].npi == "1000000012"
