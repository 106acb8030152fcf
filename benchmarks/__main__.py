"""`make bench`: the table of ratios. `python -m benchmarks single sqlite` runs one part of it on one database.

The parts that take long, `licensee-lists`, `passport`, `pages`, `million`, `moving`, `exports` and `rems`, run only
when they are named, as `make bench-large` does.
"""

from __future__ import annotations

import sys

from app.core.logging import configure_logging
from benchmarks import (
    backlog,
    batches,
    console_pages,
    documents,
    exports,
    feed,
    http_calls,
    licensee_lists,
    matching,
    million,
    moving,
    pages,
    passport,
    permission_asked,
    reading,
    records,
    rems_report,
    single,
    validation_files,
    validations,
    writing,
)
from benchmarks.identity import cost
from benchmarks.table import show

PARTS = {
    "http": http_calls.rows,
    "single": single.rows,
    "documents": documents.rows,
    "matching": matching.rows,
    "identity": cost.rows,
    "validations": validations.rows,
    "validation-files": validation_files.rows,
    "feed": feed.rows,
    "backlog": backlog.rows,
    "batches": batches.rows,
    "permission": permission_asked.rows,
    "export": exports.rows,
    "console": console_pages.rows,
}
WITHOUT_DATABASE = {
    "reading": lambda _: reading.rows(),
    "records": records.rows,
    "writing": lambda _: writing.rows(),
}
LARGE = {
    "licensee-lists": licensee_lists.rows,
    "passport": passport.rows,
    "pages": pages.rows,
    "million": million.rows,
    "moving": moving.rows,
    "exports": exports.large_rows,
    "rems": rems_report.rows,
}


def main() -> None:
    """Run the parts named, or all but the long ones."""
    configure_logging()
    named = set(sys.argv[1:])
    every = PARTS | WITHOUT_DATABASE | LARGE
    parts = [part for part in every if part in named or (part not in LARGE and not named & every.keys())]
    databases = [
        database for database in ("sqlite", "postgresql") if not named & {"sqlite", "postgresql"} or database in named
    ]
    for part in parts:
        for database in databases if part not in WITHOUT_DATABASE else ("",):
            show(every[part](database))


if __name__ == "__main__":
    main()
