"""Narrow windows and large letters: one column, no sideways scrolling but in a table's own region."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Visitor
from tests.browser.looks import widths_scrolling_sideways
from tests.browser.visited import ASTRAY, VISITED

ADDRESSES = [*(address for addresses in VISITED.values() for address in addresses), *ASTRAY]


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_page_scrolls_sideways(visitor: Visitor, address: str) -> None:
    assert widths_scrolling_sideways(visitor.open(address)) == []


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
