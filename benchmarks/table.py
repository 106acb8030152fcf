"""The table that `make bench` prints."""

from __future__ import annotations

import resource
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, kw_only=True)
class Row:
    """One operation and its floor. Higher ratios are better for rates, lower ones for times.

    A row without a floor says how fast the machine was, so that two runs can be compared.
    """

    operation: str
    floor: str
    ours: float
    against: float | None
    unit: str
    goal: str
    reached: bool

    @property
    def ratio(self) -> float | None:
        """Ours divided by the floor; None without one."""
        return self.ours / self.against if self.against else None


def at_least(operation: str, floor: str, ours: float, against: float, goal: float, unit: str = "/s") -> Row:
    """Return a row of rates whose ratio must be at least `goal`."""
    reached = ours / against >= goal
    return Row(
        operation=operation, floor=floor, ours=ours, against=against, unit=unit, goal=f">= {goal:g}", reached=reached
    )


def at_most(operation: str, floor: str, ours: float, against: float, goal: float, unit: str = "ms") -> Row:
    """Return a row of times whose ratio must be at most `goal`."""
    reached = ours / against <= goal
    return Row(
        operation=operation, floor=floor, ours=ours, against=against, unit=unit, goal=f"<= {goal:g}", reached=reached
    )


def shown(operation: str, floor: str, ours: float, against: float | None, unit: str = "/s") -> Row:
    """Return a row that has no goal."""
    return Row(operation=operation, floor=floor, ours=ours, against=against, unit=unit, goal="-", reached=True)


def middle(values: Iterable[float]) -> float:
    """Return the median of several rounds."""
    return median(values)


def _number(value: float) -> str:
    return f"{value:>9.0f}" if value >= 1_000 else f"{value:>9.3g}"


def show(rows: Iterable[Row]) -> None:
    """Print the rows; a goal that is missed says so."""
    print(f"{'operation':<52}{'against':<40}{'ours':>12}{'against':>12}{'ratio':>8}{'goal':>9}")
    for row in rows:
        against = "" if row.against is None else f"{_number(row.against)} {row.unit:<2}"
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        print(
            f"{row.operation:<52}{row.floor:<40}{_number(row.ours)} {row.unit:<2}{against:>12}"
            f"{ratio:>8}{row.goal:>9}{'' if row.reached else '  MISSED'}",
            flush=True,
        )
    own, started = (
        resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    print(f"peak memory of this process: {own:.0f} MB, of those it started: {started:.0f} MB", flush=True)
