"""What the API's description says of requests is what the service does: found by fuzzing, kept by these."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from app.schemas.base import KEEPABLE
from app.schemas.queries import DAY_OR_INSTANT
from app.services.context import Service
from tests.builders.bodies import GRAND_ROUNDS, a_completion, an_activity
from tests.builders.sent_files import row, tab_text
from tests.harness.api import Api
from tests.harness.cases import for_all
from tests.harness.contract import read_document
from tests.harness.refusals import assert_problem
from tests.harness.uploads import worked

DATABASES = ["sqlite"]

DOCUMENT = read_document()
ADDRESSES = [path for path in DOCUMENT["paths"] if "{" not in path or "activity_id" in path]


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for member in value.values():
            yield from nodes(member)
    elif isinstance(value, list):
        for member in value:
            yield from nodes(member)


@for_all("path", ADDRESSES)
def test_allow_names_every_method_of_the_address(api: Api, path: str) -> None:
    address = path.replace("{activity_id}", GRAND_ROUNDS)
    answer = api.send("OPTIONS", address)
    assert_problem(answer, 405, "method-not-allowed")
    allowed = [name.strip() for name in answer.response.headers["allow"].split(",")]
    # Where a word stands in the place of an id, the address is that of a record as well.
    patterns = {one: re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(one)) for one in DOCUMENT["paths"]}
    fitting = [one for one, pattern in patterns.items() if re.fullmatch(pattern, address)]
    taken = {method.upper() for template in fitting for method in DOCUMENT["paths"][template]}
    assert allowed == sorted(taken | {"HEAD"} if "GET" in taken else taken)


def test_allow_does_not_look_into_longer_addresses(api: Api) -> None:
    answer = api.send("GET", "/v1/activities/by-internal-id/a/b")
    assert_problem(answer, 405, "method-not-allowed")
    assert answer.response.headers["allow"] == "PUT"


def test_patterns_are_written_as_every_reader_of_json_schema_reads_them() -> None:
    found = {node["pattern"] for node in nodes(DOCUMENT) if isinstance(node.get("pattern"), str)}
    assert KEEPABLE in found
    for pattern in found:
        # Braces after \x are Rust's; ECMA 262, which JSON Schema names, would forbid the letters x, f and e.
        assert "\\x{" not in pattern
        re.compile(pattern)
    kept, refused = re.compile(KEEPABLE), ("\x00", "\x1f", "\x7f", "\ufffe", "\uffff")
    assert kept.search("fffe xx {fox} \t\n é 中 😀")
    assert not any(kept.search(f"a{character}b") for character in refused)


@pytest.mark.parametrize("character", ["\ufffe", "\uffff", "\x1f", "\x7f"])
def test_characters_that_the_pattern_excludes_are_refused(api: Api, character: str) -> None:
    answer = api.post("/v1/activities", an_activity(title=f"a{character}b"))
    assert_problem(answer, 422, "invalid-request", items=["format"])
    assert api.post("/v1/activities", an_activity(title="fox {ffe}")).json["title"] == "fox {ffe}"


def test_a_whole_number_may_be_written_with_a_point(api: Api) -> None:
    reported = api.report(a_completion(occasion=2.0))
    assert (reported.status, reported.json["occasion"]) == (201, 2)
    registered = api.register(learner_counts={"physicians": 102.0, "others": 1e2})
    assert registered.json["learner_counts"] == {"physicians": 102, "others": 100, "professions": None}
    bounds = DOCUMENT["components"]["schemas"]["CompletionIn"]["properties"]["occasion"]
    assert bounds == bounds | {"type": ["integer", "null"], "minimum": 1, "maximum": 999}
    for wrong in (2.5, "2", True, 1e300, 1000.0):
        assert_problem(api.report(a_completion(occasion=wrong)), 422, "invalid-request")


def test_queries_say_that_they_take_no_nul(api: Api) -> None:
    operations = [operation for path in DOCUMENT["paths"].values() for operation in path.values()]
    queries = [given for operation in operations for given in operation.get("parameters", []) if given["in"] == "query"]
    texts = [node for given in queries for node in nodes(given["schema"]) if node.get("type") == "string"]
    free = [node for node in texts if not {"enum", "const", "format"} & node.keys()]
    assert len(free) > 5
    known = {DAY_OR_INSTANT, *(query_schema(path, "sort")["pattern"] for path in SORTED)}
    for node in free:
        assert not re.search(node["pattern"], "a\x00b")
        assert re.search(node["pattern"], "Karacme-7") or node["pattern"] in known
    for path, name in (("/v1/activities", "internal_id"), ("/v1/learner-completions", "last_name")):
        assert_problem(api.get(path, **{name: "a\x00b"}), 422, "parameter-invalid")


def test_what_a_key_or_a_cursor_must_hold_is_described(api: Api) -> None:
    parameters = [
        parameter
        for path in DOCUMENT["paths"].values()
        for op in path.values()
        for parameter in op.get("parameters", [])
    ]
    keys = [parameter["schema"] for parameter in parameters if parameter["name"] == "Idempotency-Key"]
    cursors = [parameter["schema"] for parameter in parameters if parameter["name"] == "cursor"]
    assert keys and cursors
    assert all(re.search(schema["pattern"], "key 1") and not re.search(schema["pattern"], " \t ") for schema in keys)
    assert_problem(api.report(a_completion(), Idempotency_Key=" "), 422, "parameter-invalid")
    given = api.get("/v1/activities", limit=1).json["next_cursor"]
    assert all(re.search(schema["pattern"], given) and not re.search(schema["pattern"], "é") for schema in cursors)
    assert_problem(api.get("/v1/activities", cursor="é"), 422, "parameter-invalid")


SORTED = {
    "/v1/activities": "activity_id", "/v1/learner-completions": "completed_on", "/v1/credit-lines": "submitted_at",
    "/v1/activity-summaries": "start_date", "/v1/passport/activities": "start_date",
}  # fmt: skip
ORDERS = (
    "{}", "-{}", " {} ", "-{} , updated_at", "{},-updated_at", "", "-", "- {}", "--{}", "{},", ",{}", "{};updated_at",
    "learner", "\t{}", "{}\u00a0", "{} desc",
)  # fmt: skip


def query_schema(path: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(
        parameter["schema"] for parameter in DOCUMENT["paths"][path]["get"]["parameters"] if parameter["name"] == name
    )
    return found


@for_all("path, form", product(SORTED, ORDERS))
def test_the_pattern_of_an_order_says_what_is_taken(api: Api, path: str, form: str) -> None:
    order = form.format(SORTED[path])
    described_so = re.search(query_schema(path, "sort")["pattern"], order) is not None
    assert (api.get(path, sort=order).status == 200) is described_so


@pytest.mark.parametrize(("path", "name"), [
    (path, name) for path, names in (("/v1/activities", ["updated_from"]),
    ("/v1/learner-completions", ["submitted_from", "submitted_to", "updated_from"])) for name in names
])  # fmt: skip
def test_an_end_of_a_span_is_described_as_a_day_or_an_instant(api: Api, path: str, name: str) -> None:
    schema = query_schema(path, name)
    assert schema.keys() == {"type", "pattern"} and schema["type"] == "string"
    for value in ("2021-12-20", "2021-12-20T15:00:00Z", "2021-12-20t15:00:00.5-06:00"):
        assert api.get(path, **{name: value}).status == 200
        assert re.search(schema["pattern"], value)
    for value in ("12/20/2021", "2021-12-20T15:00:00", "2021-12-20 15:00:00Z", "2021-12-20T15:00Z"):
        assert_problem(api.get(path, **{name: value}), 422, "parameter-invalid")
        assert not re.search(schema["pattern"], value)


def test_the_form_of_an_upload_says_what_it_refuses() -> None:
    form = DOCUMENT["components"]["schemas"]["BatchForm"]
    assert form["additionalProperties"] is False, "a field that is not known is refused"


@pytest.mark.parametrize(("which", "format"), [("original", "xlsx"), ("rejected", "xml")])
def test_a_format_that_a_file_cannot_have_is_told_as_a_wrong_parameter(
    api: Api, service: Service, which: str, format: str
) -> None:
    batch = worked(api, service, tab_text([row(), row(Licensing_ID="nobody")]))
    answer = api.get(f"/v1/batches/{batch['batch_id']}/files/{which}", format=format)
    assert_problem(answer, 422, "parameter-invalid")
    assert [(error["code"], error["parameter"]) for error in answer.json["errors"]] == [("parameter-invalid", "format")]


def test_what_cannot_be_cleared_of_an_endpoint_is_not_described_as_nullable(api: Api) -> None:
    fields = DOCUMENT["components"]["schemas"]["WebhookEndpointPatch"]["properties"]
    for name in ("url", "status"):
        shown = json.dumps(fields[name])
        assert "null" not in shown and "default" not in shown, shown
    made = api.post("/v1/webhook-endpoints", {"url": "https://lms.example.org/pars"})
    path = f"/v1/webhook-endpoints/{made.json['endpoint_id']}"
    answer = api.send("PATCH", path, json={"url": None, "status": None}, headers={"If-Match": '"1"'})
    assert_problem(answer, 422, "invalid-request")
    assert [error["pointer"] for error in answer.json["errors"]] == ["/url", "/status"]


def test_the_example_of_a_batch_adds_up() -> None:
    operation = DOCUMENT["paths"]["/v1/batches/{batch_id}"]["get"]
    example = operation["responses"]["200"]["content"]["application/json"]["example"]
    counts = example["counts"]
    assert counts["read"] == sum(count for name, count in counts.items() if name not in ("read", "warned"))
    assert (example["status"], example["progress"], example["file_error"]) == ("completed", 1, None)


def test_an_address_with_many_values_may_be_too_long() -> None:
    """Whoever repeats a parameter comes to the bound of an address (RFC 9110, 15.5.15); nobody else can."""
    found: dict[str, set[str]] = {"414": set(), "list": set()}
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            if "414" in operation.get("responses", {}):
                found["414"].add(f"{method} {path}")
            if any(
                parameter["in"] == "query" and '"array"' in json.dumps(parameter["schema"])
                for parameter in operation.get("parameters", ())
            ):
                found["list"].add(f"{method} {path}")
    assert "get /v1/learner-completions" in found["list"]
    assert found["414"] == found["list"]


def test_whatever_is_deleted_and_has_a_version_may_be_guarded_by_it() -> None:
    """Optional, unlike with changes: 412 tells that somebody changed it since it was read."""
    guarded = {}
    for path, methods in DOCUMENT["paths"].items():
        has_version = "ETag" in methods.get("get", {}).get("responses", {}).get("200", {}).get("headers", {})
        if "delete" in methods and has_version:
            operation = methods["delete"]
            (taken,) = [one for one in operation["parameters"] if one["name"] == "If-Match"] or [None]
            guarded[path] = taken is not None and not taken["required"] and "412" in operation["responses"]
    assert guarded.keys() == {
        "/v1/learner-completions/{completion_id}", "/v1/activities/{activity_id}",
        "/v1/webhook-endpoints/{endpoint_id}", "/pars/learner-activities/{completion_id}",
    }  # fmt: skip
    assert all(guarded.values()), guarded
