"""The files of a batch: of every kind and format, refused and accepted records come back and can be sent again."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.columns import ACTIVITIES, VALIDATIONS
from app.files.elements import render
from app.files.shapes.published import published_files
from app.services.context import Service
from tests.builders.bodies import a_completion
from tests.builders.raw_records import a_certificate, a_document
from tests.builders.sent_files import lines, row, tab_text, workbook
from tests.harness.api import Api, settle
from tests.harness.uploads import file_of, rows_of, worked

DATABASES = ["sqlite"]

ROWS = [row(), row(Number_of_CME_Credits=0.3, Completion_Date="12/13/2021")]
BODIES = [a_completion(), a_completion(completed_on="2021-12-13", credits=0.3)]
CERTIFICATES = [("2", "2021-12-12"), ("0.3", "2021-12-13")]
ELEMENTS = [
    a_document(a_certificate("TN", "444444", "AMA PRA Category 1", many), day=day) for many, day in CERTIFICATES
]
SENT = {
    "xlsx": workbook(ROWS),
    "tab": tab_text(ROWS),
    "xml": f"<ACCMELearnerReports>{''.join(render(node, {}) for node in ELEMENTS)}</ACCMELearnerReports>".encode(),
    "ndjson": lines(BODIES),
}
"""Rebecca's completion, and one that is refused for its 0.3 credits."""
ACTIVITY: dict[str, Any] = {
    "Record Action": "Add", "Provider Activity ID": "A-1", "Activity Title": "Airway course",
    "Activity Format": "Live Course", "Start Date": "3/1/2021", "End Date": "3/2/2021",
}  # fmt: skip
LEARNER = {"First Name": "Rebecca", "Last Name": "Test", "Licensing State": "TN", "Licensing ID": "444444"}


def counted(batch: Any) -> dict[str, int]:
    """Counts of a batch that are not 0, but for warnings."""
    return {name: many for name, many in batch["counts"].items() if many and name != "warned"}


def refused_for(api: Api, batch: Any) -> set[str]:
    return {said["rule"] for row in rows_of(api, batch, outcome="rejected") for said in row["findings"]}


@pytest.mark.parametrize("format", SENT)
def test_refused_and_accepted_completions_come_back_as_files_that_can_be_sent_again(
    api: Api, service: Service, format: str
) -> None:
    batch = worked(api, service, SENT[format])
    assert batch["format"] == format
    assert counted(batch) == {"read": 2, "added": 1, "rejected": 1}
    refused = worked(api, service, file_of(api, batch, "rejected"))
    assert (refused["format"], counted(refused)) == (format, {"read": 1, "rejected": 1})
    assert refused_for(api, refused) == refused_for(api, batch) >= {"credit-quarter"}
    accepted = worked(api, service, file_of(api, batch, "successful"))
    assert (accepted["format"], counted(accepted)) == (format, {"read": 1, "unchanged": 1})
    assert file_of(api, batch, "original") == SENT[format]
    settle(service)


@pytest.mark.parametrize(("sent_as", "wanted"), [("xlsx", "tab"), ("tab", "xlsx")])
def test_a_workbook_comes_back_as_text_and_text_as_a_workbook(
    api: Api, service: Service, sent_as: str, wanted: str
) -> None:
    batch = worked(api, service, SENT[sent_as])
    refused = worked(api, service, file_of(api, batch, "rejected", format=wanted))
    assert (refused["format"], counted(refused)) == (wanted, {"read": 1, "rejected": 1})
    assert refused_for(api, refused) == refused_for(api, batch)
    settle(service)


@pytest.mark.parametrize("write", [tab_text, workbook])
def test_refused_and_accepted_activities_come_back(api: Api, service: Service, write: Any) -> None:
    headings = [column.heading for column in ACTIVITIES]
    batch = worked(api, service, write([ACTIVITY, ACTIVITY | {"End Date": "2/1/2021"}], headings), kind="activities")
    assert counted(batch) == {"read": 2, "added": 1, "rejected": 1}
    refused = worked(api, service, file_of(api, batch, "rejected"), kind="activities")
    assert counted(refused) == {"read": 1, "rejected": 1}
    accepted = worked(api, service, file_of(api, batch, "successful"), kind="activities")
    assert counted(accepted) == {"read": 1, "unchanged": 1}
    settle(service)


def test_answers_to_validations_come_back_beside_their_rows(api: Api, service: Service) -> None:
    headings = [column.heading for column in VALIDATIONS]
    content = tab_text([LEARNER, LEARNER | {"Licensing ID": "999"}], headings)
    batch = worked(api, service, content, kind="learner-validations", permission_attested=None)
    assert counted(batch) == {"read": 2, "one": 1, "none": 1}
    answered = file_of(api, batch, "successful").decode("utf-8-sig").splitlines()
    told = [dict(zip(answered[0].split("\t"), line.split("\t"), strict=True)) for line in answered[1:]]
    assert [line["Result"] for line in told] == ["One learner was matched", "No learner was matched"]
    assert [bool(line["Learner Link"]) for line in told] == [True, False]
    again = worked(
        api, service, file_of(api, batch, "successful"), kind="learner-validations", permission_attested=None
    )
    assert counted(again) == counted(batch)


@pytest.mark.parametrize("file", published_files())
def test_the_schemas_of_documents_are_beside_the_templates_and_need_no_key(api: Api, file: str) -> None:
    answer = api.http.get(f"/v1/templates/{file}")
    assert (answer.status_code, answer.text) == (200, published_files()[file])
    assert answer.headers["Content-Type"] == f"application/{'json' if file.endswith('.json') else 'xml'}"
