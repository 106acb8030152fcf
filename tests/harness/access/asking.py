"""The application asked without a server or a client library between: thousands of requests in seconds."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import httpx
import structlog
from fastapi import FastAPI

from app.services.context import Service
from app.store.sql import statements

REQUEST_ID = "matrix"
"""Every request has the same one, so that answers can be compared byte for byte."""
ERRORS_ALONE = structlog.make_filtering_bound_logger(logging.ERROR)
OF_CLIENTS = ("FROM client_secrets", "FROM grants g JOIN clients")
"""Statements by which a client is read again, whenever that is due: no request of a client decides it."""


@dataclass(frozen=True)
class Asked:
    """A request."""

    method: str
    target: str
    """Path and query."""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    repeated: Sequence[tuple[str, str]] = ()
    """Headers after those, each as often as it stands here."""


@dataclass(frozen=True)
class Reply:
    """All of an answer, and the statements that it took."""

    status: int
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes
    statements: tuple[str, ...]

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The code of the problem, empty where the answer is none."""
        marked = b'"code":"'
        return self.body.partition(marked)[2].partition(b'"')[0].decode() if self.status >= 400 else ""

    def header(self, name: str) -> str | None:
        return next((value.decode() for found, value in self.headers if found.decode() == name), None)

    def masking(self, ids: Sequence[str]) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        """Return what the caller sees, with what it sent itself masked."""
        body, headers = self.body, list(self.headers)
        for sent in ids:
            body = body.replace(sent.encode(), b"ID")
            headers = [(name, value.replace(sent.encode(), b"ID")) for name, value in headers]
        return self.status, headers, body


class Asker(httpx.BaseTransport):
    """Asks an application in an event loop of its own; a transport for `httpx.Client` as well."""

    def __init__(self, app: FastAPI, service: Service) -> None:
        self.app = app
        self.service = service
        # A runner would install a handler of signals for every request.
        self._loop = asyncio.new_event_loop()

    def close(self) -> None:
        self._loop.close()

    def ask(self, asked: Asked) -> Reply:
        """Send a request; return its answer."""
        sent: list[str] = []
        statements.BEFORE_STATEMENT.append(sent.append)
        before = structlog.get_config()
        # A line for each request would take longer than most of them.
        structlog.configure(wrapper_class=ERRORS_ALONE)
        try:
            status, headers, body = self._loop.run_until_complete(self._ask(asked))
        finally:
            statements.BEFORE_STATEMENT.remove(sent.append)
            structlog.configure(**before)
        told = tuple(statement for statement in sent if not any(word in statement for word in OF_CLIENTS))
        return Reply(status, headers, body, told)

    async def _ask(self, asked: Asked) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        path, _, query = asked.target.partition("?")
        given = {"host": "matrix.test", "x-request-id": REQUEST_ID} | {
            name.lower(): value for name, value in asked.headers.items()
        }
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": asked.method, "scheme": "http",
            "path": unquote(path), "raw_path": path.encode(), "root_path": "", "query_string": query.encode(),
            "headers": [
                (name.lower().encode(), value.encode("latin-1")) for name, value in (*given.items(), *asked.repeated)
            ],
            "client": ("127.0.0.1", 1), "server": ("matrix.test", 80), "state": {},
        }  # fmt: skip
        waiting = [{"type": "http.request", "body": asked.body, "more_body": False}]
        answered: list[Any] = []

        async def receive() -> Any:
            if not waiting:
                # Nobody hangs up before the end of the answer.
                await asyncio.Event().wait()
            return waiting.pop()

        async def send(message: Any) -> None:
            answered.append(message)

        await self.app(scope, receive, send)
        body = b"".join(message.get("body", b"") for message in answered[1:])
        return answered[0]["status"], answered[0]["headers"], body

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        target = request.url.raw_path.decode()
        reply = self.ask(Asked(request.method, target, dict(request.headers), request.read()))
        return httpx.Response(reply.status, headers=list(reply.headers), content=reply.body)


@contextmanager
def asking(app: FastAPI, service: Service) -> Iterator[Asker]:
    """Ask an application until the end of a block."""
    asker = Asker(app, service)
    try:
        yield asker
    finally:
        asker.close()
