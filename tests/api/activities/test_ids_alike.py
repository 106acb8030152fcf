"""Ids that senders make are compared in one normal form through every door, and shown as they were sent."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import pytest

from app.domain.parsing import own_id_or_none
from app.services.context import Service
from tests.builders.bodies import GRAND_ROUNDS, a_completion, an_activity
from tests.builders.sent_files import lines
from tests.harness.api import Api
from tests.harness.refusals import assert_problem
from tests.harness.uploads import worked

ACTIVITIES = "/v1/activities"
COMPLETIONS = "/v1/learner-completions"
SENT = "S\u00e9ance-7"
SPELLINGS = {
    "composed": SENT,
    "decomposed": unicodedata.normalize("NFD", SENT),
    "full width": "Ｓ\u00e9ance-７",
    "zero width": "S\u200b\u00e9an\u2060ce-7",
    "directed": "\u202aS\u00e9ance-7\u202c",
    "padded": " S\u00e9ance-7\u00a0\u3000",
    "soft hyphen": "S\u00e9an\u00adce-7\ufe0f",
}
spelled = pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS.keys())


def registered(api: Api) -> list[dict[str, Any]]:
    return api.get(ACTIVITIES, internal_id=SENT, limit=100).json["data"]


@pytest.fixture
def activity(api: Api) -> dict[str, Any]:
    return api.post(ACTIVITIES, an_activity(internal_id=SPELLINGS["decomposed"])).json


@spelled
def test_an_internal_id_is_one_in_every_spelling_by_every_door(
    api: Api, service: Service, activity: dict[str, Any], spelling: str
) -> None:
    body = an_activity(internal_id=spelling)
    taken = api.post(ACTIVITIES, body)
    assert_problem(taken, 409, "internal-id-taken")
    assert activity["activity_id"] in taken.json["detail"]
    put = api.send("PUT", f"{ACTIVITIES}/by-internal-id/{spelling.strip()}", json=body)
    assert (put.status, put.json["version"]) == (200, 1)
    batch = worked(api, service, lines([body | {"action": "add"}]), "activities")
    assert batch["counts"]["unchanged"] == 1
    row = lines([{"action": "update", "internal_id": spelling, "format": "live-course", "ama_pra_credits": 10}])
    assert worked(api, service, row, "activities")["counts"]["unchanged"] == 1
    assert [found["internal_id"] for found in registered(api)] == [SPELLINGS["decomposed"]]
    for asked in ({"internal_id": spelling}, {"q": spelling}):
        found = api.get(ACTIVITIES, **asked).json["data"]
        assert [one["activity_id"] for one in found] == [activity["activity_id"]], asked


@spelled
def test_a_patch_may_spell_an_internal_id_anew(api: Api, activity: dict[str, Any], spelling: str) -> None:
    address = f"{ACTIVITIES}/{activity['activity_id']}"
    changed = api.send("PATCH", address, headers={"If-Match": "*"}, json={"internal_id": spelling})
    assert changed.status == 200
    assert registered(api) == [changed.json | {"findings": registered(api)[0]["findings"]}]


def test_an_activity_without_an_id_is_known_by_its_title_in_every_spelling(api: Api, service: Service) -> None:
    body = an_activity(title="S\u00e9ance") | {"action": "add"}
    assert worked(api, service, lines([body]), "activities")["counts"]["added"] == 1
    for title in (unicodedata.normalize("NFD", "S\u00e9ance"), "S\u200b\u00e9ance "):
        again = worked(api, service, lines([body | {"title": title}]), "activities")["counts"]
        assert again["added"] == 0, again


@spelled
def test_a_reference_is_found_in_every_spelling_and_shown_as_it_was_sent(api: Api, spelling: str) -> None:
    body = a_completion(reference=spelling)
    first = api.report(body).json
    shown = first["credits"][0]["client_references"]
    assert shown == [own_id_or_none(spelling)]
    for asked in SPELLINGS.values():
        found = api.get(COMPLETIONS, client_reference=asked).json["data"]
        assert [completion["completion_id"] for completion in found] == [first["completion_id"]]
        assert found[0]["credits"][0]["client_references"] == shown
        address = f"{COMPLETIONS}/{first['completion_id']}"
        again = api.send("PUT", address, headers={"If-Match": "*"}, json=a_completion(reference=asked))
        assert (again.json["outcome"], again.json["version"]) == ("unchanged", 1)


def test_a_reference_in_two_spellings_is_one_reference_of_a_credit(api: Api) -> None:
    body = a_completion(reference=SPELLINGS["composed"]) | {"client_reference": SPELLINGS["decomposed"]}
    reported = api.report(body)
    assert reported.status == 201
    assert reported.json["credits"][0]["client_references"] == [SPELLINGS["decomposed"]]


def test_a_learner_without_a_physician_is_one_in_every_spelling_of_the_local_id(api: Api) -> None:
    activity = api.post(ACTIVITIES, an_activity(rems={"type": "Opioid Analgesic REMS"})).json["activity_id"]
    body = {
        "activity_id": activity, "completed_on": "2021-12-12", "permission": True,
        "learner": {"first_name": "Nora", "last_name": "Nurse"},
        "rems": {"local_id": SPELLINGS["decomposed"], "profession": "Nurse", "state": "TN"},
    }  # fmt: skip
    first = api.report(body)
    assert first.status == 201, json.dumps(first.json)
    for local_id in SPELLINGS.values():
        again = api.report(body | {"rems": body["rems"] | {"local_id": local_id}})
        assert (again.status, again.json["outcome"]) == (200, "unchanged"), again.json
    assert api.get(f"{COMPLETIONS}/{first.json['completion_id']}").json["rems"]["local_id"] == SPELLINGS["decomposed"]


def test_an_activity_id_is_read_in_groups_and_with_marks_by_every_door(api: Api, service: Service) -> None:
    grouped = f"\u202a{GRAND_ROUNDS[:3]}\u00a0{GRAND_ROUNDS[3:6]}\u202f{GRAND_ROUNDS[6:]}\u202c"
    assert api.report(a_completion(grouped)).status == 201
    assert worked(api, service, lines([a_completion(grouped)]))["counts"]["unchanged"] == 1
