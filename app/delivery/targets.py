"""Where something may be sent: never into the network that this service itself stands in, unless that is allowed.

A name is resolved once for an attempt, every address it has is checked, and one of those checked is connected to: asked
a second time, a name could answer with another address.
"""

from __future__ import annotations

import asyncio
import ipaddress
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
"""For protocols' own use and for relays; older tables call parts of them public."""
_PRIVATE_NAMES = ("localhost", "local", "internal", "intranet", "home.arpa")


class UrlRefused(ValueError):
    """Nothing is sent to this URL, for the reason it tells."""


def split(url: str, *, allow_private: bool) -> tuple[str, int]:
    """Return host and port of a URL that something may be sent to; raises `UrlRefused`.

    An address that is written out, or a name that can only be private, is judged here; of any other name only
    resolving it tells.
    """
    if not url.isascii() or any(character <= " " or character in '\\<>"`{}|^\x7f' for character in url):
        raise UrlRefused("The URL has characters that no URL has; write names and paths in their ASCII form.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
        # Whoever sends reads it for himself, and more strictly: a host as [v1.example.org] he knows nothing of.
        httpx.URL(url)
    except (ValueError, httpx.InvalidURL):
        raise UrlRefused("This is no URL.") from None
    schemes = ("https", "http") if allow_private else ("https",)
    if parts.scheme not in schemes:
        raise UrlRefused(f"The URL begins with {' or '.join(f'{each}://' for each in schemes)}.")
    if not host or port == 0:
        raise UrlRefused("The URL names no host, or no port.")
    if parts.username is not None or parts.password is not None:
        raise UrlRefused("The URL holds credentials; what is sent is signed instead.")
    if parts.fragment:
        raise UrlRefused("The URL has a fragment, which is never sent.")
    if not allow_private and _obviously_private(host):
        raise UrlRefused("The URL names a host that is not on the public internet.")
    return host, port or _PORTS[parts.scheme]


def _obviously_private(host: str) -> bool:
    name = host.rstrip(".")
    if any(name == each or name.endswith(f".{each}") for each in _PRIVATE_NAMES):
        return True
    try:
        return not is_public(host)
    except ValueError:
        pass
    try:
        # Resolvers also read 2130706433, 0x7f000001 and 127.1.
        return not is_public(socket.inet_ntoa(socket.inet_aton(name)))
    except OSError:
        return False


def is_public(address: str) -> bool:
    """Tell whether an address is one on the public internet; raises `ValueError` for what is no address."""
    found = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv6Address):
        inside = found.ipv4_mapped or found.sixtofour
        if found in _NAT64:
            inside = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inside is None:
            return found in _GLOBAL_UNICAST and found.is_global
        found = inside
    return found.is_global and not (found.is_multicast or found.is_reserved or any(found in each for each in _RESERVED))


async def system_resolver(host: str, port: int) -> Sequence[str]:
    """Ask the system for the addresses of a host."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))
