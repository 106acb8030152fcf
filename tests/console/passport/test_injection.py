"""Markup in whatever Passport's pages show: it stands there as text."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from fastapi import FastAPI
from lxml import html
from sqlalchemy import Connection

from app.services.context import Service
from app.store.sql import statements
from tests.browser.payloads import PAYLOADS, WALL
from tests.builders.bodies import an_activity
from tests.builders.disputes import disputed
from tests.console.passport.test_shares import opened, share
from tests.console.test_injection import behind_every_door, faults_of, kind_of
from tests.harness.api import Api, settle
from tests.harness.console.physicians import a_record
from tests.harness.console.stronger import sign_in_operator
from tests.harness.console.windows import Window

DATABASES = ["sqlite"]
WORD = "Zedekiah"
OpenWindow = Callable[[], Window]
LISTED: dict[str, Any] = {
    "title": f"{WORD} grand rounds", "description": f"About {WORD}.", "start_date": "2021-01-01",
    "end_date": "2021-12-31", "location": {"city": WORD, "state": "ME", "country": "USA"},
}  # fmt: skip
ADDRESSES = (
    "javascript:window.ran=1", "JaVaScRiPt:window.ran=1//", "data:text/html,<script>window.ran=1</script>",
    " javascript:window.ran=1", "java\tscript:window.ran=1", "vbscript:window.ran=1", "//elsewhere.example/",
    "https://user@elsewhere.example/", *(payload for payload in PAYLOADS if "<" in payload),
)  # fmt: skip


def listing(url: str) -> dict[str, Any]:
    return {"public": True, "url": url, "fee": "no", "registration": "open", "specialties": [WORD]}


def page_of(window: Window, path: str) -> str:
    """Open a page; return it as it was sent."""
    shown = window.open(path).shown
    assert shown is not None and shown.status_code == 200, path
    return shown.text


@pytest.fixture
def at_once(app: FastAPI) -> None:
    """Each search looks for what has changed."""
    app.state.listed_activities.refresh_seconds = 0


@pytest.mark.usefixtures("at_once")
def test_stored_markup_is_text_on_every_page_of_passport(
    physician: Window, open_window: OpenWindow, provider: Api, api: Api, service: Service
) -> None:
    made = api.register(**an_activity(**LISTED, listing=listing(f"https://example.org/{WORD}"),
                                      moc=[{"board": "ABA", "points": 1, "credit_types": ["Lifelong Learning"],
                                            "content_outline": ["1.2.3"], "attested": True}]))  # fmt: skip
    assert made.status == 201, made.json
    completion_id, _ = a_record(provider)
    dispute = disputed(service, completion_id, "amount", f"{WORD} was there.")
    link = share(physician, **{"/receiver": f"For {WORD}"})
    physician.open("/passport/transcript").submit("/passport/transcript/publish")
    code = str(physician.tree.xpath("string((//*[@id='published']//tbody//span[@class='id'])[1])"))
    settle(service)
    service.database.write(_mark_up)
    boss, anybody = open_window(), open_window()
    sign_in_operator(boss, service)
    search = "/passport?past=true"
    pages = [
        (anybody, search), (anybody, f"{search}&q={WORD}"), (anybody, f"{search}&q=%3Cscript%3E"),
        (anybody, f"/passport/activities/{made.json['activity_id']}"), (anybody, "/passport/boards"),
        (anybody, f"/verify/{code}"), (anybody, "/passport/join"), (physician, "/passport/credits"),
        (physician, f"/passport/credits/{completion_id}"), (physician, f"/passport/credits/{completion_id}/dispute"),
        (physician, f"/passport/credits/{completion_id}/permission"), (physician, "/passport/transcript"),
        (physician, f"/passport/disputes/{dispute.dispute_id}"), (physician, "/passport/shares"),
        (physician, "/passport/settings"), (physician, "/passport/settings/permission/0008002"),
        (boss, "/operator/passport"), (boss, "/operator/passport/disputes"),
        (boss, f"/operator/passport/disputes/{dispute.dispute_id}"),
    ]  # fmt: skip
    texts = {path: page_of(window, path) for window, path in pages}
    shown = opened(open_window(), link).shown
    assert shown is not None
    texts["/s/x"] = shown.text
    faults = [f"{path}: {fault}" for path, text in texts.items() for fault in faults_of(text)]
    assert faults == [], "\n".join(faults)
    seen = {kind_of(path) for path, text in texts.items() if WALL in "\n".join(html.fromstring(text).itertext())}
    wanted = {"/passport", "/passport/activities/*", "/passport/credits", "/passport/disputes/*", "/s/x",
              "/passport/settings", "/passport/transcript", "/passport/shares",
              "/operator/passport/disputes/*"}  # fmt: skip
    assert wanted - seen == set()


def _mark_up(connection: Connection) -> None:
    """Put markup where words were written: titles, sentences, receivers, and the names of providers."""
    behind_every_door(connection)
    statements.execute(connection, "UPDATE providers SET name = :wall WHERE provider_id = '0008002'", {"wall": WALL})


@pytest.mark.usefixtures("at_once")
def test_an_address_that_is_none_never_becomes_a_link(open_window: OpenWindow, api: Api, service: Service) -> None:
    made = api.register(**an_activity(**LISTED, listing=listing("https://example.org/"))).json["activity_id"]
    anybody = open_window()
    for address in ADDRESSES:
        refused = api.send("PATCH", f"/v1/activities/{made}", json={"listing": listing(address)},
                           headers={"If-Match": "*"})  # fmt: skip
        assert refused.status in (200, 422)
        # Past every door, as an earlier version may have stored it.
        service.database.write(partial(_put_address, made, address))
        for path in ("/passport?past=true&q=Zedekiah", f"/passport/activities/{made}"):
            answer = anybody.open(path).shown
            assert answer is not None and answer.status_code == 200
            links = [
                link for link in html.fromstring(answer.text).xpath("//@href") if "elsewhere" in link or "ran" in link
            ]
            assert links == [], (path, address)
            assert list(faults_of(answer.text)) == []


def _put_address(activity_id: str, address: str, connection: Connection) -> None:
    changed = "json_set(details, '$.listing.url', :url)"
    statements.execute(
        connection,
        f"UPDATE activities SET details = {changed}, updated_at = :at WHERE activity_id = :id",
        {"url": address, "id": activity_id, "at": f"2021-12-20 15:00:00.{abs(hash(address)) % 1_000_000:06}"},
    )
