"""The garbage collector: fewer collections, and none of them over what start-up made."""

from __future__ import annotations

import gc


def tune_garbage_collector() -> None:
    """Freeze the objects made so far for the life of the process, and collect the rest less often.

    A full collection lengthens the slowest answers, and a piece of a file makes very many objects at once.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
