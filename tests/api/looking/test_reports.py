"""Reports against a plain program over the same rows, and their pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from app.domain.looking.standing_reports import REPORTS
from app.services.context import Service
from tests.builders.bodies import a_completion
from tests.harness.api import Api, api_of, settle
from tests.harness.board_views import decide
from tests.harness.clock import ManualClock
from tests.harness.contract import read_document
from tests.harness.looking.reported import FORMATS, World
from tests.harness.properties import examples

OURS, THEIRS = "0008001", "0008123"


def all_of(api: Api, name: str, limit: int = 3, **query: Any) -> list[dict[str, Any]]:
    """Read a report page by page."""
    rows: list[dict[str, Any]] = []
    page = api.get(f"/v1/reports/{name}", limit=limit, **query)
    while True:
        assert page.status == 200, page.json
        rows += page.json["data"]
        if page.json["next_cursor"] is None:
            return rows
        page = api.get(f"/v1/reports/{name}", limit=limit, cursor=page.json["next_cursor"])


@pytest.fixture
def world(http: TestClient, service: Service, clock: ManualClock) -> World:
    return World(api_of(http, service, "reporter", providers=[OURS]), service, clock)


def ids(rows: list[dict[str, Any]], name: str) -> list[str]:
    return [row[name] for row in rows]


def in_order(rows: list[dict[str, Any]], *names: str) -> None:
    keys = [tuple(row[name] for name in names) for row in rows]
    assert keys == sorted(set(keys))


FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "year": st.sampled_from((2018, 2019, 2020, 2021)),
        "board": st.sampled_from(("ABA", "TN-M", "CA-M", "nobody")),
        "activity_format": st.sampled_from(FORMATS),
    },
)


def test_reports_answer_as_a_plain_program_does(world: World, service: Service) -> None:
    assert len(world.records) > 15
    assert {credit["status"] for _, credit in world.lines()} == {"pending", "accepted", "rejected"}

    @given(query=FILTERS, limit=st.integers(1, 7), statuses=st.sets(st.sampled_from(("pending", "rejected"))))
    @examples(30)
    def agree(query: dict[str, Any], limit: int, statuses: set[str]) -> None:
        _lines_agree(world, query, limit, statuses)
        _activities_agree(world, query, limit)
        if "year" in query:
            _totals_agree(world, query)

    agree()
    settle(service)


def _lines_agree(world: World, query: dict[str, Any], limit: int, statuses: set[str]) -> None:
    asked = statuses or {"pending", "rejected"}
    expected = {
        credit["credit_id"]: (completion, credit)
        for completion, credit in world.lines(**query)
        if credit["status"] in asked and not credit["replaced"]
    }
    found = all_of(world.api, "not-yet-accepted", limit, **query, status=sorted(statuses))
    assert sorted(ids(found, "credit_id")) == sorted(expected)
    in_order(found, "completed_on", "completion_id", "credit_id")
    groups = world.api.get("/v1/reports/not-yet-accepted", **query, status=sorted(statuses), include="groups").json
    counted: dict[tuple[str, str, str | None], tuple[int, set[str]]] = {}
    for completion, credit in expected.values():
        key = (credit["board"], credit["status"], credit["status_reason"])
        lines, persons = counted.get(key, (0, set()))
        counted[key] = (lines + 1, persons | {completion["person"]})
    assert {
        (group["board"], group["status"], group["status_reason"]): (group["lines"], group["persons"])
        for group in groups["groups"]
    } == {key: (lines, len(persons)) for key, (lines, persons) in counted.items()}
    late = all_of(world.api, "reported-late", limit, **query)
    days = {
        credit["credit_id"]: (
            date.fromisoformat(completion["submitted_at"][:10]) - date.fromisoformat(completion["completed_on"])
        ).days
        for completion, credit in world.lines(**query)
    }
    assert {row["credit_id"]: row["days_to_report"] for row in late} == {
        credit_id: count for credit_id, count in days.items() if count > 30
    }
    in_order(late, "completed_on", "completion_id", "credit_id")


def _activities_agree(world: World, query: dict[str, Any], limit: int) -> None:
    today, kept = world.today.isoformat(), list(world.kept(**query))
    missed_until = (world.today - timedelta(days=20)).isoformat()

    def counted(shown: dict[str, Any]) -> int | None:
        count: int | None = (shown["learner_counts"] or {}).get("physicians")
        return count

    def missed(shown: dict[str, Any]) -> bool:
        return shown["end_date"] <= missed_until and (counted(shown) or 0) > shown["persons"]

    asked: list[tuple[str, dict[str, Any], Callable[[dict[str, Any]], bool]]] = [
        ("nothing-reported", {}, lambda shown: shown["start_date"] <= today and not shown["persons"]),
        ("before-closing", {}, lambda shown: shown["end_date"] < today and shown["status"] != "closed"),
        ("attendance", {}, lambda shown: counted(shown) is not None),
        ("attendance", {"missed": "true"}, missed),
        ("attendance", {"missed": "false"}, lambda shown: counted(shown) is not None and not missed(shown)),
    ]
    for name, more, fits in asked:
        found = all_of(world.api, name, limit, **query, **more)
        assert sorted(ids(found, "activity_id")) == sorted(row["activity_id"] for row in kept if fits(row)), name
        in_order(found, "end_date", "activity_id")
        for row in found:
            shown = next(shown for shown in kept if shown["activity_id"] == row["activity_id"])
            assert (row["persons_reported"], row["missed"]) == (shown["persons"], missed(shown))


def _totals_agree(world: World, query: dict[str, Any]) -> None:
    totals = world.api.get("/v1/reports/year-totals", **query).json
    groups: dict[tuple[str, str], dict[str, Any]] = {}
    persons: set[str] = set()
    activities: set[str] = set()
    for completion, credit in world.lines(**query):
        if credit["replaced"]:
            continue
        group = groups.setdefault(
            (credit["board"], credit["format"]),
            {"accepted": 0, "pending": 0, "rejected": 0, "persons": set(), "activities": set(), "credits": 0},
        )
        group[credit["status"]] += 1
        if credit["status"] != "rejected":
            group["persons"].add(completion["person"])
            group["activities"].add(completion["activity_id"])
            group["credits"] += credit["credits"]
            persons.add(completion["person"])
            activities.add(completion["activity_id"])
    assert {
        (group["board"], group["activity_format"]): (
            group["lines"], group["lines_accepted"], group["lines_pending"], group["lines_rejected"],
            group["persons"], group["activities"], group["credits"],
        )
        for group in totals["groups"]
    } == {
        key: (
            group["accepted"] + group["pending"], group["accepted"], group["pending"], group["rejected"],
            len(group["persons"]), len(group["activities"]), group["credits"],
        )
        for key, group in groups.items()
    }  # fmt: skip
    assert (totals["persons"], totals["activities"]) == (len(persons), len(activities))
    assert totals["lines"] == sum(group["accepted"] + group["pending"] for group in groups.values())


def test_a_report_says_why(world: World, service: Service, api: Api) -> None:
    made = api.report(a_completion()).json["credits"][0]
    (line,) = [row for row in all_of(api, "not-yet-accepted", 50) if row["credit_id"] == made["credit_id"]]
    assert (line["why"], line["learner_board_id"]) == ("TN-M has not answered yet.", "444444")
    decide(service, made["credit_id"], "rejected")
    (line,) = [
        row for row in all_of(api, "not-yet-accepted", 50, board="TN-M") if row["credit_id"] == made["credit_id"]
    ]
    assert line["why"].startswith("TN-M rejected it: ")


def test_another_providers_reports_tell_nothing_of_ours(world: World, http: TestClient, service: Service) -> None:
    other = api_of(http, service, providers=[THEIRS])
    for report in REPORTS:
        answer = other.get(f"/v1/reports/{report.name}", year=2021).json
        assert answer.get("data", answer.get("groups", [])) == []
        assert (answer.get("persons"), answer.get("completions")) in ((None, None), (0, None))


def test_reports_are_listed_with_what_they_take(http: TestClient, service: Service, api: Api) -> None:
    listed, described = api.get("/v1/reports").json["data"], read_document()["paths"]
    assert [report["name"] for report in listed] == [report.name for report in REPORTS]
    for report in listed:
        filters = {"year": 2021, "board": "ABA", "activity_format": "live-course", "status": "pending",
                   "include": "groups", "missed": "true", "rems_type": "Opioid", "activity_id": "1"}  # fmt: skip
        taken = described[report["where"]]["get"]["parameters"]
        named = {parameter["name"] for parameter in taken if parameter.get("in") == "query"}
        assert named - {"limit", "cursor"} == set(report["parameters"])
        for some in (["year", "activity_id"], set(report["parameters"]) - {"activity_id"}):
            asked = {name: filters[name] for name in report["parameters"] if name in some}
            assert api.get(report["where"], **asked).status == 200
    reader = api_of(http, service, providers=[OURS], scopes=["activities:read"])
    assert [report["name"] for report in reader.get("/v1/reports").json["data"]] == ["before-closing"]
    assert api.get("/v1/reports/no-such-report").status == 404
    assert api.get("/v1/reports/year-totals").json["errors"][0]["parameter"] == "year"
