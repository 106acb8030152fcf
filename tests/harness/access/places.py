"""Where else than in its path a request names a record: in its query, its body, and in the cursor of a list.

The places are found in the description of the API, so that a new one is asked about without anybody thinking of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from tests.builders.bodies import a_completion, an_activity
from tests.harness.access.asking import Asked
from tests.harness.access.table import Kind, Seat, kinds_of_operations
from tests.harness.access.world import DAY, World
from tests.harness.contract import Contract, Described, committed
from tests.harness.held import nora

NO_RECORDS = {
    "license_id": "a number that a licensing board gave to a physician",
    "board_id": "a number that a certifying board gave to a physician",
    "local_id": "a number that a REMS programme gave to a learner",
    "client_references": "an answer that is sent back; it is not read",
    "provider_id": "asked for by operators alone, who see every provider",
}
"""Fields and parameters that name no record of anybody who calls."""
CHOSEN = ("internal_id", "client_reference")
"""Names that each provider gives as it likes: in a body they are its own; in a query they look for a record."""
BODIES: dict[str, Callable[[str], Any]] = {
    "register_activity": lambda _: an_activity(),
    "put_activity": lambda _: an_activity(),
    "report_completion": lambda activity: a_completion(activity, DAY, credits=1),
    "preview_completion": lambda activity: a_completion(activity, DAY, credits=1),
    "report_completions": lambda activity: {"items": [a_completion(activity, DAY, credits=1)]},
    "put_completion": lambda activity: a_completion(activity, DAY, credits=1, reference="unused"),
    "correct_completion": lambda activity: a_completion(activity, DAY, credits=1),
    "change_completion": lambda _: {},
    "correct_held_record": lambda activity: nora(activity_id=activity, completed_on=DAY),
    "create_client": lambda _: {"name": "another"},
    "decide_credits": lambda _: {"decisions": [{"position": 1, "decision": "accepted"}]},
}
"""Bodies in which nothing is wrong for a provider that has this activity, until a place is filled with a foreign id."""


@dataclass(frozen=True)
class Place:
    """Where an operation takes the id of a record."""

    operation: Described
    where: str
    """`query`, or the JSON Pointer of a field of the body."""
    name: str

    def __str__(self) -> str:
        return f"{self.operation.id} {'?' if self.where == 'query' else f'{self.where}/'}{self.name}"

    def asked(self, world: World, seat: Seat, value: str) -> Asked:
        """Return the request of a caller in which the place holds an id, and all else is the caller's own."""
        own = world.records["sandbox" if seat.caller.endswith("-test") else "theirs"]
        chosen = {"internal_id": "unused", "reference": "unused", "endpoint_id": "none", "batch_id": "none"} | own
        target = self.operation.path.format_map(chosen)
        headers = world.headers(seat)
        if self.where == "query":
            query = {self.name: value}
            if "include" in self.operation.parameters("query"):
                query |= {"include": "total"}
            if self.operation.id.startswith("export_"):
                query |= {"format": "csv"}
            if self.operation.method == "get":
                return Asked("GET", f"{target}?{urlencode(query)}", headers)
            target = f"{target}?{urlencode(query)}"
        body = BODIES[self.operation.id](own["activity_id"])
        if self.where != "query":
            _put(body, [*self.where.split("/")[1:], self.name], value)
        conditional = {"If-Match": "*"} if "If-Match" in self.operation.parameters("header") else {}
        if self.operation.id == "put_activity":
            # It would be made.
            conditional = {"If-Match": '"0"'}
        sent = headers | {"Content-Type": "application/json"} | conditional
        return Asked(self.operation.method.upper(), target, sent, json.dumps(body).encode())


def places() -> Iterator[Place]:
    """Yield every place of the description; those of operators and of nobody's records are left out."""
    contract, kinds = committed(), kinds_of_operations()
    for operation in contract.operations:
        if kinds[operation.id] in (Kind.OPERATOR, Kind.OPEN):
            continue
        for name in operation.parameters("query"):
            if _is_id(name) or name in ("cursor", "after"):
                yield Place(operation, "query", name)
        content = operation.said.get("requestBody", {}).get("content", {}).get("application/json", {})
        for where, name in sorted(set(_fields(contract, content.get("schema", {}), "", ()))):
            if _is_id(name) and name not in CHOSEN:
                yield Place(operation, where, name)


def _is_id(name: str) -> bool:
    return name not in NO_RECORDS and (name.endswith(("_id", "_ids")) or "reference" in name)


def _fields(contract: Contract, schema: Any, where: str, above: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield every field of a schema, with the pointer of what holds it; the first entry stands for a list."""
    if (named := schema.get("$ref", "").rpartition("/")[2]) and named not in above:
        yield from _fields(contract, contract.document["components"]["schemas"][named], where, (*above, named))
    for name, field in schema.get("properties", {}).items():
        yield where, name
        yield from _fields(contract, field, f"{where}/{name}", above)
    for inner in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        yield from _fields(contract, inner, where, above)
    if "items" in schema:
        yield from _fields(contract, schema["items"], f"{where}/0", above)


def _put(body: Any, path: list[str], value: str) -> None:
    """Set a value of a body; a learner who is named by an id is named by nothing else."""
    *parents, name = path
    for parent in parents:
        if parent == "learner":
            body["learner"] = {}
        body = body[int(parent)] if isinstance(body, list) else body[parent]
    body[name] = [value] if name.endswith("_ids") else value
