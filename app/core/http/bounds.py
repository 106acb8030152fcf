"""Bounds on what a connection may send, and what is said of bytes that are no request."""

from __future__ import annotations

import httptools

from app.core.errors import Problem, Unreadable

PIECE = 16_384
"""Bytes that are parsed at once. What comes after a queued request in a piece is queued too, so it bounds the queue."""
MAX_URL = 16_384
MAX_HEADER = 16_384
"""Bytes of one header, its name and its value."""
MAX_HEADERS = 100
"""Headers of a request; as many trailers."""
MAX_HEAD = 65_536
"""Bytes of a request line and its headers."""
HEADER_LINE = len(b": \r\n")
TOGETHER = f"Request line and headers may have {MAX_HEAD} bytes together."
MAX_FRAMING = 16_384
"""Bytes of a chunked body that are not its content, beyond `CHUNK_LINES` a chunk: sizes, extensions, trailers."""
CHUNK_LINES = 16
MAX_HELD = 1_048_576
"""Bytes kept unparsed while the requests before them are answered."""
LINGER_SECONDS = 2.0
LINGER_BYTES = 67_108_864
"""So long and so much is read and dropped after a refusal: closing over unread bytes may cost the sender the answer."""

VERSIONS = frozenset({"1.0", "1.1"})
"""What the parser takes for HTTP beside them is older (a line without a version) or another protocol."""

_CAUSES = (
    (b"PRI * HTTP/2", "The request is HTTP/2; this server speaks HTTP/1.1."),
    (b"\x16\x03", "The request is TLS; this port speaks HTTP without it."),
)
"""What other protocols begin with."""
_VERSION = "its first line does not end with HTTP/1.1"
OTHER_VERSION = f"The request is not HTTP/1.1: {_VERSION}."
_PARTS = (
    ("method", "it does not begin with a method in capital letters, such as GET or POST"),
    ("url", "its address has a character that must be percent-encoded"),
    ("path", "its address has a character that must be percent-encoded"),
    ("version", _VERSION),
    ("http/", _VERSION),
    ("chunk", "its chunks are not framed as chunked bodies are"),
    ("content-length", "its Content-Length is no single number, or stands beside Transfer-Encoding"),
    ("transfer-encoding", "its Transfer-Encoding is not chunked"),
    ("header", "one of its headers has a character that none may have"),
    ("data after", "more follows after its end, though it asked to close the connection"),
)
"""Words of the parser, each with what they are a sign of."""


def unreadable(piece: bytes, error: httptools.HttpParserError) -> Problem:
    """Return the problem of bytes that the parser gave up."""
    for beginning, sentence in _CAUSES:
        if piece.startswith(beginning):
            return Unreadable(sentence)
    if isinstance(error, httptools.HttpParserCallbackError):
        return Unreadable("The address in the first line cannot be read; send a path, such as /v1/activities.")
    said = str(error).lower()
    cause = next((cause for sign, cause in _PARTS if sign in said), "its first line or one of its headers is malformed")
    return Unreadable(f"The request is not HTTP/1.1: {cause}.")
