"""Exports: files with what the lists have, in their order, whole or seen to be cut short."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime
from typing import Any

import openpyxl
import pytest
from fastapi.testclient import TestClient

from app.core.csv_text import unescape_formula
from app.services.context import Service
from tests.builders.bodies import COURSE, GRAND_ROUNDS, a_completion, an_activity, john, tina
from tests.harness.api import Answer, Api, api_of
from tests.harness.refusals import assert_problem
from tests.harness.uploads import rows_of, worked

COMPLETIONS, ACTIVITIES = "/v1/learner-completions", "/v1/activities"
EXPORTED = (COMPLETIONS, ACTIVITIES, "/v1/credit-lines", "/v1/activity-summaries")
FORMATS = ("xlsx", "csv", "ndjson")


def export(api: Api, path: str, format: str, **query: Any) -> Answer:
    answer = api.get(f"{path}:export", format=format, **query)
    assert answer.status == 200, answer.json
    return answer


def lines(api: Api, path: str = COMPLETIONS, **query: Any) -> list[Any]:
    return [json.loads(line) for line in export(api, path, "ndjson", **query).response.text.splitlines()]


def table(api: Api, path: str = COMPLETIONS, **query: Any) -> list[dict[str, str]]:
    text = export(api, path, "csv", **query).response.content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def sheet(api: Api, path: str = COMPLETIONS, **query: Any) -> list[dict[str, Any]]:
    book = openpyxl.load_workbook(io.BytesIO(export(api, path, "xlsx", **query).response.content))
    headings, *rows = book.worksheets[0].iter_rows(values_only=True)
    return [dict(zip(headings, row, strict=True)) for row in rows]


def listed(api: Api, path: str = COMPLETIONS, **query: Any) -> list[Any]:
    answer = api.get(path, limit=3, **query)
    found = list(answer.json["data"])
    while cursor := answer.json["next_cursor"]:
        answer = api.get(path, limit=3, cursor=cursor)
        found += answer.json["data"]
    return found


@pytest.fixture
def reported(api: Api) -> None:
    for body in (
        a_completion(reference="ccid:1"), john(), tina(), a_completion(completed_on="2021-12-11", credits=0.25),
        tina("2021-12-02", total=1.75), a_completion(completed_on="2021-12-10", first_name="REBECCA"),
    ):  # fmt: skip
        assert api.report(body).status in (200, 201), body


@pytest.mark.usefixtures("reported")
@pytest.mark.parametrize("query", [{}, {"sort": "last_name"}, {"sort": "-completed_on,last_name"}, {"board": "ABIM"}])
def test_documents_are_those_of_the_list_in_its_order(api: Api, query: dict[str, Any]) -> None:
    assert lines(api, **query) == listed(api, **query)
    text = export(api, COMPLETIONS, "ndjson", **query).response.text
    assert text.splitlines() == [
        json.dumps(one, separators=(",", ":"), ensure_ascii=False) for one in listed(api, **query)
    ]


@pytest.mark.usefixtures("reported")
def test_a_table_has_a_row_for_each_credit(api: Api) -> None:
    rows = table(api)
    credits = [(record, credit) for record in listed(api) for credit in record["credits"]]
    assert [(row["Completion ID"], row["Credit ID"]) for row in rows] == [
        (record["completion_id"], credit["credit_id"]) for record, credit in credits
    ]
    for row, (record, credit) in zip(rows, credits, strict=True):
        assert row["Board"] == credit["board"]
        assert row["Date of Birth"] == record["learner"]["date_of_birth"]
        assert row["Learner ID"] == (credit["learner_board_id"] or "")
        assert float(row["Credits Awarded"]) == credit["credits"]
        assert row["Credit Types"] == "; ".join(f"{one['credits']:g} {one['type']}" for one in credit["credit_types"])
        assert row["References"] == "; ".join(credit["client_references"])
        assert row["Submitted (UTC)"] == f"{record['submitted_at'][:19]}Z"
        assert row["Completion Date"] == record["completed_on"]
        assert row["Learner Link"] == record["learner"]["learner_id"]


@pytest.mark.usefixtures("reported")
@pytest.mark.parametrize("path", [COMPLETIONS, "/v1/credit-lines"])
def test_chosen_records_are_listed_and_exported_by_their_ids(api: Api, path: str) -> None:
    one, _, other, *_ = [record["completion_id"] for record in listed(api, sort="completed_on")]
    for sort in ("completed_on", "-submitted_at", "last_name"):
        chosen = {"completion_id": [one, other, "none-such"], "sort": sort}
        found = [record["completion_id"] for record in listed(api, **chosen)]
        assert sorted(found) == sorted((one, other)), sort
        assert list(dict.fromkeys(row["Completion ID"] for row in table(api, path, **chosen))) == found, sort
    refused = api.get(path, completion_id=[f"id-{number}" for number in range(101)])
    assert_problem(refused, 422, "parameter-invalid")


@pytest.mark.usefixtures("reported")
def test_filters_of_credits_keep_the_rows_that_fit_them(api: Api) -> None:
    assert {row["Board"] for row in table(api, board="ABIM")} == {"ABIM"}
    assert {row["Kind"] for row in table(api, kind="cme")} == {"cme"}
    assert {row["Kind"] for row in table(api, kind="moc")} == {"moc"}
    assert [row["References"] for row in table(api, client_reference="ccid:1")] == ["ccid:1"]
    assert [row["Board"] for row in table(api, credit_type="Patient Safety", activity_id=COURSE)] == ["ABIM"]
    assert table(api, board="ABS") == []
    assert len(table(api, activity_id=COURSE)) == 2


@pytest.mark.usefixtures("reported")
def test_a_workbook_has_the_same_cells_with_dates_and_amounts(api: Api) -> None:
    for cells, texts in zip(sheet(api), table(api), strict=True):
        assert cells["Completion Date"] == datetime.fromisoformat(texts["Completion Date"])
        assert isinstance(cells["Submitted (UTC)"], datetime)
        assert cells["Credits Awarded"] == float(texts["Credits Awarded"])
        dated = ("Completion Date", "Submitted (UTC)", "Status Since (UTC)", "Credits Awarded", "Occasion")
        for heading in texts.keys() - set(dated):
            assert (cells[heading] or "") == texts[heading], heading


def test_a_completion_without_credit_has_a_row(api: Api) -> None:
    made = api.register(title="Risky", rems={"type": "Opioid"}).json["activity_id"]
    body = a_completion(made, "2021-06-01", credits=None) | {"rems": {"local_id": "17", "profession": "Nurse"}}
    sent = api.send("PUT", f"{COMPLETIONS}/by-reference/rems:1", json=body)
    assert sent.status == 201, sent.json
    (row,) = table(api, activity_id=made)
    assert row["Completion ID"] == sent.json["completion_id"]
    assert (row["Credit ID"], row["Board"], row["Credits Awarded"]) == ("", "", "")
    assert lines(api, activity_id=made) == listed(api, activity_id=made)
    assert row["References"] == "rems:1"
    assert len(table(api, client_reference="rems:1")) == 1
    assert table(api, activity_id=made, board="TN-M") == []


@pytest.mark.parametrize("path", EXPORTED)
def test_nothing_is_found_in_a_file_without_rows(api: Api, path: str) -> None:
    assert lines(api, path, q="nobody-at-all") == []
    assert table(api, path, q="nobody-at-all") == []
    assert sheet(api, path, q="nobody-at-all") == []


@pytest.mark.parametrize("title", ["=1+1", "'quoted", "+1", "-x", "@x", "\u3164=1", 'x, "y"\nz', " blank ", "é<&>]]>"])
def test_what_a_spreadsheet_takes_for_a_formula_is_escaped_and_comes_back(api: Api, title: str) -> None:
    made = api.register(title=title, internal_id="own-1")
    assert made.status == 201, made.json
    stored = made.json["title"]
    (row,) = table(api, ACTIVITIES, internal_id="own-1")
    assert unescape_formula(row["Activity Title"]) == stored
    assert row["Activity Title"][0] not in "=+-@"
    (cells,) = sheet(api, ACTIVITIES, internal_id="own-1")
    assert cells["Activity Title"] == stored
    sent = api.report(a_completion(made.json["activity_id"], "2021-06-01"))
    assert sent.status == 201, sent.json
    (row,) = table(api, activity_id=made.json["activity_id"])
    assert unescape_formula(row["Activity Title"]) == stored


def test_activities_are_those_of_the_list(api: Api) -> None:
    for number in range(5):
        api.register(title=f"Course {number}", internal_id=f"c-{number}")
    for query in ({}, {"sort": "-title"}, {"q": "course"}):
        assert lines(api, ACTIVITIES, **query) == listed(api, ACTIVITIES, **query)
        assert [row["ACCME Activity ID"] for row in table(api, ACTIVITIES, **query)] == [
            activity["activity_id"] for activity in listed(api, ACTIVITIES, **query)
        ]


EVERYTHING: dict[str, Any] = {
    "title": "All there is", "format": "regularly-scheduled-series", "internal_id": "0012", "start_date": "2021-01-01",
    "end_date": "2021-12-31", "ama_pra_credits": 12.25, "delivery_methods": ["in-person", "print-other"],
    "location": {"city": "Portland", "state": "ME", "country": "USA"}, "description": "Two\nlines, and more.",
    "providership": "joint", "joint_providers": ["A, Inc.", "B"], "practice_areas": ["x"], "commendation_tags": ["c"],
    "moc": [
        {"board": board, "points": 2.5, "credit_types": types, "credit_claim_date": "2021-12-31",
         "practice_areas": ["Everything"], "content_outline": ["1.2", "3"], "attested": False}
        for board, types in (("ABA", ["Lifelong Learning"]), ("ABIM", ["Medical Knowledge"]), ("ABP", []), ("ABS", []))
    ],
    "rems": {"type": "Opioid", "identifier": "7"}, "mips": False,
    "measured_outcomes": [{"outcome": "learner-knowledge", "objective": True}, {"outcome": "patient-health"}],
    "listing": {"public": True, "url": "https://example.org/x", "fee": "variable", "registration": "open"},
    "commercial_support": [{"source": "Acme", "amount": 12.5, "in_kind": True}, {"source": "Bolt", "amount": 1}],
    "learner_counts": {"physicians": 3, "others": 9, "professions": [{"profession": "Nurse", "learners": 4}]},
    "joint_accreditation": {
        "interprofessional": True, "professions": ["Nurse", "Athletic Trainer"], "credits": ["IPCE"],
        "credit_amounts": [{"type": "Nursing", "credits": 2}, {"type": "Pharmacy", "credits": 1.25}],
        "pharmacy": {
            "universal_activity_number": "JA0008001-9999-21-012-L05-P", "technician_activity_number": "x (1)",
            "activity_type": "certificate-program", "topic": "05", "live_date": "2021-03-01", "sequence_number": 12,
        },
    },
}  # fmt: skip
AWKWARD: list[dict[str, Any]] = [
    {"internal_id": "12.0"}, {"internal_id": "1E10"}, {"internal_id": "=1"}, {"internal_id": "'7"},
    {"joint_providers": ["A; B", "C"]}, {"joint_providers": ["'C"]},
    {"commercial_support": []}, {"commercial_support": [{"source": "A", "in_kind": False, "amount": 1}]},
    {"commercial_support": [{"source": "A; B"}]}, {"commercial_support": [{"source": "A (in-kind)", "amount": 5}]},
    {"commercial_support": [{"source": "A", "amount": 5}, {"source": "B"}]},
    {"commercial_support": [{"source": "A", "amount": 0.001}]}, {"commercial_support": [{}]},
    {"description": "'=1+1"}, {"learner_counts": {"physicians": None, "others": 2}}, {"mips": True},
    {"measured_outcomes": []}, {"listing": {"public": False, "specialties": ["a"]}},
    {"joint_accreditation": {"credits": ["AMA PRA Category 1", "Nursing"]}},
    {"joint_accreditation": {"credits": ["Magic (2)", "Nursing"], "professions": ["A; B"]}},
    {"joint_accreditation": {"pharmacy": {"credits": 2, "live_date": None}}},
    {"joint_accreditation": {"interprofessional": False, "credit_amounts": [{"type": "Nursing", "credits": 1.333}]}},
    {"learner_counts": {"professions": [{"profession": "Physician Assistant", "learners": 2}]}},
    {"learner_counts": {"others": 5, "professions": [{"profession": "Magician (retired)", "learners": 2}]}},
]  # fmt: skip


@pytest.mark.parametrize("format", ["xlsx", "csv"])
def test_a_file_of_activities_uploaded_as_it_is_changes_nothing(api: Api, service: Service, format: str) -> None:
    assert api.register(**EVERYTHING).status == 201
    for number, fields in enumerate(AWKWARD):
        made = api.register(**({"title": f"Awkward {number}"} | fields))
        assert made.status == 201, (fields, made.json)
    before = listed(api, ACTIVITIES)
    content = export(api, ACTIVITIES, format).response.content
    batch = worked(api, service, content, kind="activities", name=f"activities.{format}", permission_attested=None)
    assert batch["file_error"] is None
    assert batch["counts"]["unchanged"] == len(before), [
        row for row in rows_of(api, batch) if row["outcome"] != "unchanged"
    ]
    assert listed(api, ACTIVITIES) == before


def test_all_of_an_activity_that_a_template_has_is_in_its_row(api: Api) -> None:
    assert api.register(**EVERYTHING).status == 201
    (row,) = sheet(api, ACTIVITIES, internal_id="0012")
    blank = {heading for heading, cell in row.items() if cell is None}
    assert blank <= {"Close Activity", "Credit Types", "Activity Status", "Still Missing"}
    assert row["Start Date"] == datetime.fromisoformat("2021-01-01")
    assert row["Supporter"] == "Acme (in-kind); Bolt"


@pytest.mark.parametrize("format", FORMATS)
def test_a_file_says_what_it_is_and_is_kept_by_nobody(api: Api, format: str) -> None:
    answer = export(api, COMPLETIONS, format, last_name="Test")
    headers = answer.response.headers
    assert headers["cache-control"] == "no-store"
    assert headers["content-disposition"] == f'attachment; filename="Learners_2021_12_20_15_00_00.{format}"'
    head = api.send("HEAD", f"{COMPLETIONS}:export", params={"format": format})
    assert (head.status, head.response.content) == (200, b"")
    assert head.response.headers["content-type"] == headers["content-type"]


@pytest.mark.parametrize("name", ["limit", "cursor", "include"])
@pytest.mark.parametrize("path", EXPORTED)
def test_an_export_has_no_pages(api: Api, path: str, name: str) -> None:
    answer = api.get(f"{path}:export", format="csv", **{name: "total"})
    assert_problem(answer, 422, "parameter-unknown")
    assert "no pages" in answer.json["errors"][0]["hint"]


@pytest.mark.parametrize("path", EXPORTED)
def test_what_cannot_be_asked_for_is_refused_before_anything_is_sent(api: Api, path: str) -> None:
    assert_problem(api.get(f"{path}:export"), 422, "parameter-invalid")
    assert_problem(api.get(f"{path}:export", format="pdf"), 422, "parameter-invalid")
    assert_problem(api.get(f"{path}:export", format="csv", sort="nothing"), 422, "parameter-invalid")


def test_the_scopes_are_those_of_the_lists(http: TestClient, service: Service) -> None:
    reader = api_of(http, service, "reader", providers=["0008001"], scopes=["activities:read"])
    assert reader.get(f"{ACTIVITIES}:export", format="csv").status == 200
    assert_problem(reader.get(f"{COMPLETIONS}:export", format="csv"), 403, "forbidden")


def test_another_providers_rows_are_in_no_file(http: TestClient, service: Service, api: Api) -> None:
    assert api.report(a_completion()).status == 201
    other = api_of(http, service, "other", providers=["0008002"])
    assert not {row["Completion ID"] for row in table(other)} & {row["Completion ID"] for row in table(api)}
    assert table(other, activity_id=GRAND_ROUNDS) == []
    assert an_activity()["title"] not in {row["Activity Title"] for row in table(other, ACTIVITIES)}
