"""Very many credits of one board: real reports, multiplied in the database with ids of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine

from app.domain.batches import EntryMethod
from app.models import commits, completions
from app.schemas.activities import ActivityIn
from app.schemas.completions import CompletionIn
from app.services.activities import registration
from app.services.context import operator, transact
from app.services.reporting.group import report_together
from app.store.sql import statements
from benchmarks.world.installation import PROVIDER, World

BOARD = "ABIM"
TEMPLATES = 1_000
TOGETHER = 250
"""Records of one transaction of a batch."""
ACTIVITIES = 20


@dataclass
class ManyCredits:
    """Copies of the reported templates, and how many there are."""

    world: World
    engine: Engine
    copies: int = 0

    @classmethod
    def of(cls, world: World) -> ManyCredits:
        """Report the templates through the service, and copy their rows aside."""
        _report(world)
        crowd = cls(world, create_engine(world.service.settings.database_url))
        with crowd.engine.begin() as connection:
            for table in _TABLES:
                statements.execute(connection, f"CREATE TABLE made_{table.name} AS SELECT * FROM {table.name}")
            statements.execute(
                connection,
                "CREATE TABLE made AS SELECT e.event_id, e.credit_id, e.completion_id, e.commit_id, place, "
                f"first_value(e.commit_id) OVER (PARTITION BY place / {TOGETHER} ORDER BY place) AS lead "
                "FROM (SELECT *, row_number() OVER (ORDER BY event_id) - 1 AS place FROM board_events) e",
            )
        return crowd

    def multiply(self, events: int, *, together: bool) -> None:
        """Add a number of unpublished events, one a commit or `TOGETHER` of them."""
        # One transaction a copy: the size of the undo log is not measured.
        for _ in range(0, events, TEMPLATES):
            self.copies += 1
            with self.engine.begin() as connection:
                _add_copy(connection, self.copies, together)
        if not self.world.service.database.on_sqlite:
            with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("VACUUM ANALYZE")


_TABLES = (
    completions.completions, completions.completion_versions, completions.credits, completions.credit_types,
    commits.commits, commits.audit, commits.board_events,
)  # fmt: skip


def _report(world: World) -> None:
    service = world.service
    held = [
        (row, number.number)
        for row in world.learners
        for number in row.certifications
        if number.board == BOARD and row.birth_date is not None
    ]
    assert held, "no learner has a certificate of the board"
    courses = [
        transact(operator(service, PROVIDER), registration.register, _activity(number)) for number in range(ACTIVITIES)
    ]
    caller = operator(service, PROVIDER)
    reports = []
    for place in range(TEMPLATES):
        row, number = held[place % len(held)]
        body = {
            "activity_id": courses[place % ACTIVITIES].activity.activity_id,
            "completed_on": f"2026-06-{1 + place // len(held):02d}",
            "permission": True,
            "learner": {
                "first_name": row.first_name,
                "last_name": row.last_name,
                "date_of_birth": str(row.birth_date),
            },
            "moc": [
                {
                    "board": BOARD, "board_id": number, "total_credits": 2.25,
                    "credit_types": [
                        {"type": "Medical Knowledge", "credits": 2.25}, {"type": "Patient Safety", "credits": 1},
                    ],
                }
            ],
        }  # fmt: skip
        read = CompletionIn.model_validate(body)
        reports.append((caller, read.as_report(PROVIDER, service.clock(), EntryMethod.API)))
    results = service.database.write(lambda connection: report_together(connection, reports))
    refused = [result for result in results if isinstance(result, Exception)]
    assert not refused, refused[0]


def _activity(number: int) -> Any:
    moc = [{"board": BOARD, "points": 100, "credit_types": ["Medical Knowledge", "Patient Safety"]}]
    return ActivityIn.model_validate(
        {
            "title": f"Course {number} of internal medicine", "format": "live-course", "start_date": "2026-01-01",
            "end_date": "2026-12-31", "ama_pra_credits": 100, "delivery_methods": ["online"], "moc": moc,
            "description": "A course.", "providership": "direct", "listing": {"public": False},
        }
    ).as_activity(PROVIDER)  # fmt: skip


def _add_copy(connection: Connection, copy: int, together: bool) -> None:
    sqlite = statements.on_sqlite(connection)
    # The first part of a time-ordered id is its minute: every copy gets its own, later than those before.
    minute = f"{0x02000000 + copy:08x}"

    def fresh(column: str) -> str:
        return f"'{minute}' || substr({column}, 9)"

    def renamed(column: str) -> str:
        text = column if sqlite else f"CAST({column} AS text)"
        for name in ("m.credit_id", "m.completion_id"):
            text = f"replace({text}, {name}, {fresh(name)})"
        return text if sqlite else f"CAST({text} AS jsonb)"

    commit_id = fresh("m.lead" if together else "m.commit_id")
    item = f"m.place % {TOGETHER}" if together else "0"
    count = str(TOGETHER) if together else "1"
    ids = {name: fresh(f"m.{name}") for name in ("completion_id", "credit_id", "event_id")} | {"commit_id": commit_id}
    changed: dict[Table, tuple[str, dict[str, str]]] = {
        completions.completions: ("completion_id", {"occasion": f"t.occasion + {copy}"}),
        completions.completion_versions: ("completion_id", {"document": renamed("t.document")}),
        completions.credits: ("credit_id", {"occasion": f"t.occasion + {copy}"}),
        completions.credit_types: ("credit_id", {}),
        commits.commits: ("commit_id", {"audit_rows": count, "board_events": count}),
        commits.audit: ("commit_id", {"item": item, "subject_id": ids["completion_id"], "fields": renamed("t.fields")}),
        commits.board_events: ("event_id", {"item": item}),
    }
    for table, (key, changes) in changed.items():
        _insert(connection, table, key, ids | changes, leads=together and table is commits.commits)
    statements.execute(
        connection,
        f"INSERT INTO unsealed (commit_id) SELECT {commit_id} FROM made m "
        f"{'WHERE m.commit_id = m.lead' if together else ''} ORDER BY m.place",
    )


def _insert(connection: Connection, table: Table, key: str, changes: Mapping[str, str], *, leads: bool) -> None:
    names = [column.name for column in table.columns]
    values = ", ".join(changes.get(name, f"t.{name}") for name in names)
    only = "WHERE m.commit_id = m.lead" if leads else ""
    statements.execute(
        connection,
        f"INSERT INTO {table.name} ({', '.join(names)}) SELECT {values} FROM made_{table.name} t "
        f"JOIN made m ON m.{key} = t.{key} {only} ORDER BY m.place",
    )
