"""Seconds of processor time, of this process and of the database's: what is busy beside them does not count."""

from __future__ import annotations

import resource
import time
from pathlib import Path

from app.store.sql import statements
from benchmarks.world import World


def seconds(world: World) -> float:
    """Return what was spent so far, by this process, by those it has started and waited for, and by PostgreSQL."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    own = time.process_time() + children.ru_utime + children.ru_stime
    if world.service.database.on_sqlite:
        return own
    ((backend,),) = world.service.database.read(
        lambda connection: statements.fetch(connection, "SELECT pg_backend_pid()")
    )
    # Behind the name, which may hold anything: the state, and who has started it.
    parent = int(Path(f"/proc/{backend}/stat").read_text().rpartition(")")[2].split()[1])
    served = [parent, *map(int, Path(f"/proc/{parent}/task/{parent}/children").read_text().split())]
    return own + sum(map(_spent, served))


def _spent(process: int) -> float:
    """Return the seconds of one of the database's processes, in nanoseconds' steps; 0 when it has ended since."""
    try:
        return int(Path(f"/proc/{process}/schedstat").read_text().split()[0]) / 1e9
    except FileNotFoundError:
        return 0.0
