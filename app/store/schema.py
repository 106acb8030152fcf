"""The revision of the database's schema, and the upgrade to the newest."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
_LOCK = 0x70617273
"""The advisory lock under which PostgreSQL is migrated: when several processes start at once, one migrates."""


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection) -> bool:
    """Apply every migration that is missing, in the caller's transaction; return whether there was any."""
    if connection.dialect.name == "postgresql":
        # A process that starts during a migration waits for its end, however long that takes.
        connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
    if current(connection) == head():
        return False
    command.upgrade(_config(connection), "head")
    return True


def current(connection: Connection) -> str | None:
    """Return the revision of the database, None when it is empty."""
    return MigrationContext.configure(connection).get_current_revision()


def is_known(revision: str | None) -> bool:
    """Whether this version has a migration that leads to a revision; one that it does not know is a newer version's."""
    return any(script.revision == revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


@cache
def head() -> str | None:
    """Return the newest revision there is."""
    return ScriptDirectory.from_config(_config()).get_current_head()
