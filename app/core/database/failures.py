"""Whether a database error is a race that was lost, a fault of ours, or a database that cannot be used now."""

from __future__ import annotations

import re
import sqlite3
import traceback
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.core.errors import Contended, ProviderMoved, Unavailable
from app.core.logging import error_fields, log
from app.core.traces import earlier_errors

LOCK_TIMEOUT = "55P03"
MERGED_PROVIDER_STATE = "PM001"
"""The state by which a trigger of PostgreSQL refuses a commit for a provider that was merged since it began."""
UNIQUE_VIOLATION = "23505"
UNIQUE_ATTEMPTS = 5
LOCK_ATTEMPTS = 6
"""How often a transaction waits for others' locks in all, when nobody waits behind it."""
_RETRIED_STATES = frozenset({"40001", "40P01"})
"""serialization_failure and deadlock_detected."""

_LOCKED = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_FORBIDDEN = (
    "it cannot be written: the file, its folder or its file system is read-only, or belongs to another user. "
    "Make it writable for the user that runs PARS."
)
_MEND = (
    "stop every process that uses it, keep a copy of it, restore the newest backup, and run `pars check` on that "
    "(docs/checking.md, Damage)."
)
DAMAGED = f"its file is damaged. {_MEND[0].upper()}{_MEND[1:]}"
_NO_DATABASE = (
    "its file is damaged, or is no SQLite database at all. Check PARS_DATABASE_URL; if it names the right "
    f"file, {_MEND}"
)
_UNREADABLE = _DAMAGED | {sqlite3.SQLITE_IOERR}
_POSTGRES_UNREADABLE = ("XX", "58")
"""Classes of states: corrupted data or an internal error, an input or output error."""
_SQLITE_CAUSES = {
    sqlite3.SQLITE_READONLY: _FORBIDDEN,
    sqlite3.SQLITE_CANTOPEN: _FORBIDDEN,
    sqlite3.SQLITE_PERM: _FORBIDDEN,
    sqlite3.SQLITE_FULL: "the disk is full. Make room, and start again.",
    sqlite3.SQLITE_IOERR: "the disk reported an error while it was read or written. Look at the system's log.",
    **dict.fromkeys(_LOCKED, "another process holds its lock. Try again, or end that process."),
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_NOTADB: _NO_DATABASE,
}
_POSTGRES_CAUSES = {
    "53100": "its disk is full. Make room, and start again.",
    "25006": "it is read-only. Point PARS_DATABASE_URL at the primary.",
    LOCK_TIMEOUT: "another process holds a lock that this needs. Try again, or end that process.",
    "42501": "its user lacks a right. Let the user of PARS_DATABASE_URL own the database.",
}
_CHECK = "in PARS_DATABASE_URL"
_CONNECTION_CAUSES = {
    r"resolve host|translate host name": f"its host is not known. Check the host {_CHECK}, where @ and "
    "/ in a password are written as %40 and %2F.",
    r"Connection refused|No such file or directory": "nothing listens at its address. Start PostgreSQL there, or check "
    f"host and port {_CHECK}.",
    r"time(d )?out|No route to host|unreachable": f"its host does not answer. Check host and port {_CHECK}, and what "
    "stands between: network, firewall.",
    r"invalid port number": f"its port is not a number from 1 to 65535. Check it {_CHECK}.",
    r"pg_hba\.conf": "its server lets this user in from nowhere near here. Add a line to its pg_hba.conf, or check "
    f"user and database {_CHECK}.",
    r"authentication failed|no password supplied|role .* does not exist": "its server does not let the user in. Check "
    f"user and password {_CHECK}, where @ and / in a password are written as %40 and %2F.",
    r"database .* does not exist": "its server has no database of this name. Create it (CREATE DATABASE), or check the "
    f"name {_CHECK}.",
    r"too many clients|connection slots|too many connections": "its server takes no more connections. Raise its "
    "max_connections, or lower PARS_POOL_SIZE.",
    r"starting up|shutting down|recovery mode": "its server is starting or stopping. Try again in a moment.",
    r"SSL|certificate": f"its server and sslmode {_CHECK} do not agree about TLS.",
    r"invalid connection option|invalid .* value": "an option is unknown to it. Check what stands behind the ? "
    f"{_CHECK}.",
}
"""What the driver says of a connection that was not made, which has no state, and why that is."""

__all__ = [
    "DAMAGED",
    "PoolTimeout",
    "find_cause",
    "find_damage_in",
    "is_connection_lost",
    "is_locked",
    "is_retryable",
    "is_rolled_back",
    "is_transaction_open",
    "raise_interrupt_behind",
    "translate_error",
]


def is_connection_lost(error: BaseException) -> bool:
    """Whether the database went away during the statement."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


def raise_interrupt_behind(error: BaseException) -> None:
    """Raise the `KeyboardInterrupt` during which an error arose, if there was one.

    The driver closes a connection whose statement Ctrl-C cut short, if it cannot cancel it; what is said of that
    connection afterwards must not stand for the interrupt, and the work that it stopped must not be done again.
    """
    for earlier in earlier_errors(error):
        if isinstance(earlier, KeyboardInterrupt):
            raise earlier from None


def is_locked(error: BaseException | None) -> bool:
    """Whether SQLite failed because somebody else holds a lock, so that waiting can help."""
    return _sqlite_code(error) in _LOCKED


def is_damaged(error: BaseException) -> bool:
    """Whether SQLite found its file damaged."""
    return _sqlite_code(getattr(error, "orig", None)) in _DAMAGED


def find_cause(error: BaseException) -> str | None:
    """Return why a database cannot be used and what to do, to be put after its name; None for another error."""
    for cause in _causes(error):
        state = getattr(cause, "sqlstate", None)
        known = _SQLITE_CAUSES.get(_sqlite_code(cause) or 0) or _POSTGRES_CAUSES.get(state or "")
        if known is not None:
            return known
    if find_damage_in(error) is not None:
        return DAMAGED
    if (refused := _connection_cause(error)) is not None:
        return refused
    if any(isinstance(cause, OperationalError | InterfaceError | PoolTimeout) for cause in _causes(error)):
        return "it does not answer. Check that it runs, and PARS_DATABASE_URL."
    return None


def _connection_cause(error: BaseException) -> str | None:
    """Return why no connection was made; the driver's own words repeat names of hosts and users, and are not passed on.

    A server may speak another language than English: then there is no more to be said than that there is none.
    """
    for cause in _causes(error):
        if type(cause).__module__.startswith("psycopg") and getattr(cause, "sqlstate", None) is None:
            for said, sentence in _CONNECTION_CAUSES.items():
                if re.search(said, str(cause)):
                    return sentence
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error, the driver's error in it, and what they were raised from."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        if isinstance(cause, DBAPIError) and cause.orig is not None:
            yield cause.orig
        cause = cause.__cause__


def _sqlite_code(error: BaseException | None) -> int | None:
    """Return the primary result code of SQLite."""
    code = getattr(error, "sqlite_errorcode", None)
    return code & 0xFF if isinstance(code, int) else None


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


def find_damage_in(error: BaseException) -> str | None:
    """Return what the database said of damage to what it has stored, None for an error with another cause."""
    for cause in _causes(error):
        if _sqlite_code(cause) in _UNREADABLE or str(cause) == "unsupported file format":
            return str(cause)
        # The driver's own words repeat the value; where its words are damaged themselves, it has none.
        undecoded = isinstance(cause, sqlite3.OperationalError) and str(cause).startswith("Could not decode")
        if undecoded or (isinstance(cause, UnicodeDecodeError) and _is_drivers(cause)):
            return "a text is not UTF-8"
        if str(getattr(cause, "sqlstate", None) or "").startswith(_POSTGRES_UNREADABLE):
            return " ".join(str(cause).split())
    return None


def _is_drivers(error: BaseException) -> bool:
    """Whether a call of the driver raised an error, and not the reading of some other file."""
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    return str(frame.f_globals.get("__name__")).startswith(("sqlalchemy.", "app.core.database.", "app.store.sql."))


def translate_error(error: Exception) -> Exception:
    """Return what to raise: `Unavailable` for the state of the database, the error itself for a fault of ours.

    `ProviderMoved` where the provider was merged meanwhile.
    """
    if _sqlstate(error) == MERGED_PROVIDER_STATE:
        return ProviderMoved()
    if not (
        is_connection_lost(error)
        or is_damaged(error)
        or isinstance(error, OperationalError | InterfaceError | PoolTimeout | Contended)
    ):
        return error
    event = "the database file is damaged" if is_damaged(error) else "database unavailable"
    log.error(event, **error_fields(getattr(error, "orig", None) or error))
    unavailable = Unavailable(headers={"Retry-After": "2"})
    # A command tells its operator why, from whatever thread the error comes.
    unavailable.__cause__ = error
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
