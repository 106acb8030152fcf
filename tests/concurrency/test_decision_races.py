"""Decisions at the same moment: one order, each kept once, and the later stands."""

from __future__ import annotations

from collections import Counter
from functools import partial
from itertools import pairwise
from typing import Any

import pytest

from app.services.boards import decisions as board_decisions
from app.services.context import Service
from app.store.sql import statements
from tests.builders.bodies import a_completion, tina
from tests.harness.api import Answer, Api, api_of, settle
from tests.harness.board_views import live, replayed
from tests.harness.wire import at_once

FEED = "/v1/board-feed"
COMPLETIONS = "/v1/learner-completions"


@pytest.fixture
def aba(api: Api, service: Service) -> Api:
    return api_of(api.http, service, "ABA", role="board", board="ABA")


def asked(board: Api, service: Service, reported: Any) -> dict[str, Any]:
    """Return a decision on the last credit of what was reported, as far as its credit and position go."""
    settle(service)
    credit_id = reported["credits"][-1]["credit_id"]
    told = [credit for credit in board.get(FEED, limit=500).json["data"] if credit["credit_id"] == credit_id]
    return {"credit_id": credit_id, "position": told[-1]["position"]}


def sending(board: Api, *decisions: Any) -> partial[Answer]:
    return partial(board.post, f"{FEED}/decisions", {"decisions": list(decisions)})


def results(answers: list[Answer]) -> list[str]:
    assert {answer.status for answer in answers} == {200}, [answer.json for answer in answers if answer.status != 200][
        :1
    ]
    return [answer.json["data"][0]["result"] for answer in answers]


def kept(service: Service, credit_id: str) -> list[str]:
    """Return the decisions that are kept of a credit, in the order in which their commits ended."""
    found = service.database.read(
        lambda connection: statements.fetch(
            connection,
            "SELECT d.decision FROM decisions d JOIN sealed_commits s ON s.commit_id = d.commit_id "
            "WHERE d.credit_id = :id ORDER BY s.seal, s.place",
            {"id": credit_id},
        )
    )
    return [decision for (decision,) in found]


def stands(api: Api, reported: Any) -> str:
    return str(api.get(f"{COMPLETIONS}/{reported['completion_id']}").json["credits"][-1]["status"])


def test_fifty_copies_of_one_decision_are_applied_once(api: Api, aba: Api, service: Service) -> None:
    reported = api.report(tina()).json
    case = asked(aba, service, reported) | {"decision": "rejected", "reason_code": "duplicate"}
    assert Counter(results(at_once([sending(aba, case)] * 50))) == {"applied": 1, "unchanged": 49}
    settle(service)
    assert kept(service, case["credit_id"]) == ["rejected"]
    history = api.get(f"{COMPLETIONS}/{reported['completion_id']}/history").json["data"]
    assert [version["action"] for version in history] == ["decided", "created"]
    decided = [event for event in api.get("/v1/events", limit=500).json["data"] if event["type"] == "credit.decided"]
    assert [event["data"]["credit_id"] for event in decided] == [case["credit_id"]]


def test_of_two_contradicting_decisions_both_are_kept_and_the_later_stands(
    api: Api, aba: Api, service: Service
) -> None:
    second = api_of(api.http, service, "ABA too", role="board", board="ABA")
    for day in range(1, 6):
        reported = api.report(tina(f"2021-12-0{day}")).json
        case = asked(aba, service, reported)
        yes, no = (case | {"decision": decision} for decision in ("accepted", "rejected"))
        assert results(at_once([sending(aba, yes), sending(second, no)])) == ["applied", "applied"]
        settle(service)
        order = kept(service, case["credit_id"])
        assert sorted(order) == ["accepted", "rejected"]
        assert stands(api, reported) == order[-1]
        history = api.get(f"{COMPLETIONS}/{reported['completion_id']}/history").json["data"]
        assert [version["completion"]["credits"][0]["status"] for version in history] == [*order[::-1], "pending"]


def test_of_two_rejected_credits_that_fit_one_day_one_is_accepted_anew(api: Api, aba: Api, service: Service) -> None:
    """Both were refused; the board changes its mind on both at once, and only one of them has room."""
    first = api.report(tina()).json
    cases = [asked(aba, service, first)]
    aba.post(f"{FEED}/decisions", {"decisions": [cases[0] | {"decision": "rejected"}]})
    second = api.report(tina(total=0.5)).json
    assert second["outcome"] == "joined"
    cases.append(asked(aba, service, second))
    aba.post(f"{FEED}/decisions", {"decisions": [cases[1] | {"decision": "rejected"}]})
    answers = at_once([sending(aba, case | {"decision": "accepted"}) for case in cases])
    assert sorted(results(answers)) == ["applied", "stale"]
    after = api.get(f"{COMPLETIONS}/{first['completion_id']}").json["credits"]
    assert sorted(credit["status"] for credit in after) == ["accepted", "rejected"]
    settle(service)


def test_many_decisions_in_opposite_orders_all_end(api: Api, aba: Api, service: Service) -> None:
    cases = [asked(aba, service, api.report(tina(f"2021-11-{day:02}")).json) for day in range(1, 9)]
    yes = [case | {"decision": "accepted"} for case in cases]
    no = [case | {"decision": "rejected"} for case in cases]
    answers = at_once([sending(aba, *yes), sending(aba, *no[::-1]), sending(aba, *yes[::-1]), sending(aba, *no)])
    assert {answer.status for answer in answers} == {200}
    settle(service)
    for case in cases:
        order = kept(service, case["credit_id"])
        # What stands so already is no decision: no two of one kind follow each other.
        assert all(one != other for one, other in pairwise(order)), order
    assert replayed(service) == live(service)


def test_decisions_beside_a_withdrawal_of_all_learners_and_what_is_carried(
    api: Api, aba: Api, service: Service
) -> None:
    activity = tina()["activity_id"]
    for day in range(1, 5):
        api.report(a_completion(completed_on=f"2021-11-0{day}"))
    cases = [asked(aba, service, api.report(tina(f"2021-11-0{day}")).json) for day in range(1, 5)]
    tennessee = api_of(api.http, service, "TN", role="board", board="TN-M")
    tennessee.get(FEED, after=tennessee.get(FEED, limit=500).json["next_cursor"])

    def carry() -> Answer:
        while board_decisions.settle_next(service):
            pass
        return tennessee.get(FEED)

    withdraw = partial(api.post, f"/v1/activities/{activity}/withdraw-learners", None)
    decide = sending(aba, *(case | {"decision": "accepted"} for case in cases))
    withdrawn, decided, carried = at_once([withdraw, decide, carry])
    assert (withdrawn.status, decided.status, carried.status) == (200, 200, 200)
    assert withdrawn.json["withdrawn"] == 8
    assert {decision["result"] for decision in decided.json["data"]} <= {"applied", "stale"}
    assert api.completions(activity_id=activity) == []
    settle(service)
    assert replayed(service) == live(service)
