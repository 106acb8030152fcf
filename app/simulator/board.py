"""A simulated board: it reads its feed from a cursor on, sends its decisions, and stores both in one file.

A page is stored with the cursor behind it, a decision before it is sent, and its answer with the cursor that comes with
it. A board that was killed reads again what it had not stored, and sends again what was not answered; both are
harmless. When the service was restored to an earlier state, the cursor tells.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx

from app.core.errors import OperatorFault
from app.core.private_files import write_private
from app.simulator.decisions import Roster, decide_all
from app.simulator.view import HeldCredit, View

FEED = "/v1/board-feed"
PAGE = 500
"""Most events of one request, and decisions of one."""
PAUSE = 1.0
"""Seconds between two reads when nothing is new."""
MAX_PAUSE = 5.0
"""Seconds between two attempts of a request, at most."""
MAX_ATTEMPTS = 8
"""How often a board that reads once tries to reach the service."""
_RETRIED_STATUSES = {429, 500, 502, 503, 504}


class RequestFailed(OperatorFault):
    """The service refused a request, or could not be reached; the sentence says which."""


class FeedDiverged(Exception):
    """The service was restored to an earlier state, so that what was read is no longer true."""


class LossyTransport(httpx.BaseTransport):
    """A transport that loses a share of the responses after the service has done its work; a seed says which."""

    def __init__(self, transport: httpx.BaseTransport, share: float, seed: int) -> None:
        self._transport = transport
        self._share = share
        self._random = random.Random(seed)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and raise `httpx.ReadError` when its response is to be lost."""
        answer = self._transport.handle_request(request)
        if self._random.random() < self._share:
            answer.read()
            answer.close()
            raise httpx.ReadError("the answer was lost", request=request)
        return answer

    def close(self) -> None:
        """Close the transport."""
        self._transport.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardOptions:
    """How a board works."""

    once: bool = False
    """Whether it stops when nothing is new."""
    slow: float = 0.0
    """Seconds between a response and storing it."""
    seconds: float | None = None
    """Seconds after which it stops, None for never."""


@dataclass(slots=True, kw_only=True)
class Board:
    """One board at work: its HTTP client, its file, and its view."""

    code: str
    http: httpx.Client
    file: Path
    roster: Roster
    options: BoardOptions
    say: Callable[[str], None]
    wait: Callable[[float], None] = time.sleep
    view: View
    until: float = float("inf")
    """When it stops, in seconds of the monotonic clock."""

    def work(self) -> None:
        """Read and decide for as long as the options say; raises `RequestFailed`, `FeedFault`."""
        if self.options.seconds is not None:
            self.until = time.monotonic() + self.options.seconds
        decides = self._ask("GET", f"/v1/boards/{self.code}")["decides"]
        while time.monotonic() < self.until:
            if self._round(decides=decides):
                continue
            if self.options.once:
                return
            self.wait(PAUSE)

    def _round(self, *, decides: bool) -> bool:
        """Read what is new and decide on it; return whether anything was done."""
        sent = Counter[str]()
        try:
            read = self._read()
            if decides and read < PAGE:
                if decide_all(self.view, self.roster):
                    self._store()
                sent = self._send()
        except FeedDiverged:
            # Decisions are dropped too: the restore may have undone them, and repeating one is harmless.
            self.say(f"{self.code}: the service was put back to an earlier state; reading anew")
            self.view = View()
            self._store()
            return True
        if read or sent:
            decided = "".join(f", {count} {result}" for result, count in sorted(sent.items()))
            self.say(f"{self.code}: position {self.view.position}, {len(self.view.held)} credits{decided}")
        return bool(read or sent)

    def _read(self) -> int:
        """Apply the next page of the feed; return how many events it had."""
        after = {"after": self.view.cursor} if self.view.cursor else {}
        page = self._ask("GET", FEED, params={"limit": str(PAGE), **after})
        for event in page["data"]:
            self.view.apply(event)
        if page["data"]:
            self.view.cursor = page["next_cursor"]
            self.wait(self.options.slow)
            self._store()
        return len(page["data"])

    def _send(self) -> Counter[str]:
        """Send the unanswered decisions; return how many were answered how."""
        results = Counter[str]()
        for page in _pages(list(self.view.unanswered())):
            decisions = {"decisions": [_decision_body(credit) for credit in page]}
            answer = self._ask("POST", f"{FEED}/decisions", params={"after": self.view.cursor}, json=decisions)
            for credit, item in zip(page, answer["data"], strict=True):
                assert credit.decided is not None
                # After `stale` another event of the credit came or will come, and it removes the decision.
                self.view.decide(credit.credit_id, replace(credit.decided, answer=item["result"]))
                results[item["result"]] += 1
            self.view.cursor = answer["next_cursor"]
            self.wait(self.options.slow)
            self._store()
        return results

    def _store(self) -> None:
        write_private(self.file, self.view.to_json())

    def _ask(self, method: str, path: str, **request: Any) -> Any:
        """Send a request until it is answered; raises `FeedDiverged`, `RequestFailed`."""
        for attempt, backoff in enumerate(_backoffs(), 1):
            pause = backoff
            try:
                answer = self.http.request(method, path, **request)
            except httpx.TransportError as error:
                trouble = f"{self.http.base_url} does not answer ({type(error).__name__})"
            else:
                if answer.is_success:
                    return answer.json()
                problem = answer.json() if "json" in answer.headers.get("content-type", "") else {}
                if answer.status_code == 410 or (problem.get("code") == "parameter-invalid" and self.view.cursor):
                    raise FeedDiverged
                trouble = f"{answer.status_code} {problem.get('code', '')}: {problem.get('detail', '')}"
                if answer.status_code not in _RETRIED_STATUSES:
                    raise RequestFailed(f"{self.code}: {trouble}")
                pause = max(pause, _seconds(answer.headers.get("retry-after")))
            if (self.options.once and attempt == MAX_ATTEMPTS) or time.monotonic() > self.until:
                raise RequestFailed(f"{self.code}: {trouble}")
            self.say(f"{self.code}: {trouble}; asking again")
            self.wait(pause)
        raise AssertionError("backoffs never end")


def open_board(
    code: str,
    key: str,
    *,
    transport: httpx.BaseTransport,
    url: str,
    file: Path,
    roster: Roster,
    options: BoardOptions,
    say: Callable[[str], None],
) -> Board:
    """Open a board, with the view that it stored last."""
    http = httpx.Client(base_url=url, transport=transport, headers={"Authorization": f"Bearer {key}"}, timeout=30)
    view = View.from_json(file.read_text(encoding="utf-8")) if file.exists() else View()
    return Board(code=code, http=http, file=file, roster=roster, options=options, say=say, view=view)


def _backoffs() -> Iterator[float]:
    """Yield the seconds to wait after each failure: exponential, with jitter so that boards do not meet."""
    longest = 0.2
    while True:
        yield random.uniform(longest / 2, longest)
        longest = min(longest * 2, MAX_PAUSE)


def _seconds(retry_after: str | None) -> float:
    return float(retry_after) if retry_after and retry_after.isdecimal() else 0.0


def _pages(credits: list[HeldCredit]) -> Iterator[list[HeldCredit]]:
    for start in range(0, len(credits), PAGE):
        yield credits[start : start + PAGE]


def _decision_body(credit: HeldCredit) -> dict[str, Any]:
    assert credit.decided is not None
    body: dict[str, Any] = {
        "credit_id": credit.credit_id,
        "position": credit.position,
        "decision": "accepted" if credit.decided.accepted else "rejected",
    }
    if not credit.decided.accepted:
        body |= {"reason_code": credit.decided.reason_code, "reason": credit.decided.reason}
    return body
