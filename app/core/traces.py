"""What a process that fails leaves behind: no core, and no stack whose messages hold somebody's data."""

from __future__ import annotations

import ctypes
import resource
import sys
import traceback
from types import TracebackType

_PR_SET_DUMPABLE = 4
"""Of <linux/prctl.h>."""


def forbid_cores() -> None:
    """Let the memory of this process be written to no core, and read by no other process of its user.

    A limit of 0 alone does not hold where the kernel gives cores to a program (`core_pattern` with `|`), so the process
    is made not dumpable as well; Linux only. A child that starts another program begins anew, with the limit.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def hide_messages() -> None:
    """Let a fault that ends the process be told by its stack and its class alone.

    Messages of libraries repeat rows, statements and input: `DETAIL: Key (npi)=(…) already exists.`
    """
    sys.excepthook = _tell


def _tell(_kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
    sys.stderr.write(stack_of(error))


def stack_of(error: BaseException) -> str:
    """Return the stack of an error and of those it comes from, as Python prints it, without their messages."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    own = [
        "Traceback (most recent call last):\n",
        *traceback.format_tb(error.__traceback__),
        f"{name} (its message is left out: it may hold somebody's data)\n",
    ]
    return f"{stack_of(before)}\nThen:\n\n{''.join(own)}" if before is not None else "".join(own)
