"""Many reports in one request, previews, and answers as the caller prefers them."""

from __future__ import annotations

from typing import Any

from app.services.context import Service
from tests.builders.bodies import a_completion, an_activity, john, tina
from tests.harness.activity_edits import ACTIVITIES, etag, patch
from tests.harness.api import Answer, Api, api_of, settle
from tests.harness.refusals import assert_problem, footprint

COMPLETIONS = "/v1/learner-completions"


def bulk(api: Api, *items: Any, **headers: str) -> Answer:
    return api.post(f"{COMPLETIONS}:bulk", {"items": list(items)}, **headers)


def preview(api: Api, body: Any) -> Any:
    answer = api.post(f"{COMPLETIONS}:preview", body)
    assert answer.status == 200, answer.json
    return answer.json


def test_each_item_has_the_answer_that_its_own_request_would_have_had(api: Api, service: Service) -> None:
    answer = bulk(
        api,
        a_completion(),
        a_completion(credits=0.3),
        a_completion(state="ME", license_id=None),
        a_completion(),
        {"activity_id": 5, "colour": "red"},
        john(),
    )
    assert answer.status == 207
    assert [(item["index"], item["status"]) for item in answer.json["items"]] == [
        (0, 201),
        (1, 422),
        (2, 200),
        (3, 200),
        (4, 422),
        (5, 201),
    ]
    assert [item["completion"]["outcome"] for item in answer.json["items"] if "completion" in item] == [
        "created",
        "joined",
        "unchanged",
        "created",
    ]
    refused, unread = (item["problem"] for item in answer.json["items"] if "problem" in item)
    assert refused["code"] == "completion-rejected"
    assert {error["code"] for error in refused["errors"]} == {"credit-quarter"}
    assert unread["code"] == "invalid-request"
    assert {error["pointer"]: error["code"] for error in unread["errors"]} == {
        "/activity_id": "type",
        "/colour": "field-unknown",
    }
    assert unread["request_id"] == answer.response.headers["x-request-id"]
    assert answer.json["summary"] == {"created": 2, "joined": 1, "unchanged": 1, "rejected": 2, "held": 0}
    settle(service)


def test_an_item_sees_what_those_before_it_left(api: Api) -> None:
    activity = api.register(ama_pra_credits=3).json["activity_id"]
    answer = bulk(
        api, *(a_completion(activity, f"2021-12-0{day}", credits=2) for day in (1, 2, 3)), tina(), tina(total=0.5)
    )
    assert [item["status"] for item in answer.json["items"]] == [201, 422, 422, 201, 422]
    codes = [{e["code"] for e in item["problem"]["errors"]} for item in answer.json["items"] if "problem" in item]
    assert codes == [{"cumulative-maximum"}, {"cumulative-maximum"}, {"one-record-per-day"}]


def test_five_hundred_items_are_taken_and_no_more(api: Api, service: Service) -> None:
    item = a_completion()
    assert bulk(api, *([item] * 500)).json["summary"] == {
        "created": 1,
        "joined": 0,
        "unchanged": 499,
        "rejected": 0,
        "held": 0,
    }
    before = footprint(service)
    assert_problem(bulk(api, *([item] * 501)), 422, "invalid-request", items=["too-long"])
    assert_problem(bulk(api), 422, "invalid-request")
    assert_problem(api.post(f"{COMPLETIONS}:bulk", {"items": {}, "more": 1}), 422, "invalid-request", items=["type"])
    assert footprint(service) == before


def test_a_bulk_request_is_done_once_under_its_key(api: Api) -> None:
    first = bulk(api, a_completion(), a_completion(credits=0.3), Idempotency_Key="b-1")
    again = bulk(api, a_completion(), a_completion(credits=0.3), Idempotency_Key="b-1")
    assert (again.status, again.json) == (207, first.json)
    assert again.response.headers["idempotency-replayed"] == "true"
    assert_problem(bulk(api, tina(), Idempotency_Key="b-1"), 422, "idempotency-mismatch")


def test_a_preview_tells_what_a_report_would_and_stores_nothing(api: Api, service: Service) -> None:
    before = footprint(service)
    told = preview(api, john())
    assert (told["acceptable"], told["outcome"]) == (True, "created")
    assert [(credit["board"], credit["credits"], credit["credit_id"]) for credit in told["credits"]] == [
        ("TN-M", 2.25, None),
        ("ABIM", 2.25, None),
    ]
    assert footprint(service) == before
    created = api.report(john()).json
    assert {finding["rule"] for finding in told["findings"]} == {finding["rule"] for finding in created["findings"]}
    again = preview(api, john())
    assert (again["outcome"], [credit["credit_id"] for credit in again["credits"]]) == (
        "unchanged",
        [credit["credit_id"] for credit in created["credits"]],
    )


def test_a_preview_of_a_joined_record_shows_what_stands_and_what_comes(api: Api) -> None:
    created = api.report(a_completion()).json
    told = preview(api, a_completion(state="ME", license_id=None))
    assert told["outcome"] == "joined"
    assert [credit["credit_id"] for credit in told["credits"]] == [created["credits"][0]["credit_id"], None]


def test_a_preview_of_what_would_be_refused_tells_every_finding(api: Api) -> None:
    body = a_completion(credits=0.3, completed_on="2031-01-01")
    told = preview(api, body)
    assert (told["acceptable"], told["outcome"], told["credits"]) == (False, "rejected", [])
    rejects = {finding["rule"] for finding in told["findings"] if finding["severity"] == "reject"}
    assert rejects == api.report(body).codes


def test_a_body_that_cannot_be_read_cannot_be_previewed(api: Api) -> None:
    assert_problem(api.post(f"{COMPLETIONS}:preview", {"colour": 1}), 422, "invalid-request", items=["field-unknown"])


def test_a_reference_at_any_level_finds_the_record(api: Api) -> None:
    body = john(client_reference="row-1")
    body["cme"][0]["client_reference"] = "cme-1"
    body["moc"][0]["credit_types"][1]["client_reference"] = "type-1"
    created = api.report(body).json
    assert [credit["client_references"] for credit in created["credits"]] == [["row-1", "cme-1"], ["row-1", "type-1"]]
    for reference in ("row-1", "cme-1", "type-1"):
        assert [completion["completion_id"] for completion in api.completions(client_reference=reference)] == [
            created["completion_id"]
        ]
    body["cme"][0]["credits"] = 2
    assert api.report(body).pointers["reference-reused"] == "/cme/0"


def test_minimal_answers_have_no_body(api: Api) -> None:
    prefer = {"Prefer": "respond-async, return=minimal; x=1"}
    created = api.send("POST", COMPLETIONS, headers=prefer, json=a_completion())
    assert (created.status, created.response.content) == (204, b"")
    assert created.response.headers["preference-applied"] == "return=minimal"
    assert etag(created) == '"1"'
    location = created.response.headers["location"]
    again = api.send("POST", COMPLETIONS, headers=prefer, json=a_completion())
    assert (again.status, again.response.content) == (204, b"")
    corrected = api.send("PUT", location, headers=prefer | {"If-Match": '"1"'}, json=a_completion(credits=3))
    assert (corrected.status, etag(corrected)) == (204, '"2"')
    refused = api.send("POST", COMPLETIONS, headers=prefer, json=a_completion(credits=0.3))
    assert_problem(refused, 422, "completion-rejected")


def test_a_replayed_answer_is_given_as_it_is_preferred_now(api: Api) -> None:
    key = {"Idempotency-Key": "k-1"}
    first = api.send("POST", COMPLETIONS, headers=key | {"Prefer": "return=minimal"}, json=a_completion())
    again = api.send("POST", COMPLETIONS, headers=key, json=a_completion())
    assert (first.status, again.status) == (204, 201)
    assert again.json["outcome"] == "created"
    assert again.response.headers["idempotency-replayed"] == "true"


def test_a_preference_that_is_not_known_is_passed_over(api: Api) -> None:
    for value in ("", "return", 'return="minimalist"', ",,;=", "wait=10, return=representation", "x" * 900):
        assert api.send("POST", COMPLETIONS, headers={"Prefer": value}, json=a_completion()).json["learner"]


def test_what_is_known_already_is_not_sent_again(api: Api, service: Service) -> None:
    created = api.report(a_completion())
    path = created.response.headers["location"]
    for known in (etag(created), f'"9", W/{etag(created)}', "*"):
        answer = api.send("GET", path, headers={"If-None-Match": known})
        assert (answer.status, answer.response.content, etag(answer)) == (304, b"", '"1"')
    assert api.send("GET", path, headers={"If-None-Match": '"2"'}).status == 200
    activity = api.register()
    path = activity.response.headers["location"]
    assert api.send("GET", path, headers={"If-None-Match": etag(activity)}).status == 304
    patch(api, activity.json["activity_id"], {"title": "Another"}, etag(activity))
    assert api.send("GET", path, headers={"If-None-Match": etag(activity)}).status == 200
    stranger = api_of(api.http, service, providers=["0008002"])
    assert_problem(stranger.send("GET", path, headers={"If-None-Match": "*"}), 404, "not-found")


def test_minimal_holds_for_activities(api: Api) -> None:
    prefer = {"Prefer": "return=minimal"}
    created = api.send("POST", ACTIVITIES, headers=prefer, json=an_activity())
    assert (created.status, created.response.content) == (204, b"")
    path = created.response.headers["location"]
    changed = api.send("PATCH", path, headers=prefer | {"If-Match": etag(created)}, json={"title": "Another"})
    assert (changed.status, etag(changed)) == (204, '"2"')
    told = [
        api.send("PUT", f"{ACTIVITIES}/by-internal-id/minimal/1", headers=prefer, json=an_activity(title=title))
        for title in ("Airway course", "Airway course II")
    ]
    assert [(answer.status, answer.response.content, etag(answer)) for answer in told] == [
        (204, b"", '"1"'),
        (204, b"", '"2"'),
    ]
    assert told[0].response.headers["location"] == told[1].response.headers["location"]
    assert api.send("GET", told[0].response.headers["location"]).json["title"] == "Airway course II"


def test_an_answer_without_a_body_names_no_type_of_one(api: Api) -> None:
    completion = api.report(a_completion()).response.headers["location"]
    activity = api.register().response.headers["location"]
    for path in (completion, activity):
        answer = api.send("DELETE", path, headers={"Prefer": "return=minimal"})
        assert (answer.status, answer.response.content) == (204, b"")
        assert "content-type" not in answer.response.headers
