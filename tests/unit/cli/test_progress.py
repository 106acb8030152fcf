"""How far a command has come: units a second and the time left, on a terminal as in a log."""

from __future__ import annotations

import io
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as some
from structlog.testing import capture_logs

from app.cli import progress as shown_by
from app.cli.progress import WorkPace, clock_of, share_of, show_progress
from app.core import progress
from app.core.progress import Progress, report_progress


def test_without_a_listener_nothing_happens() -> None:
    report_progress("importing", 1, 2)
    assert not progress.is_shown()


@given(some.integers(1, 10**6), some.integers(1, 1_000), some.integers(1, 1_000))
def test_the_time_left_is_that_of_the_rest_at_the_pace_since_it_was_first_heard_of(
    at_once: int, seconds: int, pieces: int
) -> None:
    pace, total = WorkPace(), at_once * (pieces + 2)
    # What was done before it was heard of took nobody knows how long.
    assert pace.hear(Progress("importing", at_once, total), 0.0) == (None, None)
    rate, left = pace.hear(Progress("importing", 2 * at_once, total), float(seconds))
    assert rate == round(at_once / seconds)
    assert left == pytest.approx(seconds * pieces, abs=1)


def test_the_next_piece_of_work_has_a_pace_of_its_own() -> None:
    pace = WorkPace()
    pace.hear(Progress("reading", 0), 0.0)
    assert pace.hear(Progress("reading", 500), 1.0) == (500, None)
    assert pace.hear(Progress("processing", 0, 500), 1.0) == (None, None)
    assert pace.hear(Progress("processing", 100, 500), 2.0) == (100, 4)
    assert pace.hear(Progress("processing", 500, 500), 6.0) == (100, 0)


@pytest.mark.parametrize(
    ("told", "share"),
    [
        (Progress("a", 1, 4), 0.25),
        (Progress("a", 5, 4), 1.0),
        (Progress("a", 0, 0), 1.0),
        (Progress("a", 7), None),
        (Progress("a", 7, share=0.5), 0.5),
        (Progress("a", 7, share=1.5), 1.0),
    ],
)
def test_the_share_is_of_the_total_or_of_what_was_read(told: Progress, share: float | None) -> None:
    assert share_of(told) == share


@pytest.mark.parametrize(("seconds", "shown"), [(None, "-:--"), (7, "0:07"), (750, "12:30"), (3_900, "1:05:00")])
def test_a_span_is_shown_as_on_a_clock(seconds: int | None, shown: str) -> None:
    assert clock_of(seconds) == shown


class Terminal(io.StringIO):
    """What somebody sits at."""

    def isatty(self) -> bool:
        return True


def test_on_a_terminal_a_bar_names_the_work_its_pace_and_the_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Terminal()
    monkeypatch.setattr(sys, "stderr", seen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    with show_progress("people.csv"):
        report_progress("importing", 1_000, 4_000)
        report_progress("importing", 2_000, 4_000)
        assert progress.is_shown()
    assert not progress.is_shown()
    shown = seen.getvalue()
    for part in ("people.csv: importing", "50%", "2,000 of 4,000 rows", "/s, ", " left"):
        assert part in shown


def test_elsewhere_a_line_of_the_log_tells_it_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    with capture_logs() as lines, show_progress("people.csv"):
        report_progress("importing", 1_000, 4_000)
        assert lines == [], "not so soon"
        monkeypatch.setattr(shown_by, "LOG_SECONDS", 0)
        report_progress("importing", 3_000, 4_000)
    (line,) = lines
    assert line["per_second"] > 0
    assert {name: line[name] for name in ("event", "of", "doing", "done", "total", "unit", "log_level")} == {
        "event": "progress", "of": "people.csv", "doing": "importing", "done": 3_000, "total": 4_000, "unit": "rows",
        "log_level": "info",
    }  # fmt: skip


def test_elsewhere_there_is_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    with show_progress("people.csv"):
        report_progress("importing", 1_000, 4_000)
        assert not progress.is_shown()
    assert capsys.readouterr().err == ""
