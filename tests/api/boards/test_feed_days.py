"""Days of a feed: counted and read whole, whatever the order in which their events happened."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Connection

from app.services.boards import feed as board_feed
from app.services.context import OPERATOR, Caller, Service
from tests.builders.bodies import tina
from tests.harness.api import Api, settle
from tests.harness.clock import ManualClock
from tests.harness.looking.plans import plans_of

DAYS = [date(2021, 12, 20), date(2021, 12, 19), date(2021, 12, 18)]


@pytest.fixture
def aba(service: Service) -> Caller:
    client = OPERATOR.__class__(
        **{name: getattr(OPERATOR, name) for name in OPERATOR.__struct_fields__} | {"board": "ABA"}
    )
    return Caller(service=service, client=client, provider=None)


def report_at(api: Api, clock: ManualClock, *moments: datetime) -> None:
    """Report something of ABA's at each moment, in this order."""
    for place, moment in enumerate(moments):
        clock.now = moment
        reported = api.report(tina(completed_on=f"2021-12-{1 + place:02}"))
        assert reported.status == 201, reported.json


def test_each_day_is_counted_and_read_though_events_are_not_in_order_of_time(
    api: Api, service: Service, clock: ManualClock, aba: Caller
) -> None:
    midnight = datetime(2021, 12, 20, tzinfo=UTC)
    hour = timedelta(hours=1)
    moments = (
        midnight + 9 * hour,
        midnight + 90 * hour,
        midnight - 30 * hour,
        midnight - hour,
        midnight,
        midnight - hour,
    )
    report_at(api, clock, *moments)
    settle(service)
    whole = [sum(moment.date() == day for moment in moments) for day in DAYS]
    assert service.database.read(lambda c: board_feed.count_days(c, aba, DAYS[0], 3)) == list(
        zip(DAYS, whole, strict=True)
    )
    for day, count in zip(DAYS, whole, strict=True):
        events = service.database.read(lambda c, day=day: board_feed.read_day(c, aba, day, 0))
        assert [event.at.date() for event in events] == [day] * count
    for day in (date.min, date.max):
        assert service.database.read(lambda c, day=day: board_feed.read_day(c, aba, day, 0)) == []


def test_all_days_are_counted_in_one_statement(api: Api, service: Service, clock: ManualClock, aba: Caller) -> None:
    report_at(api, clock, *(datetime(2021, 12, day, 12, tzinfo=UTC) for day in range(14, 21)))
    settle(service)

    def look(connection: Connection) -> dict[str, str]:
        return plans_of(connection, lambda: board_feed.count_days(connection, aba, DAYS[0], 3))

    assert len(service.database.read(look)) == 1


def test_an_empty_feed_has_days_without_events(service: Service, aba: Caller) -> None:
    counted = service.database.read(lambda c: board_feed.count_days(c, aba, DAYS[0], 3))
    assert counted == [(day, 0) for day in DAYS]
