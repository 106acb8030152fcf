"""The public search in a browser: narrowed with and without script, by keyboard alone, and on a phone."""

from __future__ import annotations

from tests.browser.conftest import Visitor

PATH = "/passport?past=true"


def test_what_is_found_and_the_number_on_the_button_follow_each_tick(visitor: Visitor) -> None:
    page = visitor.open(PATH)
    assert page.get_by_role("button", name="Show 16 activities").is_visible()
    assert page.get_by_role("checkbox", name="Free (8)", exact=True).is_visible()
    assert page.get_by_role("checkbox", name="Regularly Scheduled Series (2)").is_visible()
    box = page.get_by_role("checkbox", name="Ophthalmology (4)", exact=True)
    box.check()
    page.get_by_role("button", name="Show 4 activities").wait_for()
    assert page.locator(".results > li").count() == 4
    assert page.get_by_role("link", name="Specialty: Ophthalmology").is_visible()
    # The tick keeps the focus; counts of other filters follow, its own stay, so that another value can be ticked.
    assert page.evaluate("document.activeElement.value") == "Ophthalmology"
    assert page.get_by_role("checkbox", name="Free (2)", exact=True).is_visible()
    assert page.get_by_role("checkbox", name="Regularly Scheduled Series").count() == 0
    page.get_by_role("checkbox", name="Anesthesiology (2)", exact=True).check()
    page.get_by_role("checkbox", name="Free (3)", exact=True).wait_for()
    page.get_by_role("button", name="Show 6 activities").click()
    page.wait_for_url("**specialty=Ophthalmology&specialty=Anesthesiology")
    assert page.title().startswith("6 activities")
    assert "credits_from" not in page.url


def test_without_script_the_button_does_it_and_enter_in_the_words(visitor: Visitor) -> None:
    page = visitor.open(PATH, script=False)
    page.get_by_role("checkbox", name="Ophthalmology (4)", exact=True).check()
    page.get_by_role("button", name="Show 16 activities").click()
    assert page.locator(".results > li").count() == 4
    page.get_by_label("Topic, title, provider or city").fill("testing")
    page.keyboard.press("Enter")
    page.wait_for_url("**/passport?past=true&q=testing&specialty=Ophthalmology")
    assert page.locator(".results > li").count() == 2
    page.get_by_role("link", name="Clear all filters").click()
    assert page.url.endswith("/passport?q=testing")


def test_filters_are_open_where_there_is_room_and_folded_on_a_phone(visitor: Visitor) -> None:
    wide = visitor.open(PATH)
    assert wide.get_by_label("CME credits, at least").is_visible()
    assert not wide.get_by_text("Narrow (1 on)").is_visible()
    wide.set_viewport_size({"width": 360, "height": 780})
    assert not wide.get_by_label("CME credits, at least").is_visible()
    fold = wide.get_by_text("Narrow (1 on)")
    fold.focus()
    wide.keyboard.press("Enter")
    assert wide.get_by_label("CME credits, at least").is_visible()
