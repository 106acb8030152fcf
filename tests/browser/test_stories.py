"""The tasks of the slides, done by following the pages' own words; each page on the way is judged as it stands then."""

from __future__ import annotations

import base64
import hmac
import re
import struct
import time
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Visitor
from tests.browser.looks import breaches_in
from tests.browser.tasks import FAULTY, SERIES, fill_tina, mailed_link, open_adding, upload, wait_until


def test_learners_are_added_one_by_one_with_live_marks(visitor: Visitor, sound) -> None:  # type: ignore[no-untyped-def]
    page = visitor.enter("a clerk")
    open_adding(page)
    fill_tina(page)
    board = page.locator("section.target", has_text="American Board of Anesthesiology")
    board.get_by_text("Learner matched").wait_for()
    page.get_by_label("ABA ID").fill("1234567")
    page.get_by_label("ABA ID").blur()
    board.get_by_text("No learner matched").wait_for()
    page.get_by_label("ABA ID").fill("35867909")
    page.get_by_label("ABA points, total").fill("60")
    page.get_by_role("button", name="Report and next learner").click()
    alert = page.get_by_role("alert")
    alert.wait_for()
    assert page.evaluate("document.activeElement.getAttribute('role')") == "alert"
    assert page.get_by_label("First name").input_value() == "Tina"
    assert sound(page)
    page.get_by_label("ABA points, total").fill("2")
    page.get_by_label("Everybody I enter in this sitting agreed").check()
    page.get_by_role("button", name="Report and next learner").click()
    page.get_by_role("heading", name="Just reported").wait_for()
    assert page.get_by_role("link", name="Tina Karacme: 2 ABA").is_visible()
    # The next learner: the day and the amount stay, the person does not.
    assert page.get_by_label("First name").input_value() == ""
    assert page.get_by_label("Date completed").input_value() == "12/01/2021"
    assert page.get_by_label("Everybody I enter in this sitting agreed").is_checked()
    assert page.evaluate("document.activeElement.id").endswith("first_name")
    assert sound(page)


def test_a_second_record_of_a_day_leads_to_the_first_and_shows_no_id(visitor: Visitor) -> None:
    page = visitor.enter("a clerk")
    open_adding(page)
    for credits in ("1", "2"):
        page.get_by_label("First name").fill("Willa")
        page.get_by_label("Last name").fill("Duncan")
        page.get_by_label("Birth month and day").fill("05/25")
        page.get_by_label("Date completed").fill("11/30/2021")
        page.get_by_label("State of licence").first.select_option(label="California")
        page.get_by_label("Licence number").first.fill("70279062")
        page.get_by_label("Credits", exact=True).first.fill(credits)
        page.get_by_label("Everybody I enter in this sitting agreed").check()
        page.get_by_role("button", name="Report and next learner").click()
        page.get_by_role("link", name=f"Willa Duncan: {credits} CME CA").wait_for()
    told = page.get_by_role("status").filter(has_text="There is a record of 1")
    assert "correct the earlier record in place" in told.inner_text()
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}", page.locator("main").inner_text())
    told.get_by_role("link", name="The earlier record").click()
    page.get_by_role("heading", name="Willa Duncan").wait_for()


@pytest.mark.parametrize("script", [True, False])
def test_a_faulty_workbook_is_mended_in_the_browser_and_undone(visitor: Visitor, sound, script: bool) -> None:  # type: ignore[no-untyped-def]
    name = f"grand_rounds_{script}.xlsx".lower()
    # Other days for the second time: what is known already would be told as unchanged.
    rows = [row | {"Completion Date": f"{'10' if script else '09'}/{day}/2021"} for day, row in enumerate(FAULTY, 11)]
    page = visitor.enter("a clerk", script=script)
    upload(page, rows, name)
    assert page.get_by_role("heading", level=1).inner_text().startswith("4")
    if script:
        assert sound(page)
    page.get_by_role("link", name="Fix the rows").click()
    assert page.get_by_role("heading", level=1).inner_text() == "4 of 7 rows need fixing"
    assert page.get_by_role("button", name="Check what I changed").count() == 1
    if script:
        assert sound(page)
    page.get_by_role("button", name="Write 2 in all 3").click()
    page.get_by_text("“2” was written in 3 rows; 3 are ready.").wait_for()
    page.locator("input[value='555555']").fill("444444")
    page.locator("input[value='555555']").press("Enter")
    page.get_by_text("4 of 4 ready.").wait_for()
    if script:
        assert sound(page)
    page.get_by_label("The learners agreed to the reporting").check()
    page.get_by_role("button", name="Report the 4 ready rows").click()
    page.get_by_role("link", name="See what becomes of them").click()
    wait_until(page, lambda: page.get_by_role("heading", name="Files", exact=True).count() > 0)
    assert page.get_by_text("These are mended rows of an earlier upload.").is_visible()
    if not script:
        return
    page.get_by_role("link", name="an earlier upload").click()
    page.get_by_role("link", name="Undo this upload").click()
    page.get_by_role("heading", name="Undo this upload?").wait_for()
    assert sound(page)
    page.get_by_role("button", name="Withdraw 3 completions").click()
    page.get_by_text(re.compile("withdrawn", re.IGNORECASE)).first.wait_for()
    page.get_by_role("link", name="Uploads", exact=True).first.click()
    assert page.get_by_role("link", name=name).first.is_visible()
    assert sound(page)


def test_a_file_of_another_kind_is_uploaded_as_that_without_choosing_it_again(visitor: Visitor, sound) -> None:  # type: ignore[no-untyped-def]
    page = visitor.enter("a clerk")
    rows = [row | {"Completion Date": f"08/0{day}/2021"} for day, row in enumerate(FAULTY[4:], 1)]
    upload(page, rows, "another_kind.xlsx", what="Activities")
    page.get_by_role("heading", name="This file holds learners").wait_for()
    assert sound(page)
    page.get_by_role("button", name="Upload it as learners").click()
    page.get_by_role("alert").filter(has_text="nobody has said that the learners agreed").wait_for()
    assert sound(page)
    page.get_by_label("The learners agreed to the reporting").check()
    page.get_by_role("button", name="Upload it as learners").click()
    wait_until(page, lambda: page.get_by_role("heading", name="All 3 rows are in").count() > 0)
    assert sound(page)


def test_a_session_is_reported_from_its_sheet(visitor: Visitor, sound) -> None:  # type: ignore[no-untyped-def]
    page = visitor.enter("a clerk")
    open_adding(page)
    page.get_by_role("link", name="Session sheet: many names, one date").click()
    page.get_by_label("Date completed").fill("12/12/2021")
    page.get_by_role("checkbox", name="CME credit").check()
    page.get_by_label("Credits for each").fill("1")
    boxes = page.locator("tbody input[name=learner]")
    for place in (0, 1):
        boxes.nth(place).check()
    assert page.locator("output[data-ticked=sheet]").inner_text() == "2"
    page.reload()
    assert boxes.nth(1).is_checked()
    page.get_by_label("Date completed").fill("12/12/2021")
    page.get_by_role("checkbox", name="CME credit").check()
    page.get_by_label("Credits for each").fill("1")
    page.get_by_label("Everybody who is ticked agreed to the report").check()
    page.get_by_role("button", name="Check", exact=True).click()
    page.get_by_text("2 learners ready, 0 with faults.").wait_for()
    assert sound(page)
    page.get_by_role("button", name="Report who is ticked").click()
    page.get_by_text("2 learners reported.").wait_for()


def test_a_board_decides_and_the_clerk_corrects_what_it_rejected(visitor: Visitor, sound) -> None:  # type: ignore[no-untyped-def]
    clerk = visitor.enter("a clerk")
    open_adding(clerk)
    fill_tina(clerk, "11/07/2021", "3")
    clerk.get_by_label("Everybody I enter in this sitting agreed").check()
    clerk.get_by_role("button", name="Report and finish").click()
    clerk.get_by_text("Tina Karacme: 3 ABA. Reported.").wait_for()
    board = visitor.enter("ABA's staff")
    days = board.locator("#days tbody a[href*='/days/']:not([href*=file])")
    wait_until(board, lambda: days.count() > 0)
    days.first.click()
    assert sound(board)
    board.get_by_label("Decide on Tina Karacme, 3 credits").check()
    board.get_by_role("button", name="Decide on those ticked").click()
    board.get_by_role("alert").wait_for()
    assert board.get_by_label("Decide on Tina Karacme, 3 credits").is_checked()
    assert sound(board)
    board.get_by_label("Reject", exact=True).check()
    board.get_by_label("Why, if rejected").select_option(index=1)
    board.get_by_label("In words").fill("Ask the learner for the certificate")
    board.get_by_role("button", name="Decide on those ticked").click()
    board.get_by_role("status").wait_for()
    assert (
        board.locator("tr", has_text="Tina Karacme").filter(has_text="Rejected").filter(has_text="11/07").count() == 1
    )
    clerk.get_by_role("link", name="Home", exact=True).click()
    rejected = clerk.locator(".todo li").filter(has_text="rejected by")
    wait_until(clerk, lambda: rejected.count() == 1)
    rejected.get_by_role("link").first.click()
    row = clerk.locator("tbody tr", has_text="Tina Karacme")
    assert sound(clerk)
    row.filter(has_text="11/07/2021").get_by_role("link", name=re.compile("Correct")).click()
    assert clerk.get_by_text("Ask the learner for the certificate").is_visible()
    assert sound(clerk)
    clerk.get_by_label("ABA points, total").fill("2.5")
    clerk.get_by_role("button", name="Save").first.click()
    clerk.wait_for_url(lambda address: not address.endswith("/correct"))
    assert clerk.get_by_text("The record was corrected.").first.is_visible()


def code_of(secret: str) -> str:
    """Return the code that an authenticator shows now (RFC 6238)."""
    counter = struct.pack(">Q", int(time.time()) // 30)
    key = secret.replace(" ", "")
    digest = hmac.digest(base64.b32decode(key + "=" * (-len(key) % 8)), counter, "sha1")
    place = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[place : place + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


def test_the_operator_invites_a_manager_who_signs_in_with_an_authenticator(
    visitor: Visitor,
    sound,  # type: ignore[no-untyped-def]
    folder: Path,
) -> None:
    operator = visitor.enter("the operator")
    operator.get_by_role("link", name="People", exact=True).click()
    operator.get_by_label("Mail address").fill("new.manager@example.org")
    operator.get_by_label("Name", exact=True).fill("Noor Haddad")
    operator.get_by_label("A provider", exact=False).first.check()
    operator.get_by_label("Its id").fill("0008001")
    operator.get_by_label("Manager", exact=False).first.check()
    operator.get_by_role("button", name="Invite").click()
    operator.get_by_text("They were invited").wait_for()
    manager = visitor.open(mailed_link(folder, "new.manager@example.org"))
    assert sound(manager)
    manager.get_by_role("button", name="Sign in").click()
    if manager.get_by_role("button", name="Go on").count():
        manager.get_by_role("button", name="Go on").click()
    manager.get_by_role("heading", name="Enrol an authenticator").wait_for()
    assert breaches_in(manager, [("light", 1280), ("dark", 360)]) == []
    secret = manager.locator(".id").inner_text()
    manager.get_by_label("Code that the app shows").fill(code_of(secret))
    manager.get_by_role("button", name="Enrol it").click()
    manager.get_by_role("button", name="I have kept them").click()
    manager.get_by_role("heading", name="What needs you today").wait_for()
    manager.get_by_role("link", name="Settings").click()
    assert manager.get_by_text("Noor Haddad").first.is_visible()


def tab_to(page: Page, words: str, most: int = 80) -> None:
    """Press Tab until what is named so has the focus, which must be seen there."""
    name = """(e => e.matches('a, button, input, select, textarea, summary')
        ? [e.getAttribute('aria-label'), ...[...(e.labels ?? [])].map(l => l.textContent), e.textContent].join('|')
        : '')(document.activeElement)"""
    for _ in range(most):
        if words in page.evaluate(name):
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"No Tab leads to {words}")


def test_a_learner_is_added_by_keys_alone(visitor: Visitor) -> None:
    page = visitor.enter("a clerk")
    tab_to(page, "Add learners")
    page.keyboard.press("Enter")
    page.wait_for_url("**/activities")
    tab_to(page, f"Add learners to {SERIES}")
    page.keyboard.press("Enter")
    page.wait_for_url("**/add")
    keys = page.keyboard
    keys.type("Joe")
    for words, text in (
        ("Last name", "Accme"),
        ("Birth month and day", "01/01"),
        ("Date completed", "10/03/2021"),
        ("State of licence", "Calif"),
        ("Licence number", "94412289"),
        ("Credits", "1"),
    ):
        tab_to(page, words)
        keys.type(text)
    tab_to(page, "Everybody I enter in this sitting agreed")
    keys.press("Space")
    tab_to(page, "Report and next learner")
    keys.press("Enter")
    page.get_by_role("link", name="Joe Accme: 1 CME CA").wait_for()
    assert page.evaluate("document.activeElement.id").endswith("first_name")
