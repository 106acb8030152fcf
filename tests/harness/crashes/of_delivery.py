"""Run by test_webhook_leases: sends what is due, and kills itself before a statement about deliveries.

Arguments: the database's address, a folder, which statement that changes deliveries it dies at (1 takes, 2 notes).
"""

from __future__ import annotations

import os
import signal
import sys

from app.store.sql import statements
from tests.harness.crashes.of_reporting import opened
from tests.harness.inbox import allowing_private, attempts


def main() -> None:
    url, folder, die_at = sys.argv[1:]
    seen = 0

    def count(sql: str) -> None:
        nonlocal seen
        seen += sql.startswith("UPDATE webhook_deliveries")
        if seen == int(die_at):
            os.kill(os.getpid(), signal.SIGKILL)

    service = opened(url, folder)
    statements.BEFORE_STATEMENT.append(count)
    attempts(allowing_private(service))
    service.database.close()


if __name__ == "__main__":
    main()
