"""Time and time-ordered ids."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day

Clock = Callable[[], datetime]


def now() -> datetime:
    """Return this moment in UTC."""
    return datetime.now(UTC)


def first_instant(given: date | datetime) -> datetime:
    """Return the first instant of a span that begins with a day, in UTC, or with an instant."""
    return given if isinstance(given, datetime) else datetime.combine(given, time_of_day.min, UTC)


def instant_after(given: date | datetime) -> datetime | None:
    """Return the first instant after a span that ends with a day, in UTC, or with an instant; None where none is."""
    length = timedelta(microseconds=1) if isinstance(given, datetime) else timedelta(days=1)
    try:
        return first_instant(given) + length
    except OverflowError:
        return None


_IDS_PER_DRAW = 512
"""Ids for which random bits are drawn in one call."""


class _Ids:
    """UUIDv7 (RFC 9562), monotonic within a process: a 12-bit counter follows the millisecond."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0
        self._noise: Iterator[int] = iter(())
        # A child process must not use the random bits that its parent has drawn.
        os.register_at_fork(after_in_child=self._reset)

    def _reset(self) -> None:
        self._lock, self._noise = threading.Lock(), iter(())

    def next(self, moment: datetime | None = None) -> str:
        """Return an id that sorts after every id made before it in this process."""
        milliseconds = time.time_ns() // 1_000_000 if moment is None else int(moment.timestamp() * 1000)
        with self._lock:
            # 60 bits of time and counter together: a burst runs ahead of the clock rather than out of order.
            self._last = max(self._last + 1, milliseconds << 12)
            stamp = self._last
            noise = next(self._noise, None)
            if noise is None:
                # Drawn for many ids: a system call for each would take longer than the rest.
                self._noise = iter(memoryview(os.urandom(8 * _IDS_PER_DRAW)).cast("Q"))
                noise = next(self._noise)
        clock, counter = stamp >> 12, stamp & 0xFFF
        value = clock << 80 | 0x7 << 76 | counter << 64 | 0b10 << 62 | noise & 0x3FFFFFFFFFFFFFFF
        text = f"{value:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


_ids = _Ids()


def new_id() -> str:
    """Return a new time-ordered id (UUIDv7 text)."""
    return _ids.next()


_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def is_id(text: str) -> bool:
    """Whether a text has the form of an id made here: nobody's name or number has it, so it may be given back."""
    return _ID.fullmatch(text) is not None


def find_ids(text: str) -> list[str]:
    """Return what has the form of an id made here within a text, in order."""
    return _ID.findall(text)
