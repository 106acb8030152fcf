"""CME Passport: joining, what confirms an account, who else asks for it, credits, closing."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from app.services.access import erasure
from app.services.context import Service
from app.services.passport import forgetting
from tests.builders.bodies import a_completion, tina
from tests.builders.people import import_people, physicians_on_file
from tests.harness.access.people import mails
from tests.harness.api import Api, settle
from tests.harness.clock import ManualClock
from tests.harness.console.stronger import sign_in_operator
from tests.harness.console.windows import Window, sign_in

WILLA = {
    "/first_name": "Willa",
    "/last_name": "Duncan",
    "/date_of_birth": "05/25",
    "/state": "CA",
    "/license_id": "70279062",
    "/address": "willa@physicians.example",
}
JOIN, SETTINGS, CREDITS = "/passport/join", "/passport/settings", "/passport/credits"
OpenWindow = Callable[[], Window]


def ask(window: Window, **changed: str) -> str:
    """Ask for an account; return what the page said, without what is new in every form."""
    window.open(JOIN).submit(JOIN, **(WILLA | changed))
    return window.text


def link_in(service: Service, to: str = WILLA["/address"]) -> str | None:
    """Return the link of the newest mail to an address, if it opens an account."""
    newest = [mail for mail in mails(service) if mail.to == to][-1]
    found = re.search(r"http://\S+(/passport/join/\S+)", newest.body)
    return found[1] if found else None


def join(window: Window, service: Service, **changed: str) -> None:
    """Ask for an account, and open it by the link of the mail."""
    ask(window, **changed)
    link = link_in(service, changed.get("/address", WILLA["/address"]))
    assert link is not None
    window.open(link).submit(link)


def code_for(window: Window, completion_id: str) -> str:
    """Make a joining code on the page of a record, as a clerk."""
    record = f"/p/0008001/completions/{completion_id}"
    window.open(record).submit(f"{record}/joining-code")
    return str(window.tree.xpath("string(//code[@class='secret'])"))


def reported(api: Api, service: Service) -> str:
    """Report Tina's points; return the record."""
    answer = api.report(tina())
    assert answer.status == 201
    settle(service)
    return str(answer.json["completion_id"])


TINA = WILLA | {
    "/first_name": "Tina", "/last_name": "Karacme", "/date_of_birth": "11/24", "/state": "", "/license_id": "",
    "/address": "tina@physicians.example",
}  # fmt: skip


def test_an_account_is_opened_from_the_mailbox_and_shows_nothing_until_it_is_confirmed(
    window: Window, service: Service
) -> None:
    ask(window)
    assert window.heading == "Look into your mail"
    link = link_in(service)
    assert link is not None
    for _ in range(2):
        assert window.open(link).status == 200
        assert window.cookie is None
    window.submit(link)
    assert window.heading == "Settings"
    assert "One step is missing" in window.text
    assert "70279062" not in window.text
    assert window.open(CREDITS).heading == "Settings"
    assert window.open(link).status == 410
    assert window.send(link).status == 410
    settle(service)


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"/date_of_birth": "05/26"},
        {"/first_name": "Wilma"},
        {"/license_id": "70279063"},
        {"/state": "TN"},
        {"/npi": "1234567893"},
        {"/first_name": "Nobody", "/last_name": "Atall"},
        {"/code": "7K4M-9QXD-2TRA"},
    ],
)
def test_the_page_says_the_same_of_everybody_and_a_mail_goes_out_in_every_case(
    window: Window, service: Service, changed: dict[str, str]
) -> None:
    before = len(mails(service))
    ask(window, **changed)
    said = window.text
    right = not changed
    assert len(mails(service)) == before + 1
    assert (link_in(service) is not None) is right
    for name in ("Willa", "Duncan", "Nobody", "Wilma"):
        assert name not in mails(service)[-1].body
    assert window.open(JOIN).submit(JOIN, **(WILLA | {"/address": "b@example.org"})).text == said
    settle(service)


def test_slips_that_evidence_forgives_in_reports_open_no_account(window: Window, service: Service) -> None:
    import_people(
        service,
        {"first_name": "Rebecca", "last_name": "Quillfeather", "licenses": "TN-M:777444", "date_of_birth": "03/04"},
        {"first_name": "Ulla", "last_name": "Undated", "licenses": "TN-M:777445"},
    )
    typed = {"/last_name": "Quillfeather", "/date_of_birth": "03/04", "/state": "TN", "/license_id": "777444"}
    ask(window, **typed, **{"/first_name": "Becky"})
    assert link_in(service) is None
    ask(window, **typed, **{"/first_name": "Rebecca"})
    assert link_in(service) is not None
    ask(window, **{"/first_name": "Ulla", "/last_name": "Undated", "/state": "TN", "/license_id": "777445"})
    assert link_in(service) is None, "a date that is not on file authenticates nobody"


def test_what_the_form_lacks_is_told_all_at_once_and_nothing_is_mailed(window: Window, service: Service) -> None:
    before = len(mails(service))
    ask(window, **dict.fromkeys(WILLA, ""), **{"/code": "no code"})
    assert window.status == 422
    for said in (
        "first name is missing", "last name is missing", "birth month and day are missing", "Not a mail address",
        "Not a joining code",
    ):  # fmt: skip
        assert said in window.text, said
    ask(window, **{"/license_id": ""})
    assert "The state has no licence number" in window.text
    ask(window, **{"/state": ""})
    assert "The licence number has no state" in window.text
    ask(window, **{"/state": "", "/license_id": ""})
    assert "Nothing tells you from others" in window.text
    assert len(mails(service)) == before


def test_five_mails_an_hour_go_to_an_address(window: Window, service: Service, clock: ManualClock) -> None:
    before = len(mails(service))
    pages = {ask(window) for _ in range(7)}
    assert len(pages) == 1
    assert len(mails(service)) == before + 5
    clock.now += timedelta(hours=1, minutes=1)
    ask(window)
    assert len(mails(service)) == before + 6


def test_a_birth_date_is_tried_five_times_here_and_then_the_right_one_is_a_miss(
    window: Window, service: Service
) -> None:
    for day in range(1, 6):
        ask(window, **{"/date_of_birth": f"01/0{day}", "/address": f"thief{day}@example.org"})
        assert link_in(service, f"thief{day}@example.org") is None
    ask(window)
    assert link_in(service) is None, "whoever tries dates never learns which is right"


def test_a_date_once_right_for_one_address_spends_the_budget_for_every_other(window: Window, service: Service) -> None:
    ask(window)
    assert link_in(service) is not None
    for day in range(1, 6):
        ask(window, **{"/date_of_birth": f"01/0{day}", "/address": "thief@example.org"})
    ask(window, **{"/address": "other-thief@example.org"})
    assert link_in(service, "other-thief@example.org") is None
    ask(window)
    assert link_in(service) is not None, "who has found themselves before is not locked out by thieves"


def test_a_joining_code_of_a_provider_confirms_what_identity_data_opened(
    window: Window, open_window: OpenWindow, api: Api, service: Service
) -> None:
    record = reported(api, service)
    clerk = open_window()
    sign_in(clerk, service)
    code = code_for(clerk, record)
    join(window, service, **(TINA | {"/code": code}))
    assert window.heading == "My credits"
    assert "0.25 ABA" in window.text
    assert "Grand Rounds Anesthesia" in window.text
    other = open_window()
    ask(other, **(TINA | {"/code": code, "/address": "late@example.org"}))
    assert link_in(service, "late@example.org") is None, "a code works once"
    settle(service)


def test_a_code_in_the_settings_confirms_the_account_it_is_for_and_no_other(
    window: Window, open_window: OpenWindow, api: Api, service: Service
) -> None:
    record = reported(api, service)
    clerk = open_window()
    sign_in(clerk, service)
    code = code_for(clerk, record)
    join(window, service)
    for wrong in (code, "7K4M-9QXD-2TRA", "what"):
        window.open(SETTINGS).submit(f"{SETTINGS}/confirm", **{"/code": wrong})
        assert window.status == 422
        assert "not a joining code of yours" in window.text
    api.report(
        a_completion(
            "201759558", "2021-12-02", first_name="Willa", last_name="Duncan", born="05/25", state="CA",
            license_id="70279062",
        )
    )  # fmt: skip
    record, *_ = api.get("/v1/learner-completions?last_name=Duncan").json["data"]
    mine = code_for(clerk, record["completion_id"])
    window.open(SETTINGS).submit(f"{SETTINGS}/confirm", **{"/code": mine.lower().replace("-", " ")})
    assert window.heading == "My credits"
    settle(service)


def test_a_code_is_given_with_wrong_data_five_times(
    window: Window, open_window: OpenWindow, api: Api, service: Service
) -> None:
    clerk = open_window()
    sign_in(clerk, service)
    code = code_for(clerk, reported(api, service))
    for day in range(1, 6):
        ask(window, **(TINA | {"/code": code, "/date_of_birth": f"01/0{day}", "/address": f"t{day}@example.org"}))
    ask(window, **(TINA | {"/code": code}))
    assert link_in(service, TINA["/address"]) is None


def test_of_two_who_claim_one_account_the_operator_decides_and_both_are_told(
    window: Window, open_window: OpenWindow, service: Service
) -> None:
    join(window, service)
    other = open_window()
    said = ask(other, **{"/address": "other@example.org"})
    assert said == ask(open_window(), **{"/first_name": "Nobody", "/address": "third@example.org"})
    told = {mail.to: mail.subject for mail in mails(service)}
    assert told["other@example.org"] == "Your CME Passport account could not be opened yet"
    assert told[WILLA["/address"]] == "Somebody asked for your CME Passport account"
    window.open(SETTINGS)
    objection = str(window.tree.xpath("string(//form[contains(@action, '/object')]/@action)"))
    window.submit(objection)
    assert "You said that it was not you" in window.text
    boss = open_window()
    sign_in_operator(boss, service)
    boss.open("/operator/passport")
    assert "says that the other is a stranger" in boss.text
    decision = str(boss.tree.xpath("string(//form[contains(@action, '/claims/')]/@action)"))
    boss.submit(decision, decision="give")
    told = {mail.to: mail.subject for mail in mails(service)}
    assert told["other@example.org"] == "You can open your CME Passport account now"
    assert told[WILLA["/address"]] == "Your CME Passport account was closed"
    assert window.open(SETTINGS).heading == "Sign in"
    join(other, service, **{"/address": "other@example.org"})
    assert other.heading == "Settings"
    settle(service)


def test_the_operator_confirms_an_account(window: Window, open_window: OpenWindow, service: Service) -> None:
    join(window, service)
    boss = open_window()
    sign_in_operator(boss, service)
    boss.open("/operator/passport")
    assert "Willa Duncan" in boss.text
    confirmation = str(boss.tree.xpath("string(//form[contains(@action, '/confirm')]/@action)"))
    boss.submit(confirmation)
    assert "Nothing to decide" in boss.text
    assert mails(service)[-1].subject == "Your CME Passport account was confirmed"
    assert window.open(CREDITS).heading == "My credits"
    assert "70279062" in window.open(SETTINGS).text
    settle(service)


def test_a_provider_that_vouches_outweighs_an_account_that_nothing_has_confirmed(
    window: Window, open_window: OpenWindow, api: Api, service: Service
) -> None:
    """Whoever knows a licence and a birthday cannot keep the physician out."""
    import_people(
        service,
        {
            "first_name": "Tina", "last_name": "Karacme", "date_of_birth": "11/24", "licenses": "TN-M:777001",
            "certifications": "ABA:35867909",
        },
    )  # fmt: skip
    thief = open_window()
    join(thief, service, **(TINA | {"/state": "TN", "/license_id": "777001", "/address": "thief@example.org"}))
    assert thief.heading == "Settings"
    clerk = open_window()
    sign_in(clerk, service)
    join(window, service, **(TINA | {"/code": code_for(clerk, reported(api, service))}))
    assert window.heading == "My credits"
    assert thief.open(SETTINGS).heading == "Sign in"
    settle(service)


def test_who_asks_for_what_they_have_is_told_to_sign_in(window: Window, service: Service) -> None:
    join(window, service)
    ask(window)
    assert mails(service)[-1].subject == "You have a CME Passport account"


def test_an_account_is_closed_and_can_be_opened_again(window: Window, service: Service, clock: ManualClock) -> None:
    join(window, service)
    window.open(f"{SETTINGS}/close").submit(f"{SETTINGS}/close")
    assert window.heading == "Open your CME Passport account"
    assert mails(service)[-1].subject == "Your CME Passport account was closed"
    assert window.open(SETTINGS).heading == "Sign in"
    clock.now += timedelta(hours=2)
    join(window, service)
    assert window.heading == "Settings"
    settle(service)


def test_who_got_no_account_is_forgotten(window: Window, service: Service, clock: ManualClock) -> None:
    ask(window, **{"/first_name": "Nobody"})
    mails(service)
    clock.now += timedelta(days=3)
    forgetting.forget(service)
    found = service.database.read(
        lambda connection: connection.exec_driver_sql(
            "SELECT count(*) FROM people WHERE address IS NOT NULL"
        ).scalar_one()
    )
    assert found == 0
    settle(service)


@pytest.mark.parametrize("role", ["reader", "reporter"])
def test_staff_have_no_credits_and_physicians_no_provider(
    window: Window, open_window: OpenWindow, service: Service, role: str
) -> None:
    clerk = open_window()
    sign_in(clerk, service, role=role)
    assert clerk.open(CREDITS).status == 404
    join(window, service)
    for path in ("/p/0008001", "/b/ABA", "/operator"):
        assert window.open(path).status == 404


def test_an_erased_physician_has_no_account_and_nobody_knows_who_had_it(window: Window, service: Service) -> None:
    join(window, service)
    ask(window, **{"/address": "other@example.org"})
    mails(service)
    (physician_id,) = [id for id, one in physicians_on_file(service).items() if ("duncan", "willa") in one.names]
    erasure.erase(service, physician_id)
    assert window.open(SETTINGS).heading == "Sign in"
    left = service.database.read(
        lambda connection: connection.exec_driver_sql(
            "SELECT count(*) FROM people WHERE address = 'willa@physicians.example'"
        ).scalar_one()
    )
    assert left == 0
    assert (
        service.database.read(
            lambda connection: connection.exec_driver_sql("SELECT count(*) FROM passport_claims").scalar_one()
        )
        == 0
    )
    settle(service)


def test_the_physician_of_the_slides_is_one_click_away_in_the_demo(browser: TestClient, service: Service) -> None:
    physician = Window(browser)
    for _ in range(2):
        physician.open("/sign-in", host="127.0.0.1").send("/sign-in/demo", {"as": "physician"}, host="127.0.0.1")
        assert physician.heading == "My credits"
        assert "Vincent Van Gogh" in physician.text
        figures = physician.tree.xpath("//dl[@class='figs']//dd")
        shown = [" ".join(figure.text_content().split()) for figure in figures]
        assert shown == ["7 CME, each once", "7 Medical Board of California", "22.75 American Board of Ophthalmology"]
    settle(service)
