"""The description's examples are sent to the service: what it shows is what happens."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.datastructures import Headers

from app.services.context import Service
from tests.builders.bodies import a_completion
from tests.builders.sent_files import row, workbook
from tests.harness.api import Answer, Api, api_of
from tests.harness.contract import Described, committed
from tests.harness.uploads import worked

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
        if operation.method == "post" or "endpoint_id" in operation.parameters("path")
        else {name: parameter["example"] for name, parameter in operation.parameters("path").items()}
    )


def caller_of(api: Api, service: Service, operation: Described) -> Api:
    """Return a client that has the scope of an operation."""
    needed = str(operation.said.get("security"))
    if "board:feed" in needed:
        return api_of(api.http, service, "board", role="board", board="ABA")
    if "operator" in needed:
        return api_of(api.http, service, "operator", role="operator")
    if "webhooks:manage" in needed:
        # Of these the demo world has none.
        assert api.post("/v1/webhook-endpoints", {"url": "https://lms.example.org/pars"}).status == 201
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
    api = caller_of(api, service, operation)
    path = operation.path.format(**made(api, operation, body))
    headers = {}
    if "If-Match" in operation.parameters("header") and (stands := api.get(path)).status == 200:
        headers["If-Match"] = stands.response.headers["ETag"]
    answer = api.send(operation.method.upper(), path, headers=headers, json=body)
    assert 200 <= answer.status < 300, answer.json
    assert faults(answer) == []


@pytest.mark.parametrize("operation", READS, ids=lambda operation: operation.id)
def test_every_read_answers_as_described(api: Api, service: Service, operation: Described) -> None:
    api = caller_of(api, service, operation)
    known = {}
    if operation.path.startswith("/v1/batches"):
        known["batch_id"] = worked(api, service, workbook([row()]))["batch_id"]
    asked = operation.parameters("query").items()
    needed = {name: value["example"] for name, value in asked if value["required"]}
    answer = api.get(operation.path.format(**linked(api, operation) | known), **needed)
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
