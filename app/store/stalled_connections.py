"""Stalled connections of this service, for which PostgreSQL itself would wait for ever.

`idle_in_transaction_session_timeout` ends the transaction of a process that was stopped between two statements. It does
not end that of a process stopped in the midst of a COPY, or while it receives a large result: for PostgreSQL that
statement is running, and no timeout of statements applies while it waits for its client.
"""

from __future__ import annotations

from sqlalchemy import Connection

from app.store.sql.statements import fetch, on_sqlite

_STALLED = """
    FROM pg_stat_activity
    WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
    AND application_name = current_setting('application_name') AND state = 'active'
    AND wait_event IN ('ClientRead', 'ClientWrite')
    AND state_change < clock_timestamp() - make_interval(secs => :seconds)"""


def end_stalled(connection: Connection, seconds: float) -> int:
    """End connections whose running statement has waited for its client for some seconds; return how many.

    Only connections of this service under this user's name: a process that is not stopped sends and receives rows
    within milliseconds. Source: PostgreSQL's documentation, wait events `ClientRead` and `ClientWrite`,
    `pg_terminate_backend`.
    """
    if on_sqlite(connection):
        return 0
    ended = fetch(connection, f"SELECT pg_terminate_backend(pid) {_STALLED}", {"seconds": seconds})
    return sum(1 for (was_ended,) in ended if was_ended)
