"""Clicks and fields of each task, counted as somebody does it who knows the pages; none takes more than it should."""

from __future__ import annotations

import re
from dataclasses import dataclass

from playwright.sync_api import Locator, Page

from tests.browser.conftest import Visitor
from tests.browser.serving import workbook_of
from tests.browser.tasks import SERIES, upload, wait_until


@dataclass
class Hand:
    """Clicks and types, and counts both; a key that does something counts as a click."""

    page: Page
    clicks: int = 0
    fields: int = 0

    def click(self, what: Locator) -> None:
        what.click()
        self.clicks += 1

    def fill(self, label: str, text: str) -> None:
        field = self.page.get_by_label(label, exact=True).first
        if field.evaluate("e => e.tagName") == "SELECT":
            field.select_option(label=text)
        else:
            field.fill(text)
        self.fields += 1

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)
        self.clicks += 1

    def link(self, name: str) -> None:
        self.click(self.page.get_by_role("link", name=name, exact=True).first)

    def button(self, name: str) -> None:
        self.click(self.page.get_by_role("button", name=name, exact=True).first)

    def counted(self, clicks: int, fields: int) -> None:
        """Hold what was counted since the last time against the most that there may be."""
        assert self.clicks <= clicks, (self.clicks, clicks)
        assert self.fields <= fields, (self.fields, fields)
        self.clicks = self.fields = 0


def test_one_learner_and_the_next(visitor: Visitor) -> None:
    hand = Hand(visitor.enter("a clerk"))
    page = hand.page
    hand.link("Add learners")
    hand.link(f"Add learners to {SERIES}")
    joe = (
        ("First name", "Joe"),
        ("Last name", "Accme"),
        ("Birth month and day", "01/01"),
        ("Licence number", "94412289"),
    )
    for label, text in (*joe, ("Date completed", "08/02/2021"), ("State of licence", "California"), ("Credits", "1")):
        hand.fill(label, text)
    hand.click(page.get_by_label("Everybody I enter in this sitting agreed"))
    hand.button("Report and next learner")
    page.get_by_role("link", name="Joe Accme: 1 CME CA").wait_for()
    hand.counted(4, 7)
    for label, text in joe:
        hand.fill(label, text)
    hand.button("Report and next learner")
    page.get_by_text("was reported before: nothing was changed").first.wait_for()
    hand.counted(1, 4)


def test_a_file_and_its_rejected_rows(visitor: Visitor) -> None:
    hand = Hand(visitor.enter("a clerk"))
    page = hand.page
    rows = [{"Completion Date": f"07/{day}/2021", "Number of CME Credits": 0.3} for day in range(11, 15)]
    hand.link("Upload a file")
    page.get_by_label("Drop a spreadsheet here, or choose a file").set_input_files(
        {"name": "counted.xlsx", "mimeType": "application/octet-stream", "buffer": workbook_of(rows)}
    )
    hand.clicks += 1
    hand.click(page.locator("#upload").get_by_label("The learners agreed to the reporting"))
    hand.click(page.locator("#upload").get_by_role("button", name="Upload", exact=True))
    wait_until(page, lambda: page.get_by_role("heading", name="Files", exact=True).count() > 0)
    hand.counted(4, 0)
    hand.link("Fix the rows")
    # One fault of many rows is one click.
    hand.click(page.get_by_role("button", name=re.compile("^Write .* in all 4")).first)
    page.get_by_text("4 are ready").first.wait_for()
    hand.counted(2, 0)
    hand.click(page.get_by_label("The learners agreed to the reporting"))
    hand.click(page.get_by_role("button", name="Report the 4 ready rows"))
    page.get_by_role("link", name="See what becomes of them").wait_for()
    # With *Fix the rows* and one fault of many rows, four.
    hand.counted(2, 0)


def test_find_correct_and_withdraw_a_learner(visitor: Visitor) -> None:
    hand = Hand(visitor.enter("a clerk"))
    page = hand.page
    upload(page, [{"Completion Date": "07/25/2021", "Number of CME Credits": 1.75}], "found.xlsx")
    hand.link("Learners")
    hand.fill("First name", "Rebecca")
    hand.fill("Last name", "Test")
    hand.press("Enter")
    row = page.locator("tbody tr", has_text="07/25/2021")
    row.wait_for()
    hand.counted(2, 2)
    hand.click(row.get_by_role("link", name=re.compile("Correct")))
    hand.fill("Credits", "1.5")
    hand.button("Save")
    page.wait_for_url(lambda address: not address.endswith("/correct"))
    hand.counted(2, 1)
    hand.click(page.get_by_role("link", name=re.compile("Withdraw")).first)
    hand.click(page.get_by_role("button", name=re.compile("^Withdraw")).first)
    page.get_by_text(re.compile("withdrawn", re.IGNORECASE)).first.wait_for()
    hand.counted(2, 0)


def test_twenty_people_of_a_session_come_from_its_sheet(visitor: Visitor) -> None:
    hand = Hand(visitor.enter("a clerk"))
    page = hand.page
    page.goto("/p/0008001/activities/201759558")
    hand.click(page.get_by_role("link", name="Session sheet: many names, one date"))
    hand.fill("Date completed", "08/30/2021")
    hand.button("Same as last session")
    hand.click(page.get_by_label("Everybody who is ticked agreed to the report"))
    hand.button("Report who is ticked")
    page.get_by_text(re.compile(r"\d+ learners? reported")).first.wait_for()
    hand.counted(4, 1)
