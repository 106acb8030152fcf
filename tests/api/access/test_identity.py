"""Who a key belongs to, and for whom it acts: live, paged, and nothing of anybody else."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from app.core.errors import OperatorFault
from app.services.access import clients, identity
from app.services.context import Service, operator, transact
from tests.harness.api import Api, api_of
from tests.harness.clock import ManualClock
from tests.harness.refusals import assert_problem

OURS, THEIRS = "0008001", "0008002"
FORTY = [f"01{number:05}" for number in range(40)]


@pytest.fixture
def vendor(http: TestClient, service: Service) -> Api:
    return api_of(http, service, "Example LMS", role="vendor", providers=FORTY)


def listed(client: Api, **parameters: int) -> list[str]:
    """Return the ids of all providers of a client, page by page."""
    ids: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = client.get("/v1/providers", **parameters, **cursor).json
        ids += [provider["provider_id"] for provider in page["data"]]
        if page["next_cursor"] is None:
            return ids
        cursor = {"cursor": page["next_cursor"]}


def test_a_provider_is_told_its_name_scopes_and_that_it_needs_to_name_nobody(api: Api) -> None:
    me = api.get("/v1/me").json
    assert (me["client_id"], me["name"], me["role"]) == (api.client_id, "Western Regional", "provider")
    assert (me["environment"], me["board"], me["provider_required"]) == ("live", None, False)
    assert me["scopes"][:2] == ["activities:read", "activities:write"]
    (provider,) = me["providers"]
    assert (provider["provider_id"], provider["name"]) == (OURS, "Western Regional Medical Center")
    assert provider["granted_at"] == "2021-12-20T15:00:00Z"
    assert me["limits"]["body_bytes"] == 1_048_576
    assert me["limits"]["bulk_items"] == me["limits"]["page_rows"] == 500


def test_scopes_are_those_that_the_operator_chose(http: TestClient, service: Service) -> None:
    some = api_of(http, service, providers=[OURS], scopes=["completions:write", "activities:read"])
    assert some.get("/v1/me").json["scopes"] == ["activities:read", "completions:write"]


def test_a_vendor_sees_its_providers_page_by_page_and_no_other(vendor: Api) -> None:
    assert listed(vendor, limit=7) == listed(vendor) == FORTY
    me = vendor.get("/v1/me").json
    assert (me["provider_count"], me["provider_required"]) == (40, True)
    assert [provider["provider_id"] for provider in me["providers"]] == FORTY


def test_of_very_many_providers_the_first_are_shown_with_the_client(
    vendor: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity, "MOST_SHOWN", 3)
    me = vendor.get("/v1/me").json
    assert ([provider["provider_id"] for provider in me["providers"]], me["provider_count"]) == (FORTY[:3], 40)


def test_a_grant_shows_at_once_when_it_is_given_revoked_and_given_again(
    vendor: Api, service: Service, clock: ManualClock
) -> None:
    def granted() -> dict[str, str]:
        page = vendor.get("/v1/providers", limit=500).json["data"]
        return {provider["provider_id"]: provider["granted_at"] for provider in page}

    begin = granted()
    clock.now = clock.now.replace(day=21)
    transact(operator(service), clients.grant, vendor.client_id, OURS)
    assert granted() == {OURS: "2021-12-21T15:00:00Z"} | begin
    transact(operator(service), clients.revoke, vendor.client_id, OURS)
    assert granted() == begin
    clock.now = clock.now.replace(day=22)
    # Given twice, a grant goes on as it was; given again after it was revoked, it is new.
    for _ in range(2):
        transact(operator(service), clients.grant, vendor.client_id, OURS)
        assert granted() == {OURS: "2021-12-22T15:00:00Z"} | begin
        clock.now = clock.now.replace(day=23)


def test_a_grant_names_its_vendor_as_other_commands_do_by_id_or_name(vendor: Api, service: Service) -> None:
    def granted() -> set[str]:
        return {provider["provider_id"] for provider in vendor.get("/v1/providers", limit=500).json["data"]}

    name = vendor.get("/v1/me").json["name"]
    transact(operator(service), clients.grant, name, OURS)
    assert OURS in granted()
    transact(operator(service), clients.revoke, name, OURS)
    assert OURS not in granted()
    for named, words in (("nobody", "no client with this id or name"), ("Ours alone", "is no vendor")):
        if named == "Ours alone":
            transact(operator(service), clients.create, named, role="provider", provider_ids=[OURS])
        with pytest.raises(OperatorFault, match=words):
            transact(operator(service), clients.grant, named, OURS)


def test_a_vendor_of_nobody_is_told_so(http: TestClient, service: Service) -> None:
    stranger = api_of(http, service, "stranger", role="vendor")
    me = stranger.get("/v1/me").json
    assert (me["providers"], me["provider_count"], me["provider_required"]) == ([], 0, True)
    assert stranger.get("/v1/providers").json == {"data": [], "next_cursor": None}


def test_an_operator_lists_every_provider_and_no_sandbox(http: TestClient, service: Service) -> None:
    boss = api_of(http, service, "boss", role="operator")
    api_of(http, service, "tester", providers=[OURS], test=True)
    ids = listed(boss, limit=1)
    assert ids == listed(boss)
    assert {OURS, THEIRS} <= set(ids)
    me = boss.get("/v1/me").json
    assert (me["role"], me["providers"], me["provider_count"]) == ("operator", [], len(ids))
    rows = boss.get("/v1/providers", limit=500).json["data"]
    assert {(row["sandbox_of"], row["granted_at"]) for row in rows} == {(None, None)}


def test_a_test_client_is_shown_sandboxes(http: TestClient, service: Service) -> None:
    tester = api_of(http, service, "tester", providers=[OURS], test=True)
    me = tester.get("/v1/me").json
    (provider,) = me["providers"]
    assert (me["environment"], provider["sandbox_of"]) == ("test", OURS)
    assert provider["provider_id"] != OURS


def test_a_board_is_told_its_code_and_acts_for_nobody(http: TestClient, service: Service) -> None:
    board = api_of(http, service, "board", role="board", board="ABIM")
    me = board.get("/v1/me").json
    assert (me["role"], me["board"], me["providers"], me["provider_required"]) == ("board", "ABIM", [], False)
    assert listed(board) == []


def test_a_cursor_is_its_clients_own(http: TestClient, vendor: Api, service: Service) -> None:
    other = api_of(http, service, "other", role="vendor", providers=FORTY)
    cursor = vendor.get("/v1/providers", limit=2).json["next_cursor"]
    assert_problem(other.get("/v1/providers", cursor=cursor), 422, "parameter-invalid")
