"""`PATCH` of completions, a JSON Merge Patch of `report`; and `report`, which PUT takes back unchanged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.merge_patch import merge_patch
from app.services.context import Service
from tests.builders.bodies import GRAND_ROUNDS, a_completion, john, points, tina
from tests.harness.api import Answer, Api, settle
from tests.harness.board_views import decide
from tests.harness.properties import examples
from tests.harness.refusals import assert_problem

DATABASES = ["sqlite"]

COMPLETIONS = "/v1/learner-completions"


pytestmark = pytest.mark.usefixtures("proven")


def patch(api: Api, completion_id: str, body: Any, if_match: str | None = "*", **headers: str) -> Answer:
    conditions = {} if if_match is None else {"If-Match": if_match}
    return api.send("PATCH", f"{COMPLETIONS}/{completion_id}", headers=conditions | headers, json=body)


def put(api: Api, completion_id: str, body: Any) -> Answer:
    return api.send("PUT", f"{COMPLETIONS}/{completion_id}", headers={"If-Match": "*"}, json=body)


def read(api: Api, completion_id: str) -> Any:
    return api.get(f"{COMPLETIONS}/{completion_id}").json


def reported(api: Api, body: Any) -> str:
    answer = api.report(body)
    assert answer.status in (200, 201), answer.json
    completion_id: str = answer.json["completion_id"]
    return completion_id


def test_what_is_read_is_the_body_that_was_reported(api: Api) -> None:
    body = john(client_reference="lms:1")
    report = read(api, reported(api, body))["report"]
    learner_id = report["learner"].pop("learner_id")
    assert learner_id.startswith("lrn_")
    assert report == {
        "activity_id": body["activity_id"],
        "completed_on": "2021-02-14",
        "permission": True,
        "learner": {"first_name": "John", "last_name": "Smith", "date_of_birth": "03/17"},
        "cme": [
            {
                "state": "TN-M",
                "license_id": "12345",
                "credits": 2.25,
                "special_credits": [],
                "client_references": [],
            }
        ],
        "moc": [
            {
                "board": "ABIM",
                "board_id": "999999",
                "total_credits": 2.25,
                "credit_types": [
                    {"type": "Medical Knowledge", "credits": 2.25},
                    {"type": "Patient Safety", "credits": 2.25},
                ],
                "client_references": [],
            }
        ],
        "client_references": ["lms:1"],
    }


def test_a_member_that_is_sent_changes_and_the_rest_stays(api: Api) -> None:
    completion_id = reported(api, john(client_reference="lms:1"))
    answer = patch(api, completion_id, {"completed_on": "2021-02-15"})
    assert (answer.status, answer.json["outcome"], answer.json["version"]) == (200, "updated", 2)
    assert answer.response.headers["etag"] == '"2"'
    after = read(api, completion_id)
    assert (after["completed_on"], after["learner"]["last_name"]) == ("2021-02-15", "Smith")
    assert [credit["client_references"] for credit in after["credits"]] == [["lms:1"], ["lms:1"]]


def test_it_may_be_declared_as_a_merge_patch(api: Api) -> None:
    completion_id = reported(api, tina())
    headers = {"Content-Type": "application/merge-patch+json", "If-Match": "*"}
    answer = api.send(
        "PATCH", f"{COMPLETIONS}/{completion_id}", headers=headers, content=b'{"completed_on": "2021-12-02"}'
    )
    assert answer.json["completed_on"] == "2021-12-02"


def test_an_empty_patch_changes_nothing(api: Api, service: Service) -> None:
    completion_id = reported(api, tina())
    settle(service)
    decide(service, read(api, completion_id)["credits"][0]["credit_id"], "rejected")
    for body in ({}, {"completed_on": "2021-12-01"}, {"cme": []}, {"learner": {"first_name": "Tina"}}, {"rems": None}):
        answer = patch(api, completion_id, body)
        assert (answer.json["outcome"], answer.json["version"], answer.json["findings"]) == ("unchanged", 2, [])


def test_a_version_must_be_named(api: Api) -> None:
    completion_id = reported(api, tina())
    assert_problem(patch(api, completion_id, {}, None), 428, "precondition-required")
    assert_problem(patch(api, completion_id, {}, '"2"'), 412, "precondition-failed")
    assert patch(api, completion_id, {"completed_on": "2021-12-02"}, '"1"').status == 200
    assert patch(api, completion_id, {}, Prefer="return=minimal").status == 204
    assert_problem(patch(api, "nothing", {}), 404, "not-found")


def test_null_takes_away_a_member_of_the_learner_though_the_id_stays(api: Api) -> None:
    body = a_completion()
    body["learner"]["npi"] = None
    completion_id = reported(api, body)
    patch(api, completion_id, {"learner": {"date_of_birth": None, "first_name": None}})
    after = read(api, completion_id)
    assert (after["learner"]["date_of_birth"], after["learner"]["first_name"]) == (None, None)
    assert after["report"]["learner"].keys() == {"last_name", "learner_id"}


def test_names_alone_never_make_a_record_another_persons(api: Api) -> None:
    completion_id = reported(api, tina())
    other = {"first_name": "Rebecca", "last_name": "Test", "date_of_birth": "02/01"}
    assert patch(api, completion_id, {"learner": other}).codes == {"learner-unmatched"}
    cme = [{"state": "TN", "credits": 2}]
    moved = patch(api, completion_id, {"learner": other | {"learner_id": None}, "moc": None, "cme": cme})
    assert moved.json["learner"]["last_name"] == "Test"
    assert [credit["status"] for credit in moved.json["credits"]] == ["withdrawn", "pending"]


def test_a_list_replaces_the_list_and_references_hold(api: Api) -> None:
    body = john(client_reference="lms:1")
    body["cme"][0]["client_reference"] = "cme:1"
    completion_id = reported(api, body)
    answer = patch(api, completion_id, {"cme": [{"state": "TN", "license_id": "12345", "credits": 2}]})
    tennessee = answer.json["credits"][0]
    assert (tennessee["credits"], tennessee["client_references"]) == (2, ["cme:1", "lms:1"])


def test_references_are_added_one_by_one_and_replaced_as_a_list(api: Api) -> None:
    completion_id = reported(api, john(client_reference="lms:1"))

    def references() -> list[list[str]]:
        return [credit["client_references"] for credit in read(api, completion_id)["credits"]]

    patch(api, completion_id, {"client_reference": "registrar:9"})
    assert references() == [["lms:1", "registrar:9"]] * 2
    patch(api, completion_id, {"client_reference": None})
    assert references() == [["lms:1", "registrar:9"]] * 2
    patch(api, completion_id, {"client_references": ["lms:2"]})
    assert references() == [["lms:2"]] * 2
    assert api.completions(client_reference="lms:1") == []
    patch(api, completion_id, {"client_references": None})
    assert references() == [[], []]
    assert api.completions(client_reference="lms:2") == []


def test_only_boards_whose_credit_changes_are_told(api: Api, service: Service) -> None:
    completion_id = reported(api, john())
    settle(service)
    for credit in read(api, completion_id)["credits"]:
        decide(service, credit["credit_id"], "rejected")
    patch(api, completion_id, {"client_reference": "lms:1"})
    assert {credit["status"] for credit in read(api, completion_id)["credits"]} == {"rejected"}
    patch(api, completion_id, {"cme": [{"state": "TN", "license_id": "12345", "credits": 2}]})
    assert [credit["status"] for credit in read(api, completion_id)["credits"]] == ["pending", "rejected"]


def test_the_result_is_judged_as_a_correction(api: Api) -> None:
    completion_id = reported(api, john())
    refused = patch(api, completion_id, {"cme": [{"state": "TN", "credits": 0.3}], "permission": None})
    assert refused.pointers == {"credit-quarter": "/cme/0/credits", "permission": "/permission"}
    assert read(api, completion_id)["version"] == 1


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"cme": {}}, "/cme"),
        ({"lerner": {}}, "/lerner"),
        ({"learner": "x"}, "/learner"),
        ([], ""),
        ({"occasion": "1"}, "/occasion"),
    ],
)
def test_a_patch_that_cannot_be_read_is_refused_with_its_place(api: Api, body: Any, pointer: str) -> None:
    refused = patch(api, reported(api, tina()), body)
    assert_problem(refused, 422, "invalid-request")
    assert [error["pointer"] for error in refused.json["errors"]] == [pointer]


def test_a_moved_record_takes_the_next_occasion_unless_one_is_named(api: Api) -> None:
    reported(api, a_completion(completed_on="2021-12-13"))
    moved = reported(api, a_completion(credits=3))
    assert patch(api, moved, {"completed_on": "2021-12-13"}).json["occasion"] == 2
    assert patch(api, moved, {"occasion": 1}).pointers == {"reference-reused": "/occasion"}


def test_a_record_that_would_become_another_is_refused_when_it_is_sent_back(api: Api) -> None:
    reported(api, a_completion())
    other = reported(api, a_completion(credits=3))
    report = read(api, other)["report"]
    report["cme"][0]["credits"] = 2
    assert put(api, other, report).codes == {"second-record-same-day"}


def test_a_completion_of_several_references_is_sent_back_unchanged(api: Api) -> None:
    body = john(client_reference="cme:1") | {"moc": []}
    completion_id = reported(api, body)
    reported(api, john(client_reference="moc:1") | {"cme": []})
    before = read(api, completion_id)
    assert put(api, completion_id, before["report"]).json["outcome"] == "unchanged"
    assert read(api, completion_id) == before


amounts = st.sampled_from([0.25, 1.0, 2.0])
own = st.fixed_dictionaries({}, optional={"client_reference": st.sampled_from(["own:1", "own:2"])})
tennessee = st.builds(
    lambda amount, named: {"state": "TN-M", "license_id": "444444", "credits": amount, "special_credits": []} | named,
    amounts,
    own,
)
maine = st.builds(
    lambda amount, named: {"state": "ME-M", "credits": amount, "special_credits": []} | named, amounts, own
)
rebecca = {"first_name": "Rebecca", "last_name": "Test", "date_of_birth": "02/01"}
days = st.sampled_from(["2021-12-11", "2021-12-12", "2021-12-13"])
record_references = st.sampled_from(["lms:1", "lms:2"])
cme = st.one_of(st.builds(lambda part: [part], tennessee), st.builds(lambda one, other: [one, other], tennessee, maine))
bodies = st.fixed_dictionaries(
    {
        "activity_id": st.just(GRAND_ROUNDS),
        "completed_on": days,
        "permission": st.just(True),
        "learner": st.just(rebecca),
        "cme": cme,
    },
    optional={"client_reference": record_references, "client_references": st.lists(st.just("more:1"), max_size=1)},
)
learners = st.fixed_dictionaries(
    {},
    optional={
        "first_name": st.sampled_from(["Rebecca", "REBECCA"]),
        "date_of_birth": st.sampled_from(["02/01", None]),
        "npi": st.none(),
    },
)
exact = st.builds(lambda parts: [{"client_references": [], **part} for part in parts], cme)
patches = st.fixed_dictionaries(
    {},
    optional={
        "completed_on": days,
        "learner": learners,
        "cme": exact,
        "rems": st.none(),
        "client_reference": record_references | st.none(),
        "client_references": st.lists(st.just("more:2"), max_size=1) | st.none(),
    },
)
patches = patches | st.just({"client_reference": None, "client_references": None})


@contextmanager
def withdrawn_after(api: Api) -> Iterator[None]:
    """Withdraw what an example reports, also one that fails: the next begins where this one began."""
    before = {completion["completion_id"] for completion in api.completions(limit=500)}
    try:
        yield
    finally:
        for completion in api.completions(limit=500):
            if completion["completion_id"] not in before:
                api.delete(f"{COMPLETIONS}/{completion['completion_id']}")


def normal(body: Any) -> Any:
    """Return a body as `report` shows it: references in their order, none of a part that the record has."""

    def with_references(members: Any, without: Any = ()) -> Any:
        given = [members.get("client_reference"), *(members.get("client_references") or ())]
        named = sorted({reference for reference in given if reference is not None} - set(without))
        rest = {name: value for name, value in members.items() if name != "client_reference"}
        return rest | {"client_references": named}

    shown = with_references(body)
    for kind in ("cme", "moc"):
        shown[kind] = [with_references(part, shown["client_references"]) for part in body.get(kind, [])]
    return shown


@examples(25)
@given(body=bodies, changes=st.lists(patches, max_size=3))
def test_what_is_read_after_a_patch_is_what_was_read_before_it_patched(api: Api, body: Any, changes: list[Any]) -> None:
    with withdrawn_after(api):
        completion_id = reported(api, body)
        for change in changes:
            expected = normal(merge_patch(read(api, completion_id)["report"], change))
            answer = patch(api, completion_id, change)
            assert answer.status == 200, answer.json
            assert read(api, completion_id)["report"] == expected
            again = patch(api, completion_id, change)
            assert again.json["outcome"] == "unchanged"


@examples(25)
@given(body=bodies, others=st.lists(bodies, max_size=3), points_too=st.booleans())
def test_what_is_read_is_sent_back_unchanged(api: Api, body: Any, others: list[Any], points_too: bool) -> None:
    sent = [body, *others]
    if points_too:
        sent.append(tina() | {"client_reference": "lms:1"})
    with withdrawn_after(api):
        ids = {answer.json["completion_id"] for one in sent if (answer := api.report(one)).status in (200, 201)}
        for completion_id in ids:
            before = read(api, completion_id)
            answer = put(api, completion_id, before["report"])
            assert (answer.status, answer.json["outcome"]) == (200, "unchanged"), answer.json
            assert read(api, completion_id) == before


def test_points_by_a_name_of_the_board_are_shown_by_its_code(api: Api) -> None:
    completion_id = reported(api, tina() | {"moc": [points("American Board of Anesthesiology")]})
    assert read(api, completion_id)["report"]["moc"][0]["board"] == "ABA"
