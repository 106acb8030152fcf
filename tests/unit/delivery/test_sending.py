"""One attempt: only to addresses that were checked, within its time, whatever the other side does."""

from __future__ import annotations

import asyncio
import datetime
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.delivery.sending import READ_AT_MOST, Sender
from app.delivery.targets import Resolver, is_public
from app.domain.webhooks import Attempt, AttemptOutcome
from tests.harness.inbox import Inbox, inbox, usual_tls

NAME = "hooks.example.org"
PUBLIC = "93.184.216.34"


def names(*addresses: str, asked: list[str] | None = None) -> Resolver:
    """Return a resolver that knows one answer to everything."""

    async def resolve(host: str, _port: int) -> Sequence[str]:
        if asked is not None:
            asked.append(host)
        if not addresses:
            raise OSError("no such name")
        return addresses

    return resolve


def send(url: str, *, allow_private: bool = True, **more: Any) -> Attempt:
    given = {"tls": usual_tls()} | more
    return asyncio.run(Sender(allow_private=allow_private, **given).send(url, {"webhook-id": "evt_1"}, b"{}"))


@pytest.mark.parametrize("address", [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.8.8.8", "169.254.169.254", "172.16.0.1",
    "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "::", "::1", "::7f00:1", "::ffff:127.0.0.1",
    "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1",
    "2001::1", "2001:db8::1", "2002:7f00:1::", "2002:a00:1::", "fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%lo",
    "fec0::1", "ff02::1", "4000::1",
])  # fmt: skip
def test_addresses_that_are_not_on_the_public_internet_are_known(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", [
    PUBLIC, "1.1.1.1", "172.32.0.1", "100.128.0.1", "::ffff:1.1.1.1", "64:ff9b::101:101", "2606:2800:220:1::1",
    "2002:101:101::1",
])  # fmt: skip
def test_addresses_on_the_public_internet_are_known(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "addresses",
    [("127.0.0.1",), ("::ffff:127.0.0.1",), (PUBLIC, "10.0.0.1"), ("::1", PUBLIC), (*[PUBLIC] * 9, "127.0.0.1")],
)
def test_a_name_that_leads_into_the_private_network_is_not_called(box: Inbox, addresses: tuple[str, ...]) -> None:
    port = box.url.split(":")[2].split("/")[0]
    attempt = send(f"https://{NAME}:{port}/", allow_private=False, resolve=names(*addresses))
    assert attempt == Attempt(outcome=AttemptOutcome.ADDRESS_REFUSED)
    assert box.received == []


@pytest.mark.parametrize("host", ["[v1.pars.example]", "[v6.::1]"])
@pytest.mark.parametrize("allow_private", [True, False])
def test_a_url_that_only_some_readers_take_for_one_is_no_failure_of_the_sender(host: str, allow_private: bool) -> None:
    attempt = send(f"https://{host}/", allow_private=allow_private, resolve=names(PUBLIC))
    assert attempt == Attempt(outcome=AttemptOutcome.ADDRESS_REFUSED)


def test_an_address_that_was_registered_while_it_was_allowed_is_not_called(box: Inbox) -> None:
    assert send(box.url, allow_private=False).outcome is AttemptOutcome.ADDRESS_REFUSED
    assert send(box.url.replace("http:", "https:"), allow_private=False).outcome is AttemptOutcome.ADDRESS_REFUSED
    assert box.received == []


def test_a_name_is_resolved_once_and_the_address_that_was_checked_is_called(box: Inbox) -> None:
    asked: list[str] = []
    port = box.url.split(":")[2].split("/")[0]
    url = f"http://{NAME}:{port}/hooks/%7Ea?x=1%202"
    assert send(url, resolve=names("127.0.0.1", asked=asked)).outcome is AttemptOutcome.ACCEPTED
    assert asked == [NAME]
    (received,) = box.received
    assert (received.path, received.headers["host"]) == ("/hooks/%7Ea?x=1%202", f"{NAME}:{port}")
    assert (received.headers["webhook-id"], received.headers["content-type"]) == ("evt_1", "application/json")


def test_the_next_address_has_its_turn_where_the_first_takes_no_connection(box: Inbox) -> None:
    attempt = send(box.url.replace("127.0.0.1", NAME), resolve=names("127.0.0.2", "127.0.0.1"))
    assert attempt == Attempt(outcome=AttemptOutcome.ACCEPTED, answer=204)


def test_a_name_without_an_address_is_told(box: Inbox) -> None:
    assert send(f"http://{NAME}/", resolve=names()).outcome is AttemptOutcome.NAME_UNKNOWN


def test_a_name_that_nothing_can_have_is_refused_before_it_is_resolved(box: Inbox) -> None:
    assert send(f"http://{'a' * 64}.example.org/").outcome is AttemptOutcome.ADDRESS_REFUSED


def test_nobody_there_is_told() -> None:
    with inbox() as opened:
        url = opened.url
    assert send(url).outcome is AttemptOutcome.CONNECTION_FAILED


def test_redirects_are_not_followed(box: Inbox) -> None:
    with inbox() as elsewhere:
        for status in (301, 302, 307, 308):
            box.answer(status, Location=elsewhere.url)
            assert send(box.url) == Attempt(outcome=AttemptOutcome.REFUSED, answer=status)
        assert elsewhere.received == []
    assert len(box.received) == 4


def test_proxies_of_the_environment_are_not_used(box: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    with inbox() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        assert send(box.url).outcome is AttemptOutcome.ACCEPTED
        assert proxy.received == []


def test_a_receiver_that_never_answers_is_given_up(box: Inbox) -> None:
    box.hold = threading.Event()
    try:
        assert send(box.url, patience=0.3).outcome is AttemptOutcome.TIMED_OUT
    finally:
        box.hold.set()


def test_an_answer_that_never_ends_counts_by_its_status(box: Inbox) -> None:
    box.drips = True
    box.answer(200, 500)
    assert send(box.url, patience=0.3) == Attempt(outcome=AttemptOutcome.ACCEPTED, answer=200)
    assert send(box.url, patience=0.3) == Attempt(outcome=AttemptOutcome.REFUSED, answer=500)


@contextmanager
def raw(answer: bytes, *, again: bool = False, tls: ssl.SSLContext | None = None) -> Iterator[tuple[int, list[int]]]:
    """Answer every request with bytes, once or without end; tell how many were taken."""
    taken: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            taken.append(0)
            try:
                while True:
                    self.wfile.write(answer)
                    taken[-1] += len(answer)
                    if not again:
                        return
            except OSError:
                return

        def log_message(self, *_: Any) -> None: ...

    class Server(HTTPServer):
        def handle_error(self, *_: Any) -> None: ...

    server = Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1], taken
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_of_an_endless_answer_only_a_little_is_read() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"
    with raw(head + b"x" * READ_AT_MOST, again=True) as (port, taken):
        assert send(f"http://127.0.0.1:{port}/") == Attempt(outcome=AttemptOutcome.ACCEPTED, answer=200)
    assert len(taken) == 1


@pytest.mark.parametrize("answer", [
    b"", b"no HTTP at all\r\n\r\n", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"x" * 10**6,
    b"HTTP/1.1 999999 Odd\r\n\r\n",
])  # fmt: skip
def test_an_answer_that_is_none_is_a_failed_attempt(answer: bytes) -> None:
    with raw(answer) as (port, _):
        assert send(f"http://127.0.0.1:{port}/").outcome is AttemptOutcome.CONNECTION_FAILED


def test_a_compressed_answer_stays_so() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nbomb"
    with raw(head) as (port, _):
        assert send(f"http://127.0.0.1:{port}/").outcome is AttemptOutcome.ACCEPTED


def certificate(folder: Path, name: str) -> Path:
    """Write a key and a certificate for a name, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name), x509.IPAddress(ip_address("127.0.0.9"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + built.public_bytes(serialization.Encoding.PEM))
    return path


def test_the_certificate_is_held_against_the_name_and_not_the_address(tmp_path: Path) -> None:
    path = certificate(tmp_path, NAME)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(path)
    asked: list[str | None] = []
    serving.sni_callback = lambda _socket, name, _context: asked.append(name)
    trusting = ssl.create_default_context(cafile=str(path))
    with raw(b"HTTP/1.1 204 OK\r\n\r\n", tls=serving) as (port, _):
        at_home = names("127.0.0.1")
        assert send(f"https://{NAME}:{port}/", resolve=at_home, tls=trusting).outcome is AttemptOutcome.ACCEPTED
        assert asked == [NAME]
        other = send(f"https://other.example.org:{port}/", resolve=at_home, tls=trusting)
        assert other.outcome is AttemptOutcome.TLS_FAILED
        assert send(f"https://{NAME}:{port}/", resolve=at_home).outcome is AttemptOutcome.TLS_FAILED
