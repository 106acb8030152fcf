"""An answer under an idempotency key is shown to whoever it was given to, for as long as they have the right to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from app.core.clock import new_id
from app.services.access import authentication, clients
from app.services.context import Service, operator, transact
from app.store import clients as stored
from app.store.access import keys
from app.store.sql import statements
from tests.builders.bodies import a_completion, an_activity, john
from tests.harness.api import Answer, Api, api_of
from tests.harness.contract import as_described
from tests.harness.databases import ON_SQLITE
from tests.harness.properties import examples
from tests.harness.refusals import assert_problem, footprint
from tests.harness.wire import Wire, at_once

OURS, THEIRS = "0008001", "0008002"
ACTIVITIES, COMPLETIONS, BULK = "/v1/activities", "/v1/learner-completions", "/v1/learner-completions:bulk"
Send = Callable[..., Answer]


@pytest.fixture
def over_wire(wire: Wire) -> Iterator[httpx.Client]:
    """Real connections to the application; every answer is held against the description."""
    hooks = {"response": [as_described]}
    with httpx.Client(base_url=f"http://127.0.0.1:{wire.port}", event_hooks=hooks, timeout=60) as client:
        yield client


def replayed(answer: Answer) -> bool:
    return answer.response.headers.get("idempotency-replayed") == "true"


def senders(http: httpx.Client, service: Service) -> dict[str, Send]:
    """Everybody who may send for somebody: each is a room of its own for keys."""
    own = api_of(http, service, "own", providers=[OURS])
    twin = api_of(http, service, "twin", providers=[OURS])
    vendor = api_of(http, service, "vendor", role="vendor", providers=[OURS, THEIRS])
    trying = api_of(http, service, "trying", role="vendor", providers=[OURS], test=True)
    runs = api_of(http, service, "runs", role="operator")
    return {
        "own": own.post,
        "twin": twin.post,
        "vendor for us": partial(vendor.post, PARS_Provider=OURS),
        "vendor for them": partial(vendor.post, PARS_Provider=THEIRS),
        "vendor in our sandbox": partial(trying.post, PARS_Provider=OURS),
        "operator for us": partial(runs.post, PARS_Provider=OURS),
        "operator for them": partial(runs.post, PARS_Provider=THEIRS),
    }


def test_the_same_key_of_everybody_at_once_is_a_key_of_each(over_wire: httpx.Client, service: Service) -> None:
    sends = senders(over_wire, service)
    bodies = {name: an_activity(title=f"Of {name}") for name in sends}
    first = at_once([partial(send, ACTIVITIES, bodies[name], Idempotency_Key="k") for name, send in sends.items()])
    assert [(answer.status, replayed(answer)) for answer in first] == [(201, False)] * len(sends)
    assert [answer.json["title"] for answer in first] == [body["title"] for body in bodies.values()]
    again = at_once([partial(send, ACTIVITIES, bodies[name], Idempotency_Key="k") for name, send in sends.items()])
    assert all(map(replayed, again))
    assert [answer.response.content for answer in again] == [answer.response.content for answer in first]


@pytest.fixture
def rooms(http: TestClient, service: Service) -> dict[str, Send]:
    return senders(http, service)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["own", "twin", "vendor for us", "vendor for them", "vendor in our sandbox"]),
        st.sampled_from([ACTIVITIES, BULK]),
        st.sampled_from(["one", "two"]),
        st.sampled_from(["k", "K"]),
    ),
    min_size=2,
    max_size=8,
)  # fmt: skip


@ON_SQLITE
@examples(12)
@given(steps=STEPS)
def test_whatever_is_sent_in_whatever_order_an_answer_stays_in_its_room(
    rooms: dict[str, Send], steps: list[tuple[str, str, str, str]]
) -> None:
    kept: dict[tuple[str, str], tuple[tuple[str, str], bytes]] = {}
    turn = new_id()
    for sender, path, title, key in steps:
        body = (
            an_activity(title=title) if path == ACTIVITIES else {"items": [a_completion(credits=-1, reference=title)]}
        )
        answer = rooms[sender](path, body, Idempotency_Key=f"{turn}{key}")
        room, request = (sender, key), (path, title)
        if room not in kept:
            assert (answer.status, replayed(answer)) == (201 if path == ACTIVITIES else 207, False)
            kept[room] = request, answer.response.content
        elif kept[room][0] == request:
            assert replayed(answer)
            assert answer.response.content == kept[room][1]
        else:
            assert_problem(answer, 422, "idempotency-mismatch")


def revoke_grant(service: Service, client_id: str) -> None:
    transact(operator(service), clients.revoke, client_id, OURS)


def grant(service: Service, client_id: str, provider_id: str) -> None:
    service.database.write(lambda connection: stored.grant(connection, client_id, provider_id, service.clock()))


def revoke_client(service: Service, client_id: str) -> None:
    transact(operator(service), clients.revoke_client, client_id)


def take_scopes(service: Service, client_id: str) -> None:
    taken = "UPDATE clients SET scopes = '[\"completions:read\"]' WHERE client_id = :id"
    service.database.write(lambda connection: statements.execute(connection, taken, {"id": client_id}))


def revoke_keys(service: Service, client_id: str) -> None:
    service.database.write(lambda connection: keys.end_all(connection, client_id, service.clock()))


LOST = {
    "grant": (revoke_grant, 403),
    "client": (revoke_client, 401),
    "scope": (take_scopes, 403),
    "key": (revoke_keys, 401),
}
REQUESTS: dict[str, Any] = {ACTIVITIES: an_activity(), COMPLETIONS: john(), BULK: {"items": [john()]}}


@pytest.mark.parametrize("lost", LOST)
def test_who_lost_the_right_is_refused_and_shown_no_stored_byte(
    over_wire: httpx.Client, service: Service, lost: str
) -> None:
    vendor = api_of(over_wire, service, "vendor", role="vendor", providers=[OURS, THEIRS])
    sends = {
        path: partial(vendor.post, path, body, Idempotency_Key=path, PARS_Provider=OURS)
        for path, body in REQUESTS.items()
    }
    first = {path: send() for path, send in sends.items()}
    assert all(answer.status in (200, 201, 207) for answer in first.values())
    take, status = LOST[lost]
    take(service, vendor.client_id)
    time.sleep(authentication.FRESH_SECONDS)
    before = footprint(service)
    for path, send in sends.items():
        refused = send()
        assert_problem(refused, status, "unauthenticated", "forbidden")
        shown = refused.response.text + str(refused.response.headers)
        answered = first[path].json
        for id_ in (answered.get("activity_id"), answered.get("completion_id"), answered.get("title")):
            assert id_ is None or id_ not in shown
        assert not {"etag", "location", "idempotency-replayed"} & set(refused.response.headers)
    assert footprint(service) == before


def test_a_client_that_changed_its_provider_is_given_nothing_of_the_one_before(
    over_wire: httpx.Client, service: Service
) -> None:
    own = api_of(over_wire, service, "own", providers=[OURS])
    send = partial(own.post, ACTIVITIES, an_activity(), Idempotency_Key="k")
    first = send()
    revoke_grant(service, own.client_id)
    grant(service, own.client_id, THEIRS)
    time.sleep(authentication.FRESH_SECONDS)
    assert_problem(send(PARS_Provider=OURS), 403, "forbidden")
    moved = send()
    assert (moved.status, replayed(moved), moved.json["provider_id"]) == (201, False, THEIRS)
    grant(service, own.client_id, OURS)
    time.sleep(authentication.FRESH_SECONDS)
    assert_problem(send(), 400, "provider-required")
    assert send(PARS_Provider=OURS).response.content == first.response.content
    assert send(PARS_Provider=THEIRS).response.content == moved.response.content


def an_upload(api: Api) -> tuple[bytes, bytes]:
    """A form with a file under an idempotency key, as bytes: its head, and its body."""
    form = {"kind": "learner-completions", "permission_attested": "true"}
    headers = {
        "Authorization": f"Bearer {api.key}", "PARS-Provider": OURS, "Idempotency-Key": "k", "Connection": "close",
        "Content-Type": "multipart/form-data; boundary=xyz",
    }  # fmt: skip
    built = httpx.Request("POST", "http://x/v1/batches", headers=headers, data=form, files={"file": ("a.txt", b"a\tb")})
    body = built.read()
    head = b"POST /v1/batches HTTP/1.1\r\n" + b"".join(b"%b: %b\r\n" % header for header in built.headers.raw)
    return head + b"\r\n", body


@pytest.mark.parametrize("lost", ["grant", "client", "scope"])
def test_a_right_that_ends_while_a_file_arrives_ends_its_replay(
    wire: Wire, over_wire: httpx.Client, service: Service, lost: str
) -> None:
    vendor = api_of(over_wire, service, "vendor", role="vendor", providers=[OURS])
    head, body = an_upload(vendor)
    first = wire.exchange(head + body)
    assert first.startswith(b"HTTP/1.1 202")
    location = first.lower().split(b"location: ")[1].split(b"\r\n")[0]
    assert location in wire.exchange(head + body).lower()
    with wire.connect() as connection:
        connection.sendall(head.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"))
        # It is let in, by the key and the grant that it has now, before anything is read of the file.
        assert connection.recv(65_536).startswith(b"HTTP/1.1 100")
        take, status = LOST[lost]
        take(service, vendor.client_id)
        before = footprint(service)
        connection.sendall(body)
        received = b""
        while piece := connection.recv(65_536):
            received += piece
    assert received.startswith(b"HTTP/1.1 %d" % status), received
    assert b"while the request was under way" in received
    assert location.rpartition(b"/")[2] not in received.lower()
    assert b"idempotency-replayed" not in received.lower()
    assert footprint(service) == before
