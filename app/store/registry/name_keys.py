"""The comparison keys of names that are stored: their version, and how they are made anew when it has changed.

A key that was stored by one version of `name_key` and a key that is looked up by another never meet: the person would
be missed. So the version is stored, and the service does not start on another. A migration after `NAME_KEYS` was raised
is one call of `remake`, and `learner` added to `digests_due`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from time import monotonic
from typing import Any

from sqlalchemy import Connection, inspect

from app.core.logging import log
from app.core.progress import report_progress
from app.domain.identity.comparison_keys import NAME_KEYS, damage_of, full_name_key, name_key
from app.store.sql.statements import Row, execute, execute_many, fetch, fetch_value

NAMES, FORMS = "names", "forms"
AT_ONCE = 5_000
_KEY = ("learner_id", "last_key", "first_key")
PER_SECOND = 40_000
"""Rows that a second is enough for on a busy machine, for who waits."""


def version_of(connection: Connection, keys: str = NAMES) -> int | None:
    """Return the version of the keys, or forms, of names that are stored; None where there is none."""
    stored: int | None = fetch_value(connection, "SELECT version FROM key_versions WHERE keys = :keys", {"keys": keys})
    return stored


def note_version(connection: Connection, keys: str, version: int) -> None:
    """Note in which version keys, or forms, are stored."""
    execute(connection, "DELETE FROM key_versions WHERE keys = :keys", {"keys": keys})
    row = {"keys": keys, "version": version}
    execute(connection, "INSERT INTO key_versions (keys, version) VALUES (:keys, :version)", row)


def remake(connection: Connection) -> None:
    """Make the keys of all names anew, in the caller's transaction, and note their version.

    Rows are read in pieces and written only where their key changes. Two names of a physician that have become one key
    become one row. The log says how many rows there are before the first is read, and at the end what was done.
    """
    begin = monotonic()
    names, completions = _count(connection, "learner_names"), _count(connection, "completions")
    if names or completions:
        log.info(
            "name_keys_begun",
            names=names,
            completions=completions,
            expected_seconds=round((names + completions) / PER_SECOND, 1),
        )
    changed, damaged = _remake_physicians(connection, names)
    changed_completions = _remake_completions(connection, completions)
    note_version(connection, NAMES, NAME_KEYS)
    if names or completions:
        log.info(
            "name_keys_made",
            version=NAME_KEYS,
            names_changed=changed,
            names_merged=names - _count(connection, "learner_names"),
            names_damaged=damaged,
            completions_changed=changed_completions,
            seconds=round(monotonic() - begin, 1),
        )


def _count(connection: Connection, table: str) -> int:
    count: int = fetch_value(connection, f"SELECT count(*) FROM {table}")
    return count


def _remake_physicians(connection: Connection, names: int) -> tuple[int, int]:
    """Make the keys of physicians' names anew; return how many changed, and how many are of texts that are no names."""
    changed = damaged = done = 0
    # Migrations call this before and after the table got further columns: a name keeps whatever stands beside it.
    columns = [column["name"] for column in inspect(connection).get_columns("learner_names")]
    beside = sorted(set(columns) - set(_KEY))
    insert = ", ".join((*_KEY, *beside)), ", ".join(f":{column}" for column in (*_KEY, *beside))
    for piece in _pieces(
        connection,
        f"SELECT {', '.join(f'n.{column}' for column in (*_KEY, *beside))}, l.first_name "
        "FROM learner_names n JOIN learners l ON l.learner_id = n.learner_id "
        "WHERE (n.learner_id, n.last_key, n.first_key) > (:after0, :after1, :after2) "
        "ORDER BY n.learner_id, n.last_key, n.first_key LIMIT :at_once",
        3,
    ):
        done += len(piece)
        report_progress("keys of physicians' names", done, names)
        old: list[dict[str, Any]] = []
        new: list[dict[str, Any]] = []
        for *values, shown in piece:
            name = dict(zip((*_KEY, *beside), values, strict=True))
            keys = name["last_key"], name["first_key"]
            last, first = _keys_anew(*keys, name["last_name"], name.get("first_name"), shown)
            if (last, first) == keys:
                continue
            damaged += damage_of(last) is not None or damage_of(first) is not None
            old.append({column: name[column] for column in _KEY})
            new.append(name | {"last_key": last, "first_key": first})
        if old:
            execute_many(
                connection,
                "DELETE FROM learner_names "
                "WHERE learner_id = :learner_id AND last_key = :last_key AND first_key = :first_key",
                old,
            )
            execute_many(
                connection,
                f"INSERT INTO learner_names ({insert[0]}) VALUES ({insert[1]}) ON CONFLICT DO NOTHING",
                new,
            )
            changed += len(old)
    return changed, damaged


def _keys_anew(last_key: str, first_key: str, last_name: str, first_name: str | None, shown: str) -> tuple[str, str]:
    """Return a physician's keys as this version makes them; `shown` is the first name that is shown.

    A first name is not stored with each last name of earlier releases, and may have changed since. The key of an older
    key is the key of its name, except of a name with a lost letter, whose key does not show it. Of somebody with one
    name, the only key may be that of the first name.
    """
    if first_name is not None:
        return full_name_key(first_name, last_name)
    last, first = name_key(last_name), name_key(first_key)
    given = first if last else name_key(last_key)
    if damage_of(shown) is not None and name_key(shown)[1:] == given:
        given = name_key(shown)
    return (last, given) if last else (given, "")


def _remake_completions(connection: Connection, completions: int) -> int:
    """Make the keys by which lists of completions are sorted and searched anew; return how many changed."""
    changed = done = 0
    for piece in _pieces(
        connection,
        "SELECT completion_id, first_name, last_name, first_key, last_key FROM completions "
        "WHERE completion_id > :after0 ORDER BY completion_id LIMIT :at_once",
        1,
    ):
        done += len(piece)
        report_progress("keys of completions' names", done, completions)
        keys = [
            {"completion_id": completion_id, "last_key": last, "first_key": first}
            for completion_id, first_name, last_name, first_key, last_key in piece
            for last, first in (full_name_key(first_name, last_name),)
            if (last, first) != (last_key, first_key)
        ]
        execute_many(
            connection,
            "UPDATE completions SET last_key = :last_key, first_key = :first_key WHERE completion_id = :completion_id",
            keys,
        )
        changed += len(keys)
    return changed


def find_other_keys(connection: Connection) -> Iterator[str]:
    """Yield the physicians with a name that is not stored under the keys which this version makes of it.

    They would be missed, or taken for somebody else. Of the first names of some former names only the key is stored.
    """
    after = ("",)
    while people := fetch(
        connection,
        "SELECT learner_id, first_name, last_name FROM learners WHERE learner_id > :after AND merged_into IS NULL "
        "AND erased_at IS NULL ORDER BY learner_id LIMIT :at_once",
        {"after": after[0], "at_once": AT_ONCE},
    ):
        shown = {physician_id: (first_name, last_name) for physician_id, first_name, last_name in people}
        found: set[str] = set()
        missing = {physician_id: full_name_key(*name) for physician_id, name in shown.items()}
        for physician_id, last_key, first_key, last_name, own_first in fetch(
            connection,
            "SELECT learner_id, last_key, first_key, last_name, first_name FROM learner_names "
            "WHERE learner_id > :after AND learner_id <= :until",
            {"after": after[0], "until": people[-1][0]},
        ):
            keys = (last_key, first_key)
            if missing.get(physician_id) == keys:
                del missing[physician_id]
            if physician_id not in shown:
                continue
            first_name, _ = shown[physician_id]
            anew = _keys_anew(*keys, last_name, own_first, first_name)
            if keys != anew and (own_first is not None or keys != full_name_key(first_name, last_name)):
                found.add(physician_id)
        yield from sorted(found | missing.keys())
        after = people[-1][:1]


def _pieces(connection: Connection, sql: str, keys: int) -> Iterator[Sequence[Row]]:
    """Yield the rows of a query in pieces; its first columns are the key after which the next piece begins."""
    after: Sequence[str] = [""] * keys
    while rows := fetch(
        connection, sql, {f"after{place}": key for place, key in enumerate(after)} | {"at_once": AT_ONCE}
    ):
        yield rows
        after = rows[-1][:keys]
