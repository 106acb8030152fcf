"""Webhook endpoints that fail."""

from __future__ import annotations

from app.services.context import Service
from app.store.sql import statements
from tests.harness.api import Api


def fail_endpoint(service: Service, system: Api, **headers: str) -> str:
    """Register an endpoint of a system that fails; return its id."""
    made = system.post("/v1/webhook-endpoints", {"url": "https://lms.example.org/pars"}, **headers)
    assert made.status == 201, made.json
    endpoint_id = str(made.json["endpoint_id"])
    _set(service, endpoint_id, "failing_since = created_at")
    return endpoint_id


def end_failing(service: Service, endpoint_id: str) -> None:
    """Let an endpoint be reached again."""
    _set(service, endpoint_id, "failing_since = NULL")


def _set(service: Service, endpoint_id: str, values: str) -> None:
    service.database.write(
        lambda connection: statements.execute(
            connection, f"UPDATE webhook_endpoints SET {values} WHERE endpoint_id = :id", {"id": endpoint_id}
        )
    )
