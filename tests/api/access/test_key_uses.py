"""When keys were last used: known to the minute, written beside the requests, and never at their cost."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from app.core.errors import Unavailable
from app.core.security import digest_of
from app.domain.access.credentials import key_id_of
from app.services.access.authentication import ClientCache
from app.services.context import Service
from app.store.sql import statements
from tests.harness.api import Api, settle
from tests.harness.clock import ManualClock
from tests.harness.databases import ON_SQLITE
from tests.harness.managed import wait_for_cache
from tests.harness.processes import eventually, free_port, installation


def cache_of(app: FastAPI) -> ClientCache:
    cache: ClientCache = app.state.clients
    return cache


def last_used(api: Api) -> dict[str, str | None]:
    listed = api.get(f"/v1/clients/{api.client_id}/keys").json["data"]
    return {key["key_id"]: key["last_used_at"] for key in listed}


def test_a_use_is_known_to_the_minute_once_it_was_written(
    api: Api, app: FastAPI, service: Service, clock: ManualClock
) -> None:
    mine = key_id_of(digest_of(api.key))
    clock.now += timedelta(seconds=75)
    assert last_used(api)[mine] is None
    cache_of(app).uses.flush(service)
    used = last_used(api)
    assert used[mine] == "2021-12-20T15:01:00Z" and list(used.values()).count(None) == 1
    clock.now += timedelta(minutes=5)
    wait_for_cache()
    assert api.get("/v1/me").status == 200
    cache_of(app).uses.flush(service)
    assert last_used(api)[mine] == "2021-12-20T15:06:00Z"
    # It is in nobody's audit entry, and breaks no digest of one.
    settle(service)


@ON_SQLITE
def test_a_minute_is_written_once_and_an_older_one_never(
    api: Api, app: FastAPI, service: Service, clock: ManualClock
) -> None:
    uses = cache_of(app).uses
    assert api.get("/v1/me").status == 200
    uses.flush(service)
    written: list[str] = []
    statements.BEFORE_STATEMENT.append(written.append)
    try:
        for _ in range(3):
            wait_for_cache()
            assert api.get("/v1/me").status == 200
            uses.flush(service)
    finally:
        statements.BEFORE_STATEMENT.remove(written.append)
    assert not [statement for statement in written if statement.startswith("UPDATE client_secrets")]
    uses.note(digest_of(api.key), clock.now - timedelta(hours=1))
    uses.flush(service)
    assert last_used(api)[key_id_of(digest_of(api.key))] == "2021-12-20T15:00:00Z"


@ON_SQLITE
def test_uses_that_could_not_be_written_are_written_later(api: Api, app: FastAPI, service: Service) -> None:
    uses = cache_of(app).uses
    assert api.get("/v1/me").status == 200

    def fail(statement: str) -> None:
        if statement.startswith("UPDATE client_secrets"):
            raise Unavailable("the disk is full")

    statements.BEFORE_STATEMENT.append(fail)
    try:
        with pytest.raises(Unavailable):
            uses.flush(service)
    finally:
        statements.BEFORE_STATEMENT.remove(fail)
    uses.flush(service)
    assert last_used(api)[key_id_of(digest_of(api.key))] is not None


@ON_SQLITE
def test_a_server_that_is_stopped_writes_what_it_knows(api: Api, database_url: str, tmp_path: Path) -> None:
    with installation(database_url, tmp_path / "served") as installed:
        port = free_port()
        process = installed.serve(port)
        address = f"http://127.0.0.1:{port}/v1/me"
        assert httpx.get(address, headers={"Authorization": f"Bearer {api.key}"}, trust_env=False).status_code == 200
        process.running.terminate()
        eventually(lambda: process.running.poll() is not None)
        listed = json.loads(installed.run("client", "keys", api.client_id, "--json").stdout)["data"]
    used = {key["key_id"]: key["last_used_at"] for key in listed}
    assert used[key_id_of(digest_of(api.key))] is not None
