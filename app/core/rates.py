"""Rates: how much each of many may take, a burst at once and so much a second, by one number for each.

This is the generic cell rate algorithm: of a key only the moment is kept at which all that it took is made good. A
refusal takes nothing, so whoever keeps asking still has its rate.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import msgspec

MonotonicClock = Callable[[], float]
"""Returns seconds that never go back; tests move it."""
MOST_KEYS = 10_000
"""Keys of which a number is kept, at most."""
_ROUNDING = 1e-6
"""Seconds by which sums of pauses may be off."""


class Rate(msgspec.Struct, frozen=True):
    """So many units a second, and so many at once."""

    per_second: float
    """0 for no limit."""
    burst: int

    @property
    def window(self) -> int:
        """Seconds in which a whole burst is made good."""
        return math.ceil(self.burst / self.per_second)


class RateTable:
    """What each key has taken. Used by the thread of the event loop alone."""

    __slots__ = ("_burst", "_clock", "_most", "_pause", "_tolerance", "_whole_at", "rate")

    def __init__(self, rate: Rate, clock: MonotonicClock = time.monotonic, *, most: int = MOST_KEYS) -> None:
        """Let every key take at a rate, which is above 0; numbers are kept of `most` keys."""
        self.rate = rate
        self._clock = clock
        self._most = most
        self._burst = rate.burst
        self._pause = 1 / rate.per_second
        self._tolerance = rate.burst / rate.per_second
        self._whole_at: dict[str, float] = {}

    def __len__(self) -> int:
        """Return how many keys a number is kept of."""
        return len(self._whole_at)

    def take(self, key: str, units: int = 1) -> float:
        """Take units and return 0; where they are not there, take nothing and return the seconds until they are.

        More than a burst is taken as a whole burst: it could never be had otherwise.
        """
        now = self._clock()
        whole_at = self._whole_at.get(key)
        if whole_at is None:
            if len(self._whole_at) >= self._most:
                self._forget(now)
            whole_at = now
        elif whole_at < now:
            whole_at = now
        whole_at += min(units, self._burst) * self._pause
        missing = whole_at - now - self._tolerance
        if missing > _ROUNDING:
            return missing
        self._whole_at[key] = whole_at
        return 0.0

    def take_down_to_nothing(self, key: str, units: int) -> None:
        """Take units of a key, or what is left where that is less."""
        self.take(key, min(units, self.left(key)[0]))

    def give_back(self, key: str, units: int) -> None:
        """Undo what was taken a moment ago."""
        if key in self._whole_at:
            self._whole_at[key] -= min(units, self._burst) * self._pause

    def left(self, key: str) -> tuple[int, int]:
        """Return the units that may be taken now, and the seconds until the burst is whole again."""
        owed = self._whole_at.get(key, 0.0) - self._clock()
        if owed <= 0:
            return self._burst, 0
        return int((self._tolerance - owed) / self._pause + _ROUNDING), math.ceil(owed - _ROUNDING)

    def is_spent(self, key: str) -> bool:
        """Whether not one unit may be taken now."""
        return bool(self._whole_at) and self.left(key)[0] < 1

    def _forget(self, now: float) -> None:
        """Forget the keys that have made good what they took; all of them where that is less than half.

        So a new key costs a moment on average, whoever sends how many. Those forgotten begin with a whole burst.
        """
        owing = {key: whole_at for key, whole_at in self._whole_at.items() if whole_at > now}
        self._whole_at = owing if len(owing) <= self._most // 2 else {}
