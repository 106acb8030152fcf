"""The server's HTTP protocol: uvicorn's, with bounds on what a connection may send, and on its time.

Parser and protocol gather a head before anybody sees it, a copy with every piece. So bytes are counted before they are
parsed, in pieces, and a connection that breaks a bound is answered with a problem and ended.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from app.core.clock import new_id
from app.core.errors import HeadersTooLarge, Problem, Unreadable, UriTooLong
from app.core.http.body_reader import BodyReader
from app.core.http.bounds import (
    CHUNK_LINES,
    HEADER_LINE,
    LINGER_BYTES,
    LINGER_SECONDS,
    MAX_FRAMING,
    MAX_HEAD,
    MAX_HEADER,
    MAX_HEADERS,
    MAX_HELD,
    MAX_URL,
    OTHER_VERSION,
    PIECE,
    TOGETHER,
    VERSIONS,
    unreadable,
)
from app.core.http.browser_headers import headers_beside
from app.core.http.connections import REFUSALS, ConnectionState
from app.core.http.problems import problem_response

if TYPE_CHECKING:
    from uvicorn.server import ServerState

    from app.core.http.serving import ServingConfig

BODY_FAULT = "body_fault"
"""Under this name the state of a request's scope holds the `Problem` of its body."""

_BETWEEN, _HEAD, _BODY = range(3)


class BoundedProtocol(HttpToolsProtocol):
    """One connection. Its requests are answered in order; a refusal comes after the answers before it."""

    def __init__(
        self,
        config: ServingConfig,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._open = config.connections
        self._head_seconds = config.head_deadline
        self._body_seconds = config.body_deadline
        self.url = b""
        self.headers = []
        self._phase = _BETWEEN
        self._progressed = False
        """Whether a head or a message ended in this piece."""
        self._head_bytes = 0
        self._framing = 0
        self._trailers = 0
        self._excess: Problem | None = None
        """The bound that a callback found broken: the parser does not pass its exception on."""
        self._held = b""
        self._ended = False
        """Whether nothing more of this connection is read."""
        self._parting: Problem | None = None
        """The refusal to be sent when the requests before it are answered."""
        self._parted = False
        self._dropped = 0
        self._deadline: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None

    # The connection

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Count the connection, and wait for its first head."""
        super().connection_made(transport)
        refused = self._open.admit(self, self.client[0] if self.client is not None else None)
        if refused is None:
            self._arm(self._head_seconds)
            return
        self._ended = True
        transport.write(self._answer(refused))
        transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._open.leave(self)
        self._ended = True
        self._disarm()
        self._unset_keepalive_if_required()
        if self._stalled is not None:
            self._stalled.cancel()
        super().connection_lost(exc)

    @property
    def state(self) -> ConnectionState:
        """How far the connection is."""
        if self._parted:
            return ConnectionState.SLOW
        if self.cycle is not None and not self.cycle.response_complete:
            return ConnectionState.BUSY
        return ConnectionState.IDLE if self._phase == _BETWEEN and self.cycle is not None else ConnectionState.SLOW

    def give_way(self) -> None:
        """End at once."""
        self._ended = self._parted = True
        self.transport.abort()

    def pause_writing(self) -> None:
        """Begin to wait for the reader of an answer."""
        super().pause_writing()
        self._stalled = self.loop.call_later(self._body_seconds, self._on_stalled)

    def resume_writing(self) -> None:
        """Go on writing."""
        super().resume_writing()
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def timeout_keep_alive_handler(self) -> None:
        """End a connection that is idle."""
        self._close()

    # What arrives

    def data_received(self, data: bytes) -> None:
        """Parse what has arrived, as far as no request is queued."""
        if self._ended:
            self._drop(data)
            return
        if self.timeout_keep_alive_task is not None:
            self._unset_keepalive_if_required()
        if self.pipeline or self._held:
            self._hold(data)
        elif len(data) <= PIECE:
            self._parse(data)
        else:
            self._parse_pieces(data)

    def _parse_pieces(self, data: bytes) -> None:
        for start in range(0, len(data), PIECE):
            if self._ended:
                self._drop(data[start:])
                return
            if self.pipeline:
                self._hold(data[start:])
                return
            self._parse(data[start : start + PIECE])

    def _hold(self, data: bytes) -> None:
        """Keep bytes until the requests before them are answered: their sender is not late meanwhile."""
        self._disarm()
        self._held += data
        self.flow.pause_reading()
        if len(self._held) > MAX_HELD:
            REFUSALS.labels("pipelined").inc()
            self.give_way()

    def _drop(self, data: bytes) -> None:
        self._dropped += len(data)
        if self._dropped > LINGER_BYTES:
            self._close()

    def _parse(self, piece: bytes) -> None:
        self._progressed = False
        if self._phase == _BODY:
            self._framing += len(piece)
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade as offer:
            self._decline_upgrade()
            rest = piece[offer.args[0] :]
            if rest:
                self._parse_pieces(rest)
            return
        except httptools.HttpParserError as error:
            self._refuse(self._excess or unreadable(piece, error))
            return
        if self._phase == _BODY:
            if self._framing > MAX_FRAMING:
                self._refuse(
                    HeadersTooLarge(f"Sizes, extensions and trailers of chunks may have {MAX_FRAMING} bytes more.")
                )
        elif self._phase == _HEAD or not self._progressed:
            self._judge_unfinished_head(len(piece))

    def _judge_unfinished_head(self, size: int) -> None:
        """Bound a head that goes on after this piece, in size and in time."""
        if not self._progressed:
            # Where another message ended in the piece, its share is not known: it is not counted.
            self._head_bytes += size
        if self._head_bytes > MAX_HEAD:
            self._refuse(HeadersTooLarge(TOGETHER))
        elif self._deadline is None:
            self._arm(self._head_seconds)

    def _decline_upgrade(self) -> None:
        """Go on in HTTP/1.1 after an offer of another protocol (RFC 9110, 7.8).

        The parser has left the message at its head. A new one is told how the body is framed, and reads on from there.
        """
        framing = (b"content-length", b"transfer-encoding")
        lines = [b"%b: %b\r\n" % header for header in self.headers if header[0] in framing]
        self.parser = httptools.HttpRequestParser(BodyReader(self))
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        try:
            self.parser.feed_data(b"POST / HTTP/1.1\r\n" + b"".join(lines) + b"\r\n")
        except httptools.HttpParserError as error:
            self._refuse(unreadable(b"", error))

    # What the parser finds

    def on_message_begin(self) -> None:
        """Begin a head, and its time."""
        super().on_message_begin()
        self._phase = _HEAD
        self._disarm()

    def on_url(self, url: bytes) -> None:
        """Take a part of the address."""
        self.url += url
        if len(self.url) > MAX_URL:
            self._exceed(UriTooLong(f"The address may have {MAX_URL} bytes."))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header. Trailers are counted and left out: none that this service knows may stand there."""
        if len(name) + len(value) > MAX_HEADER:
            self._exceed(HeadersTooLarge(f"A header may have {MAX_HEADER} bytes."))
        if self._phase == _BODY:
            self._trailers += 1
            if self._trailers > MAX_HEADERS:
                self._exceed(HeadersTooLarge(f"A request may have {MAX_HEADERS} trailers."))
            return
        if len(self.headers) >= MAX_HEADERS:
            self._exceed(HeadersTooLarge(f"A request may have {MAX_HEADERS} headers."))
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def _exceed(self, problem: Problem) -> None:
        self._excess = problem
        raise ValueError

    def on_headers_complete(self) -> None:
        """Hand the request over, or queue it."""
        if self._head_bytes:
            size = len(self.url) + sum(len(name) + len(value) + HEADER_LINE for name, value in self.headers)
            if size > MAX_HEAD:
                self._exceed(HeadersTooLarge(TOGETHER))
        if self.parser.get_http_version() not in VERSIONS:
            self._exceed(Unreadable(OTHER_VERSION))
        super().on_headers_complete()
        self._phase = _BODY
        self._progressed = True
        self._head_bytes = self._framing = self._trailers = 0
        if self._deadline is not None:
            self._disarm()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body; it is dropped when the request is answered already."""
        self._framing -= len(body)
        cycle = self.cycle
        if cycle.response_complete:
            return
        cycle.body += body
        if len(cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        cycle.message_event.set()

    def on_chunk_header(self) -> None:
        """Allow a chunk its lines."""
        self._framing -= CHUNK_LINES

    def on_message_complete(self) -> None:
        """End the body."""
        if self.parser.should_upgrade():
            # Only its head has been read: `_decline_upgrade` goes on.
            return
        self._phase = _BETWEEN
        self._progressed = True
        if not self.cycle.response_complete:
            self.cycle.more_body = False
            self.cycle.message_event.set()

    # Answers

    def on_response_complete(self) -> None:
        """Start the next request, and read on when it was the last one queued."""
        queued = bool(self.pipeline)
        super().on_response_complete()
        if self.transport.is_closing():
            if self.transport.get_write_buffer_size():
                self._arm(self._body_seconds)
        elif self.pipeline:
            self.flow.pause_reading()
        elif queued:
            held, self._held = self._held, b""
            self._parse_pieces(held)
        elif self._parting is not None:
            self._part(self._parting)
        elif self._phase != _BETWEEN:
            # The answer came before the end of the body, or the next head has begun: both have a deadline of their own.
            self._unset_keepalive_if_required()
            if self._deadline is None:
                self._arm(self._body_seconds)

    def _refuse(self, problem: Problem, reason: str = "") -> None:
        """Read no more, answer with a problem after the requests before, and end the connection."""
        REFUSALS.labels(reason or problem.code).inc()
        self._ended = True
        self._held = b""
        self._disarm()
        cycle = self.cycle
        if self._phase != _BODY:
            if cycle is None or cycle.response_complete:
                self._part(problem)
            else:
                self._parting = problem
                self.flow.pause_reading()
        elif cycle.response_complete:
            self._close()
        else:
            # Told to whoever reads the body; a request that is answered without it may have been carried out.
            cycle.scope["state"][BODY_FAULT] = problem
            cycle.more_body = cycle.keep_alive = False
            cycle.message_event.set()

    def _part(self, problem: Problem) -> None:
        """Send a refusal, and drop for a while what is still on its way."""
        self._parted = True
        self._unset_keepalive_if_required()
        self.flow.resume_reading()
        self.transport.write(self._answer(problem))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._arm(LINGER_SECONDS)

    def _answer(self, problem: Problem) -> bytes:
        request_id = new_id()
        response = problem_response(problem, request_id)
        headers = [
            *self.server_state.default_headers,
            *response.raw_headers,
            *headers_beside(response.raw_headers, of_client=False),
            (b"x-request-id", request_id.encode()),
            (b"connection", b"close"),
        ]
        lines = b"".join(b"%b: %b\r\n" % header for header in headers)
        return b"%b%b\r\n%b" % (STATUS_LINE[problem.status], lines, bytes(response.body))

    # Time

    def _arm(self, seconds: float) -> None:
        self._disarm()
        self._deadline = self.loop.call_later(seconds, self._on_deadline)

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _on_deadline(self) -> None:
        self._deadline = None
        busy = self.cycle is not None and not self.cycle.response_complete
        if self._phase == _HEAD and not self._ended:
            within = f"{self._head_seconds:g} seconds"
            self._refuse(Unreadable(f"The head of the request did not arrive within {within}."), "head-deadline")
        elif self._ended or self._phase == _BODY or not busy:
            if not self._ended:
                REFUSALS.labels("body-after-answer" if self._phase == _BODY else "head-deadline").inc()
            self._close()

    def _on_stalled(self) -> None:
        REFUSALS.labels("answer-not-read").inc()
        self.transport.abort()

    def _close(self) -> None:
        """End the connection; what the other side has not read by now is not waited for."""
        self._ended = self._parted = True
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            self.transport.close()
