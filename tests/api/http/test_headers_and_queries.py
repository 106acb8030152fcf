"""Headers and queries by which something is found or let in; what is merely hostile stands in the corpus."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from app.services.access import clients
from app.services.context import Service, operator, transact
from app.store.sql import statements
from tests.builders.bodies import a_completion, an_activity
from tests.harness.api import Answer, Api, api_of
from tests.harness.databases import ON_SQLITE
from tests.harness.refusals import LAST, assert_problem

pytestmark = ON_SQLITE

COMPLETIONS, ACTIVITIES = "/v1/learner-completions", "/v1/activities"
LISTS = (COMPLETIONS, ACTIVITIES)


def asked(api: Api, path: str, method: str = "GET", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return api.send(method, path, headers=named, follow_redirects=False)


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


def test_no_address_that_we_make_repeats_the_query(api: Api) -> None:
    for path in LISTS:
        answer = asked(api, f"{path}/?last_name={LAST}&cursor=x")
        assert LAST not in repr(answer.response.headers)
        assert_problem(answer, (404, 405, 422))


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
    assert [item["header"] for item in refused.json["errors"]] == [name]


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
