"""A receiver of webhooks on the local host that answers as it is told, and what a test needs to send to it."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from msgspec.structs import replace

from app.delivery.sending import Sender
from app.domain.webhooks import Attempt, AttemptOutcome
from app.services.context import Service
from app.services.events.sender import WebhookSender
from app.store.sql import statements
from examples.webhook_receiver import verified
from tests.harness.api import Answer, Api, settle
from tests.harness.clock import ManualClock

ENDPOINTS = "/v1/webhook-endpoints"


@dataclass(frozen=True)
class Received:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> Any:
        return json.loads(self.body)


@dataclass
class Inbox:
    """What came, and what is answered: each of `answers` once, then 204."""

    url: str
    received: list[Received] = field(default_factory=list)
    answers: deque[tuple[int, dict[str, str]]] = field(default_factory=deque)
    always: tuple[int, dict[str, str]] = (204, {})
    hold: threading.Event | None = None
    """Where it is set, answers wait for it."""
    drips: bool = False
    """Whether answers are given as a byte a moment, without end."""
    closing: threading.Event = field(default_factory=threading.Event)

    def answer(self, *statuses: int, **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.extend((status, named) for status in statuses)

    @property
    def types(self) -> list[str]:
        return [request.event["type"] for request in self.received]


@contextmanager
def inbox(host: str = "127.0.0.1") -> Iterator[Inbox]:
    """Receive on a port of its own until the end."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            opened.received.append(Received(self.path, headers, body))
            status, more = opened.answers.popleft() if opened.answers else opened.always
            if opened.hold is not None:
                opened.hold.wait(60)
            self.send_response_only(status)
            for name, value in more.items():
                self.send_header(name, value)
            self.end_headers()
            while opened.drips and not opened.closing.wait(0.05):
                self.wfile.write(b".")
                self.wfile.flush()

        def log_message(self, *_: Any) -> None: ...

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, *_: Any) -> None: ...

    server = Server((host, 0), Handler)
    opened = Inbox(f"http://{host}:{server.server_address[1]}/hooks")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield opened
    finally:
        opened.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


def allowing_private(service: Service) -> Service:
    """Return an installation whose webhooks may go to this host."""
    return replace(service, settings=service.settings.model_copy(update={"webhook_allow_private": True}))


def register(api: Api, url: str, *event_types: str, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = api.send("POST", ENDPOINTS, headers=named, json={"url": url, "event_types": list(event_types)})
    assert answer.status == 201, answer.json
    return answer


def edit(api: Api, endpoint_id: str, **fields: Any) -> Answer:
    return api.send("PATCH", f"{ENDPOINTS}/{endpoint_id}", headers={"If-Match": "*"}, json=fields)


def deliveries(api: Api, endpoint_id: str, **query: Any) -> list[Any]:
    answer = api.get(f"{ENDPOINTS}/{endpoint_id}/deliveries", **query)
    assert answer.status == 200, answer.json
    listed: list[Any] = answer.json["data"]
    return listed


def deliver(service: Service, **sender: Any) -> list[AttemptOutcome]:
    """Seal what waits, and send everything that is due; return what became of it."""
    settle(service)
    return [attempt.outcome for attempt in attempts(service, **sender)]


def attempts(service: Service, **sender: Any) -> Sequence[Attempt]:
    given = {"allow_private": service.settings.webhook_allow_private, "tls": usual_tls()} | sender
    return asyncio.run(WebhookSender(service=service, sender=Sender(**given)).deliver_due())


@cache
def usual_tls() -> ssl.SSLContext:
    """Return the TLS of a sender, made once: it reads all authorities, which takes longer than most deliveries."""
    return Sender(allow_private=False).tls


def signed(box: Inbox, secret: str, clock: ManualClock, place: int = -1) -> bool:
    received = box.received[place]
    return verified([secret], received.headers, received.body, clock.now.timestamp())


def stored(service: Service, sql: str) -> list[Any]:
    return service.database.read(lambda connection: statements.fetch(connection, sql))
