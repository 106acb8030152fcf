"""What rosters ask of the registry beside imports: numbers with lost zeros, and birth dates that boards gave before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection

from app.domain.identity.comparison_keys import short_id_key
from app.domain.identity.learners import IdentifierKind
from app.models import learners as tables
from app.store.sql.bulk import insert
from app.store.sql.key_sets import select_by_keys
from app.store.sql.statements import execute_many
from app.store.sql.values import read_instant


class GivenDate(msgspec.Struct, frozen=True, kw_only=True):
    """A birth date that a board gave for a physician on file, as a keyed digest."""

    physician_id: str
    board: str
    digest: str
    agreed: bool
    """Whether it was the one on file."""


def numbers_on_file(
    connection: Connection, kind: IdentifierKind, board: str, keys: Iterable[str]
) -> dict[str, set[tuple[str, str]]]:
    """Return (comparison key, number as written) of a board's numbers on file, by their keys without leading zeros.

    `keys` are comparison keys of licences or of certifications.
    """
    table, column = ("licenses", "license_id") if kind is IdentifierKind.LICENSE else ("certifications", "board_id")
    shorts = {(board, short_id_key(key)) for key in keys}
    found: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for short, key, written in select_by_keys(
        connection,
        f"h.short_key, h.id_key, h.{column}",
        ("board", "short"),
        sorted(shorts),
        f"{table} h ON h.board = k.board AND h.short_key = k.short",
    ):
        found[short].add((key, written))
    return found


def given_dates(connection: Connection, physician_ids: Iterable[str], since: datetime) -> list[GivenDate]:
    """Return the birth dates that boards gave for some physicians: those that agreed, and the others since a moment."""
    rows = select_by_keys(
        connection,
        "d.learner_id, d.board, d.digest, d.agreed, d.at",
        ("id",),
        [(id,) for id in sorted(set(physician_ids))],
        "roster_dates d ON d.learner_id = k.id",
    )
    return [
        GivenDate(physician_id=physician_id, board=board, digest=digest, agreed=bool(agreed))
        for physician_id, board, digest, agreed, at in rows
        if agreed or read_instant(at) > since
    ]


def keep_dates(connection: Connection, given: Sequence[GivenDate], at: datetime) -> None:
    """Keep birth dates that boards gave; one that is given again counts from now on."""
    keys = [{"id": date.physician_id, "board": date.board, "digest": date.digest} for date in given]
    execute_many(
        connection, "DELETE FROM roster_dates WHERE learner_id = :id AND board = :board AND digest = :digest", keys
    )
    insert(
        connection,
        tables.roster_dates,
        [
            {
                "learner_id": date.physician_id,
                "board": date.board,
                "digest": date.digest,
                "agreed": date.agreed,
                "at": at,
            }
            for date in given
        ],
    )
