"""Health: what a process tells of itself, and how long work has waited for a worker anywhere."""

from __future__ import annotations

from datetime import timedelta

from fastapi.testclient import TestClient

from app.services.context import Service
from tests.builders.bodies import a_completion
from tests.builders.sent_files import row, tab_text
from tests.harness.api import Api, settle
from tests.harness.clock import ManualClock
from tests.harness.uploads import upload, work_through


def metric(http: TestClient, name: str) -> float | None:
    """Return the value of a metric, None when it is not told."""
    told = [line for line in http.get("/metrics").text.splitlines() if line.startswith(f"{name} ")]
    return float(told[0].split()[-1]) if told else None


def waiting(http: TestClient, work: str) -> float | None:
    return metric(http, f'pars_oldest_waiting_seconds{{work="{work}"}}')


def test_metrics_tell_how_long_work_has_waited_for_any_worker(
    api: Api, http: TestClient, service: Service, clock: ManualClock
) -> None:
    settle(service)
    kinds = ("reading a file", "applying a file", "sealing a commit", "sending a webhook")
    assert [waiting(http, kind) for kind in kinds] == [0, 0, 0, 0]
    upload(api, tab_text([row()]))
    assert api.report(a_completion()).status == 201
    clock.now += timedelta(minutes=7)
    assert waiting(http, "reading a file") == 420
    assert waiting(http, "sealing a commit") == 420
    assert metric(http, "pars_database_up") == 1
    work_through(service)
    settle(service)
    assert [waiting(http, kind) for kind in kinds] == [0, 0, 0, 0]


def test_a_database_that_is_gone_is_told(http: TestClient, service: Service) -> None:
    assert http.get("/readyz").status_code == 200
    service.database.write(lambda connection: connection.exec_driver_sql("ALTER TABLE unsealed RENAME TO gone"))
    try:
        # Metrics of the process are told whatever becomes of the database.
        assert http.get("/metrics").status_code == 200
        assert metric(http, "pars_database_up") == 0
        assert waiting(http, "sealing a commit") is None
    finally:
        service.database.write(lambda connection: connection.exec_driver_sql("ALTER TABLE gone RENAME TO unsealed"))
    assert metric(http, "pars_database_up") == 1
