"""Files on their way: uploaded, worked through, and what became of them."""

from __future__ import annotations

from typing import Any

from app.services.batches.steps import Pace, apply_some, read_one
from app.services.context import Service
from tests.harness.api import Answer, Api


def upload(
    api: Api, content: bytes, kind: str = "learner-completions", name: str = "learners.xlsx", **fields: Any
) -> Answer:
    """Upload a file; permission is attested unless told otherwise."""
    headers = fields.pop("headers", {})
    form = {"kind": kind, "permission_attested": "true"} | fields
    form = {name: str(value).lower() for name, value in form.items() if value is not None}
    return api.send("POST", "/v1/batches", headers=headers, files={"file": (name, content)}, data=form)


def work_through(service: Service, at_once: int = 50, *, alone: bool = False) -> None:
    """Read and apply every file that waits, as a worker would; `alone` as one does while nobody else writes."""
    on_sqlite = service.database.on_sqlite
    # A fresh pace each time: how fast the last piece went changes nothing.
    while read_one(service) or apply_some(service, Pace(on_sqlite=on_sqlite, at_once=at_once), alone=alone):
        pass


def worked(api: Api, service: Service, content: bytes, kind: str = "learner-completions", **fields: Any) -> Any:
    """Upload a file, work it through, and return its batch."""
    at_once = fields.pop("at_once", 50)
    sent = upload(api, content, kind, **fields)
    assert sent.status == 202, sent.json
    work_through(service, at_once)
    return api.get(f"/v1/batches/{sent.json['batch_id']}").json


def rows_of(api: Api, batch: Any, **parameters: Any) -> list[Any]:
    """Return what became of the rows of a batch."""
    found: list[Any] = api.get(f"/v1/batches/{batch['batch_id']}/rows", limit=500, **parameters).json["data"]
    return found


def file_of(api: Api, batch: Any, which: str, **parameters: Any) -> bytes:
    """Download a file of a batch."""
    answer = api.get(f"/v1/batches/{batch['batch_id']}/files/{which}", **parameters)
    assert answer.status == 200, answer.json
    return answer.response.content
