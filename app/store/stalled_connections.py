"""Connections of ours that have stalled, where PostgreSQL itself would wait for them for ever.

`idle_in_transaction_session_timeout` ends the transaction of a process that was stopped between two statements. It does
not end one that was stopped while it sent rows: to the database that statement goes on, and no timeout of a statement
is looked at while it waits for more of it.
"""

from __future__ import annotations

from sqlalchemy import Connection

from app.store.sql.statements import fetch, on_sqlite

_STALLED = """
    FROM pg_stat_activity
    WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
    AND application_name = current_setting('application_name') AND state = 'active' AND wait_event = 'ClientRead'
    AND state_change < clock_timestamp() - make_interval(secs => :seconds)"""


def end_stalled(connection: Connection, seconds: float) -> int:
    """End the connections that have sent nothing of a statement that is under way for so many seconds; return how many.

    Only those of this service under this user's name: who was not stopped sends its rows in milliseconds. Source:
    PostgreSQL's documentation, wait event `ClientRead` and `pg_terminate_backend`.
    """
    if on_sqlite(connection):
        return 0
    ended = fetch(connection, f"SELECT pg_terminate_backend(pid) {_STALLED}", {"seconds": seconds})
    return sum(1 for (done,) in ended if done)
