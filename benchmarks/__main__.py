"""`make bench`: the table of ratios. `python -m benchmarks single sqlite` runs a part of it.

What takes long is run only when it is named: `pages`, which is `make bench-large`, with a feed as large.
"""

from __future__ import annotations

import sys

from app.core.logging import configure_logging
from benchmarks import backlog, feed, matching, pages, reading, single, validations
from benchmarks.table import show

PARTS = {
    "single": single.rows,
    "matching": matching.rows,
    "validations": validations.rows,
    "feed": feed.rows,
    "backlog": backlog.rows,
}
LARGE = {"pages": pages.rows}
WITHOUT_DATABASE = {"reading": reading.rows}


def main() -> None:
    """Run what was asked for, everything when nothing was."""
    configure_logging()
    asked = set(sys.argv[1:])
    parts_asked = asked & (PARTS | LARGE | WITHOUT_DATABASE).keys()
    every = PARTS | LARGE
    parts = [part for part in every if part in asked or (part in PARTS and not parts_asked)]
    databases = [each for each in ("sqlite", "postgresql") if not asked & {"sqlite", "postgresql"} or each in asked]
    for part in parts:
        for database in databases:
            show(every[part](database))
    for part, rows in WITHOUT_DATABASE.items():
        if part in asked or not parts_asked:
            show(rows())


if __name__ == "__main__":
    main()
