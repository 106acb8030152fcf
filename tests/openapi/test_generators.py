"""The description is written for generators of clients as they are: each fact here is one over which one stumbled.

`make check-clients` generates, compiles and runs the clients; these hold what it needed, in seconds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from fastapi.testclient import TestClient

from app.main import create_app
from app.routers.description.generators import MINIMAL
from app.routers.description.schemas import component_name, parts, reached
from tests.builders.bodies import a_completion
from tests.harness.api import Api
from tests.harness.cases import for_all
from tests.harness.contract import DOCUMENT

HOLDS: dict[str, Any] = json.loads(DOCUMENT.read_text(encoding="utf-8"))
WEBHOOKS: dict[str, Any] = json.loads(DOCUMENT.with_name("webhooks.json").read_text(encoding="utf-8"))
SCHEMAS: dict[str, dict[str, Any]] = HOLDS["components"]["schemas"]
OPERATIONS = [spec for item in HOLDS["paths"].values() for spec in item.values()]
REQUESTS = reached([spec.get("requestBody") for spec in OPERATIONS], SCHEMAS)
ANSWERS = reached([spec["responses"] for spec in OPERATIONS], SCHEMAS)
of_every_operation = for_all("spec", OPERATIONS, lambda spec: str(spec["operationId"]))

TAKEN = {
    "Java, and its generator": "Boolean Byte Character Class Double Enum Error Exception Float Integer Iterable Long "
    "Math Module Number Object Override Package Process Record Runtime Short String System Thread Void ApiClient "
    "ApiException ApiResponse Configuration File List Map Pair ServerConfiguration ServerVariable",
    "JavaScript, and its pages": "Array Blob Boolean Date Document Error Event File Function History Location Map "
    "Number Object Option Promise Proxy Range Request Response Selection Set String Symbol Text",
    "Python": "Any Case Dict False List Match None Optional Set True Tuple Type Union",
    "C#": "Action Attribute Buffer Case Delegate Environment Event Exception Guid Index Lazy Namespace Nullable Object "
    "Operator Random Range State String Task Tuple Type Uri Version",
    "PHP": "Abstract Array Bool Case Class Clone Const Default Echo Empty Enum Float Fn For Function Global Int "
    "Interface Iterable List Match Mixed Namespace Never Null Object Print Private Public Resource Self Static String "
    "Switch Trait Use Void",
    "Swift and Kotlin": "Actor Array Character Data Decoder Dictionary Encoder Error Never Optional Pair Result Row "
    "Set State String Unit View",
}
"""Names of classes and reserved words, in any case, that a schema must not have."""


def schemas_of(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every schema of a document, with the place where it stands."""
    for name, schema in document["components"]["schemas"].items():
        yield from ((name, part) for part in parts(schema))
    for spec in [spec for item in document.get("paths", {}).values() for spec in item.values()]:
        for parameter in spec.get("parameters", ()):
            yield from ((f"{spec['operationId']} {parameter['name']}", part) for part in parts(parameter["schema"]))


def test_the_licence_has_an_identifier() -> None:
    """openapi-generator generates nothing without it."""
    assert HOLDS["info"]["license"]["identifier"] == WEBHOOKS["info"]["license"]["identifier"] == "Apache-2.0"


def test_webhooks_are_a_document_of_their_own_with_a_tag_of_their_own() -> None:
    """Beside `paths` they took the class of `list_events`, and a package in Python could not be imported."""
    assert "webhooks" not in HOLDS
    assert "paths" not in WEBHOOKS
    tags = {tag for item in WEBHOOKS["webhooks"].values() for tag in item["post"]["tags"]}
    assert tags == {tag["name"] for tag in WEBHOOKS["tags"]} == {"Webhooks"}
    assert tags & {tag["name"] for tag in HOLDS["tags"]} == set()


def test_nothing_is_a_choice_but_a_reference_or_null() -> None:
    """Clients of openapi-generator throw on a list of choices, and lose a field that is one."""
    for document in (HOLDS, WEBHOOKS):
        for place, schema in schemas_of(document):
            assert not {"oneOf", "allOf", "not", "if", "discriminator", "prefixItems"} & schema.keys(), place
            if "anyOf" in schema:
                referred, null = schema["anyOf"]
                assert component_name(referred) and null == {"type": "null"}, place


def test_a_text_has_at_most_one_format_and_a_type_at_most_null_beside_it() -> None:
    for place, schema in schemas_of(HOLDS):
        kinds = schema.get("type", "object")
        assert isinstance(kinds, str) or (len(kinds) == 2 and kinds[1] == "null"), place


def test_no_schema_shadows_a_name_of_a_language() -> None:
    taken = {word.lower(): language for language, words in TAKEN.items() for word in words.split()}
    for document in (HOLDS, WEBHOOKS):
        shadows = {name: taken[name.lower()] for name in document["components"]["schemas"] if name.lower() in taken}
        assert shadows == {}


def test_no_two_schemas_differ_in_case_alone_and_each_is_one_word_of_letters() -> None:
    """Files of generated clients are named after them."""
    assert len({name.lower() for name in SCHEMAS}) == len(SCHEMAS)
    assert all(re.fullmatch(r"[A-Z][A-Za-z]+", name) for name in SCHEMAS)


def test_every_value_of_an_enum_has_a_name_that_no_other_enum_has() -> None:
    """The constants of a Go package share one room."""
    enums = {name: schema for name, schema in SCHEMAS.items() if "enum" in schema}
    names = [name for schema in enums.values() for name in schema["x-enum-varnames"]]
    assert len(enums) > 20
    assert len(names) == len(set(names)) == sum(len(schema["enum"]) for schema in enums.values())
    assert all(re.fullmatch(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+", name) for name in names)
    assert enums["RowOutcome"]["x-enum-varnames"][-2:] == ["ROW_OUTCOME_MORE_THAN_ONE", "ROW_OUTCOME_NONE"]
    assert all(schema["type"] == "string" for schema in enums.values())


def test_no_object_stands_within_another_without_a_name() -> None:
    """Generators would name it after its place; only objects of any members may."""
    for place, schema in schemas_of(HOLDS):
        assert "properties" not in schema or schema in SCHEMAS.values(), place


def test_no_field_of_a_request_has_a_default() -> None:
    """openapi-typescript requires a field with a default of whoever sends: its words say what its absence means."""
    for name in REQUESTS:
        for part in parts(SCHEMAS[name]):
            assert "default" not in part, name
    assert "`reject`" in SCHEMAS["BatchForm"]["properties"]["on_unmatched"]["description"]


@of_every_operation
def test_a_list_in_a_query_has_no_default(spec: dict[str, Any]) -> None:
    for parameter in spec.get("parameters", ()):
        assert parameter["schema"].get("default") != [], parameter["name"]


def test_only_the_file_and_its_kind_are_required_of_an_upload() -> None:
    form = SCHEMAS["BatchForm"]
    assert form["required"] == ["file", "kind"]
    assert (form["properties"]["file"]["type"], form["properties"]["file"]["format"]) == ("string", "binary")


@of_every_operation
def test_no_success_is_without_a_body_beside_one_that_has_one(spec: dict[str, Any]) -> None:
    """openapi-fetch and openapi-ts would type every answer as possibly undefined."""
    bodies = [bool(response.get("content")) for status, response in spec["responses"].items() if status.startswith("2")]
    assert len(set(bodies)) == 1


@of_every_operation
def test_all_successes_of_an_operation_answer_with_the_same_schema(spec: dict[str, Any]) -> None:
    """A client's function returns one type."""
    answers = {
        json.dumps(content["schema"])
        for status, response in spec["responses"].items()
        for content in response.get("content", {}).values()
        if status.startswith("2")
    }
    assert len(answers) <= 1


@of_every_operation
def test_an_answer_without_its_resource_is_described_where_it_can_be_asked_for(spec: dict[str, Any]) -> None:
    prefers = [parameter for parameter in spec.get("parameters", ()) if parameter["name"] == "Prefer"]
    minimal = any("return=minimal" in parameter["description"] for parameter in prefers)
    assert (MINIMAL in spec) == minimal
    if minimal:
        assert {"ETag", "Preference-Applied"} <= spec[MINIMAL]["headers"].keys()
        assert "204" in prefers[0]["description"]


def test_answers_may_have_new_fields_and_requests_none_that_are_not_known() -> None:
    """Clients in Go refuse a field that is new to them, unless the schema allows others."""
    for name, schema in SCHEMAS.items():
        if schema.get("type") == "object":
            # Documents are read as they come: what is not known in them is ignored, and named by a warning.
            assert schema["additionalProperties"] is (name not in REQUESTS or name.startswith("Pars")), name
    assert all(schema["additionalProperties"] is True for schema in WEBHOOKS["components"]["schemas"].values())
    assert {"ReportedCompletion", "Activity", "Batch", "ProviderEvent", "Problem"} <= ANSWERS - REQUESTS


@of_every_operation
def test_an_operation_has_one_tag_and_a_name_of_words(spec: dict[str, Any]) -> None:
    assert len(spec["tags"]) == 1
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", spec["operationId"])


@of_every_operation
def test_parameters_of_an_operation_have_different_names_in_every_language(spec: dict[str, Any]) -> None:
    names = [re.sub(r"[^a-z0-9]", "", parameter["name"].lower()) for parameter in spec.get("parameters", ())]
    form = spec.get("requestBody", {}).get("content", {}).get("multipart/form-data", {}).get("schema")
    fields = SCHEMAS[component_name(form) or ""]["properties"] if form else {}
    names += [field.replace("_", "") for field in fields]
    assert len(names) == len(set(names))


def test_counts_of_a_batch_are_one_object() -> None:
    counts = SCHEMAS["Batch"]["properties"]["counts"]
    assert component_name(counts) == "BatchCounts"
    assert SCHEMAS["BatchCounts"]["required"] == ["read", "rejected"]


def test_the_description_of_webhooks_is_served_and_shown() -> None:
    # Without its lifespan: neither needs a database.
    anybody = TestClient(create_app(), raise_server_exceptions=False)
    assert anybody.get("/webhooks.json").json() == WEBHOOKS
    page = anybody.get("/docs/webhooks")
    assert page.status_code == 200
    for address in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        assert anybody.get(f"/docs/{address}").status_code == 200, address
    script = anybody.get("/docs/start-webhooks.js").text
    assert 'url: "../webhooks.json"' in script and "supportedSubmitMethods: []" in script
    # With it, Swagger UI fails on every webhook.
    assert "tryItOutEnabled" not in script
    assert "tryItOutEnabled: true" in anybody.get("/docs/start.js").text
    assert "`/webhooks.json`" in HOLDS["info"]["description"]


def test_a_minimal_answer_is_as_it_is_described(api: Api) -> None:
    reported = api.report(a_completion(), Prefer="return=minimal")
    assert (reported.status, reported.response.content) == (204, b"")
    described = next(spec for spec in OPERATIONS if spec["operationId"] == "report_completion")[MINIMAL]
    for name in described["headers"]:
        assert name in reported.response.headers or name == "Idempotency-Replayed", name
