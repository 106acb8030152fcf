"""The server's protocol, fed in bytes without a network: what is cut anywhere is answered as the whole."""

from __future__ import annotations

import asyncio
import pickle
import selectors
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from uvicorn.server import ServerState

from app.core.config import Settings
from app.core.errors import Problem
from app.core.http.bounds import MAX_HEADERS
from app.core.http.connections import Connections, ConnectionState
from app.core.http.protocol import BODY_FAULT, BoundedProtocol
from app.core.http.serving import ServingConfig

Answers = list[tuple[int, bytes]]
A_MOMENT = 0.001
"""Seconds of the clock under test after which a connection is looked at again."""


class Line(asyncio.Transport):
    """A connection whose other side keeps what it is sent."""

    def __init__(self) -> None:
        super().__init__({"peername": ("192.0.2.1", 5), "sockname": ("192.0.2.2", 80)})
        self.written = b""
        self.closing = self.paused = False

    def write(self, data: Any) -> None:
        assert not self.closing
        self.written += data

    def write_eof(self) -> None:
        self.closing = True

    def can_write_eof(self) -> bool:
        return True

    def close(self) -> None:
        self.closing = True

    abort = close

    def is_closing(self) -> bool:
        return self.closing

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False

    def get_write_buffer_size(self) -> int:
        return 0


class Waits(selectors.SelectSelector):
    """A selector under which nobody waits: its clock goes on at once to the moment until which it would have waited."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is not None:
            self.now += max(timeout, 0)
        return ready


def clocked_loop() -> asyncio.AbstractEventLoop:
    """Return a loop that has a clock of its own: only rests take time, however busy the machine is."""
    waits = Waits()
    loop = asyncio.SelectorEventLoop(waits)
    loop.time = lambda: waits.now  # type: ignore[method-assign]
    return loop


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answer with method, target, trailers taken for headers, and body; 400 for a body that is told to be broken."""
    body, more = b"", True
    while more:
        message = await receive()
        if BODY_FAULT in scope["state"]:
            await respond(send, scope["state"][BODY_FAULT].status, b"fault")
            return
        body += message.get("body", b"")
        more = message.get("more_body", False)
    target = scope["raw_path"] + b"?" + scope["query_string"]
    await respond(send, 200, b"%b %b %d %b" % (scope["method"].encode(), target, len(scope["headers"]), body))


async def respond(send: Any, status: int, body: bytes) -> None:
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def exchanged(
    pieces: Sequence[bytes],
    application: Any = echo,
    rest: Callable[[int], float] = lambda _: 0,
    *,
    body_deadline: float = 30,
    reads_on: bool = False,
) -> Answers:
    """Feed pieces to a connection, as far as it reads or `reads_on`; return status and body of every answer."""

    async def run() -> bytes:
        settings = Settings(head_deadline=0.05, body_deadline=body_deadline)
        config = ServingConfig(application, settings, host="127.0.0.1", port=0)
        config.load()
        line = Line()
        protocol = BoundedProtocol(config, ServerState(), {})
        protocol.connection_made(line)
        for number, piece in enumerate(pieces):
            while line.paused and not reads_on:
                await asyncio.sleep(A_MOMENT)
            protocol.data_received(piece)
            await asyncio.sleep(rest(number))
        while protocol.tasks:
            await asyncio.sleep(A_MOMENT)
        protocol.connection_lost(None)
        return line.written

    with asyncio.Runner(loop_factory=clocked_loop) as runner:
        return told(runner.run(run()))


def told(written: bytes) -> Answers:
    found = []
    while written:
        head, _, written = written.partition(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        found.append((int(head.split()[1]), written[:length]))
        written = written[length:]
    return found


def cut(whole: bytes, places: Sequence[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(whole) + 1) for place in places), len(whole)]
    return [whole[begin:end] for begin, end in pairwise(edges) if begin < end]


BODIES = st.binary(max_size=40)
OFFERS = st.sampled_from([b"", b"Connection: Upgrade\r\nUpgrade: h2c\r\n", b"Connection: keep-alive\r\n"])


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    method, target = draw(st.sampled_from([b"GET", b"POST"])), draw(st.sampled_from([b"/", b"/a?b=c", b"/%20"]))
    head = b"%b %b HTTP/1.1\r\nHost: x\r\n%b" % (method, target, draw(OFFERS))
    body = draw(BODIES)
    if not draw(st.booleans()):
        return head + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    chunks = [chunk for chunk in cut(body, draw(st.lists(st.integers(0, 40), max_size=3))) if chunk]
    extension, trailer = draw(st.sampled_from([b"", b";a=b"])), draw(st.sampled_from([b"", b"A: b\r\n"]))
    lines = b"".join(b"%x%b\r\n%b\r\n" % (len(chunk), extension, chunk) for chunk in chunks)
    return head + b"Transfer-Encoding: chunked\r\n\r\n" + lines + b"0\r\n" + trailer + b"\r\n"


GARBAGE = st.sampled_from([b"", b"\x00\x00", b"GET / HTTP/9\r\n\r\n", b"NOPE / HTTP/1.1\r\n\r\n"])


@given(st.lists(requests(), min_size=1, max_size=4), GARBAGE, st.lists(st.integers(0, 2_000), max_size=12))
def test_requests_are_answered_alike_wherever_they_are_cut(
    sent: list[bytes], garbage: bytes, places: list[int]
) -> None:
    apart = [answer for request in sent for answer in exchanged([request])]
    assert [status for status, _ in apart] == [200] * len(sent)
    together = exchanged(cut(b"".join(sent) + garbage, places))
    assert together[: len(sent)] == apart
    assert [status for status, _ in together[len(sent) :]] == ([400] if garbage else [])


@given(st.binary(max_size=300), st.lists(requests(), max_size=2), st.lists(st.integers(0, 2_000), max_size=6))
def test_whatever_is_sent_is_answered_below_500(noise: bytes, sent: list[bytes], places: list[int]) -> None:
    answers = exchanged(cut(b"".join(sent) + noise, places))
    assert all(status < 500 for status, _ in answers)


@given(st.sampled_from([b"zz\r\n", b"-1\r\n", b"3\r\nabcd\r\n", b"1;" + b"a" * 70_000]), BODIES)
def test_a_broken_body_is_told_to_whoever_reads_it_and_nothing_follows(broken: bytes, body: bytes) -> None:
    head = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    good = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
    before = b"GET / HTTP/1.1\r\n\r\n"
    ((first, _), (second, _)) = exchanged([before + head + good + broken + b"GET / HTTP/1.1\r\n\r\n"])
    assert (first, second) in ((200, 400), (200, 431))


def test_a_request_that_does_not_read_its_broken_body_is_answered_as_it_was_carried_out() -> None:
    async def done(scope: Any, receive: Any, send: Any) -> None:
        await respond(send, 200, b"done")

    assert exchanged([b"DELETE / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"], done) == [(200, b"done")]


def test_the_next_head_has_time_while_a_request_is_answered() -> None:
    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0.2)
        await respond(send, 200, b"done")

    whole = b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n"
    assert exchanged([whole + b"\r\n"], slow) == [(200, b"done")]
    assert [status for status, _ in exchanged([whole + b"GET /"], slow, rest=lambda _: 0.15)] == [200, 400]


def test_the_time_of_a_head_begins_with_it() -> None:
    async def early(scope: Any, receive: Any, send: Any) -> None:
        await respond(send, 200, b"done")

    # The deadline of the body that came after its answer is not the one of the head behind it.
    pieces = [b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n", b"ab", b"GET / ", b"HTTP/1.1\r\n\r\n"]
    rests = (0.06, 0.03, 0.03, 0)
    assert exchanged(pieces, early, rest=lambda number: rests[number], body_deadline=0.1) == [(200, b"done")] * 2


def test_a_head_that_is_kept_while_others_are_answered_is_not_late() -> None:
    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0.05)
        await respond(send, 200, b"done")

    # Three are under way, so the end of the fourth head is kept, and read when they are answered.
    ahead = b"GET / HTTP/1.1\r\n\r\n" * 3
    assert exchanged([ahead + b"GET / ", b"HTTP/1.1\r\n\r\n"], slow, reads_on=True) == [(200, b"done")] * 4


@pytest.mark.parametrize("coding", [b"identity", b"xchunked", b"chunked;q=1", b"chunked\t"])
def test_an_offer_with_a_body_that_has_no_frame_is_refused(coding: bytes) -> None:
    head = b"POST / HTTP/1.1\r\nTransfer-Encoding: %b\r\n%b\r\nab"
    for offer in (b"", b"Connection: Upgrade\r\nUpgrade: h2c\r\n"):
        assert exchanged([head % (coding, offer)]) == [(400, b"fault")]


def test_a_head_with_a_trailer_before_it_has_its_own_headers_only() -> None:
    trailers = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"A: b\r\n" * MAX_HEADERS + b"\r\n"
    assert exchanged([trailers + b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"]) == [(200, b"POST /? 1 "), (200, b"GET /? 1 ")]


class Caller:
    """A connection of which only its state is known."""

    def __init__(self, state: ConnectionState) -> None:
        self.state = state
        self.gone = False

    def give_way(self) -> None:
        self.gone = True


STATES = st.lists(st.tuples(st.sampled_from(ConnectionState), st.integers(1, 3), st.booleans()), max_size=40)


@given(STATES, st.integers(1, 8), st.integers(1, 4))
def test_the_limits_hold_and_no_busy_connection_gives_way(
    came: list[tuple[ConnectionState, int, bool]], limit: int, address_limit: int
) -> None:
    held = Connections(limit=limit, address_limit=address_limit)
    there: dict[Caller, int] = {}
    for state, address, leaves in came:
        before = dict(there)
        caller = Caller(state)
        refused: Problem | None = held.admit(caller, f"192.0.2.{address}")
        there = {other: of for other, of in there.items() if not other.gone}
        assert all(other.state is not ConnectionState.BUSY for other in before if other.gone)
        if refused is None:
            there[caller] = address
        else:
            of_address = [other for other, of in before.items() if of == address]
            full = of_address if len(of_address) >= address_limit else list(before)
            assert all(other.state is ConnectionState.BUSY for other in full)
        assert len(there) <= limit
        assert all(list(there.values()).count(of) <= address_limit for of in there.values())
        if leaves and refused is None:
            held.leave(caller)
            del there[caller]


def test_addresses_of_one_network_count_as_one() -> None:
    busy = ConnectionState.BUSY
    for first, second, alike in (
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8::1", "2001:db8::2:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
    ):
        held = Connections(limit=10, address_limit=1)
        assert held.admit(Caller(busy), first) is None
        assert (held.admit(Caller(busy), second) is not None) is alike


def test_the_configuration_reaches_serving_processes() -> None:
    config = ServingConfig("app.server:process", Settings(head_deadline=3), host="127.0.0.1", port=0, workers=2)
    assert pickle.loads(pickle.dumps(config)).head_deadline == 3
