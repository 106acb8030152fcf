"""Files that nobody has searched for a physician: none outlasts the erasure unseen."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Connection

from app.cli.learner_views import erasure_lines
from app.core.errors import OperatorFault
from app.domain.batches import BatchOwner, RawRow
from app.services.access import erasure
from app.services.access.removal import longest_arrival, remove_records
from app.services.context import Service, Work, operator, transact
from app.services.operations import checks
from app.store import batches, uploads
from app.store.sql import statements
from tests.builders.people import import_people
from tests.harness.api import Api, api_of, settle
from tests.harness.canary import FILED, NPI, her_report, stored_of_her
from tests.harness.clock import ManualClock
from tests.harness.refusals import assert_problem
from tests.harness.uploads import upload, worked

PROVIDER = "0008001"


def lines(*bodies: dict[str, Any]) -> bytes:
    return b"\n".join(json.dumps(body).encode() for body in bodies)


def faults(service: Service) -> list[str]:
    return checks.find_faults(service, whole=False)


@pytest.fixture(autouse=True)
def she_has_credit(api: Api, service: Service) -> None:
    assert import_people(service, FILED).added == 1
    assert api.report(her_report()).status == 201
    settle(service)


def unsearchable(api: Api, service: Service) -> list[str]:
    """Batches of which no records are kept: not read, cancelled in the middle of it, read long ago."""
    failed = worked(api, service, b"\x00\x01 no table " + NPI.encode(), name="odd.xlsx")
    assert failed["status"] == "failed", failed
    stopped = upload(api, lines(her_report(completed_on="2021-12-08"))).json
    piece = [batches.pack([RawRow(number=1, raw=json.dumps(her_report()))])]
    service.database.write(lambda connection: batches.add_pieces(connection, stopped["batch_id"], 0, piece))
    assert api.post(f"/v1/batches/{stopped['batch_id']}/cancel", None).json["status"] == "cancelled"
    old = worked(api, service, lines(her_report(completed_on="2021-12-07", credits=0.3)))

    def age(work: Work) -> None:
        batch = batches.lock_one(work.connection, old["batch_id"])
        assert batch is not None and remove_records(work.connection, batch, work.now)

    transact(operator(service), age)
    return sorted([failed["batch_id"], stopped["batch_id"], old["batch_id"]])


def test_files_of_which_nobody_can_tell_whom_they_name_go_with_them(api: Api, service: Service) -> None:
    ids = unsearchable(api, service)
    planned = erasure.erase(service, NPI, unread=True, dry_run=True)
    assert planned.unsearchable_files == tuple(ids)
    assert "  3 files, of any provider, that were never read" in "\n".join(erasure_lines(planned))
    assert api.get(f"/v1/batches/{ids[0]}").json["original_removed_at"] is None
    assert erasure.erase(service, NPI, unread=True).unsearchable_files == tuple(ids)
    assert stored_of_her(service) == {}
    for id in ids:
        shown = api.get(f"/v1/batches/{id}").json
        assert shown["original_removed_at"] is not None
        assert_problem(api.get(f"/v1/batches/{id}/files/original"), 410, "file-removed")
        assert_problem(api.post(f"/v1/batches/{id}/retry", None), 409, "conflict")
    assert checks.find_faults(service) == []


@pytest.mark.parametrize("dry_run", [True, False])
def test_nothing_goes_while_any_file_waits_to_be_read_or_is_read(
    api: Api, service: Service, http: TestClient, dry_run: bool
) -> None:
    """Another provider's, too: once it is read, its rows are kept, and nothing would tell whom they name."""
    other = api_of(http, service, "Other", providers=["0008002"])
    rows = lines(her_report(completed_on="2021-12-02", credits=0.3))
    queued = upload(other, rows).json["batch_id"]
    reading = upload(api, rows).json["batch_id"]
    service.database.write(
        lambda connection: statements.execute(
            connection, "UPDATE batches SET status = 'reading' WHERE batch_id = :id", {"id": reading}
        )
    )
    with pytest.raises(OperatorFault, match=f"not been read yet.*{queued}, {reading}"):
        erasure.erase(service, NPI, unread=True, dry_run=dry_run)
    assert "learners" in stored_of_her(service)
    for client, id in ((other, queued), (api, reading)):
        assert client.post(f"/v1/batches/{id}/cancel", None).status == 200
    erased = erasure.erase(service, NPI, unread=True, dry_run=dry_run)
    assert {queued, reading} <= set(erased.unsearchable_files)
    assert dry_run or stored_of_her(service) == {}


def test_files_that_never_became_a_batch_go_unless_they_may_still_arrive(
    api: Api, service: Service, clock: ManualClock
) -> None:
    def arrive(upload_id: str) -> None:
        owner = BatchOwner(provider_id=PROVIDER)

        def store(connection: Connection) -> None:
            uploads.begin(connection, upload_id, owner, clock())
            uploads.add_piece(connection, upload_id, owner, 0, lines(her_report()), None)

        service.database.write(store)

    for number in range(erasure.UPLOADS_AT_ONCE + 1):
        arrive(f"cut-off-{number}")
    clock.now += longest_arrival(service) + timedelta(seconds=1)
    arrive("arriving")
    planned = erasure.erase(service, NPI, unread=True, dry_run=True)
    assert planned.abandoned_uploads == erasure.UPLOADS_AT_ONCE + 1
    assert f"  {erasure.UPLOADS_AT_ONCE + 1} uploads, of any provider, that never" in "\n".join(erasure_lines(planned))
    erasure.erase(service, NPI, unread=True)
    kept = "SELECT upload_id FROM uploads WHERE upload_id LIKE 'cut-off-%' OR upload_id = 'arriving'"
    assert service.database.read(lambda connection: statements.fetch_column(connection, kept)) == ["arriving"]
    assert faults(service) == []
