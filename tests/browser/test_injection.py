"""Markup in names, titles, file names, cells, reasons and rosters: text on every page, and nothing of it runs."""

from __future__ import annotations

import subprocess
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import Visitor
from tests.browser.looks import widths_scrolling_sideways
from tests.browser.payloads import PAYLOADS
from tests.browser.serving import PYTHON, ROOT, served
from tests.browser.tasks import FAULTY, fill_tina, open_adding, upload, wait_until
from tests.browser.visited import VISITED

MARKUP = "Zed<img src=x onerror=window.ran=1>"


MADE_OF_THEM = (
    "script, style, iframe, img, object, embed, base, math, animate, plaintext, xmp, [onerror], [onload], [onfocus], "
    "[onbegin], [ontoggle], [onmouseover], [srcdoc], [hx-get='/'], b[data-fill], "
    ":is([href], [src], [action], [formaction])"
    ":is([href*='script:' i], [src*='script:' i], [action*='script:' i], [formaction*='script:' i], [href^='data:' i])"
)
"""What would stand in a page if one of them was taken as markup."""


def shows_as_text(page: Page, *texts: str) -> bool:
    """Whether a page shows texts as they were sent, runs nothing of them, and keeps its width."""
    page.wait_for_load_state()
    page.wait_for_timeout(100)
    held = page.locator("main").inner_text() + "".join(
        page.locator("main input, main textarea").evaluate_all("fields => fields.map(field => field.value)")
    )
    assert [text for text in texts if text not in held] == []
    return made_of_markup(page) == []


def made_of_markup(page: Page) -> list[str]:
    """Return what a page runs or has made of texts, and the widths at which it scrolls sideways for them."""
    found: list[str] = page.locator(f"body :is({MADE_OF_THEM})").evaluate_all(
        "made => made.filter(one => !(one.tagName === 'SCRIPT' && one.src)).map(one => one.outerHTML.slice(0, 80))"
    )
    if page.evaluate("window.ran") is not None:
        found.append("it ran")
    return found + [f"{width} px scroll sideways" for width in widths_scrolling_sideways(page, (320, 1280))]


def test_markup_in_a_form_comes_back_as_text(visitor: Visitor) -> None:
    page = visitor.enter("a clerk")
    open_adding(page)
    for label, payload in zip(
        ("First name", "Last name", "Birth month and day", "Date completed"), PAYLOADS, strict=False
    ):
        page.get_by_label(label).fill(payload)
    page.get_by_label("Licence number").first.fill(PAYLOADS[4])
    page.get_by_label("Credits", exact=True).first.fill(PAYLOADS[5])
    page.get_by_role("button", name="Check", exact=True).click()
    page.get_by_role("alert").wait_for()
    assert shows_as_text(page, *PAYLOADS[:6])
    page.get_by_role("link", name="Learners", exact=True).first.click()
    page.get_by_label("Last name").fill(PAYLOADS[0])
    page.get_by_role("button", name="Search").click()
    assert shows_as_text(page, PAYLOADS[0])
    assert "script" not in page.url
    page.goto(f"/p/0008001/activities?q={quote(PAYLOADS[0])}")
    assert shows_as_text(page, PAYLOADS[0])
    page.goto(f"/p/0008001/activities?{quote(PAYLOADS[1])}=1")
    assert shows_as_text(page, PAYLOADS[1])


def test_markup_in_a_file_is_text_on_every_page_of_the_upload(visitor: Visitor) -> None:
    page = visitor.enter("a clerk")
    rows = [
        {"First Name": payload, "Last Name": PAYLOADS[place - 1], "Licensing ID": payload,
         "Number of CME Credits": payload, "Record Action": payload if place % 2 else "Add"}
        for place, payload in enumerate(PAYLOADS)
    ]  # fmt: skip
    name = "<img src=x onerror=window.ran=1>.xlsx"
    upload(page, rows, name)
    result = page.url
    assert shows_as_text(page, "onerror=window.ran=1>.xlsx", *PAYLOADS[:2])
    page.get_by_role("link", name="Fix the rows").click()
    assert shows_as_text(page, *PAYLOADS)
    page.get_by_role("button", name="Check what I changed").click()
    assert shows_as_text(page, *PAYLOADS)
    page.get_by_role("link", name="Uploads", exact=True).first.click()
    assert shows_as_text(page, "onerror=window.ran=1>.xlsx")
    page.get_by_role("link", name="Home", exact=True).click()
    assert shows_as_text(page, "onerror=window.ran=1>.xlsx")
    page.goto(result)
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Rejected rows").first.click()
    assert not set(downloading.value.suggested_filename) & set('<>"/\\')


def test_what_is_asked_about_a_held_record_is_text_for_clerk_and_operator(visitor: Visitor) -> None:
    clerk = visitor.enter("a clerk")
    # A name with markup is refused by a rule and held by nothing; what is written about it is anybody's.
    upload(clerk, [{"First Name": "Zedekiah", "Last Name": "Nobody"}], "held.xlsx", unmatched="Hold it for 60 days")
    clerk.goto("/p/0008001/held")
    clerk.locator("tbody tr", has_text="Nobody").get_by_role("link").first.click()
    clerk.wait_for_url("**/held/*")
    clerk.locator("textarea").fill(PAYLOADS[1])
    clerk.get_by_role("button", name="Ask the operator").click()
    assert shows_as_text(clerk, PAYLOADS[1])
    operator = visitor.enter("the operator")
    operator.goto("/operator/misses")
    assert shows_as_text(operator)
    operator.locator("tbody tr").get_by_role("link").first.click()
    operator.wait_for_url("**/misses/*")
    assert shows_as_text(operator, PAYLOADS[1])


def test_rosters_and_pasted_names_are_text(visitor: Visitor) -> None:
    board = visitor.enter("ABA's staff")
    board.get_by_role("link", name="Roster", exact=True).click()
    roster = f"First Name\tLast Name\tDate of Birth\tBoard ID\n{MARKUP}\t{MARKUP}\t04/05\t7654321\n"
    board.get_by_label("Choose a roster").set_input_files(
        {"name": f"{PAYLOADS[1]}.txt", "mimeType": "text/plain", "buffer": roster.encode()}
    )
    board.get_by_role("button", name="Send the roster").click()
    wait_until(board, lambda: board.locator("tbody tr", has_text="Waits").count() == 0)
    assert shows_as_text(board, "onerror=window.ran=1>.txt")
    clerk = visitor.enter("a clerk")
    open_adding(clerk)
    clerk.get_by_role("link", name="Session sheet: many names, one date").click()
    clerk.get_by_text("Paste names").click()
    clerk.get_by_label("Names, one a line").fill("\n".join(PAYLOADS))
    clerk.get_by_role("button", name="Tick these names").click()
    assert shows_as_text(clerk, PAYLOADS[0], PAYLOADS[1])


def test_the_reason_of_a_board_is_text(visitor: Visitor) -> None:
    clerk = visitor.enter("a clerk")
    open_adding(clerk)
    fill_tina(clerk, "11/08/2021", "1.25")
    clerk.get_by_label("Everybody I enter in this sitting agreed").check()
    clerk.get_by_role("button", name="Report and next learner").click()
    clerk.get_by_role("heading", name="Just reported").wait_for()
    board = visitor.enter("ABA's staff")
    days = board.locator("#days tbody a[href*='/days/']:not([href*=file])")
    wait_until(board, lambda: days.count() > 0)
    days.first.click()
    wait_until(board, lambda: board.get_by_label("Decide on Tina Karacme, 1.25 credits").count() > 0)
    board.get_by_label("Decide on Tina Karacme, 1.25 credits").check()
    board.get_by_label("Reject", exact=True).check()
    board.get_by_label("Why, if rejected").select_option(index=1)
    board.get_by_label("In words").fill(PAYLOADS[2])
    board.get_by_role("button", name="Decide on those ticked").click()
    board.get_by_role("status").first.wait_for()
    clerk.goto("/p/0008001/learners?status=rejected&board=ABA")
    assert shows_as_text(clerk)
    clerk.locator("tbody tr", has_text="1.25").get_by_role("link", name="Tina Karacme").first.click()
    assert shows_as_text(clerk, PAYLOADS[2])
    clerk.get_by_role("link", name="Correct").first.click()
    assert shows_as_text(clerk, PAYLOADS[2])


@pytest.mark.parametrize("payload", PAYLOADS[:3])
def test_a_title_that_is_markup_is_text(visitor: Visitor, payload: str) -> None:
    page = visitor.enter("a clerk")
    page.goto("/p/0008001/activities/new")
    page.get_by_label("Title", exact=True).fill(payload)
    page.locator("main form").get_by_role("button").filter(has_text="Save").first.click()
    assert shows_as_text(page, payload)
    page.goto("/p/0008001/activities")
    assert shows_as_text(page)


WORDS = ("Karacme", "Rebecca", "Joplin", "Western Regional", "Grand Rounds", "airway", "Portland", "Marked")
"""Words of the demo world: names, titles, a description, a place and the file that is sent here."""


def test_markup_that_stands_in_the_database_runs_on_no_page(browser: Browser, tmp_path: Path) -> None:
    with served(tmp_path) as address:
        visitor = Visitor(browser, address)
        page = visitor.enter("a clerk")
        upload(page, FAULTY, "Marked.xlsx")
        result = page.url
        held = [{"First Name": "Rebecca", "Last Name": "Joplin", "Licensing ID": "111222"}]
        upload(page, held, "Marked too.xlsx", unmatched="Hold it for 60 days")
        marking = [PYTHON, "-m", "tests.harness.console.marked_up", str(tmp_path / "pars.db"), *WORDS]
        subprocess.run(marking, cwd=ROOT, check=True, timeout=60)
        addresses = [
            one for addresses in VISITED.values() for one in addresses if one.startswith(("/p/", "/b/", "/op"))
        ]
        faults = {one: made_of_markup(visitor.visit(one)) for one in addresses}
        for one in (result, f"{result}/fix"):
            page.goto(one)
            assert "onerror=window.ran=1" in page.locator("main").inner_text()
            faults[one] = made_of_markup(page)
        page.goto("/p/0008001/held")
        page.locator("tbody tr a").first.click()
        page.wait_for_url("**/held/*")
        faults["held"] = made_of_markup(page)
        assert {one: found for one, found in faults.items() if found} == {}
        assert [text for text in visitor.complaints if "Content Security Policy" in text or "Error" in text] == []
        visitor.close()
