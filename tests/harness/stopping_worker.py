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

BETWEEN_STATEMENTS = "between-statements"
WITHIN_A_STATEMENT = "within-a-statement"
POINTS = (BETWEEN_STATEMENTS, WITHIN_A_STATEMENT)
STATEMENT = "INSERT INTO batch_rows "


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


def _stop_at(stop: _Stop, *, within: bool) -> None:
    """Stop before the rows' statement is sent, `within` another that has begun: the database waits for its rows."""
    execute = psycopg.Cursor.execute

    def stopping(self: psycopg.Cursor[Any], statement: Any, *rest: Any, **given: Any) -> Any:
        if not str(statement).startswith(STATEMENT):
            return execute(self, statement, *rest, **given)
        if not within:
            stop(self)
            return execute(self, statement, *rest, **given)
        with self.connection.cursor().copy("COPY batch_rows FROM STDIN"):
            stop(self)
        return execute(self, statement, *rest, **given)

    psycopg.Cursor.execute = stopping  # type: ignore[assignment, method-assign]


if __name__ == "__main__":
    _stop_at(_Stop(), within=sys.argv[1] == WITHIN_A_STATEMENT)
    sys.argv = ["pars", "worker"]
    main()
