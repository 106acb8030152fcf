"""What people do on the pages, by the pages' own words: the stories and the pictures are made of these."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from playwright.sync_api import Error, Page

from tests.browser.serving import workbook_of

SERIES = "Grand Rounds Anesthesia"
FAULTY: list[dict[str, Any]] = [
    *({"Number of CME Credits": 2.1, "Completion Date": f"12/{day}/2021"} for day in (13, 14, 15)),
    {"Licensing ID": "555555", "Completion Date": "12/16/2021"},
    {"First Name": "Willa", "Last Name": "Duncan", "Date of Birth": "05/25", "Licensing State": "California",
     "Licensing ID": "70279062"},
    {"First Name": "Joe", "Last Name": "Accme", "Date of Birth": "01/01", "Licensing State": "California",
     "Licensing ID": "94412289"},
    {"First Name": "Scott", "Last Name": "Joplin", "Date of Birth": "11/24", "Licensing State": "Maine",
     "Licensing ID": "32508792", "Number of CME Credits": 1},
]  # fmt: skip
"""Rows of a workbook: three with an amount that is no quarter, one whom nobody matches, three good ones."""


_SLOWER = """wait => {
    const ask = window.fetch;
    window.fetch = async (...given) => {
        const answer = await ask(...given);
        await new Promise(go => setTimeout(go, wait));
        return answer;
    };
}"""


def answer_slowly(page: Page, seconds: float) -> None:
    """Let every answer to a script of the page arrive later."""
    page.evaluate(_SLOWER, seconds * 1_000)


def open_adding(page: Page) -> None:
    """Go from Home to the form for one learner of the series."""
    page.get_by_role("link", name="Add learners", exact=True).first.click()
    page.get_by_role("link", name=f"Add learners to {SERIES}").click()
    page.get_by_role("heading", name="Add learners").wait_for()


def fill_tina(page: Page, day: str = "12/01/2021", points: str = "2") -> None:
    """Type Tina, who is known to one board."""
    fill_learner(page, "Tina", "Karacme", "11/24", "35867909", day, points)


def fill_learner(page: Page, first: str, last: str, birth: str, board_id: str, day: str, points: str) -> None:
    """Type a learner of one board, ABA."""
    page.get_by_label("First name").fill(first)
    page.get_by_label("Last name").fill(last)
    page.get_by_label("Birth month and day").fill(birth)
    page.get_by_label("Date completed").fill(day)
    page.get_by_role("checkbox", name="Report CME credit").uncheck()
    page.get_by_role("checkbox", name="American Board of Anesthesiology").check()
    page.get_by_label("ABA ID").fill(board_id)
    page.get_by_label("ABA points, total").fill(points)
    page.get_by_label("ABA points, total").blur()


def upload(page: Page, rows: list[dict[str, Any]], name: str, **also: str) -> None:
    """Go from anywhere of the provider to the result of an upload of rows; `also` chooses on the form, by its words."""
    page.get_by_role("link", name="Uploads", exact=True).first.click()
    page.get_by_role("link", name="Upload a file").first.click()
    page.get_by_label("Drop a spreadsheet here, or choose a file").set_input_files(
        {"name": name, "mimeType": "application/octet-stream", "buffer": workbook_of(rows)}
    )
    form = page.locator("#upload")
    for words in also.values():
        form.get_by_label(words).check()
    form.get_by_label("The learners agreed to the reporting").check()
    form.get_by_role("button", name="Upload", exact=True).click()
    wait_until(page, lambda: page.get_by_role("heading", name="Files", exact=True).count() > 0)


def wait_until(page: Page, done: Callable[[], bool], seconds: int = 60) -> None:
    """Reload a page until something stands on it: without script it does so by itself, more slowly."""
    for _ in range(seconds):
        if done():
            return
        page.wait_for_timeout(1_000)
        if not done():
            with suppress(Error):  # It goes to its next page by itself just now.
                page.reload()
    raise AssertionError(f"{page.url} still says: {page.locator('main').inner_text()[:500]}")


def mailed_link(folder: Path, address: str, path: str = "/sign-in/") -> str:
    """Return the path of the link that was mailed to an address, which begins with `path`."""
    for _ in range(60):
        for mail in sorted((folder / "mail").glob("*.eml")):
            text = mail.read_text(encoding="utf-8").replace("=\n", "")
            if address in text and (link := re.search(rf"https?://[^/\s]+({re.escape(path)}[^\s>]+)", text)):
                return link[1]
        time.sleep(0.5)
    raise AssertionError(f"No mail to {address}")
