"""The same records have the same outcome, whatever carries them, in whatever order and pieces they are worked on."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest

from app.services.context import Service
from app.services.registry import imports
from app.store.sql import statements
from benchmarks.world.same_records import FORMATS, GRAND_ROUNDS, Record, alone, physicians, rivals
from tests.harness.api import Api, settle
from tests.harness.uploads import rows_of, worked

DATABASES = ["sqlite"]

MANY = 300
LEARNERS = physicians(MANY)


@pytest.fixture
def api(api: Api, service: Service) -> Api:
    """A client of an installation that knows the learners."""
    assert not imports.import_rows(service, enumerate(LEARNERS, 1)).refused
    return api


def of_file(api: Api, service: Service, records: Sequence[Record], format: str, at_once: int) -> list[Any]:
    """Return what becomes of records in a file: each outcome, with the rules that refused it."""
    batch = worked(api, service, FORMATS[format](records), name=f"learners.{format}", at_once=at_once)
    assert (batch["status"], batch["format"], batch["counts"]["read"]) == ("completed", format, len(records))
    return [(row["outcome"], refusals(row)) for row in rows_of(api, batch)]


def of_requests(api: Api, records: Sequence[Record]) -> list[Any]:
    """Return what becomes of records that are reported one by one."""
    answers = [api.report(record.body).json for record in records]
    return [({"created": "added"}.get(answer.get("outcome"), "rejected"), refusals(answer)) for answer in answers]


def refusals(answer: Any) -> frozenset[str]:
    return frozenset(finding["rule"] for finding in answer["findings"] if finding["severity"] == "reject")


def standing(service: Service) -> list[Any]:
    """Return the credit that stands."""
    return service.database.read(
        lambda connection: statements.fetch(
            connection,
            "SELECT c.last_name, c.first_name, c.birth_date, c.completed_on, c.occasion, x.board, x.quarters "
            "FROM completions c JOIN credits x ON x.completion_id = c.completion_id "
            f"WHERE c.activity_id = '{GRAND_ROUNDS}' AND c.withdrawn_at IS NULL AND x.status <> 'withdrawn' "
            "ORDER BY c.last_name, c.first_name, c.birth_date, c.completed_on, x.board",
        )
    )


def withdraw_all(api: Api) -> None:
    assert api.post(f"/v1/activities/{GRAND_ROUNDS}/withdraw-learners", None).status == 200


def test_records_that_do_not_compete_fare_alike_in_every_format_order_and_piece(api: Api, service: Service) -> None:
    told = alone(LEARNERS)
    records = [record for record, _ in told]
    expected = [("rejected" if rules else "added", rules) for _, rules in told]
    stands = []
    paces = {"xlsx": 7, "tab": 5_000, "xml": 5_000, "ndjson": 1, "json": 100}
    assert paces.keys() == FORMATS.keys()
    for number, (format, at_once) in enumerate(paces.items()):
        places = list(range(MANY))
        random.Random(number).shuffle(places)
        found = of_file(api, service, [records[place] for place in places], format, at_once)
        assert [found[places.index(place)] for place in range(MANY)] == expected, format
        stands.append(standing(service))
        withdraw_all(api)
    # Nothing to delete is no request of its own: its learner has no record either way.
    asked = [place for place in range(MANY) if records[place].action == "add"]
    assert of_requests(api, [records[place] for place in asked]) == [expected[place] for place in asked]
    stands.append(standing(service))
    assert len(stands[0]) == sum(len(record.body) - 4 for record, rules in told if not rules)
    assert [stand for stand in stands if stand != stands[0]] == []
    settle(service)


@pytest.mark.parametrize("format", FORMATS)
def test_records_that_compete_are_resolved_in_the_order_of_the_file(api: Api, service: Service, format: str) -> None:
    told = rivals(LEARNERS[:6])
    stands = []
    for at_once in (1, 7, 5_000):
        found = of_file(api, service, [record for record, _ in told], format, at_once)
        assert [outcome for outcome, _ in found] == [outcome for _, outcome in told], at_once
        stands.append(standing(service))
        withdraw_all(api)
    assert stands[0] == stands[1] == stands[2]
    settle(service)
