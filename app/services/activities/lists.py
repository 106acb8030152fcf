"""Lists of activities: what is asked for, in the words that are stored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection

from app.core.http.pagination import SortKey, Total
from app.domain.activities import RegisteredActivity
from app.services.activities.lookup import with_findings
from app.services.completions.lists import codes, formats
from app.services.context import Caller
from app.store import activity_lists
from app.store.activity_lists import SORTS, Wanted
from app.store.keyset_pages import Place

__all__ = ["SORTS", "Filter", "page"]


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """What a list of activities is narrowed to, as it was asked. Several values of one kind mean any of them."""

    q: str | None = None
    internal_id: Sequence[str] = ()
    activity_format: Sequence[str] = ()
    board: Sequence[str] = ()
    starts_from: date | None = None
    starts_to: date | None = None
    ends_from: date | None = None
    ends_to: date | None = None
    mips: bool | None = None
    rems: bool | None = None
    updated_from: date | datetime | None = None
    providership: Sequence[str] = ()


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """Activities with their places in the order, and how many there are in all if that was asked."""

    rows: list[tuple[Place, RegisteredActivity]]
    total: Total | None


def page(
    connection: Connection,
    caller: Caller,
    asked: Filter,
    sort: Sequence[SortKey],
    *,
    after: Any,
    limit: int,
    counted: bool = False,
) -> Listed:
    """Return the provider's activities after a place of the order, by id unless told otherwise."""
    wanted = Wanted(
        provider_id=caller.provider_id,
        q=asked.q,
        internal_ids=asked.internal_id,
        formats=formats(asked.activity_format) if asked.activity_format else None,
        boards=sorted(codes(caller.service.catalogue, asked.board)) if asked.board else None,
        providerships=asked.providership,
        starts=(asked.starts_from, asked.starts_to),
        ends=(asked.ends_from, asked.ends_to),
        mips=asked.mips,
        rems=asked.rems,
        updated_from=asked.updated_from,
    )
    found = activity_lists.page(connection, wanted, sort, after, limit)
    return Listed(
        rows=[(place, with_findings(stored, caller.service.catalogue)) for place, stored in found],
        total=activity_lists.count(connection, wanted) if counted else None,
    )
