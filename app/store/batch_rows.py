"""Outcomes of a batch's records."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import astuple
from sqlalchemy import Connection

from app.domain.batches import RowFinding, RowOutcome, RowResult, RowSuggestion
from app.domain.findings import Severity
from app.models import batches as tables
from app.store.sql.bulk import insert
from app.store.sql.rows import RowMapper, column
from app.store.sql.statements import execute, fetch, fetch_column, in_list


def read_findings(document: Sequence[Sequence[Any]]) -> tuple[RowFinding, ...]:
    """Return findings from the document by which they are kept."""
    return tuple(
        RowFinding(
            rule=rule,
            severity=Severity(severity),
            pointer=pointer,
            detail=detail,
            hint=hint,
            column=heading,
            index=index,
            suggestions=tuple(RowSuggestion(*values) for values in next(iter(more), ())),
            completion_id=next(iter(more[1:]), None),
        )
        for rule, severity, pointer, detail, hint, heading, index, *more in document
    )


def write_finding(finding: RowFinding) -> list[Any]:
    """Return what a finding is kept as."""
    return [
        finding.rule,
        finding.severity.value,
        finding.pointer,
        finding.detail,
        finding.hint,
        finding.column,
        finding.index,
        *_rest(finding),
    ]


def _rest(finding: RowFinding) -> list[Any]:
    """Return what most findings have not, and those that were written before it was kept have not either."""
    suggestions = [astuple(suggestion) for suggestion in finding.suggestions]
    if finding.completion_id is not None:
        return [suggestions, finding.completion_id]
    return [suggestions] if suggestions else []


PLACES_AT_ONCE = 500
"""Places named in one statement."""
RESULT = RowMapper(RowResult, tables.batch_rows, "r", findings=column("findings", read_findings, null=()))


def known_places(connection: Connection, batch_id: str, first: int, count: int) -> set[int]:
    """Return the places, from `first` on, of those of the next `count` records that have their outcome."""
    places = fetch_column(
        connection,
        "SELECT place FROM batch_rows WHERE batch_id = :id AND place >= :first AND place < :end",
        {"id": batch_id, "first": first, "end": first + count},
    )
    return set(places)


def add(connection: Connection, batch_id: str, results: Sequence[RowResult], at: datetime) -> None:
    """Insert outcomes of records."""
    insert(
        connection,
        tables.batch_rows,
        [
            {
                "batch_id": batch_id,
                "place": result.place,
                "number": result.number,
                "outcome": result.outcome.value,
                "record_id": result.record_id,
                "findings": [write_finding(finding) for finding in result.findings] or None,
                "answer": result.answer,
                "at": at,
            }
            for result in results
        ],
    )


def drop(connection: Connection, batch_id: str, outcome: RowOutcome | None = None) -> int:
    """Delete the outcomes of a batch, or those of one kind, so that these records are judged again; return how many.

    Rejected records that were set aside, or were mended and reported in another batch, are left as they are: judged
    again, what was mended could count twice.
    """
    only = ""
    if outcome is not None:
        only = (
            " AND outcome = :outcome AND NOT EXISTS (SELECT 1 FROM batch_mends m "
            "WHERE m.batch_id = batch_rows.batch_id AND m.place = batch_rows.place "
            "AND (m.set_aside IS NOT NULL OR m.reported_in IS NOT NULL))"
        )
    sql = f"DELETE FROM batch_rows WHERE batch_id = :id{only}"
    return execute(connection, sql, {"id": batch_id, "outcome": outcome})


def record_ids_after(connection: Connection, batch_id: str, place: int, limit: int) -> list[tuple[int, str]]:
    """Return the ids of what rows after a place became, with their places, in their order."""
    rows = fetch(
        connection,
        "SELECT place, record_id FROM batch_rows WHERE batch_id = :id AND place > :place AND record_id IS NOT NULL "
        "ORDER BY place LIMIT :limit",
        {"id": batch_id, "place": place, "limit": limit},
    )
    return [(place, record_id) for place, record_id in rows]


def after(
    connection: Connection, batch_id: str, place: int, limit: int, outcomes: Sequence[str] = ()
) -> list[RowResult]:
    """Return the outcomes of records after a place, in their order; of some kinds, or of all."""
    parameters: dict[str, Any] = {"id": batch_id, "place": place, "limit": limit}
    only = ""
    if list(outcomes) == ["rejected"]:
        # Written out, so that the planner sees that the index of rejected rows fits.
        only = "AND r.outcome = 'rejected' "
    elif outcomes:
        marks, in_outcomes = in_list("outcome", outcomes)
        only, parameters = f"AND r.outcome IN ({marks}) ", parameters | in_outcomes
    rows = fetch(
        connection,
        f"SELECT {RESULT.columns} FROM batch_rows r "
        f"WHERE r.batch_id = :id AND r.place > :place {only}ORDER BY r.place LIMIT :limit",
        parameters,
    )
    return RESULT.read(connection, rows)


def of_places(connection: Connection, batch_id: str, places: Sequence[int]) -> list[RowResult]:
    """Return the outcomes of some records of a batch, in their order."""
    found: list[RowResult] = []
    for first in range(0, len(places), PLACES_AT_ONCE):
        marks, in_places = in_list("place", places[first : first + PLACES_AT_ONCE])
        rows = fetch(
            connection,
            f"SELECT {RESULT.columns} FROM batch_rows r WHERE r.batch_id = :id AND r.place IN ({marks}) "
            "ORDER BY r.place",
            in_places | {"id": batch_id},
        )
        found += RESULT.read(connection, rows)
    return found


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
