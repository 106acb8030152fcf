"""What is stored beside the records goes after its time, gives its room back, and is told to be gone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.services.access import retention
from app.services.context import Service
from app.services.operations import checks
from app.store.sql import statements
from app.store.sql.values import read_document
from app.worker import delete_expired
from tests.api.registry.test_erasure import lines
from tests.builders.bodies import a_completion, john
from tests.harness.api import Api, settle
from tests.harness.clock import ManualClock
from tests.harness.databases import ON_SQLITE
from tests.harness.held import hold, nora
from tests.harness.refusals import assert_problem
from tests.harness.uploads import file_of, rows_of, work_through, worked

DAY = timedelta(days=1)


def used(service: Service) -> int:
    sql = "SELECT bytes FROM upload_totals WHERE provider_id = '0008001'"
    return int(service.database.read(lambda connection: statements.fetch_value(connection, sql)))


@pytest.fixture
def batch(api: Api, service: Service) -> Any:
    found = worked(api, service, lines(a_completion(), john(), a_completion(credits=0.3)), name="some.ndjson")
    assert (found["counts"]["added"], found["counts"]["rejected"]) == (2, 1)
    return found


def test_files_as_uploaded_go_after_their_time_and_free_their_room(
    api: Api, service: Service, clock: ManualClock, batch: Any
) -> None:
    path = f"/v1/batches/{batch['batch_id']}"
    clock.now += 90 * DAY
    assert not retention.run(service).originals
    assert used(service) > 0
    assert batch["original_removed_at"] is None
    file_of(api, batch, "original")
    clock.now += DAY
    assert retention.look(service).originals == 1
    assert retention.run(service).originals == 1
    assert used(service) == 0
    gone = api.get(f"{path}/files/original")
    assert_problem(gone, 410, "file-removed")
    assert clock().strftime("%Y-%m-%d") in gone.json["detail"]
    assert api.get(path).json["original_removed_at"] is not None
    assert b"Smith" in file_of(api, batch, "successful")
    # Judged again from the records as sent: the file itself is not needed.
    assert api.post(f"{path}/retry", None).status in (200, 202)
    work_through(service)
    assert api.get(path).json["counts"] == batch["counts"]
    assert not retention.run(service).anything
    settle(service)


def test_records_as_sent_go_after_their_time_and_outcomes_stay(
    api: Api, service: Service, clock: ManualClock, batch: Any
) -> None:
    path = f"/v1/batches/{batch['batch_id']}"
    clock.now += 366 * DAY
    removed = retention.run(service)
    assert (removed.originals, removed.records) == (1, 1)
    for which in ("rejected", "successful", "held"):
        assert_problem(api.get(f"{path}/files/{which}"), 410, "file-removed")
    assert_problem(api.post(f"{path}/retry", None), 409, "conflict")
    shown = api.get(path).json
    assert shown["counts"] == batch["counts"]
    assert shown["records_removed_at"] is not None
    assert [row["outcome"] for row in rows_of(api, batch)] == ["added", "added", "rejected"]
    settle(service)


def test_nothing_of_a_batch_goes_while_a_record_of_it_waits(api: Api, service: Service, clock: ManualClock) -> None:
    batch = worked(api, service, lines(nora(), john()), name="some.ndjson", on_unmatched="hold")
    assert batch["counts"]["held"] == 1
    clock.now += 400 * DAY
    assert not retention.run(service).originals
    [held] = api.get("/v1/held-records").json["data"]
    assert api.post(f"/v1/held-records/{held['held_id']}/set-aside", None).status == 200
    removed = retention.run(service)
    assert (removed.originals, removed.records) == (1, 1)


def test_nothing_of_a_batch_goes_while_it_is_retried(
    api: Api, service: Service, clock: ManualClock, batch: Any
) -> None:
    clock.now += 400 * DAY
    assert api.post(f"/v1/batches/{batch['batch_id']}/retry", None).status in (200, 202)
    assert not retention.run(service).anything
    work_through(service)
    clock.now += 400 * DAY
    assert retention.run(service).originals == 1


def test_held_records_that_have_ended_name_nobody_after_their_time(
    api: Api, service: Service, clock: ManualClock
) -> None:
    waiting = hold(api, nora(reference="waits", completed_on="2021-12-11")).json["held_id"]
    ended = hold(api, nora(reference="ended")).json["held_id"]
    assert api.post(f"/v1/held-records/{ended}/set-aside", None).status == 200
    settle(service)
    before = api.get(f"/v1/held-records/{ended}")
    clock.now += 366 * DAY
    removed = retention.run(service)
    assert removed.held_records == 1
    after = api.get(f"/v1/held-records/{ended}")
    assert "Quillfeather" in before.response.text
    assert "Quillfeather" not in after.response.text
    assert "909090" not in after.response.text
    assert after.response.headers["ETag"] != before.response.headers["ETag"]
    assert "Quillfeather" in api.get(f"/v1/held-records/{waiting}").response.text
    assert not retention.run(service).anything
    settle(service)
    assert checks.find_faults(service) == []


def test_answers_go_after_their_time(api: Api, service: Service, clock: ManualClock) -> None:
    api.report(a_completion(), Idempotency_Key="one")
    clock.now += 30 * DAY
    assert api.report(a_completion(), Idempotency_Key="one").response.headers["Idempotency-Replayed"] == "true"
    clock.now += DAY
    assert retention.look(service).answers == 1
    assert retention.run(service).answers == 1
    assert "Idempotency-Replayed" not in api.report(a_completion(), Idempotency_Key="one").response.headers


def test_rows_go_some_at_a_time(
    api: Api, service: Service, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "ROWS_AT_ONCE", 2)
    for key in ("one", "two", "three"):
        api.report(a_completion(), Idempotency_Key=key)
    clock.now += 31 * DAY
    first = retention.run(service, lambda: retention.look(service).answers < 3)
    assert first.answers == 2
    assert retention.run(service).answers == 1
    assert retention.look(service).answers == 0


def test_a_run_that_is_stopped_goes_on_where_it_was(api: Api, service: Service, clock: ManualClock) -> None:
    for number in range(retention.BATCHES_AT_ONCE + 2):
        worked(api, service, lines(a_completion(credits=0.25 * (number + 1))), name=f"{number}.ndjson")
    clock.now += 91 * DAY
    pieces = iter((False, True))
    first = retention.run(service, lambda: next(pieces, True))
    assert first.originals == retention.BATCHES_AT_ONCE
    assert retention.run(service).originals == 2
    assert used(service) == 0
    settle(service)


@ON_SQLITE
def test_a_setting_of_zero_keeps_for_ever(api: Api, service: Service, clock: ManualClock, batch: Any) -> None:
    from msgspec.structs import replace

    forever = {f"keep_{what}_days": 0 for what in ("originals", "records", "held", "explanations")}
    patient = replace(service, settings=service.settings.model_copy(update=forever))
    clock.now += 10_000 * DAY
    removed = retention.run(patient)
    assert (removed.originals, removed.records) == (0, 0)


def test_answers_go_with_retention_alone_and_some_at_a_time(
    api: Api, service: Service, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may be many: no transaction deletes more than a piece, and what a piece took is counted in the log."""
    monkeypatch.setattr(retention, "ROWS_AT_ONCE", 2)
    for number in range(5):
        api.report(a_completion(completed_on=f"2021-11-0{number + 1}"), Idempotency_Key=f"k-{number}")
    clock.now += 31 * DAY
    delete_expired(service)
    assert retention.look(service).answers == 5, "the worker's other loop leaves them alone"
    assert retention.run(service).answers == 5
    pieces = service.database.read(
        lambda connection: statements.fetch_column(
            connection, "SELECT fields FROM audit WHERE verb = 'remove' ORDER BY commit_id"
        )
    )
    assert [read_document(fields)["answers"] for fields in pieces] == [2, 2, 1]
    settle(service)
