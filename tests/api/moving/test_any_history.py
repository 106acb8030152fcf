"""Whatever became of activities and completions in one installation, another one that imports them has the same."""

from __future__ import annotations

import itertools
from contextlib import suppress
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from hypothesis import event, given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.domain.decisions import Decision, Verdict
from app.services.boards import decisions
from app.services.context import OPERATOR, Caller, Service, transact
from app.services.operations.sealing import seal_next
from app.store.sql import statements
from tests.builders.bodies import a_completion, points
from tests.builders.past_records import PROVIDER
from tests.harness.api import Api, api_of, settle
from tests.harness.moving.installations import (
    ACTIVITIES,
    COMPLETIONS,
    answering_for,
    everything,
    exported,
    import_bytes,
    lines_of,
    ndjson,
    outcomes,
    what_was_told,
)
from tests.harness.properties import examples

NUMBERS = itertools.count(1)
PEOPLE: tuple[dict[str, Any], ...] = (
    {"first_name": "Rebecca", "last_name": "Test", "born": "02/01", "license_id": "444444"},
    {"first_name": "TINA", "last_name": "karacme", "born": "11/24"},
    {"first_name": "John", "last_name": "Smith", "born": "3/17", "license_id": "12345"},
)
POINTS = (None, ("ABA", "35867909", "Lifelong Learning"), ("ABIM", "999999", "Medical Knowledge"))
texts = st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=12).filter(
    lambda text: text.isprintable() and bool(text.strip()) and any(map(str.isalnum, text))
)
reports = st.fixed_dictionaries(
    {
        "person": st.integers(0, 2),
        "day": st.integers(1, 3),
        "cme": st.one_of(st.none(), st.integers(1, 8)),
        "moc": st.one_of(st.none(), st.integers(1, 8)),
        "reference": st.one_of(st.none(), texts),
        "rems": st.one_of(st.none(), st.fixed_dictionaries({"local_id": texts, "profession": st.just("Physician")})),
        "occasion": st.sampled_from((None, None, 1, 2)),
    }
)
steps = st.one_of(
    st.tuples(st.just("report"), reports),
    st.tuples(st.just("report"), reports),
    st.tuples(st.just("decide"), st.integers(0, 9), st.sampled_from(tuple(Verdict)), st.one_of(st.none(), texts)),
    st.tuples(st.just("drop"), st.integers(0, 9), st.sampled_from(("cme", "moc"))),
    st.tuples(st.just("delete"), st.integers(0, 9)),
)
activities = st.fixed_dictionaries(
    {"title": texts, "ama_pra_credits": st.integers(8, 400).map(lambda quarters: quarters / 4)},
    optional={
        "internal_id": texts,
        "description": texts,
        "commendation_tags": st.lists(texts, max_size=2),
        "practice_areas": st.lists(texts, max_size=2),
        "mips": st.booleans(),
        "location": st.fixed_dictionaries({"city": texts, "state": st.just("TN")}),
        "learner_counts": st.fixed_dictionaries({"physicians": st.integers(0, 9)}),
        "commercial_support": st.lists(
            st.fixed_dictionaries({"source": texts, "amount": st.integers(1, 9)}), max_size=2
        ),
        "measured_outcomes": st.just([{"outcome": "patient-health", "objective": False}]),
    },
)


class History:
    """One activity of the first installation, and what becomes of its learners."""

    def __init__(self, api: Api, service: Service, fields: dict[str, Any]) -> None:
        self.api, self.service = api, service
        own_id = {"internal_id": f"{fields['internal_id']} {next(NUMBERS)}"} if "internal_id" in fields else {}
        registrations = [
            {"board": board, "points": 100, "credit_types": [kind]} for board, _, kind in filter(None, POINTS)
        ]
        answer = api.register(**{"moc": registrations, "rems": {"type": "Opioid Analgesic"}} | fields | own_id)
        assert answer.status == 201, answer.json
        self.activity_id = answer.json["activity_id"]

    def take(self, step: tuple[Any, ...]) -> None:
        verb, *given = step
        getattr(self, verb)(*given)

    def report(self, wanted: dict[str, Any]) -> None:
        place = wanted["person"]
        kind = POINTS[place]
        body = a_completion(
            self.activity_id,
            f"2021-12-0{wanted['day']}",
            credits=wanted["cme"] / 4 if wanted["cme"] and "license_id" in PEOPLE[place] else None,
            moc=[points(kind[0], kind[1], wanted["moc"] / 4, **{kind[2]: wanted["moc"] / 4})]
            if wanted["moc"] and kind
            else None,
            **PEOPLE[place],
        )
        body |= {name: wanted[name] for name in ("rems", "occasion") if wanted[name] is not None}
        if wanted["reference"] is not None:
            body["client_reference"] = wanted["reference"]
        # What the rules refuse is no history.
        self.api.report(body)

    def listed(self) -> list[Any]:
        return self.api.completions(activity_id=self.activity_id, limit=500)

    def decide(self, place: int, verdict: Verdict, reason: str | None) -> None:
        while self.service.database.write(lambda connection: seal_next(connection, self.service)):
            pass
        rows = self.service.database.read(
            lambda connection: statements.fetch(
                connection,
                "SELECT e.credit_id, e.board, max(f.position) FROM credits x JOIN board_events e "
                "ON e.credit_id = x.credit_id JOIN feed f ON f.event_id = e.event_id "
                "WHERE x.activity_id = :id GROUP BY e.credit_id, e.board ORDER BY e.credit_id",
                {"id": self.activity_id},
            )
        )
        if not rows:
            return
        credit_id, board, position = rows[place % len(rows)]
        decision = Decision(credit_id=credit_id, position=position, verdict=verdict, reason_code=None, reason=reason)
        caller = Caller(service=self.service, client=replace(OPERATOR, board=board), provider=None)
        transact(caller, decisions.decide_each, [decision])

    def drop(self, place: int, part: str) -> None:
        """Take one part of a record back, while the rest stands."""
        for record in self.listed()[place:][:1]:
            self.api.send(
                "PATCH", f"{COMPLETIONS}/{record['completion_id']}", json={part: []}, headers={"If-Match": "*"}
            )

    def delete(self, place: int) -> None:
        for record in self.listed()[place:][:1]:
            assert self.api.delete(f"{COMPLETIONS}/{record['completion_id']}").status == 204

    def close(self) -> None:
        """Let the activity end, and close it if it has what closing needs."""
        with suppress(AssertionError):
            assert self.api.post(f"{ACTIVITIES}/{self.activity_id}/close", None).status == 200


def as_everywhere(records: list[Any]) -> list[Any]:
    """Return records without what is told to be each installation's own: see docs/moving.md."""
    return [
        {name: value for name, value in record.items() if name not in ("version", "updated_at")}
        | {"learner": {name: value for name, value in record.get("learner", {}).items() if name != "learner_id"}}
        for record in records
    ]


@given(fields=activities, done=st.lists(steps, min_size=1, max_size=8), closed=st.booleans())
@examples(40)
def test_what_is_exported_and_imported_is_exported_alike(
    api: Api, app: FastAPI, service: Service, other: Service, tmp_path: Path,
    fields: dict[str, Any], done: list[tuple[Any, ...]], closed: bool,
) -> None:  # fmt: skip
    answering_for(app, service)
    history = History(api, service, fields)
    for step in done:
        history.take(step)
    if closed:
        answer = api.send(
            "PATCH", f"{ACTIVITIES}/{history.activity_id}", json={"end_date": "2021-12-10"}, headers={"If-Match": "*"}
        )
        assert answer.status == 200, answer.json
        history.close()
    mine = [one for one in lines_of(exported(api, ACTIVITIES)) if one["activity_id"] == history.activity_id]
    sent = exported(api, COMPLETIONS, activity_id=history.activity_id)
    settle(other)
    told = what_was_told(other)
    counts = import_bytes(other, tmp_path, ACTIVITIES, ndjson(mine))
    assert outcomes(counts) == {"read": 1, "added": 1}, counts.listed
    records = len(lines_of(sent))
    for status in {credit["status"] for record in lines_of(sent) for credit in record["credits"]}:
        event(status)
    if records:
        counts = import_bytes(other, tmp_path, COMPLETIONS, sent)
        assert outcomes(counts) == {"read": records, "added": records}, counts.listed
    answering_for(app, other)
    there = api_of(api.http, other, f"Moved {next(NUMBERS)}", providers=[PROVIDER])
    back = [one for one in lines_of(exported(there, ACTIVITIES)) if one["activity_id"] == history.activity_id]
    assert as_everywhere(back) == as_everywhere(mine)
    returned = exported(there, COMPLETIONS, activity_id=history.activity_id)
    assert as_everywhere(lines_of(returned)) == as_everywhere(lines_of(sent))
    settle(other)
    assert what_was_told(other) == told
    before = everything(other)
    if records:
        again = import_bytes(other, tmp_path, COMPLETIONS, sent)
        assert outcomes(again) == {"read": records, "already-there": records}, again.listed
    assert everything(other) == before
