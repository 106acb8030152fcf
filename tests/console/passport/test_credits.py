"""The page of credits: filters with their totals, years, saved periods, and what is new since the last visit."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from app.core.errors import Conflict
from app.domain.passport.own_periods import MOST_PERIODS, VISIT_ENDS_AFTER, OwnVisit
from app.domain.passport.transcripts import TranscriptPeriod
from app.services.context import Service, transact
from app.services.passport import own_periods
from app.store.sql import statements
from tests.builders.bodies import tina
from tests.builders.disputes import physician_of
from tests.console.passport.test_joining import join
from tests.harness.api import Api, settle
from tests.harness.clock import ManualClock
from tests.harness.console.physicians import enter
from tests.harness.console.windows import Window

CREDITS, PERIODS = "/passport/credits", "/passport/periods"


def table(window: Window, label: str) -> list[list[str]]:
    """Return the cells of a table, row by row; empty ones are `–none`."""
    rows = window.tree.xpath(f"//table[@aria-label='{label}']/tbody/tr")
    return [[" ".join(cell.text_content().split()) for cell in row.xpath("td | th")] for row in rows]


def by_year(window: Window) -> dict[str, dict[str, str]]:
    """Return the totals of each year by what they are of."""
    of = [str(text) for text in window.tree.xpath("//table[@aria-label='Totals by year']/thead//th/text()")]
    return {
        year: {name: amount for name, amount in zip(of[1:], amounts, strict=True) if amount != "–none"}
        for year, *amounts in table(window, "Totals by year")
    }


def figures(window: Window) -> dict[str, str]:
    """Return the totals of the page by what they are of."""
    found = window.tree.xpath("//*[@id='totals']//dl/div")
    return {one.xpath("string(dt)").strip(): one.xpath("string(dd)").split()[0] for one in found}


def marks(window: Window) -> list[str]:
    """Return what is marked as new, from the newest record on."""
    return [str(text) for text in window.tree.xpath("//*[@id='records']//tbody//span[@class='tag held info']/text()")]


def test_each_filter_alone_and_together_shows_what_fits_with_the_totals_of_that_alone(physician: Window) -> None:
    physician.open(CREDITS)
    everything, whole = table(physician, "Credits"), figures(physician)
    assert whole["ABO"] == "22.75"
    assert "not of all your credit" not in physician.text
    physician.open(f"{CREDITS}?board=ABO")
    assert set(figures(physician)) == {"ABO"}
    assert figures(physician)["ABO"] == "22.75"
    assert "not of all your credit" in physician.text
    assert all("ABO" in row[2] and "AMA" not in row[2] for row in table(physician, "Credits"))
    providers = physician.tree.xpath("//select[@name='provider']/option[@value != '']/@value")
    rows = 0
    for provider in providers:
        physician.open(f"{CREDITS}?provider={provider}")
        rows += len(table(physician, "Credits"))
    assert rows == len(everything), "each record is of one provider"
    states = physician.tree.xpath("//select[@name='state']/option[@value != '']/@value")
    assert set(states) == {"pending", "accepted", "rejected", "withdrawn"}
    shown = [len(table(physician.open(f"{CREDITS}?state={state}"), "Credits")) for state in states]
    assert max(shown) > 0 and sum(shown) >= len(everything)
    physician.open(f"{CREDITS}?board=ABO&state=withdrawn")
    assert "No credit that fits" in physician.text
    physician.open(f"{CREDITS}?board=NONE&provider=x&state=never")
    assert physician.status == 200 and "No credit that fits" in physician.text


def test_totals_by_year_are_those_of_its_records_by_hand(physician: Window) -> None:
    physician.open(CREDITS)
    years = by_year(physician)
    assert len(years) > 1
    assert list(years) == sorted(years, reverse=True)
    for year, amounts in years.items():
        physician.open(f"{CREDITS}?from=01/01/{year}&to=12/31/{year}")
        assert by_year(physician) == {year: amounts}
        assert sorted(amounts.values()) == sorted(figures(physician).values())


def test_a_saved_period_is_offered_at_credits_transcript_and_shares_and_its_name_stands_in_no_address(
    physician: Window, service: Service
) -> None:
    physician.open(f"{CREDITS}?from=02/01/2022&to=02/28/2022")
    rows = table(physician, "Credits")
    save = str(physician.tree.xpath(f"string(//a[starts-with(@href, '{PERIODS}?')]/@href)"))
    physician.open(save).submit(PERIODS, **{"/name": "My <renewal> & more"})
    assert "The period was saved" in physician.text
    for path in (CREDITS, "/passport/transcript", "/passport/shares/new"):
        physician.open(path)
        (link,) = physician.tree.xpath("//a[normalize-space() = 'My <renewal> & more']/@href")
        assert link == f"{path}?from=02%2F01%2F2022&to=02%2F28%2F2022"
        physician.open(str(link))
        assert physician.tree.xpath("string(//input[@name='from']/@value)") == "02/01/2022"
    physician.open(f"{CREDITS}?from=02%2F01%2F2022&to=02%2F28%2F2022")
    assert table(physician, "Credits") == rows
    physician.open(PERIODS)
    physician.submit(str(physician.tree.xpath("string(//form[contains(@action, '/remove')]/@action)")))
    assert "No saved periods yet" in physician.text
    settle(service)


@pytest.mark.parametrize(
    ("filled", "said"),
    [
        ({"/name": "", "from": "01/01/2021"}, "The name is missing"),
        ({"/name": "x" * 61, "from": "01/01/2021"}, "more than 60 characters"),
        ({"/name": "Renewal"}, "The period has no day"),
        ({"/name": "Renewal", "from": "never"}, "Not a day"),
        ({"/name": "Renewal", "from": "02/01/2022", "to": "01/01/2022"}, "The last day is before the first"),
    ],
)
def test_a_period_that_cannot_be_saved_is_told_with_its_place(
    physician: Window, filled: dict[str, str], said: str
) -> None:
    physician.open(PERIODS).submit(PERIODS, **filled)
    assert physician.status == 422
    assert said in physician.text
    assert physician.open(PERIODS).tree.xpath("//table") == []


def test_a_name_is_taken_once_and_there_are_not_more_periods_than_anybody_reads(
    physician: Window, window: Window, api: Api, service: Service
) -> None:
    caller = physician_of(service, api.report(tina()).json["completion_id"])
    year = TranscriptPeriod(first=date(2021, 1, 1))
    for number in range(MOST_PERIODS):
        transact(caller, own_periods.save, f"Period {number}", year)
    with pytest.raises(Conflict):
        transact(caller, own_periods.save, "One more", year)
    for _ in range(2):
        physician.open(PERIODS).submit(PERIODS, **{"/name": "Renewal", "from": "01/01/2021"})
    assert "There is a period of this name" in physician.text
    listed = service.database.read(lambda connection: own_periods.list_mine(connection, caller))
    assert len(listed) == MOST_PERIODS
    other = listed[0].period_id
    own = physician.fields(PERIODS)
    physician.send(f"{PERIODS}/{other}/remove", {name: own[name] for name in ("token", "key")})
    assert physician.status == 404, "another physician's"
    settle(service)


def test_who_is_not_confirmed_has_no_periods(window: Window, service: Service) -> None:
    join(window, service)
    assert window.open(PERIODS).heading == "Settings"
    assert window.open(CREDITS).heading == "Settings"
    count = "SELECT count(*) FROM passport_visits"
    assert service.database.read(lambda connection: statements.fetch_value(connection, count)) == 0


def test_what_is_new_since_the_last_visit_is_marked_and_a_reload_marks_the_same(
    physician: Window, provider: Api, service: Service, clock: ManualClock
) -> None:
    # The records of the demo world were made by the real clock.
    clock.now = datetime.now(UTC) + timedelta(days=1)
    enter(physician, service)
    for _ in range(2):
        assert marks(physician.open(CREDITS)) == [], "nothing is new at the first visit"
    clock.now += timedelta(days=1)
    records = provider.get("/v1/learner-completions?last_name=Van%20Gogh&board=ABO").json["data"]
    path = f"/v1/learner-completions/{records[0]['completion_id']}"
    answer = provider.get(path)
    assert provider.send("DELETE", path, headers={"If-Match": answer.response.headers["ETag"]}).status in (200, 204)
    clock.now += timedelta(hours=1)
    enter(physician, service)
    for _ in range(3):
        assert marks(physician.open(CREDITS)) == ["Changed"]
        clock.now += timedelta(minutes=40)
    clock.now += VISIT_ENDS_AFTER
    enter(physician, service)
    assert marks(physician.open(CREDITS)) == []
    settle(service)


def test_a_record_that_came_since_is_new_and_looking_at_another_page_is_no_visit(
    window: Window, api: Api, service: Service, clock: ManualClock
) -> None:
    physician = physician_of(service, api.report(tina()).json["completion_id"])
    assert transact(physician, own_periods.look) is None
    clock.now += timedelta(days=1)
    made = api.report(tina("2021-12-02"))
    service.database.read(lambda connection: own_periods.list_mine(connection, physician))
    since = transact(physician, own_periods.look)
    assert since is not None and since.isoformat() < made.json["submitted_at"].replace("Z", "+00:00")
    assert transact(physician, own_periods.look) == since


def test_a_clock_that_goes_back_begins_no_visit(clock: ManualClock) -> None:
    visit = OwnVisit(looked_at=clock.now, new_since=None)
    assert visit.at(clock.now - timedelta(hours=3)) == visit
    assert visit.at(clock.now + VISIT_ENDS_AFTER).new_since == clock.now


def test_what_a_physician_keeps_ends_with_the_account(physician: Window, service: Service) -> None:
    physician.open(CREDITS)
    physician.open(PERIODS).submit(PERIODS, **{"/name": "Renewal", "from": "01/01/2021"})
    physician.open("/passport/settings/close").submit("/passport/settings/close")
    for kept in ("passport_periods", "passport_visits"):
        count: Any = f"SELECT count(*) FROM {kept}"
        assert service.database.read(lambda connection, count=count: statements.fetch_value(connection, count)) == 0
    settle(service)
