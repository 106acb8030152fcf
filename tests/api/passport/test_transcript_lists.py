"""A board's list of licensees over HTTP: totals beside each row, every completed activity, and nobody else."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from typing import Any

import openpyxl
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Connection

from app.domain.columns import LICENSEES
from app.domain.passport.disputes import WithdrawnPermission
from app.services.access import erasure
from app.services.context import Service
from app.store import batch_rows
from app.store.passport import permissions
from app.store.sql import statements
from tests.builders.bodies import a_completion
from tests.builders.people import import_people
from tests.builders.sent_files import lines, tab_text, workbook
from tests.harness.api import Api, api_of, settle
from tests.harness.refusals import assert_problem
from tests.harness.uploads import file_of, rows_of, upload, work_through, worked

HEADINGS = [column.heading for column in LICENSEES]
VINCENT = {"First Name": "Vincent", "Last Name": "Van Gogh", "Certifying Board ID": "98989"}
NOBODY = {"First Name": "Nemo", "Last Name": "Nobody", "Certifying Board ID": "11111"}
FORMATS = ["xlsx", "tab", "csv", "ndjson"]
_MEMBERS = {column.heading: column.pointer[1:] for column in LICENSEES}


@pytest.fixture
def board(http: TestClient, service: Service) -> Api:
    """The American Board of Ophthalmology, which has certified the physician of the slides."""
    return api_of(http, service, "ABO", role="board", board="ABO")


@pytest.fixture
def other(http: TestClient, service: Service) -> Api:
    """A board that does not know them."""
    return api_of(http, service, "ABIM", role="board", board="ABIM")


def as_csv(rows: Iterable[Mapping[str, Any]], headings: list[str]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, headings)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def written(format: str, *rows: Mapping[str, Any], headings: list[str] = HEADINGS) -> bytes:
    """Return rows as a file of a format."""
    if format == "xlsx":
        return workbook(rows, headings)
    if format == "ndjson":
        return lines([{_MEMBERS[name]: value for name, value in row.items()} for row in rows])
    return tab_text(rows, headings) if format == "tab" else as_csv(rows, headings)


def asked(board: Api, service: Service, *rows: Mapping[str, Any], format: str = "csv", **fields: Any) -> Any:
    """Upload rows as a list; return its batch, which was answered."""
    sent = written(format, *rows)
    batch = worked(board, service, sent, "transcripts", permission_attested=None, name=f"list.{format}", **fields)
    assert batch["status"] == "completed", batch["file_error"]
    return batch


def table_of(content: bytes, separator: str = ",") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=separator))


def sheet_rows(content: bytes, place: int) -> list[dict[str, Any]]:
    """Return the rows of a sheet below its headings, which is the first row with more than one cell."""
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[place]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    start = next(place for place, row in enumerate(rows) if sum(cell is not None for cell in row) > 1)
    return [dict(zip(rows[start], row, strict=True)) for row in rows[start + 1 :]]


def totals_of(board: Api, batch: Any, format: str) -> list[dict[str, Any]]:
    """Return the totals as a table, whatever their format: amounts as texts."""
    content = file_of(board, batch, "successful", **({"format": "tab"} if format == "ndjson" else {}))
    if format == "xlsx":
        rows = sheet_rows(content, 0)
        return [{name: "" if cell is None else str(cell) for name, cell in row.items()} for row in rows]
    return table_of(content, "," if format == "csv" else "\t")


@pytest.mark.parametrize("format", FORMATS)
def test_a_list_is_answered_with_totals_and_every_activity(board: Api, service: Service, format: str) -> None:
    batch = asked(board, service, VINCENT, NOBODY, format=format)
    assert (batch["kind"], batch["board"], batch["provider_id"]) == ("transcripts", "ABO", None)
    assert batch["counts"] == {"read": 2, "one": 1, "none": 1, "rejected": 0}
    vincent, nobody = totals_of(board, batch, format)
    assert (vincent["Found"], vincent["Name on File"]) == ("Yes", "Vincent Van Gogh")
    assert (vincent["AMA PRA Credits"], vincent["ABO Credits"]) == ("7", "22.75")
    assert (vincent["ABO Lifelong Learning"], vincent["ABO Patient Safety"]) == ("22.75", "7")
    assert vincent["Other Boards"] == "CA-M 7"
    assert (nobody["Found"], nobody["Name on File"], nobody["ABO Credits"]) == ("No", "", "")
    details = file_of(board, batch, "details", **({"format": "tab"} if format == "ndjson" else {}))
    rows = sheet_rows(details, 0) if format == "xlsx" else table_of(details, "," if format == "csv" else "\t")
    assert [(row["Board"], float(row["Credits"])) for row in rows][:2] == [("CA-M", 7), ("ABO", 7)]
    assert len(rows) == 5, "a row for each credit of four activities"
    assert {row["Name on File"] for row in rows} == {"Vincent Van Gogh"}


def test_a_workbook_has_both_as_sheets(board: Api, service: Service) -> None:
    batch = asked(board, service, VINCENT, NOBODY, format="xlsx")
    content = file_of(board, batch, "successful")
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book.sheetnames == ["Learners", "Completed activities"]
    newest = sheet_rows(content, 1)[0]
    assert (newest["Row"], newest["Activity"], newest["Credits"]) == (3, "Testing out CME Passport", 7)
    assert f"{newest['Completed On']:%Y-%m-%d}" == "2022-04-21"
    assert newest["At the Board"] in ("Accepted", "Pending", "Recorded here")


def test_lines_are_answered_in_the_shapes_of_the_api(board: Api, service: Service) -> None:
    batch = asked(board, service, VINCENT, NOBODY, format="ndjson")
    found, absent = map(json.loads, file_of(board, batch, "successful").splitlines())
    one = board.post(
        "/v1/transcripts:search", {"first_name": "Vincent", "last_name": "Van Gogh", "board_id": "98989"}
    ).json["data"][0]
    assert found["_result"] == {"found": True, "name": "Vincent Van Gogh", "totals": one["totals"]}
    assert found["board_id"] == "98989"
    assert absent["_result"] == {"found": False, "name": None, "totals": None}
    details = [json.loads(line) for line in file_of(board, batch, "details").splitlines()]
    assert [{k: v for k, v in line.items() if k not in ("row", "name")} for line in details] == one["rows"]
    assert {(line["row"], line["name"]) for line in details} == {(1, "Vincent Van Gogh")}


def test_days_of_the_file_narrow_all_rows_and_days_of_a_row_take_their_place(board: Api, service: Service) -> None:
    own = VINCENT | {"Completed From": "04/01/2022"}
    batch = asked(board, service, VINCENT, own, completed_from="2022-02-02", completed_to="2022-02-16")
    first, *_ = totals_of(board, batch, "csv")
    assert (first["ABO Credits"], first["AMA PRA Credits"]) == ("10", "0")
    assert batch["counts"]["rejected"] == 1, "the last day of the file is before the first of the row"
    both = own | {"Completed To": "12/31/2022"}
    batch = asked(board, service, both, completed_from="2022-02-02", completed_to="2022-02-16")
    (only,) = totals_of(board, batch, "csv")
    assert (only["ABO Credits"], only["AMA PRA Credits"], only["Other Boards"]) == ("7", "7", "CA-M 7")


def test_wrong_rows_come_back_with_what_is_wrong_at_their_cells(board: Api, service: Service) -> None:
    wrong = [
        {"First Name": "Vincent", "Last Name": "Van Gogh"},
        {"First Name": "Vincent", "Certifying Board ID": "98989"},
        VINCENT | {"Date of Birth": "13/45"},
        VINCENT | {"Completed From": "yesterday"},
        VINCENT | {"Completed From": "12/31/2022", "Completed To": "01/01/2022"},
        VINCENT | {"NPI": "123"},
    ]
    batch = asked(board, service, *wrong)
    assert batch["counts"]["rejected"] == len(wrong)
    found = [
        (row["row"], finding["rule"], finding["column"]) for row in rows_of(board, batch) for finding in row["findings"]
    ]
    assert found == [
        (2, "format", "Licensing ID"),
        (3, "name-required", "Last Name"),
        (4, "birth-date-valid", "Date of Birth"),
        (5, "format", "Completed From"),
        (6, "format", "Completed To"),
        (7, "npi-valid", "NPI"),
    ]
    rejected = file_of(board, batch, "rejected")
    assert "Give MM/DD/YYYY" in rejected.decode()
    mended = rejected.replace(b"yesterday", b"01/01/2020")
    again = worked(board, service, mended, "transcripts", permission_attested=None, name="again.csv")
    assert again["counts"] == {"read": 6, "one": 1, "none": 0, "rejected": 5}


def test_who_is_not_of_the_board_is_absent_as_whoever_does_not_exist(board: Api, other: Api, service: Service) -> None:
    import_people(service, {"first_name": "Nora", "last_name": "Nye", "certifications": "ABIM:555123"})
    rows = [
        {"First Name": "Vincent", "Last Name": "Van Gogh", "Licensing State": "CA", "Licensing ID": "54916519"},
        {"First Name": "Vincent", "Last Name": "Van Gogh", "Date of Birth": "03/30"},
        {"First Name": "Vincent", "Last Name": "Van Gogh", "Date of Birth": "03/31"},
        NOBODY,
    ]
    batch = asked(other, service, *rows)
    assert batch["counts"] == {"read": 4, "one": 0, "none": 4, "rejected": 0}
    answers = {tuple(row[name] for name in row if name not in HEADINGS) for row in totals_of(other, batch, "csv")}
    assert len(answers) == 1, "all misses are the same"
    assert file_of(other, batch, "details").decode("utf-8-sig").count("\n") == 1
    told = [{name: value for name, value in row.items() if name != "row"} for row in rows_of(other, batch)]
    assert all(row == told[0] for row in told)
    assert_problem(board.get(f"/v1/batches/{batch['batch_id']}"), 404, "not-found")
    assert_problem(board.get(f"/v1/batches/{batch['batch_id']}/files/details"), 404, "not-found")


def test_only_boards_send_lists_and_only_with_the_right_to_read_transcripts(
    api: Api, http: TestClient, service: Service
) -> None:
    sent = written("csv", VINCENT)
    refused = upload(api, sent, "transcripts", permission_attested=None)
    assert_problem(refused, 403, "forbidden")
    assert refused.json["errors"][0]["pointer"] == "/kind"
    rosters_only = api_of(
        http, service, "roster key", role="board", board="ABO", scopes=["batches:read", "batches:write"]
    )
    assert_problem(upload(rosters_only, sent, "transcripts", permission_attested=None), 403, "forbidden")
    allowed = api_of(http, service, "ABO reader", role="board", board="ABO")
    batch = worked(allowed, service, sent, "transcripts", permission_attested=None)
    for path in ("", "/rows", "/files/successful", "/files/original"):
        assert_problem(rosters_only.get(f"/v1/batches/{batch['batch_id']}{path}"), 403, "forbidden")
    assert_problem(upload(allowed, sent, "learner-validations", permission_attested=None), 403, "forbidden")


def test_days_are_told_of_lists_alone_and_have_to_be_days(board: Api, api: Api) -> None:
    sent = written("csv", VINCENT)
    wrong = upload(board, sent, "transcripts", permission_attested=None, completed_from="2022-13-01")
    assert_problem(wrong, 422, "invalid-request")
    assert [error["pointer"] for error in wrong.json["errors"]] == ["/completed_from"]
    turned = upload(
        board, sent, "transcripts", permission_attested=None, completed_from="2022-12-31", completed_to="2022-01-01"
    )
    assert [error["pointer"] for error in turned.json["errors"]] == ["/completed_to"]
    others = upload(board, sent, "roster", permission_attested=None, completed_from="2022-01-01")
    assert [error["pointer"] for error in others.json["errors"]] == ["/completed_from"]


def test_a_file_says_what_is_true_when_it_is_downloaded(board: Api, api: Api, service: Service) -> None:
    batch = asked(board, service, VINCENT)
    assert len(table_of(file_of(board, batch, "details"))) == 5
    with_more = a_completion(
        "201759558", "2021-12-12", first_name="Vincent", last_name="Van Gogh", born="03/30", state="CA",
        license_id="54916519", credits=1,
    )  # fmt: skip
    assert api.report(with_more).status == 201
    assert len(table_of(file_of(board, batch, "details"))) == 6
    (only,) = totals_of(board, batch, "csv")
    assert (only["AMA PRA Credits"], only["Other Boards"]) == ("8", "CA-M 8")


def test_of_who_is_erased_nothing_is_left_in_the_files(board: Api, service: Service) -> None:
    settle(service)
    batch = asked(board, service, VINCENT, NOBODY)
    physician_id = _found(service, batch["batch_id"])
    erasure.erase(service, physician_id, unread=True)
    for which in ("successful", "details"):
        assert b"Gogh" not in file_of(board, batch, which)
    results = [row["Found"] for row in totals_of(board, batch, "csv")]
    assert results == ["No", "No"]
    assert board.get(f"/v1/batches/{batch['batch_id']}/files/original").status == 410


def _found(service: Service, batch_id: str) -> str:
    def read(connection: Connection) -> str:
        (one,) = statements.fetch_column(
            connection,
            "SELECT record_id FROM batch_rows WHERE batch_id = :id AND record_id IS NOT NULL",
            {"id": batch_id},
        )
        return str(one)

    return service.database.read(read)


def test_who_loses_the_last_number_of_the_board_is_absent_from_the_file(board: Api, service: Service) -> None:
    batch = asked(board, service, VINCENT)
    service.database.write(
        lambda connection: statements.execute(connection, "DELETE FROM certifications WHERE board = 'ABO'", {})
    )
    assert [row["Found"] for row in totals_of(board, batch, "csv")] == ["No"]
    assert table_of(file_of(board, batch, "details")) == []


def test_a_list_that_comes_back_with_our_columns_has_them_once(board: Api, service: Service) -> None:
    answered = file_of(board, asked(board, service, VINCENT, NOBODY), "successful")
    batch = worked(board, service, answered, "transcripts", permission_attested=None, name="again.csv")
    again = file_of(board, batch, "successful")
    assert again == answered


def test_each_piece_of_a_list_stands_in_the_log_with_whom_it_found(board: Api, service: Service) -> None:
    batch = asked(board, service, VINCENT, NOBODY, VINCENT)

    def read(connection: Connection) -> list[tuple[str, str]]:
        rows = statements.fetch(
            connection, "SELECT verb, fields FROM audit WHERE subject_id = :id AND noun = 'licensee-search'",
            {"id": batch["batch_id"]},
        )  # fmt: skip
        return [(verb, fields if isinstance(fields, str) else json.dumps(fields)) for verb, fields in rows]

    ((verb, text),) = service.database.read(read)
    fields = json.loads(text)
    assert (verb, fields["asked"], fields["found"], fields["board"]) == ("search", 3, 2, "ABO")
    assert fields["learner_ids"] == [_found_any(service, batch["batch_id"])]
    assert "Gogh" not in text


def _found_any(service: Service, batch_id: str) -> str:
    return service.database.read(
        lambda connection: statements.fetch_column(
            connection,
            "SELECT min(record_id) FROM batch_rows WHERE batch_id = :id",
            {"id": batch_id},
        )[0]
    )


def test_a_dry_run_answers_as_ever(board: Api, service: Service) -> None:
    batch = asked(board, service, VINCENT, NOBODY, dry_run=True)
    assert batch["counts"] == {"read": 2, "one": 1, "none": 1, "rejected": 0}
    assert [row["Found"] for row in totals_of(board, batch, "csv")] == ["Yes", "No"]


def test_only_lists_have_details(board: Api, api: Api, service: Service) -> None:
    roster = worked(
        board, service, b"First Name\tLast Name\tBoard ID\r\nAda\tLovell\t770001\r\n", "roster",
        permission_attested=None,
    )  # fmt: skip
    assert_problem(board.get(f"/v1/batches/{roster['batch_id']}/files/details"), 404, "not-found")


def test_a_longer_list_takes_no_more_statements(board: Api, service: Service) -> None:
    def counted(count: int) -> tuple[int, int]:
        # Another wrong date each: what it costs is counted in the same statements.
        rows = [VINCENT, *(NOBODY | {"Date of Birth": f"{1 + n % 12:02}/{1 + n % 28:02}"} for n in range(count - 1))]
        sent = upload(board, written("csv", *rows), "transcripts", permission_attested=None, name="l.csv")
        seen: list[str] = []
        statements.BEFORE_STATEMENT.append(seen.append)
        try:
            work_through(service, 250)
            looked_up = len(seen)
            file_of(board, sent.json, "details")
        finally:
            statements.BEFORE_STATEMENT.remove(seen.append)
        return looked_up, len(seen) - looked_up

    counted(3)
    # What runs beside it may add a few; a statement for each row would add eighty-five.
    for short, long in zip(counted(5), counted(90), strict=True):
        assert abs(long - short) <= 5


def test_what_one_physician_has_withdrawn_stands_in_their_own_rows_alone(
    board: Api, api: Api, service: Service
) -> None:
    import_people(
        service,
        {"first_name": "Tess", "last_name": "Other", "certifications": "ABO:777001", "licenses": "CA-M:9911",
         "date_of_birth": "11/24"},
    )  # fmt: skip
    report = a_completion(
        "201759558", "2021-12-12", first_name="Tess", last_name="Other", born="11/24", state="CA", license_id="9911",
        credits=1,
    )  # fmt: skip
    assert api.report(report).status == 201
    tess = {"First Name": "Tess", "Last Name": "Other", "Certifying Board ID": "777001"}
    batch = asked(board, service, VINCENT, tess)
    vincent_id, tess_id = _ids(service, batch["batch_id"])

    def withdraw(connection: Connection) -> None:
        reporters = statements.fetch_column(
            connection, "SELECT DISTINCT provider_id FROM completions WHERE learner_id = :id", {"id": vincent_id}
        )
        for number, provider_id in enumerate(reporters):
            permission = WithdrawnPermission(
                permission_id=f"p{number}", learner_id=tess_id, provider_id=provider_id, completion_id=None,
                activity_id=None, completed_on=None, client_id=board.client_id, withdrawn_at=service.clock(),
                given_back_at=None,
            )  # fmt: skip
            permissions.add(connection, permission)

    service.database.write(withdraw)
    remarks = {(row["Name on File"], row["Remarks"]) for row in table_of(file_of(board, batch, "details"))}
    withdrawn = "The physician has withdrawn the permission to report it."
    assert remarks <= {("Vincent Van Gogh", ""), ("Tess Other", withdrawn), ("Tess Other", "")}
    assert ("Vincent Van Gogh", "") in remarks


def _ids(service: Service, batch_id: str) -> list[str]:
    return service.database.read(
        lambda connection: [id for _, id in batch_rows.record_ids_after(connection, batch_id, -1, 10)]
    )
