"""Bodies about people for the doors of the registry and of help: what operators send."""

from __future__ import annotations

from random import Random

from benchmarks.fuzz.world import Json, World


def physician(world: World, rnd: Random) -> Json:
    """Return somebody for the registry: somebody on file as they are, or somebody new who is like them."""
    body = _person_on_file(world, rnd)
    if rnd.random() < 0.6:
        body["last_name"] = f"{body['last_name']}{rnd.choice(['son', 'berg', 'ova'])}"
        body["licenses"] = [{"board": "TN-M", "license_id": f"{rnd.randint(10_000, 999_999)}"}]
    return body


def physician_patch(world: World, rnd: Random) -> Json:
    """Return a few fields of somebody on file."""
    whole = _person_on_file(world, rnd)
    return {name: whole[name] for name in rnd.sample(sorted(whole), rnd.randint(0, 2))}


def physician_search(world: World, rnd: Random) -> Json:
    """Return what somebody is looked for by."""
    whole = _person_on_file(world, rnd)
    names = rnd.sample(["first_name", "last_name", "date_of_birth"], rnd.randint(1, 2))
    found: Json = {name: whole[name] for name in names}
    if whole["licenses"] and rnd.random() < 0.4:
        found["license"] = whole["licenses"][0]
    return found | ({"limit": rnd.randint(1, 5)} if rnd.random() < 0.5 else {})


def merge(world: World, rnd: Random) -> Json:
    """Return into whom somebody is merged, mostly only to look at it."""
    body: Json = {"into": rnd.choice(world.known("physician_id", "") or ["nobody"]), "dry_run": rnd.random() < 0.7}
    if rnd.random() < 0.8:
        body["overrule"] = ["date_of_birth", "npi", "suffix", "never"]
    return body


def joining(_: World, rnd: Random) -> Json:
    """Return how two become one."""
    return rnd.choice([{}, {"overrule": ["never", "npi"]}])


def help_answer(world: World, rnd: Random) -> Json:
    """Return an operator's answer: in words, or that it is somebody on file."""
    if rnd.random() < 0.5 or not world.known("physician_id", ""):
        return {"action": "answer", "message": "Ask for the state that issued the licence."}
    kind = rnd.choice(["link", "add-name", "add-licence"])
    return {"action": kind, "physician_id": rnd.choice(world.known("physician_id", ""))}


def _person_on_file(world: World, rnd: Random) -> Json:
    learner = rnd.choice(world.learners)
    found: Json = {name: learner[name] for name in ("first_name", "last_name", "date_of_birth")}
    found["licenses"] = [{"board": board, "license_id": number} for board, number in learner["licenses"]]
    found["certifications"] = [{"board": board, "board_id": number} for board, number in learner["certifications"]]
    return found
