"""`make bench`: the table of ratios. `python -m benchmarks single sqlite` runs a part of it."""

from __future__ import annotations

import sys

from app.core.logging import configure_logging
from benchmarks import matching, single, validations
from benchmarks.table import show

PARTS = {"single": single.rows, "matching": matching.rows, "validations": validations.rows}


def main() -> None:
    """Run what was asked for, everything when nothing was."""
    configure_logging()
    asked = set(sys.argv[1:])
    parts = [part for part in PARTS if not asked & PARTS.keys() or part in asked]
    databases = [each for each in ("sqlite", "postgresql") if not asked & {"sqlite", "postgresql"} or each in asked]
    for part in parts:
        for database in databases:
            show(PARTS[part](database))


if __name__ == "__main__":
    main()
