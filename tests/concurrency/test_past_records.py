"""One history imported by several at the same moment, in several orders: each record is taken over once."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from app.services.context import Service
from app.services.moving import files
from tests.builders.bodies import a_completion
from tests.builders.past_records import TINA, a_past_completion, a_past_credit, past_points
from tests.harness.api import Api, settle
from tests.harness.moving.installations import COMPLETIONS, import_bytes, ndjson
from tests.harness.wire import at_once

DAYS = [f"2021-{month}-{day:02}" for month in ("10", "11") for day in range(1, 16)]
HISTORY = [
    a_past_completion(place, a_past_credit(place), completed_on=day, submitted_at="2021-12-01")
    if place % 2
    else a_past_completion(place, past_points(place), learner=TINA, completed_on=day, submitted_at="2021-12-01")
    for place, day in enumerate(DAYS)
]


@pytest.fixture(autouse=True)
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "AT_ONCE", {True: 7, False: 7})


def test_each_record_is_taken_over_once(service: Service, tmp_path: Path) -> None:
    orders: list[Any] = [HISTORY, HISTORY[::-1], HISTORY[15:] + HISTORY[:15]]
    counts = at_once(
        [
            partial(import_bytes, service, tmp_path, COMPLETIONS, ndjson(order), name=f"{place}.ndjson")
            for place, order in enumerate(orders)
        ]
    )
    assert sum(count.outcomes["added"] for count in counts) == len(HISTORY)
    assert sum(count.outcomes["already-there"] for count in counts) == 2 * len(HISTORY)
    assert sum(count.left for count in counts) == 0
    settle(service)


def test_what_a_client_reports_at_the_same_moment_is_not_credited_twice(
    api: Api, service: Service, tmp_path: Path
) -> None:
    """Whoever comes second finds the other: the report is unchanged, or the record on file differs by its id."""
    mine = [record for record in HISTORY if record["learner"] is not TINA]

    def report() -> list[int]:
        return [api.report(a_completion(completed_on=record["completed_on"])).status for record in mine]

    importing = partial(import_bytes, service, tmp_path, COMPLETIONS, ndjson(mine))
    counts, statuses = at_once([importing, report])
    assert set(statuses) <= {200, 201}
    assert counts.outcomes["added"] + statuses.count(201) == len(mine)
    assert counts.outcomes["differs"] == statuses.count(201)
    settle(service)
