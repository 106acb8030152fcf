"""Lists of learners and activities on pages: the slides' figures, filters, sealed searches, pages, roles."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from lxml import html

from app.console.lists import filters
from app.domain.exports import ExportFormat
from app.services.context import Service
from app.store.lists import keyset_pages
from tests.api.completions.test_stories import SEVEN_LINES
from tests.builders.bodies import GRAND_ROUNDS, a_completion, points
from tests.harness.api import Api, settle
from tests.harness.board_views import decide
from tests.harness.clock import ManualClock
from tests.harness.console.windows import SAME_SITE, Window, name_of, sign_in

DATABASES = ["sqlite"]
BASE = "/p/0008001"
DETAILS = f"{BASE}/activities/{GRAND_ROUNDS}/learners"
LEARNERS, SUMMARY = f"{BASE}/learners", f"{BASE}/summary"


def page_of(window: Window) -> Any:
    assert window.shown is not None
    return html.fromstring(window.shown.text)


def rows(window: Window) -> list[list[str]]:
    """Return the cells of the list, without boxes and verbs."""
    found = page_of(window).xpath("//table[@role='table']/tbody/tr")
    return [[" ".join(cell.text_content().split()) for cell in row.xpath("td[not(@data-h='')]")] for row in found]


def link(window: Window, text: str) -> str:
    """Return where the link leads that begins with a text."""
    found = page_of(window).xpath("//a[starts-with(normalize-space(), $text)]/@href", text=text)
    assert found, f"no link {text!r}: {window.text}"
    return str(found[0])


def links(window: Window, text: str) -> bool:
    return bool(page_of(window).xpath("//main//a[starts-with(normalize-space(), $text)]", text=text))


@pytest.fixture
def slides(api: Api, service: Service, clock: ManualClock) -> None:
    """Grand Rounds Anesthesia as the slide shows it: seven lines of five people, one of them rejected."""
    for board, first, last, born, number, day, credits in SEVEN_LINES:
        person = {"first_name": first, "last_name": last, "born": born}
        clock.now = clock.now.replace(day=14 if board == "ABA" else 20)
        if board == "ABA":
            body = a_completion(completed_on=day, credits=None, moc=[points("ABA", number, credits)], **person)
        else:
            body = a_completion(completed_on=day, state=board[:2], license_id=number, credits=credits, **person)
        reported = api.report(body)
        verdict = "rejected" if board == "ABA" else "accepted"
        decide(service, reported.json["credits"][0]["credit_id"], verdict)


@pytest.fixture
def clerk(window: Window, service: Service) -> Window:
    sign_in(window, service)
    return window


@pytest.mark.usefixtures("slides")
def test_learner_details_show_the_seven_lines_of_the_slide(clerk: Window, service: Service) -> None:
    clerk.open(f"{DETAILS}?sort=board")
    assert clerk.heading == "Learners for Grand Rounds Anesthesia"
    assert "7 lines, 6 people" in clerk.text
    for fact in ("Regularly Scheduled Series", f"{GRAND_ROUNDS} · Ex2-1", "01/17/2021 – 12/17/2021", "03/31/2022 (ABA)",
                 "52 AMA PRA Category 1"):  # fmt: skip
        assert fact in clerk.text
    box, verbs = clerk.tree.xpath("//tbody/tr[1]//input")[0], clerk.links("//tbody/tr[1]/td[@data-h='']")
    assert name_of(box) == "Tina Karacme 12/01/2021 ABA"
    assert [*verbs] == ["Correct Tina Karacme ABA 12/01/2021", "Withdraw Tina Karacme ABA 12/01/2021"]
    first, *others = rows(clerk)
    assert first[:-1] == [
        "ABA", "Tina Karacme", "11/24", "35867909", "12/01/2021", "12/14/2021", "0.25 0.25 Lifelong Learning",
    ]  # fmt: skip
    assert first[-1].startswith("Rejected: ")
    assert sorted(others) == sorted(
        [board, f"{first} {last}", born, number, f"{day[5:7]}/{day[8:]}/2021", "12/20/2021",
         f"{credits} AMA PRA Category 1", "Accepted"]
        for board, first, last, born, number, day, credits in SEVEN_LINES
        if board != "ABA"
    )  # fmt: skip
    settle(service)


@pytest.mark.usefixtures("slides")
def test_the_summary_counts_what_the_slide_counts_and_leads_to_the_lines(clerk: Window) -> None:
    clerk.open(SUMMARY)
    assert "22 activities" in clerk.text
    title, dates, *figures = rows(clerk)[0]
    assert title.startswith("Grand Rounds Anesthesia")
    assert (dates, figures) == ("01/17/2021 – 12/17/2021", ["6", "1", "0", "6", "34"])
    found = clerk.links("//tbody/tr[1]")
    assert [*found] == ["Grand Rounds Anesthesia", "6 accepted Grand Rounds Anesthesia",
                        "1 rejected Grand Rounds Anesthesia", "Add learners to Grand Rounds Anesthesia"]  # fmt: skip
    clerk.open(found["1 rejected Grand Rounds Anesthesia"])
    assert [row[1] for row in rows(clerk)] == ["Tina Karacme"]
    clerk.open(f"{SUMMARY}?q=grand anesthesia&status=rejected")
    assert [row[2:] for row in rows(clerk)] == [["0", "1", "0", "1", "0"]]
    # Clearing filters leaves the words that are searched for.
    assert parse_qs(urlsplit(link(clerk, "Clear all filters")).query) == {"q": ["grand anesthesia"]}


def test_the_search_finds_rebecca_test_and_no_address_names_her(clerk: Window) -> None:
    clerk.open(LEARNERS)
    assert clerk.shown is not None
    sent = clerk.fields(LEARNERS) | {"first_name": "rebecca", "last_name": "Test"}
    answer = clerk.browser.post(LEARNERS, data=sent, headers=SAME_SITE)
    address = answer.headers["location"]
    assert (answer.status_code, set(parse_qs(urlsplit(address).query))) == (303, {"f"})
    clerk.open(f"{address}&sort=submitted_at&limit=10")
    found = rows(clerk)
    assert len(found) == 9
    assert {row[1] for row in found} == {"Rebecca Test"}
    assert [row[0] for row in found][:2] == ["ZZNC", "TN-M"]
    assert clerk.shown.headers["cache-control"].startswith("no-store")
    shown = page_of(clerk)
    addresses = [str(given) for given in shown.xpath("//@href | //@action")]
    assert not [given for given in addresses if re.search("rebecca|test|02.01|444444", given, re.IGNORECASE)]
    # What was searched for stands in the fields; filters go on from there, a new search starts without any.
    assert shown.xpath("//input[@name='first_name']/@value") == ["rebecca"]
    narrowed = f"{address}&board=ME-M"
    clerk.open(narrowed)
    assert len(rows(clerk)) == 4
    again = clerk.browser.post(LEARNERS, data=clerk.fields(LEARNERS) | {"last_name": "Test"}, headers=SAME_SITE)
    assert set(parse_qs(urlsplit(again.headers["location"]).query)) == {"f"}
    assert clerk.browser.post(
        LEARNERS, data=clerk.fields(LEARNERS) | {"first_name": " ", "last_name": ""}, headers=SAME_SITE
    ).headers["location"] == LEARNERS  # fmt: skip


def test_words_in_clear_are_refused_and_words_of_another_provider_are_no_words(
    clerk: Window, open_window: Any, service: Service
) -> None:
    for named in ("first_name=Rebecca", "last_name=Test", "q=Rebecca"):
        assert clerk.open(f"{LEARNERS}?{named}").status == 422
        assert clerk.open(f"{BASE}/downloads/credit-lines?{named}").status in (404, 422)
    clerk.open(LEARNERS)
    sent = clerk.fields(LEARNERS) | {"last_name": "Test"}
    sealed = clerk.browser.post(LEARNERS, data=sent, headers=SAME_SITE).headers["location"].partition("?")[2]
    other = open_window()
    sign_in(other, service, "other@example.org", "reader", id="0008002")
    other.open(f"/p/0008002/learners?{sealed}")
    assert page_of(other).xpath("//input[@name='last_name']/@value") == [""]
    assert clerk.open(f"{LEARNERS}?f=made-up").status == 200


@pytest.mark.usefixtures("slides")
def test_filters_are_chips_each_of_which_is_a_link_without_it(clerk: Window) -> None:
    clerk.open(f"{DETAILS}?status=accepted&board=CA-M&completed_from=12/02/2021&sort=last_name&limit=10")
    assert [row[1] for row in rows(clerk)] == ["Test6 Account6", "Willa Duncan"]
    chips = {" ".join(chip.xpath("string(span)").split()): chip.get("href")
             for chip in page_of(clerk).xpath("//a[@class='chip']")}  # fmt: skip
    assert list(chips) == [
        "Status: Accepted", "Board: CA-M Medical Board of California", "Completed from: 12/02/2021"
    ]  # fmt: skip
    without = {name: parse_qs(urlsplit(address).query) for name, address in chips.items()}
    assert without["Completed from: 12/02/2021"] == {
        "status": ["accepted"], "board": ["CA-M"], "sort": ["last_name"], "limit": ["10"]
    }  # fmt: skip
    assert parse_qs(urlsplit(link(clerk, "Clear all filters")).query) == {"sort": ["last_name"], "limit": ["10"]}
    # Applying again sends what is on, and the order and size along.
    kept = {name: values for name, values in clerk.fields(DETAILS).items() if name in ("sort", "limit")}
    form = page_of(clerk).xpath("//form[contains(@class, 'filters')]")[0]
    assert kept == {} and dict(form.form_values()) | {"completed_to": ""} == {
        "sort": "last_name", "limit": "10", "status": "accepted", "board": "CA-M", "completed_from": "12/02/2021",
        "completed_to": "", "submitted_from": "", "submitted_to": "", "credit_type": "",
    }  # fmt: skip
    assert "Accepted (2)" in clerk.text


@pytest.mark.usefixtures("slides")
def test_counts_of_facets_are_those_that_a_filter_would_leave(clerk: Window) -> None:
    clerk.open(f"{DETAILS}?status=accepted")
    for counted in ("Accepted (6)", "Rejected (1)", "CA-M Medical Board of California (3)", "By a program (6)"):
        assert counted in clerk.text
    assert "ABA American" not in clerk.text, "no accepted line is of it"


def test_what_cannot_be_read_is_told_at_its_filter_and_nothing_is_looked_for(clerk: Window) -> None:
    clerk.open(f"{LEARNERS}?completed_from=soon&status=lost")
    assert clerk.status == 422
    assert "Nothing was looked for" in clerk.text
    assert rows(clerk) == []
    shown = page_of(clerk)
    assert shown.xpath("//input[@name='completed_from']/@value") == ["soon"]
    assert shown.xpath("//input[@name='completed_from']/@aria-invalid") == ["true"]
    assert str(shown.xpath("string(//title)")).startswith("Error: ")
    assert clerk.open(f"{LEARNERS}?sort=learner").status == 422
    assert clerk.open(f"{LEARNERS}?colour=red").status == 422


def test_a_day_is_read_in_every_form_that_files_take(clerk: Window) -> None:
    found = {
        len(rows(clerk.open(f"{LEARNERS}?completed_to={day}"))) for day in ("12/31/2018", "2018-12-31", "12/31/18")
    }
    assert found == {3}


@pytest.mark.parametrize(
    "sort", ["-submitted_at", "last_name", "board", "learner_board_id", "-credits", "date_of_birth"]
)
@pytest.mark.usefixtures("slides")
def test_pages_lead_on_and_back_without_gap_or_repetition(
    clerk: Window, monkeypatch: pytest.MonkeyPatch, sort: str
) -> None:
    monkeypatch.setattr(filters, "SIZES", (4, 100))
    whole = rows(clerk.open(f"{LEARNERS}?sort={sort}&limit=100"))
    assert len(whole) == 18
    clerk.open(f"{LEARNERS}?sort={sort}&limit=4")
    words = ("Newer", "Older") if sort == "-submitted_at" else ("Previous", "Next")
    onward, pages = [rows(clerk)], 1
    assert not links(clerk, words[0])
    while links(clerk, words[1]):
        address = link(clerk, words[1])
        assert not re.search("karacme|test|accme", address.partition("?")[2], re.IGNORECASE)
        onward.append(rows(clerk.open(address)))
        pages += 1
    assert [row for page in onward for row in page] == whole
    back = [rows(clerk)]
    while links(clerk, words[0]):
        back.insert(0, rows(clerk.open(link(clerk, words[0]))))
        # The page before begins where the whole list does, though the last one is short.
    assert back == onward
    assert pages == 5


def test_a_place_of_another_list_order_or_provider_is_the_first_page(clerk: Window, service: Service) -> None:
    clerk.open(f"{LEARNERS}?limit=10")
    first = rows(clerk)
    older = parse_qs(urlsplit(link(clerk, "Older")).query)["after"][0]
    assert (
        rows(clerk.open(f"{LEARNERS}?limit=10&after={older}"))
        == rows(clerk.open(f"{LEARNERS}?sort=submitted_at&limit=10"))[:1]
    )
    assert rows(clerk.open(f"{LEARNERS}?limit=10&sort=board&after={older}")) == rows(
        clerk.open(f"{LEARNERS}?limit=10&sort=board")
    )
    assert rows(clerk.open(f"{LEARNERS}?limit=10&after=made-up")) == first
    assert clerk.open(f"{SUMMARY}?after={older}").status == 200


def test_a_heading_sorts_and_pressed_again_turns_the_order_round(clerk: Window) -> None:
    clerk.open(LEARNERS)
    clerk.open(link(clerk, "Credits"))
    assert rows(clerk)[0][-2].startswith("999")
    assert page_of(clerk).xpath("//th[@aria-sort='descending']//a")
    clerk.open(link(clerk, "Credits"))
    assert page_of(clerk).xpath("//th[@aria-sort='ascending']//a")
    assert rows(clerk)[-1][-2].startswith("999")


def test_a_long_total_says_about(clerk: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyset_pages, "MOST_COUNTED", 5)
    clerk.open(LEARNERS)
    assert "About 5 or more lines" in clerk.text
    assert "Excel, up to 1,048,575 rows" in clerk.text


def test_nothing_yet_and_nothing_found_say_what_to_do(clerk: Window) -> None:
    clerk.open(DETAILS)
    assert "Nobody is reported for this activity yet" in clerk.text
    assert link(clerk, "Add learners") == f"{BASE}/activities/{GRAND_ROUNDS}/add"
    clerk.open(f"{LEARNERS}?status=rejected&board=TN-M")
    assert "Nothing found" in clerk.text
    assert "2 filters are on" in clerk.text
    assert len(rows(clerk.open(link(clerk, "Without Status: Rejected")))) == 3


def test_a_reader_sees_the_lists_and_nothing_that_writes(window: Window, service: Service) -> None:
    sign_in(window, service, role="reader")
    for path in (LEARNERS, SUMMARY, DETAILS):
        assert window.open(path).status == 200
        for verb in ("Add learners", "Correct", "Withdraw", "Session sheet"):
            assert not links(window, verb), (path, verb)
        assert not page_of(window).xpath("//form[@method='post' and .//tbody] | //button[starts-with(., 'Withdraw')]")
    assert window.open(LEARNERS).submit(LEARNERS, last_name="Test").status == 200
    assert len(rows(window)) == 9


def test_an_activity_of_others_is_not_there(clerk: Window, service: Service) -> None:
    for path in ("activities/201790344/learners", "activities/100000000/learners"):
        assert clerk.open(f"{BASE}/{path}").status == 404
    assert clerk.open("/p/0008002/learners").status == 404


def test_a_list_is_downloaded_under_its_filters(clerk: Window, service: Service) -> None:
    sent = clerk.open(LEARNERS).fields(LEARNERS) | {"last_name": "Test"}
    clerk.open(clerk.browser.post(LEARNERS, data=sent, headers=SAME_SITE).headers["location"] + "&board=ME-M&limit=10")
    address = link(clerk, "CSV")
    assert "limit" not in address
    answer = clerk.browser.get(address)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    assert re.fullmatch(r'attachment; filename="Credit_Lines_[0-9_]+\.csv"', answer.headers["content-disposition"])
    assert len(answer.text.strip().splitlines()) == 5
    assert "Excel: 4 lines" in clerk.text
    clerk.open(f"{SUMMARY}?q=grand anesthesia")
    assert len(clerk.browser.get(link(clerk, "JSON lines")).text.splitlines()) == 1
    assert clerk.browser.get(link(clerk, "Excel")).content[:2] == b"PK"
    for wrong in ("nothing-such", "credit-lines?format=pdf", "credit-lines?completed_from=soon"):
        assert clerk.browser.get(f"{BASE}/downloads/{wrong}").status_code in (404, 422)


def documents(window: Window, address: str) -> list[dict[str, Any]]:
    answer = window.browser.get(address)
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def test_the_activities_are_downloaded_under_the_filters_and_the_order_of_their_list(clerk: Window) -> None:
    for query in (
        "",
        "?sort=title",
        "?q=grand&activity_from=01/01/2021",
        "?activity_status=ready-to-close&sort=-persons",
    ):
        clerk.open(f"{BASE}/activities{query}")
        ids = [row.xpath("string(.//span[@class='id'])") for row in page_of(clerk).xpath("//tbody/tr")]
        found = [one["activity"]["activity_id"] for one in documents(clerk, link(clerk, "JSON lines"))]
        assert ids
        assert found == ids, query
        assert clerk.browser.get(link(clerk, "Excel")).content[:2] == b"PK"


@pytest.mark.parametrize(
    "query",
    ["", "?moc=true", "?activity_to=12/31/2021&activity_from=01/01/2021&moc=false", "?activity_status=ready-to-close",
     "?q=grand&sort=title"],
)  # fmt: skip
def test_activities_are_downloaded_as_documents_and_as_their_template_under_the_filters_of_the_list(
    clerk: Window, query: str
) -> None:
    clerk.open(f"{BASE}/activities{query}")
    ids = [row.xpath("string(.//span[@class='id'])") for row in page_of(clerk).xpath("//tbody/tr")]
    found = clerk.browser.get(link(clerk, "To change and upload: PARS JSON")).text
    named = re.findall(r'"ACCME Activity ID", "entry": "(\d{9})"', found)
    assert ids and sorted(named) == sorted(ids)
    xml = clerk.browser.get(link(clerk, "To change and upload: PARS XML")).text
    assert xml.count("</MedicalEducationMetrics>") == len(ids)
    assert clerk.browser.get(link(clerk, "To change and upload: Excel")).content[:2] == b"PK"


def test_whole_records_are_downloaded_under_the_filters_of_their_lines(clerk: Window) -> None:
    sent = clerk.open(LEARNERS).fields(LEARNERS) | {"last_name": "Test"}
    sought = clerk.browser.post(LEARNERS, data=sent, headers=SAME_SITE).headers["location"]
    clerk.open(f"{sought}&board=ME-M&sort=completed_on&limit=10")
    ids = [box.get("value") for box in page_of(clerk).xpath("//tbody//input")]
    records = documents(clerk, link(clerk, "Whole records: JSON lines"))
    assert [one["completion_id"] for one in records] == list(dict.fromkeys(ids))
    assert all({"learner", "credits", "version"} <= set(one) for one in records)
    # Records have no board of their own to be ordered by.
    clerk.open(f"{sought}&board=ME-M&sort=board&limit=10")
    assert "sort=" not in link(clerk, "Whole records: CSV")
    assert clerk.browser.get(link(clerk, "Whole records: CSV")).text.count("\n") == 5
    assert clerk.browser.get(f"{BASE}/downloads/learner-completions?q=Test").status_code in (404, 422)


@pytest.mark.parametrize("role", ["reporter", "reader"])
def test_ticked_records_are_downloaded_whole(window: Window, service: Service, role: str) -> None:
    sign_in(window, service, role=role)
    boxes = page_of(window.open(LEARNERS)).xpath("//tbody//input[@name='completion']/@value")
    ticked = [boxes[0], boxes[0], boxes[-1]]
    [address] = set(page_of(window).xpath("//form[@id='lines']//button[@name='format']/@formaction"))
    for format in ExportFormat:
        [button] = page_of(window).xpath(f"//form[@id='lines']//button[@name='format' and @value='{format}']")
        assert button.text_content().startswith("Download ")
    asked = urlencode([*(("completion", id) for id in ticked), ("format", "ndjson")])
    assert {one["completion_id"] for one in documents(window, f"{address}?{asked}")} == set(ticked)
    answer = window.browser.get(f"{address}?completion={boxes[0]}")
    assert (answer.content[:2], answer.headers["cache-control"].partition(",")[0]) == (b"PK", "no-store")
    none = window.browser.get(f"{address}?format=csv")
    assert (none.status_code, none.headers["location"]) == (303, LEARNERS)
    assert "Tick the records first" in window.open(LEARNERS).text
    assert documents(window, f"{address}?completion=none-such&format=ndjson") == []
    assert window.browser.get(f"{address}?completion={boxes[0]}&format=pdf").status_code == 422
    assert window.browser.get(f"{address}?{'&'.join(['completion=x'] * 101)}").status_code == 422


def test_all_credit_of_one_learner_is_a_link_that_names_nobody(clerk: Window) -> None:
    clerk.open(LEARNERS)
    clerk.open(link(clerk, "Vincent Van Gogh"))
    clerk.open(link(clerk, "All credit of this learner"))
    assert [row[1] for row in rows(clerk)] == ["Vincent Van Gogh"] * 2
    assert "Learner: Vincent Van Gogh" in clerk.text
