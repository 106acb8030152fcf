"""Back, reload, a double click, two tabs, the end of a session, another's change: nothing lost, doubled, mixed up."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.browser.conftest import Visitor
from tests.browser.tasks import fill_tina, open_adding

AGREED = "Everybody I enter in this sitting agreed"
NEXT = "Report and next learner"


def records_of(page: Page, day: str, provider: str = "0008001") -> int:
    """Return how many records of a day a provider has, as the list shows them; the page is another tab."""
    tab = page.context.new_page()
    tab.goto(f"/p/{provider}/learners?completed_from={day}&completed_to={day}")
    number = tab.locator("tbody tr").count()
    tab.close()
    return number


def report_tina(page: Page, day: str, points: str) -> None:
    fill_tina(page, day, points)
    page.get_by_label(AGREED).check()
    page.get_by_role("button", name=NEXT).click()
    page.get_by_role("heading", name="Just reported").wait_for()


def test_back_and_reload_after_a_report_report_nothing_twice(visitor: Visitor) -> None:
    page = visitor.enter("a clerk")
    page.on("dialog", lambda dialog: dialog.accept())
    open_adding(page)
    report_tina(page, "10/20/2021", "1.25")
    page.reload()
    assert page.get_by_role("link", name="Tina Karacme: 1.25 ABA").is_visible()
    assert records_of(page, "2021-10-20") == 1
    page.go_back()
    page.get_by_role("heading", name="Add learners").wait_for()
    # Whatever the browser has put back into the form: it is sent as it stands, and again with all that it had.
    page.get_by_role("button", name=NEXT).click()
    page.wait_for_load_state()
    fill_tina(page, "10/20/2021", "1.25")
    page.get_by_label(AGREED).check()
    page.get_by_role("button", name=NEXT).click()
    page.get_by_text("was reported before: nothing was changed").first.wait_for()
    assert records_of(page, "2021-10-20") == 1


def test_a_double_click_reports_once(visitor: Visitor) -> None:
    page = visitor.enter("a clerk")
    open_adding(page)
    fill_tina(page, "10/21/2021", "1.25")
    page.get_by_label(AGREED).check()
    page.get_by_role("button", name=NEXT).dblclick(no_wait_after=True)
    page.get_by_role("heading", name="Just reported").wait_for()
    assert records_of(page, "2021-10-21") == 1


def test_the_form_of_one_tab_never_reports_for_the_provider_of_the_other(visitor: Visitor) -> None:
    first = visitor.enter("a vendor's staff")
    first.goto("/p/0008001/activities/201759558/add")
    fill_tina(first, "10/22/2021", "1.25")
    first.get_by_label(AGREED).check()
    second = first.context.new_page()
    second.goto("/p/0008002/activities")
    second.get_by_role("link", name="Add learners to").first.click()
    second.get_by_label("First name").fill("Rebecca")
    assert "Western Regional" in first.locator("header").first.inner_text()
    assert "Western Regional" not in second.locator("header").first.inner_text()
    first.get_by_role("button", name=NEXT).click()
    first.get_by_role("heading", name="Just reported").wait_for()
    assert first.url.startswith(f"{visitor.server}/p/0008001/activities/201759558/add")
    assert second.get_by_label("First name").input_value() == "Rebecca"
    assert records_of(first, "2021-10-22") == 1
    # What one tab has just reported is no part of the other's sitting, also where its address is carried over.
    sitting = first.url.partition("?")[2]
    second.goto(f"{second.url.partition('?')[0]}?{sitting}")
    assert second.get_by_role("heading", name="Just reported").count() == 0
    assert "Tina" not in second.locator("main").inner_text()


def test_a_form_of_one_provider_sent_to_the_address_of_another_mixes_nothing_up(visitor: Visitor) -> None:
    """The token is the session's and good for both: what is done is decided by the address alone."""
    first = visitor.enter("a vendor's staff")
    first.on("dialog", lambda dialog: dialog.accept())
    second = first.context.new_page()
    second.goto("/p/0008002/activities")
    second.get_by_role("link", name="Add learners to").first.click()
    second.get_by_role("heading", name="Add learners").wait_for()
    theirs = second.url.partition("?")[0]
    ours = f"{visitor.server}/p/0008001/activities/201759558/add"

    def send_to(address: str) -> None:
        """Fill the form of the one provider, and send it to an address of the other."""
        first.goto(ours)
        fill_tina(first, "10/25/2021", "1.25")
        first.get_by_label(AGREED).check()
        first.locator("form#record").evaluate("(form, address) => { form.action = address; }", address)
        first.get_by_role("button", name=NEXT).click()
        first.wait_for_url(lambda shown: "/p/0008002/" in shown)

    # The activity of the one is none of the other: it looks absent.
    send_to(ours.replace("0008001", "0008002"))
    first.get_by_role("heading", name="There is nothing at this address").wait_for()
    # An activity of the other judges what was typed as its own, and the page is the other's.
    send_to(theirs)
    first.get_by_role("alert").wait_for()
    assert "Western Regional" not in first.locator("header").first.inner_text()
    assert first.get_by_label("First name").input_value() == "Tina"
    assert (records_of(first, "2021-10-25"), records_of(first, "2021-10-25", "0008002")) == (0, 0)
    # The form as it was drawn is still good for its own provider, once.
    first.goto(ours)
    report_tina(first, "10/25/2021", "1.25")
    record = first.get_by_role("link", name="Tina Karacme: 1.25 ABA").get_attribute("href")
    assert record is not None
    first.goto(f"{record}/withdraw")
    first.locator("form#withdraw").evaluate("form => { form.action = form.action.replace('0008001', '0008002'); }")
    first.locator("form#withdraw").get_by_role("button").first.click()
    first.wait_for_url("**/p/0008002/learners")
    first.goto(f"{record}/correct")
    first.locator("form#record").evaluate("form => { form.action = form.action.replace('0008001', '0008002'); }")
    first.get_by_label("ABA points, total").fill("2")
    first.get_by_role("button", name="Save").first.click()
    first.get_by_role("heading", name="There is nothing at this address").wait_for()
    first.goto(record)
    assert first.get_by_role("heading", level=1).inner_text() == "Tina Karacme"
    assert "1.25" in first.locator("#credit").inner_text()
    assert (records_of(first, "2021-10-25"), records_of(first, "2021-10-25", "0008002")) == (1, 0)


def test_a_form_that_came_after_the_end_of_the_session_goes_on_after_signing_in(visitor: Visitor) -> None:
    page = visitor.enter("a vendor's staff")
    page.goto("/p/0008001/activities/201759558/add")
    fill_tina(page, "10/23/2021", "1.25")
    page.get_by_label(AGREED).check()
    elsewhere = visitor.enter("a vendor's staff")
    elsewhere.goto("/account")
    elsewhere.get_by_role("button", name="End all others").click()
    elsewhere.wait_for_load_state()
    page.get_by_role("button", name=NEXT).click()
    page.get_by_role("button", name="Enter as a vendor's staff").click()
    page.get_by_role("heading", name="You are signed in again").wait_for()
    assert records_of(page, "2021-10-23") == 0
    page.get_by_role("button", name="Send it now").click()
    page.get_by_role("link", name="Tina Karacme: 1.25 ABA").wait_for()
    assert records_of(page, "2021-10-23") == 1


def test_what_somebody_else_changed_meanwhile_stands_beside_what_was_typed(visitor: Visitor) -> None:
    page = visitor.enter("a clerk")
    open_adding(page)
    report_tina(page, "10/24/2021", "1.25")
    page.get_by_role("link", name="Tina Karacme: 1.25 ABA").first.click()
    page.get_by_role("link", name="Correct").first.click()
    page.get_by_label("ABA points, total").fill("2")
    other = page.context.new_page()
    other.goto(page.url)
    other.get_by_label("ABA points, total").fill("3")
    other.get_by_role("button", name="Save").first.click()
    other.get_by_role("status").first.wait_for()
    page.get_by_role("button", name="Save").first.click()
    page.get_by_role("alert").wait_for()
    assert page.get_by_label("ABA points, total").input_value() == "2"
    told = page.locator("main").inner_text()
    assert "3" in told
    page.get_by_role("button", name="Save").first.click()
    page.get_by_role("status").first.wait_for()
    assert records_of(page, "2021-10-24") == 1
