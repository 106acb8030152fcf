"""Queries on what became of each record of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from app.domain.batches import RowFinding, RowOutcome, RowResult
from app.domain.findings import Severity
from app.models import batches as tables
from app.store import dialect


def known_places(connection: Connection, batch_id: str, first: int, count: int) -> set[int]:
    """Return the places of records, within a span, that have their outcome."""
    found = dialect.rows(
        connection,
        "SELECT place FROM batch_rows WHERE batch_id = :id AND place >= :first AND place < :end",
        {"id": batch_id, "first": first, "end": first + count},
    )
    return {place for (place,) in found}


def add(connection: Connection, batch_id: str, results: Sequence[RowResult], at: datetime) -> None:
    """Insert outcomes of records."""
    dialect.insert(
        connection,
        tables.batch_rows,
        [
            {
                "batch_id": batch_id,
                "place": each.place,
                "number": each.number,
                "outcome": each.outcome.value,
                "record_id": each.record_id,
                "findings": [_finding_row(said) for said in each.findings] or None,
                "answer": each.answer,
                "at": at,
            }
            for each in results
        ],
    )


def _finding_row(said: RowFinding) -> list[Any]:
    return [said.rule, said.severity.value, said.pointer, said.detail, said.hint, said.column, said.index]


def drop(connection: Connection, batch_id: str, outcome: RowOutcome | None = None) -> None:
    """Forget the outcomes of a batch, or those of one kind, so that these records are judged again."""
    narrowed = " AND outcome = :outcome" if outcome is not None else ""
    dialect.run(
        connection, f"DELETE FROM batch_rows WHERE batch_id = :id{narrowed}", [{"id": batch_id, "outcome": outcome}]
    )


def after(
    connection: Connection, batch_id: str, place: int, limit: int, outcomes: Sequence[str] = ()
) -> list[RowResult]:
    """Return outcomes of records after a place, in their order."""
    given: dict[str, Any] = {"id": batch_id, "place": place, "limit": limit}
    narrowed = ""
    if outcomes:
        marks = {f"outcome{number}": value for number, value in enumerate(outcomes)}
        # Written out, so that the index of refused rows is seen to fit.
        narrowed = (
            "AND outcome = 'rejected' "
            if list(outcomes) == ["rejected"]
            else (f"AND outcome IN ({', '.join(f':{name}' for name in marks)}) ")
        )
        given |= {} if "'rejected'" in narrowed else marks
    found = dialect.rows(
        connection,
        "SELECT place, number, outcome, record_id, findings, answer FROM batch_rows "
        f"WHERE batch_id = :id AND place > :place {narrowed}ORDER BY place LIMIT :limit",
        given,
    )
    return [
        RowResult(
            place=place,
            number=number,
            outcome=RowOutcome(outcome),
            record_id=record_id,
            findings=tuple(_finding(said) for said in dialect.as_document(findings) or ()),
            answer=dialect.as_document(answer),
        )
        for place, number, outcome, record_id, findings, answer in found
    ]


def _finding(said: Sequence[Any]) -> RowFinding:
    rule, severity, pointer, detail, hint, column, index = said
    return RowFinding(
        rule=rule, severity=Severity(severity), pointer=pointer, detail=detail, hint=hint, column=column, index=index
    )
