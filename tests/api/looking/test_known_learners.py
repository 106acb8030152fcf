"""The roster: whom a provider has reported, as it named them; nothing of anybody else's knowledge."""

from __future__ import annotations

import random
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from app.domain.identity.comparison_keys import name_key
from app.services.access import erasure
from app.services.context import Service
from app.store.lists import keyset_pages
from tests.api.completions.test_list_filters import EVERY_WAY
from tests.builders.bodies import GRAND_ROUNDS, a_completion, points
from tests.builders.merging import ann, anne, import_twice, merge, unmerge
from tests.builders.people import import_people, physicians_on_file
from tests.harness.api import Api, api_of
from tests.harness.properties import examples

OURS, THEIRS = "0008001", "0008123"
JOE = {"first_name": "Joe", "last_name": "Accme", "born": "01/01", "state": "CA", "license_id": "94412289"}
WILLA = {"first_name": "Willa", "last_name": "Duncan", "born": "05/25", "state": "CA", "license_id": "70279062"}
TINA = {"first_name": "Tina", "last_name": "Karacme", "born": "11/24", "credits": None}


def roster(api: Api, limit: int = 50, **query: Any) -> list[dict[str, Any]]:
    """Read the roster page by page."""
    rows: list[dict[str, Any]] = []
    page = api.get("/v1/learners", limit=limit, **query)
    while True:
        assert page.status == 200, page.json
        rows += page.json["data"]
        if page.json["next_cursor"] is None:
            return rows
        page = api.get("/v1/learners", limit=limit, cursor=page.json["next_cursor"])


def names(rows: list[dict[str, Any]]) -> list[str]:
    return [row["last_name"] for row in rows]


@pytest.fixture
def ours(http: TestClient, service: Service) -> Api:
    """A client of a provider that has reported nothing yet."""
    return api_of(http, service, providers=[THEIRS])


@pytest.fixture
def courses(ours: Api) -> list[str]:
    made = [ours.register(internal_id=f"course-{number}", ama_pra_credits=100,
            moc=[{"board": "ABA", "points": 50, "credit_types": ["Lifelong Learning"]}]).json["activity_id"]
            for number in range(2)]  # fmt: skip
    return sorted(made)


def test_who_was_reported_stands_with_the_newest_name_and_how_often(ours: Api, courses: list[str]) -> None:
    assert roster(ours) == []
    first, second = courses
    made = ours.report(a_completion(first, "2021-05-01", **WILLA)).json
    ours.report(a_completion(second, "2021-07-01", **(WILLA | {"first_name": "WILLA"}), credits=3))
    ours.report(a_completion(first, "2021-06-01", **(WILLA | {"last_name": "DUNCAN"})))
    assert roster(ours, series=first) == [
        {
            "learner_id": made["learner"]["learner_id"], "first_name": "Willa", "last_name": "DUNCAN",
            "completions": 3, "last_completed_on": "2021-07-01",
            "boards": [{"board": "CA-M", "number_begins": "7027"}],
            "series": {"completions": 2, "last_completed_on": "2021-06-01", "cme_credits": 4},
        }
    ]  # fmt: skip
    assert roster(ours)[0]["series"] is None
    for record in ours.completions():
        ours.delete(f"/v1/learner-completions/{record['completion_id']}")
    assert roster(ours) == []


def test_who_was_validated_or_reported_by_id_alone_is_not_named(ours: Api, courses: list[str], api: Api) -> None:
    asked = {"first_name": "Willa", "last_name": "Duncan", "date_of_birth": "05/25", "state": "CA",
             "license_id": "70279062"}  # fmt: skip
    found = ours.post("/v1/learner-validations", asked).json
    assert found["result"] == "one"
    assert roster(ours) == []
    by_id = {"learner": {"learner_id": found["learner_id"]}, "cme": [{"state": "CA", "credits": 1}]}
    assert ours.report(a_completion(courses[0], "2021-05-01") | by_id).status == 201
    # The registry knows the name, and another provider has reported it; neither is told.
    assert api.report(a_completion(**WILLA)).status == 201
    assert roster(ours) == []
    ours.report(a_completion(courses[0], "2021-04-01", **WILLA))
    (row,) = roster(ours)
    assert (row["learner_id"], row["completions"]) == (found["learner_id"], 2)


def test_the_records_and_series_of_another_provider_are_told_to_nobody_else(
    ours: Api, courses: list[str], api: Api
) -> None:
    for number in range(3):
        assert api.report(a_completion(GRAND_ROUNDS, f"2021-12-1{number}", **JOE)).status == 201
    ours.report(a_completion(courses[0], "2021-05-01", **(JOE | {"first_name": "JOE"})))
    ours.report(a_completion(courses[0], "2021-05-01", **WILLA))
    theirs = roster(ours, series=GRAND_ROUNDS)
    nobody = roster(ours, series="999999999")
    assert theirs == nobody
    assert names(theirs) == ["Accme", "Duncan"]
    joe, _ = theirs
    assert (joe["first_name"], joe["completions"], joe["series"]) == (
        "JOE", 1, {"completions": 0, "last_completed_on": None, "cme_credits": 0},
    )  # fmt: skip
    known = {row["learner_id"] for row in roster(api)}
    assert joe["learner_id"] not in known


def test_numbers_and_birth_dates_are_never_whole(ours: Api, courses: list[str]) -> None:
    ours.report(a_completion(courses[0], "2021-05-01", moc=[points(total=1)], **TINA))
    ours.report(a_completion(courses[0], "2021-05-01"))
    text = ours.get("/v1/learners").response.text
    assert not [secret for secret in ("35867909", "444444", "11/24", "02/01", "-02-01") if secret in text]
    boards = [board for row in roster(ours) for board in row["boards"]]
    assert boards == [{"board": "ABA", "number_begins": "3586"}, {"board": "TN-M", "number_begins": "444"}]


def test_an_erased_physician_is_in_nobodys_roster(ours: Api, courses: list[str], service: Service) -> None:
    import_people(service, {"first_name": "Ada", "last_name": "Gone", "date_of_birth": "03/03", "licenses": "TN-M:G1"})
    gone = {"first_name": "Ada", "last_name": "Gone", "born": "03/03", "state": "TN", "license_id": "G1"}
    assert ours.report(a_completion(courses[0], "2021-05-01", **gone)).status == 201
    assert names(roster(ours)) == ["Gone"]
    (id,) = [id for id, one in physicians_on_file(service).items() if ("gone", "ada") in one.names]
    erasure.erase(service, id, unread=True)
    assert roster(ours, series=courses[0]) == []


def test_physicians_found_to_be_one_stand_once(ours: Api, courses: list[str], service: Service) -> None:
    one, into = import_twice(service)
    course = {"activity_id": courses[0]}
    ours.report(anne("2021-05-01") | course)
    ours.report(ann("2021-05-02") | course)
    assert [row["first_name"] for row in roster(ours)] == ["Ann", "Anne"]
    merge(service, one, into)
    (row,) = roster(ours, series=courses[0])
    assert (row["first_name"], row["completions"], row["series"]["completions"]) == ("Ann", 2, 2)
    records = ours.completions(learner_id=row["learner_id"])
    assert len(records) == 2
    unmerge(service, one)
    assert [row["completions"] for row in roster(ours)] == [1, 1]


@pytest.mark.parametrize("way", EVERY_WAY)
def test_pages_and_words_agree_with_a_plain_program(
    ours: Api, courses: list[str], way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in EVERY_WAY[way].items():
        monkeypatch.setattr(keyset_pages, name, value)
    draw = random.Random(41)
    people: list[dict[str, Any]] = [{}, JOE, WILLA, WILLA | {"last_name": "DUNCAN"}, TINA]
    for number in range(24):
        person = draw.choice(people)
        moc = {"moc": [points(total=1)]} if person is TINA else {}
        day = f"2021-0{1 + number % 9}-{10 + number // 2}"
        assert ours.report(a_completion(draw.choice(courses), day, **person, **moc)).status == 201
    for record in draw.sample(ours.completions(limit=500), 4):
        ours.delete(f"/v1/learner-completions/{record['completion_id']}")
    records = ours.completions(limit=500)

    @given(
        words=st.lists(st.sampled_from(("t", "du", "wil", "JOE", "acc", "x", "-", "ré", "kara")), max_size=2),
        series=st.sampled_from((None, *courses, "nobody's")),
        limit=st.integers(1, 4),
    )
    @examples(40)
    def agree(words: list[str], series: str | None, limit: int) -> None:
        newest: dict[str, dict[str, Any]] = {}
        for record in sorted(records, key=lambda record: str(record["completion_id"])):
            newest[record["learner"]["learner_id"]] = record["learner"]

        def key(learner_id: str) -> tuple[str, str]:
            learner = newest[learner_id]
            return name_key(learner["last_name"]), name_key(learner["first_name"])

        def times(learner_id: str) -> int:
            return sum(
                record["learner"]["learner_id"] == learner_id and record["activity_id"] == series for record in records
            )

        fitting = [
            learner_id
            for learner_id in newest
            if all(any(name.startswith(name_key(word)) for name in key(learner_id)) for word in words)
        ]
        query = {"q": " ".join(words)} if words else {}
        found = roster(ours, limit, **query, **({"series": series} if series else {}))
        assert [row["learner_id"] for row in found] == sorted(fitting, key=lambda one: (times(one) == 0, key(one)))
        for row in found:
            own = [record for record in records if record["learner"]["learner_id"] == row["learner_id"]]
            assert row["completions"] == len(own)
            assert row["last_completed_on"] == max(record["completed_on"] for record in own)
            assert (row["series"] or {"completions": 0})["completions"] == times(row["learner_id"])

    agree()
