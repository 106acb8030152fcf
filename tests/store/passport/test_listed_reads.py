"""How listed activities are read: by narrow indexes, however many activities there are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import Connection

from app.services.context import Service
from app.store.passport import listed_activities
from app.store.sql import statements
from tests.harness.api import api_of
from tests.harness.looking.many_rows import fill
from tests.harness.looking.plans import plans_of, scanned

SINCE = datetime(2024, 1, 1, tzinfo=UTC)
READS: dict[str, tuple[Callable[[Connection], Any], tuple[str, ...]]] = {
    "a piece of all": (lambda c: listed_activities.page_after(c, "many-1", 50), ("ix_activities_listed",)),
    "some": (lambda c: listed_activities.load(c, ["many-7", "many-9"]), ("activit",)),
    "what has changed": (
        lambda c: listed_activities.changed_since(c, SINCE),
        ("ix_activities_updated_at", "ix_activities_deleted_at"),
    ),
    "how many": (listed_activities.count, ("ix_activities_listed",)),
    "who reports": (lambda c: listed_activities.reporting_providers(c, ["0008001"]), ("completions",)),
}


def test_listed_activities_are_read_by_their_indexes(http: TestClient, service: Service) -> None:
    client_id = api_of(http, service, providers=["0008001"]).client_id

    def look(connection: Connection) -> list[str]:
        fill(connection, 20_000, client_id)
        statements.execute(
            connection,
            "UPDATE activities SET listing_public = (CAST(substr(activity_id, 6) AS int) % 3 = 0) "
            "WHERE activity_id LIKE 'many-%'",
        )
        statements.execute(connection, "ANALYZE")
        if not statements.on_sqlite(connection):
            # Of eighty activities, reading all is the quickest; of as many as there may be, it is not.
            statements.execute(connection, "SET LOCAL enable_seqscan = off")
        faults: list[str] = []
        for name, (read, indexes) in READS.items():
            plans = plans_of(connection, lambda read=read: read(connection))
            first = next(plan for sql, plan in plans.items() if "activities a" in sql or "completions c" in sql)
            faults += [f"{name} has no use of {index}:\n{first}" for index in indexes if index not in first]
            faults += [f"{name} reads all:\n{first}"] * bool(scanned(first, {"completions": "c"}))
            faults += [f"{name} reads all:\n{first}"] * (
                "Seq Scan on activities" in first or "SCAN a\n" in f"{first}\n"
            )
        return faults

    assert service.database.write(look) == []
