"""The transcript: read, published, taken as PDF and JSON; verified by anybody, with what has changed since."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from msgspec.structs import replace

from app.domain.passport.transcripts import TranscriptPeriod
from app.services.access import erasure
from app.services.context import Service
from app.services.operations import checks
from app.services.passport import publishing
from app.services.people import sessions
from tests.builders.people import physicians_on_file
from tests.harness.api import Api, settle
from tests.harness.clock import ManualClock
from tests.harness.console.physicians import a_record, enter, pdf_text
from tests.harness.console.windows import SAME_SITE, Window

TRANSCRIPT = "/passport/transcript"
PUBLISH = f"{TRANSCRIPT}/publish"
OpenWindow = Callable[[], Window]


def publish(physician: Window, period: str = "") -> str:
    """Publish what the page shows; return the code."""
    physician.open(f"{TRANSCRIPT}{period}").submit(PUBLISH)
    assert "Published. Its verification code is" in physician.text, physician.text
    return str(physician.tree.xpath("string((//*[@id='published']//tbody//span[@class='id'])[1])"))


def test_the_slides_transcript_stands_on_the_page_in_the_pdf_and_in_json(physician: Window) -> None:
    physician.open(TRANSCRIPT)
    for said in ("Vincent Van Gogh", "American Board of Ophthalmology", "98989", "22.75", "54916519"):
        assert said in physician.text, said
    assert "Total AMA PRA Category 1 Credits: 7" in physician.text
    pdf = physician.browser.get(f"{TRANSCRIPT}.pdf").content
    for said in ("Vincent Van Gogh", "22.75", "NOT PUBLISHED"):
        assert said in pdf_text(pdf), said
    content = json.loads(physician.browser.get(f"{TRANSCRIPT}.json").content)
    assert content["ama_pra_quarters"] == 28
    assert {line["board"]: line["quarters"] for line in content["lines"]} == {"CA-M": 28, "ABO": 91}
    assert physician.browser.get(f"{TRANSCRIPT}.pdf").content == pdf, "the same content gives the same bytes"


def test_a_period_narrows_page_pdf_and_json_and_one_that_is_none_is_told(physician: Window) -> None:
    period = "?from=02/01/2022&to=02/28/2022"
    physician.open(f"{TRANSCRIPT}{period}")
    rows = len(physician.tree.xpath("//table[@aria-label='Completed activities']/tbody/tr"))
    content = json.loads(physician.browser.get(f"{TRANSCRIPT}.json{period}").content)
    assert len(content["rows"]) == rows > 0
    assert all("2022-02-01" <= row["completed_on"] <= "2022-02-28" for row in content["rows"])
    for wrong in ("?from=never", "?from=02/28/2022&to=02/01/2022"):
        for path in (TRANSCRIPT, f"{TRANSCRIPT}.pdf", f"{TRANSCRIPT}.json"):
            assert physician.open(f"{path}{wrong}").status == 422


def test_a_published_transcript_is_signed_and_always_the_same_bytes_under_its_code(
    physician: Window, open_window: OpenWindow, service: Service
) -> None:
    code = publish(physician)
    address = str(physician.tree.xpath("string(//*[@id='published']//a[contains(@href, '/pdf')]/@href)"))
    pdf = physician.browser.get(address).content
    assert physician.browser.get(address).content == pdf
    assert b"/ETSI.CAdES.detached" in pdf
    assert code in pdf_text(pdf)
    assert "OFFICIAL TRANSCRIPT" in pdf_text(pdf)
    anybody = open_window()
    for typed in (code, code.lower().replace("-", " "), f" {code} "):
        anybody.open("/verify").submit("/verify", code=typed)
        assert anybody.heading == "This transcript is genuine"
    assert "Nothing has changed since" in anybody.text
    assert "Vincent Van Gogh" in anybody.text
    assert anybody.shown is not None
    assert anybody.shown.headers["x-robots-tag"] == "noindex"
    assert "no-store" in anybody.shown.headers["cache-control"]

    def compare(content: bytes) -> str:
        path = f"/verify/{code}/compare"
        answer = anybody.browser.post(path, files={"file": ("t.pdf", content)}, headers=SAME_SITE)
        return answer.text

    assert "The file is the one that was published" in compare(pdf)
    assert "The file is not the one that was published" in compare(pdf + b"\n")
    assert "There is no file" in compare(b"")
    settle(service)


def test_a_form_that_is_sent_twice_publishes_once(physician: Window, service: Service) -> None:
    physician.open(TRANSCRIPT)
    form = physician.fields(PUBLISH)
    physician.send(PUBLISH, form)
    physician.send(PUBLISH, form)
    assert "It was published already" in physician.text
    assert len(physician.tree.xpath("//*[@id='published']//tbody/tr")) == 1


@pytest.mark.parametrize("code", ["7K4M-9QXD-2TRA", "what", "0" * 500])
def test_a_code_that_is_none_and_that_of_somebody_erased_are_answered_alike(
    physician: Window, open_window: OpenWindow, service: Service, code: str
) -> None:
    published = publish(physician)
    (physician_id,) = [id for id, one in physicians_on_file(service).items() if ("vangogh", "vincent") in one.names]
    settle(service)
    erasure.erase(service, physician_id, unread=True)
    anybody = open_window()
    erased = anybody.open(f"/verify/{published}").text
    assert anybody.status == 404
    assert anybody.open(f"/verify/{code}").text == erased
    assert anybody.status == 404
    settle(service)


def test_what_has_changed_since_is_told_with_its_day(
    physician: Window, open_window: OpenWindow, provider: Api, service: Service, clock: ManualClock
) -> None:
    code = publish(physician)
    completion_id, etag = a_record(provider)
    clock.now += timedelta(days=3)
    assert provider.send("DELETE", f"/v1/learner-completions/{completion_id}", headers={"If-Match": etag}).status == 204
    anybody = open_window()
    anybody.open(f"/verify/{code}")
    assert "Changed since: 1 record" in anybody.text
    assert "was withdrawn (12/23/2021)" in anybody.text
    physician.open(TRANSCRIPT)
    assert "22.75" not in physician.text.split("Published")[0]
    settle(service)


def test_ten_codes_an_hour_may_be_wrong(open_window: OpenWindow, physician: Window, service: Service) -> None:
    code = publish(physician)
    anybody = open_window()
    for number in range(10):
        assert anybody.open(f"/verify/7K4M-9QXD-{number:04d}").status == 404
    assert anybody.open("/verify/7K4M-9QXD-2TRA").status == 429
    assert anybody.open(f"/verify/{code}").status == 429


def test_nobody_publishes_or_takes_what_is_not_theirs(
    physician: Window, open_window: OpenWindow, service: Service
) -> None:
    publish(physician)
    address = str(physician.tree.xpath("string(//*[@id='published']//a[contains(@href, '/pdf')]/@href)"))
    assert open_window().open(address).heading == "Sign in"
    assert physician.open("/passport/transcripts/tra_none/pdf").status == 404


def test_a_transcript_that_was_changed_behind_the_services_back_is_found(physician: Window, service: Service) -> None:
    publish(physician)
    settle(service)
    service.database.write(lambda connection: connection.exec_driver_sql("UPDATE transcripts SET content = '{}'"))
    assert any("transcript" in fault for fault in checks.find_faults(service, whole=False))


def test_an_account_publishes_so_many_transcripts_a_day(
    physician: Window, service: Service, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "MOST_A_DAY", 2)
    for _ in range(2):
        publish(physician)
    physician.open(TRANSCRIPT).submit(PUBLISH)
    assert "You have published 2 transcripts within a day" in physician.text
    clock.now += timedelta(days=1, minutes=1)
    publish(enter(physician, service))


def test_the_account_page_does_not_tell_which_physician_of_the_registry_it_is(
    physician: Window, service: Service
) -> None:
    physician.open("/account")
    assert "CME Passport: learner" in physician.text
    assert not any(id in physician.text for id in physicians_on_file(service))


def test_the_address_of_verification_is_printed_where_the_installation_has_one(
    physician: Window, service: Service
) -> None:
    """A signed paper that leads to the machine of whoever holds it would prove nothing."""

    def printed(public_url: str) -> str:
        there = replace(service, settings=service.settings.model_copy(update={"public_url": public_url}))
        found = service.database.read(lambda connection: sessions.find(connection, physician.cookie or ""))
        assert found is not None
        caller = service.database.read(lambda connection: sessions.caller_of(connection, there, found))
        assert caller is not None
        return pdf_text(asyncio.run(publishing.prepare(caller, TranscriptPeriod())).pdf)

    assert "https://pars.example.org/verify" in printed("https://pars.example.org")
    alone = printed("")
    assert "Verification code:" in alone
    assert "http" not in alone
