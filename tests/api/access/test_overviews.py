"""What a vendor sees of each of its providers in one look."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from fastapi.testclient import TestClient

from app.services.context import Service
from app.store.sql import statements
from tests.builders.bodies import a_completion, tina
from tests.builders.sent_files import row, tab_text
from tests.harness.api import Api, api_of, settle
from tests.harness.board_views import decide
from tests.harness.clock import ManualClock
from tests.harness.held import hold, nora
from tests.harness.uploads import worked

OURS, THEIRS = "0008001", "0008123"
NOTHING = {
    "last_reported_at": None, "records_reported": 0, "credits_rejected": 0, "records_held": 0,
    "files_with_rejected_rows": 0, "webhooks_failing": 0, "rows_to_fix": 0, "attendance_above_reported": 0,
    "activities_to_close": 0,
}  # fmt: skip


def overviews(api: Api, **parameters: Any) -> dict[str, Any]:
    page = api.get("/v1/providers", include="overview", **parameters).json
    return {provider["provider_id"]: provider["overview"] for provider in page["data"]}


def test_what_waits_at_each_provider_is_counted(
    http: TestClient, service: Service, api: Api, clock: ManualClock
) -> None:
    # After all that the demo world holds.
    clock.now = clock.now.replace(year=2022)
    vendor = api_of(http, service, "vendor", role="vendor", providers=[OURS, THEIRS])
    before = overviews(vendor)
    assert before[THEIRS] == NOTHING
    reported = api.report(tina())
    api.report(a_completion())
    hold(api, nora())
    worked(api, service, tab_text([row(Date_of_Birth="13/45")]))
    worked(api, service, tab_text([row(Date_of_Birth="13/45"), row(Last_Name="")]), dry_run=True)
    (credit,) = reported.json["credits"]
    decide(service, credit["credit_id"], "rejected")
    assert overviews(vendor) == {
        OURS: {
            "last_reported_at": "2022-12-20T15:00:00Z", "records_reported": 2, "credits_rejected": 1,
            "records_held": 1, "files_with_rejected_rows": 1, "webhooks_failing": 0, "rows_to_fix": 1,
            # All that the demo world has ended before 2022-12-20.
            "attendance_above_reported": 0, "activities_to_close": before[OURS]["activities_to_close"],
        },
        THEIRS: NOTHING,
    }  # fmt: skip
    # Reported again, the rejected credit waits no longer; what is older than 30 days is counted no longer.
    assert api.report(tina()).json["outcome"] == "joined"
    clock.now += timedelta(days=31)
    after = overviews(vendor)[OURS]
    assert (after["credits_rejected"], after["records_reported"], after["records_held"]) == (0, 0, 1)
    assert (after["files_with_rejected_rows"], after["last_reported_at"]) == (0, "2022-12-20T15:00:00Z")
    settle(service)


def test_endpoints_that_fail_are_the_clients_own_and_those_for_all(
    http: TestClient, service: Service, api: Api
) -> None:
    vendor = api_of(http, service, "vendor", role="vendor", providers=[OURS, THEIRS])
    everywhere = vendor.post("/v1/webhook-endpoints", {"url": "https://a.example.org/x"}).json["endpoint_id"]
    vendor.post("/v1/webhook-endpoints", {"url": "https://b.example.org/x"}, PARS_Provider=THEIRS)
    mine = api.post("/v1/webhook-endpoints", {"url": "https://c.example.org/x"}).json["endpoint_id"]

    def fail(endpoint_id: str) -> None:
        service.database.write(
            lambda connection: statements.execute(
                connection,
                "UPDATE webhook_endpoints SET failing_since = created_at WHERE endpoint_id = :id",
                {"id": endpoint_id},
            )
        )

    fail(mine)
    assert {id: view["webhooks_failing"] for id, view in overviews(vendor).items()} == {OURS: 0, THEIRS: 0}
    fail(everywhere)
    assert {id: view["webhooks_failing"] for id, view in overviews(vendor).items()} == {OURS: 1, THEIRS: 1}
    assert overviews(api)[OURS]["webhooks_failing"] == 1
    vendor.send("PATCH", f"/v1/webhook-endpoints/{everywhere}", {"If-Match": "*"}, json={"status": "disabled"})
    assert overviews(vendor)[OURS]["webhooks_failing"] == 0


def test_an_overview_is_of_the_page_and_only_when_asked_for(http: TestClient, service: Service) -> None:
    vendor = api_of(http, service, "vendor", role="vendor", providers=[OURS, THEIRS])
    assert vendor.get("/v1/providers").json["data"][0]["overview"] is None
    first = vendor.get("/v1/providers", include="overview", limit=1)
    again = vendor.get("/v1/providers", include="overview", limit=1, cursor=first.json["next_cursor"]).json["data"]
    assert [provider["provider_id"] for provider in again] == [THEIRS]
    assert again[0]["overview"] == NOTHING
    assert "include=overview" in first.response.headers["link"]
    wrong = vendor.get("/v1/providers", include="everything")
    assert (wrong.status, wrong.json["errors"][0]["parameter"]) == (422, "include")
