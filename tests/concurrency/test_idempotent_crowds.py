"""Crowds that send the same under the same keys: a record for each key, one answer for all who asked under it.

`make drill-crowd` does the same with 200 keys, 50 senders and kills in between.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial

import httpx
import pytest
from fastapi import FastAPI

from app.services.access.rates import RateLimits
from app.services.context import Service
from tests.builders.bodies import GRAND_ROUNDS, a_completion
from tests.harness.api import Answer, Api, api_of
from tests.harness.clock import ManualSeconds
from tests.harness.wire import Wire, at_once

KEYS, SENDERS = 2, 50
pytestmark = pytest.mark.usefixtures("proven")


@pytest.fixture
def clients(wire: Wire, service: Service) -> Iterator[list[Api]]:
    """Two clients of one provider, over connections of their own."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    with httpx.Client(base_url=f"http://127.0.0.1:{wire.port}", limits=limits, timeout=60) as http:
        yield [api_of(http, service, name, providers=["0008001"]) for name in ("one", "other")]


def replayed(answer: Answer) -> bool:
    return answer.response.headers.get("idempotency-replayed") == "true"


def days(number: int) -> list[str]:
    return [f"2021-11-{day:02}" for day in range(1, number + 1)]


def test_a_crowd_makes_one_record_for_each_key(clients: list[Api]) -> None:
    bodies = {day: a_completion(completed_on=day, credits=1) for day in days(KEYS)}
    sends = [partial(clients[0].report, body, Idempotency_Key=day) for day, body in bodies.items()]
    answers = at_once(sends * SENDERS)
    assert {answer.status for answer in answers} == {201}
    assert sum(not replayed(answer) for answer in answers) == KEYS
    for place, day in enumerate(bodies):
        assert {answer.json["completed_on"] for answer in answers[place::KEYS]} == {day}
        assert len({answer.response.content for answer in answers[place::KEYS]}) == 1
    made = {answer.json["completion_id"] for answer in answers}
    standing = {completion["completion_id"] for completion in clients[0].completions(activity_id=GRAND_ROUNDS)}
    assert len(made) == KEYS and made == standing


def test_a_crowd_of_two_clients_has_an_answer_for_each_and_one_record(clients: list[Api]) -> None:
    sends = [partial(client.report, a_completion(), Idempotency_Key="k") for client in clients]
    answers = at_once(sends * 25)
    of_each = [answers[place::2] for place in range(2)]
    assert sorted({answer.status for answer in given}.pop() for given in of_each) == [200, 201]
    assert [sum(not replayed(answer) for answer in given) for given in of_each] == [1, 1]
    assert [len({answer.response.content for answer in given}) for given in of_each] == [1, 1]
    assert len({answer.json["completion_id"] for answer in answers}) == 1


def test_a_crowd_that_is_over_its_rate_comes_back_and_makes_one_record_for_each_key(
    app: FastAPI, clients: list[Api], service: Service
) -> None:
    figures = {"rate_client": 100, "rate_client_burst": 20}
    app.state.rates = RateLimits(service.settings.model_copy(update=figures), ManualSeconds())
    bodies = {day: a_completion(completed_on=day, credits=1) for day in days(KEYS)}
    sends = {day: partial(clients[0].report, body, Idempotency_Key=day) for day, body in bodies.items()}
    first = at_once(list(sends.values()) * 15)
    assert Counter(answer.status for answer in first) == {201: 20, 429: 10}
    refused = [answer for answer in first if answer.status == 429]
    assert all(int(answer.response.headers["retry-after"]) >= 1 for answer in refused)
    app.state.rates = RateLimits(service.settings)
    again = at_once(list(sends.values()) * 15)
    answers = [answer for answer in (*first, *again) if answer.status != 429]
    assert {answer.status for answer in answers} == {201}
    assert sum(not replayed(answer) for answer in answers) == KEYS
    assert len({answer.json["completion_id"] for answer in answers}) == KEYS
