"""Sign-in links and sessions: added, found by digests, used up, ended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from app.domain.people.persons import StaffPerson
from app.domain.people.sessions import Session, SignInLink
from app.models import people as tables
from app.store.people.persons import PERSON
from app.store.sql.bulk import insert, update
from app.store.sql.rows import RowMapper
from app.store.sql.statements import execute, fetch, fetch_value, in_list, take_advisory_locks

_LINK = RowMapper(SignInLink, tables.sign_in_links, "l")
_SESSION = RowMapper(Session, tables.sessions, "s")
_LOCK = 0x7369


def lock_asking(connection: Connection, asked_key: str) -> None:
    """Let nobody else ask for a link for an address until this transaction ends."""
    take_advisory_locks(connection, _LOCK, [int(asked_key[:7], 16)])


def count_asked(connection: Connection, asked_keys: Sequence[str], since: datetime) -> int:
    """Return how many links were asked for for an address since a moment; it has a key by each secret."""
    marks, parameters = in_list("key", asked_keys)
    return int(
        fetch_value(
            connection,
            f"SELECT count(*) FROM sign_in_links WHERE asked_key IN ({marks}) AND created_at > :since",
            parameters | {"since": since},
        )
    )


def add_link(
    connection: Connection, link: SignInLink, *, digest: str, attempt_digest: str, asked_key: str, at: datetime
) -> None:
    """Insert a link."""
    row = _LINK.values_of(link) | {
        "digest": digest,
        "attempt_digest": attempt_digest,
        "asked_key": asked_key,
        "created_at": at,
    }
    insert(connection, tables.sign_in_links, [row])


def find_link(connection: Connection, digest: str) -> SignInLink | None:
    """Return the link of a digest, used or not."""
    rows = fetch(
        connection, f"SELECT {_LINK.columns} FROM sign_in_links l WHERE l.digest = :digest", {"digest": digest}
    )
    return _LINK.read_first(connection, rows)


def find_attempt(connection: Connection, attempt_digest: str) -> SignInLink | None:
    """Return the link that the page of a digest asked for."""
    rows = fetch(
        connection,
        f"SELECT {_LINK.columns} FROM sign_in_links l WHERE l.attempt_digest = :digest",
        {"digest": attempt_digest},
    )
    return _LINK.read_first(connection, rows)


def use_link(connection: Connection, link_id: str, at: datetime) -> bool:
    """Use a link up; False where another request was first, or it is too late."""
    used = execute(
        connection,
        "UPDATE sign_in_links SET used_at = :at WHERE link_id = :id AND used_at IS NULL AND expires_at > :at",
        {"id": link_id, "at": at},
    )
    return used == 1


def take_try(connection: Connection, link_id: str, most: int) -> bool:
    """Count a code that is tried; False where there were as many as are let."""
    taken = execute(
        connection,
        "UPDATE sign_in_links SET tries = tries + 1 WHERE link_id = :id AND tries < :most AND used_at IS NULL",
        {"id": link_id, "most": most},
    )
    return taken == 1


def end_links(connection: Connection, person_id: str, at: datetime) -> None:
    """End all links of a person that were not used."""
    update(connection, tables.sign_in_links, {"used_at": at}, {"person_id": person_id, "used_at": None})


def add_session(connection: Connection, session: Session, digest: str) -> None:
    """Insert a session under the digest of its cookie."""
    insert(connection, tables.sessions, [_SESSION.values_of(session) | {"digest": digest, "tries": 0}])


def find_session(connection: Connection, digest: str) -> tuple[Session, StaffPerson] | None:
    """Return the session of a cookie's digest, ended or not, and whose it is."""
    rows = fetch(
        connection,
        f"SELECT {_SESSION.columns}, {PERSON.columns} FROM sessions s JOIN people p ON p.person_id = s.person_id "
        "WHERE s.digest = :digest",
        {"digest": digest},
    )
    session = _SESSION.read_first(connection, [row[: _SESSION.width] for row in rows])
    person = PERSON.read_first(connection, [row[_SESSION.width :] for row in rows])
    return (session, person) if session is not None and person is not None else None


def one_session(connection: Connection, session_id: str) -> Session | None:
    """Return a session by its id."""
    rows = fetch(connection, f"SELECT {_SESSION.columns} FROM sessions s WHERE s.session_id = :id", {"id": session_id})
    return _SESSION.read_first(connection, rows)


def sessions_of(connection: Connection, person_id: str) -> list[Session]:
    """Return the sessions of a person that were not ended, the last used first; expired ones as well."""
    rows = fetch(
        connection,
        f"SELECT {_SESSION.columns} FROM sessions s WHERE s.person_id = :id AND s.ended_at IS NULL "
        "ORDER BY s.seen_at DESC, s.session_id",
        {"id": person_id},
    )
    return _SESSION.read(connection, rows)


def note_seen(connection: Connection, session_id: str, at: datetime) -> None:
    """Note when a session was last used."""
    execute(
        connection,
        "UPDATE sessions SET seen_at = :at WHERE session_id = :id AND seen_at < :at",
        {"id": session_id, "at": at},
    )


def confirm_session(connection: Connection, session_id: str, at: datetime) -> None:
    """Note that a second factor was given."""
    update(connection, tables.sessions, {"confirmed_at": at}, {"session_id": session_id, "ended_at": None})


def take_session_try(connection: Connection, session_id: str, most: int) -> bool:
    """Count a code of a second factor that is tried; False where there were as many as are let."""
    taken = execute(
        connection,
        "UPDATE sessions SET tries = tries + 1 WHERE session_id = :id AND tries < :most AND ended_at IS NULL",
        {"id": session_id, "most": most},
    )
    return taken == 1


def wrong_factors(connection: Connection, person_id: str, since: datetime) -> int:
    """Return how many codes of a second factor were wrong in the sessions of a person that began since a moment."""
    # The one that confirmed a session was right.
    wrong = "CASE WHEN confirmed_at IS NOT NULL AND tries > 0 THEN tries - 1 ELSE tries END"
    found = fetch_value(
        connection,
        f"SELECT sum({wrong}) FROM sessions WHERE person_id = :id AND created_at >= :since",
        {"id": person_id, "since": since},
    )
    return int(found or 0)


def end_session(connection: Connection, session_id: str, at: datetime) -> bool:
    """End a session; False where it had ended."""
    return update(connection, tables.sessions, {"ended_at": at}, {"session_id": session_id, "ended_at": None}) == 1


def end_sessions(connection: Connection, person_id: str, at: datetime, *, but: str = "") -> int:
    """End the sessions of a person, all but one; return how many."""
    return execute(
        connection,
        "UPDATE sessions SET ended_at = :at WHERE person_id = :person AND ended_at IS NULL AND session_id <> :but",
        {"person": person_id, "at": at, "but": but},
    )


def clear_confirmations(connection: Connection, person_id: str) -> None:
    """Take from all sessions of a person that a second factor was given."""
    update(connection, tables.sessions, {"confirmed_at": None, "tries": 0}, {"person_id": person_id})
