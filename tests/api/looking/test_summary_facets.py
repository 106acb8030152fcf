"""Facets of summaries: what each value of a filter would leave, as a plain program counts it among the same rows."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.looking.facets import SummaryFacet
from app.services.context import Service
from app.store.lists import keyset_pages
from tests.api.looking.test_summaries import QUERIES, SUMMARIES
from tests.harness.api import Api
from tests.harness.clock import ManualClock
from tests.harness.looking.summed_up import Rows, build, plain
from tests.harness.properties import examples

STATES = {"Maine": "ME", "ME": "ME", "TN": "TN"}


@pytest.fixture
def rows(api: Api, service: Service, clock: ManualClock) -> Rows:
    build(api, service, clock)
    return Rows(api, service)


def value_of(activity: dict[str, Any], facet: SummaryFacet) -> str | None:
    """Return the value that an activity has for a facet, places by their key."""
    place = activity["location"] or {}
    match facet:
        case SummaryFacet.ACTIVITY_FORMAT:
            return str(activity["format"])
        case SummaryFacet.PROVIDERSHIP:
            return activity["providership"]
        case SummaryFacet.MOC | SummaryFacet.MIPS | SummaryFacet.REMS:
            return "true" if activity[facet.value] else "false"
        case SummaryFacet.ACTIVITY_STATUS:
            return str(activity["status"])
        case SummaryFacet.STATE:
            return STATES.get(place.get("state") or "", place.get("state"))
        case _:
            text = place.get(facet.value)
            return plain(text) if text else None


def facets_among(rows: Rows, asked: dict[str, Any]) -> dict[str, dict[str, int]]:
    counted: dict[str, dict[str, int]] = {}
    for facet in SummaryFacet:
        kept = rows.summed({name: value for name, value in asked.items() if name != facet.value})
        values = (value_of(rows.activities[activity_id], facet) for activity_id in kept)
        counted[facet.value] = dict(Counter(value for value in values if value is not None))
    return counted


def facets_of(page: Any) -> dict[str, dict[str, int]]:
    return {one["facet"]: {value["value"]: value["count"] for value in one["values"]} for one in page["facets"]}


@examples(150)
@given(asked=QUERIES, pick=st.randoms(use_true_random=False))
def test_facets_count_what_each_value_would_leave(api: Api, rows: Rows, asked: dict[str, Any], pick: Any) -> None:
    page = api.get(SUMMARIES, include="facets", limit=1, **asked).json
    found = facets_of(page)
    by_key = {
        facet: {plain(value) if facet in ("city", "country") else value: count for value, count in values.items()}
        for facet, values in found.items()
    }
    assert by_key == facets_among(rows, asked)
    assert (page["facets_capped"], page["total"]) == (False, None)
    for values in found.values():
        assert list(values.values()) == sorted(values.values(), reverse=True)
    choices = [(facet, value, count) for facet, values in found.items() for value, count in values.items()]
    if choices:
        facet, value, count = pick.choice(choices)
        assert api.get(SUMMARIES, **asked | {facet: value}, limit=1, include="total").json["total"] == count


def test_a_place_is_counted_under_the_spelling_that_most_have(api: Api) -> None:
    for city, state in (("Köln", "NRW"), ("koln", "nrw"), ("Köln", "Maine"), ("KÖLN", "me"), ("Aachen", None)):
        made = api.register(
            title="Anywhere", format="journal-cme", location={"city": city, "state": state, "country": "Elsewhere"}
        )
        assert made.status == 201, made.json
    found = facets_of(api.get(SUMMARIES, include="facets", country="elsewhere").json)
    assert found["city"] == {"Köln": 4, "Aachen": 1}
    assert found["state"] == {"ME": 2, "NRW": 2}
    assert found["country"]["Elsewhere"] == 5


def test_facets_are_asked_for_and_capped(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    plain_page = api.get(SUMMARIES).json
    assert (plain_page["facets"], plain_page["facets_capped"]) == (None, None)
    both = api.get(SUMMARIES, include=["facets", "total"], limit=1).json
    assert both["facets"] and both["total"] > 5
    following = api.get(SUMMARIES, include="facets", limit=1, cursor=both["next_cursor"]).json
    assert following["facets"] == both["facets"]
    monkeypatch.setattr(keyset_pages, "MOST_COUNTED", 5)
    for asked in ({}, {"status": "pending"}, {"completed_from": "2001-01-01"}, {"activity_status": "draft"}):
        capped = api.get(SUMMARIES, include="facets", **asked).json
        assert (capped["facets"], capped["facets_capped"]) == (None, True), asked
    few = api.get(SUMMARIES, include="facets", q="test44").json
    assert few["facets_capped"] is False
