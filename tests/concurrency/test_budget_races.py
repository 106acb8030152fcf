"""Many birth dates tried at the same moment: no more of them are answered than one after the other would be."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Connection

from app.core.clock import Clock
from app.domain.identity.budgets import PERSON_DATES, PERSON_WITHIN
from app.domain.identity.validations import ValidationRequest
from app.domain.parsing import MonthDay
from app.services.context import Service, Work, transact
from app.services.operations.startup import open_service
from app.services.registry import validations
from app.store.registry import budgets
from app.store.sql import statements
from tests.builders.bodies import a_completion
from tests.harness import doors
from tests.harness.api import Api, api_of
from tests.harness.databases import ON_POSTGRESQL
from tests.harness.doors import BORN, LICENSE, PERSON, Door, Guess
from tests.harness.submissions import sender
from tests.harness.wire import at_once

EVERY_DATE = [f"{month:02}/{day:02}" for month in range(1, 13) for day in range(1, 29)]


@pytest.fixture(autouse=True)
def registry_knows_ada(service: Service) -> None:
    doors.import_ada(service)


def tried(service: Service) -> int:
    """Return how many dates of Ada's were counted."""
    return len(statements_of(service, "SELECT person FROM identity_tries WHERE person NOT LIKE 'nobody%'"))


DOORS = [doors.validate, doors.preview, doors.report, doors.report_once]


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
def test_of_many_dates_at_once_five_are_counted_and_no_more_is_told(
    api: Api, http: TestClient, service: Service, door: Door
) -> None:
    stranger = api_of(http, service, "Stranger", providers=["0008002"])
    wrong = [partial(door, api, service, born) for born in EVERY_DATE if born != BORN][:48]
    guesses: list[Guess] = at_once(wrong)
    assert not any(guess.right for guess in guesses)
    assert tried(service) == PERSON_DATES
    assert not any(guess.right for guess in at_once([partial(doors.validate, stranger, service, BORN)] * 8))
    assert not any(guess.right for guess in at_once([partial(door, api, service, BORN)] * 8))


@ON_POSTGRESQL
def test_a_find_waits_for_the_dates_that_are_being_counted(api: Api, service: Service) -> None:
    """Else the right date, sent beside all others, would be answered while none of them is committed."""
    person = statements_of(service, "SELECT learner_id FROM learners WHERE last_name = 'Wonderly'")
    counting, asked = threading.Event(), threading.Event()

    def count_slowly(connection: Connection) -> None:
        budgets.lock(connection, person, ())
        counting.set()
        asked.wait(5)
        time.sleep(0.3)
        for number in range(PERSON_DATES):
            row = {"person": person[0], "date_digest": str(number), "client_id": "", "counted": False}
            budgets.add_tries(connection, [row | {"at": service.clock()}], service.clock() - PERSON_WITHIN)

    def asks() -> Guess:
        counting.wait(5)
        asked.set()
        return doors.validate(api, service, BORN)

    calls: list[Any] = [lambda: service.database.write(count_slowly), asks]
    _, guess = at_once(calls)
    assert not guess.right


def statements_of(service: Service, sql: str) -> list[str]:
    """Return the first column of a query."""
    return service.database.read(lambda connection: statements.fetch_column(connection, sql))


def test_one_bulk_request_of_every_date_finds_at_most_what_five_tries_find(api: Api, service: Service) -> None:
    def items(dates: list[str]) -> dict[str, object]:
        return {"items": [a_completion(**PERSON, born=born, **LICENSE, credits=0.25) for born in dates]}

    early = [*EVERY_DATE[:4], BORN]
    late = [date for date in EVERY_DATE if date not in early] + [BORN]
    assert len(late) < 500
    answer = api.post("/v1/learner-completions:bulk", items(late)).json
    assert answer["summary"]["created"] == 0
    assert tried(service) == PERSON_DATES


def test_the_order_of_items_decides_who_is_found(api: Api, service: Service) -> None:
    dates = [*EVERY_DATE[: PERSON_DATES - 1], BORN, *EVERY_DATE[PERSON_DATES:300]]
    bodies = [a_completion(**PERSON, born=born, **LICENSE, credits=0.25) for born in dates]
    answer = api.post("/v1/learner-completions:bulk", {"items": bodies}).json
    assert [item["status"] for item in answer["items"]].index(201) == PERSON_DATES - 1
    assert answer["summary"]["created"] == 1


@pytest.fixture
def second(service: Service, clock: Clock) -> Iterator[Service]:
    """Another process of the same installation, as far as the database can tell."""
    other = open_service(service.settings, at=clock, migrate=False)
    yield other
    other.database.close()


def ask(running: Service, month: int, day: int) -> str:
    """Return what a process answers to a birth date of Ada's."""
    request = ValidationRequest(
        first_name="Ada", last_name="Wonderly", birth_date=MonthDay(month, day), state="TN", license_id="555001"
    )

    def validate(work: Work) -> str:
        (answer,) = validations.validate_each([work], [request])
        return answer.result.value

    return transact(sender(running, "0008001"), validate)


@ON_POSTGRESQL
def test_two_processes_count_the_same_dates(api: Api, service: Service, second: Service) -> None:
    calls = [partial(ask, running, 7, day) for day in range(1, 11) for running in (service, second)]
    assert set(at_once(calls)) == {"none"}
    assert tried(service) == PERSON_DATES
    assert set(at_once([partial(ask, running, 6, 15) for running in (service, second)] * 4)) == {"none"}
