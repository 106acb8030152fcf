"""Pages of problems and rules: whole in themselves, strict with browsers, and JSON for whoever prefers it."""

from __future__ import annotations

import base64
import hashlib
import re
from urllib.parse import urljoin

import pytest
from fastapi.testclient import TestClient

from app.core.errors import every_problem
from app.services import reference
from tests.harness.databases import ON_SQLITE

pytestmark = ON_SQLITE
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
PAGES = (
    "/problems/invalid-request", "/problems/unauthenticated", "/problems/field-unknown", "/problems/credit-quarter",
    "/v1/rules/credit-quarter", "/v1/rules/one-record-per-day", "/v1/rules",
)  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_a_page_stands_alone_under_a_policy_that_allows_its_style_only(http: TestClient, path: str) -> None:
    page = http.get(path, headers=BROWSER)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "Accept" in page.headers["vary"].split(", ")
    (style,) = re.findall(r"<style>(.*?)</style>", page.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = page.headers["content-security-policy"]
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}';") and "unsafe" not in policy
    assert not re.search(r"<script|<link|<img| style=|src=", page.text)
    assert "prefers-color-scheme: dark" in style and 'name="viewport"' in page.text
    assert page.text.count("<h1>") == 1 and "`" not in page.text


@pytest.mark.parametrize("path", PAGES)
def test_every_link_of_a_page_leads_somewhere(http: TestClient, path: str) -> None:
    links = re.findall(r'href="([^"]+)"', http.get(path, headers=BROWSER).text)
    assert links
    for link in links:
        assert not link.startswith(("/", "http")), "a proxy may add a prefix"
        assert http.get(urljoin(path, link), headers=BROWSER).status_code == 200, link


def test_a_page_of_every_rule_says_what_its_json_says(http: TestClient) -> None:
    for rule_id, rules in reference.rules().items():
        page = http.get(f"/v1/rules/{rule_id}", headers=BROWSER)
        told = http.get(f"/v1/rules/{rule_id}").json()
        assert f"<code>{rule_id}</code>" in page.text and f'severity":"{told["severity"]}' not in page.text
        assert http.get(f"/problems/{rule_id}").json()["rule_url"] == f"/v1/rules/{rule_id}"
        for rule in rules:
            words = re.sub(r"<[^>]+>", "", page.text).replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">")
            for sentence in rule.statement.replace("`", "").rstrip(".").split(". "):
                assert sentence in words, (rule_id, sentence)


def test_a_problem_and_its_page_have_the_same_words(http: TestClient) -> None:
    for kind in every_problem():
        told = http.get(f"/problems/{kind.code}").json()
        assert (told["title"], told["status"]) == (kind.title(), kind.status)
        assert " ".join(told["explanation"]) == kind.explanation()


def test_what_was_sent_is_not_put_into_a_page(http: TestClient) -> None:
    for path in ("/problems/%3Cscript%3Ealert(1)%3C/script%3E", "/v1/rules/%3Cb%3E"):
        answer = http.get(path, headers=BROWSER)
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
        assert "<" not in answer.text
