"""The migrations make exactly the schema that the tables declare, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from app.core.database import Database
from app.models.commits import APPEND_ONLY
from app.models.tables import metadata
from app.services.context import Service
from app.store import schema
from tests.conftest import database_address, execute
from tests.support import Api, a_completion, settle


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path}/empty.db")
    else:
        server: str = request.getfixturevalue("postgres")
        execute(server, "CREATE DATABASE empty")
        database = Database(database_address(server, "empty").replace("postgresql://", "postgresql+psycopg://"))
    yield database
    database.close()
    if request.param == "postgresql":
        execute(server, "DROP DATABASE empty")


def test_an_upgrade_from_nothing_makes_what_the_tables_declare(empty: Database) -> None:
    assert empty.read(schema.current) is None
    empty.write(schema.upgrade)
    empty.write(schema.upgrade)

    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata))

    assert empty.read(differences) == []
    assert empty.read(schema.current) == schema.head()


def test_the_head_file_names_the_newest_revision() -> None:
    """Two branches that each add a migration meet in this file, instead of in production."""
    assert (schema.MIGRATIONS / "HEAD").read_text(encoding="utf-8").strip() == schema.head()


@pytest.mark.parametrize("verb", ["UPDATE", "DELETE"])
def test_what_is_append_only_cannot_be_changed(service: Service, api: Api, verb: str) -> None:
    api.report(a_completion())
    settle(service)
    for table in APPEND_ONLY:
        column = metadata.tables[table].columns.keys()[0]
        statement = f"DELETE FROM {table}" if verb == "DELETE" else f"UPDATE {table} SET {column} = {column}"
        with pytest.raises(DBAPIError, match="append-only"):
            service.database.write(lambda connection, statement=statement: connection.execute(text(statement)))
    settle(service)
