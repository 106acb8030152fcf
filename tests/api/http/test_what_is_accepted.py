"""`Accept`: what a caller cannot take is refused before anything is done; a page or JSON, as it is preferred."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from app.core.http.accepting import accepts_any, prefers_html
from app.services.context import Service
from tests.builders.bodies import a_completion
from tests.builders.sent_files import row, tab_text
from tests.harness.api import Answer, Api
from tests.harness.databases import ON_SQLITE
from tests.harness.properties import examples
from tests.harness.refusals import assert_problem, footprint
from tests.harness.uploads import worked

COMPLETIONS = "/v1/learner-completions"
JSON = frozenset({"application/json"})
CHROME = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
SAFARI = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
TAKEN = (
    "application/json", "*/*", "application/*", "text/html, */*;q=0.1", "application/json;charset=utf-8", CHROME,
    "application/json, text/plain, */*", "application/problem+json, application/json", "APPLICATION/JSON", "",
    "application/problem+json", "*", "application/json;q=0.001", ",", "application/json;version=1;q=0.5",
)  # fmt: skip
REFUSED = (
    "application/xml", "text/html", "text/*", "application/json;q=0", "*/*;q=0", "application/json;q=0, a/b",
    "application/vnd.api+json", "application/*;q=0, application/xml", "image/png, text/csv",
)  # fmt: skip


@ON_SQLITE
def test_what_leaves_no_json_is_refused_before_anything_is_done(api: Api, service: Service) -> None:
    before = footprint(service)
    for accept in REFUSED:
        for method, path, body in (("GET", COMPLETIONS, None), ("POST", COMPLETIONS, a_completion())):
            refused = api.send(method, path, headers={"Accept": accept}, json=body)
            assert_problem(refused, 406, "not-acceptable", items=["not-acceptable"])
            assert refused.json["errors"][0]["header"] == "Accept"
            assert "application/json" in refused.json["errors"][0]["hint"]
    assert footprint(service) == before


@ON_SQLITE
def test_whatever_leaves_json_is_answered_in_it(api: Api) -> None:
    for accept in TAKEN:
        answer = api.send("GET", COMPLETIONS, headers={"Accept": accept})
        assert (answer.status, answer.response.headers["content-type"]) == (200, "application/json"), accept


@ON_SQLITE
def test_a_file_is_not_asked_for_as_what_it_never_is(api: Api, service: Service) -> None:
    batch = worked(api, service, tab_text([row(First_Name="Nobody")]))["batch_id"]
    path = f"/v1/batches/{batch}/files/rejected"
    for accept, status in (("text/tab-separated-values", 200), ("application/octet-stream", 200), ("*/*", 200)):
        assert api.send("GET", path, headers={"Accept": accept}).status == status, accept
    assert_problem(api.send("GET", path, headers={"Accept": "image/png"}), 406, "not-acceptable")


@ON_SQLITE
def test_health_and_withdrawals_are_answered_whatever_is_accepted(api: Api) -> None:
    completion = api.report(a_completion()).json["completion_id"]
    for path in ("/livez", "/readyz", "/metrics", "/docs"):
        assert api.send("GET", path, headers={"Accept": "image/png"}).status == 200
    gone = api.send("DELETE", f"{COMPLETIONS}/{completion}", headers={"Accept": "text/plain"})
    assert gone.status == 204


@ON_SQLITE
def test_who_may_not_call_is_told_that_first(http: TestClient) -> None:
    answer = Answer(http.get(COMPLETIONS, headers={"Accept": "image/png"}))
    assert_problem(answer, 401, "unauthenticated")


@pytest.mark.parametrize("accept", TAKEN)
def test_a_range_that_has_json_takes_it(accept: str) -> None:
    assert accepts_any(accept.encode(), JSON)


@pytest.mark.parametrize("accept", REFUSED)
def test_a_range_without_json_leaves_none(accept: str) -> None:
    assert not accepts_any(accept.encode(), JSON)


@pytest.mark.parametrize(
    ("accept", "page"),
    [
        (CHROME, True), (SAFARI, True), ("text/html", True), ("text/*", True),
        ("text/html, application/json;q=0.9", True),
        (None, False), ("", False), ("*/*", False), ("application/json", False), ("application/json, text/html", False),
        ("text/html;q=0.5, application/json", False), ("image/png", False), ("text/html;q=0", False),
    ],
)  # fmt: skip
def test_a_page_is_for_those_who_prefer_one(accept: str | None, page: bool) -> None:
    assert prefers_html(accept.encode() if accept is not None else None) is page


@given(st.binary(max_size=80) | st.text(st.sampled_from("ab/*;q=01.+ ,-json"), max_size=60).map(str.encode))
@examples(200)
def test_whatever_stands_in_the_header_is_read(accept: bytes) -> None:
    assert accepts_any(accept, JSON) in (True, False)
    assert prefers_html(accept) in (True, False)


@ON_SQLITE
def test_the_entrance_is_a_page_for_people_and_addresses_for_programs(http: TestClient) -> None:
    shown = http.get("/", headers={"Accept": CHROME})
    assert shown.headers["content-type"].startswith("text/html")
    assert "Accept" in shown.headers["vary"]
    told = http.get("/").json()
    assert told["name"] == "PARS"
    for link in told["links"].values():
        assert http.get(link).status_code == 200, link
