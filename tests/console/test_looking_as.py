"""An operator at a provider's pages: all of them open, read only, under a banner, and each look is in the log."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from lxml import html

from app.console.pages.operator.as_provider import OWN, PARTS, PREFIX, SEARCHES, SHOWN
from app.console.routes import page_routes
from app.domain.clients import Role
from app.services.access import clients
from app.services.context import Service, operator, transact
from app.store.sql.statements import fetch_column
from tests.builders.bodies import tina
from tests.builders.sent_files import row, workbook
from tests.console.test_visitors import made_address
from tests.harness.api import Api, settle
from tests.harness.console.stronger import sign_in_manager, sign_in_operator
from tests.harness.console.windows import SAME_SITE, Window, sign_in
from tests.harness.held import hold, nora
from tests.harness.uploads import worked

DATABASES = ["sqlite"]
PROVIDER, OTHER = "0008001", "0008002"
HERE = f"/operator/as/{PROVIDER}"
BUT_FORMS = {
    "/activities/new", "/activities/{activity_id}/add", "/activities/{activity_id}/close",
    "/activities/{activity_id}/copy", "/activities/{activity_id}/delete", "/activities/{activity_id}/edit",
    "/activities/{activity_id}/session", "/completions/withdraw", "/completions/{completion_id}/correct",
    "/completions/{completion_id}/withdraw", "/settings/keys/{client_id}/end/{key_id}",
    "/settings/keys/{client_id}/revoke", "/settings/keys/{client_id}/permission/{what}",
    "/settings/people/{client_id}/remove", "/settings/vendors/{vendor_id}/revoke",
    "/settings/webhooks/{client_id}/{endpoint_id}/delete", "/uploads/new", "/uploads/{batch_id}/fix",
    "/uploads/{batch_id}/withdraw", "/validate",
}  # fmt: skip
"""Pages of a provider that only hold a form: there is nothing to see for who changes nothing."""


@pytest.fixture
def busy(api: Api, service: Service, window: Window) -> None:
    """A provider at which something stands on every page."""
    api.report(tina())
    hold(api, nora())
    worked(api, service, workbook([row(), row(Number_of_CME_Credits=2.1, Completion_Date="12/13/2021")]))
    sign_in(window, service, "reader@example.org", "reader")
    sign_in_manager(window, service)
    settings = f"/p/{PROVIDER}/settings"
    window.open(f"{settings}/keys").submit(f"{settings}/keys", **{"/name": "Their LMS"})
    window.open(f"{settings}/webhooks")
    (system,) = window.tree.xpath("//select[@name='system']/option[contains(., 'Their LMS')]/@value")
    window.submit(f"{settings}/webhooks", system=system, **{"/url": "https://lms.example.org/pars"})
    transact(operator(service), clients.create, "A vendor", role=Role.VENDOR, provider_ids=[PROVIDER])
    transact(operator(service), clients.create, "Others' LMS", role=Role.PROVIDER, provider_ids=[OTHER])


@pytest.fixture
def looking(busy: None, window: Window, service: Service) -> Window:
    """An operator's window."""
    sign_in_operator(window, service)
    return window


def walk(window: Window) -> dict[str, str]:
    """Follow every link below the provider's address; return the pages, empty for files, by address."""
    waiting, seen, pages = [HERE], set[tuple[str, frozenset[str]]](), dict[str, str]()
    while waiting:
        address = waiting.pop()
        parts = urlsplit(address)
        if (place := (parts.path, frozenset(parse_qs(parts.query)))) in seen:
            continue
        seen.add(place)
        answer = window.browser.get(address)
        if answer.status_code == 303:
            waiting.append(answer.headers["location"])
            continue
        assert answer.status_code == 200, (address, answer.status_code)
        shows = answer.headers["content-type"].startswith("text/html")
        pages[parts.path] = answer.text if shows else ""
        if shows:
            links = html.fromstring(answer.text).xpath("//a/@href")
            assert not [link for link in links if link.startswith("/p/")], address
            waiting += [link for link in links if link == HERE or link.startswith((f"{HERE}/", f"{HERE}?"))]
    return pages


def test_every_page_is_reached_says_that_it_is_looked_at_and_holds_nothing_that_writes(looking: Window) -> None:
    pages = walk(looking)
    for address, text in pages.items():
        if not text:
            continue
        page = html.fromstring(text)
        assert "Nothing can be changed here" in page.xpath("string(//header)"), address
        posting = [form.get("action") for form in page.xpath("//form[@method='post']")]
        assert all(action == address and action.endswith("/learners") for action in posting), address
        buttons = {" ".join(button.text_content().split()) for button in page.xpath("//button[@type='submit']")}
        assert {one for one in buttons if not one.startswith("Download ")} <= {"Search", "Apply"}, address
    reached = {path.removeprefix(HERE).strip("/").split("/")[0] for path in pages}
    assert reached >= {"", "activities", "learners", "summary", "completions", "uploads", "held", "reports", "settings"}
    files = [path for path, text in pages.items() if not text]
    assert any("/downloads/" in path for path in files)
    assert any(path.endswith("/files/rejected") for path in files)
    assert any("/settings/keys/" in path for path in pages)
    assert any("/settings/webhooks/" in path for path in pages)


def test_every_look_is_in_the_log_with_what_was_seen(looking: Window, service: Service) -> None:
    pages = walk(looking)
    settle(service)

    def read(connection: Any) -> list[str]:
        query = "SELECT fields FROM audit WHERE verb = 'look-as'"
        return fetch_column(connection, query, {})

    looks = service.database.read(read)
    assert {path.removeprefix(HERE) or "/" for path in pages} <= {json.loads(look)["page"] for look in looks}
    assert not any("Karacme" in look for look in looks)
    looking.open("/operator/audit?noun=provider&verb=look-as")
    assert "page: /" in looking.text


def test_the_log_says_which_records_were_downloaded(looking: Window, service: Service, api: Api) -> None:
    (tinas,) = [one["completion_id"] for one in api.completions() if one["learner"]["last_name"] == "Karacme"]
    ticked = {"completion": [tinas, "Tina Karacme"], "format": "csv"}
    answer = looking.browser.get(f"{HERE}/downloads/ticked", params=ticked)
    assert (answer.status_code, "Karacme" in answer.text) == (200, True)
    settle(service)
    fields = service.database.read(lambda c: fetch_column(c, "SELECT fields FROM audit WHERE verb = 'look-as'", {}))
    seen = {name: value for name, value in json.loads(fields[-1]).items() if name != "state"}
    assert seen == {"page": "/downloads/ticked", "completions": [tinas]}


def test_a_vendors_keys_are_not_among_those_that_expire_at_the_provider(looking: Window, service: Service) -> None:
    soon = service.clock() + timedelta(days=9)
    for role, expiring in ((Role.VENDOR, False), (Role.PROVIDER, True)):
        transact(operator(service), clients.create, "For a while", role=role, provider_ids=[PROVIDER], expires_at=soon)
        assert ("1 key, secret or client expires" in looking.open(HERE).text) is expiring, role


def test_a_search_finds_somebody_and_names_nobody_in_an_address(looking: Window, service: Service) -> None:
    looking.open(f"{HERE}/learners").submit(f"{HERE}/learners", last_name="Karacme")
    assert looking.shown is not None
    assert looking.shown.url.path == f"{HERE}/learners"
    assert "Tina Karacme" in looking.text
    assert "Karacme" not in str(looking.shown.url)
    looking.send(f"{HERE}/learners", {"last_name": "Karacme"})
    assert looking.status == 403


def test_what_is_not_there_is_not_noted(looking: Window, service: Service) -> None:
    assert looking.open(f"{HERE}/completions/none-such").status == 404
    assert looking.open("/operator/as/9999999/learners").status == 404
    settle(service)
    assert "Nothing fits" in looking.open("/operator/audit?noun=provider&verb=look-as").text


def test_no_form_of_a_providers_is_taken_from_an_operator(
    looking: Window, running_site: TestClient, service: Service
) -> None:
    token = looking.open("/account").fields("/sign-out")["token"]
    routes = [route for route in page_routes(running_site.app) if route.path.startswith(OWN)]  # type: ignore[arg-type]
    asks = {f"{PREFIX}/learners", f"{PREFIX}/activities/{{activity_id}}/learners"}
    tried = 0
    for route in routes:
        path = route.path.replace(OWN, PREFIX)
        if "POST" in route.methods and path not in asks:
            address = made_address(route).replace(f"/p/{PROVIDER}", HERE)
            answer = looking.browser.post(address, data={"token": token, "key": "k"}, headers=SAME_SITE)
            assert answer.status_code in (403, 404, 405), (address, answer.status_code)
            tried += 1
        if "GET" in route.methods:
            answer = looking.browser.post(made_address(route).replace(f"/p/{PROVIDER}", HERE), data={"token": token})
            assert answer.status_code in (403, 404, 405), route.path
    assert tried > 20


def test_every_page_of_a_providers_is_open_to_operators_or_but_a_form(running_site: TestClient) -> None:
    routes = page_routes(running_site.app)  # type: ignore[arg-type]
    own = {
        route.path.removeprefix(OWN)
        for route in routes
        if route.path.startswith(OWN) and "GET" in route.methods and route.endpoint.__module__.startswith("app.")
    }
    taken = {route.path.removeprefix(PREFIX) for route in routes if route.path.startswith(PREFIX)}
    taken &= own
    assert own - taken == BUT_FORMS
    assert len(taken) == len(SHOWN) + len(PARTS)
    assert len(SEARCHES) == 2


def test_settings_are_those_of_the_one_provider(looking: Window, service: Service) -> None:
    text = looking.open(f"{HERE}/settings/keys").text
    assert "Their LMS" in text
    assert "Others' LMS" not in text
    assert "A vendor" in looking.open(f"{HERE}/settings/vendors").text
    assert "morgan@example.org" in looking.open(f"{HERE}/settings/people").text
    assert "Nobody works here yet" in looking.open(f"/operator/as/{OTHER}/settings/people").text
    looking.open(f"/operator/as/{OTHER}/settings/keys")
    (theirs,) = looking.tree.xpath('//a[normalize-space()="Others\' LMS"]/@href')
    assert looking.open(theirs).status == 200
    assert looking.open(theirs.replace(OTHER, PROVIDER)).status == 404
