"""Fixing rows by the keyboard: Enter checks the row, and the next fault has the focus."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.browser.conftest import Visitor
from tests.browser.tasks import FAULTY, answer_slowly, upload, wait_until

DAY = "08"


def focused(page: Page) -> str:
    """Return the row that has the focus, and the value of its field."""
    return str(page.evaluate("(e => (e.closest('tbody')?.id ?? '') + ' ' + e.value)(document.activeElement)"))


def test_enter_checks_the_row_and_goes_to_the_next_fault(visitor: Visitor) -> None:
    page = visitor.enter("a clerk")
    upload(page, [row | {"Completion Date": f"{DAY}/{day}/2021"} for day, row in enumerate(FAULTY, 11)], "enter.xlsx")
    page.get_by_role("link", name="Fix the rows").click()
    cells = page.locator("tbody[data-row] input[aria-invalid=true]")
    rows = [str(found) for found in page.locator("tbody[data-row]").evaluate_all("all => all.map(e => e.id)")]
    drawn = cells.first.get_attribute("name")
    cells.first.fill("2.3")
    cells.first.press("Enter")
    # Still at fault: what is wrong stands beside it, and typing goes on there.
    wait_until(page, lambda: page.locator(f"#{rows[0]} input").first.get_attribute("name") != drawn)
    wait_until(page, lambda: focused(page) == f"{rows[0]} 2.3")
    assert page.get_by_text("0 of 4 ready.").is_visible()
    page.keyboard.press("Control+a")
    page.keyboard.type("2.25")
    page.keyboard.press("Enter")
    page.get_by_text("1 of 4 ready.").wait_for()
    wait_until(page, lambda: focused(page) == f"{rows[1]} 2.1")
    assert page.get_by_role("button", name="Report the 1 ready row").is_visible()
    assert page.locator(f"#{rows[0]}.done").count() == 1
    # The button does the same, and what was typed in another row stands there.
    page.locator(f"#{rows[2]} input[aria-invalid=true]").first.fill("1.5")
    page.locator(f"#{rows[1]} input[aria-invalid=true]").first.fill("2")
    page.locator(f"#{rows[1]}").get_by_role("button", name="Check").click()
    page.get_by_text("2 of 4 ready.").wait_for()
    wait_until(page, lambda: focused(page) == f"{rows[2]} 1.5")
    page.keyboard.press("Enter")
    page.get_by_text("3 of 4 ready.").wait_for()
    assert visitor.complaints == []


def test_a_row_that_no_longer_fits_on_the_page_brings_the_page_anew(visitor: Visitor) -> None:
    page = visitor.enter("a clerk")
    upload(page, [row | {"Completion Date": f"{DAY}/{day}/2021"} for day, row in enumerate(FAULTY, 21)], "anew.xlsx")
    page.get_by_role("link", name="Fix the rows").click()
    rows = page.locator("tbody[data-row]")
    before = rows.count()
    # Somebody sets the row aside that alone has a column of its own.
    other = page.context.new_page()
    other.goto(page.url)
    last = other.locator("tbody[data-row]").last
    last.locator("summary").click()
    last.get_by_role("button", name="No physician").click()
    other.get_by_text("was set aside").wait_for()
    other.close()
    page.locator("tbody[data-row] input[aria-invalid=true]").first.fill("2.25")
    page.locator("tbody[data-row] input[aria-invalid=true]").first.press("Enter")
    page.get_by_text(f"1 of {before - 1} ready.").wait_for()
    assert rows.count() == before - 1
    assert page.locator("tbody.done").count() == 1
    assert visitor.complaints == []


def test_what_is_typed_while_another_row_is_checked_stays_where_it_is(visitor: Visitor) -> None:
    page = visitor.enter("a clerk")
    upload(page, [row | {"Completion Date": f"{DAY}/{day}/2021"} for day, row in enumerate(FAULTY, 1)], "slow.xlsx")
    page.get_by_role("link", name="Fix the rows").click()
    rows = [str(found) for found in page.locator("tbody[data-row]").evaluate_all("all => all.map(e => e.id)")]
    answer_slowly(page, 1.5)
    first, second, third = (page.locator(f"#{row} input[aria-invalid=true]").first for row in rows[:3])
    first.fill("2.25")
    first.press("Enter")
    third.focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("1.")
    page.get_by_text("1 of 4 ready.").wait_for()
    page.keyboard.type("5")
    assert focused(page) == f"{rows[2]} 1.5"
    # One row's answer lets go of no other that is still under way: what is typed there would be lost.
    second.fill("2")
    second.press("Enter")
    page.wait_for_timeout(700)
    third.press("Enter")
    page.get_by_text("2 of 4 ready.").wait_for()
    assert third.get_attribute("readonly") is not None
    page.get_by_text("3 of 4 ready.").wait_for()
    assert visitor.complaints == []
