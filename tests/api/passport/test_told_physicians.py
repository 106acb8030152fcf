"""Physicians are mailed of what happens to their credit: as they choose, once; provider, activity and state alone."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from app.core.errors import Forbidden
from app.domain.passport.notices import SETTLED_AFTER, MailChoices, MailTime
from app.services.access import departures, erasure
from app.services.batches.steps import Pace, apply_some, read_one
from app.services.context import Caller, Service, operator, transact
from app.services.passport import telling
from app.store.people import persons
from app.store.sql import statements
from tests.builders.bodies import a_completion, tina
from tests.builders.disputes import physician_of
from tests.builders.people import physicians_on_file
from tests.harness.access.people import Mail, mails
from tests.harness.api import Api, settle
from tests.harness.board_views import decide
from tests.harness.clock import ManualClock
from tests.harness.uploads import upload

AT_ONCE = MailChoices(reported=MailTime.AT_ONCE)


def told(service: Service, clock: ManualClock, after: timedelta = SETTLED_AFTER) -> list[Mail]:
    """Return the mails of what has happened, some time after it was seen."""
    before = len(mails(service))
    settle(service)
    while telling.tell(service):
        pass
    clock.now += after
    while telling.tell(service):
        pass
    return mails(service)[before:]


def said(mail: Mail) -> list[str]:
    """Return what the lines of a mail say, each in one line."""
    listed = mail.body.replace("\r\n", "\n").replace("\n  ", " ").splitlines()
    return [line[2:] for line in listed if line.startswith("- ")]


@pytest.fixture
def record(api: Api, service: Service) -> Any:
    """A record of Tina's from before her account was confirmed."""
    made = api.report(tina())
    settle(service)
    return made


@pytest.fixture
def physician(record: Any, service: Service, clock: ManualClock) -> Caller:
    """Tina, who is mailed of everything at once; nothing waits to be told."""
    told(service, clock)
    caller = physician_of(service, record.json["completion_id"])
    transact(caller, telling.choose, AT_ONCE)
    return caller


def change(api: Api, record: Any, body: Any) -> Any:
    """Correct a record."""
    path = f"/v1/learner-completions/{record.json['completion_id']}"
    now = api.get(path)
    changed = api.send("PUT", path, headers={"If-Match": now.response.headers["ETag"]}, json=body)
    assert changed.status == 200, changed.json
    return changed


def withdraw(api: Api, record: Any) -> None:
    """Withdraw a record."""
    path = f"/v1/learner-completions/{record.json['completion_id']}"
    etag = api.get(path).response.headers["ETag"]
    assert api.send("DELETE", path, headers={"If-Match": etag}).status in (200, 204)


def count(service: Service, table: str) -> int:
    return int(service.database.read(lambda conn: statements.fetch_value(conn, f"SELECT count(*) FROM {table}")))


def test_what_was_there_before_the_account_was_confirmed_is_not_told(
    record: Any, service: Service, clock: ManualClock
) -> None:
    assert told(service, clock) == []
    physician_of(service, record.json["completion_id"])
    assert told(service, clock, timedelta(days=8)) == []


def test_what_is_reported_rejected_corrected_and_withdrawn_is_told_and_nothing_but_provider_activity_and_state(
    physician: Caller, api: Api, service: Service, clock: ManualClock
) -> None:
    made = api.report(tina("2021-12-02"))
    (mail,) = told(service, clock)
    assert mail.subject == "Credit was reported for you"
    (line,) = said(mail)
    assert line.startswith("Grand Rounds Anesthesia, ") and line.endswith(": reported")
    corrected = change(api, made, tina("2021-12-02", total=0.5))
    (mail,) = told(service, clock)
    assert [line.rpartition(": ")[2] for line in said(mail)] == ["an amount was corrected"]
    decide(service, corrected.json["credits"][0]["credit_id"], "rejected")
    (mail,) = told(service, clock)
    assert [line.rpartition(": ")[2] for line in said(mail)] == ["rejected by a board"]
    withdraw(api, made)
    (mail,) = told(service, clock)
    assert mail.subject == "Credit of yours was withdrawn"
    for one in mails(service):
        for personal in ("Tina", "Karacme", "11/24", "35867909", "0.25", "0.5", "ABA", "2021"):
            assert personal not in one.subject + one.body
    assert told(service, clock, timedelta(days=8)) == []
    settle(service)


def test_what_leaves_the_amounts_alone_and_what_a_board_accepts_is_not_told(
    physician: Caller, record: Any, api: Api, service: Service, clock: ManualClock
) -> None:
    changed = change(api, record, tina("2021-12-03"))
    assert told(service, clock) == []
    decide(service, changed.json["credits"][0]["credit_id"], "accepted")
    assert told(service, clock, timedelta(days=8)) == []


def test_a_record_that_is_found_to_be_another_physicians_is_withdrawn_for_one_and_reported_for_the_other(
    physician: Caller, record: Any, api: Api, service: Service, clock: ManualClock
) -> None:
    other = physician_of(service, api.report(a_completion()).json["completion_id"])
    transact(other, telling.choose, AT_ONCE)
    told(service, clock)
    change(api, record, a_completion(completed_on="2021-12-01"))
    got = {mail.subject for mail in told(service, clock)}
    assert got == {"Credit of yours was withdrawn", "Credit was reported for you"}


def test_by_default_reports_wait_for_monday_morning_and_come_in_one_mail(
    record: Any, api: Api, service: Service, clock: ManualClock
) -> None:
    physician_of(service, record.json["completion_id"])
    told(service, clock)
    assert f"{clock.now:%A}" == "Monday", clock.now
    for day in range(2, 6):
        api.report(tina(f"2021-11-0{day}"))
        assert told(service, clock, timedelta(hours=20)) == []
    (mail,) = told(service, clock, timedelta(days=7))
    assert said(mail) == ["Grand Rounds Anesthesia, " + said(mail)[0].split(", ", 1)[1]]
    assert told(service, clock, timedelta(days=8)) == []


def test_one_file_of_many_records_of_one_physician_is_one_mail_though_it_takes_an_hour(
    physician: Caller, api: Api, service: Service, clock: ManualClock
) -> None:
    lines = [msgspec.json.encode(tina(f"2021-11-{1 + n:02}")) for n in range(30)]
    sent = upload(api, b"\n".join(lines), name="learners.jsonl")
    assert sent.status == 202, sent.json
    before = len(mails(service))
    while read_one(service):
        pass
    while apply_some(service, Pace(on_sqlite=service.database.on_sqlite, at_once=10)):
        settle(service)
        clock.now += timedelta(minutes=20)
        while telling.tell(service):
            pass
    assert len(mails(service)) <= before + 1
    told(service, clock)
    assert len(mails(service)) == before + 1


def test_each_choice_is_kept_and_who_wants_no_mail_gets_none(
    physician: Caller, api: Api, service: Service, clock: ManualClock
) -> None:
    never = MailChoices(**dict.fromkeys(MailChoices.__struct_fields__, MailTime.NONE))
    made = api.report(tina("2021-12-02"))
    settle(service)
    telling.tell(service)
    assert count(service, "passport_notices") == 1
    transact(physician, telling.choose, never)
    assert service.database.read(lambda connection: telling.choices(connection, physician)) == never
    assert count(service, "passport_notices") == 0, "what waited is not told either"
    withdraw(api, made)
    assert told(service, clock, timedelta(days=8)) == []
    settle(service)


def test_what_waits_for_monday_is_told_at_once_where_that_is_chosen_meanwhile(
    physician: Caller, api: Api, service: Service, clock: ManualClock
) -> None:
    transact(physician, telling.choose, MailChoices())
    api.report(tina("2021-12-02"))
    assert told(service, clock) == []
    transact(physician, telling.choose, AT_ONCE)
    assert len(told(service, clock)) == 1


def test_who_is_not_confirmed_neither_chooses_nor_is_told(
    record: Any, api: Api, service: Service, clock: ManualClock
) -> None:
    opened = physician_of(service, record.json["completion_id"], confirmed=False)
    with pytest.raises(Forbidden):
        transact(opened, telling.choose, MailChoices())
    with pytest.raises(Forbidden):
        service.database.read(lambda connection: telling.choices(connection, opened))
    api.report(tina("2021-12-02"))
    assert told(service, clock, timedelta(days=8)) == []


def test_a_closed_account_and_an_erased_physician_are_told_nothing(
    physician: Caller, api: Api, service: Service, clock: ManualClock
) -> None:
    api.report(tina("2021-12-02"))
    settle(service)
    telling.tell(service)
    assert count(service, "passport_notices") == 1

    def close(work: Any) -> None:
        membership = persons.membership(work.connection, physician.client.client_id)
        assert membership is not None
        departures.end_membership(work, membership)

    transact(operator(service), close)
    for table in ("passport_notices", "passport_mail_choices"):
        assert count(service, table) == 0
    api.report(tina("2021-12-03"))
    assert told(service, clock, timedelta(days=8)) == []
    (tina_id,) = [id for id, one in physicians_on_file(service).items() if ("karacme", "tina") in one.names]
    erasure.erase(service, tina_id, unread=True)
    assert told(service, clock, timedelta(days=8)) == []
    settle(service)


class Killed(Exception):
    """Where a worker is killed."""


@pytest.mark.parametrize(
    "statement", ["UPDATE passport_mail_marks", "DELETE FROM passport_notices", "INSERT INTO mails"]
)
def test_whoever_is_killed_at_any_statement_loses_nothing_and_mails_nothing_twice(
    physician: Caller, api: Api, service: Service, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, statement: str
) -> None:
    for day in range(2, 5):
        api.report(tina(f"2021-12-0{day}"))
    settle(service)
    before = len(mails(service))

    def kill(sql: str) -> None:
        if sql.startswith(statement):
            raise Killed

    for _ in range(2):
        with monkeypatch.context() as patched:
            patched.setattr(statements, "BEFORE_STATEMENT", [kill])
            for _ in range(2):
                try:
                    telling.tell(service)
                except Killed:
                    pass
                clock.now += SETTLED_AFTER
        telling.tell(service)
    told(service, clock)
    assert len(mails(service)) == before + 1


def test_two_workers_at_once_write_one_mail(physician: Caller, api: Api, service: Service, clock: ManualClock) -> None:
    api.report(tina("2021-12-02"))
    settle(service)
    before = len(mails(service))

    def work() -> None:
        for _ in range(5):
            telling.tell(service)

    for _ in range(2):
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        clock.now += SETTLED_AFTER
    assert len(mails(service)) == before + 1


def test_a_report_runs_the_same_statements_whether_its_physician_is_mailed_or_not(
    record: Any, api: Api, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mails are made of what the sealer has published: reporting pays nothing for them."""
    api.report(tina("2021-12-02"))
    api.report(tina("2021-12-03"))
    seen: list[str] = []

    def see(sql: str) -> None:
        # Whose key it is, and for whom it acts, is known for a moment.
        if "client_secrets" not in sql and "FROM grants" not in sql:
            seen.append(sql)

    monkeypatch.setattr(statements, "BEFORE_STATEMENT", [see])
    api.report(tina("2021-12-04"))
    without = list(seen)
    physician_of(service, record.json["completion_id"])
    seen.clear()
    api.report(tina("2021-12-05"))
    assert seen == without
    assert not any("passport_notices" in sql or "passport_mail" in sql for sql in seen)
