"""How tests edit activities."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from tests.builders.bodies import an_activity
from tests.harness.api import Answer, Api

ACTIVITIES = "/v1/activities"


def put(api: Api, internal_id: str, if_match: str | None = None, /, **fields: Any) -> Answer:
    headers = {"If-Match": if_match} if if_match is not None else {}
    path = f"{ACTIVITIES}/by-internal-id/{quote(internal_id)}"
    return api.send("PUT", path, headers=headers, json=an_activity(**fields))


def patch(api: Api, activity_id: str, edit: Any, if_match: str | None = "*") -> Answer:
    headers = {"If-Match": if_match} if if_match is not None else {}
    return api.send("PATCH", f"{ACTIVITIES}/{activity_id}", headers=headers, json=edit)


def read(api: Api, activity_id: str) -> Any:
    return api.get(f"{ACTIVITIES}/{activity_id}").json


def etag(answer: Answer) -> str:
    return answer.response.headers["etag"]


def abim(**fields: Any) -> list[dict[str, Any]]:
    types = ["Medical Knowledge", "Patient Safety"]
    return [{"board": "ABIM", "points": 10, "credit_types": types, "credit_claim_date": "2021-12-31"} | fields]
