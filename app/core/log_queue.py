"""Lines on their way out of the process: queued by whoever writes, and written by a thread of their own.

A write may fail (a full disk, a reader that has gone) or never end (a pipe that nobody reads). Neither reaches the code
that logs: what cannot be written is counted and skipped, what does not fit in the queue is counted and dropped.
"""

from __future__ import annotations

import io
import os
import select
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue

LINES = 10_000
"""Texts that wait to be written, at most: the queue takes some megabytes."""
LONGEST = 65_536
"""Characters of one text, at most."""
AT_ONCE = 65_536
"""Characters that are written with one call, unless one text has more."""
GATHER_SECONDS = 0.005
"""How long a first text waits for others to be written with it: each write interrupts those who work."""
DRAIN_SECONDS = 2.0
"""How long the end of a process waits for what is queued."""


class QueuedStream(io.TextIOBase):
    """A text stream over a file descriptor, whose `write` neither fails nor waits.

    Its queue is one that may be entered again by a signal handler or a finaliser in the middle of a write.
    """

    def __init__(self, descriptor: int, notice: Callable[[int], str] | None = None) -> None:
        """Write to `descriptor`; once that works again, `notice` words the line about so many lost lines."""
        self._descriptor = descriptor
        self._notice = notice
        self._lock = threading.RLock()
        self._begin()
        # A child of a fork has no thread, and must not write what its parent has queued.
        os.register_at_fork(after_in_child=self._begin)

    def _begin(self) -> None:
        self._lock = threading.RLock()
        self._queue: SimpleQueue[object] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lost = self._told = 0
        self._torn = False

    @property
    def lost(self) -> int:
        """How many lines were not written since the process began."""
        return self._lost

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The encoding of everything we write."""
        return "utf-8"

    def fileno(self) -> int:
        """Return the descriptor that is written to."""
        return self._descriptor

    def isatty(self) -> bool:
        """Whether somebody sits at a terminal and reads."""
        return os.isatty(self._descriptor)

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, text: str, /) -> int:
        """Queue a text; without room it is counted and dropped."""
        if not isinstance(text, str):
            raise TypeError("text is written here, not bytes")
        if len(text) > LONGEST:
            self.lose(1)
        else:
            self.put(text)
        return len(text)

    def put(self, line: object) -> None:
        """Queue what is a text once the thread asks for it with `str`; without room it is counted and dropped."""
        try:
            if self._queue.qsize() >= LINES:
                self.lose(1)
            else:
                self._queue.put(line)
                if self._thread is None or not self._thread.is_alive():
                    self._start()
        except Exception:
            # No memory, no thread: it waits for the next text that finds some.
            self.lose(1)

    def flush(self) -> None:
        """Do nothing: nobody waits for a line. `drain` does."""

    def drain(self, seconds: float = DRAIN_SECONDS) -> bool:
        """Wait until what is queued by now has been written or skipped; False when that takes longer."""
        if self._queue.empty() and self._thread is None:
            return True
        reached = threading.Event()
        self._queue.put(reached)
        return reached.wait(seconds)

    def end(self) -> None:
        """Let the thread end once it has written what is queued; another begins with the next text."""
        self._queue.put(None)

    def lose(self, lines: int) -> None:
        """Count lines that will not be written."""
        with self._lock:
            self._lost += lines

    def _start(self) -> None:
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                thread = threading.Thread(target=self._run, name="log", daemon=True)
                thread.start()
                self._thread = thread

    def _run(self) -> None:
        goes_on = True
        while goes_on:
            with suppress(Exception):
                goes_on = self._write_next()

    def _write_next(self) -> bool:
        """Write what is queued, together as far as it fits in one call; False when the thread is to end."""
        texts: list[str] = []
        reached: threading.Event | None = None
        length, goes_on = 0, True
        with suppress(Empty):
            while length < AT_ONCE:
                queued = self._queue.get(block=not texts)
                if queued is None or isinstance(queued, threading.Event):
                    reached, goes_on = queued, queued is not None
                    break
                if not texts:
                    time.sleep(GATHER_SECONDS)
                try:
                    texts.append(str(queued))
                    length += len(texts[-1])
                except Exception:
                    self.lose(1)
        try:
            if texts:
                self._write_texts("".join(texts).encode("utf-8", "backslashreplace"))
        finally:
            if reached is not None:
                reached.set()
        return goes_on

    def _write_texts(self, texts: bytes) -> None:
        lost = self._lost
        # The line that stands there by half is ended before anything else.
        data = (b"\n" if self._torn else b"") + self._loss_line(lost) + texts
        written = 0
        try:
            while written < len(data):
                written += self._write_some(memoryview(data)[written:])
        except OSError:
            self.lose(data[max(written, len(data) - len(texts)) :].count(b"\n"))
            if written:
                self._torn = data[written - 1 : written] != b"\n"
        else:
            self._told, self._torn = lost, False

    def _loss_line(self, lost: int) -> bytes:
        if self._notice is None or lost == self._told:
            return b""
        return f"{self._notice(lost)}\n".encode()

    def _write_some(self, data: memoryview) -> int:
        while True:
            try:
                return os.write(self._descriptor, data)
            except BlockingIOError:
                # Somebody who shares the descriptor has made it non-blocking: wait as a blocking write would.
                poll = select.poll()
                poll.register(self._descriptor, select.POLLOUT)
                poll.poll()
                time.sleep(0.001)
