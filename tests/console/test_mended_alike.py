"""A rejected workbook mended on the pages ends as the same workbook does that is mended in a spreadsheet."""

from __future__ import annotations

import io
import sqlite3
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openpyxl
from fastapi import FastAPI

from app.main import answer_for
from app.services.context import Service
from app.services.operations.startup import open_service
from tests.builders.bodies import GRAND_ROUNDS
from tests.builders.sent_files import ROW, workbook
from tests.harness.api import Api, settle
from tests.harness.clock import ManualClock
from tests.harness.console.windows import SAME_SITE, Window, sign_in
from tests.harness.databases import settings_for
from tests.harness.uploads import rows_of, work_through

DATABASES = ["sqlite"]
UPLOADS = "/p/0008001/uploads"
CME = ROW | {"Number of CME Credits": 0.25}
BOARD = {
    "Record Action": "Add", "ACCME Activity ID": GRAND_ROUNDS, "First Name": "Tina", "Last Name": "Karacme",
    "Date of Birth": "11/24", "Certifying Board": "ABA", "Certifying Board ID": "35867909",
    "Total Board Credits": 0.25, "Credit Type": "Lifelong Learning", "Credits Awarded for Credit Type": 0.25,
}  # fmt: skip
FAULTS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (CME, {"Number of CME Credits": 0.3}),
    (CME, {"Number of CME Credits": "many"}),
    (CME, {"Number of CME Credits": -0.25}),
    (CME, {"Number of CME Credits": 99}),
    (CME, {"Licensing ID": "555555"}),
    (CME, {"Licensing State": "Nowhere"}),
    (CME, {"Licensing State": None}),
    (CME, {"Completion Date": "yesterday"}),
    (CME, {"Last Name": None}),
    (CME, {"Date of Birth": "13/45"}),
    (CME, {"ACCME Activity ID": "999999999"}),
    (CME, {"Record Action": "Perhaps"}),
    (BOARD, {"Certifying Board": "XYZ"}),
    (BOARD, {"Certifying Board ID": None}),
    (BOARD, {"Certifying Board ID": "1234567"}),
    (BOARD, {"Total Board Credits": 60}),
    (BOARD, {"Completion Date": "12/31/2020"}),
    (BOARD, {"Credit Type": "Daydreaming"}),
    (BOARD, {"Credits Awarded for Credit Type": 0.5}),
    (BOARD, {"First Name": None, "Date of Birth": "31/31"}),
]
"""Twenty good rows, each with what spoils it."""
EACH, PAGE = 10, 50
FIRST_DAY = date(2021, 1, 18)


def good_and_spoiled() -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return two hundred good rows, each of another day for its learner, with what spoils it."""
    faults = [fault for fault in FAULTS for _ in range(EACH)]
    return [
        (good | {"Completion Date": f"{FIRST_DAY + timedelta(days=number):%m/%d/%Y}"}, spoils)
        for number, (good, spoils) in enumerate(faults)
    ]


def send_file(window: Window, content: bytes) -> str:
    """Upload a workbook by the page for it; return the address of its result."""
    drawn = window.open(f"{UPLOADS}/new").fields(f"{UPLOADS}/new")
    given = {"token": drawn["token"][0], "key": drawn["key"][0], "kind": "learner-completions"}
    window.shown = window.browser.post(
        f"{UPLOADS}/new",
        data=given | {"permission_attested": "true", "do": "upload"},
        files={"file": ("learners.xlsx", content)},
        headers=SAME_SITE,
    )
    return str(window.shown.headers["location"])


def mended_in_a_spreadsheet(rejected: bytes) -> bytes:
    """Return the file of rejected rows with the cells at fault typed anew, as a spreadsheet keeps them."""
    book = openpyxl.load_workbook(io.BytesIO(rejected))
    sheet = book.worksheets[0]
    places = {cell.value: cell.column for cell in sheet[2]}
    for number, (good, spoils) in enumerate(good_and_spoiled(), start=3):
        for heading in spoils:
            sheet.cell(number, places[heading]).value = good[heading]
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def inputs_of(window: Window, number: int) -> dict[str, str]:
    """Return the names of a row's inputs, by their headings."""
    cells = window.tree.xpath("//*[@id=$row]//td[.//input]", row=f"row-{number}")
    return {str(cell.get("data-h")): str(cell.xpath("string(.//input/@name)")) for cell in cells}


def mend_on_the_page(window: Window, here: str) -> None:
    """Type the cells at fault anew, page after page, check what was changed, and report what is ready."""
    rows = dict(enumerate(good_and_spoiled(), start=3))
    for after in range(2, 2 + len(rows), PAGE):
        at = f"{here}?after={after}"
        window.open(at)
        typed = {}
        for number in range(after + 1, after + 1 + PAGE):
            good, spoils = rows[number]
            named = inputs_of(window, number)
            assert spoils.keys() <= named.keys(), (number, spoils)
            typed |= {named[heading]: str(good[heading]) for heading in spoils}
        window.send(at, window.fields(at) | typed | {"do": "check"})
        assert window.status == 200, window.text
    window.open(here)
    assert f"{len(rows)} of {len(rows)} ready." in window.text
    window.send(here, window.fields(here) | {"do": "report", "permission_attested": "true"})


def stands(api: Api) -> list[Any]:
    """Return what is reported of the activity, without what each installation calls it."""
    return sorted(
        (row["learner"]["last_name"], row["completed_on"], row["version"], row["entry_method"],
         [(credit["board"], credit["credits"], credit["status"], [one["type"] for one in credit["credit_types"]])
          for credit in row["credits"]])
        for row in api.pages("/v1/learner-completions", activity_id=GRAND_ROUNDS, limit=500)
    )  # fmt: skip


def outcomes(api: Api, batch_id: str) -> list[Any]:
    """Return what became of each row of a batch, in their order."""
    return [
        (row["row"], row["outcome"], sorted(finding["rule"] for finding in row["findings"]))
        for row in rows_of(api, {"batch_id": batch_id})
    ]


def test_two_hundred_rows_with_twenty_kinds_of_fault_end_alike_on_the_pages_and_in_a_spreadsheet(
    open_window: Callable[[], Window], service: Service, api: Api, clock: ManualClock, tmp_path: Path
) -> None:
    clerk = open_window()
    sign_in(clerk, service)
    first = send_file(clerk, workbook([good | spoils for good, spoils in good_and_spoiled()])).rpartition("/")[2]
    work_through(service)
    judged = outcomes(api, first)
    assert Counter(outcome for _, outcome, _ in judged) == {"rejected": EACH * len(FAULTS)}
    rejected = clerk.browser.get(f"{UPLOADS}/{first}/files/rejected?format=xlsx").content
    with sqlite3.connect(tmp_path / "pars.db") as source, sqlite3.connect(tmp_path / "other.db") as copy:
        source.backup(copy)
    mend_on_the_page(clerk, f"{UPLOADS}/{first}/fix")
    work_through(service)
    clerk.open(f"{UPLOADS}/{first}")
    second = next(link for link in clerk.tree.xpath("//main//a/@href") if first not in link and f"{UPLOADS}/0" in link)
    on_the_page = (outcomes(api, second.rpartition("/")[2]), stands(api))
    assert outcomes(api, first) == judged
    assert "These are mended rows of an earlier upload." in clerk.open(second).text
    assert clerk.tree.xpath(f"//a[@href='{UPLOADS}/{first}']")
    settle(service)

    app = clerk.browser.app
    assert isinstance(app, FastAPI)
    other = open_service(settings_for(f"sqlite:///{tmp_path}/other.db", tmp_path / "data"), at=clock, migrate=False)
    try:
        answer_for(app, other)
        answer_for(api.http.app, other)  # type: ignore[attr-defined]
        assert outcomes(api, first) == judged
        assert stands(api) == []
        again = send_file(clerk, mended_in_a_spreadsheet(rejected)).rpartition("/")[2]
        work_through(other)
        assert (outcomes(api, again), stands(api)) == on_the_page
        assert Counter(outcome for _, outcome, _ in on_the_page[0]) == {"added": EACH * len(FAULTS)}
        settle(other)
    finally:
        other.database.close()
