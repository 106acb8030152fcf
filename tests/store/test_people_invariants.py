"""What proves the invariants of people finds them broken, and rights that were changed behind the service's back."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection

from app.services.access import clients
from app.services.context import Service, operator, transact
from app.services.operations import checks
from app.services.people import memberships
from app.store.sql import statements
from tests.harness.access.people import invite, sign_in_by, token_of
from tests.harness.api import api_of, settle

KEYED = (
    "SELECT 'd' || client_id, client_id, 'api-key', '2021-12-20T15:00:00.000000Z' FROM memberships "
    "WHERE role = 'reporter'"
)
AT = "'2021-12-20T15:00:00.000000Z'"


def broken(service: Service, *changes: str) -> str:
    """Break a database by hand; return what is said of it."""

    def run(connection: Connection) -> None:
        for statement in changes:
            statements.execute(connection, statement)

    service.database.write(run)
    return "\n".join(checks.find_faults(service, whole=False))


@pytest.mark.parametrize(
    ("statement", "invariant"),
    [
        ("UPDATE clients SET kind = NULL WHERE kind = 'person'", "a membership is a person's client"),
        ("DELETE FROM memberships WHERE role = 'reporter'", "a membership is a person's client"),
        ("UPDATE memberships SET role = 'operator' WHERE role = 'reporter'", "a membership's role fits its client"),
        ("UPDATE memberships SET vendor_client = NULL", "a membership's role fits its client"),
        (f"UPDATE grants SET revoked_at = {AT} WHERE client_id IN (SELECT client_id FROM memberships)",
         "a member of a vendor acts for those"),
        (f"UPDATE grants SET revoked_at = {AT} WHERE client_id IN (SELECT client_id FROM memberships)",
         "a member of a provider acts for one provider"),
        (f"INSERT INTO client_secrets (digest, client_id, kind, created_at) {KEYED}", "a membership has no key"),
        ("UPDATE people SET name = 'Willa' WHERE removed_at IS NOT NULL", "nothing is left of who was removed"),
        ("UPDATE mails SET content = NULL", "a mail is finished exactly when"),
    ],
)  # fmt: skip
def test_a_broken_invariant_of_people_is_found(service: Service, http: Any, statement: str, invariant: str) -> None:
    vendor = api_of(http, service, "vendor", role="vendor")
    transact(operator(service), clients.grant, vendor.client_id, "0008001")
    invite(service)
    invite(service, "v@example.org", "manager", of="vendor", id=vendor.client_id)
    gone = invite(service, "gone@example.org")
    transact(operator(service), memberships.remove_person, gone.person_id)
    settle(service)
    assert invariant in broken(service, statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE people SET address = 'thief@example.org', address_key = 'thief@example.org'",
        "UPDATE people SET totp_secret = NULL, name = 'Willa'",
        "UPDATE memberships SET role = 'manager'",
        f"INSERT INTO recovery_codes (person_id, digest, created_at) SELECT person_id, 'd', {AT} FROM people",
    ],
)
def test_a_way_in_that_was_made_behind_the_services_back_is_found(service: Service, statement: str) -> None:
    assert sign_in_by(service, token_of(invite(service))) is not None
    settle(service)
    assert "changed: person" in broken(service, statement)
