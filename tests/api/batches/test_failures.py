"""Work on batches that goes wrong: whoever is late harms nobody, and a fault of ours costs one record, not a file."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from app.domain.batches import Batch, BatchKind, BatchStatus, RawRow, RowResult
from app.files.parsing.parser_client import open_file
from app.services.activities import registration
from app.services.batches import applying, claims, dry_runs, reading, record_kinds
from app.services.batches import lifecycle as batch_verbs
from app.services.batches.record_kinds import apply_records
from app.services.batches.steps import Pace, apply_some, read_one
from app.services.context import Service, Work
from app.store import batches
from app.store.sql import statements
from app.store.sql.values import read_instant
from tests.builders.bodies import a_completion, an_activity
from tests.builders.sent_files import lines, row, tab_text
from tests.harness.api import Api, api_of, settle
from tests.harness.clock import ManualClock
from tests.harness.uploads import file_of, rows_of, upload, work_through, worked
from tests.harness.wire import at_once

DAYS = [f"12/{day:02}/2021" for day in range(1, 13)]


def claimed(service: Service) -> Batch:
    found = claims.claim_next(service, None)
    assert found is not None
    return found


def test_a_reader_that_is_late_to_begin_forgets_nothing_of_what_another_has_read(
    api: Api, service: Service, clock: ManualClock
) -> None:
    batch_id = upload(api, tab_text(row(Completion_Date=day) for day in DAYS[:3])).json["batch_id"]
    late = claimed(service)
    clock.now += claims.CLAIM + timedelta(seconds=1)
    read_one(service)
    with pytest.raises(claims.ClaimLost):
        reading._read(service, late)
    work_through(service)
    assert api.get(f"/v1/batches/{batch_id}").json["counts"]["added"] == 3
    settle(service)


def test_a_rehearsal_that_is_late_to_begin_forgets_nothing_of_another(
    api: Api, service: Service, clock: ManualClock
) -> None:
    batch_id = upload(api, tab_text([row()]), dry_run=True).json["batch_id"]
    late = reading._read(service, claimed(service))
    clock.now += claims.CLAIM + timedelta(seconds=1)
    read_one(service)
    dry_runs.dry_run(service, late)
    batch = api.get(f"/v1/batches/{batch_id}").json
    assert (batch["status"], len(rows_of(api, batch))) == ("completed", 1)


def fails_where(poisoned: Callable[[RawRow], bool], verb: Callable[..., Any] = apply_records) -> Callable[..., Any]:
    """Do what a verb does with the records that it is given last, but fail on some."""

    def judged(*given: Any, **more: Any) -> Any:
        if any(poisoned(raw) for _, raw in given[-1]):
            raise RuntimeError("a fault of ours")
        return verb(*given, **more)

    return judged


@pytest.mark.parametrize("kind", ["learner-completions", "learner-validations"])
def test_a_record_on_which_the_service_fails_stops_no_other_of_a_rehearsal(
    api: Api, service: Service, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    verbs = {"learner-completions": "read_completions", "learner-validations": "apply_validations"}
    as_ever = getattr(record_kinds, verbs[kind])
    monkeypatch.setattr(dry_runs, verbs[kind], fails_where(lambda raw: raw.number == 3, as_ever))
    rebecca = {"first_name": "Rebecca", "last_name": "Test", "state": "TN", "license_id": "444444"}
    bodies = {
        "learner-completions": [a_completion(completed_on=f"2021-12-{day:02}") for day in range(1, 6)],
        "learner-validations": [rebecca] * 5,
    }
    batch = worked(api, service, lines(bodies[kind]), kind, dry_run=True)
    assert batch["status"] == "completed"
    told = [row["outcome"] for row in rows_of(api, batch)]
    good = "added" if kind == "learner-completions" else "one"
    assert told == [good, good, "rejected", good, good]
    assert rows_of(api, batch)[2]["findings"][0]["rule"] == "internal"


@pytest.mark.parametrize("dry_run", [True, False])
def test_an_activity_on_which_the_service_fails_stops_no_other(
    api: Api, service: Service, monkeypatch: pytest.MonkeyPatch, dry_run: bool
) -> None:
    register = registration.register

    def fails(work: Work, given: Any) -> Any:
        if given.title == "Poison":
            raise RuntimeError("a fault of ours")
        return register(work, given)

    monkeypatch.setattr(registration, "register", fails)
    content = lines(an_activity(title=title) for title in ("One", "Poison", "Two"))
    batch = worked(api, service, content, "activities", dry_run=dry_run)
    assert [row["outcome"] for row in rows_of(api, batch)] == ["added", "rejected", "added"]
    assert rows_of(api, batch)[1]["findings"][0]["rule"] == "internal"


def test_a_rehearsal_that_fails_again_and_again_ends(
    api: Api, service: Service, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> Any:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(dry_runs, "_save", fails)
    batch_id = upload(api, tab_text([row()]), dry_run=True).json["batch_id"]
    for _ in range(10):
        with pytest.MonkeyPatch.context() as quiet:
            quiet.setattr(reading, "log", SimpleNamespace(warning=print))
            try:
                read_one(service)
            except RuntimeError:
                clock.now += claims.CLAIM * 2
    monkeypatch.undo()
    batch = api.get(f"/v1/batches/{batch_id}").json
    assert (batch["status"], batch["file_error"]["code"]) == ("failed", "parser-failed")
    assert api.post(f"/v1/batches/{batch_id}/retry", None).status == 200
    work_through(service)
    batch = api.get(f"/v1/batches/{batch_id}").json
    assert (batch["status"], batch["counts"]["read"], len(rows_of(api, batch))) == ("completed", 1, 1)


def test_a_record_of_another_file_is_not_refused_for_the_one_that_failed(
    api: Api, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = api_of(api.http, service, "other", providers=["0008002"])
    poisoned = upload(api, lines([a_completion(completed_on="2021-12-02")])).json["batch_id"]
    read_one(service)
    harmless: list[str] = []

    def fails(work: Work, batch: Batch, rows: Sequence[tuple[int, RawRow]]) -> list[RowResult]:
        if batch.batch_id != poisoned:
            return apply_records(work, batch, rows)
        raise RuntimeError("a fault of ours")

    def another_comes_first(*_: Any, **__: Any) -> None:
        # Between the failure and its refusal another file is ready, and its turn is sooner.
        if not harmless:
            harmless.append(upload(other, lines([a_completion()])).json["batch_id"])
            service.database.write(first_served)
            read_one(service)

    def first_served(connection: Any) -> None:
        at = service.clock()
        statements.execute(
            connection, "UPDATE batches SET turn_at = :at WHERE batch_id = :id", {"at": at, "id": poisoned}
        )

    monkeypatch.setattr(applying, "apply_records", fails)
    monkeypatch.setattr(applying, "log", SimpleNamespace(error=another_comes_first))
    applying.apply_next(service, 1)
    work_through(service)
    rules = {
        batch_id: [said["rule"] for row in rows_of(whose, {"batch_id": batch_id}) for said in row["findings"]]
        for whose, batch_id in ((api, poisoned), (other, harmless[0]))
    }
    assert rules[poisoned] == ["internal"]
    assert "internal" not in rules[harmless[0]]


def test_a_failing_record_at_the_end_of_a_piece_is_found_in_few_steps(
    api: Api, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = itertools.count()
    poison = fails_where(lambda raw: raw.number == 65)

    def counted(*given: Any) -> list[RowResult]:
        next(count)
        return poison(*given)

    monkeypatch.setattr(applying, "apply_records", counted)
    sent = (row(Completion_Date="12/01/2021", Number_of_CME_Credits=0.3) for _ in range(64))
    batch = worked(api, service, tab_text(sent), at_once=64)
    assert batch["counts"]["rejected"] == 64
    assert next(count) <= 40
    assert rows_of(api, batch)[-1]["findings"][0]["rule"] == "internal"


def test_a_file_whose_records_cannot_be_found_is_not_said_to_be_done_and_keeps_nobody_waiting(
    api: Api, service: Service, clock: ManualClock
) -> None:
    batch_id = upload(api, tab_text([row()])).json["batch_id"]
    read_one(service)
    service.database.write(lambda connection: statements.execute(connection, "DELETE FROM batch_pieces"))
    clock.now += timedelta(seconds=1)
    other = upload(api, tab_text([row(Completion_Date=DAYS[0])])).json["batch_id"]
    read_one(service)
    for _ in range(3):
        clock.now += timedelta(seconds=1)
        try:
            applying.apply_next(service, 5)
        except LookupError:
            continue
    assert api.get(f"/v1/batches/{batch_id}").json["status"] == "applying"
    assert api.get(f"/v1/batches/{other}").json["status"] == "completed"


def test_a_row_that_is_refused_after_it_has_written_leaves_no_trace(api: Api, service: Service) -> None:
    # It can be registered, but not closed: it has not ended.
    unfinished = an_activity(title="Never", internal_id="never", start_date="2021-12-01", end_date="2022-11-30")
    before = registered(service)
    batch = worked(api, service, lines([unfinished | {"close": True}]), "activities")
    (told,) = rows_of(api, batch)
    assert told["outcome"] == "rejected"
    assert registered(service) == before
    settle(service)


def registered(service: Service) -> int:
    found = service.database.read(
        lambda connection: statements.fetch(
            connection, "SELECT 1 FROM audit WHERE noun = 'activity' AND verb = 'register'"
        )
    )
    return len(found)


def test_a_file_that_takes_longer_to_read_than_a_claim_lasts_has_one_reader(
    api: Api, service: Service, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = open_file
    begun: list[int] = []

    @contextmanager
    def slow(*given: Any, **more: Any) -> Iterator[Any]:
        begun.append(1)
        for _ in range(4):
            clock.now += claims.CLAIM / 2
            until = time.monotonic() + 60
            while claim_of(service) <= clock.now + claims.CLAIM / 2 and time.monotonic() < until:
                time.sleep(0.01)
            assert claims.claim_next(service, None) is None, "another reader began it as well"
        with opened(*given, **more) as file:
            yield file

    monkeypatch.setattr(claims, "RENEWED_EVERY", 0.02)
    monkeypatch.setattr(reading, "open_file", slow)
    batch = worked(api, service, tab_text([row()]))
    assert (batch["status"], batch["counts"]["added"], len(begun)) == ("completed", 1, 1)


def claim_of(service: Service) -> Any:
    ((until,),) = service.database.read(
        lambda connection: statements.fetch(connection, "SELECT claimed_until FROM batches WHERE finished_at IS NULL")
    )
    return read_instant(until)


def test_a_retry_that_comes_twice_at_once_is_done_once(api: Api, service: Service) -> None:
    batch = worked(api, service, tab_text([row(), row(Number_of_CME_Credits=0.3)]))
    path = f"/v1/batches/{batch['batch_id']}"
    answers = at_once([lambda: api.post(f"{path}/retry", None).status] * 4)
    assert sorted(answers) == [200, 409, 409, 409]
    work_through(service)
    counts = api.get(path).json["counts"]
    assert (counts["read"], counts["added"], counts["rejected"]) == (2, 1, 1)
    assert api.get(path).json["status"] == BatchStatus.COMPLETED


def test_refused_records_far_apart_are_given_back_piece_by_piece(
    api: Api, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_verbs, "PIECE_ROWS", 5)
    amounts = [0.3 if number % 5 == 0 else 1 for number in range(60)]
    batch = worked(api, service, tab_text(row(Number_of_CME_Credits=amount) for amount in amounts))
    assert batch["counts"]["rejected"] == 12
    held: list[int] = []

    def counted(*given: Any, **more: Any) -> list[tuple[int, RawRow]]:
        found = of_pieces(*given, **more)
        held.append(len(found))
        return found

    of_pieces = batches.of_pieces
    monkeypatch.setattr(batches, "of_pieces", counted)
    assert file_of(api, batch, "rejected").count(b"credit-quarter") == 12
    for format in ("ndjson", "xml", "xlsx"):
        answer = api.get(f"/v1/batches/{batch['batch_id']}/files/rejected", format=format)
        assert (answer.status == 200) == (format == "xlsx")
    assert max(held) == 5, "no more records are held than stand in a piece"


def test_a_batch_cancelled_while_it_is_worked_on_counts_what_was_done_and_goes_on(api: Api, service: Service) -> None:
    batch_id = upload(api, tab_text(row(Completion_Date=day) for day in DAYS)).json["batch_id"]
    path = f"/v1/batches/{batch_id}"
    read_one(service)

    def work() -> None:
        while apply_some(service, Pace(on_sqlite=service.database.on_sqlite, at_once=1)):
            pass

    at_once([work, work, lambda: api.post(f"{path}/cancel", None)])
    batch = api.get(path).json
    assert batch["status"] in ("cancelled", "completed")
    assert batch["counts"]["read"] == batch["counts"]["added"] == len(rows_of(api, batch))
    assert len(api.completions(batch_id=batch_id)) == batch["counts"]["added"]
    if batch["status"] == "cancelled":
        assert api.post(f"{path}/retry", None).status == 200
    work_through(service)
    batch = api.get(path).json
    assert (batch["status"], batch["counts"]["added"]) == ("completed", len(DAYS))
    assert [row["outcome"] for row in rows_of(api, batch)] == ["added"] * len(DAYS)
    settle(service)


@pytest.mark.parametrize("count", [1, 4, 5, 6, 10, 11])
@pytest.mark.parametrize("dry_run", [False, True])
def test_no_record_is_lost_at_the_border_of_a_piece(
    api: Api, service: Service, monkeypatch: pytest.MonkeyPatch, count: int, dry_run: bool
) -> None:
    monkeypatch.setattr(batch_verbs, "PIECE_ROWS", 5)
    sent = [a_completion(completed_on=f"2021-12-{day:02}") for day in range(1, count + 1)]
    batch = worked(api, service, lines(sent), at_once=3, dry_run=dry_run)
    assert (batch["status"], batch["counts"]["added"], batch["counts"]["read"]) == ("completed", count, count)
    assert [row["row"] for row in rows_of(api, batch)] == list(range(1, count + 1))


def test_a_dry_run_of_very_many_activities_is_refused(
    api: Api, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_DRY_RUN_ACTIVITIES", 2)
    sent = [an_activity(title=f"Course {number}", internal_id=f"c-{number}") for number in range(3)]
    refused = worked(api, service, lines(sent), "activities", dry_run=True)
    assert (refused["status"], refused["file_error"]["code"]) == ("failed", "too-large")
    assert worked(api, service, lines(sent[:2]), "activities", dry_run=True)["counts"]["added"] == 2
    assert worked(api, service, lines(sent), "activities")["counts"]["added"] == 3


def test_validations_are_rehearsed_some_at_a_time(api: Api, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    # They write what dates cost: where there is one writer, everybody waits for them.
    sizes: list[int] = []

    def counted(work: Work, batch: Batch, rows: Sequence[tuple[int, RawRow]], *, naming: bool) -> list[RowResult]:
        sizes.append(len(rows))
        return record_kinds.apply_validations(work, batch, rows, naming=naming)

    monkeypatch.setattr(dry_runs, "apply_validations", counted)
    monkeypatch.setitem(dry_runs.AT_ONCE, BatchKind.LEARNER_VALIDATIONS, 2)
    rebecca = {"first_name": "Rebecca", "last_name": "Test", "state": "TN", "license_id": "444444"}
    batch = worked(api, service, lines([rebecca] * 5), "learner-validations", dry_run=True)
    assert (sizes, batch["counts"]["one"]) == ([2, 2, 1], 5)
