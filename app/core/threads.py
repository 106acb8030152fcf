"""Threads that are watched: one that dies is started again at once or ends the process, and nobody waits for it.

A thread of ours runs until it is asked to stop, so one that ends otherwise is a fault, whatever ended it. A supervisor,
a thread itself, starts it again; one that keeps dying ends the process with `EXIT_CODE` and one sentence. Until it runs
again, `dead_threads` names it, for `/readyz`.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import NoReturn

from app.core.logging import drain_logs, error_fields, log

EXIT_CODE = 70
"""The exit code of a process that one of its threads has ended: `EX_SOFTWARE` of sysexits.h."""
RESTART_SECONDS = 0.5
"""How often the supervisor looks, and so how soon a dead thread is started again."""
MOST_DEATHS = 5
DEATHS_WITHIN = 60.0
"""A thread that dies so often within so many seconds ends the process."""
STILL_SECONDS = 600.0
"""How long a turn of a loop may last before a line of the log says that the loop stands still."""


class WatchedThread:
    """A thread that is started again when it dies; it ends when what it runs returns."""

    def __init__(
        self,
        name: str,
        run: Callable[[], None],
        *,
        on_death: Callable[[], None] = lambda: None,
        pause: float | None = None,
    ) -> None:
        """Run `run` in a thread, and again when it raises.

        `on_death` is called as soon as a death is noticed, perhaps twice: it answers those who wait for the thread. A
        loop calls `beat` at the end of each turn and gives the `pause` between two turns, in seconds.
        """
        self.name = name
        self.pause = pause
        self._run = run
        self._on_death = on_death
        self._ended = False
        self._last_beat = time.monotonic()
        self._deaths: deque[float] = deque(maxlen=MOST_DEATHS)
        self.death_count = 0
        self.told_still = False

    def start(self) -> None:
        """Start it."""
        self._start()
        _SUPERVISOR.add(self)

    def beat(self) -> None:
        """Note that a turn has ended."""
        self._last_beat = time.monotonic()
        self.told_still = False

    @property
    def seconds_since_beat(self) -> float:
        """How long ago the last turn has ended, or the thread was made."""
        return time.monotonic() - self._last_beat

    @property
    def is_dead(self) -> bool:
        """Whether it has ended though nobody asked it to."""
        return not self._ended and not self._thread.is_alive()

    @property
    def has_ended(self) -> bool:
        """Whether it has ended because it was asked to."""
        return self._ended

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until it has ended, for some seconds at most; return whether it has."""
        until = None if seconds is None else time.monotonic() + seconds
        while not self._ended and (until is None or time.monotonic() < until):
            # Joined for a moment at a time: it may die, and another take its place.
            self._thread.join(RESTART_SECONDS if until is None else min(RESTART_SECONDS, until - time.monotonic()))
            if self.is_dead:
                time.sleep(RESTART_SECONDS / 10)
        return self._ended

    def revive(self) -> None:
        """Start it again after a death, or end the process when it keeps dying."""
        self.death_count += 1
        self._on_death()
        now = time.monotonic()
        self._deaths.append(now)
        if len(self._deaths) == MOST_DEATHS and now - self._deaths[0] < DEATHS_WITHIN:
            end_process(f'The thread "{self.name}" keeps dying; the process ends. The log says what it died of.')
        log.error("a thread died, and is started again", thread=self.name)
        self._start()

    def _start(self) -> None:
        thread = threading.Thread(target=self._attempt, name=self.name, daemon=True)
        thread.start()
        # Known once it runs: who waits joins it, and a thread that has not begun cannot be joined.
        self._thread = thread

    def _attempt(self) -> None:
        try:
            self._run()
        except BaseException as error:
            self._on_death()
            log.critical("a thread dies", thread=self.name, **error_fields(error))
        else:
            self._ended = True


class WatchedPool(ThreadPoolExecutor):
    """A pool whose threads are watched: it would not replace a dead one, so that ends the process."""

    def __init__(self, most: int, name: str) -> None:
        self.name = name
        self.members: list[threading.Thread] = []
        self.closed = False
        super().__init__(most, name, initializer=lambda: self.members.append(threading.current_thread()))
        _SUPERVISOR.add(self)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more work; its threads end once all is done."""
        self.closed = True
        super().shutdown(wait, cancel_futures=cancel_futures)

    @property
    def is_dead(self) -> bool:
        """Whether one of its threads has died."""
        return not self.closed and not all(member.is_alive() for member in self.members)

    @property
    def has_ended(self) -> bool:
        """Whether nothing can be asked of it any more."""
        return self.closed

    def revive(self) -> NoReturn:
        """End the process."""
        end_process(f'A thread of the pool "{self.name}" died; the process ends.')


class _Supervisor:
    """Looks after the watched threads of this process."""

    def __init__(self) -> None:
        self._begin()
        # The threads of a parent are not those of its child.
        os.register_at_fork(after_in_child=self._begin)

    def _begin(self) -> None:
        self._lock = threading.RLock()
        self._watched: list[WatchedThread | WatchedPool] = []
        self._thread: threading.Thread | None = None

    def add(self, watched: WatchedThread | WatchedPool) -> None:
        """Watch a thread or a pool until it has ended."""
        with self._lock:
            self._watched = [*(known for known in self._watched if not known.has_ended), watched]
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)
                self._thread.start()

    def dead(self) -> list[str]:
        """Return the names of the threads that have died and do not run again yet."""
        names = [watched.name for watched in self._watched if watched.is_dead]
        return [*names, "supervisor"] if self._thread is not None and not self._thread.is_alive() else names

    def loops(self) -> list[WatchedThread]:
        """Return the threads that work in turns."""
        return [known for known in self._watched if isinstance(known, WatchedThread) and known.pause is not None]

    def seconds_of_loops(self) -> Mapping[str, float]:
        """Return how long ago each loop ended a turn, the longest of those with one name."""
        by_name: dict[str, float] = {}
        for loop in self.loops():
            by_name[loop.name] = max(by_name.get(loop.name, 0.0), loop.seconds_since_beat)
        return by_name

    def count_deaths(self) -> Mapping[str, int]:
        """Return how often threads have died, by name."""
        counts: dict[str, int] = {}
        for watched in self._watched:
            if isinstance(watched, WatchedThread):
                counts[watched.name] = counts.get(watched.name, 0) + watched.death_count
        return counts

    def _run(self) -> None:
        try:
            while True:
                time.sleep(RESTART_SECONDS)
                for watched in self._watched:
                    if watched.is_dead:
                        watched.revive()
                for loop in self.loops():
                    if not loop.told_still and loop.seconds_since_beat > STILL_SECONDS + (loop.pause or 0):
                        loop.told_still = True
                        log.error("a loop stands still", loop=loop.name, seconds=round(loop.seconds_since_beat))
        except BaseException:
            end_process("The thread that watches the others died; the process ends.")


_SUPERVISOR = _Supervisor()
dead_threads = _SUPERVISOR.dead
seconds_of_loops = _SUPERVISOR.seconds_of_loops
count_deaths = _SUPERVISOR.count_deaths


def end_process(sentence: str) -> NoReturn:
    """End the process at once with `EXIT_CODE` and a sentence: what it had answered is durable."""
    with suppress(Exception):
        sys.stderr.write(f"pars: {sentence}\n")
        drain_logs()
    os._exit(EXIT_CODE)


def end_within(seconds: float) -> None:
    """End the process at the latest after some seconds, whatever its other threads wait for."""

    def end() -> None:
        log.error("the process ends, though not all of its work is finished; it is done again", seconds=seconds)
        drain_logs()
        os._exit(1)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
