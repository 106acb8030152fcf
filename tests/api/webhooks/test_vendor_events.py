"""What a vendor reads of all its providers through one cursor: theirs, in order, once, and of nobody else."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from app.core.http.pagination import MAX_LIMIT
from app.services.access import clients
from app.services.context import Service, operator, transact
from app.store import events as stored_events
from app.store.sql import statements
from tests.builders.bodies import a_completion
from tests.harness.api import Api, api_of, settle
from tests.harness.databases import ON_POSTGRESQL
from tests.harness.properties import examples
from tests.harness.refusals import assert_problem
from tests.recovery.test_late_and_restored import Late

OURS, THEIRS, THIRD = "0008001", "0008002", "0008003"


class World:
    """Three providers that report, each for an activity of its own, and a vendor of the first two."""

    def __init__(self, http: TestClient, service: Service) -> None:
        self.service = service
        self.reporters = {id: api_of(http, service, f"provider {id}", providers=[id]) for id in (OURS, THEIRS, THIRD)}
        self._activities = {
            id: reporter.register(title=f"Course of {id}").json["activity_id"]
            for id, reporter in self.reporters.items()
        }
        self._days = dict.fromkeys(self.reporters, 0)
        settle(service)
        self.vendor = api_of(http, service, "vendor", role="vendor", providers=[OURS, THEIRS])
        self.cursor: str = self.vendor.get("/v1/events", after="now").json["next_cursor"]

    def report(self, provider_id: str) -> str:
        """Report somebody for a provider; return the completion's id."""
        self._days[provider_id] += 1
        day = self._days[provider_id]
        body = a_completion(self._activities[provider_id], f"2021-{day // 28 + 2:02}-{day % 28 + 1:02}", credits=0.25)
        answer = self.reporters[provider_id].report(body)
        assert answer.status == 201, answer.json
        completion_id: str = answer.json["completion_id"]
        return completion_id

    def read(self, **parameters: Any) -> list[Any]:
        """Read on from the vendor's cursor, one page."""
        settle(self.service)
        answer = self.vendor.get("/v1/events", after=self.cursor, **parameters)
        assert answer.status == 200, answer.json
        self.cursor = answer.json["next_cursor"]
        data: list[Any] = answer.json["data"]
        return data

    def read_all(self, **parameters: Any) -> list[str]:
        """Read on until nothing is new; return the completions."""
        read = []
        while page := self.read(**parameters):
            read += [event["data"]["completion_id"] for event in page]
        return read

    def grant(self, provider_id: str) -> None:
        transact(operator(self.service), clients.grant, self.vendor.client_id, provider_id)

    def revoke(self, provider_id: str) -> None:
        transact(operator(self.service), clients.revoke, self.vendor.client_id, provider_id)


@pytest.fixture
def world(http: TestClient, service: Service) -> World:
    for provider_id in (THEIRS, THIRD):
        transact(operator(service), clients.add_provider, provider_id, f"Provider {provider_id}")
    return World(http, service)


def test_a_vendor_reads_all_its_providers_in_one_order_and_no_other(world: World) -> None:
    reported = [world.report(id) for id in (OURS, THEIRS, THIRD, THEIRS, THIRD, OURS)]
    read = world.read()
    assert [event["data"]["provider_id"] for event in read] == [OURS, THEIRS, THEIRS, OURS]
    assert [event["data"]["completion_id"] for event in read] == [reported[place] for place in (0, 1, 3, 5)]
    assert world.read() == []


def test_from_the_beginning_a_vendor_reads_what_each_of_its_providers_reads_alone(world: World) -> None:
    for id in (OURS, THEIRS, THIRD, OURS):
        world.report(id)
    settle(world.service)
    together = world.vendor.get("/v1/events", limit=MAX_LIMIT).json["data"]
    for id in (OURS, THEIRS):
        alone = world.reporters[id].get("/v1/events", limit=MAX_LIMIT).json["data"]
        assert [event for event in together if event["data"]["provider_id"] == id] == alone != []
        named = world.vendor.send("GET", f"/v1/events?limit={MAX_LIMIT}", headers={"PARS-Provider": id})
        assert named.json["data"] == alone
    assert {event["data"]["provider_id"] for event in together} == {OURS, THEIRS}


def test_pages_of_a_vendor_end_in_the_middle_of_a_provider_and_go_on_there(world: World) -> None:
    reported = [world.report(id) for id in (OURS, OURS, THEIRS, OURS, THEIRS, THEIRS, OURS)]
    assert world.read_all(limit=2) == reported


def test_a_page_of_very_many_providers_may_be_short_and_leaves_nothing_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_events, "MOST_LOOKED_AT", 4)
    reported = [world.report(id) for id in (OURS, OURS, OURS, THEIRS, OURS, THEIRS, OURS, THEIRS)]
    assert world.read_all() == reported


def test_a_revoked_grant_ends_the_events_of_its_provider_also_those_not_read_yet(world: World) -> None:
    world.report(THEIRS)
    kept = world.report(OURS)
    world.revoke(THEIRS)
    assert world.read_all() == [kept]
    world.report(THEIRS)
    assert world.read_all() == []
    assert THEIRS not in {event["data"]["provider_id"] for event in world.vendor.get("/v1/events").json["data"]}
    named = world.vendor.send("GET", "/v1/events", headers={"PARS-Provider": THEIRS})
    assert_problem(named, 403, "forbidden")


def test_a_new_grant_begins_with_what_is_after_the_cursor(world: World) -> None:
    world.report(THIRD)
    assert world.read_all() == []
    after = [world.report(THIRD)]
    world.grant(THIRD)
    after.append(world.report(THIRD))
    assert world.read_all() == after
    # What was before is read by the provider's name.
    named = world.vendor.send("GET", f"/v1/events?limit={MAX_LIMIT}", headers={"PARS-Provider": THIRD}).json["data"]
    assert len(named) == 3


def test_a_grant_given_again_brings_what_was_not_read(world: World) -> None:
    unread = [world.report(THEIRS)]
    world.revoke(THEIRS)
    unread.append(world.report(THEIRS))
    world.grant(THEIRS)
    assert world.read_all() == unread


def test_a_vendor_without_a_grant_reads_nothing_and_may_begin_there(http: TestClient, world: World) -> None:
    stranger = api_of(http, world.service, "stranger", role="vendor")
    world.report(OURS)
    settle(world.service)
    answer = stranger.get("/v1/events")
    assert answer.json["data"] == []
    transact(operator(world.service), clients.grant, stranger.client_id, OURS)
    mine = world.report(OURS)
    settle(world.service)
    (event,) = stranger.get("/v1/events", after=answer.json["next_cursor"]).json["data"]
    assert event["data"]["completion_id"] == mine


def test_cursors_of_others_and_of_one_provider_are_no_cursors_of_all(http: TestClient, world: World) -> None:
    other = api_of(http, world.service, "other vendor", role="vendor", providers=[OURS])
    assert_problem(other.get("/v1/events", after=world.cursor), 422, "parameter-invalid")
    named = world.vendor.send("GET", "/v1/events", headers={"PARS-Provider": OURS}).json["next_cursor"]
    assert_problem(world.vendor.get("/v1/events", after=named), 422, "parameter-invalid")


def test_now_is_a_cursor_after_everything(api: Api, world: World) -> None:
    world.report(OURS)
    settle(world.service)
    for client in (world.vendor, api):
        answer = client.get("/v1/events", after="now").json
        assert answer["data"] == []
        later = world.report(OURS)
        settle(world.service)
        (event,) = client.get("/v1/events", after=answer["next_cursor"]).json["data"]
        assert event["data"]["completion_id"] == later


def test_a_test_client_of_a_vendor_reads_the_sandbox_only(http: TestClient, world: World) -> None:
    tester = api_of(http, world.service, "tester", role="vendor", providers=[OURS], test=True)
    world.report(OURS)
    settle(world.service)
    assert OURS not in {event["data"]["provider_id"] for event in tester.get("/v1/events").json["data"]}


def test_a_client_of_several_providers_reads_them_through_one_cursor(http: TestClient, world: World) -> None:
    both = api_of(http, world.service, "both", providers=[OURS, THIRD])
    cursor = both.get("/v1/events", after="now").json["next_cursor"]
    for id in (THIRD, THEIRS, OURS):
        world.report(id)
    settle(world.service)
    page = both.get("/v1/events", after=cursor).json["data"]
    assert [event["data"]["provider_id"] for event in page] == [THIRD, OURS]


def test_a_vendors_cursor_from_a_future_that_was_undone_is_refused(world: World) -> None:
    world.report(THIRD)
    world.read()

    def forget(connection: Any) -> None:
        if statements.on_sqlite(connection):
            statements.execute(connection, "DROP TRIGGER events_no_delete")
        else:
            statements.execute(connection, "ALTER TABLE events DISABLE TRIGGER ALL")
        statements.execute(connection, "DELETE FROM events WHERE position = (SELECT max(position) FROM events)")

    world.service.database.write(forget)
    assert_problem(world.vendor.get("/v1/events", after=world.cursor), 410, "cursor-diverged")


# SQLite has one writer: nothing there commits after what began later.
@ON_POSTGRESQL
def test_what_commits_late_is_read_once_however_far_the_cursor_is(world: World) -> None:
    late = Late(world.service, a_completion())
    passed = [world.report(THEIRS), world.report(THEIRS)]
    assert world.read_all() == passed
    late.commit()
    (event,) = world.read()
    assert event["data"]["provider_id"] == OURS
    assert world.read_all() == []


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("report"), st.sampled_from([OURS, THEIRS, THIRD])),
        st.tuples(st.sampled_from(["grant", "revoke"]), st.sampled_from([OURS, THEIRS, THIRD])),
        st.tuples(st.just("read"), st.integers(1, 3).map(str)),
    ),
    max_size=14,
)


@examples(15)
@given(steps=STEPS)
def test_whatever_is_granted_and_revoked_a_vendor_reads_what_it_may_once_and_in_order(
    world: World, steps: list[tuple[str, str]]
) -> None:
    granted = {OURS, THEIRS}
    for id in (OURS, THEIRS):
        world.grant(id)
    happened: list[str] = []
    missed: set[str] = set()
    """What happened for a provider without a grant at a time when the vendor read: that may be passed."""
    read: list[str] = []
    provider_of: dict[str, str] = {}
    settle(world.service)
    world.cursor = world.vendor.get("/v1/events", after="now").json["next_cursor"]
    for verb, what in [*steps, *[("read", "500")] * 2]:
        if verb == "report":
            happened.append(world.report(what))
            provider_of[happened[-1]] = what
        elif verb == "grant":
            world.grant(what)
            granted.add(what)
        elif verb == "revoke" and what in granted:
            world.revoke(what)
            granted.discard(what)
        elif verb == "read":
            page = world.read(limit=int(what))
            assert {event["data"]["provider_id"] for event in page} <= granted
            read += [event["data"]["completion_id"] for event in page]
            missed |= {id for id in happened if provider_of[id] not in granted and id not in read}
    places = [happened.index(id) for id in read]
    assert places == sorted(set(places))
    assert set(happened) - set(read) <= missed
    for id in granted:
        world.revoke(id)
