"""A physician's tasks in a browser: joining from the mailbox, reading credit, publishing; and whoever verifies."""

from __future__ import annotations

from pathlib import Path

from tests.browser.conftest import Visitor
from tests.browser.tasks import mailed_link
from tests.browser.test_registry_stories import Sound

REBECCA = {"First name": "Rebecca", "Last name": "Test", "Birth month and day": "02/01", "Licence number": "444444"}


def test_a_physician_publishes_and_anybody_verifies_by_code_and_by_file(
    visitor: Visitor, sound: Sound, tmp_path: Path
) -> None:
    physician = visitor.enter("a physician")
    assert physician.get_by_role("heading", name="My credits").is_visible()
    assert physician.locator(".figs").inner_text().count("22.75") == 1
    assert sound(physician)
    physician.get_by_role("link", name="Transcript", exact=True).click()
    physician.get_by_role("button", name="Publish this transcript").click()
    physician.get_by_text("Its verification code is").wait_for()
    assert sound(physician)
    published = physician.locator("#published")
    code = published.locator(".id").first.inner_text()
    with physician.expect_download() as downloading:
        published.get_by_role("link", name=f"PDF {code}").click()
    pdf = tmp_path / "transcript.pdf"
    downloading.value.save_as(pdf)
    anybody = visitor.open("/verify")
    anybody.get_by_label("Verification code").fill(code.lower().replace("-", " "))
    anybody.keyboard.press("Enter")
    anybody.get_by_role("heading", name="This transcript is genuine").wait_for()
    assert anybody.get_by_text("Nothing has changed since").is_visible()
    assert sound(anybody)
    anybody.get_by_label("The PDF of the transcript").set_input_files(pdf)
    anybody.get_by_role("button", name="Compare").click()
    anybody.get_by_text("The file is the one that was published").wait_for()
    pdf.write_bytes(pdf.read_bytes() + b" ")
    anybody.get_by_label("The PDF of the transcript").set_input_files(pdf)
    anybody.get_by_role("button", name="Compare").click()
    anybody.get_by_text("The file is not the one that was published").wait_for()
    assert sound(anybody)
    assert visitor.complaints == []


def test_a_physician_joins_without_script_and_a_code_of_the_provider_opens_the_credit(
    visitor: Visitor, sound: Sound, folder: Path
) -> None:
    joining = visitor.open("/passport/join", script=False)
    for label, text in REBECCA.items():
        joining.get_by_label(label, exact=True).fill(text)
    joining.get_by_label("State of your licence").select_option(label="Tennessee")
    joining.get_by_label("Your mail address").fill("rebecca@physicians.example")
    joining.get_by_role("button", name="Continue").click()
    assert joining.get_by_role("heading", name="Look into your mail").is_visible()
    link = mailed_link(folder, "rebecca@physicians.example", "/passport/join/")
    joining.goto(link)
    joining.get_by_role("button", name="Open the account").click()
    assert joining.get_by_role("heading", name="One step is missing").is_visible()
    clerk = visitor.enter("a clerk")
    clerk.get_by_role("link", name="Learners", exact=True).first.click()
    clerk.get_by_label("Last name").fill("Test")
    clerk.get_by_role("button", name="Search").click()
    clerk.get_by_role("table").get_by_role("link", name="Rebecca Test").first.click()
    clerk.get_by_role("button", name="Make a joining code").click()
    code = clerk.locator(".secret").inner_text()
    assert sound(clerk)
    joining.get_by_label("Joining code").fill(code)
    joining.get_by_role("button", name="Confirm the account").click()
    assert joining.get_by_role("heading", name="My credits").is_visible()
    assert joining.get_by_text("AMA PRA for TN-M").first.is_visible()
