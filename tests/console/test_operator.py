"""The operator side: what waits, providers, boards, questions and candidates, the registry, people, the log."""

from __future__ import annotations

import json

import pytest

from app.services.context import Service
from tests.builders.bodies import tina
from tests.builders.people import import_people
from tests.harness.access.people import mails
from tests.harness.api import Api, settle
from tests.harness.clock import ManualClock
from tests.harness.console.stronger import sign_in_manager, sign_in_operator
from tests.harness.console.windows import Window
from tests.harness.held import NORA, hold, nora

DATABASES = ["sqlite"]
PAGES = [
    "", "/work", "/providers", "/boards", "/overdue", "/misses", "/disputes", "/registry", "/registry/x/merge",
    "/people", "/audit", "/as/0008001",
]  # fmt: skip


@pytest.fixture
def operator(window: Window, service: Service) -> Window:
    """An operator's window."""
    sign_in_operator(window, service)
    return window


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_shown_to_an_operator_alone(window: Window, service: Service, path: str) -> None:
    sign_in_manager(window, service)
    assert window.open(f"/operator{path}").status == 404
    sign_in_operator(window, service)
    assert window.open(f"/operator{path}").status == 200


def test_what_waits_stands_first(operator: Window, api: Api, service: Service, clock: ManualClock) -> None:
    assert "Nothing waits for you" in operator.open("/operator").text
    held_id = hold(api, nora()).json["held_id"]
    api.post(f"/v1/held-records/{held_id}/ask", {"message": "Who is she?"})
    api.report(tina())
    settle(service)
    clock.now = clock.now.replace(day=22)
    sign_in_operator(operator, service, "second@example.org")
    operator.open("/operator")
    assert "1 question about records without a match" in operator.text
    assert "ABA owes" in operator.text
    assert "ABA" in operator.open("/operator/overdue").text
    assert "left its feed" not in operator.text
    assert "How long has each board left its feed unread?" in operator.open("/operator/boards").text
    assert "has left its oldest for" in operator.text


def test_a_question_is_shown_with_its_candidates_and_answered(operator: Window, api: Api, service: Service) -> None:
    held_id = hold(api, nora()).json["held_id"]
    api.post(f"/v1/held-records/{held_id}/ask", {"message": "Who is she?"})
    import_people(service, NORA | {"first_name": "Eleonora", "licenses": "TN-M:909091"})
    operator.open("/operator/misses")
    (way,) = operator.tree.xpath("//a[starts-with(@href, '/operator/misses/')]/@href")
    operator.open(way)
    assert "Who is she?" in operator.text
    assert "Quillfeather" in operator.text
    operator.submit(way, **{"/message": "", "/action": "answer"})
    assert operator.status == 422
    assert "Nothing was changed" in operator.text
    operator.submit(way, **{"/message": "kept", "/action": "link", "/physician_id": "nobody"})
    assert operator.status == 422
    assert operator.fields(way)["/message"][0].strip() == "kept"
    operator.submit(way, **{"/message": "Ask her for the state.", "/action": "answer", "/physician_id": ""})
    assert "It was answered" in operator.text
    assert api.get(f"/v1/held-records/{held_id}").json["help"]["answer"] == "Ask her for the state."
    assert "Ask her for the state." in operator.open(way).text
    settle(service)


def test_the_registry_is_searched_with_a_reason_that_the_log_keeps(operator: Window, service: Service) -> None:
    operator.open("/operator/registry").submit("/operator/registry", **{"/last_name": "Karacme"})
    assert operator.status == 422
    assert "Say why you look" in operator.text
    assert operator.fields("/operator/registry")["/last_name"] == ["Karacme"]
    operator.submit("/operator/registry", reason="help-request")
    assert "Tina Karacme" in operator.text
    assert operator.shown is not None
    assert "Karacme" not in str(operator.shown.url)
    (way,) = operator.tree.xpath("//form[starts-with(@action, '/operator/registry/')]/@action")
    operator.submit(way)
    assert "35867909" in operator.text
    settle(service)
    operator.open("/operator/audit?noun=registry-search")
    assert "search registry-search" in operator.text
    assert "reason: help-request" in operator.text
    assert "Karacme" not in operator.text


def test_a_search_for_nothing_is_refused(operator: Window, service: Service) -> None:
    operator.open("/operator/registry").submit("/operator/registry", reason="fault")
    assert operator.status == 422
    assert "Nothing is looked for" in operator.text


def test_the_log_is_filtered_and_followed(operator: Window, service: Service) -> None:
    settle(service)
    operator.open("/operator/audit")
    assert "Sealed up to" in operator.text
    first = operator.tree.xpath("string(//tbody)")
    (older,) = operator.tree.xpath("//a[@rel='next']/@href")
    assert operator.open(older).tree.xpath("string(//tbody)") != first
    assert "Nothing fits" in operator.open("/operator/audit?verb=none-such").text
    assert operator.open("/operator/audit?after=nonsense").status == 422


def test_somebody_is_invited_to_a_board(operator: Window, service: Service) -> None:
    given = {"/address": "alex@example.org", "/client_role": "board", "/id": "NONE", "/role": "board"}
    operator.open("/operator/people").submit("/operator/people", **given)
    assert operator.status == 422
    assert operator.fields("/operator/people")["/id"] == ["NONE"]
    operator.submit("/operator/people", **{"/id": "ABA"})
    assert "They were invited" in operator.text
    assert mails(service)[-1].to == "alex@example.org"
    operator.open("/operator/people").submit("/operator/people", **{"/address": "x@example.org"})
    assert operator.status == 422
    settle(service)


def test_no_name_stands_in_the_log(operator: Window, service: Service) -> None:
    operator.open("/operator/registry").submit("/operator/registry", **{"/last_name": "Karacme", "reason": "fault"})
    settle(service)
    shown = operator.browser.get("/operator/audit?noun=registry-search").text
    assert "Karacme" not in json.dumps(shown)
