"""Orders, totals and cursors of lists: pages hold every row once, in the order asked for, also while rows change."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from itertools import product
from operator import itemgetter
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from app.domain.identity.comparison_keys import full_name_key, name_key
from app.schemas.queries import ActivityQuery, CompletionQuery
from app.services.context import Service
from app.store.activity_lists import SORTS as ACTIVITY_SORTS
from app.store.completion_lists import SORTS, CompletionFilter
from app.store.completion_lists import page as page_of_completions
from app.store.lists import keyset_pages
from app.store.sql import statements
from tests.builders.bodies import GRAND_ROUNDS, a_completion
from tests.harness.api import Api, api_of
from tests.harness.clock import ManualClock
from tests.harness.databases import ON_SQLITE
from tests.harness.properties import examples
from tests.harness.refusals import assert_problem

COMPLETIONS, ACTIVITIES = "/v1/learner-completions", "/v1/activities"
PEOPLE = {
    "Rebecca": {"first_name": "Rebecca", "last_name": "Test", "born": "02/01", "state": "TN", "license_id": "444444"},
    "John": {"first_name": "JOHN", "last_name": "Smith", "born": "03/17", "state": "TN", "license_id": "12345"},
    "Joe": {"first_name": "Joe", "last_name": "Accme", "born": "01/01", "state": "CA", "license_id": "94412289"},
}
COMPLETION_SORTS = ["completed_on", "submitted_at", "updated_at", "last_name", "first_name", "activity_id"]
EVERY_ORDER = [
    None, *(sign + key for key in COMPLETION_SORTS for sign in ("", "-")), "-completed_on,last_name",
    "last_name,-first_name,completed_on", "-activity_id,-completed_on", "submitted_at,-activity_id",
]  # fmt: skip
BOTH = (False, True)


@dataclass
class Stand:
    """Completions as the test knows them: what stands, with the values it is ordered and narrowed by."""

    api: Api
    clock: ManualClock
    activities: list[str]
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    occasions: int = 0

    def add(self, who: str, day: int, activity: int, later: int) -> None:
        self.clock.now += timedelta(seconds=later)
        self.occasions += 1
        person = PEOPLE[who]
        body = a_completion(
            self.activities[activity], f"2021-06-{day:02}", credits=1, occasion=self.occasions, **person
        )
        made = self.api.report(body)
        assert made.status == 201, made.json
        last_key, first_key = full_name_key(person["first_name"], person["last_name"])
        self.rows[made.json["completion_id"]] = {
            "completed_on": date(2021, 6, day), "submitted_at": self.clock.now, "updated_at": self.clock.now,
            "last_name": last_key, "first_name": first_key, "activity_id": self.activities[activity],
            "state": person["state"],
        }  # fmt: skip

    def withdraw(self, pick: int) -> None:
        if self.rows:
            gone = sorted(self.rows)[pick % len(self.rows)]
            assert self.api.delete(f"{COMPLETIONS}/{gone}").status == 204
            del self.rows[gone]


@pytest.fixture
def stand(api: Api, clock: ManualClock) -> Stand:
    return Stand(api, clock, sorted(api.register(format="journal-cme").json["activity_id"] for _ in range(3)))


def first_of(pair: tuple[Any, str]) -> Any:
    return pair[0]


def sorted_by(rows: dict[str, dict[str, Any]], sort: str | None) -> list[str]:
    """Order ids as the service should, key after key, the id in the direction of the last."""
    keys = (sort or "").split(",") if sort else ["-completion_id"]
    if [key.lstrip("-") for key in keys] == ["last_name"]:
        keys.append(keys[0].replace("last", "first"))
    found = sorted(rows, reverse=keys[-1].startswith("-"))
    for key in reversed(keys if sort else []):
        name, down = key.lstrip("-"), key.startswith("-")
        found = [key for _, key in sorted(((rows[key][name], key) for key in found), key=first_of, reverse=down)]
    return found


def walk(api: Api, path: str = COMPLETIONS, identity: str = "completion_id", **query: Any) -> list[str]:
    answer = api.get(path, **query)
    found = []
    while True:
        assert answer.status == 200, answer.json
        found += [completion[identity] for completion in answer.json["data"]]
        if (cursor := answer.json["next_cursor"]) is None:
            return found
        answer = api.get(path, limit=query.get("limit", 50), cursor=cursor)


def test_every_order_is_kept_from_page_to_page(stand: Stand) -> None:
    for number in range(24):
        stand.add(tuple(PEOPLE)[number % 3], number % 4 + 1, number % 2, number % 5)
    for sort in EVERY_ORDER:
        expected = sorted_by(stand.rows, sort)
        query = {"sort": sort} if sort else {}
        for limit in (1, 5, 24):
            assert walk(stand.api, limit=limit, activity_id=stand.activities, **query) == expected, sort
        assert walk(stand.api, limit=7, state="TN", activity_id=stand.activities, **query) == [
            key for key in expected if stand.rows[key]["state"] == "TN"
        ], sort


def test_activities_come_in_every_order(api: Api, clock: ManualClock) -> None:
    for number in range(9):
        clock.now += timedelta(seconds=number % 2)
        title = ("bees", "Ants", "Cats")[number % 3]
        api.register(title=title, start_date=f"2021-01-{number % 4 + 1:02}", end_date=f"2021-02-{number % 2 + 1:02}")
    every = api.get(ACTIVITIES, limit=500).json["data"]
    for name, down in product(("title", "start_date", "end_date", "updated_at", "created_at", "activity_id"), BOTH):
        sort = f"-{name}" if down else name
        by_id = sorted(every, key=itemgetter("activity_id"), reverse=down)
        expected = sorted(by_id, key=partial(lower_of, name), reverse=down)
        assert walk(api, ACTIVITIES, "activity_id", limit=4, sort=sort) == [
            activity["activity_id"] for activity in expected
        ], sort
        assert walk(api, ACTIVITIES, "activity_id", limit=4, sort=f"{sort},-title" if name != "title" else sort)


def lower_of(name: str, activity: dict[str, Any]) -> str:
    text: str = activity[name]
    return text.lower()


OPERATIONS = st.one_of(
    st.tuples(st.just("add"), st.sampled_from(tuple(PEOPLE)), st.integers(1, 4), st.integers(0, 2), st.integers(0, 2)),
    st.tuples(st.just("withdraw"), st.integers(0, 1000)),
)
FILTERS: dict[str, tuple[dict[str, Any], Any]] = {
    "all": ({}, lambda row: True),
    "of a state": ({"state": "TN"}, lambda row: row["state"] == "TN"),
    "named": ({"last_name": "smith"}, lambda row: row["last_name"] == "smith"),
    "named so far": ({"q": "j"}, lambda row: row["first_name"].startswith("j")),
    "of some days": (
        {"completed_from": "2021-06-02", "completed_to": "2021-06-03"}, lambda row: row["completed_on"].day in (2, 3)
    ),
    "of a state, on days": (
        {"kind": "cme", "board": "CA-M", "completed_from": "2021-06-02"},
        lambda row: row["state"] == "CA" and row["completed_on"].day >= 2,
    ),
}  # fmt: skip
ORDERS = st.lists(
    st.tuples(st.booleans(), st.sampled_from(COMPLETION_SORTS)), max_size=3, unique_by=lambda key: key[1]
).map(lambda keys: ",".join(("-" if down else "") + name for down, name in keys) or None)
WAYS = st.sampled_from(
    [(4, 5_000, 1, 9), (0.1, 10**9, 1, 9), (0.1, -1, 10**9, 9), (1, -1, 0, 10**9), (0.1, -1, 0, 1), (1, 3, 2, 4)]
)
"""First step, what is few, what a row walked is worth, and when to leap: few rows go every way to a page."""


@examples(12)
@given(
    before=st.lists(OPERATIONS, min_size=3, max_size=12),
    meanwhile=st.lists(st.lists(OPERATIONS, max_size=2), min_size=1, max_size=20),
    named=st.sampled_from(tuple(FILTERS)),
    sort=ORDERS,
    limit=st.integers(1, 7),
    way=WAYS,
)
def test_what_stands_throughout_a_walk_is_visited_once_and_in_order(
    stand: Stand,
    before: list[Any],
    meanwhile: list[list[Any]],
    named: str,
    sort: str | None,
    limit: int,
    way: tuple[float, int, int, int],
) -> None:
    def happen(operations: list[Any]) -> None:
        for verb, *how in operations:
            getattr(stand, verb)(*how)

    asked, fits = FILTERS[named]
    happen(before)
    at_first, known = dict(stand.rows), dict(stand.rows)
    query = asked | ({"sort": sort} if sort else {}) | {"limit": limit, "activity_id": stand.activities}
    visited: list[str] = []
    turns = iter(meanwhile)
    with pytest.MonkeyPatch.context() as patched:
        for name, value in zip(("FIRST_STEP", "FEW", "WORTH", "LEAP_AFTER"), way, strict=True):
            patched.setattr(keyset_pages, name, value)
        answer = stand.api.get(COMPLETIONS, **query)
        while True:
            assert answer.status == 200, answer.json
            assert len(answer.json["data"]) <= limit
            visited += [completion["completion_id"] for completion in answer.json["data"]]
            if (cursor := answer.json["next_cursor"]) is None:
                break
            happen(next(turns, []))
            known |= stand.rows
            answer = stand.api.get(COMPLETIONS, limit=limit, cursor=cursor)
    throughout = {key for key, row in at_first.items() if key in stand.rows and fits(row)}
    assert len(visited) == len(set(visited))
    assert throughout <= set(visited) <= {key for key, row in known.items() if fits(row)}
    assert visited == sorted_by({key: known[key] for key in visited}, sort)


def test_a_total_is_counted_when_it_is_asked_for(stand: Stand) -> None:
    for number in range(5):
        stand.add("Joe" if number % 2 else "John", number + 1, 0, 1)
    plain = stand.api.get(COMPLETIONS, activity_id=stand.activities).json
    assert (plain["total"], plain["total_capped"]) == (None, None)
    for query, total in (({}, 5), ({"state": "CA"}, 2), ({"last_name": "smith"}, 3), ({"q": "nobody"}, 0)):
        page = stand.api.get(COMPLETIONS, activity_id=stand.activities, include="total", limit=1, **query).json
        assert (page["total"], page["total_capped"]) == (total, False), query
    held = stand.api.get(ACTIVITIES, limit=500, activity_format="journal-cme").json["data"]
    activities = stand.api.get(ACTIVITIES, include="total", limit=1, activity_format="journal-cme").json
    assert (activities["total"], activities["total_capped"]) == (len(held), False)
    assert len(held) >= 3


@pytest.mark.parametrize("few", [-1, 5_000])
def test_a_total_stops_at_its_cap(stand: Stand, monkeypatch: pytest.MonkeyPatch, few: int) -> None:
    for number in range(7):
        stand.add("Joe" if number % 2 else "John", number % 3 + 1, 0, 1)
    stand.withdraw(0)
    monkeypatch.setattr(keyset_pages, "FEW", few)
    for most, told in ((5, (5, True)), (6, (6, False)), (7, (6, False))):
        monkeypatch.setattr(keyset_pages, "MOST_COUNTED", most)
        for query in ({}, {"kind": "cme"}, {"completed_to": "2021-06-30"}, {"state": ["TN", "CA"]}):
            page = stand.api.get(COMPLETIONS, activity_id=stand.activities, include="total", **query).json
            assert (page["total"], page["total_capped"]) == told, (most, query)


def test_the_link_goes_on_with_what_the_page_includes(stand: Stand) -> None:
    for day in range(1, 6):
        stand.add("John", day, 0, 1)
    answer = stand.api.get(COMPLETIONS, limit=2, include="total", sort="completed_on", activity_id=stand.activities)
    found = answer.json["data"]
    while link := answer.response.headers.get("link"):
        assert "sort" not in link and "activity" not in link
        answer = stand.api.send("GET", link.partition(">")[0].lstrip("<"))
        assert answer.json["total"] == 5
        found += answer.json["data"]
    assert [completion["completed_on"] for completion in found] == [f"2021-06-{day:02}" for day in range(1, 6)]


@pytest.mark.parametrize(
    ("path", "known"),
    [(COMPLETIONS, COMPLETION_SORTS), (ACTIVITIES, ["title", "start_date", "end_date", "updated_at", "created_at"])],
)
@ON_SQLITE
def test_an_order_that_cannot_be_names_those_that_can(api: Api, path: str, known: list[str]) -> None:
    for sort in (
        "", "name", "-", "title,title", "-activity_id,activity_id", "activity_id desc", "--title", "activity_id,",
        "learner_id", "TITLE",
    ):  # fmt: skip
        answer = api.get(path, sort=sort)
        assert_problem(answer, 422, "parameter-invalid")
        (item,) = answer.json["errors"]
        assert item["parameter"] == "sort"
        assert all(name in item["detail"] for name in known)


def test_a_cursor_belongs_to_its_order(api: Api, stand: Stand, http: TestClient, service: Service) -> None:
    for day in range(1, 4):
        stand.add("John", day, 0, 1)
    cursor = api.get(COMPLETIONS, limit=1, sort="-completed_on", q="john").json["next_cursor"]
    for query in ({"sort": "completed_on"}, {"sort": "-completed_on"}, {"q": "john"},
                  {"sort": "-completed_on", "q": "x"},
                  {"sort": "-completed_on", "q": "john", "mips": "false"}):  # fmt: skip
        assert_problem(api.get(COMPLETIONS, cursor=cursor, **query), 422, "parameter-invalid")
    assert_problem(api.get(ACTIVITIES, cursor=cursor), 422, "parameter-invalid")
    twin = api_of(http, service, "twin", providers=["0008001"])
    assert_problem(twin.get(COMPLETIONS, cursor=cursor), 422, "parameter-invalid")
    for query in ({}, {"sort": "-completed_on", "q": "john"}, {"include": "total"}, {"limit": 2}):
        page = api.get(COMPLETIONS, cursor=cursor, **query)
        assert page.status == 200
        assert page.json["data"][0]["completed_on"] == "2021-06-02"


def test_no_single_order_is_sorted_anew_on_sqlite(service: Service) -> None:
    if not service.database.on_sqlite:
        pytest.skip("the plan of a handful of rows says nothing there")
    plans: list[str] = []

    def explained(connection: Any, after: Any, key: str) -> None:
        asked: list[str] = []
        statements.BEFORE_STATEMENT.append(asked.append)
        try:
            wanted = CompletionFilter(provider_id="0008001", query=CompletionQuery(sort=key))
            page_of_completions(connection, wanted, after, 10)
        finally:
            statements.BEFORE_STATEMENT.remove(asked.append)
        statement = next(query for query in asked if "ORDER BY" in query)
        given = {"provider": "x", "rows": 1, "after0": "x", "after1": "x", "after2": "x"}
        plans.extend(row[-1] for row in statements.fetch(connection, f"EXPLAIN QUERY PLAN {statement}", given))

    for name, column in SORTS.items():
        value = {str: "a", date: "2021-01-01"}.get(column.kind, "2021-01-01T00:00:00Z")
        after = [value, "a", "a"] if name == "last_name" else [value, "a"]
        for place in (None, after):
            for down in (False, True):
                service.database.read(lambda c, p=place, n=name, d=down: explained(c, p, ("-" if d else "") + n))
    assert len(plans) == 24
    assert all("USING INDEX" in plan or "USING COVERING INDEX" in plan for plan in plans), plans


def test_names_are_ordered_as_they_are_compared(stand: Stand) -> None:
    assert name_key("JOHN") < name_key("Rebecca")
    for who in ("Rebecca", "John", "Joe"):
        stand.add(who, 1, 0, 0)
    listed = stand.api.completions(sort="first_name", activity_id=stand.activities)
    assert [completion["learner"]["first_name"] for completion in listed] == ["Joe", "JOHN", "Rebecca"]
    assert GRAND_ROUNDS not in stand.activities


def test_the_orders_that_a_query_names_are_those_that_the_store_has() -> None:
    assert set(CompletionQuery.sort_names) == set(SORTS)
    assert set(ActivityQuery.sort_names) == set(ACTIVITY_SORTS)
