"""Answers of the public search: what is refused, what may be kept, calendars, and addresses that are no links."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.core.rates import Rate
from app.domain.passport.links import web_link
from app.domain.passport.search import PassportFacet
from app.services.access import rates
from app.services.context import Service
from tests.api.passport.conftest import PATH
from tests.browser.payloads import PAYLOADS
from tests.harness.api import Answer, Api
from tests.harness.cases import for_all
from tests.harness.clock import ManualSeconds
from tests.harness.passport.listed import an_open_activity
from tests.harness.refusals import assert_problem

pytestmark = pytest.mark.usefixtures("at_once")
BAD = {
    "delivery_method": "telepathy", "fee": "maybe", "registration": "closed", "moc": "perhaps", "rems": "2",
    "mips": "", "interprofessional": "x", "joint_accreditation": "x", "credits_from": "-1", "credits_to": "nan",
    "moc_points_from": "many", "moc_points_to": "1e9", "activity_from": "12/01/2021", "activity_to": "2021-02-30",
    "past": "later", "sort": "distance", "limit": "0", "include": "people", "cursor": "!", "q": "x" * 201,
    "specialty": "x" * 201, "profession": "x" * 201, "board": "x" * 201, "city": "x" * 201,
}  # fmt: skip


@for_all("name", BAD)
def test_a_bad_parameter_is_named_with_what_it_takes(http: TestClient, name: str) -> None:
    answer = Answer(http.get(PATH, params={name: BAD[name]}))
    assert_problem(answer, 422, "parameter-invalid")
    (item,) = answer.json["errors"]
    assert item["parameter"] == name
    assert item["detail"]
    assert item["hint"]


def test_all_bad_parameters_are_told_at_once(http: TestClient) -> None:
    answer = Answer(http.get(PATH, params={"fee": "maybe", "credits_from": "x", "sort": "distance"}))
    assert {item["parameter"] for item in answer.json["errors"]} == {"fee", "credits_from", "sort"}
    assert_problem(Answer(http.get(PATH, params={"distance": "5"})), 422, "parameter-unknown")


def test_more_words_than_a_search_takes_are_refused(http: TestClient) -> None:
    assert http.get(PATH, params={"q": " ".join(f"w{number}" for number in range(16))}).status_code == 200
    answer = Answer(http.get(PATH, params={"q": " ".join(f"w{number}" for number in range(17))}))
    assert_problem(answer, 422, "parameter-invalid")
    assert "17 words" in answer.json["errors"][0]["detail"]


def test_a_cursor_of_another_search_is_refused(http: TestClient, api: Api) -> None:
    for number in range(3):
        api.register(**an_open_activity(number))
    cursor = http.get(PATH, params={"limit": 1, "past": "true"}).json()["next_cursor"]
    assert http.get(PATH, params={"cursor": cursor}).status_code == 200
    assert_problem(Answer(http.get(PATH, params={"cursor": cursor, "fee": "yes"})), 422, "parameter-invalid")
    listed = api.get("/v1/activities", limit=1).json["next_cursor"]
    assert_problem(Answer(http.get(PATH, params={"cursor": listed})), 422, "parameter-invalid")


def test_answers_may_be_kept_and_are_not_sent_again(http: TestClient, api: Api) -> None:
    id = api.register(**an_open_activity(1)).json["activity_id"]
    for path, asked in (
        (PATH, {"limit": 1, "past": "true", "include": ["facets", "total"]}),
        (f"{PATH}/{id}", {}),
        (f"{PATH}/{id}/calendar.ics", {}),
    ):  # fmt: skip
        first = http.get(path, params=asked)
        assert re.fullmatch(r"public, max-age=\d+", first.headers["cache-control"])
        assert "set-cookie" not in first.headers
        again = http.get(path, params=asked, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
        api.send(
            "PATCH", f"/v1/activities/{id}", {"If-Match": "*"}, json={"title": f"Anew {path} {first.headers['etag']}"}
        )
        api.register(**an_open_activity(2))
        other = http.get(path, params=asked, headers={"If-None-Match": first.headers["etag"]})
        assert other.status_code == 200
        assert other.headers["etag"] != first.headers["etag"]


def test_who_searches_without_end_is_told_to_wait_and_others_are_not(
    app: FastAPI, http: TestClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = ManualSeconds()
    monkeypatch.setattr(rates, "_SEARCHES", Rate(2, 5))
    app.state.rates = rates.RateLimits(service.settings, seconds)
    one, other = (TestClient(app, client=(host, 5_000)) for host in ("192.0.2.7", "192.0.2.8"))
    one.portal = other.portal = http.portal
    for path in (PATH, "/passport", PATH, PATH, PATH):
        assert one.get(path).status_code == 200
    refused = Answer(one.get(PATH))
    assert_problem(refused, 429, "rate-limited")
    assert "from this address: over 5 requests at once, and 2 a second" in refused.json["detail"]
    assert refused.response.headers["retry-after"] == "1"
    assert one.get("/passport").status_code == 429
    assert (other.get(PATH).status_code, one.get("/passport/boards").status_code) == (200, 200)
    seconds.now += 0.5
    assert one.get(PATH).status_code == 200


def test_no_key_is_needed_and_none_is_looked_at(http: TestClient) -> None:
    answers = [http.get(PATH, headers=headers) for headers in ({}, {"Authorization": "Bearer pars_live_nobody"})]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json()["data"] == answers[1].json()["data"]


def test_nothing_about_learners_or_what_a_provider_keeps_to_itself_is_shown(http: TestClient, api: Api) -> None:
    id = api.register(
        **an_open_activity(
            1, internal_id="our-secret", learner_counts={"physicians": 6_543_217, "others": 1},
            commercial_support=[{"source": "Acme", "amount": 5}], commendation_tags=["x-tag"],
        )
    ).json["activity_id"]  # fmt: skip
    texts = http.get(f"{PATH}/{id}").text, http.get(PATH, params={"past": "true"}).text
    for text in texts:
        for hidden in (
            "our-secret",
            "internal_id",
            "learner_counts",
            "6543217",
            "Acme",
            "commercial",
            "x-tag",
            "persons",
        ):
            assert hidden not in text


@for_all("text", [*PAYLOADS, "' OR 1=1 --", "%", "_", "a\\b", '"', ";", "😀", "ﷺ" * 10, "a\u202eb", "*:*", "NEAR/2"])
def test_hostile_text_is_only_text(http: TestClient, api: Api, text: str) -> None:
    text = text.replace("\x00", "")[:190]
    registered = api.register(
        **an_open_activity(
            1, title=text, description=text, location={"city": text, "state": text, "country": text},
            listing={"public": True, "url": text, "specialties": [text]},
        )
    )  # fmt: skip
    assert registered.status == 201, registered.json
    id = registered.json["activity_id"]
    assert http.get(f"{PATH}/{id}").json()["url"] is None
    for name in ("q", *(facet.value for facet in PassportFacet)):
        answer = http.get(PATH, params={name: text, "past": "true", "include": "facets"})
        assert answer.status_code in (200, 422), name
        if name in ("specialty", "city", "state", "country") and registered.json["location"]["city"]:
            assert id in [row["activity_id"] for row in answer.json()["data"]], name
    calendar = http.get(f"{PATH}/{id}/calendar.ics").text
    assert calendar.count("BEGIN:VEVENT") == calendar.count("\r\nEND:VEVENT\r\n") == 1
    assert "\r\nURL" not in calendar


@for_all("text", [
    "javascript:alert(1)", "JavaScript://x.example/%0aalert(1)", "data:text/html,x", "vbscript:x", "//x.example/a",
    "ftp://x.example/", "https:x.example", "https://", "https:///a", "https://known.example@other.example/",
    "https://known.example\\@other.example/", "https://a b.example/", "https://x.example/\n", "https://x.example:port/",
    "https://[::1", " javascript:x", "https://x.example/\"onclick", "http:/\\x.example", "mailto:a@b.example",
])  # fmt: skip
def test_what_is_no_plain_address_of_the_web_is_no_link(text: str) -> None:
    found = web_link(text)
    assert found is None or text.strip() == "https://x.example/"


@pytest.mark.parametrize(("text", "host"), [
    ("https://education.example.org/a?b=c&d=%20#e", "education.example.org"), ("HTTP://X.Example:8080/", "x.example"),
    (" https://x.example/(a),b;c ", "x.example"), ("https://[2001:db8::1]/", "2001:db8::1"),
])  # fmt: skip
def test_a_plain_address_is_a_link_with_its_host(text: str, host: str) -> None:
    found = web_link(text)
    assert found is not None
    assert (found.address, found.host) == (text.strip(), host)


def test_a_calendar_has_the_days_and_lines_that_every_reader_takes(http: TestClient, api: Api) -> None:
    body = an_open_activity(
        0, title="Äpfel, Birnen; und \\ mehr " + "ü" * 120, start_date="2022-03-01", end_date="2022-03-02",
        description="First line\nBEGIN:VEVENT\r\nSecond, line", location={"city": "Portland", "state": "ME"},
    )  # fmt: skip
    id = api.register(**body).json["activity_id"]
    answer = http.get(f"{PATH}/{id}/calendar.ics")
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="activity.ics"'
    lines = answer.content.split(b"\r\n")
    assert max(map(len, lines)) <= 75
    unfolded: list[Any] = answer.text.replace("\r\n ", "").split("\r\n")
    assert unfolded.count("BEGIN:VEVENT") == 1
    assert "DTSTART;VALUE=DATE:20220301" in unfolded
    assert "DTEND;VALUE=DATE:20220303" in unfolded
    assert "SUMMARY:Äpfel\\, Birnen\\; und \\\\ mehr " + "ü" * 120 in unfolded
    assert "LOCATION:Portland\\, ME" in unfolded
    assert "URL:https://education.example.org/0" in unfolded
    assert any("First line\\nBEGIN:VEVENT\\nSecond\\, line" in line for line in unfolded)


def test_credit_is_marked_as_reported_where_it_is(http: TestClient, api: Api, joint: Api) -> None:
    def marked(client: Api, **fields: Any) -> bool:
        id = client.register(**an_open_activity(0, **fields)).json["activity_id"]
        return bool(http.get(f"{PATH}/{id}").json()["credit_reported"])

    assert not marked(joint, moc=[])
    assert marked(joint)
    # This provider of the demo world has reported credit.
    assert marked(api, moc=[])
