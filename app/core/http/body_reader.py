"""Reading on after an offer of another protocol was declined: the body of that request, then those after it."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class BodyReader:
    """Passes on what a new parser finds, but for the first head, which only tells it how the body is framed."""

    def __init__(self, protocol: HttpToolsProtocol) -> None:
        self._protocol = protocol
        self._framed = False
        for passed_on in ("on_body", "on_chunk_header", "on_message_complete"):
            setattr(self, passed_on, getattr(protocol, passed_on))

    def on_message_begin(self) -> None:
        """Begin a head."""
        if self._framed:
            self._protocol.on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Take a part of the address."""
        if self._framed:
            self._protocol.on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, or a trailer."""
        if self._framed:
            self._protocol.on_header(name, value)

    def on_headers_complete(self) -> None:
        """End a head."""
        if self._framed:
            self._protocol.on_headers_complete()
        self._framed = True
