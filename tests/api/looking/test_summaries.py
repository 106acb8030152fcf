"""Summaries of activities: the slides' figures, every filter against a plain program, and pages without gaps."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.schemas.looking.summary_queries import SummaryQuery
from app.services.context import Service
from app.store.lists import keyset_pages
from app.store.looking import summary_lines
from app.store.looking.summaries import SORTS
from tests.builders.bodies import GRAND_ROUNDS, a_completion, tina
from tests.harness.api import Api, api_of
from tests.harness.board_views import decide
from tests.harness.clock import ManualClock
from tests.harness.looking.summed_up import METHODS, OUTCOMES, Rows, build, plain
from tests.harness.properties import examples
from tests.harness.refusals import assert_problem

SUMMARIES = "/v1/activity-summaries"
FIGURES = ("learners_accepted", "learners_rejected", "learners_pending", "persons", "credits")


def figures(row: dict[str, Any]) -> tuple[float, ...]:
    return tuple(row[name] for name in FIGURES)


def walk(api: Api, **query: Any) -> list[dict[str, Any]]:
    answer = api.get(SUMMARIES, **query)
    found: list[dict[str, Any]] = []
    while True:
        assert answer.status == 200, answer.json
        found += answer.json["data"]
        if (cursor := answer.json["next_cursor"]) is None:
            return found
        answer = api.get(SUMMARIES, limit=query.get("limit", 50), cursor=cursor)


def report_the_slide(api: Api, service: Service) -> None:
    """Report the seven lines of Learner Details, and let the boards decide as they stand there."""
    for license_id, state, day, credits, *name in (
        ("94412289", "CA", "01", 15, "Joe", "Accme", "01/01"), ("444444", "TN", "12", 2, "Rebecca", "Test", "02/01"),
        ("70279062", "CA", "12", 2, "Willa", "Duncan", "05/25"), ("444444", "TN", "15", 5, "Rebecca", "Test", "02/01"),
        ("59091669", "CA", "15", 5, "Test6", "Account6", "07/01"),
        ("32508792", "ME", "15", 5, "Scott", "Joplin", "11/24"),
    ):  # fmt: skip
        named = dict(zip(("first_name", "last_name", "born"), name, strict=True))
        body = a_completion(
            GRAND_ROUNDS, f"2021-12-{day}", state=state, license_id=license_id, credits=credits, **named
        )
        decide(service, api.report(body).json["credits"][0]["credit_id"], "accepted")
    decide(service, api.report(tina()).json["credits"][0]["credit_id"], "rejected")


def test_the_summary_of_the_slides_activity(api: Api, service: Service) -> None:
    report_the_slide(api, service)
    (first, *_) = walk(api)
    assert first == {
        "activity": {
            "activity_id": GRAND_ROUNDS, "title": "Grand Rounds Anesthesia", "format": "regularly-scheduled-series",
            "internal_id": "Ex2-1", "status": "ready-to-close", "start_date": "2021-01-17", "end_date": "2021-12-17",
            "ama_pra_credits": 52.0, "providership": "direct", "boards": ["ABA"], "mips": None, "rems": False,
        },
        "provider": {"provider_id": "0008001", "name": "Western Regional Medical Center"},
        "learners_accepted": 6, "learners_rejected": 1, "learners_pending": 0, "persons": 6, "credits": 34.0,
    }  # fmt: skip
    summary = api.get(f"/v1/activities/{GRAND_ROUNDS}/summary").json
    by_board = {of["board"]: tuple(of.values())[:4] for of in summary.pop("by_board")}
    assert summary == first
    assert by_board == {"ABA": (0, 1, 0, 0), "CA-M": (3, 0, 0, 22), "ME-M": (1, 0, 0, 5), "TN-M": (2, 0, 0, 7)}
    for asked, expected in (
        ({"board": "ABA"}, (0, 1, 0, 1, 0)), ({"kind": "cme", "status": "accepted"}, (6, 0, 0, 5, 34)),
        ({"board": "TN-M", "completed_from": "2021-12-13"}, (1, 0, 0, 1, 5)), ({"status": "rejected"}, (0, 1, 0, 1, 0)),
    ):  # fmt: skip
        (row,) = walk(api, q="grand anesthesia", **asked)
        assert figures(row) == expected, asked
    assert walk(api, q="grand anesthesia", status="withdrawn") == []


def test_the_demo_world_is_summed_up(api: Api) -> None:
    answer = api.get(SUMMARIES, limit=4, include="total", sort="-credits,title")
    assert answer.json["total"] == 22
    assert [(row["activity"]["title"], row["learners_pending"], row["credits"]) for row in answer.json["data"]] == [
        ("Marcherie Test", 1, 999), ("Testing out CME Passport", 2, 14), ("test44", 1, 4), ("Test55", 1, 4),
    ]  # fmt: skip
    assert sum(row["learners_pending"] for row in walk(api)) == 11


def test_an_activity_of_others_has_no_summary(api: Api, service: Service) -> None:
    stranger = api_of(api.http, service, "Other", providers=["0008002"])
    assert_problem(stranger.get(f"/v1/activities/{GRAND_ROUNDS}/summary"), 404, "not-found")
    assert_problem(api.get("/v1/activities/100000000/summary"), 404, "not-found")
    assert {row["provider"]["provider_id"] for row in walk(stranger)} == {"0008002"}
    assert api.get(SUMMARIES, format="live-course").codes == {"parameter-unknown"}
    assert api.get(SUMMARIES, sort="-learner").codes == {"parameter-invalid"}


def test_persons_are_not_counted_where_an_entry_method_has_many_records(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    for body in (tina(), a_completion(tina()["activity_id"])):
        assert api.report(body).status == 201
    (counted,) = walk(api, q="grand anesthesia", entry_method="api")
    assert (counted["learners_pending"], counted["persons"]) == (2, 2)
    monkeypatch.setattr(summary_lines, "MOST_ENTERED", 1)
    assert walk(api, q="grand anesthesia", entry_method="api") == [counted | {"persons": None}]
    assert walk(api, q="grand anesthesia", entry_method="api", sort="persons") == [counted]
    assert walk(api, q="grand anesthesia", entry_method="form") == []


def test_persons_without_credit_lines_are_counted_where_no_filter_narrows_lines(api: Api) -> None:
    activity = api.register(rems={"type": "Opioid"}, format="journal-cme").json["activity_id"]
    rems = {"local_id": "L-1", "profession": "Nurse", "state": "TN"}
    body = a_completion(activity, "2021-12-12", credits=None, rems=rems)
    reported = api.report(body)
    assert reported.status == 201, reported.json
    assert figures(walk(api, q=activity)[0]) == (0, 0, 0, 1, 0)
    assert walk(api, q=activity, status="pending") == []


def test_a_title_is_found_without_case_and_accents_in_both_lists(api: Api) -> None:
    made = api.register(title="Ärzte — CAFÉ’s 100% _under", start_date="2021-01-02").json["activity_id"]
    for q in ("arzte", "ÄRZTE", "cafe's", "café’s", "100%", "_und", "- ärz", made):
        for path in (SUMMARIES, "/v1/activities"):
            (found,) = api.get(path, q=q).json["data"]
            assert found.get("activity", found)["activity_id"] == made, (path, q)
    for q in ("100_", "%under", "arzte nothing", "\u0301"):
        assert walk(api, q=q) == [], q


def many(*values: str) -> Any:
    return st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True)


DAYS = st.builds("2021-{:02}-{:02}".format, st.integers(1, 12), st.sampled_from((1, 3, 12, 20, 28)))
MOMENTS = st.one_of(
    st.builds("2021-12-{:02}".format, st.integers(1, 15)),
    st.builds("2021-12-{:02}T{:02}:30:00Z".format, st.integers(1, 15), st.integers(0, 23)),
)
BOOLEANS = st.sampled_from(("true", "false"))
FILTERS: dict[str, Any] = {
    "q": st.sampled_from(
        ("grand", "CAFES rounds", "cafe", "“ole”", "arzte 100%", "pain", "moc_", "Int 3", "moc update", "again 4")
    ),
    "activity_format": many("regularly-scheduled-series", "journal-cme", "live-course"),
    "providership": many("direct", "joint"), "joint_provider": many("ARZTEHAUS", "b", "nobody"),
    "moc": BOOLEANS, "mips": BOOLEANS, "rems": BOOLEANS, "interprofessional": BOOLEANS,
    "activity_status": many("draft", "active", "ready-to-close", "closed"),
    "activity_from": DAYS, "activity_to": DAYS, "outcome": many(*OUTCOMES),
    "state": st.sampled_from((["maine"], ["TN"])), "city": many("portland", "SAINT-ETIENNE"),
    "country": many("usa", "france"), "practice_area": many("PAIN MEDICINE", "oncology", "Anesthesiology"),
    "board": many("TN-M", "ME-M", "CA-M", "ABA", "ABIM"), "kind": many("cme", "moc"),
    "status": many("pending", "accepted", "rejected", "withdrawn"), "entry_method": many(*METHODS),
    "credit_type": many("Lifelong Learning", "Patient Safety"),
    "completed_from": DAYS, "completed_to": DAYS, "submitted_from": MOMENTS, "submitted_to": MOMENTS,
}  # fmt: skip
QUERIES = st.lists(st.sampled_from(sorted(FILTERS)), max_size=4, unique=True).flatmap(
    lambda names: st.fixed_dictionaries({name: FILTERS[name] for name in names})
)
ORDERS = st.lists(
    st.tuples(st.booleans(), st.sampled_from(SummaryQuery.sort_names)), max_size=3, unique_by=lambda key: key[1]
)


@pytest.fixture
def rows(api: Api, service: Service, clock: ManualClock) -> Rows:
    build(api, service, clock)
    return Rows(api, service)


@examples(200)
@given(asked=QUERIES, order=ORDERS, limit=st.integers(1, 40))
def test_filters_keep_and_count_what_a_plain_program_keeps_and_counts(
    api: Api, rows: Rows, asked: dict[str, Any], order: list[tuple[bool, str]], limit: int
) -> None:
    sort = {"sort": ",".join(("-" if down else "") + name for down, name in order)} if order else {}
    expected = rows.summed(asked)
    answer = api.get(SUMMARIES, **asked, **sort, limit=limit, include="total")
    assert answer.json["total"] == len(expected)
    found = walk(api, **asked, **sort, limit=limit)
    assert [row["activity"]["activity_id"] for row in found] == in_order(rows, expected, order or [(True, FIGURES[0])])
    assert {row["activity"]["activity_id"]: figures(row) for row in found} == expected


def in_order(rows: Rows, expected: dict[str, tuple[float, ...]], order: list[tuple[bool, str]]) -> list[str]:
    """Return the ids as the order wants them: key after key, then by id in the direction of the last."""
    found = sorted(expected, reverse=order[-1][0])
    for down, name in reversed(order):
        found.sort(key=partial(value_of, rows, expected, name), reverse=down)
    return found


def value_of(rows: Rows, expected: dict[str, tuple[float, ...]], name: str, activity_id: str) -> Any:
    if name in FIGURES:
        return expected[activity_id][FIGURES.index(name)]
    value = rows.activities[activity_id][name] or ""
    return plain(value) if name == "title" else value


@examples(20)
@given(
    order=ORDERS, limit=st.integers(1, 9),
    meanwhile=st.lists(st.lists(st.sampled_from(("add", "remove", "report")), max_size=2), min_size=1, max_size=30),
)  # fmt: skip
def test_what_stands_throughout_a_walk_is_visited_once_while_others_come_and_go(
    api: Api, order: list[tuple[bool, str]], limit: int, meanwhile: list[list[str]]
) -> None:
    at_first = {row["activity"]["activity_id"]: figures(row) for row in walk(api, limit=500)}
    mine: list[str] = []
    days = iter(range(1, 29))

    def happen(verb: str) -> None:
        if verb == "add":
            mine.append(api.register(title=f"New {len(mine)}", format="journal-cme").json["activity_id"])
        elif mine and verb == "report":
            api.report(a_completion(mine[-1], f"2021-11-{next(days, 28):02}", credits=1))
        elif mine:
            api.post(f"/v1/activities/{mine[0]}/withdraw-learners", None)
            assert api.delete(f"/v1/activities/{mine.pop(0)}").status == 204

    sort = {"sort": ",".join(("-" if down else "") + name for down, name in order)} if order else {}
    answer, turns, visited = api.get(SUMMARIES, limit=limit, **sort), iter(meanwhile), dict[str, Any]()
    while True:
        page = {row["activity"]["activity_id"]: figures(row) for row in answer.json["data"]}
        assert not (visited.keys() & page.keys() & at_first.keys())
        visited |= page
        for verb in next(turns, []):
            happen(verb)
        if (cursor := answer.json["next_cursor"]) is None:
            break
        answer = api.get(SUMMARIES, limit=limit, cursor=cursor)
    assert {id: counted for id, counted in visited.items() if id in at_first} == at_first
    for activity_id in mine:
        api.post(f"/v1/activities/{activity_id}/withdraw-learners", None)
        assert api.delete(f"/v1/activities/{activity_id}").status == 204


def test_totals_are_capped(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyset_pages, "MOST_COUNTED", 5)
    for asked in ({}, {"status": "pending"}, {"completed_from": "2001-01-01"}):
        answer = api.get(SUMMARIES, include="total", limit=1, **asked)
        assert (answer.json["total"], answer.json["total_capped"]) == (5, True)


def test_the_orders_that_a_query_names_are_those_that_the_store_has() -> None:
    assert set(SummaryQuery.sort_names) == set(SORTS)
