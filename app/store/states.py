"""What is stored of a subject, as one text: what its keyed digest in the audit log is made over.

A state is every column of the rows of a subject, but for those left out below. NULL is left out of it, so a migration
that adds an empty column changes no state; one that changes anything else here adds the nouns to `digests_due`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

import msgspec
from sqlalchemy import Connection, Table

from app.core.security import Keyring
from app.models import activities, learners, organisations, webhooks
from app.store.sql.key_sets import select_by_keys
from app.store.sql.statements import Row, fetch, fetch_column, on_sqlite, take_advisory_locks
from app.store.sql.values import Converter, column_reader

STATES: dict[str, tuple[Table, ...]] = {
    "client": (organisations.clients, organisations.client_secrets, organisations.grants),
    "provider": (organisations.providers,),
    "activity": (activities.activities, activities.activity_boards),
    "webhook-endpoint": (webhooks.webhook_endpoints,),
    "learner": (learners.learners, learners.learner_names, learners.licenses, learners.certifications),
}
"""The tables of each noun, all of which have the key of the first one's rows."""
LEFT_OUT: dict[str, dict[str, str]] = {
    "webhook_endpoints": dict.fromkeys(
        ("status", "disabled_reason", "disabled_at", "failing_since", "version", "updated_at", "secrets"),
        "changes as deliveries are tried and secrets end; a secret is encrypted for its endpoint",
    )
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
    return column.name


@cache
def _readers(table: Table, key: str, *, sqlite: bool) -> list[tuple[str, Converter | None]]:
    """Return the columns that are part of a state, the key first, each with what reads it."""
    left_out = LEFT_OUT.get(table.name, {})
    names = [column.name for column in table.columns if column.name != key and column.name not in left_out]
    return [(name, column_reader(table.columns[name], sqlite=sqlite)) for name in (key, *names)]


def _state_rows(table: Table, key: str, rows: Iterable[Row], *, sqlite: bool) -> Iterator[tuple[str, bytes]]:
    """Yield (subject, canonical row)."""
    readers = _readers(table, key, sqlite=sqlite)
    for row in rows:
        values = {
            name: value if read is None else read(value)
            for (name, read), value in zip(readers, row, strict=True)
            if value is not None
        }
        yield row[0], canonical(values)


def _assemble(noun: str, by_table: Sequence[tuple[Table, Iterable[tuple[str, bytes]]]]) -> dict[str, bytes]:
    parts: defaultdict[str, list[bytes]] = defaultdict(list)
    standing: set[str] = set()
    for place, (table, rows) in enumerate(by_table):
        of_table: defaultdict[str, list[bytes]] = defaultdict(list)
        for subject_id, row in rows:
            of_table[subject_id].append(row)
        if place == 0:
            standing = set(of_table)
        for subject_id, lines in of_table.items():
            parts[subject_id] += [table.name.encode(), *sorted(lines)]
    return {subject_id: b"\n".join(lines) for subject_id, lines in parts.items() if subject_id in standing}


def load(connection: Connection, noun: str, ids: Iterable[str]) -> dict[str, bytes]:
    """Return the states of subjects by their ids; one that does not exist is left out."""
    key, sqlite = key_of(noun), on_sqlite(connection)
    keys = [(id,) for id in ids]
    return _assemble(
        noun,
        [
            (
                table,
                _state_rows(
                    table,
                    key,
                    select_by_keys(
                        connection,
                        ", ".join(f"t.{name}" for name, _ in _readers(table, key, sqlite=sqlite)),
                        ("id",),
                        keys,
                        f"{table.name} t ON t.{key} = k.id",
                    ),
                    sqlite=sqlite,
                ),
            )
            for table in STATES[noun]
        ],
    )


def load_between(connection: Connection, noun: str, after: str, until: str | None) -> dict[str, bytes]:
    """Return the states of the subjects with ids after one, up to another; None for no end."""
    key, sqlite = key_of(noun), on_sqlite(connection)
    between, parameters = key_range(f"t.{key}", after, until)
    return _assemble(
        noun,
        [
            (
                table,
                _state_rows(
                    table,
                    key,
                    fetch(
                        connection,
                        f"SELECT {', '.join(f't.{name}' for name, _ in _readers(table, key, sqlite=sqlite))} "
                        f"FROM {table.name} t WHERE {between}",
                        parameters,
                    ),
                    sqlite=sqlite,
                ),
            )
            for table in STATES[noun]
        ],
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
