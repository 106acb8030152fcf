"""Attacks on CME Passport: guessing dates, crowding somebody out, hostile files and addresses."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from httpx import Response

from app.console.pages.passport import verify
from app.domain.passport.accounts import CLAIMS_AN_HOUR, CODE_LIFE
from app.services.access.rates import RateLimits
from app.services.context import Service
from app.services.passport import forgetting
from tests.console.passport.test_joining import TINA, WILLA, OpenWindow, ask, code_for, join, link_in, reported
from tests.console.passport.test_transcripts import publish
from tests.harness.access.people import mails
from tests.harness.api import Api, settle
from tests.harness.clock import ManualClock
from tests.harness.console.windows import SAME_SITE, Window, sign_in
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


def test_a_file_is_read_only_for_a_code_that_there_is(
    physician: Window, open_window: OpenWindow, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has no code keeps nobody busy with files."""
    code, read = publish(physician), list[int]()

    async def count(piece: bytes) -> None:
        read.append(len(piece))

    monkeypatch.setattr(verify, "_drop", count)
    anybody = open_window().browser

    def compare(code: str, *files: bytes) -> Response:
        sent = [("file", (f"{number}.pdf", file)) for number, file in enumerate(files)]
        return anybody.post(f"/verify/{code}/compare", files=sent, headers=SAME_SITE)

    large = bytes(3 * 1_048_576)
    for number in range(10):
        assert compare(f"7K4M-9QXD-{number:04d}", large).status_code == 404
    assert compare(code, large).status_code == 429
    assert read == []
    anybody.app.state.rates = RateLimits(service.settings)
    assert "not the one that was published" in compare(code, large).text
    assert sum(read) == len(large)
    assert compare(code, large, large).status_code == 422
    assert "There is no file" in anybody.post(f"/verify/{code}/compare", files={"x": b"y"}, headers=SAME_SITE).text
    assert anybody.post(f"/verify/{code}/compare", data={"file": "x"}, headers=SAME_SITE).status_code == 415
    plain = SAME_SITE | {"content-type": "multipart/form-data; boundary=x"}
    assert anybody.post(f"/verify/{code}/compare", content=b"no form", headers=plain).status_code == 400
