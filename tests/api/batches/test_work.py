"""Work on batches: whatever happens in between, they end as if nothing had; nobody waits for another."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from app.core.errors import Unavailable
from app.domain.batches import Batch, BatchOwner, FileFault, FileFaultCode, RawRow, RowResult
from app.services.batches import applying, claims
from app.services.batches import reading as batch_reading
from app.services.batches.record_kinds import apply_records
from app.services.batches.steps import Pace, apply_some, read_one
from app.services.context import Service, Work
from app.store import batches
from app.store.sql import statements
from tests.builders.bodies import GRAND_ROUNDS, a_completion
from tests.builders.sent_files import lines, row, tab_text, workbook
from tests.harness.api import Api, api_of, settle
from tests.harness.clock import ManualClock
from tests.harness.properties import TIMES
from tests.harness.uploads import rows_of, upload, work_through, worked
from tests.harness.wire import at_once

DAYS = [f"12/{day:02}/2021" for day in range(1, 13)]
MIXED = [
    *(row(Completion_Date=day) for day in DAYS[:4]),
    row(Completion_Date=DAYS[0], Record_Action="Delete"),
    row(Completion_Date=DAYS[1], Record_Action="Update", Number_of_CME_Credits=3),
    row(Completion_Date=DAYS[2], Licensing_State="Maine", Licensing_ID="MD9977"),
    row(Completion_Date=DAYS[5], Number_of_CME_Credits=0.3),
]
"""Rows of every outcome that build on each other."""


STEP = 1 if TIMES > 1 else 11
"""Statements between two at which the plug is pulled."""


class Unplugged(BaseException):
    """The plug was pulled between two statements."""


@contextmanager
def unplugged_at(number: int) -> Iterator[Iterator[int]]:
    """Pull the plug before a statement, counted from here; yield the count."""
    count = itertools.count(1)

    def pull(_: str) -> None:
        if next(count) == number:
            raise Unplugged

    statements.BEFORE_STATEMENT.append(pull)
    try:
        yield count
    finally:
        statements.BEFORE_STATEMENT.remove(pull)


def seen(api: Api, batch_id: str) -> Any:
    """Return what a batch has become, without ids and instants."""
    batch = api.get(f"/v1/batches/{batch_id}").json
    rows = [(row["row"], row["outcome"], [said["rule"] for said in row["findings"]]) for row in rows_of(api, batch)]
    stands = [
        (
            completion["completed_on"],
            completion["occasion"],
            [(credit["board"], credit["credits"]) for credit in completion["credits"]],
        )
        for completion in api.completions(activity_id=GRAND_ROUNDS, sort="completed_on", limit=500)
    ]
    return batch["status"], batch["counts"], batch["warnings"], rows, stands


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("at_once", "alone"), [(3, False), (1, True)], ids=["a commit a piece", "pieces in one commit"]
)
def test_a_batch_unplugged_before_any_statement_ends_as_one_that_was_not(
    api: Api, service: Service, clock: ManualClock, at_once: int, alone: bool
) -> None:
    content = tab_text(MIXED)
    expected = seen(api, worked(api, service, content, at_once=3)["batch_id"])
    withdraw_all(api)
    number, ended = 1, False
    while not ended:
        batch_id = upload(api, content).json["batch_id"]
        with unplugged_at(number) as count:
            try:
                work_through(service, at_once, alone=alone)
                ended = next(count) <= number
            except (Unplugged, Unavailable):
                # Whoever was dead for so long has lost its claim.
                clock.now += claims.CLAIM * 2
        work_through(service, 3)
        status, counts, warnings, *rest = seen(api, batch_id)
        told = [warning for warning in warnings if warning["rule"] != "file-seen-before"]
        assert (status, counts, told, *rest) == expected, number
        withdraw_all(api)
        number += STEP
    assert number > 60, "it runs more statements than that"
    settle(service)


def withdraw_all(api: Api) -> None:
    assert api.post(f"/v1/activities/{GRAND_ROUNDS}/withdraw-learners", None).status == 200


def test_a_small_file_does_not_wait_for_large_ones(api: Api, service: Service, clock: ManualClock) -> None:
    other = api_of(api.http, service, "small", providers=["0008002"])
    large = lines(a_completion(completed_on=f"2021-11-{day:02}") for day in range(1, 31))
    ours = [upload(api, large, dry_run=False).json["batch_id"] for _ in range(5)]
    while read_one(service):
        pass
    for _ in ours:
        clock.now += timedelta(seconds=1)
        applying.apply_next(service, 5)
    small = upload(other, lines([a_completion()])).json["batch_id"]
    also_ours = upload(api, lines([a_completion(completed_on="2021-10-01")])).json["batch_id"]
    for _ in range(2):
        read_one(service)
    for _ in range(3):
        clock.now += timedelta(seconds=1)
        applying.apply_next(service, 5)
    assert other.get(f"/v1/batches/{small}").json["status"] == "completed"
    assert api.get(f"/v1/batches/{also_ours}").json["status"] == "completed"
    assert {api.get(f"/v1/batches/{our}").json["status"] for our in ours} == {"applying"}


def test_a_reader_that_was_taken_for_dead_writes_nothing_more(api: Api, service: Service, clock: ManualClock) -> None:
    batch_id = upload(api, workbook([row()])).json["batch_id"]
    first = claimed(service)
    clock.now += claims.CLAIM + timedelta(seconds=1)
    second = claimed(service)
    assert (first.batch_id, second.batch_id, second.fence) == (batch_id, batch_id, first.fence + 1)
    with pytest.raises(claims.ClaimLost):
        batch_reading._store(service, first, 0, [[RawRow(number=1, raw="{}")]])
    assert batch_reading._read(service, second).records == 1
    with pytest.raises(claims.ClaimLost):
        batch_reading._save(service, first, {"records": 7})
    work_through(service)
    assert api.get(f"/v1/batches/{batch_id}").json["counts"]["added"] == 1


def claimed(service: Service) -> Batch:
    found = claims.claim_next(service, None)
    assert found is not None
    return found


def test_of_many_workers_one_applies_each_piece(api: Api, service: Service) -> None:
    rows = [row(Completion_Date=day) for day in DAYS]
    batch_id = upload(api, tab_text(rows)).json["batch_id"]
    read_one(service)

    def work() -> None:
        while apply_some(service, Pace(on_sqlite=service.database.on_sqlite, at_once=1)):
            pass

    at_once([work] * 6)
    batch = api.get(f"/v1/batches/{batch_id}").json
    assert (batch["status"], batch["counts"]["added"]) == ("completed", len(DAYS))
    assert [row["row"] for row in rows_of(api, batch)] == list(range(2, len(DAYS) + 2))
    settle(service)


def test_a_record_on_which_the_service_fails_stops_no_other(
    api: Api, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails_on_the_third(work: Work, batch: Batch, rows: Sequence[tuple[int, RawRow]]) -> list[RowResult]:
        if any(place == 2 for place, _ in rows):
            raise RuntimeError("a fault of ours")
        return apply_records(work, batch, rows)

    monkeypatch.setattr(applying, "apply_records", fails_on_the_third)
    batch = worked(api, service, tab_text(row(Completion_Date=day) for day in DAYS[:5]))
    assert (batch["counts"]["added"], batch["counts"]["rejected"]) == (4, 1)
    (refused,) = rows_of(api, batch, outcome="rejected")
    assert (refused["row"], refused["findings"][0]["rule"]) == (4, "internal")
    monkeypatch.undo()
    assert api.post(f"/v1/batches/{batch['batch_id']}/retry", None).status == 200
    work_through(service)
    assert api.get(f"/v1/batches/{batch['batch_id']}").json["counts"]["added"] == 5
    settle(service)


def test_while_nobody_waits_one_transaction_takes_piece_after_piece(
    api: Api, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = tab_text(row(Completion_Date=day) for day in DAYS)
    first = upload(api, content).json["batch_id"]
    while read_one(service):
        pass
    turn = applying.apply_next(service, 5, seconds=60)
    assert turn is not None
    assert turn.records == len(DAYS)
    assert api.get(f"/v1/batches/{first}").json["counts"]["added"] == 12
    withdraw_all(api)
    upload(api, content)
    while read_one(service):
        pass
    monkeypatch.setattr(service.database, "has_waiting_writes", lambda: True)
    turn = applying.apply_next(service, 5, seconds=60)
    assert turn is not None
    assert turn.records == 5, "somebody waits"


def test_a_piece_that_fails_undoes_none_of_those_before_it(
    api: Api, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch_id = upload(api, tab_text(row(Completion_Date=day) for day in DAYS)).json["batch_id"]
    while read_one(service):
        pass

    def fails(work: Work, batch: Batch, rows: Sequence[tuple[int, RawRow]]) -> list[RowResult]:
        results = apply_records(work, batch, rows)
        if batch.applied >= 6:
            raise RuntimeError("a fault of our own")
        return results

    monkeypatch.setattr(applying, "apply_records", fails)
    turn = applying.apply_next(service, 3, seconds=60)
    assert turn is not None
    assert turn.records == 6
    assert api.get(f"/v1/batches/{batch_id}").json["counts"]["added"] == 6
    assert len(api.completions(activity_id=GRAND_ROUNDS, limit=500)) == 6
    monkeypatch.undo()
    work_through(service)
    assert api.get(f"/v1/batches/{batch_id}").json["counts"]["added"] == 12


def test_a_batch_for_which_the_database_is_not_there_keeps_no_other_from_going_on(
    api: Api, service: Service, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = tab_text(row(Completion_Date=day) for day in DAYS)
    stuck, other = (upload(api, file).json["batch_id"] for file in (content, content + b"\r\n"))
    while read_one(service):
        pass

    def fails(work: Work, batch: Batch, rows: Sequence[tuple[int, RawRow]]) -> list[RowResult]:
        if batch.batch_id == stuck:
            raise OperationalError("", None, Exception("out of memory"))
        return apply_records(work, batch, rows)

    monkeypatch.setattr(applying, "apply_records", fails)
    for _ in range(8):
        clock.now += timedelta(seconds=1)
        with suppress(Unavailable):
            applying.apply_next(service, 5, seconds=60)
    assert api.get(f"/v1/batches/{other}").json["status"] == "completed"
    assert api.get(f"/v1/batches/{stuck}").json["status"] == "applying"


def test_a_transaction_that_ends_in_a_later_piece_takes_the_earlier_ones_with_it(
    api: Api, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch_id = upload(api, tab_text(row(Completion_Date=day) for day in DAYS)).json["batch_id"]
    while read_one(service):
        pass
    lost: list[int] = []

    def loses(work: Work, batch: Batch, rows: Sequence[tuple[int, RawRow]]) -> list[RowResult]:
        if batch.applied and not lost:
            driver: Any = work.connection.connection.driver_connection
            driver.rollback()
            lost.append(batch.applied)
            raise RuntimeError("the disk is full")
        return apply_records(work, batch, rows)

    monkeypatch.setattr(applying, "apply_records", loses)
    with suppress(Unavailable):
        applying.apply_next(service, 4, seconds=60)
    assert lost == [4]
    told = api.get(f"/v1/batches/{batch_id}").json["counts"].get("added", 0)
    assert told == len(api.completions(activity_id=GRAND_ROUNDS, limit=500)) <= 2
    work_through(service)
    assert api.get(f"/v1/batches/{batch_id}").json["counts"]["added"] == 12
    settle(service)


def test_a_file_that_its_parser_does_not_survive_is_tried_three_times_and_the_next_is_read(
    api: Api, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    @contextmanager
    def dies(*_: Any, **__: Any) -> Iterator[Any]:
        tried.append(1)
        raise FileFault(FileFaultCode.PARSER_FAILED, "It died.")
        yield

    monkeypatch.setattr(batch_reading, "open_file", dies)
    batch = worked(api, service, workbook([row()]))
    assert (batch["status"], batch["file_error"]["code"], len(tried)) == ("failed", "parser-failed", 3)
    monkeypatch.undo()
    assert worked(api, service, workbook([row()]))["status"] == "completed"
    again = api.post(f"/v1/batches/{batch['batch_id']}/retry", None)
    assert again.json["status"] == "queued"
    work_through(service)
    assert api.get(f"/v1/batches/{batch['batch_id']}").json["counts"]["unchanged"] == 1


def test_a_batch_cancelled_while_it_is_read_stays_so(api: Api, service: Service) -> None:
    batch_id = upload(api, workbook([row()])).json["batch_id"]
    reading = claimed(service)
    assert api.post(f"/v1/batches/{batch_id}/cancel", None).json["status"] == "cancelled"
    with pytest.raises(claims.ClaimLost):
        batch_reading._read(service, reading)
    work_through(service)
    assert api.get(f"/v1/batches/{batch_id}").json["status"] == "cancelled"
    assert api.post(f"/v1/batches/{batch_id}/retry", None).json["status"] == "queued"
    work_through(service)
    assert api.get(f"/v1/batches/{batch_id}").json["status"] == "completed"


def test_what_never_became_a_batch_is_forgotten_a_day_later(api: Api, service: Service, clock: ManualClock) -> None:
    from app.worker import delete_expired

    upload(api, workbook([row()]))
    service.database.write(
        lambda connection: statements.execute(
            connection, "INSERT INTO uploads (upload_id, created_at) VALUES ('gone', :at)", {"at": clock.now}
        )
    )
    delete_expired(service)
    assert uploads(service) == 2
    clock.now += timedelta(days=2)
    delete_expired(service)
    assert uploads(service) == 1


def uploads(service: Service) -> int:
    ((count,),) = service.database.read(lambda connection: statements.fetch(connection, "SELECT count(*) FROM uploads"))
    return int(count)


def test_the_pace_follows_what_a_piece_takes() -> None:
    pace = Pace(on_sqlite=True, at_once=50)
    pace.learn(50, 10.0)
    assert pace.at_once == 25
    for _ in range(10):
        pace.learn(pace.at_once, 0.0001)
    assert pace.at_once == 250


def test_pieces_are_longer_while_nobody_would_wait_but_never_too_long() -> None:
    assert Pace(on_sqlite=True, at_once=30).at_once_alone == 180
    assert Pace(on_sqlite=True, at_once=60).at_once_alone == 250
    assert Pace(on_sqlite=False, at_once=60).at_once_alone == 60


def test_a_request_that_writes_is_noticed_by_who_works_beside_it(api: Api, service: Service) -> None:
    assert not service.database.had_request_within(60)
    api.report(a_completion())
    assert service.database.had_request_within(60)


def test_pieces_are_kept_as_they_were_sent(service: Service, api: Api) -> None:
    sent = [row(First_Name=f"R{number}") for number in range(600)]
    batch_id = upload(api, tab_text(sent)).json["batch_id"]
    read_one(service)
    batch = service.database.read(
        lambda connection: batches.one(connection, BatchOwner(provider_id="0008001"), batch_id)
    )
    assert batch is not None
    kept = service.database.read(lambda connection: batches.records(connection, batch, 240, 300))
    assert [place for place, _ in kept] == list(range(240, 540))
    assert [record.raw[3] for _, record in kept] == [f"R{number}" for number in range(240, 540)]  # type: ignore[index]
