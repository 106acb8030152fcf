"""Physicians at their pages, and the credit that is theirs."""

from __future__ import annotations

from io import BytesIO

from pypdf import PdfReader

from app.services.context import Service, operator, transact
from app.services.passport import demo_physician
from tests.harness.api import Api
from tests.harness.console.windows import Window


def enter(window: Window, service: Service) -> Window:
    """Sign the slides' physician in, in a window."""
    signed = transact(operator(service), demo_physician.enter, "A browser")
    window.browser.cookies.set("__Host-pars", signed.token, domain="testserver.local", path="/")
    return window


def a_record(provider: Api) -> tuple[str, str]:
    """Return a record of the physician, and its ETag."""
    records = provider.get("/v1/learner-completions?last_name=Van%20Gogh&board=ABO").json["data"]
    found = provider.get(f"/v1/learner-completions/{records[0]['completion_id']}")
    return found.json["completion_id"], found.response.headers["ETag"]


def pdf_text(content: bytes) -> str:
    """Return what can be read in a PDF."""
    return " ".join(" ".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages).split())
