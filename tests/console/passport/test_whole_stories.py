"""Whole stories of Passport: what becomes of credit after it was shown, and of an account that two people claim."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from app.services.context import Service
from app.services.operations import checks
from tests.builders.bodies import a_completion, points
from tests.console.passport.test_disputes import dispute
from tests.console.passport.test_joining import CREDITS, SETTINGS, WILLA, ask, code_for, join
from tests.console.passport.test_shares import opened, share
from tests.console.passport.test_transcripts import publish
from tests.harness.access.people import Mail, mails
from tests.harness.api import Api, settle
from tests.harness.clock import ManualClock
from tests.harness.console.physicians import enter
from tests.harness.console.stronger import sign_in_operator
from tests.harness.console.windows import Window, sign_in

OpenWindow = Callable[[], Window]
RECORDS = "/v1/learner-completions"
OTHER = "other@example.org"
GENUINE, UNCHANGED = "This transcript is genuine", "Nothing has changed since"


def rows_of(window: Window) -> dict[str, str]:
    """Return the rows of credit that a page shows by their days."""
    rows = window.tree.xpath("//tr[td[@data-h='Date']]")
    return {str(row.xpath("string(td[@data-h='Date'])")).strip(): " ".join(row.text_content().split()) for row in rows}


def noticed(window: Window) -> list[str]:
    """Return what a page says has changed since."""
    found = window.tree.xpath("//div[contains(@class, 'note')][h2[contains(., 'Changed since')]]//li")
    return [" ".join(line.text_content().split()) for line in found]


def test_what_happens_to_credit_that_was_published_shows_at_once_wherever_it_is_looked_at(
    physician: Window, open_window: OpenWindow, provider: Api, service: Service, clock: ManualClock
) -> None:
    code, fixed, following = publish(physician), share(physician), share(physician, what="following")
    receiver = open_window()
    records = provider.get(f"{RECORDS}?last_name=Van%20Gogh&board=ABO").json["data"]
    by_day = {record["completed_on"]: record["completion_id"] for record in records}
    corrected, disputed, withdrawn = (by_day[day] for day in ("2021-12-02", "2022-02-02", "2022-02-16"))
    printed = rows_of(receiver.open(f"/verify/{code}"))
    assert UNCHANGED in receiver.text
    assert len(printed) == 4

    def correct() -> None:
        moc = [points("ABO", "98989", 5.25)]
        answer = provider.send("PATCH", f"{RECORDS}/{corrected}", {"If-Match": "*"}, json={"moc": moc})
        assert answer.status == 200, answer.json

    def withdraw() -> None:
        assert provider.send("DELETE", f"{RECORDS}/{withdrawn}", {"If-Match": "*"}).status == 204

    def complain() -> None:
        assert dispute(physician, disputed, "amount", "It was longer.")

    steps: list[tuple[Callable[[], None], str, str, str]] = [
        (correct, "12/02/2021", "5.25 ABO", "5.75 ABO is 5.25 now (12/21/2021)"),
        (withdraw, "02/16/2022", "Withdrawn", "5 ABO was withdrawn (12/22/2021)"),
        (complain, "02/02/2022", "Disputed", "says that it is wrong, and the question is open (12/23/2021)"),
    ]  # fmt: skip
    told: list[str] = []
    for act, day, on_page, notice in steps:
        clock.now += timedelta(days=1)
        # A day without a look ends the session.
        enter(physician, service)
        act()
        assert on_page in rows_of(physician.open(CREDITS))[day]
        told.append(notice)
        for window, path in ((receiver, f"/verify/{code}"), (receiver, fixed)):
            _ = window.open(path) if path.startswith("/verify") else opened(window, path)
            assert f"Changed since: {len(told)} record" in window.text, path
            assert all(any(line.rstrip(".").endswith(one) for line in noticed(window)) for one in told), noticed(window)
            now = rows_of(window)
            assert now.keys() == printed.keys(), "what was printed stands"
            assert all(amount_of(now[one]) == amount_of(printed[one]) for one in printed)
        shown = rows_of(opened(receiver, following))
        assert ("02/16/2022" in shown) is (withdraw not in [one[0] for one in steps[: len(told)]])
        assert "5.25 ABO" in shown["12/02/2021"]
        assert noticed(receiver) == [] and "As it stands now" in receiver.text
    assert receiver.open(f"/verify/{code}").heading == GENUINE
    settle(service)
    assert checks.find_faults(service) == []


def amount_of(row: str) -> str:
    """Return the amount within a row's text."""
    return next(part for part in ("5.75 ABO", "5 ABO", "7 ABO") if part in row)


def told_since(service: Service, known: int) -> list[tuple[str, str]]:
    return [(mail.to, mail.subject) for mail in mails(service)[known:]]


def decide(boss: Window, decision: str) -> None:
    boss.open("/operator/passport")
    boss.submit(str(boss.tree.xpath("string(//form[contains(@action, '/claims/')]/@action)")), decision=decision)


def argue(window: Window, clerk: Window, boss: Window, api: Api, service: Service, record: str) -> str:
    """Tell a dispute that the provider answers, the physician refers and the operator decides; return its address."""
    known = len(mails(service))
    address = dispute(window, record, "amount", "It was longer.")
    settle(service)
    dispute_id = address.rpartition("/")[2]
    theirs, there = f"/p/0008001/disputes/{dispute_id}", f"/operator/passport/disputes/{dispute_id}"
    assert "1 physician says that a record is wrong" in clerk.open("/p/0008001").text
    clerk.open(theirs).submit(f"{theirs}/answer", **{"/message": "You left early."})
    window.open(address).submit(f"{address}/refer", **{"/message": "I did not."})
    assert "1 dispute of physicians" in boss.open("/operator").text
    boss.open(there).submit(f"{there}/decide", decision="refuse", **{"/message": "The sheet says so."})
    settle(service)
    happened = [one["type"] for one in api.get("/v1/events", limit=100).json["data"]]
    about = [type for type in happened if type.startswith("dispute.")]
    assert about == ["dispute.opened", "dispute.closed"], "the provider is told by its events"
    assert len(of_her(service, known)) >= 2
    for said in ("It was longer.", "You left early.", "I did not.", "The sheet says so."):
        assert said in window.open(address).text
        assert said in clerk.open(theirs).text
        assert all(said not in mail.body for mail in mails(service))
    return address


def test_an_account_that_two_claim_is_disputed_from_closed_and_opened_again_and_nothing_is_lost(
    window: Window, open_window: OpenWindow, api: Api, service: Service, clock: ManualClock
) -> None:
    hers: dict[str, Any] = {
        "first_name": "Willa", "last_name": "Duncan", "born": "05/25", "state": "CA", "license_id": "70279062",
    }  # fmt: skip
    made = api.report(a_completion(**hers)).json
    record, before = made["completion_id"], api.get(f"{RECORDS}/{made['completion_id']}").json
    settle(service)
    clerk, boss, stranger = open_window(), open_window(), open_window()
    sign_in(clerk, service, "clerk@example.org")
    sign_in_operator(boss, service)
    join(window, service)
    window.open(SETTINGS).submit(f"{SETTINGS}/confirm", **{"/code": code_for(clerk, record)})
    assert "Grand Rounds" in window.open(CREDITS).text
    # Two claims: both are told, she objects, the operator decides, both are told.
    known = len(mails(service))
    ask(stranger, **{"/address": OTHER})
    window.open(SETTINGS)
    window.submit(str(window.tree.xpath("string(//form[contains(@action, '/object')]/@action)")))
    assert "1 claim" in boss.open("/operator").text or "Decide" in boss.text
    decide(boss, "leave")
    assert {to for to, _ in told_since(service, known)} >= {WILLA["/address"], OTHER}
    assert len([to for to, _ in told_since(service, known) if to == OTHER]) == 2
    assert "Grand Rounds" in window.open(CREDITS).text
    address = argue(window, clerk, boss, api, service, record)
    # Permission withdrawn: the provider is refused, and asked by a dispute; what stands stands, flagged.
    here = f"{SETTINGS}/permission/0008001"
    window.open(here).submit(here, **{"/message": "Please no longer."})
    assert api.report(a_completion(completed_on="2021-12-03", **hers)).codes == {"permission-withdrawn"}
    assert "Permission withdrawn" in window.open(CREDITS).text
    code, link = publish(window), share(window)
    # Closed: its links end, and what was published stays genuine.
    known = len(mails(service))
    window.open(f"{SETTINGS}/close").submit(f"{SETTINGS}/close")
    assert told_since(service, known) == [(WILLA["/address"], "Your CME Passport account was closed")]
    assert open_window().open(link).status == 404
    assert open_window().open(f"/verify/{code}").heading == GENUINE
    assert api.report(a_completion(completed_on="2021-12-03", **hers)).codes == {"permission-withdrawn"}
    settle(service)
    # Opened again, it shows all that there was, and the permission is given back.
    clock.now += timedelta(hours=2)
    sign_in(clerk, service, "clerk2@example.org")
    join(window, service, **{"/code": code_for(clerk, record)})
    assert "Permission withdrawn" in window.open(CREDITS).text
    assert "The sheet says so." in window.open(address).text
    window.open(SETTINGS)
    window.submit(str(window.tree.xpath("string(//form[contains(@action, '/give-back')]/@action)")))
    assert api.report(a_completion(completed_on="2021-12-03", **hers)).status == 201
    assert api.get(f"{RECORDS}/{record}").json["credits"] == before["credits"]
    settle(service)
    assert checks.find_faults(service) == []


def of_her(service: Service, known: int) -> list[Mail]:
    return [mail for mail in mails(service)[known:] if mail.to == WILLA["/address"]]
