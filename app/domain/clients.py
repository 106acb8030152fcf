"""Clients: who calls the API, and for whom."""

from __future__ import annotations

import enum
from datetime import date, datetime

import msgspec

from app.domain.access.credentials import Credential


class Role(enum.StrEnum):
    """What a client is."""

    PROVIDER = "provider"
    """An accredited provider's own."""
    VENDOR = "vendor"
    """A vendor's: it acts for providers that grant it the right."""
    BOARD = "board"
    """A board's own: it reads its feed and decides."""
    OPERATOR = "operator"
    """Of whoever runs the installation."""
    LEARNER = "learner"
    """A physician's account in CME Passport: always a person's."""


SYSTEM_ROLES = (Role.PROVIDER, Role.VENDOR, Role.BOARD, Role.OPERATOR)
"""What a client with keys is."""


class ClientKind(enum.StrEnum):
    """Who stands behind a client that no system does."""

    PERSON = "person"
    """A person's membership: it has no key, and is used while the person is signed in."""


class Environment(enum.StrEnum):
    """Whose records a key works on."""

    LIVE = "live"
    """Those that boards are sent."""
    TEST = "test"
    """Those of the sandbox."""


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """A client as its key identifies it: what it may do, and for which providers."""

    client_id: str
    role: Role
    board: str | None
    test: bool
    scopes: frozenset[str]
    provider_ids: frozenset[str]
    merging: frozenset[str] = frozenset()
    """Those of them that are about to be merged: whether it may act for one is asked each time."""
    organisation: str | None = None
    """The client of its organisation that was there first; None for that one itself."""
    expires_at: datetime | None = None
    kind: ClientKind | None = None
    """None for a system."""
    credential: Credential | None = None
    """What the request was made with; None where it is no request, and for people."""

    @property
    def organisation_id(self) -> str:
        """What the clients of one vendor have in common."""
        return self.organisation or self.client_id

    def expired_at(self, now: datetime) -> bool:
        """Whether it has expired."""
        return self.expires_at is not None and self.expires_at <= now


class Attestation(msgspec.Struct, frozen=True, kw_only=True):
    """The standing attestation of a client that learners permit what it reports."""

    permission_attested_by: str
    permission_attested_at: datetime
    permission_withdrawn_at: datetime | None
    """None while it stands."""


class ClientListing(msgspec.Struct, frozen=True, kw_only=True):
    """A client as those who manage it see it: never with a key."""

    client_id: str
    name: str
    role: Role
    board: str | None
    test: bool
    provider_ids: tuple[str, ...]
    """The providers it may act for now; an operator's client acts for all."""
    scopes: tuple[str, ...]
    keys: int
    """How many of its API keys work: two while one is replaced by another."""
    newest_key_at: datetime | None
    last_used_at: datetime | None
    """When a key or client secret of it was last used, to the minute."""
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    organisation: str | None
    """The client of its organisation that was there first; None for that one itself."""
    permission_attested_by: str
    permission_attested_at: datetime
    permission_withdrawn_at: datetime | None
    """Since when it does not stand of the client any longer that learners permit what it reports."""
    version: int

    @property
    def attests_permission(self) -> bool:
        """Whether it stands of it that learners permit what it reports."""
        return self.permission_withdrawn_at is None


class ProviderListing(msgspec.Struct, frozen=True, kw_only=True):
    """An accredited provider as an operator sees it in a list."""

    provider_id: str
    name: str
    joint: bool
    city: str | None
    state: str | None
    sandbox_of: str | None
    """The provider whose sandbox this is; None for a provider."""
    merged_into: str | None
    clients: int
    """How many clients that work may act for it."""
    accredited_from: date | None
    accredited_to: date | None
    """First and last day of its accreditation; None where that side is open."""
    created_at: datetime


class ProviderActedFor(msgspec.Struct, frozen=True, kw_only=True):
    """An accredited provider, or its sandbox, that a client may act for."""

    provider_id: str
    name: str
    joint: bool
    city: str | None
    state: str | None
    sandbox_of: str | None
    """The live provider, of a sandbox; the shared sandbox is its own."""
    granted_at: datetime | None
    """Since when the client may; None for an operator, who needs no grant."""
    accredited_from: date | None
    accredited_to: date | None
    """First and last day of its accreditation; None where that side is open."""
    former_ids: tuple[str, ...]
    """Ids that were merged into it, which mean it as well."""


class ProviderOverview(msgspec.Struct, frozen=True, kw_only=True):
    """What a client sees of a provider in one look. Counts end at `MOST_IN_OVERVIEW`."""

    last_reported_at: datetime | None
    reported: int
    """Records that stand and were submitted in the last 30 days."""
    rejected: int
    """Credits that their boards rejected and nothing has taken the place of."""
    held: int
    """Records that wait for a match."""
    files: int
    """Files of the last 30 days with rejected rows."""
    rows_to_fix: int
    """Rejected rows of these files."""
    attendance_above_reported: int
    """Activities that ended 20 days ago or earlier, with more physicians than persons were reported."""
    activities_to_close: int
    """Activities that have ended and are not closed."""
    failing_endpoints: int
    """Webhook endpoints of the client that hear of the provider, and fail or were disabled for failing."""


MOST_IN_OVERVIEW = 10_000
"""No count of an overview is higher: it stands for that many or more."""


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """A vendor's right to act for a provider."""

    client_id: str
    client_name: str
    provider_id: str
    provider_name: str
    granted_at: datetime
    last_reported_at: datetime | None
    """When the vendor last reported for it; None where none of the provider's newest 1,000 records is its."""
    attests_permission: bool
    """Whether it stands of the vendor that learners permit what it reports."""


class VendorListing(msgspec.Struct, frozen=True, kw_only=True):
    """A vendor as a provider finds it by its id, and whether it may act for the provider now."""

    client_id: str
    name: str
    granted_at: datetime | None
    """Since when it may; None while it may not."""
