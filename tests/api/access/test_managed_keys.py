"""Keys of clients that are managed: rotated, ended, expired, and never taken from those who need them unawares."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from app.core.security import digest_of
from app.domain.access.credentials import key_id_of
from app.services.access import clients
from app.services.context import Service, operator, transact
from tests.harness.api import Api, settle
from tests.harness.clock import ManualClock
from tests.harness.managed import (
    CLIENTS,
    OURS,
    audited,
    change,
    key_id,
    made,
    managed_world,
    seen_by,
    wait_for_cache,
)  # fmt: skip
from tests.harness.refusals import assert_problem


@pytest.fixture
def world(http: TestClient, service: Service) -> dict[str, Api]:
    return managed_world(http, service)


def test_no_key_is_given_of_a_client_that_may_do_more(world: dict[str, Api], service: Service) -> None:
    """It would be a way to rights that nobody gave."""
    ours = world["ours"]
    narrow = made(ours, "narrow", scopes=["clients:manage", "completions:read"])
    refused = narrow.post(f"{CLIENTS}/{ours.client_id}/keys", {})
    assert_problem(refused, 403, "forbidden")
    assert "completions:write" in refused.json["detail"]
    vendor = world["vendor"]
    second = made(vendor, "second", provider_ids=[])
    refused = second.post(f"{CLIENTS}/{vendor.client_id}/keys", {})
    assert_problem(refused, 403, "forbidden")
    # But who sees that one has leaked may end it.
    assert narrow.post(f"{CLIENTS}/{ours.client_id}/revoke", None).status == 200
    wait_for_cache()
    assert_problem(ours.get("/v1/me"), 401)
    settle(service)


def test_no_key_outlasts_the_client_that_asked_for_it(
    world: dict[str, Api], service: Service, clock: ManualClock
) -> None:
    """Who works for a day would otherwise take a key of a client that stays."""
    ours, until = world["ours"], clock.now + timedelta(days=1)
    brief = made(ours, "brief", expires_at=until.isoformat())
    staying, briefer = (
        made(ours, "staying"),
        made(brief, "briefer", expires_at=(clock.now + timedelta(hours=1)).isoformat()),
    )
    path = f"{CLIENTS}/{staying.client_id}/keys"
    refused = brief.post(path, {"expires_at": (until + timedelta(seconds=1)).isoformat()})
    assert_problem(refused, 422, "invalid-request")
    assert refused.json["errors"][0]["pointer"] == "/expires_at"
    key = brief.post(path, {})
    assert (key.status, key.json["expires_at"]) == (201, "2021-12-21T15:00:00Z")
    # Where the client itself ends no later, nothing is to be bounded; and rotating one's own key is none of it.
    assert brief.post(f"{CLIENTS}/{briefer.client_id}/keys", {}).json["expires_at"] is None
    assert brief.post(f"{CLIENTS}/{brief.client_id}/keys", {}).json["expires_at"] is None
    assert ours.post(path, {"kind": "client-secret"}).json["expires_at"] is None
    clock.now = until
    wait_for_cache()
    assert_problem(Api(ours.http, key.json["secret"], staying.client_id).get("/v1/me"), 401, "unauthenticated")
    settle(service)


def test_a_client_or_key_that_expired_says_so_to_whoever_has_it(
    world: dict[str, Api], service: Service, clock: ManualClock
) -> None:
    ours, other = world["ours"], world["ours too"]
    until = clock.now + timedelta(hours=1)
    key = ours.post(f"{CLIENTS}/{ours.client_id}/keys", {"expires_at": until.isoformat()}).json
    passing = Api(ours.http, key["secret"], ours.client_id)
    assert passing.get("/v1/me").json["credential"]["expires_at"] == key["expires_at"] == "2021-12-20T16:00:00Z"
    assert change(ours, other.client_id, {"expires_at": until.isoformat()}).status == 200
    clock.now = until
    wait_for_cache()
    for api, says in (
        (passing, "The key expired at 2021-12-20T16:00:00Z"),
        (other, "The client of this key expired at"),
    ):
        refused = api.get("/v1/me")
        assert_problem(refused, 401, "unauthenticated")
        assert says in refused.json["detail"]
    assert ours.get("/v1/me").status == 200
    # A key that is almost the true one is told nothing.
    refused = Api(ours.http, passing.key[:-1] + ("A" if passing.key[-1] != "A" else "B"), "").get("/v1/me")
    assert "expired" not in refused.json["detail"]
    # Expired ones take no room from those that work.
    assert ours.post(f"{CLIENTS}/{ours.client_id}/keys", {}).status == 201


def test_keys_are_rotated_without_a_gap(world: dict[str, Api], service: Service) -> None:
    ours = world["ours"]
    path = f"{CLIENTS}/{ours.client_id}/keys"
    answer = ours.post(path, {})
    assert (answer.status, answer.json["kind"]) == (201, "api-key")
    assert answer.response.headers["cache-control"].startswith("no-store")
    assert answer.json["secret"].endswith(answer.json["ending"])
    new = Api(ours.http, answer.json["secret"], ours.client_id)
    assert new.get(answer.response.headers["location"]).json["key_id"] == answer.json["key_id"] == key_id(new)
    refused = new.post(path, {})
    assert_problem(refused, 409, "conflict")
    assert key_id(ours) in refused.json["detail"]
    assert new.post(path, {"kind": "client-secret"}).status == 201
    assert new.delete(f"{path}/{key_id(ours)}").status == 204
    assert_problem(new.delete(f"{path}/{key_id(ours)}"), 404, "not-found")
    wait_for_cache()
    assert_problem(ours.get("/v1/me"), 401, "unauthenticated")
    listed = new.get(path).json["data"]
    assert [key["kind"] for key in listed].count("api-key") == 1 and len(listed) == 3
    assert audited(service, ours.client_id) == ["create", "add-key", "add-key", "end-key"]
    settle(service)


def test_nobody_locks_themselves_out_without_saying_so(world: dict[str, Api], service: Service) -> None:
    ours = world["ours"]
    own = f"{CLIENTS}/{ours.client_id}"
    for refused in (
        ours.delete(f"{own}/keys/{key_id(ours)}"),
        ours.post(f"{own}/revoke", None),
        change(ours, ours.client_id, {"scopes": ["completions:read"]}),
    ):
        assert_problem(refused, 409, "conflict")
        assert "own=true" in refused.json["detail"]
    assert ours.get("/v1/me").status == 200
    assert change(ours, ours.client_id, {"scopes": ["completions:read", "clients:manage"]}).status == 200
    assert ours.post(f"{own}/revoke?own=true", None).json["revoked_at"] is not None
    wait_for_cache()
    assert_problem(ours.get("/v1/me"), 401)
    other = world["theirs"]
    assert other.delete(f"{CLIENTS}/{other.client_id}/keys/{key_id(other)}?own=true").status == 204
    wait_for_cache()
    assert_problem(other.get("/v1/me"), 401)
    settle(service)


def test_a_token_counts_as_the_secret_that_it_was_made_with(world: dict[str, Api], service: Service) -> None:
    created = transact(operator(service), clients.create, "T", role="provider", provider_ids=[OURS])
    http = world["ours"].http
    answer = http.post(
        "/oauth/token", data={"grant_type": "client_credentials"}, auth=(created.client_id, created.client_secret)
    )
    api = Api(http, answer.json()["access_token"], created.client_id)
    secret = key_id_of(digest_of(created.client_secret))
    assert_problem(api.delete(f"{CLIENTS}/{created.client_id}/keys/{secret}"), 409, "conflict")
    assert api.delete(f"{CLIENTS}/{created.client_id}/keys/{key_id_of(digest_of(created.api_key))}").status == 204


def test_a_revoked_client_is_listed_when_asked_for_and_gets_no_key(world: dict[str, Api], service: Service) -> None:
    ours, other = world["ours"], world["ours too"]
    path = f"{CLIENTS}/{other.client_id}"
    first = ours.post(f"{path}/revoke", None)
    assert first.json["revoked_at"] and ours.post(f"{path}/revoke", None).json == first.json
    assert other.client_id not in seen_by(ours)
    assert other.client_id in seen_by(ours, revoked="true")
    assert ours.get(f"{path}/keys").json["data"] == []
    assert_problem(ours.post(f"{path}/keys", {}), 409, "conflict")
    assert_problem(change(ours, other.client_id, {"name": "Back"}), 409, "conflict")
