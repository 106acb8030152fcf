"""Builders with every argument defaulted, and a client that speaks in the tests' words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
from httpx import Response

from app.services.access import clients
from app.services.context import Service, operator, transact
from app.services.operations import checks
from app.services.operations.sealing import seal_next
from app.services.registry import imports

SECRET = "a secret for tests that is long enough"
GRAND_ROUNDS = "201759558"
COURSE = "200912095"


class Moment:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2021, 12, 20, 15, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


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
        return {each["rule"] for each in self.json.get("findings", []) if each["severity"] == "warning"}


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


def a_completion(
    activity_id: str | None = GRAND_ROUNDS,
    completed_on: str | None = "2021-12-12",
    *,
    first_name: str | None = "Rebecca",
    last_name: str | None = "Test",
    born: str | None = "02/01",
    state: str | None = "TN",
    license_id: str | None = "444444",
    credits: Any = 2,
    moc: list[dict[str, Any]] | None = None,
    reference: str | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Rebecca Test's two hours of Grand Rounds, unless told otherwise. `credits=None` leaves CME out."""
    body: dict[str, Any] = {
        "activity_id": activity_id,
        "completed_on": completed_on,
        "permission": True,
        "learner": {"first_name": first_name, "last_name": last_name, "date_of_birth": born},
        "cme": [{"state": state, "license_id": license_id, "credits": credits}] if credits is not None else [],
    }
    if reference is not None:
        body["cme"][0]["client_reference"] = reference
    if moc is not None:
        body["moc"] = moc
    return body | more


def points(board: str = "ABA", board_id: str | None = "35867909", total: Any = 0.25, **types: Any) -> dict[str, Any]:
    """Points of a board; types are named by keyword, underscores for spaces."""
    named = {name.replace("_", " "): amount for name, amount in types.items()} or {"Lifelong Learning": total}
    return {
        "board": board,
        "board_id": board_id,
        "total_credits": total,
        "credit_types": [{"type": name, "credits": amount} for name, amount in named.items()],
    }


def tina(completed_on: str = "2021-12-01", total: Any = 0.25, **more: Any) -> dict[str, Any]:
    """Tina Karacme's ABA points in Grand Rounds."""
    person: dict[str, Any] = {"first_name": "Tina", "last_name": "Karacme", "born": "11/24"}
    return a_completion(completed_on=completed_on, credits=None, moc=[points(total=total)], **person, **more)


def known(service: Service, **fields: str) -> None:
    """Let the registry know Tina Karacme better: also as Tina Carmel, and licensed in Tennessee."""
    row = {
        "first_name": "Tina",
        "last_name": "Karacme",
        "other_last_names": "Carmel",
        "date_of_birth": "11/24",
        "licenses": "TN-M:777001",
        "certifications": "ABA:35867909",
    }
    counts = imports.import_rows(service, [(1, imports.read_row(row | fields, service.catalogue))])
    assert counts.refused == [], counts.refused


def john(patient_safety: Any = 2.25, **more: Any) -> dict[str, Any]:
    """The sample row of the Excel template: John Smith, 2.25 CME in Tennessee and 2.25 ABIM points."""
    types = {"Medical_Knowledge": 2.25, "Patient_Safety": patient_safety}
    return a_completion(
        COURSE,
        "2021-02-14",
        first_name="John",
        last_name="Smith",
        born="03/17",
        license_id="12345",
        credits=2.25,
        moc=[points("ABIM", "999999", 2.25, **types)],
        **more,
    )


def an_activity(**fields: Any) -> dict[str, Any]:
    """A complete live course of 2021 with ten credits, unless told otherwise; a field given as None is left out."""
    body = {
        "title": "A course",
        "format": "live-course",
        "start_date": "2021-01-01",
        "end_date": "2021-12-31",
        "ama_pra_credits": 10,
        "delivery_methods": ["online"],
        "description": "A course of the tests.",
        "providership": "direct",
        "listing": {"public": False},
    } | fields
    return {name: value for name, value in body.items() if value is not None}


def settle(service: Service) -> None:
    """Seal what waits, then prove every invariant."""
    while service.database.write(lambda connection: seal_next(connection, service)):
        pass
    assert checks.find_faults(service) == []
