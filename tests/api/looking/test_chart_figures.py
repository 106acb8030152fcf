"""What charts are drawn of, against what a plain program counts of the same records."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from app.core.errors import NotFound
from app.domain.looking.chart_figures import AnswerTimes, MonthCount, SessionCount
from app.services.boards import reports
from app.services.context import Service, operator
from app.services.looking import chart_figures
from tests.builders.bodies import GRAND_ROUNDS, a_completion, john, tina
from tests.harness.api import Api, settle
from tests.harness.board_views import decide
from tests.harness.clock import ManualClock

PROVIDER = "0008001"


def months(service: Service, year: int | None = None, most: int = 20_000) -> list[MonthCount]:
    caller = operator(service, PROVIDER)
    return list(service.database.read(lambda connection: chart_figures.punctuality(connection, caller, year, most)))


def expected(api: Api, first: str, last: str) -> list[MonthCount]:
    records, late = Counter[str](), Counter[str]()
    for one in api.pages("/v1/learner-completions"):
        if first <= one["completed_on"] <= last:
            month = one["completed_on"][:7]
            records[month] += 1
            taken = date.fromisoformat(one["submitted_at"][:10]) - date.fromisoformat(one["completed_on"])
            late[month] += taken.days > 30
    return [
        MonthCount(month=date.fromisoformat(f"{month}-01"), records=records[month], late=late[month])
        for month in sorted(records)
    ]


def test_records_are_counted_by_month_with_those_that_were_late(api: Api, service: Service) -> None:
    for day in ("2021-03-01", "2021-03-02", "2021-11-19", "2021-11-20", "2021-12-12"):
        assert api.report(a_completion(completed_on=day)).status == 201
    gone = api.report(a_completion(completed_on="2021-10-01")).json["completion_id"]
    assert api.delete(f"/v1/learner-completions/{gone}").status == 204
    found = months(service)
    assert found == expected(api, "2021-01-01", "2021-12-20")
    assert {month.month: (month.records, month.late) for month in found}[date(2021, 11, 1)] == (2, 1)
    assert months(service, 2021) == expected(api, "2021-01-01", "2021-12-31")
    assert months(service, 2019) == expected(api, "2019-01-01", "2019-12-31")
    assert months(service, 1999) == []


def test_of_more_records_than_are_read_the_newest_whole_months_are_counted(api: Api, service: Service) -> None:
    for day in ("2021-03-01", "2021-03-02", "2021-03-03", "2021-11-19", "2021-12-12"):
        api.report(a_completion(completed_on=day))
    whole = months(service, 2021)
    for most in range(1, sum(month.records for month in whole) + 2):
        kept = months(service, 2021, most)
        assert kept == whole[len(whole) - len(kept) :]
        left = whole[: len(whole) - len(kept)]
        # Not one month more would have been read whole.
        assert not left or sum(month.records for month in kept) + left[-1].records >= most


def answers(service: Service) -> AnswerTimes | None:
    caller = operator(service, PROVIDER)
    return service.database.read(lambda connection: chart_figures.answer_times(connection, caller))


def test_boards_answer_after_the_hours_from_what_they_were_told(api: Api, service: Service, clock: ManualClock) -> None:
    assert answers(service) is None
    began = clock.now
    ids = [api.report(tina(f"2021-12-{day:02}")).json["credits"][0]["credit_id"] for day in (1, 2, 3)]
    clock.now += timedelta(minutes=59, seconds=59)
    decide(service, ids[0], "accepted")
    clock.now += timedelta(seconds=1)
    decide(service, ids[1], "accepted")
    clock.now += timedelta(hours=29)
    decide(service, ids[2], "rejected")
    found = answers(service)
    assert found is not None
    assert (dict(found.hours), found.answers, found.median) == ({0: 1, 1: 1, 30: 1}, 3, 1)
    assert [found.within(hours) for hours in (1, 24, 30, 31)] == [1, 2, 2, 3]
    assert (found.since, found.until) == (began, began)
    # A later decision about the same event is not another answer.
    clock.now += timedelta(days=3)
    decide(service, ids[2], "accepted")
    assert answers(service) == found


def test_credit_that_no_board_decides_has_no_answer(api: Api, service: Service, clock: ManualClock) -> None:
    api.report(john())
    clock.now += timedelta(hours=1)
    settle(service)
    assert answers(service) is None


def test_learners_of_a_series_are_counted_by_day(api: Api, service: Service) -> None:
    caller = operator(service, PROVIDER)

    def sessions(activity_id: str = GRAND_ROUNDS, most: int = 20_000) -> list[SessionCount] | None:
        found = service.database.read(lambda connection: chart_figures.sessions(connection, caller, activity_id, most))
        return None if found is None else list(found)

    assert sessions() == []
    for body in (tina("2021-12-01"), a_completion(GRAND_ROUNDS, "2021-12-01"), tina("2021-12-08")):
        assert api.report(body).status == 201
    # Twice on a day is one learner.
    assert api.report(a_completion(GRAND_ROUNDS, "2021-12-01", credits=1, occasion=2)).status == 201
    assert sessions() == [
        SessionCount(day=date(2021, 12, 1), learners=2), SessionCount(day=date(2021, 12, 8), learners=1)
    ]  # fmt: skip
    assert sessions(most=3) is None
    with pytest.raises(NotFound):
        sessions("999999999")


def test_a_feed_is_as_old_as_what_its_board_has_not_read(api: Api, service: Service, clock: ManualClock) -> None:
    def unread() -> dict[str, datetime]:
        return service.database.read(lambda connection: reports.unread_since(connection, operator(service, PROVIDER)))

    settle(service)
    before = unread()
    clock.now = datetime(2021, 12, 20, 16, tzinfo=UTC)
    api.report(tina())
    settle(service)
    assert unread() == {"ABA": clock.now} | before
