"""Merging providers beside all that is reported for them: each request has one true answer, and nothing is lost."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.core.errors import OperatorFault
from app.services.access import provider_merging
from app.services.access.authentication import FRESH_SECONDS
from app.services.context import Service, operator, transact
from app.store.sql import statements
from tests.builders.bodies import a_completion
from tests.builders.sent_files import row, tab_text
from tests.harness.api import Answer, Api, api_of, settle
from tests.harness.board_views import live, replayed
from tests.harness.databases import ON_SQLITE
from tests.harness.processes import eventually
from tests.harness.uploads import upload, work_through
from tests.harness.wire import at_once

ONE, INTO = "0008001", "0008777"
DAYS = [date(2021, 12, 1) + timedelta(days=day) for day in range(12)]


def merge(service: Service) -> None:
    planned = transact(operator(service), provider_merging.plan, ONE, INTO)
    transact(operator(service), provider_merging.announce, planned, "a")
    time.sleep(FRESH_SECONDS)
    transact(operator(service), provider_merging.merge, ONE, INTO)


def left_behind(service: Service) -> list[Any]:
    counts = " UNION ALL ".join(
        f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {table} WHERE provider_id = '{ONE}')"
        for table in ("activities", "completions", "batches", "held_records", "completion_references")
    )
    return service.database.read(lambda connection: statements.fetch(connection, counts))


def test_reports_beside_a_merge_are_all_there_and_once(http: TestClient, api: Api, service: Service) -> None:
    vendor = api_of(http, service, "vendor", role="vendor", providers=[ONE])
    staying = api_of(http, service, "staying", providers=[INTO])
    begun, stop = threading.Event(), threading.Event()
    answers: list[Answer] = []

    def report(place: int) -> None:
        client, named = ((api, {}), (vendor, {"PARS_Provider": ONE}))[place % 2]
        for day in DAYS[place::4]:
            body = a_completion(completed_on=day.isoformat(), credits=0.25)
            key = {"Idempotency_Key": f"{place}-{day}"} if place > 1 else {}
            answers.extend(client.report(body, **named, **key) for _ in range(2))
            begun.set()
        n = 0
        while not stop.is_set() and n < 40:
            n += 1
            answers.append(client.post("/v1/activities", _activity(place, n), **named))

    with ThreadPoolExecutor(5) as threads:
        working = [threads.submit(report, place) for place in range(4)]
        begun.wait(10)
        merge(service)
        stop.set()
        for work in working:
            work.result()
    assert {answer.status for answer in answers} <= {200, 201}, [a.json for a in answers if a.status > 201]
    made = {answer.json["activity_id"] for answer in answers if "completion_id" not in answer.json}
    listed = {one["activity_id"] for one in _all(staying, "/v1/activities")}
    assert made <= listed
    reported = {answer.json["completion_id"] for answer in answers if "completion_id" in answer.json}
    assert len(reported) == len(DAYS)
    assert reported <= {one["completion_id"] for one in _all(staying, "/v1/learner-completions")}
    assert left_behind(service) == []
    settle(service)
    assert replayed(service) == live(service)


def _activity(place: int, number: int) -> dict[str, Any]:
    return {
        "title": f"{place} {number}", "format": "live-course", "start_date": "2021-01-01", "end_date": "2021-01-01",
        "internal_id": f"{place}-{number}",
    }  # fmt: skip


def _all(api: Api, path: str) -> list[Any]:
    found: list[Any] = []
    cursor: dict[str, str] = {}
    while True:
        page = api.get(path, limit=500, **cursor).json
        found += page["data"]
        if page["next_cursor"] is None:
            return found
        cursor = {"cursor": page["next_cursor"]}


def merged_as_by_command(service: Service, one: str, into: str) -> str:
    try:
        planned = transact(operator(service), provider_merging.plan, one, into)
        provider_merging.announce_and_merge(service, planned)
    except OperatorFault as fault:
        return str(fault)
    return "merged"


def announced(service: Service) -> list[Any]:
    sql = "SELECT provider_id FROM providers WHERE merging_into IS NOT NULL"
    return service.database.read(lambda connection: statements.fetch_column(connection, sql))


@pytest.fixture
def without_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider_merging, "PAUSE", 0)


@pytest.mark.usefixtures("without_pause")
def test_of_merges_of_two_providers_into_each_other_one_is_done(http: TestClient, api: Api, service: Service) -> None:
    staying = api_of(http, service, "staying", providers=[INTO])
    assert api.report(a_completion()).status == 201
    calls = [partial(merged_as_by_command, service, *pair) for pair in ((ONE, INTO), (INTO, ONE)) * 3]
    answers = at_once(calls)
    assert answers.count("merged") == 1
    assert sum("are one provider already" in answer for answer in answers) == 5, answers
    time.sleep(FRESH_SECONDS)
    for client in (api, staying):
        for named in (ONE, INTO):
            again = client.report(a_completion(), PARS_Provider=named)
            assert (again.status, again.json["outcome"]) == (200, "unchanged")
    assert announced(service) == []
    settle(service)


@ON_SQLITE
@pytest.mark.usefixtures("without_pause")
def test_an_announcement_whose_command_was_killed_ends_with_the_merge_the_other_way_round(
    http: TestClient, api: Api, service: Service
) -> None:
    api_of(http, service, "staying", providers=[INTO])
    planned = transact(operator(service), provider_merging.plan, ONE, INTO)
    transact(operator(service), provider_merging.announce, planned, "a")
    assert api.report(a_completion()).status == 201
    assert merged_as_by_command(service, INTO, ONE) == "merged"
    assert announced(service) == []
    settle(service)


def test_an_announcement_is_withdrawn_by_who_made_it(
    api: Api, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three operators merge the same provider; two think better of it while they wait, the third goes on."""
    planned = transact(operator(service), provider_merging.plan, ONE, "0008002")
    waiting = threading.Barrier(4)
    ends = [threading.Event() for _ in range(3)]
    places = iter(range(3))
    stood: list[int] = []

    def pause(_: float) -> None:
        place = next(places)
        waiting.wait(10)
        ends[place].wait(10)
        if place < 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(provider_merging, "sleep", pause)
    with ThreadPoolExecutor(3) as threads:
        commands = [threads.submit(provider_merging.announce_and_merge, service, planned) for _ in range(3)]
        waiting.wait(10)
        for left, end in enumerate(ends, start=1):
            stood.append(len(announced(service)))
            end.set()
            eventually(partial(_ended, commands, left))
    assert stood == [1, 1, 1], "the provider stays announced for the one that goes on"
    ended = [command.exception() for command in commands]
    assert sorted(type(error).__name__ for error in ended) == ["KeyboardInterrupt", "KeyboardInterrupt", "NoneType"]
    assert announced(service) == []
    settle(service)


def _ended(commands: list[Future[Any]], count: int) -> bool:
    return sum(command.done() for command in commands) == count


def test_files_beside_a_merge_end_as_if_there_had_been_none(http: TestClient, api: Api, service: Service) -> None:
    staying = api_of(http, service, "staying", providers=[INTO])
    content = tab_text([row(Completion_Date=f"{day:%m/%d/%Y}", **{"Number of CME Credits": 0.25}) for day in DAYS])
    sent = [upload(api, content), upload(api, tab_text([row(Date_of_Birth="13/45")] * 12))]
    with ThreadPoolExecutor(2) as threads:
        working = threads.submit(work_through, service, 1)
        merging = threads.submit(merge, service)
        merging.result()
        working.result()
    work_through(service)
    first, second = (staying.get(f"/v1/batches/{one.json['batch_id']}").json for one in sent)
    assert (first["status"], first["counts"]["added"]) == ("completed", len(DAYS))
    assert (second["status"], second["counts"]["rejected"]) == ("completed", 12)
    rules = staying.get(f"/v1/batches/{second['batch_id']}/rows", limit=500).json["data"]
    assert "forbidden" not in {finding["rule"] for one in rules for finding in one["findings"]}
    assert left_behind(service) == []
    settle(service)
