"""`make bench`: the table of ratios. `python -m benchmarks single sqlite` runs a part of it.

What takes long is run only when it is named, as `make bench-large` does: `pages`, and `million`.
"""

from __future__ import annotations

import sys

from app.core.logging import configure_logging
from benchmarks import (
    backlog,
    batches,
    feed,
    matching,
    million,
    pages,
    reading,
    records,
    single,
    validation_files,
    validations,
    writing,
)
from benchmarks.table import show

PARTS = {
    "single": single.rows,
    "matching": matching.rows,
    "validations": validations.rows,
    "validation-files": validation_files.rows,
    "feed": feed.rows,
    "backlog": backlog.rows,
    "batches": batches.rows,
}
WITHOUT_DATABASE = {
    "reading": lambda _: reading.rows(),
    "records": records.rows,
    "writing": lambda _: writing.rows(),
}
LARGE = {"pages": pages.rows, "million": million.rows}


def main() -> None:
    """Run what was asked for, everything when nothing was."""
    configure_logging()
    asked = set(sys.argv[1:])
    every = PARTS | WITHOUT_DATABASE | LARGE
    parts = [part for part in every if part in asked or (part not in LARGE and not asked & every.keys())]
    databases = [each for each in ("sqlite", "postgresql") if not asked & {"sqlite", "postgresql"} or each in asked]
    for part in parts:
        for database in databases if part not in WITHOUT_DATABASE else ("",):
            show(every[part](database))


if __name__ == "__main__":
    main()
