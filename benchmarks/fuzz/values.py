"""Real values for generated requests: bodies that the rules accept, ids that exist, cursors that were returned."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import date, timedelta
from random import Random
from typing import Any

from benchmarks.fuzz import access, people
from benchmarks.fuzz.world import NEWEST, Json, World

FORMATS = ("live-course", "enduring-material", "journal-cme", "regularly-scheduled-series", "other-blended")


def completion(world: World, rnd: Random) -> Json:
    """Return a report that the rules accept, or that breaks few of them."""
    learner, activity = rnd.choice(world.learners), world.an_activity(rnd)
    start, end = (date.fromisoformat(min(activity[name], NEWEST)) for name in ("start_date", "end_date"))
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
    shared = [moc for moc in activity["moc"] if moc["board"] in held]
    if shared and rnd.random() < 0.8:
        chosen = rnd.choice(shared)
        kind = rnd.choice(chosen["credit_types"])
        board, types = chosen["board"], [{"type": kind, "credits": amount}]
        body["moc"] = [{"board": board, "board_id": held[board], "total_credits": amount, "credit_types": types}]
    if rnd.random() < 0.1:
        # Nobody on file: held, where the query says so.
        body["learner"]["last_name"] = f"Heldever{rnd.choice('abcdefgh')}"
        body["cme"] = [{"state": "TN", "license_id": f"77{rnd.randint(1_000, 9_999)}", "credits": amount}]
        body.pop("moc", None)
    if world.seen["learner_id"] and rnd.random() < 0.1:
        body["learner"] = {"learner_id": rnd.choice(world.seen["learner_id"])}
    return _touched(body, rnd)


def correction(world: World, completion_id: str, rnd: Random) -> Json:
    """Return an accepted body with other amounts, and sometimes without a part or with another day."""
    body = deepcopy(world.reported[completion_id])
    fresh = completion(world, rnd)
    for part in ("cme", "moc"):
        for reported in body.get(part) or ():
            reported["credits" if part == "cme" else "total_credits"] = amount = rnd.randint(1, 8) / 4
            for type in reported.get("credit_types") or ():
                type["credits"] = amount
    if rnd.random() < 0.2:
        body.pop(rnd.choice(["cme", "moc"]), None)
    if rnd.random() < 0.2:
        body["completed_on"] = fresh["completed_on"]
    return body


def renewed(world: World, internal_id: str, rnd: Random) -> Json | None:
    """Return the present activity with another description and more credit; None when none is known."""
    standing = next(
        (activity for activity in world.registered.values() if activity["internal_id"] == internal_id), None
    )
    if standing is None:
        return None
    fields = world.openapi["components"]["schemas"]["ActivityIn"]["properties"]
    body = {name: value for name, value in standing.items() if name in fields and name != "activity_id"}
    body["description"] = f"A course, version {rnd.randint(2, 999)}."
    if rnd.random() < 0.5:
        body["ama_pra_credits"] = (body["ama_pra_credits"] or 0) + rnd.randint(0, 4) / 4
    return _touched(body, rnd)


def validation(world: World, rnd: Random) -> Json:
    """Return facts of a learner: mostly enough for one match, sometimes few, or wrong ones."""
    learner = rnd.choice(world.learners)
    body = {name: learner[name] for name in ("first_name", "last_name", "date_of_birth")}
    if learner["licenses"] and rnd.random() < 0.6:
        body["state"], body["license_id"] = rnd.choice(learner["licenses"])
    if learner["certifications"] and rnd.random() < 0.5:
        body["board"], body["board_id"] = rnd.choice(learner["certifications"])
    for name in ("npi", "medical_school"):
        if learner.get(name) and rnd.random() < 0.5:
            body[name] = learner[name]
    if rnd.random() < 0.25:
        name = rnd.choice(sorted(body))
        body[name] = rnd.choice(world.learners).get(name)
    if rnd.random() < 0.2:
        del body[rnd.choice(sorted(body))]
    return body


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


def endpoint(world: World, rnd: Random) -> Json:
    """Return an endpoint of webhooks that takes what it is sent, most of the time."""
    body: Json = {"url": world.addresses[0] if rnd.random() < 0.7 else rnd.choice(world.addresses)}
    if rnd.random() < 0.3:
        body["event_types"] = rnd.sample(
            ["completion.reported", "credit.decided", "batch.completed"], rnd.randint(0, 3)
        )
    if rnd.random() < 0.3:
        body["description"] = rnd.choice([None, "where the learning system listens"])
    return body


def endpoint_patch(world: World, rnd: Random) -> Json:
    """Return what changes of an endpoint, little or nothing."""
    whole = endpoint(world, rnd) | {"status": rnd.choice(["enabled", "enabled", "disabled"])}
    return {name: whole[name] for name in rnd.sample(sorted(whole), rnd.randint(0, len(whole)))}


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
    "ValidationIn": validation,
    "WebhookEndpointIn": endpoint,
    "WebhookEndpointPatch": endpoint_patch,
    "PhysicianIn": people.physician,
    "PhysicianPatch": people.physician_patch,
    "PhysicianSearchIn": people.physician_search,
    "MergeIn": people.merge,
    "JoinIn": people.joining,
    "HelpAnswerIn": people.help_answer,
    "ManagedClientIn": access.client,
    "ManagedClientPatch": access.client_patch,
    "ClientKeyIn": access.client_key,
    "TokenRequest": access.token_request,
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
    if "items" in schema:
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
            schema = next(choice for choice in choices if choice.get("type") != "null")
        else:
            return name, schema


def _plain(schema: Json, rnd: Random) -> Any:
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return rnd.choice(schema["enum"])
    low = schema.get("minimum", 1)
    plain = {"boolean": True, "integer": int(low), "number": max(low, 1), "null": None, "object": {}}
    type = schema.get("type", "")
    if isinstance(type, list):
        type = next(option for option in type if option != "null")
    return plain.get(type, f"text {rnd.randint(1, 99)}")
