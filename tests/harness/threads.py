"""Threads of this process, killed from outside as no error of theirs would."""

from __future__ import annotations

import ctypes
import threading


def kill_threads(name: str) -> int:
    """Let every thread of a name die of `SystemExit` at its next instruction, wherever that is; return how many."""
    found = [thread for thread in threading.enumerate() if thread.name == name]
    for thread in found:
        kill_thread(thread)
    return len(found)


def kill_thread(thread: threading.Thread) -> None:
    """Let a thread die of `SystemExit` at its next instruction, wherever that is."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(SystemExit))
