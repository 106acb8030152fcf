"""The registry by the pages' own words: pairs are decided, two are merged and parted again, one is split."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page

from tests.browser.conftest import Visitor
from tests.browser.tasks import fill_learner, open_adding, wait_until

Sound = Callable[[Page], bool]
Diplomate = tuple[str, str, str, str]
"""First name, last name, month and day of birth, number with the board."""


def send_roster(visitor: Visitor, name: str, *diplomates: Diplomate) -> None:
    """Send a roster as ABA's staff: whoever has the number of another may be the same person."""
    board = visitor.enter("ABA's staff")
    board.get_by_role("link", name="Roster", exact=True).click()
    lines = [("First Name", "Last Name", "Date of Birth", "Board ID"), *diplomates]
    content = "".join("\t".join(cells) + "\n" for cells in lines).encode()
    board.get_by_label("Choose a roster").set_input_files(
        {"name": name, "mimeType": "text/tab-separated-values", "buffer": content}
    )
    board.get_by_role("button", name="Send the roster").click()
    row = board.locator("#sent tr", has_text=name)
    wait_until(board, lambda: row.filter(has_text="Done").count() == 1)


def report_points(visitor: Visitor, first: str, last: str, birth: str, board_id: str, day: str) -> None:
    """Report a learner's two points of ABA as a clerk."""
    clerk = visitor.enter("a clerk")
    open_adding(clerk)
    fill_learner(clerk, first, last, birth, board_id, day, "2")
    clerk.get_by_label("Everybody I enter in this sitting agreed").check()
    clerk.get_by_role("button", name="Report and finish").click()
    clerk.get_by_text(f"{first} {last}: 2 ABA. Reported.").wait_for()


def open_pairs(operator: Page) -> None:
    """Go to the pairs that wait for a decision."""
    operator.get_by_role("link", name="Registry", exact=True).click()
    operator.get_by_role("link", name="Maybe one person").click()
    operator.get_by_role("heading", name="Physicians who may be one person").wait_for()


def open_physician(operator: Page, last_name: str) -> None:
    """Look for the one physician of a name, and open everything on file."""
    operator.get_by_role("link", name="Registry", exact=True).first.click()
    operator.get_by_label("Why you look").select_option(label="Two entries may be one person, or one may be two")
    operator.get_by_label("Last name").fill(last_name)
    operator.get_by_role("button", name="Search").click()
    operator.get_by_role("button", name="See all").click()
    operator.get_by_role("heading", level=1, name=last_name).wait_for()


def told(operator: Page, words: str) -> None:
    """Wait for what is said of an act that was done."""
    operator.get_by_role("status").filter(has_text=words).wait_for()


def test_a_pair_is_put_off_decided_and_opened_again(visitor: Visitor, sound: Sound) -> None:
    send_roster(
        visitor, "pairs.tsv",
        ("Robert", "Fairweather", "05/06", "35891001"), ("Bob", "Fairweather", "05/06", "35891001"),
    )  # fmt: skip
    operator = visitor.enter("the operator")
    open_pairs(operator)
    row = operator.locator("tbody tr", has_text="Bob Fairweather").filter(has_text="Robert Fairweather")
    assert row.filter(has_text="roster of ABA").count() == 1
    assert sound(operator)
    row.get_by_role("link", name="Decide").click()
    operator.get_by_role("heading", name="One person or two?").wait_for()
    assert sound(operator)
    operator.get_by_role("button", name="Decide later").click()
    told(operator, "They wait behind the others.")
    row.get_by_role("link", name="Decide").click()
    operator.get_by_role("button", name="They are two people").click()
    told(operator, "They stay two people. No import offers them again.")
    assert row.count() == 0
    operator.get_by_role("link", name="Two people", exact=True).click()
    assert sound(operator)
    row.get_by_role("link", name="Look").click()
    operator.get_by_role("heading", name="They are two people").wait_for()
    assert sound(operator)
    operator.get_by_role("button", name="Open it again").click()
    told(operator, "They wait for a decision again.")
    assert row.count() == 1


def test_two_are_merged_after_what_goes_where_was_listed_and_parted_again(visitor: Visitor, sound: Sound) -> None:
    send_roster(
        visitor, "merge.tsv",
        ("William", "Merriweather", "07/08", "35891002"), ("Bill", "Merriweather", "07/08", "35891002"),
    )  # fmt: skip
    report_points(visitor, "William", "Merriweather", "07/08", "35891002", "11/21/2021")
    operator = visitor.enter("the operator")
    open_pairs(operator)
    row = operator.locator("tbody tr", has_text="Bill Merriweather")
    row.get_by_role("link", name="Decide").click()
    operator.get_by_role("link", name="See what a merge would do").click()
    operator.get_by_role("heading", name="What goes where").wait_for()
    assert sound(operator)
    # William, of whom there is a record, stays; the other way round it would move.
    assert operator.locator("#records").count() == 0
    operator.get_by_role("link", name="The other way round").click()
    record = operator.locator("#records tbody tr")
    assert "Moves to who stays, with its id" in record.inner_text()
    assert "2 points for ABA" in record.inner_text()
    assert sound(operator)
    operator.get_by_role("button", name="Merge these two").click()
    told(operator, "They are one physician now. Both ids go on working.")
    assert row.count() == 0
    operator.get_by_role("link", name="Merged", exact=True).click()
    row.get_by_role("link", name="Look").click()
    operator.get_by_role("heading", name="They were merged").wait_for()
    assert sound(operator)
    open_physician(operator, "Merriweather")
    assert sound(operator)
    operator.get_by_role("link", name=re.compile("Undo this merge")).click()
    assert operator.get_by_text("1 record that moved then will go back, as they are now.").is_visible()
    assert sound(operator)
    operator.get_by_role("button", name="Undo the merge").click()
    told(operator, "They are two physicians again. 1 record went back.")


def test_what_speaks_against_a_merge_is_overruled_on_the_page(visitor: Visitor, sound: Sound) -> None:
    send_roster(
        visitor,
        "against.tsv",
        ("Ada", "Pennyweather", "03/04", "35891003"),
        ("Zoe", "Starweather", "09/10", "35891004"),
    )
    operator = visitor.enter("the operator")
    open_physician(operator, "Starweather")
    stays = operator.locator(".facts dd").first.inner_text().strip()
    open_physician(operator, "Pennyweather")
    operator.get_by_role("link", name="Merge into another").click()
    operator.get_by_label("Id of the physician who stays").fill("nobody")
    operator.get_by_role("button", name="List what goes where").click()
    operator.get_by_role("alert").wait_for()
    assert operator.evaluate("document.activeElement.getAttribute('role')") == "alert"
    assert sound(operator)
    operator.get_by_label("Id of the physician who stays").fill(stays)
    operator.get_by_role("button", name="List what goes where").click()
    operator.get_by_role("heading", name="What speaks against it").wait_for()
    assert operator.get_by_role("button", name="Merge these two").count() == 0
    assert sound(operator)
    for box in operator.locator("#against input[type=checkbox]").all():
        box.check()
    operator.locator("#against").get_by_role("button", name="List what goes where").click()
    operator.get_by_role("heading", name="What goes where").wait_for()
    assert sound(operator)
    operator.get_by_role("button", name="Merge these two").click()
    told(operator, "They are one physician now.")
    operator.get_by_role("status").get_by_role("link", name="Undo it").click()
    operator.get_by_role("button", name="Undo the merge").click()
    told(operator, "They are two physicians again.")


def test_one_is_split_after_what_becomes_of_each_record_was_listed(visitor: Visitor, sound: Sound) -> None:
    send_roster(visitor, "split.tsv", ("Grace", "Meriwether", "02/03", "35891005"))
    for day in ("11/21/2021", "11/22/2021"):
        report_points(visitor, "Grace", "Meriwether", "02/03", "35891005", day)
    operator = visitor.enter("the operator")
    open_physician(operator, "Meriwether")
    operator.get_by_role("link", name="Split: it is two people").click()
    assert sound(operator)
    operator.get_by_role("button", name="List what goes where").click()
    operator.get_by_role("alert").wait_for()
    assert operator.evaluate("document.activeElement.getAttribute('role')") == "alert"
    assert sound(operator)
    operator.get_by_label("First name").fill("Gracia")
    operator.get_by_label("Last name").fill("Meriwether")
    operator.get_by_label("Birth month and day").fill("12/13")
    operator.get_by_role("checkbox", name=re.compile("35891005")).check()
    operator.get_by_label("The record of 11/21/2021").select_option(label="Who leaves")
    operator.get_by_label("The record of 11/22/2021").select_option(label="Who leaves")
    operator.get_by_role("button", name="List what goes where").click()
    operator.get_by_role("heading", level=1, name="What goes where").wait_for()
    assert operator.locator("#records tbody tr", has_text="Goes, with its id").count() == 2
    assert sound(operator)
    operator.get_by_role("button", name="Change what goes").click()
    assert operator.get_by_label("Birth month and day").input_value() == "12/13"
    assert operator.get_by_role("checkbox", name=re.compile("35891005")).is_checked()
    operator.get_by_role("button", name="List what goes where").click()
    operator.get_by_role("button", name="Split off Gracia Meriwether").click()
    told(operator, "They are two physicians now. 2 records went as a whole.")
    assert sound(operator)
    operator.get_by_role("status").get_by_role("link", name="Merge them again").click()
    assert operator.get_by_role("heading", name="Both", exact=True).is_visible()
    assert sound(operator)
