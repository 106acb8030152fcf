"""Narrow windows and large letters: one column, no sideways scrolling but in a table's own region."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Visitor
from tests.browser.visited import ASTRAY, VISITED

ADDRESSES = [*(address for addresses in VISITED.values() for address in addresses), *ASTRAY]


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("width", [320, 360, 640, 768, 1280, 1920])
def test_no_page_scrolls_sideways(visitor: Visitor, address: str, width: int) -> None:
    page = visitor.open(address, width=width)
    page.evaluate("document.querySelectorAll('details').forEach(closed => closed.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


@pytest.mark.parametrize("address", ADDRESSES)
def test_letters_of_twice_the_size_have_room(visitor: Visitor, address: str) -> None:
    page = visitor.open(address, width=1280)
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


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
