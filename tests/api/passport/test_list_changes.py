"""What a provider changes shows in the public list, and what it keeps to itself never does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.core.errors import Unavailable
from app.domain.passport.search import ActivitySearch
from app.services.context import Service
from app.services.passport import activities, live_index
from app.services.passport.live_index import LiveIndex
from app.store.sql.statements import execute
from tests.api.passport.conftest import PATH
from tests.harness.api import Api, api_of
from tests.harness.clock import ManualClock, ManualSeconds
from tests.harness.passport.listed import an_open_activity

pytestmark = pytest.mark.usefixtures("at_once")
WORD = "xylophone"


def listed(http: TestClient, **asked: Any) -> list[str]:
    answer = http.get(PATH, params={"q": WORD, "past": "true", "limit": 500, **asked})
    assert answer.status_code == 200, answer.text
    return [row["activity_id"] for row in answer.json()["data"]]


def register(api: Api, **fields: Any) -> str:
    answer = api.register(**an_open_activity(1, title=f"A {WORD} course", **fields))
    assert answer.status == 201, answer.json
    return str(answer.json["activity_id"])


def patch(api: Api, id: str, **fields: Any) -> None:
    answer = api.send("PATCH", f"/v1/activities/{id}", {"If-Match": "*"}, json=fields)
    assert answer.status == 200, answer.json


def test_a_new_activity_is_found_and_a_changed_one_by_what_it_has_now(api: Api, http: TestClient) -> None:
    assert listed(http) == []
    id = register(api)
    assert listed(http) == [id]
    assert listed(http, fee="no") == [id]
    patch(api, id, listing={"public": True, "fee": "yes", "specialties": ["Harmonics"]})
    assert (listed(http, fee="no"), listed(http, fee="yes", specialty="harmonics")) == ([], [id])
    patch(api, id, title="A zither course")
    assert (listed(http), listed(http, q="zither")) == ([], [id])


def test_one_that_is_taken_out_of_the_list_is_gone_and_comes_back(api: Api, http: TestClient) -> None:
    id = register(api)
    for hidden in ({"public": False}, {"public": None}, None):
        patch(api, id, listing=hidden)
        assert listed(http) == []
        assert http.get(f"{PATH}/{id}").status_code == http.get(f"{PATH}/{id}/calendar.ics").status_code == 404
        patch(api, id, listing={"public": True})
        assert listed(http) == [id]
        assert http.get(f"{PATH}/{id}").status_code == 200


def test_one_that_lacks_something_again_is_gone(api: Api, http: TestClient) -> None:
    id = register(api)
    assert listed(http) == [id]
    patch(api, id, description=None)
    assert api.get(f"/v1/activities/{id}").json["status"] == "draft"
    assert listed(http) == []
    assert http.get(f"{PATH}/{id}").status_code == 404
    patch(api, id, description="Again.")
    assert listed(http) == [id]


def test_one_that_is_deleted_is_gone(api: Api, http: TestClient) -> None:
    id = register(api)
    assert listed(http) == [id]
    assert api.delete(f"/v1/activities/{id}").status == 204
    assert listed(http) == []
    assert http.get(f"{PATH}/{id}").status_code == 404


def test_one_that_is_closed_is_gone_until_it_is_opened_again(api: Api, http: TestClient) -> None:
    id = register(
        api, start_date="2021-01-01", end_date="2021-03-01", moc=[], measured_outcomes=[], commercial_support=[],
        learner_counts={"physicians": 3, "others": 0},
    )  # fmt: skip
    assert listed(http) == [id]
    assert api.post(f"/v1/activities/{id}/close", None).status == 200
    assert listed(http) == []
    assert http.get(f"{PATH}/{id}").status_code == 404
    assert api.post(f"/v1/activities/{id}/reopen", None).status == 200
    assert listed(http) == [id]


def test_one_that_has_ended_is_found_only_where_past_ones_are_asked_for(
    api: Api, http: TestClient, clock: ManualClock
) -> None:
    id = register(api, start_date="2021-12-01", end_date="2021-12-20")
    assert listed(http, past="false") == [id]
    clock.now += timedelta(days=1)
    assert (listed(http, past="false"), listed(http)) == ([], [id])
    assert http.get(f"{PATH}/{id}").json()["standing"] == "past"


def test_nothing_of_the_sandbox_is_listed(http: TestClient, service: Service) -> None:
    tried = api_of(http, service, "trial", providers=["0008001"], test=True)
    answer = tried.register(**an_open_activity(1, title=f"A {WORD} course"))
    assert answer.status == 201
    assert listed(http) == []
    assert http.get(f"{PATH}/{answer.json['activity_id']}").status_code == 404


def test_every_kind_of_absent_activity_is_answered_alike(api: Api, http: TestClient) -> None:
    hidden = register(api, listing={"public": False})
    answers = [http.get(f"{PATH}/{id}").json() for id in (hidden, "999999999", "never", "9" * 64)]
    for answer in answers:
        del answer["request_id"]
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["code"] == "not-found"


def test_a_provider_that_is_renamed_is_found_by_its_new_name(api: Api, http: TestClient, service: Service) -> None:
    id = register(api)
    assert listed(http, q=f"{WORD} western") == [id]

    def rename(connection: Any) -> None:
        execute(connection, "UPDATE providers SET name = 'Boreal Clinic' WHERE provider_id = '0008001'")

    service.database.write(rename)
    assert (listed(http, q=f"{WORD} western"), listed(http, q=f"{WORD} boreal")) == ([], [id])
    assert http.get(f"{PATH}/{id}").json()["provider"]["name"] == "Boreal Clinic"


def test_a_look_that_failed_on_its_way_is_made_again(
    api: Api, http: TestClient, app: FastAPI, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = register(api)
    assert listed(http, q=f"{WORD} western") == [id]
    service.database.write(
        lambda connection: execute(
            connection, "UPDATE providers SET name = 'Boreal Clinic' WHERE provider_id = '0008001'"
        )
    )
    with monkeypatch.context() as failing:
        failing.setattr(live_index.store, "load", _fail)
        assert http.get(PATH).status_code == 500
    assert listed(http, q=f"{WORD} boreal") == [id]


def _fail(*_: Any) -> None:
    raise RuntimeError("the database is away")


async def _ids(service: Service, live: LiveIndex) -> list[str]:
    page = await activities.search(service, live, ActivitySearch(words=(WORD,), past=True), limit=50)
    return [id for _, id in page.found.places]


def test_a_second_process_sees_the_same_after_its_own_look(
    api: Api, http: TestClient, app: FastAPI, service: Service, run: Any
) -> None:
    seconds = ManualSeconds()
    other = LiveIndex(service.catalogue, seconds)
    first = register(api)
    assert run(_ids, service, other) == [first]
    second = register(api)
    assert listed(http) == run(_ids, service, LiveIndex(service.catalogue))
    assert run(_ids, service, other) == [first]
    seconds.now += live_index.REFRESH_SECONDS
    assert sorted(run(_ids, service, other)) == sorted([first, second])


def test_what_was_hidden_since_the_last_look_is_not_shown(
    api: Api, http: TestClient, app: FastAPI, service: Service, run: Any
) -> None:
    app.state.listed_activities.refresh_seconds = 1_000
    ids = [register(api), register(api)]
    assert sorted(listed(http)) == sorted(ids)
    patch(api, ids[0], listing={"public": False})
    assert listed(http) == ids[1:]


def test_a_change_that_was_missed_is_found_when_versions_are_compared(
    api: Api, http: TestClient, service: Service, run: Any
) -> None:
    seconds = ManualSeconds()
    live = LiveIndex(service.catalogue, seconds)
    id = register(api)
    assert run(_ids, service, live) == [id]

    def change(connection: Any) -> None:
        # By somebody whose clock is an hour late.
        execute(
            connection,
            "UPDATE activities SET title = 'Other', version = version + 1, updated_at = :at WHERE activity_id = :id",
            {"id": id, "at": service.clock() - timedelta(days=4_000)},
        )

    service.database.write(change)
    seconds.now += live_index.REFRESH_SECONDS
    assert run(_ids, service, live) == [id]
    seconds.now += live_index.COMPARE_SECONDS
    assert run(_ids, service, live) == []


def test_an_index_is_loaded_in_pieces_and_again_when_much_of_it_is_waste(
    api: Api, service: Service, monkeypatch: pytest.MonkeyPatch, run: Any
) -> None:
    monkeypatch.setattr(live_index, "_PIECE", 2)
    ids = [register(api) for _ in range(5)]
    live = LiveIndex(service.catalogue)
    steps = 0
    while live.follow(service):
        steps += 1
    assert steps >= 2
    live.refresh_seconds = 0
    assert sorted(run(_ids, service, live)) == sorted(ids)
    monkeypatch.setattr("app.domain.passport.activity_index._WASTED", 3)
    for turn in range(4):
        for id in ids:
            patch(api, id, title=f"{WORD} {turn}")
        while live.follow(service):
            pass
        assert sorted(run(_ids, service, live)) == sorted(ids)
    with live.use() as (index, _):
        assert len(index._ids) - len(index) <= len(ids) + 4


def test_who_asks_before_the_list_is_loaded_is_told_to_come_back(
    service: Service, monkeypatch: pytest.MonkeyPatch, run: Any
) -> None:
    monkeypatch.setattr(live_index, "WAIT_SECONDS", 0.01)
    monkeypatch.setattr(live_index, "_PIECE", 1)
    live = LiveIndex(service.catalogue)
    assert live.follow(service)
    with pytest.raises(Unavailable, match="being loaded") as refused:
        run(_ids, service, live)
    assert refused.value.headers["Retry-After"] == "5"


def test_an_answer_says_of_when_it_is(http: TestClient, clock: ManualClock) -> None:
    assert datetime.fromisoformat(http.get(PATH).json()["as_of"]) == clock.now.astimezone(UTC)
