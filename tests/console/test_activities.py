"""Activities by their pages: listed, registered, edited, copied, closed, reopened, deleted."""

from __future__ import annotations

import re
from typing import Any

import pytest
from lxml import html

from app.services.access import clients
from app.services.context import Service, operator, transact
from tests.harness.api import Api, settle
from tests.harness.console.windows import Window, sign_in

DATABASES = ["sqlite"]
BASE = "/p/0008001/activities"
GRAND_ROUNDS = f"{BASE}/201759558"
COURSE: dict[str, Any] = {
    "/title": "Airway course",
    "/format": "live-course",
    "/start_date": "3/1/2021",
    "/end_date": "03/02/2021",
    "/ama_pra_credits": "4",
    "/delivery_methods": ["online"],
    "/description": "Airways,\nin two days.",
    "/providership": "direct",
    "/listing/public": "false",
    "/moc/3/board": "ABS",
    "/moc/3/points": "4",
    "/moc/3/credit_types": ["Self-Assessment"],
    "/moc/5/points": "7",
}


def links(window: Window) -> dict[str, str]:
    assert window.shown is not None
    found = html.fromstring(window.shown.text).xpath("//main//a")
    return {" ".join(link.text_content().split()): link.get("href") for link in found}


def add_course(window: Window, **more: Any) -> str:
    """Register a course; return its address."""
    window.open(f"{BASE}/new").submit(f"{BASE}/new", **COURSE | more)
    assert window.status == 200, window.text
    assert window.heading == "Airway course"
    assert window.shown is not None
    return window.shown.url.path


def test_the_list_shows_what_fits_and_says_which_filters_are_on(window: Window, service: Service) -> None:
    sign_in(window, service, role="reader")
    assert "Grand Rounds Anesthesia" in window.open(BASE).text
    assert "New activity" not in window.text
    window.open(f"{BASE}?q=grand+anesthesia&activity_format=&activity_status=ready-to-close&sort=title")
    assert "1 activity" in window.text
    assert links(window)["Status: Ready to closeRemove this filter"] == "?q=grand+anesthesia&sort=title"
    assert links(window)["Clear all filters"] == "?q=grand+anesthesia&sort=title"
    assert "Nothing found" in window.open(f"{BASE}?q=nothing-like-it").text
    assert window.open(f"{BASE}?activity_from=never").status == 422
    assert "never" in window.fields(BASE)["activity_from"]


def test_pages_of_the_list_follow_each_other_under_the_same_filters(window: Window, service: Service) -> None:
    sign_in(window, service)
    seen: list[list[str]] = []
    window.open(f"{BASE}?limit=10&activity_to=12/31/2021")
    while True:
        assert window.shown is not None
        seen.append(re.findall(r'href="/p/0008001/activities/(\d{9})"', window.shown.text))
        assert "Starts on or before: 12/31/2021Remove this filter" in links(window)
        if "Older" not in links(window):
            break
        window.open(links(window)["Older"])
    activities = [activity_id for ids in seen for activity_id in ids]
    assert len(seen) > 1
    assert len(activities) == len(set(activities)) > 10


def test_an_activity_is_registered_with_the_boards_that_are_ticked(window: Window, service: Service, api: Api) -> None:
    sign_in(window, service)
    at = add_course(window)
    assert "was registered" in window.text
    stored = api.get(f"/v1/activities/{at.rpartition('/')[2]}").json
    assert (stored["start_date"], stored["description"]) == ("2021-03-01", "Airways,\nin two days.")
    assert [(moc["board"], moc["points"], moc["credit_types"]) for moc in stored["moc"]] == [
        ("ABS", 4, ["Self-Assessment"])
    ]
    settle(service)


def test_a_form_that_is_sent_twice_registers_once(window: Window, service: Service) -> None:
    sign_in(window, service)
    fields = window.open(f"{BASE}/new").fields(f"{BASE}/new") | COURSE
    first = window.send(f"{BASE}/new", fields).shown
    second = window.send(f"{BASE}/new", fields).shown
    assert first is not None
    assert second is not None
    assert first.url.path == second.url.path
    changed = window.send(f"{BASE}/new", fields | {"/title": "Another"})
    assert changed.status == 422
    assert "was sent before" in window.text
    assert window.fields(f"{BASE}/new")["/title"] == ["Another"]
    assert window.submit(f"{BASE}/new").heading == "Another"


def test_a_refused_form_comes_back_with_every_value(window: Window, service: Service) -> None:
    sign_in(window, service)
    given = COURSE | {"/end_date": "tomorrow", "/ama_pra_credits": "lots", "/practice_areas": "One\nTwo"}
    window.open(f"{BASE}/new").submit(f"{BASE}/new", **given)
    assert window.status == 422
    assert "Nothing was stored." in window.text
    back = window.fields(f"{BASE}/new")
    assert (back["/end_date"], back["/ama_pra_credits"]) == (["tomorrow"], ["lots"])
    assert [back[name][0].strip() for name in ("/practice_areas", "/description")] == [
        "One\nTwo",
        COURSE["/description"],
    ]
    assert back["/moc/0/board"] == ["ABS"]
    assert back["/moc/0/credit_types"] == ["Self-Assessment"]


def test_what_is_missing_for_active_leads_to_its_fields(window: Window, service: Service) -> None:
    sign_in(window, service)
    add_course(window, **{"/description": "", "/listing/public": ""})
    assert "Still missing before learners can be reported" in window.text
    assert window.shown is not None
    window.open(links(window)["Description"].partition("#")[0])
    anchor = links(window)["Description"]
    assert html.fromstring(window.shown.text).xpath(f"//textarea[@id='{anchor[1:]}']")


def test_an_edit_changes_what_was_typed_and_keeps_what_the_form_does_not_draw(
    window: Window, service: Service, api: Api
) -> None:
    sign_in(window, service)
    more = {"commendation_tags": ["one"], "joint_accreditation": {"interprofessional": True}}
    id = api.register(**more).json["activity_id"]
    window.open(f"{BASE}/{id}/edit").submit(f"{BASE}/{id}/edit", **{"/title": "Renamed", "/description": ""})
    assert window.heading == "Renamed"
    stored = api.get(f"/v1/activities/{id}").json
    assert (stored["title"], stored["description"], stored["version"]) == ("Renamed", None, 2)
    assert stored["commendation_tags"] == ["one"]
    assert stored["joint_accreditation"]["interprofessional"] is True
    window.open(f"{BASE}/{id}/edit").submit(f"{BASE}/{id}/edit")
    assert "nothing was changed" in window.text
    assert api.get(f"/v1/activities/{id}").json["version"] == 2
    settle(service)


def test_an_edit_of_what_somebody_else_changed_shows_both_versions(window: Window, service: Service, api: Api) -> None:
    sign_in(window, service)
    id = api.register().json["activity_id"]
    window.open(f"{BASE}/{id}/edit")
    fields = window.fields(f"{BASE}/{id}/edit") | {"/title": "Mine"}
    api.send("PATCH", f"/v1/activities/{id}", {"If-Match": '"1"'}, json={"title": "Theirs"})
    window.send(f"{BASE}/{id}/edit", fields)
    assert window.status == 412
    assert "TitleTheirsMine" in window.text
    assert api.get(f"/v1/activities/{id}").json["title"] == "Theirs"
    assert window.submit(f"{BASE}/{id}/edit").heading == "Mine"


def test_a_change_that_leaves_credit_uncovered_names_the_completions(
    window: Window, service: Service, api: Api
) -> None:
    sign_in(window, service)
    reported = api.report(
        {
            "activity_id": "201759558", "completed_on": "2021-12-12", "permission": True,
            "learner": {"first_name": "Rebecca", "last_name": "Test", "date_of_birth": "02/01"},
            "cme": [{"state": "TN", "license_id": "444444", "credits": 2}],
        }
    ).json  # fmt: skip
    window.open(f"{GRAND_ROUNDS}/edit").submit(f"{GRAND_ROUNDS}/edit", **{"/end_date": "12/01/2021"})
    assert window.status == 409
    assert links(window)["Rebecca Test, 12/12/2021"] == f"/p/0008001/completions/{reported['completion_id']}"
    assert window.fields(f"{GRAND_ROUNDS}/edit")["/end_date"] == ["12/01/2021"]
    window.open(f"{GRAND_ROUNDS}/delete").submit(f"{GRAND_ROUNDS}/delete")
    assert window.status == 409
    assert "1 completion in the way" in window.text
    assert "Rebecca Test, 12/12/2021" in links(window)


def test_a_copy_asks_for_dates_and_a_new_own_id(window: Window, service: Service) -> None:
    sign_in(window, service)
    window.open(f"{GRAND_ROUNDS}/copy")
    copied = window.fields(f"{BASE}/new")
    assert copied["/title"] == ["Grand Rounds Anesthesia"]
    assert copied["/moc/0/board"] == ["ABA"]
    assert (copied["/start_date"], copied["/internal_id"]) == ([""], [""])
    assert "/moc/0/attested" not in copied
    window.submit(f"{BASE}/new", **{"/start_date": "01/16/2022", "/end_date": "12/17/2022"})
    assert window.heading == "Grand Rounds Anesthesia"
    assert window.shown is not None
    assert window.shown.url.path != GRAND_ROUNDS


def test_an_activity_is_closed_with_the_answers_that_were_missing_and_reopened(
    window: Window, service: Service, api: Api
) -> None:
    sign_in(window, service)
    id = api.register(end_date="2021-12-01", moc=[{"board": "ABS", "attested": True}, {"board": "ABA"}]).json[
        "activity_id"
    ]
    at = f"{BASE}/{id}"
    window.open(f"{at}/close")
    assert window.text.count("Still missing") > 5
    window.submit(f"{at}/close", **{"/learner_counts/physicians": "41"})
    assert window.status == 409
    assert window.fields(f"{at}/close")["/learner_counts/physicians"] == ["41"]
    assert api.get(f"/v1/activities/{id}").json["learner_counts"] is None
    answers: dict[str, Any] = {
        "/learner_counts/physicians": "41",
        "none-of-measured_outcomes": "true",
        "/commercial_support/0/source": "Acme",
        "/moc/0/practice_areas": "Surgery",
        "/moc/0/credit_types": "Self-Assessment",
        "/moc/1/practice_areas": "Anesthesiology",
        "/moc/1/credit_types": "Lifelong Learning",
        "/moc/1/attested": "true",
    }
    window.submit(f"{at}/close", **answers)
    assert "is closed" in window.text, window.text
    stored = api.get(f"/v1/activities/{id}").json
    assert (stored["status"], stored["measured_outcomes"]) == ("closed", [])
    assert [(moc["board"], moc["attested"]) for moc in stored["moc"]] == [("ABS", True), ("ABA", True)]
    reopened = window.fields(f"{at}/reopen")
    window.send(f"{at}/reopen", reopened)
    assert api.get(f"/v1/activities/{id}").json["status"] == "ready-to-close"
    window.open(f"{at}/close").submit(f"{at}/close", **answers)
    assert "is closed" in window.text, window.text
    window.send(f"{at}/reopen", reopened)
    assert "This form was sent before: nothing was done again." in window.text
    assert api.get(f"/v1/activities/{id}").json["status"] == "closed"
    settle(service)


def test_an_activity_without_completions_is_deleted(window: Window, service: Service) -> None:
    sign_in(window, service)
    at = add_course(window)
    window.open(f"{at}/delete").submit(f"{at}/delete")
    assert "was deleted" in window.text
    assert window.open(at).status == 404


@pytest.mark.parametrize("page", ["", "/edit", "/copy", "/close", "/delete"])
def test_another_providers_activity_is_as_one_that_is_not_there(window: Window, service: Service, page: str) -> None:
    sign_in(window, service)
    assert window.open(f"{BASE}/201798131{page}").status == 404
    if page in ("/edit", "/close", "/delete"):
        token = window.open(GRAND_ROUNDS + page).fields(GRAND_ROUNDS + page)["token"]
        assert window.send(f"{BASE}/201798131{page}", {"token": token, "version": "1"}).status == 404


@pytest.mark.parametrize("place", ["²", "9" * 5_000, "-1", "x", ""])
def test_a_place_that_no_page_of_ours_draws_is_told(window: Window, service: Service, place: str) -> None:
    sign_in(window, service)
    window.open(f"{BASE}/new").submit(f"{BASE}/new", **COURSE | {f"/moc/{place}/board": "ABS"})
    assert window.status == 422
    assert window.open(BASE).status == 200


@pytest.mark.parametrize("version", ["²", "9" * 5_000, "-1", "x", ""])
def test_a_version_that_is_none_changes_nothing(window: Window, service: Service, version: str) -> None:
    sign_in(window, service)
    window.open(f"{GRAND_ROUNDS}/edit").submit(f"{GRAND_ROUNDS}/edit", version=version, **{"/title": "Airways"})
    assert window.status in (400, 412, 422)
    assert "Airways" not in window.open(GRAND_ROUNDS).text


def test_the_mark_and_its_sentence_are_offered_where_credit_is_reported(window: Window, service: Service) -> None:
    sign_in(window, service, role="reader")
    window.open(GRAND_ROUNDS)
    assert "will be submitted to" in window.text
    assert "/passport/join to create your account" in window.text
    for words, begins in (("Mark as SVG", b"<svg "), ("Mark as PNG", b"\x89PNG")):
        file = window.browser.get(links(window)[words])
        assert file.status_code == 200
        assert file.content.startswith(begins)
        assert "attachment" in file.headers["content-disposition"]
    assert window.browser.get(f"{GRAND_ROUNDS}/mark/gif").status_code == 404


def test_a_draft_has_no_mark(window: Window, service: Service, api: Api) -> None:
    sign_in(window, service)
    draft = api.register(description=None).json["activity_id"]
    window.open(f"{BASE}/{draft}")
    assert "Still missing before learners can be reported" in window.text
    assert "Mark as SVG" not in links(window)
    assert window.open(f"{BASE}/{draft}/mark/svg").status == 404


JOINT: dict[str, Any] = {
    "/joint_accreditation/interprofessional": "true",
    "/joint_accreditation/professions": ["Nurse", "Pharmacist"],
    "/joint_accreditation/credits": ["IPCE"],
    "/joint_accreditation/credit_amounts/0/credits": "3",
    "/joint_accreditation/credit_amounts/1/credits": "1.5",
    "/joint_accreditation/pharmacy/topic": "05",
    "/joint_accreditation/pharmacy/live_date": "3/1/2021",
    "/joint_accreditation/pharmacy/sequence_number": "12",
    "/joint_accreditation/pharmacy/universal_activity_number": "JA0008001-0000-21-012-L05-P",
    "/learner_counts/professions/0/learners": "4",
}


def test_what_is_interprofessional_is_asked_of_jointly_accredited_providers_only(
    window: Window, service: Service, api: Api
) -> None:
    sign_in(window, service)
    assert "Interprofessional education" not in window.open(f"{BASE}/new").text
    transact(operator(service), clients.add_provider, "0008001", "Western Regional Medical Center", joint=True)
    address = add_course(window, **JOINT)
    stored = read_activity(api, address)
    assert stored["learner_counts"] == {
        "physicians": None, "others": 4, "professions": [{"profession": "Nurse", "learners": 4}],
    }  # fmt: skip
    joint = stored["joint_accreditation"]
    assert joint["credit_amounts"] == [{"type": "Nursing", "credits": 3}, {"type": "Pharmacy", "credits": 1.5}]
    assert (joint["credits"], joint["professions"]) == (["IPCE", "Nursing", "Pharmacy"], ["Nurse", "Pharmacist"])
    assert (joint["pharmacy"]["live_date"], joint["pharmacy"]["sequence_number"]) == ("2021-03-01", 12)

    window.open(f"{address}/edit").submit(f"{address}/edit")
    assert "Nothing was different" in window.text
    # What was given is drawn, and not lost, whatever the accreditation has become.
    transact(operator(service), clients.add_provider, "0008001", "Western Regional Medical Center", joint=False)
    cleared = {
        "/joint_accreditation/credit_amounts/0/credits": "",
        "/joint_accreditation/credits": ["IPCE", "Pharmacy"],
    }
    window.open(f"{address}/edit").submit(
        f"{address}/edit", **cleared, **{"/learner_counts/professions/0/learners": ""}
    )
    stored = read_activity(api, address)
    assert stored["joint_accreditation"]["credits"] == ["IPCE", "Pharmacy"]
    assert stored["joint_accreditation"]["credit_amounts"] == [{"type": "Pharmacy", "credits": 1.5}]
    assert stored["learner_counts"]["others"] == 4
    assert stored["learner_counts"]["professions"] is None
    window.open(f"{address}/edit").submit(f"{address}/edit", **{"/learner_counts/others": "1", **JOINT})
    assert window.status == 422
    assert "4 are counted by profession" in window.text


def read_activity(api: Api, address: str) -> Any:
    return api.get(f"/v1/activities/{address.rpartition('/')[2]}").json
