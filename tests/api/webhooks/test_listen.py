"""`pars listen`: what happens is printed in order and once, and sent on as a delivery of the service would be."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from app.cli.listen import Forwarder, Listener, ServiceGone, ask, line_of
from app.core.errors import OperatorFault
from app.delivery.signatures import new_secret
from app.services.context import Service
from app.simulator.board import LossyTransport
from examples.webhook_receiver import verified
from tests.builders.bodies import a_completion, john
from tests.harness.api import Api, api_of, settle
from tests.harness.commands import run_command
from tests.harness.inbox import Inbox, allowing_private, deliver, inbox, register
from tests.harness.refusals import IDENTITY
from tests.harness.wire import Wire

DATABASES = ["sqlite"]

COMPLETIONS = "/v1/learner-completions"


@pytest.fixture
def service(service: Service) -> Service:
    settle(service)
    return allowing_private(service)


@contextmanager
def listening(
    wire: Wire, api: Api, cursor: str | None = "now", provider: str | None = None
) -> Iterator[tuple[Listener, list[Any], list[str]]]:
    """Give a listener that has begun, with the events it hands over and its notes."""
    heard: list[Any] = []
    notes: list[str] = []
    given = {"Authorization": f"Bearer {api.key}"} | ({"PARS-Provider": provider} if provider else {})
    with httpx.Client(base_url=f"http://127.0.0.1:{wire.port}", headers=given) as http:
        listener = Listener(http=http, hand_over=heard.append, note=notes.append, cursor=cursor, wait=lambda _: None)
        listener.read_page()
        yield listener, heard, notes


def drain(listener: Listener, service: Service) -> None:
    settle(service)
    while listener.read_page():
        pass


def test_what_happens_is_handed_over_in_order_and_once(wire: Wire, api: Api, service: Service) -> None:
    with listening(wire, api) as (listener, heard, notes):
        assert heard == []
        completion_id = api.report(a_completion()).json["completion_id"]
        api.delete(f"{COMPLETIONS}/{completion_id}")
        drain(listener, service)
        api.report(john())
        drain(listener, service)
        assert [event["type"] for event in heard] == ["completion.reported", "credit.withdrawn", "completion.reported"]
        assert notes == []


def test_from_the_start_everything_is_handed_over(wire: Wire, api: Api, service: Service) -> None:
    api.report(a_completion())
    settle(service)
    with listening(wire, api, None) as (_, heard, _):
        assert heard == api.get("/v1/events", limit=500).json["data"] != []


def test_answers_that_are_lost_lose_and_double_nothing(wire: Wire, api: Api, service: Service) -> None:
    heard: list[Any] = []
    notes: list[str] = []
    transport = LossyTransport(httpx.HTTPTransport(), share=0.5, seed=7)
    headers = {"Authorization": f"Bearer {api.key}"}
    with httpx.Client(base_url=f"http://127.0.0.1:{wire.port}", headers=headers, transport=transport) as http:
        listener = Listener(http=http, hand_over=heard.append, note=notes.append, cursor="now", wait=lambda _: None)
        listener.read_page()
        reported = []
        for day in range(1, 10):
            reported.append(api.report(a_completion(completed_on=f"2021-11-0{day}")).json["completion_id"])
            drain(listener, service)
    assert [event["data"]["completion_id"] for event in heard] == reported
    # Once when it goes, once when it is back, however often it was asked meanwhile.
    assert len(notes) > 2
    assert all("cannot be reached" in note and note.endswith("no event is lost.") for note in notes[::2])
    assert set(notes[1::2]) == {"The service answers again."}


def test_what_is_sent_on_is_what_the_service_would_deliver(wire: Wire, api: Api, service: Service, box: Inbox) -> None:
    register(api, box.url)
    secret = new_secret()
    with listening(wire, api) as (listener, heard, _), inbox() as local, httpx.Client() as http:
        completion_id = api.report(a_completion()).json["completion_id"]
        api.delete(f"{COMPLETIONS}/{completion_id}")
        deliver(service)
        drain(listener, service)
        forwarder = Forwarder(http=http, url=local.url, secret=secret, now=lambda: 1_640_012_400.9)
        for event in heard:
            assert forwarder.send(event).startswith("204 in ")
        delivered = {request.id: request for request in box.received}
        assert {request.id for request in local.received} == delivered.keys()
        for request in local.received:
            assert request.body == delivered[request.id].body
            assert request.path == "/hooks"
            assert request.headers["content-type"] == "application/json"
            assert verified([secret], request.headers, request.body, 1_640_012_400)


def test_what_a_receiver_answers_is_told_and_does_not_stop_anything(api: Api, box: Inbox) -> None:
    event = {
        "event_id": "evt_1", "type": "activity.closed", "timestamp": "2021-12-20T15:00:00Z",
        "data": {"activity_id": "201759558", "provider_id": "0008001"},
    }  # fmt: skip
    box.answer(500)
    with httpx.Client() as http:
        assert Forwarder(http=http, url=box.url, secret=new_secret()).send(event).startswith("500 in ")
        nowhere = Forwarder(http=http, url="http://127.0.0.1:1/", secret=new_secret())
        assert nowhere.send(event) == "not sent: connection refused"
        later = event | {"type": "from.a.later.release"}
        assert Forwarder(http=http, url=box.url, secret=new_secret()).send(later).startswith("204 in ")
    assert box.received[-1].event["type"] == "from.a.later.release"


def test_a_vendor_hears_all_its_providers_or_one_of_them(http: Any, wire: Wire, api: Api, service: Service) -> None:
    other = api_of(http, service, "other", providers=["0008002"])
    vendor = api_of(http, service, "vendor", role="vendor", providers=["0008001", "0008002"])
    activity_id = other.register().json["activity_id"]
    with (
        listening(wire, vendor) as (all_of_them, heard, _),
        listening(wire, vendor, provider="0008002") as (one, heard_of_one, _),
    ):
        api.report(a_completion())
        other.report(a_completion(activity_id, "2021-06-01"))
        drain(all_of_them, service)
        drain(one, service)
        assert [event["data"]["provider_id"] for event in heard] == ["0008001", "0008002"]
        assert [event["data"]["provider_id"] for event in heard_of_one] == ["0008002"]


def test_a_line_has_moment_kind_and_ids_and_nobodys_identity(api: Api, service: Service) -> None:
    reported = api.report(a_completion()).json
    api.delete(f"{COMPLETIONS}/{reported['completion_id']}")
    settle(service)
    *_, first, last = api.get("/v1/events", limit=500).json["data"]
    assert line_of(first) == (
        "2021-12-20T15:00:00Z  completion.reported  provider 0008001  "
        f"completion {reported['completion_id']}  activity {reported['activity_id']}"
    )
    assert line_of(last) == (
        "2021-12-20T15:00:00Z  credit.withdrawn     provider 0008001  "
        f"completion {reported['completion_id']}  credit {reported['credits'][0]['credit_id']}  "
        f"activity {reported['activity_id']}"
    )
    assert not [value for value in IDENTITY if value in line_of(first) + line_of(last)]


def said(environment: Mapping[str, str], *arguments: str) -> str:
    """Run the command, which is refused; return its sentence."""
    ended = run_command("listen", *arguments, environment=os.environ | environment)
    assert (ended.returncode, ended.stdout) == (1, ""), ended.stderr
    assert ended.stderr.startswith("pars: ") and ended.stderr.count("\n") == 1, ended.stderr
    return ended.stderr.removeprefix("pars: ").rstrip("\n")


def test_what_cannot_be_listened_to_is_told_in_one_sentence(http: Any, wire: Wire, api: Api, service: Service) -> None:
    url = f"http://127.0.0.1:{wire.port}"
    key = {"PARS_API_KEY": api.key, "PARS_URL": url}
    boss = key | {"PARS_API_KEY": api_of(http, service, "boss", role="operator").key}
    board = key | {"PARS_API_KEY": api_of(http, service, "board", role="board", board="ABIM").key}
    told = {
        "no key": said({"PARS_URL": url}),
        "unknown key": said(key, "--key", "pars_live_" + "A" * 43),
        "nobody there": said(key, "--url", "http://127.0.0.1:1"),
        "no address": said(key, "--url", "ftp://example.org"),
        "no target": said(key, "--forward-to", "9000/hook"),
        "both": said(key, "--from-start", "--after", "x"),
        "unknown kind": said(key, "--event", "credit.deleted"),
        "foreign provider": said(key, "--provider", "0008002"),
        "foreign cursor": said(key, "--after", "x"),
        "operator": said(boss),
        "board": said(board),
        "bad secret": said(key, "--forward-to", "127.0.0.1:9000", "--secret", "whsec_%"),
    }
    assert told == {
        "no key": "A key is needed: set PARS_API_KEY, or give --key.",
        "unknown key": "The service does not know this key; see --key. (401 unauthenticated)",
        "nobody there": "http://127.0.0.1:1 cannot be reached: connection refused. Is it running there? See --url.",
        "no address": "--url takes an address, such as http://127.0.0.1:9000/hook.",
        "no target": "--forward-to takes an address, such as http://127.0.0.1:9000/hook.",
        "both": "--from-start and --after contradict each other; give one of them.",
        "unknown kind": told["unknown kind"],
        "foreign provider": "The client may not act for this provider. This client acts for 0008001. Ids have their "
        "leading zeros. (403 forbidden)",
        "foreign cursor": told["foreign cursor"],
        "operator": "An operator's key acts for no provider by itself; name one with --provider.",
        "board": "The client lacks the scope completions:read. Scopes are given when a client is made, or changed. "
        "(403 forbidden)",
        "bad secret": "A secret begins with whsec_, and Base64 follows; see --secret.",
    }
    assert told["unknown kind"].startswith("There is no event credit.deleted; there are completion.reported,")
    assert "This cursor does not belong to these events." in told["foreign cursor"]
    assert api.key not in "".join(told.values())


def test_what_is_no_such_service_is_told(box: Inbox) -> None:
    class Elsewhere(httpx.BaseTransport):
        """Somebody else's web server."""

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            return httpx.Response(200, text="<html>Welcome</html>")

    with (
        httpx.Client(base_url="http://elsewhere", transport=Elsewhere()) as http,
        pytest.raises(OperatorFault, match=r"http://elsewhere does not answer as this service does \(200\)"),
    ):
        ask(http, "/v1/me")
    with httpx.Client(base_url="http://127.0.0.1:1") as http, pytest.raises(ServiceGone, match="refused"):
        ask(http, "/v1/me")


def test_what_a_service_sends_does_not_steer_the_terminal() -> None:
    hostile = "\x1b]0;owned\x07\x1b[2J\r\n\u202etxt\x9b31m"
    event = {"timestamp": "2021-12-20T12:00:00Z", "type": hostile, "data": {"completion_id": hostile, hostile: hostile}}
    assert line_of(event).isprintable()

    def refuse(_: httpx.Request) -> httpx.Response:
        return httpx.Response(422, json={"code": "conflict", "detail": hostile})

    http = httpx.Client(base_url="http://127.0.0.1:1", transport=httpx.MockTransport(refuse))
    with http, pytest.raises(OperatorFault) as raised:
        ask(http, "/v1/events")
    assert str(raised.value).isprintable()
