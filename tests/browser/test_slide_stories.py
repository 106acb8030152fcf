"""The slides' rarer tasks by the pages' own words: a board without an ID, two states, two boards, REMS, validations."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Locator, Page

from tests.browser.conftest import Visitor
from tests.browser.tasks import SERIES, fill_learner, open_adding, wait_until

Sound = Callable[[Page], bool]
AGREED = "Everybody I enter in this sitting agreed"
SURGERY, ANESTHESIOLOGY = "American Board of Surgery", "American Board of Anesthesiology"
ASIF = ("Asif", "Khan", "03/16")
"""A synthetic physician of the demo whom two boards certified: ABS as 54713, ABA as 7581732."""


def fill(page: Page, **texts: str) -> None:
    """Type into fields, named by their labels with underscores for spaces."""
    for label, text in texts.items():
        page.get_by_label(label.replace("_", " "), exact=True).fill(text)


def fill_person(page: Page, first: str, last: str, birth: str, day: str) -> None:
    """Type who completed it, and when."""
    fill(page, First_name=first, Last_name=last, Birth_month_and_day=birth, Date_completed=day)


def register_course(page: Page, title: str, boards: dict[str, tuple[str, str]], rems: str = "") -> None:
    """Register an activity of 2021 with the boards, by name with code and credit type; end at its form for learners."""
    page.get_by_role("link", name="Activities", exact=True).first.click()
    page.get_by_role("link", name="New activity").click()
    fill(page, Title=title, Description="A day of cases.", First_day="11/01/2021", Last_day="12/31/2021")
    page.get_by_label("Format", exact=True).select_option(label="Live Course")
    page.get_by_label("Providership").select_option(label="Direct")
    page.get_by_label("Online", exact=True).check()
    fill(page, **{"AMA PRA Category 1 credits": "4", "REMS identifier": rems and "R-1"})
    page.get_by_label("REMS programme").select_option(label=rems or "None")
    for name, (code, credit_type) in boards.items():
        board = target(page, name)
        board.get_by_role("checkbox", name=name).check()
        board.get_by_label(credit_type).check()
        board.get_by_label(f"{code}: practice areas").fill(name.removeprefix("American Board of "))
        board.get_by_role("group", name=f"{code}: the board's requirements are attested").get_by_label("Yes").check()
    page.get_by_role("group", name="Physicians find it in the public list").get_by_label("No").check()
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("heading", level=1, name=title).wait_for()
    page.get_by_role("link", name="Add learners", exact=True).click()
    page.get_by_role("heading", level=1, name="Add learners").wait_for()


def target(page: Page, name: str) -> Locator:
    """Return the part of a form that is for one board, or for CME."""
    return page.locator("section.target").filter(has=page.get_by_role("checkbox", name=name, exact=True))


def report(page: Page) -> None:
    """Say that the learner agreed, and report the record."""
    page.get_by_label(AGREED).check()
    page.get_by_role("button", name="Report and next learner").click()


def open_record(page: Page, words: str) -> None:
    """Open the record that was just reported, by what stands of it."""
    page.get_by_role("link", name=words).click()
    page.get_by_role("heading", level=1, name=words.partition(":")[0]).wait_for()


def test_points_of_surgery_are_reported_without_a_board_id(visitor: Visitor, sound: Sound) -> None:
    page = visitor.enter("a clerk")
    register_course(page, "Surgery without numbers", {SURGERY: ("ABS", "Self-Assessment")})
    fill_person(page, "Jun", "Wang", "08/14", "12/01/2021")
    page.get_by_role("checkbox", name="Report CME credit").uncheck()
    page.get_by_role("checkbox", name=SURGERY).check()
    board = target(page, SURGERY)
    assert board.get_by_text("Not needed; helps where names are alike").is_visible()
    board.get_by_label("ABS points, total").fill("1")
    board.get_by_label("ABS points, total").blur()
    board.get_by_text("Learner matched").wait_for()
    assert board.get_by_label("ABS ID").input_value() == ""
    assert sound(page)
    report(page)
    open_record(page, "Jun Wang: 1 ABS")
    assert page.get_by_text("Self-Assessment").first.is_visible()
    assert sound(page)


def test_credit_of_two_states_is_one_record(visitor: Visitor, sound: Sound) -> None:
    page = visitor.enter("a clerk")
    open_adding(page)
    fill_person(page, "Rebecca", "Test", "02/01", "11/03/2021")
    cme = target(page, "Report CME credit")
    cme.get_by_label("State of licence", exact=True).select_option(label="Tennessee")
    fill(page, **{"Licence number": "444444", "Credits": "1.5"})
    cme.get_by_text("Another state").click()
    cme.get_by_label("State of licence (state 2)").select_option(label="Maine")
    fill(page, **{"Licence number (state 2)": "MD9977", "Credits (state 2)": "1"})
    page.get_by_label("Credits (state 2)", exact=True).blur()
    cme.get_by_text("Learner matched").nth(1).wait_for()
    assert sound(page)
    report(page)
    open_record(page, "Rebecca Test: 1.5 CME TN, 1 CME ME")
    lines = page.locator("#credit tbody tr")
    assert lines.count() == 2
    assert "MD9977" in lines.filter(has_text="ME-M").inner_text()
    assert "444444" in lines.filter(has_text="TN-M").inner_text()
    assert sound(page)


def test_points_of_two_boards_are_one_record(visitor: Visitor, sound: Sound) -> None:
    page = visitor.enter("a clerk")
    both = {ANESTHESIOLOGY: ("ABA", "Patient Safety"), SURGERY: ("ABS", "Self-Assessment")}
    register_course(page, "Surgery for anesthesiologists", both)
    fill_person(page, *ASIF, "12/02/2021")
    page.get_by_role("checkbox", name="Report CME credit").uncheck()
    for name, (code, _) in both.items():
        page.get_by_role("checkbox", name=name).check()
        fill(page, **{f"{code} points, total": "2"})
    # The one board asks for its number; the other does without.
    report(page)
    page.get_by_role("alert").wait_for()
    assert page.get_by_label("ABA ID").get_attribute("aria-invalid") == "true"
    assert page.get_by_label("ABS ID").get_attribute("aria-invalid") is None
    assert page.get_by_label("ABS points, total").input_value() == "2"
    assert sound(page)
    page.get_by_label("ABA ID").fill("7581732")
    page.get_by_label("ABA ID").blur()
    for name in both:
        target(page, name).get_by_text("Learner matched").wait_for()
    assert sound(page)
    report(page)
    open_record(page, "Asif Khan: 2 ABA, 2 ABS")
    lines = page.locator("#credit tbody tr")
    assert lines.count() == 2
    assert "Patient Safety" in lines.filter(has_text="ABA").inner_text()
    assert "Self-Assessment" in lines.filter(has_text="ABS").inner_text()
    assert sound(page)


def test_answers_of_risk_mitigation_education_are_reported_with_the_record(visitor: Visitor, sound: Sound) -> None:
    page = visitor.enter("a clerk")
    register_course(page, "Safe opioids", {}, rems="Opioid Analgesic")
    fill_person(page, "Nora", "Nurse", "", "12/03/2021")
    page.get_by_role("checkbox", name="Report CME credit").uncheck()
    page.get_by_text("Risk-mitigation education (REMS): answers about the learner").click()
    for label, text in (
        ("Profession", "Nurse"), ("State of practice", "Maine"), ("DEA registration", "None"),
        ("Practice area", "Anesthesiology"), ("Time in practice", "6-10"),
    ):  # fmt: skip
        page.get_by_label(label, exact=True).select_option(label=text)
    page.get_by_role("group", name="Surgical procedures are performed").get_by_label("No").check()
    report(page)
    # Who is no physician has no licence: an own id stands for the person.
    page.get_by_role("alert").wait_for()
    own = page.get_by_label("Your own id of the person")
    assert own.is_visible()
    assert own.get_attribute("aria-invalid") == "true"
    assert page.get_by_label("Profession", exact=True).input_value() == "Nurse"
    assert sound(page)
    own.fill("N-17")
    report(page)
    page.locator("#just-reported").get_by_role("link", name=re.compile("Nora Nurse")).click()
    page.get_by_role("heading", level=1, name="Nora Nurse").wait_for()
    answers = page.get_by_role("region", name="REMS")
    for answer in ("N-17", "6-10", "Anesthesiology"):
        assert answers.get_by_text(answer, exact=True).is_visible()
    assert sound(page)


def validate(page: Page, first: str, last: str, birth: str = "", says: str = "") -> Locator:
    """Look a learner up from anywhere of the provider; return what is said of it."""
    page.get_by_role("link", name="Validate", exact=True).click()
    fill(page, First_name=first, Last_name=last, Birth_month_and_day=birth)
    page.get_by_role("button", name="Validate", exact=True).click()
    result = page.get_by_role("region", name="Result")
    result.get_by_text(says, exact=True).wait_for()
    return result


def test_a_validation_fits_several_one_and_nobody(visitor: Visitor, sound: Sound) -> None:
    page = visitor.enter("a clerk")
    result = validate(page, "Rebecca", "Test", says="More than one learner matched")
    assert result.get_by_text("Give more to tell them apart").is_visible()
    assert page.locator("#learner-id").count() == 0
    assert sound(page)
    page.get_by_label("Birth month and day").fill("02/01")
    page.get_by_role("button", name="Validate", exact=True).click()
    result.get_by_text("Learner matched", exact=True).wait_for()
    assert page.locator("#learner-id").inner_text().startswith("lrn_")
    assert sound(page)
    result.get_by_role("link", name="Check another").click()
    result.wait_for(state="detached")
    assert page.get_by_label("First name").input_value() == ""
    result = validate(page, "Rebecca", "Nobodyhere", "02/01", says="No learner matched")
    assert page.locator("#learner-id").count() == 0
    assert result.get_by_role("link", name="Choose an activity").count() == 0
    assert sound(page)
    # Who is certified is told with the board that was asked about, and leads to an activity.
    validate(page, *ASIF, says="Learner matched")
    page.get_by_label("Certifying board").select_option(label=ANESTHESIOLOGY)
    page.get_by_label("Board ID").fill("7581732")
    page.get_by_role("button", name="Validate", exact=True).click()
    result.get_by_text(f"On file with {ANESTHESIOLOGY}").wait_for()
    result.get_by_role("link", name="Choose an activity to add the learner to").click()
    page.get_by_role("link", name=f"Add learners to {SERIES}").wait_for()


def test_a_file_is_validated(visitor: Visitor, sound: Sound) -> None:
    page = visitor.enter("a clerk")
    page.get_by_role("link", name="Validate", exact=True).click()
    page.get_by_role("link", name="Validate a file").click()
    rows = [
        ("First Name", "Last Name", "Date of Birth"),
        ("Willa", "Duncan", "05/25"),
        ("Rebecca", "Test", ""),
        ("Wilhelm", "Nobodyhere", "05/25"),
    ]
    form = page.locator("#upload")
    form.get_by_label("Drop a spreadsheet here, or choose a file").set_input_files(
        {"name": "who.tsv", "mimeType": "text/plain", "buffer": "\n".join(map("\t".join, rows)).encode()}
    )
    form.get_by_label("Validations").check()
    form.get_by_role("button", name="Upload", exact=True).click()
    wait_until(page, lambda: page.get_by_role("heading", name="Files", exact=True).count() > 0)
    page.get_by_role("heading", level=1, name="1 of 3 rows matched one learner").wait_for()
    assert sound(page)
    for tab, who, says in (
        ("1 Matched", "Willa Duncan", "Matched"),
        ("1 More than one matched", "Rebecca Test", "Give more to tell them apart"),
        ("1 None matched", "Wilhelm Nobodyhere", "Give the state of licence"),
    ):
        page.get_by_role("link", name=tab).click()
        page.get_by_role("row", name=who).filter(has_text=says).wait_for()
    assert sound(page)


def rejected(clerk: Page) -> int:
    """Return how many credits Home says that boards have rejected: other stories leave some."""
    told = clerk.locator(".todo li").filter(has_text="rejected by").all_inner_texts()
    return int(told[0].split()[0]) if told else 0


def wait_for_rejected(clerk: Page, credits: int) -> None:
    """Reload Home until it says that boards have rejected so many credits."""
    wait_until(clerk, lambda: rejected(clerk) == credits)


def test_home_leads_to_the_lines_that_a_board_rejected(visitor: Visitor, sound: Sound) -> None:
    people = (("Anna", "Novak", "08/15", "7534095"), ("Benjamin", "Russo", "11/18", "2059195"))
    clerk = visitor.enter("a clerk")
    before = rejected(clerk)
    for first, last, birth, board_id in people:
        clerk.get_by_role("link", name="Home", exact=True).click()
        open_adding(clerk)
        fill_learner(clerk, first, last, birth, board_id, "11/08/2021", "3.25")
        clerk.get_by_label(AGREED).check()
        clerk.get_by_role("button", name="Report and finish").click()
        clerk.get_by_text(f"{first} {last}: 3.25 ABA. Reported.").wait_for()
    board = visitor.enter("ABA's staff")
    days = board.locator("#days tbody a[href*='/days/']:not([href*=file])")
    wait_until(board, lambda: days.count() > 0)
    days.first.click()
    for first, last, *_ in people:
        board.get_by_label(f"Decide on {first} {last}, 3.25 credits").check()
    board.get_by_label("Reject", exact=True).check()
    board.get_by_label("Why, if rejected").select_option(index=1)
    board.get_by_label("In words").fill("Ask the learner for the certificate")
    board.get_by_role("button", name="Decide on those ticked").click()
    board.get_by_role("status").wait_for()
    clerk.get_by_role("link", name="Home", exact=True).click()
    waiting = clerk.locator(".todo li").filter(has_text="rejected by")
    wait_for_rejected(clerk, before + 2)
    assert sound(clerk)
    for left, (_, last, *_) in zip((1, 0), people, strict=True):
        waiting.get_by_role("link", name="See and correct").click()
        lines = clerk.get_by_role("table").locator("tbody tr").filter(has_text="Ask the learner for the certificate")
        assert lines.count() == left + 1
        assert sound(clerk)
        lines.filter(has_text=last).get_by_role("link", name="Correct").click()
        fill(clerk, **{"ABA points, total": "3", "Lifelong Learning, points": "3"})
        clerk.get_by_role("button", name="Save").first.click()
        clerk.wait_for_url(lambda address: not address.endswith("/correct"))
        clerk.get_by_role("link", name="Home", exact=True).click()
        wait_for_rejected(clerk, before + left)
