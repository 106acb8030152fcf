"""The fuzzing drill sends real values: what it builds is what the service accepts, and it switches no check off."""

from __future__ import annotations

import json
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from app.services.context import Service
from benchmarks.fuzz.files import upload as a_form
from benchmarks.fuzz.values import activity, completion, correction, filled, renewed, validation
from benchmarks.fuzz.world import World
from tests.builders.bodies import GRAND_ROUNDS
from tests.harness.api import Api
from tests.harness.clock import ManualClock
from tests.harness.contract import read_document
from tests.harness.databases import ON_SQLITE
from tests.harness.uploads import upload, work_through

DOCUMENT = read_document()
SETTINGS = Path(__file__).resolve().parents[2] / "benchmarks" / "fuzz" / "schemathesis.toml"


def a_world(**fields: Any) -> World:
    rebecca = {"first_name": "Rebecca", "last_name": "Test", "date_of_birth": "02/01"}
    given: dict[str, Any] = {
        "keys": [{"key": "first", "scopes": ["activities:read"]}, {"key": "board", "scopes": ["board:feed"]}],
        "learners": [{**rebecca, "licenses": [["TN-M", "444444"]], "certifications": []}],
        "activities": [
            {
                "activity_id": GRAND_ROUNDS, "start_date": "2021-01-17", "end_date": "2021-12-17",
                "ama_pra_credits": 1, "moc": [],
            }
        ],
        "boards": [{"code": "ABIM", "credit_types": ["Medical Knowledge"]}],
        "values": {"activity_id": [GRAND_ROUNDS], "/v1/boards/{code} code": ["ABIM"]},
        "openapi": DOCUMENT,
    }  # fmt: skip
    return World(**given | fields)


@ON_SQLITE
def test_most_of_what_is_built_is_accepted(api: Api, clock: ManualClock) -> None:
    clock.now = datetime(2026, 6, 1, 12, tzinfo=UTC)
    world, rnd = a_world(), Random(7)
    reported = [api.report(completion(world, rnd)).status for _ in range(60)]
    registered = [api.post("/v1/activities", activity(world, rnd)).status for _ in range(60)]
    for seen in (reported, registered):
        assert set(seen) <= {200, 201, 422}
        assert sum(status < 300 for status in seen) >= 30, seen


@ON_SQLITE
def test_most_of_what_is_put_and_asked_is_accepted(api: Api, clock: ManualClock) -> None:
    clock.now = datetime(2026, 6, 1, 12, tzinfo=UTC)
    world, rnd = a_world(), Random(7)
    for path, build in (("/v1/learner-completions", completion), ("/v1/activities", activity)):
        for _ in range(20):
            body = build(world, rnd)
            answer = api.post(path, body)
            if answer.status < 300:
                world.remember(path, answer.json, None, None, body)
    put, renewing = [], []
    for completion_id in list(world.reported):
        path = f"/v1/learner-completions/{completion_id}"
        body, version = correction(world, completion_id, rnd), {"If-Match": world.etags[path]}
        put.append(api.send("PUT", path, headers=version, json=body).status)
    for number, activity_id in enumerate(list(world.registered)):
        patched = api.send("PATCH", f"/v1/activities/{activity_id}", json={"internal_id": f"own-{number}"},
                           headers={"If-Match": world.etags[f"/v1/activities/{activity_id}"]})  # fmt: skip
        world.remember(f"/v1/activities/{activity_id}", patched.json, None, None)
        path = f"/v1/activities/by-internal-id/own-{number}"
        again = api.send(
            "PUT", path, json=renewed(world, f"own-{number}", rnd), headers={"If-Match": world.etags[path]}
        )
        renewing.append(again.status)
    told = [api.post("/v1/learner-validations", validation(world, rnd)) for _ in range(40)]
    for seen in (put, renewing, [answer.status for answer in told]):
        assert set(seen) <= {200, 422} and len(seen) >= 8
        assert sum(status == 200 for status in seen) >= 0.6 * len(seen), seen
    assert {answer.json.get("result") for answer in told} >= {"one"}


@ON_SQLITE
def test_files_of_every_kind_and_format_are_read_and_some_are_refused(
    api: Api, service: Service, clock: ManualClock
) -> None:
    clock.now = datetime(2026, 6, 1, 12, tzinfo=UTC)
    world, rnd = a_world(), Random(7)
    for _ in range(80):
        form = a_form(world, rnd)
        sent = upload(api, form.pop("file"), form.pop("kind"), **{"permission_attested": None} | form)
        assert sent.status in (202, 422), sent.json
    work_through(service)
    batches = api.get("/v1/batches", limit=500).json["data"]
    read = {(batch["kind"], batch["format"]) for batch in batches if batch["status"] == "completed"}
    assert len(read) == 11, "of validations there is no XML"
    outcomes = {name for batch in batches for name, count in batch["counts"].items() if count}
    assert outcomes >= {"added", "unchanged", "rejected", "one"}
    failed = {batch["file_error"]["code"] for batch in batches if batch["status"] == "failed"}
    assert len(failed) >= 3 and "parser-failed" not in failed, failed
    assert 10 <= sum(batch["status"] == "failed" for batch in batches) <= 35


@pytest.mark.parametrize("name", ["CompletionIn", "ActivityIn", "ActivityPatch", "ValidationIn"])
def test_a_body_is_built_wherever_its_schema_stands(name: str) -> None:
    world, schema = a_world(), {"$ref": f"#/components/schemas/{name}"}
    known = set(DOCUMENT["components"]["schemas"][name]["properties"])
    for seed in range(20):
        items = {"properties": {"items": {"type": "array", "items": schema}}, "required": ["items"]}
        listed = filled(world, items, Random(seed))["items"]
        assert listed and all(set(body) <= known for body in (*listed, filled(world, schema, Random(seed))))


def test_fields_of_an_unknown_schema_are_filled_by_their_names() -> None:
    names = ("first_name", "last_name", "state", "license_id", "activity_id")
    schema = {"properties": {name: {"anyOf": [{"type": "string"}, {"type": "null"}]} for name in names}}
    assert filled(a_world(), schema, Random(1)) == {
        "first_name": "Rebecca", "last_name": "Test", "state": "TN-M", "license_id": "444444",
        "activity_id": GRAND_ROUNDS,
    }  # fmt: skip


def test_ids_cursors_and_versions_are_remembered_and_forgotten() -> None:
    world = a_world()
    page = {"data": [{"completion_id": "c1", "credits": [{"credit_id": "k1"}]}], "next_cursor": "more"}
    world.remember("/v1/learner-completions", page, None, None)
    world.remember("/v1/activities", {"activity_id": "1"}, '"1"', "/v1/activities/1")
    assert (world.expendable("activity_id"), world.expendable("completion_id")) == (["1"], ["c1"])
    assert world.known("completion_id", "") == ["c1"]
    assert world.known("credit_id", "") == ["k1"]
    assert world.known("activity_id", "") == [GRAND_ROUNDS, "1"]
    assert world.known("code", "/v1/boards/{code}") == ["ABIM"]
    assert world.cursors == {"/v1/learner-completions": "more"}
    assert world.etags == {"/v1/activities/1": '"1"'}
    world.forget({"completion_id": "c1"})
    assert world.known("completion_id", "") == []


def test_versions_and_bodies_are_remembered_and_go_with_what_they_belong_to() -> None:
    world, body = a_world(untried=["2"]), {"activity_id": "1"}
    listed = [
        {
            "activity_id": str(number),
            "title": "A",
            "internal_id": f"own {number}",
            "status": "active",
            "start_date": "2025-01-01",
            "end_date": "2025-12-31",
            "version": 3,
        }
        for number in (1, 2)
    ]
    world.remember("/v1/activities", {"data": listed}, None, None)
    assert world.etags["/v1/activities/1"] == world.etags["/v1/activities/by-internal-id/own 2"] == '"3"'
    assert list(world.registered) == ["1"]
    assert "2" not in world.known("activity_id", "")
    answer = {"items": [{"index": 0, "status": 422}, {"index": 1, "completion": {"completion_id": "c1", "version": 1}}]}
    world.remember("/v1/learner-completions:bulk", answer, None, None, {"items": [{}, body]})
    assert world.reported == {"c1": body}
    older = {"data": [{"completion": {"completion_id": "c1", "version": 9}}]}
    world.remember("/v1/learner-completions/c1/history", older, None, None)
    assert world.etags["/v1/learner-completions/c1"] == '"1"'
    world.forget_learners("1")
    assert world.reported == {} and world.known("completion_id", "") == []
    world.forget({"activity_id": GRAND_ROUNDS})
    assert world.activities == [] and world.known("activity_id", "") == ["1"]


def test_an_operation_is_tried_with_a_key_that_has_its_scopes() -> None:
    world = a_world()
    assert world.key_for(["board:feed"]) == "board"
    assert world.key_for(["activities:read"]) == "first"
    assert world.key_for(["operator"]) is None


def test_no_check_is_switched_off() -> None:
    settings = tomllib.loads(SETTINGS.read_text(encoding="utf-8"))
    assert "enabled" not in json.dumps(settings)
    assert set(settings["checks"]) == {"positive_data_acceptance", "negative_data_rejection"}
    for check in settings["checks"].values():
        assert not any(status.startswith("5") for status in check["expected-statuses"])
