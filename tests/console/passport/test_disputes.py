"""Disputes and permission: a physician says that a record is wrong, provider and operator answer, all are told."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from app.domain.passport.transcripts import RowFlag, TranscriptPeriod
from app.services.access import erasure, retention
from app.services.context import Service, transact
from app.services.passport import answering, disputes, my_credits
from app.services.registry import physicians as registry
from tests.builders.bodies import a_completion, tina
from tests.builders.disputes import disputed, physician_of
from tests.builders.people import physicians_on_file
from tests.console.passport.test_joining import TINA, code_for, join, reported
from tests.harness.access.people import mails
from tests.harness.api import Api, settle
from tests.harness.clock import ManualClock
from tests.harness.console.stronger import sign_in_operator
from tests.harness.console.windows import Window, sign_in

OpenWindow = Callable[[], Window]
CREDITS, SETTINGS = "/passport/credits", "/passport/settings"
_REQUEST = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
WORDS = "I was in another room that day."


@pytest.fixture
def record(window: Window, open_window: OpenWindow, api: Api, service: Service) -> str:
    """A record of Tina's, whose account is confirmed and open in `window`."""
    made = reported(api, service)
    clerk = open_window()
    sign_in(clerk, service, "code@example.org")
    join(window, service, **(TINA | {"/code": code_for(clerk, made)}))
    assert window.heading == "My credits"
    return made


def dispute(window: Window, record: str, kind: str = "not-me", message: str = WORDS) -> str:
    """Dispute a record; return the address of the dispute."""
    here = f"{CREDITS}/{record}"
    window.open(f"{here}/dispute").submit(f"{here}/dispute", **{"/kind": kind, "/message": message})
    return str(window.tree.xpath("string(//a[contains(@href, '/passport/disputes/')]/@href)"))


def rows(service: Service, sql: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    return service.database.read(lambda connection: [tuple(row) for row in connection.exec_driver_sql(sql)])


def newest(service: Service) -> Any:
    return mails(service)[-1]


def flags_of(service: Service) -> set[RowFlag]:
    """Return the flags of all rows of Tina's transcript."""
    (physician_id,) = [id for id, one in physicians_on_file(service).items() if ("karacme", "tina") in one.names]

    def look(connection: Any) -> set[RowFlag]:
        physician = registry.find(connection, physician_id)
        found = my_credits.records_of(connection, physician, TranscriptPeriod())
        transcript = my_credits.transcript_of(service.catalogue, physician, found, TranscriptPeriod())
        return {flag for row in transcript.rows for flag in row.flags}

    return service.database.read(look)


def test_a_record_is_disputed_flagged_mailed_and_taken_back(
    window: Window, record: str, api: Api, service: Service
) -> None:
    window.open(CREDITS).open(f"{CREDITS}/{record}")
    assert "Grand Rounds Anesthesia" in window.text
    assert "Reported" in window.text
    address = dispute(window, record)
    assert "The provider was told" in window.text
    assert "It is not me" in window.text
    assert "Disputed" in window.open(CREDITS).text
    assert flags_of(service) == {RowFlag.DISPUTED}
    mail = newest(service)
    assert mail.to == TINA["/address"]
    assert "Grand Rounds Anesthesia" in mail.body
    assert address in mail.body
    for name in ("Tina", "Karacme", WORDS):
        assert name not in mail.subject + mail.body
    settle(service)
    (event,) = [one for one in api.get("/v1/events").json["data"] if one["type"] == "dispute.opened"]
    assert event["data"].keys() == {"dispute_id", "provider_id", "completion_id", "activity_id"}
    assert event["data"]["completion_id"] == record
    window.open(address)
    assert WORDS in window.text
    window.submit(f"{address}/settle")
    assert "Taken back" in window.text
    assert "Disputed" not in window.open(CREDITS).text
    assert flags_of(service) == set()
    settle(service)
    assert [one["type"] for one in api.get("/v1/events").json["data"]].count("dispute.closed") == 1


def test_two_open_disputes_of_one_record_are_one_and_a_double_click_is_one_step(
    window: Window, record: str, service: Service
) -> None:
    here = f"{CREDITS}/{record}"
    window.open(f"{here}/dispute")
    sent = window.fields(f"{here}/dispute") | {"/kind": "amount", "/message": WORDS}
    for _ in range(2):
        window.send(f"{here}/dispute", sent)
        assert window.status == 200
    assert rows(service, "SELECT count(*) FROM dispute_steps") == [(1,)]
    address = dispute(window, record, "date", "And it was a Tuesday.")
    assert rows(service, "SELECT count(*) FROM disputes") == [(1,)]
    window.open(address)
    assert "The amount is wrong" in window.text
    assert "And it was a Tuesday." in window.text
    settle(service)


def test_what_is_lacking_is_told_and_nothing_is_stored(window: Window, record: str, service: Service) -> None:
    here = f"{CREDITS}/{record}/dispute"
    window.open(here).submit(here)
    assert window.status == 422
    assert "What is wrong is not chosen" in window.text
    assert "There are no words" in window.text
    window.submit(here, **{"/kind": "permission", "/message": "x"})
    assert "What is wrong is not chosen" in window.text
    window.submit(here, **{"/kind": "amount", "/message": "x" * 2_001})
    assert "2,001 characters" in window.text
    assert rows(service, "SELECT count(*) FROM disputes") == [(0,)]


def test_anothers_record_is_as_one_that_is_not_there(
    window: Window, record: str, open_window: OpenWindow, api: Api, service: Service
) -> None:
    other = api.report(
        a_completion(
            "201759558", "2021-12-02", first_name="Willa", last_name="Duncan", born="05/25", state="CA",
            license_id="70279062",
        )
    ).json["completion_id"]  # fmt: skip
    address = dispute(window, record)
    stranger = open_window()
    join(stranger, service)
    for tail in ("", "/dispute", "/permission"):
        absent = window.open(f"{CREDITS}/01a205e2-0000-7000-8000-000000000000{tail}").text
        assert window.status == 404
        foreign = window.open(f"{CREDITS}/{other}{tail}")
        assert foreign.status == 404
        assert _REQUEST.sub("", foreign.text) == _REQUEST.sub("", absent)
        assert stranger.open(f"{CREDITS}/{record}{tail}").heading == "Settings", "an unconfirmed account shows nothing"
    assert stranger.open(address).heading == "Settings"
    settle(service)


def test_a_provider_that_does_not_answer_in_time_leaves_it_to_the_operator(
    window: Window, record: str, service: Service, clock: ManualClock
) -> None:
    dispute(window, record)
    answering.pass_time(service)
    assert rows(service, "SELECT status FROM disputes") == [("open",)]
    clock.now += timedelta(days=30, minutes=1)
    answering.pass_time(service)
    assert rows(service, "SELECT status FROM disputes") == [("referred",)]
    assert "operator decides now" in newest(service).body
    settle(service)


def test_of_an_erased_physician_nothing_that_was_said_is_left(window: Window, record: str, service: Service) -> None:
    dispute(window, record)
    here = f"{SETTINGS}/permission/0008001"
    window.open(here).submit(here, **{"/message": "Please no longer."})
    mails(service)
    settle(service)
    (physician_id,) = [id for id, one in physicians_on_file(service).items() if ("karacme", "tina") in one.names]
    erasure.erase(service, physician_id, unread=True)
    assert rows(service, "SELECT count(*) FROM dispute_steps WHERE message IS NOT NULL") == [(0,)]
    assert rows(service, "SELECT DISTINCT status FROM disputes") == [("taken-back",)]
    assert rows(service, "SELECT count(*) FROM withdrawn_permissions WHERE given_back_at IS NULL") == [(0,)]
    settle(service)


def test_a_provider_finds_it_on_home_answers_and_the_operator_decides(
    window: Window, record: str, open_window: OpenWindow, api: Api, service: Service
) -> None:
    dispute_id = dispute(window, record, "amount").rpartition("/")[2]
    clerk = open_window()
    sign_in(clerk, service, "clerk@example.org")
    clerk.open("/p/0008001")
    assert "1 physician says that a record is wrong" in clerk.text
    here = f"/p/0008001/disputes/{dispute_id}"
    assert "The amount is wrong" in clerk.open("/p/0008001/disputes").text
    clerk.open(here)
    assert WORDS in clerk.text
    assert "Nothing of the record has changed since" in clerk.text
    clerk.submit(f"{here}/answer")
    assert clerk.status == 422
    assert "The answer has no words" in clerk.text
    sent = clerk.fields(f"{here}/answer") | {"/message": "You signed the sheet."}
    for _ in range(2):
        clerk.send(f"{here}/answer", sent)
        assert clerk.status == 200
    assert rows(service, "SELECT count(*) FROM dispute_steps WHERE verb = 'answer'") == [(1,)]
    assert "The provider has answered" in newest(service).body
    assert "signed" not in newest(service).body
    address = f"/passport/disputes/{dispute_id}"
    assert "You signed the sheet." in window.open(address).text
    window.submit(f"{address}/refer", **{"/message": "That is not my hand."})
    assert "The operator decides now" in window.text
    boss = open_window()
    sign_in_operator(boss, service)
    assert "1 dispute of physicians" in boss.open("/operator").text
    assert "The amount is wrong" in boss.open("/operator/passport/disputes").text
    there = f"/operator/passport/disputes/{dispute_id}"
    boss.open(there)
    assert "That is not my hand." in boss.text
    boss.submit(f"{there}/decide", decision="refuse")
    assert "The answer has no words" in boss.text
    boss.submit(f"{there}/decide", decision="refuse", **{"/message": "The hands are alike."})
    assert "It is decided" in boss.text
    assert "It stays as it is" in newest(service).body
    window.open(address)
    assert "Refused" in window.text
    assert "The hands are alike." in window.text
    assert "Ended" in clerk.open(here).text
    assert flags_of(service) == set()
    settle(service)


def test_a_correction_shows_what_changed_and_settles_it(
    window: Window, record: str, open_window: OpenWindow, api: Api, service: Service
) -> None:
    address = dispute(window, record, "date")
    changed = api.send(
        "PATCH", f"/v1/learner-completions/{record}", {"If-Match": "*"}, json={"completed_on": "2021-12-03"}
    )
    assert changed.status == 200, changed.json
    window.open(address)
    assert "became 12/03/2021." in window.text
    window.submit(f"{address}/settle")
    assert rows(service, "SELECT status FROM disputes") == [("agreed",)]
    settle(service)


def test_a_record_that_is_anothers_by_now_is_agreed_and_says_nothing_of_them(
    window: Window, record: str, api: Api, service: Service
) -> None:
    address = dispute(window, record)
    willa = {"first_name": "Willa", "last_name": "Duncan", "date_of_birth": "05/25"}
    body = a_completion(
        "201759558", "2021-12-02", first_name="Willa", last_name="Duncan", born="05/25", state="CA",
        license_id="70279062",
    )  # fmt: skip
    changed = api.send("PUT", f"/v1/learner-completions/{record}", {"If-Match": "*"}, json=body)
    assert changed.status == 200, changed.json
    answering.pass_time(service)
    assert rows(service, "SELECT status FROM disputes") == [("agreed",)]
    assert window.open(f"{CREDITS}/{record}").status == 404
    window.open(address)
    assert "Agreed" in window.text
    for value in willa.values():
        assert value not in window.text
    settle(service)


def test_an_answer_that_nobody_objects_to_stands(
    window: Window, record: str, api: Api, service: Service, clock: ManualClock
) -> None:
    dispute_id = dispute(window, record).rpartition("/")[2]
    path = f"/v1/disputes/{dispute_id}"
    listed = api.get("/v1/disputes", status="open").json["data"]
    assert [one["dispute_id"] for one in listed] == [dispute_id]
    assert listed[0]["steps"][0]["message"] == WORDS
    assert "Tina" not in str(listed)
    assert api.post(f"{path}/answer", {"message": " "}).status == 422
    answered = api.post(f"{path}/answer", {"message": "We looked again."})
    assert (answered.status, answered.json["status"]) == (200, "answered")
    assert api.post(f"{path}/answer", {"message": "Once more."}).status == 409
    clock.now += timedelta(days=29)
    answering.pass_time(service)
    assert api.get(path).json["status"] == "answered"
    clock.now += timedelta(days=2)
    answering.pass_time(service)
    ended = api.get(path).json
    assert ended["status"] == "refused"
    assert ended["steps"][-1]["party"] == "service"
    assert api.post(f"{path}/answer", {"message": "Once more."}).status == 409
    settle(service)


def test_staff_who_only_read_answer_nothing(
    window: Window, record: str, open_window: OpenWindow, service: Service
) -> None:
    dispute_id = dispute(window, record).rpartition("/")[2]
    reader = open_window()
    sign_in(reader, service, "reader@example.org", "reader")
    here = f"/p/0008001/disputes/{dispute_id}"
    assert reader.open(here).status == 200
    assert not reader.tree.xpath("//form[contains(@action, '/answer')]")
    assert reader.send(f"{here}/answer", {"/message": "x", "token": "x"}).status == 403
    assert "Say" not in reader.text
    boss = open_window()
    sign_in_operator(boss, service)
    assert boss.open(f"/operator/as/0008001/disputes/{dispute_id}").status == 200


def test_no_log_names_anybody_or_says_what_was_said(
    window: Window, record: str, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    address = dispute(window, record)
    window.open(address).submit(f"{address}/settle")
    written = capsys.readouterr()
    for name in ("Tina", "Karacme", WORDS):
        assert name not in written.out + written.err


def test_what_was_said_goes_a_year_after_the_end(api: Api, service: Service, clock: ManualClock) -> None:
    record = api.report(tina()).json["completion_id"]
    opened = disputed(service, record)
    settle(service)
    clock.now += timedelta(days=400)
    assert retention.look(service).dispute_words == 0
    transact(physician_of(service, record), disputes.settle, opened.dispute_id)
    clock.now += timedelta(days=366)
    assert retention.look(service).dispute_words == 1
    assert retention.run(service).dispute_words == 1
    assert rows(service, "SELECT count(*) FROM dispute_steps WHERE message IS NOT NULL") == [(0,)]
    settle(service)


def test_the_provider_sees_of_whose_record_it_is_as_it_reported_them(
    window: Window, open_window: OpenWindow, record: str, service: Service
) -> None:
    dispute(window, record)
    clerk = open_window()
    sign_in(clerk, service, "clerk@example.org")
    clerk.open("/p/0008001/disputes")
    assert "Tina Karacme" in clerk.text
    clerk.open(str(clerk.tree.xpath("string(//tbody//a/@href)")))
    assert clerk.heading == "A physician says: “It is not me”"
    assert clerk.tree.xpath("string(//dt[.='Reported as']/following-sibling::dd)") == "Tina Karacme"
