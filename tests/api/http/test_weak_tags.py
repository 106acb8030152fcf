"""A tag that guards no change is told to be one, and a change that never happened is not spoken of."""

from __future__ import annotations

import pytest

from tests.builders.bodies import a_completion, an_activity
from tests.harness.api import Api
from tests.harness.databases import ON_SQLITE
from tests.harness.refusals import assert_problem

pytestmark = ON_SQLITE

COMPLETIONS, ACTIVITIES = "/v1/learner-completions", "/v1/activities"


@pytest.mark.parametrize("door", ["correct", "withdraw", "activity", "put", "delete-activity", "endpoint"])
def test_a_weak_tag_of_what_stands_is_not_said_to_be_a_change(api: Api, door: str) -> None:
    activity = api.register(internal_id="W-1").json["activity_id"]
    completion = api.report(a_completion()).json["completion_id"]
    endpoint = api.post("/v1/webhook-endpoints", {"url": "https://example.org/h", "event_types": ["batch.completed"]})
    method, path, body = {
        "correct": ("PUT", f"{COMPLETIONS}/{completion}", a_completion(credits=3)),
        "withdraw": ("DELETE", f"{COMPLETIONS}/{completion}", None),
        "activity": ("PATCH", f"{ACTIVITIES}/{activity}", {"title": "B"}),
        "put": ("PUT", f"{ACTIVITIES}/by-internal-id/W-1", an_activity(internal_id="W-1", title="B")),
        "delete-activity": ("DELETE", f"{ACTIVITIES}/{activity}", None),
        "endpoint": ("PATCH", f"/v1/webhook-endpoints/{endpoint.json['endpoint_id']}", {"description": "b"}),
    }[door]
    given = {} if body is None else {"json": body}
    for tag in ('W/"1"', "W/1", 'W/"1-gzip"'):
        refused = api.send(method, path, headers={"If-Match": tag}, **given)
        assert_problem(refused, 412, "precondition-failed", items=["precondition-failed"])
        assert "changed" not in refused.json["title"] + refused.json["detail"]
        assert "weak" in refused.json["detail"] and 'Send If-Match: "1"' in refused.json["errors"][0]["hint"]
    assert api.send(method, path, headers={"If-Match": '"1-gzip"'}, **given).status in (200, 204)


def test_a_tag_of_an_activity_that_is_not_there_is_no_change_either(api: Api) -> None:
    path = f"{ACTIVITIES}/by-internal-id/absent"
    refused = api.send("PUT", path, headers={"If-Match": '"1"'}, json=an_activity(internal_id="absent"))
    assert_problem(refused, 412, "precondition-failed")
    assert refused.json["detail"] == "There is no activity with this internal id; leave If-Match out to create it."
