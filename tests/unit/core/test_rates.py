"""Rates: a burst at once, so much a second after it, and a number for each of not too many keys."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.config import Settings
from app.core.rates import Rate, RateTable
from tests.harness.clock import ManualSeconds


@pytest.fixture
def seconds() -> ManualSeconds:
    return ManualSeconds()


def taken(table: RateTable, key: str, times: int, units: int = 1) -> int:
    return sum(table.take(key, units) == 0 for _ in range(times))


def test_a_burst_is_there_at_once_and_then_so_much_a_second(seconds: ManualSeconds) -> None:
    table = RateTable(Rate(10, 50), seconds)
    assert taken(table, "a", 80) == 50
    assert table.take("a") == pytest.approx(0.1)
    seconds.now += 0.1
    assert taken(table, "a", 5) == 1
    seconds.now += 2
    assert taken(table, "a", 80) == 20
    seconds.now += 1_000
    assert taken(table, "a", 80) == 50


def test_a_key_that_is_spent_takes_nothing_from_another(seconds: ManualSeconds) -> None:
    table = RateTable(Rate(10, 50), seconds)
    assert taken(table, "a", 1_000) == 50
    assert taken(table, "b", 1_000) == 50


def test_a_refusal_takes_nothing_and_says_when_it_is_there(seconds: ManualSeconds) -> None:
    table = RateTable(Rate(10, 50), seconds)
    assert table.take("a", 45) == 0
    for _ in range(100):
        assert table.take("a", 10) == pytest.approx(0.5)
    assert table.left("a") == (5, 5)
    seconds.now += 0.5
    assert table.take("a", 10) == 0


def test_more_than_a_burst_can_be_had_when_all_of_it_is_there(seconds: ManualSeconds) -> None:
    table = RateTable(Rate(10, 50), seconds)
    assert table.take("a", 1_000) == 0
    assert table.left("a") == (0, 5)
    assert table.take("a", 1_000) == pytest.approx(5)


def test_what_was_given_back_is_there_again(seconds: ManualSeconds) -> None:
    table = RateTable(Rate(10, 50), seconds)
    table.take("a", 30)
    table.give_back("a", 10)
    table.give_back("b", 10)
    assert (table.left("a"), table.left("b")) == ((30, 2), (50, 0))
    table.take_down_to_nothing("a", 10)
    assert table.left("a") == (20, 3)
    table.take_down_to_nothing("a", 1_000)
    assert table.left("a") == (0, 5)
    assert table.is_spent("a") and not table.is_spent("b")


def test_however_many_keys_come_few_are_kept(seconds: ManualSeconds) -> None:
    table = RateTable(Rate(10, 50), seconds, most=100)
    assert taken(table, "noisy", 80) == 50
    for number in range(60):
        table.take(f"early {number}")
    seconds.now += 1
    for number in range(10_000):
        table.take(f"key {number}")
        assert len(table) <= 100
    table.take("the next")
    assert table.left("the next") == (49, 1)


def test_those_that_owe_are_kept_where_the_others_make_room(seconds: ManualSeconds) -> None:
    table = RateTable(Rate(10, 50), seconds, most=100)
    assert taken(table, "noisy", 80) == 50
    for number in range(99):
        table.take(f"key {number}")
    seconds.now += 1
    table.take("one more")
    assert len(table) == 2
    assert table.left("noisy")[0] == 10


def test_by_default_no_client_has_less_than_was_promised() -> None:
    figures = Settings.model_construct()
    assert figures.rate_client >= 100 and figures.rate_client_burst >= 500
    assert figures.rate_provider >= figures.rate_client and figures.rate_provider_burst >= figures.rate_client_burst


STEPS = st.lists(st.tuples(st.floats(0, 3), st.integers(1, 40)), max_size=60)


@given(st.integers(1, 50), st.integers(1, 100), STEPS)
def test_it_counts_as_a_bucket_does_that_fills_so_much_a_second(
    per_second: int, burst: int, steps: list[tuple[float, int]]
) -> None:
    seconds = ManualSeconds()
    table = RateTable(Rate(per_second, burst), seconds)
    bucket, all_taken = float(burst), 0
    for pause, units in steps:
        seconds.now += pause
        bucket = min(burst, bucket + pause * per_second)
        wanted = min(units, burst)
        missing = table.take("a", units)
        if missing:
            assert bucket < wanted + 1e-6
            assert missing == pytest.approx((wanted - bucket) / per_second, abs=1e-6)
        else:
            assert bucket > wanted - 1e-6
            bucket -= wanted
            all_taken += wanted
        assert table.left("a")[0] == pytest.approx(bucket, abs=1 + 1e-6)
    assert all_taken <= burst + per_second * (seconds.now - ManualSeconds().now) + 1e-6
