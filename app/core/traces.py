"""What a process that fails leaves behind: no core, and no stack whose messages hold somebody's data."""

from __future__ import annotations

import ctypes
import resource
import sys
import traceback
from collections.abc import Iterator
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
    told = [_own_stack(earlier) for earlier in earlier_errors(error, suppressed=False)]
    return "\nThen:\n\n".join(reversed(told))


def _own_stack(error: BaseException) -> str:
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    trace = "".join(traceback.format_tb(error.__traceback__))
    return f"Traceback (most recent call last):\n{trace}{name} (its message is left out: it may hold somebody's data)\n"


def earlier_errors(error: BaseException, *, suppressed: bool = True) -> Iterator[BaseException]:
    """Yield an error and those from which, or during which, it arose, each once; with those that it hides if so asked.

    Drivers' errors and those made of them may name each other.
    """
    seen: set[int] = set()
    earlier: BaseException | None = error
    while earlier is not None and id(earlier) not in seen:
        seen.add(id(earlier))
        yield earlier
        hidden = earlier.__suppress_context__ and not suppressed
        earlier = earlier.__cause__ or (None if hidden else earlier.__context__)
