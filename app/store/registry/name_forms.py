"""The forms of names by which people are found whose name was written otherwise, as stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection

from app.domain.identity.learners import WrittenName, name_on_file
from app.models.learners import name_forms
from app.store.sql.bulk import insert
from app.store.sql.key_sets import join_per_key, select_by_keys
from app.store.sql.statements import execute_many, fetch

AT_ONCE = 5_000


class NamedPerson(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody's forms are made of."""

    physician_id: str
    birth_date: str
    names: tuple[WrittenName, ...]
    states: tuple[str, ...]


_NAMES = """n.learner_id, n.first_key, n.last_name, n.first_name, n.middle_name, n.suffix,
    l.first_name, l.middle_name, l.suffix, l.birth_date"""
_STATES = "h.learner_id, b.state"


def load(connection: Connection, physician_ids: Iterable[str]) -> list[NamedPerson]:
    """Return what the forms of some people are made of."""
    ids = [(id,) for id in physician_ids]
    names = select_by_keys(
        connection,
        _NAMES,
        ("id",),
        ids,
        "learner_names n ON n.learner_id = k.id JOIN learners l ON l.learner_id = n.learner_id",
    )
    states = select_by_keys(
        connection, _STATES, ("id",), ids, "licenses h ON h.learner_id = k.id JOIN boards b ON b.code = h.board"
    )
    return _people(names, states)


def load_after(connection: Connection, after: str) -> list[NamedPerson]:
    """Return what the forms of the next `AT_ONCE` people after a physician are made of."""
    parameters = {"after": after, "at_once": AT_ONCE}
    some = "SELECT learner_id FROM learners WHERE learner_id > :after ORDER BY learner_id LIMIT :at_once"
    names = fetch(
        connection,
        f"SELECT {_NAMES} FROM learners l JOIN learner_names n ON n.learner_id = l.learner_id "
        f"WHERE l.learner_id IN ({some})",
        parameters,
    )
    states = fetch(
        connection,
        f"SELECT {_STATES} FROM licenses h JOIN boards b ON b.code = h.board WHERE h.learner_id IN ({some})",
        parameters,
    )
    return _people(names, states)


def _people(names: Iterable[Sequence[Any]], states: Iterable[Sequence[Any]]) -> list[NamedPerson]:
    held: dict[str, list[str]] = {}
    for physician_id, state in states:
        if state is not None:
            held.setdefault(physician_id, []).append(state)
    written: dict[str, list[WrittenName]] = {}
    born: dict[str, str] = {}
    for physician_id, first_key, last, first, middle, suffix, *shown, birth_date in names:
        name = name_on_file(first_key, last, (first, middle, suffix), shown)
        written.setdefault(physician_id, []).append(name)
        born[physician_id] = birth_date or ""
    return [
        NamedPerson(
            physician_id=physician_id,
            birth_date=born[physician_id],
            names=tuple(of_person),
            states=tuple(sorted(set(held.get(physician_id, ())))),
        )
        for physician_id, of_person in sorted(written.items())
    ]


FormRow = tuple[str, str, str, str, str]
"""(kind, form, birth date, state, names beside it)"""


def replace(connection: Connection, forms: Mapping[str, Iterable[FormRow]], *, known: Iterable[str]) -> None:
    """Store the forms of some people in place of those that stand; `known` are those who may have any."""
    execute_many(
        connection,
        "DELETE FROM name_forms WHERE learner_id = :learner_id",
        [{"learner_id": id} for id in sorted(known)],
    )
    insert(
        connection,
        name_forms,
        [
            {
                "kind": kind,
                "form": form,
                "birth_date": birth_date,
                "state": state,
                "learner_id": physician_id,
                "beside": beside,
            }
            for physician_id, rows in sorted(forms.items())
            for kind, form, birth_date, state, beside in sorted(rows)
        ],
    )


def stored(connection: Connection, physician_ids: Iterable[str]) -> dict[str, set[FormRow]]:
    """Return the forms that are stored of some people."""
    found: dict[str, set[FormRow]] = {}
    for physician_id, *row in select_by_keys(
        connection,
        "f.learner_id, f.kind, f.form, f.birth_date, f.state, f.beside",
        ("id",),
        [(id,) for id in physician_ids],
        "name_forms f ON f.learner_id = k.id",
    ):
        kind, form, birth_date, state, beside = row
        found.setdefault(physician_id, set()).add((kind, form, birth_date, state, beside))
    return found


class UnderForm(msgspec.Struct, frozen=True):
    """Somebody under a form, whatever their birth date."""

    kind: str
    form: str
    state: str
    physician_id: str
    beside: str
    """The forms of their other names."""


def load_under(connection: Connection, forms: Iterable[tuple[str, str, str]]) -> list[UnderForm]:
    """Return everybody under some (kind, form, state), whatever their birth dates; no forms, no statement.

    Of a common last name these are ten thousand: nothing but the table of forms is read.
    """
    rows = select_by_keys(
        connection,
        "k.kind, k.form, k.state, f.learner_id, f.beside",
        ("kind", "form", "state"),
        forms,
        join_per_key(connection, "name_forms f", "f.kind = k.kind AND f.form = k.form AND f.state = k.state"),
    )
    return [UnderForm(*row) for row in rows]
