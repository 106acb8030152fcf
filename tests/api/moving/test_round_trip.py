"""Our own export, imported into another installation, and exported there."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from app.core.errors import OperatorFault
from app.services.context import Service
from tests.builders.bodies import a_completion, john, tina
from tests.harness.api import Api, api_of, settle
from tests.harness.board_views import decide
from tests.harness.moving.installations import (
    COMPLETIONS,
    PROVIDER,
    answering_for,
    everything,
    exported,
    import_bytes,
    lines_of,
    outcomes,
    what_was_told,
)

UNTIL_TODAY = {"completed_to": "2021-12-20"}
"""One of the slides' records lies ahead of the clock of tests."""


@pytest.fixture
def reported(api: Api, service: Service) -> list[Any]:
    """Completions whose credit stands in every state."""
    found = []
    for body in (
        a_completion(reference="ccid:example.org:1"), john(), tina(), tina("2021-12-02", total=1.75),
        a_completion(completed_on="2021-12-11", credits=0.25), a_completion(completed_on="2021-12-11", credits=0.5),
    ):  # fmt: skip
        answer = api.report(body)
        assert answer.status in (200, 201), answer.json
        found.append(answer.json)
    decide(service, found[1]["credits"][1]["credit_id"], "rejected")
    decide(service, found[2]["credits"][0]["credit_id"], "accepted")
    decide(service, found[3]["credits"][0]["credit_id"], "rejected")
    again = api.report(tina("2021-12-02", total=1.5))
    assert again.status == 200, again.json
    return found


def without(content: bytes, *names: str) -> list[Any]:
    """Return the records of an export without some members, and without the ids by which it names learners."""
    records = [{name: value for name, value in one.items() if name not in names} for one in lines_of(content)]
    for record in records:
        record["learner"] = {name: value for name, value in record["learner"].items() if name != "learner_id"}
    return records


@pytest.mark.usefixtures("reported")
def test_an_export_imported_elsewhere_comes_back_as_it_was(
    api: Api, app: FastAPI, service: Service, other: Service, tmp_path: Path
) -> None:
    sent = exported(api, COMPLETIONS, **UNTIL_TODAY)
    settle(other)
    told = what_was_told(other)
    counts = import_bytes(other, tmp_path, COMPLETIONS, sent)
    assert outcomes(counts) == {"read": 15, "added": 6, "already-there": 9}, counts.listed
    answering_for(app, other)
    there = api_of(api.http, other, "Moved", providers=[PROVIDER])
    back = exported(there, COMPLETIONS, **UNTIL_TODAY)
    assert without(back, "version") == without(sent, "version")
    settle(other)
    assert what_was_told(other) == told
    before = everything(other)
    again = import_bytes(other, tmp_path, COMPLETIONS, sent)
    assert outcomes(again) == {"read": 15, "already-there": 15}, again.listed
    assert everything(other) == before


def table_of(content: bytes) -> list[dict[str, str]]:
    """Return the rows of a table, without the ids by which the installation names learners."""
    rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    return [{name: cell for name, cell in row.items() if name != "Learner Link"} for row in rows]


@pytest.mark.usefixtures("reported")
def test_a_table_of_an_export_comes_back_as_it_was(api: Api, app: FastAPI, other: Service, tmp_path: Path) -> None:
    """But for what has no column, fractions of a second among it."""
    by_formula = api.report(a_completion(completed_on="2021-11-05", client_reference="=1+1"))
    assert by_formula.status == 201, by_formula.json
    sent = exported(api, COMPLETIONS, "csv", **UNTIL_TODAY)
    counts = import_bytes(other, tmp_path, COMPLETIONS, sent, name="moved.csv")
    assert (counts.outcomes["added"], counts.left) == (7, 0), counts.listed
    answering_for(app, other)
    there = api_of(api.http, other, "Moved", providers=[PROVIDER])
    assert table_of(exported(there, COMPLETIONS, "csv", **UNTIL_TODAY)) == table_of(sent)
    again = import_bytes(other, tmp_path, COMPLETIONS, sent, name="moved.csv")
    assert set(again.outcomes) == {"already-there"}, again.listed
    settle(other)


def test_a_row_that_is_refused_comes_back_with_all_rows_of_its_completion(
    api: Api, other: Service, tmp_path: Path, reported: list[Any]
) -> None:
    """Corrected, the file is imported as it is."""
    sent = exported(api, COMPLETIONS, "csv", completion_id=reported[1]["completion_id"])
    left = tmp_path / "left.csv"
    broken = sent.replace(b",12345,", b",99999,")
    counts = import_bytes(other, tmp_path, COMPLETIONS, broken, name="moved.csv", rejected=left)
    assert outcomes(counts) == {"read": 1, "refused": 1}
    rows = table_of(left.read_bytes())
    assert [row["Board"] for row in rows] == ["TN-M", "ABIM"]
    assert all(row["Errors"] for row in rows)
    mended = left.read_bytes().replace(b",99999,", b",12345,")
    counts = import_bytes(other, tmp_path, COMPLETIONS, mended, name="left.csv")
    assert outcomes(counts) == {"read": 1, "added": 1}, counts.listed


def test_a_workbook_of_completions_is_no_such_file(api: Api, other: Service, tmp_path: Path) -> None:
    with pytest.raises(OperatorFault):
        import_bytes(other, tmp_path, COMPLETIONS, exported(api, COMPLETIONS, "xlsx"), name="moved.xlsx")
