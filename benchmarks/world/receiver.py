"""A webhook receiver that answers with the status in the path: `/204`, `/302`, `/410`, `/500`."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ANSWERS = ("204", "302", "410", "500")


class _Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", "0")))
        self.send_response(int(self.path[1:]) if self.path[1:] in ANSWERS else 404)
        self.send_header("Location", "/204")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Log nothing."""


@contextmanager
def webhook_receiver() -> Iterator[list[str]]:
    """Receive on the local host, and yield the URLs, one a status."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield [f"http://127.0.0.1:{server.server_port}/{answer}" for answer in ANSWERS]
    finally:
        server.shutdown()
        server.server_close()
