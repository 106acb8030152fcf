"""Links of OpenAPI: to which operations the ids of an answer lead, for readers and for tools that test the API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.routers.description.operations import Operation
from app.routers.description.schemas import resolve


def describe_links(operations: Sequence[Operation]) -> None:
    """Link every answer that carries an id to the operations whose path needs just that id."""
    targets: dict[str, list[Operation]] = {}
    for operation in operations:
        if len(operation.path_parameters) == 1:
            targets.setdefault(operation.path_parameters[0], []).append(operation)
    for operation in operations:
        for _, response in operation.successes():
            links = _links_of(operation, response, targets)
            if links:
                response["links"] = links


def _links_of(operation: Operation, response: dict[str, Any], targets: dict[str, list[Operation]]) -> dict[str, Any]:
    body = operation.body_of(response)
    fields, place = body.get("properties", {}), "$response.body#/"
    if operation.method == "get" and "data" in fields:
        rows = resolve(fields["data"].get("items", {}), operation.schemas)
        fields, place = rows.get("properties", {}), "$response.body#/data/0/"
    elif operation.method not in ("post", "put"):
        return {}
    return {
        target.id: {"operationId": target.id, "parameters": {name: f"{place}{name}"}}
        for name, reached in targets.items()
        if name in fields
        for target in reached
        if target.id != operation.id and _same_tag(operation, target)
    }


def _same_tag(one: Operation, other: Operation) -> bool:
    """Whether both are about the same things: any answer may hold an id of something else."""
    return bool(set(one.spec.get("tags", ())) & set(other.spec.get("tags", ())))
