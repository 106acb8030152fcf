"""Keys added, rotated and ended at the same moment: two work, and never none that somebody was shown last."""

from __future__ import annotations

from functools import partial

import pytest
from fastapi.testclient import TestClient

from app.core.security import digest_of
from app.domain.access.credentials import KeyKind
from app.services.access import clients, management, rotation
from app.services.access.clients import CreatedClient
from app.services.context import Service, operator, transact
from app.store.access import keys
from app.store.sql import statements
from tests.harness.api import Api, api_of, settle
from tests.harness.wire import at_once


def working(service: Service, client_id: str) -> set[str]:
    """Return the digests of the keys that work."""
    found = service.database.read(lambda connection: keys.working_digests(connection, client_id, service.clock()))
    return {digest for digest, kind in found if kind is KeyKind.API_KEY}


def test_of_many_keys_added_at_once_one_finds_room(api: Api, service: Service) -> None:
    answers = at_once([partial(api.post, f"/v1/clients/{api.client_id}/keys", {})] * 8)
    assert sorted(answer.status for answer in answers) == [201] + [409] * 7
    assert len(working(service, api.client_id)) == 2
    settle(service)


def rotate(service: Service, client_id: str) -> CreatedClient:
    created = transact(operator(service), rotation.add_secrets, client_id)
    transact(operator(service), rotation.end_others, created)
    return created


def test_many_rotations_at_once_leave_one_key_that_was_shown(service: Service) -> None:
    """Each used to end the key of the other: none was left."""
    client = transact(operator(service), clients.create, "Ours", role="provider", provider_ids=["0008001"])
    shown = at_once([partial(rotate, service, client.client_id)] * 6)
    left = working(service, client.client_id)
    assert 1 <= len(left) <= 2
    assert left <= {digest_of(created.api_key) for created in shown}
    settle(service)


def test_a_client_that_is_revoked_while_it_gets_keys_has_none_in_the_end(api: Api, service: Service) -> None:
    path = f"/v1/clients/{api.client_id}"
    at_once(
        [
            *[partial(api.post, f"{path}/keys", {"kind": kind}) for kind in ("api-key", "client-secret") * 3],
            partial(api.post, f"{path}/revoke?own=true", None),
        ]
    )
    assert working(service, api.client_id) == set()
    settle(service)


def test_of_many_clients_made_at_once_no_more_are_made_than_there_is_room_for(
    api: Api, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = len(api.get("/v1/clients", limit=500).json["data"])
    monkeypatch.setattr(management, "MOST_CLIENTS", known + 2)
    answers = at_once([partial(api.post, "/v1/clients", {"name": f"Made {number}"}) for number in range(8)])
    assert sorted(answer.status for answer in answers) == [201] * 2 + [409] * 6
    assert len(api.get("/v1/clients", limit=500).json["data"]) == known + 2
    settle(service)


OF_PROVIDER = """SELECT count(DISTINCT g.client_id) FROM grants g JOIN providers p ON p.provider_id = g.provider_id
    JOIN clients c ON c.client_id = g.client_id
    WHERE '0008001' IN (p.provider_id, p.sandbox_of) AND c.role = 'provider'"""


def test_the_room_of_a_provider_is_shared_by_clients_that_know_nothing_of_each_other(
    http: TestClient, api: Api, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Clients that the operator made, one with another provider and one of the sandbox, make clients at once."""

    def count() -> int:
        return int(service.database.read(lambda connection: statements.fetch_value(connection, OF_PROVIDER)))

    both = api_of(http, service, "Both", providers=["0008001", "0008002"])
    tester = api_of(http, service, "Tester", providers=["0008001"], test=True)
    makers = [api, both, tester, *(api_of(http, service, f"Maker {number}", providers=["0008001"]) for number in "12")]
    room = count() + 3
    monkeypatch.setattr(management, "MOST_CLIENTS", room)
    answers = at_once(
        [partial(maker.post, "/v1/clients", {"name": f"Made {number}"}) for number in range(3) for maker in makers]
    )
    assert sorted(answer.status for answer in answers) == [201] * 3 + [409] * 12, [a.json for a in answers]
    assert count() == room
    # The other provider has room: it is refused only together with the one that has none.
    assert both.post("/v1/clients", {"name": "Theirs", "provider_ids": ["0008002"]}).status == 201
    settle(service)
