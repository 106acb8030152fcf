"""Reports on pages: each question, its rows, filters, chart and file."""

from __future__ import annotations

import re

import pytest
from lxml import html

from app.domain.looking.standing_reports import REPORTS
from app.services.context import Service
from tests.builders.bodies import GRAND_ROUNDS, a_completion, tina
from tests.harness.api import Api
from tests.harness.board_views import decide
from tests.harness.console.stronger import sign_in_operator
from tests.harness.console.windows import Window, sign_in

DATABASES = ["sqlite"]
BASE = "/p/0008001"


def rows(window: Window) -> list[list[str]]:
    assert window.shown is not None
    found = html.fromstring(window.shown.text).xpath("//table[@role='table']/tbody/tr")
    return [[" ".join(cell.text_content().split()) for cell in row.xpath("td")] for row in found]


@pytest.fixture
def clerk(window: Window, service: Service) -> Window:
    sign_in(window, service)
    return window


def test_every_report_is_listed_with_its_question_and_answers(clerk: Window) -> None:
    clerk.open(f"{BASE}/reports")
    for report in REPORTS:
        assert report.question in clerk.text
    for report in REPORTS:
        assert clerk.open(f"{BASE}/reports/{report.name}").status == 200
        assert report.question in clerk.text
        for wrong in ("year=soon", "status=lost", "missed=perhaps"):
            if wrong.partition("=")[0] in report.parameters:
                assert clerk.open(f"{BASE}/reports/{report.name}?{wrong}").status == 422, (report.name, wrong)
    assert clerk.open(f"{BASE}/reports/none-such").status == 404


def test_credit_not_accepted_says_why_with_reasons_as_bars_that_lead_to_the_lines(
    clerk: Window, api: Api, service: Service
) -> None:
    decide(service, api.report(tina()).json["credits"][0]["credit_id"], "rejected")
    for query in ("status=rejected&year=2021", "year=2021&status=rejected&board=ABA"):
        clerk.open(f"{BASE}/reports/not-yet-accepted?{query}")
        ((board, name, number, activity, day, credits, why),) = rows(clerk)
        assert (board, name, number, activity, day, credits) == (
            "ABA", "Tina Karacme", "35867909", "Grand Rounds Anesthesia", "12/01/2021", "0.25",
        )  # fmt: skip
        assert why.startswith("ABA rejected it: ")
        assert "Why boards rejected credit" in clerk.text
    clerk.open(f"{BASE}/reports/not-yet-accepted")
    assert len(rows(clerk)) == 12
    assert clerk.shown is not None
    shown = html.fromstring(clerk.shown.text)
    (bar,) = shown.xpath("//ol[@class='ranks']//a/@href")
    (same,) = shown.xpath("//table[caption='Why boards rejected credit']")
    assert same.xpath("thead//th/text()") == ["Reason", "Lines"]
    ((reason, lines),) = (row.xpath("th/text() | td/text()") for row in same.xpath("tbody/tr"))
    assert ([reason], [lines]) == (shown.xpath("//ol[@class='ranks']//a/text()"), ["1"])
    clerk.open(bar)
    assert "Tina Karacme" in clerk.text
    assert len(rows(clerk)) == 1
    assert rows(clerk.open(f"{BASE}/reports/not-yet-accepted?status=rejected&board=TN-M")) == []
    assert "Nothing found" in clerk.text


def test_reports_go_on_page_by_page(clerk: Window) -> None:
    clerk.open(f"{BASE}/reports/not-yet-accepted?limit=10")
    first = rows(clerk)
    assert len(first) == 10
    assert clerk.shown is not None
    (older,) = html.fromstring(clerk.shown.text).xpath("//a[@rel='next']/@href")
    second = rows(clerk.open(older))
    assert len(second) == 1
    assert second[0] not in first
    (back,) = html.fromstring(clerk.shown.text).xpath("//a[@rel='prev']/@href")
    assert rows(clerk.open(back)) == first


def test_late_credit_says_how_late(clerk: Window, api: Api) -> None:
    api.report(a_completion(completed_on="2021-03-01"))
    clerk.open(f"{BASE}/reports/reported-late?year=2021&board=TN-M")
    assert [row[-1] for row in rows(clerk)] == ["Reported 294 days after the completion."]


def test_activities_before_closing_say_what_they_lack_in_words(clerk: Window) -> None:
    clerk.open(f"{BASE}/reports/before-closing")
    found = {row[0].split(" Regularly")[0]: row[-1] for row in rows(clerk)}
    assert found["Grand Rounds Anesthesia"].startswith("commercial support, how many took part")
    assert "attested" not in clerk.text
    assert clerk.shown is not None
    assert html.fromstring(clerk.shown.text).xpath(f"//a[@href='{BASE}/activities/{GRAND_ROUNDS}/close']")


def test_totals_of_a_year_end_with_the_year_and_are_a_file(clerk: Window) -> None:
    clerk.open(f"{BASE}/reports/year-totals?year=2021")
    *groups, year = rows(clerk)
    assert [group[0] for group in groups] == ["ME-M", "ME-M"]
    assert year[0] == "The year"
    assert (year[3], year[5]) == ("2", "1")
    assert "Lines of 2021 by board" in clerk.text
    answer = clerk.browser.get(f"{BASE}/downloads/year-totals?format=csv&year=2021")
    assert (answer.status_code, len(answer.text.strip().splitlines())) == (200, 4)
    assert "Totals of a year" in clerk.open(f"{BASE}/reports/year-totals").text, "this year, unless another is named"


def test_a_reader_sees_reports(window: Window, service: Service) -> None:
    sign_in(window, service, role="reader")
    for report in REPORTS:
        assert window.open(f"{BASE}/reports/{report.name}").status == 200


def drawn(window: Window, heading: str) -> tuple[str, dict[str, str]]:
    """Return what a chart says of itself, and its rows; of one that is a sentence there are none."""
    ((figure),) = window.tree.xpath(f"//figure[h2='{heading}']")
    for drawing in figure.xpath("div/svg"):
        assert drawing.get("role") == "img"
        assert figure.xpath(f"//*[@id='{drawing.get('aria-labelledby')}']")[0].text == heading
        (says,) = figure.xpath(f"//*[@id='{drawing.get('aria-describedby')}']")
        return says.text, {
            row.xpath("string(th)"): row.xpath("string(td)") for row in figure.xpath("details//tbody/tr")
        }
    return figure.xpath("string(p)"), {}


def test_late_credit_has_the_share_in_time_by_month_whatever_the_board(clerk: Window, api: Api) -> None:
    for day in ("2021-03-01", "2021-08-01", "2021-09-01", "2021-10-01", "2021-12-01"):
        assert api.report(a_completion(completed_on=day)).status == 201
    heading = "Are records reported within 30 days?"
    says, months = drawn(clerk.open(f"{BASE}/reports/reported-late?year=2021"), heading)
    assert says.startswith("Of ")
    assert "from March 2021 to December 2021" in says
    assert (months["Mar"], months["Aug"], months["Sep"]) == ("0 %", "0 %", "0 %")
    assert months["Dec"] == "100 %"
    assert heading not in clerk.open(f"{BASE}/reports/reported-late?year=1999").text
    assert heading not in clerk.open(f"{BASE}/reports/reported-late?board=ABA").text


def test_credit_not_accepted_says_how_long_boards_take(clerk: Window, api: Api, service: Service) -> None:
    heading = "How many days until a board answered?"
    page = f"{BASE}/reports/not-yet-accepted"
    assert heading not in clerk.open(page).text
    for day in range(1, 6):
        decide(service, api.report(tina(f"2021-12-{day:02}")).json["credits"][0]["credit_id"], "accepted")
        says, days = drawn(clerk.open(page), heading)
        assert says.startswith(f"Half of {day} answer")
        assert days == ({} if day < 5 else {"< 1": "5", "1": "0", "2": "0", "3": "0", "4": "0"})
    assert heading not in clerk.open(f"{page}?board=ABA").text


def test_a_series_has_its_learners_by_session(clerk: Window, api: Api) -> None:
    page = f"{BASE}/activities/{GRAND_ROUNDS}"
    assert "Learners by session" not in clerk.open(page).text
    api.report(tina("2021-12-01"))
    assert drawn(clerk.open(page), "Learners by session") == ("1 session so far: 1 learner on 12/01/2021.", {})
    for day in range(2, 7):
        api.report(tina(f"2021-12-{day:02}"))
    says, sessions = drawn(clerk.open(page), "Learners by session")
    assert says.startswith("6 sessions from 12/01/2021 to 12/06/2021")
    assert sessions == {f"12/{day:02}": "1" for day in range(1, 7)}
    assert "Learners by session" not in clerk.open(f"{BASE}/activities/200912095").text


def report_nurses(api: Api) -> None:
    course = api.register(rems={"type": "Opioid Analgesic"}).json["activity_id"]
    for number in range(7):
        part = {"local_id": f"N-{number}", "profession": "Nurse", "practice_area": "Pain"}
        body = a_completion(course, "2021-03-01", credits=None, learner={}, rems=part)
        assert api.report(body).status == 201


def test_the_report_for_a_rems_programme_shows_figures_in_steps_and_is_a_file(clerk: Window, api: Api) -> None:
    report_nurses(api)
    for query in ("year=2021", "year=2021&rems_type=Opioid+Analgesic"):
        clerk.open(f"{BASE}/reports/rems?{query}")
        found = {row[0]: row[1:] for row in rows(clerk)}
        assert found["Nurse"] == found["Pain"] == ["5", "5"]
        assert "Pharmacist" not in found
        assert "Fewer than five each: Physician, Advanced practice nurse," in clerk.text
        answer = clerk.browser.get(f"{BASE}/downloads/rems?format=csv&{query}")
        assert "Profession,Nurse,5,5" in answer.text
    clerk.open(f"{BASE}/reports/rems?year=2021&rems_type=Mycophenolate")
    assert rows(clerk) == []
    assert "No figure below five is shown" in clerk.text
    # How many answers a programme's lists have is no count of anybody, and is not called one.
    assert not re.search(r"\d answers", clerk.text)
    assert re.search(r"\d possible answers", clerk.text)
    named = f"{BASE}/reports/rems?year=2021&activity_id=201759558"
    assert clerk.open(named).status == clerk.open(f"{named}&rems_type=Opioid").status == 200


def test_the_operator_has_the_report_over_all_providers(window: Window, service: Service, api: Api) -> None:
    report_nurses(api)
    sign_in_operator(window, service)
    window.open("/operator/rems?year=2021")
    assert {row[0]: row[1:] for row in rows(window)}["Nurse"] == ["5", "5"]
    assert window.open("/operator/rems?year=soon").status == 422
    assert window.open("/operator/rems").status == 200
    answer = window.browser.get("/operator/downloads/rems?format=csv&year=2021")
    assert "Profession,Nurse,5,5" in answer.text
    assert window.browser.get("/operator/downloads/rems?format=pdf&year=2021").status_code == 422
