"""Signing in by link and by code: once, for a quarter of an hour, and nobody learns who has an address."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Connection

from app.core.security import digest_of
from app.domain.people.sessions import LINKS_AN_HOUR, TRIES_A_LINK, WRONG_A_DAY
from app.services.context import Service, operator, transact
from app.services.people import memberships, sessions
from app.store.people import persons
from app.store.sql.statements import fetch, fetch_value
from tests.harness.access.people import ask, invite, mails, sign_in_by, token_of, try_code
from tests.harness.api import settle
from tests.harness.clock import ManualClock

WRONG = "000000"


def count(service: Service, table: str) -> int:
    return int(service.database.read(lambda connection: fetch_value(connection, f"SELECT count(*) FROM {table}")))


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def test_an_invitation_signs_in_once_and_a_mailed_link_later(service: Service, clock: ManualClock) -> None:
    invited = invite(service)
    (mail,) = mails(service)
    assert (mail.to, mail.token) == ("willa@example.org", token_of(invited))
    first = sign_in_by(service, mail.token)
    assert first is not None
    assert first.person_id == invited.person_id
    assert sign_in_by(service, mail.token) is None
    clock.now += timedelta(days=1)
    ask(service, " Willa@Example.org", "/p/0008001")
    second = sign_in_by(service, mails(service)[-1].token)
    assert second is not None
    assert second.next_path == "/p/0008001"
    settle(service)


def test_a_code_signs_in_where_it_was_asked_for_and_ends_its_link(service: Service) -> None:
    invite(service)
    attempt = ask(service, "willa@example.org")
    mail = mails(service)[-1]
    assert try_code(service, attempt, wrong(mail.code)) is None
    signed = try_code(service, attempt, f" {mail.code[:3]} {mail.code[3:]}")
    assert signed is not None
    assert try_code(service, attempt, mail.code) is None
    assert sign_in_by(service, mail.token) is None


@pytest.mark.parametrize(("minutes", "works"), [(14, True), (15, False)])
def test_a_link_and_its_code_work_for_a_quarter_of_an_hour(
    service: Service, clock: ManualClock, minutes: int, works: bool
) -> None:
    invite(service)
    attempt = ask(service, "willa@example.org")
    mail = mails(service)[-1]
    clock.now += timedelta(minutes=minutes)
    assert (sign_in_by(service, mail.token) is not None) is works
    if not works:
        assert try_code(service, attempt, mail.code) is None


def test_an_unknown_address_is_answered_with_the_same_rows_and_no_mail(service: Service) -> None:
    attempts = [ask(service, "nobody@example.org") for _ in range(LINKS_AN_HOUR + 2)]
    assert len(set(attempts)) == len(attempts)
    assert count(service, "sign_in_links") == LINKS_AN_HOUR
    assert mails(service) == []
    assert not any(try_code(service, attempt, f"{number:06d}") for attempt in attempts for number in range(9))


def test_five_links_an_hour_are_mailed_to_an_address_and_no_more(service: Service, clock: ManualClock) -> None:
    invite(service)
    clock.now += timedelta(hours=1)
    before = len(mails(service))
    for _ in range(LINKS_AN_HOUR + 2):
        ask(service, "willa@example.org")
    assert len(mails(service)) - before == LINKS_AN_HOUR
    clock.now += timedelta(hours=1)
    ask(service, "willa@example.org")
    assert len(mails(service)) - before == LINKS_AN_HOUR + 1


def test_the_right_code_after_too_many_wrong_ones_opens_nothing_and_the_link_does(service: Service) -> None:
    invite(service)
    attempt = ask(service, "willa@example.org")
    mail = mails(service)[-1]
    for _ in range(TRIES_A_LINK):
        assert try_code(service, attempt, wrong(mail.code)) is None
    assert try_code(service, attempt, mail.code) is None
    assert sign_in_by(service, mail.token) is not None


def test_wrong_codes_are_counted_over_all_links_of_a_person_for_a_day(service: Service, clock: ManualClock) -> None:
    invited = invite(service)
    tried = 0
    while tried < WRONG_A_DAY:
        attempt = ask(service, "willa@example.org")
        mail = mails(service)[-1]
        for _ in range(min(TRIES_A_LINK - 1, WRONG_A_DAY - tried)):
            try_code(service, attempt, wrong(mail.code))
            tried += 1
        clock.now += timedelta(minutes=30)
    attempt = ask(service, "willa@example.org")
    assert try_code(service, attempt, mails(service)[-1].code) is None
    day = clock.now - timedelta(days=1)
    counted = service.database.read(lambda connection: persons.wrong_codes(connection, invited.person_id, day))
    assert counted == WRONG_A_DAY
    clock.now += timedelta(days=1)
    attempt = ask(service, "willa@example.org")
    assert try_code(service, attempt, mails(service)[-1].code) is not None


def test_who_was_removed_is_answered_as_an_unknown_address(service: Service) -> None:
    invited = invite(service)
    attempt = ask(service, "willa@example.org")
    mail = mails(service)[-1]
    transact(operator(service), memberships.remove_person, invited.person_id)
    assert sign_in_by(service, mail.token) is None
    assert try_code(service, attempt, mail.code) is None
    before = len(mails(service))
    ask(service, "willa@example.org")
    assert len(mails(service)) == before
    settle(service)


def test_a_session_ends_after_two_idle_hours_and_after_twelve_in_all(service: Service, clock: ManualClock) -> None:
    signed = sign_in_by(service, token_of(invite(service)))
    assert signed is not None

    def works() -> bool:
        found = service.database.read(lambda connection: sessions.find(connection, signed.token))
        assert found is not None
        if found.session.works_at(clock.now) and sessions.is_to_be_noted(found.session, clock.now):
            service.database.write(lambda connection: sessions.note_seen(connection, found.session, clock.now))
        return found.session.works_at(clock.now)

    for _ in range(11):
        clock.now += timedelta(hours=1)
        assert works()
    clock.now += timedelta(hours=1)
    assert not works()
    other = sign_in_by(service, token_of(invite(service, "other@example.org")))
    assert other is not None
    signed = other
    clock.now += timedelta(hours=2)
    assert not works()


def test_what_opens_something_is_stored_as_a_digest_or_encrypted(service: Service) -> None:
    invited = invite(service)
    ask(service, "willa@example.org")
    signed = sign_in_by(service, token_of(invited))
    assert signed is not None

    def read(connection: Connection) -> str:
        tables = ("sign_in_links", "sessions", "mails", "people", "audit")
        return str([fetch(connection, f"SELECT * FROM {table}") for table in tables])

    stored = service.database.read(read)
    assert digest_of(signed.token) in stored
    assert signed.token not in stored
    assert token_of(invited) not in stored
    sent = mails(service)[-1]
    assert sent.token not in stored and sent.code not in stored.replace("0000", "")
