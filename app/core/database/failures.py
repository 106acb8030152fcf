"""Whether a database error is a race that was lost, a fault of ours, or a database that cannot be used now."""

from __future__ import annotations

import sqlite3
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.core.errors import Contended, OperatorFault, Unavailable
from app.core.logging import error_fields, log

LOCK_TIMEOUT = "55P03"
UNIQUE_VIOLATION = "23505"
UNIQUE_ATTEMPTS = 5
LOCK_ATTEMPTS = 6
"""How often a transaction waits for others' locks in all, when nobody waits behind it."""
_RETRIED_STATES = frozenset({"40001", "40P01"})
"""serialization_failure and deadlock_detected."""

_SQLITE_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_IOERR})
_POSTGRESQL_DAMAGE = ("XX", "58")
"""Corrupted data or an internal error; an input or output error."""

__all__ = [
    "DatabaseDamaged",
    "PoolTimeout",
    "find_damage_in",
    "is_connection_lost",
    "is_retryable",
    "is_rolled_back",
    "is_transaction_open",
    "translate_error",
]


def is_connection_lost(error: BaseException) -> bool:
    """Whether the database went away during the statement."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


def is_retryable(error: Exception, attempt: int, *, patient: bool) -> bool:
    """Whether repeating the transaction can help: it lost a race, and then sees what the winner wrote.

    A `patient` one also goes on waiting for a lock: its holder is at work, and will be done.
    """
    if isinstance(error, Contended):
        return True
    if isinstance(error, DBAPIError):
        state = _sqlstate(error)
        if state == UNIQUE_VIOLATION:
            # The next attempt sees the winner; a violation that stays is a fault of ours.
            return attempt < UNIQUE_ATTEMPTS
        if state == LOCK_TIMEOUT:
            return patient and attempt < LOCK_ATTEMPTS
        return state in _RETRIED_STATES
    return False


class DatabaseDamaged(OperatorFault):
    """The database's file cannot be read; the message says what to do."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"damaged: {what}. Stop the service, keep the damaged files, restore the last backup, and run `pars check` "
            "on it before serving (docs/checking.md, Damage)"
        )


def find_damage_in(error: BaseException) -> str | None:
    """Return what the database said of damage to its file, None for an error that has another cause.

    Looked for in the causes of the error, too.
    """
    cause: BaseException | None = error
    while cause is not None:
        driver = getattr(cause, "orig", None) or cause
        code = getattr(driver, "sqlite_errorcode", None)
        if (code is not None and code & 0xFF in _SQLITE_DAMAGE) or str(driver) == "unsupported file format":
            return str(driver)
        if isinstance(driver, sqlite3.OperationalError) and str(driver).startswith("Could not decode"):
            # The driver's own error repeats the value.
            return "a text is not UTF-8"
        if str(getattr(driver, "sqlstate", None) or "").startswith(_POSTGRESQL_DAMAGE):
            return " ".join(str(driver).split())
        cause = cause.__cause__
    return None


def translate_error(error: Exception) -> Exception:
    """Return what to raise: `Unavailable` for the state of the database, the error itself for a fault of ours."""
    if not (
        is_connection_lost(error) or isinstance(error, OperationalError | InterfaceError | PoolTimeout | Contended)
    ):
        return error
    log.error("database unavailable", **error_fields(getattr(error, "orig", None) or error))
    unavailable = Unavailable(headers={"Retry-After": "2"})
    unavailable.rolled_back = isinstance(error, Contended) or _sqlstate(error) == LOCK_TIMEOUT
    return unavailable


def _sqlstate(error: BaseException) -> str | None:
    return getattr(getattr(error, "orig", None), "sqlstate", None)


def is_rolled_back(error: BaseException) -> bool:
    """Whether a failed transaction certainly left nothing behind, so that its parts may be repeated.

    Not after a database that could not be reached, or a commit whose answer was lost: it may have been committed.
    """
    return not isinstance(error, Unavailable) or error.rolled_back


def is_transaction_open(connection: Connection) -> bool:
    """Whether the transaction survived an error; a full disk ends it, or a server that goes away."""
    if connection.invalidated or not connection.in_transaction():
        return False
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "sqlite":
        return bool(driver.in_transaction)
    return bool(driver.info.transaction_status.name == "INTRANS")
