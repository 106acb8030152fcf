"""Pages on paper: light, without bars and verbs, tables as tables; the session sheet is one to sign."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.conftest import Visitor

LISTS = ["/p/0008001/learners?status=pending", "/p/0008001/activities", "/p/0008001/summary", "/p/0008001/uploads"]
SHEET = "/p/0008001/activities/201759558/session"
PAPER = 720
"""CSS pixels between the margins of Letter: fewer than the small layout of screens begins at."""


def on_paper(visitor: Visitor, address: str, theme: str = "light") -> Any:
    page = visitor.open(address, width=PAPER, theme=theme)
    page.emulate_media(media="print", color_scheme=theme)
    return page


def seen(page: Any, selector: str) -> list[str]:
    """Return the texts of what is seen of a selector."""
    found: list[str] = page.locator(selector).evaluate_all(
        "all => all.filter(e => e.checkVisibility()).map(e => e.textContent.trim())"
    )
    return found


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("address", LISTS)
def test_a_list_on_paper_is_a_light_table_without_what_can_be_pressed(
    visitor: Visitor, address: str, theme: str
) -> None:
    page = on_paper(visitor, address, theme)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(23, 33, 31)"
    for selector in (".bar", ".foot", ".btn", ".filters", ".search", ".stick", ".pager", ".menu", "td input"):
        assert seen(page, selector) == [], selector
    assert seen(page, "main > p.on-paper") == ["Western Regional Medical Center"]
    for shown in page.locator("table").evaluate_all("all => all.map(table => getComputedStyle(table).display)"):
        assert shown == "table"
    heads = page.locator("thead").evaluate_all("all => all.map(head => getComputedStyle(head).display)")
    assert set(heads) <= {"table-header-group"}
    # Nothing hides what is wider than the paper, and no address is printed behind its link.
    assert set(page.locator(".scroll").evaluate_all("all => all.map(e => getComputedStyle(e).overflow)")) <= {"visible"}
    assert page.evaluate("document.documentElement.scrollWidth") <= PAPER
    after = "all => all.map(link => getComputedStyle(link, '::after').content)"
    assert set(page.locator("main a").evaluate_all(after)) <= {"none", "normal"}


def test_what_a_list_is_narrowed_to_stands_on_paper(visitor: Visitor) -> None:
    assert seen(on_paper(visitor, LISTS[0]), ".chip > span:first-child") == ["Status: Pending"]


def test_a_long_table_repeats_its_headings_on_each_sheet(visitor: Visitor) -> None:
    page = on_paper(visitor, "/p/0008001/activities")
    # A sheet's worth of space below each row: the table has a page for each few of them.
    assert page.pdf(format="Letter").count(b"/Type /Page\n") >= 2


NUMBERED = """[...document.styleSheets]
    .flatMap(sheet => [...sheet.cssRules]).flatMap(rule => [...(rule.cssRules ?? [])])
    .filter(rule => rule instanceof CSSPageRule).flatMap(rule => [...rule.cssRules])
    .map(rule => [rule.name, rule.style.content])"""
"""What stands in the margins of a page, as the browser has understood it."""


def test_sheets_are_numbered(visitor: Visitor) -> None:
    page = on_paper(visitor, "/p/0008001/activities")
    assert page.evaluate(NUMBERED) == [["bottom-right", '"Page " counter(page) " of " counter(pages)']]


def test_the_session_sheet_is_signed_on_paper(visitor: Visitor) -> None:
    page = visitor.open(SHEET)
    assert seen(page, ".on-paper") == []
    assert seen(page, "button:has-text('Print the sign-in sheet')")
    names = seen(page, ".signed tbody th")
    page.locator(".signed tbody input").first.check()
    page.set_viewport_size({"width": PAPER, "height": 900})
    page.emulate_media(media="print")
    assert seen(page, "p.on-paper")[1].startswith("Grand Rounds Anesthesia")
    assert seen(page, "label:not(.vh)") == ["Date completed"]
    assert seen(page, ".signed thead th") == ["Took part", "Name", "Signature"]
    lines = seen(page, ".signed tbody tr > :nth-child(2)")
    assert names
    assert lines == [*names, *[""] * 12]
    boxes = page.locator(".signed tbody :is(input, .box)")
    assert boxes.count() == len(lines)
    assert {(box["width"], box["height"]) for box in (found.bounding_box() for found in boxes.all())} == {(14, 14)}
    # Boxes are to be filled in by hand, whatever is ticked on the screen.
    assert set(boxes.evaluate_all("all => all.map(e => getComputedStyle(e).appearance)")) == {"none"}
    for selector in (".btn", ".stick", ".target", "textarea", ".hint", "summary"):
        assert seen(page, selector) == [], selector


def test_a_button_prints_the_sheet(visitor: Visitor) -> None:
    page = visitor.open(SHEET)
    page.evaluate("window.print = () => { window.printed = true }")
    page.get_by_role("button", name="Print the sign-in sheet").click()
    assert page.evaluate("window.printed") is True
