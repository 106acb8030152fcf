"""Mends of rejected records: what was typed, what the last check said, where they were reported again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from app.domain.batch_mends import FIRST_VERSION, Mend, ReportedRow
from app.domain.batches import RowResult
from app.models import batches as tables
from app.store.batch_rows import PLACES_AT_ONCE, RESULT, read_findings, write_finding
from app.store.batch_rows import of_places as of_row_places
from app.store.sql.bulk import insert, update
from app.store.sql.rows import RowMapper, column
from app.store.sql.statements import execute, execute_many, fetch, in_list

_MEND = RowMapper(Mend, tables.batch_mends, "m", findings=column("findings", read_findings, null=()))
TO_MEND = (
    "(SELECT 1 FROM batch_mends m WHERE m.batch_id = r.batch_id AND m.place = r.place "
    "AND (m.set_aside IS NOT NULL OR m.reported_in IS NOT NULL) LIMIT 1) IS NULL"
)
"""The condition that a rejected record `r` is neither set aside nor reported again."""


def row_numbered(connection: Connection, batch_id: str, number: int) -> RowResult | None:
    """Return the outcome of the record with a number: row of the sheet, line of the text, place of the element."""
    rows = fetch(
        connection,
        # Numbers rise with places, and no record has a smaller number than its place: the search begins close by.
        f"SELECT {RESULT.columns} FROM batch_rows r WHERE r.batch_id = :id AND r.place < :number "
        "AND r.number = :number ORDER BY r.place DESC LIMIT 1",
        {"id": batch_id, "number": number},
    )
    return RESULT.read_first(connection, rows)


def of_places(connection: Connection, batch_id: str, places: Sequence[int]) -> dict[int, Mend]:
    """Return the mends of some records of a batch, by their places."""
    found: dict[int, Mend] = {}
    for first in range(0, len(places), PLACES_AT_ONCE):
        marks, in_places = in_list("place", places[first : first + PLACES_AT_ONCE])
        rows = fetch(
            connection,
            f"SELECT {_MEND.columns} FROM batch_mends m WHERE m.batch_id = :id AND m.place IN ({marks})",
            in_places | {"id": batch_id},
        )
        found |= {mend.place: mend for mend in _MEND.read(connection, rows)}
    return found


def of_batch(connection: Connection, batch_id: str) -> dict[int, Mend]:
    """Return every mend of a batch, by places."""
    rows = fetch(
        connection, f"SELECT {_MEND.columns} FROM batch_mends m WHERE m.batch_id = :id ORDER BY m.place",
        {"id": batch_id},
    )  # fmt: skip
    return {mend.place: mend for mend in _MEND.read(connection, rows)}


def ready(connection: Connection, batch_id: str, limit: int) -> list[Mend]:
    """Return the mends that are ready to be reported, in the order of their records."""
    rows = fetch(
        connection,
        f"SELECT {_MEND.columns} FROM batch_mends m JOIN batch_rows r ON r.batch_id = m.batch_id AND r.place = m.place "
        "WHERE m.batch_id = :id AND m.outcome <> 'rejected' AND m.set_aside IS NULL AND m.reported_in IS NULL "
        "AND r.outcome = 'rejected' ORDER BY m.place LIMIT :limit",
        {"id": batch_id, "limit": limit},
    )
    return _MEND.read(connection, rows)


def count_states(connection: Connection, batch_id: str) -> dict[str, int]:
    """Return how many rejected records of a batch are open, ready, set aside and reported."""
    rows = fetch(
        connection,
        "SELECT s.state, count(*) FROM (SELECT CASE WHEN m.reported_in IS NOT NULL THEN 'reported' "
        "WHEN m.set_aside IS NOT NULL THEN 'set-aside' WHEN m.outcome <> 'rejected' THEN 'ready' ELSE 'open' END "
        "AS state FROM batch_rows r LEFT JOIN batch_mends m ON m.batch_id = r.batch_id AND m.place = r.place "
        "WHERE r.batch_id = :id AND r.outcome = 'rejected') s GROUP BY s.state",
        {"id": batch_id},
    )
    return dict(rows)


def save(connection: Connection, batch_id: str, place: int, mend: Mend | None, values: Mapping[str, Any]) -> None:
    """Write columns of the mend of a record, or its first one; the batch is locked."""
    key = {"batch_id": batch_id, "place": place}
    if mend is None:
        insert(connection, tables.batch_mends, [{"cells": {}, **key, **values, "version": FIRST_VERSION + 1}])
    else:
        update(connection, tables.batch_mends, {**values, "version": mend.version + 1}, key)


def save_check(
    connection: Connection, batch_id: str, result: RowResult, mend: Mend | None, values: Mapping[str, Any]
) -> None:
    """Write what a check said of a record, whose version stays; the batch is locked."""
    key = {"batch_id": batch_id, "place": result.place}
    said = {
        "outcome": result.outcome.value,
        "findings": [write_finding(finding) for finding in result.findings] or None,
        "updated_at": values["updated_at"],
    }
    if mend is None:
        insert(connection, tables.batch_mends, [{"cells": {}, **key, **said, **values, "version": FIRST_VERSION}])
    else:
        update(connection, tables.batch_mends, said, key)


def note_reported(connection: Connection, mends: Sequence[Mend], reported_in: str, at: datetime) -> bool:
    """Note that mends are reported in a batch, in their order.

    False when any was changed meanwhile, or its record was judged again by a retry, and may have been accepted.
    """
    changed = execute_many(
        connection,
        "UPDATE batch_mends SET reported_in = :batch, reported_place = :reported_place, version = version + 1, "
        "updated_at = :at WHERE batch_id = :id AND place = :place AND version = :version AND reported_in IS NULL "
        "AND set_aside IS NULL AND EXISTS (SELECT 1 FROM batch_rows r WHERE r.batch_id = batch_mends.batch_id "
        "AND r.place = batch_mends.place AND r.outcome = 'rejected')",
        [
            {
                "batch": reported_in, "reported_place": place, "at": at, "id": mend.batch_id, "place": mend.place,
                "version": mend.version,
            }
            for place, mend in enumerate(mends)
        ],
    )  # fmt: skip
    return changed == len(mends)


def reopen(connection: Connection, reported_in: str, at: datetime) -> None:
    """Let the records be reported again that have no result in a batch, which has ended.

    How far it came does not say which these are: a retry goes over all of them, and most have their result by then.
    """
    execute(
        connection,
        "UPDATE batch_mends SET reported_in = NULL, reported_place = NULL, version = version + 1, updated_at = :at "
        "WHERE reported_in = :id AND NOT EXISTS (SELECT 1 FROM batch_rows r WHERE r.batch_id = :id "
        "AND r.place = batch_mends.reported_place)",
        {"id": reported_in, "at": at},
    )


def reported_rows(connection: Connection, mends: Sequence[Mend]) -> dict[int, ReportedRow]:
    """Return where mended records were reported and what became of them there, by their places."""
    found: dict[int, ReportedRow] = {}
    for batch_id in sorted({mend.reported_in for mend in mends if mend.reported_in is not None}):
        places = {mend.reported_place: mend.place for mend in mends if mend.reported_in == batch_id}
        there = of_row_places(connection, batch_id, [place for place in places if place is not None])
        results = {result.place: result for result in there}
        for reported_place, place in places.items():
            result = results.get(reported_place) if reported_place is not None else None
            found[place] = ReportedRow(
                batch_id=batch_id,
                number=result.number if result is not None else None,
                outcome=result.outcome if result is not None else None,
            )
    return found


def ids_mending(connection: Connection, batch_ids: Sequence[str]) -> dict[str, list[str]]:
    """Return the batches in which rejected records of some batches were reported again, oldest first."""
    if not batch_ids:
        return {}
    marks, in_ids = in_list("id", batch_ids)
    found: dict[str, list[str]] = {}
    for mended, batch_id in fetch(
        connection,
        f"SELECT mends, batch_id FROM batches WHERE mends IN ({marks}) AND mends IS NOT NULL ORDER BY batch_id",
        in_ids,
    ):
        found.setdefault(mended, []).append(batch_id)
    return found


def forget(connection: Connection, batch_id: str, places: Sequence[int] | None = None) -> None:
    """Remove what was typed into records of a batch, or into all of them; where they were reported stays.

    Their versions change: what was read of them before, to be checked or reported, is neither stored nor reported.
    """
    only = ""
    parameters: dict[str, Any] = {}
    if places is not None:
        marks, parameters = in_list("place", places)
        only = f" AND place IN ({marks})"
    execute(
        connection,
        "UPDATE batch_mends SET cells = '{}', outcome = NULL, findings = NULL, version = version + 1 "
        f"WHERE batch_id = :id{only}",
        parameters | {"id": batch_id},
    )
