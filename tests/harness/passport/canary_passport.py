"""The canary's whole story in CME Passport: joined, confirmed, published, shared, disputed, moved, closed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import unquote, urlsplit

import httpx
from lxml import html

from app.core.http.browsers import COOKIE
from app.services.context import Service
from tests.harness.access.people import mails
from tests.harness.api import Answer, Api
from tests.harness.canary import BOARD_ID, DAY, FIRST, FORMER, LAST, LICENSE, MONTH, NPI, her_report
from tests.harness.canary_story import ADDRESSES
from tests.harness.console.canary_pages import KeptBrowser
from tests.harness.console.windows import SAME_SITE, Window

OLD, NEW, STRANGER = "first@mailbox.example", "second@mailbox.example", "stranger@mailbox.example"
HER = {
    "/first_name": FIRST, "/last_name": LAST, "/date_of_birth": f"{MONTH}/{DAY}", "/state": "TN",
    "/license_id": LICENSE, "/npi": NPI, "/address": OLD,
}  # fmt: skip
JOIN, SETTINGS, CREDITS, SHARES = "/passport/join", "/passport/settings", "/passport/credits", "/passport/shares"
OWN_ADDRESSES = ("/s/", "/verify/", "/passport/join/", "/passport/address/", "/sign-in/")
"""How the addresses begin that are what they open."""
_MAILED = re.compile(r"http://[^/\s]+((/[a-z/-]+/)([A-Za-z0-9_-]{20,}))")


@dataclass
class PassportTold:
    """What was answered, and what was handed out on the way and opens something."""

    said: list[Answer] = field(default_factory=list)
    secrets: set[str] = field(default_factory=set)

    def keep(self, answer: Answer) -> Answer:
        self.said.append(answer)
        return answer

    def misplaced(self) -> Iterator[str]:
        """Yield the addresses that hold a secret or a mail address and are not that secret's own, with their page."""
        for answer in self.said:
            path = answer.response.request.url.path
            found = [answer.response.headers.get("location", "")]
            if answer.response.headers.get("content-type", "").startswith("text/html") and answer.response.text.strip():
                found += map(str, html.fromstring(answer.response.text).xpath(ADDRESSES))
            for address in map(unquote, found):
                own = address.startswith("mailto:?subject=") or urlsplit(address).path.startswith(OWN_ADDRESSES)
                held = {OLD, NEW, STRANGER} if own else {OLD, NEW, STRANGER, *self.secrets}
                if any(one in address for one in held):
                    yield f"{path}: {address}"


@dataclass
class _Story:
    told: PassportTold
    http: httpx.Client
    service: Service
    settle: Callable[[], None]

    def window(self, session: str = "") -> Window:
        return Window(cast("Any", KeptBrowser(self.http, session, self.told.keep)))

    def links(self, to: str, begins: str) -> list[str]:
        """Return the links in mails to an address, the newest last; what stands in mails is a secret."""
        found = []
        for mail in mails(self.service):
            for path, begin, secret in _MAILED.findall(mail.body):
                if begin in OWN_ADDRESSES:
                    self.told.secrets.add(secret)
                if mail.to == to and begin == begins:
                    found.append(path)
        return found

    def press(self, window: Window, link: str, **sent: str) -> Window:
        return window.open(link).submit(link, **sent)

    def session_of(self, window: Window) -> str:
        held = cast("Any", window.browser).cookies[COOKIE]
        self.told.secrets.add(held)
        return str(held)


def tell_passport(
    http: httpx.Client, api: Api, service: Service, staff: dict[str, str], settle: Callable[[], None]
) -> PassportTold:
    """Let her do everything that there is in Passport, well and badly; return what was answered."""
    story = _Story(PassportTold(), http, service, settle)
    made = story.told.keep(api.report(her_report()))
    record = str(made.json["completion_id"])
    settle()
    clerk, boss = story.window(staff["clerk"]), story.window(staff["operator"])
    her = _join(story, clerk, record)
    _look(story, her)
    _publish_and_share(story, her)
    _dispute(story, her, clerk, boss, record)
    _permission(story, her, api)
    _claim(story, her, boss)
    _program(story, her)
    _move(story, her)
    return story.told


def _join(story: _Story, clerk: Window, record: str) -> Window:
    her = story.window()
    for spoiled in ({"/date_of_birth": LAST}, {"/npi": LAST}, {"/address": LAST}, {"/last_name": FORMER * 30}, {}):
        her.open(JOIN).submit(JOIN, **(HER | spoiled))
    (link, *_) = story.links(OLD, f"{JOIN}/")
    story.press(her, link)
    assert her.heading == "Settings", her.text
    story.session_of(her)
    her.open(link), her.open(CREDITS)
    page = f"/p/0008001/completions/{record}"
    clerk.open(page).submit(f"{page}/joining-code")
    code = str(clerk.tree.xpath("string(//code[@class='secret'])"))
    story.told.secrets.add(code)
    for given in (LAST, code):
        her.open(SETTINGS).submit(f"{SETTINGS}/confirm", **{"/code": given})
    assert her.open(CREDITS).heading == "My credits", her.text
    return her


def _look(story: _Story, her: Window) -> None:
    her.open(f"{CREDITS}?board=ABA&state=pending&from=12/01/2021&to=12/31/2021&provider=0008001")
    her.open(f"{CREDITS}?board={LAST}&state={LAST}&from={LAST}")
    periods = "/passport/periods"
    for name in (f"{LAST} and on", LAST * 90):
        her.open(f"{periods}?from=12/01/2021&to=12/31/2021").submit(periods, **{"/name": name})
    assert LAST in her.open(periods).text
    her.open(CREDITS)
    (record, *_) = [link for link in her.links().values() if link.startswith(f"{CREDITS}/")]
    her.open(record)
    for page in (SETTINGS, "/account", "/passport", "/passport/boards"):
        her.open(page)


def _publish_and_share(story: _Story, her: Window) -> None:
    transcript = "/passport/transcript"
    her.open(f"{transcript}?from=12/01/2021&to=12/31/2021").submit(f"{transcript}/publish")
    code = str(her.tree.xpath("string((//*[@id='published']//tbody//span[@class='id'])[1])"))
    pdf = str(her.tree.xpath("string((//*[@id='published']//tbody//a[contains(@href, '/pdf')]/@href)[1])"))
    story.told.secrets |= {code, code.replace("-", "")}
    signed = her.browser.get(pdf).content
    assert signed.startswith(b"%PDF")
    for ending in (".pdf", ".json"):
        assert her.browser.get(f"{transcript}{ending}").status_code == 200
    for what in ("fixed", "following", LAST):
        form = her.open(f"{SHARES}/new").fields(f"{SHARES}/new")
        her.send(f"{SHARES}/new", form | {"/receiver": f"For {FORMER} {LAST}", "what": what, "mails_views": "true"})
        secret = str(her.tree.xpath("string(//code[@class='secret'])")).rpartition("/")[2]
        if secret:
            story.told.secrets.add(secret)
            receiver = story.window()
            story.press(receiver, f"/s/{secret}")
            assert LAST in receiver.text
            assert receiver.browser.post(f"/s/{secret}/pdf", headers=SAME_SITE).status_code == 200
    end = str(her.open(SHARES).tree.xpath("string(//form[contains(@action, '/end')]/@action)"))
    her.submit(end)
    anybody = story.window()
    anybody.open("/s/" + LAST), anybody.send("/s/" + LAST, {"x": "y"})
    for typed in (code.lower(), LAST):
        anybody.open("/verify").submit("/verify", code=typed)
    assert anybody.open(f"/verify/{code}").heading == "This transcript is genuine"
    for file in (signed, f"{FIRST} {LAST}".encode()):
        answer = anybody.browser.post(
            f"/verify/{code}/compare", files={"file": (f"{LAST}.pdf", file)}, headers=SAME_SITE
        )
        assert answer.status_code == 200


def _dispute(story: _Story, her: Window, clerk: Window, boss: Window, record: str) -> None:
    words = f"{FIRST} {LAST}, born {MONTH}/{DAY}, licence {LICENSE}, was in another room."
    here = f"{CREDITS}/{record}/dispute"
    for kind in ("", "amount"):
        her.open(here).submit(here, **{"/kind": kind, "/message": words})
    address = str(her.tree.xpath("string(//a[contains(@href, '/passport/disputes/')]/@href)"))
    story.settle()
    theirs = f"/p/0008001/disputes/{address.rpartition('/')[2]}"
    clerk.open("/p/0008001/disputes").open(theirs).submit(f"{theirs}/answer", **{"/message": words})
    her.open(address).submit(f"{address}/refer", **{"/message": words})
    boss.open("/operator/passport/disputes")
    there = f"/operator/passport/disputes/{address.rpartition('/')[2]}"
    boss.open(there).submit(f"{there}/decide", decision="refuse", **{"/message": words})
    assert her.open(address).status == 200
    story.settle()


def _permission(story: _Story, her: Window, api: Api) -> None:
    here = f"{SETTINGS}/permission/0008001"
    her.open(here).submit(here, **{"/message": f"{LAST} says: no longer."})
    refused = story.told.keep(api.report(her_report(completed_on="2021-12-03")))
    assert refused.status == 422
    back = str(her.open(SETTINGS).tree.xpath("string(//form[contains(@action, '/give-back')]/@action)"))
    her.submit(back)
    assert story.told.keep(api.report(her_report(completed_on="2021-12-03"))).status == 201
    story.settle()


def _claim(story: _Story, her: Window, boss: Window) -> None:
    stranger = story.window()
    stranger.open(JOIN).submit(JOIN, **(HER | {"/address": STRANGER}))
    story.links(STRANGER, f"{JOIN}/")
    objecting = str(her.open(SETTINGS).tree.xpath("string(//form[contains(@action, '/object')]/@action)"))
    her.submit(objecting)
    for page in ("/operator", "/operator/passport"):
        boss.open(page)
    deciding = str(boss.tree.xpath("string(//form[contains(@action, '/claims/')]/@action)"))
    boss.submit(deciding, decision="leave")
    boss.open("/operator/audit?noun=passport-account")


def _program(story: _Story, her: Window) -> None:
    """Do by the API what pages do."""
    cookie = {"Cookie": f"{COOKIE}={story.session_of(her)}"}
    for path in ("credits", "transcript", "transcript.pdf", "transcripts", "shares", f"transcript?from={LAST}"):
        story.told.keep(Answer(story.http.get(f"/v1/passport/{path}", headers=cookie)))
    for days, receiver in ((7, f"{FIRST} {LAST}"), (0, f"{FIRST} {LAST}")):
        body = {"receiver": receiver, "shows": "fixed", "days": days}
        made = story.told.keep(Answer(story.http.post("/v1/passport/shares", headers=cookie | SAME_SITE, json=body)))
        if made.status == 201:
            story.told.secrets |= {made.json["token"], made.json["code"]}
            story.told.keep(Answer(story.http.get(f"/v1/passport/shares/{made.json['token']}")))
            story.told.keep(Answer(story.http.get(f"/v1/passport/shares/{made.json['token']}.pdf")))
    found = {"first_name": FIRST, "last_name": LAST, "board_id": BOARD_ID, "board": LAST}
    story.told.keep(Answer(story.http.post("/v1/transcripts:search", headers=cookie, json=found)))


def _move(story: _Story, her: Window) -> None:
    """Change the mail address, sign in by the new one, and close the account."""
    for address in (LAST, NEW):
        her.open(SETTINGS).submit(f"{SETTINGS}/address", **{"/address": address})
    changing = "/passport/address/"
    for to in (NEW, OLD):
        story.press(story.window(), story.links(to, changing)[-1], do="confirm")
    assert her.open(SETTINGS).heading == "Sign in", "signed out everywhere"
    again = story.window()
    again.open("/sign-in").submit("/sign-in", address=NEW)
    again.send("/sign-in/code", {"code": LAST, "attempt": LAST})
    story.press(again, story.links(NEW, "/sign-in/")[-1])
    story.session_of(again)
    assert again.open(CREDITS).heading == "My credits", again.text
    again.open(f"{SETTINGS}/close").submit(f"{SETTINGS}/close")
    story.settle()
    again.open(CREDITS)
    story.links(NEW, "/sign-in/")
