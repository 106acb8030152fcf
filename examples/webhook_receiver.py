"""A webhook receiver with the standard library only: verifies messages, stores each event once, answers at once.

    WEBHOOK_SECRET=whsec_… python examples/webhook_receiver.py [PORT]

Prints each event once. Several secrets, separated by spaces, are all accepted: give the old and the new one during a
rotation.
"""

from __future__ import annotations

import base64
import hmac
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOLERANCE_SECONDS = 300
"""An older message may be a replay."""
MOST_BYTES = 65_536


def verified(secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Whether a message was signed with one of the secrets, within the tolerance (Standard Webhooks)."""
    event_id, sent_at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not sent_at.isascii() or not sent_at.isdigit() or abs(now - int(sent_at)) > TOLERANCE_SECONDS:
        return False
    signed = f"{event_id}.{sent_at}.".encode() + body
    given = headers.get("webhook-signature", "").encode().split()
    found = False
    for secret in secrets:
        key = base64.b64decode(secret.removeprefix("whsec_"))
        expected = b"v1," + base64.b64encode(hmac.digest(key, signed, "sha256"))
        for signature in given:
            found |= hmac.compare_digest(expected, signature)
    return found


class Receiver:
    """Accepts messages, and passes each event once to `keep`, which must have stored it when it returns."""

    def __init__(
        self, secrets: Sequence[str], keep: Callable[[dict[str, Any]], None], now: Callable[[], float] = time.time
    ) -> None:
        self.secrets = secrets
        self._keep = keep
        self._now = now
        self._lock = threading.Lock()
        # In production, store the ids in the transaction that stores the event, and delete them after some days.
        self._known: set[str] = set()

    def take(self, headers: Mapping[str, str], body: bytes) -> int:
        """Verify and store a message; return the status of the response."""
        if not verified(self.secrets, headers, body, self._now()):
            return 401
        with self._lock:
            if headers["webhook-id"] not in self._known:
                self._keep(json.loads(body))
                self._known.add(headers["webhook-id"])
        return 204

    def server(self, port: int = 0) -> ThreadingHTTPServer:
        """Return an HTTP server of this receiver on the local host."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 10

            def do_POST(self) -> None:
                length = self.headers.get("content-length", "")
                if not length.isdigit() or int(length) > MOST_BYTES:
                    self.send_error(413)
                    return
                self.send_response(receiver.take(self.headers, self.rfile.read(int(length))))
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Log nothing: the events are printed."""

        class Server(ThreadingHTTPServer):
            # Several messages arrive at once; the default queue would refuse some.
            request_queue_size = 128

        return Server(("127.0.0.1", port), Handler)


def main() -> None:
    """Receive until stopped."""
    receiver = Receiver(os.environ["WEBHOOK_SECRET"].split(), lambda event: print(json.dumps(event), flush=True))
    receiver.server(int(sys.argv[1]) if len(sys.argv) > 1 else 8090).serve_forever()


if __name__ == "__main__":
    main()
