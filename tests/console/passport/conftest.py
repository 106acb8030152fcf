"""A physician at their pages, and the provider that reported them."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from app.services.context import Service
from tests.harness.api import Api, api_of
from tests.harness.console import physicians
from tests.harness.console.windows import Window


@pytest.fixture
def physician(window: Window, service: Service) -> Window:
    """The window of the slides' physician."""
    return physicians.enter(window, service)


@pytest.fixture
def provider(http: TestClient, service: Service) -> Api:
    """A client of the provider that reported the physician's points."""
    return api_of(http, service, "Reporter", providers=["0008002"])
