"""The account: what a person changes about themselves, their sessions, and their authenticator."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest
from lxml import html

from app.domain.people import totp
from app.services.context import Service
from app.store.people import persons
from tests.harness.access.people import ask
from tests.harness.api import settle
from tests.harness.console.windows import Window, newest_mail, sign_in


def test_a_person_changes_what_they_are_called_and_what_they_are_mailed(window: Window, service: Service) -> None:
    person_id = sign_in(window, service)
    window.open("/account").submit(
        "/account", name=" Willa Duncan ", time_zone="US/Eastern", theme="dark", mail_choice="weekly"
    )
    assert "Your account was changed." in window.text
    assert window.shown is not None
    assert html.fromstring(window.shown.text).get("data-theme") == "dark"
    person = service.database.read(lambda connection: persons.by_id(connection, person_id))
    assert person is not None
    assert (person.name, person.time_zone, person.theme.value, person.mail_choice.value) == (
        "Willa Duncan", "US/Eastern", "dark", "weekly",
    )  # fmt: skip
    settle(service)


@pytest.mark.parametrize(
    ("field", "given", "said"),
    [
        ("time_zone", "Mars/Base", "There is no such time zone."),
        ("theme", "pink", "There is no such theme."),
        ("mail_choice", "hourly", "There is no such choice."),
        ("name", "x" * 300, "more than 200 characters"),
    ],
)
def test_what_is_no_choice_is_told_at_its_field_and_changes_nothing(
    window: Window, service: Service, field: str, given: str, said: str
) -> None:
    person_id = sign_in(window, service)
    before = service.database.read(lambda connection: persons.by_id(connection, person_id))
    window.open("/account").submit("/account", **{field: given})
    assert window.status == 422
    assert said in window.text
    assert "Nothing was changed" in window.text
    assert service.database.read(lambda connection: persons.by_id(connection, person_id)) == before


def test_sessions_are_listed_and_ended(window: Window, open_window: Callable[[], Window], service: Service) -> None:
    sign_in(window, service)
    others = []
    for _ in range(2):
        ask(service, "willa@example.org")
        mailed = newest_mail(service).token
        others.append(open_window().open(f"/sign-in/{mailed}").submit(f"/sign-in/{mailed}"))
    window.open("/account")
    assert window.shown is not None
    ways = html.fromstring(window.shown.text).xpath("//form[contains(@action, '/account/sessions/')]/@action")
    assert len(ways) == 3, "two others, and all others"
    window.submit(ways[0])
    assert sorted(other.open("/account").heading for other in others) == ["Sign in", "Your account"]
    window.open("/account").submit("/account/sessions/end-others")
    assert [other.open("/account").heading for other in others] == ["Sign in", "Sign in"]
    assert window.open("/account").heading == "Your account"
    settle(service)


def test_nobody_ends_a_session_of_somebody_else(
    window: Window, open_window: Callable[[], Window], service: Service
) -> None:
    sign_in(window, service)
    other = open_window()
    sign_in(other, service, "other@example.org")
    ask(service, "other@example.org")
    mailed = newest_mail(service).token
    second = open_window().open(f"/sign-in/{mailed}").submit(f"/sign-in/{mailed}")
    other.open("/account")
    assert other.shown is not None
    (way, *_) = html.fromstring(other.shown.text).xpath("//form[contains(@action, '/account/sessions/0')]/@action")
    token = window.open("/account").fields("/sign-out")["token"]
    assert window.send(way, {"token": token}).status == 404
    assert second.open("/account").heading == "Your account"


def test_somebody_enrols_an_authenticator_by_choice_and_makes_new_recovery_codes(
    window: Window, service: Service
) -> None:
    sign_in(window, service)
    window.open("/account/authenticator").submit("/account/authenticator/begin")
    secret = base64.b32decode(window.text.split("Type this secret into the app: ")[1].split()[0])
    assert window.submit("/account/authenticator", code="000000").status == 422
    window.submit("/account/authenticator", code=totp.code_at(secret, totp.step_at(service.clock())))
    assert window.heading == "Your recovery codes"
    window.open("/account").submit("/account/recovery-codes")
    assert window.heading == "Your recovery codes"
    assert "10 recovery codes left" in window.open("/account").text
    settle(service)


def test_the_code_of_the_authenticator_is_drawn_without_style_or_script(window: Window, service: Service) -> None:
    sign_in(window, service)
    window.open("/account/authenticator").submit("/account/authenticator/begin")
    assert window.shown is not None
    (drawing,) = html.fromstring(window.shown.text).xpath("//svg[title]")
    assert not drawing.xpath(".//@style | .//script | .//@onload")
    assert "secret=" not in window.shown.text
