"""How fast the machine is at the moment: a fixed amount of pure Python, so that two runs can be compared."""

from __future__ import annotations

import json
import time

from benchmarks.table import middle

TIMES = 5
_DOCUMENT = {"learner": {"first_name": "A", "last_name": "B"}, "credits": [{"board": "CA-M", "quarters": 4}] * 4}


def milliseconds() -> float:
    """Return the median time of the work."""
    return middle(_timed() for _ in range(TIMES))


def _timed() -> float:
    begun = time.perf_counter()
    seen: dict[str, int] = {}
    for number in range(20_000):
        for word in f"{number:05d} {number * 7:06d}".split():
            seen[word] = seen.get(word, 0) + len(word)
    for _ in range(2_000):
        json.loads(json.dumps(_DOCUMENT))
    return (time.perf_counter() - begun) * 1000
