"""What a batch has added and what still stands of it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection

from app.store.sql.statements import fetch


class AddedRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row whose completion still stands."""

    number: int
    completion_id: str
    changed_since: bool
    """Whether it was reported on again, by anybody, after the batch."""


class AddedRows(msgspec.Struct, frozen=True, kw_only=True):
    """Some rows of a batch that still stand."""

    rows: Sequence[AddedRow]
    held_ids: Sequence[str]
    """Held records that still wait."""
    last: int | None
    """The place of the last row that was looked at; None after the last of all."""


def standing_after(connection: Connection, batch_id: str, place: int, limit: int) -> AddedRows:
    """Return which of the next rows after a place still stand.

    A completion is changed since where its sender made more versions of it than rows of this batch: the first, and one
    for each row that joined or updated it. Decisions of boards and merges of persons make versions that no sender made.
    """
    looked = fetch(
        connection,
        "SELECT r.place, r.number, r.outcome, c.completion_id, h.held_id, (SELECT count(*) FROM completion_versions v "
        "WHERE v.completion_id = c.completion_id AND v.verb NOT IN ('decide', 'merge', 'unmerge', 'split')) "
        "FROM batch_rows r "
        "LEFT JOIN completions c ON c.completion_id = r.record_id AND r.outcome = 'added' AND c.withdrawn_at IS NULL "
        "LEFT JOIN held_records h ON h.held_id = r.record_id AND r.outcome = 'held' AND h.status = 'waiting' "
        "WHERE r.batch_id = :id AND r.place > :place ORDER BY r.place LIMIT :limit",
        {"id": batch_id, "place": place, "limit": limit},
    )
    own = _changes_within(connection, batch_id)
    return AddedRows(
        rows=[
            AddedRow(number=number, completion_id=completion_id, changed_since=reports > 1 + own.get(completion_id, 0))
            for _, number, _, completion_id, _, reports in looked
            if completion_id is not None
        ],
        held_ids=[held_id for _, _, _, _, held_id, _ in looked if held_id is not None],
        last=looked[-1][0] if len(looked) == limit else None,
    )


def _changes_within(connection: Connection, batch_id: str) -> dict[str, int]:
    """Return how many rows of a batch joined or updated each completion."""
    return dict(
        fetch(
            connection,
            "SELECT record_id, count(*) FROM batch_rows WHERE batch_id = :id AND outcome IN ('joined', 'updated') "
            "AND record_id IS NOT NULL GROUP BY record_id",
            {"id": batch_id},
        )
    )
