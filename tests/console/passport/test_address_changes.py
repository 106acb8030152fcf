"""A physician's mail address is changed: proven from the new one, confirmed from the old one, or waited for; TOTP."""

from __future__ import annotations

import re
from base64 import b32decode
from collections.abc import Callable
from datetime import timedelta

import pytest

from app.services.context import Service
from app.services.passport import address_changes, forgetting
from app.store.sql import statements
from tests.console.passport.test_joining import WILLA, join
from tests.console.passport.test_roster_addresses import OWN, board, confirmed_by, roster
from tests.harness.access.people import code, invite, mails
from tests.harness.api import Api, settle
from tests.harness.clock import ManualClock
from tests.harness.console.windows import Window

__all__ = ["board"]

OpenWindow = Callable[[], Window]
SETTINGS, ADDRESS = "/passport/settings", "/passport/settings/address"
OLD, NEW = WILLA["/address"], "new@physicians.example"


@pytest.fixture
def willa(window: Window, service: Service) -> Window:
    """Willa, who has an account that nothing has confirmed."""
    join(window, service)
    return window


def link_to(service: Service, address: str) -> str:
    """Return the link of a change in the newest mail to an address."""
    newest = [mail for mail in mails(service) if mail.to == address][-1]
    found = re.search(r"http://\S+(/passport/address/\S+)", newest.body)
    return found[1] if found else ""


def asked(willa: Window, service: Service, address: str = NEW) -> tuple[str, str]:
    """Ask for an address; return the links to the new one and to the old one."""
    willa.open(SETTINGS).submit(ADDRESS, **{"/address": address})
    assert willa.status == 200, willa.text
    return link_to(service, address), link_to(service, OLD)


def press(window: Window, link: str, **sent: str) -> Window:
    return window.open(link).submit(link, **sent)


def address_of(willa: Window) -> str:
    return str(willa.open(SETTINGS).tree.xpath("string(//h1/following-sibling::p)"))


def signs_in(window: Window, service: Service, address: str) -> bool:
    """Whether a link to sign in is mailed to an address."""
    before = len(mails(service))
    window.open("/sign-in").submit("/sign-in", address=address)
    told = mails(service)[before:]
    return any(mail.to == address and "/sign-in/" in mail.body for mail in told)


@pytest.mark.parametrize("old_first", [True, False])
def test_an_address_that_is_proven_and_confirmed_from_the_old_one_is_changed_at_once(
    willa: Window, open_window: OpenWindow, service: Service, old_first: bool
) -> None:
    new, old = asked(willa, service)
    assert "You asked for another address" in willa.open(SETTINGS).text
    first, second = (old, new) if old_first else (new, old)
    other = open_window()
    for _ in range(2):
        other.open(first), other.browser.head(first)
    assert address_of(willa) == OLD, "programs that look into mails change nothing"
    assert press(other, first, do="confirm").heading == "Noted"
    assert address_of(willa) == OLD
    assert press(other, second, do="confirm").heading == "The address is changed"
    assert willa.open(SETTINGS).heading == "Sign in", "signed out everywhere"
    assert signs_in(other, service, NEW)
    assert not signs_in(other, service, OLD)
    assert other.open(first).status == other.open(second).status == 410
    settle(service)


def test_without_a_word_from_the_old_address_it_waits_seven_days(
    willa: Window, open_window: OpenWindow, service: Service, clock: ManualClock
) -> None:
    new, _ = asked(willa, service)
    press(open_window(), new)
    clock.now += timedelta(days=6, hours=23)
    forgetting.forget(service)
    address_changes.pass_time(service)
    assert signs_in(open_window(), service, OLD)
    clock.now += timedelta(hours=2)
    address_changes.pass_time(service)
    assert signs_in(open_window(), service, NEW)
    assert not signs_in(open_window(), service, OLD)
    settle(service)


def test_an_address_that_nobody_proves_is_never_taken_and_is_forgotten(
    willa: Window, open_window: OpenWindow, service: Service, clock: ManualClock
) -> None:
    new, old = asked(willa, service)
    press(open_window(), old, do="confirm")
    clock.now += timedelta(hours=24)
    assert open_window().open(new).status == 410
    address_changes.pass_time(service)
    clock.now += timedelta(days=8)
    address_changes.pass_time(service)
    assert not signs_in(open_window(), service, NEW)
    assert signs_in(open_window(), service, OLD)
    settle(service)


def test_who_has_the_old_address_stops_it_and_whoever_asked_is_signed_out(
    willa: Window, open_window: OpenWindow, service: Service, clock: ManualClock
) -> None:
    new, old = asked(willa, service)
    press(open_window(), new)
    assert press(open_window(), old, do="stop").heading == "The change is stopped"
    assert willa.open(SETTINGS).heading == "Sign in"
    clock.now += timedelta(days=8)
    address_changes.pass_time(service)
    assert signs_in(open_window(), service, OLD)
    settle(service)


def test_the_new_address_cannot_stop_and_a_change_is_taken_back(
    willa: Window, open_window: OpenWindow, service: Service
) -> None:
    new, old = asked(willa, service)
    other = open_window().open(new)
    other.send(new, other.fields(new) | {"do": "stop"})
    assert other.status == 410
    willa.open(SETTINGS).submit(f"{ADDRESS}/take-back")
    assert "Your address stays as it is" in willa.text
    for link in (new, old):
        assert other.open(link).status == 410
    assert address_of(willa) == OLD
    settle(service)


def test_an_address_that_somebody_has_is_answered_alike_and_only_its_mail_says_so(
    willa: Window, open_window: OpenWindow, service: Service
) -> None:
    invite(service, "taken@example.org")
    willa.open(SETTINGS).submit(ADDRESS, **{"/address": "taken@example.org"})
    taken = willa.text
    assert link_to(service, "taken@example.org") == ""
    willa.open(SETTINGS).submit(f"{ADDRESS}/take-back")
    asked(willa, service)
    assert willa.text == taken
    assert all(name not in mail.body for mail in mails(service) for name in ("Willa", "Duncan", NEW, "taken@example"))
    settle(service)


def test_what_cannot_be_asked_for_is_told(willa: Window, service: Service, clock: ManualClock) -> None:
    for given, said in (("nobody", "Not a mail address"), (OLD.upper(), "This is your address already")):
        willa.open(SETTINGS).submit(ADDRESS, **{"/address": given})
        assert willa.status == 422
        assert said in willa.text
    for number in range(3):
        asked(willa, service, f"n{number}@example.org")
        willa.open(SETTINGS).submit(f"{ADDRESS}/take-back")
    willa.open(SETTINGS).submit(ADDRESS, **{"/address": NEW})
    assert "Try again tomorrow" in willa.text
    settle(service)


def test_who_signs_in_for_an_organization_by_the_same_address_asks_there(willa: Window, service: Service) -> None:
    invite(service, OLD)
    willa.open(SETTINGS).submit(ADDRESS, **{"/address": NEW})
    assert willa.status == 409
    assert "for an organization as well" in willa.text


def test_an_address_that_becomes_somebody_elses_meanwhile_stays_theirs(
    willa: Window, open_window: OpenWindow, service: Service
) -> None:
    new, old = asked(willa, service)
    press(open_window(), new)
    invite(service, NEW)
    assert press(open_window(), old, do="confirm").heading == "The address could not be changed"
    assert address_of(willa) == OLD
    settle(service)


def test_a_closed_account_ends_the_change_and_nobody_keeps_the_new_address(
    willa: Window, open_window: OpenWindow, service: Service
) -> None:
    new, _ = asked(willa, service)
    press(open_window(), new)
    willa.open(f"{SETTINGS}/close").submit(f"{SETTINGS}/close")
    kept = "SELECT count(*) FROM people WHERE address = :address"
    for address, there in ((NEW, 0), (OLD, 1)):
        where = {"address": address}
        found = service.database.read(lambda conn, where=where: statements.fetch_value(conn, kept, where))
        assert found == there
    settle(service)


def test_a_new_address_that_the_board_has_on_file_confirms_the_account(
    willa: Window, open_window: OpenWindow, board: Api, service: Service
) -> None:
    roster(board, service, OWN | {"email": NEW})
    assert confirmed_by(service) == [None]
    for link in asked(willa, service):
        press(open_window(), link, do="confirm")
    assert confirmed_by(service) == ["roster"]
    settle(service)


def test_an_authenticator_is_offered_and_asked_for_at_sign_in_once_it_is_enrolled(
    willa: Window, open_window: OpenWindow, service: Service, clock: ManualClock
) -> None:
    assert "If you like, the code of an authenticator" in willa.open(SETTINGS).text
    willa.open("/account/authenticator").submit("/account/authenticator/begin")
    shown = str(willa.tree.xpath("string(//main//span[@class='id'])")).replace(" ", "")
    secret = b32decode(shown + "=" * (-len(shown) % 8))
    willa.submit("/account/authenticator", code=code(secret, service))
    assert "is asked for as well" in willa.open(SETTINGS).text
    assert "If you like" not in willa.text
    again = open_window()
    again.open("/passport/sign-in").submit("/sign-in", address=OLD)
    link = re.findall(r"http://\S+(/sign-in/\S+)", mails(service)[-1].body)[-1]
    press(again, link)
    assert again.open(SETTINGS).heading != "Settings", "half signed in"
    clock.now += timedelta(minutes=1)
    again.open("/sign-in/factor?next=/passport/settings").submit("/sign-in/factor", code=code(secret, service))
    assert again.heading == "Settings"
    settle(service)
