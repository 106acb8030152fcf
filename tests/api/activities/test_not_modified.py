"""What `If-None-Match` leaves unsent is what the caller has."""

from __future__ import annotations

from datetime import timedelta

from tests.harness.activity_edits import ACTIVITIES, etag
from tests.harness.api import Answer, Api
from tests.harness.clock import ManualClock


def read(api: Api, activity_id: str, known: str) -> Answer:
    return api.send("GET", f"{ACTIVITIES}/{activity_id}", headers={"If-None-Match": known})


def test_an_activity_whose_status_changed_with_the_date_is_sent_again(api: Api, clock: ManualClock) -> None:
    registered = api.register(end_date="2021-12-25")
    activity_id, known = registered.json["activity_id"], etag(registered)
    assert registered.json["status"] == "active"
    clock.now += timedelta(days=5)
    assert read(api, activity_id, known).status == 304
    clock.now += timedelta(days=1)
    changed = read(api, activity_id, known)
    assert (changed.status, changed.json["status"], etag(changed)) == (200, "ready-to-close", known)
    closed = api.send(
        "PATCH", f"{ACTIVITIES}/{activity_id}", headers={"If-Match": known}, json={"title": "Another title"}
    )
    clock.now += timedelta(days=100)
    assert read(api, activity_id, etag(closed)).status == 304
