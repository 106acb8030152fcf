"""Reports as files: what their pages have, in their order, as documents, text and workbooks."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime
from typing import Any

import openpyxl
import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from app.core.csv_text import unescape_formula
from app.domain.exports import ExportKind
from app.domain.looking.standing_reports import REPORTS, ReportRows
from app.services.context import Service
from app.services.looking import exports, report_export
from app.store.looking import ids_in_order, report_lines
from tests.builders.bodies import a_completion
from tests.harness.api import Answer, Api, api_of
from tests.harness.clock import ManualClock
from tests.harness.looking.reported import FORMATS, World
from tests.harness.properties import examples
from tests.harness.refusals import assert_problem

OURS, THEIRS = "0008001", "0008123"
LISTED = [report.name for report in REPORTS if report.rows not in (ReportRows.TOTALS, ReportRows.COUNTS)]


def taken(api: Api, name: str, format: str, **query: Any) -> bytes:
    answer = api.get(f"/v1/reports/{name}:export", format=format, **query)
    assert answer.status == 200, answer.json
    return answer.response.content


def table(api: Api, name: str, **query: Any) -> list[dict[str, str]]:
    text = taken(api, name, "csv", **query).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def sheet(api: Api, name: str, **query: Any) -> list[dict[str, Any]]:
    book = openpyxl.load_workbook(io.BytesIO(taken(api, name, "xlsx", **query)))
    headings, *rows = book.worksheets[0].iter_rows(values_only=True)
    return [dict(zip(headings, row, strict=True)) for row in rows]


@pytest.fixture
def world(http: TestClient, service: Service, clock: ManualClock) -> World:
    return World(api_of(http, service, "reporter", providers=[OURS]), service, clock)


def as_text(value: Any) -> str:
    """Return a value of JSON as a cell of text has it."""
    match value:
        case None:
            return ""
        case bool():
            return "Yes" if value else "No"
        case list():
            return "; ".join(value)
        case float():
            return f"{value:g}"
    text = str(value)
    return f"{text[:19]}Z" if text[10:11] == "T" and text.endswith("Z") else text


FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "year": st.sampled_from((2018, 2019, 2020, 2021)),
        "board": st.sampled_from(("ABA", "TN-M", "CA-M", "nobody")),
        "activity_format": st.sampled_from(FORMATS),
    },
)


def test_files_have_what_the_pages_have(world: World) -> None:
    api = world.api

    @given(
        name=st.sampled_from(LISTED), query=FILTERS, status=st.sampled_from((None, "pending", "rejected")),
        missed=st.sampled_from((None, "true", "false")), at_once=st.integers(1, 5), found=st.integers(1, 7),
    )  # fmt: skip
    @examples(40)
    def agree(
        name: str, query: dict[str, Any], status: str | None, missed: str | None, at_once: int, found: int
    ) -> None:
        if name == "not-yet-accepted" and status:
            query = query | {"status": status}
        if name == "attendance" and missed:
            query = query | {"missed": missed}
        expected = list(api.pages(f"/v1/reports/{name}", **query))
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(report_export, "AT_ONCE", at_once)
            patched.setattr(ids_in_order, "FOUND_AT_ONCE", found)
            patched.setattr(report_lines, "_FEW", found)
            documents = [json.loads(line) for line in taken(api, name, "ndjson", **query).splitlines()]
            rows, cells = table(api, name, **query), sheet(api, name, **query)
        assert documents == expected
        columns = report_export.LINES if "credit_id" in columns_of(expected) else report_export.ACTIVITIES
        texts = [{columns[field].heading: as_text(one[field]) for field in columns} for one in expected]
        assert [{heading: unescape_formula(text) for heading, text in row.items()} for row in rows] == texts
        assert [typed(row) for row in cells] == [untyped(row) for row in texts]

    agree()


def columns_of(rows: list[dict[str, Any]]) -> set[str]:
    return {name for row in rows for name in row}


def typed(row: dict[str, Any]) -> dict[str, str]:
    """Return the cells of a workbook as texts: days, instants and amounts have types of their own there."""
    return {
        heading: value.isoformat() if isinstance(value, datetime) else "" if value is None else f"{value}"
        for heading, value in row.items()
    }


def untyped(row: dict[str, str]) -> dict[str, str]:
    days = ("Completion Date", "Start Date", "End Date", "Close By")
    instants = ("Submitted (UTC)", "Status Since (UTC)")
    return {
        heading: f"{text}T00:00:00" if heading in days else text.removesuffix("Z") if heading in instants else text
        for heading, text in row.items()
    }


def test_the_totals_of_a_year_end_with_those_of_all_boards(world: World) -> None:
    for year in (2018, 2019, 2020, 2021):
        answer = world.api.get("/v1/reports/year-totals", year=year).json
        (document,) = taken(world.api, "year-totals", "ndjson", year=year).splitlines()
        assert json.loads(document) == answer
        *groups, whole = table(world.api, "year-totals", year=year)
        assert groups == [
            {column.heading: as_text(group[name]) for name, column in report_export.TOTALS.items()}
            for group in answer["groups"]
        ]
        assert (whole["Board"], whole["Activity Format"], whole["Credits"]) == ("", "", "")
        for heading, name in (("Lines", "lines"), ("Lines Rejected", "lines_rejected"), ("Persons", "persons")):
            assert whole[heading] == str(answer[name])
        assert whole["Lines Accepted"] == str(sum(group["lines_accepted"] for group in answer["groups"]))
        assert sheet(world.api, "year-totals", year=year)[-1]["Activities"] == answer["activities"]
    assert_problem(world.api.get("/v1/reports/year-totals:export", format="csv"), 422, "parameter-invalid")


def test_what_a_spreadsheet_takes_for_a_formula_is_text(api: Api) -> None:
    made = api.register(title="=1+1", internal_id="=own").json["activity_id"]
    (row,) = [row for row in table(api, "nothing-reported") if row["ACCME Activity ID"] == made]
    assert (row["Activity Title"], row["Provider Activity ID"]) == ("'=1+1", "'=own")
    assert api.report(a_completion(made, "2021-06-01")).status == 201
    (line,) = [row for row in table(api, "reported-late") if row["ACCME Activity ID"] == made]
    assert line["Activity Title"] == "'=1+1"
    (cells,) = [row for row in sheet(api, "reported-late") if row["ACCME Activity ID"] == made]
    assert (cells["Activity Title"], cells["Learner ID"]) == ("=1+1", "444444")
    assert cells["Completion Date"] == datetime.fromisoformat("2021-06-01")
    assert isinstance(cells["Days to Report"], int) and isinstance(cells["Credits Awarded"], int)


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.name)
def test_a_file_refuses_what_its_report_refuses(http: TestClient, service: Service, api: Api, report: Any) -> None:
    path, year = f"/v1/reports/{report.name}", {"year": 2021}
    for wrong in (
        {"year": "abc"}, {"year": "1"}, year | {"nothing": "x"}, year | {"board": "a\x00b"},
        year | {"status": "accepted"}, year | {"missed": "maybe"},
    ):  # fmt: skip
        paged, whole = api.get(path, **wrong), api.get(f"{path}:export", format="csv", **wrong)
        assert (whole.status, whole.json["code"]) == (paged.status, paged.json["code"]) == (422, whole.json["code"])
        assert [(item["code"], item["parameter"], item["detail"]) for item in whole.json["errors"]] == [
            (item["code"], item["parameter"], item["detail"]) for item in paged.json["errors"]
        ]
    assert_problem(api.get(f"{path}:export", **year), 422, "parameter-invalid")
    assert_problem(api.get(f"{path}:export", format="pdf", **year), 422, "parameter-invalid")
    for page in ({"limit": 5}, {"cursor": "x"}, {"include": "groups"}):
        assert_problem(api.get(f"{path}:export", format="csv", **year, **page), 422, "parameter-unknown")
    reader = api_of(http, service, scopes=["board:feed"], role="board", board="ABA")
    assert reader.get(f"{path}:export", format="csv", **year).status == 403


def test_another_providers_report_has_nothing_of_ours(world: World, http: TestClient, service: Service) -> None:
    other = api_of(http, service, providers=[THEIRS])
    for name in LISTED:
        assert table(other, name) == []


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.name)
@pytest.mark.parametrize("format", ["xlsx", "csv", "ndjson"])
def test_a_link_leads_to_a_report(api: Api, report: Any, format: str) -> None:
    assert api.report(a_completion()).status == 201
    query: dict[str, Any] = {"year": 2021} | ({"board": ["TN-M"]} if "board" in report.parameters else {})
    made = api.post("/v1/downloads", {"kind": report.name, "format": format, "query": query})
    assert made.status == 201, made.json
    followed = Answer(api.http.request("GET", made.json["url"]))
    assert followed.response.content == taken(api, report.name, format, **query)


def test_more_lines_than_a_workbook_holds_are_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = len(table(world.api, "not-yet-accepted"))
    activities = len(table(world.api, "nothing-reported"))
    for name, rows in (("not-yet-accepted", lines), ("nothing-reported", activities)):
        monkeypatch.setattr(report_lines, "_FEW", 0)
        monkeypatch.setattr(exports, "MOST_SHEET_ROWS", rows)
        assert len(sheet(world.api, name)) == rows
        monkeypatch.setattr(exports, "MOST_SHEET_ROWS", rows - 1)
        refused = world.api.get(f"/v1/reports/{name}:export", format="xlsx")
        assert_problem(refused, 422, "parameter-invalid")


def test_every_list_and_report_that_is_exported_says_where(api: Api) -> None:
    kinds = {kind.value for kind in ExportKind}
    assert {report["export"] for report in api.get("/v1/reports").json["data"]} == {
        f"/v1/reports/{report.name}:export" for report in REPORTS
    }
    assert {report.name for report in REPORTS} <= kinds
