"""How far long work has come: told by whoever works, shown by whoever asked for it.

One listener hears all that this process tells, as with logs: work goes on in threads of its own, and a migration has no
arguments. Without a listener telling costs next to nothing, and is done once for hundreds of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec


class Progress(msgspec.Struct, frozen=True):
    """How far a piece of work has come."""

    doing: str
    """The work, as "importing"; another text is another piece of work."""
    done: int
    """Units that are done."""
    total: int | None = None
    """Units in all; None where nobody has counted them."""
    share: float | None = None
    """The share that is done, from 0 to 1, where the total is not known: by the bytes that were read."""
    unit: str = "rows"


Listener = Callable[[Progress], None]
_listener: Listener | None = None
_shown = False


def report_progress(
    doing: str, done: int, total: int | None = None, *, share: float | None = None, unit: str = "rows"
) -> None:
    """Tell how far a piece of work has come."""
    if _listener is not None:
        _listener(Progress(doing, done, total, share, unit))


def is_shown() -> bool:
    """Whether a bar stands on the terminal, where lines of the log go, too."""
    return _shown


@contextmanager
def listen(listener: Listener, *, shown: bool) -> Iterator[None]:
    """Hear all progress while a block runs; `shown` on a terminal, in a bar that is drawn again and again."""
    global _listener, _shown
    before = _listener, _shown
    _listener, _shown = listener, shown
    try:
        yield
    finally:
        _listener, _shown = before
