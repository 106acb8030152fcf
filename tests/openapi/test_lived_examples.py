"""The description's examples are sent to the service: what it shows is what happens."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.datastructures import Headers

from app.services.context import Service
from tests.builders.bodies import a_completion
from tests.builders.disputes import disputed
from tests.builders.people import import_people, physicians_on_file
from tests.builders.sent_files import row, workbook
from tests.harness.api import Answer, Api, api_of
from tests.harness.contract import Described, committed
from tests.harness.held import NORA, hold, nora
from tests.harness.passport.programs import FROM_OUR_PAGE, Program, program_of_slides
from tests.harness.uploads import rows_of, worked

DATABASES = ["sqlite"]

CONTRACT = committed()
BODIES = [(operation, name) for operation in CONTRACT.operations for name in operation.bodies]
READS = [operation for operation in CONTRACT.operations if operation.method == "get" and "/v1/" in operation.path]


def at(pointer: str, body: Any) -> Any:
    """Return what a link's expression points to in a body."""
    for step in pointer.removeprefix("$response.body#/").split("/"):
        body = body[int(step) if isinstance(body, list) else step]
    return body


def linked(api: Api, operation: Described) -> dict[str, str]:
    """Return the path's parameters: of a resource that a list leads to, else as in the examples."""
    for other in READS:
        if not other.parameters("path"):
            link = other.said["responses"]["200"].get("links", {}).get(operation.id)
            if link:
                listed = api.send("GET", other.path).json
                return {name: at(pointer, listed) for name, pointer in link["parameters"].items()}
    return {name: parameter["example"] for name, parameter in operation.parameters("path").items()}


def made(api: Api, operation: Described, body: Any) -> dict[str, str]:
    """Return the path's parameters: of a resource made with the same body, where there is an operation for that."""
    if operation.id == "change_completion":
        return {"completion_id": api.report(a_completion()).json["completion_id"]}
    for other in CONTRACT.operations:
        if other.method == "post" and operation.path.startswith(f"{other.path}/") and body in other.bodies.values():
            link = other.said["responses"]["201"].get("links", {}).get(operation.id)
            if link:
                answer = api.send("POST", other.path, json=body).json
                return {name: at(pointer, answer) for name, pointer in link["parameters"].items()}
    return (
        linked(api, operation)
        if operation.method == "post" or {"endpoint_id", "held_id", "client_id"} & operation.parameters("path").keys()
        else {name: parameter["example"] for name, parameter in operation.parameters("path").items()}
    )


def ready_to_mend(api: Api, service: Service, operation_id: str) -> str:
    """Upload a file with rejected rows; return its batch's id. Where rows are to be reported, one is ready."""
    faulty = row(Number_of_CME_Credits=2.1)
    batch_id: str = worked(api, service, workbook([faulty] * 40))["batch_id"]
    if operation_id == "report_batch_mends":
        place = f"/v1/batches/{batch_id}"
        names = {
            one["column"]: one["field"] for one in rows_of(api, {"batch_id": batch_id}, include="record")[0]["record"]
        }
        mended = {"cells": {names["Number of CME Credits"]: "2"}}
        api.send("PUT", f"{place}/rows/3/mend", headers={"If-Match": '"1"'}, json=mended)
        api.post(f"{place}/mends:check", {})
    return batch_id


def on_file(api: Api, service: Service, operation: Described) -> dict[str, str]:
    """Make what operations on the registry are about; return its ids by those of the examples."""
    if "Physicians" not in operation.said["tags"]:
        return {}
    first, second = (f"017de0b2-4c30-7b5e-9a61-5f0d2c7be41{number}" for number in "12")
    person = {"last_name": "Twin", "date_of_birth": "05/06", "licenses": "TN-M:54321"}
    import_people(service, person | {"first_name": "John"}, person | {"first_name": "Jack"})
    one, other = (id for id, who in physicians_on_file(service).items() if "twin" in {last for last, _ in who.names})
    named = {"first_name": "John", "last_name": "Twin", "born": "05/06", "license_id": "54321"}
    credited = [
        api.report(a_completion(completed_on=f"2021-12-1{day}", **named)).json["completion_id"] for day in range(2)
    ]
    held = next(id for id, who in physicians_on_file(service).items() if any(h.number == "54321" for h in who.licenses))
    other = other if held == one else one
    return {
        f"{first}.{second}": ".".join(sorted((held, other))),
        first: held,
        second: other,
        "017de0b2-4c30-7b5e-9a61-5f0d2c7be401": credited[0],
        "017de0b2-4c30-7b5e-9a61-5f0d2c7be404": credited[1],
    }


def with_ids(value: Any, ids: dict[str, str]) -> Any:
    """Return an example with ids of what there is."""
    text = json.dumps(value)
    for shown, made_id in ids.items():
        text = text.replace(shown, made_id)
    return json.loads(text)


def caller_of(api: Api, service: Service, operation: Described) -> Any:
    """Return a client that has the scope of an operation, or a physician's program that has their session."""
    needed = str(operation.said.get("security"))
    if "session" in needed:
        program = Program(api.http, program_of_slides(api.http, service).token, FROM_OUR_PAGE)
        # Of these the demo world has none.
        assert program.post("/v1/passport/transcripts", {}).status == 201
        return program
    if "board:feed" in needed:
        return api_of(api.http, service, "board", role="board", board="ABA")
    if "transcripts:read" in needed:
        return api_of(api.http, service, "board", role="board", board="ABO")
    if "/v1/help-requests" in operation.path:
        import_people(service, NORA | {"date_of_birth": "07/19"})
        path = hold(api, nora()).response.headers["Location"]
        assert api.post(f"{path}/ask", {}).status == 200
    if "operator" in needed:
        return api_of(api.http, service, "operator", role="operator")
    if "webhooks:manage" in needed:
        # Of these the demo world has none.
        assert api.post("/v1/webhook-endpoints", {"url": "https://lms.example.org/pars"}).status == 201
    if "/v1/disputes" in operation.path:
        disputed(service, api.report(a_completion()).json["completion_id"])
    if "/v1/held-records" in operation.path:
        assert hold(api, nora()).status == 202
    return api


def faults(answer: Answer) -> list[str]:
    request, response = answer.response.request, answer.response
    return list(
        CONTRACT.faults(request.method, request.url.path, response.status_code, response.headers, response.content)
    )


@pytest.mark.parametrize(("operation", "name"), BODIES, ids=[f"{body.id}-{name}" for body, name in BODIES])
def test_every_example_of_a_request_is_accepted_and_answered_as_described(
    api: Api, service: Service, operation: Described, name: str
) -> None:
    body = operation.bodies[name]
    ids = on_file(api, service, operation)
    api = caller_of(api, service, operation)
    if ids:
        body = with_ids(body, ids)
        shown = {name: parameter["example"] for name, parameter in operation.parameters("path").items()}
        path = operation.path.format(**with_ids(shown, ids))
    elif operation.path.startswith("/v1/batches/"):
        path = operation.path.format(batch_id=ready_to_mend(api, service, operation.id), row=14)
    else:
        if "physician_id" in body:
            people = physicians_on_file(service).items()
            (body["physician_id"],) = [id for id, learner in people if ("quillfeather", "nora") in learner.names]
        path = operation.path.format(**made(api, operation, body))
    headers = {}
    if operation.id == "mend_batch_row":
        headers["If-Match"] = '"1"'
    elif "If-Match" in operation.parameters("header") and (stands := api.get(path)).status == 200:
        headers["If-Match"] = stands.response.headers["ETag"]
    answer = api.send(operation.method.upper(), path, headers=headers, json=body)
    assert 200 <= answer.status < 300, answer.json
    assert faults(answer) == []


@pytest.mark.parametrize("operation", READS, ids=lambda operation: operation.id)
def test_every_read_answers_as_described(api: Api, service: Service, operation: Described) -> None:
    ids = on_file(api, service, operation)
    api = caller_of(api, service, operation)
    known = {}
    if ids:
        known = with_ids({name: one["example"] for name, one in operation.parameters("path").items()}, ids)
    if operation.path.startswith("/v1/batches"):
        known["batch_id"] = worked(api, service, workbook([row()]))["batch_id"]
    if operation.path.startswith("/v1/transcripts"):
        search = next(body for other, _ in BODIES if other.id == "search_transcripts" for body in other.bodies.values())
        known["transcript_id"] = api.post("/v1/transcripts:search", search).json["data"][0]["transcript_id"]
    if operation.path.startswith("/v1/grants"):
        known["vendor_id"] = api_of(api.http, service, role="vendor", providers=["0008001"]).client_id
    if operation.path.startswith("/v1/passport/shares/"):
        body = next(body for other, _ in BODIES if other.id == "create_share" for body in other.bodies.values())
        known["token"] = program_of_slides(api.http, service).post("/v1/passport/shares", body).json["token"]
    if operation.path.startswith("/v1/downloads"):
        link = api.post("/v1/downloads", {"kind": "activities", "format": "csv"}).json["url"]
        known["token"] = link.rpartition("/")[2]
    if "/keys" in operation.path:
        known["client_id"] = api.client_id
        known["key_id"] = api.get(f"/v1/clients/{api.client_id}/keys").json["data"][0]["key_id"]
    asked = operation.parameters("query").items()
    needed = {name: value["example"] for name, value in asked if value["required"]}
    answer = api.get(operation.path.format(**known if ids else linked(api, operation) | known), **needed)
    assert answer.status == 200, answer.json
    assert faults(answer) == []


def test_an_answer_that_is_not_described_is_noticed() -> None:
    def told(status: int, body: bytes, **more: str) -> list[str]:
        headers = Headers({"X-Request-Id": "1", "Content-Type": "application/json"} | more)
        return list(CONTRACT.faults("GET", "/v1/rules", status, headers, body))

    assert told(200, b'{"data": []}') == []
    assert told(200, b'{"data": 1}') == ['list_rules 200: /data: 1 is not of type "array"']
    assert told(418, b"{}") == ["list_rules: status 418 is not described"]
    assert told(200, b'{"data": []}', ETag="1") == ["list_rules 200: header ETag is not described"]
    assert told(200, b"[]", **{"Content-Type": "text/csv"}) == ["list_rules 200: media type text/csv is not described"]
