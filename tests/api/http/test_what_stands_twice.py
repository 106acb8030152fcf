"""Nothing that stands twice in a request is taken once: members, parameters, headers, parts of a form."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute

from app.main import create_app
from app.routers.callers import declared_routes
from app.services.context import Service
from app.services.registry.imports import import_file
from tests.builders.bodies import GRAND_ROUNDS, a_completion, an_activity
from tests.harness.api import Answer, Api, api_of
from tests.harness.databases import ON_SQLITE
from tests.harness.passport.programs import FROM_OUR_PAGE, Program, program_of_slides
from tests.harness.refusals import assert_problem, footprint
from tests.harness.uploads import file_of, rows_of, upload, work_through, worked

pytestmark = ON_SQLITE

COMPLETIONS, ACTIVITIES = "/v1/learner-completions", "/v1/activities"
JSON = {"Content-Type": "application/json", "If-Match": "*"}
WITH_BODIES = [
    route for route in declared_routes(create_app()) if route.body_field is not None and route.name != "create_token"
]
"""But for tokens, whose body is a form: `test_tokens` holds it."""


def twice(body: Any, name: str, other: Any) -> str:
    """Return a body with a member that stands twice."""
    return f"{json.dumps(body)[:-1]}, {json.dumps(name)}: {json.dumps(other)}}}"


def of_every_kind(api: Api, service: Service) -> list[Api | Program]:
    operator = api_of(api.http, service, "operator", role="operator")
    board = api_of(api.http, service, "board", role="board", board="ABA")
    return [api, board, operator, replace(program_of_slides(api.http, service), always=FROM_OUR_PAGE)]


@pytest.mark.parametrize("route", WITH_BODIES, ids=lambda route: route.name)
def test_every_operation_with_a_body_refuses_a_member_that_stands_twice(
    api: Api, service: Service, route: APIRoute
) -> None:
    path = "/".join("x" if part.startswith("{") else part for part in route.path.split("/"))
    (method,) = route.methods - {"HEAD"}
    allowed = of_every_kind(api, service)
    before = footprint(service)
    answers = [
        client.send(method, path, headers=JSON, content=b'{"a": 1, "list": [{"b": 1, "\\u0062": 2}], "a": 1}')
        for client in allowed
    ]
    judged = [answer for answer in answers if answer.status not in (400, 401, 403)]
    assert judged, [answer.json for answer in answers]
    for answer in judged:
        assert_problem(answer, 422, "invalid-request", items=["field-repeated"])
        assert [item["pointer"] for item in answer.json["errors"]] == ["/a", "/list/0/b"]
        assert all(item["hint"] for item in answer.json["errors"])
    assert footprint(service) == before


@pytest.mark.parametrize(
    ("name", "other", "pointer"),
    [
        ("cme", [{"state": "ME", "license_id": "MD9977", "credits": 1}], "/cme"),
        ("learner", {"first_name": "John", "last_name": "Smith", "date_of_birth": "03/17"}, "/learner"),
        ("completed_on", "2021-12-01", "/completed_on"),
    ],
)
@pytest.mark.parametrize("door", ["report", "preview", "correct", "bulk"])
def test_a_completion_with_a_member_that_stands_twice_is_refused_with_its_pointer(
    api: Api, service: Service, door: str, name: str, other: Any, pointer: str
) -> None:
    made = api.report(a_completion()).json["completion_id"]
    before, sent = footprint(service), twice(a_completion(credits=2), name, other)
    method, path = {"correct": ("PUT", f"{COMPLETIONS}/{made}"), "report": ("POST", COMPLETIONS)}.get(
        door, ("POST", f"{COMPLETIONS}:{door}")
    )
    content = f'{{"items": [{json.dumps(a_completion())}, {sent}]}}' if door == "bulk" else sent
    answer = api.send(method, path, headers=JSON, content=content)
    assert_problem(answer, 422, "invalid-request", items=["field-repeated"])
    assert [item["pointer"] for item in answer.json["errors"]] == [f"/items/1{pointer}" if door == "bulk" else pointer]
    assert footprint(service) == before


def test_of_three_lines_the_one_with_a_member_that_stands_twice_is_rejected_and_told(
    api: Api, service: Service
) -> None:
    good = json.dumps(a_completion(credits=1))
    doubled = good.replace('"credits": 1', '"credits": 1, "credits": 3')
    other = json.dumps(a_completion(credits=1, completed_on="2021-12-01"))
    batch = worked(api, service, "\n".join([good, doubled, other]).encode())
    rows = rows_of(api, batch)
    assert [row["outcome"] for row in rows] == ["added", "rejected", "added"]
    (finding,) = rows[1]["findings"]
    assert (finding["rule"], finding["pointer"]) == ("field-repeated", "/cme/0/credits")
    assert finding["hint"]


@pytest.mark.parametrize("kind", ["learner-completions", "activities", "learner-validations"])
def test_a_rejected_line_comes_back_with_both_members_and_is_rejected_again(
    api: Api, service: Service, kind: str
) -> None:
    line = '{"a": 1, "b": {"c": 2, "c": 3}, "a": 4}'
    sent = line.encode()
    for _ in range(3):
        batch = worked(api, service, sent, kind)
        (row,) = rows_of(api, batch)
        assert [(finding["rule"], finding["pointer"]) for finding in row["findings"]] == [
            ("field-repeated", "/a"),
            ("field-repeated", "/b/c"),
        ]
        sent = file_of(api, batch, "rejected")
        assert sent.decode().replace('\\"', '"').count('"c":') == 2


def test_a_line_of_a_registry_import_with_a_member_that_stands_twice_is_refused(
    service: Service, tmp_path: Path
) -> None:
    file = tmp_path / "registry.ndjson"
    file.write_text(
        '{"first_name": "Ann", "last_name": "Zyx", "licenses": ["TN-M:1"], "licenses": ["ME-M:2"]}\n'
        '{"first_name": "Bea", "last_name": "Zyx", "licenses": ["TN-M:3"]}\n'
        '{"first_name": "Cee", "last_name": "Zyx", "Zyx": 1, "Zyx": 2}\n'
        '{"first_name": "Dee", \n'
    )
    counts = import_file(service, file)
    assert counts.added == 1
    assert counts.refused[0] == (1, "licenses stands twice in the line")
    assert counts.refused[1] == (3, "a member stands twice in the line")
    assert counts.refused[2][0] == 4 and "ends before the JSON is complete" in counts.refused[2][1]
    file.write_text("first_name,last_name,npi,NPI\nAnn,Zyx,1,2\n")
    with pytest.raises(Exception, match="names a column twice: npi"):
        import_file(service, file)


def headed(api: Api, method: str, path: str, *headers: tuple[str, str], body: Any = None) -> Answer:
    return Answer(
        api.http.request(
            method,
            path,
            headers=[("Authorization", f"Bearer {api.key}"), ("Content-Type", "application/json"), *headers],
            content=json.dumps(body) if body is not None else None,
        )
    )


def test_two_keys_are_none(api: Api) -> None:
    answer = headed(api, "GET", COMPLETIONS, ("Authorization", f"Bearer {api.key}"))
    assert_problem(answer, 401, "unauthenticated")
    assert answer.json["detail"] == "The header Authorization stands twice."


@pytest.mark.parametrize("path", [COMPLETIONS, "/nowhere"])
def test_a_request_names_one_host(api: Api, path: str) -> None:
    """RFC 9112, section 3.2: whoever stands between may have taken the other one."""
    answer = headed(api, "GET", path, ("Host", "b.example"), ("Host", "c.example"))
    assert_problem(answer, 400, "unreadable")
    assert answer.json["detail"] == "The header Host stands twice."


def test_headers_that_are_lists_may_have_several_lines(api: Api) -> None:
    path = f"{COMPLETIONS}/{api.report(a_completion()).json['completion_id']}"
    assert headed(api, "GET", path, ("If-None-Match", '"9"'), ("If-None-Match", '"1"')).status == 304
    changed = headed(api, "PUT", path, ("If-Match", '"9"'), ("If-Match", '"1"'), body=a_completion(credits=3))
    assert (changed.status, changed.json["version"]) == (200, 2)
    stale = headed(api, "PUT", path, ("If-Match", '"9"'), ("If-Match", '"1"'), body=a_completion(credits=4))
    assert_problem(stale, 412, "precondition-failed")


def test_an_activity_with_a_member_that_stands_twice_is_no_second_activity(api: Api, service: Service) -> None:
    before = footprint(service)
    sent = twice(an_activity(internal_id="A-1"), "internal_id", "A-2")
    for method, path in (
        ("POST", ACTIVITIES),
        ("PUT", f"{ACTIVITIES}/by-internal-id/A-1"),
        ("PATCH", f"{ACTIVITIES}/{GRAND_ROUNDS}"),
    ):
        answer = api.send(method, path, headers=JSON, content=sent)
        assert_problem(answer, 422, "invalid-request", items=["field-repeated"])
        assert answer.pointers == {"field-repeated": "/internal_id"}
    assert footprint(service) == before


def test_an_upload_of_such_a_file_is_no_failure(api: Api, service: Service) -> None:
    upload(api, b'{"a": 1, "a": 2}\n')
    work_through(service)
