"""Stored markup on every page that shows it: escaped exactly once, nothing made of it, and no address runs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from html import escape
from urllib.parse import urlsplit

from lxml import html
from sqlalchemy import Connection

from app.domain.clients import Role
from app.services.access import clients
from app.services.context import Service, operator, transact
from app.store.sql import statements
from tests.browser.payloads import PAYLOADS, WALL
from tests.builders.bodies import GRAND_ROUNDS, a_completion, an_activity, points
from tests.builders.people import import_people
from tests.builders.sent_files import row, workbook
from tests.harness.access.world import ROBERT
from tests.harness.api import Api, settle
from tests.harness.console.marked_up import mark_up
from tests.harness.console.stronger import sign_in_board, sign_in_manager, sign_in_operator
from tests.harness.console.windows import SAME_SITE, Window
from tests.harness.held import hold
from tests.harness.uploads import work_through, worked

DATABASES = ["sqlite"]
WORD = "Zedekiah"
FOREIGN = {"iframe", "img", "object", "embed", "base", "math", "animate", "plaintext", "xmp", "style"}
"""Elements that no page of ours has."""
ADDRESSES = ("href", "src", "action", "formaction", "data", "xlink:href")
SEEN_ON = {
    "/account", "/b/*/days/*", "/b/*/licensees", "/b/*/roster", "/operator/disputes/*",
    "/operator/misses", "/operator/misses/*", "/operator/providers", "/p/*",
    "/p/*/activities", "/p/*/activities/*", "/p/*/activities/*/add", "/p/*/activities/*/close",
    "/p/*/activities/*/copy", "/p/*/activities/*/delete", "/p/*/activities/*/edit", "/p/*/activities/*/learners",
    "/p/*/activities/*/session", "/p/*/completions/*", "/p/*/completions/*/correct", "/p/*/completions/*/withdraw",
    "/p/*/held", "/p/*/held/*", "/p/*/learners", "/p/*/reports/*", "/p/*/settings/keys", "/p/*/settings/keys/*",
    "/p/*/settings/people", "/p/*/settings/people/*/remove", "/p/*/settings/provider", "/p/*/settings/vendors",
    "/p/*/settings/webhooks", "/p/*/settings/webhooks/*/*", "/p/*/summary", "/p/*/uploads", "/p/*/uploads/*",
    "/p/*/uploads/*/fix",
}  # fmt: skip
"""The pages that show something somebody wrote."""
_NAMED = {"not-yet-accepted", "reported-late", "nothing-reported", "year-totals", "before-closing", "attendance", "ABA"}


def kind_of(address: str) -> str:
    """Return an address with a star for each id in it."""
    parts = urlsplit(address).path.split("/")
    return "/".join("*" if part in _NAMED or re.search(r"\d", part) else part for part in parts)


def faults_of(text: str) -> Iterator[str]:
    """Yield what of a page is made of markup that somebody wrote, or is not as they wrote it."""
    tree = html.fromstring(text)
    said = []
    for element in tree.iter():
        if not isinstance(element.tag, str):
            continue
        if element.tag in FOREIGN or (element.tag == "script" and not element.get("src", "").startswith("/static/")):
            yield f"<{element.tag}>"
        for name, value in element.attrib.items():
            said.append(value)
            if name.startswith("on") or name in ("srcdoc", "style") or (name, value) == ("hx-get", "/"):
                yield f"{element.tag} {name}={value[:60]}"
            if name in ADDRESSES and urlsplit(value.strip()).scheme not in ("", "http", "https", "mailto"):
                yield f"{element.tag} {name}={value[:60]}"
        said += [part for part in (element.text, element.tail) if part]
    whole = "\n".join(said)
    if whole.count(WALL[:60]) != whole.count(WALL):
        yield "a text is not as it was written"
    # `<script>` of the texts that were sent with entities are left: they stand in the middle.
    if "&lt;img" in whole or "&amp;lt;" in whole.replace(WALL, ""):
        yield "a text is escaped twice"


def crawl(window: Window, *starts: str) -> Iterator[tuple[str, str]]:
    """Follow links from some pages; yield (address, text) of up to three of each kind."""
    waiting, known, kinds = list(starts), set(starts), Counter[str]()
    while waiting:
        address = waiting.pop(0)
        kinds[kind_of(address)] += 1
        if kinds[kind_of(address)] > 3:
            continue
        answer = window.browser.get(address, follow_redirects=True)
        assert answer.status_code in (200, 404), (address, answer.status_code)
        if not answer.headers["content-type"].startswith("text/html"):
            continue
        yield address, answer.text
        for link in html.fromstring(answer.text).xpath("//a/@href"):
            path = urlsplit(link).path
            if link not in known and path.startswith(("/p/", "/b/", "/operator", "/account")) and "/file" not in path:
                known.add(link)
                waiting.append(link)


def fill_world(api: Api, service: Service, window: Window) -> None:
    """Let whoever writes anything write a word."""
    known = {"first_name": WORD, "last_name": WORD, "date_of_birth": "07/09", "licenses": "TN-M:909090",
             "certifications": "ABA:35860077"}  # fmt: skip
    import_people(service, known)
    import_people(service, ROBERT, ROBERT | {"first_name": "Bob"}, source="Twin.csv")
    name = {"first_name": WORD, "last_name": WORD, "born": "07/09", "license_id": "909090"}
    made = api.register(
        **an_activity(title=f"{WORD} rounds", internal_id=f"{WORD}-1", description=WORD, location={"city": WORD})
    )
    assert made.status == 201, made.json
    api.report(a_completion(made.json["activity_id"], "2021-12-01", **name))
    record = api.report(a_completion(GRAND_ROUNDS, "2021-12-01", **name, client_reference=f"{WORD}-7",
                                     moc=[points("ABA", "35860077", 0.25, lifelong_learning=0.25)]))  # fmt: skip
    assert record.status == 201, record.json
    held = hold(api, a_completion(GRAND_ROUNDS, "2021-12-02", **name | {"born": "01/02", "license_id": "777123"}))
    assert held.status == 202, held.json
    api.post(f"/v1/held-records/{held.json['held_id']}/ask", {"message": f"Who is {WORD}?"})
    cells = [row(First_Name=text, Last_Name=text, Licensing_ID=text, Number_of_CME_Credits=text) for text in PAYLOADS]
    worked(api, service, workbook([*cells, row(Last_Name=WORD, Number_of_CME_Credits=2.1)]), name=f"{WORD}.xlsx")
    settle(service)
    vendor = transact(operator(service), clients.create, f"{WORD} vendor", role=Role.VENDOR).client_id
    sign_in_manager(window, service)
    settings = "/p/0008001/settings"
    window.open(f"{settings}/people").submit(
        f"{settings}/people", **{"/address": f"{WORD}@example.org", "/name": WORD, "/role": "reader"}
    )
    window.open(f"{settings}/vendors").submit(f"{settings}/vendors", vendor=vendor)
    window.submit(f"{settings}/vendors/{vendor}/grant")
    window.open(f"{settings}/keys").submit(f"{settings}/keys", **{"/name": f"{WORD} system"})
    (system,) = window.open(f"{settings}/webhooks").tree.xpath("//form//*[@name='system']//@value")[-1:]
    given = {"system": system, "/url": f"https://{WORD.lower()}.example.org/{WORD}"}
    window.submit(f"{settings}/webhooks", **given)


def decide(service: Service, board: Window) -> None:
    """Let a board's staff reject the first credit of the day, in words, and send a roster."""
    sign_in_board(board, service)
    board.open("/b/ABA/days/2021-12-20")
    (credit, *_) = board.tree.xpath("//input[@name='credit']/@value")
    fields = board.fields("/b/ABA/days/2021-12-20") | {
        "credit": [credit], "decision": "rejected", "reason_code": "other", "reason": f"{WORD} said no",
    }  # fmt: skip
    assert "1 decided" in board.send("/b/ABA/days/2021-12-20", fields).text
    form = board.open("/b/ABA/roster").fields("/b/ABA/roster")
    roster = f"First Name\tLast Name\tBoard ID\n{WORD}\t{WORD}\t1\n".encode()
    board.browser.post("/b/ABA/roster", data=form, files={"file": (f"{WORD}.txt", roster)}, headers=SAME_SITE)
    work_through(service)
    settle(service)


def behind_every_door(connection: Connection) -> None:
    """Put markup where words were written."""
    named = "UPDATE providers SET name = :name, city = :name WHERE provider_id = '0008001'"
    statements.execute(connection, named, {"name": WORD})
    mark_up(partial(statements.execute, connection), WORD, "Twin")


def test_stored_markup_is_text_on_every_page(
    window: Window, open_window: Callable[[], Window], api: Api, service: Service
) -> None:
    fill_world(api, service, window)
    board, operators = open_window(), open_window()
    decide(service, board)
    sign_in_operator(operators, service)
    service.database.write(behind_every_door)
    home, faults, seen = "/p/0008001", list[str](), set[str]()
    pages = [
        *crawl(window, home, f"{home}/held", f"{home}/settings/people", f"{home}/reports", "/account"),
        *crawl(board, "/b/ABA", "/b/ABA/roster"),
        *crawl(operators, "/operator", "/operator/misses", "/operator/disputes", "/operator/people"),
    ]
    known = {"/first_name": WORD, "/last_name": WORD, "/board_id": "35860077"}
    found = board.open("/b/ABA/licensees").submit("/b/ABA/licensees", **known).shown
    assert found is not None
    pages.append(("/b/ABA/licensees", found.text))
    for address, text in pages:
        faults += [f"{address}: {fault}" for fault in faults_of(text)]
        if WALL in "\n".join(html.fromstring(text).itertext()):
            seen.add(kind_of(address))
    assert faults == [], "\n".join(faults)
    assert SEEN_ON - seen == set(), sorted({kind_of(address) for address, _ in pages} - seen)


def test_markup_that_is_taken_for_such_is_seen() -> None:
    whole = "<html><body>{}</body></html>"
    assert list(faults_of(whole.format(escape(WALL)))) == []
    assert "a text is escaped twice" in list(faults_of(whole.format(escape(escape(WALL)))))
    for text in (WALL, "<a href='javascript:window.ran=1'>x</a>", "<a onclick=x>x</a>", "<script>x</script>"):
        assert list(faults_of(whole.format(text)))
