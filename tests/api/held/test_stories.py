"""A record of which only the physician is missing waits, without credit, and ends one way or another."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.services.access import clients
from app.services.context import Service, operator, transact
from app.services.held.judging import judge_all_due
from tests.builders.bodies import GRAND_ROUNDS, a_completion
from tests.builders.people import import_people
from tests.harness.api import Answer, Api, api_of, settle
from tests.harness.clock import ManualClock
from tests.harness.held import NORA, held_of, hold, nora

pytestmark = pytest.mark.usefixtures("proven")


def credited(api: Api) -> list[Any]:
    """Return Nora's completions, and Rebecca's that were reported beside them."""
    found = [
        *api.completions(last_name="Quillfeather"),
        *api.completions(last_name="Test", submitted_from="2021-12-20"),
    ]
    return [completion for completion in found if completion["activity_id"] == GRAND_ROUNDS]


def events(api: Api, service: Service, last: int) -> list[tuple[str, dict[str, str]]]:
    """Return the provider's last events: kind and ids."""
    settle(service)
    found = api.get("/v1/events", limit=100).json["data"]
    return [(event["type"], event["data"]) for event in found[-last:]]


def test_a_record_without_a_match_waits_and_credits_nothing(api: Api) -> None:
    answer = hold(api, nora())
    assert answer.status == 202
    assert answer.json["outcome"] == "held"
    assert answer.json["status"] == "waiting"
    assert {finding["rule"] for finding in answer.json["findings"]} == {"learner-unmatched", "licence-unknown"}
    assert answer.response.headers["Location"] == f"/v1/held-records/{answer.json['held_id']}"
    assert "help@example.org" in answer.json["hint"]
    assert credited(api) == []
    shown = held_of(api, answer)
    assert shown["report"]["learner"] == nora()["learner"]
    assert shown["report"]["cme"] == nora()["cme"]


def test_without_hold_the_same_record_is_refused_and_told_that_it_could_wait(api: Api) -> None:
    refused = api.report(nora())
    assert refused.status == 422
    assert told_to_wait(refused) and not told_to_wait(hold(api, nora(credits=0.3)))
    assert api.get("/v1/held-records").json["data"] == []


def test_a_correction_is_not_told_that_it_could_wait(api: Api) -> None:
    standing = api.report(a_completion()).json["completion_id"]
    refused = api.send("PUT", f"/v1/learner-completions/{standing}", headers={"If-Match": "*"}, json=nora())
    assert refused.status == 422 and not told_to_wait(refused)


def told_to_wait(answer: Answer) -> bool:
    """Whether the hint of a miss names the way in which the record could wait."""
    return any(
        "on_unmatched=hold" in found["hint"] for found in answer.json["findings"] if "unmatched" in found["rule"]
    )


def test_a_record_that_another_rule_refuses_is_refused_with_every_finding(api: Api) -> None:
    refused = hold(api, nora(credits=0.3))
    assert refused.status == 422
    assert {"learner-unmatched", "credit-quarter"} <= refused.codes
    assert api.get("/v1/held-records").json["data"] == []


def test_it_is_accepted_once_the_registry_knows_its_physician(api: Api, service: Service, clock: ManualClock) -> None:
    held = hold(api, nora())
    clock.now += timedelta(days=5)
    import_people(service, NORA)
    assert judge_all_due(service) == 1
    shown = held_of(api, held)
    assert (shown["status"], shown["reason"]) == ("accepted", "matched")
    (completion,) = credited(api)
    assert completion["completion_id"] == shown["completion_id"]
    assert completion["submitted_at"] == held.json["submitted_at"]
    assert completion["entry_method"] == "api"
    told = events(api, service, 2)
    assert [kind for kind, _ in told] == ["completion.reported", "completion.matched"]
    assert told[1][1] == {
        "held_id": held.json["held_id"],
        "completion_id": completion["completion_id"],
        "activity_id": GRAND_ROUNDS,
        "provider_id": "0008001",
    }


def test_the_same_record_sent_again_is_the_same_held_record(api: Api) -> None:
    first, again = hold(api, nora()), hold(api, nora(credits=2.0))
    assert (again.status, again.json) == (202, first.json)
    assert len(api.get("/v1/held-records").json["data"]) == 1


def test_the_same_record_sent_again_after_its_match_is_unchanged(api: Api, service: Service) -> None:
    hold(api, nora())
    import_people(service, NORA)
    judge_all_due(service)
    again = hold(api, nora())
    assert (again.status, again.json["outcome"]) == (200, "unchanged")
    assert len(credited(api)) == 1


def test_a_change_of_somebody_else_leaves_it_waiting(api: Api, service: Service) -> None:
    held = hold(api, nora())
    import_people(service, NORA | {"date_of_birth": "01/01", "licenses": "ME-M:1"})
    assert judge_all_due(service) == 1
    assert judge_all_due(service) == 0
    assert held_of(api, held)["status"] == "waiting"


def test_after_sixty_days_it_is_refused(api: Api, service: Service, clock: ManualClock) -> None:
    held = hold(api, nora())
    clock.now += timedelta(days=60)
    judge_all_due(service)
    shown = held_of(api, held)
    assert (shown["status"], shown["reason"]) == ("refused", "expired")
    assert events(api, service, 1) == [
        (
            "completion.unmatched",
            {"held_id": held.json["held_id"], "activity_id": GRAND_ROUNDS, "provider_id": "0008001"},
        )
    ]
    assert hold(api, nora()).status == 422


def test_a_match_that_another_rule_refuses_ends_it(api: Api, service: Service) -> None:
    """The maximum of the activity is taken by then."""
    registered = api.register(ama_pra_credits=2).json["activity_id"]
    first = hold(api, nora(activity_id=registered))
    second = hold(api, nora(activity_id=registered, completed_on="2021-12-13"))
    import_people(service, NORA)
    judge_all_due(service)
    assert held_of(api, first)["status"] == "accepted"
    ended = held_of(api, second)
    assert (ended["status"], ended["reason"]) == ("refused", "rules")
    assert "cumulative-maximum" in {finding["rule"] for finding in ended["findings"]}


def test_a_later_version_under_its_reference_sets_it_aside(api: Api, service: Service, clock: ManualClock) -> None:
    held = hold(api, nora(reference="lms:1"))
    import_people(service, NORA | {"date_of_birth": "07/10"})
    clock.now += timedelta(hours=1)
    sent = api.report(nora(born="07/10", reference="lms:1"))
    assert sent.status == 201
    shown = held_of(api, held)
    assert (shown["status"], shown["reason"]) == ("set-aside", "superseded")
    assert shown["superseded_by"] == sent.json["completion_id"]


def test_somebody_else_under_the_reference_of_a_session_sets_nothing_aside(api: Api, clock: ManualClock) -> None:
    held = hold(api, nora(reference="session:1"))
    clock.now += timedelta(hours=1)
    assert api.report(a_completion(reference="session:1")).status == 201
    assert held_of(api, held)["status"] == "waiting"


def test_records_of_one_request_that_share_a_reference_set_none_aside(api: Api) -> None:
    body = {"items": [nora(client_reference="lms:1"), a_completion(client_reference="lms:1")]}
    answer = api.send("POST", "/v1/learner-completions:bulk", params={"on_unmatched": "hold"}, json=body)
    assert [item["status"] for item in answer.json["items"]] == [202, 201]
    assert answer.json["summary"] == {"created": 1, "joined": 0, "unchanged": 0, "rejected": 0, "held": 1}
    held_id = answer.json["items"][0]["held"]["held_id"]
    assert api.get(f"/v1/held-records/{held_id}").json["status"] == "waiting"


def test_its_sender_sets_it_aside_and_takes_that_back(api: Api, service: Service) -> None:
    held = hold(api, nora())
    path = f"/v1/held-records/{held.json['held_id']}"
    assert api.post(f"{path}/set-aside", None).json["reason"] == "by-sender"
    assert api.post(f"{path}/set-aside", None).status == 200
    assert hold(api, nora()).status == 422
    import_people(service, NORA)
    judge_all_due(service)
    assert credited(api) == []
    assert api.post(f"{path}/judge", None).json["status"] == "accepted"
    assert api.post(f"{path}/set-aside", None).status == 409
    assert api.post(f"{path}/judge", None).status == 409


def test_it_is_corrected_and_judged_at_once(api: Api) -> None:
    held = hold(api, nora())
    path = f"/v1/held-records/{held.json['held_id']}"
    tag = {"If-Match": held.response.headers["ETag"]}
    assert api.send("PUT", path, json=nora(last_name="Quill")).status == 428
    waiting = api.send("PUT", path, json=nora(last_name="Quill"), headers=tag)
    assert (waiting.status, waiting.json["status"]) == (200, "waiting")
    assert api.send("PUT", path, json=nora(), headers=tag).status == 412
    tag = {"If-Match": waiting.response.headers["ETag"]}
    assert api.send("PUT", path, json=nora(credits=0.3), headers=tag).status == 422
    accepted = api.send("PUT", path, json=a_completion(), headers=tag)
    assert (accepted.json["status"], accepted.json["reason"]) == ("accepted", "corrected")
    assert [completion["completion_id"] for completion in credited(api)] == [accepted.json["completion_id"]]
    for earlier in (nora(), nora(last_name="Quill")):
        assert hold(api, earlier).json["completion_id"] == accepted.json["completion_id"]


def test_its_answer_is_given_again_under_its_idempotency_key(api: Api, service: Service) -> None:
    first = hold(api, nora(), Idempotency_Key="k1")
    import_people(service, NORA)
    judge_all_due(service)
    again = hold(api, nora(), Idempotency_Key="k1")
    assert (again.status, again.json) == (202, first.json)
    assert again.response.headers["Idempotency-Replayed"] == "true"


def test_who_prefers_a_minimal_answer_is_told_that_it_waits(api: Api) -> None:
    answer = hold(api, nora(), Prefer="return=minimal")
    assert (answer.status, answer.json["outcome"]) == (202, "held")


def test_whose_grant_was_revoked_has_to_wait(api: Api, http: Any, service: Service) -> None:
    vendor = api_of(http, service, "LMS", role="vendor", providers=["0008001"])
    held = hold(vendor, nora(), PARS_Provider="0008001")
    transact(operator(service), clients.revoke, vendor.client_id, "0008001")
    import_people(service, NORA)
    judge_all_due(service)
    assert held_of(api, held)["status"] == "waiting"
    transact(operator(service), clients.grant, vendor.client_id, "0008001")
    import_people(service, NORA | {"first_name": "Other", "licenses": "TN-M:11"})
    judge_all_due(service)
    assert held_of(api, held)["status"] == "accepted"


def test_a_foreign_held_record_looks_absent(api: Api, http: Any, service: Service) -> None:
    held = hold(api, nora())
    other = api_of(http, service, "others", providers=["0008002"])
    for method, path, body in (
        ("GET", "", None),
        ("PUT", "", nora()),
        ("POST", "/judge", None),
        ("POST", "/ask", {}),
        ("POST", "/set-aside", None),
    ):
        answers = [
            other.send(method, f"/v1/held-records/{held_id}{path}", json=body, headers={"If-Match": '"1"'})
            for held_id in (held.json["held_id"], "019ab0c2-5d1e-7f04-8a35-3f6f1c2e9b70")
        ]
        assert [answer.status for answer in answers] == [404, 404]
        first, second = ({**answer.json, "request_id": ""} for answer in answers)
        assert first == second
    assert other.get("/v1/held-records").json["data"] == []


def test_the_list_filters_and_pages(api: Api) -> None:
    ids = [hold(api, nora(credits=number, reference=f"r{number}")).json["held_id"] for number in (1, 2, 3)]
    first = api.get("/v1/held-records", limit=2).json
    rest = api.get("/v1/held-records", limit=2, cursor=first["next_cursor"]).json
    assert [held["held_id"] for held in (*first["data"], *rest["data"])] == ids[::-1]
    assert rest["next_cursor"] is None
    for filters in ({"client_reference": "r2"}, {"client_reference": " r2 ", "status": "waiting"}):
        assert [held["held_id"] for held in api.get("/v1/held-records", **filters).json["data"]] == [ids[1]]
    assert api.get("/v1/held-records", status="accepted").json["data"] == []
    assert api.get("/v1/held-records", activity_id="000000000").json["data"] == []


def test_a_put_by_reference_waits_in_the_place_of_what_waits(api: Api, service: Service, clock: ManualClock) -> None:
    path = "/v1/learner-completions/by-reference/lms:7"

    def put(body: Any) -> Answer:
        clock.now += timedelta(hours=1)
        return api.send("PUT", path, params={"on_unmatched": "hold"}, json=body)

    first = put(nora())
    assert first.status == 202
    second = put(nora(credits=3))
    assert second.status == 202
    assert held_of(api, first)["superseded_by"] == second.json["held_id"]
    import_people(service, NORA)
    judge_all_due(service)
    (completion,) = credited(api)
    assert completion["credits"][0]["credits"] == 3
    corrected = put(nora(credits=1))
    assert (corrected.status, corrected.json["outcome"]) == (200, "updated")
    missing = put(nora(first_name="Somebody", last_name="Else", born="01/02"))
    assert missing.status == 422


def test_a_name_that_the_operator_adds_to_a_physician_lets_it_match(api: Api, http: Any, service: Service) -> None:
    """Every door by which somebody on file changes makes what waits due: an import, the registry, a merge."""
    import_people(service, NORA | {"first_name": "Philippa", "licenses": "TN-M:1"})
    held = hold(api, nora(license_id=None))
    judge_all_due(service)
    operator = api_of(http, service, "the operator", role="operator")
    (found,) = operator.post("/v1/physicians:search", {"last_name": "Quillfeather"}).json["data"]
    path = f"/v1/physicians/{found['physician_id']}"
    tag = {"If-Match": operator.get(path).response.headers["ETag"]}
    names = [{"first_name": "Nora", "last_name": "Quillfeather"}]
    changed = operator.send("PATCH", path, json={"other_names": names}, headers=tag)
    assert changed.status == 200, changed.json
    assert judge_all_due(service) == 1
    assert held_of(api, held)["status"] == "accepted"
