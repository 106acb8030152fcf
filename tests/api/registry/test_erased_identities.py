"""What an import is told of who was erased can be taken away by nobody unseen."""

from __future__ import annotations

import pytest

from app.services.access import erasure, readmission
from app.services.context import Service, operator, transact
from app.services.operations import checks
from app.services.operations.sealing import seal_next
from app.store.sql import statements
from tests.builders.people import import_people
from tests.harness.canary import FILED, FIRST, LAST, NPI


@pytest.fixture
def erased(service: Service) -> str:
    """Erase a physician with an NPI and a licence; return the id."""
    assert import_people(service, FILED).added == 1
    return erasure.erase(service, NPI, unread=True).physician_id


def faults(service: Service) -> list[str]:
    while service.database.write(lambda connection: seal_next(connection, service)):
        pass
    return checks.find_faults(service, whole=False)


@pytest.mark.parametrize(
    "behind",
    [
        "DELETE FROM erased_identities",
        "DELETE FROM erased_identities WHERE digest = (SELECT min(digest) FROM erased_identities)",
        "UPDATE erased_identities SET digest = 'another' WHERE digest = (SELECT min(digest) FROM erased_identities)",
        "UPDATE erased_identities SET learner_id = (SELECT min(learner_id) FROM learners WHERE erased_at IS NULL)",
        "INSERT INTO erased_identities SELECT 'one more', learner_id, at FROM erased_identities LIMIT 1",
    ],
)
def test_a_change_of_what_tells_an_import_is_found(service: Service, erased: str, behind: str) -> None:
    assert faults(service) == []
    service.database.write(lambda connection: statements.execute(connection, behind))
    assert faults(service) == [f"changed: erased_identities {erased}: not what was kept when this physician was erased"]


def test_who_was_readmitted_and_erased_again_is_told_by_the_last_erasure(service: Service, erased: str) -> None:
    transact(operator(service), readmission.readmit, erased, (FIRST, LAST), NPI, None)
    assert faults(service) == []
    assert erasure.erase(service, erased, unread=True).physician_id == erased
    assert faults(service) == []
    service.database.write(lambda connection: statements.execute(connection, "DELETE FROM erased_identities"))
    assert len(faults(service)) == 1
