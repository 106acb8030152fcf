"""Lists of completions: their filters and orders, and the indexes that answer them. Credit lines share the filters."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection

from app.core.http.pagination import SortKey, Total
from app.domain.batches import EntryMethod
from app.domain.credits import Completion
from app.domain.identity.comparison_keys import name_key
from app.domain.parsing import plain_text
from app.schemas.queries import CompletionFilters
from app.store.completions import load_by_ids
from app.store.lists.keyset_pages import ListConditions, count_total, find_places, without_index
from app.store.lists.orders import Order, Place, SortColumn, order_of
from app.store.sql.statements import fetch_column

SORTS = {
    "completed_on": SortColumn("c.completed_on", date),
    "submitted_at": SortColumn("c.submitted_at", datetime),
    "updated_at": SortColumn("c.updated_at", datetime),
    "last_name": SortColumn("c.last_key"),
    "first_name": SortColumn("c.first_key"),
    "activity_id": SortColumn("c.activity_id"),
}
_NEWEST = SortKey("completion_id", descending=True)
OWN = "c.provider_id = :provider AND c.withdrawn_at IS NULL"
"""The condition that a completion `c` stands and is the provider's."""


class CompletionFilter(msgspec.Struct, frozen=True, kw_only=True):
    """A query of one provider's completions, with its names as the codes that are stored.

    `boards`, `formats` and `credit_types` are None where the query does not filter by them, and empty where none fits.
    """

    provider_id: str
    query: CompletionFilters
    boards: Sequence[str] | None = None
    """Boards that a credit may be for, by what the query says of board, state and kind."""
    formats: Sequence[str] | None = None
    credit_types: Sequence[tuple[str | None, str]] | None = None
    """(board, name) of credit types, any of them; no board for a name that any board may have."""


def page(connection: Connection, wanted: CompletionFilter, after: Any, limit: int) -> list[tuple[Place, Completion]]:
    """Return standing completions after a place of the order, newest first when the query names none."""
    found = find_places(connection, conditions_of(wanted), order_by(wanted.query), after, limit)
    completions = load_by_ids(connection, [id for *_, id in found])
    by_id = {completion.completion_id: completion for completion in completions}
    return [(place, by_id[place[-1]]) for place in found]


def order_by(query: CompletionFilters) -> Order:
    """Return the order of a list; raises `ParameterInvalid` for an unknown one."""
    sort = query.order()
    if [key.name for key in sort] == ["last_name"]:
        # The index has both names, and too many people share a last name for ids to order them readably.
        sort = [*sort, SortKey("first_name", sort[0].descending)]
    return order_of(sort, SORTS, SortColumn("c.completion_id"), _NEWEST)


def count(connection: Connection, wanted: CompletionFilter) -> Total:
    """Count the standing completions, up to `MOST_COUNTED`."""
    return count_total(connection, conditions_of(wanted))


def stored_types(connection: Connection) -> list[str]:
    """Return every name of a credit type that is stored, by a loose index scan."""
    return fetch_column(
        connection,
        "WITH RECURSIVE known(name) AS (SELECT min(credit_type) FROM credit_types UNION ALL "
        "SELECT (SELECT min(t.credit_type) FROM credit_types t WHERE t.credit_type > known.name) FROM known "
        "WHERE known.name IS NOT NULL) SELECT name FROM known WHERE name IS NOT NULL",
    )


def conditions_of(wanted: CompletionFilter) -> ListConditions:
    """Return the conditions, and the ways to gather the rows that fit: the most selective come first."""
    conditions = ListConditions("completions c", [OWN], "completion_id", {"provider": wanted.provider_id})
    narrow(conditions, wanted)
    return conditions


def narrow(conditions: ListConditions, wanted: CompletionFilter, *, to_lines: bool = False) -> None:
    """Add the conditions of a query, with their sources, to a list of completions `c`.

    With `to_lines` it is a list of their credits `x`, each of which has to fit by itself.
    """
    query = wanted.query
    if query.completion_id:
        asked = f"c.completion_id IN ({conditions.in_list('completion', query.completion_id)})"
        conditions.add(asked, "c.completion_id")
        # At most a hundred, found by the primary key: no other filter has so few for sure.
        conditions.sources.append(f"SELECT c.completion_id FROM completions c WHERE {asked}")
    _narrow_to_learners(conditions, query)
    words = [
        _narrow_to_word(conditions, f"word{number}_", word, to_lines=to_lines)
        for number, word in enumerate(dict.fromkeys((query.q or "").split()))
    ]
    if len(words) > 1:
        conditions.sources.insert(0, _source_of_two(*words[:2]))
    _narrow_to_activities(conditions, wanted)
    conditions.between_days("c.completed_on", "completed", query.completed_from, query.completed_to)
    conditions.between_instants("c.submitted_at", "submitted", query.submitted_from, query.submitted_to)
    conditions.between_instants("c.updated_at", "updated", query.updated_from, None)
    for column in ("c.completed_on", "c.submitted_at", "c.updated_at"):
        _add_source(conditions, column)
    _narrow_to_credits(conditions, wanted, to_lines=to_lines)
    if query.entry_method:
        asked = f"c.entry_method IN ({conditions.in_list('entered', query.entry_method)})"
        if EntryMethod.API not in query.entry_method:
            # The condition of the partial index, word for word.
            asked = f"c.entry_method <> 'api' AND {asked}"
            conditions.sources.append(f"SELECT c.completion_id FROM completions c WHERE {OWN} AND {asked}")
            conditions.along_id.extend([asked] if len(query.entry_method) == 1 else [])
        conditions.add(asked, "c.entry_method")


def _add_source(conditions: ListConditions, column: str) -> None:
    """Let the rows that fit the conditions on a column be gathered by the column's index."""
    asked = [condition for tested, condition in conditions.tests if tested == column]
    if asked:
        conditions.sources.append(f"SELECT c.completion_id FROM completions c WHERE {' AND '.join((OWN, *asked))}")


def _narrow_to_learners(conditions: ListConditions, query: CompletionFilters) -> None:
    if query.learner_id:
        linked = (
            "SELECT l.learner_id FROM learner_links l WHERE l.provider_id IN (SELECT i.provider_id FROM providers i "
            "WHERE i.provider_id = :provider OR i.merged_into = :provider) "
            f"AND l.link IN ({conditions.in_list('link', query.learner_id)})"
        )
        conditions.add(f"c.learner_id IN ({linked})")
        conditions.sources.append(f"SELECT c.completion_id FROM completions c WHERE c.learner_id IN ({linked})")
    if query.batch_id:
        asked = f"c.batch_id IN ({conditions.in_list('batch', query.batch_id)})"
        conditions.add(asked, "c.batch_id")
        conditions.sources.append(f"SELECT c.completion_id FROM completions c WHERE {asked}")
    names: list[str] = []
    for column, name, given in (("c.last_key", "last", query.last_name), ("c.first_key", "first", query.first_name)):
        if given:
            asked = f"{column} IN ({conditions.in_list(name, [name_key(text) for text in given])})"
            conditions.add(asked, column)
            names.append(asked)
    if names:
        conditions.sources.append(f"SELECT c.completion_id FROM completions c WHERE {' AND '.join((OWN, *names))}")


def _narrow_to_activities(conditions: ListConditions, wanted: CompletionFilter) -> None:
    query = wanted.query
    if query.activity_id:
        asked = f"c.activity_id IN ({conditions.in_list('activity', query.activity_id)})"
        conditions.add(asked, "c.activity_id")
        conditions.sources.append(f"SELECT c.completion_id FROM completions c WHERE {asked}")
        if len(query.activity_id) == 1:
            conditions.along_id.append(asked)
    inside = activity_conditions(conditions, wanted)
    if inside:
        fits = " AND ".join(inside)
        conditions.add(f"(SELECT 1 FROM activities a WHERE a.activity_id = c.activity_id AND {fits} LIMIT 1) = 1")
        conditions.sources.append(
            "SELECT c.completion_id FROM activities a JOIN completions c ON c.activity_id = a.activity_id "
            f"WHERE a.provider_id = :provider AND {fits}"
        )


def activity_conditions(conditions: ListConditions, wanted: CompletionFilter) -> list[str]:
    """Return the conditions that an activity `a` fits, its id aside; none for any activity."""
    query = wanted.query
    inside: list[str] = []
    if wanted.formats is not None:
        inside.append(f"a.format IN ({conditions.in_list('format', wanted.formats)})")
    if query.mips is not None:
        # Of an expression PostgreSQL guesses that half of the activities have it.
        inside.append(f"a.mips IS {'' if query.mips else 'NOT '}TRUE")
    if query.rems is not None:
        inside.append(f"a.rems IS {'NOT ' if query.rems else ''}NULL")
    return inside


class _Word(msgspec.Struct, frozen=True):
    """How a word of a search finds completions."""

    names: Sequence[str]
    """Conditions that it begins the last name, and the first; none of a word that no name begins with."""
    others: Sequence[str]
    """Queries for those of which it is an id or a reference: few."""


def _source_of_two(one: _Word, other: _Word) -> str:
    """Return the query for what two words find together: mostly the one is the first name and the other the last.

    Each by itself may find very many, a person's whole name does not.
    """
    both = [f"{OWN} AND {first} AND {second}" for first in one.names for second in other.names]
    pairs = [f"SELECT c.completion_id FROM completions c WHERE {where}" for where in both]
    return " UNION ALL ".join((*pairs, *one.others, *other.others))


def _narrow_to_word(conditions: ListConditions, name: str, word: str, *, to_lines: bool) -> _Word:
    """Narrow to completions where a word begins a name, or is an id or a reference."""
    key = name_key(word)
    conditions.parameters[name] = plain_text(word)
    referred = (
        "FROM credit_references r JOIN credits l ON l.credit_id = r.credit_id "
        f"WHERE r.provider_id = :provider AND r.client_reference = :{name}"
    )
    named = f"FROM completion_references o WHERE o.provider_id = :provider AND o.client_reference = :{name}"
    names = (
        [conditions.starts_with(column, name + "key", key) for column in ("c.last_key", "c.first_key")] if key else []
    )
    own = [*names, f"c.activity_id = :{name}", f"c.completion_id = :{name}"]
    # The alias `l` hides no `x`: on lists of lines the credit is the line itself.
    this = "l.credit_id = x.credit_id" if to_lines else "l.completion_id = c.completion_id"
    elsewhere = (
        f"(SELECT 1 FROM credits l WHERE {this} AND l.reported_id = :{name} LIMIT 1) = 1",
        f"(SELECT 1 {referred} AND {this} LIMIT 1) = 1",
        f"(SELECT 1 {named} AND o.completion_id = c.completion_id LIMIT 1) = 1",
    )
    conditions.add(f"({' OR '.join((*own, *elsewhere))})")
    by_name, by_id = (
        [f"SELECT c.completion_id FROM completions c WHERE {OWN} AND {condition}" for condition in found]
        for found in (names, own[len(names) :])
    )
    others = (
        *by_id,
        f"SELECT x.completion_id FROM credits x WHERE x.provider_id = :provider AND x.reported_id = :{name}",
        f"SELECT l.completion_id {referred}",
        f"SELECT o.completion_id {named}",
    )
    conditions.sources.append(" UNION ALL ".join((*by_name, *others)))
    return _Word(names, others)


def credit_tests(conditions: ListConditions, wanted: CompletionFilter) -> list[str]:
    """Return the conditions that a credit `x` fits, each of which one and the same credit must; none for any credit."""
    query = wanted.query
    inside: list[str] = []
    for column, name, values in (
        ("x.board", "board", wanted.boards),
        ("x.kind", "kind", query.kind or None),
        ("x.status", "status", query.status or None),
    ):
        if values is not None:
            inside.append(f"{column} IN ({conditions.in_list(name, values)})")
    if wanted.credit_types is not None:
        typed = typed_as(conditions, wanted.credit_types)
        inside.append(f"(SELECT 1 FROM credit_types t WHERE t.credit_id = x.credit_id AND ({typed}) LIMIT 1) = 1")
    if query.client_reference:
        referred = _referred(conditions, query)
        inside.append(f"(SELECT 1 FROM credit_references r WHERE r.credit_id = x.credit_id AND {referred} LIMIT 1) = 1")
    return inside


def _referred(conditions: ListConditions, query: CompletionFilters) -> str:
    """Return the condition that a row `r` is of one of the references that are asked for."""
    marks = conditions.in_list("reference", list(map(plain_text, query.client_reference)))
    return f"r.provider_id = :provider AND r.client_reference IN ({marks})"


def _narrow_to_credits(conditions: ListConditions, wanted: CompletionFilter, *, to_lines: bool) -> None:
    """Narrow to completions with one credit that fits every filter of credits, or to the credits that fit."""
    query = wanted.query
    inside = credit_tests(conditions, wanted)
    either = ""
    if query.client_reference:
        referred = _referred(conditions, query)
        of_credits = "SELECT x.completion_id FROM credit_references r JOIN credits x ON x.credit_id = r.credit_id"
        of_records = f"SELECT r.completion_id FROM completion_references r WHERE {referred}"
        conditions.sources.insert(0, f"{of_credits} WHERE {referred} UNION ALL {of_records}")
        if len(inside) == 1:
            # A record without credit is found by its reference as well.
            either = f" OR ({of_records} AND r.completion_id = c.completion_id LIMIT 1) = c.completion_id"
    if not inside:
        return
    if to_lines:
        for condition in inside:
            column = condition.partition(" IN ")[0]
            conditions.add(condition, column if column.startswith("x.") else None)
    else:
        fits = without_index(*inside)
        credit = f"(SELECT 1 FROM credits x WHERE x.completion_id = c.completion_id AND {fits} LIMIT 1) = 1"
        conditions.add(f"({credit}{either})")
    for column, name, values in (
        ("x.status", "source_status", query.status),
        ("x.board", "source_board", wanted.boards),
    ):
        if values:
            asked = f"{column} IN ({conditions.in_list(name, values)})"
            conditions.sources.append(
                f"SELECT x.completion_id FROM credits x WHERE x.provider_id = :provider AND {asked}"
            )
    if wanted.credit_types:
        names = conditions.in_list("source_type", sorted({name for _, name in wanted.credit_types}))
        conditions.sources.append(
            "SELECT x.completion_id FROM credit_types t JOIN credits x ON x.credit_id = t.credit_id "
            f"WHERE t.credit_type IN ({names})"
        )


def typed_as(conditions: ListConditions, types: Sequence[tuple[str | None, str]]) -> str:
    """Return the condition that a row of `t`, of a credit `x`, has one of some types."""
    either: list[str] = []
    for number, (board, name) in enumerate(types):
        conditions.parameters[f"type{number}"] = name
        asked = f"t.credit_type = :type{number}"
        if board is not None:
            conditions.parameters[f"type_board{number}"] = board
            asked = f"x.board = :type_board{number} AND {asked}"
        either.append(f"({asked})")
    return " OR ".join(either) or "false"
