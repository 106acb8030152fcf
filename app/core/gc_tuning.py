"""The garbage collector, told to look rarely, and never at what start-up made."""

from __future__ import annotations

import gc


def collect_rarely() -> None:
    """Set what was made so far aside for as long as the process lives, and look for garbage more rarely.

    A pause of every collection lengthens the slowest answers, and a piece of a file makes very many objects at once.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
