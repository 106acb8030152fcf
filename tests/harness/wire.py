"""Requests as they really come: many at the same moment, or as bytes on a connection."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import uvicorn
from fastapi import FastAPI

from app.core.config import Settings
from app.core.http.serving import ServingConfig

T = TypeVar("T")
SECONDS = 120


def at_once(calls: Sequence[Callable[[], T]]) -> list[T]:
    """Make every call in a thread of its own, all beginning together; return their results in order."""
    start = threading.Barrier(len(calls))

    def run(call: Callable[[], T]) -> T:
        start.wait(SECONDS)
        return call()

    with ThreadPoolExecutor(len(calls)) as threads:
        return [future.result(SECONDS) for future in [threads.submit(run, call) for call in calls]]


class Wire:
    """The application behind the server of `pars serve`, spoken to in bytes.

    `started` when its lifespan has begun elsewhere; `settings` for bounds of connections other than the usual ones.
    """

    def __init__(self, app: FastAPI, *, started: bool = False, settings: Settings | None = None) -> None:
        config = ServingConfig(app, settings or Settings(), host="127.0.0.1", port=0, lifespan=not started)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        until = time.monotonic() + SECONDS
        while not self._server.started:
            assert self._thread.is_alive() and time.monotonic() < until, "the server did not start"
            time.sleep(0.01)
        self.port: int = self._server.servers[0].sockets[0].getsockname()[1]

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join(SECONDS)
        assert not self._thread.is_alive(), "the server did not stop"

    def connect(self) -> socket.socket:
        """Open a connection that the caller closes."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS)

    def exchange(self, sent: bytes, *, closes: bool = False) -> bytes:
        """Send bytes on a connection of their own; return what comes back until it closes, or rests and is left.

        An answer after which the server `closes` is waited for: whoever leaves before has it cut off.
        """
        received = b""
        with self.connect() as connection:
            # What the other side has refused it may close while we are still sending.
            with contextlib.suppress(ConnectionError):
                connection.sendall(sent)
            for patience, leave in ((1.0, True), (SECONDS, False))[closes:]:
                connection.settimeout(patience)
                with contextlib.suppress(ConnectionError, TimeoutError):
                    while piece := connection.recv(65_536):
                        received += piece
                    return received
                if leave:
                    with contextlib.suppress(OSError):
                        connection.shutdown(socket.SHUT_WR)
        return received
