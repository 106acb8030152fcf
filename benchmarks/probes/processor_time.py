"""Processor time in seconds, of this process and of PostgreSQL's; other work on the machine does not count."""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path

from app.store.sql import statements
from benchmarks.world.installation import World


def seconds(world: World) -> float:
    """Return the time so far of this process, of its ended children, and of PostgreSQL."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    own = time.process_time() + children.ru_utime + children.ru_stime
    if world.service.database.on_sqlite:
        return own
    ((backend,),) = world.service.database.read(
        lambda connection: statements.fetch(connection, "SELECT pg_backend_pid()")
    )
    # After the name, which may contain anything, come the state and the parent's id.
    parent = int(Path(f"/proc/{backend}/stat").read_text().rpartition(")")[2].split()[1])
    served = [parent, *map(int, Path(f"/proc/{parent}/task/{parent}/children").read_text().split())]
    return own + sum(map(_spent, served)) + _spent_by_ended(parent)


def _spent_by_ended(parent: int) -> float:
    """Return the seconds of the database's processes that have ended, to a hundredth."""
    fields = Path(f"/proc/{parent}/stat").read_text().rpartition(")")[2].split()
    # Of the name and what stands before it, which are cut off, are the first two: cutime and cstime are 16 and 17.
    return sum(map(int, fields[13:15])) / os.sysconf("SC_CLK_TCK")


def _spent(process: int) -> float:
    """Return the seconds of one of the database's processes, to the nanosecond; 0 when it has ended."""
    try:
        return int(Path(f"/proc/{process}/schedstat").read_text().split()[0]) / 1e9
    except FileNotFoundError:
        return 0.0
