"""Mail addresses that boards have on file of physicians, as keyed digests."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection

from app.models import learners as tables
from app.store.sql.bulk import insert
from app.store.sql.key_sets import select_by_ids, select_by_keys
from app.store.sql.statements import Row, execute, execute_many, fetch_column, in_list


class RosterAddress(msgspec.Struct, frozen=True, kw_only=True):
    """The address that a board gave of a physician."""

    learner_id: str
    board: str
    digest: str
    """Keyed, of the address: the same for everybody who has it."""
    proof: str
    """Keyed, of the physician, the board and the address: nobody else can write one."""


_COLUMNS = "r.learner_id, r.board, r.digest, r.proof"


def of_board(connection: Connection, board: str, learner_ids: Iterable[str]) -> dict[str, RosterAddress]:
    """Return the addresses that a board gave of some physicians, by the physician."""
    keys = [(id, board) for id in learner_ids]
    on = "roster_addresses r ON r.learner_id = k.id AND r.board = k.board"
    rows = select_by_keys(connection, _COLUMNS, ("id", "board"), keys, on)
    return {one.learner_id: one for one in map(_read, rows)}


def with_digests(connection: Connection, digests: Iterable[str]) -> list[RosterAddress]:
    """Return the addresses that have one of some digests, whosever they are."""
    rows = select_by_ids(
        connection, f"SELECT {_COLUMNS} FROM {{keys}} JOIN roster_addresses r ON r.digest = k.id", set(digests)
    )
    return [_read(row) for row in rows]


def _read(row: Row) -> RosterAddress:
    learner_id, board, digest, proof = row
    return RosterAddress(learner_id=learner_id, board=board, digest=digest, proof=proof)


def keep(connection: Connection, given: Sequence[RosterAddress], at: datetime) -> None:
    """Keep addresses, in place of those that the board gave before."""
    keys = [{"id": one.learner_id, "board": one.board} for one in given]
    execute_many(connection, "DELETE FROM roster_addresses WHERE learner_id = :id AND board = :board", keys)
    insert(connection, tables.roster_addresses, [{**msgspec.structs.asdict(one), "at": at} for one in given])


def forget(connection: Connection, learner_ids: Collection[str], since: datetime | None = None) -> None:
    """Delete the addresses of a physician, who has several ids after a merge; those given since a moment, or all."""
    marks, parameters = in_list("id", sorted(learner_ids))
    condition = ""
    if since is not None:
        condition = " AND at >= :since"
        parameters |= {"since": since}
    execute(connection, f"DELETE FROM roster_addresses WHERE learner_id IN ({marks}){condition}", parameters)


def boards_at_work(connection: Connection) -> frozenset[str]:
    """Return the boards of which a roster is being taken in."""
    return frozenset(
        fetch_column(
            connection,
            "SELECT DISTINCT b.board FROM batches b WHERE b.status IN ('queued', 'reading', 'applying') "
            "AND b.kind = 'roster' AND b.board IS NOT NULL",
        )
    )
