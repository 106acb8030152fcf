"""What lists of completions and activities can be narrowed to: each filter finds what it says, and nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from msgspec.structs import replace

from app.domain.batches import EntryMethod
from app.schemas.completions import CompletionIn
from app.services.context import Service, operator, transact
from app.services.reporting import pipeline
from app.store.lists import keyset_pages
from tests.builders.bodies import COURSE, GRAND_ROUNDS, a_completion, john, points, tina
from tests.harness.api import Api, api_of
from tests.harness.clock import ManualClock
from tests.harness.refusals import assert_problem

COMPLETIONS, ACTIVITIES = "/v1/learner-completions", "/v1/activities"
EVERY_WAY = {
    "walked": {"WORTH": 0, "FEW": -1, "FIRST_STEP": 1},
    "walked in leaps": {"WORTH": 0, "FEW": -1, "FIRST_STEP": 0.02, "LEAP_AFTER": 1},
    "gathered from a short filter": {"FIRST_STEP": 0.02, "FEW": 10**9},
    "gathered from a long filter": {"FIRST_STEP": 0.02, "FEW": -1, "WORTH": 10**9},
}
"""Each way to a page of a few rows, by the figures that choose between them; a limit of 50 makes a first step of 1."""


@pytest.fixture(params=EVERY_WAY)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in EVERY_WAY[request.param].items():
        monkeypatch.setattr(keyset_pages, name, value)


def submitted(service: Service, body: dict[str, Any], method: EntryMethod, batch_id: str | None) -> str:
    """Report a completion as a file of a batch would."""
    one = CompletionIn.model_validate(body).as_report("0008001", service.clock(), method)
    completion = transact(operator(service, "0008001"), pipeline.report, replace(one, batch_id=batch_id)).completion
    assert completion is not None
    return completion.completion_id


def narrowed(api: Api, path: str, identity: str, among: set[str], **query: Any) -> set[str]:
    """Return which of some rows a list holds, having checked that its total counts the same rows."""
    answer = api.get(path, limit=50, include="total", **query)
    assert answer.status == 200, answer.json
    rows = [completion[identity] for completion in answer.json["data"]]
    assert answer.json["total"] == len(rows) == len(set(rows)), query
    assert answer.json["total_capped"] is False
    return set(rows) & among


Cases = list[tuple[dict[str, Any], set[str]]]


def of_the_completion(r: str, t: str, j: str, p: str, risky: str) -> Cases:
    """Filters with what they find: Rebecca's, Tina's, John's completion, and Tina's of the risky activity."""
    return [
        ({}, {r, t, j, p}),
        ({"q": "reb"}, {r}),
        ({"q": "TÉST"}, {r}),
        ({"q": "kar-ac"}, {t, p}),
        ({"q": "tina kar"}, {t, p}),
        ({"q": "tina reb"}, set()),
        ({"q": "arac"}, set()),
        ({"q": f"tina {risky}"}, {p}),
        ({"q": COURSE}, {j}),
        ({"q": COURSE[:8]}, set()),
        ({"q": "12345"}, {j}),
        ({"q": "35867909 2017"}, set()),
        ({"q": "35867909"}, {t, p}),
        ({"q": "ccid:r"}, {r}),
        ({"q": t}, {t}),
        ({"q": "%"}, set()),
        ({"q": " "}, {r, t, j, p}),
        ({"first_name": ["Tina", "JOHN"]}, {t, j, p}),
        ({"last_name": ["Karacme", "nobody"]}, {t, p}),
        ({"activity_format": "regularly-scheduled-series"}, {r, t}),
        ({"activity_format": ["RSS", "Enduring Materials"]}, {r, t, p}),
        ({"activity_format": "no such format"}, set()),
        ({"mips": "true"}, {p}),
        ({"mips": "false"}, {r, t, j}),
        ({"rems": "true"}, {p}),
        ({"rems": "false"}, {r, t, j}),
        ({"entry_method": "api"}, {r, t}),
        ({"entry_method": "excel"}, {j}),
        ({"entry_method": ["excel", "xml"]}, {j, p}),
        ({"entry_method": ["api", "xml"]}, {r, t, p}),
        ({"entry_method": "form"}, set()),
        ({"batch_id": "b-1"}, {j}),
        ({"batch_id": ["b-1", "b-2"]}, {j, p}),
        ({"activity_id": [GRAND_ROUNDS, risky]}, {r, t, p}),
        ({"completion_id": r}, {r}),
        ({"completion_id": [p, r, "none-such"]}, {r, p}),
        ({"completion_id": [p, r], "last_name": "Karacme"}, {p}),
        ({"completion_id": "none-such"}, set()),
    ]


def of_one_credit(r: str, t: str, j: str, p: str) -> Cases:
    """Filters about a credit."""
    return [
        ({"credit_type": "Patient Safety"}, {j, p}),
        ({"credit_type": "PS"}, {j, p}),
        ({"credit_type": "lifelong learning"}, {t}),
        ({"credit_type": ["MK", "LL"]}, {j, t}),
        ({"credit_type": "Patient Safety", "board": "ABA"}, {p}),
        ({"credit_type": "Patient Safety", "kind": "cme"}, set()),
        ({"credit_type": "no such type"}, set()),
        ({"state": "TN"}, {r, j}),
        ({"state": "tennessee"}, {r, j}),
        ({"state": "TN-M"}, {r, j}),
        ({"state": "Oregon"}, set()),
        ({"state": "Atlantis"}, set()),
        ({"state": ["Oregon", "TN"]}, {r, j}),
        ({"state": "TN", "board": "TN-M"}, {r, j}),
        ({"state": "TN", "board": "ABIM"}, set()),
        ({"state": "TN", "kind": "moc"}, set()),
        ({"state": "TN", "client_reference": "ccid:r"}, {r}),
        ({"client_reference": ["ccid:r", "x"]}, {r}),
        ({"client_reference": "ccid:r", "activity_id": COURSE}, set()),
    ]


def of_time(r: str, t: str, j: str, p: str) -> Cases:
    """Filters about days and instants; the four were submitted an hour apart."""
    return [
        ({"submitted_from": "2021-12-20T16:00:00Z"}, {t, j, p}),
        ({"submitted_from": "2021-12-20T17:00:00+01:00", "submitted_to": "2021-12-20T17:00:00Z"}, {t, j}),
        ({"submitted_to": "2021-12-20T15:59:59.999Z", "submitted_from": "2021-12-20"}, {r}),
        ({"submitted_to": "2021-12-20", "submitted_from": "2021-12-20"}, {r, t, j, p}),
        ({"submitted_from": "2021-12-21"}, set()),
        ({"updated_from": "2021-12-20T17:30:00Z"}, {p}),
        ({"completed_from": "2021-12-01", "board": "ABA"}, {t}),
        ({"completed_to": "2021-06-30", "completed_from": "2021-03-01", "entry_method": "xml"}, {p}),
    ]


@pytest.mark.usefixtures("way")
def test_each_filter_of_completions_narrows_to_what_it_says(api: Api, service: Service, clock: ManualClock) -> None:
    risky = api.register(
        title="Opioids", format="enduring-material", mips=True, rems={"type": "Opioid"}, moc=[
            {"board": "ABA", "points": 5, "credit_types": ["Patient Safety"]}]
    ).json["activity_id"]  # fmt: skip
    r = api.report(a_completion(completed_on="2021-12-01", reference="ccid:r")).json["completion_id"]
    clock.now += timedelta(hours=1)
    t = api.report(tina("2021-12-05")).json["completion_id"]
    clock.now += timedelta(hours=1)
    j = submitted(service, john(), EntryMethod.EXCEL, "b-1")
    clock.now += timedelta(hours=1)
    person = {"first_name": "Tina", "last_name": "Karacme", "born": "11/24"}
    safety = points("ABA", total=1, Patient_Safety=1)
    p = submitted(
        service, a_completion(risky, "2021-06-01", credits=None, moc=[safety], **person), EntryMethod.XML, "b-2"
    )
    cases = [*of_the_completion(r, t, j, p, risky), *of_one_credit(r, t, j, p), *of_time(r, t, j, p)]
    for query, found in cases:
        for sort in ({}, {"sort": "completed_on"}, {"sort": "-last_name,completed_on"}):
            assert narrowed(api, COMPLETIONS, "completion_id", {r, t, j, p}, **query, **sort) == found, (query, sort)


def test_updated_from_finds_what_was_joined_since(api: Api, clock: ManualClock) -> None:
    first = api.report(john() | {"moc": []}).json["completion_id"]
    clock.now += timedelta(days=1)
    since = {"activity_id": COURSE, "updated_from": "2021-12-21"}
    assert api.completions(**since) == []
    assert api.report(john()).json["outcome"] == "joined"
    assert [completion["completion_id"] for completion in api.completions(**since)] == [first]
    assert api.completions(**since, submitted_from="2021-12-21") == []
    assert api.delete(f"{COMPLETIONS}/{first}").status == 204
    assert api.completions(**since) == []


def test_each_filter_of_activities_narrows_to_what_it_says(api: Api, clock: ManualClock) -> None:
    clock.now += timedelta(days=1)
    a = api.register(title="Airway 100% safe", internal_id="air 1", start_date="2021-02-01", end_date="2021-02-02").json
    clock.now += timedelta(days=1)
    b = api.register(
        title="AIRWAY and lungs", format="journal-cme", internal_id="own-b", mips=True, rems={"type": "Opioid"},
        providership="joint", moc=[{"board": "ABA", "points": 1, "credit_types": ["Patient Safety"]}],
        start_date="2021-03-01", end_date="2021-12-31",
    ).json  # fmt: skip
    c = api.register(title="Årets hjärta", internal_id="c", providership=None).json
    a, b, c = a["activity_id"], b["activity_id"], c["activity_id"]
    expected: list[tuple[dict[str, Any], set[str]]] = [
        ({}, {a, b, c}),
        ({"q": "airway"}, {a, b}),
        ({"q": "LUNG airway"}, {b}),
        ({"q": "100%"}, {a}),
        ({"q": "a_rway"}, set()),
        ({"q": "!"}, set()),
        ({"q": "hjärta"}, {c}),
        ({"q": f"airway {a}"}, {a}),
        ({"q": "air 1"}, {a}),
        ({"q": "own-b"}, {b}),
        ({"internal_id": ["own-b", "c", "nope"]}, {b, c}),
        ({"activity_format": "Journal CME"}, {b}),
        ({"activity_format": ["journal-cme", "live-course"]}, {a, b, c}),
        ({"board": "ABA"}, {b}),
        ({"board": ["American Board of Anesthesiology", "ABP"]}, {b}),
        ({"board": "nope"}, set()),
        ({"starts_from": "2021-02-01"}, {a, b}),
        ({"starts_to": "2021-02-01"}, {a, c}),
        ({"ends_from": "2021-02-03", "starts_from": "2021-01-02"}, {b}),
        ({"ends_to": "2021-02-02"}, {a}),
        ({"mips": "true"}, {b}),
        ({"mips": "false"}, {a, c}),
        ({"rems": "true"}, {b}),
        ({"rems": "false"}, {a, c}),
        ({"updated_from": "2021-12-22"}, {b, c}),
        ({"updated_from": "2021-12-22T15:00:01Z"}, set()),
        ({"providership": "joint"}, {b}),
        ({"providership": ["joint", "direct"]}, {a, b}),
    ]
    for query, found in expected:
        for sort in ({}, {"sort": "-start_date,title"}):
            held = narrowed(api, ACTIVITIES, "activity_id", {a, b, c}, **query, **sort)
            assert held == found, (query, sort)


@pytest.mark.parametrize(
    ("path", "query", "parameter"),
    [
        (COMPLETIONS, {"submitted_from": "2021-12-20T16:00:00"}, "submitted_from"),
        (COMPLETIONS, {"submitted_from": "yesterday"}, "submitted_from"),
        (COMPLETIONS, {"submitted_to": "2021-02-30"}, "submitted_to"),
        (COMPLETIONS, {"submitted_to": "2021-02-30T00:00:00Z"}, "submitted_to"),
        (COMPLETIONS, {"updated_from": "0001-01-01T00:00:00+14:00"}, "updated_from"),
        (COMPLETIONS, {"completed_from": "2021-12-20T16:00:00Z"}, "completed_from"),
        (COMPLETIONS, {"mips": "perhaps"}, "mips"),
        (COMPLETIONS, {"entry_method": "pigeon"}, "entry_method"),
        (COMPLETIONS, {"include": "everything"}, "include"),
        (COMPLETIONS, {"q": "x" * 201}, "q"),
        (ACTIVITIES, {"providership": "none"}, "providership"),
        (ACTIVITIES, {"starts_from": "2021"}, "starts_from"),
        (ACTIVITIES, {"include": ["total", "facets"]}, "include"),
    ],
)
def test_what_a_filter_cannot_read_is_refused_by_its_name(
    api: Api, path: str, query: dict[str, Any], parameter: str
) -> None:
    answer = api.get(path, **query)
    assert_problem(answer, 422, "parameter-invalid")
    assert {error["parameter"] for error in answer.json["errors"]} == {parameter}


def test_the_ends_of_time_are_dates_like_others(api: Api) -> None:
    api.report(a_completion())
    for query in ({"submitted_to": "9999-12-31"}, {"submitted_from": "0001-01-01"}, {"completed_to": "9999-12-31"},
                  {"updated_from": "0001-01-01"}):  # fmt: skip
        assert len(api.completions(activity_id=GRAND_ROUNDS, **query)) == 1, query


@pytest.mark.usefixtures("way")
def test_no_filter_leads_to_anothers_completions(api: Api, http: TestClient, service: Service) -> None:
    other = api_of(http, service, "AAA Test Organization", providers=["0008002"])
    mine = api.report(a_completion(reference="ours")).json
    batch = submitted(service, john(), EntryMethod.EXCEL, "b-1")
    for query in (
        {"q": mine["completion_id"]}, {"q": "Rebecca Test"}, {"q": "444444"}, {"q": "ours"}, {"q": GRAND_ROUNDS},
        {"batch_id": "b-1"}, {"client_reference": "ours"}, {"learner_id": mine["learner"]["learner_id"]},
        {"completion_id": [mine["completion_id"], batch]},
        {"activity_id": GRAND_ROUNDS}, {"first_name": "Rebecca"}, {"state": "TN", "status": "accepted"},
        {"credit_type": "Patient Safety"}, {"entry_method": "excel"}, {"activity_format": "RSS"},
        {"completed_from": "2021-12-12", "completed_to": "2021-12-12"}, {},
    ):  # fmt: skip
        for sort in ({}, {"sort": "completed_on"}):
            seen = other.get(COMPLETIONS, include="total", **query, **sort).json
            assert {completion["provider_id"] for completion in seen["data"]} <= {"0008002"}, query
            assert {mine["completion_id"], batch}.isdisjoint(completion["completion_id"] for completion in seen["data"])
            assert seen["total"] == len(seen["data"]), query
