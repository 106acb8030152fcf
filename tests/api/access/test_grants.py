"""Grants: a provider gives and takes them itself, and each side sees its own and nobody else's."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.core.errors import OperatorFault
from app.domain.clients import Role
from app.services.access import clients, provider_merging
from app.services.context import Service, operator, transact
from tests.builders.bodies import a_completion
from tests.harness.api import Api, api_of, settle
from tests.harness.clock import ManualClock
from tests.harness.databases import ON_SQLITE
from tests.harness.refusals import assert_problem, footprint

OURS, THEIRS = "0008001", "0008002"
ABSENT = "cli_01a227cf-ca50-7001-a6bc-9e3705377fa1"


@pytest.fixture
def vendor(http: TestClient, service: Service) -> Api:
    return api_of(http, service, "Example LMS", role="vendor")


@pytest.fixture
def theirs(http: TestClient, service: Service) -> Api:
    return api_of(http, service, "Theirs", providers=[THEIRS])


def put(api: Api, client_id: str, provider: str | None = None) -> Any:
    return api.send("PUT", f"/v1/grants/{client_id}", headers={"PARS-Provider": provider} if provider else {})


def take(api: Api, client_id: str, provider: str | None = None) -> Any:
    return api.send("DELETE", f"/v1/grants/{client_id}", headers={"PARS-Provider": provider} if provider else {})


def look_up(api: Api, client_id: str) -> Any:
    return api.get(f"/v1/grants/{client_id}")


def listed(api: Api, **parameters: Any) -> list[tuple[str, str]]:
    """Return (provider, vendor) of all grants that a client sees, page by page."""
    found: list[tuple[str, str]] = []
    cursor: dict[str, str] = {}
    while True:
        page = api.get("/v1/grants", **parameters, **cursor).json
        found += [(grant["provider_id"], grant["client_id"]) for grant in page["data"]]
        if page["next_cursor"] is None:
            return found
        cursor = {"cursor": page["next_cursor"]}


def test_a_provider_looks_a_vendor_up_lets_it_in_and_out_again(
    api: Api, vendor: Api, service: Service, clock: ManualClock
) -> None:
    before = api.get(f"/v1/grants/{vendor.client_id}")
    assert before.json == {
        "client_id": vendor.client_id, "client_name": "Example LMS", "provider_id": OURS, "granted_at": None,
    }  # fmt: skip
    assert_problem(vendor.report(a_completion(), PARS_Provider=OURS), 403, "forbidden")
    given = put(api, vendor.client_id)
    assert (given.status, given.json["granted_at"]) == (201, "2021-12-20T15:00:00Z")
    clock.now = clock.now.replace(day=21)
    again = put(api, vendor.client_id)
    assert (again.status, again.json) == (200, given.json)
    assert vendor.report(a_completion(), PARS_Provider=OURS).status == 201
    (seen,) = api.get("/v1/grants").json["data"]
    assert (seen["client_name"], seen["provider_name"]) == ("Example LMS", "Western Regional Medical Center")
    assert seen["last_reported_at"] == "2021-12-21T15:00:00Z"
    assert vendor.get("/v1/grants").json["data"] == [seen]
    assert take(api, vendor.client_id).status == 204
    assert_problem(vendor.report(a_completion(), PARS_Provider=OURS), 403, "forbidden")
    assert_problem(take(api, vendor.client_id), 404, "not-found")
    assert listed(api) == listed(vendor) == []
    settle(service)


def test_an_id_of_nobody_and_of_no_vendor_answer_alike(
    http: TestClient, service: Service, api: Api, theirs: Api
) -> None:
    tester = api_of(http, service, "tester", role="vendor", providers=[OURS], test=True)
    revoked = api_of(http, service, "revoked", role="vendor")
    transact(operator(service), clients.revoke_client, revoked.client_id)
    before = footprint(service)
    for send in (put, take, look_up):
        absent = send(api, ABSENT)
        assert_problem(absent, 404, "not-found")
        for somebody in (theirs, api, tester, revoked):
            answer = send(api, somebody.client_id)
            assert answer.json | {"request_id": ""} == absent.json | {"request_id": ""}
    assert footprint(service) == before


def test_each_side_sees_its_own_grants_and_an_operator_all(
    http: TestClient, service: Service, api: Api, theirs: Api
) -> None:
    ours, both = api_of(http, service, "ours", role="vendor", providers=[OURS]), None
    both = api_of(http, service, "both", role="vendor", providers=[OURS, THEIRS])
    boss = api_of(http, service, "boss", role="operator")
    pairs = [(OURS, ours.client_id), (OURS, both.client_id), (THEIRS, both.client_id)]
    pairs.sort()
    assert listed(boss) == listed(boss, limit=1) == pairs
    assert listed(api) == [pair for pair in pairs if pair[0] == OURS]
    assert listed(theirs) == [pair for pair in pairs if pair[0] == THEIRS]
    assert listed(both, limit=1) == [pair for pair in pairs if pair[1] == both.client_id]
    assert listed(boss, provider_id=THEIRS) == listed(theirs)
    assert listed(boss, client_id=[ours.client_id, both.client_id], limit=2) == pairs
    # A filter finds nothing of others.
    assert listed(api, provider_id=THEIRS) == listed(ours, client_id=both.client_id) == []
    assert listed(ours, provider_id=THEIRS) == listed(api, client_id=ABSENT) == []
    board = api_of(http, service, "board", role="board", board="ABIM")
    assert_problem(board.get("/v1/grants"), 403, "forbidden")


def test_a_vendor_lets_nobody_else_in_and_may_leave(http: TestClient, service: Service, api: Api, vendor: Api) -> None:
    put(api, vendor.client_id)
    friend = api_of(http, service, "friend", role="vendor", providers=[OURS])
    stranger = api_of(http, service, "stranger", role="vendor")
    for other in (friend, stranger):
        assert_problem(put(vendor, other.client_id, OURS), 404, "not-found")
        assert_problem(take(vendor, other.client_id, OURS), 404, "not-found")
        assert_problem(vendor.send("GET", f"/v1/grants/{other.client_id}", {"PARS-Provider": OURS}), 404, "not-found")
    assert_problem(put(stranger, stranger.client_id, OURS), 403, "forbidden")
    assert put(vendor, vendor.client_id, OURS).status == 200
    assert take(vendor, vendor.client_id, OURS).status == 204
    assert_problem(put(vendor, vendor.client_id, OURS), 403, "forbidden")
    assert listed(api) == [(OURS, friend.client_id)]
    settle(service)


@ON_SQLITE
def test_a_client_without_the_scope_changes_no_grant(http: TestClient, service: Service, vendor: Api) -> None:
    reporter = api_of(http, service, "reporter", providers=[OURS], scopes=["completions:write"])
    before = footprint(service)
    for answer in (put(reporter, vendor.client_id), take(reporter, vendor.client_id), reporter.get("/v1/grants")):
        assert_problem(answer, 403, "forbidden")
    assert footprint(service) == before


def test_a_test_client_grants_a_test_vendor_its_sandbox(http: TestClient, service: Service, vendor: Api) -> None:
    ours = api_of(http, service, "ours", providers=[OURS], test=True)
    tester = api_of(http, service, "their tester", role="vendor", test=True)
    assert_problem(put(ours, vendor.client_id), 404, "not-found")
    given = put(ours, tester.client_id)
    assert given.status == 201
    sandbox = given.json["provider_id"]
    assert sandbox != OURS
    assert (sandbox, tester.client_id) in listed(ours)
    assert (sandbox, tester.client_id) in listed(tester)
    settle(service)


def test_a_grant_is_taken_from_a_vendors_clients_by_the_id_of_one_that_was_revoked(
    api: Api, vendor: Api, service: Service
) -> None:
    beside = transact(
        operator(service), clients.create, "Example LMS, nightly", role=Role.VENDOR, beside=vendor.client_id
    )
    for client_id in (vendor.client_id, beside.client_id):
        assert put(api, client_id).status == 201
    transact(operator(service), clients.revoke_client, vendor.client_id)
    assert take(api, vendor.client_id).status == 204
    assert listed(api) == []
    assert put(api, vendor.client_id).status == 404


def taken_by_command(service: Service, client_id: str, provider_id: str) -> bool:
    try:
        transact(operator(service), clients.revoke, client_id, provider_id)
    except OperatorFault:
        return False
    return True


@pytest.mark.parametrize("test", [False, True])
@pytest.mark.parametrize("ended", ["nothing", "the grant", "the client", "the client and the grant"])
def test_the_command_takes_a_grant_where_the_request_does(
    http: TestClient, service: Service, api: Api, ended: str, test: bool
) -> None:
    """Two vendors of two clients each: what one loses by the command, the other loses by a request, and no more."""
    giver = api_of(http, service, "giver", providers=[OURS], test=True) if test else api
    families = []
    for name in ("by command", "by request"):
        one = api_of(http, service, name, role="vendor", test=test)
        other = transact(operator(service), clients.create, name, role=Role.VENDOR, test=test, beside=one.client_id)
        for client_id in (one.client_id, other.client_id):
            assert put(giver, client_id).status in (200, 201)
        if "grant" in ended:
            assert take(giver, one.client_id).status == 204
        if "client" in ended:
            transact(operator(service), clients.revoke_client, one.client_id)
        families.append((one.client_id, other.client_id))
    by_command, by_request = families
    for _ in range(2):
        taken = take(giver, by_request[0]).status == 204
        assert taken_by_command(service, by_command[0], OURS) is taken
    assert not {*by_command, *by_request} & {client_id for _, client_id in listed(giver)}


def test_the_command_takes_the_grant_of_a_sandbox_that_stayed_with_the_old_id(
    http: TestClient, service: Service
) -> None:
    into = "0008777"
    transact(operator(service), clients.create, "Staying", role="provider", provider_ids=[into])
    vendor = api_of(http, service, "vendor", role="vendor", providers=[OURS], test=True)
    transact(operator(service), provider_merging.merge, OURS, into)
    assert vendor.send("GET", "/v1/activities", {"PARS-Provider": OURS}).status == 200
    assert taken_by_command(service, vendor.client_id, OURS)
    assert vendor.send("GET", "/v1/activities", {"PARS-Provider": OURS}).status == 403
    assert not taken_by_command(service, vendor.client_id, OURS)
