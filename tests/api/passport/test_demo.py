"""The demo has activities that are open or to come, whatever day it is loaded on."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from app.domain.passport.search import PassportFacet
from app.services.context import Service
from app.services.demo import upcoming
from tests.harness.api import Api, settle
from tests.harness.clock import ManualClock
from tests.harness.inbox import stored

PATH = "/v1/passport/activities"


@pytest.mark.parametrize("day", [date(2026, 11, 30), date(2027, 1, 31), date(2028, 2, 29)], ids=str)
@pytest.mark.usefixtures("at_once")
def test_each_facet_has_something_that_is_open_or_to_come(
    api: Api, service: Service, clock: ManualClock, day: date
) -> None:
    clock.now = datetime.combine(day, clock.now.time(), UTC)
    assert api.get(PATH).json["data"] == [], "the slides' activities have ended"
    upcoming.load(service)
    found = api.get(PATH, include=["facets", "total"]).json
    assert found["total"] == 8
    facets = {facet["facet"]: facet["values"] for facet in found["facets"]}
    assert facets.keys() == {facet.value for facet in PassportFacet}
    assert {name: values for name, values in facets.items() if len(values) < 2} == {}
    settle(service)


def test_loaded_again_it_adds_nothing_of_the_same_month(service: Service, clock: ManualClock) -> None:
    def ids() -> list[str]:
        return [activity_id for (activity_id,) in stored(service, "SELECT activity_id FROM activities ORDER BY 1")]

    upcoming.load(service)
    loaded = ids()
    clock.now += timedelta(days=1)
    upcoming.load(service)
    assert ids() == loaded
    clock.now += timedelta(days=31)
    upcoming.load(service)
    assert len(ids()) > len(loaded)
