"""Turns: of each of many, so many pieces of work at once; what else it has waits in a row of its own."""

from __future__ import annotations

import asyncio
from collections import deque
from threading import Lock


class _Row:
    """The pieces of one: how many go on, and those that wait."""

    __slots__ = ("going_on", "waiting")

    def __init__(self) -> None:
        self.going_on = 0
        self.waiting: deque[asyncio.Future[None]] = deque()


class Turns:
    """Who may begin: for event loops that share what they wait for."""

    def __init__(self, at_once: int) -> None:
        """Let `at_once` pieces of each go on at once."""
        self._at_once = at_once
        self._rows: dict[str, _Row] = {}
        self._lock = Lock()

    def __len__(self) -> int:
        """Return of how many a piece goes on or waits."""
        return len(self._rows)

    async def take(self, key: str) -> None:
        """Wait until it is the turn of this piece of work; every turn taken is given back with `give`."""
        with self._lock:
            row = self._rows.get(key)
            if row is None:
                row = self._rows[key] = _Row()
            if row.going_on < self._at_once:
                row.going_on += 1
                return
            turn = asyncio.get_running_loop().create_future()
            row.waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            with self._lock:
                waits_still = turn in row.waiting
                if waits_still:
                    row.waiting.remove(turn)
            if not waits_still:
                # It was called up at the same moment: the next one is.
                self.give(key)
            raise

    def give(self, key: str) -> None:
        """Give a turn back: the piece that has waited longest gets it."""
        with self._lock:
            row = self._rows[key]
            while row.waiting:
                turn = row.waiting.popleft()
                try:
                    turn.get_loop().call_soon_threadsafe(_call_up, turn)
                except RuntimeError:
                    # Its loop has ended, and nobody waits any more.
                    continue
                return
            row.going_on -= 1
            if not row.going_on:
                del self._rows[key]


def _call_up(turn: asyncio.Future[None]) -> None:
    if not turn.done():
        turn.set_result(None)
