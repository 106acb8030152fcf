"""Mails: sent once, tried again when a server asks for it, and nobody's address or name in a log."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import Connection

from app.core.config import Settings
from app.core.errors import ConfigurationError
from app.delivery.mail import MailOutcome
from app.services.access import clients
from app.services.context import Service, operator, transact
from app.services.people import accounts, mail, memberships, staff_mails
from app.store.people import mails as stored
from app.store.sql.statements import fetch
from tests.builders.bodies import an_activity
from tests.harness.access.endpoints import fail_endpoint
from tests.harness.access.people import ask, invite, mails
from tests.harness.api import Api, settle
from tests.harness.clock import ManualClock


@dataclass
class MailServer:
    """An SMTP server of this machine that answers what it is told to."""

    port: int
    refusal: str = ""
    """The answer to the receiver; empty to take it."""
    received: list[str] = field(default_factory=list)


def _talk(connection: socket.socket, server: MailServer) -> None:
    with connection, connection.makefile("rwb") as stream:

        def say(line: str) -> None:
            stream.write(line.encode() + b"\r\n")
            stream.flush()

        say("220 here")
        while line := stream.readline().decode().strip():
            verb = line.split()[0].upper()
            if verb == "DATA":
                say("354 go on")
                lines = []
                while (text := stream.readline()) != b".\r\n":
                    lines.append(text.decode())
                server.received.append("".join(lines))
                say("250 taken")
            elif verb == "RCPT" and server.refusal:
                say(server.refusal)
            elif verb == "QUIT":
                say("221 bye")
                return
            else:
                say("250 fine")


@contextmanager
def mail_server() -> Iterator[MailServer]:
    listening = socket.create_server(("127.0.0.1", 0))
    server = MailServer(port=listening.getsockname()[1])

    def run() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            _talk(connection, server)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(5)


def with_server(service: Service, server: MailServer) -> Service:
    given = {
        "smtp_url": f"smtp://127.0.0.1:{server.port}", "mail_from": "pars@example.org",
        "public_url": "https://pars.example.org",
    }  # fmt: skip
    return replace(service, settings=service.settings.model_copy(update=given))


def states(service: Service) -> list[tuple[str, str | None, int, bool]]:
    def read(connection: Connection) -> list[tuple[str, str | None, int, bool]]:
        rows = fetch(connection, "SELECT status, outcome, attempts, content IS NULL FROM mails ORDER BY mail_id")
        return [(status, outcome, attempts, bool(gone)) for status, outcome, attempts, gone in rows]

    return service.database.read(read)


def test_a_mail_in_the_folder_is_its_owners_alone_and_says_nothing_in_the_database(service: Service) -> None:
    invite(service)
    assert mails(service)[0].to == "willa@example.org"
    (path,) = Path(service.settings.data_dir / "mail").glob("*.eml")
    assert path.stat().st_mode & 0o777 == 0o600
    assert states(service) == [("sent", "sent", 1, True)]
    assert not mail.send_next(service)
    settle(service)


def test_a_server_is_given_a_mail_once(service: Service) -> None:
    with mail_server() as server:
        there = with_server(service, server)
        invite(there)
        while mail.send_next(there):
            pass
    (received,) = server.received
    assert "To: willa@example.org" in received
    assert "https://pars.example.org/sign-in/" in received.replace("=\r\n", "")
    assert "Auto-Submitted: auto-generated" in received


def test_a_server_that_asks_for_it_is_tried_later(
    service: Service, clock: ManualClock, capsys: pytest.CaptureFixture[str]
) -> None:
    with mail_server() as server:
        there, server.refusal = with_server(service, server), "451 willa@example.org: later"
        invite(there)
        assert mail.send_next(there)
        assert states(service) == [("pending", "failed", 1, False)]
        assert not mail.send_next(there)
        clock.now += timedelta(minutes=1)
        server.refusal = ""
        assert mail.send_next(there)
    assert states(service) == [("sent", "sent", 2, True)]
    assert len(server.received) == 1
    assert "willa" not in capsys.readouterr().out


def test_a_receiver_that_is_refused_for_good_is_given_up(service: Service) -> None:
    with mail_server() as server:
        there, server.refusal = with_server(service, server), "550 nobody here"
        invite(there)
        mail.send_next(there)
    assert states(service) == [("dead", "refused", 1, True)]


def test_a_server_that_is_away_is_tried_for_hours_and_then_given_up(service: Service, clock: ManualClock) -> None:
    with mail_server() as server:
        there = with_server(service, server)
    invite(there)
    tried = 0
    while states(service)[0][0] == "pending":
        assert mail.send_next(there)
        tried += 1
        clock.now += timedelta(hours=7)
    assert tried == 6
    assert states(service) == [("dead", "failed", 6, True)]


def test_a_mail_whose_link_works_no_longer_is_not_sent(service: Service, clock: ManualClock) -> None:
    invite(service)
    before = len(mails(service))
    ask(service, "willa@example.org")
    clock.now += timedelta(minutes=16)
    assert len(mails(service)) == before
    assert states(service)[-1] == ("dead", "too-late", 1, True)


def test_who_was_removed_is_sent_nothing(service: Service) -> None:
    invited = invite(service)
    transact(operator(service), memberships.remove_person, invited.person_id)
    assert mails(service) == []
    settle(service)


def test_a_mail_of_a_worker_that_died_is_sent_by_the_next_and_saved_by_it_alone(
    service: Service, clock: ManualClock
) -> None:
    invite(service)
    now = clock.now
    (lost,) = service.database.write(
        lambda connection: stored.lease_due(connection, now=now, until=now + mail.LEASE, most=1)
    )
    assert not mail.send_next(service)
    clock.now += mail.LEASE
    assert mail.send_next(service)
    assert not service.database.write(lambda connection: mail.save(connection, service, lost, MailOutcome.FAILED))
    assert states(service) == [("sent", "sent", 1, True)]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"smtp_url": "mail.example.org"}, "PARS_SMTP_URL looks like"),
        ({"smtp_url": "smtp://mail.example.org:x"}, "PARS_SMTP_URL looks like"),
        ({"smtp_url": "smtp://u:secret@mail.example.org"}, "PARS_MAIL_FROM must be set"),
        ({"smtp_url": "smtp://mail.example.org", "mail_from": "a@b.org"}, "PARS_PUBLIC_URL must be set"),
        ({"mail_from": "nobody"}, "PARS_MAIL_FROM must be an address"),
    ],
)
def test_settings_that_do_not_fit_together_are_told_without_what_they_hold(given: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said) as refused:
        _ = Settings(**given).smtp_server
    assert "secret" not in str(refused.value)


def test_a_password_is_read_with_its_signs() -> None:
    given = {"smtp_url": "smtps://me:p%40ss%2F@mail.example.org", "mail_from": "a@b.org", "public_url": "https://p.org"}
    server = Settings(**given).smtp_server
    assert server is not None
    assert (server.host, server.port, server.implicit_tls) == ("mail.example.org", 465, True)
    assert (server.user, server.password) == ("me", "p@ss/")
    assert "p@ss" not in repr(server)


def wants(service: Service, choice: str, address: str = "willa@example.org", role: str = "reporter") -> str:
    person_id = invite(service, address, role).person_id
    transact(operator(service), accounts.change, person_id, {"mail_choice": choice})
    mails(service)
    return person_id


def test_staff_are_told_once_a_day_what_waits_and_nobodys_name(service: Service, clock: ManualClock, api: Api) -> None:
    api.post("/v1/activities", an_activity(title="Ended", start_date="2021-01-02", end_date="2021-01-02"))
    wants(service, "daily")
    before = len(mails(service))
    for _ in range(3):
        staff_mails.write_due(service)
    told = mails(service)[before:]
    assert len(told) == 1
    assert "not closed" in told[0].body
    assert "Rebecca" not in told[0].body and "Karacme" not in told[0].body
    clock.now += timedelta(days=1)
    staff_mails.write_due(service)
    assert len(mails(service)) == before + 2
    settle(service)


def test_managers_are_told_of_webhooks_that_fail_and_nobody_else_is(service: Service, api: Api) -> None:
    fail_endpoint(service, api)
    wants(service, "daily")
    wants(service, "daily", "morgan@example.org", "manager")
    before = len(mails(service))
    staff_mails.write_due(service)
    told = {mail.to: "1 webhook endpoint fails." in mail.body for mail in mails(service)[before:]}
    assert told == {"willa@example.org": False, "morgan@example.org": True}


def test_who_chose_weekly_is_told_once_a_week_and_who_chose_none_never(
    service: Service, clock: ManualClock, api: Api
) -> None:
    api.post("/v1/activities", an_activity(title="Ended", start_date="2021-01-02", end_date="2021-01-02"))
    wants(service, "weekly")
    wants(service, "none", "other@example.org")
    before = len(mails(service))
    for _ in range(14):
        staff_mails.write_due(service)
        clock.now += timedelta(days=1)
    assert [told.to for told in mails(service)[before:]] == ["willa@example.org"] * 2


def test_where_nothing_waits_nothing_is_sent_and_that_is_known(service: Service) -> None:
    transact(operator(service), clients.add_provider, "0009999", "Quiet")
    person_id = invite(service, "x@example.org", "reader", id="0009999").person_id
    transact(operator(service), accounts.change, person_id, {"mail_choice": "daily"})
    before = len(mails(service))
    staff_mails.write_due(service)
    assert len(mails(service)) == before
    assert states(service)[-1][:2] == ("sent", "nothing-waits")
    settle(service)
