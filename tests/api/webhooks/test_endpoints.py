"""Where clients want to be told: registered, read, changed, each its own."""

from __future__ import annotations

import base64

import pytest
from fastapi.testclient import TestClient

from app.services.context import Service
from app.services.events.endpoints import MOST_ENDPOINTS, MOST_SECRETS
from tests.harness.api import Api, api_of, settle
from tests.harness.inbox import ENDPOINTS, edit, register, stored
from tests.harness.refusals import assert_problem, same_but_request_id

DATABASES = ["sqlite"]

URL = "https://lms.example.org:8443/pars?tenant=7"
ABSENT = "whe_01a205e2-0000-7000-8000-000000000000"


@pytest.fixture
def board(http: TestClient, service: Service) -> Api:
    return api_of(http, service, "ABIM", role="board", board="ABIM")


def test_an_endpoint_is_registered_and_its_secret_shown_once(api: Api, service: Service) -> None:
    made = register(api, URL, "credit.decided", "credit.decided")
    endpoint_id, secret = made.json["endpoint_id"], made.json.pop("secret")
    assert made.response.headers["location"] == f"{ENDPOINTS}/{endpoint_id}"
    assert made.response.headers["cache-control"] == "no-store, no-transform"
    assert len(base64.b64decode(secret.removeprefix("whsec_"))) >= 24
    read = api.get(f"{ENDPOINTS}/{endpoint_id}")
    assert read.response.headers["etag"] == made.response.headers["etag"] == '"1"'
    assert read.json == {name: value for name, value in made.json.items() if name != "secret"}
    assert (read.json["status"], read.json["event_types"]) == ("enabled", ["credit.decided"])
    assert (read.json["provider_id"], read.json["board"], read.json["url"]) == ("0008001", None, URL)
    ((kept,),) = stored(service, "SELECT CAST(secrets AS text) FROM webhook_endpoints")
    assert secret not in kept and secret.removeprefix("whsec_") not in kept
    settle(service)


def test_a_secret_is_never_kept_as_the_answer_to_an_idempotency_key(api: Api, service: Service) -> None:
    rotate = f"{ENDPOINTS}/{register(api, URL).json['endpoint_id']}/rotate-secret"
    for path, body in ((ENDPOINTS, {"url": URL}), (rotate, None)):
        first, second = (api.post(path, body, Idempotency_Key="k") for _ in range(2))
        assert first.json["secret"] != second.json["secret"]
    assert stored(service, "SELECT * FROM idempotency_keys") == []


def test_endpoints_are_listed_page_by_page_in_the_order_of_their_making(api: Api) -> None:
    made = [register(api, f"{URL}&n={n}").json["endpoint_id"] for n in range(5)]
    seen, query = [], {"limit": 2}
    while True:
        page = api.get(ENDPOINTS, **query).json
        seen += [delivery["endpoint_id"] for delivery in page["data"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert seen == made
    other = api_of(api.http, service_of(api), providers=["0008001"])
    assert_problem(other.get(ENDPOINTS, cursor=api.get(ENDPOINTS, limit=1).json["next_cursor"]), 422)


def service_of(api: Api) -> Service:
    service: Service = api.http.app.state.service  # type: ignore[attr-defined]
    return service


def test_a_change_names_the_version_it_is_made_to(api: Api) -> None:
    path = f"{ENDPOINTS}/{register(api, URL, 'credit.decided').json['endpoint_id']}"
    assert_problem(api.send("PATCH", path, json={"status": "disabled"}), 428)
    assert_problem(api.send("PATCH", path, headers={"If-Match": '"7"'}, json={}), 412)
    changed = api.send(
        "PATCH", path, headers={"If-Match": '"1"'}, json={"description": "ours", "event_types": ["credit.withdrawn"]}
    )
    assert (changed.json["version"], changed.json["event_types"]) == (2, ["credit.withdrawn"])
    assert changed.response.headers["etag"] == '"2"'
    unchanged = api.send("PATCH", path, headers={"If-Match": '"2"'}, json={"description": "ours"})
    assert unchanged.json == changed.json
    assert edit(api, path.rpartition("/")[2], description=None, event_types=None).json["event_types"] == []
    assert api.get(path).json["description"] is None
    assert api.send("GET", path, headers={"If-None-Match": '"3"'}).status == 304
    minimal = api.send("PATCH", path, headers={"If-Match": "*", "Prefer": "return=minimal"}, json={"url": URL + "&b"})
    assert (minimal.status, minimal.response.headers["etag"]) == (204, '"4"')
    for field in ("url", "status"):
        refused = edit(api, path.rpartition("/")[2], **{field: None})
        assert_problem(refused, 422, "invalid-request", items=["format"])
        assert refused.pointers == {"format": f"/{field}"}


def test_an_endpoint_is_disabled_and_enabled_by_its_client(api: Api) -> None:
    endpoint_id = register(api, URL).json["endpoint_id"]
    disabled = edit(api, endpoint_id, status="disabled").json
    assert (disabled["status"], disabled["disabled_reason"]) == ("disabled", "by-client")
    assert disabled["disabled_at"] is not None
    enabled = edit(api, endpoint_id, status="enabled").json
    assert (enabled["status"], enabled["disabled_reason"], enabled["disabled_at"]) == ("enabled", None, None)


def test_a_deleted_endpoint_is_gone_and_its_secret_with_it(api: Api, service: Service) -> None:
    path = f"{ENDPOINTS}/{register(api, URL).json['endpoint_id']}"
    assert_problem(api.send("DELETE", path, headers={"If-Match": '"7"'}), 412)
    assert api.delete(path).status == 204
    for method in ("GET", "DELETE"):
        assert_problem(api.send(method, path), 404)
    assert api.get(ENDPOINTS).json["data"] == []
    assert stored(service, "SELECT CAST(secrets AS text), url FROM webhook_endpoints") == [("[]", "")]


def test_a_foreign_endpoint_answers_like_an_absent_one(
    api: Api, http: TestClient, service: Service, board: Api
) -> None:
    mine = register(api, URL).json["endpoint_id"]
    strangers = (
        api_of(http, service, "theirs", providers=["0008002"]),
        api_of(http, service, "another of ours", providers=["0008001"]),
        api_of(http, service, "our tests", providers=["0008001"], test=True),
        board,
    )
    for stranger in strangers:
        for method, rest in (
            ("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/rotate-secret"), ("GET", "/deliveries"),
            ("POST", "/deliveries/x/redeliver"),
        ):  # fmt: skip
            body = {"json": {"status": "disabled"}} if method == "PATCH" else {}
            answers = [
                stranger.send(method, f"{ENDPOINTS}/{endpoint_id}{rest}", headers={"If-Match": "*"}, **body)
                for endpoint_id in (mine, ABSENT)
            ]
            assert_problem(answers[0], 404, "not-found")
            assert same_but_request_id(*answers)
        assert stranger.get(ENDPOINTS).json["data"] == []
    assert api.get(f"{ENDPOINTS}/{mine}").json["version"] == 1


def test_a_vendors_endpoint_is_of_one_provider(http: TestClient, service: Service) -> None:
    vendor = api_of(http, service, "vendor", role="vendor", providers=["0008001", "0008002"])
    made = register(vendor, URL, PARS_Provider="0008001").json
    assert made["provider_id"] == "0008001"
    path = f"{ENDPOINTS}/{made['endpoint_id']}"
    assert vendor.send("GET", path, headers={"PARS-Provider": "0008001"}).status == 200
    assert_problem(vendor.send("GET", path, headers={"PARS-Provider": "0008002"}), 404)


def test_a_board_is_told_of_its_feed_and_a_provider_of_everything_else(api: Api, board: Api) -> None:
    made = register(board, URL, "feed.available").json
    assert (made["board"], made["provider_id"]) == ("ABIM", None)
    for client, wrong in ((board, "credit.decided"), (api, "feed.available")):
        refused = client.post(ENDPOINTS, {"url": URL, "event_types": [wrong]})
        assert_problem(refused, 422, "invalid-request", items=["format"])
        assert refused.pointers == {"format": "/event_types/0"}
    assert_problem(api.post(ENDPOINTS, {"url": URL, "event_types": ["credit.unheard-of"]}), 422, "invalid-request")
    assert_problem(board.send("GET", ENDPOINTS, headers={"PARS-Provider": "0008001"}), 403)


@pytest.mark.parametrize("url", [
    "http://lms.example.org/pars", "https://127.0.0.1/", "https://10.1.2.3/", "https://192.168.0.1/", "https://[::1]/",
    "https://[::ffff:10.0.0.1]/", "https://[64:ff9b::a00:1]/", "https://[fe80::1]/", "https://169.254.169.254/latest",
    "https://100.64.0.1/", "https://224.0.0.1/", "https://0.0.0.0/", "https://2130706433/", "https://0x7f.1/",
    "https://localhost/", "https://api.localhost./", "https://db.internal/", "https://user:word@lms.example.org/",
    "https://user@lms.example.org/", "https://lms.example.org/#here", "https:///pars", "https://lms.example.org:0/",
    "https://lms.example.org:65536/", "https://lms.exa mple.org/", "https://lms.exämple.org/", "ftp://lms.example.org/",
    "lms.example.org", "", "https://[::1", "https://lms.example.org\\@10.0.0.1/", "//lms.example.org",
    "https://[v1.lms.example.org]/",
])  # fmt: skip
def test_a_url_to_which_nothing_is_sent_is_refused_at_once(api: Api, url: str) -> None:
    refused = api.post(ENDPOINTS, {"url": url})
    assert_problem(refused, 422, "invalid-request", items=["format"])
    assert refused.pointers == {"format": "/url"}
    endpoint_id = register(api, URL).json["endpoint_id"]
    assert edit(api, endpoint_id, url=url).pointers == {"format": "/url"}


def test_a_client_has_a_bounded_number_of_endpoints(api: Api) -> None:
    for _ in range(MOST_ENDPOINTS):
        made = register(api, URL).json
    assert_problem(api.post(ENDPOINTS, {"url": URL}), 409, "conflict")
    api.delete(f"{ENDPOINTS}/{made['endpoint_id']}")
    register(api, URL)


def test_however_often_a_secret_is_rotated_few_sign_at_once(api: Api, service: Service) -> None:
    path = f"{ENDPOINTS}/{register(api, URL).json['endpoint_id']}/rotate-secret"
    secrets = {api.post(path, None).json["secret"] for _ in range(MOST_SECRETS + 2)}
    assert len(secrets) == MOST_SECRETS + 2
    ((kept,),) = stored(service, "SELECT CAST(secrets AS text) FROM webhook_endpoints")
    assert kept.count('"sealed"') == MOST_SECRETS


@pytest.mark.parametrize("status", ["asleep", 7, True, [], {"a": 1}])
def test_a_fault_of_a_change_points_to_the_field_that_was_sent(api: Api, status: object) -> None:
    endpoint_id = register(api, URL).json["endpoint_id"]
    refused = edit(api, endpoint_id, status=status)
    assert refused.status == 422
    assert {item["pointer"] for item in refused.json["errors"]} == {"/status"}
