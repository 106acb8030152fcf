"""What is wrong with a page as it stands, in each theme and width."""

from __future__ import annotations

from collections.abc import Iterable

from playwright.sync_api import Page

from tests.browser.axe import breaches
from tests.browser.visited import WIDTHS, Look

_TOO_WIDE = "document.documentElement.scrollWidth - innerWidth"


def breaches_in(page: Page, looks: Iterable[Look]) -> list[str]:
    """Return what axe finds on a page in each look; it is left at 1280 pixels, light."""
    found = []
    for theme, width in looks:
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size({"width": width, "height": 900})
        found += [f"{theme}, {width} px: {breach}" for breach in breaches(page)]
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1280, "height": 900})
    return found


def widths_scrolling_sideways(page: Page, widths: Iterable[int] = WIDTHS) -> list[str]:
    """Return at which widths a page scrolls sideways with everything unfolded, and whether with letters twice as large.

    It is left at 1280 pixels, and folded as it was.
    """
    folded = page.locator("details:not([open])").element_handles()
    for details in folded:
        details.evaluate("closed => closed.open = true")
    found = []
    for width in widths:
        page.set_viewport_size({"width": width, "height": 900})
        if (above := page.evaluate(_TOO_WIDE)) > 0:
            found.append(f"{width} px: {above} px too wide")
    page.set_viewport_size({"width": 1280, "height": 900})
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    if (above := page.evaluate(_TOO_WIDE)) > 0:
        found.append(f"letters of 200 %: {above} px too wide")
    page.evaluate("document.documentElement.style.fontSize = ''")
    for details in folded:
        details.evaluate("opened => opened.open = false")
    return found
