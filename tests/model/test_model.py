"""Any sequence of what users do, by every door, with faults, restarts and restores, against the plain model.

`make drill-model` runs it for longer. A sequence that fails is printed as a program of its steps.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from app.services.access import clients
from app.services.context import operator, transact
from app.simulator.view import View
from app.store.sql import statements
from tests.builders.people import import_people
from tests.harness.api import Api, api_of, settle
from tests.harness.board_views import decide, live, replayed
from tests.harness.crashes.kept import KeptInstallation
from tests.harness.properties import TIMES
from tests.harness.simulated_boards import facts, read_on, standing
from tests.model.doors import (
    COMPLETIONS,
    DOORS,
    PROVIDER,
    REQUESTS,
    Broken,
    ForProvider,
    Plug,
    listed,
    outcome_of,
    record_of,
    row_of,
)
from tests.model.plain import ABA, CME, Told, World

BOARDS = (CME, ABA)
MAXIMA = {CME: 3.0, ABA: 2.0}
NOWHERE = "999999999"
STATEMENTS = 40
"""More than a request has."""


class ServiceMachine(RuleBasedStateMachine):
    """The service beside the model. Each rule does one thing to both, and what both say of it must agree."""

    def __init__(self, installation: KeptInstallation) -> None:
        super().__init__()
        self.installation = installation
        installation.put_back("initial")
        self.world, self.kept = World(), World()
        self.keys: dict[str, tuple[Told, str, Any]] = {}
        self.kept_keys: dict[str, tuple[Told, str, Any]] = {}
        self.has_copy = False
        self.plug = Plug()
        statements.BEFORE_STATEMENT.append(self.plug)
        self.views = {board: View() for board in BOARDS}
        self.open()
        self.api = api_of(self.http, self.service, "Western Regional", providers=[PROVIDER])
        vendor = api_of(self.http, self.service, "A vendor", role="vendor", providers=[PROVIDER])
        self.vendor = ForProvider(self.http, vendor.key, vendor.client_id)
        self.boards = {code: api_of(self.http, self.service, code, role="board", board=code) for code in BOARDS}
        self.granted = True
        for person in ("Ada", "Ben"):
            self.put_on_file(person)

    def open(self) -> None:
        self.stack = ExitStack()
        self.service, self.http = self.stack.enter_context(self.installation.running())

    def reopen(self) -> None:
        """Open it again; everybody goes on with their keys."""
        self.open()
        self.api = Api(self.http, self.api.key, self.api.client_id)
        self.vendor = ForProvider(self.http, self.vendor.key, self.vendor.client_id)
        self.boards = {code: Api(self.http, board.key, board.client_id) for code, board in self.boards.items()}

    def put_on_file(self, person: str) -> None:
        counts = import_people(self.service, row_of(person))
        assert counts.refused == [], counts.refused
        self.world.people.add(person)

    def told(self, data: st.DataObject, *, whole: bool = True) -> Told:
        """Draw a record, of an activity that there is or, at times, of none."""
        activities = [*self.world.maxima, *self.world.maxima, NOWHERE]
        person = data.draw(st.sampled_from(("Ada", "Ada", "Ben", "Cleo")), "person")
        credits = data.draw(st.sampled_from((None, 0.5, 1.0, 1.0, 3.5)), "credits")
        points = data.draw(st.sampled_from((None, None, 0.25, 1.0, 2.0)), "points")
        if whole and credits is None and points is None:
            credits = 1.0
        return Told(
            person=person,
            activity=data.draw(st.sampled_from(activities), "activity"),
            day=data.draw(st.sampled_from(("2021-12-01", "2021-12-01", "2021-12-02")), "day"),
            credits=credits,
            points=points,
        )

    def chosen(self, data: st.DataObject) -> tuple[str, Any]:
        """Draw a completion that stands: its name in the model, and as the service tells of it."""
        name = data.draw(st.sampled_from(sorted(self.world.completions)), "completion")
        one = self.world.completions[name]
        return name, listed(self.api)[(*one.told.place, one.occasion)]

    @precondition(lambda self: len(self.world.maxima) < 3)
    @rule()
    def register(self) -> None:
        moc = [{"board": ABA, "points": MAXIMA[ABA], "credit_types": ["Lifelong Learning"], "content_outline": ["1.1"]}]
        title = f"Activity {len(self.world.maxima)}"
        registered = self.api.register(title=title, ama_pra_credits=MAXIMA[CME], moc=moc)
        assert registered.status == 201, registered.json
        self.world.maxima[registered.json["activity_id"]] = dict(MAXIMA)

    @precondition(lambda self: self.world.maxima)
    @rule(data=st.data(), door=st.sampled_from(sorted(DOORS)), count=st.integers(1, 4))
    def report(self, data: st.DataObject, door: str, count: int) -> None:
        records = [self.told(data) for _ in range(count)]
        sender = self.vendor if self.granted and count % 2 else self.api
        said = DOORS[door](sender, self.service, [record_of(told) for told in records])
        assert said == [self.world.report(told) for told in records]

    @precondition(lambda self: self.world.maxima)
    @rule(data=st.data(), door=st.sampled_from(sorted(DOORS)), count=st.integers(1, 3), at=st.integers(1, STATEMENTS))
    def break_a_report(self, data: st.DataObject, door: str, count: int, at: int) -> None:
        """Pull the plug before some statement: a request changes nothing or all; a file is gone on with."""
        records = [self.told(data) for _ in range(1 if door == "requests" else count)]
        sent = [record_of(told) for told in records]
        self.plug.set(at)
        try:
            said = DOORS[door](self.api, self.service, sent)
        except Broken:
            self.plug.set(0)
            assert self.of_service() == self.world.standing(), "what broke has changed something"
            said = DOORS[door](self.api, self.service, sent)
        self.plug.set(0)
        assert said == [self.world.report(told) for told in records]

    @precondition(lambda self: self.world.maxima)
    @rule(data=st.data(), at=st.integers(0, STATEMENTS))
    def report_under_a_key(self, data: st.DataObject, at: int) -> None:
        told, key = self.told(data), f"key {len(self.keys)}"
        self.plug.set(at)
        answer = self.api.report(record_of(told).body, Idempotency_Key=key)
        self.plug.set(0)
        if answer.status >= 500:
            answer = self.api.report(record_of(told).body, Idempotency_Key=key)
        outcome = outcome_of(answer)
        assert outcome == self.world.report(told)
        if outcome != "rejected":
            self.keys[key] = (told, outcome, answer.json)

    @precondition(lambda self: self.keys)
    @rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        """A key that was answered is answered the same again, whatever has happened since."""
        key = data.draw(st.sampled_from(sorted(self.keys)), "key")
        told, _, answered = self.keys[key]
        again = self.api.report(record_of(told).body, Idempotency_Key=key)
        assert (again.json, again.response.headers["idempotency-replayed"]) == (answered, "true")

    @precondition(lambda self: self.world.completions)
    @rule(data=st.data(), same_place=st.booleans(), at=st.integers(0, STATEMENTS))
    def correct(self, data: st.DataObject, same_place: bool, at: int) -> None:
        name, stored = self.chosen(data)
        told = self.told(data)
        if same_place:
            person, activity, day = self.world.completions[name].told.place
            told = Told(person=person, activity=activity, day=day, credits=told.credits, points=told.points)
        path, headers = f"{COMPLETIONS}/{stored['completion_id']}", {"If-Match": f'"{stored["version"]}"'}
        self.plug.set(at)
        answer = self.api.send("PUT", path, headers=headers, json=record_of(told).body)
        self.plug.set(0)
        if answer.status >= 500:
            answer = self.api.send("PUT", path, headers=headers, json=record_of(told).body)
        assert (answer.status == 200) is self.world.correct(name, told), answer.json
        assert answer.status in (200, 422), answer.json

    @precondition(lambda self: self.world.completions)
    @rule(data=st.data(), at=st.integers(0, STATEMENTS))
    def withdraw(self, data: st.DataObject, at: int) -> None:
        name, stored = self.chosen(data)
        path = f"{COMPLETIONS}/{stored['completion_id']}"
        self.plug.set(at)
        answer = self.api.delete(path)
        self.plug.set(0)
        if answer.status >= 500:
            answer = self.api.delete(path)
        assert answer.status == 204, answer.json
        assert self.api.get(path).status == 404
        self.world.withdraw(name)

    @precondition(lambda self: self.alone())
    @rule(data=st.data(), door=st.sampled_from(sorted(DOORS.keys() - {"requests", "bulk"})))
    def delete_by_row(self, data: st.DataObject, door: str) -> None:
        told = self.named(data)
        said = DOORS[door](self.api, self.service, [record_of(told, "delete")])
        assert said == [self.world.row_delete(told)]

    @precondition(lambda self: self.alone())
    @rule(data=st.data(), door=st.sampled_from(sorted(DOORS.keys() - {"requests", "bulk"})))
    def update_by_row(self, data: st.DataObject, door: str) -> None:
        drawn, (person, activity, day) = self.told(data), self.named(data).place
        told = Told(person=person, activity=activity, day=day, credits=drawn.credits, points=drawn.points)
        said = DOORS[door](self.api, self.service, [record_of(told, "update")])
        assert said == [self.world.row_update(told)]

    def alone(self) -> list[str]:
        """Return the completions that are the only ones of their learner, activity and day, with credit that holds."""
        return [
            name
            for name, one in self.world.completions.items()
            if self.world.names_on(one.told) == [name] and all(credit.holds for credit in one.credits.values())
        ]

    def named(self, data: st.DataObject) -> Told:
        """Draw a completion that a row can be about; return it with the amounts of some, all or none of its credit."""
        one = self.world.completions[data.draw(st.sampled_from(sorted(self.alone())), "completion")]
        boards = data.draw(st.sets(st.sampled_from(sorted(one.credits))), "boards")
        person, activity, day = one.told.place
        amounts = {board: one.credits[board].amount for board in boards}
        return Told(person=person, activity=activity, day=day, credits=amounts.get(CME), points=amounts.get(ABA))

    @precondition(lambda self: self.waiting())
    @rule(data=st.data(), status=st.sampled_from(("accepted", "rejected")))
    def decide(self, data: st.DataObject, status: str) -> None:
        name, board = data.draw(st.sampled_from(self.waiting()), "credit")
        one = self.world.completions[name]
        stored = listed(self.api)[(*one.told.place, one.occasion)]
        (credit,) = [
            credit for credit in stored["credits"] if (credit["board"], credit["status"]) == (board, "pending")
        ]
        decide(self.service, credit["credit_id"], status)
        self.world.decide(name, board, status)

    def waiting(self) -> list[tuple[str, str]]:
        """Return the credit, by completion and board, on which boards have not decided."""
        return [
            (name, board)
            for name, one in sorted(self.world.completions.items())
            for board, credit in one.credits.items()
            if credit.status == "pending"
        ]

    @precondition(lambda self: "Cleo" not in self.world.people)
    @rule()
    def put_cleo_on_file(self) -> None:
        self.put_on_file("Cleo")

    @precondition(lambda self: self.world.maxima)
    @rule(data=st.data())
    def turn_the_grant(self, data: st.DataObject) -> None:
        """Take the vendor its grant, or give it again: without it nothing that it sends has an effect."""
        change = clients.revoke if self.granted else clients.grant
        transact(operator(self.service), change, self.vendor.client_id, PROVIDER)
        self.granted = not self.granted
        if not self.granted:
            for door in REQUESTS:
                body = record_of(self.told(data))
                path = COMPLETIONS if door == "requests" else f"{COMPLETIONS}:bulk"
                sent = body.body if door == "requests" else {"items": [body.body]}
                assert self.vendor.post(path, sent).status == 403

    @rule(board=st.sampled_from(BOARDS))
    def poll(self, board: str) -> None:
        settle(self.service)
        read_on(self.boards[board], self.views[board])
        assert facts(self.views[board]) == standing(self.service, board)

    @rule()
    def restart(self) -> None:
        self.stack.close()
        self.reopen()

    @rule()
    def keep_a_copy(self) -> None:
        settle(self.service)
        self.stack.close()
        self.installation.keep("copy")
        self.kept, self.kept_keys, self.kept_grant = self.world.copy(), dict(self.keys), self.granted
        self.has_copy = True
        self.reopen()

    @precondition(lambda self: self.has_copy)
    @rule()
    def restore(self) -> None:
        """Put the copy back: boards that read further are told, and read anew."""
        self.stack.close()
        self.installation.put_back("copy")
        self.world, self.keys, self.granted = self.kept.copy(), dict(self.kept_keys), self.kept_grant
        self.reopen()
        for code, view in self.views.items():
            if view.cursor is not None:
                answer = self.boards[code].get("/v1/board-feed", after=view.cursor, limit=1)
                assert answer.status in (200, 410), answer.json
                if answer.status == 410:
                    self.views[code] = View()

    def of_service(self) -> dict[tuple[str, str, str, int], dict[str, tuple[float, str]]]:
        """Return what holds as the service tells it, in the model's words."""
        return {
            key: {
                credit["board"]: (credit["credits"], credit["status"])
                for credit in one["credits"]
                if credit["status"] in ("pending", "accepted")
            }
            for key, one in listed(self.api).items()
        }

    @invariant()
    def stands_alike(self) -> None:
        assert self.of_service() == self.world.standing()

    def teardown(self) -> None:
        """Every invariant holds, and every feed read from zero or read on tells what stands."""
        try:
            settle(self.service)
            assert replayed(self.service) == live(self.service)
            for board in BOARDS:
                self.poll(board)
        finally:
            statements.BEFORE_STATEMENT.remove(self.plug)
            self.stack.close()


@pytest.fixture
def installation(database_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[KeptInstallation]:
    server = None if database_url.startswith("sqlite") else request.getfixturevalue("postgres")
    made = KeptInstallation(database_url, tmp_path / "data", server)
    made.keep("initial")
    yield made
    made.forget()


@pytest.mark.hypothesis
def test_any_sequence_leaves_what_the_model_says(installation: KeptInstallation) -> None:
    run_state_machine_as_test(
        lambda: ServiceMachine(installation),
        settings=settings(
            max_examples=4 if TIMES == 1 else 200,
            stateful_step_count=25 if TIMES == 1 else 60,
            deadline=None,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
