"""What boards hear of records that were taken over: nothing, until one changes, or the operator says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from app.domain.moving.telling import TellBoards
from app.services.context import Service
from app.services.passport import telling
from tests.builders.bodies import tina
from tests.builders.disputes import physician_of
from tests.builders.past_records import OWN, TINA
from tests.builders.past_records import a_past_completion as a_record
from tests.builders.past_records import a_past_credit as a_credit
from tests.builders.past_records import past_points as moc
from tests.harness.api import Api, api_of, settle
from tests.harness.board_views import replayed
from tests.harness.clock import ManualClock
from tests.harness.moving.installations import (
    COMPLETIONS,
    everything,
    import_bytes,
    ndjson,
    outcomes,
    what_was_told,
)


def imported(service: Service, folder: Path, *records: Any, **given: Any) -> Any:
    return import_bytes(service, folder, COMPLETIONS, ndjson(records), **given)


def one(api: Api, completion_id: str) -> Any:
    answer = api.get(f"{COMPLETIONS}/{completion_id}")
    assert answer.status == 200, answer.json
    return answer.json


def feed(http: Any, service: Service, board: str) -> list[Any]:
    settle(service)
    client = api_of(http, service, board, role="board", board=board)
    events: list[Any] = client.get("/v1/board-feed", limit=500).json["data"]
    return events


def test_a_board_hears_of_a_correction_first_that_it_was_reported(
    api: Api, http: Any, service: Service, tmp_path: Path
) -> None:
    """It has nothing that could have changed: it is sent the whole record, and decides on it here from then on."""
    imported(service, tmp_path, a_record(1, a_credit(), moc(), learner=TINA) | {"credits": [moc()]})
    before = len(feed(http, service, "ABA"))
    stands = one(api, OWN.format("a01"))
    body = stands["report"] | {"moc": [stands["report"]["moc"][0] | {"total_credits": 0.5}]}
    answer = api.send(
        "PUT", f"{COMPLETIONS}/{OWN.format('a01')}", json=body, headers={"If-Match": f'"{stands["version"]}"'}
    )
    assert answer.status == 200, answer.json
    assert answer.json["credits"][0]["status"] == "pending"
    (event,) = feed(http, service, "ABA")[before:]
    assert (event["event"], event["credit_id"], event["credits"]) == ("credit.reported", OWN.format("b02"), 0.5)
    assert event["learner"]["last_name"] == "Karacme"
    answer = api.delete(f"{COMPLETIONS}/{OWN.format('a01')}")
    assert answer.status == 204
    assert [event["event"] for event in feed(http, service, "ABA")[before:]] == ["credit.reported", "credit.withdrawn"]
    replayed(service)


def test_a_board_hears_of_a_withdrawal_what_it_is_of(api: Api, http: Any, service: Service, tmp_path: Path) -> None:
    imported(service, tmp_path, a_record(1, moc(), learner=TINA))
    before = len(feed(http, service, "ABA"))
    assert api.delete(f"{COMPLETIONS}/{OWN.format('a01')}").status == 204
    reported, withdrawn = feed(http, service, "ABA")[before:]
    assert [reported["event"], withdrawn["event"]] == ["credit.reported", "credit.withdrawn"]
    assert reported["credit_id"] == withdrawn["credit_id"] == OWN.format("b02")
    assert reported["credits"] == 0.25
    replayed(service)
    events = [event["type"] for event in api.get("/v1/events", limit=500).json["data"]]
    assert events[-1] == "credit.withdrawn"


def test_boards_are_told_of_what_waits_where_the_operator_says_so(
    api: Api, http: Any, service: Service, tmp_path: Path
) -> None:
    records = [a_record(1, a_credit()), a_record(2, moc(2, status="pending"), learner=TINA)]
    before = len(feed(http, service, "ABA"))
    events = what_was_told(service)["events"]
    assert outcomes(imported(service, tmp_path, *records)) == {"read": 2, "added": 2}
    assert len(feed(http, service, "ABA")) == before
    told = imported(service, tmp_path, *records, tell=TellBoards.PENDING)
    assert outcomes(told) == {"read": 2, "told": 1, "already-there": 1}
    (event,) = feed(http, service, "ABA")[before:]
    assert (event["event"], event["credit_id"]) == ("credit.reported", OWN.format("b02"))
    standing = everything(service)
    again = imported(service, tmp_path, *records, tell=TellBoards.PENDING)
    assert outcomes(again) == {"read": 2, "already-there": 2}
    assert everything(service) == standing
    new = a_record(3, moc(3, status="pending"), learner=TINA, completed_on="2021-12-11")
    assert outcomes(imported(service, tmp_path, new, tell=TellBoards.PENDING)) == {"read": 1, "added": 1}
    assert [event["credit_id"] for event in feed(http, service, "ABA")[before + 1 :]] == [OWN.format("b03")]
    assert what_was_told(service)["events"] == events


def test_a_boards_summary_counts_what_was_taken_over_and_waits_for_no_answer(
    http: Any, service: Service, tmp_path: Path, clock: ManualClock
) -> None:
    settle(service)
    client = api_of(http, service, "ABA", role="board", board="ABA")
    before = client.get("/v1/board-feed/summary").json
    old = moc(2, status="pending", status_at="2021-12-13T10:00:00Z")
    imported(service, tmp_path, a_record(1, old, learner=TINA))
    after = client.get("/v1/board-feed/summary").json
    assert after["pending"] == before["pending"] + 1
    assert after["overdue"] == before["overdue"]


def test_neither_webhooks_nor_mails_tell_of_what_is_taken_over(
    api: Api, http: Any, service: Service, tmp_path: Path
) -> None:
    """A provider and a board listen, and the physician has an account that is mailed at once."""
    board = api_of(http, service, "ABA", role="board", board="ABA")
    for listener in (api, board):
        assert listener.post("/v1/webhook-endpoints", {"url": "https://example.org/hook"}).status == 201
    known = api.report(tina("2021-11-30"))
    physician_of(service, known.json["completion_id"])
    settle(service)
    while telling.tell(service):
        pass
    before = what_was_told(service)
    assert before["webhook_deliveries"], "they are sent what is reported"
    records = [a_record(1, a_credit()), a_record(2, moc(2, status="rejected"), moc(3, status="pending"), learner=TINA)]
    assert outcomes(imported(service, tmp_path, *records)) == {"read": 2, "added": 2}
    settle(service)
    while telling.tell(service):
        pass
    assert what_was_told(service) == before
