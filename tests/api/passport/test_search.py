"""The public search finds and counts what a plain program does among the same activities."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from app.domain.passport.search import PassportFacet, PassportOrder
from tests.api.passport.conftest import PATH
from tests.harness.passport.listed import VALUES, ByHand, plain
from tests.harness.properties import examples

FREE = ("specialty", "city", "country", "profession", "credit_type")
QUERIES = st.dictionaries(st.sampled_from(sorted(VALUES)), st.integers(0, 9), max_size=5).map(
    lambda picked: {name: VALUES[name][number % len(VALUES[name])] for name, number in picked.items()}
)


def found(http: TestClient, asked: dict[str, Any], **more: Any) -> Any:
    answer = http.get(PATH, params={"limit": 500, "include": ["total", "facets"], **asked, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def ids_of(page: Any) -> list[str]:
    return [row["activity_id"] for row in page["data"]]


def facets_of(page: Any) -> dict[str, dict[str, int]]:
    """Return the values that any activity has, free texts by their key."""
    return {
        one["facet"]: {
            plain(value["value"])
            if one["facet"] in (*FREE, "state") and len(value["value"]) > 2
            else value["value"]: value["count"]
            for value in one["values"]
            if value["count"]
        }
        for one in page["facets"]
    }


def check(http: TestClient, by_hand: ByHand, asked: dict[str, Any]) -> None:
    page = found(http, asked)
    wanted = by_hand.fitting(asked)
    assert sorted(ids_of(page)) == sorted(wanted), asked
    assert page["total"] == len(wanted)
    assert facets_of(page) == by_hand.facets(asked), asked


def pairs() -> Iterator[dict[str, Any]]:
    """Yield every filter alone with each of its values, and every two filters with values by turns."""
    for name, values in VALUES.items():
        yield from ({name: value} for value in values)
    for turn, (one, other) in enumerate(combinations(VALUES, 2)):
        yield {one: VALUES[one][turn % len(VALUES[one])], other: VALUES[other][turn // 3 % len(VALUES[other])]}


def test_every_filter_alone_and_in_pairs_finds_and_counts_what_a_plain_program_does(
    http: TestClient, by_hand: ByHand
) -> None:
    some = 0
    for asked in pairs():
        check(http, by_hand, asked)
        some += bool(by_hand.fitting(asked))
    assert some > 150


@examples(100)
@given(asked=QUERIES)
def test_any_filters_find_and_count_what_a_plain_program_does(
    http: TestClient, by_hand: ByHand, asked: dict[str, Any]
) -> None:
    check(http, by_hand, asked)


def test_values_of_one_filter_mean_any_of_them(http: TestClient, by_hand: ByHand) -> None:
    for asked in (
        {"board": ["ABA", "ABS"], "credit_type": ["Self-Assessment", "Patient Safety"]},
        {"state": ["Maine", "TN"], "delivery_method": ["in-person", "online"], "past": "true"},
        {
            "fee": ["yes", "no"],
            "specialty": ["oncology", "PEDIATRICS"],
            "activity_format": ["Journal CME", "live-course"],
        },
    ):
        assert sorted(ids_of(found(http, asked))) == sorted(by_hand.fitting(asked))
        check(http, by_hand, asked)


def test_board_type_and_points_are_those_of_one_registration(http: TestClient, by_hand: ByHand) -> None:
    of_two = [activity for activity in by_hand.activities.values() if len(activity["moc"]) == 2]
    first, second = of_two[0]["moc"]
    assert first["points"] < second["points"]
    asked = {"board": first["board"], "moc_points_from": second["points"], "past": "true"}
    assert of_two[0]["activity_id"] not in ids_of(found(http, asked))
    assert of_two[0]["activity_id"] in ids_of(found(http, asked | {"board": second["board"]}))


def key_of(activity: dict[str, Any], order: str, today: str) -> tuple[Any, ...]:
    start, end, id = activity["start_date"], activity["end_date"], activity["activity_id"]
    match order.removeprefix("-"):
        case "start_date":
            return start, end, id
        case "end_date":
            return end, start, id
        case "credits":
            return activity["ama_pra_credits"], id
        case _:
            return " ".join(plain(activity["title"]).replace(",", "").replace(":", "").replace("%", "").split()), id


@pytest.mark.parametrize("order", [order.value for order in PassportOrder if order not in ("fit", "soonest")])
def test_orders_are_those_of_their_field(http: TestClient, by_hand: ByHand, order: str) -> None:
    everything = ids_of(found(http, {"past": "true", "sort": order}))
    activities = [by_hand.activities[id] for id in everything]
    ordered = sorted(activities, key=lambda activity: key_of(activity, order, ""), reverse=order.startswith("-"))
    assert [activity["activity_id"] for activity in ordered] == everything
    assert len(everything) == len(by_hand.activities)


def test_the_usual_order_has_open_ones_first_then_those_to_come_then_past_ones(
    http: TestClient, by_hand: ByHand
) -> None:
    rows = found(http, {"past": "true"})["data"]
    standings = [row["standing"] for row in rows]
    assert standings == sorted(standings, key=["open", "upcoming", "past"].index)
    assert set(standings) == {"open", "upcoming", "past"}
    ends = [row["end_date"] for row in rows if row["standing"] == "open"]
    assert ends == sorted(ends)
    starts = [row["start_date"] for row in rows if row["standing"] == "upcoming"]
    assert starts == sorted(starts)
    past = [row["end_date"] for row in rows if row["standing"] == "past"]
    assert past == sorted(past, reverse=True)


def test_with_words_those_that_have_them_in_the_title_come_first(http: TestClient, by_hand: ByHand) -> None:
    rows = found(http, {"q": "opioid", "past": "true"})["data"]
    in_title = ["opioid" in plain(row["title"]) for row in rows]
    assert in_title == sorted(in_title, reverse=True)
    assert set(in_title) == {True, False}
    soonest = ids_of(found(http, {"q": "opioid", "past": "true", "sort": "soonest"}))
    assert sorted(soonest) == sorted(row["activity_id"] for row in rows)
    assert soonest != [row["activity_id"] for row in rows]


@pytest.mark.parametrize("order", [order.value for order in PassportOrder])
def test_pages_have_every_activity_once_in_the_order_of_the_whole(
    http: TestClient, by_hand: ByHand, order: str
) -> None:
    asked: dict[str, Any] = (
        {"past": "true", "sort": order, "q": "o"} if order == "fit" else {"past": "true", "sort": order}
    )
    whole, seen, cursor = ids_of(found(http, asked)), [], None
    while True:
        page = http.get(PATH, params={"limit": 4, "cursor": cursor} if cursor else {"limit": 4, **asked}).json()
        seen += ids_of(page)
        if (cursor := page["next_cursor"]) is None:
            break
    assert seen == whole


def test_values_that_leave_nothing_are_shown_only_when_they_are_asked_for(http: TestClient, by_hand: ByHand) -> None:
    for facet in PassportFacet:
        if facet.value in ("moc", "rems", "mips", "interprofessional", "joint_accreditation"):
            continue
        asked = {facet.value: VALUES[facet.value][0], "q": "nothing-such"}
        counted = {one["facet"]: one["values"] for one in found(http, asked)["facets"]}
        assert [value["count"] for value in counted.pop(facet.value)] == [0], facet
        assert not any(counted.values())
