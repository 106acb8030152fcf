"""Attacks on CME Passport: guessing dates, crowding somebody out, hostile files and addresses."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from app.domain.passport.accounts import CLAIMS_AN_HOUR, CODE_LIFE
from app.services.context import Service
from app.services.passport import forgetting
from tests.console.passport.test_joining import TINA, WILLA, OpenWindow, ask, code_for, join, link_in, reported
from tests.harness.access.people import mails
from tests.harness.api import Api, settle
from tests.harness.clock import ManualClock
from tests.harness.console.windows import Window, sign_in
from tests.harness.inbox import stored


def test_birth_dates_tried_with_several_codes_are_counted_together(
    window: Window, open_window: OpenWindow, api: Api, service: Service, clock: ManualClock
) -> None:
    """Whoever makes codes, and there are as many as somebody makes, tries five dates with them in a month."""
    record = reported(api, service)
    clerk = open_window()
    sign_in(clerk, service)
    first, *codes = [code_for(clerk, record) for _ in range(3)]
    clock.now += CODE_LIFE - timedelta(minutes=2)
    for day in range(1, 6):
        ask(
            window,
            **(TINA | {"/code": codes[day % 2], "/date_of_birth": f"01/0{day}", "/address": f"t{day}@a.example"}),
        )
    ask(window, **(TINA | {"/code": first}))
    assert link_in(service, TINA["/address"]) is None
    clock.now += timedelta(days=2)
    forgetting.forget(service)
    sign_in(clerk, service, "another@example.org")
    ask(window, **(TINA | {"/code": code_for(clerk, record)}))
    assert link_in(service, TINA["/address"]) is None, "what was tried is not forgotten with the code"
    clock.now += CODE_LIFE
    forgetting.forget(service)
    sign_in(clerk, service, "third@example.org")
    ask(window, **(TINA | {"/code": code_for(clerk, record)}))
    assert link_in(service, TINA["/address"]) is not None
    settle(service)


def test_whoever_asks_again_for_anothers_account_is_one_claim_and_the_holder_is_told_once(
    window: Window, open_window: OpenWindow, service: Service
) -> None:
    join(window, service)
    for _ in range(4):
        ask(open_window(), **{"/address": "other@example.org"})
    told = Counter((mail.to, mail.subject) for mail in mails(service))
    assert told["other@example.org", "Your CME Passport account could not be opened yet"] == 4
    assert told[WILLA["/address"], "Somebody asked for your CME Passport account"] == 1
    assert waiting(service) == 1
    settle(service)


def test_a_crowd_that_asks_for_an_account_does_not_flood_its_holder(
    window: Window, open_window: OpenWindow, service: Service, clock: ManualClock
) -> None:
    join(window, service)
    for number in range(CLAIMS_AN_HOUR + 3):
        ask(open_window(), **{"/address": f"w{number}@example.org"})
    told = [mail.subject for mail in mails(service) if mail.to == WILLA["/address"]]
    assert told.count("Somebody asked for your CME Passport account") == CLAIMS_AN_HOUR
    assert waiting(service) == CLAIMS_AN_HOUR + 3, "the operator decides on each"
    clock.now += timedelta(hours=1, minutes=1)
    ask(open_window(), **{"/address": "later@example.org"})
    assert WILLA["/address"] in {mail.to for mail in mails(service)[-2:]}
    settle(service)


def waiting(service: Service) -> int:
    """Return how many claims the operator has to decide."""
    ((count,),) = stored(service, "SELECT count(*) FROM passport_claims WHERE outcome = 'taken' AND decided_at IS NULL")
    return int(count)
