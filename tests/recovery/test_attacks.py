"""Changes that fit each other and every invariant, made with the triggers off: each is found, and the row named."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from app.services.access import clients
from app.services.context import Service, operator, transact
from app.services.operations import checks
from app.services.registry import imports
from tests.builders.bodies import john
from tests.harness.api import Api, settle
from tests.harness.properties import examples

PERSON = {"first_name": "Pia", "last_name": "Quist", "date_of_birth": "05/06", "licenses": "TN-M:5150"}


def attack(service: Service, *statements: str) -> list[str]:
    """Run statements as an administrator of the database, and return what the check says."""

    def run(connection: Connection) -> None:
        if service.database.on_sqlite:
            connection.execute(text("PRAGMA defer_foreign_keys = ON"))
            for (name,) in connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
                connection.execute(text(f"DROP TRIGGER {name}"))
        else:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in statements:
            connection.execute(text(statement))

    service.database.write(run)
    return checks.find_faults(service)


@pytest.fixture
def ids(api: Api, service: Service) -> dict[str, str]:
    """A completion with its credits, a physician and a vendor's client; the check finds nothing."""
    reported = api.report(john()).json
    row = imports.read_row(PERSON, service.catalogue)
    imports.import_rows(service, [(1, row)])
    vendor = transact(operator(service), clients.create, "A vendor", role="vendor").client_id
    transact(operator(service), clients.grant, vendor, "0008001")
    settle(service)
    assert checks.find_faults(service) == []
    cme = next(credit["credit_id"] for credit in reported["credits"] if credit["board"] == "TN-M")

    def physician(connection: Connection) -> str:
        return str(connection.execute(text("SELECT learner_id FROM licenses WHERE id_key = '5150'")).scalar_one())

    return {
        "completion": reported["completion_id"],
        "cme": cme,
        "physician": service.database.read(physician),
        "vendor": vendor,
    }


ATTACKS: dict[str, tuple[str, tuple[str, ...]]] = {
    "an amount with its row of the ledger": (
        "completion",
        (
            "UPDATE credits SET quarters = quarters - 1 WHERE credit_id = '{cme}'",
            (
                "UPDATE ledger SET quarters = quarters - 1 WHERE target = 'CME' AND (activity_id, subject) = "
                "(SELECT activity_id, subject FROM completions WHERE completion_id = '{completion}')"
            ),
        ),
    ),
    "a status": ("completion", ("UPDATE credits SET status = 'accepted' WHERE credit_id = '{cme}'",)),
    "a completion's physician": (
        "completion",
        (
            (
                "UPDATE ledger SET subject = '{physician}' WHERE (activity_id, subject) = "
                "(SELECT activity_id, subject FROM completions WHERE completion_id = '{completion}')"
            ),
            (
                "UPDATE completions SET learner_id = '{physician}', subject = '{physician}' "
                "WHERE completion_id = '{completion}'"
            ),
            "UPDATE credits SET subject = '{physician}' WHERE completion_id = '{completion}'",
        ),
    ),
    "a version's document": (
        "completion",
        (
            (
                "UPDATE completion_versions SET document = (SELECT document FROM completion_versions "
                "WHERE completion_id <> '{completion}' LIMIT 1) WHERE completion_id = '{completion}'"
            ),
        ),
    ),
    "a birth date": (
        "physician",
        (
            "UPDATE learners SET birth_date = '06/05' WHERE learner_id = '{physician}'",
            "UPDATE learner_names SET birth_date = '06/05' WHERE learner_id = '{physician}'",
        ),
    ),
    "a role": ("vendor", ("UPDATE clients SET role = 'operator' WHERE client_id = '{vendor}'",)),
    "a grant": (
        "vendor",
        (
            (
                "INSERT INTO grants (client_id, provider_id, granted_at) "
                "SELECT '{vendor}', '0008002', granted_at FROM grants WHERE client_id = '{vendor}'"
            ),
        ),
    ),
    "a version with everything that stands, put back as it was": (
        "completion",
        (
            "DELETE FROM board_events WHERE completion_id = '{completion}'",
            "DELETE FROM feed WHERE event_id NOT IN (SELECT event_id FROM board_events)",
            (
                "DELETE FROM credit_types WHERE credit_id IN "
                "(SELECT credit_id FROM credits WHERE completion_id = '{completion}')"
            ),
            "DELETE FROM credits WHERE completion_id = '{completion}'",
            "DELETE FROM completion_versions WHERE completion_id = '{completion}'",
            (
                "DELETE FROM ledger WHERE (activity_id, subject) = "
                "(SELECT activity_id, subject FROM completions WHERE completion_id = '{completion}')"
            ),
            "DELETE FROM completions WHERE completion_id = '{completion}'",
        ),
    ),
    "the last digest of a physician, with the state before it": (
        "physician",
        ("DELETE FROM record_digests WHERE subject_id = '{physician}'",),
    ),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_a_change_that_fits_everything_around_it_is_found_and_its_row_named(
    service: Service, ids: dict[str, str], name: str
) -> None:
    named, statements = ATTACKS[name]
    faults = attack(service, *(statement.format(**ids) for statement in statements))
    assert any(fault.startswith("changed: ") and ids[named] in fault for fault in faults), faults


def test_no_name_birth_date_or_licence_stands_in_what_is_said(service: Service, ids: dict[str, str]) -> None:
    said = " ".join(
        fault
        for _, statements in ATTACKS.values()
        for fault in attack(service, *(statement.format(**ids) for statement in statements))
    )
    for value in ("Pia", "Quist", "05/06", "06/05", "5150", "John", "Smith", "03/17", "12345", "999999"):
        assert value not in said


@examples(10)
@given(st.lists(st.sampled_from(["05/06", "05/07", "12/31"]), min_size=1, max_size=4), st.booleans())
def test_imports_in_any_order_keep_the_check_green_and_a_change_after_them_is_found(
    service: Service, births: Any, licensed: bool
) -> None:
    for place, birth in enumerate(births):
        row = {"first_name": "Pia", "last_name": "Quist", "licenses": f"TN-M:61{place if licensed else 0}"}
        imports.import_rows(service, [(1, imports.read_row(row | {"date_of_birth": birth}, service.catalogue))])
    settle(service)
    assert checks.find_faults(service) == []
