"""Every way in which records come to the service, each answering what became of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from app.services.batches.steps import Pace, apply_some, read_one
from app.services.context import Service
from benchmarks.world.same_records import FORMATS, Record
from tests.api.pars.documents import LEARNERS, outcomes
from tests.harness.api import Answer, Api
from tests.harness.clock import ManualClock
from tests.harness.uploads import upload
from tests.model.plain import Told

COMPLETIONS = "/v1/learner-completions"
LAST_NAME = "Modelson"
PEOPLE: Mapping[str, dict[str, str]] = {
    "Ada": {"date_of_birth": "12/10", "licenses": "TN-M:7881", "certifications": "ABA:8991"},
    "Ben": {"date_of_birth": "04/15", "licenses": "TN-M:7882", "certifications": "ABA:8992"},
    "Cleo": {"date_of_birth": "06/30", "licenses": "TN-M:7883", "certifications": "ABA:8993"},
}
PROVIDER = "0008001"
SILENT = timedelta(minutes=5)
WORDS = {"created": "added", "refused": "rejected"}
"""Outcomes that have one name in answers to requests and another in files."""


class ForProvider(Api):
    """A vendor's client, which says with every request for whom it acts."""

    def send(self, method: str, path: str, headers: dict[str, str] | None = None, **given: Any) -> Answer:
        return super().send(method, path, headers={"PARS-Provider": PROVIDER, **(headers or {})}, **given)


class Broken(Exception):
    """The service answered that something broke: what was sent has changed nothing, or is sent again."""


def row_of(person: str) -> dict[str, str]:
    """Return somebody as a row of the registry's file."""
    return {"first_name": person, "last_name": LAST_NAME, **PEOPLE[person]}


def record_of(told: Told, action: str = "add") -> Record:
    """Return what is told as a record that can be written in every format."""
    known = PEOPLE[told.person]
    return Record(
        first_name=told.person,
        last_name=LAST_NAME,
        born=known["date_of_birth"],
        license_id=known["licenses"].partition(":")[2],
        board_id=known["certifications"].partition(":")[2],
        action=action,
        activity_id=told.activity,
        completed_on=told.day,
        credits=told.credits,
        points=told.points,
    )


def outcome_of(answer: Answer) -> str:
    """Return what became of one record that was reported."""
    if answer.status >= 500:
        raise Broken
    if answer.status == 422:
        assert answer.json["code"] == "completion-rejected", answer.json
        return "rejected"
    assert answer.status in (200, 201), answer.json
    outcome: str = answer.json["outcome"]
    return WORDS.get(outcome, outcome)


def one_by_one(api: Api, service: Service, records: Sequence[Record]) -> list[str]:
    """Report records in a request each, after a preview that stores nothing and says the same."""
    found = []
    for record in records:
        preview = api.post(f"{COMPLETIONS}:preview", record.body)
        found.append(outcome_of(api.report(record.body)))
        if preview.status < 500:
            said = preview.json.get("outcome", "rejected")
            assert WORDS.get(said, said) == found[-1], (preview.json, found)
    return found


def in_bulk(api: Api, service: Service, records: Sequence[Record]) -> list[str]:
    """Report records in one request."""
    answer = api.post(f"{COMPLETIONS}:bulk", {"items": [record.body for record in records]})
    if answer.status >= 500:
        raise Broken
    said = [item["completion"]["outcome"] if item.get("completion") else "rejected" for item in answer.json["items"]]
    return [WORDS.get(outcome, outcome) for outcome in said]


def as_document(format: str, type: str) -> Callable[[Api, Service, Sequence[Record]], list[str]]:
    """Return the door of documents in one form."""

    def send(api: Api, service: Service, records: Sequence[Record]) -> list[str]:
        content = FORMATS[format](records)
        answer = api.send("POST", LEARNERS, headers={"Content-Type": type}, content=content)
        if answer.status >= 500:
            raise Broken
        return [WORDS.get(outcome, outcome) for outcome in outcomes(answer)]

    return send


def as_file(format: str) -> Callable[[Api, Service, Sequence[Record]], list[str]]:
    """Return the door of files in a format. A worker that breaks is followed by another, until all is done."""

    def send(api: Api, service: Service, records: Sequence[Record]) -> list[str]:
        sent = upload(api, FORMATS[format](records), name=f"learners.{format}")
        if sent.status >= 500:
            raise Broken
        finish(service, at_once=2)
        path = f"/v1/batches/{sent.json['batch_id']}"
        batch = asked(api, path)
        assert (batch["status"], batch["counts"]["read"]) == ("completed", len(records)), batch
        return [row["outcome"] for row in asked(api, f"{path}/rows")["data"]]

    return send


def asked(api: Api, path: str) -> Any:
    """Ask for something; what breaks meanwhile does no harm, and is asked for again."""
    answer = api.get(path)
    return (api.get(path) if answer.status >= 500 else answer).json


def finish(service: Service, at_once: int) -> None:
    """Read and apply every file that waits, beginning again wherever a worker breaks."""
    pace = Pace(on_sqlite=service.database.on_sqlite, at_once=at_once)
    while True:
        try:
            if not (read_one(service) or apply_some(service, pace)):
                return
        except Unplugged:
            # What it had begun is another's once it has been silent for long enough.
            assert isinstance(service.clock, ManualClock)
            service.clock.now += SILENT


class Unplugged(Exception):
    """The plug was pulled between two statements."""


class Plug:
    """Pulled once, before one statement, counted from when it was set."""

    def __init__(self) -> None:
        self._left = 0

    def set(self, statement: int) -> None:
        """Pull before the statement of this number; 0 never."""
        self._left = statement

    @property
    def pulled(self) -> bool:
        return self._left == 0

    def __call__(self, _: str) -> None:
        if self._left:
            self._left -= 1
            if self._left == 0:
                raise Unplugged


Send = Callable[[Api, Service, Sequence[Record]], list[str]]
REQUESTS: Mapping[str, Send] = {
    "requests": one_by_one,
    "bulk": in_bulk,
    "PARS in XML": as_document("xml", "application/xml"),
    "PARS in JSON": as_document("json", "application/json"),
}
FILES: Mapping[str, Send] = {format: as_file(format) for format in FORMATS}
DOORS: Mapping[str, Send] = {**REQUESTS, **FILES}


def listed(api: Api) -> dict[tuple[str, str, str, int], Any]:
    """Return every completion of the model's people, by learner, activity, day and occasion."""
    found = {}
    for one in api.pages(COMPLETIONS, limit=100):
        if one["learner"]["last_name"] == LAST_NAME:
            key = (one["learner"]["first_name"], one["activity_id"], one["completed_on"], one["occasion"])
            assert key not in found, f"{key} stands twice"
            found[key] = one
    return found
