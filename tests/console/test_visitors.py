"""Who sees what: every page with every role, other sites' forms, and providers that are not the person's."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.console.routes import PageRoute, page_routes, role_of
from app.services.access import clients
from app.services.context import Service, operator, transact
from app.services.people import memberships, sessions
from app.store.people import sign_in as stored
from tests.harness.access.people import invite
from tests.harness.api import api_of, settle
from tests.harness.console import role_pages
from tests.harness.console.stronger import sign_in_manager
from tests.harness.console.windows import SAME_SITE, Window, sign_in

OWN, OTHER = "0008001", "0008002"
REPORT = f"/p/{OWN}/reports-here"
RANKS = ("reader", "reporter", "manager")
PEOPLE: dict[str, dict[str, Any]] = {
    "nobody": {},
    "reader": {"role": "reader"},
    "reporter": {"role": "reporter"},
    "manager": {"role": "manager"},
    "other-manager": {"role": "manager", "id": OTHER},
    "board": {"role": "board", "of": "board", "id": "ABA"},
    "other-board": {"role": "board", "of": "board", "id": "ABIM"},
    "operator": {"role": "operator", "of": "operator", "id": None},
}


def expected(person: str, role: str | None, path: str) -> int:
    """Return the status that somebody is answered with, as the site map says."""
    if role == "anybody":
        return 200
    if person == "nobody":
        return 303
    if role in ("person", "session"):
        return 200
    if role in RANKS:
        if person not in RANKS:
            return 404
        return 200 if RANKS.index(person) >= RANKS.index(role) else 403
    return 200 if person == role else 404


def confirmed(service: Service, window: Window) -> None:
    """Let the session of a window have its second factor."""

    def confirm(connection: Any) -> None:
        found = sessions.find(connection, window.cookie or "")
        assert found is not None
        stored.confirm_session(connection, found.session.session_id, service.clock())

    service.database.write(confirm)


def enter(window: Window, service: Service, person: str) -> Window:
    if person != "nobody":
        sign_in(window, service, f"{person}@example.org", **PEOPLE[person])
        confirmed(service, window)
    return window


def made_address(route: PageRoute) -> str:
    values = {"provider_id": OWN, "code": "ABA", "which": "rejected", "format": "xlsx", "day": "2021-12-20"}
    return re.sub(r"\{(\w+)(?::path)?\}", lambda found: values.get(found[1], "none-such"), route.path)


@pytest.mark.parametrize("person", PEOPLE)
def test_every_page_answers_every_role_as_the_site_map_says(
    window: Window, running_site: TestClient, service: Service, person: str
) -> None:
    enter(window, service, person)
    routes = page_routes(running_site.app)  # type: ignore[arg-type]
    faults, seen = [], set()
    for route in routes:
        role = role_of(route)
        assert role is not None, route.path
        seen.add(role)
        for method in sorted(route.methods - {"HEAD"}):
            if method == "GET":
                answer = window.browser.get(made_address(route))
            else:
                # Without the token of a session, so that nothing is done: who may not be here is told that first.
                answer = window.browser.request(method, made_address(route), data={"x": "y"}, headers=SAME_SITE)
            wanted, said = expected(person, role, route.path), answer.status_code
            allowed = _answers(method, wanted)
            if said not in allowed:
                faults.append(f"{method} {route.path} ({role}): {said}, not {sorted(allowed)}")
    assert not faults, "\n".join(faults)
    assert {"anybody", "person", "reader", "reporter", "manager", "board", "operator"} <= seen


def _answers(method: str, wanted: int) -> set[int]:
    """Return the statuses that come of being let in or not: a page that is let in may miss what it is about."""
    if method == "GET":
        return {200, 303, 404, 410} if wanted == 200 else {wanted}
    # 401 is the page by which one signs in; a form without a token is 403.
    return {200: {200, 303, 401, 403, 404, 405, 410, 415, 422}, 303: {401}, 403: {403}, 404: {404}}[wanted]


@pytest.mark.parametrize("person", ["reader", "operator"])
def test_a_provider_that_is_not_the_persons_answers_as_one_that_is_not_there(
    window: Window, service: Service, person: str
) -> None:
    enter(window, service, person)

    def answered(path: str) -> tuple[int, str, dict[str, str]]:
        answer = window.browser.get(path)
        text = answer.text.replace(answer.headers["x-request-id"], "").replace(path, "")
        headers = {
            name: value for name, value in answer.headers.items() if name not in ("x-request-id", "content-length")
        }
        return answer.status_code, text, headers

    foreign, absent = (answered(f"/p/{id}/reads") for id in (OTHER, "9999999"))
    assert foreign == absent
    assert foreign[0] == 404
    assert answered("/b/ABIM/decides")[0] == answered("/b/NONE/decides")[0] == 404


def test_an_operator_looks_at_a_providers_pages_and_changes_nothing(window: Window, service: Service) -> None:
    enter(window, service, "operator")
    shown = window.open(f"/operator/as/{OWN}/reads").shown
    assert shown is not None
    assert shown.json()["provider"] == OWN
    token = window.open("/account").fields("/sign-out")["token"]
    assert window.send(f"/operator/as/{OWN}/reads", {"token": token}).status == 403


def forgeries() -> Iterator[tuple[str, dict[str, str], dict[str, Any]]]:
    """Yield what a forged form looks like: its headers, and the token it has."""
    yield "other site", {"sec-fetch-site": "cross-site"}, {}
    yield "sister site", {"sec-fetch-site": "same-site"}, {}
    yield "typed address", {"sec-fetch-site": "none"}, {}
    yield "other origin", {"origin": "https://evil.example"}, {}
    yield "no origin", {}, {}
    yield "null origin", {"origin": "null"}, {}
    yield "no token", SAME_SITE, {"token": None}
    yield "other token", SAME_SITE, {"token": "0" * 64}
    yield "two tokens", SAME_SITE, {"token": "twice"}


@pytest.mark.parametrize(
    ("headers", "changed"), [made[1:] for made in forgeries()], ids=[made[0] for made in forgeries()]
)
def test_a_forged_form_changes_nothing(
    window: Window, service: Service, headers: dict[str, str], changed: dict[str, Any]
) -> None:
    sign_in(window, service)
    token = window.open("/account").fields("/sign-out")["token"][0]
    role_pages.TAKEN.clear()
    given: dict[str, Any] = {"token": token, "name": "x"}
    if "token" in changed:
        given["token"] = {None: [], "twice": [token, token]}.get(changed["token"], changed["token"])
    for path in (REPORT, "/account", "/sign-out"):
        answer = window.browser.post(path, data=given, headers=headers)
        assert answer.status_code == 403, path
    assert role_pages.TAKEN == []
    assert window.open("/account").status == 200


def test_a_form_of_another_session_of_the_same_person_changes_nothing(
    window: Window, open_window: Callable[[], Window], service: Service
) -> None:
    sign_in(window, service)
    foreign = window.open("/account").fields("/sign-out")["token"]
    other = open_window()
    sign_in(other, service, "other@example.org")
    assert other.send(REPORT, {"token": foreign}).status == 403
    assert other.open(REPORT).status == 200


def test_an_older_browser_says_where_a_form_comes_from_by_its_origin(window: Window, service: Service) -> None:
    sign_in(window, service)
    token = window.open("/account").fields("/sign-out")["token"]
    sent = {"data": {"token": token, "name": "x"}, "headers": {"origin": "https://testserver"}}
    assert window.browser.post(REPORT, **sent).status_code == 200  # type: ignore[arg-type]


@pytest.mark.parametrize("path", ["/sign-in", "/sign-in/code", "/sign-in/demo", "/sign-in/x"])
def test_nobody_is_signed_in_by_a_form_of_another_site(window: Window, path: str) -> None:
    answer = window.browser.post(path, data={"address": "willa@example.org"}, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403


def test_a_form_that_is_read_as_it_arrives_calls_nothing_before_its_token_was_looked_at(
    window: Window, service: Service
) -> None:
    sign_in(window, service)
    token = window.open("/account").fields("/sign-out")["token"][0]
    files = {"token": (None, token), "file": ("rows.tab", b"x")}
    answer = window.browser.post(f"/p/{OWN}/arrives", files=files, headers=SAME_SITE)
    assert answer.json() == {"before": "refused", "after": OWN}
    files["token"] = (None, "x" * 64)
    assert window.browser.post(f"/p/{OWN}/arrives", files=files, headers=SAME_SITE).status_code == 403


@pytest.mark.parametrize("sent", [{"files": {"token": (None, "x")}}, {"json": {}}, {"content": b"token=x"}, {}])
def test_what_is_no_form_of_a_page_is_refused_on_every_page(
    window: Window, service: Service, sent: dict[str, Any]
) -> None:
    sign_in_manager(window, service)
    for route in page_routes(window.browser.app):  # type: ignore[arg-type]
        if "POST" in (route.methods or ()) and route.path.startswith("/p/{provider_id}"):
            path = re.sub(r"{[a-z_]+}", "x", route.path.replace("{provider_id}", OWN))
            status = window.browser.post(path, headers=SAME_SITE, **sent).status_code
            assert status in (403, 404, 411, 415, 422), (path, status)


def test_the_end_of_a_membership_closes_its_pages_at_once(window: Window, service: Service) -> None:
    invited = invite(service, "willa@example.org", "reader", id=OTHER)
    sign_in(window, service)
    assert window.open(f"/p/{OTHER}/reads").status == 200
    transact(operator(service), memberships.remove, invited.client_id)
    assert window.open(f"/p/{OWN}/reads").heading == "Sign in"
    settle(service)


def test_a_vendors_grant_that_is_taken_closes_its_pages_at_once(window: Window, service: Service, http: Any) -> None:
    vendor = api_of(http, service, "vendor", role="vendor")
    transact(operator(service), clients.grant, vendor.client_id, OWN)
    sign_in(window, service, "v@example.org", "reporter", of="vendor", id=vendor.client_id)
    assert window.open(REPORT).status == 200
    transact(operator(service), clients.revoke, vendor.client_id, OWN)
    assert window.open(REPORT).status == 404


def test_a_name_of_the_demo_is_signed_in_by_nobody_without_a_demo(window: Window) -> None:
    for address in ("/", "/sign-in"):
        assert "Enter as" not in window.open(address).text
    assert window.send("/sign-in/demo", {"as": "operator"}).status == 404
    assert window.cookie is None


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("clerk", f"/p/{OWN}"), ("manager", f"/p/{OWN}"), ("reader", f"/p/{OWN}"), ("vendor", f"/p/{OWN}"),
        ("board", "/b/ABA"), ("operator", "/operator"),
    ],
)  # fmt: skip
def test_one_enters_the_demo_with_a_click(browser: TestClient, service: Service, key: str, path: str) -> None:
    browser.headers["host"] = "127.0.0.1:8000"
    window = Window(browser)
    assert "Enter as" in window.open("/sign-in").text
    window.open("/").submit("/sign-in/demo", **{"as": key})
    assert window.open("/account").heading == "Your account"
    for _ in range(2):
        window.send("/sign-in/demo", {"as": key})
    settle(service)


def test_nobody_enters_a_demo_under_another_name_of_this_machine(browser: TestClient) -> None:
    browser.headers["host"] = "evil.example"
    window = Window(browser)
    for address in ("/", "/sign-in"):
        assert "Enter as" not in window.open(address).text
    assert window.send("/sign-in/demo", {"as": "operator"}).status == 404


def test_an_address_that_asks_for_very_many_links_has_to_wait(window: Window) -> None:
    answers = [window.send("/sign-in", {"address": f"n{number}@example.org"}).status for number in range(104)]
    assert answers[:100] == [200] * 100
    assert 429 in answers[100:]
