"""The form of interprofessional activities, for jointly accredited providers: accessible, and short on a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.axe import breaches
from tests.browser.conftest import Visitor

DRAW = """() => {
    const form = document.querySelector("form[data-guard]");
    const drawn = document.createElement("input");
    drawn.type = "hidden";
    drawn.name = "joint-drawn";
    drawn.value = "true";
    form.append(drawn);
    form.noValidate = true;
}"""
"""The demo's provider is not jointly accredited: a form that had the fields is drawn with them again."""


def opened(visitor: Visitor, width: int) -> Page:
    page = visitor.enter("a clerk")
    page.set_viewport_size({"width": width, "height": 800})
    page.goto("/p/0008001/activities/new")
    page.evaluate(DRAW)
    page.get_by_role("button", name="Save", exact=True).click()
    page.locator("#part-joint").wait_for()
    return page


@pytest.mark.parametrize("width", [360, 1280])
def test_the_form_has_no_breach_and_nothing_stands_out_of_the_page(visitor: Visitor, width: int) -> None:
    page = opened(visitor, width)
    for summary in page.locator("#part-joint summary").all():
        if summary.is_visible():
            summary.click()
    assert breaches(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_its_lists_are_folded_on_a_phone_until_something_is_given(visitor: Visitor) -> None:
    page = opened(visitor, 360)
    part = page.locator("#part-joint")
    box = part.bounding_box()
    assert box is not None and box["height"] < 800, box
    part.get_by_text("Amounts of other credit").first.click()
    part.get_by_label("Nursing", exact=True).last.fill("2")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("Amounts of other credit (1 given)").wait_for()
    assert page.locator("#part-joint").get_by_label("Nursing", exact=True).last.input_value() == "2"
    page.set_viewport_size({"width": 1280, "height": 800})
    assert page.locator("#part-joint").get_by_label("Pharmacy", exact=True).first.is_visible()
