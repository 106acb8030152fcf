"""The statement on accessibility."""

from __future__ import annotations

from fastapi.testclient import TestClient

DATABASES = ["sqlite"]


def test_anybody_reads_what_the_pages_hold_to_and_whom_to_tell(browser: TestClient) -> None:
    page = browser.get("/accessibility")
    assert page.status_code == 200
    assert "<title>Accessibility – PARS</title>" in page.text
    assert "2.2, levels A and AA" in page.text
