"""Narrow windows: tables become cards, and nothing sticks. Each page is tried at every width beside axe."""

from __future__ import annotations

import pytest

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


_TOUCHING = """() => {
    const boxes = [...document.querySelectorAll("main .btn, main dl.facts, main dl.facts + p")].map(
        one => [one.textContent.trim().slice(0, 40), one.getBoundingClientRect()]).filter(([, box]) => box.width);
    return boxes.flatMap(([name, a], place) => boxes.slice(place + 1)
        .filter(([, b]) => b.left - a.right < 8 && a.left - b.right < 8 && b.top - a.bottom < 8 && a.top - b.bottom < 8)
        .map(([other]) => `${name} touches ${other}`));
}"""


@pytest.mark.parametrize("width", [1280, 360])
def test_on_the_page_of_an_activity_nothing_touches(visitor: Visitor, width: int) -> None:
    for activity_id in ("201754277", "201759558"):
        page = visitor.open(f"/p/0008001/activities/{activity_id}", width=width)
        assert page.locator("main .btn").count() >= 5
        assert page.locator("main dl.facts + p").count() == 1
        assert page.evaluate(_TOUCHING) == []
