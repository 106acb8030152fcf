"""Reads by key from the event loop: on PostgreSQL they have connections of their own, which survive what callers do."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from app.core.database.loop_reads import CONNECTIONS
from app.core.database.transactions import Database
from app.core.errors import Unavailable
from app.services.context import Service
from app.store.sql import statements
from tests.harness.databases import ON_POSTGRESQL

pytestmark = ON_POSTGRESQL


@pytest.fixture
def database(service: Service) -> Database:
    return service.database


def look(connection: Connection) -> tuple[str, str, int]:
    """Return the state of the connection's transaction, its isolation, and which connection it is."""
    ((isolation, process),) = statements.fetch(
        connection, "SELECT current_setting('transaction_isolation'), pg_backend_pid()"
    )
    driver: Any = connection.connection.driver_connection
    return driver.info.transaction_status.name, isolation, process


def end_others(connection: Connection) -> None:
    """End every connection of the service but this one."""
    statements.fetch(
        connection,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid <> pg_backend_pid()",
    )


def test_only_a_read_of_several_statements_has_a_transaction_around_it(database: Database) -> None:
    async def run() -> None:
        for _ in range(2):
            status, isolation, _ = await database.read_by_key_async(look, one_statement=True)
            assert (status, isolation) == ("IDLE", "read committed")
            status, isolation, _ = await database.read_by_key_async(look)
            assert (status, isolation) == ("INTRANS", "repeatable read")

    asyncio.run(run())


def test_a_read_cannot_write(database: Database) -> None:
    def write(connection: Connection) -> None:
        statements.execute(connection, "DELETE FROM feed")

    with pytest.raises(DBAPIError):
        asyncio.run(database.read_by_key_async(write))


def test_many_reads_share_few_connections(database: Database) -> None:
    async def run() -> set[int]:
        reads = [database.read_by_key_async(look, one_statement=place % 2 == 0) for place in range(40)]
        return {process for _, _, process in await asyncio.gather(*reads)}

    assert 1 <= len(asyncio.run(run())) <= CONNECTIONS


def test_a_read_goes_on_when_its_connection_was_lost(database: Database) -> None:
    async def run() -> None:
        before = [await database.read_by_key_async(look) for _ in range(3)]
        database.write(end_others)
        after = [await database.read_by_key_async(look) for _ in range(3)]
        assert {process for *_, process in before}.isdisjoint({process for *_, process in after})

    asyncio.run(run())


@pytest.mark.parametrize("one_statement", [True, False])
def test_a_read_goes_on_when_every_connection_was_lost(database: Database, one_statement: bool) -> None:
    def rest(connection: Connection) -> None:
        statements.fetch(connection, "SELECT CAST(pg_sleep(0.2) AS text)")

    async def run() -> None:
        await asyncio.gather(*(database.read_by_key_async(rest) for _ in range(CONNECTIONS)))
        database.write(end_others)
        await database.read_by_key_async(look, one_statement=one_statement)

    asyncio.run(run())


@pytest.mark.parametrize("one_statement", [True, False])
def test_what_a_verb_raises_leaves_its_connection_as_it_was(database: Database, one_statement: bool) -> None:
    def refuse(connection: Connection) -> None:
        look(connection)
        raise LookupError

    async def run() -> None:
        *_, before = await database.read_by_key_async(look, one_statement=True)
        with pytest.raises(LookupError):
            await database.read_by_key_async(refuse, one_statement=one_statement)
        status, _, after = await database.read_by_key_async(look, one_statement=True)
        assert (status, after) == ("IDLE", before)

    asyncio.run(run())


def test_a_read_that_is_given_up_leaves_the_others_alone(database: Database) -> None:
    def sleep(connection: Connection) -> None:
        statements.fetch(connection, "SELECT CAST(pg_sleep(20) AS text)")

    async def run() -> None:
        given_up = [asyncio.ensure_future(database.read_by_key_async(sleep)) for _ in range(CONNECTIONS + 2)]
        await asyncio.sleep(0.2)
        for read in given_up:
            read.cancel()
        results = await asyncio.gather(*given_up, return_exceptions=True)
        assert all(isinstance(result, asyncio.CancelledError) for result in results)
        status, *_ = await database.read_by_key_async(look, one_statement=True)
        assert status == "IDLE"

    asyncio.run(run())


def test_each_loop_has_connections_of_its_own(database: Database) -> None:
    *_, first = asyncio.run(database.read_by_key_async(look))
    *_, second = asyncio.run(database.read_by_key_async(look))
    assert first != second


def test_nothing_is_read_once_the_database_is_closed(database: Database) -> None:
    async def run() -> None:
        await database.read_by_key_async(look)
        database.close()
        with pytest.raises(Unavailable):
            await database.read_by_key_async(look)

    asyncio.run(run())
