"""The slides' own stories, told through the API on both databases."""

from __future__ import annotations

import pytest

from app.services.context import Service
from tests.builders.bodies import COURSE, GRAND_ROUNDS, a_completion, an_activity, john, points, tina
from tests.harness.api import Api, settle

SEVEN_LINES = [
    ("ABA", "Tina", "Karacme", "11/24", "35867909", "2021-12-01", 0.25),
    ("CA-M", "Joe", "Accme", "01/01", "94412289", "2021-12-01", 15),
    ("TN-M", "Rebecca", "Test", "02/01", "444444", "2021-12-12", 2),
    ("CA-M", "Willa", "Duncan", "05/25", "70279062", "2021-12-12", 2),
    ("TN-M", "Rebecca", "Test", "02/01", "444444", "2021-12-15", 5),
    ("CA-M", "Test6", "Account6", "07/01", "59091669", "2021-12-15", 5),
    ("ME-M", "Scott", "Joplin", "11/24", "32508792", "2021-12-15", 5),
]


def report_the_seven_lines(api: Api) -> None:
    """Report the lines of the slide "Learners for Grand Rounds Anesthesia"."""
    for board, first, last, born, number, day, credits in SEVEN_LINES:
        person = {"first_name": first, "last_name": last, "born": born}
        if board == "ABA":
            body = a_completion(completed_on=day, credits=None, moc=[points("ABA", number, credits)], **person)
        else:
            body = a_completion(completed_on=day, state=board[:2], license_id=number, credits=credits, **person)
        answer = api.report(body)
        assert (answer.status, answer.json["outcome"]) == (201, "created"), answer.json


def test_the_seven_lines_of_grand_rounds_are_reported_and_listed_back(api: Api, service: Service) -> None:
    report_the_seven_lines(api)
    listed = api.completions(activity_id=GRAND_ROUNDS)
    lines = {
        (
            credit["board"],
            completion["learner"]["first_name"],
            completion["learner"]["last_name"],
            completion["learner"]["date_of_birth"],
            credit["learner_board_id"],
            completion["completed_on"],
            credit["credits"],
        )
        for completion in listed
        for credit in completion["credits"]
    }
    assert lines == set(SEVEN_LINES)
    assert len(listed) == 7
    settle(service)


def test_john_smiths_sample_row_is_worth_2_25_and_types_are_not_additive(api: Api, service: Service) -> None:
    refused = api.report(john(patient_safety=2.5))
    assert (refused.status, refused.json["code"]) == (422, "completion-rejected")
    assert refused.pointers["credit-type-within-total"] == "/moc/0/credit_types/1/credits"
    accepted = api.report(john())
    assert accepted.status == 201
    assert {credit["board"]: credit["credits"] for credit in accepted.json["credits"]} == {"TN-M": 2.25, "ABIM": 2.25}
    assert "credit-type-left-off" not in accepted.warnings
    settle(service)


def test_moc_joins_the_completion_that_its_cme_made(api: Api, service: Service) -> None:
    whole = john()
    first = api.report(whole | {"moc": []})
    joined = api.report(whole)
    again = api.report(whole)
    assert [answer.json["outcome"] for answer in (first, joined, again)] == ["created", "joined", "unchanged"]
    assert (first.status, joined.status, again.status) == (201, 200, 200)
    assert "already-reported" in again.warnings
    (only,) = api.completions(activity_id=COURSE)
    assert sorted(credit["board"] for credit in only["credits"]) == ["ABIM", "TN-M"]
    assert only["version"] == 2
    settle(service)


def test_three_states_are_three_credits_and_one_amount(api: Api, service: Service) -> None:
    registered = api.register(title="Three states", ama_pra_credits=2.25).json
    body = a_completion(registered["activity_id"], "2021-06-01", credits=2.25)
    body["cme"] = [{"state": state, "credits": 2.25} for state in ("TN", "Maine", "NC")]
    created = api.report(body)
    assert created.status == 201
    assert sorted(credit["board"] for credit in created.json["credits"]) == ["ME-M", "TN-M", "ZZNC"]
    second = a_completion(registered["activity_id"], "2021-06-02", credits=0.25)
    assert api.report(second).codes == {"cumulative-maximum"}
    settle(service)


def test_a_second_record_of_the_day_with_another_amount_is_refused_for_aba(api: Api, service: Service) -> None:
    assert api.report(tina()).status == 201
    assert api.report(tina()).json["outcome"] == "unchanged"
    refused = api.report(tina(total=0.5))
    assert refused.codes == {"one-record-per-day"}
    assert "total 0.75 (Lifelong Learning 0.75)" in refused.json["errors"][0]["hint"]
    assert api.report(tina(total=0.5, occasion=2)).codes == {"one-record-per-day"}
    assert api.report(tina("2021-12-02", total=0.5)).status == 201
    settle(service)


def test_the_learners_sum_over_a_series_is_bounded_by_its_maximum(api: Api, service: Service) -> None:
    assert api.report(a_completion(completed_on="2021-12-01", credits=51)).status == 201
    assert api.report(a_completion(completed_on="2021-12-02", credits=2)).codes == {"cumulative-maximum"}
    assert api.report(a_completion(completed_on="2021-12-02", credits=1)).status == 201
    settle(service)


def test_withdrawn_credit_holds_neither_day_nor_maximum(api: Api, service: Service) -> None:
    first = api.report(tina(total=52))
    assert api.delete(f"/v1/learner-completions/{first.json['completion_id']}").status == 204
    assert api.get(f"/v1/learner-completions/{first.json['completion_id']}").status == 404
    assert api.delete(f"/v1/learner-completions/{first.json['completion_id']}").status == 404
    again = api.report(tina(total=52))
    assert (again.status, again.json["outcome"]) == (201, "created")
    assert again.json["completion_id"] != first.json["completion_id"]
    settle(service)


def test_a_second_amount_on_the_day_is_the_next_occasion_and_a_third_state_joins_it(api: Api, service: Service) -> None:
    first = api.report(a_completion(credits=2))
    second = api.report(a_completion(credits=3))
    assert (second.status, second.json["occasion"]) == (201, 2)
    assert "second-record-same-day" in second.warnings
    maine = api.report(a_completion(credits=2, state="ME", license_id="MD9977"))
    assert (maine.json["outcome"], maine.json["completion_id"]) == ("joined", first.json["completion_id"])
    other = api.report(a_completion(credits=3, state="ME", license_id="MD9977"))
    assert (other.json["outcome"], other.json["completion_id"]) == ("joined", second.json["completion_id"])
    settle(service)


def test_a_client_reference_names_one_record(api: Api, service: Service) -> None:
    assert api.report(a_completion(reference="ccid:a:1")).status == 201
    assert api.report(a_completion(reference="ccid:a:1")).json["outcome"] == "unchanged"
    assert api.report(a_completion(reference="ccid:a:1", credits=3)).codes == {"reference-reused"}
    assert api.report(a_completion(completed_on="2021-12-13", reference="ccid:a:1", credits=3)).status == 201
    assert len(api.completions(client_reference="ccid:a:1")) == 2
    settle(service)


def test_an_occasion_given_is_a_record_of_its_own(api: Api, service: Service) -> None:
    assert api.report(a_completion()).json["occasion"] == 1
    second = api.report(a_completion(occasion=2))
    assert (second.status, second.json["occasion"]) == (201, 2)
    assert api.report(a_completion(occasion=2)).json["outcome"] == "unchanged"
    assert api.report(a_completion(occasion=2, credits=5)).codes == {"reference-reused"}
    settle(service)


def test_the_two_rebeccas_are_told_apart(api: Api) -> None:
    by_birth = api.report(a_completion(state="ME", license_id=None, born="01/01"))
    assert by_birth.status == 201
    crossed = api.report(a_completion(state="ME", license_id="MD9988", born="02/01"))
    assert crossed.codes == {"learner-unmatched"}
    known = a_completion(state="ME", license_id=None, completed_on="2021-12-13")
    known["learner"] = {"learner_id": by_birth.json["learner"]["learner_id"]}
    assert api.report(known).json["learner"]["learner_id"] == by_birth.json["learner"]["learner_id"]


def test_different_people_for_different_parts_are_nobody(api: Api) -> None:
    refused = api.report(john() | {"learner": {"first_name": "Rebecca", "last_name": "Test", "date_of_birth": "02/01"}})
    assert "learner-unmatched" in refused.codes


def test_every_finding_comes_at_once(api: Api) -> None:
    body = a_completion(completed_on="2022-12-12", credits=60.3, first_name=None, permission=False)
    body["moc"] = [{"board": "XYZ", "total_credits": 0, "credit_types": []}]
    refused = api.report(body)
    assert refused.codes >= {
        "permission", "name-required", "completed-not-future", "cme-by-end", "credit-quarter", "cme-maximum",
        "board-known", "credit-positive", "credit-type-required",
    }  # fmt: skip
    assert all(error["hint"] and error["rule_url"].startswith("/v1/rules/") for error in refused.json["errors"])


def test_an_unknown_activity_is_told_alone(api: Api) -> None:
    assert api.report(a_completion("999999999", credits=-1, permission=False)).codes == {"activity-known"}


@pytest.mark.parametrize("missing", ["delivery_methods", "ama_pra_credits", "description", "providership"])
def test_a_draft_says_what_it_lacks_and_takes_no_learners(api: Api, missing: str) -> None:
    draft = api.register(**{missing: None}).json
    assert (draft["status"], draft["missing"]) == ("draft", [missing])
    assert "activity-reportable" in api.report(a_completion(draft["activity_id"], "2021-06-01")).codes


def test_an_activity_is_read_back_as_it_was_registered(api: Api) -> None:
    given = an_activity(
        internal_id="Ex2/1 ü",
        moc=[
            {
                "board": "American Board of Anesthesiology",
                "points": 5,
                "credit_types": ["LL"],
                "content_outline": ["1.2"],
            }
        ],
        location={"city": "Portland", "state": "ME", "country": "USA"},
        measured_outcomes=[{"outcome": "learner-knowledge", "objective": True}],
        listing={"public": True, "url": "https://education.example.org/a", "fee": "no", "registration": "open"},
    )
    created = api.post("/v1/activities", given)
    assert created.status == 201
    read = api.get(f"/v1/activities/{created.json['activity_id']}").json
    assert read == created.json
    assert read["moc"][0]["board"] == "ABA"
    assert read["moc"][0]["credit_types"] == ["Lifelong Learning"]
    taken = api.post("/v1/activities", given)
    assert (taken.status, taken.json["code"]) == (409, "internal-id-taken")
    assert taken.json["activity_id"] == read["activity_id"]
    assert [activity["activity_id"] for activity in api.get("/v1/activities", internal_id="Ex2/1 ü").json["data"]] == [
        read["activity_id"]
    ]
