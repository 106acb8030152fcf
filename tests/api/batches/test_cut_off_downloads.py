"""Downloads of a batch's files: whole, or seen to be cut short; never a part that looks whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.core.errors import CutOff
from app.services.batches import downloads
from app.services.batches.downloads import BatchFile
from app.services.batches.steps import Pace, apply_some, read_one
from app.services.context import Service, operator
from app.store.sql import statements
from tests.builders.sent_files import row, tab_text
from tests.harness.api import Api
from tests.harness.refusals import assert_problem
from tests.harness.uploads import upload, work_through, worked
from tests.harness.wire import Wire

DATABASES = ["sqlite"]

REFUSED = [row(Licensing_ID=f"nobody {number}") for number in range(6)]


@pytest.fixture
def piecemeal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "AT_ONCE", 2)


def download(wire: Wire, api: Api, batch: Any, which: str) -> bytes:
    path = f"/v1/batches/{batch['batch_id']}/files/{which}"
    head = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {api.key}\r\n\r\n"
    return wire.exchange(head.encode())


def after_rows_were_read(times: int, act: Callable[[], Any]) -> Callable[[str], None]:
    """Do something once, before rows are read for so many times and one."""
    seen = 0

    def observe(sql: str) -> None:
        nonlocal seen
        if sql.startswith("SELECT r.place, r.number, r.outcome"):
            seen += 1
            if seen == times + 1:
                act()

    return observe


@pytest.mark.usefixtures("piecemeal")
@pytest.mark.parametrize("which", ["rejected", "successful"])
@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_download_during_which_the_batch_is_retried_is_seen_to_be_cut_short(
    wire: Wire, api: Api, service: Service, monkeypatch: pytest.MonkeyPatch, which: str, times: int
) -> None:
    accepted = [row(Completion_Date=f"12/{day}/2021") for day in range(10, 16)]
    batch = worked(api, service, tab_text([*accepted, *REFUSED]))
    assert (batch["counts"]["added"], batch["counts"]["rejected"]) == (6, 6)
    whole = download(wire, api, batch, which)
    assert whole.startswith(b"HTTP/1.1 200 ") and whole.endswith(b"\r\n0\r\n\r\n")

    def retry() -> None:
        assert api.post(f"/v1/batches/{batch['batch_id']}/retry", None).status == 200

    monkeypatch.setattr(statements, "BEFORE_STATEMENT", [after_rows_were_read(times, retry)])
    cut = download(wire, api, batch, which)
    assert cut.startswith(b"HTTP/1.1 200 ")
    assert not cut.endswith(b"\r\n0\r\n\r\n"), "it looks like a whole answer"


def test_what_was_refused_before_a_retry_is_not_given_out_after_it(api: Api, service: Service) -> None:
    batch = worked(api, service, tab_text(REFUSED))
    caller = operator(service, "0008001")
    written = service.database.read(
        lambda connection: downloads.open_download(connection, caller, batch["batch_id"], BatchFile.REJECTED, None)
    )
    api.post(f"/v1/batches/{batch['batch_id']}/retry", None)
    # The very same rows are refused again, and still the answer would be a mixture of two rounds.
    work_through(service)
    with pytest.raises(CutOff):
        list(written.pieces)


@pytest.mark.parametrize("which", ["rejected", "successful"])
def test_rows_of_a_batch_that_is_worked_on_make_no_file_yet(api: Api, service: Service, which: str) -> None:
    content = tab_text([row(), *REFUSED])
    batch = upload(api, content).json
    path = f"/v1/batches/{batch['batch_id']}/files"
    assert_problem(api.get(f"{path}/{which}"), 409, "conflict")
    assert read_one(service)
    assert apply_some(service, Pace(on_sqlite=service.database.on_sqlite, at_once=3))
    assert api.get(f"/v1/batches/{batch['batch_id']}").json["status"] == "applying"
    assert_problem(api.get(f"{path}/{which}"), 409, "conflict")
    assert api.get(f"{path}/original").response.content == content
    work_through(service)
    assert api.get(f"{path}/{which}").status == 200
