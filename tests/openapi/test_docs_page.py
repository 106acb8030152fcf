"""`/docs` works where nothing can be loaded from elsewhere."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient

from tests.harness.running.client import QuickClient


@pytest.fixture
def anybody(running_app: TestClient) -> TestClient:
    return QuickClient(running_app)


def test_the_page_loads_only_what_stands_here(anybody: TestClient) -> None:
    page = anybody.get("/docs")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(addresses) == 5
    for address in addresses:
        assert not re.match(r"[a-z]+:|/", address), address
        given = anybody.get(f"/{address}")
        assert given.status_code == 200
        assert len(given.content) > 200
    assert "<script>" not in page.text
    assert " style=" not in page.text


def test_its_files_have_types_that_a_strict_browser_takes(anybody: TestClient) -> None:
    for file, media_type in (("swagger-ui.css", "text/css"), ("swagger-ui-bundle.js", "text/javascript")):
        given = anybody.get(f"/docs/{file}")
        assert given.headers["content-type"].startswith(media_type)
        assert given.headers["x-content-type-options"] == "nosniff"
    assert 'url: "openapi.json"' in anybody.get("/docs/start.js").text


def test_nothing_else_of_the_package_is_given(anybody: TestClient) -> None:
    for file in ("redoc.standalone.js", "core.py", "..%2Fcore.py", "%2e%2e/core.py", "x"):
        assert anybody.get(f"/docs/{file}").status_code in (404, 422), file


def test_the_page_keeps_no_key_and_is_led_to_no_other_description(anybody: TestClient) -> None:
    for start in ("start.js", "start-webhooks.js"):
        script = anybody.get(f"/docs/{start}").text
        for option in ("persistAuthorization: false", "queryConfigEnabled: false", "withCredentials: false"):
            assert option in script
        assert "http" not in script
    # What a link would have the page load instead is refused before there is a page.
    for led in ("url", "configUrl", "urls.primaryName", "oauth2RedirectUrl"):
        for page in ("/docs", "/docs/webhooks"):
            assert anybody.get(page, params={led: "https://evil.example/api.json"}).status_code == 422
    assert "connect-src 'self'" in anybody.get("/docs").headers["content-security-policy"]
