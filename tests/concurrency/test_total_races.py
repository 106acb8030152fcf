"""Many report into one activity at the same moment, by two services beside a sealer: its totals are always exact."""

from __future__ import annotations

import threading
from functools import partial

from sqlalchemy import Connection

from app.domain.batches import EntryMethod
from app.domain.credits import Outcome
from app.schemas.completions import CompletionIn
from app.services.context import Service, operator, transact
from app.services.operations.startup import open_service
from app.services.reporting import pipeline
from app.store import invariants
from app.store.looking import totals
from app.store.sql import statements
from app.worker import seal
from tests.builders.bodies import a_completion
from tests.harness.api import Api, settle
from tests.harness.wire import at_once

PROVIDER = "0008001"
PEOPLE = (
    {"first_name": "Rebecca", "last_name": "Test", "born": "02/01", "state": "TN", "license_id": "444444"},
    {"first_name": "Joe", "last_name": "Accme", "born": "01/01", "state": "CA", "license_id": "94412289"},
    {"first_name": "Willa", "last_name": "Duncan", "born": "05/25", "state": "CA", "license_id": "70279062"},
)
TOTALS = [query for says, query in invariants.INVARIANTS.items() if says.startswith("an activity's totals")]


def broken(connection: Connection) -> list[object]:
    return [found for query in TOTALS for found in statements.fetch_column(connection, query)]


def report_days(service: Service, activity_id: str, person: dict[str, str], days: range) -> list[Outcome]:
    found = []
    for day in days:
        body = CompletionIn.model_validate(a_completion(activity_id, f"2021-11-{day:02}", credits=1, **person))
        given = body.as_report(PROVIDER, service.clock(), EntryMethod.API)
        found += transact(operator(service, PROVIDER), lambda work, given=given: pipeline.submit([work], [given]))
    return [result.outcome for result in found]


def test_one_activity_reported_into_by_two_services_has_exact_totals(api: Api, service: Service) -> None:
    activity = api.register(format="journal-cme", ama_pra_credits=40).json["activity_id"]
    # As two processes: on SQLite there is one that writes.
    services = [service]
    if not service.database.on_sqlite:
        services.append(open_service(service.settings, at=service.clock, migrate=False))
    done, faults = threading.Event(), list[object]()

    def seal_and_look() -> None:
        while not done.is_set():
            seal(service)
            # All that a reader adds up is of one moment.
            faults.extend(services[-1].database.read(broken))

    watcher = threading.Thread(target=seal_and_look)
    watcher.start()
    try:
        # The same people and days through both: one of each pair finds the other's record.
        calls = [partial(report_days, one, activity, who, range(1, 13)) for one in services for who in PEOPLE]
        outcomes = [outcome for found in at_once(calls) for outcome in found]
    finally:
        done.set()
        watcher.join()
        for more in services[1:]:
            more.database.close()
    assert faults == []
    assert outcomes.count(Outcome.CREATED) == 36
    assert set(outcomes) <= {Outcome.CREATED, Outcome.UNCHANGED}
    counts, persons = service.database.read(lambda connection: totals.of_activity(connection, activity))
    assert (counts.pending, counts.quarters, persons) == (36, 144, 3)
    if not service.database.on_sqlite:
        deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        assert service.database.read(lambda connection: statements.fetch_value(connection, deadlocks)) == 0
    settle(service)
