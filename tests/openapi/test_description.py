"""The API's description as a product: nothing is missing, nothing is invented, names only grow."""

from __future__ import annotations

import json
import re
from typing import Any

from app.core.errors import every_problem
from app.routers.description.document import unnamed_enums
from app.routers.description.schemas import parts, references
from app.routers.description.texts import SCOPES as TOLD_SCOPES
from app.routers.openapi import names_of
from app.services import reference
from app.services.access.scopes import SCOPES
from tests.harness.cases import for_all
from tests.harness.contract import DOCUMENT, Contract, Described, committed

CONTRACT = committed()
HOLDS = CONTRACT.document
WEBHOOKS = json.loads(DOCUMENT.with_name("webhooks.json").read_text(encoding="utf-8"))
SENT = Contract(WEBHOOKS | {"paths": {}})
of_every_operation = for_all("operation", CONTRACT.operations, lambda operation: operation.id)


def answers(operation: Described) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (status, media_type, content)
        for status, response in operation.said["responses"].items()
        for media_type, content in response.get("content", {}).items()
    ]


def test_names_that_clients_rely_on_are_never_taken_back() -> None:
    kept = set(DOCUMENT.with_name("names.txt").read_text(encoding="utf-8").splitlines())
    names = names_of(HOLDS) | names_of(WEBHOOKS)
    assert kept - names == set(), "generated clients would break"
    assert names - kept == set(), "run `make openapi`"


def test_the_document_introduces_itself() -> None:
    info = HOLDS["info"]
    assert HOLDS["openapi"].startswith("3.1.")
    assert all(info[name] for name in ("title", "version", "summary", "description", "contact", "license"))
    assert [server["url"] for server in HOLDS["servers"]] == ["/"]
    assert all(tag["description"] for tag in HOLDS["tags"])
    assert len({operation.id for operation in CONTRACT.operations}) == len(CONTRACT.operations)


def test_every_scope_is_explained() -> None:
    assert tuple(TOLD_SCOPES) == SCOPES
    assert all(f"`{scope}`" in HOLDS["components"]["securitySchemes"]["bearer"]["description"] for scope in SCOPES)


WITH_PARS = [["bearer"], ["basic"], ["parsProvider", "parsUser", "parsPassword"]]
"""The credentials that clients which speak PARS send, beside everybody's."""


@of_every_operation
def test_an_operation_says_who_may_call_it_and_belongs_to_a_tag_that_is_described(operation: Described) -> None:
    security = operation.said["security"]
    # With a key or token, or by a client that gets its tokens itself; or a physician by the session of a browser.
    ways = [list(requirement) for requirement in security]
    assert ways in ([], [["bearer"]], [["session"]], WITH_PARS)
    assert (ways == WITH_PARS) == operation.path.startswith("/pars/")
    by_session = security == [{"session": []}]
    scopes = [scope for requirement in security for scope in requirement.get("bearer", ())]
    assert all(scopes == needed for requirement in security for needed in requirement.values())
    assert by_session == ("Needs the session of a physician" in operation.said["description"])
    assert set(scopes) <= set(SCOPES)
    nobody_in_particular = (
        "no key opens it." if by_session else "Any key will do." if security else "Anybody may call it."
    )
    assert (f"`{scopes[0]}`" if scopes else nobody_in_particular) in operation.said["description"]
    assert set(operation.said["tags"]) <= {tag["name"] for tag in HOLDS["tags"]}
    # Who asks for a token authenticates in the request itself.
    assert ("401" in operation.said["responses"]) == (bool(security) or operation.id == "create_token")
    # Which scope a link needs depends on the list that it leads to.
    assert ("403" in operation.said["responses"]) == (bool(scopes) or by_session or operation.id == "create_download")


@of_every_operation
def test_every_body_answer_and_address_has_an_example_that_its_schema_accepts(operation: Described) -> None:
    for content in operation.said.get("requestBody", {}).get("content", {}).values():
        assert content["examples"]
        for name, example in content["examples"].items():
            assert list(CONTRACT.invalid(content["schema"], example["value"])) == [], name
    for name, parameter in operation.parameters("path").items():
        assert list(CONTRACT.invalid(parameter["schema"], parameter["example"])) == [], name
    for status, media_type, content in answers(operation):
        values = [content["example"]] if "example" in content else []
        for example in content.get("examples", {}).values():
            component = (
                HOLDS["components"]["examples"][example["$ref"].rpartition("/")[2]] if "$ref" in example else example
            )
            values.append(component["value"])
        assert values, (status, media_type)
        for value in values:
            assert list(CONTRACT.invalid(content["schema"], value)) == [], (status, media_type)
            assert str(value["status"]) == status if media_type == "application/problem+json" else True


FIND_BY_QUERY = {"find_learner_activity", "find_licensee_transcript_file"}
"""Operations that look for one record by what stands in the query, as clients of another service ask for it."""


@of_every_operation
def test_an_operation_can_fail_only_as_its_request_allows(operation: Described) -> None:
    if operation.id == "create_token":
        # RFC 6749 has a shape of its own for what is wrong with a request, and one status for most of it.
        assert set(operation.said["responses"]) == {"200", "400", "401", "413", "429", "500", "503"}
        return
    reads_body = "requestBody" in operation.said
    told = {status: response["description"] for status, response in operation.said["responses"].items()}
    assert reads_body == ("413" in told)
    # Where a session opens the door, forms are refused though no body is read.
    refuses_forms = operation.method != "get" and operation.said["security"] == [{"session": []}]
    assert (reads_body or refuses_forms) == ("415" in told)
    assert ("404" in told) == (bool(operation.parameters("path")) or operation.id in FIND_BY_QUERY)
    assert ("412" in told) == ("If-Match" in operation.parameters("header"))
    assert ("Idempotency-Key" in operation.parameters("header")) == ("`idempotency-mismatch`" in told["422"])
    assert ("PARS-Provider" in operation.parameters("header")) == ("`provider-required`" in told.get("400", ""))
    assert {int(status) for status in told if status >= "4"} <= {kind.status for kind in every_problem()}


def test_examples_of_problems_name_rules_that_exist() -> None:
    for example in HOLDS["components"]["examples"].values():
        for finding in example["value"].get("findings", ()):
            assert reference.rule(finding["rule"])


def test_every_reference_and_every_link_leads_somewhere() -> None:
    for reference_ in set(references(HOLDS)):
        _, _, kind, name = reference_.split("/")
        assert name in HOLDS["components"][kind], reference_
    known = {operation.id: operation for operation in CONTRACT.operations}
    linked = set()
    for operation in CONTRACT.operations:
        for response in operation.said["responses"].values():
            for link in response.get("links", {}).values():
                assert set(link["parameters"]) <= set(known[link["operationId"]].parameters("path"))
                linked.add((operation.id, link["operationId"]))
    assert linked >= {
        ("register_activity", "get_activity"),
        ("put_activity", "get_activity"),
        ("list_activities", "get_activity"),
        ("report_completion", "get_completion"),
        ("list_completions", "withdraw_completion"),
    }


def test_generators_find_named_enums_plain_patterns_and_no_titles() -> None:
    assert unnamed_enums(HOLDS) == []
    for schema in HOLDS["components"]["schemas"].values():
        for part in parts(schema):
            assert "title" not in part
            assert "\\x{" not in part.get("pattern", "")
            re.compile(part.get("pattern", ""))


def test_no_schema_is_named_after_an_operation() -> None:
    pascal = {operation.id.replace("_", " ").title().replace(" ", "") for operation in CONTRACT.operations}
    assert pascal & HOLDS["components"]["schemas"].keys() == set()


@of_every_operation
def test_examples_of_answers_hold_values_of_their_own_rather_than_placeholders(operation: Described) -> None:
    shown = [content["example"] for _, _, content in answers(operation) if "example" in content]
    assert '"text"' not in json.dumps(shown)


@of_every_operation
def test_if_match_is_required_exactly_where_nothing_goes_without_it(operation: Described) -> None:
    if_match = operation.parameters("header").get("If-Match")
    assert ("428" in operation.said["responses"]) == bool(if_match and if_match["required"])


@of_every_operation
def test_prefer_stands_exactly_where_it_is_heeded(operation: Described) -> None:
    if operation.id in ("upload_batch", "get_batch", "report_batch_mends"):
        return  # where work goes on, `Prefer: wait` is heeded instead: test_description_files
    heeded = [
        response
        for response in operation.said["responses"].values()
        if "Preference-Applied" in response.get("headers", {})
    ]
    assert bool(heeded) == ("Prefer" in operation.parameters("header"))


def test_optional_parts_of_answers_are_absent_rather_than_null() -> None:
    for name in ("Problem", "ErrorItem", "BulkItem", "EventIds", "BatchCounts"):
        schema = HOLDS["components"]["schemas"][name]
        for field in schema["properties"].keys() - set(schema["required"]):
            assert "null" not in json.dumps(schema["properties"][field]), (name, field)


def test_optional_parts_of_a_problem_have_one_type() -> None:
    problem = HOLDS["components"]["schemas"]["Problem"]["properties"]
    assert problem["errors"]["type"] == problem["findings"]["type"] == "array"
    assert HOLDS["components"]["schemas"]["ErrorItem"]["properties"]["pointer"]["type"] == "string"


def test_events_are_thin() -> None:
    assert {"completion.reported", "credit.decided", "activity.closed", "batch.completed"} <= WEBHOOKS[
        "webhooks"
    ].keys()
    for kind, item in WEBHOOKS["webhooks"].items():
        (content,) = item["post"]["requestBody"]["content"].values()
        for example in content["examples"].values():
            assert list(SENT.invalid(content["schema"], example["value"])) == []
        event = WEBHOOKS["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]
        assert event["required"] == ["timestamp", "type", "data"]
        assert event["properties"]["type"]["const"] == kind
        data = WEBHOOKS["components"]["schemas"][event["properties"]["data"]["$ref"].rpartition("/")[2]]
        assert all(field.endswith("_id") or field == "board" for field in data["properties"])
