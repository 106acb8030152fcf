"""Many rows, written by a few statements: for plans that depend on how much there is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from app.store.sql.statements import execute, on_sqlite

AT = datetime(2021, 6, 1, tzinfo=UTC)
PROVIDERS = ("0008001", "0008002", "0008003", "0008123")
_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < :count - 1)"
_PROVIDER = f"CASE i % 4 {' '.join(f'WHEN {number} THEN {id!r}' for number, id in enumerate(PROVIDERS))} END"
_STATUS = "CASE WHEN i / 4 % 100 = 1 THEN 'pending' WHEN i / 4 % 100 = 2 THEN 'rejected' ELSE 'accepted' END"
_LATER = "CASE WHEN i / 4 % 50 = 0 THEN 60 ELSE 3 END"


def fill(connection: Connection, records: int, client_id: str) -> None:
    """Write activities, learners and completions with a credit each, of four providers alike, over ten years.

    Of a provider's records, one in a hundred waits for its board, one in a hundred is rejected, one in fifty was
    reported late. One of its activities in twenty is open, one in ten had its attendance counted.
    """
    activities, learners = records // 1_000 * 4, records // 25
    given = {"at": AT, "client": client_id, "no": False}
    for provider_id in PROVIDERS:
        _run(
            connection,
            "INSERT INTO providers (provider_id, name, joint, created_at) VALUES (:id, 'P', :no, :at) "
            "ON CONFLICT DO NOTHING",
            given | {"id": provider_id},
        )
    _run(
        connection,
        "INSERT INTO learners (learner_id, first_name, last_name, sandbox, created_at, updated_at) "
        f"{_NUMBERS} SELECT 'many-' || i, 'F' || i, 'L' || i, '', {{at}}, {{at}} FROM n",
        given | {"count": learners},
    )
    _run(
        connection,
        "INSERT INTO activities (activity_id, provider_id, title, format, start_date, end_date, delivery_methods, "
        f"details, closed_at, version, created_at, updated_at) {_NUMBERS} SELECT 'many-' || i, {_PROVIDER}, 'T', "
        f"'live-course', {{day}}, {{day}}, {{none}}, CASE WHEN i / 4 % 10 = 0 THEN {{counted}} ELSE {{empty}} END, "
        "CASE WHEN i / 4 % 20 = 0 THEN NULL ELSE {at} END, 1, {at}, {at} FROM n",
        given | {"count": activities},
    )
    activity, learner = f"'many-' || (i % {activities})", f"'many-' || (i / 4 % {learners})"
    _run(
        connection,
        "INSERT INTO completions (completion_id, provider_id, activity_id, learner_id, subject, completed_on, "
        "occasion, first_name, last_name, first_key, last_key, entry_method, client_id, submitted_at, updated_at, "
        f"version, catalogue) {_NUMBERS} SELECT 'many-' || i, {_PROVIDER}, {activity}, {learner}, {learner}, {{day}}, "
        f"i + 1, 'F', 'L', 'f' || (i / 4 % {learners}), 'l' || (i / 4 % {learners}), 'api', :client, {{submitted}}, "
        "{at}, 1, 'x' FROM n",
        given | {"count": records},
    )
    _run(
        connection,
        "INSERT INTO credits (credit_id, completion_id, provider_id, place, activity_id, subject, completed_on, "
        f"occasion, kind, board, quarters, status, holds, once_per_day, delivery, status_at) {_NUMBERS} "
        f"SELECT 'many-' || i, 'many-' || i, {_PROVIDER}, 0, {activity}, {learner}, {{day}}, i + 1, 'cme', 'TN-M', 4, "
        f"{_STATUS}, i / 4 % 100 <> 2, :no, 'board', {{at}} FROM n",
        given | {"count": records},
    )
    _run(
        connection,
        "INSERT INTO learner_links (provider_id, learner_id, link, created_at) SELECT DISTINCT provider_id, "
        "learner_id, provider_id || learner_id, {at} FROM completions WHERE completion_id LIKE 'many-%'",
        given,
    )
    if not on_sqlite(connection):
        # SQLite has no statistics in use either: nothing there makes them.
        execute(connection, "ANALYZE")


def _run(connection: Connection, sql: str, given: dict[str, Any]) -> None:
    """Run a statement in whose `{…}` stand the expressions of either database."""
    sqlite = on_sqlite(connection)
    after = "date('2012-01-01', '+' || ({}) || ' days')" if sqlite else "(DATE '2012-01-01' + ({}))"
    submitted = after.format(f"i % 3650 + {_LATER}")
    texts = {"none": "[]", "empty": "{}", "counted": '{"learner_counts": {"physicians": 999}}'}
    written = sql.format(
        at=":at" if sqlite else "CAST(:at AS timestamptz)",
        day=after.format("i % 3650"),
        submitted=f"{submitted} || 'T12:00:00.000000Z'" if sqlite else f"CAST({submitted} AS timestamptz)",
        **{name: f":{name}" if sqlite else f"CAST(:{name} AS jsonb)" for name in texts},
    )
    execute(connection, written, {name: value for name, value in (given | texts).items() if f":{name}" in written})
