"""A server of the demo in a process of its own, and the system's Chromium before it.

These tests run in an environment that has Playwright and nothing of the project: they know the service by its pages.
`make check-browser` makes that environment and runs them; the suite, which has no Playwright, passes them over.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests.browser.privacy import lines_about_people
from tests.browser.serving import chromium, served
from tests.browser.visited import ALL_LOOKS, ENTERED, FEW_LOOKS, FEW_WIDTHS, WIDTHS, Look

if find_spec("playwright") is None:
    collect_ignore_glob = ["test_*.py"]
else:
    from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

    from tests.browser.looks import breaches_in, widths_scrolling_sideways


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--short`: what there is always time for."""
    parser.addoption("--short", action="store_true", help="judge each page in one look instead of all")


_TURNS = count()


@pytest.fixture
def looks(pytestconfig: pytest.Config) -> tuple[Look, ...]:
    """The themes and widths in which axe judges a page; one of few, in turns, where it is to be short."""
    return (FEW_LOOKS[next(_TURNS) % len(FEW_LOOKS)],) if pytestconfig.getoption("short") else ALL_LOOKS


@pytest.fixture
def widths(pytestconfig: pytest.Config) -> tuple[int, ...]:
    """The widths in which a page may not scroll sideways."""
    return FEW_WIDTHS if pytestconfig.getoption("short") else WIDTHS


@pytest.fixture
def sound(looks: tuple[Look, ...], widths: tuple[int, ...]) -> Callable[[Page], bool]:
    """Whether a page has no breach of accessibility and does not scroll sideways, as it stands."""

    def judge(page: Page) -> bool:
        assert breaches_in(page, looks) == []
        assert widths_scrolling_sideways(page, widths) == []
        return True

    return judge


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server of the demo keeps its data."""
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="session")
def server(folder: Path) -> Iterator[str]:
    """Address of a server of the demo; what it has logged and counted names no learner."""
    with served(folder) as address:
        greeting = (folder / "log").stat().st_size
        yield address
        with urlopen(f"{address}/metrics", timeout=30) as counted:
            metrics = counted.read().decode()
        logged = (folder / "log").read_bytes()[greeting:].decode()
    assert "pars_" in metrics
    assert "route" in logged
    assert lines_about_people(f"{metrics}\n{logged}") == []


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, once for all tests."""
    found = chromium()
    if found is None:
        pytest.exit("No Chromium here: install it (on Debian: apt-get install chromium), or name it in CHROMIUM.", 2)
    with sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=found)
        yield launched
        launched.close()


def _person_of(address: str) -> str | None:
    return next((who for start, who in ENTERED.items() if address.startswith(start)), None)


def _go(page: Page, address: str) -> None:
    address, *steps = address.split(" > ")
    page.goto(address)
    for step in steps:
        place, _, text = step.partition(" := ")
        found = page.locator(place).first
        if not text:
            found.click()
            page.wait_for_load_state()
        elif found.evaluate("field => field.matches('select')"):
            found.select_option(text)
        else:
            found.fill(text)


_SIGNED_IN: dict[tuple[str, str], Any] = {}
"""The cookies of the demo's people, by server and person: signing in is tried elsewhere."""


class Visitor:
    """Opens pages, and remembers what went wrong on them."""

    def __init__(self, browser: Browser, server: str) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self._kept: dict[str | None, Page] = {}
        self.server = server
        self.complaints: list[str] = []
        """What the console said: errors of scripts, and breaches of the security policy."""
        self.requests: list[str] = []

    def enter(self, who: str, **more: Any) -> Page:
        """Open a window as one of the demo's people, in the words of its buttons; return its first page."""
        page = self._window(None, **more)
        page.goto("/sign-in")
        page.get_by_role("button", name=f"Enter as {who}").click()
        page.wait_for_load_state()
        return page

    def open(self, address: str, *, width: int = 1280, theme: str = "light", script: bool = True, **more: Any) -> Page:
        """Open a page in a window of its own, as a clerk where it is a provider's; take the steps that it names."""
        entered = _person_of(address)
        if entered is not None and (self.server, entered) not in _SIGNED_IN:
            _SIGNED_IN[self.server, entered] = self.enter(entered).context.storage_state()
        state = _SIGNED_IN[self.server, entered] if entered is not None else None
        page = self._window(state, width=width, theme=theme, script=script, **more)
        _go(page, address)
        return page

    def visit(self, address: str) -> Page:
        """Open a page in the window that its person has already: a window costs more than a page."""
        entered = _person_of(address)
        if entered not in self._kept:
            self._kept[entered] = self.open(address)
        else:
            _go(self._kept[entered], address)
        return self._kept[entered]

    def _window(self, state: Any, *, width: int = 1280, theme: str = "light", script: bool = True, **more: Any) -> Page:
        context = self._browser.new_context(
            base_url=self.server, viewport={"width": width, "height": 900}, color_scheme=theme,
            java_script_enabled=script, reduced_motion="reduce", storage_state=state, **more,
        )  # fmt: skip
        context.set_default_timeout(30_000)
        self._contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: self.complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(f"{request.method} {request.url}"))
        return page

    def addresses_about_people(self) -> list[str]:
        """Return the requests whose address names a learner, a birth date or a number of one."""
        return lines_about_people("\n".join(self.requests))

    def close(self) -> None:
        """Close every window."""
        for context in self._contexts:
            context.close()


@pytest.fixture
def visitor(browser: Browser, server: str) -> Iterator[Visitor]:
    """Somebody before the browser; a page may complain of nothing but of its own status."""
    visiting = Visitor(browser, server)
    yield visiting
    visiting.close()
    assert _unexpected(visiting) == []
    assert visiting.addresses_about_people() == []


@pytest.fixture(scope="session")
def all_windows(browser: Browser, server: str) -> Iterator[Visitor]:
    """Somebody whose windows stay open."""
    visiting = Visitor(browser, server)
    yield visiting
    visiting.close()


@pytest.fixture
def tourist(all_windows: Visitor) -> Iterator[Visitor]:
    """Somebody who visits pages one after the other in the same windows, and changes nothing."""
    all_windows.complaints.clear()
    all_windows.requests.clear()
    yield all_windows
    assert _unexpected(all_windows) == []
    assert all_windows.addresses_about_people() == []


def _unexpected(visiting: Visitor) -> list[str]:
    expected = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")
    return [text for text in visiting.complaints if not expected.match(text)]
