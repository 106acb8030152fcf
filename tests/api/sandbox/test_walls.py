"""The sandbox and the live side know nothing of each other."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient
from msgspec.structs import replace

from app.core.errors import Problem
from app.domain.batches import EntryMethod
from app.domain.clients import Client, Role
from app.domain.identity.candidates import Candidates
from app.matching.exact import find_learner
from app.sandbox.fixtures import sandbox
from app.schemas.completions import CompletionIn
from app.services.access import clients
from app.services.access.scopes import effective_scopes
from app.services.context import Caller, Service, operator, transact
from app.services.operations import checks
from app.services.registry import imports
from app.services.reporting import group
from app.services.reporting.group import report_together
from app.store import clients as stored
from app.store.sql import statements
from tests.builders import judging
from tests.builders.bodies import GRAND_ROUNDS, a_completion, an_activity, points
from tests.harness.api import Answer, Api, api_of, settle
from tests.harness.clock import ManualClock
from tests.harness.refusals import assert_problem, footprint, same_but_request_id
from tests.harness.wire import at_once

COMPLETIONS, ACTIVITIES = "/v1/learner-completions", "/v1/activities"
SHARED, OURS, THEIRS, NOBODYS = "9999999", "0008001", "0008002", "0009999"
OPEN = "299990001"


@pytest.fixture(autouse=True)
def later(clock: ManualClock) -> None:
    """The sandbox's activities begin in 2025."""
    clock.now = datetime(2025, 6, 20, 12, tzinfo=UTC)


@pytest.fixture
def tester(http: TestClient, service: Service) -> Api:
    """A test client of the shared sandbox."""
    return api_of(http, service, "tests", test=True)


def olive(activity_id: str = OPEN, completed_on: str = "2025-06-02", **more: Any) -> dict[str, Any]:
    """Olive Only of the sandbox, with an hour of the open course."""
    person: dict[str, Any] = {"first_name": "Olive", "last_name": "Only", "born": "02/01", "state": "CA"}
    return a_completion(activity_id, completed_on, **(person | {"license_id": None, "credits": 1} | more))


def nina(activity_id: str, day: str) -> dict[str, Any]:
    """Nina Number by her NPI, which a real physician may have as well."""
    learner = {"first_name": "Nina", "last_name": "Number", "date_of_birth": "05/05", "npi": "1999900016"}
    return a_completion(activity_id, day, credits=1, license_id=None) | {"learner": learner, "cme": [{"credits": 1}]}


def count(service: Service, query: str, **given: str) -> int:
    return int(service.database.read(lambda connection: statements.fetch(connection, query, given))[0][0])


def acting(client: Api, provider: str | None, method: str, path: str, body: Any = None) -> Answer:
    return client.send(method, path, headers={"PARS-Provider": provider} if provider else {}, json=body)


def test_a_live_client_matches_nobody_of_the_sandbox(api: Api, service: Service) -> None:
    before = footprint(service)
    for given, rules in (
        ({"license_id": None}, {"learner-unmatched"}),
        ({"license_id": "S100001"}, {"learner-unmatched", "licence-unknown"}),
        ({"credits": None, "moc": [points("ABA", "90080101")], "first_name": "Anna", "last_name": "Anesthesiologist",
          "born": None}, {"learner-unmatched"}),
    ):  # fmt: skip
        refused = api.report(olive(**given) | {"activity_id": GRAND_ROUNDS, "completed_on": "2021-12-12"})
        assert refused.codes == rules
    assert api.report(nina(GRAND_ROUNDS, "2021-12-12")).codes == {"learner-unmatched", "npi-unknown"}
    assert footprint(service) == before


def test_a_test_client_matches_nobody_of_the_registry(tester: Api, service: Service) -> None:
    before = footprint(service)
    rebecca = a_completion(OPEN, "2025-06-02")
    assert tester.report(rebecca).codes == {"learner-unmatched", "licence-unknown"}
    assert tester.report(rebecca | {"cme": [{"state": "TN", "credits": 1}]}).codes == {"learner-unmatched"}
    tina = a_completion(OPEN, "2025-06-02", first_name="Tina", last_name="Karacme", born=None, credits=None)
    assert tester.report(tina | {"moc": [points()]}).codes >= {"learner-unmatched"}
    assert footprint(service) == before


def test_a_physician_with_the_numbers_of_a_magic_learner_is_imported_and_kept_apart(
    api: Api, tester: Api, service: Service
) -> None:
    row = {
        "first_name": "Nina", "last_name": "Number", "date_of_birth": "05/05", "npi": "1999900016",
        "licenses": "OR-M:S400001;TN-M:777777",
    }  # fmt: skip
    before = count(service, "SELECT count(*) FROM licenses WHERE learner_id = 'sandbox-npi'")
    for added, unchanged in ((1, 0), (0, 1)):
        counts = imports.import_rows(service, [(1, imports.read_row(row, service.catalogue))])
        assert (counts.added, counts.unchanged, counts.updated, counts.refused) == (added, unchanged, 0, [])
    assert count(service, "SELECT count(*) FROM licenses WHERE learner_id = 'sandbox-npi'") == before
    live, test = api.report(nina(GRAND_ROUNDS, "2021-12-12")), tester.report(nina(OPEN, "2025-06-02"))
    assert [credit["board"] for credit in live.json["credits"]] == ["OR-M", "TN-M"]
    assert [credit["board"] for credit in test.json["credits"]] == ["MD-M", "OR-M"]
    settle(service)


def test_a_registry_row_without_numbers_does_not_complete_a_magic_learner(service: Service) -> None:
    row = {"first_name": "Olive", "last_name": "Only", "date_of_birth": "02/01", "medical_school": "Elsewhere"}
    counts = imports.import_rows(service, [(1, imports.read_row(row, service.catalogue))])
    assert (counts.added, counts.updated) == (1, 0)
    settle(service)


@pytest.mark.parametrize(("in_sandbox", "found"), [(False, "physician"), (True, "magic")])
def test_of_two_who_are_the_same_a_report_finds_the_one_of_its_world(in_sandbox: bool, found: str) -> None:
    both = [judging.a_learner("physician"), replace(judging.a_learner("magic"), sandbox="one")]
    report = replace(judging.a_report(), sandbox=in_sandbox)
    for known in (both, [learner for learner in both if learner.physician_id == found]):
        match = find_learner(report, Candidates.of(known), judging.CATALOGUE)
        assert match.learner is not None
        assert match.learner.physician_id == found
    nobody = find_learner(
        report, Candidates.of(learner for learner in both if learner.physician_id != found), judging.CATALOGUE
    )
    assert nobody.learner is None


def test_the_sandbox_of_a_provider_is_made_once_by_many_at_once(service: Service) -> None:
    def create() -> str:
        made = transact(operator(service), clients.create, "tests", role="provider", provider_ids=[OURS], test=True)
        return made.client_id

    made = at_once([create] * 4)
    query = "SELECT provider_id FROM grants WHERE client_id = :id"
    held = [
        service.database.read(lambda conn, learner_id=learner_id: statements.fetch(conn, query, {"id": learner_id}))
        for learner_id in made
    ]
    assert len({row[0] for rows in held for row in rows}) == 1
    listed = "SELECT count(*) FROM activities WHERE provider_id = :id"
    assert count(service, listed, id=held[0][0][0]) == len(sandbox().activities)
    settle(service)


def caller(service: Service, api: Api, provider: str) -> Caller:
    client = service.database.read(lambda connection: stored.by_id(connection, api.client_id))
    assert client is not None
    return Caller(service=service, client=client, provider=provider)


def test_reports_of_both_sides_are_stored_in_one_transaction(api: Api, tester: Api, service: Service) -> None:
    live, test = caller(service, api, OURS), caller(service, tester, SHARED)
    rebecca = a_completion()
    items = [
        (who, CompletionIn.model_validate(body).as_report(who.provider_id, service.clock(), EntryMethod.API))
        for who, body in (
            (live, rebecca),
            (test, olive()),
            (live, olive() | {"activity_id": GRAND_ROUNDS, "completed_on": "2021-12-12"}),
            (test, rebecca | {"activity_id": OPEN, "completed_on": "2025-06-02"}),
            (live, olive()),
            (test, rebecca),
        )
    ]
    events = count(service, "SELECT count(*) FROM board_events")
    results = service.database.write(lambda connection: report_together(connection, items))
    stood = [result for result in results if isinstance(result, group.Submitted)]
    assert [answer.completion and answer.completion.provider_id for answer in stood] == [OURS, SHARED]
    assert [{error.code for error in result.errors} for result in results if isinstance(result, Problem)] == [
        {"learner-unmatched"}, {"learner-unmatched", "licence-unknown"}, {"activity-known"}, {"activity-known"},
    ]  # fmt: skip
    assert count(service, "SELECT count(*) FROM board_events") == events + 1
    settle(service)


def test_no_board_hears_of_the_sandbox(tester: Api, service: Service) -> None:
    before = count(service, "SELECT count(*) FROM board_events")
    reported = tester.report(olive(moc=[points("ABIM", "900101", 1, Medical_Knowledge=1)]))
    assert [(credit["delivery"], credit["status"]) for credit in reported.json["credits"]] == [
        ("board", "accepted")
    ] * 2
    assert tester.delete(f"{COMPLETIONS}/{reported.json['completion_id']}").status == 204
    settle(service)
    assert count(service, "SELECT count(*) FROM board_events") == before


def test_a_refused_credit_holds_no_part_of_the_maximum(tester: Api, service: Service) -> None:
    ida = {"first_name": "Ida", "last_name": "Unknown", "born": "01/21", "activity_id": "299990006"}
    for day in ("2025-06-02", "2025-06-03"):
        reported = tester.report(olive(**ida, completed_on=day))
        assert [credit["status_reason"] for credit in reported.json["credits"]] == ["id-unknown"]
    settle(service)


def test_what_is_not_sent_to_live_boards_is_noticed(tester: Api, service: Service) -> None:
    """The invariants are as strict as ever: were the sandbox's provider a live one, its credit would be missed."""
    tester.report(olive())
    settle(service)

    def accredit(connection: Any) -> None:
        statements.execute(connection, "UPDATE providers SET sandbox_of = NULL WHERE provider_id = :id", {"id": SHARED})

    service.database.write(accredit)
    broken = " ".join(checks.find_faults(service))
    assert "every credit for a board has one event that reports it" in broken
    assert "completions of the sandbox are of its own learners" in broken
    assert "test clients act for the sandbox only" in broken


def test_neither_side_reads_lists_or_withdraws_what_is_the_others(
    api: Api, http: TestClient, service: Service, tester: Api
) -> None:
    own = api_of(http, service, "own tests", providers=[OURS], test=True)
    activity = own.register(internal_id="both").json
    assert api.register(internal_id="both").status == 201
    live = api.report(a_completion(reference="both")).json
    tests = [
        client.report(olive(reference="both") | {"activity_id": activity_id}).json
        for client, activity_id in ((tester, OPEN), (own, own.register(end_date="2099-12-31").json["activity_id"]))
    ]
    before = footprint(service)
    for client, foreign in ((api, tests), (tester, [live, tests[1]]), (own, [live, tests[0]])):
        mine = {completion["provider_id"] for completion in client.completions()}
        assert len(mine) == 1
        assert mine.isdisjoint(activity["provider_id"] for activity in foreign)
        assert {activity["provider_id"] for activity in client.get(ACTIVITIES).json["data"]} == mine
        assert len(client.completions(client_reference="both")) == 1
        assert client.completions(learner_id=foreign[0]["learner"]["learner_id"]) == []
        for completion in foreign:
            for method, path, absent in (
                ("GET", f"{COMPLETIONS}/{completion['completion_id']}", f"{COMPLETIONS}/{NOBODYS}"),
                ("DELETE", f"{COMPLETIONS}/{completion['completion_id']}", f"{COMPLETIONS}/{NOBODYS}"),
                ("GET", f"{ACTIVITIES}/{completion['activity_id']}", f"{ACTIVITIES}/{NOBODYS}"),
                ("POST", f"{ACTIVITIES}/{completion['activity_id']}/close", f"{ACTIVITIES}/{NOBODYS}/close"),
            ):
                answers = [client.send(method, path), client.send(method, absent)]
                assert_problem(answers[0], 404, "not-found")
                assert same_but_request_id(*answers)
    assert activity["provider_id"] not in (OURS, SHARED)
    assert footprint(service) == before
    settle(service)


def test_a_learner_id_of_one_side_means_nobody_to_the_other(api: Api, tester: Api) -> None:
    live, test = api.report(a_completion()).json, tester.report(olive()).json
    for client, body, link in (
        (api, a_completion(completed_on="2021-12-01"), test["learner"]["learner_id"]),
        (tester, olive(completed_on="2025-06-03"), live["learner"]["learner_id"]),
    ):
        assert client.report(body | {"learner": {"learner_id": link}}).codes >= {"learner-unmatched"}


def test_a_live_client_cannot_name_a_sandbox(api: Api, http: TestClient, service: Service) -> None:
    api_of(http, service, "own tests", providers=[OURS], test=True)
    (own,) = service.database.read(
        lambda connection: statements.fetch(
            connection, "SELECT provider_id FROM providers WHERE sandbox_of = :id", {"id": OURS}
        )
    )
    vendor = api_of(http, service, "LMS", role="vendor", providers=[OURS])
    everybody = api_of(http, service, "operator", role="operator")
    for client in (api, vendor, everybody):
        refused = [acting(client, provider, "GET", COMPLETIONS) for provider in (SHARED, own[0], NOBODYS)]
        assert_problem(refused[0], 403, "forbidden")
        assert same_but_request_id(refused[0], refused[1])
        assert same_but_request_id(refused[0], refused[2])


def test_to_a_test_client_a_provider_means_its_sandbox(http: TestClient, service: Service, api: Api) -> None:
    own = api_of(http, service, "own tests", providers=[OURS], test=True)
    shown = [acting(own, provider, "GET", ACTIVITIES).json["data"][0] for provider in (None, OURS)]
    assert shown[0]["provider_id"] == shown[1]["provider_id"] not in (OURS, SHARED)
    assert acting(own, shown[0]["provider_id"], "GET", ACTIVITIES).status == 200
    for provider in (THEIRS, SHARED, NOBODYS):
        assert_problem(acting(own, provider, "GET", ACTIVITIES), 403, "forbidden")
    assert acting(api, OURS, "GET", f"{ACTIVITIES}/{GRAND_ROUNDS}").status == 200
    assert acting(own, OURS, "GET", f"{ACTIVITIES}/{GRAND_ROUNDS}").status == 404


def test_a_vendors_test_client_is_granted_sandboxes(http: TestClient, service: Service) -> None:
    vendor = api_of(http, service, "LMS tests", role="vendor", test=True)
    assert_problem(acting(vendor, None, "GET", COMPLETIONS), 400, "provider-required")
    assert acting(vendor, SHARED, "POST", COMPLETIONS, olive()).status == 201
    assert_problem(acting(vendor, OURS, "GET", COMPLETIONS), 403, "forbidden")
    transact(operator(service), clients.grant, vendor.client_id, OURS)
    assert acting(vendor, OURS, "GET", COMPLETIONS).json["data"] == []
    assert len(acting(vendor, OURS, "GET", ACTIVITIES).json["data"]) == len(sandbox().activities)
    transact(operator(service), clients.revoke, vendor.client_id, OURS)
    assert_problem(acting(vendor, OURS, "GET", COMPLETIONS), 403, "forbidden")
    settle(service)


def test_an_operators_test_client_acts_for_every_sandbox_and_for_nothing_else(
    http: TestClient, service: Service
) -> None:
    everybody = api_of(http, service, "operator", role="operator", test=True)
    assert acting(everybody, SHARED, "POST", COMPLETIONS, olive()).status == 201
    assert_problem(acting(everybody, OURS, "GET", COMPLETIONS), 403, "forbidden")
    own = api_of(http, service, "own tests", providers=[OURS], test=True)
    mine = own.get(ACTIVITIES).json["data"]
    assert acting(everybody, OURS, "GET", ACTIVITIES).json["data"] == mine
    client = service.database.read(lambda connection: stored.by_id(connection, everybody.client_id))
    assert client is not None
    assert client.scopes.isdisjoint({"operator", "board:feed", "transcripts:read"})


def test_a_test_client_from_before_has_no_more_than_a_providers_scopes() -> None:
    before = Client(
        client_id="c", role=Role.OPERATOR, board=None, test=True, provider_ids=frozenset(),
        scopes=frozenset({"operator", "board:feed", "completions:read"}),
    )  # fmt: skip
    assert effective_scopes(before).scopes == {"completions:read"}


def test_a_sandbox_is_made_once_and_has_everything(http: TestClient, service: Service) -> None:
    first, second = (api_of(http, service, f"tests {place}", providers=[OURS], test=True) for place in (1, 2))
    listed = first.get(ACTIVITIES).json["data"]
    assert second.get(ACTIVITIES).json["data"] == listed
    assert {activity["internal_id"] for activity in listed} == {
        activity.internal_id for activity in sandbox().activities
    }
    learners = count(service, "SELECT count(*) FROM learners WHERE sandbox <> ''")
    assert learners == len(sandbox().learners)
    settle(service)


def test_a_provider_unknown_so_far_is_added_with_its_sandbox(http: TestClient, service: Service) -> None:
    own = api_of(http, service, "New Centre", providers=[NOBODYS], test=True)
    assert acting(own, NOBODYS, "POST", ACTIVITIES, an_activity()).status == 201
    names = "SELECT count(*) FROM providers WHERE name = :name"
    assert count(service, names, name="New Centre") == count(service, names, name="Sandbox of New Centre") == 1


def test_the_sandboxs_own_activities_stay_as_they_are(tester: Api, service: Service) -> None:
    before = footprint(service)
    path = f"{ACTIVITIES}/299990004"
    etag = {"If-Match": '"1"'}
    for answer in (
        tester.send("PATCH", path, headers=etag, json={"title": "Mine"}),
        tester.send("PUT", f"{ACTIVITIES}/by-internal-id/magic-open", json=an_activity(end_date="2099-12-31")),
        tester.delete(path),
        tester.send("POST", f"{ACTIVITIES}/299990002/reopen"),
    ):
        assert_problem(answer, 409, "conflict")
    assert footprint(service) == before
    mine = tester.register(internal_id="mine").json
    changed = tester.send("PATCH", f"{ACTIVITIES}/{mine['activity_id']}", headers=etag, json={"title": "Mine"})
    assert (changed.status, changed.json["title"]) == (200, "Mine")
    same = tester.send("PUT", f"{ACTIVITIES}/by-internal-id/mine", json=an_activity(title="Mine"))
    assert (same.status, same.json["version"]) == (200, 2)
    assert tester.delete(f"{ACTIVITIES}/{mine['activity_id']}").status == 204


@pytest.mark.parametrize(("activity", "status"), [("299990011", 429), ("299990012", 503), ("299990013", 500)])
def test_trouble_comes_every_time_and_leaves_the_idempotency_key_free(
    tester: Api, service: Service, activity: str, status: int
) -> None:
    before = footprint(service)
    for body in (olive(activity_id=activity), olive(activity_id=activity), olive(activity_id=activity, credits=-1)):
        assert_problem(tester.report(body, Idempotency_Key="k"), status)
        assert_problem(tester.report(body), status)
    assert footprint(service) == before
    assert tester.report(olive(), Idempotency_Key="k").status == 201
    again = tester.report(olive(), Idempotency_Key="k")
    assert (again.status, again.response.headers["Idempotency-Replayed"]) == (201, "true")


def test_a_faulty_correction_is_refused_before_any_trouble(tester: Api) -> None:
    body = olive(activity_id="299990011")
    refused = tester.send("PUT", f"/v1/learner-completions/{'x' * 70}", headers={"If-Match": "1" * 1_001}, json=body)
    assert refused.status == 422
    assert len(refused.json["errors"]) == 2


def test_too_many_requests_tell_the_limit(tester: Api) -> None:
    headers = tester.report(olive(activity_id="299990011")).response.headers
    assert headers["Retry-After"] == "1"
    assert headers["RateLimit"] == '"sandbox";r=0;t=1'
    assert headers["RateLimit-Policy"] == '"sandbox";q=1;w=1'


def test_a_live_activity_named_like_a_magic_one_is_as_any_other(api: Api) -> None:
    mine = api.register(internal_id="magic-500").json["activity_id"]
    assert api.report(a_completion(mine, "2021-06-01")).status == 201
    assert api.delete(f"{ACTIVITIES}/{api.register(internal_id='magic-503').json['activity_id']}").status == 204
