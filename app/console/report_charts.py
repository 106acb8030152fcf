"""The charts of pages: what each shows, in words and in bars."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

from app.console.charts import FEWEST, MOST, Chart, Measured, Series, draw_bars
from app.console.words import amount, count, counted, day
from app.domain.looking.chart_figures import AnswerTimes, MonthCount, SessionCount

_DAYS = 13
"""Days that have a bar of their own; those after them share one."""
_HOURS = 72
"""From so many hours on, times are told in days."""


def draw_punctuality(months: Sequence[MonthCount]) -> Chart | None:
    """Draw the share of records that were reported within 30 days, by month of completion; None without any."""
    if not months:
        return None
    records = sum(month.records for month in months)
    shares = [100 * (month.records - month.late) / month.records for month in months]
    share = 100 * (records - sum(month.late for month in months)) / records
    first, last = months[0].month, months[-1].month
    when = f"in {first:%B %Y}" if first == last else f"from {first:%B %Y} to {last:%B %Y}"
    said = f"Of {counted(records, 'record')} completed {when}, {_percent(share)} were reported within 30 days."
    lowest = min(range(len(months)), key=shares.__getitem__)
    if shares[lowest] < max(shares):
        said += f" The lowest month is {months[lowest].month:%B %Y} with {_percent(shares[lowest])}."
    return draw_bars(
        "punctuality",
        "Are records reported within 30 days?",
        said,
        across="Completed in",
        series=[Series("Within 30 days")],
        measured=[
            Measured(f"{found.month:%b}" if first.year == last.year else f"{found.month:%b %y}", (_shown(share),))
            for found, share in zip(months, shares, strict=True)
        ],
        unit=" %",
        top=100,
    )


def draw_answer_times(times: AnswerTimes | None) -> Chart | None:
    """Draw after how many days boards answered; None where none has answered."""
    if times is None:
        return None
    days = [0] * (_DAYS + 1)
    for hours, answers in times.hours.items():
        days[min(hours // 24, _DAYS)] += answers
    used = max(number for number, answers in enumerate(days) if answers)
    names = ["< 1", *map(str, range(1, _DAYS)), f"{_DAYS}+"][: max(used + 1, FEWEST)]
    within = 100 * times.within(24) / times.answers
    return draw_bars(
        "answers",
        "How many days until a board answered?",
        f"Half of {counted(times.answers, 'answer')} came within {in_words(times.median)}, {_percent(within)} of all "
        f"within a day. They are about the newest credit, sent to its board {_days(times)}.",
        across="Days",
        series=[Series("Answers")],
        measured=[Measured(name, (number,)) for name, number in zip(names, days, strict=False)]
        if times.answers >= FEWEST
        else (),
    )


def draw_sessions(sessions: Sequence[SessionCount]) -> Chart | None:
    """Draw the learners of a series by session; None before the first."""
    if not sessions:
        return None
    shown = sessions[-MOST:]
    first, last = shown[0], shown[-1]
    if len(shown) < FEWEST:
        learners = [f"{counted(session.learners, 'learner')} on {day(session.day)}" for session in shown]
        said = f"{counted(len(shown), 'session')} so far: {', '.join(learners)}."
    else:
        fewest = min(shown, key=lambda session: session.learners)
        most = max(shown, key=lambda session: session.learners)
        last_of = "The last " if len(sessions) > MOST else ""
        least = f"{counted(fewest.learners, 'learner')} on {day(fewest.day)}"
        said = (
            f"{last_of}{len(shown)} sessions from {day(first.day)} to {day(last.day)}: between {least} and "
            f"{count(most.learners)} on {day(most.day)}."
        )
    return draw_bars(
        "sessions",
        "Learners by session",
        said,
        across="Session",
        series=[Series("Learners")],
        measured=[Measured(f"{session.day:%m/%d}", (session.learners,)) for session in shown],
    )


def draw_feed_ages(unread: Sequence[tuple[str, datetime | None]], now: datetime) -> Chart | None:
    """Draw for how long each board has left events of its feed unread, the longest last; None without a feed.

    `unread` is (board, when the first event happened that it has not read).
    """
    if not unread:
        return None
    ages = sorted((now - since if since is not None else timedelta(0), board) for board, since in unread)
    longest, slowest = ages[-1]
    in_days = longest >= timedelta(hours=_HOURS)
    unit = timedelta(days=1) if in_days else timedelta(hours=1)
    behind = sum(since is not None for _, since in unread)
    said = f"{counted(len(ages), 'board')}, and each has read all of its feed."
    if behind:
        said = (
            f"{count(behind)} of {counted(len(ages), 'board')} {'has' if behind == 1 else 'have'} events to read. "
            f"{slowest} has left its oldest for {_taken(longest)}."
        )
    return draw_bars(
        "feeds",
        "How long has each board left its feed unread?",
        said,
        across="Board",
        series=[Series("Days" if in_days else "Hours")],
        measured=[Measured(board, (round(age / unit, 1),)) for age, board in ages],
    )


def _days(times: AnswerTimes) -> str:
    first, last = day(times.since), day(times.until)
    return f"on {first}" if first == last else f"from {first} to {last}"


def in_words(hours: int) -> str:
    """Return within what time something happened, of the whole hours before: `7 hours`, `4 days`."""
    over = hours + 1
    return counted(over, "hour") if over < _HOURS else counted(math.ceil(over / 24), "day")


def _taken(time: timedelta) -> str:
    hours = int(time / timedelta(hours=1))
    if hours < 1:
        return "less than an hour"
    return counted(hours, "hour") if hours < _HOURS else counted(hours // 24, "day")


def _shown(share: float) -> float:
    """Return a share as a whole number, of which 100 and 0 say all and none."""
    return min(max(round(share), share > 0), 99 if share < 100 else 100)


def _percent(share: float) -> str:
    return f"{amount(_shown(share))} %"
