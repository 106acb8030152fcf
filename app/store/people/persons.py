"""People and their memberships: found, added, changed, removed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from app.domain.clients import Client, Role
from app.domain.people.persons import Member, Membership, StaffPerson
from app.models import people as tables
from app.store.clients import CLIENT, granted_providers, read_client
from app.store.sql.bulk import insert, update
from app.store.sql.rows import RowMapper, expression, looked_up_by
from app.store.sql.statements import Row, execute, fetch, fetch_value, in_list, locking_clause
from app.store.sql.values import read_optional_instant

PERSON = RowMapper(StaffPerson, tables.people, "p")
_MEMBERSHIP = RowMapper(
    Membership,
    tables.memberships,
    "m",
    board=expression("c.board"),
    client_role=expression("c.role", Role),
    provider_ids=looked_up_by("client_id"),
    ended_at=expression("c.revoked_at", read_optional_instant),
)
_MEMBER = RowMapper(
    Member,
    tables.memberships,
    "m",
    name=expression("p.name"),
    address=expression("p.address"),
    seen_at=expression("p.seen_at", read_optional_instant),
    has_totp=expression("p.totp_secret IS NOT NULL", bool),
)
_OF_CLIENTS = "memberships m JOIN clients c ON c.client_id = m.client_id"
_STANDING = "c.revoked_at IS NULL"


def by_id(connection: Connection, person_id: str) -> StaffPerson | None:
    """Return a person, removed or not."""
    rows = fetch(connection, f"SELECT {PERSON.columns} FROM people p WHERE p.person_id = :id", {"id": person_id})
    return PERSON.read_first(connection, rows)


def by_address(connection: Connection, address_key: str) -> StaffPerson | None:
    """Return the person of a folded address; nobody who was removed has one."""
    rows = fetch(connection, f"SELECT {PERSON.columns} FROM people p WHERE p.address_key = :key", {"key": address_key})
    return PERSON.read_first(connection, rows)


def lock(connection: Connection, person_id: str) -> StaffPerson | None:
    """Return a person whom nobody else changes for this transaction. PostgreSQL appends `FOR NO KEY UPDATE`."""
    lock = locking_clause(connection, "NO KEY UPDATE")
    rows = fetch(connection, f"SELECT {PERSON.columns} FROM people p WHERE p.person_id = :id{lock}", {"id": person_id})
    return PERSON.read_first(connection, rows)


def all_people(connection: Connection, *, removed: bool) -> list[StaffPerson]:
    """Return all people, the oldest first; those who were removed too if asked for."""
    rows = fetch(
        connection,
        f"SELECT {PERSON.columns} FROM people p{'' if removed else ' WHERE p.removed_at IS NULL'} "
        "ORDER BY p.created_at, p.person_id",
    )
    return PERSON.read(connection, rows)


def who_choose_mails(connection: Connection, after: str, limit: int) -> list[StaffPerson]:
    """Return people who want regular mails, after an id, by id."""
    rows = fetch(
        connection,
        f"SELECT {PERSON.columns} FROM people p WHERE p.mail_choice <> 'none' AND p.removed_at IS NULL "
        "AND p.person_id > :after ORDER BY p.person_id LIMIT :limit",
        {"after": after, "limit": limit},
    )
    return PERSON.read(connection, rows)


def add(connection: Connection, person: StaffPerson, address_key: str) -> None:
    """Insert a person, unless somebody has the address by now."""
    row = PERSON.values_of(person) | {"address_key": address_key}
    insert(connection, tables.people, [row], skip_known=True)


def change(connection: Connection, person_id: str, values: Mapping[str, Any]) -> None:
    """Change columns of a person."""
    update(connection, tables.people, values, {"person_id": person_id})


def note_seen(connection: Connection, person_id: str, at: datetime) -> None:
    """Note when a person was last here."""
    update(connection, tables.people, {"seen_at": at}, {"person_id": person_id})


def memberships_of(connection: Connection, person_id: str, *, ended: bool = False) -> list[Membership]:
    """Return the memberships of a person, the oldest first; those that ended too if asked for."""
    rows = fetch(
        connection,
        f"SELECT {_MEMBERSHIP.columns} FROM {_OF_CLIENTS} WHERE m.person_id = :id"
        f"{'' if ended else f' AND {_STANDING}'} ORDER BY m.created_at, m.client_id",
        {"id": person_id},
    )
    return _read(connection, rows)


def standing_memberships(connection: Connection, person_id: str) -> list[tuple[Membership, Client]]:
    """Return the memberships of a person that have not ended, the oldest first, each with the client that it is."""
    rows = fetch(
        connection,
        f"SELECT {_MEMBERSHIP.columns}, {CLIENT.columns} FROM {_OF_CLIENTS} WHERE m.person_id = :id AND {_STANDING} "
        "ORDER BY m.created_at, m.client_id",
        {"id": person_id},
    )
    clients = [read_client(connection, [row[_MEMBERSHIP.width :]]) for row in rows]
    found = {client.client_id: client for client in clients if client is not None}
    read = _MEMBERSHIP.read(
        connection,
        [row[: _MEMBERSHIP.width] for row in rows],
        provider_ids=lambda client_id: tuple(sorted(found[client_id].provider_ids)),
    )
    return [(membership, found[membership.client_id]) for membership in read]


def membership(connection: Connection, client_id: str) -> Membership | None:
    """Return a membership, ended or not."""
    rows = fetch(
        connection, f"SELECT {_MEMBERSHIP.columns} FROM {_OF_CLIENTS} WHERE m.client_id = :id", {"id": client_id}
    )
    return next(iter(_read(connection, rows)), None)


def _read(connection: Connection, rows: Sequence[Row]) -> list[Membership]:
    return _MEMBERSHIP.read(
        connection,
        rows,
        provider_ids=lambda client_id: tuple(sorted(granted_providers(connection, client_id))),
    )


def add_membership(connection: Connection, row: Mapping[str, Any]) -> None:
    """Insert a membership, whose client is there."""
    insert(connection, tables.memberships, [row])


def change_role(connection: Connection, client_id: str, role: str) -> None:
    """Change the role of a membership."""
    update(connection, tables.memberships, {"role": role}, {"client_id": client_id})


def members_of_provider(connection: Connection, provider_id: str) -> list[Member]:
    """Return those who are members of a provider itself, by name and address."""
    return _members(
        connection,
        "c.role = 'provider' AND EXISTS (SELECT 1 FROM grants g WHERE g.client_id = m.client_id "
        "AND g.provider_id = :id AND g.revoked_at IS NULL)",
        provider_id,
    )


def members_of_vendor(connection: Connection, client_id: str) -> list[Member]:
    """Return those who are members of any client of a vendor, by name and address."""
    return _members(
        connection,
        "m.vendor_client IN (SELECT o.client_id FROM clients o JOIN clients v "
        "ON coalesce(v.organisation, v.client_id) = coalesce(o.organisation, o.client_id) WHERE v.client_id = :id)",
        client_id,
    )


def members_at(connection: Connection, place: str) -> list[Member]:
    """Return those who are members of a board, or operators, by name and address."""
    return _members(connection, "m.place = :id", place)


def _members(connection: Connection, condition: str, id: str) -> list[Member]:
    rows = fetch(
        connection,
        f"SELECT {_MEMBER.columns} FROM {_OF_CLIENTS} JOIN people p ON p.person_id = m.person_id "
        f"WHERE {_STANDING} AND {condition} ORDER BY lower(coalesce(p.name, p.address)), m.client_id",
        {"id": id},
    )
    return _MEMBER.read(connection, rows)


def vendor_of(connection: Connection, client_id: str) -> str | None:
    """Return the vendor's client of a membership."""
    found: str | None = fetch_value(
        connection, "SELECT vendor_client FROM memberships WHERE client_id = :id", {"id": client_id}
    )
    return found


def count_wrong_code(connection: Connection, person_id: str, now: datetime, since: datetime) -> None:
    """Count a wrong code of a person; those from before `since` count no longer."""
    execute(
        connection,
        "UPDATE people SET wrong_codes = CASE WHEN wrong_codes_since >= :since THEN wrong_codes + 1 ELSE 1 END, "
        "wrong_codes_since = CASE WHEN wrong_codes_since >= :since THEN wrong_codes_since ELSE :now END "
        "WHERE person_id = :id",
        {"id": person_id, "now": now, "since": since},
    )


def wrong_codes(connection: Connection, person_id: str, since: datetime) -> int:
    """Return how many wrong codes of a person count."""
    found = fetch_value(
        connection,
        "SELECT wrong_codes FROM people WHERE person_id = :id AND wrong_codes_since >= :since",
        {"id": person_id, "since": since},
    )
    return int(found or 0)


def last_step(connection: Connection, person_id: str) -> int | None:
    """Return the last step whose code a person used."""
    step: int | None = fetch_value(connection, "SELECT totp_step FROM people WHERE person_id = :id", {"id": person_id})
    return step


def pending_secret(connection: Connection, person_id: str) -> str | None:
    """Return the sealed secret of an authenticator that is being enrolled."""
    sealed: str | None = fetch_value(
        connection, "SELECT totp_pending FROM people WHERE person_id = :id", {"id": person_id}
    )
    return sealed


def replace_recovery_codes(connection: Connection, person_id: str, digests: Sequence[str], at: datetime) -> None:
    """Put recovery codes in place of those a person has; none for none."""
    execute(connection, "DELETE FROM recovery_codes WHERE person_id = :id", {"id": person_id})
    rows = [{"person_id": person_id, "digest": digest, "created_at": at} for digest in digests]
    insert(connection, tables.recovery_codes, rows)


def use_recovery_code(connection: Connection, person_id: str, digest: str, at: datetime) -> bool:
    """Use a recovery code up; False where there is none, or it was used."""
    where = {"person_id": person_id, "digest": digest, "used_at": None}
    return update(connection, tables.recovery_codes, {"used_at": at}, where) == 1


def count_recovery_codes(connection: Connection, person_id: str) -> int:
    """Return how many recovery codes of a person are left."""
    sql = "SELECT count(*) FROM recovery_codes WHERE person_id = :id AND used_at IS NULL"
    return int(fetch_value(connection, sql, {"id": person_id}))


def provider_names(connection: Connection, provider_ids: Sequence[str]) -> dict[str, str]:
    """Return the names of some providers by their ids, in the order of these."""
    marks, parameters = in_list("id", dict.fromkeys(provider_ids))
    rows = fetch(
        connection,
        f"SELECT p.provider_id, p.name FROM providers p WHERE p.provider_id IN ({marks}) ORDER BY p.provider_id",
        parameters,
    )
    return dict(rows)


def client_names(connection: Connection, client_ids: Collection[str]) -> dict[str, str]:
    """Return what clients are called, by id: a membership as its person, any other by its own name."""
    marks, parameters = in_list("client", sorted(client_ids))
    rows = fetch(
        connection,
        "SELECT c.client_id, CASE WHEN m.client_id IS NULL THEN c.name "
        "ELSE coalesce(p.name, p.address, 'Somebody who was removed') END FROM clients c "
        "LEFT JOIN memberships m ON m.client_id = c.client_id LEFT JOIN people p ON p.person_id = m.person_id "
        f"WHERE c.client_id IN ({marks})",
        parameters,
    )
    return dict(rows)
