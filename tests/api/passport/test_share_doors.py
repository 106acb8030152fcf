"""Links by the API: made, listed and ended by their physician, read by whoever has one, and by nobody else."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.domain.passport.notices import SETTLED_AFTER
from app.services.context import Service
from app.services.passport import telling
from tests.builders.people import physicians_on_file
from tests.harness.access.people import mails
from tests.harness.api import Answer, api_of, settle
from tests.harness.clock import ManualClock
from tests.harness.console.physicians import a_record, pdf_text
from tests.harness.inbox import stored
from tests.harness.passport.programs import Program, program_of_slides, session_for
from tests.harness.refusals import assert_problem

SHARES = "/v1/passport/shares"
RECEIVER = "Credentials, Harbor Point"


@pytest.fixture
def physician(http: TestClient, service: Service) -> Program:
    """A program of the slides' physician."""
    return program_of_slides(http, service)


def made(physician: Program, **given: Any) -> Any:
    answer = physician.post(SHARES, {"receiver": RECEIVER, "shows": "following", "days": 30} | given)
    assert answer.status == 201, answer.json
    return answer.json


def read(http: TestClient, share: Any, ending: str = "", method: str = "GET") -> Answer:
    """Open a link, as somebody without an account does."""
    return Answer(http.request(method, f"{SHARES}/{share['token']}{ending}"))


def views(physician: Program) -> list[Any]:
    (share,) = physician.get(SHARES).json["data"]
    return list(share["views"])


def test_a_fixed_link_shows_what_was_published_and_gives_the_signed_bytes(
    physician: Program, http: TestClient, service: Service
) -> None:
    share = made(physician, shows="fixed")
    assert (share["last_day"], share["works"], share["views"]) == ("2022-01-19", True, [])
    assert share["link"].endswith(f"/s/{share['token']}")
    shown = read(http, share).json
    assert (shown["receiver"], shown["learner"]["name"], shown["last_day"]) == (
        RECEIVER, "Vincent Van Gogh", "2022-01-19",
    )  # fmt: skip
    assert shown["totals"]["ama_pra_credits"] == 7
    own = physician.get("/v1/passport/transcript").json["rows"]
    assert [row["activity"] for row in shown["rows"]] == [row["activity"] for row in own]
    assert (shown["published"]["code"], shown["published"]["changes"]) == (share["code"], [])
    pdf = read(http, share, ".pdf").response
    assert hashlib.sha256(pdf.content).hexdigest() == shown["published"]["pdf_digest"]
    assert pdf.headers["content-disposition"] == 'attachment; filename="official_transcript.pdf"'
    settle(service)


def test_a_link_that_follows_shows_changes_and_a_fixed_one_tells_of_them(
    physician: Program, http: TestClient, service: Service
) -> None:
    fixed, following = made(physician, shows="fixed"), made(physician)
    provider = api_of(http, service, "Reporter", providers=["0008002"])
    completion_id, etag = a_record(provider)
    assert provider.send("DELETE", f"/v1/learner-completions/{completion_id}", headers={"If-Match": etag}).status == 204
    now, then = read(http, following).json, read(http, fixed).json
    assert now["published"] is None
    assert len(now["rows"]) == len(then["rows"]) - 1
    (change,) = then["published"]["changes"]
    assert change["says"] and all("withdrawn" in text for text in change["says"])
    assert change["row"] in then["rows"]
    assert "NOT PUBLISHED" in pdf_text(read(http, following, ".pdf").response.content)


def test_each_reading_counts_by_its_day_and_a_head_counts_none(
    physician: Program, http: TestClient, service: Service, clock: ManualClock
) -> None:
    share = made(physician, mails_views=True)
    before = len(mails(service))
    for ending, kind in (("", "application/json"), (".pdf", "application/pdf")):
        head = read(http, share, ending, "HEAD").response
        assert (head.status_code, head.content, head.headers["content-type"]) == (200, b"", kind)
    assert views(physician) == []
    assert len(mails(service)) == before
    read(http, share)
    read(http, share)
    read(http, share, ".pdf")
    assert views(physician) == [{"viewed_on": "2021-12-20", "views": 2, "pdfs": 1}]
    clock.now += SETTLED_AFTER
    telling.tell(service)
    assert len(mails(service)) == before + 1, "of the first view of a day"
    (audited,) = stored(service, "SELECT count(*) FROM audit WHERE verb = 'view'")
    assert audited[0] == 3, "each is logged"
    settle(service)


def test_links_that_ended_are_over_never_were_or_are_another_thing_are_answered_alike(
    physician: Program, http: TestClient, service: Service, clock: ManualClock
) -> None:
    ended, over = made(physician), made(physician, days=7)
    answer = physician.post(f"{SHARES}/{ended['share_id']}/end")
    assert (answer.status, answer.json["works"]) == (200, False)
    clock.now += timedelta(days=9)
    never = {"token": "x" * 43}
    said = set()
    for share in (ended, over, never, {"token": ended["share_id"]}, {"token": "%20"}):
        for ending in ("", ".pdf"):
            gone = http.get(f"{SHARES}/{share['token']}{ending}", headers={"X-Request-Id": "same"})
            said.add((gone.status_code, gone.content, tuple(sorted(gone.headers.items()))))
            assert http.head(f"{SHARES}/{share['token']}{ending}").status_code == 404
    assert len(said) == 1
    ((status, body, _),) = said
    assert status == 404
    assert b"Gogh" not in body and RECEIVER.encode() not in body
    settle(service)


def test_what_is_shown_is_kept_by_nobody_and_leads_nowhere_else(physician: Program, http: TestClient) -> None:
    share = made(physician, shows="fixed")
    answers = [read(http, share), read(http, share, ".pdf"), read(http, share, "", "HEAD")]
    answers += [read(http, {"token": "none"}), read(http, {"token": "none"}, ".pdf")]
    for answer in answers:
        headers = answer.response.headers
        assert headers["x-robots-tag"] == "noindex"
        assert headers["cache-control"].startswith("no-store")
        assert headers["referrer-policy"] == "no-referrer"


def test_whoever_opens_links_without_end_waits_at_pages_and_here_together(http: TestClient) -> None:
    answers = [http.get(f"{SHARES}/none") for _ in range(60)]
    answers += [http.post("/s/none", headers={"Sec-Fetch-Site": "same-origin"}) for _ in range(50)]
    assert {answer.status_code for answer in answers} == {404, 429}
    assert {answer.status_code for answer in answers[:60]} == {404}
    assert http.get(f"{SHARES}/none").status_code == 429


def test_what_opens_a_link_is_told_once_and_stored_as_a_digest(physician: Program, service: Service) -> None:
    share = made(physician, shows="fixed")
    assert len(share["token"]) == 43
    assert share["token"] not in physician.get(SHARES).response.text
    for table in ("passport_shares", "audit", "idempotency_keys", "commits"):
        assert share["token"] not in str(stored(service, f"SELECT * FROM {table}")), table
    refused = physician.post(SHARES, {"receiver": RECEIVER, "shows": "fixed", "days": 7}, Idempotency_Key="one")
    assert refused.status == 201, "a header that means nothing here is passed over"


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"receiver": " "}, "/receiver"),
        ({"receiver": "x" * 201}, "/receiver"),
        ({"receiver": None}, "/receiver"),
        ({"shows": "all"}, "/shows"),
        ({"days": None}, "/last_day"),
        ({"days": 0}, "/days"),
        ({"days": 367}, "/days"),
        ({"last_day": "2021-12-22"}, "/last_day"),
        ({"days": None, "last_day": "2021-12-19"}, "/last_day"),
        ({"days": None, "last_day": "2022-12-22"}, "/last_day"),
        ({"days": None, "last_day": "12/22/2021"}, "/last_day"),
        ({"completed_from": "2022-02-28", "completed_to": "2022-02-01"}, "/completed_to"),
        ({"until": "2021-12-22"}, "/until"),
    ],
)
def test_what_a_link_lacks_is_told_at_its_field_and_none_is_made(
    physician: Program, given: dict[str, Any], pointer: str
) -> None:
    answer = physician.post(SHARES, {"receiver": RECEIVER, "shows": "following", "days": 30} | given)
    assert_problem(answer, 422, "invalid-request")
    assert [error["pointer"] for error in answer.json["errors"]] == [pointer]
    assert physician.get(SHARES).json == {"data": []}


def test_nobody_lists_or_ends_what_another_gave(physician: Program, http: TestClient, service: Service) -> None:
    share = made(physician)
    other_id = next(id for id, one in physicians_on_file(service).items() if ("karacme", "tina") in one.names)
    other = Program(http, session_for(service, other_id))
    assert other.get(SHARES).json == {"data": []}
    told = other.post(f"{SHARES}/{share['share_id']}/end")
    assert_problem(told, 404, "not-found")
    assert told.json["detail"] == other.post(f"{SHARES}/shr_none/end").json["detail"]
    assert read(http, share).status == 200
    assert physician.post(f"{SHARES}/{share['share_id']}/end").status == 200
    assert physician.post(f"{SHARES}/{share['share_id']}/end").status == 200, "ended already, and stays so"


def test_a_hundred_links_work_at_once(physician: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.services.passport.shares.MOST_OPEN", 1)
    made(physician)
    answer = physician.post(SHARES, {"receiver": RECEIVER, "shows": "following", "days": 30})
    assert_problem(answer, 409, "conflict")


def test_a_period_is_all_that_a_link_shows(physician: Program, http: TestClient) -> None:
    for shows in ("fixed", "following"):
        share = made(physician, shows=shows, completed_from="2022-02-01", completed_to="2022-02-28")
        rows = read(http, share).json["rows"]
        assert rows and all(row["completed_on"].startswith("2022-02") for row in rows)
