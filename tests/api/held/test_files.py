"""Files whose records are held: each row keeps that outcome, and what became of it is shown beside it."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import openpyxl
import pytest

from app.services.context import Service
from app.services.held.judging import judge_all_due
from tests.builders.people import import_people
from tests.builders.sent_files import lines, row, workbook
from tests.harness.api import Api
from tests.harness.clock import ManualClock
from tests.harness.held import NORA, nora
from tests.harness.uploads import file_of, rows_of, upload, work_through, worked

pytestmark = pytest.mark.usefixtures("proven")
HERS: dict[str, Any] = {
    "First_Name": "Nora",
    "Last_Name": "Quillfeather",
    "Date_of_Birth": "07/09",
    "Licensing_ID": "909090",
}


def four_rows() -> bytes:
    """A row of Rebecca's, one of Nora's, one that is wrong as well, and Nora's once more."""
    return workbook([row(), row(**HERS), row(**HERS, Number_of_CME_Credits=0.3), row(**HERS)])


def texts(content: bytes) -> list[str]:
    """Return the text of each row of a workbook below its headings."""
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    rows = (" ".join(str(value) for value in values if value) for values in sheet.iter_rows(values_only=True))
    return [text for text in rows if text.startswith(("Add", "Update", "Delete")) or " Add " in f" {text} "]


def test_rows_without_a_match_are_held_and_the_rest_is_as_ever(api: Api, service: Service) -> None:
    batch = worked(api, service, four_rows(), on_unmatched="hold")
    counts = batch["counts"]
    assert (counts["read"], counts["added"], counts["held"], counts["rejected"]) == (4, 1, 2, 1)
    assert batch["warnings"] == []
    first, second = (shown for shown in rows_of(api, batch) if shown["outcome"] == "held")
    assert first["held"] == second["held"]
    assert first["held"]["status"] == "waiting"
    assert first["completion_id"] is None
    assert {finding["column"] for finding in first["findings"]} >= {"Licensing ID"}
    (held,) = api.get("/v1/held-records", batch_id=batch["batch_id"]).json["data"]
    assert held["held_id"] == first["held"]["held_id"]
    assert held["report"]["cme"][0]["license_id"] == "909090"


def test_the_end_of_a_row_is_shown_beside_its_outcome(api: Api, service: Service) -> None:
    batch = worked(api, service, four_rows(), on_unmatched="hold")
    waiting = texts(file_of(api, batch, "held"))
    assert len(waiting) == 2
    assert all("Waits for its physician to be found, until 02/18/2022." in text for text in waiting)
    assert all("learner-unmatched" in text for text in waiting)
    import_people(service, NORA)
    judge_all_due(service)
    shown = [shown for shown in rows_of(api, batch) if shown["outcome"] == "held"]
    (completion,) = api.completions(last_name="Quillfeather")
    assert {one["held"]["completion_id"] for one in shown} == {completion["completion_id"]}
    assert (completion["entry_method"], completion["submitted_at"]) == ("excel", batch["created_at"])
    ended = texts(file_of(api, batch, "held"))
    assert all("Accepted on 12/20/2021: the physician was found." in text for text in ended)
    assert not any("learner-unmatched" in text for text in ended)
    assert api.get(f"/v1/batches/{batch['batch_id']}").json["counts"] == batch["counts"]


def test_the_rejected_file_has_no_held_row_and_the_held_file_goes_back_in(api: Api, service: Service) -> None:
    batch = worked(api, service, four_rows(), on_unmatched="hold")
    (rejected,) = texts(file_of(api, batch, "rejected"))
    assert "credit-quarter" in rejected
    (accepted,) = texts(file_of(api, batch, "successful"))
    assert "Rebecca" in accepted
    again = worked(api, service, file_of(api, batch, "held"), on_unmatched="hold")
    assert again["counts"]["held"] == 2
    ids = {shown["held"]["held_id"] for shown in (*rows_of(api, batch), *rows_of(api, again)) if shown["held"]}
    assert len(ids) == 1
    import_people(service, NORA)
    judge_all_due(service)
    third = worked(api, service, file_of(api, batch, "held"))
    assert third["counts"]["unchanged"] == 2


def test_a_dry_run_says_what_would_be_held_and_holds_nothing(api: Api, service: Service) -> None:
    batch = worked(api, service, four_rows(), on_unmatched="hold", dry_run=True)
    assert (batch["counts"]["held"], batch["counts"]["rejected"]) == (2, 1)
    assert [shown["held"] for shown in rows_of(api, batch)] == [None] * 4
    assert api.get("/v1/held-records").json["data"] == []
    assert len(texts(file_of(api, batch, "held"))) == 2


def test_lines_that_are_held_come_back_as_lines(api: Api, service: Service, clock: ManualClock) -> None:
    batch = worked(api, service, lines([nora(), nora(credits=1, completed_on="2021-12-13")]), on_unmatched="hold")
    assert batch["counts"]["held"] == 2
    clock.now += timedelta(days=61)
    judge_all_due(service)
    written = file_of(api, batch, "held").decode().splitlines()
    assert len(written) == 2
    assert all("Refused on 02/19/2022" in line for line in written)


def test_a_retry_judges_rejected_rows_and_leaves_held_ones(api: Api, service: Service) -> None:
    batch = worked(api, service, four_rows(), on_unmatched="hold")
    assert api.post(f"/v1/batches/{batch['batch_id']}/retry", None).status == 200
    work_through(service)
    assert api.get(f"/v1/batches/{batch['batch_id']}").json["counts"] == batch["counts"]


def test_only_completions_can_be_held(api: Api) -> None:
    refused = upload(api, b"x", "activities", permission_attested=None, on_unmatched="hold")
    assert (refused.status, refused.pointers) == (422, {"format": "/on_unmatched"})
    refused = upload(api, b"x", on_unmatched="perhaps")
    assert (refused.status, refused.pointers) == (422, {"format": "/on_unmatched"})


@pytest.mark.parametrize("at_once", [1, 3, 50])
def test_in_any_pieces_the_same_is_held(api: Api, service: Service, at_once: int) -> None:
    batch = worked(api, service, four_rows(), on_unmatched="hold", at_once=at_once)
    outcomes = [shown["outcome"] for shown in rows_of(api, batch)]
    assert outcomes == ["added", "held", "rejected", "held"]
