"""What needs attention: each kind is counted exactly, and so are the lists that it points to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.domain.decisions import Refusal
from app.domain.looking import attention as domain
from app.domain.looking.attention import AttentionKind
from app.services.context import Service
from app.store.looking import attention as store
from app.store.sql import statements
from tests.builders.bodies import a_completion, john, tina
from tests.builders.sent_files import row, tab_text
from tests.harness.api import Api, api_of
from tests.harness.board_views import decide
from tests.harness.clock import ManualClock
from tests.harness.held import hold, nora
from tests.harness.uploads import worked

OURS, THEIRS = "0008001", "0008123"


def waiting(api: Api, **headers: str) -> dict[str, dict[str, Any]]:
    answer = api.send("GET", "/v1/attention", {name.replace("_", "-"): value for name, value in headers.items()})
    assert answer.status == 200, answer.json
    return {entry["kind"]: entry for entry in answer.json["data"]}


def counts(api: Api) -> dict[str, int]:
    return {kind: entry["count"] for kind, entry in waiting(api).items()}


def listed(api: Api, entry: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what stands at the address of an entry."""
    answer = api.send("GET", entry["where"])
    assert answer.status == 200, answer.json
    rows: list[dict[str, Any]] = answer.json["data"]
    return rows


def run_sql(service: Service, sql: str, **given: Any) -> None:
    service.database.write(lambda connection: statements.execute(connection, sql, given))


@pytest.fixture
def alone(service: Service, clock: ManualClock) -> None:
    """A day on which no activity of the demo world has ended, or had anybody counted."""
    run_sql(service, "UPDATE activities SET closed_at = created_at")


def test_where_nothing_waits_every_kind_says_so(http: TestClient, service: Service) -> None:
    found = waiting(api_of(http, service, providers=[THEIRS]))
    assert list(found) == [kind.value for kind in AttentionKind]
    assert all((entry["count"], entry["oldest_at"], entry["rejected"]) == (0, None, []) for entry in found.values())
    assert {entry["sentence"].split()[0] for entry in found.values()} == {"No"}


def test_rejected_credit_is_told_by_board_and_reason(api: Api, service: Service, clock: ManualClock) -> None:
    before = counts(api)["credits-rejected"]
    decide(service, api.report(tina()).json["credits"][0]["credit_id"], "rejected")
    cme, moc = api.report(john()).json["credits"]
    for credit in (cme, moc):
        decide(service, credit["credit_id"], "rejected")
    entry = waiting(api)["credits-rejected"]
    assert entry["count"] == before + 3
    assert entry["oldest_at"] == "2021-12-20T15:00:00Z"
    told = {(group["board"], group["count"]) for group in entry["rejected"]}
    assert {("ABA", 1), ("ABIM", 1), ("TN-M", 1)} <= told
    assert entry["sentence"].startswith("3 credits were rejected by their boards.")
    # Reported again, the credit takes the place of the rejected one.
    assert api.report(tina()).json["outcome"] == "joined"
    assert waiting(api)["credits-rejected"]["count"] == before + 2


def test_rows_to_fix_are_those_of_recent_files(api: Api, service: Service, clock: ManualClock) -> None:
    wrong = [row(Date_of_Birth="13/45"), row(Last_Name=""), row()]
    batch = worked(api, service, tab_text(wrong))
    worked(api, service, tab_text(wrong), dry_run=True)
    fine = worked(api, service, tab_text([row()]))
    entry = waiting(api)["rows-to-fix"]
    assert (entry["count"], entry["oldest_at"]) == (2, batch["created_at"])
    assert {named["batch_id"] for named in listed(api, entry)} == {batch["batch_id"]}
    others = {named["batch_id"] for named in api.get("/v1/batches", to_fix="false").json["data"]}
    assert batch["batch_id"] not in others
    assert fine["batch_id"] in others
    clock.now += timedelta(days=31)
    assert counts(api)["rows-to-fix"] == 0
    assert listed(api, entry) == []


def test_held_records_wait_since_the_oldest(api: Api, clock: ManualClock) -> None:
    hold(api, nora())
    clock.now += timedelta(hours=1)
    hold(api, nora(completed_on="2021-12-13"))
    entry = waiting(api)["records-held"]
    assert (entry["count"], entry["oldest_at"]) == (2, "2021-12-20T15:00:00Z")
    assert len(listed(api, entry)) == 2


@pytest.mark.usefixtures("alone")
def test_an_activity_is_to_be_closed_from_the_day_after_its_end(api: Api, clock: ManualClock) -> None:
    assert counts(api)["activities-to-close"] == 0
    made = api.register(end_date="2021-12-20").json["activity_id"]
    assert counts(api)["activities-to-close"] == 0
    clock.now += timedelta(days=1)
    entry = waiting(api)["activities-to-close"]
    assert (entry["count"], entry["oldest_at"]) == (1, "2021-12-21T00:00:00Z")
    assert entry["sentence"] == "1 activity has ended and is not closed."
    api.send("PATCH", f"/v1/activities/{made}", {"If-Match": "*"}, json={"end_date": "2021-12-31"})
    assert counts(api)["activities-to-close"] == 0


@pytest.mark.usefixtures("alone")
def test_who_took_part_and_is_not_reported_is_missed_20_days_after_the_end(api: Api, clock: ManualClock) -> None:
    made = api.register(end_date="2021-12-15", learner_counts={"physicians": 2, "others": 40}).json["activity_id"]
    api.register(end_date="2021-12-15", learner_counts={"physicians": None, "others": 4})
    api.register(end_date="2021-12-15", learner_counts={"physicians": 0})
    api.report(a_completion(made))
    api.report(a_completion(made, "2021-12-13"))
    clock.now += timedelta(days=14)
    assert counts(api)["attendance-above-reported"] == 0
    clock.now += timedelta(days=1)
    entry = waiting(api)["attendance-above-reported"]
    assert (entry["count"], entry["oldest_at"]) == (1, "2022-01-04T00:00:00Z")
    again = api.report(
        a_completion(made, first_name="Joe", last_name="Accme", born="01/01", state="CA", license_id="94412289")
    )
    assert again.status == 201, again.json
    assert counts(api)["attendance-above-reported"] == 0


def test_failing_webhooks_are_the_clients_own(http: TestClient, service: Service, api: Api) -> None:
    made = api.post("/v1/webhook-endpoints", {"url": "https://c.example.org/x"}).json["endpoint_id"]
    assert counts(api)["webhooks-failing"] == 0
    run_sql(service, "UPDATE webhook_endpoints SET failing_since = created_at WHERE endpoint_id = :id", id=made)
    assert waiting(api)["webhooks-failing"]["oldest_at"] == "2021-12-20T15:00:00Z"
    assert counts(api_of(http, service, providers=[OURS]))["webhooks-failing"] == 0


def test_keys_that_expire_are_those_of_the_clients_that_one_manages(
    http: TestClient, service: Service, api: Api, clock: ManualClock
) -> None:
    assert counts(api)["keys-expiring"] == 0
    soon, late = "2022-01-19T15:00:00Z", "2022-01-19T15:00:01Z"
    other = api.post("/v1/clients", {"name": "a second system", "expires_at": late}).json["client_id"]
    assert counts(api)["keys-expiring"] == 0
    added = api.post(f"/v1/clients/{other}/keys", {"kind": "api-key", "expires_at": soon})
    assert added.status == 201, added.json
    assert (waiting(api)["keys-expiring"]["count"], waiting(api)["keys-expiring"]["oldest_at"]) == (1, soon)
    clock.now += timedelta(seconds=1)
    assert counts(api)["keys-expiring"] == 2
    # Who manages nobody is told of its own; another provider's client of none of these.
    reader = waiting(api_of(http, service, providers=[OURS], scopes=["completions:read"]))
    assert (reader["keys-expiring"]["count"], reader["keys-expiring"]["where"]) == (0, "/v1/me")
    assert counts(api_of(http, service, providers=[THEIRS]))["keys-expiring"] == 0
    run_sql(service, "UPDATE clients SET revoked_at = created_at WHERE client_id = :id", id=other)
    assert counts(api)["keys-expiring"] == 0


def test_kinds_are_those_that_the_scopes_open(http: TestClient, service: Service) -> None:
    reader = api_of(http, service, providers=[OURS], scopes=["completions:read"])
    assert list(waiting(reader)) == [
        "credits-rejected", "disputes-open", "records-held", "attendance-above-reported", "keys-expiring",
    ]  # fmt: skip
    assert api_of(http, service, providers=[OURS], scopes=["batches:read"]).get("/v1/attention").status == 403


def test_a_vendor_reads_the_same_counts_of_many_providers(http: TestClient, service: Service, api: Api) -> None:
    decide(service, api.report(tina()).json["credits"][0]["credit_id"], "rejected")
    hold(api, nora())
    worked(api, service, tab_text([row(Date_of_Birth="13/45"), row(Last_Name="")]))
    vendor = api_of(http, service, "vendor", role="vendor", providers=[OURS, THEIRS])
    page = vendor.get("/v1/providers", include="overview").json["data"]
    names = {
        "credits_rejected": "credits-rejected", "rows_to_fix": "rows-to-fix", "records_held": "records-held",
        "attendance_above_reported": "attendance-above-reported", "activities_to_close": "activities-to-close",
        "webhooks_failing": "webhooks-failing",
    }  # fmt: skip
    for provider in page:
        one = waiting(vendor, PARS_Provider=provider["provider_id"])
        assert {name: provider["overview"][name] for name in names} == {
            name: one[kind]["count"] for name, kind in names.items()
        }
    assert page[0]["overview"]["rows_to_fix"] == 2


def test_counting_stops_at_a_number(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    for day in ("2021-12-12", "2021-12-13", "2021-12-14"):
        hold(api, nora(completed_on=day))
    for module in (domain, store):
        monkeypatch.setattr(module, "MOST_WAITING", 2)
    entry = waiting(api)["records-held"]
    assert (entry["count"], entry["count_capped"]) == (2, True)
    assert entry["sentence"] == "2 or more records are held: nobody is matched yet."


def test_every_reason_of_a_board_has_words() -> None:
    assert set(domain._REASONS) == {reason.value for reason in Refusal}
