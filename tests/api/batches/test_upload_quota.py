"""How much of the database the uploads of one provider may take, and what is said to who wants more."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from msgspec.structs import replace
from sqlalchemy import Connection

from app.domain.batches import BatchKind, BatchOwner
from app.main import create_app
from app.services.batches import command, uploads
from app.services.context import Service
from app.services.operations import checks
from app.store import uploads as store
from app.store.sql import statements
from tests.harness.api import Api, api_of
from tests.harness.clock import ManualClock
from tests.harness.contract import as_described
from tests.harness.refusals import assert_problem
from tests.harness.uploads import upload, work_through
from tests.harness.wire import at_once

OURS = BatchOwner(provider_id="0008001")
QUOTA = 3_000_000


@pytest.fixture
def bounded(service: Service) -> Service:
    return replace(service, settings=service.settings.model_copy(update={"upload_quota": QUOTA}))


@pytest.fixture
def narrow(bounded: Service) -> Iterator[Api]:
    """A provider's client where there is little room."""
    with TestClient(create_app(bounded), base_url="http://test") as http:
        http.event_hooks = {"response": [as_described]}
        yield api_of(http, bounded, "narrow", providers=["0008001"])


def taken(service: Service, provider_id: str = "0008001") -> int:
    """Bytes that are counted for a provider; they are those of the pieces."""
    found: list[Any] = service.database.read(
        lambda connection: statements.fetch(
            connection,
            "SELECT (SELECT coalesce(sum(bytes), 0) FROM upload_totals WHERE provider_id = :id), "
            "(SELECT coalesce(sum(length(p.content)), 0) FROM upload_pieces p "
            "JOIN uploads u ON u.upload_id = p.upload_id WHERE u.provider_id = :id)",
            {"id": provider_id},
        )
    )
    ((counted, there),) = found
    assert counted == there
    return int(counted)


def test_what_does_not_fit_is_refused_with_what_to_do_and_leaves_nothing(narrow: Api, service: Service) -> None:
    assert upload(narrow, b"a" * 1_900_000).status == 202
    assert taken(service) == 1_900_000
    refused = upload(narrow, b"b" * 1_200_000)
    assert_problem(refused, 413, "upload-quota-exceeded")
    assert "3,000,000" in refused.json["detail"] and "help@example.org" in refused.json["detail"]
    assert taken(service) == 1_900_000
    assert upload(narrow, b"c" * 1_100_000).status == 202
    assert taken(service) == QUOTA
    assert_problem(upload(narrow, b"d"), 413, "upload-quota-exceeded")
    assert checks.find_faults(service) == []


def test_nothing_that_was_refused_or_abandoned_counts_for_long(
    narrow: Api, service: Service, clock: ManualClock
) -> None:
    for _ in range(3):
        assert upload(narrow, b"a" * 2_000_000, kind="nothing").status == 422
        assert_problem(upload(narrow, b"a" * (QUOTA + 1)), 413, "upload-quota-exceeded")
    assert taken(service) == 0
    upload_id = uploads.store_upload(service, OURS, [b"a" * 1_000_000] * 2, 2_000_000, "digest")
    assert taken(service) == 2_000_000
    assert_problem(upload(narrow, b"a" * 2_000_000), 413, "upload-quota-exceeded")
    clock.now += uploads.KEPT + timedelta(seconds=1)
    assert uploads.remove_abandoned(service) == 1
    assert taken(service) == 0
    assert list(uploads.read_upload(service, upload_id)) == []
    assert upload(narrow, b"a" * 2_000_000).status == 202


def test_what_was_sent_before_under_the_same_key_needs_no_room(narrow: Api, service: Service) -> None:
    for _ in range(3):
        assert upload(narrow, b"a" * 2_200_000, headers={"Idempotency-Key": "one"}).status == 202
        assert taken(service) == 2_200_000
    mismatched = upload(narrow, b"b" * 2_200_000, headers={"Idempotency-Key": "one"})
    assert_problem(mismatched, 422, "idempotency-mismatch")
    assert_problem(upload(narrow, b"a" * 2_200_000), 413, "upload-quota-exceeded")


def test_a_provider_s_uploads_take_no_room_of_another_s(narrow: Api, bounded: Service) -> None:
    assert upload(narrow, b"a" * QUOTA).status == 202
    other = api_of(narrow.http, bounded, "other", providers=["0008002"])
    assert upload(other, b"a" * QUOTA).status == 202
    assert (taken(bounded), taken(bounded, "0008002")) == (QUOTA, QUOTA)


def test_uploads_at_the_same_moment_never_take_more_than_there_is(narrow: Api, service: Service) -> None:
    answers = at_once([lambda number=number: upload(narrow, bytes([number]) * 1_300_000) for number in range(8)])
    statuses = [answer.status for answer in answers]
    assert set(statuses) <= {202, 413}
    # All may stand in each other's way; whoever comes after finds the room that they gave back.
    assert statuses.count(202) <= 2
    assert taken(service) == 1_300_000 * statuses.count(202)
    while statuses.count(202) < 2:
        statuses.append(upload(narrow, b"z" * 1_300_000).status)
        assert statuses[-1] == 202
    work_through(service)
    assert checks.find_faults(service) == []


def test_there_may_be_no_bound_and_the_operator_has_none(service: Service, bounded: Service, tmp_path: Path) -> None:
    boundless = replace(service, settings=service.settings.model_copy(update={"upload_quota": 0}))
    with TestClient(create_app(boundless), base_url="http://test") as http:
        assert upload(api_of(http, boundless, providers=["0008001"]), b"a" * (QUOTA + 1)).status == 202
    file = tmp_path / "learners.txt"
    file.write_bytes(b"a" * QUOTA)
    batch = command.run_batch(bounded, file, OURS, BatchKind.ACTIVITIES, dry_run=True)
    assert batch.finished
    assert taken(service) == 2 * QUOTA + 1


def test_a_piece_and_the_removal_of_its_upload_take_their_locks_in_one_order(service: Service) -> None:
    """A sender that goes away while a piece is written: its upload is dropped beside that, and neither blocks both."""
    upload_id = uploads.store_upload(service, OURS, [b"a"], 1, "digest")
    verbs: tuple[Callable[[Connection], object], ...] = (
        lambda connection: store.add_piece(connection, upload_id, OURS, 1, b"b", QUOTA),
        lambda connection: store.drop(connection, [upload_id]),
    )
    for verb in verbs:
        ran: list[str] = []
        statements.BEFORE_STATEMENT.append(ran.append)
        try:
            service.database.write(verb)
        finally:
            statements.BEFORE_STATEMENT.remove(ran.append)
        written = [
            statement for statement in ran if re.match(r"(UPDATE|DELETE FROM) (uploads|upload_totals) ", statement)
        ]
        assert [statement.split()[1 + statement.startswith("DELETE")] for statement in written] == [
            "uploads",
            "upload_totals",
        ]
    assert taken(service) == 0
