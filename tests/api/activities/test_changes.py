"""Activities sent again and corrected: what is sent takes effect once, and credit that was reported stays covered."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.services.context import Service
from tests.builders.bodies import an_activity
from tests.harness.activity_edits import abim, etag, patch, put, read
from tests.harness.api import Api, api_of
from tests.harness.refusals import assert_problem, footprint, same_but_request_id

DATABASES = ["sqlite"]

ACTIVITIES = "/v1/activities"
ABSENT = "999999999"


@pytest.fixture
def other(http: TestClient, service: Service) -> Api:
    """The client of another provider."""
    return api_of(http, service, "AAA Test Organization", providers=["0008002"])


# ------------------------------------------------------------------------------------------ by internal id


def test_an_activity_sent_twice_under_its_internal_id_is_one_activity_of_one_version(
    api: Api, service: Service
) -> None:
    made = put(api, "GR-2021", moc=abim(), rems={"type": "opioid"}, learner_counts={"physicians": 3})
    before = footprint(service)
    again = put(api, "GR-2021", moc=abim(), rems={"type": "opioid"}, learner_counts={"physicians": 3})
    assert (made.status, again.status) == (201, 200)
    assert made.response.headers["location"] == f"{ACTIVITIES}/{made.json['activity_id']}"
    assert made.json == again.json == read(api, made.json["activity_id"])
    assert etag(made) == etag(again) == '"1"'
    assert footprint(service) == before


def test_an_amount_with_a_spreadsheets_tail_sent_twice_changes_nothing(api: Api) -> None:
    made = put(api, "tail", ama_pra_credits=2.2501, moc=abim(points=2.2499))
    again = put(api, "tail", ama_pra_credits=2.2501, moc=abim(points=2.2499))
    assert (made.status, again.status) == (201, 200)
    assert again.json["version"] == 1


def test_the_answer_to_an_amount_with_a_spreadsheets_tail_is_what_is_read_back(api: Api) -> None:
    made = put(api, "tail", ama_pra_credits=2.2501)
    assert made.json["ama_pra_credits"] == read(api, made.json["activity_id"])["ama_pra_credits"] == 2.25


@pytest.mark.parametrize("internal_id", ["GR-2021", "Ex2/1 ü/2021", "50% off?#1", "講座/一", "a/"])
def test_changed_fields_sent_again_update_the_same_activity(api: Api, internal_id: str) -> None:
    made = put(api, internal_id)
    changed = put(api, internal_id, title="Another title", internal_id=internal_id)
    assert (made.status, changed.status) == (201, 200)
    assert made.json["internal_id"] == changed.json["internal_id"] == internal_id
    assert changed.json["activity_id"] == made.json["activity_id"]
    assert (changed.json["title"], changed.json["version"], etag(changed)) == ("Another title", 2, '"2"')
    listed = api.get(ACTIVITIES, internal_id=internal_id).json["data"]
    assert [activity["activity_id"] for activity in listed] == [made.json["activity_id"]]


def test_a_slash_sent_encoded_is_a_slash(api: Api) -> None:
    made = put(api, "Ex2/1")
    encoded = api.send("PUT", f"{ACTIVITIES}/by-internal-id/Ex2%2F1", json=an_activity())
    assert (encoded.status, encoded.json["activity_id"]) == (200, made.json["activity_id"])


def test_what_is_left_out_of_a_put_is_taken_away(api: Api) -> None:
    made = put(api, "one", moc=abim(), location={"city": "Portland"}, joint_providers=["Somebody"])
    bare = put(api, "one")
    assert bare.json["activity_id"] == made.json["activity_id"]
    assert (bare.json["moc"], bare.json["location"], bare.json["joint_providers"]) == ([], None, [])


def test_another_internal_id_in_the_body_is_refused(api: Api, service: Service) -> None:
    before = footprint(service)
    refused = put(api, "one", internal_id="two")
    assert_problem(refused, 422, "invalid-request", items=["format"])
    assert refused.pointers == {"format": "/internal_id"}
    assert footprint(service) == before


@pytest.mark.parametrize("blank", ["", " ", "\t"])
def test_a_blank_internal_id_names_no_activity(api: Api, service: Service, blank: str) -> None:
    before = footprint(service)
    assert_problem(put(api, blank), (404, 422))
    assert footprint(service) == before


def test_a_control_character_in_an_internal_id_is_refused_in_the_address_as_in_the_body(api: Api) -> None:
    assert_problem(api.register(internal_id="a\x01b"), 422, "invalid-request")
    assert_problem(put(api, "a\x01b"), 422)


def test_an_internal_id_beyond_two_hundred_characters_is_refused(api: Api) -> None:
    assert_problem(put(api, "x" * 201), 422)
    assert put(api, "x" * 200).status == 201


def test_white_space_around_an_internal_id_makes_no_second_activity(api: Api) -> None:
    made = api.register(internal_id=" one ")
    assert made.json["internal_id"] == "one"
    assert put(api, " one ").json["activity_id"] == made.json["activity_id"]


def test_next_years_series_under_this_years_internal_id_is_refused_with_the_stored_activity(api: Api) -> None:
    made = put(api, "GR").json
    refused = put(api, "GR", start_date="2022-01-01", end_date="2022-12-31")
    assert_problem(refused, 409, "internal-id-reused")
    assert refused.json["activity_id"] == made["activity_id"]
    assert read(api, made["activity_id"]) == made
    assert put(api, "GR", start_date="2021-12-31", end_date="2022-12-31").json["version"] == 2


def test_a_put_with_a_stale_etag_is_refused_and_with_the_present_one_taken(api: Api) -> None:
    made = put(api, "one")
    assert put(api, "one", etag(made), title="B").json["version"] == 2
    assert_problem(put(api, "one", etag(made), title="C"), 412, "precondition-failed")
    assert_problem(put(api, "one", 'W/"2"', title="C"), 412, "precondition-failed")
    assert put(api, "one", '"1", "2"', title="C").json["version"] == 3
    assert put(api, "one", "*", title="D").json["version"] == 4


@pytest.mark.parametrize("if_match", ['"1"', "*"])
def test_a_put_with_an_etag_of_an_absent_activity_is_refused(api: Api, service: Service, if_match: str) -> None:
    before = footprint(service)
    assert_problem(put(api, "absent", if_match), 412, "precondition-failed")
    assert footprint(service) == before


def test_another_providers_internal_id_is_independent(api: Api, other: Api) -> None:
    mine, theirs = put(api, "one"), put(other, "one", title="Theirs")
    assert (mine.status, theirs.status) == (201, 201)
    assert mine.json["activity_id"] != theirs.json["activity_id"]
    assert read(api, mine.json["activity_id"]) == mine.json


def test_a_put_that_breaks_a_rule_is_refused_and_leaves_the_activity(api: Api) -> None:
    made = put(api, "one").json
    assert_problem(put(api, "one", end_date="2020-12-31"), 422, "activity-rejected", items=["dates-in-order"])
    assert_problem(put(api, "two", format="opera"), 422, "activity-rejected", items=["format-known"])
    assert read(api, made["activity_id"]) == made


def test_an_activity_id_in_the_body_of_a_put_is_not_passed_over_in_silence(api: Api) -> None:
    assert_problem(put(api, "one", activity_id="123456789"), (403, 422))


# ------------------------------------------------------------------------------------------------ by its id


def test_a_patch_without_a_precondition_is_refused(api: Api) -> None:
    made = api.register().json
    assert_problem(patch(api, made["activity_id"], {"title": "B"}, None), 428, "precondition-required")
    assert read(api, made["activity_id"]) == made


def test_a_patch_with_a_stale_etag_is_refused(api: Api) -> None:
    made = api.register()
    first = patch(api, made.json["activity_id"], {"title": "B"}, etag(made))
    assert (first.status, first.json["title"], etag(first)) == (200, "B", '"2"')
    assert_problem(patch(api, made.json["activity_id"], {"title": "C"}, etag(made)), 412, "precondition-failed")
    assert read(api, made.json["activity_id"]) == first.json


@pytest.mark.parametrize("edit", [{}, {"title": "A course"}, {"ama_pra_credits": 10.0}, {"listing": {"public": False}}])
def test_a_patch_that_says_nothing_new_writes_nothing(api: Api, service: Service, edit: dict[str, Any]) -> None:
    made = api.register(moc=abim())
    before = footprint(service)
    same = patch(api, made.json["activity_id"], edit, etag(made))
    assert (same.status, same.json, etag(same)) == (200, made.json, '"1"')
    assert footprint(service) == before


@pytest.mark.parametrize(
    ("name", "cleared"),
    [
        ("moc", []), ("location", None), ("joint_providers", []), ("practice_areas", []), ("rems", None),
        ("mips", None), ("measured_outcomes", None), ("listing", None), ("commercial_support", None),
        ("learner_counts", None), ("joint_accreditation", None), ("internal_id", None), ("description", None),
        ("ama_pra_credits", None), ("delivery_methods", []), ("providership", None), ("commendation_tags", []),
    ],
)  # fmt: skip
def test_null_clears_a_field_and_leaves_the_others(api: Api, name: str, cleared: Any) -> None:
    made = full(api)
    assert made[name] != cleared
    after = patch(api, made["activity_id"], {name: None}).json
    assert after[name] == cleared
    computed = {name, "version", "status", "missing", "findings", "updated_at"}
    assert {k: v for k, v in after.items() if k not in computed} == {k: v for k, v in made.items() if k not in computed}
    assert after["version"] == 2


def full(api: Api) -> Any:
    made = api.register(
        moc=abim(), location={"city": "Portland", "state": "ME"}, joint_providers=["A", "B"], practice_areas=["C"],
        rems={"type": "opioid", "identifier": "7"}, mips=True, measured_outcomes=[{"outcome": "learner-knowledge"}],
        commercial_support=[{"source": "D", "amount": 5.5, "in_kind": False}], learner_counts={"physicians": 4},
        joint_accreditation={"interprofessional": True}, internal_id="one", commendation_tags=["E"],
        listing={"public": True, "url": "https://example.org/a", "fee": "no", "registration": "open"},
    )  # fmt: skip
    assert made.status == 201, made.json
    return made.json


def test_lists_and_objects_of_a_patch_replace_what_stood(api: Api) -> None:
    made = full(api)
    edit = {
        "joint_providers": ["Z"],
        "location": {"city": "Bangor"},
        "listing": {"public": False},
        "moc": [{"board": "ABA"}],
    }
    after = patch(api, made["activity_id"], edit).json
    assert after["joint_providers"] == ["Z"]
    assert after["location"] == {"city": "Bangor", "state": None, "country": None}
    assert (after["listing"]["public"], after["listing"]["url"], after["listing"]["fee"]) == (False, None, None)
    assert [(points["board"], points["points"], points["credit_types"]) for points in after["moc"]] == [
        ("ABA", None, [])
    ]
    assert read(api, made["activity_id"]) == after


@pytest.mark.parametrize("name", ["status", "version", "closed", "activity_id", "provider_id", "titel"])
def test_a_field_that_is_not_for_a_patch_is_refused(api: Api, name: str) -> None:
    made = api.register().json
    refused = patch(api, made["activity_id"], {name: "x", "title": "B"})
    assert_problem(refused, 422, "invalid-request", items=["field-unknown"])
    assert refused.pointers == {"field-unknown": f"/{name}"}
    assert read(api, made["activity_id"]) == made


@pytest.mark.parametrize(
    ("edit", "rule"),
    [
        ({"title": None}, "title-required"),
        ({"title": "  "}, "title-required"),
        ({"format": "opera"}, "format-known"),
        ({"start_date": None}, "date-valid"),
        ({"end_date": "2021-02-30"}, "date-valid"),
        ({"end_date": "2020-01-01"}, "dates-in-order"),
        ({"format": "regularly-scheduled-series", "end_date": "2022-01-02"}, "span-limit"),
        ({"ama_pra_credits": 0}, "credit-positive"),
        ({"ama_pra_credits": 0.3}, "credit-quarter"),
        ({"moc": [{"board": "XYZ"}]}, "board-known"),
        ({"moc": [{"board": "ABA"}, {"board": "ABA"}]}, "board-once"),
        ({"moc": [{"board": "ABA", "credit_claim_date": "2021-12-30"}]}, "claim-date-order"),
    ],
)
def test_a_patch_that_breaks_a_rule_is_refused_and_leaves_the_activity(api: Api, edit: Any, rule: str) -> None:
    made = api.register().json
    refused = patch(api, made["activity_id"], edit)
    assert_problem(refused, 422, "activity-rejected", items=[rule])
    assert rule in {finding["rule"] for finding in refused.json["findings"]}
    assert read(api, made["activity_id"]) == made


def test_the_internal_id_of_another_activity_is_refused_with_its_name(api: Api) -> None:
    taken, made = api.register(internal_id="one").json, api.register(internal_id="two").json
    refused = patch(api, made["activity_id"], {"internal_id": "one"})
    assert_problem(refused, 409, "internal-id-taken")
    assert refused.json["activity_id"] == taken["activity_id"]
    assert patch(api, taken["activity_id"], {"internal_id": None}).status == 200
    assert patch(api, made["activity_id"], {"internal_id": "one"}).json["internal_id"] == "one"


@pytest.mark.parametrize("if_match", [None, '"1"', '"9"', "*"])
def test_another_providers_activity_answers_like_an_absent_one(api: Api, other: Api, if_match: str | None) -> None:
    made = api.register().json
    answers = [patch(other, activity_id, {"title": "Mine"}, if_match) for activity_id in (made["activity_id"], ABSENT)]
    assert_problem(answers[0], 404, "not-found")
    assert same_but_request_id(*answers)
    for verb in ("close", "reopen"):
        answers = [
            other.send("POST", f"{ACTIVITIES}/{activity_id}/{verb}") for activity_id in (made["activity_id"], ABSENT)
        ]
        assert_problem(answers[0], 404, "not-found")
        assert same_but_request_id(*answers)
    assert read(api, made["activity_id"]) == made
