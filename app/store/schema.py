"""Bringing the database's schema to the newest revision."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
_LOCK = 0x70617273
"""Advisory lock under which PostgreSQL is migrated: of several processes starting at once, one does it."""


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection) -> None:
    """Apply every migration that is missing, in the caller's transaction."""
    if connection.dialect.name == "postgresql":
        # A process that starts meanwhile waits for the migration, however long it takes.
        connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
    if current(connection) != head():
        command.upgrade(_config(connection), "head")


def current(connection: Connection) -> str | None:
    """Return the revision of the database, None when it is empty."""
    return MigrationContext.configure(connection).get_current_revision()


def head() -> str | None:
    """Return the newest revision there is."""
    return ScriptDirectory.from_config(_config()).get_current_head()
