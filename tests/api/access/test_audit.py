"""The operator reads the audit log: everything that was done, newest first, by any filter, and nobody's identity."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.domain.audit import AuditFilter
from app.services.access import clients
from app.services.context import Service, operator, transact
from app.services.operations import seal_checks
from app.store.access import audit_log
from app.store.sql import statements
from tests.builders.bodies import a_completion, john
from tests.harness.api import Api, api_of, settle
from tests.harness.clock import ManualClock
from tests.harness.databases import ON_SQLITE
from tests.harness.refusals import assert_problem

AUDIT = "/v1/audit"
SEALS = "/v1/audit/seals"


@pytest.fixture
def overseer(http: TestClient, service: Service) -> Api:
    return api_of(http, service, "Overseer", role="operator")


def entries(overseer: Api, **filters: Any) -> list[Any]:
    """Every entry that fits, page after page."""
    found: list[Any] = []
    page = overseer.get(AUDIT, **filters)
    while True:
        assert page.status == 200, page.json
        found += page.json["data"]
        if page.json["next_cursor"] is None:
            return found
        page = overseer.get(AUDIT, cursor=page.json["next_cursor"], limit=filters.get("limit", 50))


def test_what_was_done_is_listed_newest_first_with_who_did_it(api: Api, service: Service, overseer: Api) -> None:
    first = api.report(a_completion(), X_Request_Id="the-first-one").json["completion_id"]
    second = api.report(john()).json["completion_id"]
    newest, before = entries(overseer, verb="report", client_id=api.client_id, limit=1)
    assert (newest["subject_id"], before["subject_id"]) == (second, first)
    assert newest["client_id"] == api.client_id
    assert newest["provider_id"] == "0008001"
    assert before["request_id"] == "the-first-one"
    assert not newest["sealed"]
    settle(service)
    newest, *_ = entries(overseer, subject_id=second)
    assert newest["sealed"]
    assert newest["seal"] == overseer.get(SEALS).json["data"][0]["number"]


def test_pages_of_any_size_hold_every_entry_once(api: Api, service: Service, clock: ManualClock, overseer: Api) -> None:
    for day in range(1, 5):
        api.report(a_completion(completed_on=f"2021-11-0{day}"))
        if day % 2:
            clock.now += timedelta(hours=1)
    whole = entries(overseer, limit=500)
    keys = [(entry["at"], entry["commit_id"], entry["item"]) for entry in whole]
    assert keys == sorted(keys, reverse=True)
    assert len(set(keys)) == len(keys) > 10
    for filters in ({}, {"noun": "completion"}, {"client_id": api.client_id}, {"provider_id": "0008001"}):
        wanted = [entry for entry in whole if all(entry[name] == value for name, value in filters.items())]
        assert wanted
        for size in (1, 3, 7):
            assert entries(overseer, limit=size, **filters) == wanted


def test_filters_narrow_the_log_together_and_repeated_values_widen_them(
    api: Api, service: Service, clock: ManualClock, overseer: Api
) -> None:
    sent = api.report(a_completion(), X_Request_Id="asked-for")
    subject = sent.json["completion_id"]
    clock.now += timedelta(days=2)
    assert api.delete(f"/v1/learner-completions/{subject}").status == 204
    assert [entry["verb"] for entry in entries(overseer, subject_id=subject)] == ["withdraw", "report"]
    assert [entry["verb"] for entry in entries(overseer, subject_id=subject, verb="withdraw")] == ["withdraw"]
    both = entries(overseer, verb=["withdraw", "report"], noun="completion", client_id=api.client_id)
    assert [entry["verb"] for entry in both] == ["withdraw", "report"]
    assert [entry["subject_id"] for entry in entries(overseer, request_id="asked-for")] == [subject]
    assert [entry["verb"] for entry in entries(overseer, subject_id=subject, at_from="2021-12-22")] == ["withdraw"]
    assert [entry["verb"] for entry in entries(overseer, subject_id=subject, at_to="2021-12-20")] == ["report"]
    at = clock().isoformat().replace("+00:00", "Z")
    assert [entry["verb"] for entry in entries(overseer, subject_id=subject, at_from=at, at_to=at)] == ["withdraw"]
    assert entries(overseer, subject_id="nothing") == []
    assert entries(overseer, subject_id=subject, client_id="nobody") == []
    assert_problem(overseer.get(AUDIT, at_from="yesterday"), 422, "parameter-invalid")
    assert_problem(overseer.get(AUDIT, verbs="report"), 422, "parameter-unknown")


def test_a_walk_and_what_is_gathered_are_the_same_entries(
    api: Api, service: Service, overseer: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = api.report(a_completion(), X_Request_Id="one").json["completion_id"]
    api.delete(f"/v1/learner-completions/{subject}")
    asked: list[dict[str, Any]] = [{"subject_id": subject}, {"verb": "withdraw"}, {"request_id": "one"}]
    gathered = [entries(overseer, **filters) for filters in asked]
    assert all(gathered)
    monkeypatch.setattr(audit_log, "FEW", 0)
    assert [entries(overseer, **filters) for filters in asked] == gathered


def test_the_newest_seal_is_the_head_that_the_command_prints(api: Api, service: Service, overseer: Api) -> None:
    api.report(a_completion())
    settle(service)
    head = service.database.read(seal_checks.head_of)
    first_page = overseer.get(SEALS, limit=1).json
    newest, *_ = first_page["data"]
    assert newest["head"] == str(head)
    assert seal_checks.read_head(newest["head"]) == head
    listed, cursor = [newest["number"]], first_page["next_cursor"]
    while cursor is not None:
        page = overseer.get(SEALS, cursor=cursor, limit=1).json
        listed += [seal["number"] for seal in page["data"]]
        cursor = page["next_cursor"]
    assert listed == list(range(newest["number"], 0, -1))


@ON_SQLITE
def test_a_cursor_is_bound_to_its_client_and_its_filters(
    http: TestClient, api: Api, service: Service, overseer: Api
) -> None:
    cursor = overseer.get(AUDIT, limit=1, noun="client").json["next_cursor"]
    assert cursor is not None
    assert_problem(overseer.get(AUDIT, cursor=cursor, noun="provider"), 422, "parameter-invalid")
    other = api_of(http, service, "Another", role="operator")
    assert_problem(other.get(AUDIT, cursor=cursor), 422, "parameter-invalid")
    assert_problem(api.get(AUDIT), 403, "forbidden")


@ON_SQLITE
def test_no_identity_is_in_the_log(api: Api, service: Service, overseer: Api) -> None:
    body = john(reference="mine")
    api.report(body)
    api.report(a_completion(first_name="Nobody"))
    transact(operator(service), clients.create, "A vendor", role="vendor")
    text = overseer.get(AUDIT, limit=500).response.text.casefold()
    person = body["learner"]
    for value in (person["first_name"], person["last_name"], person["date_of_birth"], body["cme"][0]["license_id"]):
        assert value and value.casefold() not in text


def test_no_filter_is_answered_by_reading_the_whole_log(service: Service) -> None:
    if not service.database.on_sqlite:
        pytest.skip("the plan of a handful of rows says nothing there")
    after = (service.clock(), "x", 1)
    at = service.clock()
    for wanted, index in (
        (AuditFilter(), "ix_commits_logged"),
        (AuditFilter(since=at, before=at), "ix_commits_logged"),
        (AuditFilter(client_ids=["x"]), "ix_commits_logged"),
        (AuditFilter(provider_ids=["x"]), "ix_commits_logged"),
        (AuditFilter(request_ids=["x"]), "ix_commits_of_request"),
        (AuditFilter(subject_ids=["x"]), "ix_audit_noun_subject_id"),
        (AuditFilter(verbs=["merge"]), "ix_audit_verb"),
    ):
        for place in (None, after):
            asked: list[str] = []
            statements.BEFORE_STATEMENT.append(asked.append)
            try:
                service.database.read(lambda c, w=wanted, p=place: audit_log.page(c, w, p, 10))
            finally:
                statements.BEFORE_STATEMENT.remove(asked.append)
            # Around it, a page at most is sorted.
            places = asked[-1].partition("FROM (")[2].rpartition(") p CROSS JOIN")[0]
            plan = service.database.read(lambda c, sql=places: plan_of(c, sql))
            assert any(index in step for step in plan), (wanted, plan)
            assert not any(step.startswith("SCAN c") and "USING" not in step for step in plan), plan
            assert not any(step.startswith("SCAN a") for step in plan), plan
            if not (wanted.subject_ids or wanted.verbs or wanted.request_ids):
                assert not any(step == "USE TEMP B-TREE FOR ORDER BY" for step in plan), plan


def plan_of(connection: Any, sql: str) -> list[str]:
    names = set(statements._NAME.findall(sql))
    return [row[-1] for row in statements.fetch(connection, f"EXPLAIN QUERY PLAN {sql}", dict.fromkeys(names, 1))]
