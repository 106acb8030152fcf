"""One attempt: a signed POST to an address that was checked, within a time that nothing can stretch."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx
import msgspec

from app.delivery.targets import Resolver, UrlRefused, is_public, split, system_resolver
from app.domain.webhooks import Attempt, AttemptOutcome

PATIENCE_SECONDS = 15.0
"""For all of it: the name, the connection, the request, the answer."""
CONNECT_SECONDS = 5.0
"""For one address, so that the next of several still has its turn."""
READ_AT_MOST = 64 * 1024
"""Bytes of an answer that are read, and thrown away."""
MOST_ADDRESSES = 3
"""Of those a host has, all of which are checked, so many are tried."""


class Sender(msgspec.Struct, frozen=True, kw_only=True):
    """What every attempt needs: where it may go, how names are resolved, whom to trust."""

    allow_private: bool
    resolve: Resolver = system_resolver
    tls: ssl.SSLContext = msgspec.field(default_factory=httpx.create_ssl_context)
    patience: float = PATIENCE_SECONDS

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Attempt:
        """Make one attempt, and tell what became of it; nothing a receiver does raises.

        What the receiver has answered counts, even if it never comes to the end of its answer.
        """
        answered: list[Attempt] = []
        try:
            async with asyncio.timeout(self.patience):
                return await self._attempt(url, headers, body, answered)
        except TimeoutError:
            return answered[0] if answered else Attempt(outcome=AttemptOutcome.TIMED_OUT)

    async def _attempt(self, url: str, headers: Mapping[str, str], body: bytes, answered: list[Attempt]) -> Attempt:
        try:
            host, port = split(url, allow_private=self.allow_private)
            addresses = await self.resolve(host, port)
        except UrlRefused:
            return Attempt(outcome=AttemptOutcome.ADDRESS_REFUSED)
        except (OSError, UnicodeError):
            return Attempt(outcome=AttemptOutcome.NAME_UNKNOWN)
        if not addresses:
            return Attempt(outcome=AttemptOutcome.NAME_UNKNOWN)
        if not (self.allow_private or all(is_public(each) for each in addresses)):
            return Attempt(outcome=AttemptOutcome.ADDRESS_REFUSED)
        return await self._to_any(addresses[:MOST_ADDRESSES], _request(url, host, headers, body), answered)

    async def _to_any(self, addresses: Sequence[str], request: httpx.Request, answered: list[Attempt]) -> Attempt:
        """Send to the first address that can be connected to: until then, nothing has been sent."""
        failed = Attempt(outcome=AttemptOutcome.CONNECTION_FAILED)
        for address in addresses:
            request.url = request.url.copy_with(host=address.partition("%")[0])
            try:
                return await self._exchange(request, answered)
            except httpx.ConnectTimeout:
                failed = Attempt(outcome=AttemptOutcome.TIMED_OUT)
            except httpx.ConnectError as error:
                failed = Attempt(
                    outcome=AttemptOutcome.TLS_FAILED if _about_tls(error) else AttemptOutcome.CONNECTION_FAILED
                )
            except httpx.TimeoutException:
                return answered[0] if answered else Attempt(outcome=AttemptOutcome.TIMED_OUT)
            except httpx.TransportError:
                return answered[0] if answered else Attempt(outcome=AttemptOutcome.CONNECTION_FAILED)
        return failed

    async def _exchange(self, request: httpx.Request, answered: list[Attempt]) -> Attempt:
        # A connection of its own for every attempt: one that was opened for another name is never used. The transport
        # follows no redirects, keeps no cookies, and knows no proxies of the environment.
        async with httpx.AsyncHTTPTransport(verify=self.tls, trust_env=False) as transport:
            response = await transport.handle_async_request(request)
            answered.append(_read(response))
            try:
                await _drain(response)
            finally:
                await response.aclose()
            return answered[0]


def _request(url: str, host: str, headers: Mapping[str, str], body: bytes) -> httpx.Request:
    """Return the request, which names the host in `Host` and TLS whatever address it goes to."""
    sent = {
        "Host": urlsplit(url).netloc,
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "User-Agent": "PARS webhooks",
        "Connection": "close",
        **headers,
    }
    times = httpx.Timeout(PATIENCE_SECONDS, connect=CONNECT_SECONDS).as_dict()
    return httpx.Request("POST", url, headers=sent, content=body, extensions={"sni_hostname": host, "timeout": times})


async def _drain(response: httpx.Response) -> None:
    """Read a little of the answer, as it came: what is compressed stays so."""
    assert isinstance(response.stream, httpx.AsyncByteStream)
    read = 0
    async for piece in response.stream:
        read += len(piece)
        if read >= READ_AT_MOST:
            return


def _read(response: httpx.Response) -> Attempt:
    status = response.status_code
    if 200 <= status < 300:
        return Attempt(outcome=AttemptOutcome.ACCEPTED, answer=status)
    if status == 410:
        return Attempt(outcome=AttemptOutcome.GONE, answer=status)
    asked = _retry_after(response.headers) if status in (429, 503) else None
    return Attempt(outcome=AttemptOutcome.REFUSED, answer=status, retry_after=asked)


def _retry_after(headers: httpx.Headers) -> timedelta | None:
    """Read `Retry-After` (RFC 9110): seconds, or a date; what is neither counts as absent."""
    given = headers.get("retry-after", "").strip()
    if given.isascii() and given.isdigit():
        return timedelta(seconds=min(int(given[:9]), 10**8))
    try:
        until = parsedate_to_datetime(given)
    except ValueError:
        return None
    aware = until if until.tzinfo is not None else until.replace(tzinfo=UTC)
    return max(aware - datetime.now(UTC), timedelta())


def _about_tls(error: BaseException | None) -> bool:
    """Tell whether a connection failed for what the other side showed, rather than for want of one."""
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False
