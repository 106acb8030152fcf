"""Heads, trailers and chunk lines beyond their bounds: refused in the one shape before they are gathered."""

from __future__ import annotations

import json
from typing import Any

from prometheus_client import REGISTRY

from app.core.http.bounds import MAX_HEAD, MAX_HEADER, MAX_HEADERS, MAX_URL
from tests.builders.bodies import a_completion
from tests.harness.api import Api
from tests.harness.databases import ON_SQLITE
from tests.harness.wire import Wire

pytestmark = ON_SQLITE

MEGABYTES = 60_000_000
LIVEZ = b"GET /livez HTTP/1.1\r\nHost: x\r\n"


def answers(received: bytes) -> list[tuple[int, dict[bytes, bytes], bytes]]:
    """Take answers with a length apart: status, headers, body."""
    found = []
    while received:
        head, _, rest = received.partition(b"\r\n\r\n")
        line, *headers = head.split(b"\r\n")
        named = dict(header.split(b": ", 1) for header in headers)
        length = int(named[b"content-length"])
        found.append((int(line.split()[1]), named, rest[:length]))
        received = rest[length:]
    return found


def refusal(received: bytes, status: int, code: str) -> dict[str, Any]:
    """Hold that the only answer is a problem, after which the connection is closed."""
    ((told, headers, body),) = answers(received)
    problem: dict[str, Any] = json.loads(body)
    assert (told, problem["code"], problem["status"]) == (status, code, status)
    assert headers[b"content-type"] == b"application/problem+json"
    assert headers[b"connection"] == b"close"
    assert headers[b"x-request-id"].decode() == problem["request_id"]
    return problem


def refused(reason: str) -> float:
    return REGISTRY.get_sample_value("pars_http_refusals_total", {"reason": reason}) or 0


def report(api: Api, *headers: bytes, body: bytes = b"") -> bytes:
    lines = [b"POST /v1/learner-completions HTTP/1.1", b"Host: x", b"Content-Type: application/json"]
    return b"\r\n".join([*lines, b"Authorization: Bearer " + api.key.encode(), *headers, b"", body])


def test_a_header_of_60_mb_is_refused_and_the_sender_reads_why(wire: Wire) -> None:
    before = refused("headers-too-large")
    problem = refusal(wire.exchange(LIVEZ + b"X-A: " + b"a" * MEGABYTES + b"\r\n\r\n"), 431, "headers-too-large")
    assert str(MAX_HEAD) in problem["detail"]
    assert refused("headers-too-large") == before + 1


def test_an_address_of_60_mb_is_refused(wire: Wire) -> None:
    long = b"GET /livez?" + b"a" * MEGABYTES + b" HTTP/1.1\r\nHost: x\r\n\r\n"
    assert str(MAX_URL) in refusal(wire.exchange(long), 414, "uri-too-long")["detail"]


def test_the_number_and_the_sum_of_headers_are_bounded(wire: Wire) -> None:
    for many in (b"A: b\r\n" * 10_000_000, b"A: b\r\n" * MAX_HEADERS, (b"A: " + b"b" * 16_000 + b"\r\n") * 5):
        refusal(wire.exchange(LIVEZ + many + b"\r\n"), 431, "headers-too-large")
    for few in (b"A: b\r\n" * (MAX_HEADERS - 1), (b"A: " + b"b" * 16_000 + b"\r\n") * 4):
        assert answers(wire.exchange(LIVEZ + few + b"\r\n"))[0][0] == 200


def test_a_header_and_an_address_may_have_their_whole_length(wire: Wire) -> None:
    for beyond, status in ((0, 200), (1, 431)):
        head = LIVEZ + b"A: " + b"b" * (MAX_HEADER - 1 + beyond) + b"\r\n\r\n"
        assert answers(wire.exchange(head))[0][0] == status
    for beyond, status in ((0, 422), (1, 414)):
        path = b"/v1/boards?" + b"a" * (MAX_URL - 11 + beyond)
        assert answers(wire.exchange(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n"))[0][0] in (status, 401)


def test_a_report_in_chunks_of_one_byte_is_taken(wire: Wire, api: Api) -> None:
    body = json.dumps(a_completion()).encode()
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n"
    assert answers(wire.exchange(report(api, b"Transfer-Encoding: chunked") + chunks))[0][0] == 201


def test_an_offer_of_another_protocol_is_declined_and_the_body_is_read(wire: Wire, api: Api) -> None:
    offer = (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABk")
    for number, offered in enumerate((offer, (b"Connection: Upgrade", b"Upgrade: websocket"))):
        day = f"2021-12-{12 + number}"
        body = json.dumps(a_completion(completed_on=day)).encode()
        sized = report(api, *offered, b"Content-Length: %d" % len(body), body=body)
        in_chunks = report(
            api, *offered, b"Transfer-Encoding: chunked", body=b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
        )
        told = answers(wire.exchange(sized + in_chunks + LIVEZ + b"\r\n"))
        assert [status for status, _, _ in told] == [201, 200, 200]
        assert json.loads(told[1][2])["outcome"] == "unchanged"


def test_requests_sent_ahead_are_answered_in_order(wire: Wire) -> None:
    many = 2_000
    told = wire.exchange((LIVEZ + b"\r\n") * many + b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    statuses = [status for status, _, _ in answers(told)]
    assert statuses == [200] * (many + 1)
