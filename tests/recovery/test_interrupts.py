"""Ctrl-C during a statement ends the command, whatever the connection says of it afterwards."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection

from app.core.database.failures import raise_interrupt_behind
from app.core.traces import stack_of
from app.services.context import Service
from app.store.sql import statements
from tests.harness.databases import ON_POSTGRESQL


class Interrupted:
    """A verb that Ctrl-C stops after a statement whose connection its driver then closes."""

    def __init__(self) -> None:
        self.runs = 0

    def __call__(self, connection: Connection) -> Any:
        self.runs += 1
        statements.fetch(connection, "SELECT 1")
        driver = connection.connection.dbapi_connection
        assert driver is not None
        driver.close()
        raise KeyboardInterrupt("what becomes of the work")


@ON_POSTGRESQL
@pytest.mark.parametrize("way", ["read", "write"])
def test_an_interrupt_whose_connection_was_closed_stays_one_and_nothing_is_repeated(service: Service, way: str) -> None:
    verb = Interrupted()
    run = service.database.read if way == "read" else service.database.write
    with pytest.raises(KeyboardInterrupt, match="what becomes of the work"):
        run(verb)
    assert verb.runs == 1
    assert service.database.read(lambda connection: statements.fetch(connection, "SELECT 1"))


def test_an_error_that_names_itself_as_its_own_cause_is_looked_through_once() -> None:
    """The driver's error and the one made of it name each other."""
    first, second = OSError(), ValueError()
    first.__context__, second.__cause__ = second, first
    raise_interrupt_behind(first)
    assert stack_of(first).count("Traceback") == 2
