"""Clients of the sandbox, and providers that are sandboxes: what is refused when they are made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.core.errors import OperatorFault
from app.services.access import clients
from app.services.context import Service, operator, transact
from tests.harness.api import api_of
from tests.harness.refusals import footprint

SHARED, OURS = "9999999", "0008001"


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"role": "board", "board": "ABA", "test": True}, "no test client"),
        ({"role": "operator", "scopes": ["operator"], "test": True}, "cannot have the scope"),
        ({"role": "provider", "provider_ids": [SHARED]}, "only test clients"),
        ({"role": "provider", "provider_ids": [OURS, "x"], "test": True}, "seven digits"),
    ],
)
def test_what_cannot_be_kept_apart_is_not_made(service: Service, given: Mapping[str, Any], why: str) -> None:
    before = footprint(service)
    with pytest.raises(OperatorFault, match=why):
        transact(operator(service), clients.create, "somebody", **given)
    assert footprint(service) == before


def test_sandboxes_cannot_be_granted_added_or_renamed_as_providers(http: TestClient, service: Service) -> None:
    vendor = api_of(http, service, "LMS", role="vendor")
    with pytest.raises(OperatorFault, match="only test clients"):
        transact(operator(service), clients.grant, vendor.client_id, SHARED)
    with pytest.raises(OperatorFault, match="id of a sandbox"):
        transact(operator(service), clients.add_provider, SHARED, "Accredited")
