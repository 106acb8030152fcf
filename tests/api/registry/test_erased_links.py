"""What a one-time link asks for may name somebody: nothing of it outlives an erasure."""

from __future__ import annotations

from datetime import timedelta

from app.services.access import erasure
from app.services.context import Service
from app.store.sql import statements
from tests.api.looking.test_downloads import follow, link
from tests.builders.people import import_people
from tests.harness.api import Api
from tests.harness.canary import FILED, LAST, NPI
from tests.harness.clock import ManualClock
from tests.harness.refusals import assert_problem


def test_links_that_may_name_who_was_erased_end(api: Api, service: Service, clock: ManualClock) -> None:
    assert import_people(service, FILED).added == 1
    over = link(api, last_name=[LAST])
    clock.now += timedelta(minutes=11)
    open_still = link(api, last_name=[LAST])
    erasure.erase(service, NPI, unread=True)
    kept = service.database.read(lambda connection: statements.fetch_column(connection, "SELECT query FROM downloads"))
    assert kept == ["", ""]
    for url in (over, open_still):
        assert_problem(follow(api, url), 410, "download-gone")
    assert follow(api, link(api)).status == 200
