"""Connections that never send a whole head, in time and in number: the others are served."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Iterator

import pytest
from fastapi import FastAPI

from app.core.config import Settings
from app.core.errors import ConfigurationError
from app.core.http.serving import ServingConfig
from tests.api.http.test_bounds_of_heads import LIVEZ, answers, refusal, refused, report
from tests.builders.bodies import a_completion
from tests.harness.api import Api
from tests.harness.databases import ON_SQLITE
from tests.harness.wire import SECONDS, Wire

BEGUN = b"GET /livez HTTP/1.1\r\nX-Slow: a"


@contextlib.contextmanager
def serving(app: FastAPI, **bounds: object) -> Iterator[Wire]:
    server = Wire(app, started=True, settings=Settings.model_validate(bounds))
    yield server
    server.close()


def all_of(connection: socket.socket) -> bytes:
    """Read until the other side closes."""
    received = b""
    with contextlib.suppress(ConnectionError):
        while piece := connection.recv(65_536):
            received += piece
    return received


def ended(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return connection.recv(65_536) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


@ON_SQLITE
def test_a_head_that_does_not_end_in_time_is_told_so(app: FastAPI) -> None:
    with serving(app, head_deadline=1) as wire, wire.connect() as silent, wire.connect() as begun:
        before = refused("head-deadline")
        begun.sendall(BEGUN)
        assert "1 seconds" in refusal(all_of(begun), 400, "unreadable")["detail"]
        assert all_of(silent) == b""
        assert refused("head-deadline") == before + 2


@pytest.mark.parametrize("drop", [b"a", b"\r\n"])
@ON_SQLITE
def test_a_connection_that_sends_a_little_now_and_then_ends_in_time(app: FastAPI, drop: bytes) -> None:
    with serving(app, head_deadline=0.2) as wire, wire.connect() as slow:
        slow.sendall(LIVEZ + b"\r\n")
        assert slow.recv(65_536).startswith(b"HTTP/1.1 200")
        until = time.monotonic() + SECONDS
        with contextlib.suppress(ConnectionError):
            while time.monotonic() < until:
                slow.sendall(drop)
                time.sleep(0.02)
        assert time.monotonic() < until


@ON_SQLITE
def test_a_body_that_nobody_reads_ends_in_time(app: FastAPI) -> None:
    with serving(app, body_deadline=0.2) as wire, wire.connect() as slow:
        slow.sendall(b"POST /v1/learner-completions HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
        assert slow.recv(65_536).startswith(b"HTTP/1.1 401")
        until = time.monotonic() + SECONDS
        with contextlib.suppress(ConnectionError):
            while time.monotonic() < until:
                slow.sendall(b"a")
                time.sleep(0.02)
        assert time.monotonic() < until


@ON_SQLITE
def test_an_answer_that_nobody_reads_ends_in_time(app: FastAPI) -> None:
    with serving(app, body_deadline=0.2) as wire, socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        slow.connect(("127.0.0.1", wire.port))
        before = refused("answer-not-read")
        until = time.monotonic() + SECONDS
        slow.settimeout(0.1)
        while refused("answer-not-read") == before and time.monotonic() < until:
            with contextlib.suppress(OSError):
                slow.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 10)
        assert refused("answer-not-read") == before + 1


@ON_SQLITE
def test_slow_connections_of_one_address_give_way_to_those_that_ask(app: FastAPI, api: Api) -> None:
    body = json.dumps(a_completion()).encode()
    whole = report(api, b"Connection: close", b"Content-Length: %d" % len(body), body=body)
    with serving(app, address_connection_limit=20) as wire, contextlib.ExitStack() as stack:
        slow = [stack.enter_context(wire.connect()) for _ in range(60)]
        for connection in slow[20:]:
            with contextlib.suppress(ConnectionError):
                connection.sendall(BEGUN)
        for _ in range(100):
            told = answers(wire.exchange(whole))
            assert [status for status, _, _ in told] in ([200], [201])
        assert sum(not ended(connection) for connection in slow) <= 20


@ON_SQLITE
def test_slow_connections_of_many_addresses_give_way_to_those_that_ask(app: FastAPI) -> None:
    with serving(app, connection_limit=20) as wire, contextlib.ExitStack() as stack:
        for number in range(60):
            slow = stack.enter_context(socket.socket())
            slow.bind((f"127.0.0.{2 + number}", 0))
            slow.connect(("127.0.0.1", wire.port))
            slow.sendall(BEGUN)
        for _ in range(20):
            told = answers(wire.exchange(LIVEZ + b"Connection: close\r\n\r\n"))
            assert [status for status, _, _ in told] == [200]


@pytest.mark.parametrize(
    ("bounds", "status", "code"),
    [({"connection_limit": 3}, 503, "unavailable"), ({"address_connection_limit": 3}, 429, "rate-limited")],
)
@ON_SQLITE
def test_when_all_connections_are_busy_a_new_one_is_refused(
    app: FastAPI, api: Api, bounds: dict[str, int], status: int, code: str
) -> None:
    with serving(app, **bounds) as wire, contextlib.ExitStack() as stack:
        busy = [stack.enter_context(wire.connect()) for _ in range(3)]
        for connection in busy:
            connection.sendall(report(api, b"Content-Length: 1000", b"Expect: 100-continue"))
            assert connection.recv(65_536).startswith(b"HTTP/1.1 100")
        ((told, headers, _),) = answers(wire.exchange(b""))
        assert (told, headers[b"retry-after"]) == (status, b"1")
        refusal(wire.exchange(b""), status, code)
        busy.pop().close()
        until = time.monotonic() + SECONDS
        while answers(wire.exchange(LIVEZ + b"Connection: close\r\n\r\n"))[0][0] != 200:
            assert time.monotonic() < until


@ON_SQLITE
def test_the_address_of_a_trusted_proxy_has_no_limit_of_its_own(app: FastAPI, api: Api) -> None:
    bounds = {"address_connection_limit": 1, "trusted_proxies": "127.0.0.0/8, ::1"}
    with serving(app, **bounds) as wire, wire.connect() as busy:
        busy.sendall(report(api, b"Content-Length: 1000", b"Expect: 100-continue"))
        assert busy.recv(65_536).startswith(b"HTTP/1.1 100")
        assert answers(wire.exchange(LIVEZ + b"Connection: close\r\n\r\n"))[0][0] == 200


@pytest.mark.parametrize("given", ["proxy.example", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.1 10.0.0.2"])
def test_proxies_that_are_no_addresses_stop_the_start(given: str) -> None:
    with pytest.raises(ConfigurationError, match="PARS_TRUSTED_PROXIES"):
        ServingConfig("app.server:process", Settings(trusted_proxies=given), host="127.0.0.1", port=0)


def test_more_connections_than_files_may_be_open_stop_the_start() -> None:
    with pytest.raises(ConfigurationError, match=r"PARS_CONNECTION_LIMIT is 100000000, .*ulimit"):
        ServingConfig("app.server:process", Settings(connection_limit=100_000_000), host="127.0.0.1", port=0)
