"""How much each client and each provider may ask of one serving process, and each address with keys that open nothing.

A request counts as one unit, and more where it asks for more (`Caller.charge`). All keys
and tokens of a client are one client, and all clients that act for a provider share what the provider may.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from prometheus_client import REGISTRY, CollectorRegistry, Counter

from app.core.config import Settings
from app.core.errors import ErrorItem, RateLimited
from app.core.http.connections import site_of
from app.core.rates import MonotonicClock, Rate, RateTable
from app.domain.clients import Client

Place: TypeAlias = Mapping[str, str]
"""What of a request is meant, as an error item names it: its header, parameter or pointer."""
HELD_SECONDS = 1.0
"""How long a request waits for room, where refusals of its client come faster than `_REFUSALS`."""
_REFUSALS = Rate(50, 100)
"""Refusals of a client that are answered at once. One takes a fifth of a millisecond: without a bound, a client that
heeds none of them would keep a process busy with refusing."""
_SIGN_INS = Rate(1, 100)
"""Forms of people who are not signed in, of one address: each may leave a row, whoever it is about."""
_WRONG_CODES = Rate(10 / 3_600, 10)
"""Codes of transcripts that are none, of one address."""
_SEARCHES = Rate(20, 1_000)
"""Searches of CME Passport of one address: nobody needs a key for them, and one may take a tenth of a second."""
_AUTHORIZATION = {"header": "Authorization"}
_PROVIDER = {"header": "PARS-Provider"}


def _metrics(registry: CollectorRegistry) -> Counter:
    return Counter("pars_rate_refusals", "Requests refused as too many, by limit.", ("limit",), registry=registry)


_REFUSED = _metrics(REGISTRY)


class RateLimits:
    """The rates of one serving process, in memory. Used by the thread of the event loop alone."""

    def __init__(self, settings: Settings, clock: MonotonicClock = time.monotonic) -> None:
        self._clients = _table(settings.client_rate, clock)
        self._providers = _table(settings.provider_rate, clock)
        self._addresses = _table(settings.failure_rate, clock)
        self._refusals = RateTable(_REFUSALS, clock)
        self._sign_ins = RateTable(_SIGN_INS, clock)
        self._wrong_codes = RateTable(_WRONG_CODES, clock)
        self._searches = RateTable(_SEARCHES, clock)
        self._trusted = settings.trusted_networks
        self._one_at_a_time = asyncio.Lock()
        self._policy = b"" if self._clients is None else _policy("client", self._clients.rate).encode()

    def admit(self, client_id: str) -> float:
        """Count a request of a client; return 0, or the seconds for which it has to wait when it is one too many."""
        return 0.0 if self._clients is None else self._clients.take(client_id)

    async def refuse(self, client_id: str, missing: float) -> None:
        """Raise `RateLimited` for one request too many; where a client has had many refusals, let it wait for room."""
        assert self._clients is not None
        if self._refusals.take(client_id):
            await asyncio.sleep(HELD_SECONDS)
            missing = self._clients.take(client_id)
        if missing:
            raise self._client_refusal(self._clients, client_id, missing, 1, _AUTHORIZATION)

    def charge(self, client: Client, provider_id: str | None, units: int, place: Place | None = None) -> None:
        """Count units of a client and of the provider it acts for, beside the one of `admit`: all of them or none.

        `place` is what of the request makes it so many. Raises `RateLimited`.
        """
        client_id = client.client_id
        if self._clients is not None and (missing := self._clients.take(client_id, units)):
            raise self._client_refusal(self._clients, client_id, missing, units, place or _AUTHORIZATION)
        try:
            if provider_id is not None:
                self.charge_provider(provider_id, units, place)
        except RateLimited:
            if self._clients is not None:
                self._clients.give_back(client_id, units)
            raise

    def charge_provider(self, provider_id: str, units: int = 1, place: Place | None = None) -> None:
        """Count units of a provider, by whichever client; raises `RateLimited`."""
        table = self._providers
        if table is not None and (missing := table.take(provider_id, units)):
            detail = f"All who act for this provider have together used up its rate: {_figures(table.rate)}."
            hint = (
                f"Wait {_wait(missing)}, as Retry-After says; agree with the provider's other systems who sends when."
            )
            # What is left is told in refusals only: else every client could see how busy the others are.
            raise _refusal("provider", table, provider_id, missing, _item(detail, hint, units, place or _PROVIDER))

    def charge_arrived(self, client: Client, provider_id: str | None, units: int) -> None:
        """Count units of what has arrived already: as many as are left, and no refusal."""
        for table, key in ((self._clients, client.client_id), (self._providers, provider_id)):
            if table is not None and key is not None:
                table.take_down_to_nothing(key, units)

    def headers_for(self, client: Client) -> Sequence[tuple[bytes, bytes]]:
        """Return the headers that tell a client its rate and what is left of it."""
        if self._clients is None:
            return ()
        left, whole_in = self._clients.left(client.client_id)
        return ((b"ratelimit-policy", self._policy), (b"ratelimit", b'"client";r=%d;t=%d' % (left, whole_in)))

    def turn_of(self, host: str | None) -> asyncio.Lock | None:
        """Return what to hold while the client of a key that is not cached is read, for an address; None for most.

        Addresses that have sent too many keys that open nothing read one after another: nobody is locked out by others
        behind the same address, and others' reads do not wait behind theirs.
        """
        if self._addresses is None or host is None or not self._addresses.is_spent(_site(host)):
            return None
        return self._one_at_a_time

    def refusal_of(self, host: str | None, refusal: Exception) -> Exception:
        """Count a request whose key opens nothing, for its address; return its refusal, or that there were too many."""
        site = None if host is None else site_of(host, self._trusted)
        if self._addresses is None or site is None or not (missing := self._addresses.take(site)):
            return refusal
        burst, per_second = self._addresses.rate.burst, self._addresses.rate.per_second
        detail = (
            f"This address has sent requests without a valid key: over {burst:,} at once and {per_second:,} a second."
        )
        hint = f"Mend the key of who sends them, then wait {_wait(missing)}. Keys that are valid are served meanwhile."
        return _refusal("address", self._addresses, site, missing, _item(detail, hint, 1, _AUTHORIZATION))

    def admit_sign_in(self, host: str | None) -> None:
        """Count a form of somebody who is not signed in, for its address; raises `RateLimited` for one too many."""
        site = None if host is None else site_of(host, self._trusted)
        if site is None or not (missing := self._sign_ins.take(site)):
            return
        detail = f"So many forms came from this address without a session: over {_figures(_SIGN_INS)}."
        item = ErrorItem(code=RateLimited.code, detail=detail, hint=f"Wait {_wait(missing)}, then try again.")
        raise _refusal("address", self._sign_ins, site, missing, item)

    def admit_search(self, host: str | None) -> None:
        """Count a search of anybody, for its address; raises `RateLimited` for one too many."""
        site = None if host is None else site_of(host, self._trusted)
        if site is None or not (missing := self._searches.take(site)):
            return
        detail = f"So many have searched from this address: over {_figures(self._searches.rate)}."
        # No part of the request is to blame.
        headers = _refusal_headers("address", self._searches, site, missing)
        raise RateLimited(f"{detail} Wait {_wait(missing)}, then try again.", headers=headers)

    def admit_code(self, host: str | None) -> None:
        """Raise `RateLimited` for an address that has tried too many codes of transcripts that are none."""
        site = None if host is None else site_of(host, self._trusted)
        if site is not None and self._wrong_codes.is_spent(site):
            _, whole_in = self._wrong_codes.left(site)
            detail = f"So many codes that are none were tried from this address: over {_WRONG_CODES.burst} in an hour."
            item = ErrorItem(code=RateLimited.code, detail=detail, hint=f"Wait {_wait(whole_in)}, then try again.")
            raise _refusal("address", self._wrong_codes, site, whole_in, item)

    def count_wrong_code(self, host: str | None) -> None:
        """Count a code of a transcript that is none, for an address."""
        site = None if host is None else site_of(host, self._trusted)
        if site is not None:
            self._wrong_codes.take(site)

    def _client_refusal(
        self, table: RateTable, client_id: str, missing: float, units: int, place: Place
    ) -> RateLimited:
        detail = f"This client has used up its rate: {_figures(table.rate)}."
        hint = f"Wait {_wait(missing)}, as Retry-After says, then send more slowly; many records fit in one file."
        return _refusal("client", table, client_id, missing, _item(detail, hint, units, place))


def _table(rate: Rate, clock: MonotonicClock) -> RateTable | None:
    return RateTable(rate, clock) if rate.per_second else None


def _site(host: str) -> str:
    """Return what is counted as one address; the quick way for addresses that are counted as they are."""
    return host if ":" not in host else site_of(host, ()) or host


def _policy(name: str, rate: Rate) -> str:
    return f'"{name}";q={rate.burst};w={rate.window}'


def _figures(rate: Rate) -> str:
    return f"{rate.burst:,} requests at once, and {rate.per_second:,} a second"


def _wait(missing: float) -> str:
    seconds = max(1, math.ceil(missing))
    return "1 second" if seconds == 1 else f"{seconds} seconds"


def _item(detail: str, hint: str, units: int, place: Place) -> ErrorItem:
    detail += f" This request counts as {units:,} more." if units > 1 else ""
    return ErrorItem(code=RateLimited.code, detail=detail, hint=hint, **place)


def _refusal(name: str, table: RateTable, key: str, missing: float, item: ErrorItem) -> RateLimited:
    return RateLimited(item.detail, errors=[item], headers=_refusal_headers(name, table, key, missing))


def _refusal_headers(name: str, table: RateTable, key: str, missing: float) -> dict[str, str]:
    """Return the headers of a refusal, which is counted."""
    _REFUSED.labels(name).inc()
    left, whole_in = table.left(key)
    return {
        "Retry-After": str(max(1, math.ceil(missing))),
        "RateLimit-Policy": _policy(name, table.rate),
        "RateLimit": f'"{name}";r={left};t={whole_in}',
    }
