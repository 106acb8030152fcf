"""Clients that manage clients: whom each sees, what it may give, and how keys are rotated without anybody's help."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Connection

from app.core.security import digest_of
from app.domain.access.credentials import key_id_of
from app.services.access import authentication, clients
from app.services.context import Service, operator, transact
from app.store.sql import statements
from tests.harness.api import Answer, Api, api_of, settle
from tests.harness.clock import ManualClock
from tests.harness.databases import ON_SQLITE
from tests.harness.refusals import assert_problem, same_but_request_id

CLIENTS = "/v1/clients"
OURS, THEIRS = "0008001", "0008002"


def make(api: Api, name: str = "Made", **fields: Any) -> Answer:
    return api.post(CLIENTS, {"name": name} | fields)


def made(api: Api, name: str = "Made", **fields: Any) -> Api:
    answer = make(api, name, **fields)
    assert answer.status == 201, answer.json
    return Api(api.http, answer.json["api_key"], answer.json["client_id"])


def seen_by(api: Api, **parameters: Any) -> set[str]:
    return {client["client_id"] for client in api.get(CLIENTS, limit=500, **parameters).json["data"]}


def change(api: Api, client_id: str, body: dict[str, Any], **parameters: Any) -> Answer:
    etag = api.get(f"{CLIENTS}/{client_id}").response.headers.get("etag", '"1"')
    return api.send("PATCH", f"{CLIENTS}/{client_id}", headers={"If-Match": etag}, json=body, params=parameters)


def key_id(api: Api) -> str:
    return key_id_of(digest_of(api.key))


def wait_for_cache() -> None:
    time.sleep(authentication.FRESH_SECONDS)


def audited(service: Service, client_id: str) -> list[str]:
    """Return the verbs of the audit entries about a client, in their order."""

    def read(connection: Connection) -> list[str]:
        return statements.fetch_column(
            connection, "SELECT verb FROM audit WHERE noun = 'client' AND subject_id = :id ORDER BY commit_id, item",
            {"id": client_id},
        )  # fmt: skip

    return service.database.read(read)


@pytest.fixture
def world(http: TestClient, service: Service) -> dict[str, Api]:
    """A client of each kind, and of two tenants."""
    return {
        "ours": api_of(http, service, "ours", providers=[OURS]),
        "ours too": api_of(http, service, "ours too", providers=[OURS], scopes=["completions:read"]),
        "our tester": api_of(http, service, "our tester", providers=[OURS], test=True),
        "theirs": api_of(http, service, "theirs", providers=[THEIRS]),
        "of both": api_of(http, service, "of both", providers=[OURS, THEIRS]),
        "vendor": api_of(http, service, "vendor", role="vendor", providers=[OURS]),
        "vendor 2": api_of(http, service, "vendor 2", role="vendor", providers=[OURS]),
        "board": api_of(http, service, "board", role="board", board="ABIM"),
        "operator": api_of(http, service, "operator", role="operator"),
        "sandboxed": api_of(http, service, "sandboxed", test=True),
        "sandboxed 2": api_of(http, service, "sandboxed 2", test=True),
        "nobody's": api_of(http, service, "nobody's", role="vendor"),
    }


SEES = {
    "ours": {"ours", "ours too", "our tester"},
    "our tester": {"our tester"},
    "theirs": {"theirs"},
    "of both": {"ours", "ours too", "our tester", "theirs", "of both"},
    "vendor": {"vendor"},
    "vendor 2": {"vendor 2"},
    "sandboxed": {"sandboxed"},
    "sandboxed 2": {"sandboxed 2"},
    "nobody's": {"nobody's"},
}
"""Whom each sees of this world; the operator sees everybody."""


def test_everybody_manages_their_own_and_nobody_else(world: dict[str, Api]) -> None:
    for name, sees in SEES.items():
        ids = {one.client_id: other for other, one in world.items()}
        found = {ids[client_id] for client_id in seen_by(world[name]) if client_id in ids}
        assert found == sees, name
    assert seen_by(world["operator"]) >= {api.client_id for api in world.values()}
    assert "operator" not in seen_by(world["operator"])


def test_foreign_clients_look_absent_at_every_door(world: dict[str, Api]) -> None:
    for name, sees in SEES.items():
        api = world[name]
        for other in world.keys() - sees:
            foreign = world[other]
            for method, path, body in (
                ("GET", "", None), ("PATCH", "", {"name": "Mine"}), ("POST", "/revoke", None),
                ("GET", "/keys", None), ("POST", "/keys", {}), ("GET", f"/keys/{key_id(foreign)}", None),
                ("DELETE", f"/keys/{key_id(foreign)}", None),
            ):  # fmt: skip
                if method != "GET" and (name, other) not in {
                    ("ours", "theirs"),
                    ("vendor", "vendor 2"),
                    ("sandboxed", "sandboxed 2"),
                }:
                    continue
                headers = {"If-Match": '"1"'} if method == "PATCH" else {}
                answers = [
                    api.send(method, f"{CLIENTS}/{client_id}{path}", headers=headers, json=body)
                    for client_id in (foreign.client_id, "cli_0")
                ]
                assert_problem(answers[0], 404, "not-found")
                assert same_but_request_id(*answers), (name, other, method, path)
    assert world["theirs"].get("/v1/me").status == 200


def test_a_client_makes_one_like_itself_and_shows_its_secrets_once(world: dict[str, Api], service: Service) -> None:
    ours = world["ours"]
    answer = make(ours, "Nightly")
    body = answer.json
    assert answer.response.headers["cache-control"].startswith("no-store")
    assert answer.response.headers["location"] == f"{CLIENTS}/{body['client_id']}"
    assert (body["role"], body["environment"], body["provider_ids"]) == ("provider", "live", [OURS])
    assert set(body["scopes"]) == set(ours.get("/v1/me").json["scopes"])
    new = Api(ours.http, body["api_key"], body["client_id"])
    assert new.get("/v1/me").json["client_id"] == body["client_id"]
    shown = [ours.get(f"{CLIENTS}/{new.client_id}"), ours.get(CLIENTS), ours.get(f"{CLIENTS}/{new.client_id}/keys")]
    for read in shown:
        assert body["api_key"] not in read.response.text and body["client_secret"] not in read.response.text
    assert shown[0].response.headers["etag"] == answer.response.headers["etag"] == '"1"'
    assert audited(service, new.client_id) == ["create"]
    settle(service)


def test_nobody_gives_more_than_they_have(world: dict[str, Api], service: Service, clock: ManualClock) -> None:
    narrow = made(
        world["ours"], "narrow", scopes=["clients:manage", "completions:read"],
        expires_at=(clock.now + timedelta(days=1)).isoformat(),
    )  # fmt: skip
    late = (clock.now + timedelta(days=2)).isoformat()
    past = (clock.now - timedelta(days=2)).isoformat()
    for given, pointer in (
        ({"scopes": ["completions:write"]}, "/scopes/0"),
        ({"scopes": ["completions:read", "operator"]}, "/scopes/1"),
        ({"scopes": ["board:feed"]}, "/scopes/0"),
        ({"scopes": ["all"]}, "/scopes/0"),
        ({"scopes": []}, "/scopes"),
        ({"provider_ids": [THEIRS]}, "/provider_ids/0"),
        ({"provider_ids": ["7777777"]}, "/provider_ids/0"),
        ({"provider_ids": []}, "/provider_ids"),
        ({"role": "operator"}, "/role"),
        ({"role": "vendor"}, "/role"),
        ({"role": "board", "board": "ABIM"}, "/role"),
        ({"board": "ABIM"}, "/board"),
        ({"expires_at": late}, "/expires_at"),
        ({"expires_at": past}, "/expires_at"),
        ({"name": "  "}, "/name"),
    ):
        refused = make(narrow, **{"name": "More"} | given)
        assert_problem(refused, 422, "invalid-request")
        assert pointer in {error["pointer"] for error in refused.json["errors"]}, (given, refused.json)
    assert_problem(make(world["our tester"], environment="live"), 422, "invalid-request")
    for client, given in (
        (narrow, {"expires_at": None}),
        (narrow, {"scopes": ["clients:manage", "completions:write"]}),
    ):
        assert_problem(change(narrow, client.client_id, given), 422, "invalid-request")
    alike = make(narrow).json
    assert set(alike["scopes"]) == {"clients:manage", "completions:read"}
    assert alike["expires_at"] is not None
    settle(service)


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


def test_a_token_with_fewer_scopes_makes_no_client_with_more(world: dict[str, Api], service: Service) -> None:
    created = transact(operator(service), clients.create, "T", role="provider", provider_ids=[OURS])
    form = {"grant_type": "client_credentials", "scope": "clients:manage activities:read"}
    answer = world["ours"].http.post("/oauth/token", data=form, auth=(created.client_id, created.client_secret))
    api = Api(world["ours"].http, answer.json()["access_token"], created.client_id)
    assert set(make(api).json["scopes"]) == {"clients:manage", "activities:read"}
    assert_problem(make(api, scopes=["activities:write"]), 422, "invalid-request")
    assert_problem(api.post(f"{CLIENTS}/{created.client_id}/keys", {}), 403, "forbidden")


def test_a_vendors_clients_belong_together_and_lose_a_provider_together(
    world: dict[str, Api], service: Service
) -> None:
    vendor = world["vendor"]
    second = made(vendor, "second")
    third = made(second, "third", provider_ids=[])
    family = {vendor.client_id, second.client_id, third.client_id}
    assert seen_by(vendor) == seen_by(second) == seen_by(third) == family
    assert second.get(CLIENTS).json["data"][0]["provider_ids"] == [OURS]
    headers = {"PARS-Provider": OURS}
    assert second.send("GET", "/v1/activities", headers=headers).status == 200
    assert third.send("GET", "/v1/activities", headers=headers).status == 403
    # The provider takes it from the vendor: no other client of that vendor goes on.
    transact(operator(service), clients.revoke, vendor.client_id, OURS)
    wait_for_cache()
    assert [api.send("GET", "/v1/activities", headers=headers).status for api in (vendor, second)] == [403, 403]
    assert world["vendor 2"].send("GET", "/v1/activities", headers=headers).status == 200
    settle(service)


def test_test_clients_make_test_clients_and_live_ones_make_either(world: dict[str, Api], service: Service) -> None:
    tester = make(world["our tester"], "T2")
    assert (tester.status, tester.json["environment"], tester.json["api_key"][:10]) == (201, "test", "pars_test_")
    live = made(world["ours"], "T3", environment="test")
    assert live.get("/v1/me").json["environment"] == "test"
    assert live.client_id in seen_by(world["ours"]) & seen_by(world["our tester"])
    shared = made(world["sandboxed"], "T4")
    assert seen_by(world["sandboxed"]) == {world["sandboxed"].client_id, shared.client_id}
    assert shared.client_id not in seen_by(world["sandboxed 2"])
    settle(service)


def test_the_operator_makes_every_kind(world: dict[str, Api], service: Service) -> None:
    boss = world["operator"]
    for given, role in (
        ({"role": "provider", "provider_ids": [OURS, THEIRS]}, "provider"),
        ({"role": "vendor"}, "vendor"),
        ({"role": "board", "board": "ABA"}, "board"),
        ({"role": "operator"}, "operator"),
        ({"role": "provider", "provider_ids": [OURS], "environment": "test"}, "provider"),
    ):
        assert made(boss, role, **given).get("/v1/me").json["role"] == role
    for given, pointer in (
        ({}, "/role"), ({"role": "provider"}, "/provider_ids"), ({"role": "board"}, "/board"),
        ({"role": "board", "board": "XX"}, "/board"), ({"role": "vendor", "board": "ABA"}, "/board"),
        ({"role": "board", "board": "ABA", "environment": "test"}, "/environment"),
        ({"role": "operator", "provider_ids": [OURS]}, "/provider_ids"),
        ({"role": "provider", "provider_ids": ["7777777"]}, "/provider_ids/0"),
    ):  # fmt: skip
        refused = make(boss, **given)
        assert_problem(refused, 422, "invalid-request")
        assert pointer in {error["pointer"] for error in refused.json["errors"]}, given
    settle(service)


def test_a_change_needs_the_version_and_holds_at_once(
    world: dict[str, Api], service: Service, clock: ManualClock
) -> None:
    ours, other = world["ours"], world["ours too"]
    path = f"{CLIENTS}/{other.client_id}"
    assert_problem(ours.send("PATCH", path, json={"name": "X"}), 428, "precondition-required")
    until = (clock.now + timedelta(hours=1)).isoformat()
    changed = change(ours, other.client_id, {"name": "Renamed", "scopes": ["activities:read"], "expires_at": until})
    assert (changed.status, changed.json["version"], changed.json["name"]) == (200, 2, "Renamed")
    assert changed.response.headers["etag"] == '"2"'
    assert_problem(ours.send("PATCH", path, headers={"If-Match": '"1"'}, json={"name": "X"}), 412)
    assert change(ours, other.client_id, {"name": "Renamed"}).json["version"] == 2
    assert ours.send("GET", path, headers={"If-None-Match": '"2"'}).status == 304
    wait_for_cache()
    assert other.get("/v1/me").json["scopes"] == ["activities:read"]
    assert other.get("/v1/me").json["expires_at"] == changed.json["expires_at"]
    assert change(ours, other.client_id, {"expires_at": None}).json["expires_at"] is None
    for given in (
        {"name": None},
        {"name": " "},
        {"scopes": None},
        {"scopes": []},
        {"expires_at": "2020-01-01T00:00:00Z"},
    ):
        assert_problem(change(ours, other.client_id, given), 422, "invalid-request")
    assert audited(service, other.client_id) == ["create", "change", "change"]
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


@ON_SQLITE
def test_what_a_key_that_was_ended_on_the_way_asks_for_is_not_done(world: dict[str, Api], service: Service) -> None:
    """The cache remembers it for a moment: a client made in it would outlive the key that leaked."""
    ours = world["ours"]
    assert ours.get("/v1/me").status == 200
    transact(operator(service), clients.revoke_client, ours.client_id)
    answer = make(ours)
    assert answer.status in (401, 403)
    assert len(seen_by(world["operator"])) >= 1
    settle(service)


@ON_SQLITE
def test_pages_of_clients_follow_each_other(world: dict[str, Api], service: Service) -> None:
    boss = world["operator"]
    found, cursor = [], None
    while True:
        page = boss.get(CLIENTS, limit=5, **({"cursor": cursor} if cursor else {})).json
        found += [client["client_id"] for client in page["data"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == sorted(found) and set(found) == seen_by(boss)


@ON_SQLITE
def test_an_idempotency_key_has_no_place_where_secrets_are_shown(world: dict[str, Api]) -> None:
    body = {"name": "Once"}
    first, second = (world["ours"].post(CLIENTS, body, Idempotency_Key="k") for _ in range(2))
    assert first.json["client_id"] != second.json["client_id"]
