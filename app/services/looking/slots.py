"""How many exports are written at the same time: some for each client, and not too many in all."""

from __future__ import annotations

from collections import Counter
from threading import RLock
from types import TracebackType

from app.core.errors import ErrorItem, RateLimited, Unavailable

OF_ONE_CLIENT = 4
IN_ALL = 32
"""Of this process: each keeps a connection busy, and some megabytes."""
_RETRY = {"Retry-After": "10"}


class ExportSlot:
    """The right to write one export; it ends with the block, or when nobody holds it any longer."""

    def __init__(self, slots: ExportSlots, client_id: str) -> None:
        self._slots = slots
        self._client_id: str | None = client_id

    def give_back(self) -> None:
        """Let another export begin."""
        client_id, self._client_id = self._client_id, None
        if client_id is not None:
            self._slots.give(client_id)

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

    def take(self, client_id: str) -> ExportSlot:
        """Return a slot; raises `RateLimited` for a client that has all of its own, `Unavailable` when none is left."""
        with self._lock:
            if self._taken[client_id] >= OF_ONE_CLIENT:
                detail = f"This client takes {OF_ONE_CLIENT} exports already, which is as many as one may at a time."
                hint = "Wait until one of them has arrived whole, or end it, then send this again."
                raise RateLimited(
                    detail,
                    errors=[ErrorItem(code=RateLimited.code, header="Authorization", detail=detail, hint=hint)],
                    headers=_RETRY,
                )
            if self._in_all >= IN_ALL:
                raise Unavailable(
                    "As many exports are written as can be at a time. Nothing was done: send this again later.",
                    headers=_RETRY,
                )
            self._taken[client_id] += 1
            self._in_all += 1
        return ExportSlot(self, client_id)

    def give(self, client_id: str) -> None:
        """Take a slot back."""
        with self._lock:
            self._taken[client_id] -= 1
            self._in_all -= 1
            if not self._taken[client_id]:
                del self._taken[client_id]


SLOTS = ExportSlots()
