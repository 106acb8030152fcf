"""Answers as they come on a connection: taken apart by their own framing, so that one too many is seen."""

from __future__ import annotations

import contextlib
import socket

from httpx import Request, Response

PATIENCE = 30.0
"""Seconds within which an answer begins, or goes on: an item that takes longer hangs."""


class Reader:
    """The answers on one connection, in their order."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._left = b""
        connection.settimeout(PATIENCE)

    def next(self, method: str = "GET") -> Response | None:
        """Read one answer, 100 and its like passed over; None at the end of the connection."""
        while True:
            head = self._until(b"\r\n\r\n")
            if head is None:
                assert not self._left, f"an answer that breaks off: {self._left[:100]!r}"
                return None
            line, *lines = head.split(b"\r\n")
            status = int(line.split(b" ", 2)[1])
            if status >= 200:
                break
        headers = [(name.lower(), value.strip()) for name, _, value in (line.partition(b":") for line in lines)]
        named = dict(headers)
        if method == "HEAD" or status in (204, 304):
            body = b""
        elif b"chunked" in named.get(b"transfer-encoding", b""):
            body = self._chunks()
        else:
            body = self._exactly(int(named[b"content-length"]))
        kept = [(name, value) for name, value in headers if name != b"content-encoding"]
        return Response(status, headers=kept, content=body, request=Request(method, "http://pars.example/"))

    def _more(self) -> bool:
        with contextlib.suppress(ConnectionError):
            piece = self._connection.recv(65_536)
            self._left += piece
            return bool(piece)
        return False

    def _until(self, mark: bytes) -> bytes | None:
        while mark not in self._left:
            if not self._more():
                return None
        found, _, self._left = self._left.partition(mark)
        return found

    def _exactly(self, length: int) -> bytes:
        while len(self._left) < length:
            assert self._more(), "an answer shorter than it says"
        found, self._left = self._left[:length], self._left[length:]
        return found

    def _chunks(self) -> bytes:
        body = b""
        while True:
            size = self._until(b"\r\n")
            assert size is not None, "chunks that break off"
            piece = self._exactly(int(size, 16) + 2)[:-2]
            if not piece:
                return body
            body += piece
