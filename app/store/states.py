"""What is stored of a subject, as one text: what its keyed digest in the audit log is made over.

A state is every column of the rows of a subject, but for those left out below. NULL is left out of it, so a migration
that adds an empty column changes no state; one that changes anything else here adds the nouns to `digests_due`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import Connection, Table

from app.core.security import Keyring
from app.models import activities, disputes, held, learners, organisations, passport, people, webhooks
from app.models.base import Instant
from app.store.sql.key_sets import select_by_keys
from app.store.sql.statements import Row, fetch, fetch_column, fetch_value, on_sqlite, take_advisory_locks
from app.store.sql.values import plain_name, read_optional_instant

STATES: dict[str, tuple[Table, ...]] = {
    "client": (organisations.clients, organisations.client_secrets, organisations.grants),
    "provider": (organisations.providers,),
    "activity": (activities.activities, activities.activity_boards),
    "webhook-endpoint": (webhooks.webhook_endpoints,),
    "held-record": (held.held_records, held.held_digests, held.held_references),
    "person": (people.people, people.memberships, people.recovery_codes),
    "passport-account": (passport.passport_accounts,),
    "transcript": (passport.transcripts,),
    "withdrawn-permission": (disputes.withdrawn_permissions,),
    "share": (passport.passport_shares, passport.passport_share_views),
    "learner": (learners.learners, learners.learner_names, learners.licenses, learners.certifications),
}
"""The tables of each noun, all of which have the key of the first one's rows."""
LEFT_OUT: dict[str, dict[str, str]] = {
    "activities": {"title_key": "is made of the title, which is protected"},
    "providers": {"merging_into": "stands for seconds, before a merge: it takes nothing and gives nobody a right"},
    "people": dict.fromkeys(
        ("totp_pending", "totp_step", "wrong_codes", "wrong_codes_since", "seen_at"),
        "changes as the person signs in: nobody's right depends on it alone",
    ),
    "transcripts": {"pdf": "is bytes: its digest is protected"},
    "client_secrets": {"last_used_at": "is noted as the key is used: nobody's right depends on it"},
    "webhook_endpoints": dict.fromkeys(
        (
            *("status", "disabled_reason", "disabled_at", "failing_since", "version", "updated_at", "secrets"),
            *("recovers_since", "recovers_after", "recovers_until"),
        ),
        "changes as deliveries are tried and secrets end; a secret is encrypted for its endpoint",
    ),
    "held_records": dict.fromkeys(
        ("findings", "judged_at", "generation", "version", "updated_at"),
        "changes as a record is judged again: what was sent, where it stands and its end are protected",
    ),
}
"""Columns that no state holds, each with the reason."""
_STATE = "record-state"
_LOCK = 0x7374
_IN_PARTS = ("client", "learner")
"""Nouns of which one transaction may add a row beside another."""
_encoder = msgspec.json.Encoder(order="deterministic")
canonical = _encoder.encode
"""Write a value as JSON with sorted keys: the same bytes from what is written and from what either database returns."""


def key_of(noun: str) -> str:
    """Return the column that identifies a subject."""
    (column,) = STATES[noun][0].primary_key.columns
    return plain_name(column.name)


@cache
def _columns(table: Table, key: str) -> list[str]:
    """Return the names of the columns that are part of a state, the key first."""
    left_out = LEFT_OUT.get(table.name, {})
    names = [plain_name(column.name) for column in table.columns if column.name != key and column.name not in left_out]
    return [key, *names]


@cache
def _instants(table: Table, key: str) -> list[int]:
    names = _columns(table, key)
    return [place for place, name in enumerate(names) if isinstance(table.columns[name].type, Instant)]


def _assemble(connection: Connection, noun: str, read: Callable[[Table, str], Iterable[Row]]) -> dict[str, bytes]:
    """Return the states of the subjects whose rows are read, table by table.

    Values are as the driver gives them: SQLite's are those stored. PostgreSQL's instants depend on its session.
    """
    parts: dict[str, list[bytes]] = {}
    key = key_of(noun)
    for place, table in enumerate(STATES[noun]):
        names = _columns(table, key)
        rows = read(table, ", ".join(f"t.{name}" for name in names))
        instants = [] if on_sqlite(connection) else _instants(table, key)
        head = table.name.encode()
        lines: defaultdict[str, list[bytes]] = defaultdict(list)
        for row in rows:
            pairs = [
                pair
                for pair in zip(names, _in_utc(row, instants) if instants else row, strict=True)
                if pair[1] is not None
            ]
            subject_id, *_ = row
            lines[subject_id].append(canonical(pairs))
        if place == 0:
            parts = {subject_id: [head, *of_subject] for subject_id, of_subject in lines.items()}
            continue
        for subject_id, of_subject in lines.items():
            if subject_id in parts:
                parts[subject_id] += [head, *sorted(of_subject)]
    return {subject_id: b"\n".join(lines) for subject_id, lines in parts.items()}


def _in_utc(row: Row, instants: Sequence[int]) -> list[Any]:
    values = list(row)
    for place in instants:
        values[place] = read_optional_instant(values[place])
    return values


def load(connection: Connection, noun: str, ids: Iterable[str]) -> dict[str, bytes]:
    """Return the states of subjects by their ids; one that does not exist is left out."""
    key, keys = key_of(noun), [(id,) for id in ids]
    return _assemble(
        connection,
        noun,
        lambda table, columns: select_by_keys(connection, columns, ("id",), keys, f"{table.name} t ON t.{key} = k.id"),
    )


def load_between(connection: Connection, noun: str, after: str, until: str | None) -> dict[str, bytes]:
    """Return the states of the subjects with ids after one, up to another; None for no end."""
    between, parameters = key_range(f"t.{key_of(noun)}", after, until)
    return _assemble(
        connection,
        noun,
        lambda table, columns: fetch(connection, f"SELECT {columns} FROM {table.name} t WHERE {between}", parameters),
    )


def ids_after(connection: Connection, noun: str, after: str, limit: int) -> list[str]:
    """Return the ids of subjects after one, in their order; of learners, the physicians of the registry only."""
    live = " AND sandbox = ''" if noun == "learner" else ""
    key, (table, *_) = key_of(noun), STATES[noun]
    return fetch_column(
        connection,
        f"SELECT {key} FROM {table.name} WHERE {key} > :after{live} ORDER BY {key} LIMIT :limit",
        {"after": after, "limit": limit},
    )


def count(connection: Connection, noun: str) -> int:
    """Return how many subjects of a noun there are, those of the sandbox included."""
    table, *_ = STATES[noun]
    found: int = fetch_value(connection, f"SELECT count(*) FROM {table.name}")
    return found


def fictional(connection: Connection, after: str, until: str | None) -> frozenset[str]:
    """Return the learners of the sandbox in a range: they are about nobody, and no audit row names them."""
    between, parameters = key_range("learner_id", after, until)
    ids = fetch_column(connection, f"SELECT learner_id FROM learners WHERE sandbox <> '' AND {between}", parameters)
    return frozenset(ids)


def key_range(column: str, after: str, until: str | None) -> tuple[str, dict[str, str]]:
    """Return the condition that a key is in a range, and its parameters."""
    if until is None:
        return f"{column} > :after", {"after": after}
    return f"{column} > :after AND {column} <= :until", {"after": after, "until": until}


def digest_state(keyring: Keyring, noun: str, subject_id: str, commit_id: str, state: bytes) -> str:
    """Return the keyed digest of a state after a commit: it fits no other subject and no other commit."""
    return keyring.record_digest(_STATE, _bound(noun, subject_id, commit_id, state))


def is_digest_of(keyring: Keyring, digest: str, noun: str, subject_id: str, commit_id: str, state: bytes) -> bool:
    """Whether a digest is that of a state after a commit."""
    return keyring.verifies_record(_STATE, _bound(noun, subject_id, commit_id, state), digest)


def _bound(noun: str, subject_id: str, commit_id: str, state: bytes) -> bytes:
    return f"{noun}\n{subject_id}\n{commit_id}\n".encode() + state


def lock(connection: Connection, noun: str) -> None:
    """Take the lock under which states of a noun are read to be digested: changes beside it are seen or come after.

    Other nouns have one row that every change of their subject locks.
    """
    if noun in _IN_PARTS:
        take_advisory_locks(connection, _LOCK, [_IN_PARTS.index(noun)])
