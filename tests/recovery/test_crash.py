"""Whatever is killed at any point leaves nothing or everything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.services.activities import withdrawal
from app.services.boards import decisions as board_decisions
from app.services.context import Service
from app.store.sql import statements
from tests.builders.bodies import COURSE, GRAND_ROUNDS, a_completion, john, tina
from tests.harness.api import Answer, Api, api_of, settle
from tests.harness.board_views import live, replayed
from tests.harness.commands import run_command
from tests.harness.properties import TIMES

COMPLETIONS = "/v1/learner-completions"


STEP = 1 if TIMES > 1 else 4
"""From which statement to which a verb is killed: at every one in the drill of properties."""


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("verb", "nothing", "everything", "again"),
    [
        ("report", "0", "1", "unchanged"),
        ("keyed", "0,0", "1,1", "replayed-created"),
        ("decide", "pending,0", "rejected,3", "unchanged"),
        ("carry", "pending,0", "accepted,all", "nothing"),
        ("withdraw-learners", "3", "0", "0"),
        ("hold", "0,0,0", "1,0,0", "held"),
        ("judge-held", "3,0,0", "0,3,3", "0"),
        ("link", "0,3,0,0,0", "1,2,1,1,1", "conflict"),
        ("merge", "0,2,3", "1,1,2", "conflict"),
        ("roster", "1,0,0", "3,3,3", "False"),
        ("list", "0,0", "2,1", "0,2"),
        ("charge", "0,0", "1,0", "rejected"),
    ],
)
def test_a_verb_killed_at_any_statement_leaves_nothing_or_everything(
    database_url: str, tmp_path: Path, verb: str, nothing: str, everything: str, again: str
) -> None:
    run = run_command(verb, database_url, str(tmp_path), str(STEP), module="tests.harness.crashes.of_reporting")
    assert run.returncode == 0, run.stderr[-2000:]
    *kills, through, sent_again = [line.split() for line in run.stdout.splitlines()]
    assert len(kills) > 10 // STEP, "it runs more statements than that"
    assert {ended for _, ended, _ in kills} == {"killed"}
    left = [standing for _, _, standing in kills]
    assert left[: 10 // STEP] == [nothing] * (10 // STEP)
    # Killed after its commit, but before it could say so, everything stands; it does not go back.
    assert left == [nothing] * left.count(nothing) + [everything] * left.count(everything)
    assert left.count(everything) <= 1
    assert through[1:] == ["0", everything], "the last one was let through, and stands"
    assert sent_again == ["again", again, everything]


class Unplugged(Exception):
    """The plug was pulled between two statements."""


@pytest.fixture
def aba(api: Api, service: Service) -> Api:
    return api_of(api.http, service, "ABA", role="board", board="ABA")


def done(api: Api, verb: str, path: str) -> Answer:
    if verb == "bulk":
        return api.post(f"{COMPLETIONS}:bulk", {"items": [john(), a_completion(credits=3), john()]})
    if verb == "correct":
        # Another learner, another day: what stood is withdrawn, and all of it reported anew.
        other = a_completion(GRAND_ROUNDS, "2021-12-11", first_name="John", last_name="Smith", born="03/17")
        other["cme"][0]["license_id"] = "12345"
        return api.send("PUT", path, headers={"If-Match": "*"}, json=other)
    return api.report(john()) if verb == "report" else api.delete(path)


@pytest.mark.parametrize("verb", ["report", "withdraw", "correct", "bulk"])
def test_a_transaction_broken_at_any_statement_changes_nothing(service: Service, api: Api, verb: str) -> None:
    """The same from inside: the process lives on, answers 5xx, and the next request finds all as it was."""
    standing = api.report(a_completion()).json["completion_id"]
    settle(service)
    seen, break_at = 0, 0

    def unplug(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == break_at:
            raise Unplugged

    statements.BEFORE_STATEMENT.append(unplug)
    while True:
        seen, break_at = 0, break_at + 1
        answer = done(api, verb, f"{COMPLETIONS}/{standing}")
        if answer.status < 500:
            break
        seen = -10_000
        settle(service)
        assert [completion["completion_id"] for completion in api.completions(activity_id=GRAND_ROUNDS)] == [standing]
        assert api.completions(activity_id=COURSE) == []
    statements.BEFORE_STATEMENT.remove(unplug)
    assert break_at > 5
    settle(service)


@contextmanager
def unplugged() -> Iterator[Plug]:
    plug = Plug()
    statements.BEFORE_STATEMENT.append(plug)
    try:
        yield plug
    finally:
        statements.BEFORE_STATEMENT.remove(plug)


class Plug:
    """Pulled before one statement, counted from when it was set."""

    def __init__(self) -> None:
        self._left: int | None = None

    def set(self, statement: int | None) -> None:
        self._left = statement

    def __call__(self, _: str) -> None:
        if self._left is None:
            return
        self._left -= 1
        if self._left == 0:
            raise Unplugged


def test_decisions_broken_at_any_statement_are_applied_once_when_sent_again(
    service: Service, api: Api, aba: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five decisions in pieces of two: what stands after a fault is told `unchanged`, the rest `applied`."""
    monkeypatch.setattr(board_decisions, "AT_ONCE", 2)
    for day in range(1, 6):
        api.report(tina(f"2021-12-0{day}"))
    settle(service)
    decisions = [
        {"credit_id": credit["credit_id"], "position": credit["position"], "decision": "rejected"}
        for credit in aba.get("/v1/board-feed", limit=500).json["data"]
    ]
    assert len(decisions) == 5
    broken_at, kept, seen = 0, 0, set[int]()
    with unplugged() as plug:
        while True:
            broken_at += 1
            plug.set(broken_at)
            answer = aba.post("/v1/board-feed/decisions", {"decisions": decisions})
            plug.set(None)
            now = count_of(service, "SELECT count(*) FROM credits WHERE board = 'ABA' AND status = 'rejected'")
            assert now == count_of(service, "SELECT count(*) FROM decisions"), "each is kept as it is applied"
            seen.add(now)
            settle(service)
            if answer.status == 200:
                break
            assert answer.status >= 500
            assert now >= kept
            kept = now
    assert seen == {0, 2, 4, 5}
    assert [decision["result"] for decision in answer.json["data"]] == ["unchanged"] * kept + ["applied"] * (5 - kept)
    assert aba.post("/v1/board-feed/decisions", {"decisions": decisions}).json["summary"]["unchanged"] == 5


def test_learners_withdrawn_in_pieces_are_withdrawn_once_each_whatever_breaks(
    service: Service, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(withdrawal, "AT_ONCE", 2)
    for day in range(1, 6):
        api.report(a_completion(completed_on=f"2021-12-0{day}"))
    settle(service)
    path = f"/v1/activities/{GRAND_ROUNDS}/withdraw-learners"
    broken_at, left = 0, {5}
    with unplugged() as plug:
        while True:
            broken_at += 1
            plug.set(broken_at)
            answer = api.post(path, None)
            plug.set(None)
            now = len(api.completions(activity_id=GRAND_ROUNDS))
            assert now <= min(left)
            left.add(now)
            settle(service)
            if answer.status == 200:
                break
            assert answer.status >= 500
    assert left == {5, 3, 1, 0}
    told = count_of(service, "SELECT count(*) FROM board_events WHERE event = 'credit.withdrawn'")
    assert told == 5
    assert replayed(service) == live(service)


def count_of(service: Service, query: str) -> int:
    return int(service.database.read(lambda connection: statements.fetch(connection, query))[0][0])
