"""Activities of another system: their status, ids and days, and that nothing is written twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from app.services.context import Service
from tests.builders import pars_documents
from tests.builders.bodies import an_activity
from tests.builders.past_records import PROVIDER, a_past_completion, a_past_credit
from tests.harness.api import Api, api_of, settle
from tests.harness.cases import for_all
from tests.harness.moving.installations import (
    ACTIVITIES,
    COMPLETIONS,
    answering_for,
    everything,
    exported,
    import_bytes,
    lines_of,
    ndjson,
    outcomes,
    what_was_told,
)

CLOSABLE: dict[str, Any] = {
    "end_date": "2021-06-30", "measured_outcomes": [{"outcome": "learner-knowledge"}], "commercial_support": [],
    "learner_counts": {"physicians": 1},
}  # fmt: skip
HERE_ALONE = ("version", "updated_at")
"""Members that tell what became of an activity here."""


@pytest.fixture
def registered(api: Api) -> list[str]:
    """Activities in every status: the ids of a draft, an active one, one to close and a closed one."""
    fields: list[dict[str, Any]] = [
        {"title": "Draft", "description": None},
        {
            "title": "Active", "internal_id": "X-1", "providership": "joint", "joint_providers": ["Hospital & Sons"],
            "commendation_tags": ["C24"], "mips": True, "practice_areas": ["Anesthesiology"],
            "listing": {"public": True, "url": "https://example.org/x", "fee": "no", "registration": "open"},
            "moc": [{"board": "ABA", "points": 5, "credit_types": ["Lifelong Learning"], "attested": True,
                     "credit_claim_date": "2022-03-31", "content_outline": ["1.2.3"]}],
            "rems": {"type": "Opioid Analgesic", "identifier": "EG-1"},
            "joint_accreditation": {"interprofessional": True, "professions": ["Nurse"], "credits": ["Nursing"]},
        },
        {"title": "To close", "end_date": "2021-06-30"},
        CLOSABLE | {"title": "Closed", "internal_id": "007"},
    ]  # fmt: skip
    ids = []
    for one in fields:
        answer = api.post(ACTIVITIES, an_activity(**one))
        assert answer.status == 201, answer.json
        ids.append(answer.json["activity_id"])
    assert api.post(f"{ACTIVITIES}/{ids[-1]}/close", None).status == 200
    return ids


def of(records: list[Any], ids: list[str], *left_out: str) -> list[Any]:
    return [
        {name: value for name, value in record.items() if name not in left_out}
        for record in records
        if record["activity_id"] in ids
    ]


def test_an_export_imported_elsewhere_comes_back_as_it_was(
    api: Api, app: FastAPI, service: Service, other: Service, tmp_path: Path, registered: list[str]
) -> None:
    sent = exported(api, ACTIVITIES)
    statuses = {record["title"]: record["status"] for record in of(lines_of(sent), registered)}
    assert statuses == {"Draft": "draft", "Active": "active", "To close": "ready-to-close", "Closed": "closed"}
    settle(other)
    told = what_was_told(other)
    counts = import_bytes(other, tmp_path, ACTIVITIES, sent)
    assert outcomes(counts) == {"read": len(lines_of(sent)), "added": 4, "already-there": len(lines_of(sent)) - 4}
    answering_for(app, other)
    there = api_of(api.http, other, "Moved", providers=[PROVIDER])
    back = exported(there, ACTIVITIES)
    assert of(lines_of(back), registered, *HERE_ALONE) == of(lines_of(sent), registered, *HERE_ALONE)
    settle(other)
    assert what_was_told(other) == told
    before = everything(other)
    again = import_bytes(other, tmp_path, ACTIVITIES, sent)
    assert outcomes(again) == {"read": len(lines_of(sent)), "already-there": len(lines_of(sent))}, again.listed
    assert everything(other) == before


@pytest.mark.parametrize("format", ["csv", "xlsx", "xml", "json"])
def test_every_other_form_of_an_export_is_taken_over(
    api: Api, app: FastAPI, service: Service, other: Service, tmp_path: Path, registered: list[str], format: str
) -> None:
    """Documents have no place for a status, nor for some fields; tables have one for it."""
    content = exported(api, ACTIVITIES, format)
    counts = import_bytes(other, tmp_path, ACTIVITIES, content, name=f"activities.{format}")
    assert (counts.outcomes["added"], counts.left) == (4, 0), counts.listed
    answering_for(app, other)
    there = api_of(api.http, other, "Moved", providers=[PROVIDER])
    back = {record["activity_id"]: record for record in lines_of(exported(there, ACTIVITIES))}
    wanted = "closed" if format in ("csv", "xlsx") else "ready-to-close"
    assert [back[id]["status"] for id in registered] == ["draft", "active", "ready-to-close", wanted]
    again = import_bytes(other, tmp_path, ACTIVITIES, content, name=f"activities.{format}")
    assert set(again.outcomes) == {"already-there"}, again.listed
    settle(other)


def line(**fields: Any) -> dict[str, Any]:
    return an_activity(activity_id="345678901", status="active") | fields


REFUSED: list[tuple[str, str, dict[str, Any]]] = [
    ("dates-in-order", "/end_date", line(end_date="2020-12-31")),
    ("moved-status", "/status", line(description=None)),
    ("moved-status", "/status", line(description=None, status="closed")),
    ("moved-status", "/status", line(status="on hold")),
    ("moved-day", "/created_at", line(created_at="long ago")),
    ("activity-known", "/provider_id", line(provider_id="0009999")),
    ("field-unknown", "/more", line(more=1)),
    ("action-valid", "/action", line(action="delete")),
]


@for_all("rule, pointer, record", REFUSED, name_of=lambda case: f"{case[0]} {case[1]}")
def test_an_activity_is_refused_with_its_findings_and_comes_back(
    service: Service, tmp_path: Path, rule: str, pointer: str, record: dict[str, Any]
) -> None:
    before = everything(service)
    left = tmp_path / "left.ndjson"
    counts = import_bytes(service, tmp_path, ACTIVITIES, ndjson([record]), rejected=left)
    assert outcomes(counts) == {"read": 1, "refused": 1}
    assert everything(service) == before
    (back,) = lines_of(left.read_bytes())
    errors = back.pop("_errors")
    assert back == record
    assert (rule, pointer) in {(error["code"], error["pointer"]) for error in errors}, errors


def test_an_activity_on_file_otherwise_stays_and_is_told(service: Service, tmp_path: Path) -> None:
    import_bytes(service, tmp_path, ACTIVITIES, ndjson([line(internal_id="A")]))
    before = everything(service)
    for changed in ({"title": "Another"}, {"status": "closed"}, {"moc": [{"board": "ABA", "points": 1}]}):
        counts = import_bytes(service, tmp_path, ACTIVITIES, ndjson([line(internal_id="A", **changed)]))
        assert outcomes(counts) == {"read": 1, "differs": 1}
        ((_, finding),) = counts.listed
        assert next(iter(changed)) in finding.detail
    assert everything(service) == before


def test_ids_that_are_others_are_findings(api: Api, http: Any, service: Service, tmp_path: Path) -> None:
    theirs = api_of(http, service, "Another", providers=["0009999"]).register(title="Theirs").json["activity_id"]
    mine = api.register(internal_id="MINE").json["activity_id"]
    records = [line(activity_id=theirs), line(activity_id="345678902", internal_id="MINE")]
    counts = import_bytes(service, tmp_path, ACTIVITIES, ndjson(records))
    assert outcomes(counts) == {"read": 2, "refused": 2}
    assert [(finding.rule, finding.pointer) for _, finding in counts.listed] == [
        ("id-taken", "/activity_id"),
        ("id-taken", "/internal_id"),
    ]
    assert mine in counts.listed[1][1].detail


def test_another_systems_id_becomes_the_providers_own(api: Api, service: Service, tmp_path: Path) -> None:
    record = line(activity_id="EV-2021/7")
    for outcome in ("added", "already-there"):
        assert outcomes(import_bytes(service, tmp_path, ACTIVITIES, ndjson([record]))) == {"read": 1, outcome: 1}
    past = a_past_completion(1, a_past_credit(), activity_id="EV-2021/7")
    assert outcomes(import_bytes(service, tmp_path, COMPLETIONS, ndjson([past]))) == {"read": 1, "added": 1}
    (found,) = api.completions(client_reference="EV-2021/7") or api.completions(completed_from="2021-12-12")[:1]
    assert found["activity_id"] != "EV-2021/7"
    settle(service)


def test_a_closed_activity_needs_nothing_of_what_closing_needs(api: Api, service: Service, tmp_path: Path) -> None:
    """It was closed where other things were asked for."""
    record = line(status="Closed", end_date="2022-12-31", created_at="2020-11-05T08:00:00Z")
    assert outcomes(import_bytes(service, tmp_path, ACTIVITIES, ndjson([record]))) == {"read": 1, "added": 1}
    stands = api.get(f"{ACTIVITIES}/345678901").json
    assert (stands["status"], stands["created_at"]) == ("closed", "2020-11-05T08:00:00Z")
    assert api.post(f"{ACTIVITIES}/345678901/reopen", None).status == 200
    settle(service)


@pytest.mark.parametrize("written", ["json", "xml"])
def test_a_document_that_closes_its_activity_is_taken_over_closed(
    api: Api, service: Service, tmp_path: Path, written: str
) -> None:
    ids = {"accme": "345678901", "provider": "GR-2019"}
    document = pars_documents.activities([pars_documents.metrics(ids=ids, closeActivityRecord=True)])
    content = json.dumps(document) if written == "json" else pars_documents.xml(document)
    counts = import_bytes(service, tmp_path, ACTIVITIES, content.encode(), name=f"past.{written}")
    assert outcomes(counts) == {"read": 1, "added": 1}, counts.listed
    stands = api.get(f"{ACTIVITIES}/345678901").json
    assert (stands["status"], stands["internal_id"]) == ("closed", "GR-2019")
    settle(service)
