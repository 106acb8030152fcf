"""Lists: pages without gaps or doubles, links without names, filters that narrow to what they say."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.domain.batches import EntryMethod
from app.schemas.completions import CompletionIn
from app.services.context import Service, operator, transact
from app.services.reporting import bulk
from tests.builders.bodies import COURSE, GRAND_ROUNDS, a_completion, john, tina
from tests.harness.api import Answer, Api, api_of, settle
from tests.harness.clock import ManualClock
from tests.harness.refusals import assert_problem

COMPLETIONS, ACTIVITIES = "/v1/learner-completions", "/v1/activities"
DAYS = [f"2021-11-{day:02}" for day in range(1, 26)]


@pytest.fixture
def reported(api: Api) -> list[str]:
    """Twenty-five completions of Rebecca Test, the newest last."""
    return [api.report(a_completion(completed_on=day, credits=1)).json["completion_id"] for day in DAYS]


def pages(api: Api, path: str = COMPLETIONS, **query: Any) -> Iterator[Answer]:
    """Follow `next_cursor` to the end."""
    answer = api.get(path, **query)
    yield answer
    while cursor := answer.json["next_cursor"]:
        answer = api.get(path, limit=query.get("limit", 50), cursor=cursor)
        assert answer.status == 200, answer.json
        yield answer


def ids(answers: Iterator[Answer] | list[Answer]) -> list[str]:
    return [completion["completion_id"] for answer in answers for completion in answer.json["data"]]


@pytest.mark.parametrize("limit", [1, 7, 24, 25, 26, 500])
def test_pages_hold_every_completion_once_newest_first(api: Api, reported: list[str], limit: int) -> None:
    found = list(pages(api, limit=limit, activity_id=GRAND_ROUNDS))
    assert ids(found) == sorted(reported, reverse=True)
    assert all(len(answer.json["data"]) <= limit for answer in found)
    assert found[-1].json["next_cursor"] is None
    assert "link" not in found[-1].response.headers


def test_the_link_header_leads_through_the_same_pages(api: Api, reported: list[str]) -> None:
    answer = api.get(COMPLETIONS, limit=10, activity_id=GRAND_ROUNDS, last_name="Test")
    found = ids([answer])
    while link := answer.response.headers.get("link"):
        address, _, relation = link.partition("; ")
        assert relation == 'rel="next"'
        answer = api.send("GET", address.strip("<>"))
        found += ids([answer])
    assert found == sorted(reported, reverse=True)


def test_links_and_cursors_hold_no_names(api: Api, reported: list[str]) -> None:
    answer = api.get(COMPLETIONS, limit=1, first_name="Rebecca", last_name="Test", activity_id=GRAND_ROUNDS)
    cursor = answer.json["next_cursor"]
    opened = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    for secret in ("rebecca", "test", GRAND_ROUNDS, "last_name", reported[-1]):
        assert secret not in answer.response.headers["link"].lower()
        assert secret.encode() not in opened.lower()


def test_pages_stay_whole_while_others_add_and_withdraw(api: Api, service: Service, reported: list[str]) -> None:
    stop, troubles = threading.Event(), []

    def disturb() -> None:
        for n in range(1, 60):
            made = api.report(tina(f"2021-10-{n % 28 + 1:02}"))
            gone = api.delete(f"{COMPLETIONS}/{made.json.get('completion_id')}")
            if (made.status, gone.status) != (201, 204):
                troubles.append((made.json, gone.status))
            if stop.is_set():
                break

    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        for limit in (1, 3, 10):
            found = ids(pages(api, limit=limit, activity_id=GRAND_ROUNDS))
            assert len(found) == len(set(found))
            assert [completion_id for completion_id in found if completion_id in set(reported)] == sorted(
                reported, reverse=True
            )
    finally:
        stop.set()
        thread.join(60)
    assert troubles == []
    settle(service)


def test_a_page_goes_on_where_it_was_when_its_last_row_is_withdrawn(api: Api, reported: list[str]) -> None:
    first = api.get(COMPLETIONS, limit=5, activity_id=GRAND_ROUNDS)
    for completion_id in ids([first]):
        assert api.delete(f"{COMPLETIONS}/{completion_id}").status == 204
    api.report(tina())
    second = api.get(COMPLETIONS, limit=500, cursor=first.json["next_cursor"])
    assert ids([second]) == sorted(reported, reverse=True)[5:]


def test_activities_come_in_pages_by_id(api: Api) -> None:
    made = {api.register(title=f"Course {n}").json["activity_id"] for n in range(9)}
    found = [activity["activity_id"] for answer in pages(api, ACTIVITIES, limit=4) for activity in answer.json["data"]]
    assert found == sorted(found)
    assert len(found) == len(set(found))
    assert made < set(found)


def test_a_limit_above_five_hundred_is_lowered(api: Api, service: Service) -> None:
    free = api.register(format="journal-cme").json["activity_id"]
    bodies = [a_completion(free, "2021-06-01", credits=1, occasion=number) for number in range(1, 503)]
    reports = [
        CompletionIn.model_validate(body).as_report("0008001", service.clock(), EntryMethod.API) for body in bodies
    ]
    transact(operator(service, "0008001"), bulk.submit_all, reports)
    found = list(pages(api, limit=10**9, activity_id=free))
    assert [len(answer.json["data"]) for answer in found] == [500, 2]
    assert len(set(ids(found))) == 502


def test_a_page_has_fifty_rows_unless_asked_otherwise(api: Api) -> None:
    for n in range(55):
        assert api.register(title=f"Course {n}").status == 201
    assert len(api.get(ACTIVITIES).json["data"]) == 50


def test_a_cursor_belongs_to_its_client_its_list_and_its_filters(
    api: Api, http: TestClient, service: Service, reported: list[str]
) -> None:
    cursor = api.get(COMPLETIONS, limit=1, activity_id=GRAND_ROUNDS).json["next_cursor"]
    twin = api_of(http, service, "twin", providers=["0008001"])
    refused = [
        twin.get(COMPLETIONS, cursor=cursor),
        api.get(ACTIVITIES, cursor=cursor),
        api.get(COMPLETIONS, cursor=cursor, activity_id=COURSE),
        api.get(COMPLETIONS, cursor=cursor, activity_id=GRAND_ROUNDS, kind="cme"),
        *(
            api.get(COMPLETIONS, cursor=broken)
            for broken in (cursor[:-1], cursor + "A", cursor[::-1], "A" + cursor[1:])
        ),
    ]
    for answer in refused:
        assert_problem(answer, 422, "parameter-invalid")
    assert api.get(COMPLETIONS, cursor=cursor, activity_id=GRAND_ROUNDS).status == 200


def test_a_cursor_belongs_to_the_provider_acted_for(http: TestClient, service: Service, reported: list[str]) -> None:
    both = api_of(http, service, "both", role="vendor", providers=["0008001", "0008002"])
    ours, theirs = {"PARS-Provider": "0008001"}, {"PARS-Provider": "0008002"}
    cursor = both.send("GET", f"{COMPLETIONS}?limit=1", ours).json["next_cursor"]
    assert both.send("GET", f"{COMPLETIONS}?cursor={cursor}", ours).status == 200
    assert_problem(both.send("GET", f"{COMPLETIONS}?cursor={cursor}", theirs), 422, "parameter-invalid")


def test_every_list_that_can_be_asked_for_has_a_second_page(api: Api) -> None:
    names = [f"{'internal id of the department':<40}{n:03}" for n in range(100)]
    for name in names[:2]:
        assert api.register(internal_id=name).status == 201
    found = [
        activity["internal_id"]
        for p in pages(api, ACTIVITIES, limit=1, internal_id=names)
        for activity in p.json["data"]
    ]
    assert sorted(found) == names[:2]


def test_each_filter_narrows_to_what_it_says(api: Api, clock: ManualClock) -> None:
    rebecca = api.report(a_completion(completed_on="2021-12-01", reference="ccid:r")).json
    clock.now = clock.now.replace(day=22)
    tinas = api.report(tina("2021-12-05")).json
    johns = api.report(john()).json
    both = {completion["completion_id"]: completion for completion in (rebecca, tinas, johns)}
    r, t, j = both
    expected: list[tuple[dict[str, Any], set[str]]] = [
        ({}, {r, t, j}),
        ({"activity_id": GRAND_ROUNDS}, {r, t}),
        ({"activity_id": [GRAND_ROUNDS, COURSE]}, {r, t, j}),
        ({"activity_id": ""}, set()),
        ({"first_name": "REBECCA"}, {r}),
        ({"last_name": "Kar-acmé"}, {t}),
        ({"first_name": "Tina", "last_name": "Test"}, set()),
        ({"board": "ABA"}, {t}),
        ({"board": "American Board of Anesthesiology"}, {t}),
        ({"board": ["ABA", "ABIM"]}, {t, j}),
        ({"board": "TN-M"}, {r, j}),
        ({"board": "nope"}, set()),
        ({"kind": "cme"}, {r, j}),
        ({"kind": "moc"}, {t, j}),
        ({"kind": ["cme", "moc"]}, {r, t, j}),
        ({"kind": "moc", "board": "TN-M"}, set()),
        ({"status": "withdrawn"}, set()),
        ({"status": ["pending", "accepted"]}, {r, t, j}),
        ({"learner_id": rebecca["learner"]["learner_id"]}, {r}),
        ({"learner_id": "lrn_x"}, set()),
        ({"client_reference": "ccid:r"}, {r}),
        ({"client_reference": "ccid:R"}, set()),
        ({"client_reference": "ccid:r", "kind": "moc"}, set()),
        ({"completed_from": "2021-12-01"}, {r, t}),
        ({"completed_from": "2021-12-02"}, {t}),
        ({"completed_to": "2021-12-01"}, {r, j}),
        ({"completed_from": "2021-12-01", "completed_to": "2021-12-01"}, {r}),
        ({"submitted_from": "2021-12-21"}, {t, j}),
        ({"submitted_to": "2021-12-21", "submitted_from": "2021-12-20"}, {r}),
        ({"submitted_from": "2021-12-22", "submitted_to": "2021-12-22"}, {t, j}),
        ({"submitted_from": "2021-12-23"}, set()),
    ]
    for query, found in expected:
        listed = {completion["completion_id"] for completion in api.completions(limit=500, **query)}
        assert listed & set(both) == found, query


def test_a_listed_completion_is_the_one_read_alone(api: Api) -> None:
    made = api.report(john()).json
    (listed,) = api.completions(activity_id=COURSE)
    alone = api.get(f"{COMPLETIONS}/{made['completion_id']}")
    assert listed == {name: value for name, value in alone.json.items() if name != "report"}
    assert alone.response.headers["etag"] == f'"{made["version"]}"'
    assert {name: made[name] for name in listed} == listed
