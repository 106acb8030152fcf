"""Run by test_crash: kills itself at one statement of a verb after another, and looks what is left each time.

Prints one line a kill: before which statement, how the process ended, and what stands. The last line tells what the
same verb answers when it is sent once more.
"""

from __future__ import annotations

import asyncio
import hashlib
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
from app.core.errors import CompletionRejected, Conflict
from app.domain.batches import BatchKind, BatchOwner, EntryMethod
from app.domain.decisions import Decision, Verdict
from app.domain.held import HelpAction
from app.schemas.completions import CompletionIn
from app.services.activities import withdrawal
from app.services.batches import lifecycle, uploads
from app.services.batches.lifecycle import NewBatch
from app.services.batches.steps import Pace, apply_some, read_one
from app.services.boards import decisions
from app.services.context import OPERATOR, Caller, Service, Work, operator, transact
from app.services.held import changes, help_requests
from app.services.held.help_requests import HelpAnswer
from app.services.held.judging import judge_next
from app.services.idempotency import Answer, once
from app.services.operations import checks
from app.services.operations.sealing import seal_next
from app.services.operations.startup import open_service
from app.services.registry.national import imports as nppes
from app.services.reporting import pipeline
from app.store import feed
from app.store.sql import statements
from tests.builders.bodies import COURSE, GRAND_ROUNDS, a_completion, john, tina
from tests.builders.merging import ann, anne, import_twice, merge
from tests.builders.nppes import ALMA, BRUNO, INTERNAL_MEDICINE, a_row, named, write_file
from tests.builders.people import import_people
from tests.builders.sent_files import lines
from tests.harness.clock import ManualClock
from tests.harness.databases import SECRET
from tests.harness.held import NORA, nora

MOST_STATEMENTS = 200
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


def keyed(service: Service) -> str:
    """Report under an idempotency key; return whether that was done before."""
    given = CompletionIn.model_validate(john()).as_report("0008001", service.clock(), EntryMethod.API)
    caller = replace(provider(service), idempotency_key="k", fingerprint="of the request")

    def produce(work: Work) -> Answer:
        return Answer(status=201, body=pipeline.report(work, given).outcome.value)

    answer = transact(caller, once, produce)
    return f"replayed-{answer.body}" if answer.replayed else answer.body


def under_key(service: Service) -> str:
    return f"{standing(service, COURSE)},{count(service, 'idempotency_keys')}"


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


def count(service: Service, of: str) -> int:
    return int(rows(service, f"SELECT count(*) FROM {of}")[0][0])


def ids_of(service: Service, last: str) -> list[str]:
    """Return the physicians of a last name, in the order of their ids."""
    query = "SELECT learner_id FROM learners WHERE last_name = :last ORDER BY learner_id"
    return [physician_id for (physician_id,) in rows(service, query, last=last)]


def three_asked_about(service: Service) -> None:
    """Hold three records of Nora, who is on file by another first name and number, and ask about the first."""
    for day in DAYS:
        hold(service, day)
    import_people(service, NORA | {"first_name": "Leonora", "date_of_birth": "07/19", "licenses": "TN-M:808080"})
    ((held_id,),) = rows(service, "SELECT min(held_id) FROM held_records")
    transact(provider(service), changes.ask, held_id, None)


def link_held(service: Service) -> str:
    ((help_id,),) = rows(service, "SELECT help_id FROM help_requests")
    (physician_id,) = ids_of(service, "Quillfeather")
    given = HelpAnswer(action=HelpAction.LINK, physician_id=physician_id)
    try:
        return transact(operator(service), help_requests.answer, help_id, given).held.status.value
    except Conflict:
        return "conflict"


def linked(service: Service) -> str:
    answered = count(service, "help_requests WHERE status = 'answered'")
    links = count(
        service, "learner_links k JOIN learners p ON p.learner_id = k.learner_id WHERE p.first_name = 'Leonora'"
    )
    return f"{answered},{held(service)},{links}"


def two_of_one(service: Service) -> None:
    import_twice(service)
    for body in (ann(), anne(), ann(DAYS[0], credits=1)):
        reported(service, body)


def merge_two(service: Service) -> str:
    one, into = ids_of(service, "Twice")
    try:
        merge(service, one, into)
    except Conflict:
        return "conflict"
    return "merged"


def merged(service: Service) -> str:
    stand = "FROM completions WHERE last_name = 'Twice' AND withdrawn_at IS NULL"
    whose = count(service, f"(SELECT DISTINCT learner_id {stand}) AS whose")
    return f"{count(service, 'registry_merges')},{whose},{rows(service, f'SELECT count(*) {stand}')[0][0]}"


def roster_waits(service: Service) -> None:
    """Take in a roster of three people, one of whom somebody else has dated otherwise."""
    import_people(service, NORA | {"certifications": "ABIM:9001"})
    person = {"first_name": "Nora", "last_name": "Quillfeather"}
    sent = lines(
        [
            person | {"date_of_birth": "07/10", "board_id": "9001"},
            {"first_name": "Ada", "last_name": "Lovell", "date_of_birth": "12/10", "board_id": "9002"},
            {"first_name": "Bo", "last_name": "Ng", "date_of_birth": "03/04", "board_id": "9003"},
        ]
    )
    digest = hashlib.sha256(sent).hexdigest()
    upload_id = uploads.store_upload(service, BatchOwner(board="ABIM"), iter([sent]), len(sent), digest)
    given = NewBatch(
        upload_id=upload_id, kind=BatchKind.ROSTER, filename="roster.ndjson", size=len(sent), digest=digest,
        permission_attested=False, dry_run=False,
    )  # fmt: skip
    transact(operator(service, board="ABIM"), lifecycle.create, given)
    while read_one(service):
        pass


def apply_roster(service: Service) -> str:
    return str(apply_some(service, Pace(on_sqlite=service.database.on_sqlite)))


def rostered(service: Service) -> str:
    applied = rows(service, "SELECT applied FROM batches")[0][0]
    numbers = count(service, "certifications WHERE board = 'ABIM' AND board_id IN ('9001', '9002', '9003')")
    return f"{numbers},{applied},{count(service, 'roster_dates')}"


def listed(service: Service) -> str:
    """Import two rows of the national provider file, of which one makes a pair."""
    folder = service.settings.data_dir
    folder.mkdir(exist_ok=True)
    dated = a_row(ALMA, (INTERNAL_MEDICINE, "910099", "TN"))
    bruno = named(a_row(BRUNO, (INTERNAL_MEDICINE, "ME5", "FL")), "BRUNO", "DESTRY")
    path = write_file(folder / f"npidata_pfile_{os.getpid()}-1.csv", [dated, bruno])
    counts = nppes.import_file(service, path)
    path.unlink()
    return f"{counts.added},{counts.unchanged}"


def alma_on_file(service: Service) -> None:
    import_people(
        service,
        {"first_name": "Alma", "last_name": "Castellan", "date_of_birth": "02/11", "licenses": "TN-M:910011"},
    )


def of_the_list(service: Service) -> str:
    return f"{count(service, 'learners WHERE npi_listed')},{count(service, 'registry_pairs')}"


def miss(service: Service) -> str:
    """Report Nora under a birth date that is not hers."""
    try:
        return reported(service, nora(born="07/10"))
    except CompletionRejected:
        return "rejected"


def charged(service: Service) -> str:
    return f"{count(service, 'identity_tries')},{standing(service, GRAND_ROUNDS)}"


@dataclass(frozen=True)
class Tried:
    """A verb with what it needs, and what is looked at afterwards."""

    before: Callable[[Service], object]
    does: Callable[[Service], str]
    left: Callable[[Service], str]


VERBS = {
    "report": Tried(lambda service: None, lambda s: reported(s, john()), lambda s: standing(s, COURSE)),
    "keyed": Tried(lambda service: None, keyed, under_key),
    "decide": Tried(three_of_aba, decide, decided),
    "carry": Tried(read_by_tennessee, carry, carried),
    "hold": Tried(lambda service: None, lambda s: hold(s, DAYS[0]), held),
    "judge-held": Tried(three_held, judge_held, held),
    "link": Tried(three_asked_about, link_held, linked),
    "merge": Tried(two_of_one, merge_two, merged),
    "roster": Tried(roster_waits, apply_roster, rostered),
    "list": Tried(alma_on_file, listed, of_the_list),
    "charge": Tried(lambda service: import_people(service, NORA), miss, charged),
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


def kill_each(verbs: dict[str, Tried]) -> None:
    """Do the verb that the command line names, and kill it before one statement after another."""
    verb, url, folder, step = sys.argv[1:]
    tried = verbs[verb]
    done(url, folder, tried.before)
    for die_at in range(1, MOST_STATEMENTS, int(step)):
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
    kill_each(VERBS)
