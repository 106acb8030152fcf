"""When a completion can lie: start, end, claim date, and a today that is the latest on earth."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.domain.activities import Activity
from app.domain.reports import CmePart, MocPart
from app.rules.case import latest_date_on_earth
from tests.builders.judging import NOW, a_cme, a_moc, a_registration, a_rems, a_report, an_activity, judged

END, CLAIM = date(2021, 6, 30), date(2021, 9, 30)
LATE = "reported-within-30-days"


def _course(**fields: object) -> Activity:
    """A course that ends in June; ABIM points can be claimed until September, ABA's until the end."""
    registrations = (a_registration("ABIM", credit_claim_date=CLAIM), a_registration("ABA"))
    return an_activity(*registrations, end_date=END, **fields)


CME_ONLY, ABIM_ONLY, BOTH = (a_cme(),), (a_moc("ABIM"),), (a_cme(), a_moc("ABIM"))


@pytest.mark.parametrize(
    ("parts", "day", "refused"),
    [
        (CME_ONLY, END, set()),
        (CME_ONLY, END + timedelta(1), {"cme-by-end"}),
        (ABIM_ONLY, END + timedelta(1), set()),
        (ABIM_ONLY, CLAIM, set()),
        (ABIM_ONLY, CLAIM + timedelta(1), {"moc-by-claim-date"}),
        (BOTH, END, set()),
        (BOTH, END + timedelta(1), {"cme-by-end"}),
        (BOTH, CLAIM + timedelta(1), {"cme-by-end", "moc-by-claim-date"}),
        ((a_moc("ABA"),), END, set()),
        ((a_moc("ABA"),), END + timedelta(1), {"moc-by-claim-date"}),
        ((a_moc("ABA"), a_moc("ABIM")), CLAIM, {"moc-by-claim-date"}),
    ],
)
def test_cme_ends_with_the_activity_and_points_with_their_boards_claim_date(
    parts: tuple[CmePart | MocPart, ...], day: date, refused: set[str]
) -> None:
    assert judged(a_report(*parts, completed_on=day), activity=_course()).rejects == refused


def test_only_the_board_whose_claim_date_has_passed_is_named() -> None:
    verdict = judged(a_report(a_moc("ABA"), a_moc("ABIM"), completed_on=CLAIM), activity=_course())
    (finding,) = (finding for finding in verdict.findings if finding.rejects)
    assert "ABA" in finding.detail and "ABIM" not in finding.detail
    assert str(END) in finding.detail


def test_a_board_that_the_activity_is_not_registered_for_has_no_claim_date() -> None:
    verdict = judged(a_report(a_moc("ABO"), completed_on=CLAIM), activity=_course())
    assert verdict.rejects == {"board-registered"}


def test_rems_ends_with_the_activity() -> None:
    course = _course(rems={"type": "opioid"})
    assert judged(a_report(a_rems(), completed_on=END), activity=course).rejects == set()
    assert judged(a_report(a_rems(), completed_on=END + timedelta(1)), activity=course).rejects == {"rems-by-end"}


def test_a_completion_lies_on_the_first_day_or_later() -> None:
    course = an_activity(start_date=date(2021, 3, 1))
    assert judged(a_report(completed_on=date(2021, 3, 1)), activity=course).rejects == set()
    assert judged(a_report(completed_on=date(2021, 2, 28)), activity=course).rejects == {"completed-after-start"}


def test_the_29th_of_february_is_a_day_of_completion() -> None:
    course = an_activity(start_date=date(2020, 2, 29), end_date=date(2020, 2, 29))
    assert judged(a_report(completed_on=date(2020, 2, 29)), activity=course).rejects == set()


@pytest.mark.parametrize(("days", "warned"), [(0, False), (30, False), (31, True), (365, True)])
def test_credit_is_reported_within_30_days(days: int, warned: bool) -> None:
    course = an_activity(start_date=date(2020, 1, 1))
    verdict = judged(a_report(completed_on=NOW.date() - timedelta(days)), activity=course)
    assert verdict.rejects == set()
    assert (LATE in verdict.warns) is warned


def test_the_thirty_days_of_a_file_count_to_its_upload_not_to_its_processing() -> None:
    uploaded = datetime(2021, 12, 30, 12, 0, tzinfo=UTC)
    report = a_report(completed_on=date(2021, 12, 1), received_at=uploaded)
    assert judged(report, now=uploaded + timedelta(days=40)).warns == set()


NEW_YEAR, EVE = date(2022, 1, 1), date(2021, 12, 31)


@pytest.mark.parametrize(
    ("zone", "clock", "day", "accepted"),
    [
        # In Chicago the ball has dropped; half an hour before, the year was new elsewhere already.
        ("America/Chicago", "2022-01-01 00:30", NEW_YEAR, True),
        ("America/Chicago", "2021-12-31 23:30", EVE, True),
        ("America/Chicago", "2021-12-31 23:30", NEW_YEAR, True),
        ("America/Chicago", "2021-12-31 03:30", NEW_YEAR, False),
        # Guam is ahead of UTC: its first hours of the year are still the old one in London.
        ("Pacific/Guam", "2022-01-01 00:00", NEW_YEAR, True),
        ("Pacific/Guam", "2022-01-01 09:59", NEW_YEAR, True),
        ("Pacific/Guam", "2022-01-01 00:00", NEW_YEAR + timedelta(1), False),
        # Honolulu is the last: its last evening is the new year nearly everywhere.
        ("Pacific/Honolulu", "2021-12-31 23:30", EVE, True),
        ("Pacific/Honolulu", "2021-12-31 23:30", NEW_YEAR, True),
        ("Pacific/Honolulu", "2021-12-31 23:30", NEW_YEAR + timedelta(1), False),
    ],
)
def test_today_at_new_year_is_the_latest_date_on_earth(zone: str, clock: str, day: date, accepted: bool) -> None:
    now = datetime.fromisoformat(clock).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    course = an_activity(end_date=date(2022, 12, 31))
    verdict = judged(a_report(completed_on=day, received_at=now), activity=course, now=now)
    assert verdict.rejects == (set() if accepted else {"completed-not-future"})


def test_a_new_day_begins_on_earth_at_ten_utc() -> None:
    assert latest_date_on_earth(datetime(2021, 12, 31, 9, 59, 59, tzinfo=UTC)) == EVE
    assert latest_date_on_earth(datetime(2021, 12, 31, 10, 0, tzinfo=UTC)) == NEW_YEAR


def test_a_completion_of_tomorrow_elsewhere_is_neither_late_nor_future() -> None:
    now = datetime(2021, 12, 31, 14, 30, tzinfo=UTC)
    course = an_activity(end_date=date(2022, 12, 31))
    assert judged(a_report(completed_on=NEW_YEAR, received_at=now), activity=course, now=now).findings == ()
