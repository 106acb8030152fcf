"""Attacks on CME Passport: guessing dates, crowding somebody out, hostile files and addresses."""

from __future__ import annotations

from datetime import timedelta

from app.domain.passport.accounts import CODE_LIFE
from app.services.context import Service
from app.services.passport import forgetting
from tests.console.passport.test_joining import TINA, OpenWindow, ask, code_for, link_in, reported
from tests.harness.api import Api, settle
from tests.harness.clock import ManualClock
from tests.harness.console.windows import Window, sign_in


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
