"""Time and time-ordered ids."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def now() -> datetime:
    """Return this moment in UTC."""
    return datetime.now(UTC)


_DRAWN = 512
"""Ids for which noise is drawn at once."""


class _Ids:
    """UUIDv7 (RFC 9562), rising within a process: a 12-bit counter follows the millisecond."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0
        self._drawn: Iterator[int] = iter(())
        # A child process must not use what its parent has drawn.
        os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        self._lock, self._drawn = threading.Lock(), iter(())

    def next(self, moment: datetime | None = None) -> str:
        """Return an id that sorts after every id made before it in this process."""
        milliseconds = time.time_ns() // 1_000_000 if moment is None else int(moment.timestamp() * 1000)
        with self._lock:
            # 60 bits of time and counter together: a burst runs ahead of the clock rather than out of order.
            self._last = max(self._last + 1, milliseconds << 12)
            stamp = self._last
            noise = next(self._drawn, None)
            if noise is None:
                # Drawn for many at once: asking the system for each would take longer than the rest of it.
                self._drawn = iter(memoryview(os.urandom(8 * _DRAWN)).cast("Q"))
                noise = next(self._drawn)
        clock, counter = stamp >> 12, stamp & 0xFFF
        value = clock << 80 | 0x7 << 76 | counter << 64 | 0b10 << 62 | noise & 0x3FFFFFFFFFFFFFFF
        text = f"{value:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


_ids = _Ids()


def new_id() -> str:
    """Return a new time-ordered id (UUIDv7 text)."""
    return _ids.next()
