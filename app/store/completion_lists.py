"""Lists of completions: what narrows and orders them, and the indexes that answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection

from app.core.http.pagination import SortKey, Total
from app.domain.credits import Completion, CreditStatus
from app.store.completions import COMPLETION, LINKS, read
from app.store.keyset_pages import Column, ListConditions, Place, count_total, find_places, order_of, without_index
from app.store.sql.key_sets import select_by_keys
from app.store.sql.statements import fetch_column

SORTS = {
    "completed_on": Column("c.completed_on", date),
    "submitted_at": Column("c.submitted_at", datetime),
    "updated_at": Column("c.updated_at", datetime),
    "last_name": Column("c.last_key"),
    "first_name": Column("c.first_key"),
    "activity_id": Column("c.activity_id"),
}
_NEWEST = SortKey("completion_id", descending=True)
_OWN = "c.provider_id = :provider AND c.withdrawn_at IS NULL"


class CreditsWanted(msgspec.Struct, frozen=True, kw_only=True):
    """What one credit of a completion must have, all of it together; None asks for nothing."""

    boards: Sequence[str] | None = None
    kinds: Sequence[str] | None = None
    statuses: Sequence[str] | None = None
    types: Sequence[tuple[str | None, str]] | None = None
    """(board, name) of credit types, any of them; no board for a name that any board may have."""
    references: Sequence[str] | None = None


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What completions must have, in the words that are stored. An empty sequence asks for nothing."""

    provider_id: str
    words: Sequence[tuple[str, str]] = ()
    """Each word of a search with its key as a name, which may be empty."""
    activity_ids: Sequence[str] = ()
    last_keys: Sequence[str] = ()
    first_keys: Sequence[str] = ()
    entry_methods: Sequence[str] = ()
    learner_ids: Sequence[str] = ()
    batch_ids: Sequence[str] = ()
    completed: tuple[date | None, date | None] = (None, None)
    submitted: tuple[date | datetime | None, date | datetime | None] = (None, None)
    updated_from: date | datetime | None = None
    activity_formats: Sequence[str] | None = None
    mips: bool | None = None
    rems: bool | None = None
    credits: CreditsWanted = CreditsWanted()
    every_board: Sequence[str] = ()
    """Codes of all boards: what stands for no board in an index that begins with boards."""


def page(
    connection: Connection, wanted: Wanted, sort: Sequence[SortKey], after: Any, limit: int
) -> list[tuple[Place, Completion]]:
    """Return standing completions after a place of the order, newest first unless told otherwise."""
    if [key.name for key in sort] == ["last_name"]:
        # The index has both names; and so many have one last name that the id alone would be no order for a reader.
        sort = (*sort, SortKey("first_name", sort[0].descending))
    order = order_of(sort, SORTS, Column("c.completion_id"), _NEWEST)
    found = find_places(connection, conditions_of(wanted), order, after, limit)
    rows = select_by_keys(
        connection,
        COMPLETION.columns,
        ("id",),
        ((place[-1],) for place in found),
        f"completions c ON c.completion_id = k.id {LINKS}",
    )
    held = {each.completion_id: each for each in read(connection, rows)}
    return [(place, held[place[-1]]) for place in found]


def count(connection: Connection, wanted: Wanted) -> Total:
    """Count the standing completions, up to the most that is counted."""
    return count_total(connection, conditions_of(wanted))


def stored_types(connection: Connection) -> list[str]:
    """Return every name of a credit type that was ever stored, found by leaping along the index."""
    return fetch_column(
        connection,
        "WITH RECURSIVE known(name) AS (SELECT min(credit_type) FROM credit_types UNION ALL "
        "SELECT (SELECT min(t.credit_type) FROM credit_types t WHERE t.credit_type > known.name) FROM known "
        "WHERE known.name IS NOT NULL) SELECT name FROM known WHERE name IS NOT NULL",
    )


def conditions_of(wanted: Wanted) -> ListConditions:
    """Return the conditions, and the ways to gather what fits them: those that leave least come first."""
    conditions = ListConditions("completions c", [_OWN], "completion_id", {"provider": wanted.provider_id})
    _of_learners(conditions, wanted)
    for number, (word, key) in enumerate(wanted.words):
        _of_word(conditions, f"word{number}_", word, key)
    _of_activities(conditions, wanted)
    conditions.between_days("c.completed_on", "completed", *wanted.completed)
    conditions.between_instants("c.submitted_at", "submitted", *wanted.submitted)
    conditions.between_instants("c.updated_at", "updated", wanted.updated_from, None)
    for column in ("c.completed_on", "c.submitted_at", "c.updated_at"):
        _source(conditions, column)
    _of_credits(conditions, wanted.credits, wanted.every_board)
    if wanted.entry_methods:
        asked = f"c.entry_method IN ({conditions.in_list('entered', wanted.entry_methods)})"
        if "api" not in wanted.entry_methods:
            asked = f"c.entry_method <> 'api' AND {asked}"
            conditions.sources.append(f"SELECT c.completion_id FROM completions c WHERE {_OWN} AND {asked}")
            conditions.along_id.extend([asked] if len(wanted.entry_methods) == 1 else [])
        conditions.add(asked, "c.entry_method")
    return conditions


def _source(conditions: ListConditions, column: str) -> None:
    """Let what is asked of a column be gathered by the column's index."""
    asked = [condition for held, condition in conditions.tests if held == column]
    if asked:
        conditions.sources.append(f"SELECT c.completion_id FROM completions c WHERE {' AND '.join((_OWN, *asked))}")


def _of_learners(conditions: ListConditions, wanted: Wanted) -> None:
    if wanted.learner_ids:
        linked = (
            f"SELECT l.learner_id FROM learner_links l WHERE l.provider_id = :provider "
            f"AND l.link IN ({conditions.in_list('link', wanted.learner_ids)})"
        )
        conditions.add(f"c.learner_id IN ({linked})")
        conditions.sources.append(f"SELECT c.completion_id FROM completions c WHERE c.learner_id IN ({linked})")
    if wanted.batch_ids:
        asked = f"c.batch_id IN ({conditions.in_list('batch', wanted.batch_ids)})"
        conditions.add(asked, "c.batch_id")
        conditions.sources.append(f"SELECT c.completion_id FROM completions c WHERE {asked}")
    names: list[str] = []
    for column, name, keys in (("c.last_key", "last", wanted.last_keys), ("c.first_key", "first", wanted.first_keys)):
        if keys:
            asked = f"{column} IN ({conditions.in_list(name, keys)})"
            conditions.add(asked, column)
            names.append(asked)
    if names:
        conditions.sources.append(f"SELECT c.completion_id FROM completions c WHERE {' AND '.join((_OWN, *names))}")


def _of_activities(conditions: ListConditions, wanted: Wanted) -> None:
    if wanted.activity_ids:
        asked = f"c.activity_id IN ({conditions.in_list('activity', wanted.activity_ids)})"
        conditions.add(asked, "c.activity_id")
        conditions.sources.append(f"SELECT c.completion_id FROM completions c WHERE {asked}")
        if len(wanted.activity_ids) == 1:
            conditions.along_id.append(asked)
    inside: list[str] = []
    if wanted.activity_formats is not None:
        inside.append(f"a.format IN ({conditions.in_list('format', wanted.activity_formats)})")
    if wanted.mips is not None:
        inside.append(f"coalesce(a.mips, false) = {str(wanted.mips).lower()}")
    if wanted.rems is not None:
        inside.append(f"a.rems IS {'NOT ' if wanted.rems else ''}NULL")
    if inside:
        fits = " AND ".join(inside)
        conditions.add(f"(SELECT 1 FROM activities a WHERE a.activity_id = c.activity_id AND {fits} LIMIT 1) = 1")
        conditions.sources.append(
            "SELECT c.completion_id FROM activities a JOIN completions c ON c.activity_id = a.activity_id "
            f"WHERE a.provider_id = :provider AND {fits}"
        )


def _of_word(conditions: ListConditions, name: str, word: str, key: str) -> None:
    """Narrow to completions where a word begins a name, or is an id or a reference."""
    conditions.parameters[name] = word
    referred = (
        "FROM credit_references r JOIN credits x ON x.credit_id = r.credit_id "
        f"WHERE r.provider_id = :provider AND r.client_reference = :{name}"
    )
    names = (
        [conditions.starts_with(column, name + "key", key) for column in ("c.last_key", "c.first_key")] if key else []
    )
    own = [*names, f"c.activity_id = :{name}", f"c.completion_id = :{name}"]
    elsewhere = (
        f"(SELECT 1 FROM credits x WHERE x.completion_id = c.completion_id AND x.reported_id = :{name} LIMIT 1) = 1",
        f"(SELECT 1 {referred} AND x.completion_id = c.completion_id LIMIT 1) = 1",
    )
    conditions.add(f"({' OR '.join((*own, *elsewhere))})")
    conditions.sources.append(
        " UNION ALL ".join(
            (
                *(f"SELECT c.completion_id FROM completions c WHERE {_OWN} AND {each}" for each in own),
                f"SELECT x.completion_id FROM credits x WHERE x.reported_id = :{name}",
                f"SELECT x.completion_id {referred}",
            )
        )
    )


def _of_credits(conditions: ListConditions, wanted: CreditsWanted, every_board: Sequence[str]) -> None:
    """Narrow to completions that have one credit with all that is asked for."""
    inside: list[str] = []
    for column, name, values in (
        ("x.board", "board", wanted.boards), ("x.kind", "kind", wanted.kinds), ("x.status", "status", wanted.statuses),
    ):  # fmt: skip
        if values is not None:
            inside.append(f"{column} IN ({conditions.in_list(name, values)})")
    typed = _typed(conditions, wanted.types) if wanted.types is not None else ""
    if typed:
        inside.append(f"(SELECT 1 FROM credit_types t WHERE t.credit_id = x.credit_id AND ({typed}) LIMIT 1) = 1")
    referred = ""
    if wanted.references is not None:
        marks = conditions.in_list("reference", wanted.references)
        referred = f"r.provider_id = :provider AND r.client_reference IN ({marks})"
        inside.append(f"(SELECT 1 FROM credit_references r WHERE r.credit_id = x.credit_id AND {referred} LIMIT 1) = 1")
    if not inside:
        return
    fits = without_index(*inside)
    conditions.add(f"(SELECT 1 FROM credits x WHERE x.completion_id = c.completion_id AND {fits} LIMIT 1) = 1")
    if referred:
        conditions.sources.insert(
            0, f"SELECT x.completion_id FROM credit_references r JOIN credits x ON x.credit_id = r.credit_id "
            f"WHERE {referred}",
        )  # fmt: skip
    if wanted.boards is not None or wanted.statuses is not None:
        boards = conditions.in_list("source_board", every_board if wanted.boards is None else wanted.boards)
        statuses = conditions.in_list("source_status", wanted.statuses or [each.value for each in CreditStatus])
        conditions.sources.append(
            f"SELECT x.completion_id FROM credits x WHERE x.board IN ({boards}) AND x.status IN ({statuses})"
        )
    if typed and wanted.types is not None:
        names = conditions.in_list("source_type", sorted({name for _, name in wanted.types}))
        conditions.sources.append(
            "SELECT x.completion_id FROM credit_types t JOIN credits x ON x.credit_id = t.credit_id "
            f"WHERE t.credit_type IN ({names})"
        )


def _typed(conditions: ListConditions, types: Sequence[tuple[str | None, str]]) -> str:
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
