"""A provider is accredited for a time: activities of that time are registered and reported for, others are not."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.core.errors import OperatorFault
from app.services.access import clients, providers
from app.services.context import Service, operator, transact
from tests.builders.bodies import GRAND_ROUNDS, a_completion, an_activity
from tests.builders.sent_files import row, tab_text
from tests.harness.api import Api, api_of, settle
from tests.harness.databases import ON_SQLITE
from tests.harness.uploads import rows_of, worked

OURS = "0008001"
RULE = "within-accreditation"


def accredit(service: Service, provider_id: str = OURS, **days: Any) -> int:
    """Set the time of an accreditation; return how many activities lie outside it."""
    _, outside = transact(operator(service), providers.set_accreditation, provider_id, **days)
    return outside


def test_activities_that_touch_the_time_are_registered(api: Api, service: Service) -> None:
    accredit(service, since=date(2020, 1, 1), until=date(2021, 6, 30))
    assert api.register(start_date="2021-06-30", end_date="2021-12-31").status == 201
    assert api.register(start_date="2019-06-30", end_date="2020-01-01").status == 201
    late = api.register(start_date="2021-07-01", end_date="2021-12-31")
    assert (late.status, late.codes, late.pointers) == (422, {RULE}, {RULE: "/start_date"})
    early = api.register(start_date="2019-01-01", end_date="2019-12-31")
    assert (early.status, early.codes, early.pointers) == (422, {RULE}, {RULE: "/end_date"})
    # Another provider's is another provider's.
    settle(service)


def test_whoever_is_no_longer_accredited_reports_and_corrects_for_activities_of_its_time(
    api: Api, service: Service
) -> None:
    accredit(service, until=date(2021, 6, 30))
    reported = api.report(a_completion())
    assert reported.status == 201
    path = f"/v1/learner-completions/{reported.json['completion_id']}"
    changed = api.send("PUT", path, headers={"If-Match": "*"}, json=a_completion(credits=1))
    assert (changed.status, changed.json["credits"][0]["credits"]) == (200, 1)
    renamed = {"title": "Grand Rounds, as they were called"}
    assert api.send("PATCH", f"/v1/activities/{GRAND_ROUNDS}", {"If-Match": "*"}, json=renamed).status == 200
    assert api.delete(path).status == 204
    settle(service)


def test_nothing_new_is_reported_for_an_activity_outside_while_what_stands_is_corrected_and_withdrawn(
    api: Api, service: Service
) -> None:
    first = api.report(a_completion())
    assert accredit(service, since=date(2022, 1, 1)) >= 1
    refused = api.report(a_completion(completed_on="2021-12-11"))
    assert (refused.status, refused.codes, refused.pointers) == (422, {RULE}, {RULE: "/activity_id"})
    bulk = api.post("/v1/learner-completions:bulk", {"items": [a_completion(completed_on="2021-12-11")]})
    assert [error["code"] for error in bulk.json["items"][0]["problem"]["errors"]] == [RULE]
    batch = worked(api, service, tab_text([row()]))
    assert [finding["rule"] for finding in rows_of(api, batch)[0]["findings"] if finding["severity"] == "reject"] == [
        RULE
    ]
    path = f"/v1/learner-completions/{first.json['completion_id']}"
    changed = api.send("PUT", path, headers={"If-Match": "*"}, json=a_completion(credits=1))
    assert changed.status == 200
    # An edit that leaves the dates alone mends what can be mended; new dates must be of the time.
    activity = f"/v1/activities/{GRAND_ROUNDS}"
    assert api.send("PATCH", activity, {"If-Match": "*"}, json={"title": "Rounds"}).status == 200
    later = api.send("PATCH", activity, {"If-Match": "*"}, json={"end_date": "2021-12-30"})
    assert (later.status, later.codes) == (422, {RULE})
    assert api.send("PATCH", activity, {"If-Match": "*"}, json={"end_date": "2022-01-01"}).status == 200
    assert api.report(a_completion(completed_on="2021-12-11")).status == 201
    assert api.delete(path).status == 204
    settle(service)


def test_the_time_is_shown_to_who_acts_for_the_provider(http: TestClient, api: Api, service: Service) -> None:
    accredit(service, since=date(2019, 4, 1), until=date(2027, 3, 31))
    vendor = api_of(http, service, "vendor", role="vendor", providers=[OURS])
    for provider in (api.get("/v1/me").json["providers"][0], vendor.get("/v1/providers").json["data"][0]):
        assert (provider["accredited_from"], provider["accredited_to"]) == ("2019-04-01", "2027-03-31")
    accredit(service, until=None)
    assert api.get("/v1/me").json["providers"][0]["accredited_to"] is None
    assert api.get("/v1/me").json["providers"][0]["accredited_from"] == "2019-04-01"
    settle(service)


@ON_SQLITE
def test_what_makes_no_sense_is_refused_in_a_sentence(http: TestClient, service: Service) -> None:
    api_of(http, service, "tester", test=True)
    for provider_id, days, words in (
        (OURS, {"since": date(2022, 1, 2), "until": date(2022, 1, 1)}, "before it begins"),
        ("0000000", {"until": None}, "no such provider"),
        ("9999999", {"until": None}, "is a sandbox"),
    ):
        with pytest.raises(OperatorFault, match=words):
            accredit(service, provider_id, **days)
    with pytest.raises(OperatorFault, match="has a name"):
        transact(operator(service), providers.rename, OURS, " ")


def test_a_provider_is_renamed_and_keeps_the_rest(api: Api, service: Service) -> None:
    transact(operator(service), clients.add_provider, OURS, "Western", joint=True, city="Bend", state="OR")
    accredit(service, since=date(2019, 4, 1))
    transact(operator(service), providers.rename, OURS, " Eastern ")
    (provider,) = api.get("/v1/providers").json["data"]
    assert {name: provider[name] for name in ("name", "joint", "city", "state", "accredited_from")} == {
        "name": "Eastern", "joint": True, "city": "Bend", "state": "OR", "accredited_from": "2019-04-01",
    }  # fmt: skip
    settle(service)


def test_an_activity_file_is_judged_by_the_time_as_well(api: Api, service: Service) -> None:
    accredit(service, until=date(2020, 12, 31))
    given = an_activity()
    put = api.send("PUT", "/v1/activities/by-internal-id/late", json=given)
    assert (put.status, put.codes) == (422, {RULE})
