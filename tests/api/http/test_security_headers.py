"""What every answer tells a browser: not to guess, not to keep, not to frame, not to be read by another origin."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from app.services.context import Service
from tests.builders.bodies import a_completion, an_activity
from tests.builders.sent_files import lines
from tests.harness.api import Api, api_of
from tests.harness.databases import ON_SQLITE
from tests.harness.held import hold, nora
from tests.harness.uploads import worked
from tests.harness.wire import Wire

pytestmark = ON_SQLITE
NOTHING = "default-src 'none'; frame-ancestors 'none'"
"""The policy of an answer that is no page."""
PAGES = (
    "/docs",
    "/docs/webhooks",
    "/problems/not-found",
    "/problems/activity-known",
    "/v1/rules",
    "/v1/rules/activity-known",
)
FILES = (
    "/docs/start.js",
    "/docs/start-webhooks.js",
    "/docs/swagger-ui.css",
    "/docs/swagger-ui-bundle.js",
    "/docs/favicon.png",
)
OPEN = (
    "/", "/livez", "/readyz", "/metrics", "/openapi.json", "/webhooks.json", "/v1/boards", "/v1/rules", "/v1/sandbox",
    "/v1/templates/learner-completions.xlsx", "/problems/not-found", "/nowhere", "/docs/none",
)  # fmt: skip


def faults_of(answer: Response, *, policy: str | None = NOTHING) -> Iterator[str]:
    """Yield what an answer does not tell; `policy` is None where a page has one of its own."""
    where = f"{answer.request.method} {answer.request.url.path} {answer.status_code}"
    for name, wanted in (
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-resource-policy", "same-origin"),
        ("content-security-policy", policy),
    ):
        found = answer.headers.get_list(name)
        if len(found) != 1 or wanted not in (None, found[0]):
            yield f"{where}: {name} is {found}"
    for name in answer.headers:
        if name.startswith("access-control-") or name in ("server", "x-powered-by", "strict-transport-security"):
            yield f"{where}: {name} is told"


@pytest.fixture
def operator(http: TestClient, service: Service) -> Api:
    return api_of(http, service, "operator", role="operator")


def test_every_answer_that_is_no_page_allows_nothing(http: TestClient, api: Api) -> None:
    answers = [http.get(path) for path in (*OPEN, *FILES)]
    answers += [http.head("/v1/boards"), http.options("/v1/boards"), http.post("/v1/boards"), http.get("/v1/me")]
    answers += [http.get("/openapi.json", headers={"Accept-Encoding": "identity"})]
    answers += [api.get("/v1/me").response, api.get("/v1/nothing").response, api.report({}).response]
    found = [fault for answer in answers for fault in faults_of(answer)]
    assert not found, found
    assert {answer.status_code for answer in answers} >= {200, 401, 404, 405, 422}


def test_a_page_allows_exactly_what_it_needs(http: TestClient) -> None:
    for path in PAGES:
        page = http.get(path, headers={"Accept": "text/html"})
        assert page.headers["content-type"].startswith("text/html"), path
        assert not list(faults_of(page, policy=None))
        policy = dict(part.strip().partition(" ")[::2] for part in page.headers["content-security-policy"].split(";"))
        assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == "'none'"
        assert policy["frame-ancestors"] == "'none'"
        assert "unsafe" not in str(policy) and "http" not in str(policy) and "*" not in str(policy)
        # What stands in the page is allowed by its digest alone; scripts are files of this service.
        assert ("script-src" in policy) == ("<script" in page.text)
        assert not re.search(r"<script(?![^>]* src=)|\son\w+=|\sstyle=|javascript:", page.text)
        assert page.headers["cross-origin-opener-policy"] == "same-origin"


def test_what_is_told_to_a_client_is_kept_by_nobody(
    http: TestClient, service: Service, api: Api, operator: Api
) -> None:
    completion = api.report(a_completion())
    held = hold(api, nora())
    batch = worked(api, service, lines([nora(state="XX")]))
    path = f"/v1/learner-completions/{completion.json['completion_id']}"
    answers = [
        completion, held, api.get(path), api.get(f"{path}/history"), api.get("/v1/learner-completions"),
        api.get(f"/v1/held-records/{held.json['held_id']}"), api.get("/v1/held-records"), api.get("/v1/me"),
        api.get("/v1/events"), api.get(f"/v1/batches/{batch['batch_id']}/rows"),
        api.get(f"/v1/batches/{batch['batch_id']}/files/original"),
        api.post("/v1/learner-validations", {"first_name": "Rebecca", "last_name": "Test"}),
        api.post("/v1/learner-completions:preview", a_completion()),
        operator.get("/v1/physicians"), operator.get("/v1/physician-pairs"), operator.get("/v1/help-requests"),
        api.report(a_completion(credits=-1)), api.get("/v1/learner-completions/none"),
    ]  # fmt: skip
    for answer in answers:
        assert "no-store" in answer.response.headers["cache-control"], answer.response.request.url
        assert not list(faults_of(answer.response))
    again = api.send("GET", path, headers={"If-None-Match": answers[2].response.headers["etag"]})
    assert (again.status, again.response.headers["cache-control"]) == (304, "no-store")


def test_what_tells_of_nobody_may_be_kept_by_its_client_and_asked_about_again(api: Api) -> None:
    activity = api.post("/v1/activities", an_activity()).json["activity_id"]
    assert api.get(f"/v1/activities/{activity}").response.headers["cache-control"] == "private, no-cache"


@pytest.mark.parametrize(
    "sent",
    [b"GET / HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n", b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"],
    ids=["unreadable", "too long"],
)
def test_what_the_server_refuses_before_anybody_sees_it_tells_the_same(wire: Wire, sent: bytes) -> None:
    head = wire.exchange(sent).partition(b"\r\n\r\n")[0].lower()
    for name in (b"x-content-type-options: nosniff", b"content-security-policy: default-src 'none'", b"no-store"):
        assert name in head, head


PREFLIGHT = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}


@pytest.mark.parametrize("path", ["/v1/learner-completions", "/v1/me", "/v1/boards", "/docs", "/openapi.json"])
@pytest.mark.parametrize("asked", [{}, {"Access-Control-Request-Headers": "authorization, content-type"}])
def test_a_preflight_is_told_that_no_page_of_another_origin_may_call(
    http: TestClient, path: str, asked: dict[str, str]
) -> None:
    answer = http.options(path, headers=PREFLIGHT | asked)
    assert (answer.status_code, answer.json()["code"]) == (405, "method-not-allowed")
    assert "from your server" in answer.json()["detail"]
    assert answer.headers["allow"]
    assert not list(faults_of(answer))


def test_a_request_from_another_origin_is_answered_and_lets_its_page_read_nothing(api: Api) -> None:
    # A server that sends Origin is a server; it is the browser that keeps the answer from the page.
    for origin in ("https://evil.example", "null", "http://127.0.0.1:8000"):
        answer = api.send("GET", "/v1/me", headers={"Origin": origin})
        assert answer.status == 200
        assert not [name for name in answer.response.headers if name.startswith("access-control-")]
    assert "no-store" in answer.response.headers["cache-control"]


def test_no_answer_sets_a_cookie_so_that_no_other_page_can_ride_on_one(http: TestClient, api: Api) -> None:
    for answer in (http.get("/docs"), http.get("/v1/me"), api.get("/v1/me").response, api.report({}).response):
        assert "set-cookie" not in answer.headers
