"""Pages of the console: their weight, and the time until their first byte against the API calls beneath them.

Pages and calls are asked in turn over one connection each, so that both meet the same machine.
"""

from __future__ import annotations

import http.client
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import msgspec

from app.core.clock import new_id
from app.domain.clients import Role
from app.domain.people.persons import PersonRole
from app.services.context import operator, transact
from app.services.people import invitations, sign_in
from app.services.people.invitations import Invitation
from benchmarks.table import Row, at_most, middle
from benchmarks.world.installation import PROVIDER, World, served, world
from benchmarks.world.many_completions import ManyCompletions

PHYSICIANS = 20_000
ROUNDS = 15
GOAL, PART_GOAL = 2, 1.3
"""How long a page, and a part of one, may take against the calls beneath it."""
FIRST_VISIT, LATER_PAGE, PART, REQUESTS = 120, 60, 4, 7
"""Kilobytes, and the requests of a first visit."""
RENDERING = 5
"""Milliseconds that drawing 50 rows may take."""
IDLE = 2
"""Seconds after which a connection is opened anew: the server ends one that rests for longer."""
HOME = f"/p/{PROVIDER}"
_JSON = {"Content-Type": "application/json"}
_ASSET = re.compile(r'(?:href|src)="(/static/[^"]+)"')
_PICTURE = re.compile(rb"url\(([\w.-]+\.svg)\)")
"""A drawing that a stylesheet names."""


class Beneath(msgspec.Struct, frozen=True, kw_only=True):
    """A page, and the API calls that read what it shows."""

    name: str
    address: str
    calls: Sequence[tuple[str, dict[str, Any]]]


def rows(database: str) -> Iterator[Row]:
    """Measure the pages of a small provider."""
    with world(database, PHYSICIANS) as installed:
        ManyCompletions(installed, int(os.environ.get("PARS_BENCH_SHOWN", "20000"))).fill()
        with served("app.main:create_app", installed.environment) as port:
            yield from measured(port, installed)


def measured(port: int, installed: World) -> Iterator[Row]:
    """Measure the pages of a provider whose installation is served on a port."""
    browser, system = _Visitor(port, _cookie(installed)), _Visitor(port, {"Authorization": f"Bearer {installed.key}"})
    reported = system.send("POST", "/v1/learner-completions", installed.bodies(1)[0], _JSON)
    yield from _first_visit(browser)
    for beneath in _pages(msgspec.json.decode(reported)):
        pages: list[float] = []
        calls: list[float] = []
        for _ in range(ROUNDS):
            pages.append(browser.timed(beneath.address))
            calls.append(sum(system.timed(f"{path}?{urlencode(query)}") for path, query in beneath.calls))
        yield at_most(f"page: {beneath.name}", "the calls beneath it", middle(pages), middle(calls), GOAL)
        weight = len(browser.body(beneath.address)) / 1_000
        yield at_most(f"  its weight, {beneath.name}", f"{LATER_PAGE} KB", weight, LATER_PAGE, 1, "KB")
        if "limit=50" in beneath.address:
            drawn = middle(pages) - middle(calls)
            yield at_most(f"  drawn, {beneath.name}", f"{RENDERING} ms", drawn, RENDERING, 1)
    yield from _match_mark(browser, system, installed)


def _pages(reported: Mapping[str, Any]) -> Iterator[Beneath]:
    lines, summaries = "/v1/credit-lines", "/v1/activity-summaries"
    activity, large = reported["activity_id"], "100000000"
    completion = f"/v1/learner-completions/{reported['completion_id']}"
    counted = {"include": "total", "limit": 50}
    counts = [(lines, {"include": "facets", "limit": 1})]
    yield Beneath(name="Home", address=HOME, calls=[
        ("/v1/attention", {}), ("/v1/batches", {"limit": 5}), *counts, *counts,
    ])  # fmt: skip
    yield Beneath(name="learner search, 50 rows", address=f"{HOME}/learners?limit=50", calls=[
        (lines, counted | {"sort": "-submitted_at"}), *counts,
    ])  # fmt: skip
    yield Beneath(name="learners of one, 50 rows", address=f"{HOME}/activities/{large}/learners?limit=50", calls=[
        (f"/v1/activities/{large}/summary", {}), (lines, counted | {"activity_id": large, "sort": "board"}),
        (lines, {"include": "facets", "limit": 1, "activity_id": large}),
    ])  # fmt: skip
    yield Beneath(name="summary, 50 rows", address=f"{HOME}/summary?limit=50", calls=[
        (summaries, counted), (summaries, {"include": "facets", "limit": 1}), *counts,
    ])  # fmt: skip
    yield Beneath(name="activities, 50 rows", address=f"{HOME}/activities?limit=50", calls=[
        (summaries, counted), (summaries, {"include": "facets", "limit": 1}),
    ])  # fmt: skip
    yield Beneath(name="one record", address=f"{HOME}/completions/{reported['completion_id']}", calls=[
        (completion, {}), (f"{completion}/history", {}), (f"/v1/activities/{activity}", {}),
    ])  # fmt: skip
    yield Beneath(name="one activity", address=f"{HOME}/activities/{activity}", calls=[
        (f"/v1/activities/{activity}", {}), (f"/v1/activities/{activity}/summary", {}),
    ])  # fmt: skip
    yield Beneath(name="uploads", address=f"{HOME}/uploads", calls=[("/v1/batches", {"limit": 50})])


def _first_visit(browser: _Visitor) -> Iterator[Row]:
    """Measure all that a browser asks for which has nothing of us yet."""
    page = browser.body(HOME)
    assets = set(_ASSET.findall(page.decode()))
    styles = b"".join(browser.body(asset) for asset in assets if asset.endswith(".css"))
    assets |= {f"/static/{name.decode()}" for name in _PICTURE.findall(styles)}
    weight = len(page) + sum(len(browser.body(asset, packed=True)) for asset in assets)
    yield at_most("first visit of Home", f"{FIRST_VISIT} KB", weight / 1_000, FIRST_VISIT, 1, "KB")
    yield at_most("  its requests", f"{REQUESTS}", 1 + len(assets), REQUESTS, 1, "")


def _match_mark(browser: _Visitor, system: _Visitor, installed: World) -> Iterator[Row]:
    """Measure the mark beside a learner in *Add learners* against the validation that it makes."""
    address = f"{HOME}/activities/{installed.activity_id}/add"
    form = browser.body(address).decode()
    token = re.search(r'name="token" value="([^"]+)"', form)
    assert token is not None, "the form has no token"
    part: list[float] = []
    call: list[float] = []
    weight = 0
    for row in installed.learners[:ROUNDS]:
        held = row.licenses[0]
        asked = {"first_name": row.first_name, "last_name": row.last_name, "date_of_birth": str(row.birth_date)}
        licence = {"state": held.board, "license_id": held.number}
        fields = {"token": token[1], "key": new_id(), "target": "/cme/0", "report_cme": "on"}
        fields |= {f"/learner/{name}": value for name, value in asked.items()}
        fields |= {f"/cme/0/{name}": value for name, value in licence.items()}
        form_head = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
        sent = msgspec.json.encode(asked | licence)
        # Whoever meets a learner first stores an id for them: neither of the two that are measured does.
        system.send("POST", "/v1/learner-validations", sent, _JSON)
        begun = time.perf_counter()
        mark = browser.send("POST", f"{address}/match", urlencode(fields).encode(), form_head)
        between = time.perf_counter()
        system.send("POST", "/v1/learner-validations", sent, _JSON)
        part.append((between - begun) * 1_000)
        call.append((time.perf_counter() - between) * 1_000)
        assert b"Learner matched" in mark, mark
        weight = max(weight, len(mark))
    yield at_most("part: match mark", "its validation", middle(part), middle(call), PART_GOAL)
    yield at_most("  its weight", f"{PART} KB", weight / 1_000, PART, 1, "KB")


class _Visitor:
    """One connection to the server, with what says who asks."""

    def __init__(self, port: int, credentials: Mapping[str, str]) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port)
        self._credentials = credentials
        self._asked_at = 0.0

    def body(self, address: str, *, packed: bool = False) -> bytes:
        """Return what stands at an address; `packed` as it is sent to a browser."""
        return self.send("GET", address, None, {"Accept-Encoding": "gzip"} if packed else {})

    def timed(self, address: str) -> float:
        """Return the milliseconds until the whole answer is there."""
        begun = time.perf_counter()
        self.body(address)
        return (time.perf_counter() - begun) * 1_000

    def send(self, method: str, address: str, body: bytes | None, headers: Mapping[str, str]) -> bytes:
        if time.monotonic() - self._asked_at > IDLE:
            self._connection.close()
        self._connection.request(method, address, body, {**self._credentials, **headers})
        answer = self._connection.getresponse()
        read = answer.read()
        self._asked_at = time.monotonic()
        assert answer.status in (200, 201), (method, address, answer.status, read[:500])
        return read


def _cookie(installed: World) -> dict[str, str]:
    """Sign a clerk in; return the head of their requests."""
    service = installed.service
    asked = Invitation(address="clerk@example.org", role=PersonRole.REPORTER, client_role=Role.PROVIDER, id=PROVIDER)
    invited = transact(operator(service), invitations.invite, asked)
    token = invited.link.rpartition("/")[2]
    signing = service.database.read(lambda connection: sign_in.find_link(connection, service, token))
    assert signing is not None
    signed = transact(signing.caller, sign_in.use_link, signing.link, "a benchmark")
    return {"Cookie": f"__Host-pars={signed.token}"}
