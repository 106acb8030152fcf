"""Races of signing in: one link once, five tries and no more, one membership, and nothing left of who was removed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from app.core.errors import Problem
from app.domain.people.persons import PersonRole
from app.domain.people.sessions import LINKS_AN_HOUR, TRIES_A_LINK
from app.services.access import clients
from app.services.context import Caller, Service, operator, transact
from app.services.people import memberships, totp
from app.store import clients as stored_clients
from app.store.sql.statements import fetch_value
from tests.harness.access.people import ask, invite, mails, sign_in_by, token_of, try_code
from tests.harness.api import api_of, settle
from tests.harness.wire import at_once

MANY = 12


def test_a_link_that_is_pressed_by_many_at_once_signs_in_once(service: Service) -> None:
    token = token_of(invite(service))
    signed = at_once([partial(sign_in_by, service, token)] * MANY)
    assert sum(found is not None for found in signed) == 1
    settle(service)


def test_codes_that_are_guessed_at_once_are_as_many_as_one_after_another(service: Service) -> None:
    invite(service)
    attempt = ask(service, "willa@example.org")
    right = mails(service)[-1].code
    wrong = [f"{(int(right) + number) % 1_000_000:06d}" for number in range(1, MANY + 1)]
    assert not any(at_once([partial(try_code, service, attempt, code) for code in wrong]))
    tries = service.database.read(lambda connection: fetch_value(connection, "SELECT max(tries) FROM sign_in_links"))
    assert tries == TRIES_A_LINK
    assert try_code(service, attempt, right) is None


def test_the_right_code_sent_many_times_at_once_signs_in_once(service: Service) -> None:
    invite(service)
    attempt = ask(service, "willa@example.org")
    right = mails(service)[-1].code
    signed = at_once([partial(try_code, service, attempt, right)] * MANY)
    assert sum(found is not None for found in signed) == 1


def test_links_that_are_asked_for_at_once_are_five(service: Service) -> None:
    invite(service)
    at_once([partial(ask, service, "willa@example.org")] * MANY)
    links = service.database.read(lambda connection: fetch_value(connection, "SELECT count(*) FROM sign_in_links"))
    assert links == LINKS_AN_HOUR


def test_somebody_who_is_invited_by_many_at_once_is_one_person_and_a_member_once(service: Service) -> None:
    def attempt() -> str:
        try:
            return invite(service).person_id
        except Problem as problem:
            return problem.code

    answers = Counter(at_once([attempt] * MANY))
    assert answers.pop("conflict") == MANY - 1
    assert len(answers) == 1
    settle(service)


def test_grants_given_and_taken_while_people_are_invited_are_those_of_the_vendor(service: Service, http: Any) -> None:
    vendor = api_of(http, service, "vendor", role="vendor")
    transact(operator(service), clients.grant, vendor.client_id, "0008001")

    def invite_one(number: int) -> None:
        invite(service, f"v{number}@example.org", "reporter", of="vendor", id=vendor.client_id)

    def change(number: int) -> None:
        transact(operator(service), clients.grant, vendor.client_id, "0008002")
        if number % 2:
            transact(operator(service), clients.revoke, vendor.client_id, "0008001")

    calls: list[Callable[[], None]] = [partial(invite_one, number) for number in range(6)]
    at_once([*calls, partial(change, 1), partial(change, 2)])
    settle(service)


def test_who_is_removed_while_they_sign_in_is_signed_in_nowhere(service: Service) -> None:
    for number in range(4):
        invited = invite(service, f"w{number}@example.org")
        token = token_of(invited)
        removing = partial(transact, operator(service), memberships.remove_person, invited.person_id)
        at_once([partial(sign_in_by, service, token), removing, partial(_reset, service, invited.person_id)])
    settle(service)


def _reset(service: Service, person_id: str) -> None:
    try:
        transact(operator(service), totp.reset, person_id)
    except Problem:
        pass


@pytest.mark.parametrize("act", ["change", "remove"])
def test_of_two_managers_who_take_each_others_role_at_once_one_stays(service: Service, act: str) -> None:
    for number in range(5):
        invited = [invite(service, f"{name}{number}@example.org", "manager") for name in ("ann", "bea")]
        ids = [one.client_id for one in invited]
        callers = [service.database.read(partial(_caller, service, id)) for id in ids]
        done = at_once([partial(_take, act, callers[0], ids[1]), partial(_take, act, callers[1], ids[0])])
        assert sorted(done) == [False, True]
    settle(service)


def _caller(service: Service, client_id: str, connection: Any) -> Caller:
    client = stored_clients.by_id(connection, client_id)
    assert client is not None
    return Caller(service=service, client=client, provider=None)


def _take(act: str, caller: Caller, client_id: str) -> bool:
    try:
        if act == "change":
            transact(caller, memberships.change_role, client_id, PersonRole.READER)
        else:
            transact(caller, memberships.remove, client_id)
    except Problem:
        return False
    return True
