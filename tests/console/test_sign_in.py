"""Signing in by the pages' own forms: link, code, authenticator, and what waits goes on."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from app.domain.people import totp
from app.services.context import Service, operator, transact
from app.services.people import totp as factors
from tests.harness.access.people import invite, mails, token_of
from tests.harness.api import settle
from tests.harness.clock import ManualClock
from tests.harness.console import role_pages
from tests.harness.console.windows import Window, newest_mail, sign_in

FORM = "/p/0008001/reports-here"


def enrol(window: Window, service: Service) -> tuple[bytes, list[str]]:
    """Enrol an authenticator on the page that shows its secret; return that and the recovery codes."""
    secret = base64.b32decode(window.text.split("Type this secret into the app: ")[1].split()[0])
    assert window.submit("/sign-in/factor/enrol", code="000000").status == 422
    window.submit("/sign-in/factor/enrol", code=totp.code_at(secret, totp.step_at(service.clock())))
    codes = [word for word in window.text.split() if word.count("-") == 2]
    window.submit("/sign-in/continue")
    return secret, codes


def test_a_link_shows_a_button_and_signs_in_when_it_is_pressed(
    window: Window, open_window: Callable[[], Window], service: Service
) -> None:
    token = token_of(invite(service))
    for _ in range(3):
        assert window.open(f"/sign-in/{token}").status == 200
        assert window.cookie is None
    window.submit(f"/sign-in/{token}")
    assert window.open(FORM).status == 200
    other = open_window()
    assert other.open(f"/sign-in/{token}").status == 410
    assert other.send(f"/sign-in/{token}").status == 410
    settle(service)


def test_the_cookie_is_for_this_host_over_tls_and_for_the_server_alone(window: Window, service: Service) -> None:
    token = token_of(invite(service))
    answer = window.browser.post(f"/sign-in/{token}", headers={"sec-fetch-site": "same-origin"})
    (cookie,) = [given for given in answer.headers.get_list("set-cookie") if given.startswith("__Host-pars=")]
    assert set(cookie.split("; ")[1:]) == {"Path=/", "Max-Age=43200", "HttpOnly", "SameSite=Lax", "Secure"}


def test_asking_answers_the_same_for_whoever_is_asked_about(window: Window, service: Service) -> None:
    invite(service)

    def asked(address: str) -> str:
        shown = window.open("/sign-in").submit("/sign-in", address=address).shown
        assert shown is not None
        return "\n".join(
            line
            for line in shown.text.replace(address, "ADDRESS").splitlines()
            if "attempt" not in line and "key" not in line
        )

    assert asked("willa@example.org") == asked("nobody@example.org")
    assert window.open("/sign-in").submit("/sign-in", address="no address").status == 422


def test_the_code_of_the_mail_signs_in_and_goes_on_to_the_page_that_was_asked_for(
    window: Window, service: Service
) -> None:
    invite(service)
    window.open(FORM)
    assert window.heading == "Sign in"
    window.submit("/sign-in", address="willa@example.org")
    right = newest_mail(service).code
    window.submit("/sign-in/code", code=f"{(int(right) + 1) % 1_000_000:06d}")
    assert window.status == 422
    window.submit("/sign-in/code", code=right)
    assert window.shown is not None
    assert window.shown.json()["role"] == "reporter"
    assert window.shown.url.path == FORM


@pytest.mark.parametrize("next", ["//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil.example"])
def test_signing_in_never_leads_to_another_site(window: Window, service: Service, next: str) -> None:
    invite(service)
    fields = {"address": "willa@example.org", "next": next}
    window.send("/sign-in", fields)
    code = newest_mail(service).code
    answer = window.browser.post(
        "/sign-in/code", data=window.fields("/sign-in/code") | {"code": code, "next": next},
        headers={"sec-fetch-site": "same-origin"},
    )  # fmt: skip
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"


def test_a_manager_enrols_an_authenticator_and_is_asked_for_its_codes(
    window: Window, open_window: Callable[[], Window], service: Service, clock: ManualClock
) -> None:
    sign_in(window, service, "m@example.org", "manager")
    assert window.heading == "One more step"
    assert window.open("/p/0008001/manages").heading == "Enrol an authenticator"
    window.open("/p/0008001/reads")
    window.open("/sign-in/factor")
    secret, codes = enrol(window, service)
    assert len(codes) == 10
    assert window.open("/p/0008001/manages").status == 200
    clock.now += timedelta(minutes=5)
    other = open_window()
    other.open("/p/0008001/manages").submit("/sign-in", address="m@example.org")
    other.submit("/sign-in/code", code=newest_mail(service).code).submit("/sign-in/factor/ask")
    assert other.heading == "Code of your authenticator"
    code = totp.code_at(secret, totp.step_at(clock.now))
    assert other.submit("/sign-in/factor", code="000000").status == 422
    other.submit("/sign-in/factor", code=code)
    assert other.shown is not None
    assert other.shown.url.path == "/p/0008001/manages"
    third = open_window()
    third.open("/sign-in").submit("/sign-in", address="m@example.org")
    third.submit("/sign-in/code", code=newest_mail(service).code).submit("/sign-in/factor/ask")
    assert third.submit("/sign-in/factor", code=code).status == 422, "a code works once"
    third.submit("/sign-in/factor", code=codes[0].upper())
    assert third.open("/p/0008001/manages").status == 200
    assert "9 are left" in newest_mail(service).body
    settle(service)


def test_a_session_without_the_second_factor_opens_nothing(window: Window, service: Service) -> None:
    sign_in(window, service, "o@example.org", "operator", of="operator", id=None)
    for path in ("/operator/runs", "/whoever", "/account"):
        assert window.open(path).heading == "Enrol an authenticator"


def test_five_wrong_codes_end_the_session(window: Window, service: Service) -> None:
    person_id = sign_in(window, service, "m@example.org", "manager")
    window.open("/sign-in/factor")
    enrol(window, service)
    window.open("/account").submit("/sign-out")
    window.open("/sign-in").submit("/sign-in", address="m@example.org")
    window.submit("/sign-in/code", code=newest_mail(service).code).submit("/sign-in/factor/ask")
    for _ in range(5):
        assert window.submit("/sign-in/factor", code="000000").status == 422
    window.submit("/sign-in/factor", code="000000")
    assert "Too many codes were wrong" in window.text
    assert window.open("/p/0008001/reads").heading == "Sign in"
    transact(operator(service), factors.reset, person_id)
    settle(service)


def test_a_form_that_came_after_the_end_of_the_session_goes_on_after_signing_in(
    window: Window, service: Service, clock: ManualClock
) -> None:
    sign_in(window, service)
    role_pages.TAKEN.clear()
    token = window.open("/account").fields("/sign-out")["token"][0]
    clock.now += timedelta(hours=13)
    sent = {"token": token, "key": "kept", "/learner/first_name": "Tina & <b>", "/board": ["ABA", "ABIM"], "blank": ""}
    window.send(FORM, sent)
    assert window.status == 401
    assert "goes on" in window.text
    assert "Tina" not in (window.shown.text if window.shown else ""), "it is sealed"
    window.submit("/sign-in", address="willa@example.org")
    window.submit("/sign-in/code", code=newest_mail(service).code)
    assert window.heading == "You are signed in again"
    assert role_pages.TAKEN == []
    window.submit(FORM)
    (taken,) = role_pages.TAKEN
    assert taken.pop("token") != [token]
    assert taken == {"key": ["kept"], "/learner/first_name": ["Tina & <b>"], "/board": ["ABA", "ABIM"], "blank": [""]}


def test_in_the_demo_a_form_goes_on_after_one_click(browser: TestClient, clock: ManualClock) -> None:
    browser.headers["host"] = "127.0.0.1:8000"
    window = Window(browser)
    window.open("/").submit("/sign-in/demo", **{"as": "clerk"})
    at = "/p/0008001/validate"
    sent = window.open(at).fields(at) | {"/first_name": "Rebecca", "/last_name": "Test"}
    clock.now += timedelta(hours=3)
    assert window.send(at, sent).status == 401
    window.submit("/sign-in/demo", **{"as": "clerk"})
    assert window.heading == "You are signed in again"
    assert window.submit(at).fields(at)["/first_name"] == ["Rebecca"]
    clock.now += timedelta(hours=3)
    window.send(at, sent | {"token": window.fields(at)["token"]}).submit("/sign-in/demo", **{"as": "reader"})
    assert "You are signed in again" not in window.text


def test_what_waits_goes_on_after_a_second_factor_too(window: Window, service: Service, clock: ManualClock) -> None:
    sign_in(window, service, "m@example.org", "manager")
    window.open("/sign-in/factor")
    secret, _ = enrol(window, service)
    role_pages.TAKEN.clear()
    token = window.open("/account").fields("/sign-out")["token"][0]
    clock.now += timedelta(hours=3)
    window.send(FORM, {"token": token, "key": "kept", "name": "Tina"})
    window.submit("/sign-in", address="m@example.org")
    window.submit("/sign-in/code", code=newest_mail(service).code)
    window.submit("/sign-in/factor/ask")
    window.submit("/sign-in/factor", code=totp.code_at(secret, totp.step_at(clock.now)))
    window.submit(FORM)
    assert [taken["name"] for taken in role_pages.TAKEN] == [["Tina"]]


def test_what_waits_goes_on_where_the_link_was_opened_in_another_window(
    window: Window, service: Service, clock: ManualClock
) -> None:
    sign_in(window, service)
    role_pages.TAKEN.clear()
    token = window.open("/account").fields("/sign-out")["token"][0]
    clock.now += timedelta(hours=3)
    window.send(FORM, {"token": token, "name": "Tina"}).submit("/sign-in", address="willa@example.org")
    second = Window(window.browser)
    mailed = newest_mail(service).token
    second.open(f"/sign-in/{mailed}").submit(f"/sign-in/{mailed}")
    window.submit("/sign-in/continue")
    window.submit(FORM)
    assert [taken["name"] for taken in role_pages.TAKEN] == [["Tina"]]


def test_a_form_of_somebody_else_does_not_go_on(window: Window, service: Service, clock: ManualClock) -> None:
    sign_in(window, service)
    role_pages.TAKEN.clear()
    token = window.open("/account").fields("/sign-out")["token"][0]
    clock.now += timedelta(hours=3)
    window.send(FORM, {"token": token, "name": "Tina"})
    invite(service, "other@example.org", "reader")
    window.submit("/sign-in", address="other@example.org")
    window.submit("/sign-in/code", code=newest_mail(service).code)
    assert "signed in again" not in window.text
    assert role_pages.TAKEN == []


@pytest.mark.parametrize("given", ["", "0" * 64])
def test_a_form_without_the_token_of_the_session_that_ended_does_not_go_on(
    window: Window, service: Service, clock: ManualClock, given: str
) -> None:
    sign_in(window, service)
    clock.now += timedelta(hours=3)
    window.send(FORM, {"token": given, "name": "Tina"})
    assert window.status == 401
    assert "sealed" not in window.fields("/sign-in")
    assert "was not stored" in window.text


def test_signing_out_ends_the_session_and_forgets_the_cookie(window: Window, service: Service) -> None:
    sign_in(window, service)
    kept = window.cookie
    window.open("/account").submit("/sign-out")
    assert window.cookie is None
    window.browser.cookies.set("__Host-pars", kept or "", domain="testserver.local", path="/")
    assert window.open("/account").heading == "Sign in"


def test_mails_are_sent_to_nobody_who_did_not_ask(window: Window, service: Service) -> None:
    window.open("/sign-in").submit("/sign-in", address="nobody@example.org")
    assert mails(service) == []
