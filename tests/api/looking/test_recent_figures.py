"""What a provider submitted lately, against what its list of completions says."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from app.domain.credits import CreditStatus
from app.domain.looking.recent_figures import DayCount, RecentFigures, YearFigures, first_week
from app.services.context import Service, operator
from app.services.looking import recent_figures
from app.store.sql.statements import BEFORE_STATEMENT
from tests.builders.bodies import GRAND_ROUNDS, a_completion, tina
from tests.harness.api import Api
from tests.harness.board_views import decide
from tests.harness.clock import ManualClock

PROVIDER = "0008001"


def figures(service: Service, most: int = 20_000) -> RecentFigures | None:
    caller = operator(service, PROVIDER)
    return service.database.read(lambda connection: recent_figures.count(connection, caller, most))


def expected(records: list[dict[str, Any]], clock: ManualClock) -> RecentFigures:
    """Return the figures of standing completions as a plain program counts them."""
    # One of the demo world is of a year to come.
    year = [one for one in records if one["submitted_at"][:4] >= str(clock.now.year)]
    late = [
        one for one in year
        if (date.fromisoformat(one["submitted_at"][:10]) - date.fromisoformat(one["completed_on"])).days > 30
    ]  # fmt: skip
    held = [
        max(
            (c["credits"] for c in one["credits"] if c["kind"] == "cme" and c["status"] in ("pending", "accepted")),
            default=0,
        )
        for one in year
    ]
    since, lines = first_week(clock.now.date()).isoformat(), dict[tuple[str, str], int]()
    for one in records:
        for credit in one["credits"]:
            if one["submitted_at"][:10] >= since and credit["status"] != "withdrawn":
                key = one["submitted_at"][:10], credit["status"]
                lines[key] = lines.get(key, 0) + 1
    return RecentFigures(
        year=YearFigures(
            records=len(year),
            persons=len({one["learner"]["learner_id"] for one in year}),
            late=len(late),
            quarters=round(sum(held) * 4),
        ),
        days=[DayCount(date.fromisoformat(day), CreditStatus(status), count)
              for (day, status), count in sorted(lines.items())],
    )  # fmt: skip


def report_some(api: Api, service: Service, clock: ManualClock) -> None:
    for month, body in (
        (7, a_completion("200912095", "2021-03-01")), (9, a_completion(GRAND_ROUNDS, "2021-08-30")),
        (11, tina("2021-11-01")), (12, tina("2021-12-01")), (12, a_completion(GRAND_ROUNDS, "2021-12-01")),
    ):  # fmt: skip
        clock.now = datetime(2021, month, 20, 23, 30, tzinfo=UTC)
        answer = api.report(body)
        assert answer.status == 201, answer.json
        if month > 10:
            decide(service, answer.json["credits"][0]["credit_id"], "rejected" if month == 11 else "accepted")
    last = api.report(a_completion(GRAND_ROUNDS, "2021-12-02"))
    assert api.delete(f"/v1/learner-completions/{last.json['completion_id']}").status == 204


def test_they_are_what_the_list_of_completions_says(api: Api, service: Service, clock: ManualClock) -> None:
    report_some(api, service, clock)
    found = figures(service)
    assert found == expected(list(api.pages("/v1/learner-completions")), clock)
    assert found is not None
    weeks = dict(found.weeks(clock.now.date()))
    assert len(weeks) == 26
    assert weeks[date(2021, 12, 20)] == {CreditStatus.ACCEPTED: 2}
    assert weeks[date(2021, 11, 15)] == {CreditStatus.REJECTED: 1}
    past = [day.lines for day in found.days if day.day <= clock.now.date()]
    assert sum(sum(week.values()) for week in weeks.values()) == sum(past)


def test_of_more_records_than_the_most_nothing_but_that_is_counted(
    api: Api, service: Service, clock: ManualClock
) -> None:
    report_some(api, service, clock)
    whole = figures(service)
    assert whole is not None
    statements: list[str] = []
    BEFORE_STATEMENT.append(statements.append)
    try:
        assert figures(service, 3) is None
    finally:
        BEFORE_STATEMENT.remove(statements.append)
    assert len([sql for sql in statements if "FROM completions" in sql]) == 1
    assert figures(service, whole.year.records) == whole
