"""Completions that stand in the way of a change: the first few by name, and how many there are."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from app.console.visitors import Visitor
from app.console.words import day
from app.core.errors import NotFound
from app.services.completions import records
from app.services.context import read_by_key_async


class InTheWay(msgspec.Struct, frozen=True, kw_only=True):
    """Some completions that stand in the way, and how many there are."""

    count: int
    links: tuple[tuple[str, str], ...]
    """(who and when, the address)."""


async def name_completions(visitor: Visitor, completion_ids: Sequence[str], count: int) -> InTheWay:
    """Return completions of the provider by the names and days they were reported with."""
    links = []
    for completion_id in completion_ids:
        try:
            found = await read_by_key_async(visitor.caller, records.get, completion_id)
        except NotFound:
            continue
        name = f"{found.first_name or ''} {found.last_name or ''}".strip() or "A learner reported by id"
        address = f"{visitor.home}/completions/{completion_id}"
        links.append((f"{name}, {day(found.completed_on)}", address))
    return InTheWay(count=count, links=tuple(links))
