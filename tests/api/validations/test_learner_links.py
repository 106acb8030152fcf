"""From a validation to a report: the link of a result file stands in place of identity data, in JSON and in files."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
import pytest
from fastapi.testclient import TestClient

from app.domain.columns import LEARNERS, VALIDATIONS
from app.services.context import Service
from tests.builders.bodies import a_completion
from tests.builders.sent_files import ROW, tab_text, workbook
from tests.harness.api import Api, api_of, settle
from tests.harness.uploads import file_of, rows_of, upload, worked

DATABASES = ["sqlite"]

REBECCA = {"First Name": "Rebecca", "Last Name": "Test", "Date of Birth": "02/01"}
NOBODY = {"First Name": "Rebecca", "Last Name": "Nobody MD", "Date of Birth": "02/01"}
HEADINGS = [column.heading for column in VALIDATIONS]
WITHOUT_PERSON = [heading for heading in ROW if heading not in REBECCA]


def validated(api: Api, service: Service, format: str = "xlsx") -> tuple[str, list[str]]:
    """Validate Rebecca and nobody; return her link, and the texts of what to do."""
    content = workbook([REBECCA, NOBODY], HEADINGS) if format == "xlsx" else tab_text([REBECCA, NOBODY], HEADINGS)
    batch = worked(api, service, content, "learner-validations", permission_attested=None)
    assert (batch["counts"]["one"], batch["counts"]["none"]) == (1, 1)
    data = file_of(api, batch, "successful")
    if format == "xlsx":
        rows = [list(row) for row in openpyxl.load_workbook(io.BytesIO(data)).worksheets[0].iter_rows(values_only=True)]
    else:
        rows = [line.split("\t") for line in data.decode("utf-8-sig").splitlines()]
    head = next(row for row in rows if "Learner Link" in row)
    shown = [dict(zip(head, row, strict=False)) for row in rows[rows.index(head) + 1 :]]
    assert [row["Result"] for row in shown] == ["One learner was matched", "No learner was matched"]
    return shown[0]["Learner Link"], [row["What to do"] for row in shown]


def with_link(link: Any, **cells: Any) -> dict[str, Any]:
    given = {heading: ROW[heading] for heading in WITHOUT_PERSON} | {"Learner Link": link}
    return given | {name.replace("_", " "): cell for name, cell in cells.items()}


@pytest.mark.parametrize("format", ["xlsx", "tab"])
def test_the_link_of_a_result_file_reports_in_a_learner_file_without_names(
    api: Api, service: Service, format: str
) -> None:
    link, (matched, missed) = validated(api, service, format)
    assert "Learner Link" in matched and "learner_id" not in matched
    assert "The last name has a degree in it" in missed and service.settings.support_contact in missed
    write = workbook if format == "xlsx" else tab_text
    rows = [with_link(link, Licensing_ID=None), with_link(link, Completion_Date="12/13/2021")]
    batch = worked(api, service, write(rows, [*WITHOUT_PERSON, "Learner Link"]))  # type: ignore[operator]
    assert (batch["counts"]["added"], batch["counts"]["rejected"]) == (2, 0), rows_of(api, batch)
    assert api.report(a_completion()).json["outcome"] == "unchanged"
    settle(service)


def test_a_link_beside_other_names_or_of_another_provider_is_a_miss_and_its_cell_is_marked(
    api: Api, service: Service, http: TestClient
) -> None:
    link, _ = validated(api, service)
    theirs = api_of(http, service, "theirs", providers=["0008002"])
    headings = [*[column.heading for column in LEARNERS[:9]], "Learner Link"]
    rows = [
        ROW | {"Learner Link": link, "First Name": "Wholly", "Last Name": "Else"},
        with_link("lrn_0"),
        with_link(link),
    ]
    for client, expected in ((api, ["rejected", "rejected", "added"]), (theirs, ["rejected"] * 3)):
        batch = worked(client, service, workbook(rows, headings))
        assert [row["outcome"] for row in rows_of(client, batch)] == expected
    batch = worked(api, service, workbook(rows[:2], headings))
    assert {finding["rule"] for row in rows_of(api, batch) for finding in row["findings"]} == {"learner-unmatched"}
    hints = {finding["hint"] for row in rows_of(api, batch) for finding in row["findings"]}
    assert [hint.partition(";")[0] for hint in hints] == ["Copy the learner link whole"]
    rejected = file_of(api, batch, "rejected")
    sheet = openpyxl.load_workbook(io.BytesIO(rejected)).worksheets[0]
    head = [cell.value for cell in sheet[2]]
    assert head.count("Learner Link") == 1
    cell = sheet.cell(3, head.index("Learner Link") + 1)
    assert (cell.value, cell.fill.fgColor.rgb) != (None, "00000000")
    again = worked(api, service, rejected)
    assert again["counts"]["rejected"] == 2
    settle(service)


def test_a_result_file_that_is_filled_in_further_is_a_learner_file(api: Api, service: Service) -> None:
    """What was found stays beside the rows: the link is read, and survives a rejection."""
    link, _ = validated(api, service)
    headings = [*HEADINGS, "Result", "Learner Link", "Boards", "What to do", "Record Action", "ACCME Activity ID",
                "Completion Date", "Number of CME Credits"]  # fmt: skip
    row = {"Result": "One learner was matched", "Learner Link": link, "Licensing State": "Tennessee"} | {
        name: ROW[name] for name in headings[-4:]
    }
    batch = worked(api, service, tab_text([row, row | {"Number of CME Credits": 0.3}], headings))
    assert (batch["counts"]["added"], batch["counts"]["rejected"]) == (1, 1)
    mended = file_of(api, batch, "rejected").replace(b"0.3", b"0.5")
    assert worked(api, service, mended)["counts"]["rejected"] == 0
    settle(service)


def test_without_links_the_headings_of_names_are_still_required(api: Api, service: Service) -> None:
    batch = worked(api, service, tab_text([with_link("x")], WITHOUT_PERSON))
    assert batch["file_error"]["code"] == "heading-missing"


def test_a_delete_by_link_withdraws_what_was_reported(api: Api, service: Service) -> None:
    link, _ = validated(api, service)
    api.report(a_completion())
    batch = worked(api, service, tab_text([with_link(link, Record_Action="Delete")], [*WITHOUT_PERSON, "Learner Link"]))
    assert batch["counts"]["deleted"] == 1, rows_of(api, batch)
    settle(service)


@pytest.mark.parametrize(
    ("kind", "meant"),
    [("learners", "learner-completions"), ("validations", "learner-validations"), ("rosters", "roster")],
)
def test_a_kind_called_as_its_template_is_told_by_its_name(api: Api, kind: str, meant: str) -> None:
    (error,) = upload(api, b"x", kind).json["errors"]
    assert (error["pointer"], error["hint"]) == ("/kind", f"Did you mean {meant}?")
