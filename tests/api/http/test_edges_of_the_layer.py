"""The HTTP layer at its edges: answers that break off, codings in two lines, keys after blanks, routes it refuses."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Body
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from starlette.background import BackgroundTask
from starlette.responses import Response, StreamingResponse
from structlog.testing import capture_logs

from app.core.errors import Conflict, Unavailable
from app.core.http.application import Application
from app.core.http.exchange import BodyBounds
from app.core.http.routing import ReadBody, StrictRoute
from app.routers.callers import Public
from app.services.context import Service
from tests.builders.bodies import a_completion
from tests.harness.api import Api
from tests.harness.databases import ON_SQLITE
from tests.harness.refusals import assert_problem

COMPLETIONS = "/v1/learner-completions"
BOUNDS = BodyBounds(1_000, 5)
router = APIRouter(route_class=StrictRoute, dependencies=[Public])
done: list[str] = []


@router.get("/breaks")
async def break_off() -> Response:
    """Begin an answer, and fail."""

    async def pieces() -> AsyncIterator[bytes]:
        yield b"part"
        raise Conflict

    return StreamingResponse(pieces())


@router.get("/later")
async def do_later() -> Response:
    """Answer, and go on afterwards."""
    return Response("now", background=BackgroundTask(done.append, "later"))


@router.get("/other")
async def answer_otherwise(response: Response) -> dict[str, int]:
    """Answer with a status that the function sets."""
    response.status_code = 203
    return {}


class _SlowRoute(StrictRoute):
    """A route whose bodies are read until the test lets them be."""

    def reader_of(self, content_type: str) -> ReadBody:
        def read(body: bytes, _: str) -> Any:
            assert let_go.wait(60)
            return body.decode()

        return read

    def reads_slowly(self, content_type: str) -> bool:
        return True


let_go = threading.Event()
slow = APIRouter(route_class=_SlowRoute, dependencies=[Public])


@slow.post("/slow")
async def read_slowly(body: Annotated[str, Body()]) -> str:
    """Answer once the body was read."""
    return body


@router.get("/large")
async def answer_at_length() -> Response:
    """Answer so much that a thread compresses it."""
    return Response("many words " * 10_000, media_type="text/plain")


def an_application(*routers: APIRouter, prefix: str = "") -> Application:
    app = Application(admission=lambda _: None, bounds=BOUNDS, upload_bounds=BOUNDS)
    for added in routers:
        app.include_router(added, prefix=prefix)
    return app


@pytest.fixture
def served() -> Iterator[TestClient]:
    with TestClient(an_application(router)) as client:
        yield client


def test_a_refusal_after_the_answer_began_is_logged(served: TestClient) -> None:
    with capture_logs() as lines:
        served.get("/breaks")
    assert [line["reason"] for line in lines if line["event"] == "answer cut off"] == ["conflict"]


def test_bodies_that_are_read_slowly_hold_up_nobody_else() -> None:
    let_go.clear()
    app = an_application(router, slow)
    with TestClient(app) as client, ThreadPoolExecutor(41) as senders:
        waiting = [senders.submit(client.post, "/slow", content=b"x") for _ in range(40)]
        try:
            other = senders.submit(client.get, "/large", headers={"Accept-Encoding": "gzip"})
            answer = other.result(30)
        finally:
            let_go.set()
        assert answer.headers["content-encoding"] == "gzip"
        assert [sent.result(60).json() for sent in waiting] == ["x"] * 40


def test_what_follows_an_answer_is_done(served: TestClient) -> None:
    done.clear()
    assert (served.get("/later").text, done) == ("now", ["later"])


def test_a_function_may_set_its_status(served: TestClient) -> None:
    assert served.get("/other").status_code == 203


def test_a_route_that_would_be_served_without_its_dependencies_stops_the_start() -> None:
    plain = APIRouter(route_class=APIRoute, dependencies=[Public])
    plain.add_api_route("/open", do_later, methods=["GET"])
    with pytest.raises(ValueError, match="/open: APIRoute cannot be compiled"):
        an_application(plain).build_middleware_stack()
    with pytest.raises(ValueError, match="a prefix belongs to the router"):
        an_application(router, prefix="/v9").build_middleware_stack()


@ON_SQLITE
def test_a_coding_in_a_second_line_is_a_coding(api: Api) -> None:
    headers = [("Authorization", f"Bearer {api.key}"), ("Content-Type", "application/json")]
    codings = [("Content-Encoding", "identity"), ("Content-Encoding", "gzip")]
    answer = api.http.request("POST", COMPLETIONS, headers=[*headers, *codings], json=a_completion())
    assert answer.status_code == 415


@ON_SQLITE
def test_a_key_may_follow_several_blanks(api: Api) -> None:
    assert api.send("GET", COMPLETIONS, headers={"Authorization": f"Bearer   {api.key}"}).status == 200
    assert_problem(api.send("GET", COMPLETIONS, headers={"Authorization": "Bearer   "}), 401, "unauthenticated")


@ON_SQLITE
def test_a_broken_connection_of_reads_by_key_is_made_anew(api: Api, service: Service) -> None:
    path = f"{COMPLETIONS}/{api.report(a_completion()).json['completion_id']}"
    assert api.get(path).status == 200
    near: Any = service.database._near
    driver: sqlite3.Connection = near.connection.driver_connection
    driver.close()
    with pytest.raises(sqlite3.ProgrammingError):
        service.database._read_near(lambda _: None)
    assert api.get(path).status == 200


@ON_SQLITE
def test_nothing_is_read_after_the_end(service: Service) -> None:
    service.database.close()
    with pytest.raises(Unavailable):
        service.database._read_near(lambda _: None)
