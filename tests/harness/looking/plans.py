"""How a database finds rows: the plan of every statement that a function runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection

from app.store.sql import statements


def plans_of(connection: Connection, read: Callable[[], Any]) -> dict[str, str]:
    """Run a function, and return the plans of its SELECT statements by their text."""
    asked: dict[str, Any] = {}
    run = statements.run_on_driver

    def noting(connection: Connection, sql: str, parameters: Any, **more: bool) -> Any:
        if sql.lstrip().startswith(("SELECT", "WITH")):
            asked[sql] = parameters
        return run(connection, sql, parameters, **more)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(statements, "run_on_driver", noting)
        read()
    explain = "EXPLAIN QUERY PLAN" if statements.on_sqlite(connection) else "EXPLAIN"
    return {
        sql: "\n".join(str(row[-1]) for row in run(connection, f"{explain} {sql}", parameters, fetch=True)[0])
        for sql, parameters in asked.items()
    }


def scanned(plan: str, tables: dict[str, str]) -> list[str]:
    """Return the tables, of those given with their aliases, that a plan reads from end to end."""
    lines = [line.strip(" ->") for line in plan.splitlines()]
    return [
        table
        for table, aliases in tables.items()
        if any(
            line.startswith(f"Seq Scan on {table} ")
            or line == f"Seq Scan on {table}"
            or any(line == f"SCAN {alias}" or line.startswith(f"SCAN {alias} USING") for alias in aliases.split())
            for line in lines
        )
    ]
