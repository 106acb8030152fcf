"""What commits late, and what a restore undid: a board never misses a credit, and never keeps one that is gone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Connection

from app.domain.batches import EntryMethod
from app.schemas.completions import CompletionIn
from app.services.context import Service, Work, operator
from app.services.demo import world
from app.services.reporting import pipeline
from app.simulator.decisions import decide_all
from app.store.sql import statements
from tests.builders.bodies import a_completion, john, tina
from tests.harness.api import Api, api_of, settle
from tests.harness.crashes.kept import KeptInstallation
from tests.harness.databases import ON_POSTGRESQL
from tests.harness.refusals import assert_problem
from tests.harness.simulated_boards import FEED, a_board, facts, noted, standing, work
from tests.harness.wire import SECONDS

COMPLETIONS = "/v1/learner-completions"


class Late:
    """A transaction on a connection of its own that has written everything, and commits when it is told to."""

    def __init__(self, service: Service, body: Any) -> None:
        self._service = service
        self._report = CompletionIn.model_validate(body).as_report("0008001", service.clock(), EntryMethod.API)
        self._written, self._may = threading.Event(), threading.Event()
        self._threads = ThreadPoolExecutor(1)
        self._done = self._threads.submit(service.database.write, self._write)
        assert self._written.wait(SECONDS)

    def _write(self, connection: Connection) -> None:
        caller = operator(self._service, "0008001")
        work = Work(connection=connection, caller=caller, now=self._service.clock())
        pipeline.submit([work], [self._report])
        work.save_commit()
        self._written.set()
        assert self._may.wait(SECONDS)

    def commit(self) -> None:
        self._may.set()
        self._done.result(SECONDS)
        self._threads.shutdown()


# SQLite has one writer: nothing there commits after what began later.
@ON_POSTGRESQL
def test_what_commits_after_others_were_read_past_is_told_once_and_next(
    api: Api, http: TestClient, service: Service
) -> None:
    other = api.register(title="Another course").json["activity_id"]
    late = Late(service, a_completion())
    for day in ("2021-02-01", "2021-02-02"):
        assert api.report(a_completion(other, day, credits=1, **_john())).status == 201
    work(http, service, "TN-M")
    passed = noted(service, "TN-M")
    assert facts(passed) == standing(service, "TN-M")
    late.commit()
    work(http, service, "TN-M")
    view = noted(service, "TN-M")
    # The view itself refuses an event that comes twice, and a position that is left out.
    assert view.position == passed.position + 1
    assert facts(view) == standing(service, "TN-M")
    (found,) = view.held.keys() - passed.held.keys()
    assert view.held[found].completed_on == "2021-12-12"
    *_, before, last = service.database.read(
        lambda connection: statements.fetch(
            connection, "SELECT event_id FROM feed WHERE board = 'TN-M' ORDER BY position"
        )
    )
    assert last < before, "it was written before what had been read"


@ON_POSTGRESQL
def test_two_that_commit_late_in_the_other_order_are_told_once_each(
    api: Api, http: TestClient, service: Service
) -> None:
    other = api.register(title="Another course").json["activity_id"]
    first = Late(service, a_completion())
    second = Late(service, a_completion(other, "2021-02-01", credits=1, **_john()))
    work(http, service, "TN-M")
    before = noted(service, "TN-M")
    for transaction in (second, first):
        transaction.commit()
        work(http, service, "TN-M")
        assert facts(noted(service, "TN-M")) == standing(service, "TN-M")
    new = [noted_credit for key, noted_credit in noted(service, "TN-M").held.items() if key not in before.held]
    assert [(person.first_name, person.first - before.position) for person in new] == [("John", 1), ("Rebecca", 2)]


def _john() -> dict[str, Any]:
    return {"first_name": "John", "last_name": "Smith", "born": "03/17", "license_id": "12345"}


@pytest.fixture
def installation(database_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[KeptInstallation]:
    server = None if database_url.startswith("sqlite") else request.getfixturevalue("postgres")
    made = KeptInstallation(database_url, tmp_path / "data", server)
    yield made
    made.forget()


def read_events(api: Api, after: str | None = None) -> tuple[list[Any], str]:
    answer = api.get("/v1/events", limit=500, **({"after": after} if after else {}))
    assert answer.status == 200, answer.json
    return answer.json["data"], answer.json["next_cursor"]


@pytest.mark.parametrize("instead", [0, 2, 9], ids=["nothing", "less", "more"])
def test_after_a_restore_whoever_read_further_is_told_and_reads_anew_what_stands(
    installation: KeptInstallation, instead: int
) -> None:
    with installation.running() as (service, http):
        api = api_of(http, service, "Western Regional", providers=["0008001"])
        reported = [api.report(tina(f"2021-11-0{day}")).json["completion_id"] for day in (1, 2, 3)]
        api.report(john())
        for board in ("ABA", "TN-M"):
            work(http, service, board)
    installation.keep()
    with installation.running() as (service, http):
        api = Api(http, api.key, api.client_id)
        api.send("PUT", f"{COMPLETIONS}/{reported[0]}", headers={"If-Match": "*"}, json=tina("2021-11-01", 0.5))
        api.delete(f"{COMPLETIONS}/{reported[1]}")
        undone = [api.report(tina(f"2021-11-1{day}")).json["completion_id"] for day in (1, 2)]
        work(http, service, "ABA")
        seen, cursor = read_events(api)
        future = noted(service, "ABA")
    installation.put_back()
    with installation.running() as (service, http):
        api = Api(http, api.key, api.client_id)
        new = [api.report(tina(f"2021-11-2{day}", 1)).json["completion_id"] for day in range(instead)]
        settle(service)
        aba = Api(http, world.renew_board_key(service, "ABA")[1], "")
        assert_problem(aba.get(FEED, after=future.cursor), 410, "cursor-diverged")
        assert_problem(api.get("/v1/events", after=cursor), 410, "cursor-diverged")
        said: list[str] = []
        for board in ("ABA", "TN-M"):
            work(http, service, board, say=said.append)
            assert facts(noted(service, board)) == standing(service, board)
        assert [line.split(":")[0] for line in said if "reading anew" in line] == ["ABA"]
        assert {completion.completed_on for completion in noted(service, "ABA").held.values()}.isdisjoint(
            {"2021-11-11", "2021-11-12"}
        )
        events, _ = read_events(api)
        told = [event["data"]["completion_id"] for event in events if event["type"] == "completion.reported"]
        assert set(told) >= {*reported, *new}
        assert not set(told) & set(undone)
        assert len({event["event_id"] for event in events}) == len(events)
        assert seen[-1] not in events


def rejecting(event: Any) -> dict[str, Any]:
    return {"decisions": [{"credit_id": event["credit_id"], "position": event["position"], "decision": "rejected"}]}


@pytest.mark.parametrize("read_since", [True, False], ids=["read since", "not read since"])
def test_decisions_that_a_restore_undid_are_made_anew(installation: KeptInstallation, read_since: bool) -> None:
    """The feed is as it was, and the board holds that they were applied: nothing but its cursor knows of them."""
    with installation.running() as (service, http):
        api = api_of(http, service, "Western Regional", providers=["0008001"])
        path = f"{COMPLETIONS}/{api.report(tina('2021-11-01')).json['completion_id']}"
        settle(service)
        # Read and noted, and not decided on.
        a_board(http, service, "ABA")._read()
        aba = Api(http, world.renew_board_key(service, "ABA")[1], "")
    installation.keep()
    with installation.running() as (service, http):
        api = Api(http, api.key, api.client_id)
        board = a_board(http, service, "ABA")
        if read_since:
            board.work()
        else:
            assert decide_all(board.view, board.roster)
            assert board._send() == {"applied": 1}
        assert api.get(path).json["credits"][0]["status"] == "rejected"
    installation.put_back()
    with installation.running() as (service, http):
        api, aba = Api(http, api.key, api.client_id), Api(http, aba.key, "")
        (held,) = noted(service, "ABA").held.values()
        assert held.decided is not None
        assert (held.decided.answer, api.get(path).json["credits"][0]["status"]) == ("applied", "pending")
        cursor = noted(service, "ABA").cursor
        assert_problem(aba.get(FEED, after=cursor), 410, "cursor-diverged")
        event = {"credit_id": held.credit_id, "position": held.position}
        answer = aba.send("POST", f"{FEED}/decisions", params={"after": cursor}, json=rejecting(event))
        assert_problem(answer, 410, "cursor-diverged")
        assert api.get(path).json["credits"][0]["status"] == "pending"
        said: list[str] = []
        work(http, service, "ABA", say=said.append)
        assert sum("reading anew" in line for line in said) == 1
        assert api.get(path).json["credits"][0]["status"] == "rejected"
        said.clear()
        work(http, service, "ABA", say=said.append)
        assert said == []


def test_a_board_of_which_nothing_was_undone_reads_on_after_a_restore(installation: KeptInstallation) -> None:
    with installation.running() as (service, http):
        api = api_of(http, service, "Western Regional", providers=["0008001"])
        api.report(tina("2021-11-01"))
        api.report(john())
        settle(service)
        work(http, service, "ABA")
        a_board(http, service, "ABIM")._read()
    installation.keep()
    with installation.running() as (service, http):
        work(http, service, "ABIM")
    installation.put_back()
    with installation.running() as (service, http):
        Api(http, api.key, api.client_id).report(tina("2021-11-02"))
        said: list[str] = []
        for code in ("ABA", "ABIM"):
            work(http, service, code, say=said.append)
        assert said[0] == "ABA: position 2, 2 credits, 1 applied"
        assert said[1:] == [
            "ABIM: the service was put back to an earlier state; reading anew",
            "ABIM: position 1, 1 credits, 1 applied",
        ]


def test_a_decision_about_what_a_restore_undid_is_refused(installation: KeptInstallation) -> None:
    """Another correction stands at the position that the board has read: it never saw that one."""
    with installation.running() as (service, http):
        api = api_of(http, service, "Western Regional", providers=["0008001"])
        path = f"{COMPLETIONS}/{api.report(tina('2021-11-01')).json['completion_id']}"
        aba = Api(http, world.renew_board_key(service, "ABA")[1], "")
        settle(service)

    def corrected(http: TestClient, service: Service, credits: float) -> tuple[Any, str]:
        """Correct the credit; return the last event of the feed, and the cursor behind it."""
        body = tina("2021-11-01", credits)
        assert Api(http, api.key, "").send("PUT", path, headers={"If-Match": "*"}, json=body).status == 200
        settle(service)
        page = Api(http, aba.key, "").get(FEED, limit=500).json
        return page["data"][-1], page["next_cursor"]

    installation.keep()
    with installation.running() as (service, http):
        undone, cursor = corrected(http, service, 0.5)
    installation.put_back()
    with installation.running() as (service, http):
        event, stands = corrected(http, service, 1)
        assert (event["credit_id"], event["position"]) == (undone["credit_id"], undone["position"])
        api, aba = Api(http, api.key, ""), Api(http, aba.key, "")
        answer = aba.send("POST", f"{FEED}/decisions", params={"after": cursor}, json=rejecting(undone))
        assert_problem(answer, 410, "cursor-diverged")
        assert api.get(path).json["credits"][0]["status"] == "pending"
        answer = aba.send("POST", f"{FEED}/decisions", params={"after": stands}, json=rejecting(event))
        assert (answer.status, answer.json["summary"]["applied"]) == (200, 1)
