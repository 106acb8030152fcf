"""The change from an order of each provider's events to one of all: nothing lost, and cursors that are held go on."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

from alembic.migration import MigrationContext
from alembic.operations import Operations
from fastapi.testclient import TestClient
from sqlalchemy import Connection

from app.services.context import Service
from app.services.operations import checks
from app.store import events
from tests.builders.bodies import a_completion
from tests.harness.api import Api, api_of, settle
from tests.harness.inbox import register, stored

ORDER = (
    "SELECT e.event_id FROM events e JOIN sealed_commits s ON s.commit_id = e.commit_id "
    "ORDER BY s.seal, s.place, e.provider_id, e.position"
)


def change(service: Service, *ways: str) -> None:
    """Apply the ways of the migration, in one transaction."""
    migration = import_module("migrations.versions.up_to_0020.0019_one_order_of_events")

    def run(connection: Connection) -> None:
        with Operations.context(MigrationContext.configure(connection)):
            for way in ways:
                getattr(migration, way)()

    service.database.write(run)


def report_by_turns(api: Api, other: Api) -> None:
    activity_id = other.register().json["activity_id"]
    for day in range(1, 5):
        api.report(a_completion(completed_on=f"2021-11-0{day}"))
        other.report(a_completion(activity_id, f"2021-06-0{day}"))


def test_taken_back_each_provider_counts_for_itself_and_laid_again_all_together(
    http: TestClient, api: Api, service: Service
) -> None:
    other = api_of(http, service, "other", providers=["0008002"])
    settle(service)
    register(api, "https://example.org/pars")
    report_by_turns(api, other)
    settle(service)
    before = service.database.read(lambda connection: events.rows_after(connection, 0, 1_000))
    order = stored(service, "SELECT event_id FROM events ORDER BY position")
    change(service, "downgrade")
    alone = stored(
        service, "SELECT provider_id, min(position), max(position), count(*) FROM events GROUP BY provider_id"
    )
    assert all((least, most) == (1, count) for _, least, most, count in alone) and len(alone) > 1
    change(service, "upgrade")
    assert service.database.read(lambda connection: events.rows_after(connection, 0, 1_000)) == before
    assert stored(service, ORDER) == stored(service, "SELECT event_id FROM events ORDER BY position") == order
    assert checks.find_faults(service) == []
    deliveries = stored(service, "SELECT DISTINCT provider_id FROM webhook_deliveries")
    assert deliveries == [("0008001",)]


def test_a_cursor_from_before_goes_on_after_the_same_event(http: TestClient, api: Api, service: Service) -> None:
    other = api_of(http, service, "other", providers=["0008002"])
    report_by_turns(api, other)
    settle(service)
    told: list[Any] = api.get("/v1/events", limit=500).json["data"]
    # As an earlier release sealed it: the position among the provider's own events.
    held = json.dumps([len(told) - 2, told[-3]["event_id"]]).encode()
    cursor = service.keyring.seal("cursor", held, f"{api.client_id} 0008001 /v1/events")
    assert api.get("/v1/events", after=cursor).json["data"] == told[-2:]


def test_endpoints_for_all_providers_are_set_apart_on_the_way_back(
    http: TestClient, api: Api, service: Service
) -> None:
    vendor = api_of(http, service, "vendor", role="vendor", providers=["0008001"])
    settle(service)
    every = register(vendor, "https://example.org/all").json["endpoint_id"]
    one = register(api, "https://example.org/one").json["endpoint_id"]
    api.report(a_completion())
    settle(service)
    endpoints = "SELECT * FROM webhook_endpoints ORDER BY endpoint_id"
    before = stored(service, endpoints)
    change(service, "downgrade")
    assert stored(service, "SELECT endpoint_id FROM webhook_endpoints") == [(one,)]
    change(service, "upgrade")
    assert {row[0] for row in before} == {every, one} and len(before) == 2
    assert sorted(map(repr, stored(service, endpoints))) == sorted(map(repr, before))
    kept = stored(service, "SELECT endpoint_id, provider_id FROM webhook_deliveries")
    assert kept == [(one, "0008001")]
    assert checks.find_faults(service) == []
