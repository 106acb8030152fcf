"""Twelve pictures of the pages that tell most of the product, from the demo world: `make screenshots`.

WebP, taken by Chromium itself: half the size of PNG, and nothing more to install. Each shows what fits in the window.
"""

from __future__ import annotations

import base64
import sys
import tempfile
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.serving import ROOT, chromium, served
from tests.browser.tasks import FAULTY, fill_tina, open_adding, upload, wait_until

FOLDER = ROOT / "docs" / "pictures"
MOST_BYTES = 60_000
_HEIGHTS = {1280: 860, 360: 780}


class Camera:
    """Windows of the demo's people, and the pictures that are taken of them."""

    def __init__(self, browser: Browser, address: str) -> None:
        self._browser = browser
        self._address = address

    def enter(self, who: str, width: int = 1280, theme: Literal["light", "dark"] = "light") -> Page:
        """Enter as one of the demo's people."""
        context = self._browser.new_context(
            base_url=self._address, viewport={"width": width, "height": _HEIGHTS[width]}, color_scheme=theme,
            reduced_motion="reduce",
        )  # fmt: skip
        page = context.new_page()
        page.goto("/")
        if who:
            page.get_by_role("button", name=f"Enter as {who}").click()
            page.wait_for_load_state()
        return page

    @staticmethod
    def take(page: Page, name: str, at: str = "") -> None:
        """Take a picture of the window, scrolled to an element if one is named."""
        if at:
            page.locator(at).first.evaluate("e => scrollTo(0, e.getBoundingClientRect().top + scrollY - 16)")
        else:
            page.evaluate("scrollTo(0, 0)")
        page.evaluate("document.fonts.ready")
        page.mouse.move(0, 0)
        session = page.context.new_cdp_session(page)
        for quality in (80, 70, 60, 50, 40):
            taken = session.send("Page.captureScreenshot", {"format": "webp", "quality": quality})
            content = base64.b64decode(taken["data"])
            if len(content) <= MOST_BYTES:
                break
        else:
            raise RuntimeError(f"{name} has {len(content):,} bytes at the least quality")
        FOLDER.mkdir(parents=True, exist_ok=True)
        (FOLDER / f"{name}.webp").write_bytes(content)
        print(f"{name}.webp  {len(content):,} bytes")


def _resize(page: Page, width: int, theme: Literal["light", "dark"]) -> None:
    page.set_viewport_size({"width": width, "height": _HEIGHTS[width]})
    page.emulate_media(color_scheme=theme)


def take_all(camera: Camera) -> None:
    """Do what the pages are for, and take pictures on the way."""
    Camera.take(camera.enter(""), "front-door")
    page = camera.enter("a clerk")
    open_adding(page)
    fill_tina(page)
    page.get_by_text("Learner matched").first.wait_for()
    Camera.take(page, "add-learner")
    page.get_by_label("ABA points, total").fill("60")
    page.get_by_role("button", name="Report and next learner").click()
    page.get_by_role("alert").wait_for()
    _resize(page, 360, "dark")
    Camera.take(page, "add-learner-faults-phone")
    _resize(page, 1280, "light")
    page.get_by_label("ABA points, total").fill("2")
    page.get_by_label("Everybody I enter in this sitting agreed").check()
    page.get_by_role("button", name="Report and next learner").click()
    page.get_by_role("heading", name="Just reported").wait_for()
    upload(page, FAULTY, "grand_rounds_december.xlsx")
    _resize(page, 360, "light")
    Camera.take(page, "upload-result-phone")
    _resize(page, 1280, "light")
    page.get_by_role("link", name="Fix the rows").click()
    page.get_by_role("button", name="Write 2 in all 3").click()
    page.get_by_text("3 are ready").wait_for()
    Camera.take(page, "fix-rows")
    _resize(page, 360, "dark")
    Camera.take(page, "fix-rows-phone", at="#fix .panel")
    _resize(page, 1280, "dark")
    page.get_by_role("link", name="Activities", exact=True).first.click()
    Camera.take(page, "activities-dark")
    page.get_by_role("link", name="Learners", exact=True).first.click()
    Camera.take(page, "learners-dark")
    _resize(page, 1280, "light")
    open_adding(page)
    page.get_by_role("link", name="Session sheet: many names, one date").click()
    page.get_by_label("Date completed").fill("12/12/2021")
    for box in page.locator("tbody input[name=learner]").all()[:3]:
        box.check()
    Camera.take(page, "session-sheet", at="#roster")
    board = camera.enter("ABA's staff", theme="dark")
    days = board.locator("#days tbody a[href*='/days/']:not([href*=file])")
    wait_until(board, lambda: days.count() > 0)
    days.first.click()
    Camera.take(board, "board-decides-dark")
    page.get_by_role("link", name="Home", exact=True).click()
    Camera.take(page, "home")
    operator = camera.enter("the operator")
    operator.get_by_role("link", name="Boards", exact=True).click()
    Camera.take(operator, "operator-boards")


def main() -> int:
    """Take the pictures; 2 where there is no Chromium."""
    found = chromium()
    if found is None:
        print("No Chromium here: install it, or name it in CHROMIUM.", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as address, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found)
        take_all(Camera(browser, address))
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
