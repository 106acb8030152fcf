"""Progress of a command: a bar on a terminal, now and then a line of the log where standard error goes elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from app.core.progress import Progress, listen

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

LOG_SECONDS = 30
"""How often a line of the log tells how far the work has come."""


@contextmanager
def show_progress(label: str) -> Iterator[None]:
    """Show how far the work has come that a block does, with rows a second and the time that is left."""
    if not sys.stderr.isatty():
        with listen(_LoggedProgress(label), shown=False):
            yield
        return
    shown = _ShownProgress(label)
    with shown.bars, listen(shown, shown=True):
        yield


def share_of(progress: Progress) -> float | None:
    """Return the share that is done, None where it is not known."""
    if progress.total is None:
        return None if progress.share is None else min(progress.share, 1.0)
    return min(progress.done / progress.total, 1.0) if progress.total else 1.0


def clock_of(seconds: int | None) -> str:
    """Return a span for people: 0:07, 12:30, 1:05:00."""
    if seconds is None:
        return "-:--"
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


class WorkPace:
    """The pace of one piece of work, from what was done when it was first heard of."""

    def __init__(self) -> None:
        self._doing = ""
        self._since = self._share = 0.0
        self._done = 0

    def hear(self, progress: Progress, now: float) -> tuple[int | None, int | None]:
        """Return units a second and the seconds left at a moment, None where that cannot be said yet."""
        share = share_of(progress)
        if progress.doing != self._doing or progress.done < self._done:
            self._doing, self._since, self._done, self._share = progress.doing, now, progress.done, share or 0.0
        seconds, more = now - self._since, (share or 0.0) - self._share
        rate = round((progress.done - self._done) / seconds) if seconds > 0 else None
        left = round(seconds * (1 - share) / more) if share is not None and more > 0 else None
        return rate, left


class _LoggedProgress:
    """Tells in lines of the log, so that who reads them later sees that it went on."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._pace = WorkPace()
        self._told_at = time.monotonic()

    def __call__(self, progress: Progress) -> None:
        """Hear how far the work has come."""
        rate, left = self._pace.hear(progress, time.monotonic())
        if time.monotonic() - self._told_at < LOG_SECONDS:
            return
        self._told_at = time.monotonic()
        from app.core.logging import log

        log.info(
            "progress", of=self._label, doing=progress.doing, done=progress.done, total=progress.total,
            unit=progress.unit, per_second=rate, seconds_left=left,
        )  # fmt: skip


class _ShownProgress:
    """Draws one bar; the next piece of work takes its place."""

    def __init__(self, label: str) -> None:
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as Bars

        from app.cli.output import terminal

        self.bars: Bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[share]:>4}"),
            TextColumn("{task.fields[pace]}"),
            console=terminal(err=True),
            expand=True,
            redirect_stdout=False,
            redirect_stderr=False,
            transient=True,
        )
        self._label = label
        self._pace = WorkPace()
        self._task: TaskID = self.bars.add_task(label, total=None, share="", pace="")

    def __call__(self, progress: Progress) -> None:
        """Hear how far the work has come."""
        rate, left = self._pace.hear(progress, time.monotonic())
        share = share_of(progress)
        changed: dict[str, Any] = {"share": "" if share is None else f"{share:.0%}"}
        of = "" if progress.total is None else f" of {progress.total:,}"
        # A piece of work that is not counted is told by its name alone.
        pace = f"{progress.done:,}{of} {progress.unit}" if of or progress.done else ""
        if rate:
            pace += f", {rate:,}/s"
        changed["pace"] = pace if share in (None, 1.0) else f"{pace}, {clock_of(left)} left"
        self.bars.update(
            self._task,
            description=f"{self._label}: {progress.doing}",
            total=None if share is None else 1.0,
            completed=share or 0.0,
            **changed,
        )
