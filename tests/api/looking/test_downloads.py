"""Links by which an export is taken once, without a key."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.core.security import digest_of
from app.domain.access.credentials import KeyKind
from app.domain.exports import MOST_SHEET_ROWS
from app.services.access import client_keys, clients, management
from app.services.access.retention import run as run_retention
from app.services.context import Service, operator, transact
from app.services.looking import exports
from app.store.sql import statements
from tests.builders.bodies import a_completion
from tests.harness.api import Answer, Api, api_of
from tests.harness.clock import ManualClock
from tests.harness.refusals import assert_problem
from tests.harness.wire import at_once

PATH = "/v1/downloads"


@pytest.fixture(autouse=True)
def reported(api: Api) -> None:
    assert api.report(a_completion()).status == 201


def make(api: Api, kind: str = "learner-completions", format: str = "csv", **query: Any) -> Answer:
    return api.post(PATH, {"kind": kind, "format": format, "query": query})


def link(api: Api, **query: Any) -> str:
    made = make(api, **query)
    assert made.status == 201, made.json
    url: str = made.json["url"]
    return url


def follow(api: Api, url: str, method: str = "GET", **headers: str) -> Answer:
    """Follow a link as a browser does: without a key."""
    return Answer(api.http.request(method, url, headers=headers))


def test_a_link_leads_to_the_export_once(api: Api) -> None:
    made = make(api, last_name=["Test"], sort="-completed_on")
    assert made.response.headers["cache-control"] == "no-store, no-transform"
    assert made.response.headers["location"] == made.json["url"]
    assert made.json["expires_at"] == "2021-12-20T15:10:00Z"
    first = follow(api, made.json["url"])
    assert first.status == 200
    direct = api.get("/v1/learner-completions:export", format="csv", last_name="Test", sort="-completed_on")
    assert first.response.content == direct.response.content
    assert first.response.headers["cache-control"] == "no-store"
    assert_problem(follow(api, made.json["url"]), 410, "download-gone")
    assert follow(api, made.json["url"], "HEAD").status == 410


@pytest.mark.parametrize("format", ["xlsx", "csv", "ndjson"])
@pytest.mark.parametrize("kind", ["learner-completions", "activities", "activity-summaries", "credit-lines"])
def test_every_list_can_be_taken_in_every_format(api: Api, kind: str, format: str) -> None:
    url = link(api, kind=kind, format=format)
    assert follow(api, url).response.content == api.get(f"/v1/{kind}:export", format=format).response.content


def test_what_a_link_asks_for_stands_in_no_address_and_not_in_the_database(api: Api, service: Service) -> None:
    url = link(api, last_name=["Beeblebrox"], q="Zaphod")
    token = url.rpartition("/")[2]

    def stored(connection: Any) -> list[Any]:
        return statements.fetch(connection, "SELECT * FROM downloads")

    ((before),) = service.database.read(stored)
    assert digest_of(token) in before
    assert not any(
        word in str(before) + url for word in (token, "Beeblebrox", "Zaphod") if word != token or word in str(before)
    )
    follow(api, url)
    ((after),) = service.database.read(stored)
    assert "" in after, "what was asked for is forgotten once it was used"


def test_a_link_is_over_after_ten_minutes(api: Api, clock: ManualClock) -> None:
    url = link(api)
    clock.now += timedelta(minutes=9, seconds=59)
    assert follow(api, url, "HEAD").status == 200
    clock.now += timedelta(seconds=1)
    assert_problem(follow(api, url), 410, "download-gone")


@pytest.mark.parametrize("asked", ["bytes=0-0", "bytes=100-", "bytes=-5", "bytes=0-0,5-6", "lines=1-"])
def test_a_head_or_a_request_for_a_part_uses_nothing_up(api: Api, asked: str) -> None:
    url = link(api)
    head = follow(api, url, "HEAD")
    assert (head.status, head.response.content) == (200, b"")
    refused = follow(api, url, Range=asked)
    assert_problem(refused, 416, "range-refused")
    assert refused.response.headers["accept-ranges"] == "none"
    assert follow(api, url, Range="bytes=0-").status == 200
    assert_problem(follow(api, url, Range="bytes=0-"), 410, "download-gone")


def test_of_many_who_follow_a_link_at_once_one_has_the_file(api: Api) -> None:
    url = link(api)
    found = at_once([lambda: follow(api, url).status] * 8)
    assert found.count(200) == 1
    # Who comes while four others are about to begin is told to wait, and finds it used afterwards.
    assert set(found) <= {200, 410, 429}
    assert_problem(follow(api, url), 410, "download-gone")


def test_what_is_no_link_is_not_found(api: Api) -> None:
    assert_problem(follow(api, f"{PATH}/nobody-made-this"), 404, "not-found")
    assert follow(api, f"{PATH}/é%00x").status == 404


def test_a_link_is_no_key_and_a_key_changes_nothing_about_it(http: TestClient, service: Service, api: Api) -> None:
    other = api_of(http, service, "other", providers=["0008002"])
    url = link(api)
    with_key = other.get(url)
    assert with_key.status == 200
    rows = list(csv.DictReader(io.StringIO(with_key.response.content.decode("utf-8-sig"))))
    assert rows, "it leads to what its maker may have, whoever follows it"
    assert api.send("GET", "/v1/me", headers={"Authorization": f"Bearer {url.rpartition('/')[2]}"}).status == 401


def end_key(service: Service, vendor: Api) -> None:
    keys = service.database.read(
        lambda connection: client_keys.list_keys(connection, operator(service), vendor.client_id)
    )
    key = next(key for key in keys if key.kind is KeyKind.API_KEY)
    transact(operator(service), client_keys.end, vendor.client_id, key.key_id, own=False)


def end_client(service: Service, vendor: Api) -> None:
    transact(operator(service), management.revoke, vendor.client_id, own=False)


def end_grant(service: Service, vendor: Api) -> None:
    transact(operator(service), clients.revoke, vendor.client_id, "0008001")


def end_scope(service: Service, vendor: Api) -> None:
    transact(operator(service), management.change, vendor.client_id, "*", {"scopes": ["activities:read"]}, own=False)


@pytest.mark.parametrize("take", [end_key, end_client, end_grant, end_scope])
def test_a_link_ends_with_the_right_of_who_made_it(
    http: TestClient, service: Service, take: Callable[[Service, Api], None]
) -> None:
    vendor = api_of(http, service, "vendor", role="vendor")
    transact(operator(service), clients.grant, vendor.client_id, "0008001")
    made = vendor.post(PATH, {"kind": "learner-completions", "format": "csv"}, PARS_Provider="0008001")
    assert made.status == 201, made.json
    assert follow(vendor, made.json["url"], "HEAD").status == 200
    take(service, vendor)
    assert_problem(follow(vendor, made.json["url"]), 410, "download-gone")


def test_a_link_needs_the_scope_of_its_list(http: TestClient, service: Service) -> None:
    reader = api_of(http, service, "reader", providers=["0008001"], scopes=["activities:read"])
    assert_problem(make(reader), 403, "forbidden")
    assert follow(reader, link(reader, kind="activities")).status == 200


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"board": "ABIM"}, "/query/board"),
        ({"board": [7]}, "/query/board/0"),
        ({"limit": 5}, "/query/limit"),
        ({"nothing": []}, "/query/nothing"),
        ({"mips": "true"}, "/query/mips"),
        ({"completed_from": "yesterday"}, "/query/completed_from"),
        ({"q": "a\u0000"}, "/query/q"),
        ({"last_name": ["a\u0007"]}, "/query/last_name/0"),
        ({"sort": "nothing"}, "/query/sort"),
        ({"status": ["open"]}, "/query/status/0"),
    ],
)  # fmt: skip
def test_what_the_list_does_not_take_is_refused_in_its_place(api: Api, query: dict[str, Any], pointer: str) -> None:
    answer = make(api, **query)
    assert_problem(answer, 422, "invalid-request")
    assert [item["pointer"] for item in answer.json["errors"]] == [pointer]


def test_more_rows_than_a_workbook_holds_are_refused_when_the_link_is_made(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MOST_SHEET_ROWS == 1_048_575
    monkeypatch.setattr(exports, "MOST_SHEET_ROWS", 3)
    answer = make(api, format="xlsx")
    assert_problem(answer, 422, "invalid-request")
    assert answer.json["errors"][0]["pointer"] == "/format"
    assert "csv" in answer.json["errors"][0]["hint"]
    assert make(api, format="csv").status == 201


def test_the_audit_log_has_who_made_and_used_it_and_nothing_of_what_it_asked_for(api: Api, service: Service) -> None:
    follow(api, link(api, last_name=["Beeblebrox"]))

    def logged(connection: Any) -> list[Any]:
        return statements.fetch(
            connection,
            "SELECT a.verb, a.subject_id, a.fields, c.client_id FROM audit a JOIN commits c "
            "ON c.commit_id = a.commit_id WHERE a.noun = 'download' ORDER BY c.at, a.commit_id",
        )

    made, used = service.database.read(logged)
    assert (made[0], used[0]) == ("create", "use")
    assert made[1] == used[1]
    assert made[3] == used[3] == api.client_id
    assert "Beeblebrox" not in str((made, used))


def test_links_that_work_no_longer_are_removed(api: Api, service: Service, clock: ManualClock) -> None:
    used, unused = link(api), link(api)
    follow(api, used)
    clock.now += timedelta(hours=24)
    kept = link(api)
    assert run_retention(service).downloads == 0
    clock.now += timedelta(minutes=11)
    assert run_retention(service).downloads == 2
    assert follow(api, used).status == follow(api, unused).status == 404
    assert_problem(follow(api, kept), 410, "download-gone")


def test_a_link_works_for_a_test_client_in_its_sandbox(http: TestClient, service: Service) -> None:
    tester = api_of(http, service, "tester", providers=["0008001"], test=True)
    assert follow(tester, link(tester)).status == 200
