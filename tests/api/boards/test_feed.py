"""Boards: everything that is theirs once and in order, and their decisions back at the record."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from app.services.boards import decisions as board_decisions
from app.services.context import Service
from app.store import feed
from app.store.sql import statements
from tests.builders.bodies import a_completion, john, tina
from tests.harness.api import Answer, Api, api_of, settle
from tests.harness.clock import ManualClock
from tests.harness.refusals import assert_problem
from tests.harness.wire import at_once

FEED = "/v1/board-feed"
COMPLETIONS = "/v1/learner-completions"


@pytest.fixture
def aba(api: Api, service: Service) -> Api:
    return api_of(api.http, service, "ABA", role="board", board="ABA")


@pytest.fixture
def tennessee(api: Api, service: Service) -> Api:
    return api_of(api.http, service, "TN", role="board", board="TN-M")


def read(board: Api, service: Service, after: str | None = None, limit: int = 500) -> tuple[list[Any], str]:
    settle(service)
    answer = board.get(FEED, limit=limit, **({"after": after} if after else {}))
    assert answer.status == 200, answer.json
    return answer.json["data"], answer.json["next_cursor"]


def told_last(board: Api, service: Service, credit_id: str) -> Any:
    return [credit for credit in read(board, service)[0] if credit["credit_id"] == credit_id][-1]


def decide(board: Api, service: Service, credit_id: str, decision: str = "accepted", **reason: str) -> Any:
    event = told_last(board, service, credit_id)
    body = {"credit_id": credit_id, "position": event["position"], "decision": decision, **reason}
    return posted(board, body)[0]


def posted(board: Api, *decisions: Any) -> list[str]:
    answer = board.post(f"{FEED}/decisions", {"decisions": list(decisions)})
    assert answer.status == 200, answer.json
    return [decision["result"] for decision in answer.json["data"]]


def credit_of(api: Api, reported: Any, place: int = 0) -> Any:
    return api.get(f"{COMPLETIONS}/{reported['completion_id']}").json["credits"][place]


def put(api: Api, reported: Any, body: Any) -> Answer:
    return api.send("PUT", f"{COMPLETIONS}/{reported['completion_id']}", headers={"If-Match": "*"}, json=body)


def test_the_slides_rejected_line_comes_back_with_its_reason(api: Api, aba: Api, service: Service) -> None:
    reported = api.report(tina()).json
    (credit,) = reported["credits"]
    event = told_last(aba, service, credit["credit_id"])
    assert event["event"] == "credit.reported"
    assert event["learner_board_id"] == "35867909"
    assert event["learner"] == {"first_name": "Tina", "last_name": "Karacme", "date_of_birth": "11/24"}
    assert (event["credits"], event["credit_types"]) == (0.25, [{"type": "Lifelong Learning", "credits": 0.25}])
    assert event["activity"]["title"] == "Grand Rounds Anesthesia"
    assert event["provider"] == {"provider_id": "0008001", "name": "Western Regional Medical Center"}
    assert (
        decide(aba, service, credit["credit_id"], "rejected", reason_code="id-unknown", reason="Nobody.") == "applied"
    )
    after = credit_of(api, reported)
    assert (after["status"], after["status_reason"], after["status_text"]) == ("rejected", "id-unknown", "Nobody.")
    settle(service)
    (told,) = api.get("/v1/events", limit=500).json["data"][-1:]
    assert (told["type"], told["data"]["credit_id"]) == ("credit.decided", credit["credit_id"])


def test_positions_have_no_gaps_and_a_feed_is_read_once_in_order(api: Api, tennessee: Api, service: Service) -> None:
    _, start = read(tennessee, service)
    reported = [api.report(a_completion(completed_on=f"2021-11-0{day}")).json for day in range(1, 8)]
    put(api, reported[0], a_completion(completed_on="2021-11-01", credits=3))
    api.delete(f"{COMPLETIONS}/{reported[1]['completion_id']}")
    seen, cursor = [], start
    while True:
        page, cursor = read(tennessee, service, cursor, limit=2)
        if not page:
            break
        seen += page
    ids = [credit["credits"][0]["credit_id"] for credit in reported]
    assert [credit["credit_id"] for credit in seen] == [*ids, ids[0], ids[1]]
    assert [event["event"] for event in seen[7:]] == ["credit.corrected", "credit.withdrawn"]
    assert [event["position"] for event in seen] == list(range(seen[0]["position"], seen[0]["position"] + 9))


def test_a_board_sees_nothing_of_other_boards(api: Api, aba: Api, tennessee: Api, service: Service) -> None:
    reported = api.report(john()).json
    assert reported["credits"][0]["board"] == "TN-M"
    assert all(credit["credit_id"] != reported["credits"][0]["credit_id"] for credit in read(aba, service)[0])
    event = told_last(tennessee, service, reported["credits"][0]["credit_id"])
    assert "999999" not in str(event)
    foreign = {"credit_id": reported["credits"][0]["credit_id"], "position": event["position"], "decision": "accepted"}
    assert posted(aba, foreign) == ["unknown"]
    _, cursor = read(tennessee, service)
    assert_problem(aba.get(FEED, after=cursor), 422, "parameter-invalid")


def test_only_a_boards_own_client_has_a_feed(api: Api, service: Service) -> None:
    operator = api_of(api.http, service, "operator", role="operator")
    for client in (api, operator):
        assert_problem(client.get(FEED), 403, "forbidden")
        assert_problem(client.get(f"{FEED}/summary"), 403, "forbidden")


def test_a_decision_is_about_the_credit_as_it_was_told(api: Api, aba: Api, service: Service) -> None:
    reported = api.report(tina()).json
    credit_id = reported["credits"][0]["credit_id"]
    first = told_last(aba, service, credit_id)["position"]
    body = {"credit_id": credit_id, "position": first, "decision": "accepted"}
    assert posted(aba, body, body) == ["applied", "unchanged"]
    # Corrected, and not yet told: the board decides on what stands no more.
    put(api, reported, tina(total=0.5))
    assert posted(aba, body | {"decision": "rejected"}) == ["stale"]
    assert credit_of(api, reported)["status"] == "pending"
    assert decide(aba, service, credit_id) == "applied"
    assert posted(aba, body) == ["stale"]
    api.delete(f"{COMPLETIONS}/{reported['completion_id']}")
    assert posted(aba, body | {"position": told_last(aba, service, credit_id)["position"]}) == ["stale"]
    assert posted(aba, body | {"credit_id": "nothing"}) == ["unknown"]


def test_a_rejected_credit_holds_nothing_and_can_go_out_again(api: Api, aba: Api, service: Service) -> None:
    reported = api.report(tina(total=0.25)).json
    credit_id = reported["credits"][0]["credit_id"]
    assert api.report(tina(total=0.5)).codes == {"one-record-per-day"}
    assert decide(aba, service, credit_id, "rejected", reason_code="duplicate") == "applied"
    again = api.report(tina(total=0.5)).json
    assert (again["outcome"], again["completion_id"]) == ("joined", reported["completion_id"])
    # Its place is taken: the board cannot have both.
    event = told_last(aba, service, credit_id)
    assert posted(aba, {"credit_id": credit_id, "position": event["position"], "decision": "accepted"}) == ["stale"]
    settle(service)


def test_a_later_decision_replaces_an_earlier_one_and_both_are_kept(api: Api, aba: Api, service: Service) -> None:
    reported = api.report(tina()).json
    credit_id = reported["credits"][0]["credit_id"]
    for decision, status in (("rejected", "rejected"), ("accepted", "accepted"), ("rejected", "rejected")):
        assert decide(aba, service, credit_id, decision) == "applied"
        assert credit_of(api, reported)["status"] == status
    kept = service.database.read(
        lambda connection: statements.fetch(
            connection, "SELECT decision, reason_code FROM decisions WHERE credit_id = :id ORDER BY decision_id",
            {"id": credit_id},
        )
    )  # fmt: skip
    assert kept == [("rejected", "other"), ("accepted", None), ("rejected", "other")]
    history = api.get(f"{COMPLETIONS}/{reported['completion_id']}/history").json["data"]
    assert [version["action"] for version in history] == ["decided", "decided", "decided", "created"]
    settle(service)


def test_the_maximum_is_not_passed_by_a_board_that_changes_its_mind(api: Api, aba: Api, service: Service) -> None:
    moc = [{"board": "ABA", "points": 1, "credit_types": ["Lifelong Learning"], "content_outline": ["1.1"]}]
    activity = api.register(moc=moc).json["activity_id"]
    first = api.report(tina("2021-06-01", 1) | {"activity_id": activity}).json
    assert decide(aba, service, first["credits"][0]["credit_id"], "rejected") == "applied"
    assert api.report(tina("2021-06-02", 1) | {"activity_id": activity}).status == 201
    assert decide(aba, service, first["credits"][0]["credit_id"], "accepted") == "stale"
    settle(service)


def test_a_board_that_does_not_decide_has_accepted_what_it_shows_to_hold(
    api: Api, tennessee: Api, service: Service
) -> None:
    reported = api.report(a_completion()).json
    _, cursor = read(tennessee, service)
    board_decisions.settle_next(service)
    assert credit_of(api, reported)["status"] == "pending"
    read(tennessee, service, cursor)
    while board_decisions.settle_next(service):
        pass
    assert credit_of(api, reported)["status"] == "accepted"
    put(api, reported, a_completion(credits=3))
    read(tennessee, service, cursor)
    assert board_decisions.settle_next(service) == 0
    assert credit_of(api, reported)["status"] == "pending"
    settle(service)


def test_decisions_may_come_as_a_table(api: Api, aba: Api, service: Service) -> None:
    reported = api.report(tina()).json
    event = told_last(aba, service, reported["credits"][0]["credit_id"])
    table = (
        "\ufeffposition,credit_id,decision,reason_code,reason\r\n"
        f'{event["position"]},{event["credit_id"]},rejected,name-differs,"Known as ""Tina, C."""\r\n'
        f"{event['position']},nothing,accepted,,\r\n\r\n"
    )
    answer = aba.send("POST", f"{FEED}/decisions", headers={"Content-Type": "text/csv"}, content=table.encode())
    assert [decision["result"] for decision in answer.json["data"]] == ["applied", "unknown"]
    assert answer.json["summary"] == {"applied": 1, "unchanged": 0, "stale": 0, "unknown": 1}
    assert credit_of(api, reported)["status_text"] == 'Known as "Tina, C."'


@pytest.mark.parametrize(
    ("table", "status", "code"),
    [
        (b"", 422, "invalid-request"),
        (b"credit_id,credit_id\nx,y\n", 422, "invalid-request"),
        (b"credit_id,position,decision\nx,one,accepted\n", 422, "invalid-request"),
        (b"credit_id,position,decision\nx,1,accepted,more\n", 400, "unreadable"),
        (b"credit_id,position,decision\nx,1,\"accepted\n", 400, "unreadable"),
        (b"credit_id,position,decision,colour\nx,1,accepted,red\n", 422, "invalid-request"),
        (b"\xff\xfe\x00\x00", 400, "unreadable"),
        (b"credit_id,position,decision\nx,1,maybe\n", 422, "invalid-request"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_read_is_refused_whole(aba: Api, table: bytes, status: int, code: str) -> None:
    answer = aba.send("POST", f"{FEED}/decisions", headers={"Content-Type": "text/csv"}, content=table)
    assert_problem(answer, status, code)


def test_the_summary_counts_what_waits_too_long(api: Api, aba: Api, service: Service, clock: ManualClock) -> None:
    before = aba.get(f"{FEED}/summary").json
    api.report(tina("2021-12-01"))
    rejected = api.report(tina("2021-12-02")).json
    decide(aba, service, rejected["credits"][0]["credit_id"], "rejected")
    now = aba.get(f"{FEED}/summary").json
    assert (now["pending"] - before["pending"], now["rejected"] - before["rejected"]) == (1, 1)
    assert now["overdue"] == before["overdue"]
    clock.now += timedelta(hours=25)
    assert aba.get(f"{FEED}/summary").json["overdue"] == now["overdue"] + 1


def test_a_cursor_from_a_future_that_was_undone_is_refused(api: Api, tennessee: Api, service: Service) -> None:
    api.report(a_completion())
    _, cursor = read(tennessee, service)

    def forget(connection: Any) -> None:
        """Put the feed back to an earlier state, as a restore would."""
        off = (
            "DROP TRIGGER feed_no_delete"
            if statements.on_sqlite(connection)
            else "ALTER TABLE feed DISABLE TRIGGER ALL"
        )
        statements.execute(connection, off)
        statements.execute(connection, "DELETE FROM feed WHERE board = :board", {"board": "TN-M"})

    service.database.write(forget)
    assert_problem(tennessee.get(FEED, after=cursor), 410, "cursor-diverged")


def test_a_cursor_of_two_values_is_read_as_before(api: Api, aba: Api, service: Service) -> None:
    """They were given before cursors told of decisions."""
    reported = [api.report(tina(f"2021-12-0{day}")).json for day in (1, 2)]
    decide(aba, service, reported[0]["credits"][0]["credit_id"])
    (event, *_), cursor = read(aba, service, limit=1)
    bound = f"{aba.client_id} None {FEED}"
    position, event_id, decision_id = json.loads(service.keyring.unseal("cursor", cursor, bound) or "")
    assert (position, bool(decision_id)) == (event["position"], True)
    old, other = (
        service.keyring.seal("cursor", json.dumps(cursor).encode(), bound)
        for cursor in ([position, event_id], [1, "x"])
    )
    assert [event["position"] for event in read(aba, service, old)[0]] == [position + 1]
    assert_problem(aba.get(FEED, after=other), 410, "cursor-diverged")


def test_the_cursor_of_an_answer_goes_on_where_the_board_has_read(
    api: Api, aba: Api, tennessee: Api, service: Service
) -> None:
    for day in (1, 2):
        api.report(tina(f"2021-12-0{day}"))
    (event,), cursor = read(aba, service, limit=1)
    body = {"decisions": [{"credit_id": event["credit_id"], "position": event["position"], "decision": "accepted"}]}
    answer = aba.send("POST", f"{FEED}/decisions", params={"after": cursor}, json=body).json
    assert [event["position"] for event in read(aba, service, answer["next_cursor"])[0]] == [event["position"] + 1]
    again = aba.send("POST", f"{FEED}/decisions", params={"after": cursor}, json=body).json
    assert again["summary"]["unchanged"] == 1
    assert [event["position"] for event in read(aba, service, again["next_cursor"])[0]] == [event["position"] + 1]
    assert aba.post(f"{FEED}/decisions", body).json["next_cursor"] is None
    _, foreign = read(tennessee, service)
    refused = aba.send("POST", f"{FEED}/decisions", params={"after": foreign}, json=body)
    assert_problem(refused, 422, "parameter-invalid")


def test_the_last_decision_is_the_one_that_was_committed_last(api: Api, service: Service) -> None:
    """Its id is no sign of that: several processes make them."""
    credit_id = api.report(tina()).json["credits"][0]["credit_id"]
    for decision_id in ("2", "1"):
        row = {
            "decision_id": decision_id, "commit_id": decision_id, "board": "ABA", "credit_id": credit_id,
            "position": 1, "decision": "accepted", "at": service.clock(),
        }  # fmt: skip
        service.database.write(lambda connection, row=row: feed.add_decisions(connection, "ABA", [row]))
        assert service.database.read(lambda connection: feed.last_decision(connection, "ABA")) == decision_id
    assert service.database.read(lambda connection: feed.has_decided(connection, "ABA", "2"))
    assert not service.database.read(lambda connection: feed.has_decided(connection, "TN-M", "2"))


def test_decisions_and_corrections_at_the_same_moment_end_in_one_order(api: Api, aba: Api, service: Service) -> None:
    for round in range(3):
        reported = api.report(tina(f"2021-12-0{round + 1}")).json
        credit_id = reported["credits"][0]["credit_id"]
        event = told_last(aba, service, credit_id)
        body = {"credit_id": credit_id, "position": event["position"], "decision": "accepted"}
        decided, corrected = at_once(
            [
                partial(aba.post, f"{FEED}/decisions", {"decisions": [body]}),
                partial(put, api, reported, tina(f"2021-12-0{round + 1}", total=0.5)),
            ]
        )
        assert corrected.status == 200
        assert decided.json["data"][0]["result"] in ("applied", "stale")
        assert credit_of(api, reported)["status"] == "pending"
        settle(service)


def test_what_was_reported_by_a_learner_id_is_told_with_the_names_on_file(
    api: Api, tennessee: Api, service: Service
) -> None:
    learner_id = api.report(a_completion()).json["learner"]["learner_id"]
    body = a_completion(completed_on="2021-12-13", license_id=None) | {"learner": {"learner_id": learner_id}}
    reported = api.report(body).json
    event = told_last(tennessee, service, reported["credits"][0]["credit_id"])
    assert event["learner"] == {"first_name": "Rebecca", "last_name": "Test", "date_of_birth": "02/01"}
    assert event["learner_board_id"] == "444444"
