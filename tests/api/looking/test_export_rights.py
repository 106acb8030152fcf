"""Exports and the right to them: how long one goes on when that is gone, and what many at once take from others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.services.access import clients
from app.services.context import Service, operator, transact
from app.services.looking import completion_export, exports
from app.services.looking.slots import SLOTS
from app.store.looking import ids_in_order
from tests.api.access.test_provider_merges import merge
from tests.api.looking.test_downloads import end_client, end_grant, end_key, end_scope
from tests.builders.bodies import a_completion
from tests.harness.api import Api, api_of
from tests.harness.wire import Wire

PATH = "/v1/learner-completions"
ENDED = b"\r\n0\r\n\r\n"


@pytest.fixture
def vendor(http: TestClient, service: Service, api: Api, monkeypatch: pytest.MonkeyPatch) -> Api:
    """A vendor of a provider that has five completions, read one at a time."""
    for day in range(1, 6):
        assert api.report(a_completion(completed_on=f"2021-11-{day:02}", credits=1)).status == 201
    monkeypatch.setattr(completion_export, "AT_ONCE", 1)
    monkeypatch.setattr(ids_in_order, "FOUND_AT_ONCE", 2)
    made = api_of(http, service, "vendor", role="vendor")
    transact(operator(service), clients.grant, made.client_id, "0008001")
    return made


def by_key(vendor: Api) -> bytes:
    lines = (
        f"GET {PATH}:export?format=ndjson HTTP/1.1",
        f"Authorization: Bearer {vendor.key}",
        "PARS-Provider: 0008001",
    )
    return _request(*lines)


def by_link(vendor: Api) -> bytes:
    made = vendor.post("/v1/downloads", {"kind": "learner-completions", "format": "ndjson"}, PARS_Provider="0008001")
    return _request(f"GET {made.json['url']} HTTP/1.1")


def _request(*lines: str) -> bytes:
    return "\r\n".join((*lines, "Host: x", "Connection: close", "", "")).encode()


@pytest.mark.parametrize("ask", [by_key, by_link])
@pytest.mark.parametrize("take", [end_key, end_client, end_grant, end_scope])
def test_an_export_under_way_ends_with_the_right_to_it(
    wire: Wire,
    service: Service,
    vendor: Api,
    monkeypatch: pytest.MonkeyPatch,
    ask: Callable[[Api], bytes],
    take: Callable[[Service, Api], None],
) -> None:
    asked, write, taken = ask(vendor), exports._add, list[int]()
    whole = wire.exchange(by_key(vendor), closes=True)
    assert whole.endswith(ENDED) and whole.count(b'"completion_id"') > 10

    def add(*given: Any) -> Any:
        taken.append(1)
        if len(taken) == 2:
            take(service, vendor)
        return write(*given)

    monkeypatch.setattr(exports, "_add", add)
    cut = wire.exchange(asked, closes=True)
    assert cut.startswith(b"HTTP/1.1 200 ") and not cut.endswith(ENDED), "it looks like a whole answer"
    # One more was being read already.
    assert cut.count(b'"completion_id"') <= 3
    assert len(SLOTS) == 0


@pytest.mark.parametrize("piece", [1, 3])
def test_an_export_under_way_ends_when_its_provider_is_merged(
    wire: Wire, service: Service, vendor: Api, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    write, taken = exports._add, list[int]()

    def add(*given: Any) -> Any:
        taken.append(1)
        if len(taken) == piece:
            done.append(merge(service, into="0008002"))
        return write(*given)

    done: list[Any] = []
    monkeypatch.setattr(exports, "_add", add)
    cut = wire.exchange(by_key(vendor), closes=True)
    assert done
    assert cut.startswith(b"HTTP/1.1 200 ") and not cut.endswith(ENDED), "half of a list looks like all of it"
