"""A test client that crosses into the application's event loop once a request: the framework's own does eight times."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import unquote

from anyio.from_thread import BlockingPortal
from fastapi.testclient import TestClient
from httpx2 import BaseTransport, ByteStream, Request, Response
from starlette.types import ASGIApp, Message, Scope

_PORTS = {"http": 80, "https": 443}


class QuickClient(TestClient):
    """A client of an application that runs in the event loop of another client; an answer is taken as a whole.

    Raises nothing that the application raises: as from a server, its answer is then status 500.
    """

    def __init__(self, running: TestClient, *, client: tuple[str, int] = ("testclient", 50_000), **given: Any) -> None:
        super().__init__(running.app, raise_server_exceptions=False, client=client, **given)
        assert running.portal is not None
        self.portal = running.portal
        # The framework's constructor takes no transport.
        self._transport = _OneTrip(running.app, running.portal, client)


class _OneTrip(BaseTransport):
    def __init__(self, app: ASGIApp, portal: BlockingPortal, client: tuple[str, int]) -> None:
        self._app = app
        self._portal = portal
        self._client = client

    def handle_request(self, request: Request) -> Response:
        """Return the application's answer to a request, once the application has ended with it."""
        url = request.url
        raw_path, _, query = url.raw_path.partition(b"?")
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": request.method,
            "path": unquote(url.path),
            "raw_path": raw_path,
            "root_path": "",
            "scheme": url.scheme,
            "query_string": query,
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
            "client": self._client,
            "server": [url.host, url.port or _PORTS[url.scheme]],
            "extensions": {},
            "state": {},
        }
        status, headers, body = self._portal.call(_answer, self._app, scope, request.read())
        return Response(
            status, headers=headers, stream=ByteStream(b"" if request.method == "HEAD" else body), request=request
        )


async def _answer(app: ASGIApp, scope: Scope, sent: bytes) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Return status, headers and body of an answer; of one that breaks off, what there is of it."""
    begun: list[Message] = []
    pieces: list[bytes] = []
    requests: list[Message] = [{"type": "http.request", "body": sent}]
    ended = asyncio.Event()

    async def receive() -> Message:
        if requests:
            return requests.pop()
        await ended.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            assert not begun, "an answer begins twice"
            begun.append(message)
            return
        assert message["type"] == "http.response.body", message["type"]
        assert begun and not ended.is_set(), "a body stands outside its answer"
        pieces.append(bytes(message.get("body", b"")))
        if not message.get("more_body", False):
            ended.set()

    try:
        await app(scope, receive, send)
    except Exception:
        if not begun:
            return 500, [], b""
    assert begun, "the application did not answer"
    return begun[0]["status"], list(begun[0].get("headers", [])), b"".join(pieces)
