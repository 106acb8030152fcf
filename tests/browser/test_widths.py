"""Narrow windows: tables become cards, and nothing sticks. Each page is tried at every width beside axe."""

from __future__ import annotations

from tests.browser.conftest import Visitor


def test_as_a_card_each_cell_says_what_it_is(visitor: Visitor) -> None:
    page = visitor.open("/gallery", width=360)
    cell = page.get_by_role("cell", name="191")
    assert cell.evaluate("cell => getComputedStyle(cell, '::before').content") == '"Rows"'
    assert page.get_by_role("columnheader", name="Rows").count() == 1


def test_a_bar_sticks_in_high_windows_only(visitor: Visitor) -> None:
    page = visitor.open("/gallery")
    assert page.locator(".stick").first.evaluate("bar => getComputedStyle(bar).position") == "sticky"
    page.set_viewport_size({"width": 1280, "height": 600})
    assert page.locator(".stick").first.evaluate("bar => getComputedStyle(bar).position") == "static"
