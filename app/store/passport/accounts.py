"""Physicians' accounts, those who asked for one, and joining codes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from app.domain.passport.accounts import JoiningCode, PassportAccount, PassportClaim
from app.models import passport as tables
from app.store.sql.bulk import insert, update
from app.store.sql.rows import RowMapper
from app.store.sql.statements import execute, fetch, fetch_column, fetch_value, in_list, locking_clause

_ACCOUNT = RowMapper(PassportAccount, tables.passport_accounts, "a")
_CLAIM = RowMapper(PassportClaim, tables.passport_claims, "c")
_CODE = RowMapper(JoiningCode, tables.joining_codes, "j")


def add(connection: Connection, account: PassportAccount) -> None:
    """Insert an account, whose client and membership are there."""
    insert(connection, tables.passport_accounts, [_ACCOUNT.values_of(account)])


def by_client(connection: Connection, client_id: str) -> PassportAccount | None:
    """Return the account that a membership is, closed or not."""
    rows = fetch(
        connection, f"SELECT {_ACCOUNT.columns} FROM passport_accounts a WHERE a.client_id = :id", {"id": client_id}
    )
    return _ACCOUNT.read_first(connection, rows)


def lock(connection: Connection, client_id: str) -> PassportAccount | None:
    """Return an account that nobody else changes for this transaction. PostgreSQL appends `FOR NO KEY UPDATE`."""
    rows = fetch(
        connection,
        f"SELECT {_ACCOUNT.columns} FROM passport_accounts a WHERE a.client_id = :id"
        f"{locking_clause(connection, 'NO KEY UPDATE')}",
        {"id": client_id},
    )
    return _ACCOUNT.read_first(connection, rows)


def open_of(connection: Connection, learner_ids: Collection[str], *, for_update: bool = False) -> list[PassportAccount]:
    """Return the open accounts of a physician, who has several ids after a merge; the oldest first.

    With `for_update` nobody else changes or closes them for this transaction: PostgreSQL appends `FOR NO KEY UPDATE`.
    """
    marks, parameters = in_list("id", sorted(learner_ids))
    rows = fetch(
        connection,
        f"SELECT {_ACCOUNT.columns} FROM passport_accounts a WHERE a.learner_id IN ({marks}) AND a.closed_at IS NULL "
        "ORDER BY a.opened_at, a.client_id" + (locking_clause(connection, "NO KEY UPDATE") if for_update else ""),
        parameters,
    )
    return _ACCOUNT.read(connection, rows)


def unconfirmed(connection: Connection, after: str, limit: int) -> list[PassportAccount]:
    """Return open accounts that nothing has confirmed, after a client, by client: the oldest first."""
    rows = fetch(
        connection,
        f"SELECT {_ACCOUNT.columns} FROM passport_accounts a WHERE a.closed_at IS NULL AND a.confirmed_at IS NULL "
        "AND a.client_id > :after ORDER BY a.client_id LIMIT :limit",
        {"after": after, "limit": limit},
    )
    return _ACCOUNT.read(connection, rows)


def unconfirmed_addresses(connection: Connection, after: str, limit: int) -> list[tuple[str, str, str]]:
    """Return (client, physician, mail address) of open accounts that nothing has confirmed, after a client."""
    rows = fetch(
        connection,
        "SELECT a.client_id, a.learner_id, p.address FROM passport_accounts a "
        "JOIN people p ON p.person_id = a.person_id AND p.address IS NOT NULL WHERE a.closed_at IS NULL "
        "AND a.confirmed_at IS NULL AND a.client_id > :after ORDER BY a.client_id LIMIT :limit",
        {"after": after, "limit": limit},
    )
    return [(client_id, learner_id, address) for client_id, learner_id, address in rows]


def change(connection: Connection, client_id: str, values: Mapping[str, Any]) -> None:
    """Change columns of an account."""
    update(connection, tables.passport_accounts, values, {"client_id": client_id})


def add_claim(connection: Connection, claim: PassportClaim, digest: str, asked_key: str) -> None:
    """Insert a claim under the digest of its link."""
    row = _CLAIM.values_of(claim) | {"digest": digest, "asked_key": asked_key}
    insert(connection, tables.passport_claims, [row])


def count_claims(connection: Connection, asked_keys: Sequence[str], since: datetime) -> int:
    """Return how many claims were made for an address since a moment; it has a key by each secret."""
    marks, parameters = in_list("key", asked_keys)
    return int(
        fetch_value(
            connection,
            f"SELECT count(*) FROM passport_claims WHERE asked_key IN ({marks}) AND created_at > :since",
            parameters | {"since": since},
        )
    )


def claim_of_link(connection: Connection, digest: str) -> PassportClaim | None:
    """Return the claim of a link's digest, whatever became of it."""
    rows = fetch(
        connection, f"SELECT {_CLAIM.columns} FROM passport_claims c WHERE c.digest = :digest", {"digest": digest}
    )
    return _CLAIM.read_first(connection, rows)


def find_claim(connection: Connection, claim_id: str) -> PassportClaim | None:
    """Return a claim by its id."""
    rows = fetch(connection, f"SELECT {_CLAIM.columns} FROM passport_claims c WHERE c.claim_id = :id", {"id": claim_id})
    return _CLAIM.read_first(connection, rows)


def lock_claim(connection: Connection, claim_id: str) -> PassportClaim | None:
    """Return a claim that nobody else changes for this transaction. PostgreSQL appends `FOR NO KEY UPDATE`."""
    rows = fetch(
        connection,
        f"SELECT {_CLAIM.columns} FROM passport_claims c WHERE c.claim_id = :id"
        f"{locking_clause(connection, 'NO KEY UPDATE')}",
        {"id": claim_id},
    )
    return _CLAIM.read_first(connection, rows)


def undecided_claims(connection: Connection, learner_ids: Collection[str] | None, limit: int) -> list[PassportClaim]:
    """Return claims to accounts that there are, which the operator has not decided; the oldest first.

    Of a physician, who has several ids after a merge; None for everybody's.
    """
    condition = ""
    parameters: dict[str, Any] = {}
    if learner_ids is not None:
        marks, parameters = in_list("id", sorted(learner_ids))
        condition = f"AND c.learner_id IN ({marks}) "
    rows = fetch(
        connection,
        f"SELECT {_CLAIM.columns} FROM passport_claims c WHERE c.outcome = 'taken' AND c.decided_at IS NULL "
        f"{condition}ORDER BY c.created_at, c.claim_id LIMIT :limit",
        parameters | {"limit": limit},
    )
    return _CLAIM.read(connection, rows)


def claims_on(connection: Connection, learner_ids: Collection[str], since: datetime) -> list[PassportClaim]:
    """Return claims to the account of a physician that nobody has decided, and those made since a moment.

    Those that had nobody to decide are left out: asked again, or for what the person has.
    """
    marks, parameters = in_list("id", sorted(learner_ids))
    rows = fetch(
        connection,
        f"SELECT {_CLAIM.columns} FROM passport_claims c WHERE c.learner_id IN ({marks}) AND c.outcome = 'taken' "
        "AND (c.decided_at IS NULL OR (c.created_at > :since AND c.decided_at > c.created_at))",
        parameters | {"since": since},
    )
    return _CLAIM.read(connection, rows)


def change_claim(connection: Connection, claim_id: str, values: Mapping[str, Any]) -> None:
    """Change columns of a claim."""
    update(connection, tables.passport_claims, values, {"claim_id": claim_id})


def end_claims(connection: Connection, learner_ids: Collection[str], at: datetime) -> None:
    """End the links of a physician that open an account, and were not used."""
    marks, parameters = in_list("id", sorted(learner_ids))
    execute(
        connection,
        f"UPDATE passport_claims SET used_at = :at WHERE learner_id IN ({marks}) AND outcome = 'found' "
        "AND used_at IS NULL",
        parameters | {"at": at},
    )


def end_codes(connection: Connection, learner_ids: Collection[str], at: datetime) -> None:
    """End the joining codes of a physician that were not used."""
    marks, parameters = in_list("id", sorted(learner_ids))
    execute(
        connection,
        f"UPDATE joining_codes SET expires_at = :at WHERE learner_id IN ({marks}) AND used_at IS NULL "
        "AND expires_at > :at",
        parameters | {"at": at},
    )


def delete_claims(connection: Connection, before: datetime) -> int:
    """Delete claims from before a moment, but those that the operator has still to decide; return how many."""
    return execute(
        connection,
        "DELETE FROM passport_claims WHERE expires_at < :before AND (outcome <> 'taken' OR decided_at IS NOT NULL)",
        {"before": before},
    )


def strangers(connection: Connection, before: datetime, limit: int) -> list[str]:
    """Return people from before a moment who are members of nothing, and neither ask for nor are told anything."""
    return fetch_column(
        connection,
        "SELECT p.person_id FROM people p WHERE p.removed_at IS NULL AND p.created_at < :before "
        "AND NOT EXISTS (SELECT 1 FROM memberships m JOIN clients c ON c.client_id = m.client_id "
        "WHERE m.person_id = p.person_id AND c.revoked_at IS NULL) "
        "AND NOT EXISTS (SELECT 1 FROM mails m WHERE m.person_id = p.person_id AND m.finished_at IS NULL) "
        "AND NOT EXISTS (SELECT 1 FROM passport_claims c WHERE c.person_id = p.person_id) "
        "AND NOT EXISTS (SELECT 1 FROM address_changes h WHERE h.new_person_id = p.person_id AND h.ended_at IS NULL) "
        "ORDER BY p.person_id LIMIT :limit",
        {"before": before, "limit": limit},
    )


def add_code(connection: Connection, row: Mapping[str, Any]) -> None:
    """Insert a joining code under its digest."""
    insert(connection, tables.joining_codes, [row])


def find_code(connection: Connection, digests: Sequence[str]) -> JoiningCode | None:
    """Return a joining code, locked for this transaction; it has a digest by each secret."""
    marks, parameters = in_list("digest", digests)
    rows = fetch(
        connection,
        f"SELECT {_CODE.columns} FROM joining_codes j WHERE j.digest IN ({marks})"
        f"{locking_clause(connection, 'NO KEY UPDATE')}",
        parameters,
    )
    return _CODE.read_first(connection, rows)


def code_of(connection: Connection, digests: Sequence[str]) -> JoiningCode | None:
    """Return a joining code as it stands, not locked; it has a digest by each secret."""
    marks, parameters = in_list("digest", digests or ("",))
    rows = fetch(connection, f"SELECT {_CODE.columns} FROM joining_codes j WHERE j.digest IN ({marks})", parameters)
    return _CODE.read_first(connection, rows)


def lock_codes(connection: Connection, learner_ids: Collection[str]) -> list[JoiningCode]:
    """Return all codes of a physician, who has several ids after a merge, locked for this transaction.

    PostgreSQL appends `FOR NO KEY UPDATE`.
    """
    marks, parameters = in_list("id", sorted(learner_ids))
    rows = fetch(
        connection,
        f"SELECT {_CODE.columns} FROM joining_codes j WHERE j.learner_id IN ({marks}) "
        f"ORDER BY j.digest{locking_clause(connection, 'NO KEY UPDATE')}",
        parameters,
    )
    return _CODE.read(connection, rows)


def use_code(connection: Connection, digest: str, at: datetime) -> None:
    """Use a joining code up."""
    update(connection, tables.joining_codes, {"used_at": at}, {"digest": digest})


def count_try(connection: Connection, digest: str) -> None:
    """Count that a joining code was given with data that are not the physician's."""
    execute(connection, "UPDATE joining_codes SET tries = tries + 1 WHERE digest = :digest", {"digest": digest})


def delete_codes(connection: Connection, before: datetime) -> int:
    """Delete joining codes that ended before a moment; return how many."""
    return execute(connection, "DELETE FROM joining_codes WHERE expires_at < :before", {"before": before})


def drop_of_learners(connection: Connection, learner_ids: Collection[str]) -> None:
    """Delete the claims and codes of physicians who are erased."""
    marks, parameters = in_list("id", sorted(learner_ids))
    for table in ("passport_claims", "joining_codes"):
        execute(connection, f"DELETE FROM {table} WHERE learner_id IN ({marks})", parameters)
