"""How many exports are written at the same time: some for each client, and not too many in all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from threading import RLock
from types import TracebackType

from app.core.errors import ErrorItem, RateLimited, Unavailable

OF_ONE_CLIENT = 4
OF_ONE_ORGANISATION = 12
"""Whoever may make clients has as many as they like: all of theirs together leave room for others."""
IN_ALL = 32
"""Of this process: each keeps a connection busy, and some megabytes."""
_RETRY = {"Retry-After": "10"}


class ExportSlot:
    """The right to write one export; it ends with the block, or when nobody holds it any longer."""

    def __init__(self, slots: ExportSlots, takers: Sequence[str]) -> None:
        self._slots = slots
        self._takers: Sequence[str] | None = takers

    def give_back(self) -> None:
        """Let another export begin."""
        takers, self._takers = self._takers, None
        if takers is not None:
            self._slots.give(takers)

    def __enter__(self) -> None:
        """Begin to write."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.give_back()

    def __del__(self) -> None:
        # An answer that was never begun: its sender went away, or something failed before its first byte.
        self.give_back()


class ExportSlots:
    """The slots of one serving process."""

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()
        self._in_all = 0
        # A slot may be dropped by the garbage collector, in a thread that is just taking another.
        self._lock = RLock()

    def __len__(self) -> int:
        """Return how many exports are written now."""
        return self._in_all

    def take(self, client_id: str, organisation_id: str | None = None) -> ExportSlot:
        """Return a slot of a client; `organisation_id` is that of all clients that it has in common with others.

        Raises `RateLimited` for a client or an organisation that has all of its own, `Unavailable` when none is left.
        """
        takers = client_id, f"all of {organisation_id or client_id}"
        with self._lock:
            if self._taken[takers[0]] >= OF_ONE_CLIENT:
                raise _too_many(f"This client takes {OF_ONE_CLIENT} exports already")
            if self._taken[takers[1]] >= OF_ONE_ORGANISATION:
                raise _too_many(f"The clients of your organisation take {OF_ONE_ORGANISATION} exports already")
            if self._in_all >= IN_ALL:
                raise Unavailable(
                    "As many exports are written as can be at a time. Nothing was done: send this again later.",
                    headers=_RETRY,
                )
            self._taken.update(takers)
            self._in_all += 1
        return ExportSlot(self, takers)

    def give(self, takers: Sequence[str]) -> None:
        """Take a slot back."""
        with self._lock:
            self._in_all -= 1
            self._taken.subtract(takers)
            for taker in takers:
                if not self._taken[taker]:
                    del self._taken[taker]


def _too_many(said: str) -> RateLimited:
    detail = f"{said}, which is as many as may be taken at a time."
    hint = "Wait until one of them has arrived whole, or end it, then send this again."
    return RateLimited(
        detail,
        errors=[ErrorItem(code=RateLimited.code, header="Authorization", detail=detail, hint=hint)],
        headers=_RETRY,
    )


SLOTS = ExportSlots()
