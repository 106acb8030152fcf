"""Holding never doubles credit: whatever the order of registry changes, sends, judging and the passing of time."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.services.context import Service
from app.services.held.judging import judge_all_due
from tests.builders.bodies import a_completion
from tests.builders.people import import_people, word_of
from tests.harness.api import Answer, Api, settle
from tests.harness.clock import ManualClock
from tests.harness.properties import examples

_numbers = itertools.count(1)
"""Each example has a physician and an activity of its own."""


steps = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.sampled_from("AB"), st.sampled_from([1, 2]), st.sampled_from(["hold", "reject"])),
        st.tuples(st.just("bulk"), st.sampled_from("AB"), st.sampled_from("AB")),
        st.tuples(st.just("put"), st.sampled_from("AB"), st.sampled_from([1, 2])),
        st.tuples(st.just("know"), st.sampled_from(["A", "AB"])),
        st.tuples(st.just("judge")),
        st.tuples(st.just("act"), st.sampled_from(["judge", "set-aside", "ask"])),
        st.tuples(st.just("correct"), st.sampled_from("AB"), st.sampled_from([1, 2])),
        st.tuples(st.just("wait"), st.sampled_from([1, 30])),
    ),
    max_size=12,
)


class Story:
    """One physician under two last names, one activity, one record of theirs in several versions.

    Names that are near find each other, as a typing error does; others only once the registry has both.
    """

    def __init__(self, api: Api, service: Service, clock: ManualClock, *, near: bool) -> None:
        number = next(_numbers)
        self.names = {name: word_of(f"{name}{number}") for name in "AB"}
        if near:
            self.names["B"] = self.names["A"][:5] + self.names["A"][4:]
        self.number = f"7{number:05}"
        self.api, self.service, self.clock = api, service, clock
        self.activity_id: str = api.register(ama_pra_credits=10).json["activity_id"]
        self.reference = f"lms:{number}"

    def body(self, name: str, credits: float = 1) -> Any:
        person = {"first_name": "Nora", "last_name": self.names[name], "born": "07/09", "license_id": None}
        return a_completion(self.activity_id, credits=credits, client_reference=self.reference, **person)

    def send(self, name: str, credits: float, on_unmatched: str) -> Answer:
        parameters = {"on_unmatched": on_unmatched}
        return self.api.send("POST", "/v1/learner-completions", params=parameters, json=self.body(name, credits))

    def bulk(self, *names: str) -> Answer:
        items = {"items": [self.body(name) for name in names]}
        return self.api.send("POST", "/v1/learner-completions:bulk", params={"on_unmatched": "hold"}, json=items)

    def put(self, name: str, credits: float) -> Answer:
        path = f"/v1/learner-completions/by-reference/{self.reference}"
        return self.api.send("PUT", path, params={"on_unmatched": "hold"}, json=self.body(name, credits))

    def know(self, names: str) -> None:
        first, *others = (self.names[name] for name in names)
        row = {"first_name": "Nora", "last_name": first, "other_last_names": ";".join(others)}
        import_people(self.service, row | {"date_of_birth": "07/09", "licenses": f"TN-M:{self.number}"})

    def judge(self) -> None:
        judge_all_due(self.service)

    def held(self) -> list[Any]:
        found: list[Any] = self.api.get("/v1/held-records", activity_id=self.activity_id).json["data"]
        return found

    def act(self, verb: str) -> None:
        for held in self.held()[:1]:
            answer = self.api.post(f"/v1/held-records/{held['held_id']}/{verb}", {} if verb == "ask" else None)
            assert answer.status in (200, 409)

    def correct(self, name: str, credits: float) -> None:
        for held in self.held()[:1]:
            tag = {"If-Match": f'"{held["version"]}"'}
            path = f"/v1/held-records/{held['held_id']}"
            answer = self.api.send("PUT", path, json=self.body(name, credits), headers=tag)
            assert answer.status in (200, 409, 422)

    def wait(self, days: int) -> None:
        self.clock.now += timedelta(days=days)

    def completions(self) -> list[Any]:
        return self.api.completions(activity_id=self.activity_id)


@given(st.booleans(), steps)
@examples(25)
def test_one_record_is_one_credit_in_any_order(
    api: Api, service: Service, clock: ManualClock, near: bool, asked: Any
) -> None:
    story = Story(api, service, clock, near=near)
    for verb, *how in asked:
        getattr(story, verb)(*how)
        clock.now += timedelta(minutes=1)
        assert len(story.completions()) <= 1
    story.know("AB")
    story.judge()
    standing = story.completions()
    assert len(standing) <= 1
    held = story.held()
    assert {one["completion_id"] for one in held} <= {None, *(one["completion_id"] for one in standing)}
    assert [one for one in held if one["status"] == "waiting"] == []
    if any(one["status"] == "accepted" for one in held):
        assert len(standing) == 1
    settle(service)
