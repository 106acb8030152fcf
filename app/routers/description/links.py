"""Links: where an answer's ids lead (OpenAPI), so that readers and testers find the way from what they made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.routers.description.operations import Operation
from app.routers.description.schemas import resolved


def describe_links(operations: Sequence[Operation]) -> None:
    """Link every answer that carries an id to the operations whose path needs just that id."""
    targets: dict[str, list[Operation]] = {}
    for each in operations:
        if len(each.path_parameters) == 1:
            targets.setdefault(each.path_parameters[0], []).append(each)
    for operation in operations:
        for _, response in operation.successes():
            found = _links(operation, response, targets)
            if found:
                response["links"] = found


def _links(operation: Operation, response: dict[str, Any], targets: dict[str, list[Operation]]) -> dict[str, Any]:
    body = operation.body_of(response)
    fields, place = body.get("properties", {}), "$response.body#/"
    if operation.method == "get" and "data" in fields:
        rows = resolved(fields["data"].get("items", {}), operation.schemas)
        fields, place = rows.get("properties", {}), "$response.body#/data/0/"
    elif operation.method not in ("post", "put"):
        return {}
    return {
        target.id: {"operationId": target.id, "parameters": {name: f"{place}{name}"}}
        for name, reached in targets.items()
        if name in fields
        for target in reached
        if target.id != operation.id and _same_noun(operation, target)
    }


def _same_noun(one: Operation, other: Operation) -> bool:
    """Tell whether both are about the same things: an id of something else may stand in any answer."""
    return bool(set(one.said.get("tags", ())) & set(other.said.get("tags", ())))
