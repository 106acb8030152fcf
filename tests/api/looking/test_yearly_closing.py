"""The yearly closing is told as it nears and once it has passed: in what waits, in the report, and in its file."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime

import pytest

from app.core.config import Settings
from app.core.errors import ConfigurationError
from app.domain.looking.yearly_closing import YearlyClosing, close_by, read_yearly_closing
from app.services.context import Service
from app.store.sql import statements
from tests.harness.api import Api
from tests.harness.clock import ManualClock

REPORT = "/v1/reports/before-closing"
KIND = "activities-to-close"
MARCH = YearlyClosing(month=3, day=31)


def told(api: Api) -> str:
    (sentence,) = [entry["sentence"] for entry in api.get("/v1/attention").json["data"] if entry["kind"] == KIND]
    return str(sentence)


@pytest.fixture
def years(api: Api, service: Service) -> None:
    """Activities that ended in 2020, 2021 (two) and 2022, and are not closed; all others are."""
    service.database.write(
        lambda connection: statements.execute(connection, "UPDATE activities SET closed_at = created_at", {})
    )
    for number, year in enumerate((2020, 2021, 2021, 2022)):
        api.register(internal_id=f"of-{number}", start_date=f"{year}-01-01", end_date=f"{year}-12-31")


@pytest.mark.usefixtures("years")
@pytest.mark.parametrize(
    ("today", "says"),
    [
        ("2022-01-29", "3 activities have ended and are not closed. For 1 of them the yearly closing has passed."),
        (
            "2022-01-30",
            "For 1 of them the yearly closing has passed. 2 of them to be closed by 03/31/2022.",
        ),
        ("2022-03-31", "2 of them to be closed by 03/31/2022."),
        ("2022-04-01", "3 activities have ended and are not closed. For 3 of them the yearly closing has passed."),
        ("2023-02-10", "1 of them to be closed by 03/31/2023."),
    ],
)
def test_it_is_told_from_sixty_days_before_and_once_it_has_passed(
    api: Api, clock: ManualClock, today: str, says: str
) -> None:
    clock.now = datetime.fromisoformat(f"{today}T12:00:00").replace(tzinfo=UTC)
    assert told(api).endswith(says)


@pytest.mark.usefixtures("years")
def test_the_report_and_its_file_have_the_day_of_each_activity(api: Api, clock: ManualClock) -> None:
    clock.now = datetime(2022, 6, 1, tzinfo=UTC)
    rows = api.get(REPORT).json["data"]
    assert [(row["end_date"], row["close_by"]) for row in rows] == [
        ("2020-12-31", "2021-03-31"), ("2021-12-31", "2022-03-31"), ("2021-12-31", "2022-03-31"),
    ]  # fmt: skip
    text = api.send("GET", f"{REPORT}:export", params={"format": "csv"}).response.content.decode("utf-8-sig")
    assert [row["Close By"] for row in csv.DictReader(io.StringIO(text))] == [row["close_by"] for row in rows]


@pytest.mark.parametrize(
    ("today", "passed", "told"),
    [("2022-01-29", 2020, 2020), ("2022-01-30", 2020, 2021), ("2022-03-31", 2020, 2021), ("2022-04-01", 2021, 2021)],
)
def test_the_years_that_are_told(today: str, passed: int, told: int) -> None:
    assert MARCH.years_told(date.fromisoformat(today)) == (passed, told)


def test_a_closing_early_in_the_year_is_near_in_the_year_before() -> None:
    assert YearlyClosing(month=1, day=10).years_told(date(2021, 12, 20)) == (2020, 2021)


def test_an_installation_may_have_none() -> None:
    assert read_yearly_closing(" ") is None
    assert close_by(None, date(2021, 12, 31)) is None
    assert close_by(MARCH, date(2021, 1, 1)) == date(2022, 3, 31)


@pytest.mark.parametrize("wrong", ["02-29", "13-01", "31.3.", "March", "03-31-2022"])
def test_a_day_that_is_not_in_every_year_stops_the_start(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv("PARS_YEARLY_CLOSING", wrong)
    with pytest.raises(ConfigurationError) as told:
        Settings.read()
    assert "PARS_YEARLY_CLOSING" in str(told.value)
    assert wrong not in str(told.value)
