"""Any sequence of reports, corrections, withdrawals, rows and decisions leaves every invariant and every feed true."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.domain.batches import EntryMethod
from app.domain.credits import Outcome
from app.domain.reports import Action, CompletionReport
from app.schemas.completions import CompletionIn
from app.services.context import Service
from app.services.registry import imports
from app.simulator.view import View
from tests.builders.judging import PROVIDER
from tests.harness.api import Answer, Api, api_of, settle
from tests.harness.board_views import decide, live, replayed
from tests.harness.clock import ManualClock
from tests.harness.properties import examples
from tests.harness.simulated_boards import facts, read_on, standing
from tests.harness.submissions import rehearse, submit, told

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
    imports.import_rows(service, enumerate((imports.read_row(row, service.catalogue) for row in rows), 1))


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
        st.tuples(st.sampled_from(["delete", "delete", "update"]), st.integers(0, 3), parts),
        st.tuples(st.sampled_from(["delete", "update", "update"]), st.integers(0, 3), parts),
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
                "credit_types": [{"type": name, "credits": total} for name in TYPES[board][:count]],
            }
            for board, (total, count) in part["boards"].items()
        ],
    }


def row_of(action: str, body: dict[str, Any]) -> CompletionReport:
    """Return a body as a row of a file that asks for something."""
    read = CompletionIn.model_validate(body).as_report(PROVIDER, ManualClock().now, EntryMethod.TAB)
    return replace(read, action=Action(action))


def aimed(body: dict[str, Any], record: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """Return a body that is about a record that stands: names of it what the part names, or all when that is none."""
    name = record["learner"]["first_name"]
    held = [credit["board"] for credit in record["credits"] if credit["status"] != "withdrawn"]
    named = [*(f"{state}-M" for state in part["states"]), *part["boards"]]
    about = body_of(
        part
        | {"person": name, "day": record["completed_on"], "activity": 0}
        | {"states": [state[:2] for state in held if state in named and state.endswith("-M")]}
        | {"boards": {board: amount for board, amount in part["boards"].items() if board in held}},
        [record["activity_id"]],
    )
    return about | {"occasion": record["occasion"] if part["occasion"] else None}


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
        elif verb in ("delete", "update"):
            self.row(row_of(verb, aimed(body, self.standing[chosen], part)))
        elif verb == "correct":
            headers = {"If-Match": f'"{self.standing[chosen]["version"]}"'}
            self.note(self.api.send("PUT", f"{COMPLETIONS}/{chosen}", headers=headers, json=body))
        elif verb == "withdraw":
            assert self.api.delete(f"{COMPLETIONS}/{chosen}").status == 204
            del self.standing[chosen]
        else:
            pending = [credit for credit in self.standing[chosen]["credits"] if credit["status"] == "pending"]
            for credit in pending[:1]:
                decide(self.service, credit["credit_id"], verb)
                self.standing[chosen] = as_told(self.api.get(f"{COMPLETIONS}/{chosen}"))
                assert {credit["credit_id"]: credit["status"] for credit in self.standing[chosen]["credits"]}[
                    credit["credit_id"]
                ] == verb

    def row(self, row: CompletionReport) -> None:
        """Submit a row; what it names may change in the one completion it finds, and nothing else anywhere."""
        (done,) = submit(self.service, row)
        if done.outcome not in (Outcome.DELETED, Outcome.UPDATED):
            assert done.outcome is Outcome.REJECTED or done.before == done.completion
            return
        assert done.completion is not None
        key = done.completion.completion_id
        before, after = self.standing.pop(key), self.api.get(f"{COMPLETIONS}/{key}")
        if done.completion.withdrawn_at is not None:
            assert after.status == 404
            return
        self.standing[key] = as_told(after)
        named = {f"{part.state}-M" for part in row.cme} | {str(points.board) for points in row.moc}
        now = {credit["credit_id"]: credit for credit in after.json["credits"]}
        for credit in before["credits"]:
            assert credit["board"] in named or now[credit["credit_id"]] == credit

    def note(self, answer: Answer) -> None:
        assert answer.status in (200, 201, 422), answer.json
        if answer.status == 422:
            assert answer.json["code"] == "completion-rejected", answer.json
            return
        told = as_told(answer)
        before = self.standing.get(told["completion_id"])
        if answer.json["outcome"] == "unchanged":
            assert before is not None
            if told["version"] != before["version"]:
                # A reference that is new to the record is kept, in a version of its own.
                assert told["version"] == before["version"] + 1
                assert references(before) < references(told)
            assert {**before, "version": 0, "credits": without_references(before)} == {
                **told, "version": 0, "credits": without_references(told),
            }  # fmt: skip
        self.standing[told["completion_id"]] = told


def as_told(answer: Answer) -> dict[str, Any]:
    """Return what every answer with a completion tells of it."""
    return {key: value for key, value in answer.json.items() if key not in _ONLY_IN_SOME}


_ONLY_IN_SOME = ("outcome", "findings", "report")


def references(record: dict[str, Any]) -> set[tuple[str, str]]:
    return {(credit["credit_id"], one) for credit in record["credits"] for one in credit["client_references"]}


def without_references(record: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**credit, "client_references": None} for credit in record["credits"]]


def facts_of(records: dict[str, Any]) -> dict[str, Any]:
    """Return records without the moments at which statuses changed."""
    return {
        key: {**record, "credits": [{**credit, "status_at": None} for credit in record["credits"]]}
        for key, record in records.items()
    }


@examples(12)
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
        completion["completion_id"]: completion
        for activity in told.activities
        for completion in api.completions(activity_id=activity, limit=500)
    }
    assert facts_of(listed) == facts_of(told.standing)


near = st.fixed_dictionaries(
    {
        "person": st.just("Ada"),
        "activity": st.sampled_from([0, 0, 0, 1]),
        "day": st.sampled_from([DAYS[0], *DAYS]),
        "occasion": st.sampled_from([None, None, None, 1, 2]),
        "states": st.sampled_from([["TN"], ["TN"], ["TN", "ME"], []]),
        "cme": st.sampled_from([1, 1, 2]),
        "boards": st.dictionaries(st.sampled_from(["ABA", "ABIM"]), st.tuples(amounts, st.just(1)), max_size=1),
        "reference": st.sampled_from([None, None, "r-1"]),
    }
)
rows = st.builds(
    lambda added, mixed: [*(("add", part) for part in added), *mixed],
    st.lists(near, min_size=1, max_size=4),
    st.lists(st.tuples(st.sampled_from(["add", "delete", "delete", "update"]), near), min_size=2, max_size=12),
)


@examples(8)
@given(rows)
def test_rows_have_the_same_outcome_in_pieces_of_any_size_and_rehearsed(api: Api, service: Service, asked: Any) -> None:
    outcomes = []
    for size in (1, 7, 5000):
        activities = Told(api, service).activities
        given_rows = [row_of(action, body_of(part, activities)) for action, part in asked]
        place = {activity: number for number, activity in enumerate(activities)}
        runs = [told(rehearse(service, *given_rows, at_once=number)) for number in (1, 7)]
        runs.append(told(submit(service, *given_rows, at_once=size)))
        outcomes += [[(o, f, c and (place[c[0]], *c[1:])) for o, f, c in run] for run in runs]
    assert outcomes == outcomes[:1] * len(outcomes)
    settle(service)
    assert replayed(service) == live(service)


@examples(8)
@given(st.lists(parts, min_size=2, max_size=10), st.sampled_from([2, 3, 500]))
def test_reports_have_the_same_outcome_in_pieces_of_any_size(
    api: Api, service: Service, records: Any, size: int
) -> None:
    outcomes = []
    for at_once in (1, size):
        told = Told(api, service)
        bodies = [body_of(record, told.activities) for record in records]
        outcome = []
        for start in range(0, len(bodies), at_once):
            answer = api.post(f"{COMPLETIONS}:bulk", {"items": bodies[start : start + at_once]})
            for item in answer.json["items"]:
                done, refused = item.get("completion"), item.get("problem")
                codes = [(error["code"], error["pointer"]) for error in refused["errors"]] if refused else []
                outcome.append((item["status"], done and done["outcome"], done and done["occasion"], codes))
        outcomes.append(outcome)
    assert outcomes[0] == outcomes[1]
    settle(service)
    assert replayed(service) == live(service)
