"""One document from many at the same moment: one activity and one completion, whoever comes first."""

from __future__ import annotations

from functools import partial

import pytest
from sqlalchemy import Connection

from app.services.context import Service
from app.store import activities as stored
from tests.api.pars.documents import ACTIVITIES, LEARNERS, outcomes, send_xml
from tests.builders.bodies import GRAND_ROUNDS, a_completion
from tests.builders.pars_documents import activities, learners, metrics, report, xml
from tests.harness.api import Api
from tests.harness.databases import ON_POSTGRESQL
from tests.harness.uploads import upload, work_through
from tests.harness.wire import at_once

pytestmark = pytest.mark.usefixtures("proven")


def test_of_many_documents_with_one_own_id_one_makes_the_activity(api: Api) -> None:
    document = activities([metrics(ids={"provider": "PARS-1"})])
    answers = at_once([partial(send_xml, api, ACTIVITIES, document) for _ in range(12)])
    assert sorted(outcome for answer in answers for outcome in outcomes(answer)) == ["created"] + ["unchanged"] * 11
    assert len(api.get("/v1/activities", internal_id="PARS-1").json["data"]) == 1


@ON_POSTGRESQL
def test_an_activity_that_another_document_made_meanwhile_is_not_called_created(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is there when the record is applied, and was not when the record was looked up."""
    document = activities([metrics(ids={"provider": "PARS-1"})])
    assert outcomes(send_xml(api, ACTIVITIES, document)) == ["created"]
    look_up, looked = stored.id_of_internal, []

    def late(connection: Connection, provider_id: str, internal_id: str) -> str | None:
        looked.append(internal_id)
        return look_up(connection, provider_id, internal_id) if len(looked) > 1 else None

    monkeypatch.setattr(stored, "id_of_internal", late)
    assert outcomes(send_xml(api, ACTIVITIES, document)) == ["unchanged"]
    assert len(looked) > 1


def test_of_many_documents_with_one_record_one_makes_the_completion(api: Api) -> None:
    document = learners([report(a_completion(reference="ccid:r:1"))])
    answers = at_once([partial(api.post, LEARNERS, document) for _ in range(12)])
    assert sorted(outcome for answer in answers for outcome in outcomes(answer)) == ["created"] + ["unchanged"] * 11
    found = api.completions(client_reference="ccid:r:1")
    assert [one["activity_id"] for one in found] == [GRAND_ROUNDS]


def test_of_many_documents_without_any_id_one_makes_the_activity(api: Api) -> None:
    """Known by title, format and days alone: no constraint can stand for it, for two may be registered on purpose."""
    document = activities([metrics(title="A course of its own")])
    answers = at_once([partial(send_xml, api, ACTIVITIES, document) for _ in range(12)])
    assert sorted(outcome for answer in answers for outcome in outcomes(answer)) == ["created"] + ["unchanged"] * 11
    assert len(api.get("/v1/activities", q="A course of its own").json["data"]) == 1


def test_documents_that_name_activities_without_ids_in_another_order_make_each_once(api: Api) -> None:
    titles = [f"Course {number} of many" for number in range(8)]
    documents = [activities([metrics(title=title) for title in order]) for order in (titles, titles[::-1]) * 4]
    answers = at_once([partial(send_xml, api, ACTIVITIES, document) for document in documents])
    told = sorted(outcome for answer in answers for outcome in outcomes(answer))
    assert told == ["created"] * 8 + ["unchanged"] * 56
    found = [one["title"] for one in api.pages("/v1/activities") if one["title"] in titles]
    assert sorted(found) == titles


def test_of_many_files_without_any_id_that_workers_apply_at_once_one_makes_the_activity(
    api: Api, service: Service
) -> None:
    content = xml(activities([metrics(title="A course of files")])).encode()
    sent = [upload(api, content + b"\n" * number, "activities", "activities.xml") for number in range(6)]
    assert {answer.status for answer in sent} == {202}, [answer.json for answer in sent]
    at_once([partial(work_through, service)] * 6)
    assert {api.get(f"/v1/batches/{answer.json['batch_id']}").json["status"] for answer in sent} == {"completed"}
    assert len(api.get("/v1/activities", q="A course of files").json["data"]) == 1
