"""A physician's own doors: credits, the transcript as JSON and PDF, and publishing it."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.domain.passport.transcripts import digest_of_content
from app.services.access.rates import RateLimits
from app.services.context import Service
from app.services.passport import publishing
from app.services.passport.publishing import MOST_A_DAY, PDF_AS_REQUESTS
from tests.builders.people import physicians_on_file
from tests.harness.api import Api, api_of, settle
from tests.harness.clock import ManualClock, ManualSeconds
from tests.harness.console.physicians import a_record, pdf_text
from tests.harness.inbox import stored
from tests.harness.passport.programs import Program, cookie_of, program_of_slides, session_for
from tests.harness.refusals import assert_problem

CREDITS, TRANSCRIPT, TRANSCRIPTS = "/v1/passport/credits", "/v1/passport/transcript", "/v1/passport/transcripts"
PERIOD = {"completed_from": "2022-02-01", "completed_to": "2022-02-28"}


@pytest.fixture
def physician(http: TestClient, service: Service) -> Program:
    """A program of the slides' physician."""
    return program_of_slides(http, service)


@pytest.fixture
def provider(http: TestClient, service: Service) -> Api:
    """A client of the provider that reported their points."""
    return api_of(http, service, "Reporter", providers=["0008002"])


def test_the_transcript_is_what_the_page_downloads_byte_for_byte(
    physician: Program, http: TestClient, service: Service
) -> None:
    answer = physician.get(TRANSCRIPT)
    assert answer.status == 200
    assert (answer.json["name"], answer.json["ama_pra_quarters"]) == ("Vincent Van Gogh", 28)
    page = http.get("/passport/transcript.json", headers={"Cookie": f"__Host-pars={physician.token}"})
    assert page.content == answer.response.content
    assert answer.response.headers["cache-control"] == "no-store"


def test_a_period_narrows_the_transcript_its_copy_and_the_credits(physician: Program) -> None:
    period = {"from": "2022-02-01", "to": "2022-02-28"}
    rows = physician.get(TRANSCRIPT, **period).json["rows"]
    assert rows and all(row["completed_on"].startswith("2022-02") for row in rows)
    listed = physician.get(CREDITS, **period).json["data"]
    assert [record["completion_id"] for record in listed] == [row["completion_id"] for row in rows]
    copy = physician.get(f"{TRANSCRIPT}.pdf", **period)
    text = pdf_text(copy.response.content)
    assert "NOT PUBLISHED" in text and "02/01/2022" in text
    assert copy.response.headers["content-disposition"] == 'attachment; filename="transcript_copy.pdf"'


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({"from": "02/01/2022"}, "from"),
        ({"to": "soon"}, "to"),
        ({"from": "2022-02-28", "to": "2022-02-01"}, "to"),
        ({"since": "2022-02-01"}, "since"),
    ],
)
def test_a_period_that_is_none_is_told_at_its_parameter(
    physician: Program, query: dict[str, str], parameter: str
) -> None:
    for path in (CREDITS, TRANSCRIPT, f"{TRANSCRIPT}.pdf"):
        answer = physician.get(path, **query)
        assert answer.status == 422
        assert [error["parameter"] for error in answer.json["errors"]] == [parameter]


def test_credits_say_what_was_withdrawn_which_a_transcript_leaves_out(
    physician: Program, provider: Api, service: Service
) -> None:
    completion_id, etag = a_record(provider)
    before = physician.get(CREDITS).json
    assert {total["board"]: total["credits"] for total in before["totals"]["boards"]}["ABO"] == 22.75
    assert before["totals"]["ama_pra_credits"] == 7
    assert provider.send("DELETE", f"/v1/learner-completions/{completion_id}", headers={"If-Match": etag}).status == 204
    after = physician.get(CREDITS).json
    (record,) = [one for one in after["data"] if one["completion_id"] == completion_id]
    assert record["withdrawn_at"] is not None
    assert {credit["status"] for credit in record["credits"]} == {"withdrawn"}
    assert completion_id not in physician.get(TRANSCRIPT).response.text
    assert "ABO" not in {total["board"] for total in after["totals"]["boards"] if total["credits"] == 22.75}
    settle(service)


def test_a_board_s_reason_to_reject_stands_with_the_credit(
    physician: Program, http: TestClient, service: Service
) -> None:
    settle(service)
    board = api_of(http, service, "ABO", role="board", board="ABO")
    (event, *_) = board.get("/v1/board-feed").json["data"]
    decision = {
        "credit_id": event["credit_id"], "position": event["position"], "decision": "rejected",
        "reason_code": "name-differs", "reason": "Vincent, not Vince",
    }  # fmt: skip
    decided = board.post("/v1/board-feed/decisions", {"decisions": [decision]})
    assert decided.status == 200, decided.json
    credits = [credit for record in physician.get(CREDITS).json["data"] for credit in record["credits"]]
    (rejected,) = [credit for credit in credits if credit["credit_id"] == event["credit_id"]]
    assert (rejected["status"], rejected["status_reason"]) == ("rejected", "name-differs")
    assert rejected["status_text"] == "Vincent, not Vince"


def test_publishing_gives_a_code_that_verifies_and_one_file_for_ever(
    physician: Program, http: TestClient, service: Service
) -> None:
    made = physician.post(TRANSCRIPTS, PERIOD)
    assert made.status == 201, made.json
    address = made.response.headers["location"]
    assert address == f"{TRANSCRIPTS}/{made.json['transcript_id']}.pdf"
    pdf = physician.get(address).response.content
    assert hashlib.sha256(pdf).hexdigest() == made.json["pdf_digest"]
    assert made.json["code"] in pdf_text(pdf)
    assert physician.get(address).response.content == pdf
    now = physician.get(TRANSCRIPT, **{"from": "2022-02-01", "to": "2022-02-28"}).response.content
    assert made.json["digest"] == digest_of_content(now), "the digest is of what the door for JSON says"
    assert physician.get(TRANSCRIPTS).json["data"] == [made.json]
    assert "Nothing has changed since" in http.get(f"/verify/{made.json['code']}").text
    settle(service)


def test_a_key_sent_again_publishes_once_and_its_answer_is_kept_without_the_code(
    physician: Program, service: Service
) -> None:
    first = physician.post(TRANSCRIPTS, {}, Idempotency_Key="one")
    again = physician.post(TRANSCRIPTS, {}, Idempotency_Key="one")
    assert (first.status, again.status) == (201, 201)
    assert again.response.content == first.response.content
    assert again.response.headers["idempotency-replayed"] == "true"
    assert again.response.headers["location"] == first.response.headers["location"]
    assert len(physician.get(TRANSCRIPTS).json["data"]) == 1
    kept = str(stored(service, "SELECT * FROM idempotency_keys"))
    assert first.json["transcript_id"] in kept
    assert first.json["code"] not in kept
    assert_problem(physician.post(TRANSCRIPTS, PERIOD, Idempotency_Key="one"), 422, "idempotency-mismatch")
    settle(service)


def test_twenty_a_day_are_published_by_both_doors_together(
    physician: Program, service: Service, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Printed once: twenty times would take as many seconds.
    monkeypatch.setattr(publishing, "MOST_A_DAY", 2)
    assert MOST_A_DAY == 20
    assert physician.post(TRANSCRIPTS, {}).status == 201
    share = {"receiver": "Somebody", "shows": "fixed", "days": 7}
    assert physician.post("/v1/passport/shares", share).status == 201
    refused = physician.post(TRANSCRIPTS, {})
    assert_problem(refused, 409, "conflict")
    assert "within a day" in refused.json["detail"]
    assert_problem(physician.post("/v1/passport/shares", share), 409, "conflict")
    clock.now += timedelta(days=1, minutes=1)
    later = program_of_slides(physician.http, service)
    assert later.post(TRANSCRIPTS, {}).status == 201


def test_a_pdf_counts_as_forty_requests_of_the_physician_as_on_the_page(
    app: FastAPI, physician: Program, http: TestClient, service: Service
) -> None:
    figures = {"rate_client": 1, "rate_client_burst": 2 * PDF_AS_REQUESTS}
    app.state.rates = RateLimits(service.settings.model_copy(update=figures), ManualSeconds())
    assert physician.get(f"{TRANSCRIPT}.pdf").response.headers["ratelimit"].startswith(f'"client";r={PDF_AS_REQUESTS};')
    assert physician.get(TRANSCRIPT).status == 200
    assert_problem(physician.get(f"{TRANSCRIPT}.pdf"), 429, "rate-limited")
    assert_problem(physician.post(TRANSCRIPTS, {}), 429, "rate-limited")
    page = http.get("/passport/transcript.pdf", headers=cookie_of(physician.token))
    assert page.status_code == 429, "what is left is the same at both doors"


def test_nobody_takes_what_another_has_published(physician: Program, http: TestClient, service: Service) -> None:
    address = physician.post(TRANSCRIPTS, {}).response.headers["location"]
    other_id = next(id for id, one in physicians_on_file(service).items() if ("karacme", "tina") in one.names)
    other = Program(http, session_for(service, other_id))
    told = other.get(address)
    assert_problem(told, 404, "not-found")
    absent = other.get(f"{TRANSCRIPTS}/tra_none.pdf")
    assert told.json["detail"] == absent.json["detail"]
    assert other.get(TRANSCRIPTS).json == {"data": []}
    assert other.get(TRANSCRIPT).json["name"] != "Vincent Van Gogh"
