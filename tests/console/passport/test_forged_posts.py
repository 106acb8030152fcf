"""Forged posts at each form of Passport, and at those of the operator and of boards that belong to it: nothing changes.

A form of somebody who is signed in has a token of the session. The public ones (join, sign in, verify, links) have no
session to be abused: a page of ours has to send them, and a session that is there beside is neither read nor changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.console.routes import PageRoute, page_routes, role_of
from app.services.context import Service
from app.store.sql import statements
from tests.console.passport.test_address_changes import link_to
from tests.console.passport.test_joining import ask, link_in
from tests.console.passport.test_shares import share
from tests.console.passport.test_transcripts import publish
from tests.console.test_visitors import forgeries
from tests.harness.access.people import invite, mails, token_of
from tests.harness.api import settle
from tests.harness.console.stronger import sign_in_board, sign_in_operator
from tests.harness.console.windows import SAME_SITE, Window

OpenWindow = Callable[[], Window]
WHERE = ("/passport", "/operator/passport", "/s/", "/verify", "/sign-in", "/b/{code}/licensees")
GOES_ON = "/sign-in/continue"
"""It changes nothing: it leads to where somebody was."""
FOREIGN = "0" * 64
NEW = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
"""The id of a request."""


def forms(http: TestClient, *, public: bool) -> list[PageRoute]:
    """Return the forms of Passport: those that anybody sends, or the others."""
    found = [
        route for route in page_routes(http.app)  # type: ignore[arg-type]
        if "POST" in route.methods and route.path.startswith(WHERE) and (role_of(route) == "anybody") is public
        and route.path != GOES_ON
    ]  # fmt: skip
    assert len(found) >= 10
    return found


def stored(service: Service) -> list[tuple[Any, ...]]:
    """Return how much of everything that a form of Passport writes there is, and which sessions and links are used."""
    tables = ("passport_accounts", "passport_claims", "joining_codes", "transcripts", "passport_shares", "disputes",
              "withdrawn_permissions", "mails", "passport_share_views", "passport_periods", "address_changes",
              "sessions", "batches", "audit")  # fmt: skip
    counts = [f"(SELECT count(*) FROM {table})" for table in tables]
    counts += [
        f"(SELECT count(*) FROM {table} WHERE used_at IS NOT NULL)" for table in ("passport_claims", "sign_in_links")
    ]
    return service.database.read(
        lambda connection: [tuple(row) for row in statements.fetch(connection, f"SELECT {', '.join(counts)}")]
    )


def test_a_forged_post_changes_nothing_at_any_form_of_somebody_who_is_signed_in(
    http: TestClient, physician: Window, open_window: OpenWindow, service: Service
) -> None:
    boss, staff = open_window(), open_window()
    sign_in_operator(boss, service)
    sign_in_board(staff, service)
    own = {window: window.open("/account").fields("/sign-out")["token"][0] for window in (boss, staff, physician)}
    before = stored(service)
    faults = []
    for route in forms(http, public=False):
        window = {"/oper": boss, "/b/{c": staff}.get(route.path[:5], physician)
        filled = route.path.replace("{code}", "ABA").replace("{", "").replace("}", "")
        token = own[window]
        others = [one for one in own.values() if one != token]
        for name, headers, changed in [*forgeries(), ("another's token", SAME_SITE, {"token": others[0]})]:
            sent: Any = token
            if "token" in changed:
                sent = {None: [], "twice": [token, token]}.get(changed["token"], changed["token"])
            posts: list[dict[str, Any]] = [{"data": {"token": sent, "/receiver": "x"}}]
            if route.path.endswith("/lists"):
                parts = [("token", (None, one)) for one in ([sent] if isinstance(sent, str) else sent)]
                posts.append({"files": [*parts, ("file", ("l.csv", b"First Name,Last Name\nTina,Karacme\n"))]})
            for given in posts:
                status = window.browser.post(filled, headers=headers, **given).status_code
                # A form that is a file is none as fields, and says so before it is anybody's.
                refused = {403, 415, 422} if route.path.endswith("/lists") and changed else {403}
                if status not in refused:
                    faults.append(f"{route.path} ({name}): {status}")
    assert faults == [], "\n".join(faults)
    assert stored(service) == before


@pytest.fixture
def real(physician: Window, open_window: OpenWindow, service: Service) -> dict[str, str]:
    """Return, for each public form, its address with what really opens something."""
    link, code = share(physician), publish(physician)
    ask(open_window())
    joined = link_in(service)
    physician.open("/passport/settings").submit("/passport/settings/address", **{"/address": "new@physicians.example"})
    invited = token_of(invite(service, "staff@example.org"))
    settle(service)
    assert joined is not None
    return {
        "/s/{token}": link, "/s/{token}/pdf": f"{link}/pdf", "/verify/{code}/compare": f"/verify/{code}/compare",
        "/passport/join/{token}": joined, "/sign-in/{token}": f"/sign-in/{invited}",
        "/passport/address/{token}": link_to(service, "new@physicians.example"),
    }  # fmt: skip


FILLED = {
    "/passport/join": {
        "/first_name": "Willa", "/last_name": "Duncan", "/date_of_birth": "05/25", "/state": "CA",
        "/license_id": "70279062", "/address": "other@physicians.example",
    },
    "/sign-in": {"address": "staff@example.org"}, "/verify": {"code": "7K4M-9QXD-2TRA"},
}  # fmt: skip


def test_a_public_form_from_elsewhere_uses_nothing_up_and_counts_no_view_though_its_link_is_real(
    http: TestClient, open_window: OpenWindow, service: Service, real: dict[str, str]
) -> None:
    anybody, before = open_window(), stored(service)
    faults = []
    for route in forms(http, public=True):
        for name, headers, changed in forgeries():
            if "token" not in changed:
                path = real.get(route.path, route.path)
                status = anybody.browser.post(
                    path, data=FILLED.get(route.path, {"x": "y"}), headers=headers
                ).status_code
                if status != 403:
                    faults.append(f"{route.path} ({name}): {status}")
    assert faults == [], "\n".join(faults)
    assert anybody.cookie is None
    assert stored(service) == before


def test_a_public_form_answers_the_same_whatever_token_it_has_and_whoever_is_signed_in(
    http: TestClient, physician: Window, open_window: OpenWindow, service: Service
) -> None:
    """There is no session that a token could vouch for: one that is there beside is neither read nor changed."""
    own = physician.open("/account").fields("/sign-out")["token"][0]
    for route in forms(http, public=True):
        path = route.path.replace("{", "").replace("}", "")
        if path == "/sign-in/demo":
            continue
        said = set()
        for window in (physician, open_window()):
            for token in ([], [own], [FOREIGN], [own, own]):
                answer = window.browser.post(path, data={"token": token, "x": "y"}, headers=SAME_SITE)
                said.add((answer.status_code, NEW.sub("", answer.text)))
        assert len(said) == 1, path
        assert mails(service) == []
    assert physician.open("/passport/credits").heading == "My credits", "still signed in"
