"""Lists of completions: what they can be narrowed to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection

from app.domain.credits import Completion
from app.domain.words import code_key, name_key
from app.services.context import Caller
from app.store import completion_lists


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What a list of completions is narrowed to. Several values of one kind mean any of them."""

    activity_id: Sequence[str] = ()
    first_name: str | None = None
    last_name: str | None = None
    board: Sequence[str] = ()
    kind: Sequence[str] = ()
    status: Sequence[str] = ()
    learner_id: str | None = None
    client_reference: str | None = None
    completed_from: date | None = None
    completed_to: date | None = None
    submitted_from: date | None = None
    submitted_to: date | None = None


def page(connection: Connection, caller: Caller, wanted: Filter, *, before: str | None, limit: int) -> list[Completion]:
    """Return the provider's completions, newest first, from before an id on."""
    where: list[str] = ["c.provider_id = :provider"]
    given: dict[str, Any] = {"provider": caller.provider_id}
    if before is not None:
        where.append("c.completion_id < :before")
        given["before"] = before
    _any(where, given, "c.activity_id", "activity", wanted.activity_id)
    for column, value in (("c.first_key", wanted.first_name), ("c.last_key", wanted.last_name)):
        if value is not None:
            _any(where, given, column, column[2:], [name_key(value)])
    if wanted.learner_id is not None:
        _any(where, given, "l.link", "link", [wanted.learner_id])
    for column, sign, day, name in (
        ("c.completed_on", ">=", wanted.completed_from, "cf"),
        ("c.completed_on", "<=", wanted.completed_to, "ct"),
    ):
        if day is not None:
            where.append(f"{column} {sign} :{name}")
            given[name] = day
    completion_lists.submitted_between(where, given, wanted.submitted_from, wanted.submitted_to)
    _of_credits(where, given, caller, wanted)
    return completion_lists.page(connection, where, given, limit=limit)


def _of_credits(where: list[str], given: dict[str, Any], caller: Caller, wanted: Filter) -> None:
    """Narrow to completions that have one credit of this board, kind, status and reference together."""
    inside: list[str] = []
    codes = [board.code if (board := caller.service.catalogue.board(text)) else code_key(text) for text in wanted.board]
    _any(inside, given, "x.board", "board", codes)
    _any(inside, given, "x.kind", "kind", wanted.kind)
    _any(inside, given, "x.status", "status", wanted.status)
    if wanted.client_reference is not None:
        inside.append(
            "EXISTS (SELECT 1 FROM credit_references r WHERE r.credit_id = x.credit_id AND r.provider_id = :provider "
            "AND r.client_reference = :reference)"
        )
        given["reference"] = wanted.client_reference
    if inside:
        where.append(
            f"EXISTS (SELECT 1 FROM credits x WHERE x.completion_id = c.completion_id AND {' AND '.join(inside)})"
        )


def _any(where: list[str], given: dict[str, Any], column: str, name: str, values: Sequence[str]) -> None:
    """Add a condition that a column has one of some values."""
    if values:
        marks = [f"{name}{place}" for place in range(len(values))]
        where.append(f"{column} IN ({', '.join(':' + mark for mark in marks)})")
        given.update(zip(marks, values, strict=True))
