"""What waits for the operator in CME Passport stands on their Home, and in the mail that they chose."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from app.domain.people.persons import PersonRole
from app.services.context import Service, operator, transact
from app.services.passport import answering
from app.services.people import accounts, staff_mails
from tests.builders.disputes import disputed
from tests.console.passport.test_joining import ask, join, reported
from tests.harness.access.people import invite, mails
from tests.harness.api import Api, settle
from tests.harness.clock import ManualClock
from tests.harness.console.stronger import sign_in_operator
from tests.harness.console.windows import Window

OpenWindow = Callable[[], Window]
CLAIM = "1 claim waits for your decision, to an account that another has."
DISPUTE = "1 dispute waits for your decision, about what was reported."


@pytest.fixture
def boss(open_window: OpenWindow, service: Service) -> Window:
    """The operator's window."""
    opened = open_window()
    sign_in_operator(opened, service)
    return opened


def told(service: Service) -> str | None:
    """Write the mails that are due; return what an operator is told, as one line, None for no mail."""
    known = len(mails(service))
    staff_mails.write_due(service)
    new = [mail for mail in mails(service)[known:] if mail.to == "boss@example.org"]
    assert len(new) <= 1
    return " ".join(new[0].body.split()) if new else None


def test_claims_and_disputes_that_wait_stand_on_home_and_are_mailed(
    boss: Window, window: Window, open_window: OpenWindow, api: Api, service: Service, clock: ManualClock
) -> None:
    person_id = invite(service, "boss@example.org", "operator", of="operator", id=None).person_id
    transact(operator(service), accounts.change, person_id, {"mail_choice": "daily"})
    assert told(service) is None
    assert "Nothing waits for you" in boss.open("/operator").text
    join(window, service)
    ask(open_window(), **{"/address": "other@example.org"})
    disputed(service, reported(api, service))
    clock.now += timedelta(days=1)
    assert (said := told(service)) is not None and CLAIM in said and "dispute" not in said
    assert "Willa" not in said and "Karacme" not in said
    # The session of the month before is over.
    sign_in_operator(boss, service, "alex@example.org")
    page = boss.open("/operator").text
    assert "1 claim to an account that another has" in page and "of physicians about a record" not in page
    # Nobody has answered in time: it counts before and after it is passed on.
    clock.now += timedelta(days=30)
    assert (said := told(service)) is not None and CLAIM in said and DISPUTE in said
    answering.pass_time(service)
    # The session of the month before is over.
    sign_in_operator(boss, service, "kim@example.org")
    page = boss.open("/operator").text
    assert "1 dispute of physicians about a record" in page
    clock.now += timedelta(days=1)
    assert (said := told(service)) is not None and DISPUTE in said
    assert told(service) is None, "once a day"
    settle(service)


def test_nobody_else_is_told_of_them(window: Window, open_window: OpenWindow, service: Service) -> None:
    reader = invite(service, "clerk@example.org", PersonRole.MANAGER.value).person_id
    transact(operator(service), accounts.change, reader, {"mail_choice": "daily"})
    join(window, service)
    ask(open_window(), **{"/address": "other@example.org"})
    known = len(mails(service))
    staff_mails.write_due(service)
    assert not any("claim" in mail.body for mail in mails(service)[known:])
