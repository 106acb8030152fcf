"""The session sheet: thirty names of one day, checked and reported, and nothing twice."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import html

from app.services.context import Service
from tests.builders.bodies import a_completion
from tests.builders.people import import_people, word_of
from tests.harness.api import Api, settle
from tests.harness.console.windows import Window, sign_in

DATABASES = ["sqlite"]
BASE = "/p/0008001/activities/201759558"
SHEET = f"{BASE}/session"
SESSION: dict[str, Any] = {
    "/completed_on": "12/12/2021",
    "cme": "true",
    "/cme/0/credits": "1",
    "/permission": "true",
}


@pytest.fixture
def regulars(service: Service, api: Api) -> list[str]:
    """Thirty people who came last week, by their learner ids."""
    names = [(f"{word_of(f'first {number}')}", f"{word_of(f'last {number}')}") for number in range(30)]
    people = [
        {"first_name": first, "last_name": last, "date_of_birth": "03/04", "licenses": f"TN-M:9900{number}"}
        for number, (first, last) in enumerate(names)
    ]
    import_people(service, *people)
    reported = [
        api.report(
            a_completion(
                completed_on="2021-12-05", first_name=first, last_name=last, born="03/04",
                license_id=f"9900{number}", credits=1,
            )
        ).json
        for number, (first, last) in enumerate(names)
    ]  # fmt: skip
    return [one["learner"]["learner_id"] for one in reported]


def ticked(window: Window) -> set[str]:
    assert window.shown is not None
    return set(html.fromstring(window.shown.text).xpath("//tbody//input[@name='learner'][@checked]/@value"))


def press(window: Window, do: str, **given: Any) -> Window:
    return window.send(SHEET, window.fields(SHEET) | given | {"do": do})


def of_day(api: Api, day: str = "2021-12-12") -> list[Any]:
    return api.completions(activity_id="201759558", completed_from=day, completed_to=day, limit=500)


def test_thirty_names_are_reported_and_a_second_press_reports_nothing_twice(
    window: Window, service: Service, api: Api, regulars: list[str]
) -> None:
    sign_in(window, service)
    window.open(SHEET)
    assert ticked(window) == set()
    press(window, "last", **SESSION)
    assert ticked(window) == set(regulars)
    fields = window.fields(SHEET)
    assert fields["/cme/0/credits"] == ["1"]
    press(window, "check")
    assert "30 learners ready, 0 with faults" in window.text
    assert of_day(api) == []
    fields = window.fields(SHEET) | {"do": "report"}
    window.send(SHEET, fields)
    assert "30 learners reported." in window.text
    assert len(of_day(api)) == 30
    assert {one["entry_method"] for one in of_day(api)} == {"form"}
    assert window.send(SHEET, fields).status == 200
    assert len(of_day(api)) == 30
    press(window.open(SHEET), "last", **SESSION)
    press(window, "report")
    assert "30 learners had been reported before" in window.text
    assert len(of_day(api)) == 30
    settle(service)


def test_credits_are_filled_from_the_last_session_and_the_page_says_so(
    window: Window, service: Service, api: Api, regulars: list[str]
) -> None:
    sign_in(window, service)
    told = "As most were given at the last session, 12/05/2021."
    # One was given another amount there, and somebody more on a day before.
    longer = a_completion(completed_on="2021-12-05", credits=3)
    assert api.report(longer).status == 201
    assert api.report(a_completion(completed_on="2021-12-04", credits=2.5)).status == 201
    assert told in window.open(SHEET).text
    assert window.fields(SHEET)["/cme/0/credits"] == ["1"]
    press(window, "last", **{"/completed_on": "12/12/2021", "/permission": "true"})
    assert told in window.text
    press(window, "check", **{"/cme/0/credits": "1.5"})
    assert told not in window.text
    press(window, "report")
    assert "31 learners reported." in window.text
    assert "As most were given at the last session, 12/12/2021." in window.text
    assert window.fields(SHEET)["/cme/0/credits"] == ["1.5"]
    settle(service)


def test_before_any_session_the_credits_of_an_activity_of_one_day_are_filled(
    window: Window, service: Service, api: Api
) -> None:
    sign_in(window, service)
    day, year = ({"start_date": first, "end_date": "2021-12-31"} for first in ("2021-12-31", "2021-01-01"))
    for dates, filled in ((day, ["10"]), (year, [""])):
        sheet = f"/p/0008001/activities/{api.register(**dates).json['activity_id']}/session"
        window.open(sheet)
        assert window.fields(sheet)["/cme/0/credits"] == filled
        assert ("As the activity is registered." in window.text) is (filled == ["10"])


def test_the_good_are_reported_and_the_rest_stays_ticked_with_its_reason(
    window: Window, service: Service, api: Api, regulars: list[str]
) -> None:
    sign_in(window, service)
    body = a_completion(completed_on="2021-11-01", credits=51.5) | {"learner": {"learner_id": regulars[0]}}
    assert api.report(body).status == 422  # 1 + 51.5 is above 52.
    body["cme"][0] |= {"credits": 51, "license_id": None}
    assert api.report(body).status == 201
    press(window.open(SHEET), "report", **SESSION, learner=regulars[:3])
    assert window.status == 422
    assert "2 learners reported. 1 learner not reported." in window.text
    assert ticked(window) == {regulars[0]}
    assert len(of_day(api)) == 2
    press(window, "report")
    assert "1 learner not reported" in window.text
    assert len(of_day(api)) == 2


def test_what_is_wrong_with_all_is_told_once(window: Window, service: Service, regulars: list[str]) -> None:
    sign_in(window, service)
    given = SESSION | {"/cme/0/credits": "1.1", "learner": regulars[:5]}
    press(window.open(SHEET), "check", **given)
    assert "0 learners ready, 5 with faults" in window.text
    assert window.text.count("1.1") <= 3
    assert ticked(window) == set(regulars[:5])
    press(window, "report", **{"/cme/0/credits": "many"})
    assert window.status == 422
    assert window.fields(SHEET)["/cme/0/credits"] == ["many"]
    press(window.open(SHEET), "report", **SESSION)
    assert "Nobody is ticked" in window.text


def test_names_are_pasted_as_a_column_or_a_block(
    window: Window, service: Service, api: Api, regulars: list[str]
) -> None:
    sign_in(window, service)
    known = api.get("/v1/learners", series="201759558", limit=500).json["data"]
    by_id = {one["learner_id"]: one for one in known}
    first, second = (by_id[learner_id] for learner_id in regulars[:2])
    text = (
        f"{first['first_name']} {first['last_name']}\n1\t{second['last_name'].upper()}\t{second['first_name']}\tx\n"
        "Nobody Known\nRebecca Test"
    )
    press(window.open(SHEET), "paste", names=text, **SESSION)
    assert {first["learner_id"], second["learner_id"]} <= ticked(window)
    assert "You have not reported these names yet" in window.text
    assert "Nobody Known" in window.text
    assert window.shown is not None
    links = html.fromstring(window.shown.text).xpath("//a[contains(@href, '/add?')]/@href")
    window.open(links[0])
    assert window.fields(f"{BASE}/add")["/completed_on"] == ["12/12/2021"]
    assert window.fields(f"{BASE}/add")["/cme/0/credits"] == ["1"]


@pytest.mark.parametrize(
    ("typed", "query"),
    [
        ({"/completed_on": "Quillfeather", "/cme/0/credits": "7391846"}, ""),
        ({"/completed_on": "10/27", "/cme/0/credits": "1.5"}, "?credits=1.5"),
        ({"/completed_on": "12/12/21", "/cme/0/credits": "Nora"}, "?completed_on=12%2F12%2F2021"),
    ],
)
def test_what_was_typed_into_the_wrong_field_goes_into_no_address(
    window: Window, service: Service, typed: dict[str, str], query: str
) -> None:
    sign_in(window, service)
    press(window.open(SHEET), "paste", names="Nobody Known", **SESSION | typed)
    (link,) = window.tree.xpath("//a[. = 'Add them one by one']/@href")
    assert link == f"{BASE}/add{query}"


def test_a_search_leaves_the_ticks(window: Window, service: Service, regulars: list[str]) -> None:
    sign_in(window, service)
    press(window.open(SHEET), "find", words="Rebecca", learner=regulars[:2], **SESSION)
    assert ticked(window) == set(regulars[:2])
    assert "Test, Rebecca" in window.text


def test_nobody_elses_learner_is_reported_and_no_number_is_shown_whole(
    window: Window, service: Service, api: Api, regulars: list[str]
) -> None:
    sign_in(window, service)
    window.open(SHEET)
    assert window.shown is not None
    assert "99001" not in window.shown.text
    assert "03/04" not in window.shown.text
    press(window, "report", learner=["lrn_of_another"], **SESSION)
    assert window.status == 422
    assert window.open(SHEET.replace("201759558", "201798131")).status == 404
    token = window.open(SHEET).fields(SHEET)["token"]
    assert window.send(SHEET.replace("201759558", "201798131"), {"token": token, "do": "check"}).status == 404
    reader = Window(window.browser)
    sign_in(reader, service, "reader@example.org", "reader")
    assert reader.open(SHEET).status == 403


@pytest.mark.parametrize("known", [True, False])
def test_the_sheet_has_lines_for_paper(window: Window, service: Service, known: bool) -> None:
    sign_in(window, service)
    window.open(SHEET)
    if not known:
        press(window, "find", words="nobody like it")
        assert "None of your learners has this name." in window.text
    assert window.shown is not None
    tree = html.fromstring(window.shown.text)
    (table,) = tree.xpath("//table[contains(@class, 'signed')]")
    names = [" ".join(cell.text_content().split()) for cell in table.xpath("tbody/tr/th")]
    assert any(names) is known
    assert "Signature" in table.text_content()
    # What stands on paper alone says nothing of a learner, and sends nothing.
    lines = table.xpath(".//tr[@class='on-paper']")
    assert len(lines) >= 12
    assert not [line for line in lines if line.text_content().strip() or line.xpath(".//input")]
