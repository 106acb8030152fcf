"""Threads of this process, killed from outside as no error of theirs would."""

from __future__ import annotations

import ctypes
import itertools
import linecache
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


def kill_threads(name: str) -> int:
    """Let every thread of a name die of `SystemExit` at its next instruction, wherever that is; return how many."""
    found = [thread for thread in threading.enumerate() if thread.name == name]
    for thread in found:
        kill_thread(thread)
    return len(found)


def kill_thread(thread: threading.Thread) -> None:
    """Let a thread die of `SystemExit` at its next instruction, wherever that is."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(SystemExit))


class DyingThread:
    """Lets one thread die of `SystemExit` before it runs a line of a module, counted from when it is armed.

    Between two lines no lock is half taken or given back, as it may be where `kill_threads` hits.
    The threads are watched that begin while `watching`.
    """

    def __init__(self, name: str, module: str) -> None:
        self._name = name
        self._module = module
        self._due: Callable[[], bool] | None = None
        self.died = False

    def arm(self, lines: int) -> None:
        """Let the thread die before the line of this number."""
        count = itertools.count(1)
        self._due = lambda: next(count) == lines

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch the threads that begin in a block."""
        before = threading.gettrace()
        threading.settrace(self._trace)
        try:
            yield
        finally:
            threading.settrace(before)  # type: ignore[arg-type]

    def _trace(self, frame: FrameType, event: str, _: Any) -> Any:
        if threading.current_thread().name != self._name or frame.f_globals.get("__name__") != self._module:
            return None
        if event != "line" or linecache.getline(frame.f_code.co_filename, frame.f_lineno).lstrip().startswith("with "):
            # A `with` is passed once more as its block ends, and raising there would keep its lock for ever.
            return self._trace
        if self._due is not None and self._due():
            self._due, self.died = None, True
            raise SystemExit
        return self._trace
