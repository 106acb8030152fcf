"""The public search over activities of two providers, brought up to date before each search."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.services.access import clients
from app.services.context import Service, operator, transact
from tests.harness.api import Api, api_of
from tests.harness.passport.listed import ByHand, build

PATH = "/v1/passport/activities"


@pytest.fixture
def joint(http: TestClient, service: Service) -> Api:
    """A jointly accredited provider's client."""
    transact(operator(service), clients.add_provider, "0008003", "Interprofessional Académie", joint=True)
    return api_of(http, service, "Interprofessional", providers=["0008003"])


@pytest.fixture
def at_once(app: FastAPI) -> None:
    """Each search looks for what has changed."""
    app.state.listed_activities.refresh_seconds = 0


@pytest.fixture
def by_hand(api: Api, joint: Api, service: Service, at_once: None) -> ByHand:
    """Thirty activities beside those of the demo world, and a plain program that knows all of them."""
    found = build([api, joint])
    for one in (api, api_of(api.http, service, "AAA", providers=["0008002"])):
        found |= {
            row["activity_id"]: row for row in one.get("/v1/activities", limit=500).json["data"] if is_listed(row)
        }
    names = {"0008001": ("Western Regional Medical Center", False), "0008002": ("AAA Test Organization", False)}
    boards = {board.name: code for code, board in service.catalogue.boards.items()}
    return ByHand(found, {**names, "0008003": ("Interprofessional Académie", True)}, boards, service.clock().date())


def is_listed(row: dict[str, Any]) -> bool:
    return row["status"] in ("active", "ready-to-close") and bool((row["listing"] or {}).get("public"))


@pytest.fixture
def run(running_app: TestClient) -> Callable[..., Any]:
    """Runs a function of the service in the application's event loop, and returns its result."""
    portal = running_app.portal
    assert portal is not None
    return lambda function, *given: portal.call(partial(function, *given))
