"""HEAD wherever GET: the same head, its length included, no body, and nothing done that only a reader would need."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from fastapi import APIRouter
from fastapi.testclient import TestClient
from httpx import Response
from starlette.responses import Response as Sent
from starlette.responses import StreamingResponse

from app.core.http.application import Application
from app.core.http.exchange import BodyBounds
from app.core.http.routing import StrictRoute
from app.routers.callers import Public, declared_routes
from app.services.context import Service
from tests.builders.bodies import GRAND_ROUNDS, a_completion
from tests.builders.sent_files import row, tab_text
from tests.harness.api import Api, api_of, settle
from tests.harness.databases import ON_SQLITE
from tests.harness.uploads import worked
from tests.harness.wire import Wire

COMPLETIONS, ACTIVITIES = "/v1/learner-completions", "/v1/activities"
CHANGING = {"x-request-id", "date", "link"}
router = APIRouter(route_class=StrictRoute, dependencies=[Public])
begun: list[str] = []


@router.get("/stream")
async def stream() -> Sent:
    """Answer in pieces, and tell when the first is made."""

    async def pieces() -> AsyncIterator[bytes]:
        begun.append("begun")
        yield b"a" * 5_000

    return StreamingResponse(pieces(), media_type="text/csv")


def heads_of(answer: Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in CHANGING}


def asked(api: Api, path: str, **headers: str) -> tuple[Response, Response]:
    """Return the answers to GET and HEAD of an address."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return api.send("GET", path, headers=named).response, api.send("HEAD", path, headers=named).response


@pytest.fixture
def addresses(api: Api, service: Service) -> list[str]:
    completion = api.report(a_completion()).json["completion_id"]
    batch = worked(api, service, tab_text([row()]))["batch_id"]
    return [
        "/", "/livez", "/readyz", "/docs", "/docs/start.js", "/docs/swagger-ui.css", "/openapi.json",
        "/problems/not-found", "/v1/rules", "/v1/rules/permission", "/v1/boards", "/v1/boards/ABIM",
        "/v1/templates/learners.tsv", ACTIVITIES, f"{ACTIVITIES}/{GRAND_ROUNDS}", COMPLETIONS,
        f"{COMPLETIONS}/{completion}", f"{COMPLETIONS}/{completion}/history", "/v1/events", "/v1/batches",
        f"/v1/batches/{batch}", f"/v1/batches/{batch}/rows", "/v1/webhook-endpoints",
    ]  # fmt: skip


@ON_SQLITE
@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_the_head_of_every_answer_is_that_of_get(api: Api, addresses: list[str], coding: str) -> None:
    wrong = {}
    for path in addresses:
        got, head = asked(api, path, Accept_Encoding=coding)
        if (head.status_code, heads_of(head), head.content) != (got.status_code, heads_of(got), b""):
            wrong[path] = (got.status_code, heads_of(got), head.status_code, heads_of(head))
        elif "content-length" not in head.headers:
            wrong[path] = ("no length",)
    assert wrong == {}


@ON_SQLITE
def test_every_route_that_takes_get_takes_head(api: Api) -> None:
    for route in declared_routes(api.http.app):  # type: ignore[arg-type]
        if "GET" in (route.methods or ()):
            assert api.send("HEAD", route.path.replace("{", "").replace("}", "")).status != 405, route.path


@ON_SQLITE
def test_the_head_of_a_refusal_is_that_of_get(api: Api) -> None:
    for path in (f"{COMPLETIONS}/x", "/nope", f"{COMPLETIONS}?limt=1", f"{COMPLETIONS}/x/y/z"):
        got, head = asked(api, path)
        assert (head.status_code, heads_of(head), head.content) == (got.status_code, heads_of(got), b"")
    assert api.send("HEAD", f"{COMPLETIONS}:bulk").response.headers["allow"] == "POST"


@ON_SQLITE
def test_a_known_version_is_known_to_head_as_well(api: Api) -> None:
    path = f"{COMPLETIONS}/{api.report(a_completion()).json['completion_id']}"
    assert api.send("HEAD", path, headers={"If-None-Match": '"1"'}).status == 304


def test_a_stream_is_not_begun_for_its_head() -> None:
    bounds = BodyBounds(1_000, 5)
    app = Application(admission=lambda _: None, bounds=bounds, upload_bounds=bounds)
    app.include_router(router)
    with TestClient(app) as client:
        for coding in ("identity", "gzip"):
            begun.clear()
            head = client.head("/stream", headers={"Accept-Encoding": coding})
            assert (begun, head.content) == ([], b"")
            got = client.get("/stream", headers={"Accept-Encoding": coding})
            assert (begun, got.content, heads_of(got)) == (["begun"], b"a" * 5_000, heads_of(head))


@ON_SQLITE
@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_the_head_of_a_daily_file_counts_as_no_download(
    api: Api, http: TestClient, service: Service, format: str
) -> None:
    board = api_of(http, service, "TN", role="board", board="TN-M")
    settle(service)
    board.get("/v1/board-feed", after=board.get("/v1/board-feed").json["next_cursor"])
    assert api.report(a_completion()).status == 201
    settle(service)
    path = f"/v1/board-feed/file?date={service.clock().date()}&format={format}"
    carried = board.get("/v1/board-feed/summary").json
    got_type = board.send("HEAD", path).response.headers["content-type"]
    assert board.get("/v1/board-feed/summary").json == carried
    assert board.send("GET", path).response.headers["content-type"] == got_type
    assert board.get("/v1/board-feed/summary").json != carried


@ON_SQLITE
def test_on_a_connection_the_next_answer_follows_the_head_at_once(api: Api, wire: Wire) -> None:
    key = f"Authorization: Bearer {api.key}\r\nHost: x\r\n".encode()
    for path in (b"/v1/rules", b"/docs/swagger-ui.css", COMPLETIONS.encode()):
        for coding in (b"gzip", b"identity"):
            first = b"HEAD " + path + b" HTTP/1.1\r\n" + key + b"Accept-Encoding: " + coding + b"\r\n\r\n"
            answers = wire.exchange(first + b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            head, _, rest = answers.partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200") and rest.startswith(b"HTTP/1.1 200"), (path, coding)
            assert rest.endswith(b"ok\n")
