"""The open connections of a process: how many there may be, in all and of one address, and which gives way."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from enum import IntEnum
from typing import Protocol

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge

from app.core.config import Network
from app.core.errors import Problem, RateLimited, Unavailable

_SITE_BITS = 64
"""An IPv6 address may be any of 2^64 of one machine; its network is what is counted."""
_RETRY_SECONDS = "1"


class ConnectionState(IntEnum):
    """How far a connection is, the first to give way first."""

    SLOW = 0
    """It has not sent a whole head, or was refused and is about to end."""
    IDLE = 1
    """Its requests are answered, and it has begun no other."""
    BUSY = 2
    """It waits for an answer; it never gives way."""


class Held(Protocol):
    """A connection, as the count of them sees it."""

    @property
    def state(self) -> ConnectionState:
        """How far it is."""

    def give_way(self) -> None:
        """End, in favour of another connection."""


def _metrics(registry: CollectorRegistry) -> tuple[Counter, Gauge]:
    return (
        Counter(
            "pars_http_refusals", "Requests and connections that the server ended, by reason.", ("reason",),
            registry=registry,
        ),
        Gauge("pars_http_connections", "Connections that are open.", registry=registry),
    )  # fmt: skip


REFUSALS, _OPEN = _metrics(REGISTRY)


class Connections:
    """Open connections in the order in which they came, in all and by address.

    At a limit the oldest connection that is slow gives way, else the oldest idle one: whoever sends a head at once is
    served, however many others send none. Only when all are busy is the new one refused.
    """

    def __init__(self, *, limit: int, address_limit: int, trusted: Sequence[Network] = ()) -> None:
        """Hold `limit` connections, and `address_limit` of one address that is not of a `trusted` proxy."""
        self._limit = limit
        self._address_limit = address_limit
        self._trusted = tuple(trusted)
        self._all: dict[Held, str | None] = {}
        self._by_site: dict[str, dict[Held, None]] = {}

    def admit(self, connection: Held, host: str | None) -> Problem | None:
        """Count a connection from an address (None for a local socket); return why it is refused, and not counted."""
        site = None if host is None else site_of(host, self._trusted)
        of_site = {} if site is None else self._by_site.get(site, {})
        if len(of_site) >= self._address_limit and not self._make_room(of_site):
            REFUSALS.labels("address-limit").inc()
            return RateLimited(
                f"{len(of_site)} connections of this address wait for answers, and no more are taken. "
                "Send requests over fewer connections.",
                headers={"Retry-After": _RETRY_SECONDS},
            )
        if len(self._all) >= self._limit and not self._make_room(self._all):
            REFUSALS.labels("connection-limit").inc()
            return Unavailable(
                "As many connections wait for answers as are taken. Nothing was read of the request: send it again.",
                headers={"Retry-After": _RETRY_SECONDS},
            )
        self._all[connection] = site
        if site is not None:
            self._by_site.setdefault(site, {})[connection] = None
        _OPEN.inc()
        return None

    def leave(self, connection: Held) -> None:
        """Count a connection no longer; one that is not counted may leave as well."""
        if connection not in self._all:
            return
        site = self._all.pop(connection)
        _OPEN.dec()
        if site is not None:
            of_site = self._by_site[site]
            del of_site[connection]
            if not of_site:
                del self._by_site[site]

    def _make_room(self, among: dict[Held, str | None] | dict[Held, None]) -> bool:
        """End a connection that is not busy; return False when every one is."""
        idle = None
        for connection in among:
            state = connection.state
            if state is ConnectionState.SLOW:
                break
            if idle is None and state is ConnectionState.IDLE:
                idle = connection
        else:
            if idle is None:
                return False
            connection = idle
        REFUSALS.labels("gave-way").inc()
        self.leave(connection)
        connection.give_way()
        return True


def site_of(host: str, trusted: Sequence[Network]) -> str | None:
    """Return what is counted as one address; None for a trusted proxy, behind which there are many."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if any(address in network for network in trusted):
        return None
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, _SITE_BITS), strict=False))
    return str(address)
