"""Corrections in place: what changes, what stays, what boards are told, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from app.services.context import Service
from app.store.sql import statements
from app.store.sql.values import read_document
from tests.builders.bodies import COURSE, GRAND_ROUNDS, a_completion, john, tina
from tests.harness.activity_edits import etag
from tests.harness.api import Answer, Api, api_of, settle
from tests.harness.board_views import decide
from tests.harness.refusals import assert_problem

COMPLETIONS = "/v1/learner-completions"


def put(api: Api, completion_id: str, body: Any, if_match: str | None = "*") -> Answer:
    headers = {"If-Match": if_match} if if_match is not None else {}
    return api.send("PUT", f"{COMPLETIONS}/{completion_id}", headers=headers, json=body)


def reported(api: Api, body: Any) -> Any:
    answer = api.report(body)
    assert answer.status == 201, answer.json
    return answer.json


def corrected(api: Api, completion_id: str, body: Any) -> Any:
    answer = put(api, completion_id, body)
    assert answer.status == 200, answer.json
    return answer.json


def told(service: Service, credit_id: str) -> list[str]:
    """Return what its board was told of a credit, in order."""
    settle(service)
    return service.database.read(
        lambda connection: [
            row[0]
            for row in statements.fetch(
                connection,
                "SELECT e.event FROM board_events e JOIN feed f ON f.event_id = e.event_id "
                "WHERE e.credit_id = :id ORDER BY f.position",
                {"id": credit_id},
            )
        ]
    )


def test_another_amount_keeps_the_credit_and_tells_the_board(api: Api, service: Service) -> None:
    first = reported(api, tina(total=0.25))
    decide(service, first["credits"][0]["credit_id"], "accepted")
    after = corrected(api, first["completion_id"], tina(total=0.5))
    assert (after["outcome"], after["version"], after["completion_id"]) == ("updated", 3, first["completion_id"])
    (credit,) = after["credits"]
    assert credit["credit_id"] == first["credits"][0]["credit_id"]
    assert (credit["credits"], credit["status"]) == (0.5, "pending")
    assert told(service, credit["credit_id"]) == ["credit.reported", "credit.corrected"]


def test_the_same_again_changes_nothing(api: Api, service: Service) -> None:
    first = reported(api, a_completion(reference="a:1"))
    answer = put(api, first["completion_id"], a_completion(reference="a:1"))
    assert (answer.json["outcome"], answer.json["version"]) == ("unchanged", 1)
    assert etag(answer) == '"1"'
    assert told(service, first["credits"][0]["credit_id"]) == ["credit.reported"]


def test_what_is_left_out_is_withdrawn_and_what_is_new_is_reported(api: Api, service: Service) -> None:
    first = reported(api, john())
    cme, abim = first["credits"]
    only_points = john() | {"cme": []}
    after = corrected(api, first["completion_id"], only_points)
    assert [(credit["board"], credit["status"]) for credit in after["credits"]] == [
        ("TN-M", "withdrawn"),
        ("ABIM", "pending"),
    ]
    assert told(service, cme["credit_id"]) == ["credit.reported", "credit.withdrawn"]
    again = corrected(api, first["completion_id"], john())
    assert [credit["board"] for credit in again["credits"]] == ["TN-M", "ABIM", "TN-M"]
    assert again["credits"][2]["credit_id"] != cme["credit_id"]
    assert told(service, abim["credit_id"]) == ["credit.reported"]


def test_another_date_moves_every_credit_and_frees_the_day(api: Api, service: Service) -> None:
    first = reported(api, tina("2021-12-01"))
    after = corrected(api, first["completion_id"], tina("2021-12-02"))
    assert (after["completed_on"], after["occasion"]) == ("2021-12-02", 1)
    assert told(service, after["credits"][0]["credit_id"]) == ["credit.reported", "credit.corrected"]
    assert api.report(tina("2021-12-01")).status == 201
    assert api.report(tina("2021-12-02", total=0.5)).codes == {"one-record-per-day"}
    settle(service)


def test_another_learner_withdraws_everything_and_reports_anew(api: Api, service: Service) -> None:
    first = reported(api, a_completion())
    other = a_completion(first_name="John", last_name="Smith", born="03/17", license_id="12345")
    after = corrected(api, first["completion_id"], other)
    assert [credit["status"] for credit in after["credits"]] == ["withdrawn", "pending"]
    assert after["learner"]["first_name"] == "John"
    assert after["learner"]["learner_id"] != first["learner"]["learner_id"]
    assert told(service, first["credits"][0]["credit_id"]) == ["credit.reported", "credit.withdrawn"]
    assert told(service, after["credits"][1]["credit_id"]) == ["credit.reported"]
    assert api.report(a_completion()).json["outcome"] == "created"
    assert api.report(other).json["outcome"] == "unchanged"
    settle(service)


def test_the_withdrawal_of_somebody_elses_credit_tells_the_board_nothing_of_the_new_learner(
    api: Api, service: Service
) -> None:
    first = reported(api, a_completion())
    corrected(
        api,
        first["completion_id"],
        a_completion(first_name="John", last_name="Smith", born="03/17", license_id="12345"),
    )
    versions = service.database.read(
        lambda connection: statements.fetch(
            connection,
            "SELECT v.document FROM board_events e JOIN completion_versions v "
            "ON v.completion_id = e.completion_id AND v.version = e.version "
            "WHERE e.credit_id = :id AND e.event = 'credit.withdrawn'",
            {"id": first["credits"][0]["credit_id"]},
        )
    )
    assert [read_document(row[0])["first_name"] for row in versions] == ["Rebecca"]


def test_another_activity_takes_the_completion_along(api: Api, service: Service) -> None:
    other = api.register(title="Another course").json["activity_id"]
    first = reported(api, a_completion())
    after = corrected(api, first["completion_id"], a_completion(other))
    assert after["activity_id"] == other
    assert after["credits"][0]["credit_id"] == first["credits"][0]["credit_id"]
    assert api.completions(activity_id=GRAND_ROUNDS) == []
    assert [completion["completion_id"] for completion in api.completions(activity_id=other)] == [
        first["completion_id"]
    ]
    settle(service)


def test_its_own_old_credit_is_left_out_of_sums(api: Api, service: Service) -> None:
    activity = api.register(ama_pra_credits=3).json["activity_id"]
    first = reported(api, a_completion(activity, credits=2))
    assert corrected(api, first["completion_id"], a_completion(activity, credits=3))["credits"][0]["credits"] == 3
    reported_too = put(api, first["completion_id"], a_completion(activity, credits=3.25))
    assert reported_too.codes == {"cme-maximum"}
    other = api.report(a_completion(activity, "2021-12-13", credits=0.25))
    assert other.codes == {"cumulative-maximum"}
    corrected(api, first["completion_id"], a_completion(activity, credits=2))
    second = reported(api, a_completion(activity, "2021-12-13", credits=1))
    assert put(api, second["completion_id"], a_completion(activity, "2021-12-13", credits=1.25)).codes == {
        "cumulative-maximum"
    }
    settle(service)


def test_a_refused_correction_leaves_the_record_as_it_was(api: Api) -> None:
    first = reported(api, a_completion())
    refused = put(api, first["completion_id"], a_completion(credits=0.3, completed_on="2031-01-01"))
    assert_problem(refused, 422, "completion-rejected", items=("credit-quarter", "completed-not-future"))
    assert api.get(f"{COMPLETIONS}/{first['completion_id']}").json["version"] == 1


def test_a_correction_needs_the_version_that_stands(api: Api) -> None:
    first = api.report(a_completion())
    completion_id = first.json["completion_id"]
    assert_problem(put(api, completion_id, a_completion(), None), 428, "precondition-required")
    assert put(api, completion_id, a_completion(credits=3), etag(first)).status == 200
    assert_problem(put(api, completion_id, a_completion(credits=4), etag(first)), 412, "precondition-failed")
    assert_problem(put(api, completion_id, a_completion(credits=4), 'W/"2"'), 412, "precondition-failed")


def test_a_withdrawn_or_foreign_completion_cannot_be_corrected(api: Api, service: Service) -> None:
    first = reported(api, a_completion())
    stranger = api_of(api.http, service, providers=["0008002"])
    assert_problem(put(stranger, first["completion_id"], a_completion()), 404, "not-found")
    api.delete(f"{COMPLETIONS}/{first['completion_id']}")
    assert_problem(put(api, first["completion_id"], a_completion()), 404, "not-found")


def test_a_rejected_credit_goes_out_again_under_its_id(api: Api, service: Service) -> None:
    first = reported(api, tina())
    credit_id = first["credits"][0]["credit_id"]
    decide(service, credit_id, "rejected")
    after = corrected(api, first["completion_id"], tina())
    assert (after["outcome"], after["credits"][0]["credit_id"]) == ("updated", credit_id)
    assert after["credits"][0]["status"] == "pending"
    assert told(service, credit_id) == ["credit.reported", "credit.corrected"]


def test_a_reference_or_a_number_written_otherwise_tells_no_board_anything(api: Api, service: Service) -> None:
    first = reported(api, a_completion(license_id="444444", reference="a:1"))
    credit_id = first["credits"][0]["credit_id"]
    decide(service, credit_id, "accepted")
    after = corrected(api, first["completion_id"], a_completion(license_id="44-4444", reference="a:2"))
    assert (after["version"], after["credits"][0]["client_references"]) == (3, ["a:2"])
    assert (after["credits"][0]["learner_board_id"], after["credits"][0]["status"]) == ("44-4444", "accepted")
    assert told(service, credit_id) == ["credit.reported"]
    assert api.completions(client_reference="a:1") == []
    assert len(api.completions(client_reference="a:2")) == 1


def test_a_learner_id_keeps_what_was_written_before(api: Api, service: Service) -> None:
    first = reported(api, a_completion())
    body = a_completion(credits=3, license_id=None) | {"learner": {"learner_id": first["learner"]["learner_id"]}}
    after = corrected(api, first["completion_id"], body)
    assert after["learner"] == first["learner"]
    assert after["credits"][0]["learner_board_id"] == "444444"
    settle(service)


def test_an_occasion_of_another_completion_is_refused(api: Api) -> None:
    first = reported(api, a_completion(credits=2))
    second = reported(api, a_completion(credits=3))
    assert (first["occasion"], second["occasion"]) == (1, 2)
    refused = put(api, second["completion_id"], a_completion(credits=3, occasion=1))
    assert refused.pointers == {"reference-reused": "/occasion"}
    assert corrected(api, second["completion_id"], a_completion(credits=4, occasion=2))["occasion"] == 2
    assert corrected(api, second["completion_id"], a_completion(credits=4, occasion=7))["occasion"] == 7


def test_moved_onto_a_day_with_another_record_it_takes_the_next_occasion(api: Api, service: Service) -> None:
    reported(api, a_completion(completed_on="2021-12-10"))
    second = reported(api, a_completion(completed_on="2021-12-11", credits=1))
    moved = put(api, second["completion_id"], a_completion(completed_on="2021-12-10", credits=1))
    assert moved.json["occasion"] == 2
    assert "second-record-same-day" in moved.warnings
    settle(service)


def test_a_slip_that_makes_one_record_the_same_as_another_is_refused(api: Api, service: Service) -> None:
    reported(api, a_completion(completed_on="2021-12-10"))
    second = reported(api, a_completion(completed_on="2021-12-11"))
    twice = a_completion(completed_on="2021-12-10")
    assert put(api, second["completion_id"], twice).pointers == {"second-record-same-day": "/cme/0"}
    assert corrected(api, second["completion_id"], twice | {"occasion": 2})["occasion"] == 2
    # It stands so by intention now: another correction of it is none of that.
    later = corrected(api, second["completion_id"], twice | {"client_reference": "second"})
    assert later["credits"][0]["client_references"] == ["second"]
    third = reported(api, a_completion(completed_on="2021-12-10", credits=3))
    assert put(api, third["completion_id"], twice).codes == {"second-record-same-day"}
    settle(service)


def test_a_move_from_another_activity_onto_an_equal_record_is_refused(api: Api, service: Service) -> None:
    """It was equal where it stood, which excuses nothing where it goes."""
    other = api.register(title="Another").json["activity_id"]
    reported(api, a_completion())
    elsewhere = reported(api, a_completion(other))
    assert put(api, elsewhere["completion_id"], a_completion()).codes == {"second-record-same-day"}
    moved = put(api, elsewhere["completion_id"], a_completion(occasion=2))
    assert (moved.status, moved.json["occasion"]) == (200, 2)
    settle(service)


def test_a_move_from_another_learner_onto_an_equal_record_is_refused(api: Api, service: Service) -> None:
    john = {"first_name": "John", "last_name": "Smith", "born": "03/17", "license_id": "12345"}
    reported(api, a_completion())
    of_john = reported(api, a_completion(**john))
    assert put(api, of_john["completion_id"], a_completion()).codes == {"second-record-same-day"}
    settle(service)


def test_a_correction_into_any_of_several_records_of_the_day_is_refused(api: Api) -> None:
    _, second, third = (reported(api, a_completion(credits=amount)) for amount in (1, 2, 3))
    refused = put(api, third["completion_id"], a_completion(credits=2))
    assert refused.codes == {"second-record-same-day"}
    assert refused.json["errors"][0]["completion_id"] == second["completion_id"]


def test_a_one_a_day_board_refuses_the_move_onto_its_record(api: Api) -> None:
    reported(api, tina("2021-12-01"))
    second = reported(api, tina("2021-12-02"))
    assert put(api, second["completion_id"], tina("2021-12-01")).codes == {"one-record-per-day"}


def test_a_late_correction_is_no_late_report(api: Api, clock: Any) -> None:
    from datetime import timedelta

    first = reported(api, a_completion())
    clock.now += timedelta(days=90)
    answer = put(api, first["completion_id"], a_completion(credits=3))
    assert "reported-within-30-days" not in answer.warnings
    assert answer.json["submitted_at"] == first["submitted_at"]


def test_permission_is_attested_again(api: Api) -> None:
    first = reported(api, a_completion())
    assert put(api, first["completion_id"], a_completion(permission=False)).codes == {"permission"}


def test_history_shows_every_version_and_outlives_the_record(api: Api) -> None:
    first = reported(api, a_completion(moc=None))
    joined = api.report(a_completion(state="ME", license_id=None)).json
    assert joined["outcome"] == "joined"
    completion_id = first["completion_id"]
    both = a_completion(credits=3)
    corrected(api, completion_id, both)
    assert api.delete(f"{COMPLETIONS}/{completion_id}").status == 204
    history = api.get(f"{COMPLETIONS}/{completion_id}/history").json["data"]
    assert [(version["version"], version["action"]) for version in history] == [
        (4, "withdrawn"),
        (3, "updated"),
        (2, "joined"),
        (1, "created"),
    ]
    assert history[3]["completion"]["credits"][0]["credits"] == 2
    assert {credit["status"] for credit in history[0]["completion"]["credits"]} == {"withdrawn"}
    assert api.get(f"{COMPLETIONS}/{completion_id}").status == 404


def test_the_history_of_a_foreign_completion_is_as_absent_as_any(api: Api, service: Service) -> None:
    first = reported(api, a_completion())
    stranger = api_of(api.http, service, providers=["0008002"])
    for completion_id in (first["completion_id"], "nothing"):
        assert_problem(stranger.get(f"{COMPLETIONS}/{completion_id}/history"), 404, "not-found")


@pytest.mark.parametrize("activity", [GRAND_ROUNDS, COURSE])
def test_rems_can_be_corrected_and_become_credit(api: Api, service: Service, activity: str) -> None:
    rems_activity = api.register(rems={"type": "Opioid REMS", "identifier": "1"}).json["activity_id"]
    person = {"local_id": "p-1", "profession": "Nurse"}
    body = a_completion(rems_activity, credits=None, rems=person) | {
        "learner": {"first_name": "Ann", "last_name": "Nurse"}
    }
    first = reported(api, body)
    after = corrected(api, first["completion_id"], body | {"rems": person | {"profession": "Pharmacist"}})
    assert (after["rems"]["profession"], after["version"]) == ("Pharmacist", 2)
    physician = a_completion(rems_activity, rems=person | {"profession": "Physician"})
    credit = corrected(api, first["completion_id"], physician)
    assert [board["board"] for board in credit["credits"]] == ["TN-M"]
    settle(service)
