"""CME Passport's settings: which mails a physician wants, and when."""

from __future__ import annotations

from collections.abc import Callable

from app.services.context import Service
from tests.console.passport.test_joining import join
from tests.harness.api import settle
from tests.harness.console.windows import Window

SETTINGS, MAILS = "/passport/settings", "/passport/settings/mails"
OpenWindow = Callable[[], Window]
CHOICES = ("reported", "rejected", "withdrawn", "viewed")


def chosen(window: Window) -> dict[str, str]:
    """Return which mails are chosen."""
    window.open(SETTINGS)
    return {name: str(window.tree.xpath(f"string(//input[@name='{name}' and @checked]/@value)")) for name in CHOICES}


def test_each_mail_is_a_choice_that_is_kept(physician: Window, service: Service) -> None:
    default = {"reported": "weekly", "rejected": "at-once", "withdrawn": "at-once", "viewed": "at-once"}
    assert chosen(physician) == default
    other = {"reported": "none", "rejected": "weekly", "withdrawn": "at-once", "viewed": "none"}
    physician.submit(MAILS, **other)
    assert "Your mails were changed" in physician.text
    assert chosen(physician) == other
    settle(service)


def test_a_choice_that_there_is_not_is_told_and_changes_nothing(physician: Window, service: Service) -> None:
    before = chosen(physician)
    physician.send(MAILS, physician.fields(MAILS) | {"reported": "daily"})
    assert physician.status == 422
    assert "There is no such choice" in physician.text
    assert chosen(physician) == before
    settle(service)


def test_an_account_that_nothing_has_confirmed_is_shown_no_choice_and_makes_none(
    window: Window, physician: Window, open_window: OpenWindow, service: Service
) -> None:
    sent = physician.open(SETTINGS).fields(MAILS)
    other = open_window()
    join(other, service)
    assert not other.open(SETTINGS).tree.xpath("//*[@id='mails']")
    own = other.fields(f"{SETTINGS}/confirm")
    other.send(MAILS, sent | {name: own[name] for name in ("token", "key")})
    assert "as soon as it is confirmed" in other.text
    settle(service)
