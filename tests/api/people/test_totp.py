"""The second factor: enrolled with its first code, each code once, bounded tries, reset by the operator."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.core.errors import Conflict
from app.domain.people.sessions import TRIES_A_LINK, WRONG_A_DAY, Session
from app.services.context import Service, operator, transact
from app.services.people import sessions, totp
from app.services.people.totp import FactorVerdict
from app.store.people import persons
from tests.harness.access.people import ADDRESS, ask, code, enrolled, mails, session_of, sign_in_by, try_code
from tests.harness.api import settle
from tests.harness.clock import ManualClock


def signed_in(service: Service, clock: ManualClock) -> Session:
    """Sign in once more by a link."""
    clock.now += timedelta(minutes=20)
    ask(service, ADDRESS)
    signed = sign_in_by(service, mails(service)[-1].token)
    assert signed is not None
    return session_of(service, signed.token)


def verify(service: Service, session: Session, given: str) -> FactorVerdict:
    return transact(operator(service), totp.verify, session, given)


def test_a_code_confirms_one_session_and_never_another(service: Service, clock: ManualClock) -> None:
    first, secret, _ = enrolled(service)
    assert first.confirmed_at == clock.now
    session = signed_in(service, clock)
    assert session.confirmed_at is None
    given = code(secret, service)
    assert verify(service, session, given) is FactorVerdict.RIGHT
    again = signed_in(service, clock)
    clock.now -= timedelta(minutes=20)
    assert verify(service, again, given) is FactorVerdict.WRONG
    settle(service)


def test_a_recovery_code_stands_in_once(service: Service, clock: ManualClock) -> None:
    _, _, recovery = enrolled(service)
    assert verify(service, signed_in(service, clock), recovery[3]) is FactorVerdict.RIGHT
    assert verify(service, signed_in(service, clock), recovery[3]) is FactorVerdict.WRONG
    assert verify(service, signed_in(service, clock), recovery[4].replace("-", "").upper()) is FactorVerdict.RIGHT
    settle(service)


def test_after_five_tries_even_the_right_code_ends_the_session(service: Service, clock: ManualClock) -> None:
    _, secret, _ = enrolled(service)
    session = signed_in(service, clock)
    for _ in range(TRIES_A_LINK):
        assert verify(service, session, "000000") is FactorVerdict.WRONG
    assert verify(service, session, code(secret, service)) is FactorVerdict.ENDED
    settle(service)


def test_nobody_enrols_another_authenticator_without_the_one_that_is_enrolled(
    service: Service, clock: ManualClock
) -> None:
    enrolled(service)
    session = signed_in(service, clock)
    for verb in (totp.begin, totp.renew_recovery_codes):
        with pytest.raises(Conflict):
            transact(operator(service), verb, session)
    with pytest.raises(Conflict):
        transact(operator(service), totp.confirm, session, "000000")


def test_another_authenticator_takes_the_place_of_the_first_and_ends_other_sessions(
    service: Service, clock: ManualClock
) -> None:
    session, first, recovery = enrolled(service)
    clock.now += timedelta(minutes=1)
    second = transact(operator(service), totp.begin, session)
    assert second != first
    assert transact(operator(service), totp.confirm, session, code(second, service))
    later = signed_in(service, clock)
    for gone in (code(first, service), recovery[0]):
        assert verify(service, later, gone) is FactorVerdict.WRONG
    assert verify(service, later, code(second, service)) is FactorVerdict.RIGHT
    settle(service)


def test_the_operator_resets_an_authenticator_and_ends_the_sessions(service: Service, clock: ManualClock) -> None:
    session, _, _ = enrolled(service)
    transact(operator(service), totp.reset, session.person_id)
    person = service.database.read(lambda connection: persons.by_id(connection, session.person_id))
    assert person is not None
    assert person.totp_secret is None
    later = signed_in(service, clock)
    assert len(service.database.read(lambda c: sessions.listed(c, session.person_id, clock.now))) == 1
    transact(operator(service), totp.begin, later)
    assert any("taken your authenticator" in mail.body for mail in mails(service))
    settle(service)


def test_nobody_without_the_mailbox_locks_the_second_factor(service: Service, clock: ManualClock) -> None:
    """Wrong codes beside a link that anybody may ask for; who has a role that needs the factor would be shut out."""
    _, secret, _ = enrolled(service)
    for _ in range(WRONG_A_DAY):
        attempt = ask(service, ADDRESS)
        wrong = f"{(int(mails(service)[-1].code) + 1) % 1_000_000:06d}"
        for _ in range(TRIES_A_LINK):
            assert try_code(service, attempt, wrong) is None
        clock.now += timedelta(minutes=15)
    assert verify(service, signed_in(service, clock), code(secret, service)) is FactorVerdict.RIGHT


def test_wrong_codes_of_a_second_factor_are_counted_over_all_sessions_of_a_day(
    service: Service, clock: ManualClock
) -> None:
    _, secret, _ = enrolled(service)
    for tried in range(WRONG_A_DAY):
        if tried % (TRIES_A_LINK - 1) == 0:
            session = signed_in(service, clock)
        assert verify(service, session, "000000") is FactorVerdict.WRONG
    assert verify(service, signed_in(service, clock), code(secret, service)) is FactorVerdict.ENDED
    clock.now += timedelta(days=1)
    for _ in range(WRONG_A_DAY + 1):
        # What was right is not counted, however often somebody signs in.
        assert verify(service, signed_in(service, clock), code(secret, service)) is FactorVerdict.RIGHT
