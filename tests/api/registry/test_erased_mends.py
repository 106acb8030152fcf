"""What was typed into rejected rows goes with the person it names, and with the records; nothing brings it back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.services.access import erasure
from app.services.access.removal import remove_records
from app.services.batches import mend_reports, mending
from app.services.context import Service, Work, operator, transact
from app.store import batches
from tests.api.registry.test_erased_files import faults, lines, she_has_credit
from tests.builders.bodies import a_completion
from tests.harness.api import Answer, Api
from tests.harness.canary import FIRST, LAST, NPI, her_report, stored_of_her
from tests.harness.clock import ManualClock
from tests.harness.refusals import assert_problem
from tests.harness.uploads import rows_of, worked

__all__ = ["she_has_credit"]
HER_PERSON = {"/first_name": FIRST, "/last_name": LAST, "/npi": NPI}
FAULTY = a_completion(credits=2.1)


def type_in(api: Api, batch: Any, version: int, cells: dict[str, str]) -> Answer:
    path = f"/v1/batches/{batch['batch_id']}/rows/1/mend"
    return api.send("PUT", path, headers={"If-Match": f'"{version}"'}, json={"cells": cells})


def check(api: Api, batch: Any) -> Answer:
    return api.post(f"/v1/batches/{batch['batch_id']}/mends:check", {})


def report(api: Api, batch: Any) -> Answer:
    return api.post(f"/v1/batches/{batch['batch_id']}/mends", {"permission_attested": True})


def mend_of(api: Api, batch: Any) -> Any:
    (row,) = rows_of(api, batch, include="record")
    return row["mend"]


def test_a_row_of_somebody_else_into_which_she_was_typed_goes(api: Api, service: Service) -> None:
    batch = worked(api, service, lines(FAULTY))
    assert type_in(api, batch, 1, HER_PERSON).status == 200
    assert "batch_mends" in stored_of_her(service)
    erasure.erase(service, NPI, unread=True)
    assert stored_of_her(service) == {}
    assert mend_of(api, batch)["state"] == "open"
    assert faults(service) == []


def test_a_blank_row_into_which_she_was_typed_goes(api: Api, service: Service) -> None:
    """As one is that held somebody who was erased before."""
    batch = worked(api, service, lines({}))
    assert type_in(api, batch, 1, HER_PERSON).status == 200
    assert erasure.erase(service, NPI, unread=True).rows >= 1
    assert stored_of_her(service) == {}
    assert faults(service) == []


def test_what_is_typed_while_she_is_erased_goes(
    api: Api, service: Service, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After her rows were looked for, and before she is erased; the batch itself does not change with its mends."""
    batch = worked(api, service, lines(FAULTY))
    before = erasure.transact

    def type_before_the_end(caller: Any, step: Any, *given: Any, **named: Any) -> Any:
        if step is erasure._erase:
            assert type_in(api, batch, 1, HER_PERSON).status == 200
        return before(caller, step, *given, **named)

    monkeypatch.setattr(erasure, "transact", type_before_the_end)
    clock.now += timedelta(hours=1)
    erasure.erase(service, NPI, unread=True)
    assert stored_of_her(service) == {}
    assert faults(service) == []


def test_what_was_read_of_her_before_is_not_reported_after(
    api: Api, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A report whose file is being written while she is erased: it would bring her back."""
    batch = worked(api, service, lines(her_report(credits=2.1, completed_on="2021-12-09")))
    assert type_in(api, batch, 1, {"/cme/0/credits": "2.25"}).status == 200
    assert check(api, batch).json["data"][0]["mend"]["state"] == "ready"
    writing = mend_reports._write

    def write_while_erased(*given: Any) -> Any:
        written = writing(*given)
        erasure.erase(service, NPI, unread=True)
        return written

    monkeypatch.setattr(mend_reports, "_write", write_while_erased)
    assert_problem(report(api, batch), 409, "conflict")
    assert stored_of_her(service) == {}


@pytest.mark.parametrize("typed", [{}, {"/cme/0/credits": "2.25"}])
def test_what_a_check_says_of_what_is_gone_is_not_kept(
    api: Api, service: Service, monkeypatch: pytest.MonkeyPatch, typed: dict[str, str]
) -> None:
    batch = worked(api, service, lines(her_report(credits=2.1, completed_on="2021-12-09")))
    assert type_in(api, batch, 1, typed).status == 200
    judging = mending.dry_runs.judge_rows

    def judge_while_removed(*given: Any) -> Any:
        judged = judging(*given)

        def age(work: Work) -> None:
            locked = batches.lock_one(work.connection, batch["batch_id"])
            assert locked is not None and remove_records(work.connection, locked, work.now)

        transact(operator(service), age)
        return judged

    monkeypatch.setattr(mending.dry_runs, "judge_rows", judge_while_removed)
    answer = api.post(f"/v1/batches/{batch['batch_id']}/mends:check", {"rows": [1]})
    assert answer.status == 200
    monkeypatch.undo()
    assert mend_of(api, batch)["outcome"] is None
    assert_problem(type_in(api, batch, 9, {"/npi": NPI}), 412, "precondition-failed")
    version = mend_of(api, batch)["version"]
    assert_problem(type_in(api, batch, version, {"/npi": NPI}), 410, "file-removed")
    assert_problem(report(api, batch), 409, "conflict")
