"""What an error of the database means: a lost race, a fault of ours, or a database that cannot be used now."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.core.errors import Contended, Unavailable
from app.core.logging import log, where

LOCK_TIMEOUT = "55P03"
UNIQUE_VIOLATION = "23505"
UNIQUE_ATTEMPTS = 5
LOCK_ATTEMPTS = 6
"""How often a transaction waits for others' locks in all, when nobody waits behind it."""
_RETRIED_STATES = frozenset({"40001", "40P01"})

__all__ = ["PoolTimeout", "connection_lost", "lost_a_race", "stands", "surely_undone", "unavailable"]


def connection_lost(error: BaseException) -> bool:
    """Tell whether the database went away under the statement."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


def lost_a_race(error: Exception, attempt: int, *, patient: bool) -> bool:
    """Tell whether doing the transaction again can help: it then sees what the winner wrote.

    One that is `patient` also goes on waiting for a lock: whoever holds it is at work, and will be done.
    """
    if isinstance(error, Contended):
        return True
    if isinstance(error, DBAPIError):
        state = _state(error)
        if state == UNIQUE_VIOLATION:
            # The winner is seen by the next attempt; a violation that stays is a fault of ours.
            return attempt < UNIQUE_ATTEMPTS
        if state == LOCK_TIMEOUT:
            return patient and attempt < LOCK_ATTEMPTS
        return state in _RETRIED_STATES
    return False


def unavailable(error: Exception) -> Exception:
    """Return what to raise: what we did wrong stays our fault, everything else is the database's state."""
    if not (connection_lost(error) or isinstance(error, OperationalError | InterfaceError | PoolTimeout | Contended)):
        return error
    log.error("database unavailable", **where(getattr(error, "orig", None) or error))
    told = Unavailable(headers={"Retry-After": "2"})
    told.undone = isinstance(error, Contended) or _state(error) == LOCK_TIMEOUT
    return told


def _state(error: BaseException) -> str | None:
    return getattr(getattr(error, "orig", None), "sqlstate", None)


def surely_undone(error: BaseException) -> bool:
    """Tell whether nothing of a failed transaction stands, so that its parts may be done again.

    A database that could not be reached, and a commit whose answer was lost, do not say.
    """
    return not isinstance(error, Unavailable) or error.undone


def stands(connection: Connection) -> bool:
    """Tell whether a transaction is still there after an error: a full disk ends it, or a server that goes away."""
    if connection.invalidated or not connection.in_transaction():
        return False
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "sqlite":
        return bool(driver.in_transaction)
    return bool(driver.info.transaction_status.name == "INTRANS")
