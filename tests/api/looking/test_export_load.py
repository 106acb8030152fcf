"""What many exports, links and filters at once take from others."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.services.access.rates import RateLimits
from app.services.context import Service
from app.services.looking import slots
from app.services.looking.slots import SLOTS
from app.store.sql import statements
from tests.api.looking.test_downloads import PATH, follow, link
from tests.harness.api import Api
from tests.harness.clock import ManualSeconds
from tests.harness.refusals import assert_problem
from tests.harness.wire import at_once

EXPORT = "/v1/learner-completions:export"


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Slots of readers that stall: beside every export that is written, one more that takes what it did."""
    stalled: list[Any] = []
    take = SLOTS.take

    def twice(*whose: Any) -> Any:
        stalled.append(take(*whose))
        return take(*whose)

    with monkeypatch.context() as patched:
        patched.setattr(SLOTS, "take", twice)
        yield stalled
    for slot in stalled:
        slot.give_back()
    gc.collect()
    assert len(SLOTS) == 0


def test_clients_of_one_organisation_leave_room_for_others(api: Api, http: httpx.Client, held: list[Any]) -> None:
    made = [api.post("/v1/clients", {"name": f"Copy {number}"}) for number in range(slots.IN_ALL)]
    assert {one.status for one in made} == {201}
    copies = [Api(http, one.json["api_key"], one.json["client_id"]) for one in made]
    found = Counter(copy.get(EXPORT, format="csv").status for copy in copies)
    assert found.keys() == {200, 429}
    assert len(held) <= slots.OF_ONE_ORGANISATION < slots.IN_ALL / 2


@pytest.mark.parametrize(("name", "value"), [("status", "pending"), ("kind", "cme"), ("entry_method", "api")])
def test_a_value_that_is_sent_thousands_of_times_is_looked_for_once(
    api: Api, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    seen: list[int] = []
    monkeypatch.setattr(statements, "BEFORE_STATEMENT", [lambda sql: seen.append(len(sql))])
    made = api.post(PATH, {"kind": "learner-completions", "format": "csv", "query": {name: [value] * 3_000}})
    assert made.status == 201, made.json
    assert follow(api, made.json["url"]).status == 200
    for path in ("/v1/credit-lines", "/v1/activity-summaries", "/v1/learner-completions"):
        assert api.get(path, **{name: [value] * 500}).status == 200
    assert max(seen) < 10_000


def test_a_link_is_no_way_around_the_rate(api: Api, app: FastAPI, service: Service) -> None:
    url = link(api)
    figures = {"rate_client": 1, "rate_client_burst": 5}
    app.state.rates = RateLimits(service.settings.model_copy(update=figures), ManualSeconds())
    assert Counter(follow(api, url, "HEAD").status for _ in range(8)) == {200: 5, 429: 3}
    assert_problem(api.get("/v1/activities"), 429, "rate-limited")
    app.state.rates = RateLimits(service.settings.model_copy(update=figures), ManualSeconds())
    assert follow(api, url).status == 200, "a link that was refused was not used up"


def test_of_fifty_who_follow_a_link_at_once_one_has_the_file_and_no_slot_is_lost(api: Api) -> None:
    url = link(api)
    found = Counter(at_once([lambda: follow(api, url).status] * 50))
    assert found[200] == 1 and found.keys() <= {200, 410, 429}
    gc.collect()
    assert len(SLOTS) == 0
