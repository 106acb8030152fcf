"""Every page is judged by axe; keyboard, focus and what needs no script are tried on the gallery."""

from __future__ import annotations

import pytest

from tests.browser.axe import breaches
from tests.browser.conftest import Visitor
from tests.browser.looks import breaches_in, widths_scrolling_sideways
from tests.browser.visited import ASTRAY, VISITED, Look

ADDRESSES = [*(address for addresses in VISITED.values() for address in addresses), *ASTRAY]


@pytest.mark.parametrize("address", ADDRESSES, ids=ADDRESSES)
def test_axe_finds_nothing_and_no_page_scrolls_sideways(
    tourist: Visitor, address: str, looks: tuple[Look, ...], widths: tuple[int, ...]
) -> None:
    page = tourist.visit(address)
    assert breaches_in(page, looks) == []
    assert widths_scrolling_sideways(page, widths) == []


SPOILED = {
    "label": "document.querySelector('label[for=plain-learner-first_name]').remove()",
    "color-contrast": "document.querySelector('h1').style.color = '#ccc'",
    "svg-img-alt": "document.querySelector('.chart').removeAttribute('aria-labelledby')",
    "document-title": "document.title = ''",
    "link-name": "document.querySelector('a.btn').replaceChildren()",
}
"""What makes the gallery wrong, by the rule of axe that finds it."""


@pytest.mark.parametrize(("rule", "spoil"), SPOILED.items())
def test_a_page_made_wrong_on_purpose_is_caught(visitor: Visitor, rule: str, spoil: str) -> None:
    page = visitor.open("/gallery", bypass_csp=True)
    page.evaluate(spoil)
    assert rule in {found.split(":")[0] for found in breaches(page)}


def test_a_summary_of_findings_has_the_focus_and_leads_to_its_fields(visitor: Visitor) -> None:
    page = visitor.open("/gallery")
    assert page.evaluate("document.activeElement.matches('.note[role=alert]')")
    page.get_by_role("link", name="Birth month and day: This is no month and day.").click()
    assert page.evaluate("document.activeElement.id") == "faulty-learner-date_of_birth"
    page.get_by_role("link", name="What is in it: The file holds activities.").click()
    assert page.evaluate("document.activeElement.id") == "faulty-kind"


def test_the_first_key_skips_to_the_content(visitor: Visitor) -> None:
    page = visitor.open("/nowhere")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    assert page.locator(".skip").bounding_box()["x"] >= 0  # type: ignore[index]
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.getElementById('main').contains(document.activeElement)")


def test_escape_closes_what_was_opened_and_gives_the_focus_back(visitor: Visitor) -> None:
    page = visitor.open("/gallery")
    menu = page.locator("details.menu").first
    menu.locator("summary").click()
    assert page.get_by_role("link", name="Harbor Point Hospital").is_visible()
    page.keyboard.press("Escape")
    assert not page.get_by_role("link", name="Harbor Point Hospital").is_visible()
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"


def test_every_stop_of_the_tab_key_shows_where_it_is(visitor: Visitor) -> None:
    page = visitor.open("/gallery")
    page.evaluate("document.activeElement.blur(), scrollTo(0, 0)")
    seen = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        place, outlined = page.evaluate(
            "(e => [e.outerHTML.slice(0, 80), getComputedStyle(e).outlineStyle])(document.activeElement)"
        )
        seen.add(place)
        assert outlined == "solid", place
    assert len(seen) > 40


def test_without_script_nothing_is_offered_that_needs_one(visitor: Visitor) -> None:
    page = visitor.open("/gallery", script=False)
    assert page.get_by_role("button", name="Today").count() == 0
    assert page.get_by_text("All rows", exact=True).locator("visible=true").count() == 1  # The tab of that name.
    assert page.get_by_label("Drop a spreadsheet here, or choose a file").is_visible()
    assert visitor.open("/gallery").get_by_role("button", name="Today").count() == 1
