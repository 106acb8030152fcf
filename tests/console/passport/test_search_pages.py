"""The public pages of the search: what they show to anybody, how they are narrowed, and what is never a link."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from lxml import html

from tests.browser.payloads import PAYLOADS
from tests.console.test_injection import faults_of
from tests.harness.api import Api
from tests.harness.cases import for_all
from tests.harness.passport.listed import an_open_activity

DATABASES = ["sqlite"]
PATH = "/passport"


@pytest.fixture(autouse=True)
def at_once(browser: TestClient) -> None:
    app = browser.app
    assert isinstance(app, FastAPI)
    app.state.listed_activities.refresh_seconds = 0


def shown(browser: TestClient, address: str = PATH, status: int = 200) -> Any:
    answer = browser.get(address)
    assert answer.status_code == status, answer.text
    assert "set-cookie" not in answer.headers
    return html.fromstring(answer.text)


def words(page: Any, path: str) -> list[str]:
    return [" ".join(found.text_content().split()) for found in page.xpath(path)]


def titles(page: Any) -> list[str]:
    return words(page, "//ol[@class='results']/li/h2")


def test_anybody_finds_what_is_open_or_to_come_and_narrows_it(browser: TestClient) -> None:
    page = shown(browser)
    assert words(page, "//title")[0] == "5 activities – Find accredited CME – PARS"
    assert len(titles(page)) == 5
    assert words(page, "//button[contains(., 'Show')]") == ["Show 5 activities"]
    (pain,) = page.xpath("//li[contains(., 'Pain Management')]")
    assert "Internet Searching and Learning · online · until 04/30/2022" in words(pain, "p")[0]
    assert words(pain, "p")[1] == "0.5 AMA PRA Category 1 · Free · open to all"
    assert pain.xpath(".//a[@rel='noopener']/@href") == [
        "https://education.example.org/point-of-care/pain-management-11"
    ]
    assert "education.example.org" in pain.text_content()
    assert "Credit is reported for you" in pain.text_content()
    specialties = page.xpath("//fieldset[legend='Specialty']//label")
    assert [label.text_content() for label in specialties] == [
        "Ophthalmology (2)", "Internal Medicine (1)", "Neurology (1)", "Pain Medicine (1)", "Pathology (1)",
    ]  # fmt: skip
    narrowed = shown(browser, f"{PATH}?specialty=Ophthalmology&fee=yes")
    assert len(titles(narrowed)) == 2
    assert words(narrowed, "//div[@class='chips']/a[@class='chip']/span[1]") == [
        "Specialty: Ophthalmology", "Fee: Costs a fee",
    ]  # fmt: skip
    # Other values of a filter that is on can be ticked too, unless they would leave nothing.
    assert words(narrowed, "//fieldset[legend='Specialty']//label") == ["Ophthalmology (2)"]
    assert words(shown(browser, f"{PATH}?specialty=Ophthalmology"), "//fieldset[legend='Specialty']//label")[1:]
    (box,) = narrowed.xpath("//input[@name='specialty' and @value='Ophthalmology']")
    assert box.get("checked") is not None


def test_chips_take_one_filter_off_and_clear_all_keeps_the_words(browser: TestClient) -> None:
    page = shown(browser, f"{PATH}?q=testing&board=ABO&fee=yes&sort=title")
    chips = {
        chip.text_content().split(":")[0]: parse_qs(urlsplit(chip.get("href")).query)
        for chip in page.xpath("//a[@class='chip']")
    }
    assert chips["Fee"] == {"q": ["testing"], "board": ["ABO"], "sort": ["title"]}
    (clear,) = page.xpath("//div[@class='chips']/a[@class='small']/@href")
    assert parse_qs(urlsplit(clear).query) == {"q": ["testing"], "sort": ["title"]}
    assert words(page, "//details[contains(@class, 'pick')]/summary") == ["Sort: title"]
    assert words(shown(browser, f"{PATH}?q=testing"), "//details[contains(@class, 'pick')]/summary") == [
        "Sort: best fit"
    ]
    assert words(shown(browser), "//details[contains(@class, 'pick')]/summary") == ["Sort: soonest"]


def test_empty_fields_of_the_form_do_not_stay_in_the_address(browser: TestClient) -> None:
    answer = browser.get(f"{PATH}?q=&specialty=Neurology&credits_from=&moc=&activity_from=")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{PATH}?specialty=Neurology")


def test_what_a_script_asks_for_is_answered_at_once_and_not_kept(browser: TestClient) -> None:
    answer = browser.get(f"{PATH}?q=&specialty=Neurology", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache, no-transform")
    assert titles(html.fromstring(answer.text)) == titles(shown(browser, f"{PATH}?specialty=Neurology"))
    # The filter that was changed stays as it is: nothing of it changed, and the focus is there.
    source = {"HX-Request": "true", "HX-Source": "div#find-in-specialty"}
    part = html.fromstring(browser.get(f"{PATH}?specialty=Neurology", headers=source).text)
    follows = part.xpath("//*[@hx-swap-oob]/@id")
    assert {"find-show", "find-in-board", "find-in-moc"} <= set(follows)
    assert {"find-in-specialty", "find-in-credits_from", "find-in-activity_from"}.isdisjoint(follows)
    assert not shown(browser).xpath("//*[@hx-swap-oob]")


def test_every_control_has_a_name_that_the_address_takes(browser: TestClient) -> None:
    page = shown(browser, f"{PATH}?past=true")
    names = {control.get("name") for control in page.xpath("//form//*[@name]")}
    assert {
        "q", "specialty", "board", "activity_format", "delivery_method", "state", "moc", "credit_type", "fee",
        "registration", "rems", "mips", "interprofessional", "joint_accreditation", "credits_from", "credits_to",
        "moc_points_from", "moc_points_to", "activity_from", "activity_to", "past",
    } <= names  # fmt: skip
    for name in names:
        assert browser.get(PATH, params={name: "1"}).status_code in (200, 422), name
    assert browser.get(PATH, params={"nearby": "1"}).status_code == 422


def test_past_activities_are_shown_when_they_are_asked_for(browser: TestClient) -> None:
    page = shown(browser, f"{PATH}?past=true")
    assert words(page, "//ol[@class='results']/li//span[contains(@class, 'gone')]") == ["Ended"] * 3
    assert "Grand Rounds Anesthesia" in titles(page)
    assert "Grand Rounds Anesthesia" not in titles(shown(browser))


def test_dates_are_typed_as_the_field_writes_them(browser: TestClient) -> None:
    assert len(titles(shown(browser, f"{PATH}?activity_from=01/05/2023"))) == 1
    page = shown(browser, f"{PATH}?activity_from=13/45/2023", 422)
    assert words(page, "//title")[0].startswith("Error: ")
    assert "From" in words(page, "//div[@role='alert']")[0]
    assert page.xpath("//details[@class='narrow' and @open]")
    (typed,) = page.xpath("//input[@name='activity_from']/@value")
    assert typed == "13/45/2023"


def test_where_nothing_fits_the_filters_that_hide_the_most_are_named_first(browser: TestClient) -> None:
    page = shown(browser, f"{PATH}?specialty=Ophthalmology&fee=no")
    ways = [(" ".join(way.text_content().split()), way.get("href")) for way in page.xpath("//div[@class='empty']//a")]
    assert ways[0] == ("Without Specialty: 2 activities", "?fee=no")
    assert ways[1] == ("Without Fee: 2 activities", "?specialty=Ophthalmology")
    nothing = shown(browser, f"{PATH}?q=nothing-such&specialty=Astrology")
    assert words(nothing, "//div[@class='empty']//a") == ["Clear all"]


def test_pages_have_numbers_and_the_last_is_shown_for_one_too_far(browser: TestClient, api: Api) -> None:
    for number in range(30):
        api.register(**an_open_activity(number, start_date="2021-06-01", end_date="2022-03-01", format="live-course"))
    first, second = shown(browser, f"{PATH}?sort=title"), shown(browser, f"{PATH}?sort=title&page=2")
    assert (len(titles(first)), len(titles(second))) == (25, 10)
    assert not set(titles(first)) & set(titles(second))
    assert first.xpath("//a[@rel='next']/@href") == ["?sort=title&page=2"]
    assert second.xpath("//a[@rel='prev']/@href") == ["?sort=title"]
    assert words(second, "//title")[0].startswith("35 activities, page 2 – ")
    beyond = browser.get(f"{PATH}?sort=title&page=77")
    assert (beyond.status_code, beyond.headers["location"]) == (303, f"{PATH}?sort=title&page=2")
    for odd in ("0", "-1", "x", "9" * 50, "²"):
        assert titles(shown(browser, f"{PATH}?sort=title&page={odd}")) == titles(first)
    # A filter leads to its first page.
    assert all(
        "page" not in address for address in second.xpath("//a[@aria-current or contains(@class, 'chip')]/@href")
    )


def test_pages_may_be_kept_and_say_of_when_they_are(browser: TestClient) -> None:
    for address in (PATH, f"{PATH}/activities/201798027", f"{PATH}/boards"):
        answer = browser.get(address)
        assert answer.headers["cache-control"] == "public, max-age=30"
        assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert (
        "The list is of 12/20/2021, 3:00 PM UTC. What a provider changes shows here within a minute."
        in browser.get(PATH).text
    )
    assert browser.get(f"{PATH}?credits_from=x").headers["cache-control"].startswith("no-cache")


def test_one_activity_says_what_decides(browser: TestClient) -> None:
    page = shown(browser, f"{PATH}/activities/200912095")
    assert words(page, "//h1") == ["Internal Medicine Course 2021"]
    facts = dict(zip(words(page, "//dl[@class='facts']//dt"), words(page, "//dl[@class='facts']//dd"), strict=True))
    assert facts == {
        "Provider": "Western Regional Medical Center", "Format": "Live Course", "Delivery": "In person, live stream",
        "Where": "Portland, Maine, USA", "When": "01/01/2021 – 12/31/2021", "AMA PRA Category 1 Credit": "2.25",
        "Fee": "Fee varies", "Registration": "Open to all", "Specialties": "Internal Medicine",
    }  # fmt: skip
    assert words(page, "//tbody/tr/td")[1:3] == ["2.25", "Medical Knowledge, Patient Safety"]
    (link,) = page.xpath("//a[contains(., 'Go to activity')]")
    assert (link.get("href"), link.get("rel")) == (
        "https://education.example.org/courses/internal-medicine-2021",
        "noopener",
    )
    calendar = browser.get(page.xpath("//a[contains(., 'calendar')]/@href")[0])
    assert (calendar.status_code, calendar.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
    assert "SUMMARY:Internal Medicine Course 2021" in calendar.text


def test_what_is_not_listed_is_not_there(browser: TestClient, api: Api) -> None:
    hidden = api.register(**an_open_activity(1, listing={"public": False})).json["activity_id"]
    for id in (hidden, "999999999", "never", "9" * 65, "%00", " "):
        for address in (f"{PATH}/activities/{id}", f"{PATH}/activities/{id}/calendar.ics"):
            answer = browser.get(address)
            assert answer.status_code in (400, 404), address
            assert "no-store" in answer.headers["cache-control"]


@for_all(
    "text", ["javascript:window.ran=1", "JAVASCRIPT:window.ran=1", "data:text/html,x", "//elsewhere.example", *PAYLOADS]
)
def test_what_a_provider_writes_stays_text_and_its_address_runs_nothing(
    browser: TestClient, api: Api, text: str
) -> None:
    given = {"city": text, "state": text, "country": text}
    registered = api.register(**an_open_activity(
        1, title=f"Zedekiah {text}", description=text, location=given, end_date="2022-12-31",
        listing={"public": True, "url": text, "fee": "no", "specialties": [text]},
    ))  # fmt: skip
    assert registered.status == 201, registered.json
    one = f"{PATH}/activities/{registered.json['activity_id']}"
    for address in (f"{PATH}?q=Zedekiah", one):
        answer = browser.get(address)
        assert answer.status_code == 200
        assert list(faults_of(answer.text)) == []
        assert "Ask the provider" in answer.text
    for name in ("q", "specialty", "board", "city", "state", "sort", "fee", "credits_from", "activity_from", "page"):
        answer = browser.get(PATH, params={name: text})
        assert answer.status_code in (200, 303, 422), name
        if answer.status_code != 303:
            assert list(faults_of(answer.text)) == [], name


def test_boards_say_whether_and_since_when_they_receive_credit(browser: TestClient) -> None:
    page = shown(browser, f"{PATH}/boards")
    rows = [words(row, "td") for row in page.xpath("//section[@id='certifying']//tbody/tr")]
    surgery = next(cells for cells in rows if cells[0].startswith("American Board of Surgery"))
    assert surgery[1:] == ["Completed since 03/01/2021", "Accredited CME, Self-Assessment"]
    physical = next(cells for cells in rows if "Physical Medicine" in cells[0])
    assert "began since 01/01/2025" in physical[1]
    takes_part = words(page, "//section[@id='licensing']//tbody/tr")
    assert any("Tennessee" in row and "From 01/01/2018 to 12/31/2021" in row for row in takes_part)
    others = words(page, "//section[@id='others']//tbody/tr")
    assert any("Texas" in row and row.endswith("Never") for row in others)
    assert len(takes_part) + len(others) == sum(
        board["kind"] == "licensing" for board in browser.get("/v1/boards").json()["data"]
    )


def test_the_pages_lead_to_each_other(browser: TestClient) -> None:
    for address in (PATH, f"{PATH}/boards"):
        links = shown(browser, address).xpath("//nav[@aria-label='CME Passport']/a")
        assert [link.get("href") for link in links] == [
            PATH, f"{PATH}/boards", "/verify", f"{PATH}/credits", f"{PATH}/join",
        ]  # fmt: skip
        assert [link.get("href") for link in links if link.get("aria-current")] == [address]
