"""Answers compressed with gzip, for callers that accept it.

Left as they are: what is short, what is compressed already, and what must not be transformed (`Cache-Control:
no-transform`), as answers with secrets say of themselves. So is what has an `ETag`: a strong tag names the bytes of one
form (RFC 9110, 8.8.3), and the tag of a resource here is its version, which `If-Match` gives back.
"""

from __future__ import annotations

import asyncio
import time
import zlib
from functools import partial

from starlette.types import Message, Send

from app.core.http.accepting import accepts_gzip

Headers = list[tuple[bytes, bytes]]
SHORTEST = 1_400
"""Bytes of an answer that is compressed: a shorter one fits into one packet anyway."""
_LEVEL = 4
_GZIP_WINDOW = 31
"""The largest window, with gzip's head and end around it."""
_IN_A_THREAD = 16_384
"""Bytes whose compression takes longer than the way to a thread and back."""
_FLUSH_SECONDS = 0.5
"""What a stream has sent is with its reader after so long, if more follows."""
_TEXTS = ("text/", "application/json", "application/problem+json", "application/xml", "application/x-ndjson")
_CODED = (b"content-encoding", b"gzip")


def may_be_coded(headers: Headers) -> bool:
    """Whether an answer with these headers is compressed for those who accept it."""
    text = False
    for name, value in headers:
        if name in (b"etag", b"content-encoding", b"content-range") or (
            name == b"cache-control" and b"no-transform" in value
        ):
            return False
        if name == b"content-type":
            text = value.decode("latin-1").startswith(_TEXTS)
    return text


async def code_body(headers: Headers, body: bytes, accept_encoding: bytes | None) -> tuple[Headers, bytes]:
    """Return headers and body of an answer that is sent whole, compressed if it may be and the caller accepts it."""
    headers, coded = code_head(headers, accept_encoding)
    if not coded:
        return headers, body
    packed = compress(body) if len(body) < _IN_A_THREAD else await asyncio.to_thread(compress, body)
    return [*headers, (b"content-length", b"%d" % len(packed))], packed


def compress(body: bytes) -> bytes:
    """Return a body in gzip."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
    return packer.compress(body) + packer.flush()


def code_head(headers: Headers, accept_encoding: bytes | None) -> tuple[Headers, bool]:
    """Return the headers of an answer, and whether its body is to be compressed: then they name no length."""
    if not may_be_coded(headers):
        return headers, False
    varies = b", ".join([*(value for name, value in headers if name == b"vary"), b"Accept-Encoding"])
    headers = [*(header for header in headers if header[0] != b"vary"), (b"vary", varies)]
    if accept_encoding is None or not accepts_gzip(accept_encoding):
        return headers, False
    return [*(header for header in headers if header[0] != b"content-length"), _CODED], True


class CodedStream:
    """Sends an answer that comes in pieces: its head first, then each piece, compressed where that may be."""

    def __init__(self, send: Send, accept_encoding: bytes | None) -> None:
        self._send = send
        self._accept_encoding = accept_encoding
        self._packer: zlib._Compress | None = None
        self._flushed = 0.0

    async def __call__(self, message: Message) -> None:
        """Send a message of the answer."""
        if message["type"] == "http.response.start":
            headers, coded = code_head(message.get("headers", []), self._accept_encoding)
            if coded:
                self._packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
                self._flushed = time.monotonic()
            await self._send({**message, "headers": headers})
            return
        if self._packer is not None:
            piece, more = message.get("body", b""), message.get("more_body", False)
            pack = partial(self._pack, self._packer, piece, more=more)
            packed = await asyncio.to_thread(pack) if len(piece) >= _IN_A_THREAD else pack()
            if not packed and more:
                return
            message = {**message, "body": packed}
        await self._send(message)

    def _pack(self, packer: zlib._Compress, piece: bytes, *, more: bool) -> bytes:
        packed = packer.compress(piece)
        if not more:
            return packed + packer.flush()
        now = time.monotonic()
        if now - self._flushed >= _FLUSH_SECONDS:
            self._flushed = now
            packed += packer.flush(zlib.Z_SYNC_FLUSH)
        return packed
