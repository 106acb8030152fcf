"""Clients: who calls the API, and for whom."""

from __future__ import annotations

import msgspec


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """A client as its key identifies it: what it may do, and for which providers."""

    client_id: str
    role: str
    board: str | None
    test: bool
    scopes: frozenset[str]
    provider_ids: frozenset[str]
