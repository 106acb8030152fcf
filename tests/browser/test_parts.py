"""Parts of pages that a script asks for: swapped whatever their status, under the policy; nothing typed is lost."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route

from tests.browser.conftest import Visitor
from tests.browser.tasks import answer_slowly

ASKING = """() => {
    const form = document.createElement("form");
    form.id = "asking";
    form.setAttribute("hx-post", "/part");
    const field = document.createElement("input");
    field.name = "name";
    field.setAttribute("aria-label", "Name");
    const button = document.createElement("button");
    button.append("Check");
    form.append(field, button);
    document.getElementById("main").prepend(form);
    htmx.process(form);
}"""
REFUSED = '<form id="asking"><div class="note no" role="alert" tabindex="-1" autofocus><p>1 fault</p></div></form>'


def ask(page: Page) -> None:
    page.evaluate(ASKING)
    page.get_by_label("Name", exact=True).fill("Tina")
    page.get_by_role("button", name="Check", exact=True).first.click()


def test_findings_come_back_into_the_page_and_have_the_focus(visitor: Visitor) -> None:
    page = visitor.open("/accessibility")
    sent: list[str] = []

    def refuse(route: Route) -> None:
        sent.append(route.request.post_data or "")
        route.fulfill(status=422, content_type="text/html", body=REFUSED)

    page.route("**/part", refuse)
    ask(page)
    page.get_by_text("1 fault").wait_for()
    assert sent == ["name=Tina"]
    assert page.evaluate("document.activeElement.getAttribute('role')") == "alert"
    assert page.evaluate("location.pathname") == "/accessibility"


@pytest.mark.parametrize("slow", [0.3, 1.2])
def test_a_mark_is_of_what_stands_in_the_form_however_slowly_it_is_answered(visitor: Visitor, slow: float) -> None:
    page = visitor.enter("a clerk")
    page.goto("/p/0008001/activities/201759558/add")
    answer_slowly(page, slow)
    given = {"First name": "Rebecca", "Last name": "Test", "Birth month and day": "02/01", "Licence number": "444444"}
    page.get_by_label("State of licence").first.select_option(label="Tennessee")
    for label, text in given.items():
        page.get_by_label(label, exact=True).first.fill(text)
    page.get_by_label("Credits", exact=True).first.fill("1")
    page.get_by_label("Credits", exact=True).first.press("Tab")
    mark = page.locator("[id$='-live']").first
    mark.get_by_text("Learner matched").wait_for()
    page.get_by_label("Birth month and day", exact=True).fill("02/0")
    page.get_by_label("Birth month and day", exact=True).press("Tab")
    page.wait_for_timeout(100)
    page.get_by_label("Licence number", exact=True).first.fill("1")
    page.get_by_label("Birth month and day", exact=True).fill("02/02")
    page.get_by_label("Birth month and day", exact=True).press("Tab")
    mark.get_by_text("No learner matched").wait_for()


def test_a_form_that_was_taken_leads_to_the_next_page(visitor: Visitor) -> None:
    page = visitor.open("/accessibility")
    page.route("**/part", lambda route: route.fulfill(status=200, headers={"HX-Redirect": "/gallery"}, body=""))
    ask(page)
    page.wait_for_url("**/gallery")


def test_a_question_without_an_answer_loses_nothing_and_is_told(visitor: Visitor) -> None:
    page = visitor.open("/accessibility")
    page.route("**/part", lambda route: route.abort())
    ask(page)
    page.get_by_text("The service did not answer").wait_for()
    assert page.get_by_label("Name", exact=True).input_value() == "Tina"
    page.unroute("**/part")
    page.route("**/part", lambda route: route.fulfill(status=422, content_type="text/html", body=REFUSED))
    page.get_by_role("button", name="Check", exact=True).first.click()
    page.get_by_text("1 fault").wait_for()
    assert page.get_by_text("The service did not answer").count() == 0
    visitor.complaints = [text for text in visitor.complaints if "ERR_FAILED" not in text and "fetch" not in text]
