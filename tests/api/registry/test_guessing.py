"""The attack: every date of the year tried on many people for thirty days, by many keys, at every door; and what the
budgets cost those who are honest.
"""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.domain.identity.budgets import PERSON_DATES
from app.services.access import clients
from app.services.context import Service, operator, transact
from tests.builders.bodies import a_completion
from tests.builders.people import import_people
from tests.builders.sent_files import lines
from tests.harness.api import Api, api_of
from tests.harness.clock import ManualClock
from tests.harness.doors import far_name
from tests.harness.properties import TIMES
from tests.harness.uploads import worked

DATABASES = ["sqlite"]

DAYS_OF_MONTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
YEAR = [f"{month:02}/{day:02}" for month, days in enumerate(DAYS_OF_MONTHS, 1) for day in range(1, days + 1)]
PEOPLE, EVERY = (61, 6) if TIMES > 1 else (12, 6)
"""So many people; the first is born on the first date that is tried on them, the second on the seventh, and so on."""
KEYS = 10
DAYS, A_DAY = (29, 13) if TIMES > 1 else (6, 13)
"""Days on which dates are tried on each of them: within thirty days, all; in the suite, those that find the twelve."""


def near(born: str) -> list[str]:
    """Return dates that differ from one by a digit, two digits, or by day and month exchanged."""
    digits = born.replace("/", "")
    changed = {digits[:place] + digit + digits[place + 1 :] for place in range(4) for digit in "0123456789"}
    twice = {one[:3] + digit for one in changed for digit in "0123456789"}
    written = {f"{one[:2]}/{one[2:]}" for one in {*changed, *twice, digits[2:] + digits[:2]}}
    return sorted(written & set(YEAR) - {born})


def orders(seed: int) -> list[list[str]]:
    """Return for each person all dates in the order in which they are tried; dates near the right one come early."""
    draw = random.Random(seed)
    tried = []
    for number in range(PEOPLE):
        born = draw.choice(YEAR)
        close = near(born)
        draw.shuffle(close)
        rest = sorted(set(YEAR) - {born, *close})
        draw.shuffle(rest)
        others = close + rest
        tried.append([*others[: number * EVERY], born, *others[number * EVERY :]])
    return tried


@pytest.fixture
def keys(http: TestClient, service: Service) -> list[Api]:
    """Return clients of several providers, each of which has an activity."""
    made = []
    for number in range(KEYS):
        provider = f"00090{number % 5:02}"
        transact(operator(service), clients.add_provider, provider, f"Provider {provider}")
        made.append(api_of(http, service, f"Key {number}", providers=[provider]))
    return made


def validated(api: Api, service: Service, guesses: list[tuple[int, str]]) -> set[int]:
    """Try dates by a file of validations; return the people whose date was found out."""
    sent = [{"first_name": "Max", "last_name": far_name(number), "date_of_birth": born} for number, born in guesses]
    batch = worked(api, service, lines(sent), "learner-validations", at_once=500)
    return {guesses[row["number"] - 1][0] for row in _rows(api, batch) if row["outcome"] == "one"}


def rehearsed(api: Api, service: Service, guesses: list[tuple[int, str]]) -> set[int]:
    """Try dates by a dry run of completions."""
    activity = api.register().json["activity_id"]
    batch = worked(api, service, lines(_bodies(activity, guesses)), dry_run=True)
    return {guesses[row["number"] - 1][0] for row in _rows(api, batch) if row["outcome"] == "added"}


def reported(api: Api, service: Service, guesses: list[tuple[int, str]]) -> set[int]:
    """Try dates by bulk requests."""
    activity = api.register().json["activity_id"]
    found: set[int] = set()
    for start in range(0, len(guesses), 500):
        some = guesses[start : start + 500]
        answer = api.post("/v1/learner-completions:bulk", {"items": _bodies(activity, some)}).json
        found |= {some[item["index"]][0] for item in answer["items"] if item["status"] == 201}
    return found


def one_by_one(api: Api, service: Service, guesses: list[tuple[int, str]]) -> set[int]:
    """Try dates by single validations and previews."""
    activity = api.register().json["activity_id"]
    found: set[int] = set()
    for (number, born), body in zip(guesses, _bodies(activity, guesses), strict=True):
        if number % 2:
            preview = api.post("/v1/learner-completions:preview", body).json
            right = preview["outcome"] != "rejected"
        else:
            learner = {"first_name": "Max", "last_name": far_name(number), "date_of_birth": born}
            right = api.post("/v1/learner-validations", learner).json["result"] == "one"
        if right:
            found.add(number)
    return found


def _bodies(activity: str, guesses: list[tuple[int, str]]) -> list[dict[str, Any]]:
    return [
        a_completion(activity, "2021-06-01", first_name="Max", last_name=far_name(number), born=born, license_id=None)
        for number, born in guesses
    ]


def _rows(api: Api, batch: Any) -> list[Any]:
    rows, cursor = [], None
    while True:
        given = {"limit": 500} | ({"cursor": cursor} if cursor else {})
        page = api.get(f"/v1/batches/{batch['batch_id']}/rows", **given).json
        rows += page["data"]
        cursor = page["next_cursor"]
        if cursor is None:
            return rows


WAYS = [reported, validated, rehearsed]


def test_in_thirty_days_at_most_two_percent_of_the_dates_are_found_out(
    service: Service, clock: ManualClock, keys: list[Api]
) -> None:
    tried = orders(seed=1)
    people = [
        {"first_name": "Max", "last_name": far_name(number), "date_of_birth": tried[number][number * EVERY],
         "licenses": f"TN-M:8{number:05}"}
        for number in range(PEOPLE)
    ]  # fmt: skip
    assert import_people(service, *people).refused == []
    learned: set[int] = set()
    for day in range(DAYS):
        dates = [
            (number, born)
            for born_at in range(day * A_DAY, (day + 1) * A_DAY)
            for number in range(PEOPLE)
            for born in tried[number][born_at : born_at + 1]
        ]
        learned |= WAYS[day % len(WAYS)](keys[day % KEYS], service, dates)
        few = dates[: 2 * PEOPLE : 7]
        learned |= one_by_one(keys[(day + 1) % KEYS], service, few)
        clock.now += timedelta(days=1)
    # The first date is everybody's to try, and so are four more; the next of those looked for is the seventh.
    assert learned == {0}


@pytest.mark.parametrize("seed", range(3))
def test_a_hundred_namesakes_of_one_state_reported_in_a_day_are_all_found(
    service: Service, keys: list[Api], seed: int
) -> None:
    draw = random.Random(seed)
    dates = draw.sample(YEAR, 100)
    smiths = [
        {"first_name": "John", "last_name": "Smithson", "date_of_birth": born, "licenses": f"TN-M:7{number:05}"}
        for number, born in enumerate(dates)
    ]
    assert import_people(service, *smiths).refused == []
    mistyped = dict.fromkeys(draw.sample(range(100), 3), "")
    free = sorted(set(YEAR) - set(dates))
    # The worst case: those that are mistyped come first, and hardly anybody gives a licence.
    order = sorted(range(100), key=lambda number: number not in mistyped)
    for place, number in enumerate(order):
        api = keys[place % 4]
        activity = api.register().json["activity_id"]
        born = draw.choice(free) if number in mistyped else dates[number]
        license_id = f"7{number:05}" if place % 10 == 9 else None
        body = a_completion(
            activity, "2021-06-01", first_name="John", last_name="Smithson", born=born, license_id=license_id
        )
        assert api.report(body).status == (422 if number in mistyped else 201)
    assert len(mistyped) < PERSON_DATES
