"""The world of the matrix: a client of every kind, and a record of every kind of each owner."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.core.security import digest_of
from app.domain.access.credentials import key_id_of
from app.main import answer_for, create_app
from app.services.access import clients
from app.services.access import scopes as known_scopes
from app.services.context import Service, operator, transact
from app.services.events import deliveries
from app.services.operations.startup import open_service
from tests.builders.bodies import GRAND_ROUNDS, a_completion, john, tina
from tests.builders.disputes import disputed
from tests.builders.people import import_people, physicians_on_file
from tests.builders.sent_files import lines
from tests.harness.access.asking import Asker
from tests.harness.access.people import invite, sign_in_by, token_of
from tests.harness.access.table import Seat
from tests.harness.api import Api, api_of, settle
from tests.harness.clock import ManualClock
from tests.harness.databases import settings_for
from tests.harness.held import hold, nora
from tests.harness.inbox import ENDPOINTS, register, stored
from tests.harness.passport.programs import FROM_OUR_PAGE, cookie_of, program_of_slides, session_for
from tests.harness.uploads import worked

OURS, THEIRS, ABSENT = "0008001", "0008002", "0009999"
COMPLETIONS = "/v1/learner-completions"
REFERENCE = "reference-of-ours"
DAY = "2021-06-01"
ROSTER = b"First Name\tLast Name\tDate of Birth\tBoard ID\nAda\tLovell\t12/10\t770001\n"

ROLES: dict[str, dict[str, Any]] = {
    "own": {"providers": [OURS]},
    "colleague": {"providers": [OURS]},
    "other": {"providers": [THEIRS]},
    "several": {"providers": [OURS, THEIRS]},
    "vendor": {"role": "vendor", "providers": [OURS]},
    "stranger": {"role": "vendor", "providers": [THEIRS]},
    "ungranted": {"role": "vendor", "providers": [OURS]},
    "board": {"role": "board", "board": "ABIM"},
    "other-board": {"role": "board", "board": "ABA"},
    "operator": {"role": "operator"},
    "own-test": {"providers": [OURS], "test": True},
    "other-test": {"providers": [THEIRS], "test": True},
    "vendor-test": {"role": "vendor", "providers": [OURS], "test": True},
    "stranger-test": {"role": "vendor", "providers": [THEIRS], "test": True},
    "ungranted-test": {"role": "vendor", "providers": [OURS], "test": True},
    "operator-test": {"role": "operator", "test": True},
}
"""How the operator makes each caller. Those that begin with `ungranted` lose their grant before anybody asks."""
IN_BROWSERS = ("physician", "other-physician", "unconfirmed", "staff")
"""Callers who have no key: the cookie of a session is theirs."""
ROBERT = {"first_name": "Robert", "last_name": "Twin", "date_of_birth": "05/06", "licenses": "TN-M:R1"}
"""Of whom there seem to be two, so that the operator has a pair to decide about."""

JOHN = {"first_name": "John", "last_name": "Smith", "board_id": "999999"}
TINA = {"first_name": "Tina", "last_name": "Karacme", "board_id": "35867909"}
"""Of whose credit the boards have been told."""


@dataclass
class World:
    """Who asks, for what, and how."""

    service: Service
    asker: Asker
    callers: dict[str, Api]
    sandbox: str = ""
    """The id of our sandbox."""
    sessions: dict[str, str] = field(default_factory=dict)
    """What the cookies of callers hold who have no key."""
    records: dict[str, dict[str, str]] = field(default_factory=lambda: {"registry": {}, "ours": {}})
    """Whose record has which id: by owner, the names of parameters in paths with their values."""

    def headers(self, seat: Seat) -> dict[str, str]:
        """Return the headers by which a caller is known, and names a provider."""
        named = {"ours": OURS, "theirs": THEIRS, "absent": ABSENT, "sandbox": self.sandbox}
        headers = {"PARS-Provider": named[seat.names]} if seat.names != "-" else {}
        if seat.caller in self.sessions:
            return headers | cookie_of(self.sessions[seat.caller]) | FROM_OUR_PAGE
        return headers | (bearer(self.callers[seat.caller].key) if seat.caller != "nobody" else {})

    def narrowed(self, caller: str, scope: str, *, without: bool) -> Api:
        """Create a client as a caller is, that has a scope alone, or everything else that its role may have."""
        made = ROLES[caller]
        role, test = made.get("role", "provider"), made.get("test", False)
        of_role = [one for one in known_scopes.ROLE_SCOPES[role] if not test or one in known_scopes.TEST_SCOPES]
        rest = [one for one in of_role if scope not in (one, known_scopes.IMPLIED.get(one))]
        return api_of(self.callers[caller].http, self.service, scopes=rest if without else [scope], **made)

    def touched(self, owners: Iterable[str]) -> int:
        """Return how many changes the records of some owners have seen."""
        ids = {value for owner in owners for value in self.records[owner].values()}
        listed = ", ".join(f"'{value}'" for value in sorted(ids))
        return int(stored(self.service, f"SELECT count(*) FROM audit WHERE subject_id IN ({listed})")[0][0])


def bearer(key: str) -> dict[str, str]:
    """Return the header for a key."""
    return {"Authorization": f"Bearer {key}"}


def build(service: Service) -> World:
    """Fill a demo world with callers and records, and return it; nothing in it is sent anywhere."""
    app = create_app(service)
    answer_for(app, service)
    asker = Asker(app, service)
    http = httpx.Client(transport=asker, base_url="http://matrix.test")
    world = World(service, asker, {name: api_of(http, service, name, **made) for name, made in ROLES.items()})
    world.sandbox = stored(service, f"SELECT provider_id FROM providers WHERE sandbox_of = '{OURS}'")[0][0]
    callers = world.callers
    import_people(service, ROBERT, ROBERT | {"first_name": "Bob"}, source="board.csv")
    (pair,) = callers["operator"].get("/v1/physician-pairs").json["data"]
    world.records["registry"] = {"physician_id": pair["into"], "pair_id": pair["pair_id"], "budget_id": pair["into"]}
    world.records["ours"] = _provider_records(world, callers["own"])
    world.records["registry"] |= {name: world.records["ours"].pop(name) for name in ("help_id",)}
    world.records["registry"]["completion_id"] = world.records["ours"]["completion_id"]
    theirs = callers["other"].register(internal_id="theirs").json["activity_id"]
    world.records["theirs"] = _records_in(callers["other"], theirs, a_completion(theirs, DAY, reference="ref-theirs"))
    for owner in ("ours", "theirs"):
        made = disputed(service, world.records[owner]["completion_id"])
        world.records[owner] |= {"dispute_id": made.dispute_id}
    of_sandbox = callers["own-test"].register(internal_id="sandboxed", end_date="2099-12-31").json["activity_id"]
    olive = a_completion(of_sandbox, DAY, first_name="Olive", last_name="Only", state="CA", license_id=None, credits=1)
    world.records["sandbox"] = _endpoint(callers["own-test"]) | _records_in(callers["own-test"], of_sandbox, olive)
    batch = worked(callers["own-test"], service, lines([nora(activity_id=of_sandbox)]))
    world.records["sandbox"] |= {"batch_id": batch["batch_id"]}
    for board, body in (("board", john()), ("other-board", tina())):
        made = callers["own"].report(body).json
        world.records[board] = {"credit_id": made["credits"][-1]["credit_id"]}
    for board, learner in (("board", JOHN), ("other-board", TINA)):
        (found,) = callers[board].post("/v1/transcripts:search", learner).json["data"]
        world.records[board] |= {"transcript_id": found["transcript_id"]}
    world.records["board"] |= _endpoint(callers["board"]) | {
        "batch_id": worked(callers["board"], service, ROSTER, "roster", permission_attested=None)["batch_id"]
    }
    world.records["vendor"] = _endpoint(callers["vendor"], PARS_Provider=OURS)
    world.records["for-all"] = _endpoint(callers["vendor"])
    for owner, maker in (("ours", "own"), ("theirs", "other"), ("vendor", "vendor")):
        answer = callers[maker].post("/v1/clients", {"name": f"kept by {maker}", "scopes": ["clients:manage"]})
        assert answer.status == 201, answer.json
        kept = answer.json
        key_id = key_id_of(digest_of(kept["api_key"]))
        world.records[owner] |= {"client_id": kept["client_id"], "key_id": key_id}
    settle(service)
    for gone in ("ungranted", "ungranted-test"):
        transact(operator(service), clients.revoke, callers[gone].client_id, OURS)
    _enter_browsers(world, http)
    return world


def _enter_browsers(world: World, http: httpx.Client) -> None:
    """Sign people in who have no key; one of them, a physician, has published a transcript and given a link."""
    service = world.service
    on_file = {name: id for id, one in physicians_on_file(service).items() for name in one.names}
    program = program_of_slides(http, service)
    signed = sign_in_by(service, token_of(invite(service)))
    assert signed is not None
    world.sessions = {
        "physician": program.token,
        "other-physician": session_for(service, on_file["smith", "john"]),
        "unconfirmed": session_for(service, on_file["karacme", "tina"], confirmed=False),
        "staff": signed.token,
    }
    published = program.post("/v1/passport/transcripts", {})
    shared = program.post("/v1/passport/shares", {"receiver": "Somebody", "shows": "following", "days": 7})
    world.records["physician"] = {
        "transcript_id": published.json["transcript_id"], "share_id": shared.json["share_id"],
    }  # fmt: skip


def _records_in(client: Api, activity_id: str, body: Any) -> dict[str, str]:
    """Report a record in an activity, and have another held; return the ids."""
    reported = client.report(body)
    assert reported.status == 201, reported.json
    held = hold(client, nora(activity_id=activity_id, completed_on=DAY)).json["held_id"]
    return {"activity_id": activity_id, "completion_id": reported.json["completion_id"], "held_id": held}


def _provider_records(world: World, own: Api) -> dict[str, str]:
    """Report, hold, upload and register as a provider does; return the ids."""
    reported = own.report(a_completion(reference=REFERENCE)).json
    held = hold(own, nora(reference="ref-held")).json["held_id"]
    batch = worked(own, world.service, lines([nora(completed_on="2021-12-13"), nora(state="XX")]), on_unmatched="hold")
    assert (batch["counts"]["held"], batch["counts"]["rejected"]) == (1, 1)
    return _endpoint(own) | {
        "activity_id": GRAND_ROUNDS,
        "completion_id": reported["completion_id"],
        "learner_id": reported["learner"]["learner_id"],
        "client_reference": REFERENCE,
        "held_id": held,
        "help_id": own.post(f"/v1/held-records/{held}/ask", {}).json["help"]["help_id"],
        "batch_id": batch["batch_id"],
    }


def _endpoint(client: Api, **headers: str) -> dict[str, str]:
    """Register an endpoint, and leave it a delivery that nobody sends; return the ids."""
    made = register(client, "https://lms.example.org/pars", **headers).json["endpoint_id"]
    tested = client.post(f"{ENDPOINTS}/{made}/test", None, **headers)
    assert tested.status == 200, tested.json
    return {"endpoint_id": made, "delivery_id": tested.json["delivery_id"]}


@contextmanager
def opened(url: str, folder: Path) -> Iterator[World]:
    """Build the world in a database that holds the demo world; it ends with the block."""
    service = open_service(settings_for(url, folder), at=ManualClock(), migrate=False)
    try:
        with pytest.MonkeyPatch.context() as patched:
            # Nobody sends what is waited for.
            patched.setattr(deliveries, "TEST_SECONDS", 0)
            world = build(service)
        with closing(world.asker):
            yield world
    finally:
        service.database.close()
