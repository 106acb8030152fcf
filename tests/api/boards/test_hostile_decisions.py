"""The board's doors, tried by whoever means no good: nothing foreign is seen, decided on, or broken."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import openpyxl
import pytest

from app.services.context import Service
from app.store.sql import statements
from tests.builders.bodies import a_completion, tina
from tests.builders.people import import_tina
from tests.harness.api import Answer, Api, api_of, settle
from tests.harness.refusals import assert_problem, footprint

DATABASES = ["sqlite"]

FEED = "/v1/board-feed"
DECISIONS = f"{FEED}/decisions"
COMPLETIONS = "/v1/learner-completions"
DAY = "2021-12-20"


def board_of(api: Api, service: Service, code: str) -> Api:
    return api_of(api.http, service, code, role="board", board=code)


@pytest.fixture
def aba(api: Api, service: Service) -> Api:
    return board_of(api, service, "ABA")


def told(board: Api, service: Service, credit_id: str) -> Any:
    settle(service)
    data = board.get(FEED, limit=500).json["data"]
    return [credit for credit in data if credit["credit_id"] == credit_id][-1]


def a_case(api: Api, board: Api, service: Service, body: Any | None = None) -> dict[str, Any]:
    """Report something, and return a decision that fits it."""
    (credit,) = api.report(body or tina()).json["credits"]
    position = told(board, service, credit["credit_id"])["position"]
    return {"credit_id": credit["credit_id"], "position": position, "decision": "accepted"}


def results(board: Api, *decisions: Any) -> list[str]:
    answer = board.post(DECISIONS, {"decisions": list(decisions)})
    assert answer.status == 200, answer.json
    return [decision["result"] for decision in answer.json["data"]]


def table(board: Api, text: str | bytes) -> Answer:
    content = text.encode() if isinstance(text, str) else text
    return board.send("POST", DECISIONS, headers={"Content-Type": "text/csv"}, content=content)


def test_two_clients_of_one_board_share_its_feed_and_not_their_cursors(api: Api, aba: Api, service: Service) -> None:
    case = a_case(api, aba, service)
    second = board_of(api, service, "ABA")
    assert second.get(FEED, limit=500).json["data"] == aba.get(FEED, limit=500).json["data"]
    assert results(second, case) == ["applied"]
    assert results(aba, case) == ["unchanged"]
    cursor = aba.get(FEED).json["next_cursor"]
    assert_problem(second.get(FEED, after=cursor), 422, "parameter-invalid")


def test_another_boards_client_and_a_providers_key_change_nothing(api: Api, aba: Api, service: Service) -> None:
    case = a_case(api, aba, service)
    abim = board_of(api, service, "ABIM")
    before = footprint(service)
    for position in (case["position"], 1):
        assert results(abim, case | {"position": position}) == ["unknown"]
    assert_problem(api.post(DECISIONS, {"decisions": [case]}), 403, "forbidden")
    assert_problem(table(api, "credit_id,position,decision\nx,1,accepted\n"), 403, "forbidden")
    cursor = aba.get(FEED).json["next_cursor"]
    assert_problem(abim.get(FEED, after=cursor), 422, "parameter-invalid")
    assert_problem(aba.get(FEED, after=api.get("/v1/events").json["next_cursor"]), 422, "parameter-invalid")
    for forged in ("x", cursor[:-2] + "AA", "=" * 2_000, "\u0000"):
        assert_problem(aba.get(FEED, after=forged), 422, "parameter-invalid")
    assert footprint(service) == before


@pytest.mark.parametrize(
    "position", ["1.5", '"1"', "-1", "0", "9223372036854775808", "2147483648", "1e400", "null", "true", "[1]", "NaN"]
)
def test_a_position_that_is_none_is_refused(api: Api, aba: Api, service: Service, position: str) -> None:
    case = a_case(api, aba, service)
    before = footprint(service)
    text = json.dumps({"decisions": [case | {"position": "@"}]}).replace('"@"', position)
    answer = aba.send("POST", DECISIONS, headers={"Content-Type": "application/json"}, content=text.encode())
    assert answer.status in (400, 422), answer.json
    assert_problem(answer, answer.status)
    if position != '"1"':
        # A cell has no type: what JSON refuses as a text is a number here.
        answer = table(aba, f'credit_id,position,decision\n{case["credit_id"]},"{position}",accepted\n')
        assert_problem(answer, 422, "invalid-request")
    assert footprint(service) == before


def test_a_whole_position_written_with_a_point_is_that_position(api: Api, aba: Api, service: Service) -> None:
    case = a_case(api, aba, service)
    assert results(aba, case | {"position": float(case["position"])}) == ["applied"]
    # Spreadsheets write whole numbers so in some countries and formats.
    answer = table(aba, f"credit_id,position,decision\n{case['credit_id']},{case['position']}.0,accepted\n")
    assert answer.json["data"][0]["result"] == "unchanged"


def test_a_position_that_comes_later_or_never_is_stale(api: Api, aba: Api, service: Service) -> None:
    case = a_case(api, aba, service)
    for position in (case["position"] + 1, 2**31 - 1):
        assert results(aba, case | {"position": position}) == ["stale"]
    assert results(aba, case) == ["applied"]


def test_one_credit_several_times_in_one_request_ends_as_the_last_says(api: Api, aba: Api, service: Service) -> None:
    case = a_case(api, aba, service)
    refused = case | {"decision": "rejected", "reason_code": "duplicate"}
    assert results(aba, case, refused, refused, case, case, refused) == [
        "applied", "applied", "unchanged", "applied", "unchanged", "applied",
    ]  # fmt: skip
    found = api.completions(status="rejected", board="ABA")
    assert case["credit_id"] in {credit["credit_id"] for completion in found for credit in completion["credits"]}
    kept = service.database.read(
        lambda connection: statements.fetch(
            connection, "SELECT decision FROM decisions WHERE credit_id = :id ORDER BY decision_id",
            {"id": case["credit_id"]},
        )
    )  # fmt: skip
    assert [decision for (decision,) in kept] == ["accepted", "rejected", "accepted", "rejected"]
    settle(service)


def test_five_thousand_decisions_are_taken_and_one_more_is_refused_whole(api: Api, aba: Api, service: Service) -> None:
    case = a_case(api, aba, service)
    line = f"{case['credit_id']},{case['position']},accepted\n"
    before = footprint(service)
    assert_problem(table(aba, "credit_id,position,decision\n" + line * 5_001), 422, "invalid-request")
    assert_problem(aba.post(DECISIONS, {"decisions": [case] * 5_001}), 422, "invalid-request")
    assert footprint(service) == before
    answer = table(aba, "credit_id,position,decision\n" + line * 5_000)
    assert answer.json["summary"] == {"applied": 1, "unchanged": 4_999, "stale": 0, "unknown": 0}


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("credit_id,position,decision,reason\nx,1,accepted,a\x00b\n", (400, 422)),
        ("credit_id,position,decision\nx\x00,1,accepted\n", (400, 422)),
        ("credit_id,position,decision,reason\nx,1,rejected," + "r" * 1_001 + "\n", (422,)),
        ("credit_id,position,decision,reason\nx,1,rejected," + "r" * 140_000 + "\n", (400, 422)),
        ("credit_id,position,decision,reason_code\nx,1,rejected,because\n", (422,)),
        ("credit_id,position,decision\nx,1,=accepted\n", (422,)),
        ("=credit_id,position,decision\nx,1,accepted\n", (422,)),
        ("credit_id|position|decision\nx|1|accepted\n", (422,)),
        ("decision\naccepted\n", (422,)),
        ("credit_id,position,decision\n", (422,)),
        ("'credit_id,position,decision\nx,1,accepted\n", (422,)),
        ("credit_id,position,decision\n" + "x" * 2_000 + ",1,accepted\n", (422,)),
        ("," * 100_000 + "\n", (400, 422)),
    ],
    ids=range(13),
)  # fmt: skip
def test_a_hostile_table_is_refused_and_gives_nothing_back(
    aba: Api, service: Service, text: str, status: tuple[int, ...]
) -> None:
    before = footprint(service)
    answer = table(aba, text)
    assert answer.status in status, answer.response.text[:500]
    assert_problem(answer, answer.status)
    assert len(answer.response.content) < 20_000
    assert footprint(service) == before


def test_a_table_in_an_encoding_that_no_spreadsheet_writes_is_refused(aba: Api, service: Service) -> None:
    text = "credit_id,position,decision,reason\nx,1,rejected,Müller\n"
    for content in (text.encode("utf-32"), text.encode("cp1252") + b"\x81"):
        assert_problem(table(aba, content), 400, "unreadable")


def test_the_text_of_a_formula_is_kept_as_a_reason_and_is_one_nowhere(api: Api, aba: Api, service: Service) -> None:
    case = a_case(api, aba, service)
    formula = "=HYPERLINK(1)"
    assert results(aba, case | {"decision": "rejected", "reason": formula}) == ["applied"]
    (found,) = [
        completion for completion in api.completions(status="rejected") if completion["completed_on"] == "2021-12-01"
    ]
    assert found["credits"][0]["status_text"] == formula
    for cell in ("'=1+1", "=1+1"):
        line = f"{case['credit_id']},{case['position']},rejected,{cell}\n"
        assert table(aba, "credit_id,position,decision,reason\n" + line).status == 200
        after = api.get(f"{COMPLETIONS}/{found['completion_id']}").json["credits"][0]
        assert after["status_text"] == "=1+1"


def test_a_reason_is_the_same_in_json_and_in_a_table_and_a_blank_one_is_none(
    api: Api, aba: Api, service: Service
) -> None:
    case = a_case(api, aba, service) | {"decision": "rejected"}
    assert results(aba, case | {"reason": " Nobody. "}) == ["applied"]
    line = f"{case['credit_id']},{case['position']},rejected,Nobody.\n"
    answer = table(aba, "credit_id,position,decision,reason\n" + line)
    assert answer.json["data"][0]["result"] == "unchanged"
    assert results(aba, case | {"reason": " \n"}, case, case | {"reason": ""}) == ["applied", "unchanged", "unchanged"]


def test_a_reason_is_told_to_its_provider_and_to_nobody_else(
    api: Api, aba: Api, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    case = a_case(api, aba, service)
    secret = "Known as Zebulon Quux, born 07/29."
    answer = aba.post(DECISIONS, {"decisions": [case | {"decision": "rejected", "reason": secret}]})
    assert "Quux" not in answer.response.text
    refused = aba.post(DECISIONS, {"decisions": [case | {"decision": "no", "reason": secret}]})
    assert_problem(refused, 422, "invalid-request")
    assert "Quux" not in refused.response.text
    settle(service)
    assert "Quux" not in api.get("/v1/events", limit=500).response.text
    assert "Quux" not in aba.get(FEED, limit=500).response.text
    stranger = api_of(api.http, service, providers=["0008002"])
    assert "Quux" not in stranger.get(COMPLETIONS, limit=500).response.text
    assert "Quux" not in "".join(capsys.readouterr())
    audited = service.database.read(lambda c: statements.fetch(c, "SELECT fields FROM audit"))
    assert "Quux" not in str(audited)


def test_credit_that_was_withdrawn_or_moved_to_somebody_else_is_stale(api: Api, aba: Api, service: Service) -> None:
    case = a_case(api, aba, service)
    completion = next(
        completion for completion in api.completions() if completion["credits"][0]["credit_id"] == case["credit_id"]
    )["completion_id"]  # fmt: skip
    body = a_completion(completed_on="2021-12-01")
    corrected = api.send("PUT", f"{COMPLETIONS}/{completion}", headers={"If-Match": "*"}, json=body)
    assert corrected.status == 200
    last = told(aba, service, case["credit_id"])
    assert (last["event"], last["learner"]["last_name"]) == ("credit.withdrawn", "Karacme")
    assert results(aba, case, case | {"position": last["position"]}) == ["stale", "stale"]
    assert api.delete(f"{COMPLETIONS}/{completion}").status == 204
    assert results(aba, case) == ["stale"]
    settle(service)


def test_of_a_superseded_credit_the_rejection_can_be_reworded_and_no_more(api: Api, aba: Api, service: Service) -> None:
    case = a_case(api, aba, service)
    assert results(aba, case | {"decision": "rejected"}) == ["applied"]
    again = api.report(tina()).json
    assert again["outcome"] == "joined"
    assert results(aba, case, case | {"decision": "rejected", "reason": "Once more."}) == ["stale", "applied"]
    after = api.get(f"{COMPLETIONS}/{again['completion_id']}").json["credits"]
    assert [(credit["status"], credit["status_text"]) for credit in after] == [
        ("rejected", "Once more."),
        ("pending", None),
    ]
    settle(service)


def test_credit_of_the_sandbox_is_unknown_to_every_board(api: Api, service: Service, clock: Any) -> None:
    from datetime import timedelta

    clock.now += timedelta(days=1_300)
    tester = api_of(api.http, service, "tester", test=True)
    olive: dict[str, Any] = {"first_name": "Olive", "last_name": "Only", "born": "02/01", "state": "CA"}
    reported = tester.report(a_completion("299990001", "2025-06-02", license_id=None, credits=1, **olive)).json
    (credit,) = reported["credits"]
    settle(service)
    california = board_of(api, service, "CA-M")
    case = {"credit_id": credit["credit_id"], "position": 1, "decision": "rejected"}
    before = footprint(service)
    assert results(california, case) == ["unknown"]
    assert footprint(service) == before
    assert all(event["credit_id"] != credit["credit_id"] for event in california.get(FEED, limit=500).json["data"])


def test_a_board_sees_of_one_record_its_own_credit_and_nothing_of_the_other(api: Api, service: Service) -> None:
    import_tina(service)
    body = tina(npi="1234567893") | {"cme": [{"state": "TN", "license_id": "777001", "credits": 1}]}
    body["moc"][0]["client_reference"] = "aba:secret"
    body["cme"][0]["client_reference"] = "tn:secret"
    body.pop("npi")
    reported = api.report(body)
    assert len(reported.json["credits"]) == 2, reported.json
    settle(service)
    foreign = {
        "ABA": ("777001", "TN-M", "tn:secret", "aba:secret", "Lifelong Learning: 1"),
        "TN-M": ("35867909", "ABA", "aba:secret", "tn:secret", "Lifelong Learning"),
    }
    for code, texts in foreign.items():
        board = board_of(api, service, code)
        shown = board.get(FEED, limit=500).response.text
        written = board.get(f"{FEED}/file", date=DAY).response.content.decode("utf-8-sig")
        content = board.get(f"{FEED}/file", date=DAY, format="xlsx").response.content
        cells = [[str(cell) for cell in row] for row in openpyxl.load_workbook(io.BytesIO(content)).active.values]
        assert any("Karacme" in row for row in cells)
        for text in (*texts, reported.json["completion_id"], reported.json["learner"]["learner_id"], api.client_id):
            assert text not in shown and text not in written and text not in str(cells), (code, text)
        (row,) = [line for line in csv.DictReader(io.StringIO(written)) if line["last_name"] == "Karacme"]
        assert row["learner_board_id"] == {"ABA": "35867909", "TN-M": "777001"}[code]


def test_a_table_without_its_heading_gives_no_name_back(api: Api, aba: Api, service: Service) -> None:
    a_case(api, aba, service)
    written = aba.get(f"{FEED}/file", date=DAY).response.content.decode("utf-8-sig")
    headless = written.split("\r\n", 1)[1]
    assert "Karacme" in headless
    answer = table(aba, headless)
    assert_problem(answer, 422, "invalid-request")
    assert "Karacme" not in answer.response.text and "11/24" not in answer.response.text
    answer = table(aba, "credit_id,position,decision,reasons\nx,1,accepted,y\n")
    (fault,) = answer.json["errors"]
    assert (fault["code"], fault["pointer"]) == ("field-unknown", "")
    assert fault["detail"] == "Column 4 of the first line is not known."
    assert "reason_code" in fault["hint"]


def test_other_media_types_and_methods_are_refused(aba: Api) -> None:
    for media_type in ("text/plain", "application/xml", "multipart/form-data; boundary=x", "text/csvx"):
        answer = aba.send("POST", DECISIONS, headers={"Content-Type": media_type}, content=b"credit_id\nx\n")
        assert_problem(answer, 415, "unsupported-media-type")
    assert_problem(aba.send("PUT", DECISIONS, json={}), 405, "method-not-allowed")
    assert_problem(aba.get(FEED, limit=0), 422, "parameter-invalid")
    assert_problem(aba.get(FEED, board="ABIM"), 422, "parameter-unknown")
