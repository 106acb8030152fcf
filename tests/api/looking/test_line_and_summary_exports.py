"""Credit lines and summaries as files: what their lists have, in any order and any filter, in pieces of any length."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.csv_text import unescape_formula
from app.domain.looking.activity_counts import ActivitySummary
from app.schemas.looking.line_queries import CreditLineQuery
from app.schemas.looking.summary_queries import SummaryQuery
from app.services.context import Service, operator
from app.services.looking import line_export, summary_export
from app.services.looking.summary_export import open_summaries
from app.store.looking import ids_in_order
from app.store.looking.ids_in_order import BEGINNING
from tests.builders.bodies import a_completion, john
from tests.harness.api import Api, settle
from tests.harness.board_views import decide
from tests.harness.clock import ManualClock
from tests.harness.looking.summed_up import METHODS, PEOPLE, build
from tests.harness.properties import examples

LINES, SUMMARIES = "/v1/credit-lines", "/v1/activity-summaries"
ORDERED: dict[str, tuple[str, ...]] = {LINES: CreditLineQuery.sort_names, SUMMARIES: SummaryQuery.sort_names}


def taken(api: Api, path: str, format: str, **query: Any) -> bytes:
    answer = api.get(f"{path}:export", format=format, **query)
    assert answer.status == 200, answer.json
    return answer.response.content


def table(api: Api, path: str, **query: Any) -> list[dict[str, str]]:
    text = taken(api, path, "csv", **query).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def sheet(api: Api, path: str, **query: Any) -> list[dict[str, Any]]:
    book = openpyxl.load_workbook(io.BytesIO(taken(api, path, "xlsx", **query)))
    headings, *rows = book.worksheets[0].iter_rows(values_only=True)
    return [dict(zip(headings, row, strict=True)) for row in rows]


@pytest.fixture
def world(api: Api, service: Service, clock: ManualClock) -> None:
    """Activities and lines of every kind, one without credit, one that was withdrawn from a record that stands."""
    build(api, service, clock, 9)
    made = api.report(john(reference="ref-2")).json
    without_points = {name: value for name, value in john(reference="ref-2").items() if name != "moc"}
    path = f"/v1/learner-completions/{made['completion_id']}"
    assert api.send("PUT", path, json=without_points, headers={"If-Match": '"1"'}).status == 200
    settle(service)
    risky = api.register(title='=Risky, "quoted"', rems={"type": "Opioid"}).json["activity_id"]
    body = a_completion(risky, "2021-06-01", credits=None) | {"rems": {"local_id": "17", "profession": "Nurse"}}
    assert api.report(body).status == 201


def many(*values: str) -> Any:
    return st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True)


_OF_BOTH: dict[str, Any] = {
    "q": st.sampled_from(("reb", "test 444444", "ref-2", "grand", "nobody")),
    "activity_format": many("regularly-scheduled-series", "journal-cme", "live-course"),
    "board": many("TN-M", "ME-M", "CA-M", "ABA", "ABIM"), "kind": many("cme", "moc"),
    "status": many("pending", "accepted", "rejected", "withdrawn"), "entry_method": many(*METHODS),
    "credit_type": many("Lifelong Learning", "Patient Safety"), "mips": st.sampled_from(("true", "false")),
    "completed_from": st.just("2021-06-05"), "completed_to": st.just("2021-07-20"),
    "submitted_from": st.just("2021-12-04"), "submitted_to": st.just("2021-12-09T01:30:00Z"),
}  # fmt: skip
FILTERS = {
    LINES: _OF_BOTH | {
        "client_reference": many("ref-2", "none"), "last_name": many("Test", "Karacme"), "state": many("TN", "CA")
    },
    SUMMARIES: _OF_BOTH | {
        "activity_status": many("draft", "active", "closed"), "city": many("portland"), "state": many("Maine", "TN"),
    },
}  # fmt: skip


@st.composite
def asked(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A list with filters and an order."""
    path = draw(st.sampled_from((LINES, SUMMARIES)))
    names = draw(st.lists(st.sampled_from(sorted(FILTERS[path])), max_size=3, unique=True))
    query = {name: draw(FILTERS[path][name]) for name in names}
    keys = draw(st.lists(st.sampled_from(ORDERED[path]), max_size=2, unique=True))
    if keys:
        query["sort"] = ",".join(draw(st.sampled_from(("", "-"))) + key for key in keys)
    return path, query


@pytest.mark.usefixtures("world")
@examples(60)
@given(asked=asked(), at_once=st.integers(1, 7), found=st.integers(1, 9))
def test_a_file_has_what_the_list_has_in_its_order(
    api: Api, asked: tuple[str, dict[str, Any]], at_once: int, found: int
) -> None:
    path, query = asked
    expected = list(api.pages(path, **query))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(line_export, "AT_ONCE", at_once)
        patched.setattr(summary_export, "AT_ONCE", at_once)
        patched.setattr(ids_in_order, "FOUND_AT_ONCE", found)
        text = taken(api, path, "ndjson", **query).decode()
        rows = table(api, path, **query)
    assert text.splitlines() == [json.dumps(one, separators=(",", ":"), ensure_ascii=False) for one in expected]
    if path == LINES:
        assert [row["Credit ID"] for row in rows] == [one["credit_id"] for one in expected]
    else:
        assert [row["ACCME Activity ID"] for row in rows] == [one["activity"]["activity_id"] for one in expected]


@pytest.mark.usefixtures("world")
def test_rows_of_lines_say_what_their_list_says(api: Api) -> None:
    lines, rows, cells = list(api.pages(LINES)), table(api, LINES), sheet(api, LINES)
    assert len(rows) == len(lines) > 20
    for line, row, typed in zip(lines, rows, cells, strict=True):
        learner, activity = line["learner"], line["activity"]
        assert (row["First Name"], row["Last Name"]) == (learner["first_name"], learner["last_name"])
        assert (row["Activity Title"], row["Status"]) == (activity["title"], line["status"])
        assert (row["Board"], row["Learner ID"]) == (line["board"], line["learner_board_id"] or "")
        assert float(row["Credits Awarded"]) == typed["Credits Awarded"] == line["credits"]
        assert row["Credit Types"] == "; ".join(f"{one['credits']:g} {one['type']}" for one in line["credit_types"])
        assert row["References"] == "; ".join(line["client_references"])
        assert typed["Completion Date"] == datetime.fromisoformat(line["completed_on"])


@pytest.mark.usefixtures("world")
def test_rows_of_summaries_say_what_their_list_says(api: Api) -> None:
    summaries, rows, cells = list(api.pages(SUMMARIES)), table(api, SUMMARIES), sheet(api, SUMMARIES)
    assert len(rows) == len(summaries) > 9
    for summary, row, typed in zip(summaries, rows, cells, strict=True):
        activity = summary["activity"]
        assert unescape_formula(row["Activity Title"]) == typed["Activity Title"] == activity["title"]
        assert row["Activity Title"][0] not in "=+-@"
        assert (row["Provider"], row["Organization ID"]) == ("Western Regional Medical Center", "0008001")
        assert row["Provider Activity ID"] == (activity["internal_id"] or "")
        for heading, name in (
            ("Learners Accepted", "learners_accepted"), ("Learners Rejected", "learners_rejected"),
            ("Learners Pending", "learners_pending"), ("Persons", "persons"), ("Credits", "credits"),
        ):  # fmt: skip
            assert float(row[heading]) == typed[heading] == summary[name]
        assert (row["Activity Status"], row["Activity Format"]) == (activity["status"], activity["format"])
        assert (row["Start Date"], row["End Date"]) == (activity["start_date"], activity["end_date"])
        assert typed["End Date"] == datetime.fromisoformat(activity["end_date"])
        assert row["MOC Boards"] == "; ".join(activity["boards"])
        assert (row["REMS"], row["MIPS"]) == (
            "Yes" if activity["rems"] else "No", {True: "Yes", False: "No", None: ""}[activity["mips"]]
        )  # fmt: skip
        assert row["AMA PRA Credits"] == (f"{activity['ama_pra_credits']:g}" if activity["ama_pra_credits"] else "")


def test_an_activity_that_rises_while_it_is_read_is_in_the_file_once(
    api: Api, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Most accepted lines come first: what was to come last has the most when half is read."""
    monkeypatch.setattr(summary_export, "AT_ONCE", 4)
    api.register(title="Nobody yet")
    caller = operator(service, "0008001")
    source = service.database.read(lambda connection: open_summaries(connection, caller, SummaryQuery()))
    reached, found = BEGINNING, list[ActivitySummary]()
    listed = [one["activity"] for one in api.pages(SUMMARIES)]
    expected, last = [activity["activity_id"] for activity in listed], listed[-1]
    while not reached.at_end:
        piece = service.database.read(lambda connection, reached=reached: source.read_rows(connection, reached))
        found += piece.rows
        reached = piece.reached
        if len(found) == 4:
            for person in PEOPLE[1:]:
                sent = api.report(a_completion(last["activity_id"], last["start_date"], **person))
                assert sent.status == 201, sent.json
                (credit,) = sent.json["credits"]
                decide(service, credit["credit_id"], "accepted")
    assert [summary.activity.activity_id for summary in found] == expected
    assert (found[-1].counts.accepted, found[-1].persons) == (3, 3)
