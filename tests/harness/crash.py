"""Run by test_crash: kills itself at every statement of a verb in turn, and looks what is left each time.

Prints one line a kill: before which statement, how the process ended, and what stands. The last line tells what the
same verb answers when it is sent once more.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from sqlalchemy import event

from app.core.config import Settings
from app.domain.batches import EntryMethod
from app.domain.decisions import Decision, Verdict
from app.schemas.completions import CompletionIn
from app.services.activities import withdrawal
from app.services.boards import decisions
from app.services.context import OPERATOR, Caller, Service, operator, transact
from app.services.held.judging import judge_next
from app.services.operations import checks
from app.services.operations.sealing import seal_next
from app.services.operations.startup import open_service
from app.services.reporting import pipeline
from app.store import feed
from app.store.sql import statements
from tests.builders.bodies import COURSE, GRAND_ROUNDS, a_completion, john, tina
from tests.builders.people import import_people
from tests.harness.clock import ManualClock
from tests.harness.databases import SECRET
from tests.harness.held import NORA, nora

MOST_STATEMENTS = 80
DAYS = ("2021-12-01", "2021-12-02", "2021-12-03")


def opened(url: str, folder: str) -> Service:
    settings = Settings(database_url=url, data_dir=Path(folder), secret_key=SECRET)
    return open_service(settings, at=ManualClock(), migrate=False)


def provider(service: Service) -> Caller:
    return operator(service, "0008001")


def board(service: Service, code: str) -> Caller:
    return Caller(service=service, client=replace(OPERATOR, board=code), provider=None)


def reported(service: Service, body: Any) -> str:
    """Report a completion; return what became of it."""
    given = CompletionIn.model_validate(body).as_report("0008001", service.clock(), EntryMethod.API)
    return transact(provider(service), pipeline.report, given).outcome.value


def sealed(service: Service) -> None:
    while service.database.write(lambda connection: seal_next(connection, service)):
        pass


def rows(service: Service, query: str, **given: Any) -> list[Any]:
    return service.database.read(lambda connection: statements.fetch(connection, query, given))


def told(service: Service, code: str) -> list[tuple[str, int]]:
    """Return what a board was told of Grand Rounds' credit: each with its last position."""
    return rows(
        service,
        "SELECT e.credit_id, max(f.position) FROM feed f JOIN board_events e ON e.event_id = f.event_id "
        "JOIN credits x ON x.credit_id = e.credit_id WHERE f.board = :board AND x.activity_id = :activity "
        "GROUP BY e.credit_id ORDER BY e.credit_id",
        board=code,
        activity=GRAND_ROUNDS,
    )


def statuses(service: Service, code: str) -> str:
    found = rows(service, "SELECT DISTINCT status FROM credits WHERE board = :board ORDER BY status", board=code)
    return "+".join(status for (status,) in found)


def three_of_aba(service: Service) -> None:
    for day in DAYS:
        reported(service, tina(day))


def decide(service: Service) -> str:
    given = [
        Decision(credit_id=credit_id, position=position, verdict=Verdict.REJECTED, reason_code=None, reason="No.")
        for credit_id, position in told(service, "ABA")
    ]
    return "+".join(sorted(set(transact(board(service, "ABA"), decisions.decide_each, given))))


def decided(service: Service) -> str:
    kept = rows(service, "SELECT count(*) FROM decisions")[0][0]
    return f"{statuses(service, 'ABA')},{kept}"


def read_by_tennessee(service: Service) -> None:
    for day in DAYS:
        reported(service, a_completion(completed_on=day))
    sealed(service)
    last = service.database.read(lambda connection: feed.last_position(connection, "TN-M"))
    service.database.write(lambda connection: feed.mark_read(connection, "TN-M", last, service.clock()))


def carry(service: Service) -> str:
    return "passed" if decisions.settle_next(service) else "nothing"


def carried(service: Service) -> str:
    ((settled, read),) = rows(service, "SELECT settled, carried FROM board_marks WHERE board = 'TN-M'")
    return f"{statuses(service, 'TN-M')},{'all' if settled == read else settled}"


def three_learners(service: Service) -> None:
    for day in DAYS:
        reported(service, a_completion(completed_on=day))


def withdraw(service: Service) -> str:
    return str(asyncio.run(withdrawal.withdraw_all(provider(service), GRAND_ROUNDS)))


def standing(service: Service, activity_id: str) -> str:
    query = "SELECT count(*) FROM completions WHERE activity_id = :activity AND withdrawn_at IS NULL"
    return str(rows(service, query, activity=activity_id)[0][0])


def hold(service: Service, day: str) -> str:
    """Report a record of somebody whom the registry does not know."""
    body = CompletionIn.model_validate(nora(completed_on=day))
    report = replace(body.as_report("0008001", service.clock(), EntryMethod.API), hold=True)
    return transact(provider(service), pipeline.report, report).outcome.value


def three_held(service: Service) -> None:
    for day in DAYS:
        hold(service, day)
    import_people(service, NORA)


def held(service: Service) -> str:
    waiting, accepted = (
        rows(service, "SELECT count(*) FROM held_records WHERE status = :status", status=status)[0][0]
        for status in ("waiting", "accepted")
    )
    return f"{waiting},{accepted},{standing(service, GRAND_ROUNDS)}"


def judge_held(service: Service) -> str:
    return str(judge_next(service, 100).count)


@dataclass(frozen=True)
class Tried:
    """A verb with what it needs, and what is looked at afterwards."""

    before: Callable[[Service], object]
    does: Callable[[Service], str]
    left: Callable[[Service], str]


VERBS = {
    "report": Tried(lambda service: None, lambda s: reported(s, john()), lambda s: standing(s, COURSE)),
    "decide": Tried(three_of_aba, decide, decided),
    "carry": Tried(read_by_tennessee, carry, carried),
    "hold": Tried(lambda service: None, lambda s: hold(s, DAYS[0]), held),
    "judge-held": Tried(three_held, judge_held, held),
    "withdraw-learners": Tried(three_learners, withdraw, lambda s: standing(s, GRAND_ROUNDS)),
}


def killed_at(tried: Tried, url: str, folder: str, die_at: int) -> None:
    """Do it, and die before statement number `die_at`, counting COMMIT as one."""
    service = opened(url, folder)
    seen = 0

    def count(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    statements.BEFORE_STATEMENT.append(count)
    event.listen(service.database.engine, "commit", count)
    tried.does(service)
    service.database.close()


def done(url: str, folder: str, what: Callable[[Service], Any]) -> str:
    """Do something on a service of its own, then prove every invariant."""
    service = opened(url, folder)
    sealed(service)
    result = what(service)
    sealed(service)
    # The pages of the database are not in question here, and checking them takes most of the time.
    faults = checks.find_faults(service, whole=False)
    service.database.close()
    if faults:
        raise SystemExit(f"after a kill: {faults}")
    return str(result)


def main() -> None:
    verb, url, folder = sys.argv[1:]
    tried = VERBS[verb]
    done(url, folder, tried.before)
    for die_at in range(1, MOST_STATEMENTS):
        child = os.fork()
        if child == 0:
            killed_at(tried, url, folder, die_at)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status)
        ended = "killed" if killed else str(os.waitstatus_to_exitcode(status))
        print(die_at, ended, done(url, folder, tried.left), flush=True)
        if not killed:
            print("again", done(url, folder, tried.does), done(url, folder, tried.left), flush=True)
            return


if __name__ == "__main__":
    main()
