"""A client of the service that speaks in the tests' words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
from httpx import Response

from app.services.access import clients
from app.services.context import Service, operator, transact
from app.services.operations import checks
from app.services.operations.sealing import seal_next
from tests.builders.bodies import an_activity


@dataclass(frozen=True)
class Answer:
    """What the service answered."""

    response: Response

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def json(self) -> Any:
        return self.response.json()

    @property
    def codes(self) -> set[str]:
        """Codes of the faults."""
        return {error["code"] for error in self.json.get("errors", [])}

    @property
    def pointers(self) -> dict[str, str]:
        """Where each fault is."""
        return {error["code"]: error.get("pointer", "") for error in self.json.get("errors", [])}

    @property
    def warnings(self) -> set[str]:
        """Rules that warned."""
        return {finding["rule"] for finding in self.json.get("findings", []) if finding["severity"] == "warning"}


@dataclass(frozen=True)
class Api:
    """A client with its key."""

    http: httpx.Client
    key: str
    client_id: str

    def send(self, method: str, path: str, headers: dict[str, str] | None = None, **given: Any) -> Answer:
        return Answer(
            self.http.request(method, path, headers={"Authorization": f"Bearer {self.key}", **(headers or {})}, **given)
        )

    def post(self, path: str, body: Any, **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.send("POST", path, json=body, headers=named)

    def get(self, path: str, **parameters: Any) -> Answer:
        return self.send("GET", path, params=parameters)

    def delete(self, path: str) -> Answer:
        return self.send("DELETE", path)

    def report(self, body: Any, **headers: str) -> Answer:
        return self.post("/v1/learner-completions", body, **headers)

    def register(self, **fields: Any) -> Answer:
        return self.post("/v1/activities", an_activity(**fields))

    def pages(self, path: str, **parameters: Any) -> Iterator[Any]:
        """Yield the rows of all pages of a list."""
        answer = self.get(path, **parameters)
        while True:
            assert answer.status == 200, answer.json
            yield from answer.json["data"]
            if (cursor := answer.json["next_cursor"]) is None:
                return
            answer = self.get(path, cursor=cursor, limit=parameters.get("limit", 50))

    def completions(self, **parameters: Any) -> list[Any]:
        listed: list[Any] = self.get("/v1/learner-completions", **parameters).json["data"]
        return listed


def api_of(
    http: httpx.Client,
    service: Service,
    name: str = "somebody",
    *,
    role: str = "provider",
    providers: Sequence[str] = (),
    scopes: Sequence[str] = (),
    board: str | None = None,
    test: bool = False,
) -> Api:
    """Create a client of the service, and return it with its key."""
    created = transact(
        operator(service),
        clients.create,
        name,
        role=role,
        provider_ids=providers,
        board=board,
        scopes=scopes,
        test=test,
    )
    return Api(http, created.api_key, created.client_id)


def settle(service: Service) -> None:
    """Seal what waits, then prove every invariant; not the registry, which hardly any test changes."""
    while service.database.write(lambda connection: seal_next(connection, service)):
        pass
    faults = checks.find_faults(service, whole=False)
    assert faults == [], faults
