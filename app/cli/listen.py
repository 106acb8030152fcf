"""`pars listen`: events as they come, read over HTTP with a client's key, printed, and forwarded to a local address.

It is for whoever writes a receiver of webhooks on a machine that the service cannot call: what is forwarded has the
same bytes and headers as a delivery of the service.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import msgspec
import typer

from app.core.errors import OperatorFault
from app.delivery.signatures import PREFIX, headers_for, new_secret
from app.domain.events import EventKind

if TYPE_CHECKING:
    import httpx

commands = typer.Typer()

PAGE = 500
PAUSE = 1.0
"""Seconds between two reads when nothing is new."""
MAX_PAUSE = 15.0
"""Seconds between two attempts to reach a service that has gone, at most."""
PATIENCE = 15.0
"""Seconds that the service, and the address forwarded to, have for an answer."""
_GONE = frozenset({429, 500, 502, 503, 504})
_SHOWN = ("provider_id", "completion_id", "credit_id", "activity_id", "batch_id")


class ServiceGone(Exception):
    """The service cannot be reached, or cannot answer now; it is asked again."""


class Listener(msgspec.Struct, kw_only=True):
    """Follows the events of a client from a cursor on, and hands each of them over."""

    http: httpx.Client
    hand_over: Callable[[Mapping[str, Any]], None]
    """Called with each event, in order."""
    note: Callable[[str], None]
    """Called with a sentence when the service goes and when it is back."""
    cursor: str | None
    """Where to go on: behind the last event that was handed over. None for the beginning."""
    pause: float = PAUSE
    wait: Callable[[float], None] = time.sleep

    @property
    def place(self) -> dict[str, Any]:
        """Where to go on, as a parameter."""
        return {"after": self.cursor} if self.cursor else {}

    def follow(self) -> None:
        """Hand over what happens, until it is interrupted; raises `OperatorFault` when the service refuses."""
        while True:
            if not self.read_page():
                self.wait(self.pause)

    def read_page(self) -> bool:
        """Hand over the next events; return whether there were any. Waits for a service that has gone."""
        page = self._insist("/v1/events", self.place | {"limit": PAGE})
        for event in page["data"]:
            self.hand_over(event)
        self.cursor = page["next_cursor"]
        return bool(page["data"])

    def _insist(self, path: str, parameters: Mapping[str, Any]) -> Any:
        pauses = _growing_pauses(self.pause)
        gone = False
        while True:
            try:
                answer = ask(self.http, path, parameters)
            except ServiceGone as error:
                if not gone:
                    self.note(f"{error} Trying again until it does; no event is lost.")
                gone = True
                self.wait(next(pauses))
                continue
            if gone:
                self.note("The service answers again.")
            return answer


def _growing_pauses(first: float) -> Iterator[float]:
    pause = first
    while True:
        yield pause
        pause = min(pause * 2, MAX_PAUSE)


def ask(http: httpx.Client, path: str, parameters: Mapping[str, Any] | None = None) -> Any:
    """Return what the service answers to a GET; raises `ServiceGone`, and `OperatorFault` when it refuses."""
    import httpx

    try:
        answer = http.get(path, params=dict(parameters or {}))
    except httpx.TimeoutException:
        raise ServiceGone(f"{http.base_url} does not answer in time.") from None
    except httpx.TransportError as error:
        raise ServiceGone(f"{http.base_url} cannot be reached: {_reason(error)}.") from None
    if answer.status_code in _GONE:
        raise ServiceGone(f"{http.base_url} answers {answer.status_code}.")
    try:
        body = answer.json()
    except ValueError:
        body = None
    if answer.status_code == 200 and isinstance(body, dict):
        return body
    if not isinstance(body, dict) or "code" not in body:
        raise OperatorFault(f"{http.base_url} does not answer as this service does ({answer.status_code}); see --url.")
    raise OperatorFault(f"{_said(body)} ({answer.status_code} {body['code']})")


def _said(problem: Mapping[str, Any]) -> str:
    """Return what a problem says, with the hints of its errors."""
    if problem["code"] == "unauthenticated":
        return "The service does not know this key; see --key."
    if problem["code"] == "cursor-diverged":
        return "The service was put back to an earlier state: read your records again, and listen without --after."
    errors = problem.get("errors", ())
    sentences = [error[part] for error in errors for part in ("detail", "hint") if error.get(part)]
    sentences = sentences or [problem.get("detail") or problem.get("title") or ""]
    return _shown(" ".join(dict.fromkeys(sentences)))


def _shown(text: str) -> str:
    """Return a text as it may be printed: what another machine sends must not steer this terminal."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "\ufffd" for c in text)


def _reason(error: BaseException) -> str:
    """Return why a connection failed, in the words of the system where it has any."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror[:1].lower() + cause.strerror[1:]
        cause = cause.__cause__ or cause.__context__
    return str(error).rstrip(".") or type(error).__name__


class Forwarder(msgspec.Struct, frozen=True, kw_only=True):
    """Sends events to an address as the service would: the same body and headers, signed with a secret."""

    http: httpx.Client
    url: str
    secret: str
    now: Callable[[], float] = time.time

    def send(self, event: Mapping[str, Any]) -> str:
        """Send an event once; return what became of it in a few words."""
        import httpx

        body = _body_of(event)
        headers = headers_for(event["event_id"], int(self.now()), body, [self.secret])
        begun = time.monotonic()
        try:
            answer = self.http.post(self.url, content=body, headers={"Content-Type": "application/json", **headers})
        except httpx.TimeoutException:
            return "no answer in time"
        except httpx.TransportError as error:
            return f"not sent: {_reason(error)}"
        return f"{answer.status_code} in {(time.monotonic() - begun) * 1_000:.0f} ms"


def _body_of(event: Mapping[str, Any]) -> bytes:
    """Return the body of a delivery of an event. Kinds of a later release than this are sent as they were read."""
    from app.schemas.events import body_of

    if event["type"] in set(EventKind):
        return body_of(event["type"], datetime.fromisoformat(event["timestamp"]), event["data"])
    return json.dumps({name: event[name] for name in ("timestamp", "type", "data")}).encode()


def line_of(event: Mapping[str, Any]) -> str:
    """Return an event as one line: when, what, and the ids of what it is about."""
    data = event["data"]
    known = [f"{name.removesuffix('_id')} {data[name]}" for name in _SHOWN if data.get(name)]
    others = [f"{name} {value}" for name, value in data.items() if name not in _SHOWN]
    moment = f"{event['timestamp'][:19]}Z"
    return _shown("  ".join([moment, f"{event['type']:<19}", *known, *others]))


@commands.command()
def listen(
    url: Annotated[
        str, typer.Option("--url", envvar="PARS_URL", help="Address of the service.")
    ] = "http://127.0.0.1:8000",
    key: Annotated[
        str | None,
        typer.Option(
            "--key", envvar=["PARS_API_KEY", "PARS_KEY"], help="API key, with completions:read.", show_default=False
        ),
    ] = None,
    provider: Annotated[
        str | None, typer.Option("--provider", help="Only this provider's events; a vendor's are those of all.")
    ] = None,
    kinds: Annotated[list[str] | None, typer.Option("--event", help="Only events of this kind; repeatable.")] = None,
    forward_to: Annotated[
        str | None, typer.Option("--forward-to", metavar="URL", help="Send events there too, signed like webhooks.")
    ] = None,
    secret: Annotated[
        str | None,
        typer.Option(
            "--secret",
            envvar="PARS_WEBHOOK_SECRET",
            help="Signs what is forwarded: whsec_… Without it, a new one is made and printed.",
            show_default=False,
        ),
    ] = None,
    from_start: Annotated[bool, typer.Option("--from-start", help="Begin with the first event there is.")] = False,
    after: Annotated[
        str | None, typer.Option("--after", metavar="CURSOR", help="Go on after this cursor, printed at the end.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print each event as one line of JSON.")] = False,
) -> None:
    """Print the events of your providers as they happen, until Ctrl-C.

    Begins now, unless --from-start or --after is given. It needs no database: it reads GET /v1/events with your key.
    """
    import httpx

    if not key:
        raise OperatorFault("A key is needed: set PARS_API_KEY, or give --key.")
    if from_start and after:
        raise OperatorFault("--from-start and --after contradict each other; give one of them.")
    _refuse_unknown(kinds or ())
    headers = {"Authorization": f"Bearer {key}"} | ({"PARS-Provider": provider} if provider else {})
    with (
        httpx.Client(base_url=_address(url, "--url").rstrip("/"), headers=headers, timeout=PATIENCE) as http,
        httpx.Client(timeout=PATIENCE, trust_env=False) as local,
    ):
        forwarder = _forwarder(local, forward_to, secret) if forward_to else None
        listener = Listener(
            http=http,
            hand_over=_printer(kinds or (), forwarder, as_json=as_json),
            note=_note,
            cursor=after or (None if from_start else "now"),
        )
        _follow(listener, forwarder)


def _follow(listener: Listener, forwarder: Forwarder | None) -> None:
    try:
        introduction = _introduction(listener.http)
        # What is refused is told before anything else.
        ask(listener.http, "/v1/events", listener.place | {"limit": 1})
        _note(introduction)
        if forwarder is not None:
            _note(f"Forwarding to {forwarder.url}, signed with {forwarder.secret}")
        _note("Ctrl-C ends it.")
        listener.follow()
    except ServiceGone as error:
        raise OperatorFault(f"{error} Is it running there? See --url.") from None
    except KeyboardInterrupt:
        known = listener.cursor not in (None, "now")
        _note(f"\nStopped. To go on from here: pars listen --after {listener.cursor}" if known else "\nStopped.")


def _introduction(http: httpx.Client) -> str:
    me = ask(http, "/v1/me")
    named = http.headers.get("PARS-Provider")
    providers = f"provider {named}" if named else _providers_of(me)
    return _shown(f"Listening at {http.base_url} to {providers} as {me['name']} ({me['role']}, {me['environment']}).")


def _providers_of(me: Mapping[str, Any]) -> str:
    if me["role"] == "operator":
        raise OperatorFault("An operator's key acts for no provider by itself; name one with --provider.")
    if me["provider_count"] == 1:
        return f"provider {me['providers'][0]['provider_id']}"
    return f"{me['provider_count'] or 'no'} providers"


def _printer(
    kinds: Collection[str], forwarder: Forwarder | None, *, as_json: bool
) -> Callable[[Mapping[str, Any]], None]:
    def hand_over(event: Mapping[str, Any]) -> None:
        if kinds and event["type"] not in kinds:
            return
        result = forwarder.send(event) if forwarder is not None else None
        if as_json:
            print(json.dumps(event), flush=True)
            if result is not None:
                _note(f"{event['event_id']} -> {result}")
        else:
            print(line_of(event) + (f"  -> {result}" if result is not None else ""), flush=True)

    return hand_over


def _forwarder(http: httpx.Client, url: str, secret: str | None) -> Forwarder:
    given = secret or new_secret()
    try:
        usable = given.startswith(PREFIX) and bool(base64.b64decode(given.removeprefix(PREFIX), validate=True))
    except ValueError:
        usable = False
    if not usable:
        raise OperatorFault(f"A secret begins with {PREFIX}, and Base64 follows; see --secret.")
    return Forwarder(http=http, url=_address(url, "--forward-to"), secret=given)


def _address(given: str, option: str) -> str:
    """Return an address with its scheme; raises `OperatorFault` for a text that is none."""
    url = given if "://" in given else f"http://{given}"
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        # A number alone would be a host: 9000/hook is not the port 9000.
        usable = parts.scheme in ("http", "https") and not host.isdigit() and bool(host) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise OperatorFault(f"{option} takes an address, such as http://127.0.0.1:9000/hook.")
    return url


def _refuse_unknown(kinds: Sequence[str]) -> None:
    known = [kind.value for kind in EventKind if kind not in (EventKind.FEED_AVAILABLE, EventKind.WEBHOOK_TEST)]
    unknown = [kind for kind in kinds if kind not in known]
    if unknown:
        raise OperatorFault(f"There is no event {unknown[0]}; there are {', '.join(known)}.")


def _note(sentence: str) -> None:
    typer.echo(sentence, err=True)
