"""Activities as documents: registered, updated by whichever id they have, closed, deleted, and found again."""

from __future__ import annotations

from typing import Any

import pytest

from app.services.context import Service
from tests.api.pars.documents import ACTIVITIES, outcomes, read, records, refusals, send_xml
from tests.builders.bodies import GRAND_ROUNDS, a_completion, an_activity
from tests.builders.pars_documents import STYLES, activities, metrics
from tests.harness.api import Api, api_of

OWN = {"provider": "PARS-1"}
SHOWN = {
    "title": "A course", "format": "live-course", "start_date": "2021-01-01", "end_date": "2021-12-31",
    "ama_pra_credits": 10, "internal_id": "PARS-1", "delivery_methods": ["online"], "providership": "direct",
}  # fmt: skip


def save(api: Api, *given: dict[str, Any]) -> Any:
    return api.post(ACTIVITIES, activities(given))


def id_of(record: dict[str, Any]) -> str:
    ids = {one["catalog"]: one["entry"] for one in record["Lom"]["general"]["identifier"]}
    return str(ids["ACCME Activity ID"])


@pytest.mark.parametrize("style", [*STYLES, "JSON"])
def test_what_senders_write_is_the_same_activity_as_by_the_plain_api(api: Api, style: str) -> None:
    document = activities([metrics(ids=OWN)])
    answer = api.post(ACTIVITIES, document) if style == "JSON" else send_xml(api, ACTIVITIES, STYLES[style](document))
    (record,) = records(answer)
    assert record["Outcome"] == "created", record
    stands = api.get(f"/v1/activities/{id_of(record)}").json
    assert {name: stands[name] for name in SHOWN} == SHOWN


def test_a_field_that_changes_updates_and_only_another_identity_is_another_activity(api: Api) -> None:
    (made,) = records(save(api, metrics(ids=OWN)))
    assert outcomes(save(api, metrics(ids=OWN))) == ["unchanged"]
    (renamed,) = records(save(api, metrics(ids=OWN, title="A better course", endDateTime="2021-12-30")))
    assert (renamed["Outcome"], id_of(renamed)) == ("updated", id_of(made))
    by_id = {"accme": id_of(made), "provider": "PARS-1"}
    assert outcomes(save(api, metrics("Update", ids=by_id, title="The best course"))) == ["updated"]
    other, unnamed = records(save(api, metrics(ids={"provider": "PARS-2"}), metrics(title="Without ids")))
    assert (other["Outcome"], unnamed["Outcome"]) == ("created", "created")
    (again,) = records(save(api, metrics(title="Without ids", description="Sent again.")))
    assert (again["Outcome"], id_of(again)) == ("updated", id_of(unnamed))
    titles = [one["title"] for one in api.get("/v1/activities", internal_id="PARS-1").json["data"]]
    assert titles == ["The best course"]


def test_next_years_activity_needs_an_id_of_its_own(api: Api) -> None:
    save(api, metrics(ids=OWN))
    (record,) = records(save(api, metrics(ids=OWN, startDateTime="2022-01-01", endDateTime="2022-12-31")))
    assert (record["Outcome"], list(refusals(record))) == ("refused", ["internal-id-reused"])


def test_a_record_that_fails_stands_beside_one_that_passes(api: Api) -> None:
    wrong = metrics(ids=OWN, startDateTime="2021-12-31", endDateTime="2021-01-01")
    refused, created = records(save(api, wrong, metrics(ids={"provider": "PARS-2"})))
    assert (refused["Outcome"], created["Outcome"], created["ActivityStatus"]) == ("refused", "created", "active")
    assert refusals(refused) == {"dates-in-order": "endDateTime"}


def test_it_closes_and_says_what_closing_needs(api: Api) -> None:
    (open_,) = records(save(api, metrics(ids=OWN, endDateTime="2021-06-30")))
    assert open_["ActivityStatus"] == "ready-to-close"
    close = metrics("Update", ids=OWN, endDateTime="2021-06-30", closeActivityRecord=True)
    (refused,) = records(save(api, close))
    assert refused["Outcome"] == "refused"
    assert set(refusals(refused)) == {"conflict"}
    ready = an_activity(
        internal_id="PARS-1", end_date="2021-06-30", measured_outcomes=[{"outcome": "learner-knowledge"}],
        commercial_support=[], learner_counts={"physicians": 3, "others": 1},
    )  # fmt: skip
    assert api.send("PUT", "/v1/activities/by-internal-id/PARS-1", json=ready).status == 200
    (closed,) = records(save(api, {**metrics("Update", ids=OWN), "healthcareMetadata": {}, "XtensibleInfo": CLOSES}))
    assert (closed["Outcome"], closed["ActivityStatus"]) == ("closed", "closed"), closed


CLOSES = {"activityRecordAction": "Update", "closeActivityRecord": "true"}


def test_it_is_deleted_unless_completions_stand(api: Api) -> None:
    (made,) = records(save(api, metrics(ids=OWN)))
    assert api.report(a_completion(id_of(made), "2021-12-12")).status == 201
    (refused,) = records(save(api, metrics("Delete", ids=OWN)))
    assert list(refusals(refused)) == ["activity-has-completions"]
    assert api.post(f"/v1/activities/{id_of(made)}/withdraw-learners", {}).status == 200
    assert outcomes(save(api, metrics("Delete", ids={"accme": id_of(made)}))) == ["deleted"]
    (gone,) = records(save(api, metrics("Delete", ids=OWN)))
    assert gone["Outcome"] == "refused"


def test_it_is_found_by_its_own_id_first_day_and_format(api: Api) -> None:
    (made,) = records(save(api, metrics(ids=OWN)))

    def found(**asked: str) -> list[str]:
        answer = api.get(ACTIVITIES, **asked)
        return [id_of(one) for one in read(answer)["MedicalEducationMetrics"]]

    own = {"providerActivityId": "PARS-1"}
    assert found(**own) == [id_of(made)]
    assert found(**own, activityStartDate="01/01/2021", activityTypeName="Live Course") == [id_of(made)]
    assert found(**own, activityStartDate="2021-01-01T23:59:00-08:00") == [id_of(made)]
    assert found(**own, activityStartDate="2021-01-02") == []
    assert found(**own, activityTypeName="Enduring Material") == []
    assert found(providerActivityId="nothing") == []
    assert api.get(ACTIVITIES, activityStartDate="soon").status == 422


def test_what_is_read_can_be_sent_back_and_changes_nothing(api: Api) -> None:
    (made,) = records(save(api, metrics(ids=OWN)))
    for path in (f"{ACTIVITIES}/{id_of(made)}", f"{ACTIVITIES}/{GRAND_ROUNDS}"):
        document = api.get(path)
        (again,) = records(api.post(ACTIVITIES, document.json))
        assert again["Outcome"] == "unchanged", again
        in_xml = api.send("GET", path, headers={"Accept": "application/xml"})
        assert in_xml.response.headers["content-type"] == "application/xml; charset=utf-8"
        assert outcomes(send_xml(api, ACTIVITIES, in_xml.response.content)) == ["unchanged"]


def test_a_foreign_activity_is_absent(api: Api, service: Service) -> None:
    other = api_of(api.http, service, "Other", providers=["0008002"])
    foreign, absent = (other.get(f"{ACTIVITIES}/{one}") for one in (GRAND_ROUNDS, "999999999"))
    assert (foreign.status, absent.status) == (404, 404)
    assert foreign.json | {"request_id": ""} == absent.json | {"request_id": ""}
