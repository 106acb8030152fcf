"""Any sequence of reports, corrections, withdrawals and decisions leaves every invariant and every feed true."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.services import registry
from app.services.context import Service
from app.simulator.view import View
from tests.feeds import decide, live, replayed
from tests.simulating import facts, read_on, standing
from tests.support import Answer, Api, api_of, settle

COMPLETIONS = "/v1/learner-completions"
PEOPLE = {
    "Ada": {"date_of_birth": "12/10", "licenses": "TN-M:881;ME-M:882", "certifications": "ABA:991;ABIM:100992"},
    "Ben": {"date_of_birth": "04/15", "licenses": "TN-M:883", "certifications": "ABA:993;ABIM:100994"},
}
NUMBERS = {("Ada", "ABA"): "991", ("Ada", "ABIM"): "100992", ("Ben", "ABA"): "993", ("Ben", "ABIM"): "100994"}
TYPES = {"ABA": ["Lifelong Learning"], "ABIM": ["Medical Knowledge", "Patient Safety"]}
DAYS = ("2021-12-01", "2021-12-02")


@pytest.fixture(autouse=True)
def people(service: Service) -> None:
    rows = [{"first_name": name, "last_name": "Sequence", **fields} for name, fields in PEOPLE.items()]
    registry.import_rows(service, enumerate((registry.read_row(row, service.catalogue) for row in rows), 1))


Reader = tuple[Api, View]


@pytest.fixture
def boards(api: Api, service: Service) -> dict[str, Reader]:
    """Every board that is told of anybody here, with what it holds; it reads on from example to example."""
    codes = ("TN-M", "ME-M", "ABA", "ABIM")
    return {code: (api_of(api.http, service, code, role="board", board=code), View()) for code in codes}


amounts = st.sampled_from([0.25, 1, 2])
parts = st.fixed_dictionaries(
    {
        "person": st.sampled_from(["Ada", "Ada", "Ben"]),
        "activity": st.sampled_from([0, 0, 0, 1]),
        "day": st.sampled_from(DAYS),
        "occasion": st.sampled_from([None, None, None, 1, 2]),
        "states": st.lists(st.sampled_from(["TN", "ME"]), unique=True, max_size=2),
        "cme": amounts,
        "boards": st.dictionaries(st.sampled_from(["ABA", "ABIM"]), st.tuples(amounts, st.integers(1, 2)), max_size=2),
        "reference": st.sampled_from([None, None, "r-1", "r-2"]),
    }
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("report"), st.integers(0, 3), parts),
        st.tuples(st.just("report"), st.integers(0, 3), parts),
        st.tuples(st.just("correct"), st.integers(0, 3), parts),
        st.tuples(st.just("correct"), st.integers(0, 3), parts),
        st.tuples(st.just("withdraw"), st.integers(0, 3), parts),
        st.tuples(st.sampled_from(["rejected", "accepted"]), st.integers(0, 3), parts),
    ),
    min_size=2,
    max_size=12,
)


def body_of(part: dict[str, Any], activities: list[str]) -> dict[str, Any]:
    name = part["person"]
    return {
        "activity_id": activities[part["activity"]],
        "completed_on": part["day"],
        "permission": True,
        "occasion": part["occasion"],
        "client_reference": part["reference"],
        "learner": {"first_name": name, "last_name": "Sequence", "date_of_birth": PEOPLE[name]["date_of_birth"]},
        "cme": [{"state": state, "credits": part["cme"]} for state in part["states"]],
        "moc": [
            {
                "board": board,
                "board_id": NUMBERS[name, board],
                "total_credits": total,
                "credit_types": [{"type": each, "credits": total} for each in TYPES[board][:count]],
            }
            for board, (total, count) in part["boards"].items()
        ],
    }


class Told:
    """What the service has told of its records, step by step."""

    def __init__(self, api: Api, service: Service) -> None:
        self.api, self.service = api, service
        self.standing: dict[str, Any] = {}
        moc = [
            {"board": board, "points": 3, "credit_types": types, "content_outline": ["1.1"]}
            for board, types in TYPES.items()
        ]
        self.activities = [
            api.register(title=title, ama_pra_credits=4, moc=moc).json["activity_id"] for title in ("One", "Two")
        ]

    def pick(self, place: int) -> str | None:
        return sorted(self.standing)[place % len(self.standing)] if self.standing else None

    def step(self, verb: str, place: int, part: dict[str, Any]) -> None:
        body, chosen = body_of(part, self.activities), self.pick(place)
        if verb == "report":
            self.note(self.api.report(body))
        elif chosen is None:
            return
        elif verb == "correct":
            headers = {"If-Match": f'"{self.standing[chosen]["version"]}"'}
            self.note(self.api.send("PUT", f"{COMPLETIONS}/{chosen}", headers=headers, json=body))
        elif verb == "withdraw":
            assert self.api.delete(f"{COMPLETIONS}/{chosen}").status == 204
            del self.standing[chosen]
        else:
            pending = [each for each in self.standing[chosen]["credits"] if each["status"] == "pending"]
            for credit in pending[:1]:
                decide(self.service, credit["credit_id"], verb)
                self.standing[chosen] = self.api.get(f"{COMPLETIONS}/{chosen}").json
                assert {each["credit_id"]: each["status"] for each in self.standing[chosen]["credits"]}[
                    credit["credit_id"]
                ] == verb

    def note(self, answer: Answer) -> None:
        assert answer.status in (200, 201, 422), answer.json
        if answer.status == 422:
            assert answer.json["code"] == "completion-rejected", answer.json
            return
        told = {key: value for key, value in answer.json.items() if key not in ("outcome", "findings")}
        before = self.standing.get(told["completion_id"])
        if answer.json["outcome"] == "unchanged":
            assert before == told
        self.standing[told["completion_id"]] = told


def facts_of(records: dict[str, Any]) -> dict[str, Any]:
    """Return records without the moments at which statuses changed."""
    return {
        key: {**each, "credits": [{**credit, "status_at": None} for credit in each["credits"]]}
        for key, each in records.items()
    }


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_any_sequence_leaves_records_ledger_and_feeds_true(
    api: Api, service: Service, boards: dict[str, Reader], taken: Any
) -> None:
    told = Told(api, service)
    for verb, place, part in taken:
        told.step(verb, place, part)
    settle(service)
    assert replayed(service) == live(service)
    for code, (board, view) in boards.items():
        read_on(board, view)
        assert facts(view) == standing(service, code)
    listed = {
        each["completion_id"]: each
        for activity in told.activities
        for each in api.completions(activity_id=activity, limit=500)
    }
    assert facts_of(listed) == facts_of(told.standing)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(parts, min_size=2, max_size=10), st.sampled_from([2, 3, 500]))
def test_reports_have_the_same_outcome_in_pieces_of_any_size(
    api: Api, service: Service, records: Any, size: int
) -> None:
    outcomes = []
    for at_once in (1, size):
        told = Told(api, service)
        bodies = [body_of(each, told.activities) for each in records]
        outcome = []
        for start in range(0, len(bodies), at_once):
            answer = api.post(f"{COMPLETIONS}:bulk", {"items": bodies[start : start + at_once]})
            for item in answer.json["items"]:
                done, refused = item.get("completion"), item.get("problem")
                codes = [(each["code"], each["pointer"]) for each in refused["errors"]] if refused else []
                outcome.append((item["status"], done and done["outcome"], done and done["occasion"], codes))
        outcomes.append(outcome)
    assert outcomes[0] == outcomes[1]
    settle(service)
    assert replayed(service) == live(service)
