"""One request and its answer, as everything that serves it sees them."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Sequence
from typing import Any, Protocol

from starlette.datastructures import QueryParams
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from app.core.clock import new_id
from app.core.errors import TooLarge, Unreadable
from app.core.http.browser_headers import headers_beside
from app.core.http.codings import SHORTEST, CodedStream, code_body, code_head
from app.core.http.protocol import BODY_FAULT

MIN_UPLOAD_RATE = 20_000
"""Bytes a second that an upload must arrive with, once the deadline of small bodies has passed."""
_REQUEST_ID = re.compile(rb"\A[A-Za-z0-9._:-]{1,128}\Z")
_LONGEST_TRACE = 64
_REFUSED = 400
"""The first status of refusals."""
_WHOLE = frozenset({Response, JSONResponse, PlainTextResponse, HTMLResponse})
"""Classes of answers that are sent as they stand."""


class ClientMeter(Protocol):
    """Knows how much a client may still ask for."""

    def headers_for(self, client: Any) -> Sequence[tuple[bytes, bytes]]:
        """Return the headers that tell it."""


class BodyBounds:
    """How much of a body is taken, and for how long."""

    __slots__ = ("deadline", "limit", "upload")

    def __init__(self, limit: int, deadline: float, *, upload: bool = False) -> None:
        """Take `limit` bytes within `deadline` seconds; an upload has longer, as long as it keeps arriving."""
        self.limit = limit
        self.deadline = deadline
        self.upload = upload


class Exchange:
    """One request and its answer."""

    __slots__ = (
        "_begun", "_body", "_complete", "_query", "_receive", "_received", "_send", "added", "bounds", "client",
        "headers", "is_head", "kept", "meter", "path_values", "presented", "provider_moved", "request_id", "scope",
        "status",
    )  # fmt: skip

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.is_head = scope["method"] == "HEAD"
        self._receive = receive
        self._send = send
        self.headers: dict[bytes, bytes] = {}
        """The first value of each header, by its name in lower case."""
        self.read_headers()
        given = self.headers.get(b"x-request-id")
        self.request_id = given.decode() if given is not None and _REQUEST_ID.match(given) else new_id()
        self.added: list[tuple[bytes, bytes]] = [(b"x-request-id", self.request_id.encode())]
        """Headers that the answer gets beside its own."""
        trace = self.headers.get(b"traceparent")
        if trace is not None and len(trace) <= _LONGEST_TRACE:
            self.added.append((b"traceparent", trace))
        scope.setdefault("state", {})["request_id"] = self.request_id
        self.path_values: dict[str, str] = {}
        self.client: Any = None
        """Whose key the request has."""
        self.presented: Any = None
        """What the request presented to say who calls, where that is more than a key."""
        self.kept: Any = None
        """What a route has made of the body, for whatever else serves the request."""
        self.provider_moved = False
        """Whether its provider was merged while it was served: what is remembered of its client does not count."""
        self.meter: ClientMeter | None = None
        """Tells the client how much it may still ask for; None until it is known."""
        self.status = 0
        """Status of the answer, once it has begun."""
        self.bounds: BodyBounds | None = None
        self._begun = 0.0
        self._received = 0
        self._complete = False
        self._body: bytes | None = None
        self._query: QueryParams | None = None

    def read_headers(self) -> None:
        """Take the headers from the scope."""
        self.headers = dict(reversed(self.scope["headers"]))

    @property
    def repeats_headers(self) -> bool:
        """Whether a header stands twice."""
        return len(self.headers) < len(self.scope["headers"])

    def header(self, name: bytes) -> str | None:
        """Return the first value of a header, None where there is none."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")

    @property
    def query(self) -> QueryParams:
        """The parameters of the query."""
        if self._query is None:
            self._query = QueryParams(self.scope["query_string"])
        return self._query

    @property
    def line(self) -> str:
        """Method, path and query."""
        return f"{self.scope['method']} {self.scope['path']}?{self.scope['query_string'].decode('latin-1')}"

    @property
    def host(self) -> str | None:
        """The address that the request came from; None for a local socket."""
        client = self.scope.get("client")
        return client[0] if client else None

    def request(self) -> Request:
        """Return the request as the framework knows it, for a route that reads its body as it arrives."""
        self.scope["path_params"] = self.path_values
        return Request(self.scope, self.receive)

    @property
    def keeps_body(self) -> bool:
        """Whether the body was read whole, so that it can be read again."""
        return self._body is not None

    async def body(self) -> bytes:
        """Return the whole body; raises `Problem` for one that breaks a bound, `ClientDisconnect` for one cut off."""
        if self._body is None:
            pieces = []
            while not self._complete:
                message = await self.receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                pieces.append(message.get("body", b""))
            self._body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        return self._body

    async def receive(self) -> Message:
        """Return the next piece of the body, within its bounds; raises `Problem`."""
        if self._complete:
            return await self._receive()
        bounds = self.bounds
        assert bounds is not None
        if not self._begun:
            self._begun = time.monotonic()
            declared = self.headers.get(b"content-length", b"")
            if declared.isdigit() and int(declared) > bounds.limit:
                raise _too_large(bounds)
        # The body of most requests has come with their heads: then nothing is waited for.
        if getattr(getattr(self._receive, "__self__", None), "more_body", True):
            message = await self._wait(bounds)
        else:
            message = await self._receive()
        if BODY_FAULT in self.scope["state"]:
            raise self.scope["state"][BODY_FAULT]
        if message["type"] == "http.request":
            self._received += len(message.get("body", b""))
            self._complete = not message.get("more_body", False)
            if self._received > bounds.limit:
                raise _too_large(bounds)
        return message

    async def _wait(self, bounds: BodyBounds) -> Message:
        allowed = self._received / MIN_UPLOAD_RATE if bounds.upload else 0
        patience = min(self._begun + bounds.deadline + allowed - time.monotonic(), bounds.deadline)
        try:
            async with asyncio.timeout(patience):
                return await self._receive()
        except TimeoutError:
            raise Unreadable("The body did not arrive in time.", headers={"Connection": "close"}) from None

    async def send(self, message: Message) -> None:
        """Send a part of the answer; its beginning gets the headers that every answer has."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            own = message.get("headers", ())
            message["headers"] = [*own, *self.added, *headers_beside(own, of_client=self.client is not None)]
            # Not in refusals: what is not there answers the same, byte for byte, as what is another's.
            if self.meter is not None and self.status < _REFUSED:
                message["headers"] += self.meter.headers_for(self.client)
        await self._send(message)

    async def answer(self, response: Response) -> None:
        """Send an answer; of one to HEAD, its head."""
        kind = type(response)
        if kind in _WHOLE and response.background is None:
            headers, body = response.raw_headers, bytes(response.body)
            if len(body) >= SHORTEST:
                headers, body = await code_body(headers, body, self.headers.get(b"accept-encoding"))
            await self.send({"type": "http.response.start", "status": response.status_code, "headers": headers})
            await self._send({"type": "http.response.body", "body": b"" if self.is_head else body})
        elif kind is StreamingResponse and self.is_head:
            # What would be sent is not begun: its length is not known, and a download may count as one.
            headers, _ = code_head(response.raw_headers, self.headers.get(b"accept-encoding"))
            await self.send({"type": "http.response.start", "status": response.status_code, "headers": headers})
            await self._send({"type": "http.response.body", "body": b""})
        else:
            coded = CodedStream(self.send, self.headers.get(b"accept-encoding"))
            await response(self.scope, self.receive, coded)


def _too_large(bounds: BodyBounds) -> TooLarge:
    return TooLarge(f"The body may have at most {bounds.limit} bytes.", headers={"Connection": "close"})
