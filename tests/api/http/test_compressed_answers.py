"""Answers in gzip for those who accept it: the same once opened, and never what has a secret or a strong tag."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import APIRouter
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import Response, StreamingResponse

from app.core.errors import CutOff
from app.core.http import codings
from app.core.http.accepting import accepts_gzip
from app.core.http.application import Application
from app.core.http.codings import SHORTEST, CodedStream
from app.core.http.exchange import BodyBounds
from app.core.http.routing import StrictRoute
from app.routers.callers import Public
from app.services.context import Service
from tests.builders.bodies import GRAND_ROUNDS, a_completion, an_activity
from tests.builders.sent_files import row, tab_text
from tests.harness.api import Api
from tests.harness.contract import committed
from tests.harness.databases import ON_SQLITE
from tests.harness.passport.programs import program_of_slides
from tests.harness.properties import examples
from tests.harness.uploads import worked
from tests.harness.wire import Wire

COMPLETIONS, ACTIVITIES, ENDPOINTS = "/v1/learner-completions", "/v1/activities", "/v1/webhook-endpoints"
LINE = b"Rebecca,Test,02/01,TN,444444,2\n"
PIECES: list[bytes] = []
router = APIRouter(route_class=StrictRoute, dependencies=[Public])


@router.get("/pieces")
async def pieces(kind: str = "text/csv", broken: bool = False) -> Response:
    """Answer in the pieces of the test."""

    async def each() -> AsyncIterator[bytes]:
        for piece in PIECES:
            yield piece
        if broken:
            raise CutOff("it is no more")

    return StreamingResponse(each(), media_type=kind)


@pytest.fixture
def served() -> Any:
    bounds = BodyBounds(1_000, 5)
    app = Application(admission=lambda _: None, bounds=bounds, upload_bounds=bounds)
    app.include_router(router)
    with TestClient(app) as client:
        yield client


def raw(api: Api, method: str, path: str, coding: str | None, **given: Any) -> tuple[Any, bytes]:
    """Send a request; return its answer, and its content as it came."""
    headers = {"Authorization": f"Bearer {api.key}"} | ({"Accept-Encoding": coding} if coding is not None else {})
    request = api.http.build_request(method, path, headers=headers, **given)
    if coding is None:
        del request.headers["Accept-Encoding"]
    hooks, api.http.event_hooks = api.http.event_hooks, {}
    answer = api.http.send(request, stream=True)
    content = b"".join(answer.iter_raw())
    api.http.event_hooks = hooks
    return answer, content


@ON_SQLITE
def test_a_list_is_the_same_with_and_without_gzip(api: Api) -> None:
    for number in range(1, 6):
        api.report(a_completion(credits=number, completed_on=f"2021-12-0{number}"))
    for path in (COMPLETIONS, ACTIVITIES, "/v1/rules", "/v1/boards", "/openapi.json"):
        plain, content = raw(api, "GET", path, None)
        coded, packed = raw(api, "GET", path, "gzip, deflate, br")
        assert "content-encoding" not in plain.headers and coded.headers["content-encoding"] == "gzip"
        assert gzip.decompress(packed) == content and len(packed) < len(content) / 2
        assert coded.headers["content-length"] == str(len(packed))
        for answer in (plain, coded):
            assert "accept-encoding" in answer.headers["vary"].lower()


@ON_SQLITE
def test_what_has_a_strong_tag_is_one_sequence_of_bytes(api: Api) -> None:
    """RFC 9110, 8.8.3: a gzip variant under the same strong tag would be another representation."""
    long = "An activity described at length. " * 60
    registered, body = raw(api, "POST", ACTIVITIES, "gzip", json=an_activity(description=long))
    assert len(body) > SHORTEST and "content-encoding" not in registered.headers
    path = f"{ACTIVITIES}/{json.loads(body)['activity_id']}"
    read, content = raw(api, "GET", path, "gzip")
    assert (read.headers["etag"], "content-encoding" in read.headers, len(content) > SHORTEST) == ('"1"', False, True)
    assert api.send("GET", path, headers={"If-None-Match": read.headers["etag"]}).status == 304
    changed = api.send("PATCH", path, headers={"If-Match": read.headers["etag"]}, json={"title": "Longer"})
    assert changed.status == 200
    assert api.send("GET", path, headers={"If-None-Match": read.headers["etag"]}).status == 200


@ON_SQLITE
def test_an_answer_with_a_secret_is_never_compressed(api: Api) -> None:
    sent = {"url": "https://lms.example.org/" + "x" * 1_500, "description": "y" * 1_500}
    created, body = raw(api, "POST", ENDPOINTS, "gzip", json=sent)
    secret = json.loads(body)
    rotated, again = raw(api, "POST", f"{ENDPOINTS}/{secret['endpoint_id']}/rotate-secret", "gzip")
    for answer, content in ((created, body), (rotated, again)):
        assert len(content) > SHORTEST and "content-encoding" not in answer.headers
        assert json.loads(content)["secret"].startswith("whsec_")
        assert answer.headers["cache-control"] == "no-store, no-transform"


@ON_SQLITE
def test_an_answer_with_a_key_or_a_token_is_never_compressed_or_kept(api: Api) -> None:
    created, body = raw(api, "POST", "/v1/clients", "gzip", json={"name": "Nightly " * 20})
    client_id = json.loads(body)["client_id"]
    added, more = raw(api, "POST", f"/v1/clients/{client_id}/keys", "gzip", json={"kind": "client-secret"})
    secret = json.loads(more)["secret"]
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
    token = api.http.post("/oauth/token", data=form, headers={"Accept-Encoding": "gzip"})
    assert (created.status_code, added.status_code, token.status_code) == (201, 201, 200)
    for answer in (created, added, token):
        assert "content-encoding" not in answer.headers
        assert answer.headers["cache-control"] == "no-store, no-transform"


@ON_SQLITE
def test_an_answer_with_a_link_is_never_compressed_or_kept(api: Api, service: Service) -> None:
    program = program_of_slides(api.http, service)
    asked = {"receiver": "A hospital " * 9, "shows": "following", "days": 7}
    answer = program.post("/v1/passport/shares", asked, Accept_Encoding="gzip")
    assert answer.status == 201, answer.json
    assert "content-encoding" not in answer.response.headers
    assert answer.response.headers["cache-control"] == "no-store, no-transform"


def test_every_operation_that_answers_a_secret_is_held_to_that() -> None:
    """To add one: `Cache-Control: no-store, no-transform`, and a case of the tests above."""
    secrets = {"secret", "api_key", "client_secret", "access_token", "key", "token"}
    schemas = committed().document["components"]["schemas"]
    with_secret = {name for name, schema in schemas.items() if secrets & schema.get("properties", {}).keys()}
    answering = {
        operation.id
        for operation in committed().operations
        if any(f'schemas/{name}"' in json.dumps(operation.said["responses"]) for name in with_secret)
    }
    endpoints = {"create_webhook_endpoint", "rotate_webhook_secret"}
    assert answering == endpoints | {"create_client", "add_client_key", "create_token", "create_share"}


@ON_SQLITE
def test_what_is_short_or_compressed_already_is_left_alone(api: Api, service: Service) -> None:
    for path in ("/livez", f"{COMPLETIONS}/x", "/v1/templates/learners.xlsx", "/docs/favicon.png"):
        answer, _ = raw(api, "GET", path, "gzip")
        assert "content-encoding" not in answer.headers, path
    batch = worked(api, service, tab_text([row(First_Name="Nobody")]))["batch_id"]
    for format, coded in (("tab", True), ("xlsx", False)):
        answer, content = raw(api, "GET", f"/v1/batches/{batch}/files/rejected?format={format}", "gzip")
        assert ("content-encoding" in answer.headers, answer.status_code) == (coded, 200)
        plain, expected = raw(api, "GET", f"/v1/batches/{batch}/files/rejected?format={format}", None)
        assert not coded or gzip.decompress(content) == expected
        assert ("vary" in plain.headers) == coded


@ON_SQLITE
def test_a_long_refusal_is_compressed_like_an_answer(api: Api) -> None:
    body = a_completion() | {f"field_{number}": 1 for number in range(50)}
    answer, content = raw(api, "POST", COMPLETIONS, "gzip", json=body)
    assert (answer.status_code, answer.headers["content-encoding"]) == (422, "gzip")
    assert len(json.loads(gzip.decompress(content))["errors"]) == 50


@pytest.mark.parametrize(
    ("header", "taken"),
    [
        ("gzip", True), ("GZip", True), ("x-gzip", True), ("*", True), ("gzip;q=0.001", True), ("br, gzip;q=0.5", True),
        ("deflate, gzip;q=1.0, *;q=0.5", True), ("identity;q=0.5, gzip;q=0.5", True), ("identity;q=0, *", True),
        ("gzip; q = 0.5", True), ("gzip;q=abc", True), ("gzip;q=", True), ("gzip;q=2", True),
        ("", False), ("identity", False), ("br", False), ("gzip;q=0", False), ("gzip;q=0.000, *", False),
        ("*;q=0", False), ("identity;q=1, gzip;q=0.5", False), ("gzipped", False), (";q=1", False), (",,", False),
    ],
)  # fmt: skip
def test_the_qualities_of_codings_are_honoured(header: str, taken: bool) -> None:
    assert accepts_gzip(header.encode()) is taken


@given(st.binary(max_size=60) | st.text(st.sampled_from("gzip*;q=01. ,"), max_size=30).map(str.encode))
@examples(200)
def test_whatever_stands_in_the_header_is_read(header: bytes) -> None:
    assert accepts_gzip(header) in (True, False)


@given(st.lists(st.binary(max_size=300), max_size=6), st.integers(1, 400))
@examples(60)
def test_a_stream_opens_to_the_bytes_of_its_pieces(drawn: list[bytes], times: int) -> None:
    bounds = BodyBounds(1_000, 5)
    app = Application(admission=lambda _: None, bounds=bounds, upload_bounds=bounds)
    app.include_router(router)
    PIECES[:] = [piece * times for piece in drawn]
    with TestClient(app).stream("GET", "/pieces", headers={"Accept-Encoding": "gzip"}) as answer:
        packed = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip" and "content-length" not in answer.headers
    assert gzip.decompress(packed) == b"".join(PIECES)


def test_a_stream_that_breaks_off_is_no_whole_file(served: TestClient) -> None:
    PIECES[:] = [LINE * 10_000]
    with served.stream("GET", "/pieces?broken=true", headers={"Accept-Encoding": "gzip"}) as answer:
        packed = b"".join(answer.iter_raw())
    opened = zlib.decompressobj(31)
    opened.decompress(packed)
    assert not opened.eof, "nobody may take a part for the whole"


@pytest.mark.parametrize(
    ("kind", "coded"),
    [("text/csv", True), ("application/x-ndjson", True), ("application/xml", True), ("application/zip", False),
     ("application/octet-stream", False), ("image/png", False),
     ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", False)],
)  # fmt: skip
def test_only_texts_are_compressed(served: TestClient, kind: str, coded: bool) -> None:
    PIECES[:] = [LINE * 1_000]
    answer = served.get("/pieces", params={"kind": kind}, headers={"Accept-Encoding": "gzip"})
    assert ("content-encoding" in answer.headers, answer.content) == (coded, LINE * 1_000)


@ON_SQLITE
def test_on_the_wire_a_compressed_answer_is_framed_by_its_own_length(api: Api, wire: Wire) -> None:
    sent = f"GET {ACTIVITIES} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.key}\r\nAccept-Encoding: gzip\r\n\r\n"
    answer = wire.exchange(sent.encode() + b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    head, _, rest = answer.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    listed = json.loads(gzip.decompress(rest[:length]))["data"]
    assert GRAND_ROUNDS in {activity["activity_id"] for activity in listed}
    assert rest[length:].startswith(b"HTTP/1.1 200")


def test_what_a_slow_stream_has_sent_is_with_its_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codings, "_FLUSH_SECONDS", 0.0)
    sent: list[bytes] = []

    async def send(message: Any) -> None:
        sent.append(message.get("body", b""))

    async def read_along() -> None:
        opened, stream = zlib.decompressobj(31), CodedStream(send, b"gzip")
        await stream({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/csv")]})
        for piece in (LINE, LINE * 2, LINE * 5_000):
            sent.clear()
            await stream({"type": "http.response.body", "body": piece, "more_body": True})
            assert opened.decompress(b"".join(sent)) == piece
        await stream({"type": "http.response.body", "body": b"", "more_body": False})
        opened.decompress(sent[-1])
        assert opened.eof

    asyncio.run(read_along())
