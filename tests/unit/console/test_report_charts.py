"""Charts of pages: their sentences hold the figures that matter, and too little to draw is a sentence."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from app.console.charts import MOST, Chart
from app.console.report_charts import draw_answer_times, draw_feed_ages, draw_punctuality, draw_sessions, in_words
from app.domain.looking.chart_figures import AnswerTimes, MonthCount, SessionCount

AT = datetime(2021, 12, 20, 15, tzinfo=UTC)


def of_months(*counted: tuple[int, int]) -> list[MonthCount]:
    return [
        MonthCount(month=date(2021, number, 1), records=records, late=late)
        for number, (records, late) in enumerate(counted, 1)
    ]


def table(chart: Chart | None) -> dict[str, str]:
    assert chart is not None
    return {row.name: row.texts[0] for row in chart.rows}


def test_punctuality_names_the_share_and_the_lowest_month() -> None:
    chart = draw_punctuality(of_months((10, 0), (10, 5), (10, 1), (1000, 1), (10, 0)))
    assert table(chart) == {"Jan": "100 %", "Feb": "50 %", "Mar": "90 %", "Apr": "99 %", "May": "100 %"}
    assert chart is not None
    assert chart.description == (
        "Of 1,040 records completed from January 2021 to May 2021, 99 % were reported within 30 days. The lowest month "
        "is February 2021 with 50 %."
    )
    assert [line.text for line in chart.grid] == ["0 %", "50 %", "100 %"]
    few = draw_punctuality(of_months((1, 0)))
    assert few is not None
    assert (few.bars, few.sentence) == (
        (), "Of 1 record completed in January 2021, 100 % were reported within 30 days.",
    )  # fmt: skip
    assert draw_punctuality([]) is None


def of_hours(**hours: int) -> AnswerTimes:
    return AnswerTimes(hours={int(name[1:]): number for name, number in hours.items()}, since=AT, until=AT)


def test_answers_are_told_by_days_with_the_median() -> None:
    chart = draw_answer_times(of_hours(h6=5, h30=2, h400=1, h900=1))
    assert table(chart) == {"< 1": "5", "1": "2", **{str(day): "0" for day in range(2, 13)}, "13+": "2"}
    assert chart is not None
    assert chart.description.startswith("Half of 9 answers came within 7 hours, 56 % of all within a day.")
    assert chart.description.endswith("They are about the newest credit, sent to its board on 12/20/2021.")
    quick = draw_answer_times(of_hours(h0=9))
    assert quick is not None
    assert len(quick.bars) == 5
    few = draw_answer_times(of_hours(h30=4))
    assert few is not None
    assert few.sentence.startswith("Half of 4 answers came within 31 hours, 0 % of all within a day.")
    assert draw_answer_times(None) is None


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        (0, "1 hour"),
        (70, "71 hours"),
        (71, "3 days"),
        (72, "4 days"),
        (95, "4 days"),
    ],
)
def test_times_are_told_in_hours_then_days(hours: int, words: str) -> None:
    assert in_words(hours) == words


def of_sessions(number: int) -> list[SessionCount]:
    return [SessionCount(day=date(2021, 1, 1) + timedelta(weeks=week), learners=week + 1) for week in range(number)]


def test_sessions_are_at_most_the_last_26() -> None:
    many = draw_sessions(of_sessions(40))
    assert many is not None
    assert len(many.rows) == MOST
    assert many.description == (
        "The last 26 sessions from 04/09/2021 to 10/01/2021: between 15 learners on 04/09/2021 and 40 on 10/01/2021."
    )
    assert draw_sessions([]) is None
    few = draw_sessions(of_sessions(2))
    assert few is not None
    assert few.sentence == "2 sessions so far: 1 learner on 01/01/2021, 2 learners on 01/08/2021."
    seven = draw_sessions(of_sessions(7))
    assert seven is not None
    assert seven.description.startswith("7 sessions from 01/01/2021 to 02/12/2021: between 1 learner on ")


def test_feeds_stand_by_age_and_the_oldest_is_named() -> None:
    ages = {"ABA": 0, "ABIM": 5, "ABP": None, "ABS": 200, "TN-M": None}
    unread = [(board, None if hours is None else AT - timedelta(hours=hours)) for board, hours in ages.items()]
    chart = draw_feed_ages(unread, AT)
    assert list(table(chart).items()) == [("ABA", "0"), ("ABP", "0"), ("TN-M", "0"), ("ABIM", "0.2"), ("ABS", "8.3")]
    assert chart is not None
    assert chart.description == "3 of 5 boards have events to read. ABS has left its oldest for 8 days."
    assert chart.series[0].name == "Days"
    new = draw_feed_ages([(board, AT) for board, _ in unread], AT)
    assert new is not None
    # Nothing but 0 is nothing to draw.
    assert new.sentence == "5 of 5 boards have events to read. TN-M has left its oldest for less than an hour."
    read = draw_feed_ages([(board, None) for board, _ in unread], AT)
    assert read is not None
    assert read.description == "5 boards, and each has read all of its feed."
    assert draw_feed_ages([], AT) is None
