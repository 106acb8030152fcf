"""Any sequence of records by reference, reports and patches: a reference that was answered finds its record, once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders.bodies import a_completion, points
from tests.harness.api import Answer, Api
from tests.harness.properties import examples

COMPLETIONS = "/v1/learner-completions"
REFERENCES = ("lms:1", "lms:2", "registrar:1")
JOHN = {"first_name": "John", "last_name": "Smith", "born": "03/17", "license_id": "12345"}


pytestmark = pytest.mark.usefixtures("proven")


def body_of(record: dict[str, Any]) -> dict[str, Any]:
    day, amount = record["day"], record["credits"]
    moc = [points("ABIM", "999999", amount, Medical_Knowledge=amount)] if "moc" in record["targets"] else []
    body = a_completion("200912095", day, credits=amount if "cme" in record["targets"] else None, moc=moc, **JOHN)
    if record["person"] == "Rebecca":
        body = a_completion("200912095", day, credits=amount)
    return body


records = st.fixed_dictionaries(
    {
        "person": st.sampled_from(["John", "John", "Rebecca"]),
        "day": st.sampled_from(["2021-02-14", "2021-02-15"]),
        "credits": st.sampled_from([0.25, 0.5]),
        "targets": st.sampled_from([("cme",), ("moc",), ("cme", "moc")]),
    }
)
steps = st.tuples(st.sampled_from(["put", "put", "post", "patch", "delete"]), st.sampled_from(REFERENCES), records)


def put(api: Api, reference: str, body: Any) -> Answer:
    return api.send("PUT", f"{COMPLETIONS}/by-reference/{reference}", json=body)


def bearing(api: Api, reference: str) -> list[Any]:
    return api.completions(client_reference=reference)


def take(api: Api, step: tuple[str, str, dict[str, Any]]) -> None:
    """Take a step, and hold its answer against what stood before."""
    kind, reference, record = step
    before = bearing(api, reference)
    if kind == "post":
        answer = api.report(body_of(record) | {"client_reference": reference})
        assert answer.status in (200, 201, 422), answer.json
        if answer.status != 422:
            assert answer.json["completion_id"] in [found["completion_id"] for found in bearing(api, reference)]
    elif kind == "put":
        answer = put(api, reference, body_of(record))
        standing = [found for found in before if any(_stands(credit, reference) for credit in found["credits"])]
        assert answer.status == (409 if len(standing) > 1 else answer.status), answer.json
        assert answer.status in (200, 201, 409, 422), answer.json
        if answer.status in (200, 201):
            assert len(bearing(api, reference)) >= 1
            assert answer.status == 200 or not standing
            again = put(api, reference, body_of(record))
            assert (again.status, again.json.get("outcome")) in ((200, "unchanged"), (409, None)), again.json
    elif before:
        path = f"{COMPLETIONS}/{before[0]['completion_id']}"
        if kind == "delete":
            api.delete(path)
        else:
            answer = api.send("PATCH", path, headers={"If-Match": "*"}, json={"completed_on": record["day"]})
            assert answer.status in (200, 422), answer.json


def _stands(credit: Any, reference: str) -> bool:
    return credit["status"] != "withdrawn" and reference in credit["client_references"]


@examples(40)
@given(taken=st.lists(steps, min_size=2, max_size=9))
def test_a_reference_that_was_answered_finds_its_record_and_makes_no_second(api: Api, taken: list[Any]) -> None:
    known: dict[str, Any] = {}
    for step in taken:
        take(api, step)
        for reference in REFERENCES:
            for found in bearing(api, reference):
                report = api.get(f"{COMPLETIONS}/{found['completion_id']}").json["report"]
                sent_back = api.send(
                    "PUT", f"{COMPLETIONS}/{found['completion_id']}", headers={"If-Match": "*"}, json=report
                )
                assert (sent_back.status, sent_back.json["outcome"]) == (200, "unchanged"), sent_back.json
                known[found["completion_id"]] = found
    for completion_id in known:
        api.delete(f"{COMPLETIONS}/{completion_id}")
    for completion in api.completions(activity_id="200912095", limit=500):
        api.delete(f"{COMPLETIONS}/{completion['completion_id']}")
