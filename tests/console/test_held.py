"""Held records: listed with the days they have left, asked about, corrected, set aside, and let wait again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.services.context import Service
from tests.builders.people import import_people
from tests.harness.api import Api, settle
from tests.harness.clock import ManualClock
from tests.harness.console.windows import Window, sign_in
from tests.harness.held import NORA, hold, nora

DATABASES = ["sqlite"]
LIST = "/p/0008001/held"


@pytest.fixture
def held_id(api: Api, service: Service, window: Window) -> str:
    """A record that waits, and a clerk who looks at it."""
    sign_in(window, service)
    return str(hold(api, nora()).json["held_id"])


def test_those_that_wait_are_listed_with_the_days_they_have_left(
    window: Window, held_id: str, clock: ManualClock
) -> None:
    assert "60 days left" in window.open(LIST).text
    clock.now += timedelta(hours=1)
    window.open(LIST)
    assert "59 days left" in window.text
    assert "Nora Quillfeather" in window.text
    assert window.tree.xpath(f"//a[@href='{LIST}/{held_id}']")
    assert "No such record" in window.open(f"{LIST}?status=refused").text
    assert "Nora" in window.open(f"{LIST}?status=any").text


def test_nothing_held_says_what_would_stand_there(window: Window, service: Service) -> None:
    sign_in(window, service)
    assert "Nothing is held" in window.open(LIST).text


def test_a_record_says_why_it_waits(window: Window, held_id: str) -> None:
    window.open(f"{LIST}/{held_id}")
    assert window.heading == "Nora Quillfeather"
    assert "Why it waits" in window.text
    assert "No learner was matched" in window.text


def test_the_operator_is_asked_and_the_question_stands_on_the_page(window: Window, held_id: str, api: Api) -> None:
    window.open(f"{LIST}/{held_id}").submit(f"{LIST}/{held_id}/ask", **{"/message": "She married in May."})
    assert "The operator was asked" in window.text
    assert "She married in May." in window.text
    assert api.get(f"/v1/held-records/{held_id}").json["help"]["message"] == "She married in May."
    assert "Asked" in window.open(LIST).text


def test_a_question_that_is_too_long_comes_back(window: Window, held_id: str) -> None:
    window.open(f"{LIST}/{held_id}").submit(f"{LIST}/{held_id}/ask", **{"/message": "x" * 3_000})
    assert window.status == 422
    assert "Nobody was asked" in window.text
    assert len(window.fields(f"{LIST}/{held_id}/ask")["/message"][0].strip()) == 3_000


def test_old_forms_neither_set_a_record_aside_nor_let_it_wait_again(
    window: Window, held_id: str, api: Api, service: Service
) -> None:
    here = f"{LIST}/{held_id}"

    def status() -> str:
        return str(api.get(f"/v1/held-records/{held_id}").json["status"])

    aside = window.open(here).fields(f"{here}/set-aside")
    window.send(f"{here}/set-aside", aside)
    assert status() == "set-aside"
    judged = window.open(here).fields(f"{here}/judge")
    window.send(f"{here}/judge", judged)
    assert status() == "waiting"
    window.send(f"{here}/set-aside", aside)
    assert "This form was sent before: nothing was done again." in window.text
    assert status() == "waiting"
    window.open(here).submit(f"{here}/set-aside")
    window.send(f"{here}/judge", judged)
    assert "This form was sent before: nothing was done again." in window.text
    assert status() == "set-aside"
    settle(service)


def test_set_aside_and_let_wait_again(window: Window, held_id: str, service: Service) -> None:
    window.open(f"{LIST}/{held_id}").submit(f"{LIST}/{held_id}/set-aside")
    assert "was set aside" in window.text
    assert "Nothing is held" in window.text
    assert "It was set aside by hand." in window.open(f"{LIST}/{held_id}").text
    window.submit(f"{LIST}/{held_id}/judge")
    assert "waits on" in window.text
    assert "days left" in window.text
    settle(service)


def test_a_correction_that_matches_becomes_a_record(window: Window, held_id: str, service: Service) -> None:
    window.open(f"{LIST}/{held_id}")
    window.submit(
        f"{LIST}/{held_id}/correct",
        **{"/learner/first_name": "Rebecca", "/learner/last_name": "Test", "/learner/date_of_birth": "02/01",
           "/cme/0/license_id": "444444"},
    )  # fmt: skip
    assert "The learner was matched: the record counts." in window.text
    assert "Accepted" in window.text
    settle(service)


def test_a_correction_that_a_rule_refuses_comes_back_with_every_value(window: Window, held_id: str, api: Api) -> None:
    window.open(f"{LIST}/{held_id}")
    window.submit(f"{LIST}/{held_id}/correct", **{"/learner/last_name": "Feather", "/learner/date_of_birth": "13/45"})
    assert window.status == 422
    assert "Nothing was changed" in window.text
    fields = window.fields(f"{LIST}/{held_id}/correct")
    assert fields["/learner/date_of_birth"] == ["13/45"]
    assert fields["/learner/last_name"] == ["Feather"]
    assert api.get(f"/v1/held-records/{held_id}").json["report"]["learner"]["last_name"] == "Quillfeather"


def test_a_correction_of_what_somebody_else_changed_loses_nothing(window: Window, held_id: str) -> None:
    window.open(f"{LIST}/{held_id}")
    stale = window.fields(f"{LIST}/{held_id}/correct")
    window.submit(f"{LIST}/{held_id}/ask", **{"/message": "Meanwhile."})
    window.send(f"{LIST}/{held_id}/correct", stale | {"/learner/first_name": "Norah"})
    assert window.status == 412
    assert "Somebody else changed this record" in window.text
    assert window.fields(f"{LIST}/{held_id}/correct")["/learner/first_name"] == ["Norah"]
    window.submit(f"{LIST}/{held_id}/correct")
    assert "It was corrected, and waits on" in window.text


def test_a_record_that_was_matched_meanwhile_waits_no_more(window: Window, held_id: str, service: Service) -> None:
    import_people(service, NORA)
    window.open(f"{LIST}/{held_id}").submit(f"{LIST}/{held_id}/judge")
    assert "The learner was matched" in window.text
    settle(service)


def test_a_held_record_of_another_provider_looks_absent(window: Window, held_id: str, service: Service) -> None:
    sign_in(window, service, "other@example.org", id="0008002")
    for id in (held_id, "none-such"):
        assert window.open(f"/p/0008002/held/{id}").status == 404
