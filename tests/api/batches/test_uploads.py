"""The door for files: what may come through it, from whom, and what is left when it does not."""

from __future__ import annotations

import json
import socket
import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest

from app.core.errors import Unavailable
from app.services.context import Service
from app.store.sql import statements
from tests.builders.bodies import a_completion
from tests.builders.sent_files import lines, row, tab_text
from tests.harness.api import Api, api_of
from tests.harness.clock import ManualClock
from tests.harness.refusals import assert_problem
from tests.harness.uploads import upload, work_through
from tests.harness.wire import Wire, at_once

BOUNDARY = b"b0undary"


def part(name: str, content: bytes, filename: str | None = None, more: bytes = b"") -> bytes:
    named = f'; filename="{filename}"' if filename is not None else ""
    head = f'Content-Disposition: form-data; name="{name}"{named}\r\n'.encode()
    return b"--" + BOUNDARY + b"\r\n" + head + more + b"\r\n" + content + b"\r\n"


def form(*parts: bytes, end: bool = True) -> bytes:
    return b"".join(parts) + (b"--" + BOUNDARY + b"--\r\n" if end else b"")


KIND, PERMITTED = part("kind", b"learner-completions"), part("permission_attested", b"true")
FILE = part("file", tab_text([row()]), "learners.txt")


def request(api: Api, body: bytes, *headers: bytes, path: bytes = b"/v1/batches", length: int | None = None) -> bytes:
    told = b"" if length == -1 else b"Content-Length: %d\r\n" % (len(body) if length is None else length)
    types = [] if any(header.lower().startswith(b"content-type") for header in headers) else [TYPE]
    lines = b"".join(header + b"\r\n" for header in (*headers, *types))
    key = b"Authorization: Bearer %s\r\n" % api.key.encode()
    return b"POST %s HTTP/1.1\r\nHost: x\r\n%s%sConnection: close\r\n%s\r\n%s" % (path, key, told, lines, body)


TYPE = b"Content-Type: multipart/form-data; boundary=" + BOUNDARY


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def kept(service: Service) -> tuple[int, int, int]:
    """Uploads, their pieces, and batches."""

    def count(connection: Any) -> tuple[int, int, int]:
        found = [
            statements.fetch(connection, f"SELECT count(*) FROM {text}")[0][0]
            for text in ("uploads", "upload_pieces", "batches")
        ]
        return found[0], found[1], found[2]

    return service.database.read(count)


@pytest.mark.parametrize(
    "filename",
    [
        "../../etc/passwd",
        "C:\\\\Users\\\\x\\\\passwd",
        "passwd%0d%0aSet-Cookie: a=b",
        "\u202epasswd\u202c",
        "pass\x00wd",
        "passwd\t\x1b[31m",
        "p\u00e4sswd;x=\u2028y",
        "",
        ".",
        "x" * 3_900,
    ],
)
def test_a_file_name_is_shown_and_never_trusted(wire: Wire, api: Api, service: Service, filename: str) -> None:
    answer = wire.exchange(request(api, form(KIND, PERMITTED, part("file", tab_text([row()]), filename))))
    assert status_of(answer) in (202, 400)
    if status_of(answer) == 400:
        return
    batch = json.loads(answer.rpartition(b"\r\n\r\n")[2])
    assert 0 < len(batch["filename"]) <= 255
    assert "/" not in batch["filename"] and "\\" not in batch["filename"] and batch["filename"].isprintable()
    given_back = api.get(f"/v1/batches/{batch['batch_id']}/files/original")
    assert given_back.status == 200
    assert "set-cookie" not in given_back.response.headers
    assert given_back.response.headers["content-disposition"].startswith('attachment; filename="')


@pytest.mark.parametrize(
    ("filename", "plain"),
    [
        ("n\u00e4mes.xlsx", "n_mes.xlsx"),
        ("\u540d\u524d.xlsx", "__.xlsx"),
        ("a%22b.xlsx", "a_22b.xlsx"),
        ("a'b;c", "a'b;c"),
    ],
)
def test_a_name_has_a_form_for_those_who_read_ascii_alone(
    api: Api, service: Service, filename: str, plain: str
) -> None:
    batch = upload(api, tab_text([row()]), name=filename).json
    told = api.get(f"/v1/batches/{batch['batch_id']}/files/original").response.headers["content-disposition"]
    assert told == f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(batch['filename'])}"


def test_an_upload_whose_sender_goes_away_leaves_nothing_and_is_no_failure_of_ours(
    wire: Wire, api: Api, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    body = form(KIND, PERMITTED, part("file", b"x" * 3_000_000, "x"))
    with socket.create_connection(("127.0.0.1", wire.port), timeout=60) as connection:
        connection.sendall(request(api, body[:2_500_000], length=len(body)))
        until = time.monotonic() + 60
        while kept(service)[1] < 2 and time.monotonic() < until:
            time.sleep(0.02)
        assert kept(service) == (1, 2, 0)
    while kept(service) != (0, 0, 0) and time.monotonic() < until:
        time.sleep(0.02)
    assert kept(service) == (0, 0, 0)
    wire.close()
    told = "".join(capsys.readouterr())
    assert "request failed" not in told
    assert "status=400" in told


def test_no_other_route_takes_large_bodies_whatever_they_say_they_are(wire: Wire, api: Api, service: Service) -> None:
    body = json.dumps(a_completion()).encode() + b" " * 2_000_000
    for headers in (
        [b"Content-Type: application/json", TYPE],
        [TYPE, b"Content-Type: application/json"],
        [TYPE],
        [b"Content-Type: application/json", TYPE, b"Idempotency-Key: k"],
    ):
        for path in (b"/v1/learner-completions", b"/v1/learner-validations"):
            for length in (None, -1):
                sent = body if length is None else b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
                more = [] if length is None else [b"Transfer-Encoding: chunked"]
                answer = wire.exchange(request(api, sent, *headers, *more, path=path, length=length))
                assert status_of(answer) in (413, 415), (headers, path, length)


def test_fifty_copies_of_an_upload_under_one_key_make_one_batch(api: Api, service: Service) -> None:
    content = lines([a_completion()])
    answers = at_once([lambda: upload(api, content, headers={"Idempotency-Key": "one"})] * 50)
    made = {answer.json["batch_id"] for answer in answers if answer.status == 202}
    assert {answer.status for answer in answers} <= {202, 409}
    assert len(made) == 1
    assert kept(service) == (1, 1, 1)
    again = upload(api, content, headers={"Idempotency-Key": "one"})
    assert (again.json["batch_id"], again.response.headers["idempotency-replayed"]) == (made.pop(), "true")
    assert_problem(upload(api, lines([]) + b"{}", headers={"Idempotency-Key": "one"}), 422, "idempotency-mismatch")
    assert_problem(upload(api, content, dry_run=True, headers={"Idempotency-Key": "one"}), 422, "idempotency-mismatch")
    other = api_of(api.http, service, "other", providers=["0008002"])
    assert upload(other, content, headers={"Idempotency-Key": "one"}).status == 202
    assert kept(service) == (2, 2, 2)


def test_an_upload_whose_commit_is_uncertain_is_not_answered_as_a_fault_and_keeps_what_stands(
    api: Api, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    transact = service.database.write_async

    async def commits_and_is_cut_off(verb: Any, **given: Any) -> Any:
        result = await transact(verb, **given)
        if kept(service)[2]:
            raise Unavailable(headers={"Retry-After": "2"})
        return result

    object.__setattr__(service.database, "write_async", commits_and_is_cut_off)
    try:
        assert_problem(upload(api, lines([a_completion()])), 503, "unavailable")
    finally:
        object.__setattr__(service.database, "write_async", transact)
    assert kept(service) == (1, 1, 1)
    work_through(service)
    (batch,) = api.get("/v1/batches").json["data"]
    assert batch["counts"]["added"] == 1


def test_who_may_not_upload_is_told_before_anything_is_read(wire: Wire, api: Api, service: Service) -> None:
    board = api_of(api.http, service, "ABIM", role="board", board="ABIM", scopes=["board:feed"])
    vendor = api_of(api.http, service, "vendor", role="vendor")
    nobody = Api(api.http, "pars_live_x", "x")
    huge = 200_000_000
    for client, headers, status in (
        (nobody, [], 401),
        (board, [], 403),
        (vendor, [], 400),
        (vendor, [b"PARS-Provider: 0008001"], 403),
    ):
        # Nothing of the body is ever sent.
        assert status_of(wire.exchange(request(client, b"", *headers, length=huge))) == status
    assert kept(service) == (0, 0, 0)


def test_a_test_client_s_file_stays_in_the_sandbox(api: Api, service: Service, clock: ManualClock) -> None:
    clock.now = datetime(2025, 6, 20, 12, tzinfo=UTC)
    tester = api_of(api.http, service, "tests", test=True)
    olive = a_completion("299990001", "2025-06-02", first_name="Olive", last_name="Only", state="CA", license_id=None)
    sent = upload(tester, lines([olive, a_completion()]))
    assert sent.status == 202
    work_through(service)
    path = f"/v1/batches/{sent.json['batch_id']}"
    counts = tester.get(path).json["counts"]
    # Of the live world's activity and learner it knows nothing.
    assert (counts["added"], counts["rejected"]) == (1, 1)
    assert len(tester.completions(batch_id=sent.json["batch_id"])) == 1
    for client in (api, api_of(api.http, service, "all", role="operator")):
        headers = {"PARS-Provider": "0008001"}
        assert_problem(client.send("GET", path, headers=headers), 404, "not-found")
        assert client.send("GET", "/v1/batches", headers=headers).json["data"] == []
