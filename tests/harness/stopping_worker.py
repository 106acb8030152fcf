"""A worker that stops once, as SIGSTOP stops a process, while it stores what became of records on PostgreSQL.

Run as a module with one argument, one of `POINTS`. Before it stops it prints a line: `stopped`, the number of the
database's process that serves its connection, and the state which the database says that process is in. A signal from
outside would find it at a point that depends on luck.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import Any

import psycopg

from app.cli.main import main
from app.store.sql import bulk

BETWEEN_STATEMENTS = "between-statements"
WITHIN_A_STATEMENT = "within-a-statement"
POINTS = (BETWEEN_STATEMENTS, WITHIN_A_STATEMENT)
STATEMENT = "COPY batch_rows "


class _Stop:
    """Stops this process at the second piece of a file: something of the file stands by then."""

    def __init__(self) -> None:
        self._pieces = 0

    def __call__(self, cursor: psycopg.Cursor[Any]) -> None:
        self._pieces += 1
        if self._pieces != 2:
            return
        backend = cursor.connection.info.backend_pid
        with psycopg.connect(os.environ["PARS_DATABASE_URL"]) as observer:
            (state,) = observer.execute("SELECT state FROM pg_stat_activity WHERE pid = %s", [backend]).fetchone() or ""
        # Not printed: that is queued, and the thread that writes it stops as well.
        os.write(1, f"stopped {backend} {state}\n".encode())
        # To this thread: it goes no further, wherever the others are.
        signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)


def _stop_between_statements(stop: _Stop) -> None:
    """Stop before the rows' statement is sent: the database waits for a statement of the transaction."""
    copy = psycopg.Cursor.copy

    def stopping(self: psycopg.Cursor[Any], statement: Any, *rest: Any, **given: Any) -> Any:
        if statement.startswith(STATEMENT):
            stop(self)
        return copy(self, statement, *rest, **given)

    psycopg.Cursor.copy = stopping  # type: ignore[method-assign]


def _stop_within_a_statement(stop: _Stop) -> None:
    """Stop before the first row is sent: the database has begun the statement, and waits for its rows."""
    copy, write_row = psycopg.Cursor.copy, psycopg.Copy.write_row
    begun: set[int] = set()

    def noting(self: psycopg.Cursor[Any], statement: Any, *rest: Any, **given: Any) -> Any:
        if statement.startswith(STATEMENT):
            begun.add(id(self))
        return copy(self, statement, *rest, **given)

    def stopping(self: psycopg.Copy, row: Any) -> None:
        if id(self.cursor) in begun:
            begun.discard(id(self.cursor))
            stop(self.cursor)
        write_row(self, row)

    psycopg.Cursor.copy = noting  # type: ignore[method-assign]
    psycopg.Copy.write_row = stopping  # type: ignore[method-assign]


if __name__ == "__main__":
    point = sys.argv[1]
    bulk.COPY_FROM = 1
    {BETWEEN_STATEMENTS: _stop_between_statements, WITHIN_A_STATEMENT: _stop_within_a_statement}[point](_Stop())
    sys.argv = ["pars", "worker"]
    main()
