"""Bytes that no client library would send, to a real server: never a 5xx, and the next request is answered."""

from __future__ import annotations

import json

from app.services.context import Service
from tests.builders.bodies import a_completion
from tests.harness.api import Api
from tests.harness.refusals import footprint
from tests.harness.wire import Wire

DATABASES = ["sqlite"]

COMPLETIONS = b"/v1/learner-completions"


def request(api: Api, method: bytes, path: bytes, *headers: bytes, body: bytes | None = None) -> bytes:
    lines = [method + b" " + path + b" HTTP/1.1", b"Host: x", b"Connection: close"]
    lines += [b"Authorization: Bearer " + api.key.encode(), *headers]
    if body is not None:
        lines += [b"Content-Type: application/json", b"Content-Length: %d" % len(body)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + (body or b"")


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


def test_a_good_request_is_answered(wire: Wire, api: Api) -> None:
    body = json.dumps(a_completion()).encode()
    answer = wire.exchange(request(api, b"POST", COMPLETIONS, body=body))
    assert status(answer) == 201
    head, _, content = wire.exchange(request(api, b"HEAD", COMPLETIONS)).partition(b"\r\n\r\n")
    assert status(head) == 200
    assert content == b""


def test_hostile_heads_never_fail_the_server(wire: Wire, api: Api, service: Service) -> None:
    before = footprint(service)
    heads = {
        "NUL in the path": request(api, b"GET", COMPLETIONS + b"/%00"),
        "raw NUL in the path": request(api, b"GET", COMPLETIONS + b"/\x00"),
        "raw bytes in the path": request(api, b"GET", COMPLETIONS + b"/\xff\xfe"),
        "NUL in the query": request(api, b"GET", COMPLETIONS + b"?last_name=%00&activity_id=%00"),
        "NUL in a header": request(api, b"GET", COMPLETIONS, b"PARS-Provider: 0008001\x00"),
        "bytes in headers": request(api, b"GET", COMPLETIONS, b"X-Request-Id: \xff\xfe", b"traceparent: \xff"),
        "bytes in the key": b"GET /v1/activities HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \xff\xfe\r\n\r\n",
        "two keys": request(api, b"GET", COMPLETIONS, b"Authorization: Bearer x"),
        "no host": b"GET /v1/activities HTTP/1.1\r\n\r\n",
        "absolute address": request(api, b"GET", b"http://evil.example" + COMPLETIONS),
        "asterisk": request(api, b"OPTIONS", b"*"),
        "long header": request(api, b"GET", COMPLETIONS, b"X-A: " + b"x" * 200_000),
        "many headers": request(api, b"GET", COMPLETIONS, *(b"X-%d: y" % n for n in range(5_000))),
        "no HTTP": b"\x16\x03\x01\x02\x00" * 100,
        "old HTTP": b"GET /v1/activities HTTP/0.9\r\n\r\n",
        "a new line in the key": request(api, b"POST", COMPLETIONS, b"Idempotency-Key: a\nX-B: c", body=b"{}"),
    }
    failed = {name: answer[:200] for name, sent in heads.items() if status(answer := wire.exchange(sent)) >= 500}
    assert failed == {}
    assert footprint(service) == before
    assert status(wire.exchange(request(api, b"GET", COMPLETIONS))) == 200


def test_a_value_of_the_query_that_is_no_utf_8_is_refused_at_its_place(wire: Wire, api: Api) -> None:
    """Read in another way it would be another value: two spellings would be one, and find what was not meant."""
    answer = wire.exchange(request(api, b"GET", COMPLETIONS + b"?last_name=Garc%E9s&first_name=Ana"))
    assert status(answer) == 422
    (fault,) = json.loads(answer.partition(b"\r\n\r\n")[2])["errors"]
    assert (fault["code"], fault["parameter"]) == ("parameter-invalid", "last_name")
    assert "UTF-8" in fault["detail"] and "%C3%A9" in fault["hint"]
    for query in (b"?last_name=Garc%C3%A9s", b"?client_reference=%EF%BF%BD"):
        assert status(wire.exchange(request(api, b"GET", COMPLETIONS + query))) == 200


def test_bodies_that_do_not_fit_their_length_store_nothing(wire: Wire, api: Api, service: Service) -> None:
    before = footprint(service)
    body = json.dumps(a_completion()).encode()
    post = request(api, b"POST", COMPLETIONS, b"Content-Type: application/json")
    bodies = {
        "cut off": post[:-2] + b"Content-Length: 9999\r\n\r\n" + body,
        "too short": post[:-2] + b"Content-Length: 20\r\n\r\n" + body,
        "negative": post[:-2] + b"Content-Length: -1\r\n\r\n" + body,
        "no number": post[:-2] + b"Content-Length: x\r\n\r\n" + body,
        "huge": post[:-2] + b"Content-Length: 99999999999999999999999\r\n\r\n" + body,
        "two lengths": post[:-2] + b"Content-Length: 5\r\nContent-Length: %d\r\n\r\n" % len(body) + body,
        "length and chunks": post[:-2] + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" + body,
        "broken chunks": post[:-2] + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + body,
        "cut chunks": post[:-2] + b"Transfer-Encoding: chunked\r\n\r\n400\r\n" + body,
        "endless chunks": post[:-2]
        + b"Transfer-Encoding: chunked\r\n\r\n"
        + (b"10000\r\n" + b" " * 65_536 + b"\r\n") * 40,
    }
    failed = {name: answer[:200] for name, sent in bodies.items() if status(answer := wire.exchange(sent)) >= 500}
    assert failed == {}
    assert footprint(service) == before
    assert status(wire.exchange(request(api, b"POST", COMPLETIONS, body=body))) == 201
