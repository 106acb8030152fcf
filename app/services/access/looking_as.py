"""The operator's look at a provider as its own people see it: nothing is changed, and each look is in the log."""

from __future__ import annotations

import msgspec

from app.core.errors import NotFound
from app.domain.audit import ProviderAudit
from app.domain.clients import ProviderActedFor, ProviderOverview
from app.domain.looking.attention import Moments
from app.services.access import identity
from app.services.context import Work
from app.store.access import overviews


class ProviderSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A provider, and what its people see of it in one look."""

    provider: ProviderActedFor
    overview: ProviderOverview | None


def look_as(work: Work) -> ProviderSeen:
    """Return the caller's provider in one look, and note that the operator looked; raises `NotFound`."""
    provider = identity.acted_for(work.connection, work.caller)
    if provider is None:
        raise NotFound
    moments = Moments(now=work.now)
    found = overviews.load(work.connection, work.caller.client.client_id, [provider.provider_id], moments)
    work.audit("look-as", provider.provider_id, ProviderAudit())
    return ProviderSeen(provider=provider, overview=found.get(provider.provider_id))
