"""One record is never two learners' credit, in whatever order people are added and the record is sent again."""

from __future__ import annotations

import itertools
import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from app.services.context import Service
from app.services.held.judging import judge_all_due
from tests.builders.bodies import a_completion
from tests.builders.people import import_people, word_of
from tests.harness.api import Api, settle
from tests.harness.clock import ManualClock
from tests.harness.properties import examples
from tests.harness.uploads import worked

COMPLETIONS = "/v1/learner-completions"
_numbers = itertools.count(1)
"""Each example has people and an activity of its own."""

steps = st.lists(
    st.one_of(
        st.tuples(st.just("know"), st.sampled_from("ABC")),
        st.tuples(st.just("send"), st.sampled_from("ABC"), st.booleans(), st.sampled_from(["hold", "reject"])),
        st.tuples(st.just("put"), st.sampled_from("ABC"), st.booleans()),
        st.tuples(st.just("bulk"), st.sampled_from("ABC"), st.sampled_from("ABC")),
        st.tuples(st.just("upload"), st.sampled_from("ABC"), st.booleans()),
        st.tuples(st.just("judge")),
        st.tuples(st.just("withdraw")),
    ),
    max_size=12,
)


class Story:
    """Three people of near names, born on one day; one record, named after any of them.

    Under a reference its person is written in any of their names, and one of them by number as well: with a number of
    each it would say itself that they are different people. Without a reference it is always the same record.
    """

    def __init__(self, api: Api, service: Service, *, referred: bool) -> None:
        number = next(_numbers)
        word = word_of(f"Anne{number}")
        names = (word, word[:5] + word[4:], word[:9] + word[8:])
        self.people = {
            who: {
                "first_name": "Anne",
                "last_name": last,
                "date_of_birth": "07/09",
                "licenses": f"TN-M:8{number:04}{who}",
            }
            for who, last in zip("ABC", names, strict=True)
        }
        self.api, self.service = api, service
        self.activity_id: str = api.register(ama_pra_credits=10).json["activity_id"]
        self.reference = f"lms:{number}" if referred else None

    def body(self, who: str, numbered: bool = False) -> Any:
        named = self.people[who if self.reference is not None else "A"]
        number = named["licenses"].partition(":")[2] if numbered and named is self.people["B"] else None
        person = {"first_name": named["first_name"], "last_name": named["last_name"], "born": "07/09"}
        body = a_completion(self.activity_id, credits=1, license_id=number, **person)
        return body if self.reference is None else body | {"client_reference": self.reference}

    def know(self, who: str) -> None:
        import_people(self.service, self.people[who])

    def send(self, who: str, numbered: bool, on_unmatched: str) -> None:
        parameters = {"on_unmatched": on_unmatched}
        answer = self.api.send("POST", COMPLETIONS, params=parameters, json=self.body(who, numbered))
        assert answer.status in (200, 201, 202, 422), answer.json

    def put(self, who: str, numbered: bool) -> None:
        path = f"{COMPLETIONS}/by-reference/{self.reference or 'another'}-{next(_numbers)}"
        if self.reference is not None:
            path = f"{COMPLETIONS}/by-reference/{self.reference}"
        answer = self.api.send("PUT", path, json=self.body(who, numbered))
        assert answer.status in (200, 201, 422), answer.json

    def bulk(self, *people: str) -> None:
        self.api.post(f"{COMPLETIONS}:bulk", {"items": [self.body(who) for who in people]})

    def upload(self, who: str, dry_run: bool) -> None:
        worked(self.api, self.service, json.dumps(self.body(who)).encode(), name="learners.ndjson", dry_run=dry_run)

    def judge(self) -> None:
        judge_all_due(self.service)

    def withdraw(self) -> None:
        for completion in self.completions()[:1]:
            self.api.delete(f"{COMPLETIONS}/{completion['completion_id']}")

    def completions(self) -> list[Any]:
        return self.api.completions(activity_id=self.activity_id)


FOUND_ANEW = [("know", "B"), ("send", "A", False, "reject"), ("know", "A"), ("send", "A", False, "reject")]
"""Anne is found as the one near her, then as herself."""


@given(st.booleans(), steps)
@example(True, FOUND_ANEW)
@example(False, FOUND_ANEW)
@example(True, [("know", "B"), ("send", "B", True, "reject"), ("know", "C"), ("put", "C", False)])
@example(True, [("know", "A"), ("send", "C", False, "reject"), ("know", "C"), ("judge",), ("upload", "C", False)])
@examples(25)
def test_one_record_is_never_two_learners_credit(
    api: Api, service: Service, clock: ManualClock, referred: bool, asked: Any
) -> None:
    story = Story(api, service, referred=referred)
    for verb, *how in asked:
        getattr(story, verb)(*how)
        standing = story.completions()
        assert len({completion["learner"]["learner_id"] for completion in standing}) <= 1
        assert len(standing) <= 1
    settle(service)
