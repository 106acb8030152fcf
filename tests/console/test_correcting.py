"""A record corrected in the form of one record."""

from __future__ import annotations

from typing import Any

import pytest

from app.services.context import Service
from tests.builders.bodies import a_completion, tina
from tests.builders.people import import_tina
from tests.harness.api import Api, api_of, settle
from tests.harness.console.windows import Window, sign_in

DATABASES = ["sqlite"]
AGREED = {"/permission": "true"}


def address_of(reported: Any) -> str:
    return f"/p/0008001/completions/{reported['completion_id']}/correct"


def report_of(api: Api, reported: Any) -> Any:
    return api.get(f"/v1/learner-completions/{reported['completion_id']}").json


def save(window: Window, at: str, **changed: str) -> Window:
    fields = window.open(at).fields(at)
    # The page of the record is another module's: where the form leads is looked at, not followed.
    window.shown = window.browser.post(at, data=fields | changed, headers={"sec-fetch-site": "same-origin"})
    return window


def test_the_form_is_filled_with_what_stands_and_saves_what_changed(window: Window, service: Service, api: Api) -> None:
    sign_in(window, service)
    reported = api.report(
        a_completion(reference="lms:1", moc=None) | {"client_reference": "whole:1"}
    ).json  # fmt: skip
    at = address_of(reported)
    filled = window.open(at).fields(at)
    assert (filled["/learner/first_name"], filled["/cme/0/state"], filled["/cme/0/credits"]) == (
        ["Rebecca"], ["TN"], ["2"],
    )  # fmt: skip
    save(window, at, **{"/cme/0/credits": "1.5"})
    assert window.status == 303, window.text
    stands = report_of(api, reported)
    assert [credit["credits"] for credit in stands["credits"]] == [1.5]
    assert stands["version"] == 2
    assert stands["report"]["cme"][0]["client_references"] == ["lms:1"]
    assert stands["report"]["client_references"] == ["whole:1"]
    settle(service)


def test_a_save_of_nothing_changes_nothing(window: Window, service: Service, api: Api) -> None:
    sign_in(window, service)
    reported = api.report(tina()).json
    save(window, address_of(reported), **AGREED)
    assert window.status == 303, window.text
    assert report_of(api, reported)["version"] == 1


def test_points_of_a_type_follow_a_total_that_is_lowered(window: Window, service: Service, api: Api) -> None:
    sign_in(window, service)
    reported = api.report(tina(total=0.5)).json
    at = address_of(reported)
    assert window.open(at).fields(at)["/moc/0/credit_types/0/credits"] == [""]
    save(window, at, **AGREED | {"/moc/0/total_credits": "0.25"})
    assert window.status == 303, window.text
    [credit] = [one for one in report_of(api, reported)["credits"] if one["status"] != "withdrawn"]
    assert (credit["credits"], credit["credit_types"][0]["credits"]) == (0.25, 0.25)
    settle(service)


def test_permission_stands_as_reported_while_the_learner_is_the_same(
    window: Window, service: Service, api: Api
) -> None:
    sign_in(window, service)
    reported = api.report(a_completion(moc=None)).json
    at = address_of(reported)
    # Nothing but a finding at another field: the tick stays as it was.
    save(window, at, **{"/cme/0/credits": "1.1"})
    assert window.status == 422
    assert window.fields(at)["/permission"] == ["stands"]
    save(window, at, **{"/cme/0/credits": "1", "/cme/1/state": "ME", "/cme/1/credits": "2"})
    assert window.status == 303, window.text
    assert {credit["board"] for credit in report_of(api, reported)["credits"]} == {"TN-M", "ME-M"}
    settle(service)


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("/learner/first_name", "Becky"), ("/learner/last_name", "Tests"), ("/learner/date_of_birth", "02/02"),
        ("/cme/0/license_id", "444445"), ("/cme/0/license_id", ""),
        ("/cme/0/state", "ME"), ("/cme/1/license_id", "MD9977"),
    ],
)  # fmt: skip
def test_permission_is_asked_for_anew_of_another_learner(
    window: Window, service: Service, api: Api, field: str, typed: str
) -> None:
    sign_in(window, service)
    reported = api.report(a_completion(moc=None)).json
    at = address_of(reported)
    also = {"/cme/1/state": "ME", "/cme/1/credits": "2"} if field.startswith("/cme/1/") else {}
    save(window, at, **{field: typed, "/cme/0/credits": "1"} | also)
    assert window.status == 422
    assert "You changed who it is: this learner has to agree. Tick it once that is so." in window.text
    drawn = window.fields(at)
    assert "/permission" not in drawn
    assert drawn["/cme/0/credits"] == ["1"]
    assert drawn.get(field, [""]) == [typed]
    assert report_of(api, reported)["version"] == 1
    # Ticked now it is this learner's, whatever else is wrong.
    (box,) = window.tree.xpath("//input[@name='/permission']/@value")
    # Where it is saved the page of the record is shown.
    window.send(at, drawn | {"/permission": box})
    assert "has to agree" not in window.text
    assert "not attested" not in window.text


def test_an_npi_that_was_reported_stays_and_may_be_changed(window: Window, service: Service, api: Api) -> None:
    sign_in(window, service)
    import_tina(service, npi="1234567893")
    body = tina()
    body["learner"]["npi"] = "1234567893"
    answer = api.report(body)
    assert answer.status == 201, answer.json
    at = address_of(answer.json)
    save(window, at, **{"/moc/0/total_credits": "0.5"})
    assert window.status == 303, window.text
    stands = report_of(api, answer.json)
    assert (stands["version"], stands["report"]["learner"]["npi"]) == (2, "1234567893")
    save(window, at, **{"/learner/npi": ""})
    assert window.status == 422
    assert window.fields(at)["/learner/npi"] == [""]
    assert "this learner has to agree" in window.text


def test_without_its_tick_a_correction_is_refused(window: Window, service: Service, api: Api) -> None:
    sign_in(window, service)
    reported = api.report(tina()).json
    at = address_of(reported)
    fields = window.open(at).fields(at) | {"/moc/0/total_credits": "0.5"}
    del fields["/permission"]
    window.shown = window.browser.post(at, data=fields, headers={"sec-fetch-site": "same-origin"})
    assert window.status == 422
    assert "permission to report is not attested" in window.text
    assert window.fields(at)["/moc/0/total_credits"] == ["0.5"]
    assert "/permission" not in window.fields(at)
    assert report_of(api, reported)["version"] == 1


def test_a_learner_whom_somebody_else_corrected_meanwhile_is_asked_for_anew(
    window: Window, service: Service, api: Api
) -> None:
    sign_in(window, service)
    reported = api.report(a_completion(moc=None)).json
    at = address_of(reported)
    fields = window.open(at).fields(at) | {"/cme/0/credits": "3"}
    joe = {"first_name": "Joe", "last_name": "Accme", "date_of_birth": "01/01", "learner_id": None}
    patch = {"learner": joe, "cme": [{"state": "CA", "license_id": "94412289", "credits": 1}]}
    path = f"/v1/learner-completions/{reported['completion_id']}"
    changed = api.send("PATCH", path, {"If-Match": '"1"'}, json=patch)
    assert changed.status == 200, changed.json
    window.send(at, fields)
    assert window.status == 412
    assert "/permission" not in window.fields(at)
    window.submit(at)
    assert window.status == 422
    assert report_of(api, reported)["version"] == 2


def test_a_record_that_somebody_else_changed_shows_both_versions(window: Window, service: Service, api: Api) -> None:
    sign_in(window, service)
    reported = api.report(a_completion()).json
    at = address_of(reported)
    fields = window.open(at).fields(at) | AGREED | {"/cme/0/credits": "3"}
    patch = {"cme": [{"state": "TN", "license_id": "444444", "credits": 1}]}
    api.send("PATCH", f"/v1/learner-completions/{reported['completion_id']}", {"If-Match": '"1"'}, json=patch)
    window.send(at, fields)
    assert window.status == 412
    assert "Credits13" in window.text
    assert report_of(api, reported)["credits"][0]["credits"] == 1
    save_again = window.fields(at)
    window.shown = window.browser.post(at, data=save_again, headers={"sec-fetch-site": "same-origin"})
    assert window.status == 303
    assert report_of(api, reported)["credits"][0]["credits"] == 3


def test_a_learner_named_by_id_stays_who_they_are(window: Window, service: Service, api: Api) -> None:
    sign_in(window, service)
    learner_id = api.report(a_completion()).json["learner"]["learner_id"]
    body = a_completion(completed_on="2021-12-05", credits=1) | {"learner": {"learner_id": learner_id}}
    reported = api.report(body).json
    at = address_of(reported)
    assert "Leave the names blank" in window.open(at).text or window.fields(at)["/learner/first_name"] != [""]
    save(window, at, **AGREED | {"/cme/0/credits": "2"})
    assert window.status == 303, window.text
    assert report_of(api, reported)["learner"]["learner_id"] == learner_id


def test_credit_that_is_unticked_is_withdrawn_and_a_state_is_added(window: Window, service: Service, api: Api) -> None:
    sign_in(window, service)
    reported = api.report(a_completion()).json
    at = address_of(reported)
    save(window, at, **AGREED | {"/cme/1/state": "ME", "/cme/1/license_id": "MD9977", "/cme/1/credits": "2"})
    assert window.status == 303, window.text
    assert {credit["board"] for credit in report_of(api, reported)["credits"]} == {"TN-M", "ME-M"}


def test_what_a_board_said_stands_on_top(window: Window, service: Service, api: Api) -> None:
    sign_in(window, service)
    reported = api.report(tina()).json
    board = api_of(api.http, service, "aba", role="board", board="ABA")
    settle(service)
    credit_id = reported["credits"][0]["credit_id"]
    (*_, told) = [one for one in board.get("/v1/board-feed").json["data"] if one["credit_id"] == credit_id]
    decided = {"credit_id": credit_id, "position": told["position"]}
    decided |= {"decision": "rejected", "reason_code": "id-unknown"}
    answer = board.post("/v1/board-feed/decisions", {"decisions": [decided]})
    assert answer.json["data"][0]["result"] == "applied", answer.json
    assert "ABA rejected it: id-unknown" in window.open(address_of(reported)).text


def test_a_reader_may_not_and_another_providers_record_is_not_there(window: Window, service: Service, api: Api) -> None:
    sign_in(window, service, "other@example.org", "reporter", id="0008002")
    reported = api.report(tina()).json
    foreign = address_of(reported).replace("0008001", "0008002")
    assert window.open(foreign).status == 404
    assert window.open(address_of(reported)).status == 404
