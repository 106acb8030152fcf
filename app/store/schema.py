"""The revision of the database's schema, and the upgrade to the newest.

The library that migrates is imported where something is to be migrated: every command asks for the revision.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
_LOCK = 0x70617273
"""The advisory lock under which PostgreSQL is migrated: when several processes start at once, one migrates."""


def _config(connection: Connection | None = None) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("recursive_version_locations", "true")
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
    from alembic import command

    command.upgrade(_config(connection), "head")
    return True


def current(connection: Connection) -> str | None:
    """Return the revision of the database, None when it is empty."""
    if not connection.dialect.has_table(connection, "alembic_version"):
        return None
    revision: str | None = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return revision


def is_known(revision: str | None) -> bool:
    """Whether this version has a migration that leads to a revision; one that it does not know is a newer version's."""
    from alembic.script import ScriptDirectory

    return any(script.revision == revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


@cache
def head() -> str | None:
    """Return the newest revision there is: a file names it, so that branches which each add one meet there."""
    return (MIGRATIONS / "HEAD").read_text(encoding="ascii").strip()
