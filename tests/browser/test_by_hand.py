"""Tasks without script and by the keyboard alone; what has the focus is covered by nothing."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Visitor
from tests.browser.looks import breaches_in
from tests.browser.tasks import FAULTY, fill_tina, open_adding, upload, wait_until
from tests.browser.test_slide_stories import ANESTHESIOLOGY, ASIF, SURGERY, fill, fill_person, register_course
from tests.browser.test_stories import tab_to
from tests.browser.visited import Look

BOTH_THEMES: tuple[Look, ...] = tuple((theme, width) for theme in ("light", "dark") for width in (1280, 360))
AGREED = "Everybody I enter in this sitting agreed"
HEADINGS = (
    "Record Action", "ACCME Activity ID", "Completion Date", "First Name", "Last Name", "Date of Birth",
    "Licensing State", "Licensing ID", "Number of CME Credits",
)  # fmt: skip


def rebecca(activity_id: str = "201759558", day: str = "09/09/2021", credits: str = "1") -> str:
    """Return a row of a file, as text between tabs."""
    return "\t".join(("Add", activity_id, day, "Rebecca", "Test", "02/01", "Tennessee", "444444", credits))


def test_without_script_a_learner_of_a_board_is_added(visitor: Visitor) -> None:
    page = visitor.enter("a clerk", script=False)
    open_adding(page)
    fill_tina(page, "09/02/2021", "1.5")
    page.get_by_role("button", name="Check", exact=True).click()
    page.get_by_text("Learner matched").first.wait_for()
    page.get_by_label(AGREED).check()
    page.get_by_role("button", name="Report and next learner").click()
    page.get_by_role("link", name="Tina Karacme: 1.5 ABA").wait_for()
    assert page.get_by_label("First name").input_value() == ""


def open_course_of_two_boards(page: Page, title: str) -> str:
    """Register an activity with two boards; return the address of its form for learners."""
    register_course(page, title, {ANESTHESIOLOGY: ("ABA", "Patient Safety"), SURGERY: ("ABS", "Self-Assessment")})
    return page.url


def test_without_script_points_of_two_boards_are_reported(visitor: Visitor) -> None:
    address = open_course_of_two_boards(visitor.enter("a clerk"), "Two boards without script")
    page = visitor.enter("a clerk", script=False)
    page.goto(address)
    fill_person(page, *ASIF, "12/04/2021")
    page.get_by_role("checkbox", name="Report CME credit").uncheck()
    for name, code in ((ANESTHESIOLOGY, "ABA"), (SURGERY, "ABS")):
        page.get_by_role("checkbox", name=name).check()
        fill(page, **{f"{code} points, total": "2"})
    fill(page, **{"ABA ID": "7581732"})
    page.get_by_label(AGREED).check()
    page.get_by_role("button", name="Check", exact=True).click()
    page.get_by_text("Nothing is in its way.").wait_for()
    assert page.get_by_text("Learner matched").count() == 2
    page.get_by_role("button", name="Report and next learner").click()
    page.get_by_role("link", name="Asif Khan: 2 ABA, 2 ABS").wait_for()


def test_points_of_two_boards_are_reported_by_keys_alone(visitor: Visitor) -> None:
    page = visitor.enter("a clerk")
    page.goto(open_course_of_two_boards(page, "Two boards by keys"))
    keys = page.keyboard
    first, last, birth = ASIF
    for words, text in (
        ("First name", first), ("Last name", last), ("Birth month and day", birth), ("Date completed", "12/05/2021"),
    ):  # fmt: skip
        tab_to(page, words)
        keys.type(text)
    tab_to(page, "Report CME credit")
    keys.press("Space")
    tab_to(page, ANESTHESIOLOGY)
    keys.press("Space")
    for words, text in (("ABA ID", "7581732"), ("ABA points, total", "2")):
        tab_to(page, words)
        keys.type(text)
    tab_to(page, SURGERY)
    keys.press("Space")
    tab_to(page, "ABS points, total")
    keys.type("2")
    tab_to(page, AGREED)
    keys.press("Space")
    tab_to(page, "Report and next learner")
    keys.press("Enter")
    page.get_by_role("link", name="Asif Khan: 2 ABA, 2 ABS").wait_for()


def test_without_script_a_session_is_reported(visitor: Visitor) -> None:
    page = visitor.enter("a clerk", script=False)
    open_adding(page)
    page.get_by_role("link", name="Session sheet: many names, one date").click()
    page.get_by_label("Date completed").fill("09/03/2021")
    page.get_by_role("checkbox", name="CME credit").check()
    page.get_by_label("Credits for each").fill("1")
    page.get_by_text("Paste names").click()
    page.get_by_label("Names, one a line").fill("Vincent Van Gogh")
    page.get_by_role("button", name="Tick these names").click()
    page.get_by_label("Everybody who is ticked agreed to the report").check()
    page.get_by_role("button", name="Check", exact=True).click()
    page.get_by_text(re.compile(r"1 learner ready, 0 with faults")).wait_for()
    page.get_by_role("button", name="Report who is ticked").click()
    page.get_by_text("1 learner reported.").wait_for()


@pytest.mark.parametrize("script", [True, False])
def test_a_learner_is_validated(visitor: Visitor, script: bool) -> None:
    page = visitor.enter("a clerk", script=script)
    page.get_by_role("link", name="Validate", exact=True).click()
    for label, text in (("First name", "Rebecca"), ("Last name", "Test"), ("Birth month and day", "02/01")):
        page.get_by_label(label).fill(text)
    page.get_by_label("State of licence").select_option(label="Tennessee")
    page.get_by_label("Licence number").fill("444444")
    page.get_by_role("button", name="Validate", exact=True).click()
    page.get_by_text("Learner matched").first.wait_for()


def test_a_learner_is_validated_by_keys_alone(visitor: Visitor) -> None:
    page = visitor.enter("a clerk")
    tab_to(page, "Validate")
    page.keyboard.press("Enter")
    page.wait_for_url("**/validate")
    for words, text in (("First name", "Rebecca"), ("Last name", "Test"), ("Birth month and day", "02/01")):
        tab_to(page, words)
        page.keyboard.type(text)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Result").or_(page.locator("#result")).first.wait_for()


def test_a_learner_of_a_board_is_added_by_keys_alone(visitor: Visitor) -> None:
    page = visitor.enter("a clerk")
    page.goto("/p/0008001/activities/201759558/add")
    keys = page.keyboard
    for words, text in (
        ("First name", "Tina"), ("Last name", "Karacme"), ("Birth month and day", "11/24"),
        ("Date completed", "09/04/2021"),
    ):  # fmt: skip
        tab_to(page, words)
        keys.type(text)
    tab_to(page, "Report CME credit")
    keys.press("Space")
    tab_to(page, "American Board of Anesthesiology")
    keys.press("Space")
    for words, text in (("ABA ID", "35867909"), ("ABA points, total", "1")):
        tab_to(page, words)
        keys.type(text)
    tab_to(page, AGREED)
    keys.press("Space")
    tab_to(page, "Report and next learner")
    keys.press("Enter")
    page.get_by_role("link", name="Tina Karacme: 1 ABA").wait_for()


def test_a_session_is_reported_by_keys_alone(visitor: Visitor) -> None:
    page = visitor.enter("a clerk")
    page.goto("/p/0008001/activities/201759558/session")
    keys = page.keyboard
    tab_to(page, "Date completed")
    keys.type("09/05/2021")
    tab_to(page, "CME credit")
    if not page.evaluate("document.activeElement.checked"):
        keys.press("Space")
    tab_to(page, "Credits for each")
    keys.type("1")
    tab_to(page, "Test, Rebecca")
    keys.press("Space")
    tab_to(page, "Everybody who is ticked agreed to the report")
    keys.press("Space")
    tab_to(page, "Report who is ticked")
    keys.press("Enter")
    page.get_by_text("1 learner reported.").wait_for()


def test_rows_are_pasted_and_uploaded_by_keys_alone(visitor: Visitor) -> None:
    page = visitor.enter("a clerk")
    page.goto("/p/0008001/uploads/new")
    text = "\t".join(HEADINGS) + "\n" + rebecca()
    tab_to(page, "Or paste rows with their headings")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    tab_to(page, "Rows with their headings")
    page.keyboard.insert_text(text)
    tab_to(page, "The learners agreed to the reporting")
    page.keyboard.press("Space")
    tab_to(page, "Upload")
    page.keyboard.press("Enter")
    wait_until(page, lambda: page.get_by_role("heading", name="Files", exact=True).count() > 0)


def test_a_file_is_chosen_and_uploaded_by_keys_alone(visitor: Visitor) -> None:
    page = visitor.enter("a clerk")
    tab_to(page, "Upload a file")
    page.keyboard.press("Enter")
    page.get_by_role("heading", level=1, name="Upload a file").wait_for()
    tab_to(page, "Drop a spreadsheet here, or choose a file")
    with page.expect_file_chooser() as chosen:
        page.keyboard.press("Enter")
    content = "\t".join(HEADINGS) + "\n" + rebecca(day="09/10/2021")
    chosen.value.set_files({"name": "by_keys.txt", "mimeType": "text/plain", "buffer": content.encode()})
    assert page.evaluate("document.activeElement.files[0].name") == "by_keys.txt"
    tab_to(page, "The learners agreed to the reporting")
    page.keyboard.press("Space")
    tab_to(page, "Upload")
    assert page.evaluate("document.activeElement.closest('form').id") == "upload"
    page.keyboard.press("Enter")
    wait_until(page, lambda: page.get_by_role("heading", name="Files", exact=True).count() > 0)
    assert page.get_by_role("heading", level=1).inner_text() == "The row is in"
    assert page.get_by_text("by_keys.txt").first.is_visible()


_COVERED = """() => {
    const one = document.activeElement;
    if (one === document.body) return "nothing";
    const box = one.getBoundingClientRect();
    if (!box.width || !box.height) return "";
    // Of what is taller than half of the window, such as the region of a long table, a part is seen: its upper edge.
    const height = Math.min(box.height, innerHeight / 2);
    const at = [box.left + box.width / 2, Math.min(Math.max(box.top + height / 2, 1), innerHeight - 1)];
    if (box.bottom < 0 || box.top > innerHeight) return "out of sight";
    const seen = document.elementFromPoint(...at);
    if (!seen || one.contains(seen) || seen.contains(one)) return "";
    return [...(one.labels ?? [])].some(label => label.contains(seen)) ? "" : seen.outerHTML.slice(0, 80);
}"""


def covered_stops(page: Page, most: int = 400) -> list[str]:
    """Press Tab through a page; return what has the focus and is covered by something, or out of sight."""
    found, stops = [], 0
    page.evaluate("document.activeElement.blur(), scrollTo(0, 0)")
    for _ in range(most):
        page.keyboard.press("Tab")
        told = page.evaluate(_COVERED)
        if told == "nothing":
            break
        stops += 1
        if told:
            named = page.evaluate("document.activeElement.outerHTML.slice(0, 100)")
            found.append(f"{named} under {told}")
    assert stops > 10
    return found


@pytest.mark.parametrize(("width", "height"), [(1280, 900), (1280, 660), (1280, 500), (360, 700)])
def test_what_has_the_focus_is_never_covered(visitor: Visitor, width: int, height: int) -> None:
    clerk = visitor.enter("a clerk")
    day = {900: 11, 660: 12, 500: 13, 700: 14}[height]
    rows = [FAULTY[0] | {"Completion Date": f"0{month}/{day}/2021"} for month in range(2, 10)]
    upload(clerk, rows, f"covered_{height}.xlsx")
    fixing = f"{clerk.url}/fix"
    clerk.set_viewport_size({"width": width, "height": height})
    base = "/p/0008001/activities/201759558"
    for address in (fixing, f"{base}/session", f"{base}/add", "/p/0008001/learners", "/p/0008001/activities/new"):
        clerk.goto(address)
        assert covered_stops(clerk) == [], address


def test_axe_finds_nothing_while_a_file_is_being_judged(visitor: Visitor) -> None:
    page = visitor.enter("a clerk")
    page.goto("/p/0008001/uploads/new")
    # Rows of an activity that is not there: nothing of them is stored, and checking them takes a while.
    text = "\n".join(["\t".join(HEADINGS), *(rebecca("999999999") for _ in range(60_000))])
    page.get_by_label("Drop a spreadsheet here, or choose a file").set_input_files(
        {"name": "long.txt", "mimeType": "text/plain", "buffer": text.encode()}
    )
    form = page.locator("#upload")
    form.get_by_label("The learners agreed to the reporting").check()
    form.get_by_role("button", name="Check only").click()
    page.get_by_role("button", name="Stop this upload").wait_for()
    page.locator("#progress").get_by_text("rows judged").first.wait_for()
    # The page stands as it is while axe has its looks: its next question gets no answer before the file is judged.
    page.route("**/progress*", lambda _: None)
    assert breaches_in(page, BOTH_THEMES) == []
    assert page.locator("#progress progress").count() == 1
    page.unroute("**/progress*")
    page.get_by_role("button", name="Stop this upload").click()
    page.wait_for_load_state()
