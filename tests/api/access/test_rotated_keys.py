"""A key in turn: the new one works before the old one ends, and lists show clients and providers, never a key."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.core.errors import OperatorFault
from app.core.security import digest_of
from app.domain.access.credentials import KeyKind
from app.services.access import authentication, clients, rotation
from app.services.access.clients import CreatedClient
from app.services.context import Service, operator, transact
from app.store import clients as stored_clients
from app.store.access import clients as stored
from app.store.access import keys
from tests.harness.api import Api, api_of, settle
from tests.harness.clock import ManualClock
from tests.harness.processes import installation

LISTED = "/v1/learner-completions?activity_id=201759558"


def works(service: Service, key: str) -> bool:
    return service.database.read(lambda connection: keys.find(connection, digest_of(key), KeyKind.API_KEY)) is not None


def created(service: Service, name: str = "Ours") -> CreatedClient:
    return transact(operator(service), clients.create, name, role="provider", provider_ids=["0008001"])


def test_a_new_key_works_beside_the_old_one_until_that_is_ended(service: Service) -> None:
    old = created(service)
    new = transact(operator(service), rotation.add_secrets, "Ours")
    assert (new.client_id, works(service, old.api_key), works(service, new.api_key)) == (old.client_id, True, True)
    assert transact(operator(service), rotation.end_others, new) == 2
    assert (works(service, old.api_key), works(service, new.api_key)) == (False, True)
    settle(service)


def test_the_newest_is_what_is_left_when_the_old_ones_are_ended(service: Service, clock: ManualClock) -> None:
    first = created(service)
    clock.now += timedelta(seconds=1)
    second = transact(operator(service), rotation.add_secrets, first.client_id)
    clock.now += timedelta(seconds=1)
    third = transact(operator(service), rotation.add_secrets, first.client_id)
    # Two work at a time: the first has ended as the third was made.
    assert [works(service, client.api_key) for client in (first, second, third)] == [False, True, True]
    assert transact(operator(service), rotation.end_older, "Ours") == (first.client_id, 2)
    assert [works(service, client.api_key) for client in (first, second, third)] == [False, False, True]
    assert transact(operator(service), rotation.end_older, "Ours") == (first.client_id, 0)
    settle(service)


def test_a_key_that_nobody_saw_is_taken_back_alone(service: Service) -> None:
    old = created(service)
    unseen = transact(operator(service), rotation.add_secrets, "Ours")
    transact(operator(service), rotation.take_back, unseen)
    assert (works(service, old.api_key), works(service, unseen.api_key)) == (True, False)
    settle(service)


def test_a_revoked_client_gets_no_key(service: Service) -> None:
    client = created(service)
    transact(operator(service), clients.revoke_client, client.client_id)
    with pytest.raises(OperatorFault, match="has been revoked: create another"):
        transact(operator(service), rotation.add_secrets, client.client_id)


def test_an_ended_key_is_refused_over_http_and_the_new_one_is_not(http: TestClient, service: Service) -> None:
    api = api_of(http, service, "Ours", providers=["0008001"])
    assert api.get(LISTED).status == 200
    new = transact(operator(service), rotation.add_secrets, "Ours")
    transact(operator(service), rotation.end_others, new)
    time.sleep(authentication.FRESH_SECONDS)
    assert [api.get(LISTED).status for _ in range(2)] == [401, 401]
    answer = http.get(LISTED, headers={"Authorization": f"Bearer {new.api_key}"})
    assert answer.status_code == 200


def test_a_list_shows_for_whom_clients_act_and_how_many_keys_work(service: Service, clock: ManualClock) -> None:
    ours = created(service)
    vendor = transact(operator(service), clients.create, "Vendor", role="vendor")
    transact(operator(service), clients.grant, vendor.client_id, "0008002")
    gone = created(service, "Gone")
    transact(operator(service), clients.revoke_client, gone.client_id)
    clock.now += timedelta(seconds=60)
    transact(operator(service), rotation.add_secrets, ours.client_id)
    found = {
        client.client_id: client
        for client in service.database.read(
            lambda connection: stored.list_clients(connection, clock.now, revoked=False)
        )
    }
    assert gone.client_id not in found
    assert "operator" not in found
    listed = found[ours.client_id]
    assert (listed.name, listed.keys, listed.provider_ids) == ("Ours", 2, ("0008001",))
    assert listed.newest_key_at is not None
    assert (listed.newest_key_at - listed.created_at).total_seconds() == 60
    assert found[vendor.client_id].provider_ids == ("0008002",)
    every = service.database.read(lambda connection: stored.list_clients(connection, clock.now, revoked=True))
    (ended,) = [client for client in every if client.client_id == gone.client_id]
    assert (ended.keys, ended.newest_key_at, ended.revoked_at is not None) == (0, None, True)


def test_a_list_of_providers_counts_the_clients_that_work(service: Service) -> None:
    test_client = transact(operator(service), clients.create, "T", role="provider", provider_ids=["0008002"], test=True)
    before = service.database.read(lambda connection: stored_clients.list_providers(connection, sandboxes=False))
    client = created(service)
    after = service.database.read(lambda connection: stored_clients.list_providers(connection, sandboxes=False))
    counts = [{provider.provider_id: provider.clients for provider in found} for found in (before, after)]
    assert counts[1]["0008001"] == counts[0]["0008001"] + 1
    transact(operator(service), clients.revoke_client, client.client_id)
    every = service.database.read(lambda connection: stored_clients.list_providers(connection, sandboxes=True))
    assert {provider.provider_id: provider.clients for provider in every}["0008001"] == counts[0]["0008001"]
    assert {provider.sandbox_of for provider in every} >= {"0008002"}
    assert {provider.sandbox_of for provider in after} == {None}
    assert test_client.client_id


def test_the_commands_say_what_the_services_do(database_url: str, tmp_path: Path, api: Api) -> None:
    with installation(database_url, tmp_path / "data") as installed:
        made = json.loads(installed.run("client", "create", "Ours", "--provider", "0008001", "--json").stdout)
        kept = json.loads(installed.run("client", "rotate", "Ours", "--keep-old", "--json").stdout)
        assert kept["client_id"] == made["client_id"]
        assert kept["api_key"] != made["api_key"]
        ended = json.loads(installed.run("client", "rotate", "Ours", "--end-old", "--json").stdout)
        assert ended == {"client_id": made["client_id"], "ended": 2}
        printed = installed.run("client", "rotate", made["client_id"]).stdout
        assert [line.partition(": ")[0] for line in printed.splitlines()] == ["client_id", "api_key", "client_secret"]
        table, listed = installed.run("client", "list"), installed.run("client", "list", "--json")
        for shown in (table.stdout, listed.stdout):
            assert made["client_id"] in shown
            assert "pars_live_" not in shown
        (ours,) = [client for client in json.loads(listed.stdout)["data"] if client["client_id"] == made["client_id"]]
        assert (ours["keys"], ours["provider_ids"], ours["revoked_at"]) == (1, ["0008001"], None)
        assert installed.run("client", "rotate", "Ours", "--keep-old", "--end-old").returncode == 1
        assert json.loads(installed.run("client", "revoke", "Ours", "--json").stdout)["secrets"] == 2
        assert "0008001" in installed.run("provider", "list").stdout
        assert json.loads(installed.run("boards", "--json").stdout)["data"] is not None
