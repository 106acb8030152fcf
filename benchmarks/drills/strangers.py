"""`make drill-strangers`: by the time of an answer a stranger tells no more of a person than by what it says.

Asks a server over HTTP, at every door of CME Passport that anybody can knock at, for a person with an account, for one
who is on file without, and for nobody; for codes and links that are over, ended, and never were. The cases take turns
in an order of chance, and nobody is asked for twice where an answer would change what is answered next. Prints the
quartiles of each case, of its first again as `again`, how often each was slower than the first of its turn, and whether
all answers are the same bytes. Exits with 1 where cases differ in their bytes, in their medians by more than the first
spreads between its quartiles, or in more turns than chance explains: that tells what a busy machine hides.
`python -m benchmarks.drills.strangers 300` sets how often each case is asked for.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import random
import re
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from statistics import quantiles
from typing import NamedTuple
from urllib.parse import urlencode

from msgspec.structs import replace

from app.core.logging import configure_logging
from app.domain.identity.learners import RegistryRow
from app.domain.identity.validations import ValidationRequest
from app.domain.parsing import read_license_id
from app.domain.passport.accounts import ConfirmedBy
from app.domain.passport.transcripts import TranscriptPeriod
from app.domain.passport.verification_codes import new_verification_code
from app.services.access import clients, erasure
from app.services.context import Caller, Service, Work, operator, transact
from app.services.passport import publishing, shares
from app.services.passport.joining import add_account
from app.services.passport.shares import ShareRequest
from app.services.people.invitations import person_of_address
from app.services.registry.own_data import find_by_own_data
from benchmarks.world.installation import World, served, world

EACH = 200
FEW = 8
"""Links and codes of each kind: they are asked for again and again."""
CHANCE = 3.5
"""Standard deviations by which chance may make a case the slower one of its turns: of thirty cases, in one run of a
hundred."""
BOARD = "CA-M"
_DAY = timedelta(days=1)
_FORM = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
_OWN = re.compile(rb"[A-Za-z0-9_-]{43}|[a-z]+\d+@strangers\.example|[0-9a-f-]{36}|[0-9A-Z]{4}(?:-[0-9A-Z]{4}){2}")
"""What is new in every page, and what was sent: tokens, addresses, ids of requests, codes."""


class Asked(NamedTuple):
    """A request of a stranger."""

    method: str
    path: str
    body: bytes = b""
    headers: Mapping[str, str] = {}


Door = Mapping[str, Callable[[int], Asked]]
"""The cases of a door: what is asked for at the n-th time."""


def main() -> None:
    """Measure on both databases; exit with 1 where cases can be told apart."""
    configure_logging()
    each = int(sys.argv[1]) if len(sys.argv) > 1 else EACH
    told_apart = 0
    for database in ("sqlite", "postgresql"):
        with world(database, 10 * each + 500) as installed:
            doors = _doors(installed, each)
            environment = installed.environment | {"PARS_TRUSTED_PROXIES": "127.0.0.1"}
            with served("app.main:create_app", environment) as port:
                for name, door in doors.items():
                    told_apart += _measure(f"{database}, {name}", port, door, each)
    print("nothing can be told apart" if not told_apart else f"told apart: {told_apart} cases")
    sys.exit(min(told_apart, 1))


def _measure(name: str, port: int, door: Door, each: int) -> int:
    """Ask for every case of a door, print what it took, and return how many differ from the first."""
    first = next(iter(door))
    cases = [*door, "again"]
    connection = http.client.HTTPConnection("127.0.0.1", port)
    times: defaultdict[str, list[float]] = defaultdict(list)
    said: defaultdict[str, set[tuple[int, bytes]]] = defaultdict(set)
    for turn in range(each):
        for case in random.sample(cases, len(cases)):
            asked = door[first](each + turn) if case == "again" else door[case](turn)
            begun = time.perf_counter()
            connection.request(asked.method, asked.path, asked.body or None, dict(asked.headers))
            answer = connection.getresponse()
            body = answer.read()
            times[case].append((time.perf_counter() - begun) * 1_000)
            said[case].add((answer.status, _OWN.sub(b"*", body)))
    found = {case: quantiles(measured, n=4) for case, measured in times.items()}
    low, middle, high = found[first]
    spread = max(high - low, found["again"][2] - found["again"][0])
    same = len(set().union(*said.values())) == 1
    print(f"{name}: {'the same bytes' if same else 'OTHER BYTES'}, spread {spread:.2f} ms")
    apart = int(not same)
    for case in cases:
        slower = sum(one > other for one, other in zip(times[case], times[first], strict=True))
        by_chance = CHANCE * each**0.5 / 2
        differs = case != first and (abs(found[case][1] - middle) > spread or abs(slower - each / 2) > by_chance)
        apart += differs
        quarters = "  ".join(f"{figure:7.2f}" for figure in found[case])
        often = "" if case == first else f"  slower in {slower / each:.0%}"
        print(f"  {quarters} ms  {case}{often}{'  TOLD APART' if differs else ''}", flush=True)
    return apart


def _doors(installed: World, each: int) -> dict[str, Door]:
    """Fill the installation, and return what is asked for at each door."""
    service = installed.service
    people = [row for row in installed.learners if row.birth_date is not None and row.licenses]
    people = [row for row in people if all(held.board != BOARD for held in row.licenses)]
    # Each case twice over: its first is asked for again, and nobody is asked for twice.
    with_account, on_file = people[: 2 * each], people[2 * each : 4 * each]
    boards = service.catalogue.boards
    states = {row.licenses[0].board: boards[row.licenses[0].board].state or "" for row in people}
    for place, row in enumerate(with_account):
        transact(operator(service), _open, row, states[row.licenses[0].board], f"holder{place}@strangers.example")
    board = transact(operator(service), clients.create, "asking", role="board", board=BOARD)
    key = {"Authorization": f"Bearer {board.api_key}", "Content-Type": "application/json"}
    unknown = [_nobody(row, place) for place, row in enumerate(people[: 2 * each])]
    groups = {"with an account": with_account, "on file": on_file, "unknown": unknown}
    erased, ended, over = _given(service, people[4 * each :], states)
    never = [f"{'x' * 35}{place:08d}" for place in range(FEW)]
    codes = {"of one who was erased": erased, "never given": [new_verification_code() for _ in range(FEW)]}
    links = {"ended": ended, "over": over, "never given": never}
    return {
        "join": {
            case: lambda turn, case=case, rows=rows: _join(rows[turn], states, f"{case[:2]}{turn}@strangers.example")
            for case, rows in groups.items()
        },
        "sign-in": {
            "with an account": lambda turn: _sign_in(f"holder{turn}@strangers.example"),
            "unknown": lambda turn: _sign_in(f"nobody{turn}@strangers.example"),
        },
        "transcripts:search": {
            case: lambda turn, rows=rows: _search(rows[turn], states, key) for case, rows in groups.items()
        },
        "/verify": _by_turns(codes, "GET", "/verify/{}"),
        "/s, the button": _by_turns(links, "GET", "/s/{}"),
        "/s, opened": _by_turns(links, "POST", "/s/{}"),
        "/v1/passport/shares": _by_turns(links, "GET", "/v1/passport/shares/{}"),
    }


def _by_turns(given: Mapping[str, Sequence[str]], method: str, path: str) -> Door:
    return {
        case: lambda turn, held=held: Asked(method, path.format(held[turn % len(held)]), headers=_FORM)
        for case, held in given.items()
    }


def _nobody(row: RegistryRow, place: int) -> RegistryRow:
    """Return a row of the same form whose name nobody has."""
    return replace(row, first_name="Qzx", last_name=f"Xqzvbn{chr(97 + place % 26)}{chr(97 + place // 26 % 26)}")


def _join(row: RegistryRow, states: Mapping[str, str], address: str) -> Asked:
    held = row.licenses[0]
    fields = {
        "/first_name": row.first_name, "/last_name": row.last_name, "/date_of_birth": str(row.birth_date),
        "/state": states[held.board], "/license_id": held.number, "/npi": "", "/code": "", "/address": address,
    }  # fmt: skip
    return Asked("POST", "/passport/join", urlencode(fields).encode(), _FORM)


def _sign_in(address: str) -> Asked:
    return Asked("POST", "/sign-in", urlencode({"address": address}).encode(), _FORM)


def _search(row: RegistryRow, states: Mapping[str, str], headers: Mapping[str, str]) -> Asked:
    held = row.licenses[0]
    known = {
        "first_name": row.first_name, "last_name": row.last_name, "state": states[held.board],
        "license_id": held.number,
    }  # fmt: skip
    return Asked("POST", "/v1/transcripts:search", json.dumps(known).encode(), headers)


def _open(work: Work, row: RegistryRow, state: str, address: str) -> str:
    """Open a confirmed account for a physician; return its client's id."""
    held = row.licenses[0]
    request = ValidationRequest(
        first_name=row.first_name, last_name=row.last_name, birth_date=row.birth_date, state=state,
        license_id=read_license_id(held.number),
    )  # fmt: skip
    caller = operator(work.service, "strangers")
    learner_id = find_by_own_data(Work(connection=work.connection, caller=caller, now=work.now), request)
    assert learner_id is not None, row
    person, _ = person_of_address(work, address, None)
    return add_account(work, person, learner_id, ConfirmedBy.OPERATOR).client_id


def _given(
    service: Service, people: Sequence[RegistryRow], states: Mapping[str, str]
) -> tuple[list[str], list[str], list[str]]:
    """Return codes of physicians who were erased, and links that were ended and that are over."""
    erased, ended, over = [], [], []
    for place, row in enumerate(people[: 2 * FEW]):
        state = states[row.licenses[0].board]
        client_id = transact(operator(service), _open, row, state, f"giver{place}@strangers.example")
        caller = _caller(service, client_id)
        if place < FEW:
            erased.append(_published(service, caller))
            continue
        asked = ShareRequest(receiver="Somebody", period=TranscriptPeriod(), fixed=False, days=1)
        share = transact(caller, shares.create, asked, None)
        transact(caller, shares.end, share.share.share_id)
        ended.append(share.token)
        then = replace(service, clock=lambda: service.clock() - 30 * _DAY)
        over.append(transact(_caller(then, client_id), shares.create, asked, None).token)
    return erased, ended, over


def _published(service: Service, caller: Caller) -> str:
    """Publish a transcript, erase its physician, and return its code."""
    prepared = asyncio.run(publishing.prepare(caller, TranscriptPeriod()))
    transact(caller, publishing.save, prepared)
    erasure.erase(service, prepared.learner_id, unread=True)
    return prepared.code


def _caller(service: Service, client_id: str) -> Caller:
    caller = operator(service)
    return replace(caller, client=replace(caller.client, client_id=client_id))


if __name__ == "__main__":
    main()
