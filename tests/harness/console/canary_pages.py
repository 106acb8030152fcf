"""The canary goes through the pages: typed in, searched for, pasted, uploaded, mended, downloaded, looked up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast
from urllib.parse import urljoin, urlsplit

import httpx

from app.core.http.browsers import COOKIE
from app.services.context import Service, operator, transact
from app.services.people import totp
from tests.builders.sent_files import ROW, tab_text, workbook
from tests.harness.access.people import code, invite, session_of, sign_in_by, token_of
from tests.harness.api import Answer
from tests.harness.canary import BOARD_ID, DAY, FIRST, FORMER, LAST, LICENSE, MONTH, NPI, SCHOOL
from tests.harness.canary_story import HER_ROW, Keep, files
from tests.harness.console.pages import BROWSER
from tests.harness.console.windows import SAME_SITE, Window

HOME = "/p/0008001"
ACTIVITY = f"{HOME}/activities/201759558"
ADD, SHEET, LEARNERS = f"{ACTIVITY}/add", f"{ACTIVITY}/session", f"{HOME}/learners"
UPLOADS, VALIDATE, HELD = f"{HOME}/uploads", f"{HOME}/validate", f"{HOME}/held"
REGISTRY = "/operator/registry"
HER_FORM = {
    "/learner/first_name": FIRST, "/learner/last_name": LAST, "/learner/date_of_birth": f"{MONTH}/{DAY}",
    "/learner/npi": NPI, "/completed_on": "12/05/2021", "cme": "true", "/cme/0/state": "TN",
    "/cme/0/license_id": LICENSE, "/cme/0/credits": "2", "/moc/0/board": "ABA", "/moc/0/board_id": BOARD_ID,
    "/moc/0/total_credits": "0.25", "/moc/0/credit_types/0/type": "Lifelong Learning", "/permission": "true",
}  # fmt: skip
SPOILED: list[dict[str, str]] = [
    {"/learner/date_of_birth": LAST}, {"/learner/date_of_birth": f"{DAY}/{MONTH}"}, {"/cme/0/credits": LAST},
    {"/cme/0/state": LAST}, {"/cme/0/license_id": LICENSE * 40}, {"/completed_on": f"{MONTH}/{DAY}/{LAST}"},
    {"/learner/first_name": "Ottoline"}, {"/moc/0/board": LAST}, {"/moc/0/total_credits": LICENSE},
    {"/permission": ""}, {LAST: LAST}, {f"/learner/{LAST}": LAST}, {"/learner/first_name": f"{FIRST}\x00"},
    {"take": LAST}, {"sitting": LAST}, {"token": LAST},
]  # fmt: skip
"""What makes the form of her record wrong, each in another way."""
ASKED = {
    "/first_name": FIRST, "/last_name": LAST, "/date_of_birth": f"{MONTH}/{DAY}", "/npi": NPI, "/state": "TN",
    "/license_id": LICENSE, "/board": "ABA", "/board_id": BOARD_ID, "/medical_school": SCHOOL,
}  # fmt: skip


class KeptBrowser:
    """A browser of somebody who is signed in; each answer is kept, also those that lead on."""

    def __init__(self, http: httpx.Client, session: str, keep: Keep) -> None:
        self._http, self._keep = http, keep
        self.cookies = {COOKIE: session}

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        return self._send("GET", path, headers)

    def post(self, path: str, headers: Mapping[str, str] | None = None, **given: Any) -> httpx.Response:
        return self._send("POST", path, headers, **given)

    def _send(self, method: str, path: str, headers: Mapping[str, str] | None, **given: Any) -> httpx.Response:
        sent = BROWSER | dict(headers or {}) | {"Cookie": "; ".join(f"{name}={held}" for name, held in self._held())}
        response = self._http.request(method, path, headers=sent, follow_redirects=False, **given)
        for cookie in response.headers.get_list("set-cookie"):
            name, _, held = cookie.partition(";")[0].partition("=")
            self.cookies[name] = held
        return self._keep(Answer(response)).response

    def _held(self) -> Iterator[tuple[str, str]]:
        return ((name, held) for name, held in self.cookies.items() if held)


def sessions_of(service: Service) -> dict[str, str]:
    """Sign in a clerk, an operator and ABA's staff; return the tokens of their sessions."""
    asked: dict[str, dict[str, Any]] = {
        "clerk": {"role": "reporter"},
        "operator": {"role": "operator", "of": "operator", "id": None},
        "board": {"role": "board", "of": "board", "id": "ABA"},
    }
    tokens = {}
    for who, where in asked.items():
        signed = sign_in_by(service, token_of(invite(service, f"{who}@example.org", **where)))
        assert signed is not None
        tokens[who] = signed.token
    session = session_of(service, tokens["operator"])
    secret = transact(operator(service), totp.begin, session)
    assert transact(operator(service), totp.confirm, session, code(secret, service)) is not None
    return tokens


def tell_pages(http: httpx.Client, sessions: Mapping[str, str], settle: Callable[[], None]) -> list[Answer]:
    """Let a clerk, an operator and a board do with her what pages are for; return the answers."""
    said: list[Answer] = []

    def keep(answer: Answer) -> Answer:
        said.append(answer)
        return answer

    def window(who: str) -> Window:
        return Window(cast("Any", KeptBrowser(http, sessions[who], keep)))

    clerk = window("clerk")
    _add(clerk)
    _tick(clerk)
    _search(clerk)
    _open_records(clerk)
    _validate(clerk)
    for kind, name, content in files():
        _upload(clerk, settle, kind, name, content)
    _mend(clerk, settle)
    _held(clerk, settle)
    _look_up(window("operator"))
    _decide(window("board"))
    for page in ("", "/summary", "/reports", "/reports/not-yet-accepted", "/activities", "/uploads"):
        clerk.open(f"{HOME}{page}")
    return said


def _links(window: Window, part: str) -> list[str]:
    """Return the addresses, without the site, that a page leads to and that hold a part."""
    assert window.shown is not None
    here = str(window.shown.url)
    found = (urlsplit(urljoin(here, str(link))) for link in window.tree.xpath("//@href"))
    addresses = (link._replace(scheme="", netloc="").geturl() for link in found)
    return list(dict.fromkeys(address for address in addresses if part in address))


def _add(window: Window) -> None:
    def fresh() -> dict[str, Any]:
        drawn = window.open(ADD).fields(ADD)
        return {name: drawn[name] for name in ("token", "key", "sitting")} | HER_FORM

    for target in ("/cme/0", "/moc/0"):
        window.send(f"{ADD}/match", fresh() | {"target": target}, hx_request="true")
    for spoiled in SPOILED:
        window.send(ADD, fresh() | {"do": "next"} | spoiled)
    for do in ("check", "next"):
        window.send(ADD, fresh() | {"do": do, "/completed_on": "12/04/2021"})
    window.submit(f"{ADD}/undo")
    given = fresh() | {"do": "finish", "/completed_on": "12/06/2021"}
    window.send(ADD, given)
    window.send(ADD, given | {"/completed_on": "12/07/2021"})


def _tick(window: Window) -> None:
    session = {"/completed_on": "12/08/2021", "cme": "true", "/cme/0/credits": "1", "/permission": "true"}
    names = f"{FIRST} {LAST}\nOttoline {LAST}\n{LAST}\t{FORMER}\n{LICENSE}"
    drawn = window.open(SHEET).fields(SHEET) | session
    window.send(SHEET, drawn | {"do": "find", "words": LAST})
    window.send(SHEET, drawn | {"do": "paste", "names": names})
    for unknown in _links(window, "/add?"):
        window.open(unknown)
    window.send(SHEET, drawn | {"do": "paste", "names": names})
    ticked = window.fields(SHEET)
    window.send(SHEET, ticked | {"do": "check"})
    window.send(SHEET, ticked | {"do": "check", "/cme/0/credits": LAST})
    window.send(SHEET, ticked | {"do": "report"})


def _search(window: Window) -> None:
    for here in (LEARNERS, f"{ACTIVITY}/learners"):
        words = {"first_name": FIRST, "last_name": LAST, "q": LAST}
        for name in words:
            window.open(f"{here}?{name}={LAST}")
        drawn = window.open(here).fields(here)
        for searched in ({"q": LAST}, {name: words[name] for name in ("first_name", "last_name")}):
            window.send(here, drawn | searched)
        for link in [*_links(window, "/downloads/"), *_links(window, "sort=")[:2], *_links(window, "board=")[:2]]:
            window.browser.get(link)


def _open_records(window: Window) -> None:
    drawn = window.open(LEARNERS).fields(LEARNERS)
    window.send(LEARNERS, drawn | {"last_name": LAST})
    record = next(link for link in _links(window, "/completions/") if link.count("/") == 4)
    window.open(record)
    window.open(f"{record}/withdraw")
    at = f"{record}/correct"
    drawn = window.open(at).fields(at)
    for spoiled in SPOILED[:4]:
        window.send(at, drawn | {"/permission": "true"} | spoiled)
    window.send(at, drawn | {"/permission": "true", "/cme/0/credits": "1.5"})
    window.send(at, drawn | {"/permission": "true", "/cme/0/credits": "1.75"})


def _validate(window: Window) -> None:
    drawn = window.open(VALIDATE).fields(VALIDATE)
    for wrong in ({}, {"/date_of_birth": LAST}, {"/npi": LAST}, {"/last_name": ""}, {"/first_name": "Ottoline"}):
        window.send(VALIDATE, drawn | ASKED | wrong)


def _upload(window: Window, settle: Callable[[], None], kind: str, name: str, content: bytes, **more: str) -> str:
    """Send a file by the page for it, and open what comes of it; return the page's address."""
    new = f"{UPLOADS}/new"
    drawn = window.open(new).fields(new)
    given = {"token": drawn["token"][0], "key": drawn["key"][0], "kind": kind, "permission_attested": "true"}
    window.shown = window.browser.post(
        new, data=given | {"do": "upload"} | more, files={"file": (name, content)}, headers=SAME_SITE
    )
    where = str(window.shown.headers.get("location", ""))
    if where.startswith(f"{UPLOADS}/"):
        window.open(f"{where}/progress")
        settle()
        for page in (where, f"{where}?outcome=all", f"{where}/fix"):
            window.open(page)
        for which in ("original", "rejected", "successful", "held"):
            window.browser.get(f"{where}/files/{which}")
    return where


def _mend(window: Window, settle: Callable[[], None]) -> None:
    rows = [HER_ROW | {"Completion Date": f"12/{day}/2021", "Licensing ID": "1"} for day in (9, 10, 11)]
    here = f"{_upload(window, settle, 'learner-completions', 'f.xlsx', workbook([ROW, *rows]))}/fix"
    drawn = window.open(here).fields(here)
    (mended,) = [name for name, held in drawn.items() if name.startswith("4.") and held == ["1"]]
    window.send(here, drawn | {mended: LICENSE, "do": "check:4"})
    (spoiled,) = [name for name, held in drawn.items() if name.startswith("5.") and held == [f"{MONTH}/{DAY}"]]
    window.send(here, drawn | {spoiled: LAST, "do": "check"})
    window.send(here, window.fields(here) | {"do": f"same:{LAST}"})
    window.send(here, window.open(here).fields(here) | {"do": f"aside:6:{LAST}"})
    window.send(here, window.open(here).fields(here) | {"do": "aside:6:other"})
    window.send(here, window.open(here).fields(here) | {"do": "report", "permission_attested": "true"})
    settle()
    window.open(here)
    text = tab_text([HER_ROW, HER_ROW | {"Licensing ID": LAST}]).decode()
    paste = f"{UPLOADS}/paste"
    for rows_sent in (text, LAST):
        drawn = window.open(f"{UPLOADS}/new").fields(paste)
        window.send(paste, drawn | {"rows": rows_sent, "permission_attested": "true"})
    settle()


def _held(window: Window, settle: Callable[[], None]) -> None:
    row = HER_ROW | {"First Name": "Ottoline", "Last Name": LAST, "Licensing ID": "7391847"}
    _upload(window, settle, "learner-completions", "h.xlsx", workbook([row]), on_unmatched="hold")
    for record in _links(window.open(HELD), f"{HELD}/")[:2]:
        drawn = window.open(record).fields(f"{record}/ask")
        window.send(f"{record}/ask", drawn | {"/message": f"Is {FIRST} {LAST} with NPI {NPI} on file?"})
        window.send(f"{record}/ask", drawn | {"/message": LAST * 1_000})


def _look_up(window: Window) -> None:
    drawn = window.open(REGISTRY).fields(REGISTRY)
    for asked in ({"/last_name": LAST, "/npi": NPI}, {"/last_name": LAST, "reason": LAST}, {"/npi": LAST}):
        window.send(REGISTRY, drawn | {"reason": "fault"} | asked)
    window.send(REGISTRY, drawn | {"/last_name": LAST, "reason": "help-request"})
    way = str(window.tree.xpath("//form[starts-with(@action, '/operator/registry/')]/@action")[0])
    window.submit(way)
    window.open(f"{way}/merge")
    window.open(f"{way}/split")
    for page in ("/operator", "/operator/audit", "/operator/misses", "/operator/disputes"):
        window.open(page)
    for miss in _links(window.open("/operator/misses"), "/operator/misses/")[:2]:
        window.open(miss)
    looked = "/operator/as/0008001"
    for page in ("", "/learners", "/held", "/uploads", f"/activities/201759558/learners?last_name={LAST}"):
        window.open(f"{looked}{page}")


def _decide(window: Window) -> None:
    window.open("/b/ABA")
    for day in _links(window, "/b/ABA/days/")[:6]:
        window.open(day)
        if "/file/" not in day:
            window.send(day, window.fields(day) | {"credit": LAST, "decision": LAST, "reason_code": LAST})
    window.open("/b/ABA/roster")
    looked_up = {"/first_name": FIRST, "/last_name": LAST, "/board_id": BOARD_ID, "/date_of_birth": f"{MONTH}/{DAY}"}
    window.open("/b/ABA/licensees/lists")
    for given in ({}, {"/npi": NPI}, {"/date_of_birth": LAST}, {"/last_name": ""}, {"/completed_from": LAST}):
        window.open("/b/ABA/licensees").submit("/b/ABA/licensees", **(looked_up | given))
