"""A window of a browser without script: it shows a page, fills its forms, and follows where they lead."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin

from fastapi.testclient import TestClient
from httpx import Response
from lxml import html

from app.services.context import Service
from tests.harness.access.people import invite, mails, token_of

SAME_SITE = {"sec-fetch-site": "same-origin"}


class Window:
    """A window, and what it shows."""

    def __init__(self, browser: TestClient) -> None:
        self.browser = browser
        self.shown: Response | None = None

    @property
    def status(self) -> int:
        assert self.shown is not None
        return self.shown.status_code

    @property
    def text(self) -> str:
        """What can be read on the page."""
        assert self.shown is not None
        return " ".join(html.fromstring(self.shown.text).text_content().split())

    @property
    def tree(self) -> html.HtmlElement:
        """The page, to look for its elements."""
        assert self.shown is not None
        return html.fromstring(self.shown.text)

    @property
    def heading(self) -> str:
        assert self.shown is not None
        return " ".join(html.fromstring(self.shown.text).xpath("string(//h1)").split())

    def open(self, path: str, **headers: str) -> Window:
        """Follow a link, and where it leads."""
        shown = str(self.shown.url) if self.shown is not None else ""
        self.shown = self.browser.get(urljoin(shown, path), headers=headers)
        return self._follow()

    def send(self, path: str, fields: dict[str, Any] | None = None, **headers: str) -> Window:
        """Send a form as a page of ours does, and follow where it leads."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        self.shown = self.browser.post(path, data=fields or {}, headers=SAME_SITE | given)
        return self._follow()

    def links(self, within: str = "//main") -> dict[str, str]:
        """Return the addresses of the links of a part of the page by their names, as a screen reader says these."""
        tree = self.tree
        return {name_of(link): str(link.get("href")) for link in tree.xpath(f"{within}//a[@href]")}

    def fields(self, action: str) -> dict[str, Any]:
        """Return the fields of the form of the page that leads to an address, as they are filled."""
        assert self.shown is not None
        forms = html.fromstring(self.shown.text).xpath("//form[@action=$action]", action=action)
        assert forms, f"no form leads to {action}: {self.text}"
        filled: dict[str, Any] = {}
        for name, value in forms[0].form_values():
            filled.setdefault(name, []).append(value)
        return filled

    def submit(self, action: str, **filled: str) -> Window:
        """Fill the form of the page that leads to an address, and send it."""
        return self.send(action, self.fields(action) | filled)

    def _follow(self) -> Window:
        while self.shown is not None and self.shown.status_code == 303:
            self.shown = self.browser.get(self.shown.headers["location"])
        return self

    @property
    def cookie(self) -> str | None:
        """What the cookie of the session holds."""
        return self.browser.cookies.get("__Host-pars") or self.browser.cookies.get("pars-demo")


def name_of(element: html.HtmlElement) -> str:
    """Return what a link or a box is called: by those that name it in their order, else by its label or its text."""
    page = element.getroottree().getroot()
    naming = [page.get_element_by_id(id) for id in (element.get("aria-labelledby") or "").split()]
    text = " ".join(part.text_content() for part in naming or [element])
    return " ".join(((not naming and element.get("aria-label")) or text).split())


def sign_in(
    window: Window, service: Service, address: str = "willa@example.org", role: str = "reporter", **where: Any
) -> str:
    """Invite somebody, and sign them in by the link of their mail; return the person's id."""
    invited = invite(service, address, role, **where)
    window.open(f"/sign-in/{token_of(invited)}").submit(f"/sign-in/{token_of(invited)}")
    return invited.person_id


def newest_mail(service: Service) -> Any:
    """Return the mail that was sent last."""
    return mails(service)[-1]
