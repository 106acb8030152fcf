"""Hostile headers, queries and addresses: refused in the one shape, or passed over; never a failure."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from app.services.access import clients
from app.services.context import Service, operator, transact
from app.store.sql import statements
from tests.builders.bodies import a_completion, an_activity
from tests.harness.api import Answer, Api, api_of
from tests.harness.databases import ON_SQLITE
from tests.harness.refusals import FIRST, LAST, a_stranger, assert_problem, faults_of, footprint

pytestmark = ON_SQLITE

COMPLETIONS, ACTIVITIES = "/v1/learner-completions", "/v1/activities"
LISTS = (COMPLETIONS, ACTIVITIES)


def asked(api: Api, path: str, method: str = "GET", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return api.send(method, path, headers=named, follow_redirects=False)


@pytest.mark.parametrize("path", LISTS)
def test_unknown_parameters_are_refused_by_name(api: Api, path: str) -> None:
    for query in ("nope=1", "Limit=1", "limit=1&nope", "first-name=x", "limit[]=1", "%00=1", "=1", "a%ff=1"):
        assert_problem(asked(api, f"{path}?{query}"), 422, "parameter-unknown", items=["parameter-unknown"])
    body = a_stranger() if path == COMPLETIONS else an_activity()
    assert_problem(api.send("POST", f"{path}?dry_run=1", json=body), 422, "parameter-unknown")
    assert_problem(asked(api, f"{path}/x?y=1"), 422, "parameter-unknown")


@pytest.mark.parametrize("path", LISTS)
def test_a_limit_is_a_positive_whole_number(api: Api, path: str) -> None:
    for limit in ("0", "-1", "abc", "", "1.5", "1e2", "NaN", "9" * 5_000, "%D9%A3", "1%00", "0x10", "null"):
        answer = asked(api, f"{path}?limit={limit}")
        assert_problem(answer, 422, "parameter-invalid")
        assert [error["parameter"] for error in answer.json["errors"]] == ["limit"]
    for limit in ("1", "501", "99999999", str(2**63)):
        assert asked(api, f"{path}?limit={limit}").status == 200


@pytest.mark.parametrize("path", LISTS)
def test_a_cursor_that_was_not_made_here_is_refused(api: Api, path: str) -> None:
    for cursor in ("", "x", "AAAA", "A" * 4_000, "A" * 60_000, "%00", "%C3%BC", "..%2F..%2F", "é", "e30="):
        answer = asked(api, f"{path}?cursor={cursor}")
        assert_problem(answer, 422, "parameter-invalid")
        assert [error["parameter"] for error in answer.json["errors"]] == ["cursor"]


def test_filters_that_are_no_dates_are_refused(api: Api) -> None:
    wrong = {}
    for name in ("completed_from", "completed_to", "submitted_from", "submitted_to"):
        for text in (
            "x", "", "0", "1", "20211212", "1639267200", "2021-12-12T00:00:00", "2021-12-12T25:00:00Z", "0000-01-01",
            "99999-01-01", "2021-13-01", "%D9%A2%D9%A0%D9%A2%D9%A1-12-12", "1e3", "2021-12-12%00",
        ):  # fmt: skip
            found = list(faults_of(asked(api, f"{COMPLETIONS}?{name}={text}"), 422, "parameter-invalid"))
            if found:
                wrong[name, text] = found
    assert wrong == {}


def test_a_completion_date_has_no_time_and_a_submission_may_have_one(api: Api) -> None:
    moment = "2021-12-12T00:00:00Z"
    for name in ("completed_from", "completed_to"):
        assert_problem(api.get(COMPLETIONS, **{name: moment}), 422, "parameter-invalid")
    for name in ("submitted_from", "submitted_to", "updated_from"):
        assert api.get(COMPLETIONS, **{name: moment}).status == 200


def test_filters_at_the_ends_of_the_calendar_narrow_like_others(api: Api) -> None:
    api.report(a_completion())
    everything = api.completions()
    for low in ("0001-01-01", "0999-12-31"):
        assert api.completions(completed_from=low) == everything
        assert api.completions(submitted_from=low) == everything
        assert api.completions(completed_to=low) == api.completions(submitted_to=low) == []
    assert api.completions(completed_to="9999-12-31") == everything
    assert api.completions(submitted_to="9999-12-31") == everything
    assert api.completions(completed_from="9999-12-31") == api.completions(submitted_from="9999-12-31") == []


def test_hostile_filters_find_nothing_and_break_nothing(api: Api) -> None:
    hostile = ("%00", f"{LAST}%00", "%27%20OR%201%3D1--", "%25", "_", "%ED%A0%80", "%F0%9F%92%A9", "%5C", ":x", "%s")
    wrong = {}
    for name in ("activity_id", "first_name", "last_name", "board", "learner_id", "client_reference"):
        for value in hostile:
            answer = asked(api, f"{COMPLETIONS}?{name}={value}")
            found = [] if answer.status == 200 else list(faults_of(answer, 422, "parameter-invalid"))
            if found or (answer.status == 200 and answer.json["data"] and name not in ("first_name", "last_name")):
                wrong[name, value] = found or ["something was found"]
    for value in hostile:
        answer = asked(api, f"{ACTIVITIES}?internal_id={value}")
        if answer.status not in (200, 422) or (answer.status == 200 and answer.json["data"]):
            wrong["internal_id", value] = [str(answer.status)]
    assert wrong == {}


def test_hostile_ids_are_absent_ones(api: Api) -> None:
    wrong = {}
    for text in ("%00", "a%00b", "..", "%2e%2e", "%ED%A0%80", "x" * 64, "x" * 65, "x" * 5_000, "%27", "201759558%2F"):
        for method, path in (("GET", COMPLETIONS), ("GET", ACTIVITIES), ("DELETE", COMPLETIONS)):
            found = list(faults_of(asked(api, f"{path}/{text}", method), (404, 405, 422)))
            if found:
                wrong[method, path, text] = found
    assert wrong == {}


def test_an_id_in_an_address_is_read_as_one_in_a_body(api: Api) -> None:
    for text in ("201759558%20", "%E2%80%8E201759558"):
        answer = asked(api, f"{ACTIVITIES}/{text}")
        assert (answer.status, answer.json["activity_id"]) == (200, "201759558")


def test_unknown_addresses_and_methods_answer_with_a_problem(api: Api) -> None:
    for path in (
        "/nope",
        "/v1",
        "/v1/nope",
        "/v2/activities",
        f"{COMPLETIONS}/a/b/c",
        "/problems/nope",
        "/v1/%00",
        "/v1//",
    ):
        assert_problem(asked(api, path), 404, "not-found")
    for method in ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FOO"):
        answer = asked(api, COMPLETIONS, method)
        assert_problem(answer, 405, "method-not-allowed")
        assert answer.response.headers["allow"]


def test_no_address_that_we_make_repeats_the_query(api: Api) -> None:
    for path in LISTS:
        answer = asked(api, f"{path}/?last_name={LAST}&cursor=x")
        assert LAST not in repr(answer.response.headers)
        assert_problem(answer, (404, 405, 422))


@pytest.mark.parametrize(
    "given",
    [None, "", "Bearer", "Bearer ", "Basic cGFyczpwYXJz", "Digest x", "Bearer pars_live_", "Bearer é", "Token x"],
)
def test_without_a_valid_key_nobody_gets_in(http: TestClient, service: Service, given: str | None) -> None:
    before = footprint(service)
    headers = {} if given is None else {"Authorization": given.encode("latin-1")}
    for method, path, body in (
        ("GET", COMPLETIONS, None), ("POST", COMPLETIONS, a_stranger()), ("POST", ACTIVITIES, an_activity()),
        ("GET", f"{ACTIVITIES}/201759558", None), ("DELETE", f"{COMPLETIONS}/x", None),
        ("POST", COMPLETIONS, {FIRST: LAST}),
    ):  # fmt: skip
        answer = Answer(http.request(method, path, json=body, headers=headers))
        assert_problem(answer, 401, "unauthenticated")
        assert answer.response.headers["www-authenticate"].startswith("Bearer")
    assert footprint(service) == before


def test_the_key_is_asked_for_before_the_body_is_read(http: TestClient) -> None:
    for content, content_type in ((b"{", "application/json"), (b"", "application/json"), (b"x", "text/plain")):
        answer = Answer(http.post(COMPLETIONS, content=content, headers={"Content-Type": content_type}))
        assert_problem(answer, 401, "unauthenticated")
    assert_problem(Answer(http.get(f"{COMPLETIONS}?nope=1")), 401, "unauthenticated")


def test_a_key_in_the_query_opens_nothing(api: Api) -> None:
    for name in ("access_token", "api_key", "key"):
        answer = Answer(api.http.get(f"{COMPLETIONS}?{name}={api.key}"))
        assert_problem(answer, (401, 422))
        assert api.key not in answer.response.text


def test_a_key_that_was_replaced_opens_nothing(http: TestClient, service: Service) -> None:
    replaced = api_of(http, service, providers=["0008001"])
    fresh = transact(operator(service), clients.renew_key, replaced.client_id)
    assert_problem(replaced.get(COMPLETIONS), 401, "unauthenticated")
    assert Api(http, fresh, replaced.client_id).get(COMPLETIONS).status == 200


def test_a_client_does_what_its_scopes_name(http: TestClient, service: Service) -> None:
    allowed = {
        "activities:read": [("GET", ACTIVITIES, None), ("GET", f"{ACTIVITIES}/201759558", None)],
        "activities:write": [("POST", ACTIVITIES, an_activity())],
        "completions:read": [("GET", COMPLETIONS, None), ("GET", f"{COMPLETIONS}/x", None)],
        "completions:write": [("POST", COMPLETIONS, a_completion()), ("DELETE", f"{COMPLETIONS}/x", None)],
    }
    for scope in (*allowed, "learners:validate"):
        narrow = api_of(http, service, scope, providers=["0008001"], scopes=[scope])
        for needed, requests in allowed.items():
            for method, path, body in requests:
                answer = narrow.send(method, path, json=body)
                if needed == scope:
                    assert answer.status in (200, 201, 404)
                else:
                    assert_problem(answer, 403, "forbidden")


def test_a_request_id_is_taken_when_it_is_one(api: Api) -> None:
    assert asked(api, COMPLETIONS, X_Request_Id="abc-1:2.3_4").response.headers["x-request-id"] == "abc-1:2.3_4"
    for given in ("", " ", "a b", "x" * 129, "x" * 60_000, "<script>", '"', "é", "a;b", "..%0d%0aSet-Cookie", "a\tb"):
        headers = {b"X-Request-Id": given.encode("latin-1"), b"Authorization": f"Bearer {api.key}".encode()}
        answer = Answer(api.http.get(f"{COMPLETIONS}/x", headers=headers))
        assert_problem(answer, 404, "not-found")
        assert answer.response.headers["x-request-id"] != given
        assert len(answer.response.headers["x-request-id"]) <= 128


@pytest.mark.parametrize("path", LISTS)
def test_an_idempotency_key_has_one_to_255_characters(api: Api, service: Service, path: str) -> None:
    body = a_completion() if path == COMPLETIONS else an_activity()
    before = footprint(service)
    for key in ("x" * 256, "x" * 60_000, "", " ", "\t"):
        answer = api.post(path, body, Idempotency_Key=key)
        assert_problem(answer, 422, "parameter-invalid")
        assert answer.json["errors"][0]["header"].lower() == "idempotency-key"
    assert footprint(service) == before
    assert api.post(path, body, Idempotency_Key="x" * 255).status == 201


def test_a_provider_header_that_names_nobody_is_refused(api: Api, http: TestClient, service: Service) -> None:
    everybody = api_of(http, service, "operator", role="operator")
    for given in ("9999999", "x", "0008001 0008002", "0008001,0008002", "8001", "%", "x" * 64):
        assert_problem(asked(api, COMPLETIONS, PARS_Provider=given), 403, "forbidden")
        assert_problem(asked(everybody, COMPLETIONS, PARS_Provider=given), 403, "forbidden")
    for given in ("x" * 65, "x" * 60_000):
        assert_problem(asked(api, COMPLETIONS, PARS_Provider=given), 422, "parameter-invalid")


def test_a_name_in_the_query_does_not_come_back(api: Api) -> None:
    query = f"last_name={quote(LAST)}&first_name={quote(FIRST)}"
    for wrong in ("limit=0", "cursor=x", "completed_from=x", "kind=x", "status=x"):
        assert_problem(asked(api, f"{COMPLETIONS}?{query}&{wrong}"), 422, "parameter-invalid")


def test_what_is_wrong_with_a_parameter_is_said_as_it_is_written(api: Api) -> None:
    (error,) = api.get("/v1/learner-completions", completed_from="soon").json["errors"]
    assert error["detail"] == "A date is written YYYY-MM-DD."


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize(
    ("name", "text"), [("Idempotency-Key", "k" * 300), ("PARS-Provider", "0" * 65), ("If-Match", "1" * 1_001)]
)
def test_a_fault_of_a_header_is_listed_once(api: Api, method: str, name: str, text: str) -> None:
    path = COMPLETIONS if method == "POST" else f"{COMPLETIONS}/x"
    refused = api.send(method, path, headers={name: text}, json=a_completion())
    if (method, name) in {("POST", "If-Match"), ("PUT", "Idempotency-Key")}:
        assert "parameter-invalid" not in refused.codes, "the header is not one of this operation"
        return
    assert [item["header"].lower() for item in refused.json["errors"]] == [name.lower()]


@pytest.mark.parametrize("path", LISTS)
def test_an_unknown_order_is_refused_before_anything_is_read(
    api: Api, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements_run: list[str] = []
    monkeypatch.setattr(statements, "BEFORE_STATEMENT", [statements_run.append])
    assert asked(api, f"{path}?credit_type=x").status == (200 if path == COMPLETIONS else 422)
    statements_run.clear()
    query = "sort=shoe_size&credit_type=x" if path == COMPLETIONS else "sort=shoe_size"
    assert_problem(asked(api, f"{path}?{query}"), 422, "parameter-invalid")
    # The client is read again now and then; the statement after it reads what it may act for.
    of_the_list = [text for text in statements_run if "client_secrets" not in text and "grants" not in text]
    assert of_the_list == []
