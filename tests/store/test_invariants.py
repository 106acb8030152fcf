"""What proves the invariants finds them broken."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection

from app.services.context import Service
from app.services.operations import checks
from app.store.sql import statements
from tests.builders.bodies import a_completion, john
from tests.builders.sent_files import lines
from tests.harness.api import Api, settle
from tests.harness.uploads import upload


def broken(service: Service, *changes: str) -> list[str]:
    """Break a database by hand; return what is said of it."""

    def run(connection: Connection) -> None:
        for statement in changes:
            statements.execute(connection, statement)

    service.database.write(run)
    return checks.find_faults(service)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger SET quarters = quarters + 1 WHERE target = 'CME'",
        "DELETE FROM ledger WHERE target = 'ABIM'",
        "INSERT INTO ledger (activity_id, subject, target, quarters) VALUES ('201759558', 'nobody', 'CME', 4)",
    ],
)
def test_a_ledger_that_is_not_the_credit_that_holds_is_found(api: Api, service: Service, statement: str) -> None:
    api.report(john())
    settle(service)
    (fault, *_) = broken(service, statement)
    assert "the ledger equals the credit that holds" in fault


def test_a_report_that_its_provider_was_not_told_of_is_found(api: Api, service: Service) -> None:
    api.report(a_completion())
    settle(service)
    trigger = "events_no_delete" if service.database.on_sqlite else "events_append_only ON events"
    told = "DELETE FROM events WHERE type = 'completion.reported'"
    (fault, *_) = broken(service, f"DROP TRIGGER {trigger}", told)
    assert "every sealed report has an event for its provider" in fault


@pytest.mark.parametrize(
    ("statement", "invariant"),
    [
        ("UPDATE upload_totals SET bytes = bytes - 1", "a provider's total is the sum of its uploads"),
        ("DELETE FROM upload_totals", "a provider's total is the sum of its uploads"),
        ("DELETE FROM upload_pieces", "an upload's size is the sum of its pieces"),
    ],
)
def test_uploads_that_are_counted_wrongly_are_found(api: Api, service: Service, statement: str, invariant: str) -> None:
    assert upload(api, lines([a_completion()])).status == 202
    settle(service)
    assert checks.find_faults(service) == []
    (fault,) = broken(service, statement)
    assert invariant in fault
