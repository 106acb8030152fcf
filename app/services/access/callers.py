"""Access: which client a key names, what it may do, and for whom."""

from __future__ import annotations

import time
from threading import Lock

from msgspec.structs import replace
from sqlalchemy import Connection

from app.core.errors import Forbidden, ProviderRequired
from app.core.security import digest_of
from app.domain.clients import Client
from app.store import clients

__all__ = ["Client"]

SCOPES = (
    "activities:read",
    "activities:write",
    "completions:read",
    "completions:write",
    "learners:validate",
    "batches:write",
    "webhooks:manage",
    "transcripts:read",
    "clients:manage",
    "board:feed",
    "operator",
)
_REPORTING = tuple(scope for scope in SCOPES if scope not in ("transcripts:read", "board:feed", "operator"))
ROLE_SCOPES: dict[str, tuple[str, ...]] = {
    "provider": _REPORTING,
    "vendor": _REPORTING,
    "board": ("board:feed", "transcripts:read", "webhooks:manage"),
    "operator": SCOPES,
}
"""Every scope a client of a role may have, and has unless told otherwise."""
TEST_SCOPES = frozenset(_REPORTING)
"""What a test client may do at most: what belongs to a provider. Nothing else could be kept apart from live records."""

KEPT_SECONDS = 30
KEPT_CLIENTS = 10_000
_PREFIXES = ("pars_live_", "pars_test_")


class Clients:
    """Clients by their keys, remembered for half a minute: a revoked key works no longer than that."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[float, Client]] = {}
        self._lock = Lock()

    def remembered(self, api_key: str) -> Client | None:
        """Return a client seen a moment ago."""
        kept = self._kept.get(digest_of(api_key))
        return kept[1] if kept is not None and kept[0] > time.monotonic() else None

    def find(self, connection: Connection, api_key: str) -> Client | None:
        """Look a key up, and remember its client."""
        if not api_key.startswith(_PREFIXES):
            return None
        digest = digest_of(api_key)
        client = clients.by_key(connection, digest)
        if client is not None:
            client = within_reach(client)
            with self._lock:
                if len(self._kept) >= KEPT_CLIENTS:
                    self._kept.clear()
                self._kept[digest] = (time.monotonic() + KEPT_SECONDS, client)
        return client


def within_reach(client: Client) -> Client:
    """Return a client with the scopes it can have here: whatever a test client was given once, no more than those."""
    return replace(client, scopes=client.scopes & TEST_SCOPES) if client.test else client


def named_provider(client: Client, asked: str | None) -> str:
    """Return the provider a client acts for; raises `ProviderRequired` when it could be several and none is named."""
    if asked is not None:
        return asked
    if client.role == "provider" and len(client.provider_ids) == 1:
        return next(iter(client.provider_ids))
    raise ProviderRequired


def knows_itself(client: Client, provider_id: str) -> bool:
    """Tell whether a client's right to act for a provider is its own, and needs no look at what was granted."""
    return client.role == "provider" and provider_id in client.provider_ids


def must_act_for(connection: Connection, client: Client, provider_id: str) -> str:
    """Return the provider acted for; refuses a client without the right to, looked up live.

    A provider that does not exist answers like one that has granted nothing. To a test client, a live provider's id
    means the sandbox of that provider; to any other client, sandboxes do not exist.
    """
    acted_for = clients.acted_for(connection, client, provider_id)
    if acted_for is None:
        raise Forbidden("The client may not act for this provider.")
    return acted_for
