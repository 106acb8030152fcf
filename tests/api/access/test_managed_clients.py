"""Clients that manage clients: whom each sees, and what it may give."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from app.services.access import clients
from app.services.context import Service, operator, transact
from tests.harness.api import Api, settle
from tests.harness.clock import ManualClock
from tests.harness.databases import ON_SQLITE
from tests.harness.managed import (
    CLIENTS,
    OURS,
    THEIRS,
    audited,
    change,
    key_id,
    made,
    make,
    managed_world,
    seen_by,
    wait_for_cache,
)  # fmt: skip
from tests.harness.refusals import assert_problem, same_but_request_id


@pytest.fixture
def world(http: TestClient, service: Service) -> dict[str, Api]:
    return managed_world(http, service)


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
        {"permission_attested": None},
    ):
        assert_problem(change(ours, other.client_id, given), 422, "invalid-request")
    assert audited(service, other.client_id) == ["create", "change", "change"]
    settle(service)


def test_the_attestation_of_learners_permission_is_withdrawn_and_made_again(
    world: dict[str, Api], service: Service
) -> None:
    ours, other = world["ours"], made(world["ours"])
    path = f"{CLIENTS}/{other.client_id}"
    first = other.get("/v1/me").json
    assert (first["permission_attested_by"], first["permission_withdrawn_at"]) == ("Made", None)
    withdrawn = change(ours, other.client_id, {"permission_attested": False}).json
    assert withdrawn["permission_withdrawn_at"] is not None
    assert withdrawn["permission_attested_at"] == first["permission_attested_at"]
    assert other.get("/v1/me").json["permission_withdrawn_at"] == withdrawn["permission_withdrawn_at"]
    assert change(ours, other.client_id, {"permission_attested": False}).json["version"] == withdrawn["version"]
    again = change(ours, other.client_id, {"permission_attested": True, "name": "Renamed"}).json
    assert (again["permission_attested_by"], again["permission_withdrawn_at"]) == ("Renamed", None)
    assert ours.get(path).json == again
    assert audited(service, other.client_id) == ["create", "withdraw-permission", "change", "attest-permission"]
    settle(service)


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
