"""Files as people have them, CSV and the workbooks of other programs, from upload to the corrected rejected file."""

from __future__ import annotations

import csv
import io
from typing import Any

import openpyxl
import pytest

from app.services.context import Service
from tests.builders.headings import ONE_BOARD
from tests.builders.old_workbooks import number, old_workbook
from tests.builders.open_documents import document, number_cell, text_cell
from tests.builders.sent_files import row, workbook
from tests.builders.workbook_parts import zipped
from tests.harness.api import Api, settle
from tests.harness.uploads import file_of, rows_of, worked

DATABASES = ["sqlite"]

GOOD = row()
BAD = row(Number_of_CME_Credits=0.3, Completion_Date="12/13/2021")


def comma_text(*rows: Any, mark: str = ",") -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=mark)
    writer.writerow(ONE_BOARD)
    writer.writerows([["" if given.get(name) is None else given[name] for name in ONE_BOARD] for given in rows])
    return out.getvalue().encode()


def open_document(*rows: Any) -> bytes:
    cells = [[_cell(given.get(name)) for name in ONE_BOARD] for given in rows]
    return document([list(map(text_cell, ONE_BOARD)), *cells])


def _cell(value: Any) -> str:
    return number_cell(value) if isinstance(value, int | float) else text_cell(value or "")


def excel_97(*rows: Any) -> bytes:
    return old_workbook([list(ONE_BOARD), *([given.get(name) for name in ONE_BOARD] for given in rows)])


WRITERS = {
    "commas": (comma_text, "tab", "csv"),
    "semicolons": (lambda *rows: comma_text(*rows, mark=";"), "tab", "csv"),
    "ods": (open_document, "xlsx", "xlsx"),
    "xls": (excel_97, "xlsx", "xlsx"),
}
every_file = pytest.mark.parametrize(("write", "format", "ending"), WRITERS.values(), ids=WRITERS.keys())


def download(api: Api, batch: Any, which: str, **parameters: Any) -> Any:
    return api.get(f"/v1/batches/{batch['batch_id']}/files/{which}", **parameters).response


@every_file
def test_it_is_counted_as_what_it_is_and_its_answers_can_be_sent_again(
    api: Api, service: Service, write: Any, format: str, ending: str
) -> None:
    content = write(GOOD, BAD)
    batch = worked(api, service, content)
    assert (batch["format"], batch["counts"]["added"], batch["counts"]["rejected"]) == (format, 1, 1)
    (added,) = api.completions(activity_id=GOOD["ACCME Activity ID"])
    assert added["entry_method"] == ("tab" if ending == "csv" else "excel")
    answer = download(api, batch, "rejected")
    assert answer.headers["content-disposition"].split('"')[1].endswith(f".{ending}")
    assert ("text/csv" in answer.headers["content-type"]) == (ending == "csv")
    again = worked(api, service, answer.content)
    assert (again["format"], again["counts"]["read"], again["counts"]["rejected"]) == (format, 1, 1)
    accepted = worked(api, service, file_of(api, batch, "successful"))
    assert accepted["counts"]["unchanged"] == 1
    assert file_of(api, batch, "original") == content
    other = download(api, batch, "rejected", format="xlsx" if format == "tab" else "tab")
    assert worked(api, service, other.content)["counts"]["rejected"] == 1
    settle(service)


@every_file
def test_a_dry_run_takes_it(api: Api, service: Service, write: Any, format: str, ending: str) -> None:
    batch = worked(api, service, write(GOOD, BAD), dry_run="true")
    assert (batch["format"], batch["counts"]["added"], batch["counts"]["rejected"]) == (format, 1, 1)
    assert api.completions(activity_id=GOOD["ACCME Activity ID"]) == []


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        (old_workbook([list(ONE_BOARD)], more=number(65_535, 255, 1)), "too-large", "far from all others"),
        (
            zipped({"January.xlsx": workbook([GOOD])}),
            "unreadable",
            "This is a zip that holds “January.xlsx”: unpack it",
        ),
        (
            zipped({"a/One.csv": b"x", "a/Two.xls": b"x", "__MACOSX/._One.csv": b"x", "readme.md": b"x"}),
            "unreadable",
            "holds “One.csv” and 1 more file: unpack it, and send each file by itself",
        ),
    ],
)
def test_a_file_that_is_refused_says_why_and_the_next_one_is_taken(
    api: Api, service: Service, content: bytes, code: str, says: str
) -> None:
    batch = worked(api, service, content)
    assert (batch["status"], batch["file_error"]["code"]) == ("failed", code)
    assert says in batch["file_error"]["detail"]
    assert worked(api, service, open_document(GOOD))["counts"]["added"] == 1
    settle(service)


def findings(api: Api, batch: Any) -> dict[str, Any]:
    return {found["rule"]: found for row in rows_of(api, batch, outcome="rejected") for found in row["findings"]}


def test_what_to_do_is_said_as_the_template_shows_it(api: Api, service: Service) -> None:
    table = findings(api, worked(api, service, workbook([row(Completion_Date="11/31/2021", Date_of_Birth="02/30")])))
    assert (table["date-valid"]["detail"], table["date-valid"]["hint"]) == (
        "November has 30 days.", "Give it as MM/DD/YYYY.",
    )  # fmt: skip
    assert table["birth-date-valid"]["detail"] == "Not a month and day: the month does not have this day."
    body = {"activity_id": GOOD["ACCME Activity ID"], "completed_on": "2021-11-31"}
    answer = api.post("/v1/learner-completions", body | {"learner": {}, "permission": True})
    hints = {error["code"]: error["hint"] for error in answer.json["errors"]}
    assert "YYYY-MM-DD" in hints["date-valid"]


def test_a_person_who_is_not_found_marks_the_cells_that_were_compared(api: Api, service: Service) -> None:
    batch = worked(api, service, workbook([row(First_Name="Nobody", Last_Name="Known", Licensing_ID="1")]))
    sheet: Any = openpyxl.load_workbook(io.BytesIO(file_of(api, batch, "rejected"))).worksheets[0]
    headings = [cell.value for cell in sheet[2]]
    red = [name for name, cell in zip(headings, sheet[3], strict=True) if cell.fill.fgColor.rgb == "FFFFC7CE"]
    compared = ["First Name", "Last Name", "Date of Birth", "Licensing State", "Licensing ID"]
    assert red == compared
    errors = sheet[3][headings.index("Errors")].value
    assert f"Compared: {', '.join(compared)}." in errors
    assert headings[-3:] == ["Errors", "What to do", "Error Codes"]


def test_a_rejected_workbook_keeps_what_the_template_has_to_correct_it_by(api: Api, service: Service) -> None:
    batch = worked(api, service, workbook([BAD] * 3))
    book: Any = openpyxl.load_workbook(io.BytesIO(file_of(api, batch, "rejected")))
    assert [(sheet.title, sheet.sheet_state) for sheet in book.worksheets] == [
        ("Learners", "visible"), ("Reference", "visible"), ("Instructions", "visible"), ("Lists", "hidden"),
    ]  # fmt: skip
    sheet = book.worksheets[0]
    offered = {str(rule.sqref): rule.formula1 for rule in sheet.data_validations.dataValidation}
    assert offered["A3:A5"] == "List_action"
    assert offered["G3:G5"] == "List_state"
    names = {name: next(iter(defined.destinations)) for name, defined in book.defined_names.items()}
    sheet_name, cells = names["List_state"]
    assert book[sheet_name][cells.replace("$", "")][0][0].value == "Alabama"
    rules = {str(area.sqref): rule for area in sheet.conditional_formatting for rule in area.rules}
    assert rules["A3:A5"].formula[0].startswith("AND(COUNTA($A3")
    (stays_red,) = [rule for rule in rules.values() if rule.formula == ["TRUE"]]
    assert (stays_red.priority, stays_red.stopIfTrue) == (1, True)
    assert sheet.print_title_rows == "$1:$2"
    assert worked(api, service, file_of(api, batch, "rejected"))["counts"]["rejected"] == 3


def test_a_sheet_that_is_called_as_one_of_ours_is_written_alone(api: Api, service: Service) -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook([BAD])))
    book.active.title = "reference"
    out = io.BytesIO()
    book.save(out)
    batch = worked(api, service, out.getvalue())
    found = openpyxl.load_workbook(io.BytesIO(file_of(api, batch, "rejected")))
    assert found.sheetnames == ["reference"]
