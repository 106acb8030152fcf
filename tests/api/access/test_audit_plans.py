"""The audit log when it is long: every filter is answered from an index, and no more is sorted than few entries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection

from app.domain.audit import AuditFilter
from app.services.context import Service
from app.store.access import audit_log
from app.store.sql import statements
from tests.harness.properties import TIMES

ENTRIES = 100_000 * TIMES
"""Two million in the drill of properties."""
NUMBERS = {
    "sqlite": "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :most)",
    "postgresql": "WITH numbers AS (SELECT n FROM generate_series(1, CAST(:most AS integer)) AS n)",
}
AT = {
    "sqlite": "strftime('%Y-%m-%dT%H:%M:%S.000000Z', '2015-01-01', '+' || (n * 60) || ' seconds')",
    "postgresql": "TIMESTAMPTZ '2015-01-01 00:00:00Z' + n * interval '1 minute'",
}
COMMITS = """{numbers} INSERT INTO commits (commit_id, at, client_id, provider_id, request_id, audit_rows, board_events)
    SELECT 'k' || (10000000 + n), {at}, CASE WHEN n % 400 = 0 THEN 'rare' ELSE 'often' END,
    CASE WHEN n % 400 = 1 THEN '0000001' ELSE '0000002' END, 'r' || n, 1, 0 FROM numbers"""
ENTRY = """INSERT INTO audit (commit_id, item, verb, noun, subject_id, fields)
    SELECT c.commit_id, 0, CASE WHEN c.request_id LIKE '%00' THEN 'revoke' ELSE 'report' END, 'completion',
    's' || substr(c.commit_id, 2, 7), '{}' FROM commits c WHERE c.commit_id LIKE 'k%'"""
FILTERS: dict[str, tuple[AuditFilter, int]] = {
    "none": (AuditFilter(), 51),
    "client": (AuditFilter(client_ids=["often"]), 51),
    "rare client": (AuditFilter(client_ids=["rare"]), 51),
    "nobody": (AuditFilter(client_ids=["nobody"]), 0),
    "provider": (AuditFilter(provider_ids=["0000002"]), 51),
    "rare provider": (AuditFilter(provider_ids=["0000001"]), 51),
    "request": (AuditFilter(request_ids=["r17"]), 1),
    "subject": (AuditFilter(subject_ids=["s1000017"]), 10),
    "verb": (AuditFilter(verbs=["revoke"]), 51),
    "everyday verb": (AuditFilter(verbs=["report"]), 51),
    "client and verb": (AuditFilter(client_ids=["rare"], verbs=["revoke"]), 51),
}


@pytest.fixture
def long_log(service: Service) -> Service:
    kind = "sqlite" if service.database.on_sqlite else "postgresql"

    def fill(connection: Connection) -> None:
        statements.execute(connection, COMMITS.format(numbers=NUMBERS[kind], at=AT[kind]), {"most": ENTRIES})
        statements.execute(connection, ENTRY)
        statements.execute(connection, "ANALYZE commits")
        statements.execute(connection, "ANALYZE audit")

    service.database.write(fill)
    return service


class Explained(msgspec.Struct):
    """What a statement did: which tables it read whole, and the most rows that it sorted."""

    whole: set[str]
    sorted: int
    found: int


def explain_sqlite(connection: Connection, sql: str, parameters: Any) -> Explained:
    """Explain the part of a statement that finds the places of a page: around it, no more than a page is sorted."""
    inner = sql.partition("FROM (")[2].rpartition(") p CROSS JOIN")[0]
    steps = [row[-1] for row in statements.fetch(connection, f"EXPLAIN QUERY PLAN {inner}", parameters)]
    whole = {step.split()[1] for step in steps if step.startswith("SCAN ") and "INDEX" not in step}
    unsorted = f"SELECT count(*) FROM ({inner.rpartition('ORDER BY')[0]}) n"
    sorts = "USE TEMP B-TREE FOR ORDER BY" in steps
    return Explained(whole & {"a", "b", "c", "r"}, statements.fetch_value(connection, unsorted, parameters) * sorts, 0)


def explain_postgresql(connection: Connection, sql: str, parameters: Any) -> Explained:
    """Run a statement, and return what its nodes did."""
    explained = statements.fetch_value(connection, f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", parameters)
    waiting, whole, most = [explained[0]["Plan"]], set(), 0
    while waiting:
        node = waiting.pop()
        waiting += node.get("Plans", [])
        if node["Node Type"] == "Seq Scan":
            whole.add(node["Relation Name"])
        if node["Node Type"] == "Sort":
            most = max(most, *(int(child["Actual Rows"]) for child in node["Plans"]))
    return Explained(whole & {"commits", "audit"}, most, 0)


def test_no_filter_reads_the_whole_log_or_sorts_more_than_few_entries(
    long_log: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    explain = explain_sqlite if long_log.database.on_sqlite else explain_postgresql
    seen: list[Explained] = []

    def fetch(connection: Connection, sql: str, parameters: Any) -> list[statements.Row]:
        rows = statements.fetch(connection, sql, parameters)
        seen.append(explain(connection, sql, parameters))
        seen[-1].found = len(rows)
        return rows

    monkeypatch.setattr(audit_log, "fetch", fetch)
    # In the middle of the log, which begins in 2015 with an entry a minute.
    middle = datetime(2015, 1, 1, tzinfo=UTC) + timedelta(minutes=ENTRIES // 2)
    for name, (wanted, found) in FILTERS.items():
        for place in (None, (middle, "k", 1)):
            seen.clear()
            long_log.database.read(partial(audit_log.page, wanted=wanted, after=place, limit=51))
            (page,) = seen
            assert page.whole == set(), (name, page)
            assert page.sorted <= audit_log.FEW, (name, page)
            assert page.found == found, (name, page)
