"""Run by test_crash: kills itself at every statement of a report in turn, and looks what is left each time.

Prints one line a kill: how many statements had run, and how many completions stand.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from sqlalchemy import event, text

from app.core.config import Settings
from app.domain.reports import EntryMethod
from app.schemas.completions import CompletionIn
from app.services import checks, reporting
from app.services.context import Caller, Service, operator, transact
from app.services.sealing import seal_next
from app.services.startup import open_service
from app.store import dialect
from tests.support import SECRET, Moment, john

MOST_STATEMENTS = 80


def opened(url: str, folder: str) -> Service:
    settings = Settings(database_url=url, data_dir=Path(folder), secret_key=SECRET)
    return open_service(settings, at=Moment(), migrate=False)


def report(url: str, folder: str, die_at: int) -> None:
    """Report John Smith's row, and die before statement number `die_at`, counting COMMIT as one."""
    service = opened(url, folder)
    seen = 0

    def count(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    dialect.BEFORE_STATEMENT.append(count)
    event.listen(service.database.engine, "commit", count)
    caller: Caller = operator(service, "0008001")
    given = CompletionIn.model_validate(john()).as_report("0008001", service.clock(), EntryMethod.API)
    transact(caller, reporting.report, given)
    service.database.close()


def left(url: str, folder: str) -> int:
    """Return how many completions of the course stand, after proving every invariant."""
    service = opened(url, folder)
    while service.database.write(lambda connection: seal_next(connection, service)):
        pass
    faults = checks.faults(service)
    count = service.database.read(
        lambda c: c.execute(text("SELECT count(*) FROM completions WHERE activity_id = '200912095'")).scalar_one()
    )
    service.database.close()
    if faults:
        raise SystemExit(f"after a kill: {faults}")
    return int(count)


def main() -> None:
    url, folder = sys.argv[1:]
    for die_at in range(1, MOST_STATEMENTS):
        child = os.fork()
        if child == 0:
            report(url, folder, die_at)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status)
        print(die_at, "killed" if killed else os.waitstatus_to_exitcode(status), left(url, folder), flush=True)
        if not killed:
            return


if __name__ == "__main__":
    main()
