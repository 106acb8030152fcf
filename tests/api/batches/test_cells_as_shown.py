"""Cells as their sheet shows them: merged ones, times for credits, and the zeros of the provider's own ids."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any

import openpyxl
import pytest

from app.services.context import Service
from tests.builders.sent_files import row
from tests.harness.api import Api
from tests.harness.uploads import file_of, rows_of, worked

DATABASES = ["sqlite"]

ACTIVITY = {
    "title": "Journal club 2021", "format": "live-course", "internal_id": "00777", "start_date": "2021-03-01",
    "end_date": "2021-03-31", "ama_pra_credits": 5, "delivery_methods": ["live-streamed"], "providership": "direct",
}  # fmt: skip
ACTIVITIES = ("Record Action", "Provider Activity ID", "Activity Title", "Activity Format", "Start Date", "End Date",
              "Delivery Method", "Providership", "AMA PRA Category 1 Credits")  # fmt: skip


def book(headings: Sequence[str], rows: Sequence[Sequence[Any]], change: Callable[[Any], None]) -> bytes:
    """Return a workbook whose page was changed after its rows were written."""
    written = openpyxl.Workbook()
    for line in (headings, *rows):
        written.active.append(list(line))
    change(written.active)
    out = io.BytesIO()
    written.save(out)
    return out.getvalue()


def activity(action: str, own_id: Any, code: str | None, title: str = "Journal club, March 2021") -> bytes:
    line = [action, own_id, title, "Live Course", "2021-03-01", "2021-03-31", "Live-Streamed", "direct", 5]

    def change(page: Any) -> None:
        if code is not None:
            page["B2"].number_format = code

    return book(ACTIVITIES, [line], change)


def own_ids(api: Api) -> list[Any]:
    return sorted(str(found["internal_id"]) for found in api.get("/v1/activities", limit=500).json["data"])


@pytest.mark.parametrize(("own_id", "code"), [(777, "00000"), (777, '"00"000'), ("00777", None)])
def test_an_activity_is_found_by_its_own_id_as_the_cell_shows_it(
    api: Api, service: Service, own_id: Any, code: str | None
) -> None:
    assert api.post("/v1/activities", ACTIVITY).status == 201
    before = own_ids(api)
    for action, title in (("Update", "Journal club, March 2021"), ("Add", "Journal club again")):
        batch = worked(api, service, activity(action, own_id, code, title), "activities")
        assert batch["counts"]["updated"] == 1, rows_of(api, batch)
    assert own_ids(api) == before


def test_a_number_that_may_have_lost_zeros_makes_no_second_activity_and_is_told(api: Api, service: Service) -> None:
    assert api.post("/v1/activities", ACTIVITY).status == 201
    before = own_ids(api)
    for action in ("Add", "Update", "Delete"):
        batch = worked(api, service, activity(action, 777, None), "activities")
        [result] = rows_of(api, batch)
        assert result["outcome"] == "rejected"
        [finding] = result["findings"]
        assert finding["column"] == "Provider Activity ID"
        assert "zeros" in finding["detail"] and "format the column as text" in finding["hint"]
    assert own_ids(api) == before


def test_an_own_id_that_is_text_is_taken_at_its_word_and_an_unknown_one_has_a_hint(api: Api, service: Service) -> None:
    assert api.post("/v1/activities", ACTIVITY).status == 201
    [result] = rows_of(api, worked(api, service, activity("Update", "555", None), "activities"))
    assert result["outcome"] == "rejected" and "as it was registered" in result["findings"][0]["hint"]
    [result] = rows_of(api, worked(api, service, activity("Add", "777", None), "activities"))
    assert result["outcome"] == "added"


LEARNERS = tuple(row())


def learner(**fields: Any) -> list[Any]:
    return list(row(**fields).values())


def test_both_learners_beside_a_merged_state_and_amount_get_the_credit_that_is_shown(
    api: Api, service: Service
) -> None:
    place = {name: openpyxl.utils.get_column_letter(number) for number, name in enumerate(LEARNERS, 1)}

    def merge(page: Any) -> None:
        for name in ("Licensing State", "Number of CME Credits"):
            page.merge_cells(f"{place[name]}2:{place[name]}3")

    rows = [learner(), learner(Completion_Date="12/13/2021", Licensing_State=None, Number_of_CME_Credits=None)]
    results = rows_of(api, worked(api, service, book(LEARNERS, rows, merge)))
    assert [result["outcome"] for result in results] == ["added", "added"]
    credits = [api.get(f"/v1/learner-completions/{result['completion_id']}").json["credits"] for result in results]
    assert [[(credit["board"], credit["credits"]) for credit in one] for one in credits] == [
        [("TN-M", 2)],
        [("TN-M", 2)],
    ]


def test_a_row_whose_columns_are_merged_is_refused_told_and_refused_again(api: Api, service: Service) -> None:
    rows = [learner(), learner(Completion_Date="12/13/2021", Licensing_ID=None)]
    content = book(LEARNERS, rows, lambda page: page.merge_cells("G3:H3"))
    for _ in range(2):
        batch = worked(api, service, content)
        refused = rows_of(api, batch, outcome="rejected")
        assert [finding["column"] for finding in refused[0]["findings"]] == ["Licensing State", "Licensing ID"]
        assert all("are merged" in finding["detail"] for finding in refused[0]["findings"])
        content = file_of(api, batch, "rejected")


@pytest.mark.parametrize(
    ("number", "code"), [(0.25, "h:mm"), (1, "[h]:mm"), (1.5, "[h]:mm:ss"), (0.25, "0%"), (2, "$0")]
)
def test_what_is_no_amount_is_refused_told_and_comes_back_as_it_was(
    api: Api, service: Service, number: float, code: str
) -> None:
    def change(page: Any) -> None:
        page["I2"].number_format = code

    content = book(LEARNERS, [learner(Number_of_CME_Credits=number)], change)
    for _ in range(2):
        batch = worked(api, service, content)
        [result] = rows_of(api, batch)
        assert [finding["rule"] for finding in result["findings"] if finding["severity"] == "reject"] == [
            "amount-valid"
        ]
        assert result["findings"][0]["detail"].startswith("This is a") and result["findings"][0]["hint"]
        content = file_of(api, batch, "rejected")
    page = openpyxl.load_workbook(io.BytesIO(content)).active
    assert page["I2"].number_format == code
    as_text = worked(api, service, file_of(api, batch, "rejected", format="tab"), name="learners.txt")
    assert rows_of(api, as_text)[0]["findings"][0]["detail"] == result["findings"][0]["detail"]
