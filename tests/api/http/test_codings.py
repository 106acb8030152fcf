"""Bodies are read as they are: a coding or a charset that would be passed over is refused."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from dataclasses import replace

import pytest
from fastapi.routing import APIRoute

from app.main import create_app
from app.routers.callers import declared_routes
from app.services.context import Service
from tests.api.batches.test_uploads import FILE, KIND, PERMITTED, TYPE, form, request, status_of
from tests.builders.bodies import a_completion
from tests.harness.api import Api, api_of
from tests.harness.databases import ON_SQLITE
from tests.harness.passport.programs import FROM_OUR_PAGE, program_of_slides
from tests.harness.refusals import assert_problem
from tests.harness.wire import Wire

pytestmark = ON_SQLITE

COMPLETIONS = "/v1/learner-completions"
JSON = {"Content-Type": "application/json", "If-Match": "*"}
WITH_BODIES = [
    route
    for route in declared_routes(create_app())
    if (route.body_field is not None or "requestBody" in (route.openapi_extra or {})) and route.name != "create_token"
]
"""But for tokens, whose refusals have the shape of OAuth: `test_tokens` holds them."""
CODED = {"gzip": gzip.compress, "x-gzip": gzip.compress, "deflate": zlib.compress, "br": bytes, "zstd": bytes}


@pytest.mark.parametrize("route", WITH_BODIES, ids=lambda route: route.name)
def test_every_operation_with_a_body_refuses_a_coding_before_it_reads_any(
    api: Api, service: Service, route: APIRoute
) -> None:
    path = re.sub(r"{\w+(:path)?}", "x", route.path)
    (method,) = route.methods - {"HEAD"}
    clients = [
        api,
        api_of(api.http, service, "board", role="board", board="ABA"),
        api_of(api.http, service, "operator", role="operator"),
        replace(program_of_slides(api.http, service), always=FROM_OUR_PAGE),
    ]
    for content_type in ("application/json", "text/csv", "multipart/form-data; boundary=b"):
        headers = JSON | {"Content-Encoding": "gzip", "Content-Type": content_type, "PARS-Provider": "0000000"}
        answers = [client.send(method, path, headers=headers, content=b"\x1f\x8b" * 9) for client in clients]
        judged = [answer for answer in answers if answer.status not in (401, 403)]
        assert judged
        for answer in judged:
            assert_problem(answer, 415, "unsupported-media-type")
            form = content_type != "application/json" and "A session opens no form" in answer.json["detail"]
            assert form or "Content-Encoding: gzip" in answer.json["detail"]


def test_an_upload_in_a_coding_is_refused_before_it_arrives(wire: Wire, api: Api) -> None:
    body = form(KIND, PERMITTED, FILE)
    answer = wire.exchange(request(api, body[:40], TYPE, b"Content-Encoding: gzip", length=40))
    assert status_of(answer) == 415
    assert b"Content-Encoding: gzip" in answer


def test_a_coding_of_the_transfer_is_not_passed_over_either(wire: Wire, api: Api) -> None:
    key = b"Authorization: Bearer %s\r\n" % api.key.encode()
    head = b"POST /v1/learner-completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n%s" % key
    sent = head + b"Connection: close\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    answer = wire.exchange(sent)
    assert status_of(answer) in (400, 415, 501)


@pytest.mark.parametrize(
    ("charset", "name", "status"),
    [
        ("utf-8", "Jos\u00e9", 201), ('"UTF-8"', "Jos\u00e9", 201), ("utf8", "Jos\u00e9", 201),
        ("us-ascii", "Jose", 201), ("iso-8859-1", "Jose", 201), ("iso-8859-1", "Jos\u00e9", 415),
        ("windows-1252", "Jos\u00e9", 415), ("utf-16", "Jos\u00e9", 415), ("nonsense", "Jos\u00e9", 415),
    ],
)  # fmt: skip
def test_a_charset_is_obeyed_where_it_makes_a_difference(api: Api, charset: str, name: str, status: int) -> None:
    body = json.dumps(a_completion(reference=name), ensure_ascii=False).encode()
    headers = {"Content-Type": f"application/json; charset={charset}"}
    answer = api.send("POST", COMPLETIONS, headers=headers, content=body)
    assert answer.status == status, answer.json
    if status == 415:
        assert "UTF-8" in answer.json["detail"]
