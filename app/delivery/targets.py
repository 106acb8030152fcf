"""Which URLs and addresses webhooks may go to: none in a private network, unless that is allowed (SSRF).

A name is resolved once for an attempt, all its addresses are checked, and the connection goes to one of those: resolved
a second time, the name could have another address (DNS rebinding).
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import urlsplit

import httpx

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Returns the addresses of a host, as text; raises `OSError` when it has none."""

_PORTS = {"http": 80, "https": 443}
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
_RESERVED = (ipaddress.ip_network("192.0.0.0/24"), ipaddress.ip_network("192.88.99.0/24"))
"""IETF protocol assignments and 6to4 relays; older tables call parts of them public."""
_HOST = re.compile(r"(?=.{1,254}$)(?:[^.]{1,63}\.)*[^.]{1,63}\.?")
"""Lengths that the name of a host and its parts may have (RFC 1035, 2.3.4); no other can be resolved."""
_PRIVATE_NAMES = ("localhost", "local", "internal", "intranet", "home.arpa")


class UrlRefused(ValueError):
    """Nothing is sent to this URL; the message is the reason."""


def split(url: str, *, allow_private: bool) -> tuple[str, int]:
    """Return host and port of a URL that something may be sent to; raises `UrlRefused`.

    A literal address and a name that can only be private are refused here; any other name is checked when resolved.
    """
    if not url.isascii() or any(character <= " " or character in '\\<>"`{}|^\x7f' for character in url):
        raise UrlRefused("The URL has characters that no URL has; write names and paths in their ASCII form.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
        # The HTTP client parses more strictly: it refuses a host such as [v1.example.org].
        httpx.URL(url)
    except (ValueError, httpx.InvalidURL):
        raise UrlRefused("Not a URL.") from None
    schemes = ("https", "http") if allow_private else ("https",)
    if parts.scheme not in schemes:
        raise UrlRefused(f"The URL must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}.")
    if not host or port == 0:
        raise UrlRefused("The URL has no host, or port 0.")
    if ":" not in host and not _HOST.fullmatch(host):
        raise UrlRefused("The URL names a host that no host can be called: a part of it is empty, or it is too long.")
    if parts.username is not None or parts.password is not None:
        raise UrlRefused("The URL has credentials; deliveries are signed instead.")
    if parts.fragment:
        raise UrlRefused("The URL has a fragment, which is never sent.")
    if not allow_private and _obviously_private(host):
        raise UrlRefused("The URL names a host that is not on the public internet.")
    return host, port or _PORTS[parts.scheme]


def _obviously_private(host: str) -> bool:
    name = host.rstrip(".")
    if any(name == private or name.endswith(f".{private}") for private in _PRIVATE_NAMES):
        return True
    try:
        return not is_public(host)
    except ValueError:
        pass
    try:
        # Resolvers also accept 2130706433, 0x7f000001 and 127.1.
        return not is_public(socket.inet_ntoa(socket.inet_aton(name)))
    except OSError:
        return False


def is_public(address: str) -> bool:
    """Whether an address is on the public internet; raises `ValueError` for text that is not an address."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        embedded = ip.ipv4_mapped or ip.sixtofour
        if ip in _NAT64:
            embedded = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if embedded is None:
            return ip in _GLOBAL_UNICAST and ip.is_global
        ip = embedded
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or any(ip in network for network in _RESERVED))


async def system_resolver(host: str, port: int) -> Sequence[str]:
    """Resolve a host with the system's resolver."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))
