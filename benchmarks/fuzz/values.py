"""Real values for generated requests: bodies that the rules accept, ids that exist, cursors that were given."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

Json = dict[str, Any]
KEPT = 200
"""How many ids of a kind are remembered; the newest are."""
FORMATS = ("live-course", "enduring-material", "journal-cme", "regularly-scheduled-series", "other-blended")
CURSORS = ("cursor", "after")


@dataclass
class World:
    """What the drill put there, and what the answers have shown since."""

    keys: list[Json]
    learners: list[Json]
    activities: list[Json]
    boards: list[Json]
    values: dict[str, list[str]]
    openapi: Json
    seen: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    etags: dict[str, str] = field(default_factory=dict)
    cursors: dict[str, str] = field(default_factory=dict)

    def remember(self, path: str, answer: Any, etag: str | None, location: str | None) -> None:
        """Keep the ids, the cursor and the version that an answer shows."""
        if etag:
            self.etags[location or path] = etag
        if isinstance(answer, dict) and isinstance(answer.get("next_cursor"), str):
            self.cursors[path] = answer["next_cursor"]
        for name, value in _ids(answer):
            kept = self.seen[name]
            if value not in kept:
                kept.append(value)
                del kept[:-KEPT]

    def forget(self, parameters: Json) -> None:
        """Drop the ids of a thing that is there no longer."""
        for name, value in parameters.items():
            if value in self.seen[name]:
                self.seen[name].remove(value)

    def known(self, name: str, template: str) -> list[str]:
        """Return real values of a parameter: those of its address, or those of its name, seen ones included."""
        return self.values.get(f"{template} {name}") or self.values.get(name, []) + self.seen.get(name, [])

    def key_for(self, scopes: list[str]) -> str | None:
        """Return the key of the first client that may do what the scopes say."""
        return next((each["key"] for each in self.keys if set(scopes) <= set(each["scopes"])), None)


def _ids(answer: Any) -> Iterator[tuple[str, str]]:
    if isinstance(answer, dict):
        for name, value in answer.items():
            if name.endswith("_id") and isinstance(value, str):
                yield name, value
            else:
                yield from _ids(value)
    elif isinstance(answer, list):
        for each in answer:
            yield from _ids(each)


def completion(world: World, rnd: Random) -> Json:
    """Return a report that the rules accept, or that breaks few of them."""
    learner, activity = rnd.choice(world.learners), rnd.choice(world.activities)
    start, end = date.fromisoformat(activity["start_date"]), date.fromisoformat(activity["end_date"])
    body: Json = {
        "activity_id": activity["activity_id"],
        "completed_on": str(start + timedelta(days=rnd.randint(0, max(0, (end - start).days)))),
        "permission": True,
        "learner": {name: learner[name] for name in ("first_name", "last_name", "date_of_birth")},
    }
    most = min(activity["ama_pra_credits"] or 1, 4)
    amount = rnd.randint(1, max(1, int(most * 4))) / 4
    if learner["licenses"]:
        state, number = rnd.choice(learner["licenses"])
        body["cme"] = [{"state": state, "license_id": number, "credits": amount}]
        if rnd.random() < 0.3:
            body["cme"][0]["client_reference"] = f"ref-{rnd.randint(1, 500)}"
    held = dict(learner["certifications"])
    shared = [each for each in activity["moc"] if each["board"] in held]
    if shared and rnd.random() < 0.8:
        chosen = rnd.choice(shared)
        kind = rnd.choice(chosen["credit_types"])
        board, types = chosen["board"], [{"type": kind, "credits": amount}]
        body["moc"] = [{"board": board, "board_id": held[board], "total_credits": amount, "credit_types": types}]
    if world.seen["learner_id"] and rnd.random() < 0.1:
        body["learner"] = {"learner_id": rnd.choice(world.seen["learner_id"])}
    return _touched(body, rnd)


def activity(world: World, rnd: Random) -> Json:
    """Return an activity that the rules accept, complete or not."""
    year = rnd.randint(2021, 2025)
    body: Json = {
        "title": f"Activity {rnd.randint(1, 10_000)}",
        "format": rnd.choice(FORMATS),
        "start_date": f"{year}-01-{rnd.randint(1, 28):02d}",
        "end_date": f"{year}-12-{rnd.randint(1, 28):02d}",
        "ama_pra_credits": rnd.randint(1, 200) / 4,
        "delivery_methods": ["online"],
        "description": "A course.",
        "providership": "direct",
        "listing": {"public": False},
        "measured_outcomes": [{"outcome": "learner-knowledge", "objective": True}],
        "commercial_support": [],
        "learner_counts": {"physicians": 3, "others": 1},
    }
    if rnd.random() < 0.3:
        del body[rnd.choice(["description", "providership", "listing", "delivery_methods"])]
    if rnd.random() < 0.5:
        board = rnd.choice(world.boards)
        body["moc"] = [
            {"board": board["code"], "points": body["ama_pra_credits"], "credit_types": board["credit_types"]}
        ]
        body["moc"][0] |= {"practice_areas": ["Internal Medicine"], "attested": True}
    return _touched(body, rnd)


def activity_patch(world: World, rnd: Random) -> Json:
    """Return a few fields of an activity."""
    whole = activity(world, rnd)
    names = rnd.sample(sorted(whole), rnd.randint(0, 3))
    return {name: whole[name] for name in names}


def _touched(body: Json, rnd: Random) -> Json:
    """Leave most bodies as they are; spoil one field of the others, so that single rules are met as well."""
    if rnd.random() < 0.2:
        name = rnd.choice(sorted(body))
        body[name] = None
    return body


BUILDERS: dict[str, Callable[[World, Random], Any]] = {
    "CompletionIn": completion,
    "ActivityIn": activity,
    "ActivityPatch": activity_patch,
}
"""To give another schema real values, add its name and a function here; names of fields do for simple ones."""


def _person(world: World, rnd: Random) -> Json:
    learner = rnd.choice(world.learners)
    found = {name: learner[name] for name in ("first_name", "last_name", "date_of_birth")}
    if learner["licenses"]:
        found["state"], found["license_id"] = rnd.choice(learner["licenses"])
    if learner["certifications"]:
        found["board"], found["board_id"] = rnd.choice(learner["certifications"])
    return found


def filled(world: World, schema: Json, rnd: Random, person: Json | None = None) -> Any:
    """Return a value for a schema: built where its name is known, found by the names of its fields otherwise."""
    person = person or _person(world, rnd)
    name, schema = _resolved(world, schema)
    if name in BUILDERS:
        return BUILDERS[name](world, rnd)
    if schema.get("type") == "array" or "items" in schema:
        return [filled(world, schema.get("items", {}), rnd) for _ in range(rnd.randint(1, 4))]
    if "properties" in schema:
        return dict(_fields(world, schema, rnd, person))
    return _plain(schema, rnd)


def _fields(world: World, schema: Json, rnd: Random, person: Json) -> Iterator[tuple[str, Any]]:
    for name, inner in schema["properties"].items():
        if name in person:
            yield name, person[name]
        elif found := world.known(name, ""):
            yield name, rnd.choice(found)
        elif name == "items" and not _resolved(world, inner)[1].get("items", {}).get("$ref"):
            # A list of reports whose items are read one by one says no more of them than that they are objects.
            yield name, [completion(world, rnd) for _ in range(rnd.randint(1, 4))]
        elif name in schema.get("required", ()) or rnd.random() < 0.3:
            yield name, filled(world, inner, rnd, person)


def _resolved(world: World, schema: Json) -> tuple[str | None, Json]:
    """Return a schema behind its references, with its name; of alternatives the first that is not null."""
    name = None
    while True:
        if "$ref" in schema:
            name = schema["$ref"].rsplit("/", 1)[1]
            schema = world.openapi["components"]["schemas"][name]
        elif choices := schema.get("anyOf") or schema.get("oneOf"):
            schema = next(each for each in choices if each.get("type") != "null")
        else:
            return name, schema


def _plain(schema: Json, rnd: Random) -> Any:
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return rnd.choice(schema["enum"])
    low = schema.get("minimum", 1)
    plain = {"boolean": True, "integer": int(low), "number": max(low, 1), "null": None, "object": {}}
    return plain.get(schema.get("type", ""), f"text {rnd.randint(1, 99)}")
