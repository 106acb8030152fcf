"""Home: what waits, for whom it can be dealt with, the uploads, and the figures."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from lxml import html

from app.console.pages import home
from app.services.context import Service
from app.services.looking import recent_figures
from tests.builders.bodies import a_completion, tina
from tests.harness.access.endpoints import end_failing, fail_endpoint
from tests.harness.api import Api, api_of
from tests.harness.board_views import decide
from tests.harness.clock import ManualClock
from tests.harness.console.stronger import sign_in_manager
from tests.harness.console.windows import Window, sign_in

DATABASES = ["sqlite"]
BASE = "/p/0008001"


def todo(window: Window) -> list[tuple[str, str]]:
    assert window.shown is not None
    found = html.fromstring(window.shown.text).xpath("//ul[@class='todo']/li")
    return [(row.xpath("string(.//b)"), row.xpath("string(.//a/@href)")) for row in found]


def test_what_waits_stands_first_with_the_most_harmful_on_top(window: Window, api: Api, service: Service) -> None:
    decide(service, api.report(tina()).json["credits"][0]["credit_id"], "rejected")
    sign_in(window, service)
    window.open(BASE)
    assert todo(window) == [
        ("1 credit was rejected by its board", f"{BASE}/reports/not-yet-accepted?status=rejected"),
        ("9 activities have ended and are not closed", f"{BASE}/reports/before-closing"),
    ]  # fmt: skip
    assert "1 ABA. Why: " in window.text
    assert window.text.startswith("2 things to do")
    for _, address in todo(window):
        assert window.open(address).status == 200
    assert "Tina Karacme" in window.open(f"{BASE}/reports/not-yet-accepted?status=rejected").text


def test_a_number_that_nobody_can_act_on_is_left_out(window: Window, service: Service) -> None:
    sign_in(window, service, role="reader")
    window.open(BASE)
    assert todo(window) == []
    assert "Nothing waits for you." in window.text
    assert "Upload a file" not in window.text


def test_a_manager_is_told_which_webhooks_of_the_providers_systems_fail(
    window: Window, open_window: Callable[[], Window], api: Api, service: Service, http: TestClient
) -> None:
    told = ("1 webhook endpoint fails", f"{BASE}/settings/webhooks")
    sign_in_manager(window, service)
    reporter = open_window()
    sign_in(reporter, service)
    # Another provider's, and one of a system that is nobody's to manage any more.
    fail_endpoint(service, api_of(http, service, "theirs", providers=["0008123"]))
    gone = api_of(http, service, "gone", providers=["0008001"])
    fail_endpoint(service, gone)
    assert api.post(f"/v1/clients/{gone.client_id}/revoke", {}).status == 200
    assert told not in todo(window.open(BASE))
    endpoint_id = fail_endpoint(service, api)
    assert told in todo(window.open(BASE))
    assert "lms.example.org" in window.open(told[1]).text
    assert "webhook" not in str(todo(reporter.open(BASE)))
    end_failing(service, endpoint_id)
    assert told not in todo(window.open(BASE))


def test_a_manager_is_told_which_keys_expire(
    window: Window, open_window: Callable[[], Window], api: Api, service: Service, clock: ManualClock
) -> None:
    soon = (clock.now + timedelta(days=20)).strftime("%Y-%m-%dT%H:%M:%SZ")
    sign_in_manager(window, service)
    reporter = open_window()
    sign_in(reporter, service)
    assert "expires" not in str(todo(window.open(BASE)))
    assert api.post(f"/v1/clients/{api.client_id}/keys", {"kind": "api-key", "expires_at": soon}).status == 201
    told = ("1 key, secret or client expires within 30 days", f"{BASE}/settings/keys")
    assert told in todo(window.open(BASE))
    assert "The next on 01/09/2022." in window.text
    assert "expires" not in str(todo(reporter.open(BASE)))


def test_a_vendors_manager_is_told_at_each_provider_which_webhooks_fail(
    window: Window, service: Service, http: TestClient
) -> None:
    vendor = api_of(http, service, "vendor", role="vendor", providers=["0008001", "0008123"])
    fail_endpoint(service, vendor, PARS_Provider="0008123")
    sign_in_manager(window, service, of="vendor", id=vendor.client_id)
    (listed,) = window.open("/").tree.xpath("//tr[.//a[@href='/p/0008123']] | //li[.//a[@href='/p/0008123']]")
    assert "1 webhooks failing" in " ".join(listed.text_content().split())
    assert window.text.count("webhooks failing") == 1
    assert todo(window.open("/p/0008123"))[-1][0] == "1 webhook endpoint fails"
    assert "webhook" not in str(todo(window.open(BASE)))


def test_figures_are_of_this_year_and_lead_to_what_they_count(window: Window, api: Api, service: Service) -> None:
    api.report(a_completion(completed_on="2021-03-01"))
    api.report(tina())
    sign_in(window, service)
    window.open(BASE)
    assert window.shown is not None
    shown = html.fromstring(window.shown.text)
    figures = {row.xpath("string(dt)"): " ".join(row.xpath("string(dd)").split())
               for row in shown.xpath("//dl[@class='figs']/div")}  # fmt: skip
    assert figures == {
        "Learners reported": "3", "CME credits": "1,009", "Within 30 days": "60 % of 5 records",
    }  # fmt: skip
    for address in shown.xpath("//dl[@class='figs']//a/@href"):
        assert window.open(address).status == 200
    assert "In the last 26 weeks" in window.open(BASE).text


def test_how_fast_boards_answer_is_told_once_some_have(window: Window, api: Api, service: Service) -> None:
    sign_in(window, service)
    for day in range(1, 6):
        assert "Boards answer" not in window.open(BASE).text
        decide(service, api.report(tina(f"2021-12-{day:02}")).json["credits"][0]["credit_id"], "accepted")
    (figure,) = window.open(BASE).tree.xpath("//dl[@class='figs']/div[dt='Boards answer within']/dd")
    assert " ".join(figure.text_content().split()) == "1 hour half of 5 answers"
    (address,) = figure.xpath("a/@href")
    assert "Half of 5 answers came within 1 hour" in window.open(address).text


def test_of_too_many_records_the_kept_counts_are_shown(
    window: Window, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = recent_figures.count

    def count(connection: object, caller: object) -> object:
        return counted(connection, caller, 2)  # type: ignore[arg-type]

    monkeypatch.setattr(home.recent_figures, "count", count)
    sign_in(window, service)
    window.open(BASE)
    assert "Pending, of all years11" in window.text
    assert "The report of the year has its figures." in window.text
    assert "Credits by week" not in window.text
