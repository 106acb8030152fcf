"""Pairs: two physicians on file who seem to be one person, and what was decided of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from app.domain.identity.learners import PairStatus
from app.domain.identity.pairs import FiledPair
from app.models.learners import registry_pairs
from app.store.sql.bulk import insert, update
from app.store.sql.rows import RowMapper, column
from app.store.sql.statements import fetch

_PAIR = RowMapper(FiledPair, registry_pairs, "p", physician_id=column("learner_id"))
_PUT_OFF = "coalesce(p.postponed_at, p.first_seen_at)"
"""By it pairs are ordered: one that was put off goes behind the others."""
_BOTH_STAND = """
    JOIN learners a ON a.learner_id = p.learner_id JOIN learners b ON b.learner_id = p.other_id
    AND coalesce(a.merged_into, a.learner_id) <> coalesce(b.merged_into, b.learner_id)"""


def find(connection: Connection, one: str, other: str) -> FiledPair | None:
    """Return the pair of two physicians."""
    first, second = sorted((one, other))
    rows = fetch(
        connection,
        f"SELECT {_PAIR.columns} FROM registry_pairs p WHERE p.learner_id = :first AND p.other_id = :second",
        {"first": first, "second": second},
    )
    return _PAIR.read_first(connection, rows)


def page(connection: Connection, status: PairStatus, after: Sequence[str] | None, limit: int) -> list[FiledPair]:
    """Return the next pairs of a status, the longest known first; `after` are moment and ids of the last one.

    Open ones of whom both have become one person in another way are left out.
    """
    moment, one, other = after if after is not None else ("", "", "")
    behind = f"({_PUT_OFF}, p.learner_id, p.other_id) > (:moment, :one, :other)"
    both = _BOTH_STAND if status is PairStatus.OPEN else ""
    rows = fetch(
        connection,
        f"SELECT {_PAIR.columns} FROM registry_pairs p {both} WHERE p.status = :status"
        f"{f' AND {behind}' if after is not None else ''} ORDER BY {_PUT_OFF}, p.learner_id, p.other_id LIMIT :limit",
        {"status": status.value, "limit": limit}
        | ({"moment": moment, "one": one, "other": other} if after is not None else {}),
    )
    return _PAIR.read(connection, rows)


def set_status(connection: Connection, one: str, other: str, status: PairStatus, at: datetime, client_id: str) -> bool:
    """Decide a pair, or open it again; False where there is none."""
    first, second = sorted((one, other))
    decided = status is not PairStatus.OPEN
    values = {
        "status": status.value,
        "decided_at": at if decided else None,
        "decided_by": client_id if decided else None,
    }
    return update(connection, registry_pairs, values, {"learner_id": first, "other_id": second}) > 0


def put_off(connection: Connection, one: str, other: str, at: datetime) -> None:
    """Let a pair go behind the others."""
    first, second = sorted((one, other))
    update(connection, registry_pairs, {"postponed_at": at}, {"learner_id": first, "other_id": second})


def add(connection: Connection, pair: FiledPair) -> None:
    """Keep a pair that no import has seen."""
    insert(
        connection,
        registry_pairs,
        [
            {
                "learner_id": pair.physician_id,
                "other_id": pair.other_id,
                "evidence": pair.evidence,
                "name_level": pair.name_level,
                "birth_level": pair.birth_level,
                "source": pair.source,
                "first_seen_at": pair.first_seen_at,
                "status": pair.status,
                "decided_at": pair.decided_at,
                "decided_by": pair.decided_by,
            }
        ],
    )
