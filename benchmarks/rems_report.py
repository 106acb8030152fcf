"""The report for a REMS programme over very many records, against a plain GROUP BY of the same rows.

`PARS_BENCH_REMS` is the number of records, all of one provider and year; 1,000,000 by default. The floor groups by the
five answers and counts persons by the records' subject: it knows neither the newest answers of a person nor activities.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from app.domain.looking.rems_counts import RemsFilter, count_answers
from app.domain.rems import DEA_ANSWERS, PROFESSION_ANSWERS, TIME_ANSWERS
from app.models import completions as tables
from app.rules.reference_lists import practice_areas
from app.services.looking.rems_report import lists
from app.store.looking.rems_counts import count_groups
from app.store.sql import statements
from app.store.sql.bulk import insert
from benchmarks.table import Row, at_most, middle, shown
from benchmarks.world.installation import PROVIDER, World, world
from benchmarks.world.many_completions import ManyCompletions

RECORDS = int(os.environ.get("PARS_BENCH_REMS", "1000000"))
PEOPLE = max(RECORDS // 4, 1)
YEAR, ACTIVITIES, CHUNK, ROUNDS = 2026, 200, 20_000, 3
MOST = 4
ANSWERS = {
    "profession": tuple(PROFESSION_ANSWERS), "practice_area": (*practice_areas(), None),
    "dea_registration": (*DEA_ANSWERS, None), "surgical_procedures": (True, False, None),
    "time_in_practice": (*TIME_ANSWERS, None),
}  # fmt: skip


class RemsRecords(ManyCompletions):
    """Records of people who are no physicians, in activities that are all flagged REMS."""

    def _prepare(self, connection: Connection) -> None:
        super()._prepare(connection)
        del self.activity_ids[ACTIVITIES:]
        flag = "UPDATE activities SET rems = :rems WHERE activity_id = :id"
        document = flag if statements.on_sqlite(connection) else flag.replace(":rems", "CAST(:rems AS jsonb)")
        types = ("Opioid Analgesic", "opioid", "Mycophenolate")
        for place, activity_id in enumerate(self.activity_ids):
            rems = f'{{"type": "{types[place % 3]}", "identifier": null}}'
            statements.execute(connection, document, {"rems": rems, "id": activity_id})

    def _insert(self, connection: Connection, chunk: range) -> None:
        insert(connection, tables.completions, [self._record(number) for number in chunk])

    def _record(self, number: int) -> dict[str, Any]:
        draw, person = self.draw, self.draw.randrange(PEOPLE)
        answers = {name: draw.choice(words) for name, words in ANSWERS.items()}
        day = date(YEAR, 1, 1) + timedelta(days=draw.randrange(365))
        at = datetime(YEAR, day.month, day.day, tzinfo=UTC)
        return {
            "completion_id": f"01900000-0000-7000-8000-{number:012x}", "provider_id": PROVIDER, "learner_id": None,
            "activity_id": draw.choice(self.activity_ids), "subject": f"rems:{PROVIDER}:L-{person}",
            "completed_on": day, "occasion": number + 1, "first_name": None, "last_name": None, "first_key": "",
            "last_key": "", "birth_date": None, "entry_method": "api", "client_id": self.client_id, "batch_id": None,
            "submitted_at": at, "updated_at": at, "version": 1, "withdrawn_at": None, "catalogue": "",
            "rems": {"local_id": f"L-{person}", "state": None} | answers,
        }  # fmt: skip


def rows(database: str) -> Iterator[Row]:
    """Measure the report of everything, of a programme and of an activity."""
    with world(database, 100) as installed:
        records = RemsRecords(installed, RECORDS, draw=random.Random(1))
        records.fill()
        floor = middle(_milliseconds(installed, _floor) for _ in range(ROUNDS))
        everything = middle(_milliseconds(installed, _report()) for _ in range(ROUNDS))
        yield at_most(
            f"report for a REMS programme, {RECORDS} records, {database}", "GROUP BY", everything, floor, MOST
        )
        for name, narrowed in (
            ("a programme", _report(rems_type="Mycophenolate")),
            ("an activity", _report(activity_id=records.activity_ids[0])),
            ("all providers", _report(provider_id=None)),
        ):
            took = middle(_milliseconds(installed, narrowed) for _ in range(ROUNDS))
            yield shown(f"the same, {name}, {database}", "GROUP BY of everything", took, floor, "ms")


def _report(provider_id: str | None = PROVIDER, rems_type: str | None = None, activity_id: str | None = None) -> Any:
    wanted = RemsFilter(provider_id=provider_id, year=YEAR, rems_type=rems_type, activity_id=activity_id)
    return lambda connection: count_answers(count_groups(connection, wanted), lists())


def _floor(connection: Connection) -> Any:
    path = "json_extract(rems, '$.{}')" if statements.on_sqlite(connection) else "rems ->> '{}'"
    answers = ", ".join(path.format(name) for name in ANSWERS)
    return statements.fetch(
        connection,
        f"SELECT {answers}, count(*), count(DISTINCT subject) FROM completions WHERE provider_id = :provider "
        "AND rems IS NOT NULL AND withdrawn_at IS NULL AND completed_on >= :first AND completed_on <= :last "
        f"GROUP BY {', '.join(map(str, range(1, len(ANSWERS) + 1)))}",
        {"provider": PROVIDER, "first": date(YEAR, 1, 1), "last": date(YEAR, 12, 31)},
    )


def _milliseconds(installed: World, read: Any) -> float:
    began = time.perf_counter()
    installed.service.database.read(read)
    return (time.perf_counter() - began) * 1_000
