"""Who a client is: its name, and the providers it may act for at this moment."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection

from app.domain.clients import Attestation, Client, ProviderActedFor, ProviderOverview, Role
from app.domain.looking.attention import Moments
from app.services.access import management
from app.services.context import Caller
from app.store import clients
from app.store.access import overviews

MOST_SHOWN = 100
"""Providers shown with a client; all of them are a list of their own."""
_MOST_LOOKED_THROUGH = 10_000
ProviderRow = tuple[ProviderActedFor, ProviderOverview | None]


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """A client with the first of its providers."""

    client: Client
    name: str
    providers: Sequence[ProviderActedFor]
    """The first `MOST_SHOWN` by id; none for an operator, who may act for all."""
    provider_count: int
    attestation: Attestation

    @property
    def must_name_provider(self) -> bool:
        """Whether operations on a provider's records need the provider named."""
        return not (self.client.role is Role.PROVIDER and self.provider_count == 1) and self.client.board is None


def identify(connection: Connection, caller: Caller) -> Identity:
    """Return who calls."""
    client = caller.client
    found = clients.name_and_revocation(connection, client.client_id)
    attestation = clients.attestation_of(connection, client.client_id)
    assert attestation is not None
    operates = client.role is Role.OPERATOR
    return Identity(
        client=client,
        name=found[0] if found is not None else "",
        providers=[] if operates else clients.providers_acted_for(connection, client, None, MOST_SHOWN),
        provider_count=clients.count_providers_acted_for(connection, client),
        attestation=attestation,
    )


def acted_for(connection: Connection, caller: Caller) -> ProviderActedFor | None:
    """Return the provider that the caller acts for, as it is on file; None once it may not."""
    found = clients.providers_acted_for(connection, caller.client, None, _MOST_LOOKED_THROUGH)
    return next((provider for provider in found if provider.provider_id == caller.provider), None)


def page(connection: Connection, caller: Caller, *, after: str | None, limit: int) -> list[ProviderRow]:
    """Return the providers that the client may act for after an id, by id, without overviews."""
    return [(provider, None) for provider in clients.providers_acted_for(connection, caller.client, after, limit)]


def page_with_overviews(connection: Connection, caller: Caller, *, after: str | None, limit: int) -> list[ProviderRow]:
    """Return the same, each with what the client sees of it in one look."""
    found = clients.providers_acted_for(connection, caller.client, after, limit)
    moments = Moments(now=caller.service.clock())
    ids = [provider.provider_id for provider in found]
    by_provider = overviews.load(connection, caller.client.client_id, ids, moments)
    failing = management.failing_endpoints(connection, caller, ids)
    by_provider |= {
        id: replace(overview, failing_endpoints=failing[id].count)
        for id, overview in by_provider.items()
        if id in failing
    }
    return [(provider, by_provider.get(provider.provider_id)) for provider in found]
