"""Add learners: the slides' stories typed into the form, findings at fields, and nothing twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from lxml import html

from app.services.context import Service
from app.services.registry import validations
from app.store.looking import known_learners
from tests.builders.people import import_people
from tests.harness.api import Api, api_of, settle
from tests.harness.console.windows import Window, sign_in

DATABASES = ["sqlite"]
BASE = "/p/0008001/activities"
ADD = f"{BASE}/201759558/add"
REBECCA: dict[str, Any] = {
    "/learner/first_name": "Rebecca",
    "/learner/last_name": "Test",
    "/learner/date_of_birth": "02/01",
    "/completed_on": "12/12/2021",
    "cme": "true",
    "/cme/0/state": "TN",
    "/cme/0/license_id": "444444",
    "/cme/0/credits": "2",
    "/permission": "true",
    "do": "next",
}
JOHN = {
    "/learner/first_name": "John",
    "/learner/last_name": "Smith",
    "/learner/date_of_birth": "03/17",
    "/cme/0/license_id": "12345",
}
"""Whom the provider has not reported yet."""
TINA: dict[str, Any] = {
    "/learner/first_name": "Tina",
    "/learner/last_name": "Karacme",
    "/learner/date_of_birth": "11/24/1970",
    "/completed_on": "12/01/2021",
    "/moc/0/board": "ABA",
    "/moc/0/board_id": "35867909",
    "/moc/0/total_credits": ".25",
    "/moc/0/credit_types/0/type": "Lifelong Learning",
    "/permission": "true",
    "do": "next",
}


def report(window: Window, given: dict[str, Any], at: str = ADD) -> Window:
    """Fill an empty form, and send it."""
    fields = window.open(at).fields(at)
    return window.send(at, {name: fields[name] for name in ("token", "key", "sitting")} | given)


def credits_of(api: Api, activity_id: str = "201759558") -> list[tuple[Any, ...]]:
    """Return (last name, board, amount, types) of what stands of an activity."""
    return sorted(
        (row["learner"]["last_name"], credit["board"], credit["credits"],
         tuple(one["type"] for one in credit["credit_types"]))
        for row in api.completions(activity_id=activity_id)
        for credit in row["credits"]
    )  # fmt: skip


def field(window: Window, name: str) -> Any:
    assert window.shown is not None
    (found,) = html.fromstring(window.shown.text).xpath("//*[@name=$name]", name=name)
    return found


def test_cme_alone(window: Window, service: Service, api: Api) -> None:
    sign_in(window, service)
    assert "Report CME credit" in window.open(ADD).text
    assert field(window, "cme").get("checked") is not None
    report(window, REBECCA)
    assert window.status == 200, window.text
    assert "Rebecca Test: 2 CME TN" in window.text
    (row,) = api.completions(activity_id="201759558")
    assert row["entry_method"] == "form"
    assert credits_of(api) == [("Test", "TN-M", 2, ())]
    settle(service)


def test_moc_alone_with_the_one_registered_type_at_the_total(window: Window, service: Service, api: Api) -> None:
    sign_in(window, service)
    window.open(ADD)
    assert field(window, "/moc/0/credit_types/0/type").get("checked") is not None
    assert field(window, "/moc/0/board").get("checked") is None
    report(window, TINA)
    assert credits_of(api) == [("Karacme", "ABA", 0.25, ("Lifelong Learning",))]
    settle(service)


def test_cme_and_moc_in_one_record(window: Window, service: Service, api: Api) -> None:
    sign_in(window, service)
    at = f"{BASE}/200912095/add"
    john = {
        "/learner/first_name": "John", "/learner/last_name": "Smith", "/learner/date_of_birth": "03/17",
        "/completed_on": "2/14/2021", "cme": "true", "/cme/0/state": "TN", "/cme/0/license_id": "12345",
        "/cme/0/credits": "2.25", "/moc/0/board": "ABIM", "/moc/0/board_id": "999999", "/moc/0/total_credits": "2.25",
        "/moc/0/credit_types/0/type": "Medical Knowledge", "/moc/0/credit_types/1/type": "Patient Safety",
        "/moc/0/credit_types/1/credits": "1", "/permission": "true", "do": "finish",
    }  # fmt: skip
    report(window, john, at)
    assert "John Smith: " in window.text
    assert "Reported." in window.text
    assert credits_of(api, "200912095") == [
        ("Smith", "ABIM", 2.25, ("Medical Knowledge", "Patient Safety")), ("Smith", "TN-M", 2.25, ()),
    ]  # fmt: skip


def test_abs_without_an_id_and_two_boards(window: Window, service: Service, api: Api) -> None:
    sign_in(window, service)
    people = {"first_name": "Grace", "last_name": "Hopper", "date_of_birth": "12/09"}
    import_people(service, people | {"certifications": "ABS:77001; ABA:88001"})
    types = ["Lifelong Learning", "Patient Safety"]
    registered = api.register(
        moc=[{"board": "ABS", "credit_types": ["Self-Assessment"]}, {"board": "ABA", "credit_types": types}]
    )
    activity = registered.json["activity_id"]
    at = f"{BASE}/{activity}/add"
    assert "Not needed; helps where names are alike" in window.open(at).text
    given = {
        "/learner/first_name": "Grace", "/learner/last_name": "Hopper", "/learner/date_of_birth": "12/09",
        "/completed_on": "12/01/2021", "/moc/0/board": "ABS", "/moc/0/total_credits": "1",
        "/moc/0/credit_types/0/type": "Self-Assessment", "/permission": "true",
    }  # fmt: skip
    report(window, given, at)
    assert credits_of(api, activity) == [("Hopper", "ABS", 1, ("Self-Assessment",))]
    second = {
        "/moc/1/board": "ABA", "/moc/1/board_id": "88001", "/moc/1/total_credits": "1",
        "/moc/1/credit_types/1/type": "Patient Safety",
    }  # fmt: skip
    report(window, given | second | {"/completed_on": "12/02/2021"}, at)
    assert window.status == 200, window.text
    assert [row[1:] for row in credits_of(api, activity)] == [
        ("ABA", 1, ("Patient Safety",)), ("ABS", 1, ("Self-Assessment",)), ("ABS", 1, ("Self-Assessment",)),
    ]  # fmt: skip


def test_two_states_are_one_record_with_two_credits(window: Window, service: Service, api: Api) -> None:
    sign_in(window, service)
    report(window, REBECCA | {"/cme/1/state": "ME", "/cme/1/license_id": "MD9977", "/cme/1/credits": "2"})
    assert len(api.completions(activity_id="201759558")) == 1
    assert credits_of(api) == [("Test", "ME-M", 2, ()), ("Test", "TN-M", 2, ())]


def test_answers_of_risk_mitigation_education(window: Window, service: Service, api: Api) -> None:
    sign_in(window, service)
    activity = api.register(rems={"type": "Opioid", "identifier": "R-1"}).json["activity_id"]
    at = f"{BASE}/{activity}/add"
    assert "REMS" not in window.open(ADD).text
    given = {
        "/learner/first_name": "Nora", "/learner/last_name": "Nurse", "/completed_on": "12/01/2021",
        "/rems/profession": "Nurse", "/rems/local_id": "17", "/rems/surgical_procedures": "false",
        "/permission": "true",
    }  # fmt: skip
    report(window, given, at)
    assert window.status == 200, window.text
    (row,) = api.completions(activity_id=activity)
    assert (row["rems"]["profession"], row["rems"]["surgical_procedures"]) == ("Nurse", False)


def test_a_refused_form_comes_back_with_every_value_and_offers_what_would_do(
    window: Window, service: Service, api: Api
) -> None:
    sign_in(window, service)
    given = REBECCA | TINA | {"cme": "true", "/cme/0/credits": "1.1", "/moc/0/total_credits": "60"}
    given |= {"/learner/date_of_birth": "13/45", "/moc/0/credit_types/0/credits": "61"}
    report(window, given)
    assert window.status == 422
    assert "Nothing was stored." in window.text
    back = window.fields(ADD)
    for name, typed in given.items():
        assert name == "do" or back[name] == [typed], name
    assert window.shown is not None
    offers = html.fromstring(window.shown.text).xpath("//button[@name='take']/@value")
    assert {"/cme/0/credits 1", "/cme/0/credits 1.25", "/moc/0/total_credits 52"} <= set(offers)
    window.send(ADD, back | {"take": "/cme/0/credits 1.25"})
    assert window.fields(ADD)["/cme/0/credits"] == ["1.25"]
    assert api.completions(activity_id="201759558") == []


def test_who_is_not_matched_is_told_at_the_target_and_not_which_field_failed(window: Window, service: Service) -> None:
    sign_in(window, service)
    texts = []
    for wrong in ({"/learner/date_of_birth": "09/19"}, {"/learner/first_name": "Ola", "/learner/last_name": "Wilson"}):
        report(window, REBECCA | JOHN | wrong | {"do": "check"})
        assert "No learner matched" in window.text
        assert window.shown is not None
        texts.append(html.fromstring(window.shown.text).xpath("string(//div[@role='alert'])"))
    assert texts[0] == texts[1]


def test_the_next_form_keeps_the_day_and_the_credit_and_nobody(window: Window, service: Service) -> None:
    sign_in(window, service)
    window.open(ADD)
    assert field(window, "/permission").get("checked") is None
    report(window, REBECCA)
    kept = window.fields(ADD)
    assert kept["/completed_on"] == ["12/12/2021"]
    assert (kept["/cme/0/state"], kept["/cme/0/credits"]) == (["TN"], ["2"])
    for name in ("/learner/first_name", "/learner/last_name", "/learner/date_of_birth", "/cme/0/license_id"):
        assert kept[name] == [""]
    assert kept["/permission"] == ["true"]
    assert field(window, "/learner/first_name").get("autofocus") is not None
    assert window.shown is not None
    assert "Rebecca" not in str(window.shown.url)
    assert field(window.open(ADD), "/permission").get("checked") is None


def test_the_tick_of_permission_is_gone_after_a_while(window: Window, service: Service, clock: Any) -> None:
    sign_in(window, service)
    report(window, REBECCA)
    assert window.shown is not None
    clock.now += timedelta(minutes=70)
    window.open(str(window.shown.url).removeprefix("https://testserver"))
    assert field(window, "/permission").get("checked") is None


def test_a_double_click_makes_one_record(window: Window, service: Service, api: Api) -> None:
    sign_in(window, service)
    fields = window.open(ADD).fields(ADD) | REBECCA
    first = window.send(ADD, fields).text
    assert window.send(ADD, fields).text == first
    assert len(api.completions(activity_id="201759558")) == 1
    other = window.send(ADD, fields | {"/cme/0/credits": "3"})
    assert other.status == 422
    assert "was sent before" in window.text
    assert window.fields(ADD)["/cme/0/credits"] == ["3"]


def test_what_was_just_reported_is_undone(window: Window, service: Service, api: Api) -> None:
    sign_in(window, service)
    report(window, REBECCA).submit(f"{ADD}/undo")
    assert "The record of Rebecca Test was withdrawn. TN-M will be told." in window.text
    assert api.completions(activity_id="201759558") == []
    assert "Just reported" not in window.text
    settle(service)


def test_what_joined_a_record_that_stood_is_told_and_cannot_be_undone(
    window: Window, service: Service, api: Api
) -> None:
    sign_in(window, service)
    report(window, REBECCA)
    report(window, REBECCA | {"/cme/0/state": "ME", "/cme/0/license_id": "MD9977"})
    assert "was added to the record that stands" in window.text
    assert f'action="{ADD}/undo"' not in (window.shown.text if window.shown else "")
    report(window, REBECCA)
    assert "was reported before: nothing was changed" in window.text
    assert "Of the last record" in window.text
    assert "Undo withdraws the record" not in window.text
    assert len(api.completions(activity_id="201759558")) == 1


def test_an_undo_of_what_changed_since_does_nothing(window: Window, service: Service, api: Api) -> None:
    sign_in(window, service)
    report(window, REBECCA)
    (row,) = api.completions(activity_id="201759558")
    patch = {"cme": [{"state": "TN", "license_id": "444444", "credits": 1}]}
    api.send("PATCH", f"/v1/learner-completions/{row['completion_id']}", {"If-Match": '"1"'}, json=patch)
    window.submit(f"{ADD}/undo")
    assert "was changed since, so it was not withdrawn" in window.text
    assert credits_of(api) == [("Test", "TN-M", 1, ())]


def test_a_check_previews_and_stores_nothing(window: Window, service: Service, api: Api) -> None:
    sign_in(window, service)
    report(window, REBECCA | {"do": "check"})
    assert "Nothing is in its way" in window.text
    assert "Learner matched" in window.text
    assert api.completions(activity_id="201759558") == []
    window.submit(ADD, do="next")
    assert "Rebecca Test: 2 CME TN" in window.text


def test_a_mark_is_asked_for_once_for_each_set_of_values(
    window: Window, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(window, service)
    fields = window.open(ADD).fields(ADD) | REBECCA | {"target": "/cme/0"}
    part = window.send(f"{ADD}/match", fields | {"/learner/date_of_birth": ""}, hx_request="true")
    assert "Give more to see a match: birth month and day" in part.text
    window.send(f"{ADD}/match", fields, hx_request="true")
    assert "Learner matched" in window.text
    assert window.shown is not None
    assert len(window.shown.content) < 4_000
    (asked,) = html.fromstring(window.shown.text).xpath("//input[@name='asked.cme.0']/@value")
    calls: list[Any] = []
    monkeypatch.setattr(validations, "validate", calls.append)
    window.send(f"{ADD}/match", fields | {"asked.cme.0": asked, "/cme/0/credits": "9"}, hx_request="true")
    assert "Learner matched" in window.text
    assert calls == []


def test_marks_spend_the_budget_of_validation(window: Window, service: Service) -> None:
    sign_in(window, service)
    fields = window.open(ADD).fields(ADD) | REBECCA | JOHN | {"target": "/cme/0"}
    for number in range(3, 9):
        window.send(f"{ADD}/match", fields | {"/learner/date_of_birth": f"02/0{number}"}, hx_request="true")
        assert "No learner matched" in window.text
    window.send(f"{ADD}/match", fields, hx_request="true")
    assert "No learner matched" in window.text, "five dates led to nobody: the right one is not told either"


@pytest.mark.parametrize("path", [ADD, f"{ADD}/match", f"{ADD}/undo"])
def test_a_reader_adds_nobody_and_a_foreign_activity_is_not_there(window: Window, service: Service, path: str) -> None:
    sign_in(window, service)
    token = window.open(ADD).fields(ADD)["token"]
    foreign = path.replace("201759558", "201798131")
    assert window.send(foreign, REBECCA | {"token": token}).status == 404
    if path == ADD:
        assert window.open(foreign).status == 404


def test_a_reader_may_not(window: Window, service: Service) -> None:
    sign_in(window, service, role="reader")
    assert window.open(ADD).status == 403


def mark_of(window: Window, given: dict[str, Any], at: str = ADD, target: str = "/cme/0") -> str:
    """Ask for the mark of a target of an otherwise empty form; return its words."""
    drawn = window.open(at).fields(at)
    return window.send(f"{at}/match", {**drawn, **given, "target": target}, hx_request="true").text


def test_a_mark_says_what_is_left_under_the_maximum_that_binds(window: Window, service: Service, api: Api) -> None:
    sign_in(window, service)
    assert mark_of(window, REBECCA) == "Learner matched"
    report(window, REBECCA)
    assert mark_of(window, REBECCA) == "Learner matched 50 left for this learner"
    assert mark_of(window, REBECCA | JOHN) == "Learner matched"
    report(window, TINA)
    assert mark_of(window, TINA, target="/moc/0") == "Learner matched 51.75 left for this learner"
    assert mark_of(window, TINA | {"/moc/0/board_id": "1"}, target="/moc/0") == "No learner matched"
    # The page itself, too, once the mark was paid for; and another activity of the provider has sums of its own.
    report(window, REBECCA | {"do": "check", "/completed_on": "12/11/2021", "/cme/0/credits": "50.25"})
    assert window.text.count("50 left for this learner") == 1
    assert "At most 50 can still be reported" in window.text
    assert mark_of(window, REBECCA, f"{BASE}/201801422/add") == "Learner matched"
    settle(service)


def test_where_no_maximum_binds_or_a_record_is_corrected_nothing_is_said_to_be_left(
    window: Window, service: Service, api: Api
) -> None:
    sign_in(window, service)
    journal = f"{BASE}/201754277/add"
    report(window, REBECCA | {"/cme/0/credits": "1"}, journal)
    assert credits_of(api, "201754277") == [("Test", "TN-M", 1, ())]
    assert mark_of(window, REBECCA, journal) == "Learner matched"
    report(window, REBECCA)
    assert "50 left" in mark_of(window, REBECCA)
    # The form of a correction says its version: what it corrects is part of the sum.
    assert mark_of(window, REBECCA | {"version": "1"}) == "Learner matched"
    settle(service)


def test_the_sum_is_that_of_the_providers_own_id_of_a_learner_in_its_own_activity(
    window: Window, service: Service, api: Api, http: TestClient
) -> None:
    sign_in(window, service)
    report(window, REBECCA)
    sought = {
        "first_name": "Rebecca",
        "last_name": "Test",
        "state": "TN",
        "license_id": "444444",
        "date_of_birth": "02/01",
    }
    other = api_of(http, service, "other", providers=["0008002"])
    ids = {
        client: caller.send("POST", "/v1/learner-validations", json=sought).json["learner_id"]
        for client, caller in (("0008001", api), ("0008002", other))
    }

    def held(provider: str, learner: str) -> dict[str, int]:
        ask = (provider, ids[learner], "201759558")
        return service.database.read(lambda connection: known_learners.held_in_activity(connection, *ask))

    assert held("0008001", "0008001") == {"CME": 8}
    assert held("0008001", "0008002") == {}
    assert held("0008002", "0008002") == {}
    settle(service)
