"""An activity's life: draft, active, ended, closed, opened again, deleted; and who wins when all comes at once."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from app.services.context import Service
from app.store.sql import statements
from tests.builders.bodies import a_completion, an_activity, john
from tests.harness.api import Answer, Api, settle
from tests.harness.clock import ManualClock
from tests.harness.refusals import assert_problem, footprint
from tests.harness.wire import at_once

DATABASES = ["sqlite"]

ACTIVITIES, COMPLETIONS = "/v1/activities", "/v1/learner-completions"
HAS, COVERS = "activity-has-completions", "activity-change-covers-credits"
CLOSING: dict[str, Any] = {
    "measured_outcomes": [{"outcome": "learner-knowledge", "objective": True}],
    "commercial_support": [],
    "learner_counts": {"physicians": 3, "others": 0},
}
ENDED: dict[str, Any] = {"end_date": "2021-11-30"} | CLOSING


def read(api: Api, activity_id: str) -> Any:
    return api.get(f"{ACTIVITIES}/{activity_id}").json


def patch(api: Api, activity_id: str, **edit: Any) -> Answer:
    return api.send("PATCH", f"{ACTIVITIES}/{activity_id}", headers={"If-Match": "*"}, json=edit)


def put(api: Api, internal_id: str, /, **fields: Any) -> Answer:
    return api.send("PUT", f"{ACTIVITIES}/by-internal-id/{internal_id}", json=an_activity(**fields))


def delete(api: Api, activity_id: str, if_match: str | None = None) -> Answer:
    headers = {"If-Match": if_match} if if_match is not None else {}
    return api.send("DELETE", f"{ACTIVITIES}/{activity_id}", headers=headers)


def verb(api: Api, activity_id: str, name: str) -> Answer:
    return api.send("POST", f"{ACTIVITIES}/{activity_id}/{name}")


def a_course(api: Api, **fields: Any) -> str:
    made = api.register(**fields)
    assert made.status == 201, made.json
    return str(made.json["activity_id"])


def etag(answer: Answer) -> str:
    return answer.response.headers["etag"]


# ----------------------------------------------------------------------------------------------- deleting


def test_an_activity_with_completions_is_not_deleted(api: Api, service: Service) -> None:
    course = a_course(api)
    made = [api.report(a_completion(course, f"2021-06-{day:02}", credits=0.25)).json for day in range(1, 13)]
    before = footprint(service)
    refused = delete(api, course)
    assert_problem(refused, 409, HAS, items=[HAS])
    assert refused.json["count"] == 12
    assert refused.json["completions"] == sorted(completion["completion_id"] for completion in made)[:10]
    assert refused.json["errors"][0]["rule_url"] == f"/v1/rules/{HAS}"
    assert footprint(service) == before
    assert api.get(f"{ACTIVITIES}/{course}").status == 200
    settle(service)


def test_an_activity_whose_completions_were_withdrawn_is_deleted_and_frees_its_internal_id(
    api: Api, service: Service
) -> None:
    course = a_course(api, internal_id="one")
    made = api.report(a_completion(course, "2021-06-01")).json["completion_id"]
    assert api.delete(f"{COMPLETIONS}/{made}").status == 204
    gone = delete(api, course)
    assert (gone.status, gone.response.content) == (204, b"")
    answers = [
        api.get(f"{ACTIVITIES}/{course}"), delete(api, course), patch(api, course, title="B"),
        verb(api, course, "close"), verb(api, course, "reopen"),
    ]  # fmt: skip
    for answer in answers:
        assert_problem(answer, 404, "not-found")
    assert api.get(ACTIVITIES, internal_id="one").json["data"] == []
    assert_problem(api.report(a_completion(course, "2021-06-01")), 422, "completion-rejected", items=["activity-known"])
    again = put(api, "one")
    assert again.status == 201
    assert again.json["activity_id"] != course
    settle(service)


def test_a_delete_with_a_stale_etag_is_refused(api: Api) -> None:
    course = a_course(api)
    assert patch(api, course, title="B").status == 200
    assert_problem(delete(api, course, '"1"'), 412, "precondition-failed")
    assert_problem(delete(api, course, 'W/"2"'), 412, "precondition-failed")
    assert delete(api, course, '"2"').status == 204


# ------------------------------------------------------------------------------------------------- status


def test_the_status_follows_the_fields_and_the_day(api: Api, clock: ManualClock) -> None:
    def status() -> tuple[str, list[str]]:
        shown = read(api, course)
        return shown["status"], shown["missing"]

    course = a_course(api, description=None, providership=None, end_date="2021-12-20")
    assert status() == ("draft", ["description", "providership"])
    assert patch(api, course, description="Words.").json["missing"] == ["providership"]
    assert patch(api, course, providership="joint").json["status"] == "active"
    assert status() == ("active", [])
    clock.now = clock.now.replace(day=21, hour=0, minute=0)
    assert status() == ("ready-to-close", ["measured_outcomes", "commercial_support", "learner_counts"])
    assert patch(api, course, **CLOSING).json["missing"] == []
    assert verb(api, course, "close").json["status"] == "closed"
    assert status() == ("closed", [])
    assert verb(api, course, "reopen").json["status"] == "ready-to-close"
    assert patch(api, course, end_date="2022-06-30").json["status"] == "active"
    assert patch(api, course, listing=None).json["missing"] == ["listing.public"]
    assert status()[0] == "draft"


def test_a_place_is_missing_where_learners_meet_in_person(api: Api) -> None:
    course = a_course(api, delivery_methods=["in-person"])
    assert read(api, course)["missing"] == ["location"]
    assert patch(api, course, location={"city": "Portland"}).json["missing"] == ["location"]
    assert patch(api, course, location={"city": "Portland", "country": "USA"}).json["status"] == "active"


# ------------------------------------------------------------------------------------------------ closing


def test_an_activity_that_has_not_ended_is_not_closed(api: Api, clock: ManualClock) -> None:
    course = a_course(api, **CLOSING)
    before = read(api, course)
    assert_problem(verb(api, course, "close"), 409, "conflict")
    assert read(api, course) == before
    clock.now = clock.now.replace(day=31, hour=23, minute=59)
    assert_problem(verb(api, course, "close"), 409, "conflict")
    clock.now = clock.now.replace(year=2022, month=1, day=1, hour=0, minute=0)
    assert verb(api, course, "close").status == 200


def test_closing_names_every_field_it_lacks(api: Api) -> None:
    moc = [{"board": "ABIM", "credit_types": ["Patient Safety"], "attested": False}, {"board": "ABA", "attested": True}]
    course = a_course(api, end_date="2021-11-30", moc=moc, description=None, listing=None)
    before = read(api, course)
    refused = verb(api, course, "close")
    assert_problem(refused, 409, "conflict")
    assert refused.json["missing"] == [
        "description", "listing.public", "measured_outcomes", "commercial_support", "learner_counts", "moc.0.attested",
        "moc.0.practice_areas", "moc.1.practice_areas", "moc.1.credit_types",
    ]  # fmt: skip
    pointers = [error["pointer"] for error in refused.json["errors"]]
    assert pointers == ["/" + name.replace(".", "/") for name in refused.json["missing"]]
    assert read(api, course) == before


def test_a_closed_activity_has_a_new_version_and_closing_it_again_has_none(api: Api, service: Service) -> None:
    course = a_course(api, **ENDED)
    closed = verb(api, course, "close")
    assert (closed.status, closed.json["status"], etag(closed)) == (200, "closed", '"2"')
    before = footprint(service)
    again = verb(api, course, "close")
    assert (again.status, again.json, etag(again)) == (200, closed.json, '"2"')
    assert footprint(service) == before
    assert read(api, course) == closed.json


def test_opening_an_activity_that_is_open_changes_nothing(api: Api, service: Service) -> None:
    made = api.register(**ENDED)
    before = footprint(service)
    same = verb(api, made.json["activity_id"], "reopen")
    assert (same.status, same.json, etag(same)) == (200, made.json, '"1"')
    assert footprint(service) == before


def test_learners_are_reported_for_a_closed_activity_with_a_warning(api: Api, service: Service) -> None:
    course = a_course(api, **ENDED)
    assert "activity-reportable" not in api.report(a_completion(course, "2021-11-28")).warnings
    assert verb(api, course, "close").status == 200
    late = api.report(a_completion(course, "2021-11-29"))
    assert late.status == 201
    assert "activity-reportable" in late.warnings
    reopened = verb(api, course, "reopen")
    assert (reopened.json["status"], etag(reopened)) == ("ready-to-close", '"3"')
    assert "activity-reportable" not in api.report(a_completion(course, "2021-11-30")).warnings
    settle(service)


def test_sending_a_closed_activity_again_leaves_it_closed(api: Api) -> None:
    made = put(api, "one", **ENDED).json
    assert verb(api, made["activity_id"], "close").status == 200
    assert put(api, "one", **ENDED).json["version"] == 2
    changed = put(api, "one", **ENDED | {"title": "B"}).json
    assert (changed["status"], changed["version"]) == ("closed", 3)


def test_a_correction_of_a_closed_activity_keeps_the_moment_it_was_closed(
    api: Api, service: Service, clock: ManualClock
) -> None:
    course = a_course(api, **ENDED)
    assert verb(api, course, "close").status == 200
    query = "SELECT closed_at FROM activities WHERE activity_id = :id"

    def closed_at() -> object:
        return service.database.read(lambda connection: statements.fetch(connection, query, {"id": course}))[0][0]

    before = closed_at()
    clock.now = clock.now.replace(day=29)
    assert patch(api, course, title="B").status == 200
    assert closed_at() == before


# -------------------------------------------------------------------------------------------------- races


def test_a_lower_maximum_and_a_report_above_it_never_both_succeed(api: Api, service: Service) -> None:
    for _ in range(10):
        course = a_course(api)
        lower, report = at_once(
            [
                partial(patch, api, course, ama_pra_credits=2),
                partial(api.report, a_completion(course, "2021-06-01", credits=3)),
            ]
        )
        assert (lower.status, report.status) in {(200, 422), (409, 201)}
        assert_problem(*((report, 422, "completion-rejected") if lower.status == 200 else (lower, 409, COVERS)))
    settle(service)


@pytest.mark.parametrize(
    "edit", [{"end_date": "2021-05-31"}, {"start_date": "2021-06-02"}, {"moc": []}, {"description": None}], ids=str
)
def test_a_tighter_bound_and_reports_beyond_it_never_both_succeed(
    api: Api, service: Service, edit: dict[str, Any]
) -> None:
    for _ in range(4):
        moc = [{"board": "ABIM", "credit_types": ["Medical Knowledge", "Patient Safety"]}]
        course = a_course(api, moc=moc)
        bodies = [john() | {"activity_id": course, "completed_on": "2021-06-01"}, john() | {"activity_id": course}]
        bodies = bodies[:1] if edit.keys() & {"end_date", "start_date"} else bodies
        tighter, *reports = at_once(
            [partial(patch, api, course, **edit), *(partial(api.report, body) for body in bodies)]
        )
        said = {report.status for report in reports}
        assert (tighter.status, said) == (200, {422}) or (tighter.status == 409 and 201 in said)
    settle(service)


def test_a_deletion_and_a_report_never_both_succeed(api: Api, service: Service) -> None:
    for _ in range(10):
        course = a_course(api)
        gone, report = at_once([partial(delete, api, course), partial(api.report, a_completion(course, "2021-06-01"))])
        assert (gone.status, report.status) in {(204, 422), (409, 201)}
        assert_problem(*((report, 422, "completion-rejected") if gone.status == 204 else (gone, 409, HAS)))
    settle(service)


def test_a_new_internal_id_sent_many_times_at_once_makes_one_activity(api: Api, service: Service) -> None:
    for n in range(3):
        answers = at_once([partial(put, api, f"new-{n}", title=f"Title {number % 3}") for number in range(8)])
        assert sorted(answer.status for answer in answers) == [200] * 7 + [201], [answer.json for answer in answers][
            -9:
        ]
        assert len({answer.json["activity_id"] for answer in answers}) == 1
        versions = sorted(answer.json["version"] for answer in answers)
        stored = api.get(ACTIVITIES, internal_id=f"new-{n}").json["data"]
        assert [row["version"] for row in stored] == [versions[-1]]
    settle(service)


def test_of_changes_to_one_version_one_is_taken(api: Api) -> None:
    for _ in range(4):
        made = api.register()
        path, headers = f"{ACTIVITIES}/{made.json['activity_id']}", {"If-Match": etag(made)}
        calls = [partial(api.send, "PATCH", path, headers=headers, json={"title": f"Title {n}"}) for n in range(8)]
        answers = at_once(calls)
        assert sorted(answer.status for answer in answers) == [200] + [412] * 7
        (taken,) = [answer.json for answer in answers if answer.status == 200]
        assert read(api, made.json["activity_id"]) == taken


def test_an_activity_sent_again_while_it_is_deleted_is_updated_or_made_anew(api: Api, service: Service) -> None:
    for n in range(12):
        course = put(api, f"one-{n}").json["activity_id"]
        calls = [partial(put, api, f"one-{n}", title=f"Title {number}") for number in range(3)]
        gone, *sent = at_once([partial(delete, api, course), *calls])
        assert gone.status == 204
        assert {answer.status for answer in sent} <= {200, 201}, [answer.json for answer in sent]
        assert len(api.get(ACTIVITIES, internal_id=f"one-{n}").json["data"]) <= 1
    settle(service)


def test_an_activity_sent_again_while_its_internal_id_moves_keeps_every_answer_true(api: Api, service: Service) -> None:
    for n in range(12):
        course = put(api, f"old-{n}").json["activity_id"]
        moved, sent = at_once(
            [partial(patch, api, course, internal_id=f"new-{n}"), partial(put, api, f"old-{n}", title="Again")]
        )
        assert (moved.status, sent.status in {200, 201}) == (200, True)
        # Whichever came first, the id was moved: what is sent under the old one afterwards is another activity.
        assert read(api, course)["internal_id"] == f"new-{n}"
    settle(service)
