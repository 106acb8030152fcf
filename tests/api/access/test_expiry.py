"""A client that expires: nothing of it goes on, and the commands say when."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.domain.webhooks import AttemptOutcome
from app.services.access import management
from app.services.context import Service, operator, transact
from tests.builders.bodies import a_completion
from tests.builders.sent_files import row, tab_text
from tests.harness.api import Api, api_of, settle
from tests.harness.clock import ManualClock
from tests.harness.databases import ON_SQLITE
from tests.harness.inbox import Inbox, allowing_private, deliver, register
from tests.harness.processes import installation
from tests.harness.uploads import rows_of, upload, work_through


@pytest.fixture
def service(service: Service) -> Service:
    return allowing_private(service)


def expire(service: Service, api: Api, clock: ManualClock) -> None:
    until = {"expires_at": clock.now + timedelta(minutes=1)}
    transact(operator(service), management.change_named, api.client_id, until)
    clock.now += timedelta(minutes=2)


def test_records_that_a_batch_of_an_expired_client_has_not_reached_are_rejected(
    api: Api, http: TestClient, service: Service, clock: ManualClock
) -> None:
    other = api_of(http, service, "Other", providers=["0008001"])
    batch_id = upload(api, tab_text([row(), row(Completion_Date="12/11/2021")])).json["batch_id"]
    expire(service, api, clock)
    work_through(service)
    batch = other.get(f"/v1/batches/{batch_id}").json
    assert (batch["status"], batch["counts"]["rejected"]) == ("completed", 2)
    assert {finding["rule"] for record in rows_of(other, batch) for finding in record["findings"]} == {"forbidden"}
    settle(service)


def test_nothing_more_is_sent_to_the_endpoint_of_an_expired_client(
    api: Api, http: TestClient, service: Service, clock: ManualClock, box: Inbox
) -> None:
    made = register(api, box.url).json
    other = api_of(http, service, "Other", providers=["0008001"])
    assert other.report(a_completion()).status == 201
    settle(service)
    expire(service, api, clock)
    assert set(deliver(service)) == {AttemptOutcome.RIGHT_REVOKED}
    assert not box.received and made["endpoint_id"]


@ON_SQLITE
def test_the_commands_show_end_and_change_keys(database_url: str, tmp_path: Path, api: Api) -> None:
    with installation(database_url, tmp_path / "data") as installed:
        made = json.loads(
            installed.run("client", "create", "V", "--vendor", "--expires", "2099-12-31", "--json").stdout
        )
        (listed,) = [
            client
            for client in json.loads(installed.run("client", "list", "--json").stdout)["data"]
            if client["client_id"] == made["client_id"]
        ]
        assert listed["expires_at"] == "2100-01-01T00:00:00Z"
        kept = json.loads(installed.run("client", "create", "V2", "--vendor", "--beside", "V", "--json").stdout)
        assert kept["client_id"] != made["client_id"]
        assert installed.run("client", "create", "X", "--provider", "0008001", "--beside", "V").returncode == 1
        keys = json.loads(installed.run("client", "keys", "V", "--json").stdout)["data"]
        assert {key["kind"] for key in keys} == {"api-key", "client-secret"}
        (key,) = [key for key in keys if key["kind"] == "api-key"]
        assert made["api_key"].endswith(key["ending"])
        ended = installed.run("client", "end-key", "V", key["key_id"])
        assert (ended.returncode, key["key_id"] in ended.stdout) == (0, True)
        again = installed.run("client", "end-key", "V", key["key_id"])
        assert (again.returncode, "has no key with this id" in again.stderr) == (1, True)
        changed = installed.run("client", "change", "V", "--expires", "never", "--scope", "completions:read")
        assert "completions:read and does not expire" in changed.stdout
        assert "permission" in installed.run("client", "list").stdout
        withdrawn = installed.run("client", "change", "V", "--withdraw-permission")
        assert "is not attested" in withdrawn.stdout
        (row,) = [line for line in installed.run("client", "list").stdout.splitlines() if made["client_id"] in line]
        assert "withdrawn" in row
        assert "is not attested" not in installed.run("client", "change", "V", "--attest-permission").stdout
        for wrong in (("--expires", "soon"), ("--expires", "2000-01-01"), ("--scope", "all"), ()):
            refused = installed.run("client", "change", "V", *wrong)
            assert refused.returncode == 1 and refused.stderr.startswith("pars: "), wrong
            assert "Traceback" not in refused.stderr
        table = installed.run("client", "keys", "V").stdout
        assert made["client_secret"] not in table and made["client_secret"][-4:] in table
