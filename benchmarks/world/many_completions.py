"""Very many completions, inserted straight into the tables, to measure lists on."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from app.domain.identity.comparison_keys import full_name_key
from app.models import completions as tables
from app.models.activities import activities
from app.store.looking.totals import fold_deltas
from app.store.sql import statements
from app.store.sql.bulk import insert
from app.store.sql.values import read_date, read_document, read_instant
from benchmarks.world.installation import PROVIDER, World

CHUNK = 20_000
YEARS = 5
LAST_DAY = date(2026, 6, 30)
ACTIVITIES = 1_000
BOARDS = {"TN-M": 30, "CA-M": 25, "ME-M": 15, "ABIM": 15, "ABA": 9, "ABP": 5.5, "ABO": 0.45, "ABS": 0.05}
"""Weights of boards; the last is rare."""
TYPES = {"ABIM": ("Medical Knowledge", "Patient Safety"), "ABS": ("Self-Assessment",)}
FORMATS = ("live-course", "enduring-material", "regularly-scheduled-series")
METHODS = {"api": 600, "excel": 300, "xml": 99, "form": 1}


@dataclass
class ManyCompletions:
    """Makes and inserts the rows, with the rare values that filters are measured by."""

    world: World
    count: int
    draw: random.Random = field(default_factory=lambda: random.Random(1))
    people: dict[int, tuple[str, str, str]] = field(default_factory=dict)
    activity_ids: list[str] = field(default_factory=list)
    client_id: str = ""
    batch: str = ""

    def fill(self) -> None:
        """Insert the completions with their credits, types and references, and let the database analyse them."""
        database = self.world.service.database
        database.write(self._prepare)
        indexes = database.write(_drop_indexes)
        for first in range(0, self.count, CHUNK):
            chunk = range(first, min(first + CHUNK, self.count))
            database.write(lambda connection, chunk=chunk: self._insert(connection, chunk))
        for index in indexes:
            database.write(lambda connection, index=index: statements.execute(connection, index))
        while database.write(fold_deltas):
            pass
        if not database.on_sqlite:
            with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("VACUUM ANALYZE")

    def _prepare(self, connection: Connection) -> None:
        rows = statements.fetch(connection, "SELECT learner_id, first_name, last_name FROM learners")
        self.people = dict(enumerate(rows))
        self.client_id = statements.fetch(connection, "SELECT client_id FROM clients")[0][0]
        columns = [column.name for column in activities.columns]
        (model,) = statements.fetch(
            connection,
            f"SELECT {', '.join(columns)} FROM activities WHERE activity_id = :id",
            {"id": self.world.activity_id},
        )
        held = dict(zip(columns, model, strict=True))
        for name in ("delivery_methods", "rems", "details"):
            held[name] = read_document(held[name])
        for name in ("created_at", "updated_at"):
            held[name] = read_instant(held[name])
        for name in ("start_date", "end_date"):
            held[name] = read_date(held[name])
        made = [
            held | {
                "activity_id": f"{100_000_000 + number}", "title": f"Course {number}", "internal_id": f"c-{number}",
                "format": "journal-cme" if number == 7 else FORMATS[number % 3], "mips": number == 8,
                "rems": {"type": "Opioid", "identifier": None} if number in (7, 9) else None,
            }
            for number in range(ACTIVITIES)
        ]  # fmt: skip
        insert(connection, activities, made)
        self.activity_ids = [activity["activity_id"] for activity in made]

    def _insert(self, connection: Connection, chunk: range) -> None:
        made = [self._one(number) for number in chunk]
        insert(connection, tables.completions, [completion for completion, _ in made])
        credits = [credit for _, credit in made]
        insert(connection, tables.credits, credits)
        insert(
            connection,
            tables.credit_types,
            [
                {"credit_id": credit["credit_id"], "credit_type": name, "quarters": 4, "place": place}
                for credit in credits
                for place, name in enumerate(TYPES.get(credit["board"], ()))
            ],
        )
        insert(
            connection,
            tables.credit_references,
            [
                {
                    "provider_id": PROVIDER,
                    "client_reference": f"ref-{credit['credit_id']}",
                    "credit_id": credit["credit_id"],
                }
                for credit in credits[::20]
            ],
        )

    def _one(self, number: int) -> tuple[dict[str, Any], dict[str, Any]]:
        draw = self.draw
        part = number / self.count
        submitted = datetime(LAST_DAY.year - YEARS, 7, 1, tzinfo=UTC) + timedelta(days=365 * YEARS * part)
        completed = submitted.date() - timedelta(days=int(draw.expovariate(1 / 20)))
        physician_id, first_name, last_name = self.people[draw.randrange(len(self.people))]
        last_key, first_key = full_name_key(first_name, last_name)
        (board,) = draw.choices(tuple(BOARDS), tuple(BOARDS.values()))
        (method,) = draw.choices(tuple(METHODS), tuple(METHODS.values()))
        if number % 500 == 0:
            self.batch = f"batch-{number}"
        # One activity has 5 % of all; the others share the rest, the first more than the last.
        activity = 0 if draw.random() < 0.05 else int(ACTIVITIES * draw.random() ** 1.5)
        shared = {
            "completion_id": f"01900000-0000-7000-8000-{number:012x}", "activity_id": self.activity_ids[activity],
            "subject": physician_id, "completed_on": completed, "occasion": number + 1,
        }  # fmt: skip
        completion = shared | {
            "provider_id": PROVIDER, "learner_id": physician_id, "first_name": first_name, "last_name": last_name,
            "first_key": first_key, "last_key": last_key, "birth_date": "01/01", "entry_method": method,
            "client_id": self.client_id, "batch_id": None if method == "api" else self.batch,
            "submitted_at": submitted, "updated_at": submitted + timedelta(hours=draw.random() * 48), "version": 1,
            "withdrawn_at": submitted if draw.random() < 0.01 else None, "catalogue": "",
        }  # fmt: skip
        chance = draw.random()
        status = "pending" if part > 0.98 else "rejected" if chance < 0.01 else "accepted"
        if completion["withdrawn_at"] is not None or chance > 0.9995:
            status = "withdrawn"
        credit = shared | {
            "provider_id": PROVIDER,
            "credit_id": f"01900000-0000-7000-9000-{number:012x}", "place": 0, "board": board, "status": status,
            "kind": "cme" if board.endswith("-M") else "moc", "reported_id": f"{draw.randrange(1_000_000):06d}",
            "quarters": 4, "holds": status in ("pending", "accepted"), "once_per_day": False, "delivery": "board",
            "status_at": submitted,
        }  # fmt: skip
        return completion, credit


def _drop_indexes(connection: Connection) -> list[str]:
    """Drop the indexes that keep nothing apart, and return what makes them anew: once, at the end, that is quicker."""
    names, made, all_of = ("name", "sql", "sqlite_master WHERE type = 'index' AND tbl_name")
    if not statements.on_sqlite(connection):
        names, made, all_of = ("indexname", "indexdef", "pg_indexes WHERE tablename")
    found = statements.fetch(
        connection,
        f"SELECT {names}, {made} FROM {all_of} IN ('completions', 'credits', 'credit_types', 'credit_references') "
        f"AND {made} LIKE 'CREATE INDEX %'",
    )
    for name, _ in found:
        statements.execute(connection, f"DROP INDEX {name}")
    return [statement for _, statement in found]


def filters_by_name(installed: World, count: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every filter of the list with its name, once where it matches much and once where it matches little."""

    def look(connection: Connection) -> list[statements.Row]:
        return statements.fetch(
            connection,
            "SELECT c.first_name, c.last_name, c.batch_id, x.reported_id FROM completions c "
            "JOIN credits x ON x.completion_id = c.completion_id WHERE c.completion_id = :id",
            {"id": f"01900000-0000-7000-8000-{count // 3:012x}"},
        )

    ((first_name, last_name, _, reported_id),) = installed.service.database.read(look)
    yield "q, a name's beginning", {"q": last_name[:4]}
    yield "q, a number with a board", {"q": reported_id}
    yield "q, a whole name", {"q": f"{first_name} {last_name}"}
    yield "activity_id, the largest", {"activity_id": "100000000"}
    yield "activity_id, one of the last", {"activity_id": "100000990"}
    yield "first_name", {"first_name": first_name}
    yield "last_name", {"last_name": last_name}
    yield "board, common", {"board": "TN-M"}
    yield "board, 0.5 %", {"board": "ABO"}
    yield "board, 0.05 %", {"board": "ABS"}
    yield "kind", {"kind": "moc"}
    yield "status, 2 %, the newest", {"status": "pending"}
    yield "status, 1 %", {"status": "rejected"}
    yield "status, 0.05 %", {"status": "withdrawn"}
    yield "completed, a day", {"completed_from": "2024-03-01", "completed_to": "2024-03-01"}
    yield "completed, a year long ago", {"completed_from": "2022-01-01", "completed_to": "2022-12-31"}
    yield "submitted, a day", {"submitted_from": "2024-03-01", "submitted_to": "2024-03-01"}
    yield "submitted, a year long ago", {"submitted_from": "2022-01-01", "submitted_to": "2022-12-31"}
    yield "updated_from, a month", {"updated_from": "2026-06-01"}
    yield "activity_format, a third", {"activity_format": "live-course"}
    yield "activity_format, rare", {"activity_format": "journal-cme"}
    yield "mips", {"mips": "true"}
    yield "rems", {"rems": "true"}
    yield "credit_type, common", {"credit_type": "Patient Safety"}
    yield "credit_type, 0.05 %", {"credit_type": "Self-Assessment"}
    yield "entry_method, a third", {"entry_method": "excel"}
    yield "entry_method, 0.1 %", {"entry_method": "form"}
    yield "state", {"state": "Maine"}
    yield "client_reference", {"client_reference": f"ref-01900000-0000-7000-9000-{count // 2 // 20 * 20:012x}"}
    yield "batch_id", {"batch_id": f"batch-{count // 2 // 500 * 500}"}
    yield "board and activity_format", {"board": "ABA", "activity_format": "live-course"}
