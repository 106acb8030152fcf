"""A client that is revoked: its key no longer works in any process, and nothing of it goes on."""

from __future__ import annotations

import time
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient

from app.core.errors import OperatorFault
from app.services.access import authentication, clients
from app.services.context import Service, operator, transact
from app.store.sql import statements
from tests.builders.bodies import a_completion
from tests.builders.sent_files import row, tab_text
from tests.harness.api import Api, api_of, settle
from tests.harness.processes import free_port, installation
from tests.harness.uploads import rows_of, upload, work_through

LISTED = "/v1/learner-completions?activity_id=201759558"


def revoke(service: Service, named: str) -> clients.Revocation:
    return transact(operator(service), clients.revoke_client, named)


def test_a_revoked_key_is_refused(api: Api, service: Service) -> None:
    assert api.get(LISTED).status == 200
    ended = revoke(service, api.client_id)
    assert (ended.revoked_before, ended.secrets, ended.name) == (False, 2, "Western Regional")
    # In this process as in every other: what was read of the client counts for a moment only.
    time.sleep(authentication.FRESH_SECONDS)
    assert [api.get(LISTED).status for _ in range(3)] == [401, 401, 401]
    assert api.report(a_completion()).status == 401


def test_revoking_again_does_nothing(api: Api, service: Service) -> None:
    revoke(service, api.client_id)
    again = revoke(service, api.client_id)
    assert (again.revoked_before, again.client_id) == (True, api.client_id)
    assert revoke(service, "Western Regional") == again
    ((entries,),) = service.database.read(
        lambda connection: statements.fetch(
            connection,
            "SELECT count(*) FROM audit WHERE verb = 'revoke-client' AND noun = 'client' AND subject_id = :id",
            {"id": api.client_id},
        )
    )
    assert entries == 1
    settle(service)


def test_a_client_is_revoked_by_its_name_unless_several_have_it(http: TestClient, service: Service) -> None:
    first, second = (api_of(http, service, "Same name", providers=["0008001"]) for _ in range(2))
    with pytest.raises(OperatorFault, match=f"say which: {first.client_id}, {second.client_id}"):
        revoke(service, "Same name")
    revoke(service, first.client_id)
    assert revoke(service, "Same name").client_id == second.client_id


@pytest.mark.parametrize("named", ["nobody", "operator", ""])
def test_nobody_else_can_be_revoked(service: Service, named: str) -> None:
    with pytest.raises(OperatorFault):
        revoke(service, named)


def test_others_keep_their_keys(api: Api, http: TestClient, service: Service) -> None:
    other = api_of(http, service, "Other", providers=["0008001"])
    assert other.get(LISTED).status == 200
    revoke(service, api.client_id)
    time.sleep(authentication.FRESH_SECONDS)
    assert other.get(LISTED).status == 200


def test_records_that_a_batch_of_a_revoked_client_has_not_reached_are_rejected(
    api: Api, http: TestClient, service: Service
) -> None:
    other = api_of(http, service, "Other", providers=["0008001"])
    batch_id = upload(api, tab_text([row(), row(Completion_Date="12/11/2021")])).json["batch_id"]
    assert revoke(service, api.client_id).batches == 1
    work_through(service)
    batch = other.get(f"/v1/batches/{batch_id}").json
    assert (batch["status"], batch["counts"]["added"], batch["counts"]["rejected"]) == ("completed", 0, 2)
    assert {finding["rule"] for record in rows_of(other, batch) for finding in record["findings"]} == {"forbidden"}
    settle(service)


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_the_command_ends_a_key_in_every_process_at_once(api: Api, database_url: str, tmp_path: Path) -> None:
    key = {"Authorization": f"Bearer {api.key}"}
    workers = [] if database_url.startswith("sqlite") else ["--workers", "2"]
    with installation(database_url, tmp_path / "served") as installed:
        port = free_port()
        installed.serve(port, *workers)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=key, timeout=60, trust_env=False) as http:
            assert {http.get(LISTED).status_code for _ in range(20)} == {200}
        said = installed.run("client", "revoke", api.client_id)
        assert said.returncode == 0
        assert said.stdout.startswith(f"Revoked {api.client_id} (Western Regional): 2 keys and secrets work no longer.")
        assert api.key not in said.stdout + said.stderr
        # Each on a connection of its own, which any of the processes may take.
        anew = httpx.Limits(max_keepalive_connections=0)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=key, limits=anew, trust_env=False) as http:
            assert {http.get(LISTED).status_code for _ in range(20)} == {401}
        again = installed.run("client", "revoke", api.client_id)
        assert (again.returncode, "had been revoked already" in again.stdout) == (0, True)
