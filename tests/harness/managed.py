"""Clients that manage clients, and a world of them."""

from __future__ import annotations

import time
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import Connection

from app.core.security import digest_of
from app.domain.access.credentials import key_id_of
from app.services.access import authentication
from app.services.context import Service
from app.store.sql import statements
from tests.harness.api import Answer, Api, api_of

CLIENTS = "/v1/clients"
OURS, THEIRS = "0008001", "0008002"


def make(api: Api, name: str = "Made", **fields: Any) -> Answer:
    return api.post(CLIENTS, {"name": name} | fields)


def made(api: Api, name: str = "Made", **fields: Any) -> Api:
    answer = make(api, name, **fields)
    assert answer.status == 201, answer.json
    return Api(api.http, answer.json["api_key"], answer.json["client_id"])


def seen_by(api: Api, **parameters: Any) -> set[str]:
    return {client["client_id"] for client in api.get(CLIENTS, limit=500, **parameters).json["data"]}


def change(api: Api, client_id: str, body: dict[str, Any], **parameters: Any) -> Answer:
    etag = api.get(f"{CLIENTS}/{client_id}").response.headers.get("etag", '"1"')
    return api.send("PATCH", f"{CLIENTS}/{client_id}", headers={"If-Match": etag}, json=body, params=parameters)


def key_id(api: Api) -> str:
    return key_id_of(digest_of(api.key))


def wait_for_cache() -> None:
    time.sleep(authentication.FRESH_SECONDS)


def audited(service: Service, client_id: str) -> list[str]:
    """Return the verbs of the audit entries about a client, in their order."""

    def read(connection: Connection) -> list[str]:
        return statements.fetch_column(
            connection, "SELECT verb FROM audit WHERE noun = 'client' AND subject_id = :id ORDER BY commit_id, item",
            {"id": client_id},
        )  # fmt: skip

    return service.database.read(read)


def managed_world(http: TestClient, service: Service) -> dict[str, Api]:
    """A client of each kind, and of two tenants."""
    return {
        "ours": api_of(http, service, "ours", providers=[OURS]),
        "ours too": api_of(http, service, "ours too", providers=[OURS], scopes=["completions:read"]),
        "our tester": api_of(http, service, "our tester", providers=[OURS], test=True),
        "theirs": api_of(http, service, "theirs", providers=[THEIRS]),
        "of both": api_of(http, service, "of both", providers=[OURS, THEIRS]),
        "vendor": api_of(http, service, "vendor", role="vendor", providers=[OURS]),
        "vendor 2": api_of(http, service, "vendor 2", role="vendor", providers=[OURS]),
        "board": api_of(http, service, "board", role="board", board="ABIM"),
        "operator": api_of(http, service, "operator", role="operator"),
        "sandboxed": api_of(http, service, "sandboxed", test=True),
        "sandboxed 2": api_of(http, service, "sandboxed 2", test=True),
        "nobody's": api_of(http, service, "nobody's", role="vendor"),
    }
