"""A board learns about its own people only: every contradiction is told alike, and birth dates cannot be tried out."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from app.domain.parsing import MonthDay
from app.services.context import Service
from app.services.registry.roster_dates import MOST_DIFFERENT, WITHIN
from tests.api.registry.test_rosters import BO, counted, imported, on_file, outcomes, sent
from tests.harness.api import Api, api_of, settle
from tests.harness.clock import ManualClock
from tests.harness.databases import ON_SQLITE
from tests.harness.properties import examples
from tests.harness.uploads import rows_of, work_through

DATABASES = ["sqlite"]

DATES = [str(MonthDay(month, day)) for month in range(1, 13) for day in (1, 3, 14, 28)]
KNOWN = {"first_name": "Bo", "last_name": "Ng", "date_of_birth": "03/04", "npi": "1234567893", "licenses": "TN-M:5"}
"""Somebody whom another source has brought."""


@pytest.fixture
def board(http: TestClient, service: Service) -> Api:
    return api_of(http, service, "ABIM", role="board", board="ABIM")


@pytest.fixture
def other(http: TestClient, service: Service) -> Api:
    return api_of(http, service, "ABS", role="board", board="ABS")


def known_to(service: Service) -> list[tuple[Any, ...]]:
    """Return everything that the registry has of people."""
    tables = ("learners", "learner_names", "licenses", "certifications")
    return [row for table in tables for row in on_file(service, f"SELECT * FROM {table} ORDER BY 1, 2, 3")]


CONFLICTS: tuple[dict[str, Any], ...] = (
    {"Date of Birth": "03/05"},
    {"Last Name": "Other", "First Name": "Wholly"},
    {"Board ID": "770002", "NPI": "1003000126"},
    {"Board ID": "888", "Date of Birth": "03/05"},
)


def test_every_contradiction_is_the_same_sentence_and_changes_nobody(
    board: Api, service: Service, http: TestClient
) -> None:
    sent(board, service, BO)
    before = known_to(service)
    batch = sent(board, service, *(BO | other for other in CONFLICTS))
    assert counted(batch) == {"read": 4, "rejected": 4}
    rows = rows_of(board, batch)
    told = [finding for row in rows for finding in row["findings"]]
    assert {finding["rule"] for finding in told} == {"roster-conflict"}
    assert len({(finding["detail"], finding["hint"]) for finding in told}) == 1
    assert all(row["conflict"] is None for row in rows)
    changed = [row for row in known_to(service) if row not in before]
    assert len(changed) <= 1  # the NPI that was given for somebody else is disputed
    whole = api_of(http, service, "operator", role="operator")
    seen = [row["conflict"] for row in rows_of(whole, batch)]
    assert seen[0]["reason"] == "who has another birth date"
    assert all(conflict["physician_ids"] for conflict in seen)
    assert "03/04" not in json.dumps(seen)
    settle(service)


def born(*dates: str, **fields: Any) -> list[Mapping[str, Any]]:
    return [BO | {"Date of Birth": date} | fields for date in dates]


@pytest.mark.parametrize("dry_run", [True, False])
def test_after_a_few_wrong_dates_the_right_one_is_refused_like_them(
    board: Api, other: Api, service: Service, clock: ManualClock, dry_run: bool
) -> None:
    imported(service, KNOWN)
    before = known_to(service)
    first = sent(board, service, *born(*[date for date in DATES if date != "03/04"], "03/04"), dry_run=dry_run)
    assert counted(first) == {"read": len(DATES) + 1, "rejected": len(DATES) + 1}
    assert len({json.dumps(row["findings"][0] | {"row": 0}) for row in rows_of(board, first)}) == 1
    for somebody in (board, other):
        assert outcomes(somebody, sent(somebody, service, *born("03/04", "03/05"))) == ["rejected", "rejected"]
    assert [row for row in known_to(service) if row not in before and row[0] != "x"] == [] or not dry_run
    clock.now += WITHIN + timedelta(seconds=1)
    assert outcomes(board, sent(board, service, *born("03/04"))) == ["updated"]
    settle(service)


def test_a_date_that_is_sent_again_counts_once_and_without_a_date_nothing_is_refused(
    board: Api, service: Service
) -> None:
    imported(service, KNOWN)
    for _ in range(MOST_DIFFERENT + 2):
        assert outcomes(board, sent(board, service, *born("03/05"))) == ["rejected"]
    assert outcomes(board, sent(board, service, *born("", "03/04"))) == ["updated", "unchanged"]
    settle(service)


def test_a_board_whose_date_was_right_goes_on_whoever_tries(board: Api, other: Api, service: Service) -> None:
    imported(service, KNOWN)
    assert outcomes(board, sent(board, service, *born("03/04"))) == ["updated"]
    assert outcomes(other, sent(other, service, *born("01/01", "01/02", "03/04"))) == ["rejected"] * 3
    assert outcomes(board, sent(board, service, *born("03/04", "01/03"))) == ["unchanged", "rejected"]
    settle(service)


def test_a_retry_answers_no_further_date(board: Api, service: Service) -> None:
    imported(service, KNOWN)
    batch = sent(board, service, *born("01/01", "01/02", "03/04"))
    assert board.post(f"/v1/batches/{batch['batch_id']}/retry", {}).status == 200
    work_through(service)
    assert outcomes(board, batch) == ["rejected"] * 3
    settle(service)


def test_of_somebody_with_the_same_name_and_date_alone_nothing_is_told(board: Api, service: Service) -> None:
    """With new numbers each time, a warning about a namesake born that day would tell the day."""
    imported(service, KNOWN)
    rows = [BO | {"Board ID": str(n), "NPI": "", "Date of Birth": date} for n, date in enumerate(["03/04", "03/05"], 1)]
    batch = sent(board, service, *rows)
    assert counted(batch) == {"read": 2, "added": 2}
    assert [row["findings"] for row in rows_of(board, batch)] == [[], []]
    ((evidence, source),) = on_file(service, "SELECT evidence, source FROM registry_pairs")
    assert (evidence, source) == ("names birth_date", "roster of ABIM")
    settle(service)


def test_somebody_who_seems_to_be_meant_by_a_number_is_warned_of(board: Api, service: Service) -> None:
    imported(service, KNOWN)
    batch = sent(board, service, BO | {"First Name": "Robert"})
    assert counted(batch) == {"read": 1, "added": 1, "warned": 1}
    assert batch["warnings"] == [
        {"rule": "roster-kept-beside", "rows": 1, "rule_url": "/v1/rules/roster-kept-beside"},
    ]
    settle(service)


def test_nothing_that_identifies_anybody_is_kept_beside_the_tries(board: Api, service: Service) -> None:
    imported(service, KNOWN)
    sent(board, service, *born("01/01", "01/02", "01/03"))
    rows = on_file(service, "SELECT digest FROM roster_dates")
    assert len(rows) == MOST_DIFFERENT
    assert not any("01/0" in digest for (digest,) in rows)


turns = itertools.count(1)
SOME = st.sampled_from([f"05/{day:02}" for day in range(1, 9)])


@examples(12)
@given(one=SOME, other=SOME, tried=st.lists(SOME, min_size=1, max_size=12), split=st.integers(0, 12), dry=st.booleans())
@ON_SQLITE
def test_whatever_is_tried_tells_of_two_dates_at_most(
    board: Api, service: Service, one: str, other: str, tried: list[str], split: int, dry: bool
) -> None:
    """Two people of one name whose birthdays differ are answered alike but for the first two dates."""
    turn = next(turns)
    ids = [f"{turn}a", f"{turn}b"]
    imported(
        service,
        *(
            {"first_name": "Bo", "last_name": "Ng", "date_of_birth": born, "certifications": f"ABIM:{id}"}
            for id, born in zip(ids, (one, other), strict=True)
        ),
    )
    told = []
    for id in ids:
        rows = [BO | {"NPI": "", "Board ID": id, "Date of Birth": date} for date in tried]
        pieces = [(rows[:split], dry), (rows[split:], False)]
        told.append([
            outcome
            for some, dry_run in pieces
            if some
            for outcome in outcomes(board, sent(board, service, *some, dry_run=dry_run))
        ])  # fmt: skip
    differing = {date for date, first, second in zip(tried, *told, strict=True) if first != second}
    assert differing <= set(list(dict.fromkeys(tried))[:MOST_DIFFERENT])
