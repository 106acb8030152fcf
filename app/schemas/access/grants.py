"""Grants: vendors that may act for a provider."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from pydantic import Field

from app.core.http.pagination import PageQuery
from app.domain import clients as domain
from app.schemas.base import Example, Out
from app.schemas.queries import Texts

_VENDOR: Example = {"client_id": "cli_01a227cf-ca50-7001-a6bc-9e3705377fa1", "client_name": "Example LMS, Inc."}


class GrantQuery(PageQuery):
    """Which grants are wanted."""

    provider_id: Texts = Field(default=[], description="Of these providers, under any id that they ever had.")
    client_id: Texts = Field(default=[], description="Of these vendors.")


class GrantOut(Out):
    """A vendor's right to act for a provider, which stands."""

    example: ClassVar[Example] = _VENDOR | {
        "provider_id": "0008001", "provider_name": "Western Regional Medical Center",
        "granted_at": "2021-11-02T09:30:00Z", "last_reported_at": "2021-12-20T15:00:00Z",
    }  # fmt: skip

    client_id: str = Field(description="The vendor's client.")
    client_name: str
    provider_id: str
    provider_name: str
    granted_at: datetime
    last_reported_at: datetime | None = Field(
        description="When the vendor last reported a record of the provider's; null where none of the provider's "
        "newest 1,000 records is the vendor's."
    )

    @classmethod
    def of(cls, grant: domain.Grant) -> GrantOut:
        """Show a grant."""
        return cls.model_validate({name: getattr(grant, name) for name in cls.model_fields})


class GrantPage(Out):
    """Grants, by provider and vendor."""

    data: list[GrantOut]
    next_cursor: str | None


class VendorGrantOut(Out):
    """A vendor, and whether it may act for the provider."""

    example: ClassVar[Example] = _VENDOR | {"provider_id": "0008001", "granted_at": "2021-11-02T09:30:00Z"}

    client_id: str
    client_name: str
    provider_id: str
    granted_at: datetime | None = Field(description="Since when it may; null while it may not.")

    @classmethod
    def of(cls, vendor: domain.VendorListing, provider_id: str) -> VendorGrantOut:
        """Show a vendor to a provider."""
        return cls(
            client_id=vendor.client_id,
            client_name=vendor.name,
            provider_id=provider_id,
            granted_at=vendor.granted_at,
        )
