"""Documents that were disturbed never fail as a whole: each record has its outcome, in both forms alike.

`make drill-documents` tries many more.
"""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from msgspec.structs import replace

from app.domain.batches import Element, EntryMethod, FileFormat
from app.files.shapes import activities, learner_reports
from app.files.shapes.examples import example_of
from app.files.shapes.json_form import elements_of, value_of
from app.services.context import Service
from tests.builders.bodies import GRAND_ROUNDS
from tests.builders.disturbed_documents import as_json, as_xml, disturbed
from tests.builders.judging import PROVIDER
from tests.builders.raw_records import activity, read
from tests.harness.api import Api, settle
from tests.harness.properties import TIMES
from tests.harness.uploads import rows_of, worked

RECORDS = 40 * TIMES
REPORT = elements_of(
    {
        "Member": {
            "Name": {"GivenName": "Rebecca", "FamilyName": "Test"}, "PersonalInfo": {"BirthDate": "--02-01"},
        },
        "Activity": {
            "ProviderOrganization": PROVIDER,
            "Module": {
                "ModuleName": {"value": "Grand Rounds", "moduleID": GRAND_ROUNDS},
                "Status": "Completed",
                "CompletedDateTime": "2021-12-12T00:00:00",
                "CreditCertificate": [
                    {
                        "UniqueID": {"value": value, "domain": domain},
                        "CreditReceived": {
                            "activityCertification": type, "creditUnit": "Point", "numberOfCredits": "2",
                        },
                        "CreditID": f"ccid:example.org:{domain}",
                    }
                    for domain, value, type in (
                        ("TN", "444444", "AMA PRA Category 1"), ("ABIM", "999999", "Medical Knowledge"),
                    )
                ],
            },
        },
        "XtensibleInfo": {"LearnerRecordAction": "add"},
    },
    learner_reports.REPORT,
    16,
)[0]  # fmt: skip
(ACTIVITY,) = example_of(activities.DOCUMENT)["c"]
SECRET = "Karacme"
"""A learner of whom no disturbed document says anything."""


def reports(seed: int) -> list[Element]:
    chance = random.Random(seed)
    return [disturbed(REPORT, chance, chance.randrange(1, 6)) for _ in range(RECORDS)]


@pytest.mark.parametrize("seed", range(4))
def test_a_disturbed_report_says_the_same_in_both_forms(seed: int) -> None:
    for report in reports(seed):
        xml = read(report, FileFormat.XML)
        in_json = read(json.dumps(value_of(report, learner_reports.REPORT)), FileFormat.JSON)
        assert said(xml) == said(in_json), report


def said(record: Any) -> Any:
    """What a record reports, and what was found, whatever carried it."""
    report = record.report
    plain = None if report is None else replace(report, entry_method=EntryMethod.API)
    return plain, {(finding.rule, finding.severity, finding.pointer) for finding in record.findings}


@pytest.mark.parametrize("seed", range(2))
def test_a_disturbed_activity_is_read_or_refused(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(RECORDS):
        element = disturbed(ACTIVITY, chance, chance.randrange(1, 8))
        raws = ((element, FileFormat.XML), (json.dumps(value_of(element, activities.RECORD)), FileFormat.JSON))
        for raw, format in raws:
            record, reader = activity(raw, format=format)
            assert record.unreadable or record.given.provider_id
            assert all(reader.locate(finding.pointer, record) for finding in record.findings)


@pytest.mark.parametrize("format", ["xml", "json"])
def test_each_disturbed_report_of_a_file_has_an_outcome_and_what_is_refused_left_nothing(
    api: Api, service: Service, format: str
) -> None:
    around = ("ACCMELearnerReports", "ActivityReports")
    sent = [REPORT, *reports(17)]
    content = as_xml(sent, *around) if format == "xml" else as_json(sent, learner_reports.REPORT, *around)
    before = {record["completion_id"] for record in listed(api)}
    batch = worked(api, service, content, name=f"learners.{format}")
    assert (batch["status"], batch["format"], batch["counts"]["read"]) == ("completed", format, len(sent))
    rows = [row for page in pages(api, batch) for row in page]
    assert [row["row"] for row in rows] == list(range(1, len(sent) + 1))
    assert all(row["findings"] for row in rows if row["outcome"] == "rejected")
    assert not any(finding["rule"] == "internal" for row in rows for finding in row["findings"])
    made = {row["completion_id"] for row in rows if row["outcome"] in ("added", "joined", "updated", "unchanged")}
    assert {record["completion_id"] for record in listed(api)} - before <= made
    assert SECRET not in json.dumps(rows)
    settle(service)


def listed(api: Api) -> list[Any]:
    found: list[Any] = api.get("/v1/learner-completions", limit=500, activity_id=GRAND_ROUNDS).json["data"]
    return found


def pages(api: Api, batch: Any) -> list[list[Any]]:
    return [rows_of(api, batch)] if batch["counts"]["read"] <= 500 else [rows_of(api, batch)[:500]]


@pytest.mark.parametrize("format", ["xml", "json"])
def test_each_disturbed_activity_of_a_file_has_an_outcome(api: Api, service: Service, format: str) -> None:
    chance = random.Random(5)
    sent = [disturbed(ACTIVITY, chance, chance.randrange(1, 8)) for _ in range(RECORDS)]
    around = ("ACCMEActivities",)
    content = as_xml(sent, *around) if format == "xml" else as_json(sent, activities.RECORD, *around)
    batch = worked(api, service, content, kind="activities", name=f"activities.{format}")
    assert (batch["status"], batch["counts"]["read"]) == ("completed", len(sent))
    rows = rows_of(api, batch)
    assert not any(finding["rule"] == "internal" for row in rows for finding in row["findings"])
    assert all(row["findings"] for row in rows if row["outcome"] == "rejected")
    settle(service)
