"""Transcripts for boards: of their own licensees alone, by what fits exactly; anybody else is absent."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from functools import partial
from io import BytesIO
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pypdf import PdfReader

from app.domain.identity.budgets import PERSON_DATES
from app.services.access import erasure
from app.services.context import Service
from app.services.passport import verification
from app.services.passport.verification import VerifiedTranscript
from tests.builders.bodies import john, tina
from tests.builders.people import import_people, physicians_on_file
from tests.harness.access.asking import Asked, Asker
from tests.harness.api import Answer, Api, api_of, settle
from tests.harness.clock import ManualClock
from tests.harness.inbox import stored
from tests.harness.refusals import assert_problem
from tests.harness.wire import at_once

SEARCH, TOTALS = "/v1/transcripts:search", "/v1/transcripts:totals"
VINCENT = {"first_name": "Vincent", "last_name": "Van Gogh"}
TINA = {"first_name": "Tina", "last_name": "Karacme"}
BORN = {"date_of_birth": "03/30"}


@pytest.fixture
def board(http: TestClient, service: Service) -> Api:
    """The American Board of Ophthalmology, which has certified the physician of the slides."""
    return api_of(http, service, "ABO", role="board", board="ABO")


@pytest.fixture
def state_board(http: TestClient, service: Service) -> Api:
    """The Medical Board of California, which has licensed them."""
    return api_of(http, service, "CA-M", role="board", board="CA-M")


@pytest.fixture
def other(http: TestClient, service: Service) -> Api:
    """A board that does not know them."""
    return api_of(http, service, "ABIM", role="board", board="ABIM")


def found(who: Api, **given: Any) -> Any:
    answer = who.post(SEARCH, VINCENT | given)
    assert answer.status == 200, answer.json
    (one,) = answer.json["data"]
    return one


def absent(who: Api, **given: Any) -> bytes:
    """Return the whole answer to whom nobody fits."""
    answer = who.post(SEARCH, VINCENT | given)
    assert (answer.status, answer.json) == (200, {"data": []})
    return answer.response.content


def pdf_of(board: Api, transcript_id: str) -> Answer:
    return board.get(f"/v1/transcripts/{transcript_id}.pdf")


def verified(service: Service, text: str) -> VerifiedTranscript | None:
    """Return what the code that is printed in a PDF leads to."""
    code = next(word for word in text.split() if word.count("-") == 2 and len(word) == 14)
    return service.database.read(lambda connection: verification.verify(connection, service, code))


def text_of(pdf: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages).split())


@pytest.mark.parametrize(
    "given",
    [
        {"board_id": "98989"},
        {"board": "ABO", "board_id": "98989"},
        {"state": "CA", "license_id": "54916519"},
        {"license_id": "54916519"},
        BORN,
        BORN | {"board_id": "98989", "state": "California"},
    ],
)
def test_a_board_reads_the_transcript_of_the_slides(board: Api, given: dict[str, str]) -> None:
    one = found(board, **given)
    assert one["learner"]["name"] == "Vincent Van Gogh"
    lines = [(line["kind"], line["board"], line["numbers"]) for line in one["learner"]["boards"]]
    assert lines == [("licensing", "CA-M", ["54916519"]), ("certifying", "ABO", ["98989"])]
    totals = one["totals"]
    assert totals["ama_pra_credits"] == 7
    assert {total["board"]: total["credits"] for total in totals["boards"]} == {"CA-M": 7, "ABO": 22.75}
    types = {amount["type"]: amount["credits"] for amount in totals["boards"][1]["credit_types"]}
    assert types["Lifelong Learning"] == 22.75, "each type is added up by itself"
    assert types["Patient Safety"] == 7
    assert [row["completed_on"] for row in one["rows"]] == ["2022-04-21", "2022-02-16", "2022-02-02", "2021-12-02"]
    newest = one["rows"][0]
    assert newest["provider"] == "Western Regional Medical Center"
    assert {credit["board"]: credit["credits"] for credit in newest["credits"]} == {"CA-M": 7, "ABO": 7}
    assert "03/30" not in json.dumps(one), "a birth date is asked for, and never told"


def test_a_state_board_finds_by_its_own_number_and_the_name_alone(state_board: Api) -> None:
    assert found(state_board, license_id="54916519")["totals"]["ama_pra_credits"] == 7
    absent(state_board, license_id="54916518")
    absent(state_board, board_id="98988")
    assert found(state_board, board_id="98989", board="ABO")["learner"]["name"] == "Vincent Van Gogh"


def test_a_period_narrows_rows_totals_and_pdf(board: Api) -> None:
    one = found(board, **BORN, completed_from="2022-02-02", completed_to="2022-02-16")
    assert [row["completed_on"] for row in one["rows"]] == ["2022-02-16", "2022-02-02"]
    assert [total["credits"] for total in one["totals"]["boards"]] == [10]
    assert one["totals"]["ama_pra_credits"] == 0
    text = text_of(pdf_of(board, one["transcript_id"]).response.content)
    assert "02/16/2022" in text
    assert "04/21/2022" not in text


@pytest.mark.parametrize(
    ("door", "name"), [(SEARCH, "completed"), (TOTALS, "completed"), (TOTALS, "submitted")], ids=str
)
def test_a_period_that_ends_before_it_begins_is_refused_for_whoever_is_asked_for(
    board: Api, door: str, name: str
) -> None:
    days = {f"{name}_from": "2022-02-16", f"{name}_to": "2022-02-15"}
    answers = [board.post(door, VINCENT | BORN | names | days) for names in ({}, {"last_name": "Nobody"})]
    for answer in answers:
        assert (answer.status, answer.json["code"]) == (422, "invalid-request")
        (error,) = answer.json["errors"]
        assert (error["pointer"], error["detail"]) == (f"/{name}_to", "The last day is before the first.")
        assert error["hint"] == f"Exchange {name}_from and {name}_to, or leave one out."
    same = {f"{name}_from": "2022-02-16", f"{name}_to": "2022-02-16"}
    assert board.post(door, VINCENT | BORN | same).status == 200


def test_who_is_not_of_the_board_is_absent_with_the_same_bytes_and_statements(
    app: FastAPI, service: Service, other: Api, board: Api
) -> None:
    asker = Asker(app, service)
    headers = {"Authorization": f"Bearer {other.key}", "Content-Type": "application/json"}

    def asked(**given: str) -> tuple[bytes, tuple[str, ...]]:
        reply = asker.ask(Asked("POST", SEARCH, headers, json.dumps(VINCENT | given).encode()))
        assert reply.status == 200
        return reply.body, reply.statements

    number = {"state": "CA", "license_id": "54916519"}
    nobody = {"first_name": "Nobody", "last_name": "Atall"}
    assert asked(**number) == asked(**number | nobody) == asked(**number | {"license_id": "54916518"})
    # Without a birth date there is nothing to charge; with one, a find that may not be told costs what a miss does.
    dated = asked(**number, **BORN)
    assert dated == asked(**number, date_of_birth="03/31") == asked(**number, **BORN, **nobody)
    npi = {"npi": "1234567893"}
    assert asked(**npi) == asked(**npi | nobody)
    assert dated[0] == asked(**number)[0]
    assert found(board, **number)


def test_an_undated_physician_is_found_by_number_and_not_beside_a_date(
    app: FastAPI, http: TestClient, service: Service
) -> None:
    import_people(service, {"first_name": "Ulla", "last_name": "Undated", "licenses": "TN-M:777445"})
    tennessee = api_of(http, service, "TN", role="board", board="TN-M")
    ulla = {"first_name": "Ulla", "last_name": "Undated", "license_id": "777445"}
    assert len(tennessee.post(SEARCH, ulla).json["data"]) == 1
    assert tennessee.post(SEARCH, ulla | BORN).json == {"data": []}
    asker = Asker(app, service)
    headers = {"Authorization": f"Bearer {tennessee.key}", "Content-Type": "application/json"}
    statements = {
        asker.ask(Asked("POST", SEARCH, headers, json.dumps(body | BORN).encode())).statements
        for body in (ulla, ulla | {"last_name": "Unheard"}, ulla | {"license_id": "777446"})
    }
    assert len(statements) == 1


def test_lapsed_licences_count_and_those_that_their_holder_alone_has_told_do_not(
    http: TestClient, service: Service, board: Api
) -> None:
    keeper = api_of(http, service, "Operator", role="operator")
    (vincent,) = keeper.post("/v1/physicians:search", {"last_name": "Van Gogh"}).json["data"]
    path = f"/v1/physicians/{vincent['physician_id']}"

    def change(**fields: Any) -> None:
        etag = keeper.get(path).response.headers["ETag"]
        headers = {"If-Match": etag, "Content-Type": "application/merge-patch+json"}
        answer = keeper.send("PATCH", path, headers=headers, json=fields)
        assert answer.status == 200, answer.json

    lapsed = {"board": "TN-M", "license_id": "8181", "ends_on": "2001-01-01"}
    told = {"board": "ME-M", "license_id": "9191", "self_reported": True}
    change(licenses=[lapsed, told])
    tennessee = api_of(http, service, "TN", role="board", board="TN-M")
    maine = api_of(http, service, "ME", role="board", board="ME-M")
    assert found(tennessee, license_id="8181")
    absent(maine, license_id="9191")
    absent(maine, **BORN)
    told.pop("self_reported")
    change(licenses=[lapsed, told | {"self_reported": False}])
    handle = found(maine, license_id="9191")["transcript_id"]
    change(licenses=[lapsed])
    absent(maine, license_id="9191")
    assert_problem(pdf_of(maine, handle), 404, "not-found")
    assert found(board, **BORN)


def test_slips_that_are_forgiven_in_reports_find_nobody(board: Api) -> None:
    absent(board, **BORN, board_id="98989", last_name="Vangough")
    absent(board, **BORN, board_id="98989", first_name="Vince")
    absent(board, board_id="98989", date_of_birth="03/03")
    assert found(board, board_id="98989", last_name="VAN GOGH", first_name="vincent")


def test_the_operator_sees_everybody_and_others_have_no_way_in(
    http: TestClient, service: Service, api: Api, clock: ManualClock
) -> None:
    keeper = api_of(http, service, "Operator", role="operator")
    assert found(keeper, license_id="54916519", state="CA")
    for stranger in (api, api_of(http, service, "Sandbox", role="operator", test=True)):
        for path in (SEARCH, TOTALS):
            assert_problem(stranger.post(path, VINCENT | BORN), 403, "forbidden")
        assert_problem(pdf_of(stranger, "x"), 403, "forbidden")


@pytest.mark.parametrize(
    ("given", "pointers"),
    [
        ({}, {"/license_id"}),
        ({"first_name": " "}, {"/first_name", "/license_id"}),
        ({"date_of_birth": "13/41"}, {"/date_of_birth"}),
        ({"state": "Atlantis", "npi": "1"}, {"/state", "/npi"}),
        ({"board": "ABXX", "board_id": "1"}, {"/board"}),
        ({"board_id": "1", "completed_from": "2022-01-02", "completed_to": "2022-01-01"}, {"/completed_to"}),
        ({"board_id": "1", "completed_from": "01/02/2022"}, {"/completed_from"}),
        ({"board_id": "1", "submitted_from": "2022-01-02", "submitted_to": "2022-01-01"}, {"/submitted_to"}),
        ({"board_id": "1", "medical_school": "any"}, {"/medical_school"}),
    ],
)
def test_what_is_wrong_with_a_question_is_told_at_its_place(
    board: Api, given: dict[str, str], pointers: set[str]
) -> None:
    answer = board.post(TOTALS, VINCENT | given)
    assert_problem(answer, 422, "invalid-request")
    assert {error["pointer"] for error in answer.json["errors"]} == pointers


def test_the_pdf_is_signed_published_once_and_verified_by_anybody(
    board: Api, http: TestClient, service: Service
) -> None:
    one = found(board, **BORN)
    answer = pdf_of(board, one["transcript_id"])
    assert answer.status == 200, answer.json
    pdf = answer.response.content
    assert answer.response.headers["content-type"] == "application/pdf"
    assert "no-store" in answer.response.headers["cache-control"]
    text = text_of(pdf)
    assert "OFFICIAL TRANSCRIPT" in text
    assert "NOT PUBLISHED" not in text
    assert b"/ETSI.CAdES.detached" in pdf
    assert pdf_of(board, one["transcript_id"]).response.content == pdf
    rows = stored(service, "SELECT client_id FROM transcripts")
    assert [client_id for (client_id,) in rows] == [board.client_id]
    told = verified(service, text)
    assert told is not None
    assert told.is_pdf(hashlib.sha256(pdf).hexdigest())
    assert told.changes.rows == ()
    # Another search has an id of its own, and another PDF.
    assert pdf_of(board, found(board, **BORN)["transcript_id"]).response.content != pdf
    settle(service)


def test_of_requests_at_once_for_one_id_all_get_the_same_pdf(board: Api, service: Service) -> None:
    handle = found(board, **BORN)["transcript_id"]
    taken = at_once([partial(pdf_of, board, handle)] * 4)
    assert {answer.status for answer in taken} == {200}
    assert len({answer.response.content for answer in taken}) == 1
    assert stored(service, "SELECT count(*) FROM transcripts") == [(1,)]
    settle(service)


def test_an_id_is_for_the_board_that_asked_and_for_a_day(
    board: Api, state_board: Api, http: TestClient, service: Service, clock: ManualClock
) -> None:
    handle = found(board, **BORN)["transcript_id"]
    for stranger in (state_board, api_of(http, service, "Operator", role="operator")):
        assert_problem(pdf_of(stranger, handle), 404, "not-found")
    for wrong in (f"{handle}x", handle[:-1], "x", "é", f"tra_{handle}"):
        assert_problem(pdf_of(board, wrong), 404, "not-found")
    assert_problem(board.get(f"/v1/transcripts/{handle}"), 404, "not-found")
    assert stored(service, "SELECT count(*) FROM transcripts") == [(0,)]
    clock.now += timedelta(days=1) - timedelta(seconds=1)
    colleague = api_of(http, service, "ABO, another", role="board", board="ABO")
    taken = pdf_of(colleague, handle)
    assert taken.status == 200
    assert pdf_of(board, handle).response.content == taken.response.content
    clock.now += timedelta(seconds=1)
    assert_problem(pdf_of(board, handle), 404, "not-found")


def test_an_erased_physician_is_absent_and_the_code_of_their_pdf_leads_nowhere(
    board: Api, http: TestClient, service: Service
) -> None:
    settle(service)
    keeper = api_of(http, service, "Operator", role="operator")
    taken, kept, theirs = (found(who, **BORN)["transcript_id"] for who in (board, board, keeper))
    text = text_of(pdf_of(board, taken).response.content)
    assert verified(service, text) is not None
    (physician_id,) = [
        id for id, learner in physicians_on_file(service).items() if ("vangogh", "vincent") in learner.names
    ]
    erasure.erase(service, physician_id, unread=True)
    absent(board, **BORN)
    absent(keeper, **BORN)
    for who, handle in ((board, taken), (board, kept), (keeper, theirs)):
        assert_problem(pdf_of(who, handle), 404, "not-found")
    assert verified(service, text) is None


def test_what_changes_after_a_search_is_printed_as_it_stands_when_the_pdf_is_taken(
    api: Api, http: TestClient, service: Service
) -> None:
    made = api.report(john()).json
    internists = api_of(http, service, "ABIM", role="board", board="ABIM")
    smith = {"first_name": "John", "last_name": "Smith", "board_id": "999999"}
    (one,) = internists.post(SEARCH, smith).json["data"]
    assert one["rows"][0]["credits"][-1]["status"] == "pending"
    assert api.delete(f"/v1/learner-completions/{made['completion_id']}").status in (200, 204)
    text = text_of(pdf_of(internists, one["transcript_id"]).response.content)
    assert "John Smith" in text
    assert "02/14/2021" not in text
    (again,) = internists.post(SEARCH, smith).json["data"]
    assert again["rows"] == []
    assert again["totals"] == {"ama_pra_credits": 0, "boards": []}


def test_totals_are_of_days_of_completion_or_of_submission(board: Api) -> None:
    def totals(**given: str) -> Any:
        (one,) = board.post(TOTALS, VINCENT | BORN | given).json["data"]
        assert one.keys() == {"learner", "totals"}
        return {total["board"]: total["credits"] for total in one["totals"]["boards"]}

    assert totals() == {"CA-M": 7, "ABO": 22.75}
    assert totals(completed_from="2021-12-02", completed_to="2021-12-02") == {"ABO": 5.75}
    # It was completed on the 2nd and submitted on the 3rd.
    assert totals(submitted_from="2021-12-03", submitted_to="2021-12-03") == {"ABO": 5.75}
    assert totals(submitted_to="2021-12-02") == {}
    assert totals(completed_to="2022-02-16", submitted_from="2022-02-17") == {"ABO": 5}
    assert board.post(TOTALS, VINCENT | {"board_id": "98988"}).json == {"data": []}


def test_rejected_credit_is_shown_and_counts_for_nothing(api: Api, http: TestClient, service: Service) -> None:
    credit_id = api.report(tina()).json["credits"][0]["credit_id"]
    settle(service)
    aba = api_of(http, service, "ABA", role="board", board="ABA")
    events = aba.get("/v1/board-feed").json["data"]
    position = next(event["position"] for event in events if event["credit_id"] == credit_id)
    decision = {"credit_id": credit_id, "position": position, "decision": "rejected", "reason_code": "other"}
    assert aba.post("/v1/board-feed/decisions", {"decisions": [decision]}).json["summary"]["applied"] == 1
    given = TINA | {"date_of_birth": "11/24", "completed_from": "2021-12-01", "completed_to": "2021-12-01"}
    (one,) = aba.post(SEARCH, given).json["data"]
    assert [credit["status"] for row in one["rows"] for credit in row["credits"]] == ["rejected"]
    assert [(total["board"], total["credits"]) for total in one["totals"]["boards"]] == [("ABA", 0)]


def test_that_it_was_asked_stands_in_the_log_without_what_was_given(board: Api, other: Api, service: Service) -> None:
    found(board, **BORN)
    absent(other, **BORN)
    rows = stored(service, "SELECT verb, subject_id, fields FROM audit WHERE noun = 'licensee-search'")
    assert sorted(verb for verb, _, _ in rows) == ["look-at", "search"]
    (physician_id,) = [
        id for id, learner in physicians_on_file(service).items() if ("vangogh", "vincent") in learner.names
    ]
    subjects = {verb: subject for verb, subject, _ in rows}
    assert subjects["look-at"] == physician_id
    assert subjects["search"] != physician_id, "who is absent to the board stands nowhere"
    assert not any(word in str(rows) for word in ("Vincent", "Gogh", "03/30", "98989"))


def test_dates_tried_by_the_clients_of_one_board_are_counted_together_and_the_board_that_knows_goes_on(
    board: Api, state_board: Api, http: TestClient, service: Service
) -> None:
    assert found(state_board, **BORN)
    for day in range(1, PERSON_DATES + 1):
        absent(board, date_of_birth=f"04/{day:02}")
    absent(board, **BORN)
    colleague = api_of(http, service, "ABO, another", role="board", board="ABO")
    absent(colleague, **BORN, board_id="98989")
    assert found(state_board, **BORN)
    # Without a date there is nothing to find out.
    assert found(board, board_id="98989")
