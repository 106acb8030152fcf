"""A server of the demo in a process of its own, and the system's Chromium before it.

These tests run in an environment that has Playwright and nothing of the project: they know the service by its pages.
`make check-browser` makes that environment and runs them; the suite, which has no Playwright, passes them over.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.browser.visited import ENTERED

if find_spec("playwright") is None:
    collect_ignore_glob = ["test_*.py"]
else:
    from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv" / "bin" / "python"
_STARTS_WITHIN = 90
_NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str:
    """Return where Chromium is: `CHROMIUM`, else where the system has it."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        pytest.exit("No Chromium here: install it (on Debian: apt-get install chromium), or name it in CHROMIUM.", 2)
    return found


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a server of the demo."""
    folder = tmp_path_factory.mktemp("demo")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {"PARS_DATA_DIR": str(folder), "PARS_DATABASE_URL": f"sqlite:///{folder}/pars.db"}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [PYTHON, "-m", "app", "serve", "--demo", "--port", str(port)],
            cwd=ROOT, env={**os.environ, **settings}, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(address, process, folder / "log")
            yield address
        finally:
            process.terminate()
            process.wait(30)


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    begun = time.monotonic()
    while time.monotonic() < begun + _STARTS_WITHIN and process.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/livez", timeout=1).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    pytest.fail(f"The server did not start:\n{log.read_text(encoding='utf-8')[-2_000:]}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, once for all tests."""
    with sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=chromium())
        yield launched
        launched.close()


class Visitor:
    """Opens pages, and remembers what went wrong on them."""

    def __init__(self, browser: Browser, server: str) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self.server = server
        self.complaints: list[str] = []
        """What the console said: errors of scripts, and breaches of the security policy."""
        self.requests: list[str] = []

    def open(
        self, address: str, *, width: int = 1280, theme: str = "light", script: bool = True, **more: object
    ) -> Page:
        """Open a page in a window of its own, as a clerk where it is a provider's; follow a link where it names one."""
        context = self._browser.new_context(
            base_url=self.server, viewport={"width": width, "height": 900}, color_scheme=theme,  # type: ignore[arg-type]
            java_script_enabled=script, **more,
        )  # fmt: skip
        self._contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: self.complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(f"{request.method} {request.url}"))
        address, _, link = address.partition(" > ")
        entered = next((who for start, who in ENTERED.items() if address.startswith(start)), None)
        if entered is not None:
            page.goto("/sign-in")
            page.get_by_role("button", name=f"Enter as {entered}").click()
            page.wait_for_load_state()
        page.goto(address)
        if link:
            page.locator(link).first.click()
            page.wait_for_load_state()
        return page

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
    expected = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")
    assert [text for text in visiting.complaints if not expected.match(text)] == []
