"""A board's roster over HTTP: its own people come into the registry, and nothing of anybody else goes out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pytest
from fastapi.testclient import TestClient
from msgspec.structs import replace

from app.domain.batches import FileFaultCode
from app.domain.columns import ROSTER
from app.services.access import clients
from app.services.context import Service, operator, transact
from app.services.registry import imports
from app.store.sql import statements
from tests.builders.sent_files import lines, tab_text, workbook
from tests.harness.api import Api, api_of, settle
from tests.harness.refusals import assert_problem
from tests.harness.uploads import file_of, rows_of, upload, work_through, worked

HEADINGS = [column.heading for column in ROSTER]
FIELDS = {column.heading: column.pointer[1:] for column in ROSTER}
ADA = {"First Name": "Ada", "Last Name": "Lovell", "Date of Birth": "12/10", "Board ID": "770001"}
BO = {"First Name": "Bo", "Last Name": "Ng", "Date of Birth": "03/04", "Board ID": "770002", "NPI": "1234567893"}


def as_tab(rows: Iterable[Mapping[str, Any]]) -> bytes:
    return tab_text(rows, HEADINGS)


@pytest.fixture
def board(http: TestClient, service: Service) -> Api:
    return api_of(http, service, "ABIM", role="board", board="ABIM")


@pytest.fixture
def state_board(http: TestClient, service: Service) -> Api:
    return api_of(http, service, "TN", role="board", board="TN-M")


def sent(board: Api, service: Service, *rows: Mapping[str, Any], **fields: Any) -> Any:
    """Upload rows as a roster; return its batch, which was read."""
    batch = worked(board, service, as_tab(rows), "roster", permission_attested=None, **fields)
    assert batch["status"] == "completed", batch["file_error"]
    return batch


def counted(batch: Any) -> dict[str, int]:
    return {name: count for name, count in batch["counts"].items() if count}


def outcomes(board: Api, batch: Any) -> list[str]:
    return [row["outcome"] for row in rows_of(board, batch)]


def findings(board: Api, batch: Any) -> list[tuple[int, str, str]]:
    return [
        (row["row"], finding["rule"], finding["column"]) for row in rows_of(board, batch) for finding in row["findings"]
    ]


def imported(service: Service, *people: dict[str, Any]) -> None:
    rows = [imports.read_row(person, service.catalogue) for person in people]
    assert imports.import_rows(service, enumerate(rows, 1)).refused == []


def on_file(service: Service, sql: str) -> list[tuple[Any, ...]]:
    return service.database.read(lambda connection: [tuple(row) for row in statements.fetch(connection, sql)])


def found(api: Api, **fields: Any) -> str:
    answer: str = api.post("/v1/learner-validations", fields).json["result"]
    return answer


WRITTEN: dict[str, Callable[[Sequence[Mapping[str, Any]]], bytes]] = {
    "tab": as_tab,
    "csv": lambda rows: as_tab(rows).replace(b"\t", b","),
    "xlsx": lambda rows: workbook(rows, HEADINGS),
    "ndjson": lambda rows: lines({FIELDS[heading]: cell for heading, cell in row.items()} for row in rows),
}


@pytest.mark.parametrize("format", WRITTEN)
def test_the_people_of_a_roster_are_found_by_what_the_board_has_said(
    api: Api, board: Api, service: Service, format: str
) -> None:
    content = WRITTEN[format]([ADA, BO])
    batch = worked(board, service, content, "roster")
    assert counted(batch) == {"read": 2, "added": 2}
    assert (batch["provider_id"], batch["board"], batch["kind"]) == (None, "ABIM", "roster")
    ada = {"first_name": "Ada", "last_name": "Lovell", "board": "ABIM", "board_id": "770001"}
    assert found(api, **ada) == "one"
    assert found(api, **ada, date_of_birth="12/10") == "one"
    assert found(api, **ada, date_of_birth="12/11") == "none"
    assert found(api, first_name="Bo", last_name="Ng", npi="1234567893") == "one"
    again = worked(board, service, content, "roster")
    assert (counted(again), again["seen_before"]) == ({"read": 2, "unchanged": 2}, batch["batch_id"])
    settle(service)


def test_a_state_board_gives_licences_with_their_days(api: Api, state_board: Api, service: Service) -> None:
    row = ADA | {"Board ID": None, "Licence Number": "000777", "Start": "07/01/2019", "End": "06/30/2021"}
    headings = [*HEADINGS[:6], "Licence Number", *HEADINGS[7:]]
    batch = worked(state_board, service, tab_text([row], headings), "roster")
    assert counted(batch) == {"read": 1, "added": 1}
    held = "SELECT h.board, h.license_id, h.starts_on, h.ends_on FROM licenses h WHERE h.license_id = '000777'"
    ((code, number, start, end),) = on_file(service, held)
    assert (code, number, str(start), str(end)) == ("TN-M", "000777", "2019-07-01", "2021-06-30")
    assert found(api, first_name="Ada", last_name="Lovell", state="TN", license_id="000777") == "one"
    settle(service)


def test_absence_removes_nobody_and_a_blank_cell_nothing(board: Api, service: Service) -> None:
    sent(board, service, ADA | {"Middle Name": "King", "End": "12/31/2030"}, BO)
    assert counted(sent(board, service, ADA)) == {"read": 1, "unchanged": 1}
    assert counted(sent(board, service, ADA | {"Other Last Names": "Byron; Gordon"})) == {"read": 1, "updated": 1}
    assert counted(sent(board, service, BO)) == {"read": 1, "unchanged": 1}
    ((middle,),) = on_file(service, "SELECT middle_name FROM learners WHERE last_name = 'Lovell'")
    assert middle == "King"
    names = on_file(service, "SELECT last_key FROM learner_names WHERE first_key = 'ada' ORDER BY last_key")
    assert names == [("byron",), ("gordon",), ("lovell",)]
    settle(service)


def test_a_roster_joins_somebody_on_file_by_npi_and_gives_the_birth_date_that_is_missing(
    api: Api, board: Api, service: Service
) -> None:
    imported(service, {"first_name": "Bo", "last_name": "Ng", "npi": "1234567893", "licenses": "TN-M:5"})
    assert counted(sent(board, service, BO)) == {"read": 1, "updated": 1}
    assert len(on_file(service, "SELECT learner_id FROM learners WHERE last_name = 'Ng'")) == 1
    assert found(api, first_name="Bo", last_name="Ng", date_of_birth="03/04", state="TN") == "one"
    settle(service)


def test_days_and_suffix_of_a_diplomate_are_kept(board: Api, service: Service) -> None:
    sent(board, service, ADA | {"Suffix": "Jr.", "Start": "7/1/2015", "End": "12/31/2025"})
    ((start, end),) = on_file(service, "SELECT starts_on, ends_on FROM certifications WHERE board_id = '770001'")
    assert (str(start), str(end)) == ("2015-07-01", "2025-12-31")
    assert on_file(service, "SELECT suffix FROM learners WHERE last_name = 'Lovell'") == [("Jr.",)]
    assert counted(sent(board, service, ADA | {"End": "12/31/2030"})) == {"read": 1, "updated": 1}
    ((start, end),) = on_file(service, "SELECT starts_on, ends_on FROM certifications WHERE board_id = '770001'")
    assert (str(start), str(end)) == ("2015-07-01", "2030-12-31")
    # Father and son have one name, and may have one birthday: the operator decides.
    assert counted(sent(board, service, ADA | {"Suffix": "Sr."})) == {"read": 1, "added": 1, "warned": 1}
    settle(service)


def claimed(service: Service, **fields: Any) -> None:
    """Bring somebody as a source does that only repeats what people say of themselves."""
    row = imports.read_row({"first_name": "Bo", "last_name": "Ng"} | fields, service.catalogue)
    licenses = tuple(replace(held, self_reported=True) for held in row.licenses)
    assert imports.import_rows(service, [(1, replace(row, licenses=licenses))]).refused == []


def test_a_licence_that_its_board_confirms_is_no_longer_self_reported(
    board: Api, state_board: Api, service: Service
) -> None:
    claimed(service, npi="1234567893", licenses="TN-M:770002;ME-M:5")
    self_reported = "SELECT board FROM licenses WHERE self_reported ORDER BY board"
    assert on_file(service, self_reported) == [("ME-M",), ("TN-M",)]
    assert counted(sent(board, service, BO | {"Board ID": "1"})) == {"read": 1, "updated": 1}
    assert on_file(service, self_reported) == [("ME-M",), ("TN-M",)]
    assert counted(sent(state_board, service, BO)) == {"read": 1, "updated": 1}
    assert on_file(service, self_reported) == [("ME-M",)]
    settle(service)


def test_a_number_that_somebody_else_only_claims_is_whose_the_board_says(state_board: Api, service: Service) -> None:
    claimed(service, npi="1003000126", licenses="TN-M:770001")
    assert counted(sent(state_board, service, ADA)) == {"read": 1, "added": 1}
    settle(service)


def test_zeros_that_a_number_cell_has_lost_are_those_on_file(state_board: Api, service: Service) -> None:
    imported(service, {"first_name": "Ada", "last_name": "Lovell", "date_of_birth": "12/10", "licenses": "TN-M:000777"})
    book = workbook([ADA | {"Board ID": 777}], HEADINGS)
    assert counted(worked(state_board, service, book, "roster")) == {"read": 1, "unchanged": 1}
    assert counted(sent(state_board, service, ADA | {"Board ID": "000777"})) == {"read": 1, "unchanged": 1}
    settle(service)


REJECTED: tuple[tuple[dict[str, Any], str, str | None], ...] = (
    ({"First Name": ""}, "name-required", "First Name"),
    ({"Last Name": "Lov?ll"}, "name-legible", "Last Name"),
    ({"Last Name": "Lovell MD"}, "roster-name", "Last Name"),
    ({"Last Name": "Lovell Jr."}, "roster-name", "Last Name"),
    ({"First Name": "Dr. Ada"}, "roster-name", "First Name"),
    ({"First Name": "ada@example.org"}, "roster-name", "First Name"),
    ({"Suffix": "PhD"}, "roster-name", "Suffix"),
    ({"Other Last Names": "Byron; Gordon MD"}, "roster-name", "Other Last Names"),
    ({"Date of Birth": "13/45"}, "birth-date-valid", "Date of Birth"),
    ({"NPI": "1234567890"}, "npi-valid", "NPI"),
    ({"Board ID": ""}, "roster-id", "Board ID"),
    ({"Board ID": "#N/A"}, "format", "Board ID"),
    ({"Board ID": "-"}, "roster-id", "Board ID"),
    ({"Start": "soon"}, "roster-dates", "Start"),
    ({"Start": "5/1/98"}, "roster-dates", "Start"),
    ({"Start": "5/1/2020", "End": "4/30/2020"}, "roster-dates", "End"),
)


def test_what_is_wrong_in_a_row_is_told_where_it_stands_and_the_rejected_file_goes_back_mended(
    board: Api, service: Service
) -> None:
    rows = [ADA | {"Board ID": f"{number}"} | wrong for number, (wrong, _, _) in enumerate(REJECTED)]
    batch = sent(board, service, *rows, BO)
    assert counted(batch) == {"read": len(rows) + 1, "added": 1, "rejected": len(rows)}
    assert findings(board, batch) == [(number, rule, at) for number, (_, rule, at) in enumerate(REJECTED, 2)]
    for row in rows_of(board, batch):
        for finding in row["findings"]:
            assert finding["detail"].endswith(".") and finding["hint"], finding
            assert ".." not in finding["detail"] + finding["hint"], finding
            assert "lovell" not in (finding["detail"] + finding["hint"]).lower()
            if finding["rule_url"] != "/v1/rules/format":
                assert board.get(finding["rule_url"]).status == 200
    rejected = file_of(board, batch, "rejected")
    again = worked(board, service, rejected, "roster")
    assert counted(again) == {"read": len(rows), "rejected": len(rows)}
    assert findings(board, again) == [(n, rule, at) for n, (_, rule, at) in enumerate(REJECTED, 2)]
    text = rejected.decode("utf-8-sig").splitlines()
    mended = [text[0], *(line.replace("13/45", "12/10") for line in text if "13/45" in line)]
    assert counted(worked(board, service, "\r\n".join(mended).encode(), "roster")) == {"read": 1, "added": 1}
    settle(service)


@pytest.mark.parametrize("more", ["Address", "Licensing State", "Medical School", "SSN", "Certifying Board"])
def test_a_roster_with_any_other_column_is_refused_as_a_whole(board: Api, service: Service, more: str) -> None:
    content = tab_text([ADA | {more: "x"}], [*HEADINGS, more])
    batch = worked(board, service, content, "roster")
    assert (batch["status"], batch["file_error"]["code"], batch["file_error"]["column"]) == (
        "failed", FileFaultCode.HEADING_UNKNOWN, more,
    )  # fmt: skip
    assert not on_file(service, "SELECT learner_id FROM learners WHERE last_name = 'Lovell'")


def test_values_below_no_heading_and_members_that_nobody_knows_are_refused(board: Api, service: Service) -> None:
    batch = worked(board, service, as_tab([ADA]).replace(b"770001", b"770001\t\t\t\t\tx"), "roster")
    assert batch["file_error"]["code"] == "heading-unknown"
    line = lines([{"first_name": "Ada", "last_name": "Lovell", "board_id": "1", "address": "x"}])
    assert findings(board, worked(board, service, line, "roster")) == [(1, "field-unknown", "/address")]
    file = b'<?xml version="1.0"?><ACCMELearnerReports/>'
    assert worked(board, service, file, "roster")["file_error"]["code"] == "kind-unknown"


def test_a_dry_run_says_the_same_and_keeps_nobody(api: Api, board: Api, service: Service) -> None:
    imported(service, {"first_name": "Bo", "last_name": "Ng", "date_of_birth": "03/04", "npi": "1234567893"})
    rows = [ADA, BO, ADA, ADA | {"Last Name": "Else", "Date of Birth": "12/11"}, ADA | {"Date of Birth": "13/45"}]
    tried = sent(board, service, *rows, dry_run=True)
    assert not on_file(service, "SELECT learner_id FROM learners WHERE last_name = 'Lovell'")
    settle(service)
    done = sent(board, service, *rows)
    assert counted(tried) == counted(done) == {"read": 5, "added": 1, "updated": 1, "unchanged": 1, "rejected": 2}
    assert outcomes(board, tried) == outcomes(board, done)
    settle(service)


def test_only_boards_upload_rosters_and_nothing_else(api: Api, board: Api, service: Service, http: TestClient) -> None:
    refused = upload(api, as_tab([ADA]), "roster")
    assert_problem(refused, 403, "forbidden")
    assert refused.pointers == {"forbidden": "/kind"}
    for kind in ("learner-completions", "activities", "learner-validations"):
        assert_problem(upload(board, as_tab([ADA]), kind), 403, "forbidden")
    assert_problem(upload(board, as_tab([ADA]), "roster", headers={"PARS-Provider": "0008001"}), 403, "forbidden")
    whole = api_of(http, service, "operator", role="operator")
    assert_problem(upload(whole, as_tab([ADA]), "roster"), 400, "provider-required")
    assert on_file(service, "SELECT batch_id FROM batches") == []
    settle(service)


def test_a_roster_is_seen_by_its_board_and_the_operator_alone(
    api: Api, board: Api, state_board: Api, service: Service, http: TestClient
) -> None:
    batch = sent(board, service, ADA)
    path = f"/v1/batches/{batch['batch_id']}"
    whole = api_of(http, service, "operator", role="operator")
    assert [item["batch_id"] for item in board.get("/v1/batches").json["data"]] == [batch["batch_id"]]
    assert [item["batch_id"] for item in whole.get("/v1/batches").json["data"]] == [batch["batch_id"]]
    for somebody in (api, state_board):
        assert somebody.get("/v1/batches").json["data"] == []
        for answer in (
            *(somebody.get(path + more) for more in ("", "/rows", "/files/original", "/files/rejected")),
            somebody.post(f"{path}/cancel", {}), somebody.post(f"{path}/retry", {}),
        ):  # fmt: skip
            assert_problem(answer, 404, "not-found")
    ours = worked(api, service, tab_text([], HEADINGS), "learner-validations")
    assert_problem(board.get(f"/v1/batches/{ours['batch_id']}"), 404, "not-found")
    assert whole.get(path).json == batch
    assert whole.send("GET", path, headers={"PARS-Provider": "0008001"}).status == 404


def test_batches_of_a_board_that_is_revoked_come_to_nothing_more(board: Api, service: Service) -> None:
    assert upload(board, as_tab([ADA]), "roster").status == 202
    transact(operator(service), clients.revoke_client, board.client_id)
    work_through(service)
    assert on_file(service, "SELECT outcome FROM batch_rows") == [("rejected",)]
    assert not on_file(service, "SELECT learner_id FROM learners WHERE last_name = 'Lovell'")
    settle(service)
