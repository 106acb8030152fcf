"""What a stranger learns by asking: nothing by what is said, and nothing by the work that it takes.

Statements and rows written are the same for a person with an account, for one who is on file without, and for nobody.
`make drill-strangers` holds a clock to it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from app.main import answer_for, create_app
from app.services.access import erasure
from app.services.context import Service
from app.services.operations import checks
from tests.builders.people import physicians_on_file
from tests.harness.access.asking import Asked, Asker, Reply, asking
from tests.harness.access.people import invite, mails
from tests.harness.access.world import bearer
from tests.harness.api import Api, api_of, settle
from tests.harness.clock import ManualClock
from tests.harness.inbox import stored
from tests.harness.passport.programs import Program, program_of_slides

FORM = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
PEOPLE = {
    "with an account": ("Vincent", "Van Gogh", "03/30", "54916519"),
    "on file": ("Willa", "Duncan", "05/25", "70279062"),
    "unknown": ("Nobody", "Atall", "05/25", "70279063"),
}
"""Whom a stranger asks about: names, birth date, and the licence of California."""
WRITTEN = (
    "audit", "commits", "people", "passport_claims", "sign_in_links", "passport_share_views", "sessions",
)  # fmt: skip
"""Mails are not among them: as many are written, and those to nobody are taken back."""
NEW = re.compile(rb"[A-Za-z0-9_-]{43}|[0-9a-f-]{36}|\w+@strangers\.example|[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}")
"""What is new in every page: tokens and keys; and what was sent: addresses, codes."""
FINDING = re.compile(r"INSERT INTO identity_(?:finds|tries)|^WITH found", re.DOTALL)
"""A find and a miss look for the same people, in another order, and each writes a row of its own."""


@pytest.fixture
def asker(service: Service) -> Iterator[Asker]:
    app = create_app(service)
    answer_for(app, service)
    with asking(app, service) as found:
        yield found


def rows(service: Service) -> tuple[int, ...]:
    """Return how many rows there are of all that could be written."""
    counts = ", ".join(f"(SELECT count(*) FROM {table})" for table in WRITTEN)
    return tuple(stored(service, f"SELECT {counts}")[0])


def work_of(asker: Asker, asked: Asked) -> tuple[int, bytes, tuple[str, ...], tuple[int, ...]]:
    """Return what is said to a request, and the statements and rows that it took."""
    before = rows(asker.service)
    reply: Reply = asker.ask(asked)
    written = tuple(now - then for now, then in zip(rows(asker.service), before, strict=True))
    statements = [found[0] if (found := FINDING.search(one)) else one for one in reply.statements]
    moved = ("INSERT INTO identity_tries", "INSERT INTO identity_finds")
    plain = sorted("INSERT INTO identity" if one in moved else one for one in statements)
    return reply.status, NEW.sub(b"*", reply.body), tuple(plain), written


def join(who: str, address: str) -> Asked:
    first, last, born, number = PEOPLE[who]
    fields = {
        "/first_name": first, "/last_name": last, "/date_of_birth": born, "/state": "CA", "/license_id": number,
        "/npi": "", "/code": "", "/address": address,
    }  # fmt: skip
    return Asked("POST", "/passport/join", FORM, urlencode(fields).encode())


def test_joining_does_the_same_work_whoever_is_asked_for(asker: Asker, service: Service, api: Api) -> None:
    program_of_slides(api.http, service)
    found = {who: work_of(asker, join(who, f"{place}@strangers.example")) for place, who in enumerate(PEOPLE)}
    assert found["with an account"] == found["unknown"]
    assert found["on file"] == found["unknown"]
    assert found["unknown"][0] == 200
    assert [mail.to for mail in mails(service)] == [
        "0@strangers.example", "physician@demo.example", "1@strangers.example", "2@strangers.example",
    ], "the holder was told beside whoever asked"  # fmt: skip
    settle(service)
    assert checks.find_faults(service) == []


def test_signing_in_does_the_same_work_whoever_has_the_address(asker: Asker, service: Service) -> None:
    invite(service, "somebody@strangers.example")
    before = len(mails(service))
    found = [
        work_of(asker, Asked("POST", "/sign-in", FORM, urlencode({"address": address}).encode()))
        for address in ("somebody@strangers.example", "nobody@strangers.example")
    ]
    assert found[0] == found[1]
    assert [mail.to for mail in mails(service)[before:]] == ["somebody@strangers.example"]
    settle(service)


def test_links_that_show_nothing_take_the_same_work_whyever(
    asker: Asker, service: Service, api: Api, clock: ManualClock
) -> None:
    physician = program_of_slides(api.http, service)
    ended, over = (_share(physician) for _ in range(2))
    assert physician.post(f"/v1/passport/shares/{ended['share_id']}/end").status == 200
    clock.now += timedelta(days=9)
    for method, path in (("GET", "/s/{}"), ("POST", "/s/{}"), ("POST", "/s/{}/pdf"), ("GET", "/v1/passport/shares/{}")):
        found = [
            work_of(asker, Asked(method, path.format(token), FORM))
            for token in (ended["token"], over["token"], "x" * 43)
        ]
        assert found[0] == found[2], path
        assert found[1] == found[2], path


def _share(physician: Program) -> dict[str, str]:
    made = physician.post("/v1/passport/shares", {"receiver": "Somebody", "shows": "following", "days": 7})
    found: dict[str, str] = made.json
    return found


def test_codes_that_are_none_take_the_same_work_whyever(asker: Asker, service: Service, api: Api) -> None:
    code = program_of_slides(api.http, service).post("/v1/passport/transcripts", {}).json["code"]
    (physician_id,) = [id for id, one in physicians_on_file(service).items() if ("vangogh", "vincent") in one.names]
    settle(service)
    erasure.erase(service, physician_id, unread=True)
    found = [work_of(asker, Asked("GET", f"/verify/{one}")) for one in (code, "0000-0000-0000")]
    assert found[0] == found[1]
    assert found[0][0] == 404


def test_a_board_s_search_does_the_same_work_for_everybody_whom_it_does_not_see(
    asker: Asker, service: Service, api: Api
) -> None:
    program_of_slides(api.http, service)
    board = api_of(api.http, service, "ABIM", role="board", board="ABIM")
    found = []
    for first, last, _, number in PEOPLE.values():
        body = json.dumps({"first_name": first, "last_name": last, "state": "CA", "license_id": number}).encode()
        headers = bearer(board.key) | {"Content-Type": "application/json"}
        found.append(work_of(asker, Asked("POST", "/v1/transcripts:search", headers, body)))
    assert found[0] == found[1] == found[2]
    assert found[0][1] == b'{"data":[]}'
