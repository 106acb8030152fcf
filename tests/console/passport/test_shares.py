"""Shares: links to a transcript, made, opened by somebody without an account, listed with their views, ended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from app.domain.passport.notices import SETTLED_AFTER
from app.services.access import erasure
from app.services.context import Service
from app.services.operations import checks
from app.services.passport import forgetting, publishing, telling
from tests.builders.people import physicians_on_file
from tests.harness.access.people import mails
from tests.harness.api import Api, settle
from tests.harness.clock import ManualClock
from tests.harness.console.physicians import a_record, enter, pdf_text
from tests.harness.console.windows import SAME_SITE, Window

SHARES, NEW = "/passport/shares", "/passport/shares/new"
RECEIVER = "Credentials, Harbor Point"
OpenWindow = Callable[[], Window]


def share(physician: Window, **filled: str) -> str:
    """Make a link; return its path."""
    physician.open(NEW).submit(NEW, **({"/receiver": RECEIVER} | filled))
    assert physician.heading == "Your link", physician.text
    link = str(physician.tree.xpath("string(//code[@class='secret'])"))
    return link.removeprefix("https://testserver")


def opened(window: Window, path: str) -> Window:
    """Open a link and press its button."""
    return window.open(path).submit(path)


def end_it(physician: Window) -> None:
    """End the first link of the list."""
    physician.open(SHARES)
    physician.submit(str(physician.tree.xpath("string(//form[contains(@action, '/end')]/@action)")))


def views(physician: Window) -> list[str]:
    """Return what the list says of views, link by link."""
    cells = physician.open(SHARES).tree.xpath("//td[@data-h='Views']")
    return ["; ".join(cell.xpath("div/text()")) or cell.text_content() for cell in cells]


def test_a_receiver_sees_what_was_published_for_whom_and_until_when_without_an_account(
    physician: Window, open_window: OpenWindow, service: Service
) -> None:
    path = share(physician)
    physician.open(SHARES)
    code = str(physician.tree.xpath("string(//td[@data-h='Shows']//span[@class='id'])"))
    receiver = opened(open_window(), path)
    for said in ("Vincent Van Gogh", "22.75", RECEIVER, "01/19/2022", code, "Nothing has changed since"):
        assert said in receiver.text, said
    pdf = receiver.send(f"{path}/pdf").shown
    assert pdf is not None
    assert code in pdf_text(pdf.content)
    own = physician.open("/passport/transcript").tree.xpath(
        "string(//*[@id='published']//a[contains(@href, '/pdf')]/@href)"
    )
    assert physician.browser.get(str(own)).content == pdf.content, "the bytes that were signed"
    settle(service)


def test_programs_that_look_into_mails_count_no_view_and_use_nothing_up(
    physician: Window, open_window: OpenWindow, service: Service
) -> None:
    path = share(physician)
    scanner = open_window()
    for _ in range(3):
        assert scanner.open(path).status == 200
        assert "Gogh" not in scanner.text
        assert RECEIVER not in scanner.text
        assert scanner.browser.head(path).status_code == 200
        assert scanner.browser.get(f"{path}/pdf").status_code == 405
        assert scanner.browser.post(path).status_code == 403, "sent by no page of ours"
    assert views(physician) == ["None yet"]
    opened(scanner, path)
    assert views(physician) == ["12/20/2021: opened 1 time"]
    settle(service)


def test_the_physician_sees_on_which_days_a_link_was_opened_and_how_often(
    physician: Window, open_window: OpenWindow, service: Service, clock: ManualClock
) -> None:
    path = share(physician, mails_views="true")
    before = len(mails(service))
    receiver = open_window()
    opened(receiver, path)
    opened(receiver, path)
    receiver.send(f"{path}/pdf")
    clock.now += timedelta(days=1)
    telling.tell(service)
    receiver.send(f"{path}/pdf")
    clock.now += SETTLED_AFTER
    telling.tell(service)
    enter(physician, service)
    assert views(physician) == ["12/21/2021: PDF taken 1 time; 12/20/2021: opened 2 times, PDF taken 1 time"]
    told = mails(service)[before:]
    assert [mail.subject for mail in told] == ["A link to your transcript was opened"] * 2, "one for each day"
    assert all(name not in mail.body for mail in told for name in ("Gogh", "Harbor"))
    settle(service)


def test_nobody_is_mailed_who_did_not_ask_for_it(
    physician: Window, open_window: OpenWindow, service: Service, clock: ManualClock
) -> None:
    path = share(physician)
    before = len(mails(service))
    opened(open_window(), path)
    clock.now += timedelta(days=8)
    telling.tell(service)
    assert len(mails(service)) == before
    settle(service)


def test_what_is_shown_is_kept_by_nobody_and_leads_nowhere_else(physician: Window, open_window: OpenWindow) -> None:
    path = share(physician)
    browser = open_window().browser
    answers = [browser.get(path), browser.post(path, headers=SAME_SITE), browser.post(f"{path}/pdf", headers=SAME_SITE)]
    answers += [browser.get("/s/none"), browser.post("/s/none", headers=SAME_SITE)]
    for answer in answers:
        assert answer.headers["x-robots-tag"] == "noindex"
        assert answer.headers["cache-control"].startswith("no-store")
        assert answer.headers["referrer-policy"] == "no-referrer"


def test_whoever_opens_links_without_end_is_told_to_wait_and_not_of_signing_in(open_window: OpenWindow) -> None:
    browser = open_window().browser
    answers = [browser.post("/s/none", headers=SAME_SITE) for _ in range(110)]
    assert {answer.status_code for answer in answers} == {404, 429}
    assert "So many forms came from this address" in answers[-1].text
    assert "tried to sign in" not in answers[-1].text


def test_links_that_ended_are_over_and_never_were_answer_alike(
    physician: Window, open_window: OpenWindow, service: Service, clock: ManualClock
) -> None:
    ended = share(physician)
    end_it(physician)
    over = share(physician, until="7")
    receiver = open_window()
    opened(receiver, over)
    clock.now += timedelta(days=9)
    unknown = "/s/" + "x" * 43
    said = []
    for path in (ended, over, unknown):
        for method, place in (("GET", path), ("POST", path), ("POST", f"{path}/pdf")):
            answer = receiver.browser.request(method, place, headers=SAME_SITE)
            assert answer.status_code == 404
            said.append(answer.content)
    assert len(set(said)) == 1
    assert b"Gogh" not in said[0]
    enter(physician, service).open(SHARES)
    assert "Over" in physician.text
    assert "Ended" in physician.text
    settle(service)


def test_a_link_ends_at_once_and_on_its_last_day_still_works(
    physician: Window, open_window: OpenWindow, clock: ManualClock, service: Service
) -> None:
    path = share(physician, until="date", **{"/last_day": "12/22/2021"})
    receiver = open_window()
    clock.now += timedelta(days=2)
    assert opened(receiver, path).status == 200
    end_it(enter(physician, service))
    assert receiver.send(path).status == 404
    settle(service)


def test_a_link_that_is_fixed_tells_of_changes_and_one_that_follows_shows_them(
    physician: Window, open_window: OpenWindow, provider: Api, service: Service
) -> None:
    fixed, following = share(physician), share(physician, what="following")
    receiver = open_window()
    assert "22.75" in opened(receiver, following).text
    assert "verification code" in receiver.text
    completion_id, etag = a_record(provider)
    assert provider.send("DELETE", f"/v1/learner-completions/{completion_id}", headers={"If-Match": etag}).status == 204
    assert "22.75" not in opened(receiver, following).text
    pdf = receiver.send(f"{following}/pdf").shown
    assert pdf is not None
    assert "NOT PUBLISHED" in pdf_text(pdf.content)
    assert "22.75" not in pdf_text(pdf.content)
    opened(receiver, fixed)
    assert "22.75" in receiver.text
    assert "Changed since: 1 record" in receiver.text
    settle(service)


def test_a_link_shows_its_period_alone(physician: Window, open_window: OpenWindow) -> None:
    period = {"from": "02/01/2022", "to": "02/28/2022"}
    for what in ("fixed", "following"):
        receiver = opened(open_window(), share(physician, what=what, **period))
        days = receiver.tree.xpath("//td[@data-h='Date']/text()")
        assert days
        assert all(day.startswith("02/") for day in days)


@pytest.mark.parametrize(
    ("filled", "said"),
    [
        ({"/receiver": " "}, "It is for nobody"),
        ({"/receiver": "x" * 201}, "That is too long"),
        ({"until": "date"}, "The last day is missing"),
        ({"until": "date", "/last_day": "soon"}, "Not a day"),
        ({"until": "date", "/last_day": "12/19/2021"}, "The last day is over"),
        ({"until": "date", "/last_day": "12/22/2022"}, "more than a year ahead"),
        ({"until": "8"}, "Choose until when"),
        ({"what": "all"}, "Choose what the link shows"),
        ({"from": "02/28/2022", "to": "02/01/2022"}, "The last day is before the first"),
    ],
)
def test_what_the_form_lacks_is_told_and_no_link_is_made(physician: Window, filled: dict[str, str], said: str) -> None:
    physician.open(NEW).submit(NEW, **({"/receiver": RECEIVER} | filled))
    assert physician.status == 422
    assert said in physician.text
    assert "No links yet" in physician.open(SHARES).text


def test_a_form_that_is_sent_twice_makes_one_link(physician: Window) -> None:
    fields = physician.open(NEW).fields(NEW) | {"/receiver": RECEIVER}
    physician.send(NEW, fields)
    physician.send(NEW, fields)
    assert "made a link already" in physician.text
    assert len(views(physician)) == 1


def test_nobody_ends_what_is_not_theirs(physician: Window, open_window: OpenWindow) -> None:
    share(physician)
    physician.open(SHARES)
    address = str(physician.tree.xpath("string(//form[contains(@action, '/end')]/@action)"))
    assert open_window().send(address).status in (401, 403)
    fields = physician.fields(address)
    assert physician.send("/passport/shares/shr_none/end", fields).status == 404


def test_links_end_with_the_account_and_with_the_physician(
    physician: Window, open_window: OpenWindow, service: Service
) -> None:
    paths = [share(physician), share(physician, what="following")]
    settings = "/passport/settings/close"
    physician.open(settings).submit(settings)
    for path in paths:
        assert open_window().send(path).status == 404
    (physician_id,) = [id for id, one in physicians_on_file(service).items() if ("vangogh", "vincent") in one.names]
    settle(service)
    erasure.erase(service, physician_id, unread=True)
    assert _receivers(service) == {""}
    settle(service)
    assert checks.find_faults(service) == []


def test_an_erased_physicians_links_show_nothing(physician: Window, open_window: OpenWindow, service: Service) -> None:
    path = share(physician, what="following")
    (physician_id,) = [id for id, one in physicians_on_file(service).items() if ("vangogh", "vincent") in one.names]
    settle(service)
    erasure.erase(service, physician_id, unread=True)
    assert open_window().send(path).status == 404
    settle(service)


def test_a_year_after_its_end_nobody_knows_for_whom_a_link_was(
    physician: Window, service: Service, clock: ManualClock
) -> None:
    share(physician, until="7")
    for days, left in ((9, RECEIVER), (360, RECEIVER), (8, "")):
        clock.now += timedelta(days=days)
        forgetting.forget(service)
        assert _receivers(service) == {left}
    settle(service)
    assert checks.find_faults(service) == []


def _receivers(service: Service) -> set[str]:
    return service.database.read(
        lambda connection: set(connection.exec_driver_sql("SELECT receiver FROM passport_shares").scalars())
    )


def test_a_view_that_was_taken_away_behind_the_services_back_is_found(
    physician: Window, open_window: OpenWindow, service: Service
) -> None:
    opened(open_window(), share(physician))
    settle(service)
    assert checks.find_faults(service, whole=False) == []
    service.database.write(lambda connection: connection.exec_driver_sql("DELETE FROM passport_share_views"))
    assert any("share" in fault for fault in checks.find_faults(service, whole=False))


def test_a_link_shows_its_code_however_many_transcripts_were_published_since(
    physician: Window, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "MOST_LISTED", 1)
    share(physician)
    share(physician)
    listed = physician.open(SHARES).tree.xpath("//td[@data-h='Shows']")
    codes = [str(cell.xpath("string(.//span[@class='id'])")) for cell in listed]
    assert len(set(codes)) == 2
    for code in codes:
        assert "Nothing has changed since" in physician.open(f"/verify/{code}").text
    settle(service)
