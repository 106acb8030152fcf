"""Tokens: a client gets one for its secret (OAuth 2 client credentials), and it ends with what it was made with."""

from __future__ import annotations

import base64
import time
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.services.access import authentication, clients, management, rotation
from app.services.access.clients import CreatedClient
from app.services.access.rates import RateLimits
from app.services.context import Service, operator, transact
from tests.builders.bodies import a_completion
from tests.harness.api import Answer, Api
from tests.harness.clock import ManualClock
from tests.harness.databases import ON_SQLITE
from tests.harness.refusals import assert_problem

TOKEN = "/oauth/token"
LISTED = "/v1/learner-completions?activity_id=201759558"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def created(service: Service) -> CreatedClient:
    return transact(operator(service), clients.create, "Ours", role="provider", provider_ids=["0008001"])


def ask(http: TestClient, client: CreatedClient, **more: str) -> httpx.Response:
    form = {"grant_type": "client_credentials", "client_id": client.client_id, "client_secret": client.client_secret}
    return http.post(TOKEN, data=form | more)


def token_of(http: TestClient, client: CreatedClient, **more: str) -> str:
    answer = ask(http, client, **more)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


def bearing(http: TestClient, token: str) -> Api:
    return Api(http, token, "")


def basic(client_id: str, secret: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'{client_id}:{secret}'.encode()).decode()}"}


def assert_refused(answer: httpx.Response, status: int, error: str) -> str:
    """Assert that an answer is a refusal as RFC 6749 has it; return its description."""
    assert (answer.status_code, answer.json().get("error")) == (status, error), answer.text
    assert set(answer.json()) == {"error", "error_description"}
    told = str(answer.json()["error_description"])
    assert told and all(" " <= letter <= "~" and letter not in '"\\' for letter in told)
    assert "no-store" in answer.headers["cache-control"] and answer.headers["pragma"] == "no-cache"
    assert ("www-authenticate" in answer.headers) == (status == 401)
    if status == 401:
        assert answer.headers["www-authenticate"].startswith("Basic ")
    return told


def test_a_token_is_a_bearer_wherever_a_key_is(http: TestClient, created: CreatedClient) -> None:
    answer = http.post(
        TOKEN, data={"grant_type": "client_credentials"}, headers=basic(created.client_id, created.client_secret)
    )
    assert (answer.status_code, answer.json()["token_type"], answer.json()["expires_in"]) == (200, "Bearer", 900)
    assert "no-store" in answer.headers["cache-control"] and answer.headers["pragma"] == "no-cache"
    api = bearing(http, answer.json()["access_token"])
    assert api.report(a_completion()).status == 201
    assert api.get(LISTED).status == 200
    me = api.get("/v1/me").json
    assert (me["client_id"], me["credential"]["kind"]) == (created.client_id, "token")
    assert me["credential"]["expires_at"] == "2021-12-20T15:15:00Z"
    assert " ".join(me["scopes"]) == answer.json()["scope"]


def test_a_token_has_the_scopes_that_were_asked_for_and_no_other(http: TestClient, created: CreatedClient) -> None:
    answer = ask(http, created, scope=" completions:read  activities:read ")
    assert answer.json()["scope"] == "activities:read completions:read"
    api = bearing(http, answer.json()["access_token"])
    assert api.get(LISTED).status == 200
    refused = api.report(a_completion())
    assert_problem(refused, 403, "forbidden")
    assert "The token lacks the scope completions:write" in refused.json["detail"]
    assert "completions:write" not in api.get("/v1/me").json["scopes"]


def test_a_scope_that_the_client_lacks_is_refused_by_name(http: TestClient, service: Service) -> None:
    client = transact(
        operator(service), clients.create, "R", role="provider", provider_ids=["0008001"], scopes=["completions:read"]
    )
    told = assert_refused(ask(http, client, scope="completions:read activities:write"), 400, "invalid_scope")
    assert "activities:write" in told
    told = assert_refused(ask(http, client, scope="everything"), 400, "invalid_scope")
    assert "everything" not in told and "completions:read" in told
    assert ask(http, client).json()["scope"] == "completions:read"


@ON_SQLITE
@pytest.mark.parametrize(
    ("form", "headers", "status", "error", "says"),
    [
        ({}, {}, 400, "invalid_request", "no body"),
        ({"client_id": "x", "client_secret": "y"}, {}, 400, "invalid_request", "no grant_type"),
        ({"grant_type": "password"}, {}, 400, "unsupported_grant_type", "client_credentials"),
        ({"grant_type": "authorization_code", "code": "1"}, {}, 400, "unsupported_grant_type", "client_credentials"),
        ({"grant_type": "client_credentials"}, {}, 401, "invalid_client", "no client_id"),
        ({"grant_type": "client_credentials", "client_id": "x"}, {}, 401, "invalid_client", "no client_secret"),
        ({"grant_type": "client_credentials"}, basic("x", "y"), 401, "invalid_client", "mistyped"),
        ({"grant_type": "client_credentials"}, {"Authorization": "Basic !!!"}, 401, "invalid_client", "Base64"),
        ({"grant_type": "client_credentials"}, {"Authorization": "Basic eHk="}, 401, "invalid_client", "Base64"),
        ({"grant_type": "client_credentials"}, {"Authorization": "Basic /w=="}, 401, "invalid_client", "Base64"),
        ({"grant_type": "client_credentials"}, {"Authorization": "Bearer x"}, 401, "invalid_client", "Basic"),
        (
            {"grant_type": "client_credentials", "client_secret": "y"}, basic("x", "y"),
            400, "invalid_request", "in two ways",
        ),
        (
            {"grant_type": "client_credentials", "client_id": "z"}, basic("x", "y"),
            400, "invalid_request", "different clients",
        ),
        (
            {"grant_type": "client_credentials", "client_id": "x", "client_secret": "pars_live_" + "A" * 43}, {},
            401, "invalid_client", "API key",
        ),
    ],
)  # fmt: skip
def test_a_request_for_a_token_is_refused_with_what_is_wrong(
    http: TestClient, form: dict[str, str], headers: dict[str, str], status: int, error: str, says: str
) -> None:
    answer = http.post(TOKEN, content=urlencode(form), headers=FORM | headers)
    assert says in assert_refused(answer, status, error)


@ON_SQLITE
@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b'{"grant_type": "client_credentials"}', {"Content-Type": "application/json"}),
        (b'{"grant_type": "client_credentials"}', FORM),
        (b"grant_type=client_credentials", {}),
        (b"grant_type=client_credentials", {"Content-Type": "multipart/form-data; boundary=x"}),
        (b"grant_type=client_credentials", {"Content-Type": "application/x-www-form-urlencoded; charset=utf-16"}),
        (b"grant_type=client_credentials&grant_type=client_credentials", FORM),
        (b"grant_type=%FF%FE", FORM),
        (b"grant_type=\xff\xfe", FORM),
        (b"&".join(b"f%d=1" % number for number in range(60)), FORM),
        (b"grant_type=" + b"x" * 3_000, FORM),
        (b"grant_type=client_credentials", FORM | {"Content-Encoding": "gzip"}),
        (b"grant_type=client_credentials", FORM | {"Accept": "text/html"}),
        (b"=&==&&&", FORM),
        (b"grant_type=%00", FORM),
    ],
)
def test_what_is_no_such_form_is_refused_clearly(http: TestClient, body: bytes, headers: dict[str, str]) -> None:
    answer = http.post(TOKEN, content=body, headers=headers)
    assert answer.json()["error"] in ("invalid_request", "unsupported_grant_type")
    assert_refused(answer, 400, answer.json()["error"])


@ON_SQLITE
def test_two_authorizations_and_unknown_parameters_of_the_address_are_refused(http: TestClient) -> None:
    twice = [("Authorization", "Basic eDp5"), ("Authorization", "Basic eDp6"), *FORM.items()]
    answer = http.post(TOKEN, content=b"grant_type=client_credentials", headers=twice)
    assert "twice" in assert_refused(answer, 400, "invalid_request")
    answer = http.post(f"{TOKEN}?client_secret=abcdef", content=b"grant_type=client_credentials", headers=FORM)
    assert "abcdef" not in assert_refused(answer, 400, "invalid_request")
    assert http.get(TOKEN).status_code == 405


@ON_SQLITE
def test_a_body_that_is_too_large_is_refused_in_the_same_shape(http: TestClient) -> None:
    answer = http.post(TOKEN, content=b"x" * 1_100_000, headers=FORM)
    assert_refused(answer, 413, "invalid_request")


@ON_SQLITE
@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_sent_for_a_token_is_answered_as_rfc_6749_says(http: TestClient, data: st.DataObject) -> None:
    words = st.sampled_from(["client_credentials", "cli_x", "operator", "%", "+", "\x00", "\ud7ff", "="]) | st.text(
        max_size=9
    )
    names = st.sampled_from(["grant_type", "client_id", "client_secret", "scope"]) | st.text(max_size=5)
    pairs = data.draw(st.lists(st.tuples(names, words), max_size=6))
    body = data.draw(st.just(urlencode(pairs).encode()) | st.binary(max_size=40))
    authorization = data.draw(
        st.none()
        | st.binary(max_size=20).map(lambda raw: f"Basic {base64.b64encode(raw).decode()}")
        | st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20)
    )
    headers = FORM | ({"Authorization": authorization} if authorization is not None else {})
    answer = http.post(TOKEN, content=body, headers=headers)
    assert answer.status_code in (400, 401), answer.text
    assert_refused(answer, answer.status_code, answer.json()["error"])


@ON_SQLITE
def test_secrets_are_tried_no_faster_than_keys(http: TestClient, app: FastAPI, service: Service) -> None:
    app.state.rates = RateLimits(
        service.settings.model_copy(update={"rate_failures": 1, "rate_failures_burst": 3}), clock=lambda: 0.0
    )
    form = {"grant_type": "client_credentials", "client_id": "cli_x", "client_secret": "guess"}
    somewhere = TestClient(app, client=("192.0.2.7", 5_000))
    somewhere.portal = http.portal
    statuses = [somewhere.post(TOKEN, data=form).status_code for _ in range(5)]
    assert statuses == [401, 401, 401, 429, 429]
    assert_problem(Answer(somewhere.post(TOKEN, data=form)), 429, "rate-limited")
    assert http.post(TOKEN, data=form).status_code == 401


def wait_for_cache() -> None:
    """Let what was read of clients be read again."""
    time.sleep(authentication.FRESH_SECONDS)


@pytest.fixture
def endings(service: Service, clock: ManualClock) -> dict[str, Any]:
    """What ends a token, by its name, and what is said then."""

    def end_secret(client: CreatedClient) -> None:
        new = transact(operator(service), rotation.add_secrets, client.client_id)
        transact(operator(service), rotation.end_others, new)

    def revoke(client: CreatedClient) -> None:
        transact(operator(service), clients.revoke_client, client.client_id)

    def pass_time(client: CreatedClient) -> None:
        clock.now += timedelta(minutes=15)

    return {
        "its secret is ended": (end_secret, "was ended"),
        "its client is revoked": (revoke, "was revoked"),
        "its time is over": (pass_time, "expired at 2021-12-20T15:15:00Z"),
    }


@pytest.mark.parametrize("how", ["its secret is ended", "its client is revoked", "its time is over"])
def test_a_token_ends_at_the_next_reading_of_the_cache(
    http: TestClient, service: Service, created: CreatedClient, endings: dict[str, Any], how: str
) -> None:
    api = bearing(http, token_of(http, created))
    assert api.get(LISTED).status == 200
    end, says = endings[how]
    end(created)
    wait_for_cache()
    for _ in range(3):
        refused = api.get(LISTED)
        assert_problem(refused, 401, "unauthenticated")
        assert says in refused.json["detail"]
        assert refused.response.headers["www-authenticate"] == 'Bearer error="invalid_token"'


def test_a_scope_that_the_client_loses_is_lost_to_its_tokens(
    http: TestClient, service: Service, created: CreatedClient
) -> None:
    api = bearing(http, token_of(http, created))
    assert api.get(LISTED).status == 200
    transact(operator(service), management.change_named, created.client_id, {"scopes": ["activities:read"]})
    wait_for_cache()
    assert_problem(api.get(LISTED), 403, "forbidden")
    assert api.get("/v1/me").json["scopes"] == ["activities:read"]


def test_a_token_works_no_longer_than_its_client(http: TestClient, service: Service, clock: ManualClock) -> None:
    until = clock.now + timedelta(minutes=5)
    client = transact(
        operator(service), clients.create, "Soon", role="provider", provider_ids=["0008001"], expires_at=until
    )
    answer = ask(http, client)
    assert answer.json()["expires_in"] == 300
    clock.now = until
    told = assert_refused(ask(http, client), 401, "invalid_client")
    assert "The client expired at" in told


def test_every_role_gets_a_token(http: TestClient, service: Service) -> None:
    for role, more in (("vendor", {}), ("board", {"board": "ABIM"}), ("operator", {})):
        client = transact(operator(service), clients.create, role, role=role, **more)
        assert bearing(http, token_of(http, client)).get("/v1/me").json["role"] == role
    tester = transact(operator(service), clients.create, "T", role="provider", provider_ids=["0008001"], test=True)
    assert bearing(http, token_of(http, tester)).get("/v1/me").json["environment"] == "test"
