"""A proxy that loses some of the requests and answers that pass through it, as networks do."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

KEPT = ("content-type", "etag", "location", "retry-after")


@dataclass
class Lost:
    """How many requests never arrived, how many answers, and how many messages passed."""

    requests: int = 0
    answers: int = 0
    passed: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


@contextmanager
def lossy_proxy(target: int, share: float, seed: int) -> Iterator[tuple[int, Lost]]:
    """Serve a port that passes requests on to another, and loses a share of answers, and a third as many requests."""
    chance = random.Random(seed)
    lost = Lost()
    behind = httpx.Client(base_url=f"http://127.0.0.1:{target}", timeout=60)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with lost.lock:
                drawn = chance.random()
                lost.requests += drawn < share / 3
                lost.answers += share / 3 <= drawn < share / 3 + share
                lost.passed += drawn >= share / 3 + share
            if drawn < share / 3:
                self.close_connection = True
                return
            headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            answer = behind.request(self.command, self.path, headers=headers, content=body)
            if drawn < share / 3 + share:
                self.close_connection = True
                return
            self.send_response(answer.status_code)
            for name in KEPT:
                if name in answer.headers:
                    self.send_header(name, answer.headers[name])
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, format: str, *args: object) -> None:
            """Print nothing."""

    for method in ("POST", "PUT", "PATCH", "DELETE"):
        setattr(Handler, f"do_{method}", Handler.do_GET)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    serving.start()
    try:
        yield server.server_port, lost
    finally:
        server.shutdown()
        server.server_close()
        serving.join()
        behind.close()
