"""What providers are told of their records, in order, for those who ask instead of being called."""

from __future__ import annotations

from typing import Any

from app.services.context import Service
from app.store.sql import statements
from tests.builders.bodies import a_completion, john
from tests.harness.activity_edits import ACTIVITIES
from tests.harness.api import Api, api_of, settle
from tests.harness.refusals import assert_problem

COMPLETIONS = "/v1/learner-completions"


def told(api: Api, service: Service, after: str | None = None) -> tuple[list[Any], str]:
    settle(service)
    answer = api.get("/v1/events", limit=500, **({"after": after} if after else {}))
    assert answer.status == 200, answer.json
    return answer.json["data"], answer.json["next_cursor"]


def test_everything_is_told_in_its_order_and_once(api: Api, service: Service) -> None:
    before, start = told(api, service)
    assert [event["type"] for event in before] == ["completion.reported"] * len(before)
    first = api.report(john()).json
    api.report(john())
    path = f"{COMPLETIONS}/{first['completion_id']}"
    api.send("PUT", path, headers={"If-Match": "*"}, json=john(patient_safety=1) | {"cme": []})
    api.delete(path)
    events, end = told(api, service, start)
    cme, points = (credit["credit_id"] for credit in first["credits"])
    assert [(event["type"], event["data"].get("credit_id")) for event in events] == [
        ("completion.reported", None),
        ("credit.withdrawn", cme),
        ("credit.corrected", points),
        ("credit.withdrawn", points),
    ]
    assert {event["data"]["completion_id"] for event in events} == {first["completion_id"]}
    assert len({event["event_id"] for event in events}) == len(events)
    assert told(api, service, end)[0] == []
    again, _ = told(api, service, start)
    assert again == events


def test_events_hold_ids_and_nothing_of_anybodys_identity(api: Api, service: Service) -> None:
    _, start = told(api, service)
    api.report(john())
    events, _ = told(api, service, start)
    assert set(events[0]) == {"event_id", "type", "timestamp", "data"}
    assert set(events[0]["data"]) == {"completion_id", "activity_id", "provider_id"}


def test_a_record_that_joins_is_told_and_one_unchanged_is_not(api: Api, service: Service) -> None:
    _, start = told(api, service)
    api.report(a_completion())
    api.report(a_completion(state="ME", license_id=None))
    api.report(a_completion())
    assert [event["type"] for event in told(api, service, start)[0]] == ["completion.reported"] * 2


def test_the_close_of_an_activity_is_told(api: Api, service: Service) -> None:
    _, start = told(api, service)
    activity = api.register(
        end_date="2021-12-01",
        measured_outcomes=[{"outcome": "learner-knowledge", "objective": True}],
        commercial_support=[],
        learner_counts={"physicians": 1, "others": 0},
    )
    closed = api.post(f"{ACTIVITIES}/{activity.json['activity_id']}/close", None)
    assert closed.status == 200, closed.json
    (event,) = told(api, service, start)[0]
    assert (event["type"], event["data"]["activity_id"]) == ("activity.closed", activity.json["activity_id"])


def test_pages_go_on_where_the_last_one_ended(api: Api, service: Service) -> None:
    _, start = told(api, service)
    for day in range(1, 8):
        api.report(a_completion(completed_on=f"2021-11-0{day}"))
    settle(service)
    seen, cursor = [], start
    while True:
        page = api.get("/v1/events", after=cursor, limit=3).json
        cursor = page["next_cursor"]
        if not page["data"]:
            break
        assert len(page["data"]) <= 3
        seen += [event["event_id"] for event in page["data"]]
    assert len(seen) == len(set(seen)) == 7


def test_a_provider_is_told_of_its_own_records_only(api: Api, service: Service) -> None:
    other = api_of(api.http, service, providers=["0008002"])
    _, start = told(other, service)
    api.report(a_completion())
    events, cursor = told(other, service, start)
    assert events == []
    assert_problem(api.get("/v1/events", after=cursor), 422, "parameter-invalid")
    assert_problem(api.get("/v1/events", after="anything"), 422, "parameter-invalid")


def test_a_cursor_from_a_future_that_was_undone_is_refused(api: Api, service: Service) -> None:
    api.report(a_completion())
    _, cursor = told(api, service)

    def forget(connection: Any) -> None:
        """Put the events back to an earlier state, as a restore would."""
        if statements.on_sqlite(connection):
            statements.execute(connection, "DROP TRIGGER events_no_delete")
        else:
            statements.execute(connection, "ALTER TABLE events DISABLE TRIGGER ALL")
        statements.execute(connection, "DELETE FROM events WHERE position > 2")

    service.database.write(forget)
    assert_problem(api.get("/v1/events", after=cursor), 410, "cursor-diverged")
