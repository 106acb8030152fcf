"""The board's HTTP: it reads its feed from a cursor on, sends what it decides, and notes both in one file.

What is read is noted together with the cursor behind it, what is decided before it is sent, and what is answered
together with the cursor that tells of it. Killed anywhere, it asks again for what it had not noted, and sends again
what was not answered: both are harmless. When the service was put back to an earlier state, a cursor says so.
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

from app.core.config import write_private
from app.core.errors import OperatorFault
from app.simulator.deciding import Roster, decide_all
from app.simulator.view import Held, View

FEED = "/v1/board-feed"
PIECE = 500
"""Events in one reading, and decisions in one sending."""
PAUSE = 1.0
"""Seconds between two readings when nothing is new."""
LONGEST_WAIT = 5.0
PATIENCE = 8
"""How often a board that is to read once tries to reach the service."""
_LATER = {429, 500, 502, 503, 504}


class RequestFailed(OperatorFault):
    """The service refuses the board, or could not be reached; the sentence says which."""


class Diverged(Exception):
    """The service was put back to an earlier state: what was read is not what stands."""


class LosingAnswers(httpx.BaseTransport):
    """A line that goes down: a share of the answers is lost after the service has worked; the same ones for a seed."""

    def __init__(self, line: httpx.BaseTransport, share: float, seed: int) -> None:
        self._line = line
        self._share = share
        self._chance = random.Random(seed)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and lose its answer now and then."""
        answer = self._line.handle_request(request)
        if self._chance.random() < self._share:
            answer.read()
            answer.close()
            raise httpx.ReadError("the answer was lost", request=request)
        return answer

    def close(self) -> None:
        """Close the line."""
        self._line.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a board works. Seconds."""

    once: bool = False
    """Until nothing is new, then no more."""
    slow: float = 0.0
    """How long it takes between hearing something and noting it."""
    seconds: float | None = None
    """How long it works, None without an end."""


@dataclass(slots=True, kw_only=True)
class Board:
    """One board at work: its line to the service, its file, and what it holds."""

    code: str
    http: httpx.Client
    file: Path
    roster: Roster
    manner: Manner
    say: Callable[[str], None]
    wait: Callable[[float], None] = time.sleep
    view: View
    until: float = float("inf")
    """When it stops, by the monotonic clock."""

    def work(self) -> None:
        """Read and decide, for as long as its manner says; raises `RequestFailed`, `FeedFault`."""
        if self.manner.seconds is not None:
            self.until = time.monotonic() + self.manner.seconds
        decides = self._ask("GET", f"/v1/boards/{self.code}")["decides"]
        while time.monotonic() < self.until:
            if self._round(decides=decides):
                continue
            if self.manner.once:
                return
            self.wait(PAUSE)

    def _round(self, *, decides: bool) -> bool:
        """Read what is new and decide on it; tell whether anything was done."""
        sent = Counter[str]()
        try:
            read = self._read()
            if decides and read < PIECE:
                if decide_all(self.view, self.roster):
                    self._note()
                sent = self._send()
        except Diverged:
            # What was decided is forgotten too: it may be undone, and deciding anew what stands changes nothing.
            self.say(f"{self.code}: the service was put back to an earlier state; reading anew")
            self.view = View()
            self._note()
            return True
        if read or sent:
            decided = "".join(f", {count} {result}" for result, count in sorted(sent.items()))
            self.say(f"{self.code}: position {self.view.position}, {len(self.view.held)} credits{decided}")
        return bool(read or sent)

    def _read(self) -> int:
        """Take in the next piece of the feed; return how many events it was."""
        after = {"after": self.view.cursor} if self.view.cursor else {}
        page = self._ask("GET", FEED, params={"limit": str(PIECE), **after})
        for event in page["data"]:
            self.view.tell(event)
        if page["data"]:
            self.view.cursor = page["next_cursor"]
            self.wait(self.manner.slow)
            self._note()
        return len(page["data"])

    def _send(self) -> Counter[str]:
        """Send what was decided and not answered; return how many were answered how."""
        results = Counter[str]()
        for piece in _pieces(list(self.view.unanswered())):
            decisions = {"decisions": [_shown(each) for each in piece]}
            answer = self._ask("POST", f"{FEED}/decisions", params={"after": self.view.cursor}, json=decisions)
            for credit, told in zip(piece, answer["data"], strict=True):
                assert credit.decided is not None
                # What is stale was told anew, or will be: the next event of the credit takes the decision away.
                self.view.decide(credit.credit_id, replace(credit.decided, answer=told["result"]))
                results[told["result"]] += 1
            self.view.cursor = answer["next_cursor"]
            self.wait(self.manner.slow)
            self._note()
        return results

    def _note(self) -> None:
        write_private(self.file, self.view.as_text())

    def _ask(self, method: str, path: str, **given: Any) -> Any:
        """Ask until there is an answer; raises `Diverged`, `RequestFailed`."""
        for attempt, step in enumerate(_pauses(), 1):
            pause = step
            try:
                answer = self.http.request(method, path, **given)
            except httpx.TransportError as error:
                trouble = f"{self.http.base_url} does not answer ({type(error).__name__})"
            else:
                if answer.is_success:
                    return answer.json()
                problem = answer.json() if "json" in answer.headers.get("content-type", "") else {}
                if answer.status_code == 410 or (problem.get("code") == "parameter-invalid" and self.view.cursor):
                    raise Diverged
                trouble = f"{answer.status_code} {problem.get('code', '')}: {problem.get('detail', '')}"
                if answer.status_code not in _LATER:
                    raise RequestFailed(f"{self.code}: {trouble}")
                pause = max(pause, _seconds(answer.headers.get("retry-after")))
            if (self.manner.once and attempt == PATIENCE) or time.monotonic() > self.until:
                raise RequestFailed(f"{self.code}: {trouble}")
            self.say(f"{self.code}: {trouble}; asking again")
            self.wait(pause)
        raise AssertionError("pauses never end")


def opened(
    code: str,
    key: str,
    *,
    line: httpx.BaseTransport,
    url: str,
    file: Path,
    roster: Roster,
    manner: Manner,
    say: Callable[[str], None],
) -> Board:
    """Open a board, with what it held when it last stopped."""
    http = httpx.Client(base_url=url, transport=line, headers={"Authorization": f"Bearer {key}"}, timeout=30)
    view = View.of_text(file.read_text(encoding="utf-8")) if file.exists() else View()
    return Board(code=code, http=http, file=file, roster=roster, manner=manner, say=say, view=view)


def _pauses() -> Iterator[float]:
    """Yield how long to wait after each failure: longer each time, and never the same for two boards."""
    longest = 0.2
    while True:
        yield random.uniform(longest / 2, longest)
        longest = min(longest * 2, LONGEST_WAIT)


def _seconds(retry_after: str | None) -> float:
    return float(retry_after) if retry_after and retry_after.isdecimal() else 0.0


def _pieces(credits: list[Held]) -> Iterator[list[Held]]:
    for start in range(0, len(credits), PIECE):
        yield credits[start : start + PIECE]


def _shown(credit: Held) -> dict[str, Any]:
    assert credit.decided is not None
    shown: dict[str, Any] = {
        "credit_id": credit.credit_id,
        "position": credit.position,
        "decision": "accepted" if credit.decided.accepted else "rejected",
    }
    if not credit.decided.accepted:
        shown |= {"reason_code": credit.decided.reason_code, "reason": credit.decided.reason}
    return shown
