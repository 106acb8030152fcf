"""Rosters that hurt: a board's file of people brings nobody unless it is read as it was meant."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from app.services.context import Service
from tests.builders.sent_files import lines, tab_text
from tests.harness.api import Api, api_of
from tests.harness.uploads import rows_of, worked


@pytest.fixture
def board(http: TestClient, service: Service) -> Api:
    return api_of(http, service, "ABIM", role="board", board="ABIM")


HEADINGS = ["First Name", "Last Name", "Date of Birth", "Board ID"]
ADA = dict(zip(HEADINGS, ["Ada", "Lovell", "12/10", "770001"], strict=True))
GOOD = tab_text([ADA], HEADINGS)


@pytest.mark.parametrize(
    "content",
    [
        GOOD + b"A" * 5_000_000,
        GOOD.replace(b"Lovell", b"Lov\x00ell"),
        GOOD.replace(b"\tBoard ID", b"\tBoard ID\tBoard ID").replace(b"\t770001", b"\t770001\t770002"),
        b"\t".join([b"Board ID"] * 330) + b"\n" + b"\t".join([b"1"] * 330) + b"\n",
        lines([{"first_name": "Ada\x00", "last_name": "Lovell", "board_id": "1"}]),
        b'{"first_name":"Ada","first_name":"Eve","last_name":"Lovell","board_id":"1"}\n',
    ],
    ids=["line", "nul", "twice", "330", "nul-in-json", "member-twice"],
)
def test_a_hostile_roster_brings_nobody_and_says_why(board: Api, service: Service, content: bytes) -> None:
    batch = worked(board, service, content, "roster", permission_attested=None)
    if batch["status"] == "failed":
        assert batch["file_error"]["code"] and batch["file_error"]["detail"]
    else:
        assert batch["counts"]["rejected"] == batch["counts"]["read"]
        assert all(row["findings"] for row in rows_of(board, batch))
    assert "Lov" not in str(batch["file_error"])
    assert batch["counts"]["added"] == 0


def test_a_quote_that_is_never_closed_swallows_no_rows_of_a_roster(board: Api, service: Service) -> None:
    more = b"".join(b"\nAda,Lovell,12/10,88%04d" % number for number in range(500))
    content = GOOD.strip().replace(b"\t", b",").replace(b"Lovell", b'"Lovell') + more
    batch = worked(board, service, content, "roster", permission_attested=None)
    assert batch["counts"]["read"] == 501
