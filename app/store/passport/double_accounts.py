"""Physicians with two open accounts since two entries were merged: found, kept as claims, found again when parted.

Such a claim has in place of an address's digest the two accounts' clients: `merged <first> <second>`.
"""

from __future__ import annotations

from sqlalchemy import Connection

from app.domain.passport.accounts import DoubleAccount
from app.store.sql.statements import Row, fetch, fetch_column
from app.store.sql.values import read_optional_instant

_MARK = "merged"
_ID = len("cli_") + 36
_FIRST, _SECOND = len(_MARK) + 2, len(_MARK) + 3 + _ID
"""Where the clients begin, as SQL counts."""
_ROOT = "coalesce({0}.merged_into, {0}.learner_id)"


def asked_key_of(first: str, second: str) -> str:
    """Return what a claim between two accounts has in place of an address's digest."""
    return f"{_MARK} {first} {second}"


def find(connection: Connection, limit: int) -> list[str]:
    """Return physicians who have two open accounts, between which nobody has to decide yet, by id.

    Of two accounts of one physician one at least is an alias's, and aliases are few.
    """
    return fetch_column(
        connection,
        "SELECT DISTINCT l.merged_into FROM learners l "
        "JOIN passport_accounts a ON a.learner_id = l.learner_id AND a.closed_at IS NULL "
        "JOIN learners k ON k.learner_id = l.merged_into OR k.merged_into = l.merged_into "
        "JOIN passport_accounts b ON b.learner_id = k.learner_id AND b.closed_at IS NULL "
        "AND b.client_id <> a.client_id "
        "WHERE l.merged_into IS NOT NULL AND NOT EXISTS (SELECT 1 FROM passport_claims c WHERE c.outcome = 'taken' "
        "AND c.decided_at IS NULL AND c.asked_key IN (:mark || a.client_id || ' ' || b.client_id, "
        ":mark || b.client_id || ' ' || a.client_id)) ORDER BY l.merged_into LIMIT :limit",
        {"mark": f"{_MARK} ", "limit": limit},
    )


def is_asked(connection: Connection, one: str, other: str) -> bool:
    """Whether the operator has to decide between two accounts, whichever came first then."""
    keys = {"key": asked_key_of(one, other), "turned": asked_key_of(other, one)}
    sql = "SELECT claim_id FROM passport_claims WHERE asked_key IN (:key, :turned) AND decided_at IS NULL"
    return bool(fetch_column(connection, sql, keys))


def parted(connection: Connection, limit: int) -> list[DoubleAccount]:
    """Return those of whom the two accounts are two physicians' again, and who were not told of it, by claim."""
    rows = fetch(
        connection,
        "SELECT c.claim_id, f.client_id, s.client_id, c.decided_at FROM passport_claims c "
        f"JOIN passport_accounts f ON f.client_id = substr(c.asked_key, {_FIRST}, {_ID}) "
        f"JOIN passport_accounts s ON s.client_id = substr(c.asked_key, {_SECOND}, {_ID}) "
        "JOIN learners lf ON lf.learner_id = f.learner_id JOIN learners ls ON ls.learner_id = s.learner_id "
        "WHERE c.outcome = 'taken' AND c.used_at IS NULL AND c.asked_key LIKE :marked "
        f"AND {_ROOT.format('lf')} <> {_ROOT.format('ls')} ORDER BY c.claim_id LIMIT :limit",
        {"marked": f"{_MARK} %", "limit": limit},
    )
    return list(map(_read, rows))


def _read(row: Row) -> DoubleAccount:
    claim_id, first, second, decided_at = row
    return DoubleAccount(claim_id=claim_id, first=first, second=second, decided_at=read_optional_instant(decided_at))
